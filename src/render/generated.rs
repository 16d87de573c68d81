//! The Secret that keeps what a rule generates for a resource: written once, never re-rolled (P06).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Manifest;
use super::resource::{Belonging, dress, generated_name};
use crate::api::resource::ObjectId;

/// Renders it.
#[must_use]
pub fn render(belonging: &Belonging<'_>, values: &BTreeMap<String, String>) -> Manifest {
    let name = generated_name(belonging.spec);
    let data: BTreeMap<_, _> = values.iter().map(|(key, value)| (key, STANDARD.encode(value))).collect();
    let body = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", "data": data,
    });
    let id = ObjectId { api_version: "v1".into(), kind: "Secret".into(), name };
    Manifest { once: true, ..dress(belonging, id, body) }
}

/// The values in such a Secret.
#[must_use]
pub fn values(secret: &Value) -> BTreeMap<String, String> {
    let data = secret["data"].as_object().into_iter().flatten();
    let decode = |value: &Value| String::from_utf8(STANDARD.decode(value.as_str()?).ok()?).ok();
    data.filter_map(|(key, value)| Some((key.clone(), decode(value)?))).collect()
}
