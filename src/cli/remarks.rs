//! Problems and what is awaited, one per line, for people and for tools that read lines.

use std::fmt::Write;

use super::exit::{BAD, Failure, PLACE};
use crate::offline::Remark;

/// What to do about what is awaited.
const CURE: &str =
    "only a cluster can tell; --assume-ready takes objects for ready, --outputs supplies outputs";

/// `file: path: Reason: message`, a line each; without the file where `with_file` is false.
pub(super) fn lines(remarks: &[Remark], with_file: bool) -> String {
    remarks.iter().fold(String::new(), |mut text, remark| {
        let file = Some(&remark.file).filter(|file| with_file && !file.is_empty());
        for place in file.into_iter().chain(Some(&remark.path).filter(|path| !path.is_empty())) {
            // Writing to a text cannot fail.
            let _ = write!(text, "{PLACE}{place}:{PLACE:#} ");
        }
        let _ = writeln!(text, "{BAD}{}:{BAD:#} {}", remark.reason.as_str(), remark.message);
        text
    })
}

/// How a command ends that met these.
pub(super) fn end(problems: &[Remark], awaited: &[Remark], with_file: bool) -> Result<(), Failure> {
    let mut text = lines(problems, with_file) + &lines(awaited, with_file);
    if !awaited.is_empty() {
        let _ = writeln!(text, "note: {CURE}");
    }
    match (problems.is_empty(), awaited.is_empty()) {
        (false, _) => Err(Failure::Refused(text)),
        (true, false) => Err(Failure::Awaited(text)),
        (true, true) => Ok(()),
    }
}
