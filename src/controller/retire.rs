//! The end of a ScoreResource: it stays until its objects are gone, and says which of them hold it up.

use std::sync::Arc;

use kube::ResourceExt;
use kube::api::DynamicObject;

use super::pass::{Done, Next};
use super::report::{Found, Pass, publish};
use crate::api::conditions::Reason;
use crate::api::labels;
use crate::api::rule::DeletionPolicy;
use crate::cluster::observe::{self, outlive};
use crate::cluster::prune::{self, Rest};
use crate::cluster::world::World;
use crate::cluster::{Error, own};
use crate::plan::index::ResourceKey;
use crate::plan::problem::Awaited;
use crate::render::Whose;
use crate::render::resource::Bonds;
use crate::status::{Outcome, Refusal};

/// One pass over a resource that is being deleted. Garbage collection takes its objects, but for those in no namespace;
/// of all of them is said what it waits for.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn watch_go(pass: &Pass<'_>) -> Result<Done, Error> {
    let refused = take_down(pass).await?;
    let left = outlive::left(pass.world, &pass.key.namespace, &pass.before.inventory).await?;
    let said = refused.iter().map(not_deleted).chain(left.iter().map(held_up_by));
    let awaited: Vec<_> = said.map(|message| Awaited::new(Reason::Deleting, message)).collect();
    if !awaited.is_empty() {
        publish(pass, &Found::stopped(pass, Outcome::Waiting(awaited))).await?;
    }
    // Secrets are not watched.
    Ok(Done { next: Next::Retry })
}

/// Deletes the objects that garbage collection does not take, and lets the resource go when they are gone; what may not
/// be deleted. Whoever removes the finalizer by hand wants them to stay, and so does a rule that retains.
async fn take_down(pass: &Pass<'_>) -> Result<Vec<Refusal>, Error> {
    let Pass { world, key, resource, .. } = pass;
    if !resource.finalizers().iter().any(|name| name == labels::CLUSTER_SCOPED) {
        return Ok(Vec::new());
    }
    let owner_uid = resource.uid().unwrap_or_default();
    let whose = Whose { namespace: &key.namespace, owner_uid: &owner_uid, resource: Some(&resource.spec) };
    let rest = match observe::policy(world, &resource.spec) {
        Some(DeletionPolicy::Retain) => Rest::default(),
        _ => prune::cluster_scoped(world, whose, &pass.before.inventory).await?,
    };
    if rest.entries.is_empty() {
        own::finish(world, key, resource.uid()).await?;
    }
    Ok(rest.refusals)
}

fn not_deleted(refusal: &Refusal) -> String {
    format!("being deleted: {} cannot be deleted: {}", refusal.object, refusal.message)
}

/// What an object that is still there waits for.
fn held_up_by(object: &Arc<DynamicObject>) -> String {
    let kind = object.types.as_ref().map_or("object", |types| &types.kind);
    let name = object.name_any();
    let look = format!("see `kubectl describe {} {name}`", kind.to_lowercase());
    let finalizers =
        object.finalizers().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (&object.metadata.deletion_timestamp, finalizers.as_str()) {
        (None, _) => format!("being deleted: {kind} `{name}` is next; {look}"),
        (Some(since), "") => {
            format!("being deleted: waits for {kind} `{name}`, deleted since {}; {look}", since.0)
        }
        (Some(since), all) => format!(
            "being deleted: waits for {kind} `{name}`, deleted since {}: whoever set its finalizer {all} has not removed it yet; {look}, and is its controller running?",
            since.0
        ),
    }
}

/// Lets go of a resource that nobody needs: at once, or when what depended on it is gone.
///
/// # Errors
/// Where the API server refuses or cannot be asked.
pub async fn let_go(pass: &Pass<'_>, bonds: Bonds) -> Result<Done, Error> {
    if bonds.outlived.is_empty() {
        own::release(pass.world, pass.key).await?;
        return Ok(Done::NOTHING);
    }
    // From now on these alone own it: with the last of them garbage collection takes it.
    let bonds = Bonds { owners: Vec::new(), ..bonds };
    own::keep(pass.world, pass.key, &pass.resource.spec, &bonds).await?;
    let left = outlive::left(pass.world, &pass.key.namespace, &bonds.outlived).await?;
    let message = |object: &_| format!("nobody needs it any more; {}", held_up_by(object));
    let awaited = left.iter().map(|object| Awaited::new(Reason::Deleting, message(object))).collect();
    publish(pass, &Found::stopped(pass, Outcome::Waiting(awaited))).await?;
    Ok(Done::NOTHING)
}

/// Tells of objects that outlive their resource, as somebody's finalizer holds them: there is nobody else left to say
/// it.
pub async fn tell_of_orphans(world: &World, key: &ResourceKey) {
    for object in world.objects.about(&key.namespace, &key.uid) {
        if object.metadata.deletion_timestamp.is_some() && !object.finalizers().is_empty() {
            let note = format!("resource {} is gone; {}", key.uid, held_up_by(&object));
            world.events.warn_of(&object, &Reason::Deleting.as_str(), &note).await;
        }
    }
}
