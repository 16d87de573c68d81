//! The Secret that keeps what a rule generates for a resource: written once, never re-rolled (P06).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Manifest;
use super::resource::{Belonging, dress, generated_name};
use crate::api::labels::RETAINED_BY;
use crate::api::resource::ObjectId;
use crate::api::rule::DeletionPolicy;
use crate::plan::rule::Rule;

/// What such a Secret keeps.
#[derive(Clone, Debug, Default)]
pub struct Rolled {
    /// The values, by name.
    pub values: BTreeMap<String, String>,
    /// The rules whose retained objects may be of these values: while there is one the Secret has no owner, as they
    /// have none (P11). A resource that is moved away from a rule leaves behind what that one retained.
    pub retained_by: BTreeSet<String>,
}

impl Rolled {
    /// Values that no rule has retained yet.
    #[must_use]
    pub fn new(values: &BTreeMap<String, String>) -> Self {
        Self { values: values.clone(), retained_by: BTreeSet::new() }
    }

    /// What a Secret keeps.
    #[must_use]
    pub fn of(secret: &Value) -> Self {
        let data = secret["data"].as_object().into_iter().flatten();
        let decode = |value: &Value| String::from_utf8(STANDARD.decode(value.as_str()?).ok()?).ok();
        let retained_by = secret["metadata"]["annotations"][RETAINED_BY].as_str().unwrap_or_default();
        Self {
            values: data.filter_map(|(key, value)| Some((key.clone(), decode(value)?))).collect(),
            retained_by: retained_by.split(',').filter(|rule| !rule.is_empty()).map(str::to_owned).collect(),
        }
    }

    /// The same while `rule` provides the resource: a rule whose policy is switched takes along, or leaves, all that it
    /// made itself (decision 4).
    #[must_use]
    pub fn under(mut self, rule: &Rule) -> Self {
        match rule.deletion_policy {
            DeletionPolicy::Retain => self.retained_by.insert(rule.name.clone()),
            DeletionPolicy::Delete => self.retained_by.remove(&rule.name),
        };
        self
    }
}

/// Renders it.
#[must_use]
pub fn render(belonging: &Belonging<'_>, rolled: &Rolled) -> Manifest {
    let name = generated_name(belonging.spec);
    let data: BTreeMap<_, _> =
        rolled.values.iter().map(|(key, value)| (key, STANDARD.encode(value))).collect();
    let mut body = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", "data": data,
    });
    let mut policy = DeletionPolicy::Delete;
    if !rolled.retained_by.is_empty() {
        let rules: Vec<_> = rolled.retained_by.iter().map(String::as_str).collect();
        body["metadata"]["annotations"] = json!({RETAINED_BY: rules.join(",")});
        policy = DeletionPolicy::Retain;
    }
    let id = ObjectId { api_version: "v1".into(), kind: "Secret".into(), name };
    Manifest { once: true, ..dress(&Belonging { policy, ..belonging.clone() }, id, body) }
}
