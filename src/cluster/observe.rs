//! Reading what a plan depends on, from the watch caches. Writes nothing and decides nothing.

mod consumers;
pub mod outlive;
mod resource;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kube::ResourceExt;
use serde_json::{Map, Value};

pub use consumers::shared_with;
pub use resource::{Resource, is_settled, resource, retained_guid};
pub use secrets::{missing, pod_values, secret_values};

use super::Error;
use super::world::World;
use crate::api::conditions::{ConditionType, Reason, find, is_true_of};
use crate::api::names::ResourceUid;
use crate::api::resource::{ScoreResource, ScoreResourceSpec};
use crate::api::rule::DeletionPolicy;
use crate::api::workload::ScoreWorkload;
use crate::api::{instructions, labels};
use crate::plan::binding::{self};
use crate::plan::demand::Demand;
use crate::plan::index::{Known, ResourceKey};
use crate::plan::lookup::Dependency;
use crate::plan::resource::{ResourceInputs, WorkloadView};
use crate::plan::rule::Rule;
use crate::plan::score::settings::Kind;
use crate::plan::workload::{NamespaceDefaults, ResourceState, Running, WorkloadInputs};

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
        reason: ready.map_or(Reason::Progressing, |ready| ready.reason),
        message: ready.map_or_else(|| "being resolved".to_owned(), |ready| ready.message.clone()),
        since: ready.map(|ready| ready.last_transition_time.clone()).unwrap_or_default(),
        retained: retained(world, &resource.spec),
        accepted: is_true_of(&status.conditions, ConditionType::Applied, generation),
        // What is being deleted serves nobody new.
        outputs: status.outputs.filter(|_| resource.metadata.deletion_timestamp.is_none()),
        rule: resource.spec.rule.clone(),
        patches: status.patches,
    })
}

/// Whether the objects of a resource outlive it. Where its rule is gone nobody can tell: then they do. Read
/// from the rule as it was written, which is known from the start.
fn retained(world: &World, spec: &ScoreResourceSpec) -> bool {
    policy(world, spec).is_none_or(|policy| policy == DeletionPolicy::Retain)
}

/// What the rule of a resource says of its end, as it was written; `None` where the rule is gone.
#[must_use]
pub fn policy(world: &World, spec: &ScoreResourceSpec) -> Option<DeletionPolicy> {
    let rule = world.caches.rules.get("", spec.rule.as_ref()?)?;
    Some(rule.spec.deletion_policy.unwrap_or_default())
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

/// The types that some rule provides, for a near miss.
#[must_use]
pub fn known_types(world: &World) -> BTreeSet<String> {
    let book = world.book();
    let rules = book.values().filter_map(|entry| entry.admission.rule()).filter(|rule| rule.deny.is_none());
    rules.map(|rule| rule.type_.clone()).collect()
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
    let resource = resource.filter(|found| found.metadata.deletion_timestamp.is_none());
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
