//! From a raw Score file to [`Score`], or to every problem that its author must mend. Needs no resource,
//! no rule and no cluster (S01–S21, T04, B05).

mod checks;
mod literal;
pub mod pod;
mod quantity;
pub mod settings;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde_json::{Map, Value};

pub use checks::annotation_path;
pub use literal::{literals, remarks};

use super::problem::Problem;
use super::schema::{Schema, below};
use crate::api::conditions::Reason;
use crate::api::schema::score_json_schema;
use crate::api::score::Score;

/// The schema of a Score file, compiled once. That it compiles is held by a test.
static SCHEMA: LazyLock<Result<Schema, String>> = LazyLock::new(|| Schema::new(&score_json_schema()));

/// Reads a Score file that stands in a ScoreWorkload called `name`.
///
/// # Errors
/// Every problem, sorted by path.
pub fn parse(raw: &Map<String, Value>, name: &str) -> Result<Score, Vec<Problem>> {
    match read(raw, name) {
        (Some(score), problems) if problems.is_empty() => Ok(score),
        (_, problems) => Err(problems),
    }
}

/// The file, as far as its types hold, and every problem that is seen in it: what the schema refuses, and what
/// the further rules do where the schema has not refused the same place. A file with problems is still read,
/// so that its author sees all of them at once.
#[must_use]
pub fn read(raw: &Map<String, Value>, name: &str) -> (Option<Score>, Vec<Problem>) {
    let mut problems = shape(raw);
    let score = match typed(raw) {
        Ok(score) => score,
        Err(problem) if problems.is_empty() => return (None, vec![problem]),
        Err(_) => return (None, problems),
    };
    let refused: Vec<_> = problems.iter().map(|problem| part(&problem.path).to_owned()).collect();
    let further = checks::all(name, &score);
    let is_new = |problem: &Problem| refused.iter().all(|refused| refused != part(&problem.path));
    problems.extend(further.into_iter().filter(is_new));
    problems.sort();
    problems.dedup();
    (Some(score), problems)
}

/// The part of the file that a path leads into, such as `containers.web.files`: where the schema refuses
/// anything in it, further rules would speak of what nobody meant.
fn part(path: &str) -> &str {
    path.match_indices(['.', '[']).nth(2).map_or(path, |(end, _)| &path[..end])
}

/// What the schema says of a Score file, sorted by path: all that `kubectl apply` would refuse, and no more.
#[must_use]
pub fn shape(raw: &Map<String, Value>) -> Vec<Problem> {
    let instance = Value::Object(raw.clone());
    match &*SCHEMA {
        Ok(schema) => {
            let problems = schema.problems(&instance, "", Reason::InvalidScore);
            problems.into_iter().map(|problem| array_form(&instance, problem)).collect()
        }
        Err(message) => vec![Problem::new("", Reason::InvalidScore, message.clone())],
    }
}

/// The types hold what the schema lets through; where they do not, this says so instead of a panic.
fn typed(raw: &Map<String, Value>) -> Result<Score, Problem> {
    let score = serde_json::from_value(Value::Object(raw.clone()));
    score.map_err(|error: serde_json::Error| Problem::new("", Reason::InvalidScore, error.to_string()))
}

/// The deprecated array forms are refused by their type alone: say what to write in their place (S20).
fn array_form(instance: &Value, problem: Problem) -> Problem {
    let containers = instance["containers"].as_object().into_iter().flatten();
    for (name, container) in containers {
        for (key, example) in [("files", "{content: …}"), ("volumes", "{source: …}")] {
            let path = below(&below("containers", name), key);
            if problem.path == path
                && let Some(items) = container[key].as_array()
            {
                return Problem { message: use_the_map_form(key, items, example), ..problem };
            }
        }
    }
    problem
}

fn use_the_map_form(key: &str, items: &[Value], example: &str) -> String {
    let targets = items.iter().filter_map(|item| item["target"].as_str());
    let target =
        targets.into_iter().find(|target| target.chars().count() <= 40).unwrap_or("/path/in/container");
    format!(
        "is a list, expected a map: the list form is deprecated and not taken here; write the target as the key, without `target`: `{key}: {{{target:?}: {example}}}`"
    )
}
