//! Tests of the whole floor, by subject.

mod bounds;
mod composed;
mod filters;
mod loops;
mod missing;
mod properties;
mod rules;
mod secrets;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::*;

/// The scope of most tests.
fn scope() -> Scope {
    let objects = BTreeMap::from([(
        "db".to_owned(),
        json!({
            "metadata": {"name": "shop-db", "labels": {"app": "shop"}},
            "status": {"phase": "Ready", "replicas": 3, "ready": true, "list": [{"n": 1}, {"n": 2}], "nothing": null},
        }),
    )]);
    Scope::new()
        .with("params", json!({
            "version": "16", "storageGi": 20, "ratio": 0.5, "flag": true, "off": false, "nothing": null, "empty": "",
            "size": "small", "queues": ["a", "b"], "labels": {"x": "1", "y": "2"}, "secretText": "hunter2",
        }))
        .with("locals", json!({"name": "shop-db", "sizes": {"small": {"cpu": 1}, "large": {"cpu": 8}}}))
        .with("id", json!("shop.db"))
        .with("guid", json!("0123456789abcdef"))
        .with_objects(objects)
}

fn evaluate(template: &Json, scope: &Scope) -> Result<Value, String> {
    let node = Node::compile(template, "spec")
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    node.evaluate(scope, &mut Budget::new()).map_err(|error| error.to_string())
}

/// The plain value of a template in [`scope`].
fn plain(template: &Json) -> Json {
    let value = evaluate(template, &scope()).unwrap_or_else(|error| panic!("{template}: {error}"));
    value.into_plain().unwrap_or_else(|| panic!("{template}: not plain"))
}

/// The error of a template in [`scope`].
fn error(template: &Json) -> String {
    match evaluate(template, &scope()) {
        Ok(value) => panic!("{template}: expected an error, got {value:?}"),
        Err(error) => error,
    }
}

/// The errors of a template that does not compile.
fn refusals(template: &Json) -> Vec<String> {
    match Node::compile(template, "spec") {
        Ok(_) => panic!("{template}: expected to be refused"),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}
