//! What the passes of workloads and resources have in common: carrying a plan out, judging what came
//! of it, and saying when to look again.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::json;

use crate::api::conditions::{Condition, Reason};
use crate::api::labels;
use crate::api::resource::{InventoryEntry, ObjectId};
use crate::cluster::world::World;
use crate::cluster::{Error, apply, prune};
use crate::plan::problem::Awaited;
use crate::render::{Manifests, Whose};
use crate::status::outcome::availability;
use crate::status::{Outcome, Refusal, suspended};

/// When an object is looked at again, if nothing wakes it before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    /// Only when something changes.
    Change,
    /// Then.
    After(Duration),
    /// Soon, and with backoff: what is awaited cannot be watched.
    Retry,
}

/// A pass that came to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Done {
    /// When to look again.
    pub next: Next,
}

impl Done {
    /// Nothing more to do until something changes.
    pub const NOTHING: Self = Self { next: Next::Change };
}

/// What came of carrying a plan out.
pub struct Carried {
    /// How far it came.
    pub outcome: Outcome,
    /// What is ours now.
    pub inventory: Vec<InventoryEntry>,
    /// The objects as they are now.
    pub live: BTreeMap<ObjectId, Arc<DynamicObject>>,
    /// The error that the next attempt may not meet.
    pub error: Option<Error>,
}

/// Applies all manifests, then prunes what is no longer wanted: only when the plan was whole, which the
/// caller knows, and every apply succeeded, which is seen here. `keeps` names what is not pruned although
/// no manifest of now makes it.
pub async fn carry_out(
    world: &World,
    whose: Whose<'_>,
    manifests: &Manifests,
    before: &[InventoryEntry],
    keeps: impl Fn(&ObjectId) -> bool,
) -> Carried {
    let report = apply::all(world, manifests).await;
    let mut inventory = report.inventory(manifests, before);
    let mut error = report.error;
    let mut outcome = judged(&report.live);
    if error.is_none() && report.refusals.is_empty() {
        let running_on = outcome != Outcome::Ready;
        let old = before.iter().map(|entry| &entry.id);
        let kept = old.filter(|id| keeps(id) || (running_on && is_mounted(id)));
        let wanted = manifests.ids().chain(kept).collect();
        (inventory, error) = prune::all(world, whose, inventory, &wanted).await;
    }
    if let Some(error) = &error {
        outcome = Outcome::Error(error.to_string());
    } else if !report.refusals.is_empty() {
        outcome = Outcome::Refused(report.refusals);
    }
    Carried { outcome, inventory, live: report.live, error }
}

/// Kinds that pods mount: the old pods need them until the new ones have taken over.
fn is_mounted(id: &ObjectId) -> bool {
    matches!(id.kind.as_str(), "ConfigMap" | "Secret" | "PersistentVolumeClaim")
}

/// Whether the objects work.
fn judged(live: &BTreeMap<ObjectId, Arc<DynamicObject>>) -> Outcome {
    let live: Vec<_> = live.iter().map(|(id, object)| (id, json!(**object))).collect();
    availability(live.iter().map(|(id, object)| (*id, object)))
}

/// The inventory with the names of all manifests in it, if some are missing: it is written before the
/// first of them is created (decision 2).
#[must_use]
pub fn announced(manifests: &Manifests, inventory: &[InventoryEntry]) -> Option<Vec<InventoryEntry>> {
    let known: BTreeSet<_> = inventory.iter().map(|entry| &entry.id).collect();
    let new = manifests.ids().filter(|id| !known.contains(id));
    let new: Vec<_> = new.map(|id| InventoryEntry { id: id.clone(), uid: String::new() }).collect();
    if new.is_empty() {
        return None;
    }
    let mut all = [inventory, &new].concat();
    all.sort();
    Some(all)
}

/// Whether a pass that has just announced and made objects may leave the next word to the pass that
/// their own controllers wake within moments: it spares a write per object.
#[must_use]
pub fn is_soon_old(announced: bool, outcome: &Outcome) -> bool {
    announced
        && matches!(outcome, Outcome::Unavailable(awaited) if awaited.iter().all(|found| found.reason == Reason::WaitingForObjects))
}

/// When that word is due in any case.
pub const SOON: Next = Next::After(Duration::from_secs(1));

/// Whether somebody froze an object (decision 17).
#[must_use]
pub fn is_suspended(object: &impl ResourceExt) -> bool {
    object.annotations().get(labels::SUSPEND).is_some_and(|value| value == "true")
}

/// The conditions of a frozen object, from those `before`; `None` where they say so already.
#[must_use]
pub fn frozen(world: &World, object: &impl ResourceExt, before: &[Condition]) -> Option<Vec<Condition>> {
    let generation = object.meta().generation.unwrap_or_default();
    let now = (world.environment.now)();
    let after = suspended::conditions(before, generation, &now);
    (after != before).then_some(after)
}

/// When what was read of Secrets is looked at again: after a tenth more at most, by name, so that not all are
/// read at once. Not before: what is younger is still trusted.
#[must_use]
pub fn resync(world: &World, object: &impl Hash) -> Duration {
    let mut hasher = DefaultHasher::new();
    object.hash(&mut hasher);
    let part = u32::try_from(hasher.finish() % 1000).unwrap_or_default();
    world.resync + world.resync * part / 10_000
}

/// When to look again: what no watch brings is looked for with backoff.
#[must_use]
pub fn next(outcome: &Outcome, resync: Option<Duration>) -> Next {
    use Reason::{AlreadyExists, WaitingForConfigMap, WaitingForSecret};
    let unwatched =
        |found: &Awaited| matches!(found.reason, WaitingForSecret | WaitingForConfigMap | AlreadyExists);
    match outcome {
        Outcome::Refused(refusals) if !refusals.iter().all(Refusal::is_final) => Next::Retry,
        Outcome::Waiting(awaited) | Outcome::Unavailable(awaited) if awaited.iter().any(unwatched) => {
            Next::Retry
        }
        _ => resync.map_or(Next::Change, Next::After),
    }
}
