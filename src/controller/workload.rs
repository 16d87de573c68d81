//! The controller of `ScoreWorkloads`: observe → plan → render → apply → status.

use std::collections::BTreeSet;
use std::sync::Arc;

use kube::ResourceExt;

use super::pass::{self, Carried, Done, carry_out};
use crate::api::resource::InventoryEntry;
use crate::api::workload::{ScoreWorkload, ScoreWorkloadStatus};
use crate::cluster::cache::Key;
use crate::cluster::world::World;
use crate::cluster::{Error, observe, status as write};
use crate::plan::Plan;
use crate::plan::patch::Read;
use crate::plan::workload::{Workload, WorkloadInputs, plan};
use crate::render::{self, Whose};
use crate::status::{self, Outcome};

/// One pass over a workload.
///
/// # Errors
/// Where the API server cannot be asked; the queue tries again.
pub async fn reconcile(world: Arc<World>, key: Key, failed: u32) -> Result<Done, Error> {
    let Some(workload) = world.caches.workloads.get(&key.0, &key.1) else { return Ok(Done::NOTHING) };
    if workload.metadata.deletion_timestamp.is_some() {
        // Garbage collection follows the owner references: there is nothing left to do (X44).
        return Ok(Done::NOTHING);
    }
    if pass::is_suspended(&*workload) {
        return freeze(&world, &workload).await; // writes, if it differs
    }
    if world.is_poked(&*workload) {
        world.forget_read_by(&key);
    }
    let inputs = observe::workload(&world, &workload).await?; // reads caches
    let before = workload.status.clone().unwrap_or_default();
    let Found { outcome, inventory, announced, reads_secrets, error } =
        match plan(&inputs).and_then(render::fits) {
            // pure, as is rendering
            Plan::Rejected(problems) => Found::unchanged(Outcome::Rejected(problems), &before),
            Plan::Pending(awaited) => Found::unchanged(Outcome::Waiting(awaited), &before),
            Plan::Ready(resolved) => apply(&world, &workload, &inputs, &before, &resolved).await?, // writes
        };
    if let Some(error) = error {
        return Err(after_error(&world, &workload, &inputs, inventory, error, failed).await);
    }
    if pass::is_soon_old(announced, &outcome) {
        return Ok(Done { next: pass::SOON });
    }
    publish(&world, &workload, &inputs, &outcome, inventory).await?; // writes, if it differs
    Ok(Done { next: pass::next(&outcome, reads_secrets.then(|| pass::resync(&world, &key))) })
}

/// Leaves everything as it is, and says so.
async fn freeze(world: &World, workload: &ScoreWorkload) -> Result<Done, Error> {
    let before = workload.status.clone().unwrap_or_default();
    if let Some(conditions) = pass::frozen(world, workload, &before.conditions) {
        let after = ScoreWorkloadStatus { conditions, ..before.clone() };
        write::workload(world, workload, &before, &after).await?;
    }
    Ok(Done::NOTHING)
}

/// What a pass has found out, before the status is computed.
struct Found {
    outcome: Outcome,
    inventory: Vec<InventoryEntry>,
    announced: bool,
    /// Whether Secrets were read, which no watch brings.
    reads_secrets: bool,
    error: Option<Error>,
}

impl Found {
    /// Nothing was applied: what is there stays.
    fn unchanged(outcome: Outcome, before: &ScoreWorkloadStatus) -> Self {
        Self {
            outcome,
            inventory: before.inventory.clone(),
            announced: false,
            reads_secrets: false,
            error: None,
        }
    }
}

/// Renders, writes the names of new objects into the inventory, then applies.
async fn apply(
    world: &World,
    workload: &ScoreWorkload,
    inputs: &WorkloadInputs,
    before: &ScoreWorkloadStatus,
    resolved: &Workload,
) -> Result<Found, Error> {
    let read: BTreeSet<_> = resolved.secrets().into_iter().map(Read::from).chain(resolved.reads()).collect();
    let reads_secrets = !read.is_empty();
    world.pods_read(&(inputs.namespace.clone(), inputs.name.clone()), &read);
    let secrets = match observe::pod_values(world, resolved).await? {
        Ok(secrets) => secrets,
        Err(awaited) => return Ok(Found::unchanged(Outcome::Waiting(awaited), before)),
    };
    let manifests = render::workload(resolved, &secrets);
    let announced = pass::announced(&manifests, &before.inventory);
    if let Some(announced) = &announced {
        publish(world, workload, inputs, &Outcome::Applying, announced.clone()).await?;
    }
    let inventory = announced.as_ref().unwrap_or(&before.inventory);
    let whose = Whose { namespace: &inputs.namespace, owner_uid: &inputs.uid, resource: None };
    let carried = carry_out(world, whose, &manifests, inventory, |_| false).await;
    let Carried { outcome, inventory, live: _, error } = carried;
    Ok(Found { outcome, inventory, announced: announced.is_some(), reads_secrets, error })
}

/// An error that lasts is shown; the first one is not worth a transition.
async fn after_error(
    world: &World,
    workload: &ScoreWorkload,
    inputs: &WorkloadInputs,
    inventory: Vec<InventoryEntry>,
    error: Error,
    failed: u32,
) -> Error {
    if failed >= 2 && !error.is_moved() {
        let outcome = Outcome::Error(error.to_string());
        if let Err(also) = publish(world, workload, inputs, &outcome, inventory).await {
            tracing::debug!(%also, "the error could not be shown in the status");
        }
    }
    error
}

/// Writes the status if it differs, and an event if `Ready` changed.
async fn publish(
    world: &World,
    workload: &ScoreWorkload,
    inputs: &WorkloadInputs,
    outcome: &Outcome,
    inventory: Vec<InventoryEntry>,
) -> Result<(), Error> {
    let newest = world.caches.workloads.get(&inputs.namespace, &inputs.name);
    let newest = newest.filter(|newest| newest.uid() == workload.uid());
    let before = newest.and_then(|newest| newest.status.clone()).unwrap_or_default();
    let now = (world.environment.now)();
    let after = status::workload::compute(inputs, outcome, &before, inventory, &now);
    if after == before {
        return Ok(());
    }
    write::workload(world, workload, &before, &after).await
}
