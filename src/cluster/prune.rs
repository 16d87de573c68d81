//! Deleting what is no longer wanted: by the inventory and its uids, never by labels (design decision
//! 3), and only after a pass that was whole.

use std::collections::BTreeSet;

use kube::api::{Api, DeleteParams, DynamicObject, Preconditions};

use super::kinds::Kind;
use super::world::World;
use super::{Error, call, found};
use crate::api::resource::{InventoryEntry, ObjectId};
use crate::render::drift;

/// Deletes every entry of the inventory that is not in `wanted` and still ours, and gives the entries
/// that remain: those wanted, and those that are not gone yet.
///
/// # Errors
/// The first delete that failed, with the entries that then remain.
pub async fn all(
    world: &World,
    namespace: &str,
    owner_uid: &str,
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
        match one(world, namespace, owner_uid, &entry).await {
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

/// Whether the object is gone, or was never or is no longer ours.
async fn one(world: &World, namespace: &str, owner_uid: &str, entry: &InventoryEntry) -> Result<bool, Error> {
    let id = &entry.id;
    // A kind that is no longer served has no objects left.
    let Some(kind) = world.kinds.resolve(&id.api_version, &id.kind).await? else { return Ok(true) };
    // A live look before a destructive act: a cache may be behind.
    let Some(live) = world.read(&kind, namespace, &id.name).await? else { return Ok(true) };
    let now = serde_json::to_value(&*live).unwrap_or_default();
    let uid = live.metadata.uid.clone().unwrap_or_default();
    let another = !entry.uid.is_empty() && entry.uid != uid;
    if another || !drift::owned_by(&now, owner_uid) {
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
    let api: Api<DynamicObject> = Api::namespaced_with(world.client.clone(), namespace, &kind.api);
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
