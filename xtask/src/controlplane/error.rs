use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Why there is no control plane, or why it did not do what it was told.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The programs must be built, but there is no Go that can.
    #[error(
        "Go {needed} or later is needed to build the test control plane: {problem}\n  \
         To fix: install it from https://go.dev/dl/ or by the system's packages, so that `go version` says {needed} or \
         later. An older Go fetches a newer one by itself unless GOTOOLCHAIN is `local` (see `go env GOTOOLCHAIN`)."
    )]
    Go {
        /// The oldest version that will do.
        needed: &'static str,
        /// What was found instead.
        problem: String,
    },

    /// `go build` failed.
    #[error(
        "building the test control plane failed: `{command}` in {} ended with {status}; it said last:\n{tail}\n  \
         To fix: the first build needs the Go modules from GOPROXY (see `go env GOPROXY`), and 4 GB on the disk of \
         `go env GOCACHE GOMODCACHE`.",
        .dir.display()
    )]
    Build {
        /// The command line.
        command: String,
        /// Where it ran.
        dir: PathBuf,
        /// How it ended.
        status: String,
        /// The end of its output.
        tail: String,
    },

    /// `KUBEBUILDER_ASSETS` does not hold what it should.
    #[error(
        "KUBEBUILDER_ASSETS is {}, but there is no file {missing} in it\n  \
         To fix: unset it to use the programs built from tests/controlplane, or set it to what \
         `setup-envtest use --print path` says.",
        .dir.display()
    )]
    Assets {
        /// The value of the variable.
        dir: PathBuf,
        /// The program that is not there.
        missing: &'static str,
    },

    /// No environment variable says where to keep the built programs.
    #[error(
        "no place to keep the built control plane: none of SCORE_OPERATOR_CACHE, XDG_CACHE_HOME and HOME is set"
    )]
    NoCache,

    /// A file or directory could not be used.
    #[error("cannot {action} {}: {reason}", .path.display())]
    File {
        /// What was to be done with it, as in "cannot … it".
        action: &'static str,
        /// Which one.
        path: PathBuf,
        /// The operating system's word.
        reason: io::Error,
    },

    /// The control plane did not come up, or has ended since.
    #[error("the control plane {what}: {explanation}\n  Its logs are in {}", .logs.display())]
    Ended {
        /// What happened, as in "the control plane …".
        what: &'static str,
        /// Its own words, with the end of the log of the part to blame.
        explanation: String,
        /// Where to read on.
        logs: PathBuf,
    },

    /// A command to kill, pause, resume or restart a part was refused.
    #[error("the control plane refused `{command}`: {answer}")]
    Refused {
        /// The command.
        command: String,
        /// The answer.
        answer: String,
    },

    /// kubectl ended with an error.
    #[error("`kubectl {arguments}` ended with {status}: {stderr}")]
    Kubectl {
        /// Its arguments.
        arguments: String,
        /// How it ended.
        status: String,
        /// What it said.
        stderr: String,
    },
}

impl Error {
    /// For `map_err`: what was to be done with which file.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |reason| Self::File { action, path: path.to_owned(), reason }
    }
}

/// As for people: what `unwrap` in a test shows are logs and advice of many lines.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}
