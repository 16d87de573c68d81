//! Writing a status: once per pass, only when it differs, and to the object of the uid that was read.

use std::fmt::Debug;

use kube::api::{Api, Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::{Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::world::World;
use super::{Error, call};
use crate::api::conditions::Condition;
use crate::api::labels;
use crate::api::resource::{ScoreResource, ScoreResourceStatus};
use crate::api::rule::{ProvisionerRule, ProvisionerRuleStatus};
use crate::api::workload::{ScoreWorkload, ScoreWorkloadStatus};
use crate::plan::score::literals;

/// Writes the status of a workload and tells of its transition.
///
/// # Errors
/// Where the API server refuses or cannot be asked.
pub async fn workload(
    world: &World,
    object: &ScoreWorkload,
    before: &ScoreWorkloadStatus,
    after: &ScoreWorkloadStatus,
) -> Result<(), Error> {
    let api = api(&world.client, &object.namespace().unwrap_or_default());
    if let Some(written) = write(api, object, after).await? {
        world.caches.workloads.wrote(written);
        world.events.transition(object, &before.conditions, &after.conditions).await;
        if before.observed_generation != after.observed_generation {
            warn(world, object).await;
        }
    }
    Ok(())
}

/// Once per generation: placeholders that stay as they are (H09).
async fn warn(world: &World, object: &ScoreWorkload) {
    let known = world.index().get(&object.namespace().unwrap_or_default(), &object.name_any());
    let notes = known.and_then(|known| known.valid.as_ref().map(|valid| literals(&valid.score)));
    if let Some(notes) = notes.filter(|notes| !notes.is_empty()) {
        world.events.warn(object, "NotExpanded", &notes).await;
    }
}

/// Writes the status of a resource and tells of its transition.
///
/// # Errors
/// Where the API server refuses or cannot be asked.
pub async fn resource(
    world: &World,
    object: &ScoreResource,
    before: &[Condition],
    after: &ScoreResourceStatus,
) -> Result<(), Error> {
    let api = api(&world.client, &object.namespace().unwrap_or_default());
    if let Some(written) = write(api, object, after).await? {
        world.caches.resources.wrote(written);
        world.events.transition(object, before, &after.conditions).await;
    }
    Ok(())
}

/// Writes the status of a rule and tells of its transition.
///
/// # Errors
/// Where the API server refuses or cannot be asked.
pub async fn rule(
    world: &World,
    object: &ProvisionerRule,
    before: &[Condition],
    after: &ProvisionerRuleStatus,
) -> Result<(), Error> {
    if let Some(written) = write(Api::all(world.client.clone()), object, after).await? {
        let is_new =
            object.status.as_ref().is_none_or(|old| old.observed_generation != after.observed_generation);
        world.caches.rules.wrote(written);
        world.events.transition(object, before, &after.conditions).await;
        let rule = world.rule(&object.name_any());
        let unused = rule.iter().flat_map(|rule| rule.unused.iter().map(|found| found.message.clone()));
        let unused: Vec<_> = unused.collect();
        // Once per generation.
        if is_new && !unused.is_empty() {
            world.events.warn(object, "Unused", &unused).await;
        }
    }
    Ok(())
}

/// Writes the status of an object of ours and gives the object that results; `None` where the object
/// is gone or was made anew, which is no error: another pass speaks of the new one.
///
/// # Errors
/// Where the API server refuses or cannot be asked.
async fn write<K, S>(api: Api<K>, object: &K, status: &S) -> Result<Option<K>, Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
    K::DynamicType: Default,
    S: Serialize,
{
    let name = object.name_any();
    let kind = K::kind(&K::DynamicType::default()).into_owned();
    let patch = json!({
        "apiVersion": K::api_version(&K::DynamicType::default()),
        "kind": kind,
        "metadata": {"name": name, "uid": object.uid()},
        "status": status,
    });
    // Forced: nobody but the operator writes these statuses.
    let params = PatchParams::apply(labels::STATUS_MANAGER).force();
    let action = format!("writing the status of {kind} {name}");
    match call(action, api.patch_status(&name, &params, &Patch::Apply(&patch))).await {
        Ok(object) => Ok(Some(object)),
        Err(error) if matches!(error.code(), Some(404 | 409)) => Ok(None),
        Err(error) if error.code() == Some(422) && is_other_uid(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_other_uid(error: &Error) -> bool {
    let causes = error.status().and_then(|status| status.details.as_ref()).map(|details| &details.causes);
    causes.is_some_and(|causes| causes.iter().any(|cause| cause.field == "metadata.uid"))
}

/// The API of a namespaced kind of ours.
#[must_use]
pub fn api<K>(client: &Client, namespace: &str) -> Api<K>
where
    K: Resource<Scope = NamespaceResourceScope>,
    K::DynamicType: Default,
{
    Api::namespaced(client.clone(), namespace)
}
