//! What the binding of a resource depends on: who demands it, who holds it, which rules match it.

use std::collections::BTreeSet;
use std::sync::Arc;

use kube::ResourceExt;

use super::consumers;
use crate::api::conditions::{ConditionType, is_true, is_true_of};
use crate::api::labels;
use crate::api::names::{ResourceUid, SHARED_CLASS, generated_secret};
use crate::api::resource::ScoreResource;
use crate::api::workload::ScoreWorkload;
use crate::cluster::Error;
use crate::cluster::world::{Admission, Book, World};
use crate::plan::binding::BindingInputs;
use crate::plan::demand::Demand;
use crate::plan::guard::Guard;
use crate::plan::index::{Known, ResourceKey};
use crate::plan::problem::{did_you_mean, list};
use crate::plan::rule::Rule;
use crate::plan::rule::select::{Subject, guarding, matching};
use crate::render::Owner;

/// What a resource's binding depends on, and who owns it.
pub struct Resource {
    /// The inputs of the binding.
    pub binding: BindingInputs,
    /// Its ScoreResource, if there is one.
    pub existing: Option<Arc<ScoreResource>>,
    /// Its consumers that are there now.
    pub owners: Vec<Owner>,
    /// The rules that match, best first.
    pub matching: Vec<String>,
    /// The guardrails that match.
    pub guards: Vec<Guard>,
    /// What is to be said besides.
    pub remark: Option<String>,
}

/// Reads it.
#[must_use]
pub fn resource(world: &World, key: &ResourceKey) -> Resource {
    let existing = world.resource(key);
    let demands = world.index().demands(key);
    let owners = owners(world, key, existing.as_deref());
    let holders = holders(world, key, &demands, &owners, existing.as_deref());
    let (matching, guards) = matching_rules(world, key, existing.as_deref(), &demands);
    let asked = asked_to_move(world, existing.as_deref(), &matching);
    let binding = BindingInputs {
        uid: key.uid.clone(),
        existing: existing.as_ref().map(|resource| resource.spec.clone()),
        demands,
        holders,
        best_rule: matching.first().cloned(),
        move_to: asked.clone().unwrap_or_default(),
        new_guid: (world.environment.random)(20).to_lowercase(),
    };
    Resource { binding, existing, owners, matching, guards, remark: asked.err() }
}

/// The rule that a person asks to move a resource to (P04), if any.
///
/// Fails with the reason why it is not moved there.
fn asked_to_move(
    world: &World,
    existing: Option<&ScoreResource>,
    matching: &[String],
) -> Result<Option<String>, String> {
    let own = existing.filter(|existing| existing.spec.class != SHARED_CLASS);
    let asked = own.and_then(|existing| existing.annotations().get(labels::MOVE_TO));
    let bound = existing.and_then(|existing| existing.spec.rule.as_ref());
    let Some(asked) = asked.filter(|asked| bound != Some(asked)) else { return Ok(None) };
    if !matching.contains(asked) {
        let hint = did_you_mean(asked, matching.iter().map(String::as_str));
        let there = list(matching.iter().map(String::as_str));
        return Err(format!(
            "it is not moved to `{asked}`, which is no rule that matches it{hint} (those that do: {there})"
        ));
    }
    match world.book().get(asked).map(|entry| &entry.admission) {
        Some(Admission::Ready(_)) => Ok(Some(asked.clone())),
        _ => Err(format!(
            "it is not moved to rule `{asked}`, which cannot be used: see `kubectl describe prule {asked}`"
        )),
    }
}

/// Whether every rule that the watch has brought was read: before that nobody can say which rule fits.
#[must_use]
pub fn is_settled(world: &World) -> bool {
    let book = world.book();
    world.caches.rules.all().iter().all(|rule| book.contains_key(&rule.name_any()))
}

/// A new resource takes up the guid that it had before, from the Secret that stayed (decision 4), whichever rule
/// provides it now: with another guid it could not find again what was retained.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn retained_guid(
    world: &World,
    key: &ResourceKey,
    binding: &mut BindingInputs,
) -> Result<(), Error> {
    let is_wanted = !binding.demands.is_empty() || !binding.holders.is_empty();
    if binding.existing.is_some() || !is_wanted {
        return Ok(());
    }
    let name = generated_secret(&key.uid.object_name());
    let kept = world.secrets.read(&key.namespace, &name).await?;
    let annotation = |kept: &kube::api::DynamicObject, name: &str| kept.annotations().get(name).cloned();
    let is_kept = |kept: &kube::api::DynamicObject| {
        // One with an owner is about to go with it.
        kept.owner_references().is_empty()
            && annotation(kept, labels::RESOURCE_UID) == Some(key.uid.to_string())
    };
    let kept = kept.filter(|kept| is_kept(kept));
    if let Some(guid) = kept.and_then(|kept| annotation(&kept, labels::RESOURCE_GUID)) {
        binding.new_guid = guid;
    }
    Ok(())
}

/// The consumers that own it: workloads, and `ScoreResources` that depend on it or share it.
fn owners(world: &World, key: &ResourceKey, existing: Option<&ScoreResource>) -> Vec<Owner> {
    let (mut owners, dependents) = demanding(world, key);
    owners.extend(lingering(world, key, existing));
    for uid in dependents {
        owners.extend(
            world.caches.resources.get(&key.namespace, &uid.object_name()).and_then(|found| owner(&found)),
        );
    }
    if key.uid.class == SHARED_CLASS {
        owners.extend(sharers(world, key, existing.is_some()));
    }
    owners.sort();
    owners.dedup();
    owners
}

/// The workloads that demand it, and the resources whose params name it. Takes the lock of the index and
/// lets go of it: whoever holds it must not ask for it again.
fn demanding(world: &World, key: &ResourceKey) -> (Vec<Owner>, BTreeSet<ResourceUid>) {
    let index = world.index();
    let known = index.consumers(key).into_iter().filter_map(|name| index.get(&key.namespace, &name));
    let owner =
        |known: Arc<Known>| Owner { kind: "ScoreWorkload", name: known.name.clone(), uid: known.uid.clone() };
    (known.map(owner).collect(), index.dependents(key))
}

fn owner(resource: &ScoreResource) -> Option<Owner> {
    resource.metadata.deletion_timestamp.is_none().then(|| crate::render::resource::owner(resource)).flatten()
}

/// The resources of the namespace whose rule shares this. Where the rule is gone or wrong nobody can
/// tell: what is shared then stays, and nothing new is made.
fn sharers(world: &World, key: &ResourceKey, exists: bool) -> Vec<Owner> {
    let shares = world.rule(&key.uid.id).map_or(exists, |rule| !rule.shared.is_empty());
    let all = world.caches.resources.all();
    let found = all
        .iter()
        .filter(|found| shares && consumers::shares(found, &key.namespace, &key.uid) && is_admitted(found));
    found.filter_map(|found| owner(found)).collect()
}

/// Whether a resource is, or was, found to be acceptable: one that is refused from the start makes nothing, what
/// its rule shares included.
fn is_admitted(resource: &ScoreResource) -> bool {
    let status = resource.status.as_ref();
    status.is_some_and(|status| {
        status.outputs.is_some() || is_true(&status.conditions, ConditionType::InputsValid)
    })
}

/// Workloads that own it and may not be dropped: those whose file cannot be read now (an edit into
/// nonsense must not cost a database), and those that run with it until their new version has rolled out.
fn lingering(world: &World, key: &ResourceKey, existing: Option<&ScoreResource>) -> Vec<Owner> {
    let references = existing.iter().flat_map(|resource| resource.metadata.owner_references.iter().flatten());
    references
        .filter(|reference| reference.kind == "ScoreWorkload")
        .filter(|reference| {
            let workload = world.caches.workloads.get(&key.namespace, &reference.name);
            workload.is_some_and(|workload| {
                workload.uid().as_ref() == Some(&reference.uid) && holds(world, &workload)
            })
        })
        .map(|reference| Owner {
            kind: "ScoreWorkload",
            name: reference.name.clone(),
            uid: reference.uid.clone(),
        })
        .collect()
}

fn holds(world: &World, workload: &ScoreWorkload) -> bool {
    let namespace = workload.namespace().unwrap_or_default();
    let readable =
        world.index().get(&namespace, &workload.name_any()).is_some_and(|known| known.valid.is_some());
    let generation = workload.metadata.generation.unwrap_or_default();
    let conditions = workload.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let rolled_out = is_true_of(conditions, ConditionType::Applied, generation)
        && is_true_of(conditions, ConditionType::Available, generation);
    !readable || !rolled_out
}

/// The owners that are no demand of now.
fn holders(
    world: &World,
    key: &ResourceKey,
    demands: &[Demand],
    owners: &[Owner],
    existing: Option<&ScoreResource>,
) -> Vec<String> {
    let demanding: BTreeSet<_> = demands.iter().map(|demand| demand.workload.as_str()).collect();
    let mut holders: Vec<_> = lingering(world, key, existing).into_iter().map(|owner| owner.name).collect();
    if key.uid.class == SHARED_CLASS {
        holders.extend(owners.iter().map(|owner| owner.name.clone()));
    }
    holders.retain(|name| !demanding.contains(name.as_str()));
    holders
}

/// The names of the rules that match, best first, and the guardrails that do.
fn matching_rules(
    world: &World,
    key: &ResourceKey,
    existing: Option<&ScoreResource>,
    demands: &[Demand],
) -> (Vec<String>, Vec<Guard>) {
    if key.uid.class == SHARED_CLASS {
        return (vec![key.uid.id.clone()], Vec::new());
    }
    let source = existing.and_then(|resource| resource.spec.source_workload.clone());
    let source = source.or_else(|| demands.first().map(|demand| demand.workload.clone()));
    let workload = source.and_then(|name| world.index().get(&key.namespace, &name));
    let workload_labels = workload.map(|known| known.labels.clone()).unwrap_or_default();
    let namespace_labels = world.namespace_labels(&key.namespace);
    let subject =
        Subject { uid: &key.uid, namespace_labels: &namespace_labels, workload_labels: &workload_labels };
    let book = world.book();
    let rules: Vec<&Arc<Rule>> = book.values().filter_map(|entry| entry.admission.matcher()).collect();
    let names = matching(rules.iter().copied(), subject).into_iter().map(|rule| rule.name.clone()).collect();
    let guards =
        guarding(rules.iter().copied(), subject).into_iter().map(|rule| guard(&book, rule)).collect();
    (names, guards)
}

fn guard(book: &Book, rule: &Arc<Rule>) -> Guard {
    match book.get(&rule.name).map(|entry| &entry.admission) {
        Some(Admission::Ready(rule) | Admission::Waiting(rule, _)) => Guard::Readable(Arc::clone(rule)),
        _ => Guard::Broken(rule.name.clone()),
    }
}
