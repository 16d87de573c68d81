//! What a resource, and its Secrets, must outlive: the objects of others that need them to be taken down. Garbage
//! collection keeps an object while any of its owners is there, so these become owners too: the order holds whether
//! or not an operator runs, and without a finalizer of ours.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::json;

use super::Resource;
use crate::api::API_VERSION;
use crate::api::labels::FOREGROUND;
use crate::api::names::SHARED_CLASS;
use crate::api::resource::{InventoryEntry, ObjectId, ObjectScope, ScoreResource};
use crate::api::rule::DeletionPolicy;
use crate::cluster::Error;
use crate::cluster::world::World;
use crate::plan::index::ResourceKey;
use crate::plan::rule::Rule;
use crate::render::cluster_scoped::is_retained;
use crate::render::outlive::is_of_others;
use crate::render::resource::Bonds;

/// What ties a resource to others. `rule` is the one that it is bound to, from now on.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn bonds(
    world: &World,
    key: &ResourceKey,
    rule: Option<&str>,
    seen: &Resource,
) -> Result<Bonds, Error> {
    let rule = rule.and_then(|rule| world.rule(rule));
    let outlived = by_resource(world, key, seen.existing.as_deref()).await?;
    let cleans_up = rule.as_ref().is_some_and(|rule| makes_cluster_scoped(rule, key))
        || has_cluster_scoped(world, key, seen.existing.as_deref()).await?;
    // For good: what depended on something once may be taken out of the file together with it.
    let stayed = seen.existing.as_ref().is_none_or(|it| it.finalizers().iter().any(|it| it == FOREGROUND));
    let stays = stayed && !is_in_order(rule.as_deref(), seen);
    Ok(Bonds { owners: seen.owners.clone(), outlived, stays, cleans_up })
}

/// Whether others must outlive objects of this resource: what it depends on, or its Secrets.
fn is_in_order(rule: Option<&Rule>, seen: &Resource) -> bool {
    let depends = seen.binding.demands.iter().any(|demand| !demand.depends_on.is_empty());
    let kinds = rule.iter().flat_map(|rule| rule.kinds());
    let status = seen.existing.as_ref().and_then(|existing| existing.status.as_ref());
    let made = status.iter().flat_map(|status| &status.inventory).map(|entry| entry.id.api_version.clone());
    depends || kinds.map(|(version, _)| version).chain(made).any(|version| is_of_others(&version))
}

/// The objects of the resources that depend on this one, as far as they are there; also of those that are gone
/// themselves. Of what a rule shares, only objects whose own controller has to take them down: there may be many.
///
/// # Errors
/// Where the API server cannot be asked.
async fn by_resource(
    world: &World,
    key: &ResourceKey,
    existing: Option<&ScoreResource>,
) -> Result<Vec<InventoryEntry>, Error> {
    let mut candidates = of_dependents(world, key);
    candidates.extend(existing.into_iter().flat_map(owning_objects));
    if key.uid.class == SHARED_CLASS {
        candidates.retain(|_, entry| is_of_others(&entry.id.api_version));
    }
    present(world, &key.namespace, candidates.into_values()).await
}

/// The objects of a resource that somebody else's controller takes down, as far as they are there: it may need the
/// resource's Secrets for that.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn by_secrets(
    world: &World,
    namespace: &str,
    inventory: &[InventoryEntry],
) -> Result<Vec<InventoryEntry>, Error> {
    let taken_down = inventory.iter().filter(|entry| is_of_others(&entry.id.api_version)).cloned();
    present(world, namespace, taken_down).await
}

/// Those objects of an inventory that go with their owner and are still there.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn left(
    world: &World,
    namespace: &str,
    inventory: &[InventoryEntry],
) -> Result<Vec<Arc<DynamicObject>>, Error> {
    let mut found = Vec::new();
    for entry in inventory {
        found.extend(live(world, namespace, entry).await?.filter(|live| goes(live)));
    }
    Ok(found)
}

fn of_dependents(world: &World, key: &ResourceKey) -> BTreeMap<String, InventoryEntry> {
    let uids = world.index().dependents(key);
    let get = |name: &str| world.caches.resources.get(&key.namespace, name);
    let mut dependents: Vec<_> = uids.iter().filter_map(|uid| get(&uid.object_name())).collect();
    let existing = get(&key.uid.object_name());
    let owners = existing.iter().flat_map(|found| found.owner_references().iter());
    dependents
        .extend(owners.filter(|owner| owner.kind == "ScoreResource").filter_map(|owner| get(&owner.name)));
    let inventories =
        dependents.iter().filter_map(|found| found.status.as_ref()).flat_map(|status| &status.inventory);
    let known = inventories.filter(|entry| !entry.uid.is_empty());
    known.map(|entry| (entry.uid.clone(), entry.clone())).collect()
}

/// The owners that are objects of others.
fn owning_objects(existing: &ScoreResource) -> impl Iterator<Item = (String, InventoryEntry)> {
    let others = existing.owner_references().iter().filter(|owner| owner.api_version != API_VERSION);
    others.map(|owner| {
        let id = ObjectId {
            api_version: owner.api_version.clone(),
            kind: owner.kind.clone(),
            name: owner.name.clone(),
        };
        (owner.uid.clone(), InventoryEntry { id, uid: owner.uid.clone() })
    })
}

/// Those that are there and will go with their owner: what a rule retains holds up nothing.
async fn present(
    world: &World,
    namespace: &str,
    entries: impl Iterator<Item = InventoryEntry>,
) -> Result<Vec<InventoryEntry>, Error> {
    let mut found = Vec::new();
    for entry in entries {
        let live = live(world, namespace, &entry).await?;
        if live.is_some_and(|live| goes(&live)) {
            found.push(entry);
        }
    }
    found.sort();
    Ok(found)
}

/// Whether objects in no namespace were made for a resource that go with it, and are there.
async fn has_cluster_scoped(
    world: &World,
    key: &ResourceKey,
    existing: Option<&ScoreResource>,
) -> Result<bool, Error> {
    for entry in existing.iter().flat_map(|found| &found.status).flat_map(|status| &status.inventory) {
        let Some(kind) = world.kinds.resolve(&entry.id.api_version, &entry.id.kind).await? else { continue };
        if kind.scope == ObjectScope::Cluster
            && world.object(&kind, &key.namespace, &entry.id.name).await?.is_some_and(|live| goes(&live))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a rule makes objects in no namespace that go with the resource.
fn makes_cluster_scoped(rule: &Rule, key: &ResourceKey) -> bool {
    let part = if key.uid.class == SHARED_CLASS { &rule.shared } else { &rule.manifests };
    rule.deletion_policy == DeletionPolicy::Delete
        && part.iter().any(|manifest| manifest.scope == ObjectScope::Cluster)
}

/// Whether an object goes with what it was made for.
fn goes(live: &DynamicObject) -> bool {
    live.metadata.deletion_timestamp.is_some()
        || !live.owner_references().is_empty()
        || (live.namespace().is_none() && !is_retained(&json!(live)))
}

async fn live(
    world: &World,
    namespace: &str,
    entry: &InventoryEntry,
) -> Result<Option<Arc<DynamicObject>>, Error> {
    let id = &entry.id;
    let Some(kind) = world.kinds.resolve(&id.api_version, &id.kind).await? else { return Ok(None) };
    let found = world.object(&kind, namespace, &id.name).await?;
    Ok(found.filter(|found| found.uid().as_ref() == Some(&entry.uid)))
}
