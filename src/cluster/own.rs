//! The ScoreResource itself: made, kept as it must be, and let go. A consumer is dropped only after a
//! live look at it (decision 1): a cache that is behind must not cost a database.

use std::sync::Arc;

use kube::ResourceExt;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use serde_json::{Value, json};

use super::world::World;
use super::{Error, call, found, status::api};
use crate::api::labels;
use crate::api::names::{SHARED_CLASS, shared_uid};
use crate::api::resource::{InventoryEntry, ScoreResource, ScoreResourceSpec};
use crate::api::workload::ScoreWorkload;
use crate::plan::index::{Known, ResourceKey};
use crate::plan::rule::select::Labels;
use crate::render::drift;
use crate::render::resource::{Bonds, score_resource};
use crate::render::{Manifest, Owner};

/// Brings the ScoreResource to `spec` and `bonds`; `None` while an older one is being deleted.
///
/// # Errors
/// Where the API server refuses or cannot be asked, and where a consumer that would be dropped still
/// holds the resource.
pub async fn keep(
    world: &World,
    key: &ResourceKey,
    spec: &ScoreResourceSpec,
    bonds: &Bonds,
) -> Result<Option<Arc<ScoreResource>>, Error> {
    let manifest = score_resource(&key.namespace, spec, bonds);
    let Some(existing) = world.caches.resources.get(&key.namespace, &manifest.id.name) else {
        return create(world, key, manifest).await.map(Some);
    };
    if existing.spec.uid() != key.uid {
        return Err(taken(key, &existing));
    }
    if existing.metadata.deletion_timestamp.is_some() {
        return Ok(None);
    }
    let now = serde_json::to_value(&*existing).unwrap_or_default();
    if !drift::must_apply(&manifest.body, &now, labels::MANAGER) {
        return Ok(Some(existing));
    }
    check_dropped(world, key, &existing, &bonds.owners).await?;
    let mut body = manifest.body;
    body["metadata"]["uid"] = json!(existing.uid());
    send(world, key, &body).await.map(Some).map_err(Error::or_moved)
}

/// Names hold a hash; two identities may have the same one, by a chance of one in 2⁶⁴ or on purpose.
fn taken(key: &ResourceKey, existing: &ScoreResource) -> Error {
    let action = format!("keeping ScoreResource {}/{}", key.namespace, key.uid.object_name());
    Error::moved(
        action,
        format!("the name is taken by {}: give one of the two another id", existing.spec.uid()),
    )
}

async fn create(world: &World, key: &ResourceKey, manifest: Manifest) -> Result<Arc<ScoreResource>, Error> {
    let mut body = manifest.body;
    body["metadata"]["resourceVersion"] = json!("1");
    let made = send(world, key, &body).await;
    if let Err(error) = &made
        && error.code() == Some(409)
    {
        // Made before a crash, or by another process: the next pass binds to what is there.
        if let Some(there) = read(world, key).await? {
            world.caches.resources.wrote(there);
        }
    }
    made.map_err(Error::or_moved)
}

async fn send(world: &World, key: &ResourceKey, body: &Value) -> Result<Arc<ScoreResource>, Error> {
    let name = key.uid.object_name();
    // Forced: nobody but the operator writes this kind.
    let params = PatchParams::apply(labels::MANAGER).force();
    let api: Api<ScoreResource> = api(&world.client, &key.namespace);
    let action = format!("applying ScoreResource {}/{name}", key.namespace);
    let written = call(action, api.patch(&name, &params, &Patch::Apply(body))).await?;
    world.caches.resources.wrote(written.clone());
    Ok(Arc::new(written))
}

/// Deletes the ScoreResource that nobody needs any more; garbage collection takes its objects, unless
/// they are to be retained.
///
/// # Errors
/// As [`keep`].
pub async fn release(world: &World, key: &ResourceKey) -> Result<(), Error> {
    let name = key.uid.object_name();
    let id = (key.namespace.clone(), name.clone());
    if world.resource(key).is_none() {
        return Ok(());
    }
    let Some(live) = read(world, key).await? else {
        world.caches.resources.forget(&id);
        return Ok(());
    };
    if live.metadata.deletion_timestamp.is_some() || live.spec.uid() != key.uid {
        return Ok(());
    }
    check_dropped(world, key, &live, &[]).await?;
    let only = Preconditions { uid: live.uid(), resource_version: live.resource_version() };
    let api: Api<ScoreResource> = api(&world.client, &key.namespace);
    // As its finalizers say: see `Bonds::stays`.
    let params = DeleteParams::default().preconditions(only);
    let action = format!("deleting ScoreResource {}/{name}", key.namespace);
    found(call(action, api.delete(&name, &params)).await).map_err(Error::or_moved)?;
    if live.finalizers().is_empty() {
        world.caches.resources.forget(&id);
        world.forget_secrets(&live);
    }
    tracing::info!(namespace = key.namespace, resource = %key.uid, "released: nobody needs it any more");
    Ok(())
}

/// Takes a ScoreResource off the owners of its objects: they then outlive it.
///
/// # Errors
/// Where the API server refuses or cannot be asked.
pub async fn disown(
    world: &World,
    namespace: &str,
    owner_uid: &str,
    inventory: &[InventoryEntry],
) -> Result<(), Error> {
    for InventoryEntry { id, .. } in inventory {
        let Some(kind) = world.kinds.resolve(&id.api_version, &id.kind).await? else { continue };
        let Some(live) = world.read(&kind, namespace, &id.name).await? else { continue };
        let references = live.owner_references().to_vec();
        let others: Vec<_> = references.iter().filter(|owner| owner.uid != owner_uid).collect();
        if others.len() == references.len() {
            continue;
        }
        let body = json!({"metadata": {
            "uid": live.uid(), "resourceVersion": live.resource_version(), "ownerReferences": others,
        }});
        let api: Api<DynamicObject> = Api::namespaced_with(world.client.clone(), namespace, &kind.api);
        let params =
            PatchParams { field_manager: Some(labels::MANAGER.to_owned()), ..PatchParams::default() };
        let action = format!("letting go of {id} in {namespace}");
        let written = call(action, api.patch(&id.name, &params, &Patch::Merge(&body))).await?;
        world.wrote(&kind, written).await?;
    }
    Ok(())
}

/// Lets a ScoreResource that is being deleted go: what the operator had to take down for it is gone, or stays.
///
/// # Errors
/// Where the API server refuses or cannot be asked.
pub async fn finish(world: &World, key: &ResourceKey, uid: Option<String>) -> Result<(), Error> {
    let Some(live) = read(world, key).await?.filter(|live| live.uid() == uid) else { return Ok(()) };
    let left: Vec<_> = live.finalizers().iter().filter(|name| *name != labels::CLUSTER_SCOPED).collect();
    // Garbage collection removes its own meanwhile: the list must be the one that was read.
    let metadata = json!({"uid": live.uid(), "resourceVersion": live.resource_version(), "finalizers": left});
    let name = key.uid.object_name();
    let api: Api<ScoreResource> = api(&world.client, &key.namespace);
    let params = PatchParams { field_manager: Some(labels::MANAGER.to_owned()), ..PatchParams::default() };
    let action = format!("removing the finalizer of ScoreResource {}/{name}", key.namespace);
    let patch = Patch::Merge(json!({ "metadata": metadata }));
    match found(call(action.clone(), api.patch(&name, &params, &patch)).await) {
        Err(error) if error.code() == Some(409) => Err(Error::moved(action, "it changed meanwhile")),
        answer => answer.map(|_| ()),
    }
}

async fn read(world: &World, key: &ResourceKey) -> Result<Option<ScoreResource>, Error> {
    let name = key.uid.object_name();
    let api: Api<ScoreResource> = api(&world.client, &key.namespace);
    found(call(format!("reading ScoreResource {}/{name}", key.namespace), api.get(&name)).await)
}

/// Fails if an owner that is about to be dropped still holds the resource.
async fn check_dropped(
    world: &World,
    key: &ResourceKey,
    existing: &ScoreResource,
    owners: &[Owner],
) -> Result<(), Error> {
    for reference in existing.metadata.owner_references.iter().flatten() {
        let kept = owners.iter().any(|owner| owner.uid == reference.uid);
        if !kept && still_holds(world, key, &reference.kind, &reference.name, &reference.uid).await? {
            let action = format!("dropping {} {} from {}", reference.kind, reference.name, key.uid);
            return Err(Error::moved(action, "a live look shows that it still needs the resource"));
        }
    }
    Ok(())
}

async fn still_holds(
    world: &World,
    key: &ResourceKey,
    kind: &str,
    name: &str,
    uid: &str,
) -> Result<bool, Error> {
    match kind {
        "ScoreWorkload" => workload_holds(world, key, name, uid).await,
        "ScoreResource" if key.uid.class == SHARED_CLASS => sharer_holds(world, key, name, uid).await,
        // A dependent that no longer depends: its workload owns the resource too.
        _ => Ok(false),
    }
}

/// A workload holds what its file demands; a file that cannot be read holds all that it had.
async fn workload_holds(world: &World, key: &ResourceKey, name: &str, uid: &str) -> Result<bool, Error> {
    let api: Api<ScoreWorkload> = api(&world.client, &key.namespace);
    let live = found(call(format!("reading ScoreWorkload {}/{name}", key.namespace), api.get(name)).await)?;
    let Some(live) = live.filter(|live| live.uid().as_deref() == Some(uid)) else { return Ok(false) };
    if live.metadata.deletion_timestamp.is_some() {
        return Ok(false);
    }
    let known = Known::new(name, uid, 0, Labels::new(), &live.spec.0);
    Ok(known.valid.is_none() || known.demands().any(|demand| demand.uid == key.uid))
}

async fn sharer_holds(world: &World, key: &ResourceKey, name: &str, uid: &str) -> Result<bool, Error> {
    let api: Api<ScoreResource> = api(&world.client, &key.namespace);
    let live = found(call(format!("reading ScoreResource {}/{name}", key.namespace), api.get(name)).await)?;
    let Some(live) = live.filter(|live| live.uid().as_deref() == Some(uid)) else { return Ok(false) };
    Ok(live.rules().any(|rule| shared_uid(&live.spec.type_, rule) == key.uid && world.may_share(rule)))
}
