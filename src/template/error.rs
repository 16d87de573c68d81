//! What can be wrong with a template, and with one evaluation of it.

/// A template that is refused when it is compiled: only an edit of it helps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{path}: {message}")]
pub struct TemplateError {
    /// The leaf, such as `spec.manifests.db.metadata.name`.
    pub path: String,
    /// What was found, what was expected and how to mend it. Quotes the template, never a value.
    pub message: String,
}

impl TemplateError {
    pub(super) fn new(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into() }
    }
}

/// Why a compiled template has no value now. Neither variant ever shows a value of the scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum EvalError {
    /// Something below `objects` is not there yet: the world has to move, not the author (decision 11).
    #[error("{path}: waits for `{name}`")]
    Pending {
        /// The leaf that asked.
        path: String,
        /// What it asked for, such as `objects.db.status.address`.
        name: String,
    },
    /// The rule, or what it was given, is wrong: only an edit helps.
    #[error("{path}: {message}")]
    Problem {
        /// The leaf that failed.
        path: String,
        /// What was found, what was expected and how to mend it.
        message: String,
    },
}

impl EvalError {
    /// The leaf that failed or waits.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Pending { path, .. } | Self::Problem { path, .. } => path,
        }
    }
}

/// An [`EvalError`] that does not know its path yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Pending(String),
    Problem(String),
    /// Something was looked up that is not there. Whoever knows the names says more.
    NotThere,
}

impl Fault {
    pub(super) fn problem(message: impl Into<String>) -> Self {
        Self::Problem(message.into())
    }

    /// Names the leaf.
    pub(super) fn at(self, path: &str) -> EvalError {
        let path = path.to_owned();
        match self {
            Self::Pending(name) => EvalError::Pending { path, name },
            Self::Problem(message) => EvalError::Problem { path, message },
            Self::NotThere => EvalError::Problem { path, message: "the value is not there".to_owned() },
        }
    }
}
