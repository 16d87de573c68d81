//! Every difference between two answers, field by field.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::normal::Id;

/// What one side lacks.
pub const ABSENT: &str = "-";

/// One difference.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Difference {
    /// The kind and the path of the field: `Deployment .spec.template.spec`.
    pub place: String,
    /// What score-k8s has there.
    pub theirs: String,
    /// What we have there.
    pub ours: String,
}

impl Difference {
    pub fn new(place: impl Into<String>, theirs: impl Into<String>, ours: impl Into<String>) -> Self {
        Self { place: place.into(), theirs: theirs.into(), ours: ours.into() }
    }
}

/// The differences between the objects of two answers.
pub fn objects(theirs: &BTreeMap<Id, Value>, ours: &BTreeMap<Id, Value>) -> Vec<Difference> {
    let ids: BTreeSet<_> = theirs.keys().chain(ours.keys()).collect();
    let mut found = Vec::new();
    for id in ids {
        match (theirs.get(id), ours.get(id)) {
            (Some(theirs), Some(ours)) => compare(&format!("{} ", id.0), theirs, ours, &mut found),
            (theirs, ours) => {
                found.push(Difference::new(format!("{} (object)", id.0), shown(theirs), shown(ours)));
            }
        }
    }
    found
}

/// A value as the table writes it: text as it is, the rest as JSON.
fn shown(value: Option<&Value>) -> String {
    match value {
        None => ABSENT.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn compare(place: &str, theirs: &Value, ours: &Value, found: &mut Vec<Difference>) {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                let place = if key.contains(['.', '/']) {
                    format!("{place}[{key}]")
                } else {
                    format!("{place}.{key}")
                };
                entry(&place, a.get(key), b.get(key), found);
            }
        }
        (Value::Array(a), Value::Array(b)) => lists(place, a, b, found),
        (a, b) if a == b => {}
        (a, b) => found.push(Difference::new(place, shown(Some(a)), shown(Some(b)))),
    }
}

fn entry(place: &str, theirs: Option<&Value>, ours: Option<&Value>, found: &mut Vec<Difference>) {
    match (theirs, ours) {
        (Some(theirs), Some(ours)) => compare(place, theirs, ours, found),
        (theirs, ours) => found.push(Difference::new(place, shown(theirs), shown(ours))),
    }
}

/// Lists whose items have names are compared by name, and then by the order of the names that both have.
fn lists(place: &str, theirs: &[Value], ours: &[Value], found: &mut Vec<Difference>) {
    let (a, b) = (keys(place, theirs), keys(place, ours));
    for key in a.iter().chain(&b).collect::<BTreeSet<_>>() {
        let of = |keys: &[String], items: &[Value]| {
            keys.iter().position(|other| other == key).map(|index| items[index].clone())
        };
        entry(&format!("{place}[{key}]"), of(&a, theirs).as_ref(), of(&b, ours).as_ref(), found);
    }
    let common = |keys: &[String], others: &[String]| -> Vec<String> {
        keys.iter().filter(|key| others.contains(key) && !key.starts_with("__ref_")).cloned().collect()
    };
    let (a, b) = (common(&a, &b), common(&b, &a));
    if a != b {
        found.push(Difference::new(format!("{place} (order)"), a.join(" "), b.join(" ")));
    }
}

/// What items of a list are called: by their name or mount path, or by their index.
fn keys(place: &str, items: &[Value]) -> Vec<String> {
    let field = if place.ends_with(".volumeMounts") { "mountPath" } else { "name" };
    let mut keys: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let ordered = place.ends_with(".httpHeaders");
        let name = item[field].as_str().or(item["metadata"][field].as_str()).filter(|_| !ordered);
        let mut key = name.map_or_else(|| index.to_string(), str::to_owned);
        while keys.contains(&key) {
            key.push('\'');
        }
        keys.push(key);
    }
    keys
}
