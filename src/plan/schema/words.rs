//! The words of messages: types, values and known patterns.

use jsonschema::error::TypeKind;
use serde_json::Value;

use super::{Values, form};
use crate::api::conditions::cut;
use crate::api::score::{ANNOTATION_PATTERN, NAME_PATTERN, TYPE_PATTERN};

/// The most characters of a value that a message shows.
pub(super) const SHOWN_MAX: usize = 40;

/// The most bytes of a description that a message shows.
const DESCRIPTION_MAX: usize = 200;

/// Patterns that have words, each with all that it and the lengths beside it allow. A test holds those
/// of Score against the schema.
pub(super) const PATTERNS: &[(&str, &str)] = &[
    (NAME_PATTERN, "2 to 63 characters of a-z, 0-9 and `-`, with a letter or digit at both ends"),
    (
        ANNOTATION_PATTERN,
        "an optional DNS name (parts of 2 characters or more) and `/`, then 2 to 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, all in all at most 316 characters",
    ),
    (TYPE_PATTERN, "2 to 63 letters, digits and `-`, with a letter or digit at both ends"),
    (
        r"^[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*$",
        "2 to 63 characters of a-z, 0-9, `-` and `.`, with a letter or digit at both ends and on both sides of each `.`",
    ),
    (
        r"^(0\.[0-9]+|[1-9][0-9]*(\.[0-9]+)?)(K|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$",
        "an amount of bytes such as `128Mi`, `1.5G` or `500000` (units: K, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei)",
    ),
    (r"^[0-9]+(?:m|\.[0-9]+)?$", "a number of CPUs such as `2` or `0.5`, or thousandths such as `125m`"),
    (r"^0?[0-7]{3}$", "three octal digits, with or without a 0 before them, such as `0644`"),
    (r"^score\.dev/v1b1$", "`score.dev/v1b1`"),
    (r"^[^=]+$", "at least one character, and no `=`"),
    (r"^[A-Za-z0-9_-]+$", "letters, digits, `-` and `_`"),
];

/// What a pattern allows.
pub(super) fn pattern(pattern: &str) -> String {
    known(pattern).map_or_else(|| format!("text that matches the pattern `{pattern}`"), str::to_owned)
}

/// The words of a known pattern.
pub(super) fn known(pattern: &str) -> Option<&'static str> {
    PATTERNS.iter().find(|(known, _)| *known == pattern).map(|(_, words)| *words)
}

/// The first sentence of a description, without its full stop, on one line; of a long one only the beginning.
pub(super) fn first_sentence(description: &str) -> String {
    let line = description.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.find(". ").unwrap_or(line.len());
    cut(line[..end].trim_end_matches('.').to_owned(), DESCRIPTION_MAX)
}

/// The type of a value, as YAML's users call it.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// A type of JSON Schema, as YAML's users call it.
pub(super) fn type_name(name: &str) -> &'static str {
    match name {
        "null" => "null",
        "boolean" => "a boolean",
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a string",
        "array" => "a list",
        _ => "a map",
    }
}

/// The types that a `type` keyword allows.
pub(super) fn expected(kind: &TypeKind) -> String {
    either(&form::types(kind).into_iter().map(|name| type_name(name).to_owned()).collect::<Vec<_>>())
}

/// `a`, `a or b`, `a, b or c`; each once.
pub(super) fn either(words: &[String]) -> String {
    let mut unique: Vec<&str> = Vec::new();
    for word in words {
        if !unique.contains(&word.as_str()) {
            unique.push(word);
        }
    }
    match unique.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A scalar as the user wrote it, where it is short and may be shown.
pub(super) fn shown(value: &Value, values: Values) -> Option<String> {
    let text = match value {
        _ if values == Values::Hidden => return None,
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("{text:?}"),
        _ => return None,
    };
    (text.chars().count() <= SHOWN_MAX + 2).then_some(text)
}

/// `is 70000`; without the value where it is long or may not be shown.
pub(super) fn found(value: &Value, values: Values) -> String {
    match (shown(value, values), value, values) {
        (Some(text), ..) => format!("is {text}"),
        (None, Value::String(text), Values::Shown) => {
            format!("is a text of {} characters", text.chars().count())
        }
        _ => "does not fit".to_owned(),
    }
}

/// `1 entry`, `2 entries`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
