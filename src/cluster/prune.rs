//! Deleting what is no longer wanted: by the inventory and its uids, never by labels (design decision
//! 3), and only after a pass that was whole.

use std::collections::BTreeSet;

use kube::api::{DeleteParams, Preconditions};

use super::kinds::Kind;
use super::world::World;
use super::{Error, call, found, refusal};
use crate::api::resource::{InventoryEntry, ObjectId, ObjectScope};
use crate::render::Whose;
use crate::status::Refusal;

/// Deletes every entry of the inventory that is not in `wanted` and still ours, and gives the entries
/// that remain: those wanted, and those that are not gone yet.
///
/// # Errors
/// The first delete that failed, with the entries that then remain.
pub async fn all(
    world: &World,
    whose: Whose<'_>,
    inventory: Vec<InventoryEntry>,
    wanted: &BTreeSet<&ObjectId>,
) -> (Vec<InventoryEntry>, Option<Error>) {
    let mut remaining = Vec::new();
    let mut failed = None;
    for entry in inventory {
        if wanted.contains(&entry.id) || failed.is_some() {
            remaining.push(entry);
            continue;
        }
        match one(world, whose, &entry).await {
            Ok(true) => {}
            Ok(false) => remaining.push(entry),
            Err(error) => {
                remaining.push(entry);
                failed = Some(error);
            }
        }
    }
    (remaining, failed)
}

/// What is left of objects that were to be deleted.
#[derive(Debug, Default)]
pub struct Rest {
    /// Those that are not gone yet.
    pub entries: Vec<InventoryEntry>,
    /// Which of them may not be deleted, and why.
    pub refusals: Vec<Refusal>,
}

/// Deletes the objects of an inventory that live in no namespace, as garbage collection does not. One that cannot be
/// deleted does not hold up the others.
///
/// # Errors
/// The first delete that failed, after all were tried.
pub async fn cluster_scoped(
    world: &World,
    whose: Whose<'_>,
    inventory: &[InventoryEntry],
) -> Result<Rest, Error> {
    let mut rest = Rest::default();
    let mut failed = None;
    for entry in inventory {
        match of_cluster(world, whose, entry).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => match refusal::of(&error, &entry.id) {
                Some(refusal) => rest.refusals.push(refusal),
                None => failed = failed.or(Some(error)),
            },
        }
        rest.entries.push(entry.clone());
    }
    failed.map_or(Ok(rest), Err)
}

/// Whether nothing is left to do about an object: also where it lives in a namespace.
async fn of_cluster(world: &World, whose: Whose<'_>, entry: &InventoryEntry) -> Result<bool, Error> {
    match world.kinds.resolve(&entry.id.api_version, &entry.id.kind).await? {
        Some(kind) if kind.scope == ObjectScope::Cluster => one(world, whose, entry).await,
        _ => Ok(true),
    }
}

/// Whether the object is gone, or was never or is no longer ours.
async fn one(world: &World, whose: Whose<'_>, entry: &InventoryEntry) -> Result<bool, Error> {
    let (id, namespace) = (&entry.id, whose.namespace);
    // A kind that is no longer served has no objects left.
    let Some(kind) = world.kinds.resolve(&id.api_version, &id.kind).await? else { return Ok(true) };
    // A live look before a destructive act: a cache may be behind.
    let Some(live) = world.read(&kind, namespace, &id.name).await? else { return Ok(true) };
    let now = serde_json::to_value(&*live).unwrap_or_default();
    let uid = live.metadata.uid.clone().unwrap_or_default();
    let another = !entry.uid.is_empty() && entry.uid != uid;
    if another || !whose.takes(&now) {
        return Ok(true);
    }
    if live.metadata.deletion_timestamp.is_some() {
        return Ok(false);
    }
    delete(world, &kind, namespace, &id.name, uid).await
}

/// Deletes an object if it still has this uid. Whether it is gone at once.
///
/// # Errors
/// Where the API server refuses or cannot be asked.
pub async fn delete(
    world: &World,
    kind: &Kind,
    namespace: &str,
    name: &str,
    uid: String,
) -> Result<bool, Error> {
    let api = kind.objects(&world.client, namespace);
    let only = Preconditions { uid: Some(uid), resource_version: None };
    let params = DeleteParams::background().preconditions(only);
    let action = format!("deleting {} {namespace}/{name}", kind.api.kind);
    match found(call(action, api.delete(name, &params)).await) {
        Ok(_) => {
            tracing::info!(namespace, kind = kind.api.kind, name, "deleted");
            world.deleted(kind, namespace, name);
            world.read(kind, namespace, name).await.map(|left| left.is_none())
        }
        // Another object has the name now: ours is gone.
        Err(error) if error.code() == Some(409) => Ok(true),
        Err(error) => Err(error),
    }
}
