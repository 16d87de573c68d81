//! Which Secrets and ConfigMaps a fragment of a pod refers to: pods wait for them, and roll when they change (P07, P10).

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::conditions::Reason;
use crate::template::SecretRef;

/// What pods read.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Holder {
    /// Of a Secret nobody is told what it holds.
    Secret,
    /// Everybody may see it.
    ConfigMap,
}

impl Holder {
    /// Kubernetes' name of it.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }

    /// Why something waits for one.
    #[must_use]
    pub fn awaited(self) -> Reason {
        match self {
            Self::Secret => Reason::WaitingForSecret,
            Self::ConfigMap => Reason::WaitingForConfigMap,
        }
    }
}

/// A Secret or ConfigMap that pods read, or one key of it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Read {
    /// Which of the two.
    pub holder: Holder,
    /// Its name, in the namespace of the pods.
    pub name: String,
    /// The key; none where all of it is read.
    pub key: Option<String>,
    /// Whether the pods start without it.
    pub optional: bool,
}

impl From<&SecretRef> for Read {
    fn from(SecretRef { name, key }: &SecretRef) -> Self {
        Self { holder: Holder::Secret, name: name.clone(), key: Some(key.clone()), optional: false }
    }
}

/// The fields that refer to one, what they refer to, and the field that holds its name.
const REFERENCES: &[(&str, Holder, &str)] = &[
    ("secretKeyRef", Holder::Secret, "name"),
    ("configMapKeyRef", Holder::ConfigMap, "name"),
    // Of `envFrom`, and of volumes that need a Secret to be mounted.
    ("secretRef", Holder::Secret, "name"),
    ("configMapRef", Holder::ConfigMap, "name"),
    // Volumes.
    ("secret", Holder::Secret, "secretName"),
    ("configMap", Holder::ConfigMap, "name"),
    // Sources of a projected volume.
    ("secret", Holder::Secret, "name"),
];

/// All that a fragment of a pod template, container or volume refers to.
#[must_use]
pub fn reads(fragment: &Value) -> BTreeSet<Read> {
    let mut found = BTreeSet::new();
    walk(fragment, &mut found);
    found
}

fn walk(value: &Value, found: &mut BTreeSet<Read>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        Value::Object(map) => {
            for (field, holder, name) in REFERENCES {
                if let Some(Value::Object(reference)) = map.get(*field) {
                    found.extend(referred(*holder, name, reference));
                }
            }
            map.values().for_each(|value| walk(value, found));
        }
        _ => {}
    }
}

fn referred(holder: Holder, name: &str, reference: &Map<String, Value>) -> Vec<Read> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let Some(name) = reference.get(name).and_then(Value::as_str) else { return Vec::new() };
    let optional = reference.get("optional") == Some(&Value::Bool(true));
    let read = |key: Option<String>| Read { holder, name: name.to_owned(), key, optional };
    match reference.get("items").and_then(Value::as_array) {
        Some(items) => items.iter().map(|item| read(text(item, "key"))).collect(),
        None => vec![read(reference.get("key").and_then(Value::as_str).map(str::to_owned))],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn p07_every_way_to_read_a_secret_or_config_map_is_seen() {
        let seen = |fragment: Value| -> Vec<String> {
            let shown = |it: &Read| {
                let key = it.key.as_ref().map_or_else(String::new, |key| format!("/{key}"));
                format!("{} {}{key}{}", it.holder.kind(), it.name, if it.optional { "?" } else { "" })
            };
            reads(&fragment).iter().map(shown).collect()
        };
        for (fragment, expected) in [
            (
                json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}),
                vec!["Secret s/k"],
            ),
            (
                json!({"env": [{"valueFrom": {"configMapKeyRef": {"name": "c", "key": "k", "optional": true}}}]}),
                vec!["ConfigMap c/k?"],
            ),
            (
                json!({"envFrom": [{"secretRef": {"name": "s"}}, {"configMapRef": {"name": "c"}}]}),
                vec!["Secret s", "ConfigMap c"],
            ),
            (
                json!({"volumes": [{"name": "v", "secret": {"secretName": "s", "optional": true}}]}),
                vec!["Secret s?"],
            ),
            (
                json!({"volumes": [{"configMap": {"name": "c", "items": [{"key": "a", "path": "b"}]}}]}),
                vec!["ConfigMap c/a"],
            ),
            (
                json!({"volumes": [{"projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "c"}}]}}]}),
                vec!["Secret s", "ConfigMap c"],
            ),
            (json!({"volumes": [{"cephfs": {"secretRef": {"name": "s"}}}]}), vec!["Secret s"]),
            (json!({"metadata": {"annotations": {"secret": "x", "configMap": "y"}}}), vec![]),
        ] {
            assert_eq!(seen(fragment), expected);
        }
    }
}
