//! What is read of Secrets: whether a key is there, and the values that pods read.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::api::conditions::Reason;
use crate::cluster::Error;
use crate::cluster::world::World;
use crate::plan::problem::Awaited;
use crate::render::SecretValues;
use crate::template::SecretRef;

/// The values of the Secrets that a workload's pods read (F10, P10), or what is missing of them.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn secret_values(
    world: &World,
    namespace: &str,
    wanted: BTreeSet<SecretRef>,
) -> Result<Result<SecretValues, Vec<Awaited>>, Error> {
    if wanted.is_empty() {
        return Ok(Ok(SecretValues::default()));
    }
    let (mut values, mut missing) = (BTreeMap::new(), Vec::new());
    for reference in wanted {
        match value(world, namespace, &reference).await? {
            Ok(value) => drop(values.insert(reference, value)),
            Err(what) => missing.push(Awaited::new(Reason::WaitingForSecret, what)),
        }
    }
    if !missing.is_empty() {
        return Ok(Err(missing));
    }
    let key = world.secrets.digest_key(|length| (world.environment.random)(length)).await?;
    Ok(Ok(SecretValues::new(values, key)))
}

/// The references among `wanted` whose Secret or key does not exist, each with what is missing.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn missing_secrets(
    world: &World,
    namespace: &str,
    wanted: &BTreeSet<SecretRef>,
) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    for reference in wanted {
        missing.extend(value(world, namespace, reference).await?.err());
    }
    Ok(missing)
}

/// What a reference stands for, or what is missing: one answer for both, so that nobody makes a file of a value
/// that has gone since it was looked for.
async fn value(
    world: &World,
    namespace: &str,
    reference: &SecretRef,
) -> Result<Result<Vec<u8>, String>, Error> {
    let mut secret = world.secrets.get(namespace, &reference.name).await?;
    if secret.as_ref().is_some_and(|secret| held(secret, &reference.key).is_none()) {
        // What was remembered may be older than the key that is awaited.
        secret = world.secrets.read(namespace, &reference.name).await?;
    }
    let Some(secret) = secret else {
        return Ok(Err(format!(
            "Secret `{}` does not exist yet (its key `{}` is awaited)",
            reference.name, reference.key
        )));
    };
    Ok(held(&secret, &reference.key).ok_or_else(|| lacks(&secret, reference)))
}

/// What a Secret has under a key.
fn held(secret: &kube::api::DynamicObject, key: &str) -> Option<Vec<u8>> {
    STANDARD.decode(secret.data["data"].get(key)?.as_str()?).ok()
}

fn lacks(secret: &kube::api::DynamicObject, reference: &SecretRef) -> String {
    let keys = secret.data["data"].as_object();
    let there = crate::plan::problem::list(keys.into_iter().flatten().map(|(key, _)| key.as_str()));
    format!("Secret `{}` has no key `{}` yet (there: {there})", reference.name, reference.key)
}
