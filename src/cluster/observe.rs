//! Reading what a plan depends on, from the watch caches. Writes nothing and decides nothing.

mod consumers;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kube::ResourceExt;
use serde_json::{Map, Value};

pub use secrets::{missing_secrets, secret_values};

use super::Error;
use super::world::World;
use crate::api::conditions::{ConditionType, Reason, find, is_true, is_true_of};
use crate::api::names::{ResourceUid, SHARED_CLASS, generated_secret};
use crate::api::resource::{ScoreResource, ScoreResourceSpec};
use crate::api::rule::DeletionPolicy;
use crate::api::workload::ScoreWorkload;
use crate::api::{instructions, labels};
use crate::plan::binding::{self, BindingInputs};
use crate::plan::demand::Demand;
use crate::plan::index::{Known, ResourceKey};
use crate::plan::lookup::Dependency;
use crate::plan::resource::{ResourceInputs, WorkloadView};
use crate::plan::rule::Rule;
use crate::plan::rule::select::{Subject, matching};
use crate::plan::score::settings::Kind;
use crate::plan::workload::{NamespaceDefaults, ResourceState, Running, WorkloadInputs};
use crate::render::Owner;

/// The inputs of a workload's plan.
///
/// # Errors
/// Where the watch of a kind has brought nothing yet.
pub async fn workload(world: &World, object: &ScoreWorkload) -> Result<WorkloadInputs, Error> {
    let running = running(world, object).await?;
    Ok(WorkloadInputs { running, ..resolved(world, object) })
}

/// What was applied for a workload before, as the watches have it.
async fn running(world: &World, object: &ScoreWorkload) -> Result<Vec<Running>, Error> {
    let namespace = object.namespace().unwrap_or_default();
    let mut found = Vec::new();
    for entry in object.status.iter().flat_map(|status| &status.inventory) {
        let Some(kind) = world.kinds.resolve(&entry.id.api_version, &entry.id.kind).await? else { continue };
        if let Some(live) = world.object(&kind, &namespace, &entry.id.name).await? {
            let live = serde_json::to_value(&*live).unwrap_or_default();
            found.push(Running { id: entry.id.clone(), live });
        }
    }
    Ok(found)
}

/// The Score file and how far its resources are.
fn resolved(world: &World, object: &ScoreWorkload) -> WorkloadInputs {
    let namespace = object.namespace().unwrap_or_default();
    let name = object.name_any();
    let index = world.index();
    let known = index.get(&namespace, &name);
    let demands: Vec<Demand> =
        known.iter().flat_map(|known| known.demands().cloned().collect::<Vec<_>>()).collect();
    let key = |demand: &Demand| ResourceKey { namespace: namespace.clone(), uid: demand.uid.clone() };
    let siblings = demands.iter().flat_map(|demand| index.demands(&key(demand)));
    WorkloadInputs {
        running: Vec::new(),
        defaults: defaults(world, &namespace),
        demanded: demands.len(),
        siblings: siblings.filter(|demand| demand.workload != name).collect(),
        resources: demands
            .iter()
            .filter_map(|demand| Some((demand.resource.clone(), state(world, &namespace, demand)?)))
            .collect(),
        uid: object.uid().unwrap_or_default(),
        generation: object.metadata.generation.unwrap_or_default(),
        spec: object.spec.0.clone(),
        name,
        namespace,
    }
}

/// How far a demanded resource is; `None` where its ScoreResource is not there yet.
fn state(world: &World, namespace: &str, demand: &Demand) -> Option<ResourceState> {
    let resource = world.caches.resources.get(namespace, &demand.uid.object_name())?;
    let status = resource.status.clone().unwrap_or_default();
    let ready = find(&status.conditions, ConditionType::Ready);
    let generation = resource.metadata.generation.unwrap_or_default();
    let same = resource.spec.params == demand.params && resource.spec.metadata == demand.metadata;
    Some(ResourceState {
        object: resource.name_any(),
        uid: demand.uid.to_string(),
        current: status.observed_generation == generation && (demand.is_bare() || same),
        ready: is_true(&status.conditions, ConditionType::Ready),
        reason: ready.map_or(Reason::Progressing, |ready| ready.reason),
        message: ready.map_or_else(|| "being resolved".to_owned(), |ready| ready.message.clone()),
        since: ready.map(|ready| ready.last_transition_time.clone()).unwrap_or_default(),
        retained: retained(world, &resource.spec),
        outputs: status.outputs,
    })
}

fn retains(rule: &Rule) -> bool {
    rule.deletion_policy == DeletionPolicy::Retain
}

/// Whether the objects of a resource outlive it. Where its rule is gone nobody can tell: then they do. Read
/// from the rule as it was written, which is known from the start.
fn retained(world: &World, spec: &ScoreResourceSpec) -> bool {
    let rule = spec.rule.as_ref().and_then(|name| world.caches.rules.get("", name));
    rule.is_none_or(|rule| rule.spec.deletion_policy.unwrap_or_default() == DeletionPolicy::Retain)
}

/// What a namespace says of the pods in it.
fn defaults(world: &World, namespace: &str) -> NamespaceDefaults {
    let namespace = world.caches.namespaces.get("", namespace);
    NamespaceDefaults {
        pod_security: namespace
            .as_ref()
            .and_then(|it| it.annotations().get(instructions::POD_SECURITY).cloned()),
        enforced: namespace.as_ref().and_then(|it| it.labels().get(labels::ENFORCED_POD_SECURITY).cloned()),
    }
}

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
}

/// Reads it.
#[must_use]
pub fn resource(world: &World, key: &ResourceKey) -> Resource {
    let existing = world.resource(key);
    let demands = world.index().demands(key);
    let owners = owners(world, key, existing.as_deref());
    let holders = holders(world, key, &demands, &owners, existing.as_deref());
    let matching = matching_rules(world, key, existing.as_deref(), &demands);
    let binding = BindingInputs {
        uid: key.uid.clone(),
        existing: existing.as_ref().map(|resource| resource.spec.clone()),
        demands,
        holders,
        best_rule: matching.first().cloned(),
        new_guid: (world.environment.random)(20).to_lowercase(),
    };
    Resource { binding, existing, owners, matching }
}

/// Whether every rule that the watch has brought was read: before that nobody can say which rule fits.
#[must_use]
pub fn is_settled(world: &World) -> bool {
    let book = world.book();
    world.caches.rules.all().iter().all(|rule| book.contains_key(&rule.name_any()))
}

/// A new resource whose rule retains takes up the guid that it had before, from the Secret that
/// stayed (decision 4).
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn retained_guid(
    world: &World,
    key: &ResourceKey,
    binding: &mut BindingInputs,
) -> Result<(), Error> {
    let rule = binding.best_rule.as_ref().and_then(|name| world.rule(name));
    let retains = rule.is_some_and(|rule| retains(&rule));
    if binding.existing.is_some() || !retains {
        return Ok(());
    }
    let name = generated_secret(&key.uid.object_name());
    let kept = world.secrets.read(&key.namespace, &name).await?;
    let annotation = |kept: &kube::api::DynamicObject, name: &str| kept.annotations().get(name).cloned();
    let kept = kept.filter(|kept| annotation(kept, labels::RESOURCE_UID) == Some(key.uid.to_string()));
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
    all.iter()
        .filter(|found| shares && consumers::shares(found, &key.namespace, &key.uid))
        .filter_map(|found| owner(found))
        .collect()
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

/// The names of the rules that match, best first.
fn matching_rules(
    world: &World,
    key: &ResourceKey,
    existing: Option<&ScoreResource>,
    demands: &[Demand],
) -> Vec<String> {
    if key.uid.class == SHARED_CLASS {
        return vec![key.uid.id.clone()];
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
    matching(rules, subject).into_iter().map(|rule| rule.name.clone()).collect()
}

/// The types that some rule provides, for a near miss.
#[must_use]
pub fn known_types(world: &World) -> BTreeSet<String> {
    world.book().values().filter_map(|entry| entry.admission.rule()).map(|rule| rule.type_.clone()).collect()
}

/// The inputs of a rule's evaluation for a resource.
#[must_use]
pub fn evaluation(
    world: &World,
    resource: &ScoreResource,
    demands: &[Demand],
    rule: &Rule,
    generated: BTreeMap<String, String>,
) -> ResourceInputs {
    let spec = &resource.spec;
    let namespace = &resource.namespace().unwrap_or_default();
    let index = world.index();
    let author = binding::author(demands, spec);
    let name =
        author.map(|demand| demand.workload.clone()).or(spec.source_workload.clone()).unwrap_or_default();
    let known = index.get(namespace, &name);
    let depends_on = author.map(|demand| demand.depends_on.clone()).unwrap_or_default();
    let workloads = if rule.reads_workloads { all_workloads(&index, namespace) } else { Map::new() };
    ResourceInputs {
        namespace: namespace.to_owned(),
        spec: spec.clone(),
        workload: known.map_or_else(WorkloadView::default, |known| known.view()),
        workloads,
        consumers: consumers::of(world, resource),
        namespace_labels: world.namespace_labels(namespace),
        dependencies: depends_on
            .into_iter()
            .map(|(name, uid)| {
                let dependency = dependency(world, namespace, &name, &uid);
                (name, dependency)
            })
            .collect(),
        generated,
    }
}

fn all_workloads(index: &crate::plan::index::Index, namespace: &str) -> Map<String, Value> {
    let entry = |known: &Arc<Known>| (known.name.clone(), known.outline());
    index.workloads(namespace).map(entry).collect()
}

fn dependency(world: &World, namespace: &str, name: &str, uid: &ResourceUid) -> Dependency {
    let resource = world.caches.resources.get(namespace, &uid.object_name());
    let status = resource.as_ref().and_then(|resource| resource.status.clone()).unwrap_or_default();
    let why = find(&status.conditions, ConditionType::Ready).map(|ready| format!(": {}", ready.message));
    Dependency {
        uid: uid.to_string(),
        outputs: status.outputs,
        message: format!(
            "waits for resource `{name}` ({uid}) that its params name{}; see `kubectl describe sres {}`",
            why.unwrap_or_default(),
            uid.object_name()
        ),
    }
}

/// Whether a resource that offers a `claimSpec` keeps a claim itself: for consumers that are no StatefulSet,
/// whose pods have a claim each (L02).
#[must_use]
pub fn wants_claim(world: &World, namespace: &str, demands: &[Demand]) -> bool {
    let index = world.index();
    let is_shared = |demand: &Demand| {
        let known = index.get(namespace, &demand.workload);
        known.and_then(|known| Some(known.valid.as_ref()?.settings.kind != Kind::StatefulSet))
    };
    demands.iter().filter_map(is_shared).any(|shared| shared)
}
