//! The one schema of a Score file: as JSON Schema, which the controller checks, and as far as a CRD can
//! say it, which `kubectl apply` checks.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::API_VERSION;
use super::rule::ProvisionerRuleSpec;
use super::score::Score;

/// The JSON Schema (2020-12) of a Score file inside a ScoreWorkload: what the controller checks.
#[must_use]
pub fn score_json_schema() -> Value {
    let mut schema = inline_schema(&mut generator());
    walk(&mut schema, &mut strip_null);
    schema
}

/// A whole `ProvisionerRule` as JSON Schema, for editors and for what is checked without a cluster. Unknown keys are
/// refused where the API server drops them.
#[must_use]
pub fn rule_json_schema() -> Value {
    let description = "Says what a Score resource type means on a cluster: which objects to create, when they are ready, and which outputs a Score file can name.";
    let mut spec = json_schema::<ProvisionerRuleSpec>();
    for field in NULLABLE_IN_MATCH {
        let type_ = &mut spec["properties"]["match"]["properties"][field]["type"];
        *type_ = json!([*type_, "null"]);
    }
    object_json_schema("ProvisionerRule", description, spec)
}

/// The fields of a rule's `match` for which null means the same as nothing: tools that fill rules in write it for what
/// is not set.
pub(super) const NULLABLE_IN_MATCH: [&str; 4] = ["class", "id", "namespaceSelector", "workloadSelector"];

/// A whole `ScoreWorkload` as JSON Schema, for editors.
#[must_use]
pub fn workload_json_schema() -> Value {
    let description = "A workload described by a Score file: the spec is the score.yaml, unchanged.";
    object_json_schema("ScoreWorkload", description, score_json_schema())
}

/// A type as JSON Schema without references, in words that every draft since 06 has.
#[must_use]
pub fn json_schema<T: JsonSchema>() -> Value {
    let mut schema = T::json_schema(&mut generator()).to_value();
    walk(&mut schema, &mut |node| {
        strip_null(node);
        one_of_to_enum(node);
        node.retain(|key, _| !key.starts_with("x-kubernetes-"));
    });
    schema
}

/// An object of ours around the schema of its spec. Editors know draft 07 best.
fn object_json_schema(kind: &str, description: &str, spec: Value) -> Value {
    let mut spec = spec;
    walk(&mut spec, &mut |node| node.retain(|key, _| !key.starts_with("x-kubernetes-")));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": kind,
        "description": description,
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": false,
        "properties": {
            "apiVersion": {"description": "The API group and version.", "const": API_VERSION},
            "kind": {"description": "The kind of object.", "const": kind},
            "metadata": {
                "description": "Name, labels and annotations.",
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"description": "The object's name.", "type": "string"}},
            },
            "spec": spec,
            "status": {"description": "What the operator says of it: never written by hand.", "type": "object"},
        },
    })
}

/// The same schema as far as a CRD can say it: names of map entries become CEL rules, as CRDs know
/// no `propertyNames`; unknown keys are refused by the API server's own pruning.
pub(super) fn score_crd_schema() -> Schema {
    let mut schema = score_json_schema();
    walk(&mut schema, &mut |node| {
        names_to_cel(node);
        drop_closed(node);
    });
    let named = json!({
        "rule": "!has(self.apiVersion) || self.apiVersion == 'score.dev/v1b1'",
        "message": "apiVersion must be score.dev/v1b1, or be left out",
        "fieldPath": ".apiVersion",
    });
    if let Some(root) = schema.as_object_mut() {
        root.insert("x-kubernetes-validations".into(), json!([named]));
    }
    Schema::try_from(schema).unwrap_or_default()
}

fn generator() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    settings.into_generator()
}

fn inline_schema(generator: &mut SchemaGenerator) -> Value {
    Score::json_schema(generator).to_value()
}

/// Calls `change` for every schema object within `node`, children first.
pub(super) fn walk(node: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match node {
        Value::Object(object) => {
            object.values_mut().for_each(|child| walk(child, change));
            change(object);
        }
        Value::Array(items) => items.iter_mut().for_each(|child| walk(child, change)),
        _ => {}
    }
}

/// Score knows no null (S01): an optional field is absent or has its type.
fn strip_null(node: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = node.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            node.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(options)) = node.get_mut("enum") {
        options.retain(|option| !option.is_null());
    }
    collapse_optional(node);
    node.remove("format");
    node.remove("default");
}

/// `anyOf: [schema, null]` is how schemars writes an optional schema: keep the schema.
fn collapse_optional(node: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = node.get("anyOf") else { return };
    let real: Vec<_> = branches.iter().filter(|branch| branch["type"] != "null").cloned().collect();
    let [Value::Object(only)] = real.as_slice() else { return };
    if branches.len() == 2 {
        node.remove("anyOf");
        for (key, value) in only {
            node.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// Constants of which one is meant, as a list: messages can name them then.
fn one_of_to_enum(node: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = node.get("oneOf") else { return };
    let constants: Option<Vec<_>> = branches.iter().map(|branch| branch.get("const").cloned()).collect();
    if let Some(constants) = constants {
        node.remove("oneOf");
        node.insert("enum".to_owned(), constants.into());
    }
}

/// `propertyNames` as a CEL rule on the map's keys.
fn names_to_cel(node: &mut Map<String, Value>) {
    let Some(names) = node.remove("propertyNames") else { return };
    let pattern = names["pattern"].as_str().unwrap_or_default();
    let quoted = pattern.replace('\\', "\\\\");
    let (min, max) = (names["minLength"].as_u64(), names["maxLength"].as_u64());
    let mut rule = format!("k.matches('{quoted}')");
    if let Some(max) = max {
        rule = format!("size(k) >= {} && size(k) <= {max} && {rule}", min.unwrap_or(0));
    }
    let message = match max {
        Some(63) => "names have 2 to 63 characters of a-z, 0-9 and '-', not '-' at either end",
        Some(_) => {
            "annotation keys have 2 to 316 characters: an optional DNS name and '/', then letters, digits, '-', '_' and '.'"
        }
        None => "names of variables are not empty and hold no '='",
    };
    let rule = json!({"rule": format!("self.all(k, {rule})"), "message": message});
    node.insert("x-kubernetes-validations".into(), json!([rule]));
}

/// A structural schema may not hold `additionalProperties: false`; fields it does not name are unknown
/// anyway.
pub(super) fn drop_closed(node: &mut Map<String, Value>) {
    if node.get("additionalProperties") == Some(&Value::Bool(false)) {
        node.remove("additionalProperties");
    }
    if node.get("x-kubernetes-preserve-unknown-fields").is_some() {
        node.remove("additionalProperties");
    }
}
