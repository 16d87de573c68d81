//! JSON Schema as problems for people: every error of an instance at once, with its path in the
//! document's own terms, and with what was found, what was expected and how to fix it.
//!
//! A schema reads no file and no address. Patterns run on a linear-time engine with bounded size, so
//! that no pattern can hold up a pass.

mod form;
mod message;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, ValidationOptions, Validator};
use serde_json::Value;

use super::problem::Problem;
use crate::api::conditions::Reason;

/// The most bytes that one compiled pattern, and its cache, may take.
pub const PATTERN_SIZE_MAX: usize = 1 << 20;

/// A compiled JSON Schema.
#[derive(Debug)]
pub struct Schema {
    raw: Value,
    validator: Validator,
}

/// Whether messages may show what was found, or only its type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Values {
    /// Short scalars are shown.
    Shown,
    /// Nothing is: the instance may hold secrets.
    Hidden,
}

/// How an instance is looked at.
pub(super) struct View<'a> {
    /// What is validated.
    pub instance: &'a Value,
    /// What its paths begin with; may be empty.
    pub root: &'a str,
    /// Whether its values may be shown.
    pub values: Values,
    /// Pointers of strings that stand for references to Secrets: their text is not known, so that only
    /// their type is judged.
    pub references: &'a BTreeSet<String>,
}

/// One thing that is wrong with an instance.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Finding {
    /// Where, for people.
    pub path: String,
    /// What, for people.
    pub message: String,
    /// Where, as a JSON pointer.
    pub pointer: String,
}

/// No references: the usual case.
static NO_REFERENCES: BTreeSet<String> = BTreeSet::new();

impl<'a> View<'a> {
    /// A view that shows values and knows no references.
    pub fn open(instance: &'a Value, root: &'a str) -> Self {
        Self { instance, root, values: Values::Shown, references: &NO_REFERENCES }
    }
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// Why it does not compile, as one sentence; also for a `$ref` to anything outside itself.
    pub fn new(schema: &Value) -> Result<Self, String> {
        let compiled = options().build(schema);
        let validator = compiled.map_err(|error| compile_error(schema, error))?;
        Ok(Self { raw: schema.clone(), validator })
    }

    /// All that is wrong with `instance`, sorted by path; paths begin with `root`.
    ///
    /// Messages show scalars of up to 40 characters, and nothing below a key `params`, `content` or
    /// `binaryContent`.
    #[must_use]
    pub fn problems(&self, instance: &Value, root: &str, reason: Reason) -> Vec<Problem> {
        let findings = self.findings(&View::open(instance, root));
        findings.into_iter().map(|found| Problem::new(found.path, reason, found.message)).collect()
    }

    /// The same as data, for an instance with references or with values that must not be shown.
    pub(super) fn findings(&self, view: &View) -> Vec<Finding> {
        let errors = self.validator.iter_errors(view.instance);
        explain(&self.raw, &errors.map(ValidationError::to_owned).collect::<Vec<_>>(), view)
    }
}

/// What is wrong with a schema itself, by the meta-schema that it names (2020-12 where it names none).
pub(super) fn meta_findings(schema: &Value, root: &str) -> Vec<Finding> {
    let view = View::open(schema, root);
    match jsonschema::meta::validator_for(schema) {
        Ok(meta) => {
            let errors: Vec<_> = meta.iter_errors(schema).map(ValidationError::to_owned).collect();
            explain(&Value::Null, &errors, &view)
        }
        // The only thing that keeps a meta-schema from being found.
        Err(_) => vec![Finding {
            path: below(root, "$schema"),
            message: "is not a known draft of JSON Schema: leave it out, or write \"https://json-schema.org/draft/2020-12/schema\"".to_owned(),
            pointer: "/$schema".to_owned(),
        }],
    }
}

/// Whether a pattern can be used: it parses, is linear, and stays within [`PATTERN_SIZE_MAX`].
pub(super) fn is_pattern(pattern: &str) -> bool {
    options().build(&serde_json::json!({ "pattern": pattern })).is_ok()
}

fn options() -> ValidationOptions<'static> {
    let engine = PatternOptions::regex().size_limit(PATTERN_SIZE_MAX).dfa_size_limit(PATTERN_SIZE_MAX);
    jsonschema::options().offline().should_validate_formats(false).with_pattern_options(engine)
}

/// The crate's own texts print the whole schema, or speak of its features; ours name the place.
fn compile_error(schema: &Value, error: ValidationError<'static>) -> String {
    if matches!(error.kind(), ValidationErrorKind::Referencing(_)) {
        return "a `$ref` or `$schema` leads out of the schema, or to a place that it does not have"
            .to_owned();
    }
    let found = explain(&Value::Null, &[error], &View::open(schema, ""));
    let lines = found.into_iter().map(|Finding { path, message, .. }| match path.as_str() {
        "" => message,
        path => format!("{path}: {message}"),
    });
    lines.collect::<Vec<_>>().join("; ")
}

/// Errors as findings: sorted, each once, and none that follows from another.
fn explain(schema: &Value, errors: &[ValidationError<'static>], view: &View) -> Vec<Finding> {
    let relevant: Vec<_> = errors.iter().flat_map(|error| form::unfold(error, view)).collect();
    let mistyped: BTreeSet<_> =
        relevant.iter().filter(|error| is_type(error)).map(|error| error.instance_path().as_str()).collect();
    let follows =
        |error: &ValidationError| !is_type(error) && mistyped.contains(error.instance_path().as_str());
    let findings = relevant.iter().filter(|error| !follows(error));
    let unique: BTreeSet<_> = findings.flat_map(|error| message::findings(schema, error, view)).collect();
    unique.into_iter().collect()
}

fn is_type(error: &ValidationError) -> bool {
    matches!(error.kind(), ValidationErrorKind::Type { .. })
}

/// The path of the entry `key` of the map at `parent`: `a.b`, or `a["b/c"]` where the key is no plain word.
#[must_use]
pub fn below(parent: &str, key: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match (parent, !key.is_empty() && key.chars().all(word)) {
        ("", true) => key.to_owned(),
        (_, true) => format!("{parent}.{key}"),
        (_, false) => format!("{parent}[{key:?}]"),
    }
}

/// A JSON pointer into `instance` as people write it, below `root`.
pub(super) fn path(root: &str, instance: &Value, pointer: &str) -> String {
    let mut path = root.to_owned();
    let mut node = Some(instance);
    for segment in pointer.split('/').skip(1) {
        let key = unescape(segment);
        (path, node) = match node {
            Some(Value::Array(items)) => {
                (format!("{path}[{key}]"), key.parse().ok().and_then(|index: usize| items.get(index)))
            }
            other => (below(&path, &key), other.and_then(|map| map.get(&key))),
        };
    }
    path
}

/// One segment of a JSON pointer as a key (RFC 6901).
fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// A key as one segment of a JSON pointer (RFC 6901).
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The patterns that messages have words for.
#[cfg(test)]
pub(super) fn known_patterns() -> impl Iterator<Item = &'static str> {
    words::PATTERNS.iter().map(|(pattern, _)| *pattern)
}
