//! How a command ends: one type for every way to fail, and the one place that turns it into text on
//! stderr and an exit status. 0 is success; each other status is said at its variant.

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

/// How words that say "this is wrong" look on a terminal.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// How words that say "this is hardly meant" look on a terminal.
pub const DOUBT: Style = AnsiColor::Yellow.on_default().bold();
/// How places look on a terminal.
pub const PLACE: Style = Style::new().bold();

/// Why a command does not end with status 0.
///
/// The texts may hold styles of `anstyle`: they are taken out where stderr is no terminal, or where
/// `NO_COLOR` is set.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The arguments, a file or the cluster: status 1. What went wrong and what to do, without `error:`.
    #[error("{0}")]
    Error(String),
    /// The input is refused: status 2. Each problem on a line of its own; empty where the command has
    /// printed them on stdout.
    #[error("{0}")]
    Refused(String),
    /// Something that only a cluster can tell is awaited: status 3. Each wait on a line of its own.
    #[error("{0}")]
    Awaited(String),
    /// There is a difference: status 1, as `kubectl diff` has it. Nothing more is said.
    #[error("there is a difference")]
    Differs,
    /// Whoever read stdout has gone, as `head` does: status 0, in silence.
    #[error("stdout is closed")]
    Closed,
}

impl Failure {
    /// A failure with the arguments, a file or the cluster.
    pub fn error(message: impl Display) -> Self {
        Self::Error(message.to_string())
    }

    /// A file that cannot be read, with why.
    #[must_use]
    pub fn read(path: &Path, error: &std::io::Error) -> Self {
        Self::error(format_args!("cannot read {}: {error}", path.display()))
    }

    /// A file that cannot be written, with why.
    #[must_use]
    pub fn write(path: &Path, error: &std::io::Error) -> Self {
        Self::error(format_args!("cannot write {}: {error}", path.display()))
    }

    /// What the shell sees.
    #[must_use]
    pub fn status(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Error(_) | Self::Differs => 1,
            Self::Refused(_) => 2,
            Self::Awaited(_) => 3,
        }
    }

    /// Says on stderr what there is to say, and gives the exit status.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        let text = match self {
            Self::Error(text) => format!("{BAD}error:{BAD:#} {}\n", text.trim_end()),
            Self::Refused(text) | Self::Awaited(text) if !text.is_empty() => format!("{}\n", text.trim_end()),
            Self::Refused(_) | Self::Awaited(_) | Self::Differs | Self::Closed => String::new(),
        };
        // Nobody is left to be told where stderr is closed.
        drop(anstream::stderr().write_all(text.as_bytes()));
        ExitCode::from(self.status())
    }
}

/// Writes to stdout as it is: for what a program reads.
///
/// # Errors
/// [`Failure::Closed`] where nobody reads it any more, else why it cannot be written.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| unwritable(&error))
}

/// Writes to stdout for people: styles of `anstyle` show on a terminal only.
///
/// # Errors
/// As [`print()`].
pub fn print_styled(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| unwritable(&error))
}

/// A line for people on stderr, that is no failure: what was skipped, what is being done.
pub fn note(text: impl Display) {
    drop(writeln!(anstream::stderr(), "note: {text}"));
}

fn unwritable(error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::error(format_args!("cannot write to stdout: {error}")),
    }
}
