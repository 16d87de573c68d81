//! What is expected of a case beside what is seen: only what is written counts.

use serde_json::{Map, Value as Json};
use similar::TextDiff;

use super::run::Seen;

/// What became of a case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// All is as expected.
    Passed,
    /// Something is not: the difference, line by line.
    Failed(String),
    /// Nothing is expected, so that nothing can fail.
    Empty,
}

/// The keys of `expect` whose entries are free unless they are written.
const OPEN: &[&str] = &["objects", "outputs", "workloads"];
/// The keys of `expect` that hold parts of messages.
const MESSAGES: &[&str] = &["awaited", "problems"];

/// Compares.
#[must_use]
pub fn verdict(expect: &Map<String, Json>, seen: &Seen) -> Verdict {
    if is_empty(expect) {
        return Verdict::Empty;
    }
    let found = projected(expect, seen);
    if found == *expect {
        return Verdict::Passed;
    }
    let [expected, found] = [expect, &found].map(|it| serde_saphyr::to_string(it).unwrap_or_default());
    let diff = TextDiff::from_lines(&expected, &found);
    let mut unified = diff.unified_diff();
    Verdict::Failed(unified.context_radius(3).header("expected", "found").to_string())
}

/// What would have to be expected for the case to pass: what is seen, of what is expected now; all of it where nothing
/// is.
#[must_use]
pub fn updated(expect: &Map<String, Json>, seen: &Seen) -> Map<String, Json> {
    if !is_empty(expect) {
        return projected(expect, seen);
    }
    let says = |value: &Json| value.as_array().is_none_or(|items| !items.is_empty());
    // What becomes of workloads is mostly not what a rule is about.
    let all = seen.iter().filter(|(key, value)| *key != "workloads" && says(value));
    all.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn is_empty(expect: &Map<String, Json>) -> bool {
    let says_nothing = |(key, value): (&String, &Json)| {
        OPEN.contains(&key.as_str()) && value.as_object().is_some_and(Map::is_empty)
    };
    expect.iter().all(says_nothing)
}

/// What is seen, as far as something is expected of it; and problems, as nobody expects them without saying so.
fn projected(expect: &Map<String, Json>, seen: &Seen) -> Map<String, Json> {
    let mut found = Map::new();
    for (key, expected) in expect {
        let seen = seen.get(key).unwrap_or(&Json::Null);
        let value =
            if MESSAGES.contains(&key.as_str()) { messages(expected, seen) } else { shaped(expected, seen) };
        found.insert(key.clone(), value);
    }
    let problems = seen.get("problems").filter(|problems| **problems != Json::Array(Vec::new()));
    if let (false, Some(problems)) = (expect.contains_key("problems"), problems) {
        found.insert("problems".to_owned(), problems.clone());
    }
    found
}

/// A value cut down to the keys that are expected of it. A key that is not there is `null`.
fn shaped(expected: &Json, seen: &Json) -> Json {
    match (expected, seen) {
        (Json::Object(expected), Json::Object(seen)) => {
            let entry = |(key, expected): (&String, &Json)| {
                (key.clone(), shaped(expected, seen.get(key).unwrap_or(&Json::Null)))
            };
            Json::Object(expected.iter().map(entry).collect())
        }
        (Json::Array(expected), Json::Array(seen)) if expected.len() == seen.len() => {
            expected.iter().zip(seen).map(|(expected, seen)| shaped(expected, seen)).collect()
        }
        _ => seen.clone(),
    }
}

/// The messages, those that have an expected part as that part, in the order in which it is expected.
fn messages(expected: &Json, seen: &Json) -> Json {
    let texts = |value: &Json| -> Vec<String> {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let (parts, mut rest) = (texts(expected), texts(seen));
    let is_said = |part: &&String| seen_in(part, &texts(seen));
    let said: Vec<_> = parts.iter().filter(is_said).cloned().collect();
    rest.retain(|message| !said.iter().any(|part| message.contains(part)));
    said.into_iter().chain(rest).map(Json::String).collect()
}

fn seen_in(part: &str, messages: &[String]) -> bool {
    messages.iter().any(|message| message.contains(part))
}
