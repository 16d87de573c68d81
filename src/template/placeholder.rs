//! `${…}` in the texts of a Score file: parsed once, filled in a single pass (H01, H02, H04, H12).

use super::hint::short;
use super::value::{SecretRef, Value};

/// A reference such as `${resources.db.host}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The parts between the dots; `\.` in the text is a dot inside a part (H04).
    pub path: Vec<String>,
    /// What stands between the braces, as it was written.
    pub source: String,
}

/// A piece of a parsed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Text as it will be, with `$$` already made `$`.
    Literal(String),
    /// Something to look up.
    Reference(Reference),
}

/// A parsed text. Text without `$` is one literal.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Text(Vec<Segment>);

/// A text that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum PlaceholderError {
    /// `${}` (H07).
    #[error(
        "`${{}}` names nothing: write `${{metadata.name}}` or `${{resources.db.host}}`, or `$${{}}` for the text itself"
    )]
    Empty,
}

/// Why one reference could not be filled in; `E` is the lookup's own error.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum FillError<E> {
    /// The text is no template.
    #[error(transparent)]
    Syntax(#[from] PlaceholderError),
    /// The lookup failed.
    #[error("`{reference}`: {error}")]
    Lookup {
        /// What was looked up.
        reference: Reference,
        /// What the lookup said.
        error: E,
    },
    /// The value is a map or list with a secret in it: it has no text.
    #[error(
        "`{0}` is a map or list with a secret reference in it, which cannot be text: name the key that is wanted"
    )]
    NotText(Reference),
    /// A secret and other text are mixed where only a whole value can be a reference.
    #[error("a secret reference cannot be mixed with other text here: let it be the whole value")]
    MixedSecret,
}

/// A piece of a filled text. It remembers where its text came from, as text from outputs is escaped later (H13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text that the author wrote.
    Literal(String),
    /// Text that a lookup gave.
    Output(String),
    /// A reference that a lookup gave.
    Secret(SecretRef),
}

/// A filled text: its parts in order, never empty ones, never two of the same text kind side by side.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Filled(Vec<Part>);

/// Parses `text` as score-go does, by the expression `\$((?:\$?{([^}]*)})|\$)`.
///
/// `$$` is `$`, `$${a}` is the text `${a}`, and a `$` before anything else, or a `${` that never closes, is itself.
/// The one thing refused is `${}`.
pub fn parse(text: &str) -> Result<Text, PlaceholderError> {
    let mut parsed = Text::default();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        parsed.push_literal(&rest[..at]);
        rest = parsed.push_marked(&rest[at..])?;
    }
    parsed.push_literal(rest);
    Ok(parsed)
}

impl Text {
    /// The pieces in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The references in order, with repetitions.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Reference(reference) => Some(reference),
            Segment::Literal(_) => None,
        })
    }

    /// Fills in every reference by `lookup`, once: what it gives is never parsed again (H12). All errors are returned, in order.
    pub fn substitute<E>(
        &self,
        mut lookup: impl FnMut(&Reference) -> Result<Value, E>,
    ) -> Result<Filled, Vec<FillError<E>>> {
        let mut filled = Filled::default();
        let mut errors = Vec::new();
        for segment in &self.0 {
            match segment {
                Segment::Literal(text) => filled.push(Part::Literal(text.clone())),
                Segment::Reference(reference) => match fill(reference, &mut lookup) {
                    Ok(part) => filled.push(part),
                    Err(error) => errors.push(error),
                },
            }
        }
        if errors.is_empty() { Ok(filled) } else { Err(errors) }
    }

    fn push_literal(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Segment::Literal(before)) => before.push_str(text),
            _ => self.0.push(Segment::Literal(text.to_owned())),
        }
    }

    /// Takes what begins with the `$` at the start of `marked`, and returns what follows it.
    fn push_marked<'a>(&mut self, marked: &'a str) -> Result<&'a str, PlaceholderError> {
        let after = &marked[1..];
        let escaped = after.strip_prefix('$');
        if let Some((inner, rest)) =
            escaped.unwrap_or(after).strip_prefix('{').and_then(|open| open.split_once('}'))
        {
            match escaped {
                Some(_) => self.push_literal(&after[..after.len() - rest.len()]),
                None => self.0.push(Segment::Reference(Reference::parse(inner)?)),
            }
            return Ok(rest);
        }
        self.push_literal("$");
        Ok(escaped.unwrap_or(after))
    }
}

/// As it was written, cut where it is long: for messages.
impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "${{{}}}", short(&self.source))
    }
}

impl Reference {
    fn parse(source: &str) -> Result<Self, PlaceholderError> {
        if source.is_empty() {
            return Err(PlaceholderError::Empty);
        }
        let mut path = vec![String::new()];
        let mut rest = source;
        while let Some(at) = rest.find('.') {
            let (before, escaped) = match rest[..at].strip_suffix('\\') {
                Some(before) => (before, true),
                None => (&rest[..at], false),
            };
            if let Some(part) = path.last_mut() {
                part.push_str(before);
                part.push_str(if escaped { "." } else { "" });
            }
            if !escaped {
                path.push(String::new());
            }
            rest = &rest[at + 1..];
        }
        if let Some(part) = path.last_mut() {
            part.push_str(rest);
        }
        Ok(Self { path, source: source.to_owned() })
    }
}

fn fill<E>(
    reference: &Reference,
    lookup: &mut impl FnMut(&Reference) -> Result<Value, E>,
) -> Result<Part, FillError<E>> {
    let value =
        lookup(reference).map_err(|error| FillError::Lookup { reference: reference.clone(), error })?;
    match value {
        Value::SecretRef(secret) => Ok(Part::Secret(secret)),
        other => other.to_text().map(Part::Output).ok_or_else(|| FillError::NotText(reference.clone())),
    }
}

impl Filled {
    /// The parts in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The parts in order.
    #[must_use]
    pub fn into_parts(self) -> Vec<Part> {
        self.0
    }

    /// The whole text, where no secret is in it.
    #[must_use]
    pub fn plain_text(&self) -> Option<String> {
        let text = |part: &Part| match part {
            Part::Literal(text) | Part::Output(text) => Some(text.clone()),
            Part::Secret(_) => None,
        };
        self.0.iter().map(text).collect()
    }

    /// The secret, where the text is exactly one (V02).
    #[must_use]
    pub fn as_secret(&self) -> Option<&SecretRef> {
        match self.0.as_slice() {
            [Part::Secret(secret)] => Some(secret),
            _ => None,
        }
    }

    fn push(&mut self, part: Part) {
        match (self.0.last_mut(), part) {
            (_, Part::Literal(text) | Part::Output(text)) if text.is_empty() => {}
            (Some(Part::Literal(before)), Part::Literal(text))
            | (Some(Part::Output(before)), Part::Output(text)) => {
                before.push_str(&text);
            }
            (_, part) => self.0.push(part),
        }
    }
}

#[cfg(test)]
#[path = "placeholder_tests.rs"]
mod tests;
