//! What is read of Secrets and ConfigMaps: whether a key is there, and the values that pods read.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::api::DynamicObject;
use serde_json::{Value, json};

use crate::cluster::Error;
use crate::cluster::world::World;
use crate::plan::patch::{Holder, Read};
use crate::plan::problem::{Awaited, list};
use crate::plan::workload::Workload;
use crate::render::SecretValues;
use crate::template::SecretRef;

/// The values of keys of Secrets, or what is missing of them.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn secret_values(
    world: &World,
    namespace: &str,
    wanted: BTreeSet<SecretRef>,
) -> Result<Result<SecretValues, Vec<Awaited>>, Error> {
    values(world, namespace, wanted, BTreeSet::new()).await
}

/// The values of all that a workload's pods read (F10, P10), or what is missing of it (P07).
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn pod_values(
    world: &World,
    workload: &Workload,
) -> Result<Result<SecretValues, Vec<Awaited>>, Error> {
    let secrets = workload.secrets().into_iter().cloned().collect();
    values(world, &workload.namespace, secrets, workload.reads()).await
}

async fn values(
    world: &World,
    namespace: &str,
    secrets: BTreeSet<SecretRef>,
    others: BTreeSet<Read>,
) -> Result<Result<SecretValues, Vec<Awaited>>, Error> {
    if secrets.is_empty() && others.is_empty() {
        return Ok(Ok(SecretValues::default()));
    }
    let (mut values, mut more, mut missing) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for reference in secrets {
        match value(world, namespace, &Read::from(&reference)).await? {
            Ok(value) => drop(values.insert(reference, value.unwrap_or_default())),
            Err(awaited) => missing.push(awaited),
        }
    }
    for read in others {
        match value(world, namespace, &read).await? {
            Ok(value) => drop(more.insert(read, value)),
            Err(awaited) => missing.push(awaited),
        }
    }
    if !missing.is_empty() {
        return Ok(Err(missing));
    }
    let key = world.secrets.digest_key(|length| (world.environment.random)(length)).await?;
    Ok(Ok(SecretValues::new(values, key).with_others(more)))
}

/// What does not exist of all that is `wanted`.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn missing(world: &World, namespace: &str, wanted: &BTreeSet<Read>) -> Result<Vec<Awaited>, Error> {
    let mut missing = Vec::new();
    for read in wanted {
        missing.extend(value(world, namespace, read).await?.err());
    }
    Ok(missing)
}

/// What a reference stands for, or what is missing: one answer for both, so that nobody makes a file of a value
/// that has gone since it was looked for. Nothing where pods start without it.
async fn value(
    world: &World,
    namespace: &str,
    read: &Read,
) -> Result<Result<Option<Vec<u8>>, Awaited>, Error> {
    let all = world.read_by_name(read.holder);
    let mut object = all.get(namespace, &read.name).await?;
    if object.as_ref().is_some_and(|object| held(object, read).is_none()) {
        // What was remembered may be older than the key that is awaited.
        object = all.read(namespace, &read.name).await?;
    }
    let found = object.as_ref().and_then(|object| held(object, read));
    if found.is_some() || read.optional {
        return Ok(Ok(found));
    }
    let message = object.map_or_else(|| absent(read), |object| lacks(&object, read));
    Ok(Err(Awaited::new(read.holder.awaited(), message)))
}

/// What is held under the key; where no key is meant, all of it.
fn held(object: &DynamicObject, read: &Read) -> Option<Vec<u8>> {
    let field = |field: &str| &object.data[field];
    let Some(key) = &read.key else {
        return Some(json!([field("data"), field("binaryData")]).to_string().into_bytes());
    };
    let text = |field: &str| object.data[field].get(key).and_then(Value::as_str);
    match read.holder {
        Holder::Secret => STANDARD.decode(text("data")?).ok(),
        Holder::ConfigMap => match text("data") {
            Some(text) => Some(text.as_bytes().to_vec()),
            None => STANDARD.decode(text("binaryData")?).ok(),
        },
    }
}

fn absent(Read { holder, name, key, .. }: &Read) -> String {
    let key = key.as_ref().map_or_else(String::new, |key| format!(" (its key `{key}` is awaited)"));
    format!("{} `{name}` does not exist yet{key}", holder.kind())
}

fn lacks(object: &DynamicObject, Read { holder, name, key, .. }: &Read) -> String {
    let keys = ["data", "binaryData"].into_iter().filter_map(|field| object.data[field].as_object());
    let there = list(keys.flatten().map(|(key, _)| key.as_str()));
    let key = key.as_deref().unwrap_or_default();
    format!("{} `{name}` has no key `{key}` yet (there: {there})", holder.kind())
}
