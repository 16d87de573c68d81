//! What is wrong with a text as YAML, with the line that it is about.

use super::node::Place;

/// The most characters of a line that are shown.
const WIDTH: usize = 100;
/// How many of them stand before the place, where the line is longer.
const BEFORE: usize = 60;

/// One thing that is wrong with a text as YAML.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trouble {
    /// Where.
    pub place: Place,
    /// What was found, what was expected, how to fix it.
    pub message: String,
    /// The line, and below it a caret at the place.
    pub excerpt: String,
}

impl Trouble {
    /// Something wrong at a place in a line of a text.
    #[must_use]
    pub fn new(line: &str, place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), excerpt: excerpt(line, place) }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.place.line, self.place.column, self.message)
    }
}

/// Bytes that are no text: where, and what to do.
///
/// # Errors
/// The trouble, unless they are UTF-8.
pub fn not_text(bytes: &[u8]) -> Result<&str, Trouble> {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let before = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
    let place = Place {
        line: before.matches('\n').count() + 1,
        column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
    };
    let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
    let message = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "is UTF-16, expected UTF-8: save the file as UTF-8".to_owned(),
        _ => format!("the byte 0x{byte:02x} is no UTF-8 text: is this a YAML file, saved as UTF-8?"),
    };
    // The line holds what no terminal should be sent.
    Err(Trouble { place, message, excerpt: String::new() })
}

/// The line of a place, cut where it is long, with a caret below.
fn excerpt(line: &str, place: Place) -> String {
    let line: Vec<char> = line.chars().collect();
    let column = (place.column - 1).min(line.len());
    let start = if line.len() > WIDTH { column.saturating_sub(BEFORE) } else { 0 };
    let shown: String = line.iter().skip(start).take(WIDTH).map(|&c| visible(c)).collect();
    let (left, right) = (start > 0, line.len() > start + WIDTH);
    let cut = |yes: bool| if yes { "…" } else { "" };
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    let spaces = " ".repeat(column - start + usize::from(left));
    format!("{number} | {}{shown}{}\n{margin} | {spaces}^", cut(left), cut(right))
}

/// The lines of a text as YAML 1.2 counts them.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Whether a terminal obeys a character instead of showing it, or shows nothing for it: what follows would look
/// like something else (as text does that changes its direction).
#[must_use]
pub fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// One column each, and nothing that a terminal obeys.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        c if is_obeyed(c) => '\u{fffd}',
        c => c,
    }
}
