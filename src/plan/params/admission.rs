//! The schema of a rule's params, checked when the rule is admitted: so that nothing about it can fail, or
//! take long, when params arrive.

use serde_json::{Map, Value};

use super::super::problem::Problem;
use super::super::schema::{Finding, Schema, View, below, escape, is_pattern, meta_findings, path};
use super::{ROOT, fill};
use crate::api::conditions::Reason;

/// The most bytes of a schema, as compact JSON.
pub const SIZE_MAX: usize = 64 * 1024;
/// How deep a schema may be nested.
pub const NESTING_MAX: usize = 32;
/// The most schemas that one may unroll to, each `$ref` counted with all that it leads to: a bound for the
/// work of a check.
pub const UNROLLED_MAX: usize = 10_000;
/// How deep schemas may stand in each other when unrolled. More than any schema without recursion needs.
const UNROLLED_DEPTH_MAX: usize = 64;

/// Keywords that hold a schema.
const ONE: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords that hold a list of schemas.
const LIST: &[&str] = &["allOf", "anyOf", "items", "oneOf", "prefixItems"];
/// Keywords that hold a map of schemas.
const MAP: &[&str] =
    &["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];
/// Keywords by which a schema leaves itself, or moves what its references mean.
const REFUSED: &[&str] = &["$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor", "$recursiveAnchor"];

/// All that is wrong with the schema of a rule's params; paths begin with `params`, and are sorted.
///
/// It must be a valid JSON Schema of `type: object`, at most [`SIZE_MAX`] long and [`NESTING_MAX`] deep. A
/// `$ref` is a JSON pointer into the schema and leads to no recursion ([`UNROLLED_MAX`]). Patterns run in
/// linear time: no look-around, no back-references. Defaults satisfy their own schema.
#[must_use]
pub fn check_schema(params: &Map<String, Value>) -> Vec<Problem> {
    let root = Value::Object(params.clone());
    // Each stage may rely on those before it.
    let stages: [fn(&Value) -> Vec<Problem>; 4] = [bounds, meta, parts, defaults];
    let mut problems =
        stages.iter().map(|stage| stage(&root)).find(|found| !found.is_empty()).unwrap_or_default();
    problems.sort();
    problems.dedup();
    problems
}

fn problem(path: impl Into<String>, message: impl Into<String>) -> Problem {
    Problem::new(path, Reason::InvalidRule, message)
}

fn bounds(root: &Value) -> Vec<Problem> {
    let size = root.to_string().len();
    let mut problems = Vec::new();
    if size > SIZE_MAX {
        problems
            .push(problem(ROOT, format!("the schema has {size} bytes as JSON, expected at most {SIZE_MAX}")));
    }
    if !is_within(root, NESTING_MAX) {
        problems.push(problem(
            ROOT,
            format!("the schema is nested more than {NESTING_MAX} deep: make it flatter"),
        ));
    }
    problems
}

/// Whether a value is nested at most `depth` deep.
fn is_within(value: &Value, depth: usize) -> bool {
    let children: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => return true,
    };
    depth > 0 && children.into_iter().all(|child| is_within(child, depth - 1))
}

/// What the meta-schema says, and that params are a map.
fn meta(root: &Value) -> Vec<Problem> {
    let mut problems: Vec<_> =
        meta_findings(root, ROOT).into_iter().map(|found| problem(found.path, found.message)).collect();
    if problems.is_empty() && root["type"] != "object" {
        problems.push(problem(format!("{ROOT}.type"), "expected `type: object`: params are a map"));
    }
    problems
}

/// What each part of the schema may not say; then, whether the whole can be compiled and bounded.
fn parts(root: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (pointer, schema) in schemas(root) {
        let at = path(ROOT, root, &pointer);
        problems.extend(patterns(&at, schema));
        problems.extend(references(&at, schema, root));
    }
    if problems.is_empty() && !unrolls(root, root, UNROLLED_DEPTH_MAX, &mut UNROLLED_MAX.clone()) {
        let message = format!(
            "its `$ref`s lead back to themselves, or stand for more than {UNROLLED_MAX} schemas: write it without recursion"
        );
        problems.push(problem(ROOT, message));
    }
    if problems.is_empty() {
        problems.extend(Schema::new(root).err().map(|message| problem(ROOT, message)));
    }
    problems
}

fn patterns(at: &str, schema: &Map<String, Value>) -> Vec<Problem> {
    let keys = schema.get("patternProperties").and_then(Value::as_object);
    let keys = keys
        .into_iter()
        .flat_map(Map::keys)
        .map(|key| (below(&below(at, "patternProperties"), key), key.as_str()));
    let pattern = schema.get("pattern").and_then(Value::as_str).map(|text| (below(at, "pattern"), text));
    let refused = keys.chain(pattern).filter(|(_, text)| !is_pattern(text));
    let message = "the pattern cannot be used: it must be a regular expression without look-around and back-references, and of at most 1 MiB when compiled";
    refused.map(|(path, _)| problem(path, message)).collect()
}

fn references(at: &str, schema: &Map<String, Value>, root: &Value) -> Vec<Problem> {
    let refused = REFUSED.iter().filter(|key| schema.contains_key(**key));
    let mut problems: Vec<_> = refused
        .map(|key| problem(below(at, key), format!("`{key}` is not taken here: use `$ref: '#/$defs/…'`")))
        .collect();
    if at != ROOT && schema.contains_key("$id") {
        problems.push(problem(below(at, "$id"), "only the root may have an `$id`: remove it"));
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str)
        && resolve_reference(root, target).is_none()
    {
        let message = format!("`{target}` leads to no place within this schema, expected `#/$defs/<name>`");
        problems.push(problem(below(at, "$ref"), message));
    }
    problems
}

/// What a `$ref` means, where it is a JSON pointer into this schema.
fn resolve_reference<'a>(root: &'a Value, target: &str) -> Option<&'a Value> {
    let pointer = target.strip_prefix('#')?;
    if pointer.contains('%') { None } else { root.pointer(pointer) }
}

/// Every schema within `root`, with its pointer.
fn schemas(root: &Value) -> Vec<(String, &Map<String, Value>)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), root)];
    while let Some((pointer, schema)) = open.pop() {
        open.extend(
            children(schema).into_iter().map(|(suffix, child)| (format!("{pointer}{suffix}"), child)),
        );
        found.extend(schema.as_object().map(|schema| (pointer, schema)));
    }
    found
}

/// The schemas right within a schema, with their pointers from there.
fn children(schema: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        let (keyword, at) = (keyword.as_str(), format!("/{}", escape(keyword)));
        match value {
            Value::Array(items) if LIST.contains(&keyword) => {
                found.extend(items.iter().enumerate().map(|(index, item)| (format!("{at}/{index}"), item)));
            }
            Value::Object(entries) if MAP.contains(&keyword) => {
                found.extend(entries.iter().map(|(key, entry)| (format!("{at}/{}", escape(key)), entry)));
            }
            _ if ONE.contains(&keyword) => found.push((at, value)),
            _ => {}
        }
    }
    found
}

/// Whether a schema stays within `depth` and `budget` when each `$ref` is replaced by what it leads to.
fn unrolls(schema: &Value, root: &Value, depth: usize, budget: &mut usize) -> bool {
    if depth == 0 || *budget == 0 {
        return false;
    }
    *budget -= 1;
    let target =
        schema.get("$ref").and_then(Value::as_str).and_then(|target| resolve_reference(root, target));
    let inner = children(schema).into_iter().map(|(_, child)| child);
    inner.chain(target).all(|child| unrolls(child, root, depth - 1, budget))
}

/// Defaults that their own schema refuses, after their own defaults were filled in.
fn defaults(root: &Value) -> Vec<Problem> {
    let (Ok(compiled), Value::Object(schema)) = (Schema::new(root), root) else { return Vec::new() };
    let mut problems = Vec::new();
    for keys in defaulted(schema, &[]) {
        let keyed = pointer(&keys, "/properties/");
        let default = &root.pointer(&keyed).unwrap_or(&Value::Null)["default"];
        let at = format!("{}.default", path(ROOT, root, &keyed));
        if holds_reference(default) {
            problems.push(problem(
                at,
                "a default cannot be a reference to a Secret: use `secret_ref` in the rule",
            ));
            continue;
        }
        problems.extend(
            unfit(&compiled, schema, &keys, default).into_iter().map(|message| problem(&at, message)),
        );
    }
    problems
}

/// The paths of all properties that have a default, through `properties` alone: as [`fill`] walks.
fn defaulted(schema: &Map<String, Value>, above: &[String]) -> Vec<Vec<String>> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut found = Vec::new();
    for (name, property) in properties.into_iter().flatten() {
        let Some(property) = property.as_object() else { continue };
        let keys = [above, std::slice::from_ref(name)].concat();
        let deeper = defaulted(property, &keys);
        found.extend(property.contains_key("default").then_some(keys));
        found.extend(deeper);
    }
    found
}

/// What is wrong with a default in its place.
fn unfit(compiled: &Schema, schema: &Map<String, Value>, keys: &[String], default: &Value) -> Vec<String> {
    let nested = keys
        .iter()
        .rev()
        .fold(default.clone(), |inner, key| Value::Object(Map::from_iter([(key.clone(), inner)])));
    let Value::Object(mut params) = nested else { return Vec::new() };
    fill(schema, &mut params);
    let params = Value::Object(params);
    let pointer = pointer(keys, "/");
    let own = |found: Finding| {
        let rest = found.pointer.strip_prefix(&pointer)?;
        match (rest, rest.starts_with('/')) {
            ("", _) => Some(format!("the default {}", found.message)),
            (_, true) => {
                let inner = path("", params.pointer(&pointer)?, rest);
                Some(format!("in the default, at `{inner}`: {}", found.message))
            }
            _ => None,
        }
    };
    compiled.findings(&View::open(&params, ROOT)).into_iter().filter_map(own).collect()
}

/// A JSON pointer with `before` in front of each key.
fn pointer(keys: &[String], before: &str) -> String {
    keys.iter().fold(String::new(), |pointer, key| pointer + before + &escape(key))
}

/// Whether a reference to a Secret, or what could be read back as one, stands anywhere in a value.
fn holds_reference(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            map.keys().any(|key| key.trim_start_matches('$') == super::REFERENCE)
                || map.values().any(holds_reference)
        }
        Value::Array(items) => items.iter().any(holds_reference),
        _ => false,
    }
}
