//! Which resources an edit of a rule has been let reach. What stands in their statuses is the truth; this only
//! bridges the time from a decision to the status that shows it, so nothing is lost with the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::ResourceExt;

use super::world::World;
use crate::api::conditions::{ConditionType, is_true};
use crate::api::resource::ScoreResource;
use crate::plan::index::ResourceKey;
use crate::plan::rollout::{self, Peer};
use crate::plan::rule::Rule;

/// The rollouts that are under way, by rule.
#[derive(Default)]
pub struct Rollouts(Mutex<BTreeMap<String, Rollout>>);

/// The rollout of one revision.
#[derive(Default)]
struct Rollout {
    revision: String,
    /// Let go, whether or not their status shows it yet.
    gone: BTreeSet<ResourceKey>,
    /// Those that wait for their turn.
    held: BTreeSet<ResourceKey>,
}

impl Rollouts {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Rollout>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a resource may be brought to the rule's revision now; one that `must` is, whatever the room. One that
/// may not is remembered, and [`next`] names it when there is room.
#[must_use]
pub fn may_go(world: &World, rule: &Rule, key: &ResourceKey, must: bool) -> bool {
    let mut all = world.rollouts.lock();
    let rollout = all.entry(rule.name.clone()).or_default();
    if rollout.revision != rule.revision {
        *rollout = Rollout { revision: rule.revision.clone(), ..Rollout::default() };
    }
    let peers = peers(world, rule, &rollout.gone);
    let goes = must || rollout.gone.contains(key) || rollout::room(&rule.max_unavailable, &peers) > 0;
    if goes {
        rollout.held.remove(key);
        rollout.gone.insert(key.clone());
    } else {
        rollout.held.insert(key.clone());
    }
    goes
}

/// The resources whose turn has come, as others are ready.
#[must_use]
pub fn next(world: &World, rule: &Rule) -> Vec<ResourceKey> {
    let all = world.rollouts.lock();
    let Some(rollout) = all.get(&rule.name).filter(|rollout| rollout.revision == rule.revision) else {
        return Vec::new();
    };
    if rollout.held.is_empty() {
        return Vec::new();
    }
    let room = rollout::room(&rule.max_unavailable, &peers(world, rule, &rollout.gone));
    rollout.held.iter().take(room).cloned().collect()
}

/// What is to be said of the rule's rollout, if one is under way.
#[must_use]
pub fn said(world: &World, rule: &Rule) -> Option<String> {
    let all = world.rollouts.lock();
    let none = BTreeSet::new();
    let gone = all.get(&rule.name).filter(|rollout| rollout.revision == rule.revision);
    rollout::said(&rule.revision, &peers(world, rule, gone.map_or(&none, |rollout| &rollout.gone)))
}

/// Forgets what is known of a rule that is gone.
pub fn forget(world: &World, rule: &str) {
    world.rollouts.lock().remove(rule);
}

/// The resources of a rule that were made by it before. New ones are made at any time.
fn peers(world: &World, rule: &Rule, gone: &BTreeSet<ResourceKey>) -> Vec<Peer> {
    let all = world.caches.resources.all();
    all.iter().filter_map(|resource| peer(resource, rule, gone)).collect()
}

fn peer(resource: &ScoreResource, rule: &Rule, gone: &BTreeSet<ResourceKey>) -> Option<Peer> {
    let status = resource.status.as_ref()?;
    let made_by = status.made_by.as_ref().filter(|made_by| made_by.rule == rule.name)?;
    if resource.spec.rule.as_ref() != Some(&rule.name) || resource.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let namespace = resource.namespace().unwrap_or_default();
    let name = format!("{namespace}/{}", resource.name_any());
    let updated = made_by.revision == rule.revision;
    let ready = is_true(&status.conditions, ConditionType::Ready);
    let key = ResourceKey { namespace, uid: resource.spec.uid() };
    Some(Peer { name, updated, ready: ready && (updated || !gone.contains(&key)) })
}
