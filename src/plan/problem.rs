//! The two kinds of trouble that are values, not errors: what only the author can mend, and what the
//! world has yet to bring.

use serde::{Deserialize, Serialize};

use crate::api::conditions::{Reason, cut};
pub use crate::template::{did_you_mean, near_miss};

/// Something that the author of an object must mend: shown in a condition, never retried.
///
/// The message says what was found, what was expected and how to fix it; it never holds a secret.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Problem {
    /// Where, in the terms of the Score file or rule: `containers.web.variables.PORT`.
    pub path: String,
    /// Which kind of trouble.
    pub reason: Reason,
    /// What was found, what was expected, how to fix it.
    pub message: String,
}

impl Problem {
    /// A problem at `path`.
    pub fn new(path: impl Into<String>, reason: Reason, message: impl Into<String>) -> Self {
        Self { path: path.into(), reason, message: message.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Something that is awaited: a watch, not a retry, brings it.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Awaited {
    /// Which kind of wait.
    pub reason: Reason,
    /// What is awaited, since when, and where to look.
    pub message: String,
}

impl Awaited {
    /// Something awaited.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

/// How much of a value a message quotes, in bytes.
const QUOTED_MAX: usize = 100;

/// A value for a message: in quotes, and of a long one only the beginning.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("{:?}", cut(text.to_owned(), QUOTED_MAX))
}

/// A list of names for a message: sorted, quoted, at most ten of them.
#[must_use]
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(10);
    let shown: Vec<_> = names.iter().take(10).map(|name| format!("`{name}`")).collect();
    match (shown.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_sorted_and_bounded() {
        assert_eq!(list(["b", "a"]), "`a`, `b`");
        assert_eq!(list([]), "none");
        assert!(list(["x"; 12]).ends_with("and 2 more"));
    }
}
