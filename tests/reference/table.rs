//! `docs/differences-to-score-k8s.md`, read as what it says.

use std::path::Path;

use super::data::Case;
use super::difference::Difference;

/// One row: where a difference stands and what it looks like on both sides, with `*` for any text.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    /// The cases that the row speaks of; those of its id where it names none.
    cases: Option<String>,
    place: String,
    theirs: String,
    ours: String,
}

/// The rows of the table.
pub fn rows() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/differences-to-score-k8s.md");
    let text = std::fs::read_to_string(path).expect("the table of differences");
    let rows = text.lines().filter(|line| line.starts_with('|') && !line.starts_with("|-"));
    rows.skip(1).map(row).collect()
}

fn row(line: &str) -> Row {
    let escaped = line.replace("\\|", "\0");
    let cells: Vec<_> = escaped.split('|').map(|cell| cell.trim().replace('\0', "|")).collect();
    let [_, id, place, theirs, ours, why, _] = cells.as_slice() else {
        panic!("five cells, found {}: {line}", cells.len() - 2)
    };
    assert!(!why.is_empty(), "no reason: {line}");
    let plain = |cell: &str| cell.trim_matches('`').to_owned();
    let place = plain(place);
    let (cases, place) = match place.split_once(": ") {
        Some((cases, place)) => (Some(cases.to_owned()), place.to_owned()),
        None => (None, place),
    };
    Row { id: id.clone(), cases, place, theirs: plain(theirs), ours: plain(ours) }
}

impl Row {
    /// Whether this difference is the one that the row lists.
    pub fn explains(&self, case: &Case, found: &Difference) -> bool {
        let of_case = match &self.cases {
            Some(cases) => is_like(cases, &case.name),
            None => case.ids.contains(&self.id) || case.mask.contains(&self.id),
        };
        of_case
            && is_like(&self.place, &found.place)
            && is_like(&self.theirs, &found.theirs)
            && is_like(&self.ours, &found.ours)
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cases = self.cases.as_ref().map_or_else(String::new, |cases| format!("{cases}: "));
        write!(f, "{} | {cases}{} | {} | {}", self.id, self.place, self.theirs, self.ours)
    }
}

/// Whether `text` is `pattern`, in which each `*` stands for any text.
pub fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}
