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
    let missing = missing_secrets(world, namespace, &wanted).await?;
    if !missing.is_empty() {
        let wait = |what| Awaited::new(Reason::WaitingForSecret, what);
        return Ok(Err(missing.into_iter().map(wait).collect()));
    }
    if wanted.is_empty() {
        return Ok(Ok(SecretValues::default()));
    }
    let mut values = BTreeMap::new();
    for reference in wanted {
        let secret = world.secrets.get(namespace, &reference.name).await?;
        let text = secret.and_then(|secret| secret.data["data"][&reference.key].as_str().map(str::to_owned));
        values.insert(reference, STANDARD.decode(text.unwrap_or_default()).unwrap_or_default());
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
        let mut secret = world.secrets.get(namespace, &reference.name).await?;
        if secret.as_ref().is_some_and(|secret| !has_key(secret, &reference.key)) {
            // What was remembered may be older than the key that is awaited.
            secret = world.secrets.read(namespace, &reference.name).await?;
        }
        match secret {
            None => missing.push(format!(
                "Secret `{}` does not exist yet (its key `{}` is awaited)",
                reference.name, reference.key
            )),
            Some(secret) if !has_key(&secret, &reference.key) => missing.push(lacks(&secret, reference)),
            Some(_) => {}
        }
    }
    Ok(missing)
}

fn has_key(secret: &kube::api::DynamicObject, key: &str) -> bool {
    secret.data["data"].get(key).is_some()
}

fn lacks(secret: &kube::api::DynamicObject, reference: &SecretRef) -> String {
    let keys = secret.data["data"].as_object();
    let there = crate::plan::problem::list(keys.into_iter().flatten().map(|(key, _)| key.as_str()));
    format!("Secret `{}` has no key `{}` yet (there: {there})", reference.name, reference.key)
}
