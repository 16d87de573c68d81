//! What the operator makes of the workloads of one namespace, worked out without a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::finding::Finding;
use super::provision::Stage;
use super::resource::Resource;
use super::rules::Rules;
use super::source::Source;
use super::supplied::Supplied;
use super::supposed::Supposed;
use crate::api::conditions::Reason;
use crate::api::names::ResourceUid;
use crate::api::patches::Patches;
use crate::api::resource::{InventoryEntry, ObjectId, ScoreResourceSpec};
use crate::plan::Plan;
use crate::plan::demand::Demand;
use crate::plan::graph::{self, Edges};
use crate::plan::index::{Index, Known};
use crate::plan::problem::{Awaited, Problem};
use crate::plan::rule::select::Labels;
use crate::plan::workload::{NamespaceDefaults, ResourceState, WorkloadInputs, plan};
use crate::render::{self, Manifest, Manifests, SecretValues};
use crate::template::SecretRef;

/// All that a projection depends on.
#[derive(Clone, Default)]
pub struct Inputs {
    /// The namespace that everything is rendered for.
    pub namespace: String,
    /// Its labels: rules select by them.
    pub namespace_labels: Labels,
    /// What it says of pods.
    pub defaults: NamespaceDefaults,
    /// The workloads.
    pub workloads: Vec<Source>,
    /// The rules.
    pub rules: Rules,
    /// Outputs in place of a cluster's.
    pub supplied: Supplied,
    /// What a cluster has already, where one was asked.
    pub existing: BTreeMap<ResourceUid, Existing>,
    /// The values of Secrets, where a cluster was asked. They reach the data of Secrets and nothing else.
    pub secrets: SecretValues,
    /// Whether objects count as ready as they are rendered.
    pub assume_ready: bool,
    /// What a test of a rule supposes instead, about one resource.
    pub supposed: Option<Supposed>,
}

/// A resource that a cluster has.
#[derive(Clone, Debug)]
pub struct Existing {
    /// Its spec, with rule and guid.
    pub spec: ScoreResourceSpec,
    /// The uid of its ScoreResource.
    pub object_uid: String,
    /// What its Secrets must outlive.
    pub outlived: Vec<InventoryEntry>,
    /// Its outputs, once it was ready.
    pub outputs: Option<Map<String, Json>>,
    /// What it sets in the pods of its consumers.
    pub patches: Option<Patches>,
}

/// What became of one workload.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Where it was read.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Its objects, in order, or why there are none.
    pub objects: Plan<Vec<ObjectId>>,
    /// What it demands.
    pub demands: Vec<Demand>,
}

/// What became of everything.
pub struct Projection {
    /// The namespace.
    pub namespace: String,
    /// The resources, each after those that it depends on; ties by identity.
    pub resources: Vec<Resource>,
    /// The workloads, by name.
    pub workloads: Vec<Workload>,
    /// The keys of Secrets that the pods read.
    pub secrets: BTreeSet<SecretRef>,
    /// What only an edit mends, by file and path.
    pub problems: Vec<Finding>,
    /// What only a cluster can tell, by file and path.
    pub awaited: Vec<Wait>,
}

/// Something that only a cluster can tell.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Wait {
    /// The file of the workload that waits, as it was named.
    pub file: String,
    /// What waits, such as `resources.db`; empty for the workload itself.
    pub path: String,
    /// For what.
    pub awaited: Awaited,
}

/// Where objects go as they are rendered: of each resource, then of each workload, in the order of `apply`.
/// Nothing else keeps them, as a thousand databases would fill the memory.
pub type Sink<'a> = &'a mut dyn FnMut(&Manifest);

/// Works it out. The order of `inputs.workloads` does not matter.
pub fn project(inputs: &Inputs, sink: Sink<'_>) -> Projection {
    let (sources, mut problems) = distinct(&inputs.workloads);
    let index = index(&inputs.namespace, &sources);
    let (order, cycles) = order(&index, &inputs.namespace);
    let mut output = Output { sink, owners: BTreeMap::new(), secrets: BTreeSet::new() };
    let mut stage = Stage::new(inputs, &index, &mut output);
    order.iter().for_each(|uid| stage.provision(uid));
    let resources = stage.finish();
    let workloads = planned(inputs, &sources, &index, &resources, &mut output);
    problems.extend(cycles.iter().flat_map(|cycle| in_a_cycle(cycle, &workloads)));
    let namespace = inputs.namespace.clone();
    let secrets = output.secrets;
    let mut projection =
        Projection { namespace, resources, workloads, secrets, problems, awaited: Vec::new() };
    projection.collect();
    projection
}

impl Projection {
    /// Collects what workloads and resources say, each thing once.
    fn collect(&mut self) {
        let files: BTreeMap<_, _> =
            self.workloads.iter().map(|workload| (workload.name.clone(), workload.file.clone())).collect();
        for workload in &self.workloads {
            match &workload.objects {
                Plan::Ready(_) => {}
                Plan::Rejected(problems) => {
                    self.problems.extend(
                        problems.iter().map(|found| Finding::unplaced(&workload.file, found.clone())),
                    );
                }
                Plan::Pending(awaited) => {
                    // What resources wait for is said once, at the resource.
                    let own = awaited.iter().filter(|found| found.reason != Reason::WaitingForResources);
                    let wait = |awaited: &Awaited| Wait {
                        file: workload.file.clone(),
                        path: String::new(),
                        awaited: awaited.clone(),
                    };
                    self.awaited.extend(own.map(wait));
                }
            }
        }
        // What a rule shares is told by those who share it.
        for resource in self.resources.iter().filter(|resource| !resource.demands.is_empty()) {
            let file = resource.consumer().and_then(|demand| files.get(&demand.workload));
            self.problems.extend(resource.problems(file.map_or("", String::as_str)));
            self.awaited.extend(resource.awaited(file.map_or("", String::as_str)));
        }
        self.problems.sort_by(|a, b| (&a.file, &a.problem).cmp(&(&b.file, &b.problem)));
        self.problems.dedup();
        self.awaited.sort();
        self.awaited.dedup();
    }
}

/// The workloads by name; of those that share a name, none, and a problem each.
fn distinct(sources: &[Source]) -> (BTreeMap<&str, &Source>, Vec<Finding>) {
    let mut by_name: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for source in sources {
        by_name.entry(&source.name).or_default().push(source);
    }
    let (one, several): (Vec<_>, Vec<_>) = by_name.into_iter().partition(|(_, found)| found.len() == 1);
    let findings =
        several.iter().flat_map(|(name, found)| found.iter().map(|source| twice(name, source, found)));
    let findings = findings.collect();
    (one.into_iter().filter_map(|(name, found)| Some((name, *found.first()?))).collect(), findings)
}

fn twice(name: &str, source: &Source, found: &[&Source]) -> Finding {
    let mut others: BTreeSet<_> = found.iter().map(|other| other.file.as_str()).collect();
    if others.len() > 1 {
        others.remove(source.file.as_str());
    }
    let others: Vec<_> = others.into_iter().collect();
    let message = format!(
        "workload `{name}` is in {}, too: names are unique in a namespace, so rename one of them",
        others.join(", ")
    );
    Finding::unplaced(&source.file, Problem::new("metadata.name", Reason::NameMismatch, message))
}

fn index(namespace: &str, sources: &BTreeMap<&str, &Source>) -> Index {
    let mut index = Index::default();
    for source in sources.values() {
        let known = Known::new(&source.name, &source.uid, 1, source.labels.clone(), &source.spec);
        index.put(namespace, known);
    }
    index
}

/// The resources in the order of their dependencies (E04), edges of all consumers united (E05); and the
/// circles that leave some without a place.
fn order(index: &Index, namespace: &str) -> (Vec<ResourceUid>, Vec<Vec<String>>) {
    let mut edges = Edges::new();
    for demand in index.workloads(namespace).flat_map(|known| known.demands()) {
        let dependencies = edges.entry(demand.uid.to_string()).or_default();
        dependencies.extend(demand.depends_on.values().map(ToString::to_string));
    }
    let mut cycles = Vec::new();
    loop {
        match graph::order(&edges) {
            Ok(order) => return (order.iter().filter_map(|uid| ResourceUid::parse(uid)).collect(), cycles),
            Err(cycle) => {
                edges.retain(|uid, _| !cycle.contains(uid));
                edges.values_mut().for_each(|next| next.retain(|uid| !cycle.contains(uid)));
                cycles.push(cycle);
            }
        }
    }
}

/// A circle that runs through several workloads: each of them is told.
fn in_a_cycle(cycle: &[String], workloads: &[Workload]) -> Vec<Finding> {
    let inside = |demand: &&Demand| cycle.contains(&demand.uid.to_string()) && !demand.depends_on.is_empty();
    let finding = |workload: &Workload, demand: &Demand| {
        let path = format!("resources.{}.params", demand.resource);
        let message = format!(
            "a cycle exists involving resource param placeholders: {}; remove one of these placeholders",
            graph::shown(cycle)
        );
        Finding::unplaced(&workload.file, Problem::new(path, Reason::DependencyCycle, message))
    };
    let of = |workload: &Workload| {
        workload.demands.iter().filter(inside).map(|demand| finding(workload, demand)).collect::<Vec<_>>()
    };
    workloads.iter().flat_map(of).collect()
}

fn planned(
    inputs: &Inputs,
    sources: &BTreeMap<&str, &Source>,
    index: &Index,
    resources: &[Resource],
    output: &mut Output<'_>,
) -> Vec<Workload> {
    let by_uid: BTreeMap<_, _> = resources.iter().map(|resource| (&resource.uid, resource)).collect();
    let workload = |source: &&Source| {
        let known = index.get(&inputs.namespace, &source.name);
        let demands: Vec<_> =
            known.iter().flat_map(|known| known.demands().cloned().collect::<Vec<_>>()).collect();
        let planned = plan(&workload_inputs(inputs, source, &demands, &by_uid)).and_then(render::fits);
        let objects = planned.and_then(|workload| {
            output.reads(workload.secrets());
            let manifests = render::workload(&workload, &inputs.secrets);
            output.emit(&format!("workload `{}`", source.name), "", manifests)
        });
        Workload { file: source.file.clone(), name: source.name.clone(), objects, demands }
    };
    sources.values().map(workload).collect()
}

fn workload_inputs(
    inputs: &Inputs,
    source: &Source,
    demands: &[Demand],
    resources: &BTreeMap<&ResourceUid, &Resource>,
) -> WorkloadInputs {
    let state = |demand: &Demand| -> Option<(String, ResourceState)> {
        Some((demand.resource.clone(), resources.get(&demand.uid)?.state(demand)))
    };
    let siblings = demands.iter().filter_map(|demand| resources.get(&demand.uid));
    let siblings = siblings.flat_map(|resource| resource.disputed());
    WorkloadInputs {
        name: source.name.clone(),
        namespace: inputs.namespace.clone(),
        uid: source.uid.clone(),
        generation: 1,
        spec: source.spec.clone(),
        demanded: demands.len(),
        defaults: inputs.defaults.clone(),
        resources: demands.iter().filter_map(state).collect(),
        siblings: siblings.filter(|demand| demand.workload != source.name).cloned().collect(),
        running: Vec::new(),
    }
}

/// Where objects go, and who has made which so far.
pub(super) struct Output<'a> {
    sink: Sink<'a>,
    owners: BTreeMap<ObjectId, Arc<str>>,
    secrets: BTreeSet<SecretRef>,
}

impl Output<'_> {
    /// Notes the keys of Secrets that what is made depends on.
    pub(super) fn reads<'r>(&mut self, references: impl IntoIterator<Item = &'r SecretRef>) {
        self.secrets.extend(references.into_iter().cloned());
    }

    /// Hands out the objects of an owner, and gives their ids; unless another makes one of them: the
    /// operator refuses that, too (W11). Problems are at `path`.
    pub(super) fn emit(&mut self, owner: &str, path: &str, manifests: Manifests) -> Plan<Vec<ObjectId>> {
        let clash = |id: &ObjectId| {
            let message = format!("{id} is made by {}, too: rename one of them", self.owners.get(id)?);
            Some(Problem::new(path, Reason::AlreadyExists, message))
        };
        let problems: Vec<_> = manifests.ids().filter_map(clash).collect();
        if !problems.is_empty() {
            return Plan::Rejected(problems);
        }
        let owner: Arc<str> = owner.into();
        let ids: Vec<_> = manifests.into_iter().map(|manifest| self.hand_out(manifest)).collect();
        self.owners.extend(ids.iter().map(|id| (id.clone(), Arc::clone(&owner))));
        Plan::Ready(ids)
    }

    /// Without owner references where the owner has no uid yet, as no API server takes them.
    fn hand_out(&mut self, mut manifest: Manifest) -> ObjectId {
        if manifest.owner_uid.is_empty()
            && let Some(metadata) = manifest.body["metadata"].as_object_mut()
        {
            metadata.remove("ownerReferences");
        }
        (self.sink)(&manifest);
        manifest.id
    }
}
