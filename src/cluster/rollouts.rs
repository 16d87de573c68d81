//! Which resources an edit of a rule has been let reach. What stands in their statuses is the truth; this only
//! bridges the time from a decision to the status that shows it, so nothing is lost with the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::ResourceExt;

use super::world::World;
use crate::api::conditions::{ConditionStatus, ConditionType, find, is_true};
use crate::api::labels;
use crate::api::resource::{ScoreResource, ScoreResourceStatus};
use crate::plan::index::ResourceKey;
use crate::plan::rollout::{self, Peer};
use crate::plan::rule::Rule;

/// What each rule's edit that is under way has been let do.
#[derive(Default)]
pub struct Rollouts(Mutex<BTreeMap<String, Granted>>);

/// The resources that one revision of a rule has been let reach, whether or not their status shows it yet.
#[derive(Default)]
struct Granted {
    revision: String,
    to: BTreeSet<ResourceKey>,
    /// Whether some wait for their turn: only then is it worth a look at all resources, whenever one changes.
    some_wait: bool,
}

impl Rollouts {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Granted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a resource may be brought to the rule's revision now; one that `must` is, whatever the room. When there
/// is room again, [`next`] names those that may.
#[must_use]
pub fn may_go(world: &World, rule: &Rule, key: &ResourceKey, must: bool) -> bool {
    let mut all = world.rollouts.lock();
    let granted = all.entry(rule.name.clone()).or_default();
    if granted.revision != rule.revision {
        *granted = Granted { revision: rule.revision.clone(), ..Granted::default() };
    }
    let goes = must || granted.to.contains(key) || has_room(&peers(world, rule, &granted.to), rule);
    if goes {
        granted.to.insert(key.clone());
    } else {
        granted.some_wait = true;
    }
    goes
}

fn has_room(peers: &[(ResourceKey, Peer)], rule: &Rule) -> bool {
    rollout::room(&rule.max_unavailable, peers.iter().map(|(_, peer)| peer)) > 0
}

/// The resources whose turn has come: of those that the edit has not reached, as many as there is room for.
#[must_use]
pub fn next(world: &World, rule: &Rule) -> Vec<ResourceKey> {
    let peers = of(world, rule);
    let room = rollout::room(&rule.max_unavailable, peers.iter().map(|(_, peer)| peer));
    let waiting: Vec<_> = peers.into_iter().filter(|(_, peer)| !peer.reached).collect();
    if waiting.is_empty() {
        settle(world, rule);
    }
    waiting.into_iter().map(|(key, _)| key).take(room).collect()
}

/// Nobody waits any more.
fn settle(world: &World, rule: &Rule) {
    let mut all = world.rollouts.lock();
    if let Some(granted) = all.get_mut(&rule.name).filter(|granted| granted.revision == rule.revision) {
        granted.some_wait = false;
    }
}

/// What is to be said of the rule's rollout, if one is under way.
#[must_use]
pub fn said(world: &World, rule: &Rule) -> Option<String> {
    let peers: Vec<_> = of(world, rule).into_iter().map(|(_, peer)| peer).collect();
    rollout::said(&rule.revision, &peers)
}

/// Whether resources wait for their turn, for all that this process has seen.
#[must_use]
pub fn is_awaited(world: &World, rule: &Rule) -> bool {
    let all = world.rollouts.lock();
    all.get(&rule.name).is_some_and(|granted| granted.some_wait && granted.revision == rule.revision)
}

/// Forgets what is known of a rule that is gone.
pub fn forget(world: &World, rule: &str) {
    world.rollouts.lock().remove(rule);
}

fn of(world: &World, rule: &Rule) -> Vec<(ResourceKey, Peer)> {
    let all = world.rollouts.lock();
    let none = BTreeSet::new();
    let granted = all.get(&rule.name).filter(|granted| granted.revision == rule.revision);
    peers(world, rule, granted.map_or(&none, |granted| &granted.to))
}

/// The resources that take part in a rule's rollout: those that were made by it before. By namespace and name.
fn peers(world: &World, rule: &Rule, granted: &BTreeSet<ResourceKey>) -> Vec<(ResourceKey, Peer)> {
    let all = world.caches.resources.all();
    let mut found: Vec<_> = all.iter().filter_map(|resource| peer(resource, rule, granted)).collect();
    found.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    found
}

fn peer(
    resource: &ScoreResource,
    rule: &Rule,
    granted: &BTreeSet<ResourceKey>,
) -> Option<(ResourceKey, Peer)> {
    let status = resource.status.as_ref()?;
    let made_by = status.made_by.as_ref().filter(|made_by| made_by.rule == rule.name)?;
    if resource.spec.rule.as_ref() != Some(&rule.name) || resource.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let namespace = resource.namespace().unwrap_or_default();
    let name = format!("{namespace}/{}", resource.name_any());
    let key = ResourceKey { namespace, uid: resource.spec.uid() };
    let updated = made_by.revision == rule.revision;
    let tried = made_by.tried.as_ref() == Some(&rule.revision);
    let reached = updated || tried || granted.contains(&key);
    if !reached && stays_out(resource, status) {
        return None;
    }
    let works = is_true(&status.conditions, ConditionType::Available);
    Some((key, Peer { name, updated, reached, works: works && (updated || !reached) }))
}

/// Whether a resource takes no part: frozen, or refused for what its own workloads say, not for the edit.
fn stays_out(resource: &ScoreResource, status: &ScoreResourceStatus) -> bool {
    let frozen = resource.annotations().get(labels::SUSPEND).is_some_and(|value| value == "true");
    let inputs = find(&status.conditions, ConditionType::InputsValid);
    frozen || inputs.is_some_and(|inputs| inputs.status == ConditionStatus::False)
}
