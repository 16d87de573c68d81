//! Floor 5, beside `controller`: the operator without a cluster. Files in, manifests and reasons out, by
//! the same `plan` and `render` that the controllers use; pure, no I/O. Whoever has a cluster may feed it
//! with what is there.

pub mod compare;
pub mod explain;
pub mod graph;
pub mod input;
pub mod live;
pub mod offer;
pub mod print;
pub mod project;
mod provision;
pub mod resource;
pub mod rules;
pub mod supplied;

use std::fmt::Display;

use crate::api::conditions::Reason;
use crate::plan::problem::{Awaited, Problem};

/// Something that a person is told, with the file that it is about.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Remark {
    /// The file, as it was named; may be empty.
    pub file: String,
    /// Where in it.
    pub path: String,
    /// Which kind of trouble.
    pub reason: Reason,
    /// What was found, what was expected, how to fix it; one line.
    pub message: String,
}

impl Remark {
    /// A remark on `path` of `file`.
    pub fn new(file: &str, path: impl Into<String>, reason: Reason, message: impl Display) -> Self {
        let message = message.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { file: file.to_owned(), path: path.into(), reason, message }
    }

    /// A problem in `file`.
    #[must_use]
    pub fn problem(file: &str, problem: &Problem) -> Self {
        Self::new(file, &problem.path, problem.reason, &problem.message)
    }

    /// Something that `path` of `file` waits for.
    #[must_use]
    pub fn awaited(file: &str, path: &str, awaited: &Awaited) -> Self {
        Self::new(file, path, awaited.reason, &awaited.message)
    }
}
