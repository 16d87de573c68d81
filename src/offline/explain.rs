//! From a projection to the graph that explains it; where a cluster was asked, with what is there.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::graph::{self, Content, Graph, Node, Relation, State, resource_id, workload_id};
use super::project::{Projection, Workload};
use super::resource::Resource;
use crate::api::conditions::{Condition, ConditionType, Reason, find, is_true};
use crate::api::names::ResourceUid;
use crate::api::patches::Patches;
use crate::api::resource::{InventoryEntry, ObjectId};
use crate::plan::Plan;
use crate::plan::patch::entries;
use crate::template::Value;

/// What a cluster says of the workloads and resources that it has.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// By name.
    pub workloads: BTreeMap<String, Seen>,
    /// By identity.
    pub resources: BTreeMap<ResourceUid, Seen>,
}

/// What a status says.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The objects that are there.
    pub objects: Vec<ObjectId>,
    /// The outputs, of a resource that was ready.
    pub outputs: Option<Map<String, Json>>,
    /// What it sets in the pods of its consumers.
    pub patches: Option<Patches>,
    /// Whether it works.
    pub state: State,
}

impl Seen {
    /// Reads a status.
    #[must_use]
    pub fn new(
        conditions: &[Condition],
        inventory: &[InventoryEntry],
        outputs: Option<Map<String, Json>>,
    ) -> Self {
        let ready = is_true(conditions, ConditionType::Ready);
        let why = find(conditions, ConditionType::Ready).filter(|_| !ready);
        let state = State {
            ready,
            reason: (!ready).then(|| why.map_or(Reason::Progressing, |why| why.reason)),
            message: why.map(|why| why.message.clone()).unwrap_or_default(),
        };
        let objects = inventory.iter().map(|entry| entry.id.clone()).collect();
        Self { objects, outputs, patches: None, state }
    }
}

/// Builds the graph. Of what a cluster has, `live` says more than the projection.
#[must_use]
pub fn graph(projection: &Projection, live: &Live) -> Graph {
    let mut graph = Graph { namespace: projection.namespace.clone(), ..Graph::default() };
    for workload in &projection.workloads {
        add_workload(&mut graph, workload, live.workloads.get(&workload.name));
    }
    for resource in &projection.resources {
        add_resource(&mut graph, resource, live.resources.get(&resource.uid));
    }
    graph
}

fn add_workload(graph: &mut Graph, workload: &Workload, seen: Option<&Seen>) {
    let id = workload_id(&workload.name);
    let (state, objects) = match (seen, &workload.objects) {
        (Some(seen), _) => (seen.state.clone(), seen.objects.clone()),
        (None, Plan::Ready(objects)) => (known(), objects.clone()),
        (None, plan) => (state(plan), Vec::new()),
    };
    let content = Content::Workload { name: workload.name.clone(), state };
    graph.nodes.push(Node { id: id.clone(), content });
    for demand in &workload.demands {
        graph.link(&id, &resource_id(&demand.uid), Relation::Uses, &demand.resource);
    }
    graph.add_objects(&id, &objects);
}

fn add_resource(graph: &mut Graph, resource: &Resource, seen: Option<&Seen>) {
    let id = resource_id(&resource.uid);
    let offered = match (&resource.outputs, seen) {
        (_, Some(seen)) => seen.outputs.as_ref(),
        (Plan::Ready(outputs), None) => Some(outputs),
        (Plan::Pending(_) | Plan::Rejected(_), None) => None,
    };
    let content = graph::Resource {
        uid: resource.uid.to_string(),
        rule: resource.spec.rule.clone(),
        candidates: resource.candidates.clone(),
        params: resource.params.as_ref().map(shown),
        outputs: offered.map(stored),
        patches: seen
            .map_or_else(|| resource.patched(), |seen| seen.patches.as_ref())
            .map(patched)
            .unwrap_or_default(),
        state: seen.map_or_else(|| state(&resource.outputs), |seen| seen.state.clone()),
    };
    graph.nodes.push(Node { id: id.clone(), content: Content::Resource(Box::new(content)) });
    for (name, uid) in resource.consumer().into_iter().flat_map(|demand| &demand.depends_on) {
        graph.link(&id, &resource_id(uid), Relation::DependsOn, name);
    }
    if let Some(shared) = &resource.shares {
        graph.link(&id, &resource_id(shared), Relation::Shares, "");
    }
    graph.add_objects(&id, seen.map_or(&resource.objects, |seen| &seen.objects));
}

fn known() -> State {
    State { ready: true, reason: None, message: String::new() }
}

fn state<T>(plan: &Plan<T>) -> State {
    let because = |reason, messages: Vec<String>| State {
        ready: false,
        reason: Some(reason),
        message: messages.join("; "),
    };
    match plan {
        Plan::Ready(_) => known(),
        // Each resource says itself what it waits for.
        Plan::Pending(awaited) if awaited.iter().all(|found| found.reason == Reason::WaitingForResources) => {
            because(Reason::WaitingForResources, Vec::new())
        }
        Plan::Pending(awaited) => because(
            awaited.first().map_or(Reason::Progressing, |found| found.reason),
            awaited.iter().map(|found| found.message.clone()).collect(),
        ),
        Plan::Rejected(problems) => because(
            problems.first().map_or(Reason::Failed, |found| found.reason),
            problems.iter().map(ToString::to_string).collect(),
        ),
    }
}

/// What is set in pods, by field.
fn patched(patches: &Patches) -> BTreeMap<String, Json> {
    let parts = [("podTemplate", &patches.pod_template), ("containers", &patches.containers)];
    let of = |(part, fragment): (&str, &Map<String, Json>)| -> Vec<_> {
        entries(part, fragment).into_iter().map(|entry| (entry.path, entry.value)).collect()
    };
    parts.into_iter().flat_map(of).collect()
}

/// Outputs in stored form, for people.
fn stored(outputs: &Map<String, Json>) -> Json {
    serde_json::from_value::<Value>(Json::Object(outputs.clone())).map_or(Json::Null, |value| shown(&value))
}

/// A value for people: a reference says which Secret, and looks like no text that a rule would make.
fn shown(value: &Value) -> Json {
    match value {
        Value::Plain(json) => json.clone(),
        Value::SecretRef(secret) => json!(format!("<secret {}/{}>", secret.name, secret.key)),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.clone(), shown(value))).collect())
        }
        Value::List(items) => items.iter().map(shown).collect(),
    }
}
