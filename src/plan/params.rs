//! The params of a resource against the schema of its rule: defaults first, then the check. Params may
//! hold secrets, so that no message here shows one.

mod admission;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

pub use admission::{NESTING_MAX, SIZE_MAX, UNROLLED_MAX, check_schema};

use super::problem::Problem;
use super::schema::{Schema, Values, View, below, escape};
use crate::api::conditions::Reason;

/// What paths begin with.
const ROOT: &str = "params";
/// The key of a reference to a Secret, in the stored form of `template::Value`.
const REFERENCE: &str = "secretKeyRef";

/// `params` with the defaults of `schema` filled in, if they are acceptable.
///
/// Defaults go in through `properties` only, deep, and where the parent is given or has a default itself;
/// never through `$ref`, `allOf`, `anyOf`, `oneOf` or `items`. `compiled` is `schema`; without it, it is
/// compiled on the way. Without `schema` no params are allowed.
///
/// In the stored form of `template::Value`: a map whose only key is `secretKeyRef` is a reference. It stands
/// where a string may stand; what a schema says of that string's text cannot be judged and is passed over.
///
/// # Errors
/// Every problem; paths begin with `params`, and no message shows a value.
pub fn resolve(
    schema: Option<&Map<String, Value>>,
    compiled: Option<&Schema>,
    params: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<Problem>> {
    let Some(schema) = schema else { return none_allowed(params) };
    let mut filled = params.clone();
    fill(schema, &mut filled);
    let problems = match compiled {
        Some(compiled) => check(compiled, &filled),
        None => check_uncompiled(schema, &filled),
    };
    if problems.is_empty() { Ok(filled) } else { Err(problems) }
}

fn problem(path: impl Into<String>, message: impl Into<String>) -> Problem {
    Problem::new(path, Reason::InvalidParams, message)
}

fn none_allowed(params: &Map<String, Value>) -> Result<Map<String, Value>, Vec<Problem>> {
    if params.is_empty() {
        return Ok(Map::new());
    }
    let refuse = |key: &String| problem(below(ROOT, key), "this rule takes no params: leave it out");
    Err(params.keys().map(refuse).collect())
}

fn check_uncompiled(schema: &Map<String, Value>, params: &Map<String, Value>) -> Vec<Problem> {
    match Schema::new(&Value::Object(schema.clone())) {
        Ok(compiled) => check(&compiled, params),
        Err(message) => vec![problem(ROOT, format!("the rule's schema of params cannot be used: {message}"))],
    }
}

fn check(schema: &Schema, params: &Map<String, Value>) -> Vec<Problem> {
    let mut references = BTreeSet::new();
    let entries = params
        .iter()
        .map(|(key, value)| (key.clone(), masked(value, &format!("/{}", escape(key)), &mut references)));
    let instance = Value::Object(entries.collect());
    let view = View { instance: &instance, root: ROOT, values: Values::Hidden, references: &references };
    schema.findings(&view).into_iter().map(|found| problem(found.path, found.message)).collect()
}

/// `value` with a placeholder for each reference, all of them different; their pointers go to `references`.
fn masked(value: &Value, pointer: &str, references: &mut BTreeSet<String>) -> Value {
    match value {
        Value::Object(map) if is_reference(map) => {
            references.insert(pointer.to_owned());
            Value::String(format!("reference {}", references.len()))
        }
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| {
                (key.clone(), masked(value, &format!("{pointer}/{}", escape(key)), references))
            };
            Value::Object(map.iter().map(entry).collect())
        }
        Value::Array(items) => {
            let item = |(index, item)| masked(item, &format!("{pointer}/{index}"), references);
            items.iter().enumerate().map(item).collect()
        }
        scalar => scalar.clone(),
    }
}

fn is_reference(map: &Map<String, Value>) -> bool {
    map.len() == 1 && map.contains_key(REFERENCE)
}

/// Fills in the defaults of `schema` that `instance` lacks.
fn fill(schema: &Map<String, Value>, instance: &mut Map<String, Value>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        let Some(property) = property.as_object() else { continue };
        if let (false, Some(default)) = (instance.contains_key(name), property.get("default")) {
            instance.insert(name.clone(), default.clone());
        }
        if let Some(Value::Object(child)) = instance.get_mut(name)
            && !is_reference(child)
        {
            fill(property, child);
        }
    }
}
