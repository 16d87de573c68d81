//! How the cases of a test ended, for people and programs.

use serde_json::{Value, json};

use super::super::exit::{BAD, Failure, PLACE};
use super::super::report::printable;

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(super) enum Format {
    /// A line for each case, how what is seen differs from what is expected, and a summary.
    #[default]
    Text,
    /// A list of objects with file, line, name, result and difference.
    Json,
}

/// What came of a case.
pub(super) struct Outcome {
    /// The file, as it was named.
    pub file: String,
    /// The line on which the case begins.
    pub line: Option<usize>,
    /// The case.
    pub name: String,
    /// How it ended.
    pub ending: Ending,
}

/// How a case ended.
pub(super) enum Ending {
    /// All is as expected.
    Passed,
    /// What is seen was written into it.
    Updated,
    /// The difference, line by line.
    Failed(String),
}

impl Outcome {
    /// Whether something is not as expected.
    pub fn has_failed(&self) -> bool {
        self.difference().is_some()
    }

    /// Whether the case was written anew.
    pub fn is_updated(&self) -> bool {
        matches!(self.ending, Ending::Updated)
    }

    fn difference(&self) -> Option<&str> {
        match &self.ending {
            Ending::Failed(difference) => Some(difference),
            Ending::Passed | Ending::Updated => None,
        }
    }

    fn word(&self) -> &'static str {
        match self.ending {
            Ending::Passed => "passed",
            Ending::Updated => "updated",
            Ending::Failed(_) => "failed",
        }
    }
}

/// All outcomes in a format.
///
/// # Errors
/// None in fact: JSON that cannot be written.
pub(super) fn shown(outcomes: &[Outcome], format: Format) -> Result<String, Failure> {
    match format {
        Format::Text => Ok(text(outcomes)),
        Format::Json => json(outcomes),
    }
}

fn text(outcomes: &[Outcome]) -> String {
    let words = [("passed", true), ("updated", false), ("failed", true)];
    let counts = words.into_iter().filter_map(|(word, always)| {
        let count = outcomes.iter().filter(|outcome| outcome.word() == word).count();
        (always || count > 0).then(|| format!("{count} {word}"))
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    outcomes.iter().flat_map(lines).chain([counts]).map(|line| line + "\n").collect()
}

fn lines(outcome: &Outcome) -> Vec<String> {
    let line = outcome.line.map_or_else(String::new, |line| format!(":{line}"));
    let (file, name, word) = (printable(&outcome.file), printable(&outcome.name), outcome.word());
    let style = if outcome.has_failed() { BAD } else { anstyle::Style::new() };
    let head = format!("{style}{word}{style:#} {PLACE}{file}{line}{PLACE:#}: {name}");
    let difference = outcome.difference().unwrap_or_default().lines();
    std::iter::once(head).chain(difference.map(|line| format!("  {}", printable(line)))).collect()
}

fn json(outcomes: &[Outcome]) -> Result<String, Failure> {
    let entry = |outcome: &Outcome| {
        let Outcome { file, line, name, ending: _ } = outcome;
        let (result, difference) = (outcome.word(), outcome.difference());
        json!({"file": file, "line": line, "name": name, "result": result, "difference": difference})
    };
    let all: Vec<Value> = outcomes.iter().map(entry).collect();
    Ok(serde_json::to_string_pretty(&all).map_err(Failure::error)? + "\n")
}
