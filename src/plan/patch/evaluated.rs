//! What the patches of a rule come to for one resource: pure JSON that pods take, references to Secrets in the fields
//! that hold them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};
use serde_json::{Map, Value as Json, json};

use super::{PATCH_BYTES, Read, reads, shape};
use crate::api::conditions::Reason;
use crate::api::names::is_object_name;
use crate::api::patches::Patches;
use crate::plan::problem::{Problem, quoted};
use crate::plan::schema::below;
use crate::plan::strict::strict;
use crate::template::Value;

/// The patches that a rule's `patches` came to.
///
/// # Errors
/// Every problem, with paths below `patches`: what no patch may set, what is no part of a pod, what is too large.
pub fn evaluated(value: Value) -> Result<Patches, Vec<Problem>> {
    let plain = plain(value, "patches", "").map_err(|problem| vec![problem])?;
    let found = shape::problems("patches", &plain, Reason::EvaluationFailed);
    if !found.is_empty() {
        return Err(found);
    }
    let size = plain.to_string().len();
    if size > PATCH_BYTES {
        let message = format!(
            "have {size} bytes of JSON, expected at most {PATCH_BYTES}: put what is long into a ConfigMap of the rule, and mount it"
        );
        return Err(vec![failed("patches", message)]);
    }
    let odd = odd_names(&plain);
    if !odd.is_empty() {
        return Err(odd);
    }
    let patches: Patches =
        serde_json::from_value(plain).map_err(|error| vec![failed("patches", error.to_string())])?;
    let wrong = no_part_of_a_pod(&patches);
    if wrong.is_empty() { Ok(patches) } else { Err(wrong) }
}

fn failed(path: &str, message: impl Into<String>) -> Problem {
    Problem::new(path, Reason::EvaluationFailed, message)
}

/// References to what cannot be the name of an object: nobody asks the API server for it.
fn odd_names(patches: &Json) -> Vec<Problem> {
    let odd = reads(patches).into_iter().filter(|read| !is_object_name(&read.name));
    let message = |read: Read| {
        format!("refer to the {} {}, which is no name of an object", read.holder.kind(), quoted(&read.name))
    };
    odd.map(|read| failed("patches", message(read))).collect()
}

/// Unknown fields and wrong types, which the API server would only tell the consumers.
fn no_part_of_a_pod(patches: &Patches) -> Vec<Problem> {
    let template = Json::Object(patches.pod_template.clone());
    let mut container = patches.containers.clone();
    // The only field of a container that it must have.
    container.insert("name".to_owned(), json!(""));
    let found = [
        strict::<PodTemplateSpec>("patches.podTemplate", &template),
        strict::<Container>("patches.containers", &Json::Object(container)),
    ];
    found.into_iter().filter_map(Result::err).map(|wrong| failed(&wrong.path, wrong.message)).collect()
}

/// The value as JSON. A reference to a Secret may be the `value` of a variable only, and becomes its `valueFrom`.
fn plain(value: Value, path: &str, list: &str) -> Result<Json, Problem> {
    match value {
        Value::Plain(json) => Ok(json),
        Value::SecretRef(_) => Err(failed(path, MISPLACED)),
        Value::List(items) => {
            let item = |(at, item)| plain(item, &format!("{path}[{at}]"), list);
            items.into_iter().enumerate().map(item).collect()
        }
        Value::Map(entries) => map(entries, path, list),
    }
}

fn map(mut entries: BTreeMap<String, Value>, path: &str, list: &str) -> Result<Json, Problem> {
    let mut made = Map::new();
    if list == "env"
        && let Some(Value::SecretRef(reference)) = entries.get("value")
    {
        made.insert("valueFrom".to_owned(), json!({ "secretKeyRef": reference }));
        entries.remove("value");
    }
    for (key, value) in entries {
        let value = plain(value, &below(path, &key), &key)?;
        made.insert(key, value);
    }
    Ok(Json::Object(made))
}

/// Why a reference cannot stand where it does.
pub const MISPLACED: &str = "a reference to a Secret may stand in a patch as the `value` of an `env` entry only; elsewhere write out the field that takes one, such as `secretName`";
