//! The controller of `ScoreResources`: observe → bind → evaluate → apply → ready? → outputs → status.
//! The one writer of a resource, keyed by its identity and computed from all workloads of its
//! namespace (decision 1).

use std::sync::Arc;

use super::pass::{self, Done, Next};
use super::provision;
use super::report::{Found, Pass, publish};
use super::retire;
use crate::api::conditions::Reason;
use crate::api::resource::{ScoreResource, ScoreResourceStatus};
use crate::cluster::observe::{self, outlive};
use crate::cluster::world::World;
use crate::cluster::{Error, own, status as write};
use crate::plan::binding::{Binding, bind};
use crate::plan::index::ResourceKey;
use crate::plan::problem::Awaited;
use crate::status::Outcome;

/// How many attempts may fail before it shows.
const SHOWN_AFTER: u32 = 2;

/// One pass over a resource.
///
/// # Errors
/// Where the API server cannot be asked; the queue tries again.
pub async fn reconcile(world: Arc<World>, key: ResourceKey, failed: u32) -> Result<Done, Error> {
    if !observe::is_settled(&world) {
        // Rules that nobody has read yet must not look as if there were none.
        return Ok(Done { next: Next::Retry });
    }
    let mut seen = observe::resource(&world, &key); // reads caches
    if let Some(going) = seen.existing.clone().filter(|found| found.metadata.deletion_timestamp.is_some()) {
        return retire::watch_go(&pass_over(&world, &key, &going, &seen)).await; // writes, if it differs
    }
    if let Some(frozen) = seen.existing.clone().filter(|existing| pass::is_suspended(&**existing)) {
        return freeze(&world, &key, &frozen, &seen).await; // writes
    }
    if let Some(existing) = seen.existing.as_ref().filter(|existing| world.is_poked(&***existing)) {
        world.forget_secrets(existing);
    }
    observe::retained_guid(&world, &key, &mut seen.binding).await?; // reads a Secret, if the rule retains
    let Binding::Keep { spec, .. } = bind(&seen.binding) else {
        return part(&world, &key, &seen).await; // writes
    };
    let bonds = outlive::bonds(&world, &key, spec.rule.as_deref(), &seen).await?;
    let Some(resource) = own::keep(&world, &key, &spec, &bonds).await? else {
        return Ok(Done { next: Next::Retry });
    };
    let pass = pass_over(&world, &key, &resource, &seen);
    let found = provision::provision(&pass).await; // evaluates (pure), applies (writes), judges (pure)
    let found = found.or_else(|error| lasting(&pass, error, failed))?;
    finish(&pass, found, failed).await // writes, if it differs
}

/// What is in the way for a moment is not worth a word; what stays in the way is.
fn lasting(pass: &Pass<'_>, error: Error, failed: u32) -> Result<Found, Error> {
    if !error.is_moved() || failed < SHOWN_AFTER {
        return Err(error);
    }
    let awaited = Awaited::new(Reason::Progressing, error.to_string());
    Ok(Found { error: Some(error), ..Found::stopped(pass, Outcome::Waiting(vec![awaited])) })
}

/// Nobody needs it, or nobody ever did.
async fn part(world: &World, key: &ResourceKey, seen: &observe::Resource) -> Result<Done, Error> {
    let Some(existing) = &seen.existing else {
        retire::tell_of_orphans(world, key).await;
        return Ok(Done::NOTHING);
    };
    let bonds = outlive::bonds(world, key, existing.spec.rule.as_deref(), seen).await?;
    retire::let_go(&pass_over(world, key, existing, seen), bonds).await
}

fn pass_over<'a>(
    world: &'a World,
    key: &'a ResourceKey,
    resource: &'a ScoreResource,
    seen: &'a observe::Resource,
) -> Pass<'a> {
    Pass { world, key, resource, seen, before: resource.status.clone().unwrap_or_default() }
}

/// Leaves everything as it is, and says so. Consumers that come are still written down: whoever owned it alone
/// must not take it along.
async fn freeze(
    world: &World,
    key: &ResourceKey,
    resource: &ScoreResource,
    seen: &observe::Resource,
) -> Result<Done, Error> {
    if !seen.owners.is_empty() {
        let bonds = outlive::bonds(world, key, resource.spec.rule.as_deref(), seen).await?;
        own::keep(world, key, &resource.spec, &bonds).await?;
    }
    let before = resource.status.clone().unwrap_or_default();
    if let Some(conditions) = pass::frozen(world, resource, &before.conditions) {
        let after = ScoreResourceStatus { conditions, ..before.clone() };
        write::resource(world, resource, &before.conditions, &after).await?;
    }
    Ok(Done::NOTHING)
}

async fn finish(pass: &Pass<'_>, found: Found, failed: u32) -> Result<Done, Error> {
    if let Some(error) = found.error {
        // An error that lasts is shown; the first one is not worth a transition.
        if failed >= SHOWN_AFTER {
            let shown = match found.outcome {
                Outcome::Error(message) if error.is_moved() => {
                    let awaited = Awaited::new(Reason::Progressing, message);
                    Found { outcome: Outcome::Waiting(vec![awaited]), error: None, ..found }
                }
                outcome => Found { outcome, error: None, ..found },
            };
            publish(pass, &shown).await?;
        }
        return Err(error);
    }
    publish(pass, &found).await?;
    let resync = provision::reads_secrets(pass).then(|| pass::resync(pass.world, &pass.key.uid));
    Ok(Done { next: pass::next(&found.outcome, resync) })
}
