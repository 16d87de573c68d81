//! The resources of a projection: which rule, what it makes, whether that can be told to work, what it
//! offers. The steps are those of the controller; what it would ask a cluster is supplied or awaited.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::Remark;
use super::project::{Inputs, Output};
use super::rules::Admission;
use crate::api::conditions::Reason;
use crate::api::names::{ResourceUid, SHARED_CLASS, shared_uid, short_hash};
use crate::api::resource::{ObjectId, ScoreResourceSpec};
use crate::api::rule::{DeletionPolicy, Generate};
use crate::plan::Plan;
use crate::plan::binding::{self, Binding, BindingInputs, bind};
use crate::plan::demand::Demand;
use crate::plan::index::{Index, Known, ResourceKey};
use crate::plan::lookup::Dependency;
use crate::plan::problem::{Awaited, Problem};
use crate::plan::resource::{Evaluated, Part, ResourceInputs, evaluate, outputs, outputs_if_ready};
use crate::plan::rule::Rule;
use crate::plan::rule::choice::{Candidate, Standing, candidates, no_rule};
use crate::plan::rule::select::{Labels, Subject};
use crate::plan::workload::ResourceState;
use crate::render::resource::{Belonging, objects};
use crate::render::{Manifests, Owner, generated};
use crate::status::ready::works_at_once;
use crate::template::{SecretRef, Value};

/// What stands for a secret that the operator rolls in the cluster.
pub const GENERATED: &str = "<generated in the cluster>";

/// What became of one resource, or of what a rule shares.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its identity.
    pub uid: ResourceUid,
    /// Its spec: settings, rule and guid.
    pub spec: ScoreResourceSpec,
    /// Every rule of its type, and why it was chosen or not.
    pub candidates: Vec<Candidate>,
    /// Its params after defaults, where they are known.
    pub params: Option<Value>,
    /// Its objects, as far as they are known, in order.
    pub objects: Vec<ObjectId>,
    /// What it offers, or why that is not known.
    pub outputs: Plan<Map<String, Json>>,
    /// Who demands it, by workload and name.
    pub demands: Vec<Demand>,
    /// What its rule shares in the namespace.
    pub shares: Option<ResourceUid>,
}

impl Resource {
    /// The demand whose params are in force.
    #[must_use]
    pub fn consumer(&self) -> Option<&Demand> {
        binding::author(&self.demands, &self.spec).or_else(|| self.demands.first())
    }

    /// The rule that provides it.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        self.spec.rule.as_deref()
    }

    /// Its demands, if some contradict each other (P03); nothing where all agree.
    pub(super) fn disputed(&self) -> &[Demand] {
        let mut full = self.demands.iter().filter(|demand| !demand.is_bare());
        let first = full.next();
        let differs = |other: &Demand| {
            first.is_some_and(|first| first.params != other.params || first.metadata != other.metadata)
        };
        if full.any(differs) { &self.demands } else { &[] }
    }

    /// What a workload sees of it.
    pub(super) fn state(&self, demand: &Demand) -> ResourceState {
        let same = self.spec.params == demand.params && self.spec.metadata == demand.metadata;
        let (reason, message) = self.why();
        ResourceState {
            object: self.uid.object_name(),
            uid: self.uid.to_string(),
            current: demand.is_bare() || same,
            ready: matches!(self.outputs, Plan::Ready(_)),
            reason,
            message,
            since: String::new(),
            outputs: match &self.outputs {
                Plan::Ready(outputs) => Some(outputs.clone()),
                Plan::Pending(_) | Plan::Rejected(_) => None,
            },
        }
    }

    fn why(&self) -> (Reason, String) {
        match &self.outputs {
            Plan::Ready(_) => (Reason::Ready, String::new()),
            Plan::Pending(awaited) => {
                let all: Vec<_> = awaited.iter().map(|found| found.message.as_str()).collect();
                (awaited.first().map_or(Reason::Progressing, |found| found.reason), all.join("; "))
            }
            Plan::Rejected(problems) => {
                let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
                (problems.first().map_or(Reason::Failed, |found| found.reason), all.join("; "))
            }
        }
    }

    /// What only an edit mends. Trouble with params is left to the workloads: their plans say it.
    pub(super) fn problems(&self, file: &str) -> Vec<Remark> {
        use Reason::{InvalidParams, UnknownOutput, UnknownPlaceholder, UnknownResource};
        let Plan::Rejected(problems) = &self.outputs else { return Vec::new() };
        let said_before = |reason: Reason| {
            matches!(reason, InvalidParams | UnknownOutput | UnknownPlaceholder | UnknownResource)
        };
        let own = problems.iter().filter(|_| !said_before(self.why().0));
        let rule = self.rule().unwrap_or_default();
        let message = |problem: &Problem| format!("rule `{rule}`: {problem}");
        own.map(|problem| Remark::new(file, self.path(), problem.reason, message(problem))).collect()
    }

    /// What only a cluster can tell.
    pub(super) fn awaited(&self, file: &str) -> Vec<Remark> {
        let Plan::Pending(awaited) = &self.outputs else { return Vec::new() };
        awaited.iter().map(|found| Remark::awaited(file, &self.path(), found)).collect()
    }

    /// Where it stands in the file that defines it.
    fn path(&self) -> String {
        self.consumer()
            .map_or_else(|| self.uid.to_string(), |demand| format!("resources.{}", demand.resource))
    }
}

/// The resources worked out so far.
pub(super) struct Stage<'a, 'o> {
    inputs: &'a Inputs,
    index: &'a Index,
    output: &'a mut Output<'o>,
    workloads: Map<String, Json>,
    done: Vec<Resource>,
    places: BTreeMap<ResourceUid, usize>,
    /// The live objects of what rules share, by rule.
    shared: BTreeMap<String, Shared>,
}

/// What a rule shares: its objects by key, or why there are none.
type Shared = Plan<BTreeMap<String, Json>>;

impl<'a, 'o> Stage<'a, 'o> {
    pub(super) fn new(inputs: &'a Inputs, index: &'a Index, output: &'a mut Output<'o>) -> Self {
        let service = |known: &Arc<Known>| (known.name.clone(), json!({"service": known.view().service}));
        Self {
            inputs,
            index,
            output,
            workloads: index.workloads(&inputs.namespace).map(service).collect(),
            done: Vec::new(),
            places: BTreeMap::new(),
            shared: BTreeMap::new(),
        }
    }

    pub(super) fn finish(self) -> Vec<Resource> {
        self.done
    }

    /// Works out one resource, after those that it depends on.
    pub(super) fn provision(&mut self, uid: &ResourceUid) {
        let demands = self.index.demands(&self.key(uid));
        let candidates = self.candidates(uid, &demands);
        let Some(spec) = self.bound(uid, &demands, &candidates) else { return };
        let mut resource = Resource {
            uid: uid.clone(),
            spec,
            candidates,
            params: None,
            objects: Vec::new(),
            outputs: Plan::Pending(Vec::new()),
            demands,
            shares: None,
        };
        resource.outputs = match self.usable(&resource) {
            Ok(rule) => self.evaluated(&rule, &mut resource),
            Err(trouble) => trouble,
        };
        if let Some(outputs) = self.known_outputs(&resource) {
            resource.outputs = Plan::Ready(outputs);
        }
        self.add(resource);
    }

    fn add(&mut self, resource: Resource) {
        self.places.insert(resource.uid.clone(), self.done.len());
        self.done.push(resource);
    }

    fn get(&self, uid: &ResourceUid) -> Option<&Resource> {
        self.done.get(*self.places.get(uid)?)
    }

    fn key(&self, uid: &ResourceUid) -> ResourceKey {
        ResourceKey { namespace: self.inputs.namespace.clone(), uid: uid.clone() }
    }

    fn candidates(&self, uid: &ResourceUid, demands: &[Demand]) -> Vec<Candidate> {
        let existing = self.inputs.existing.get(uid).map(|existing| &existing.spec);
        let source = existing.and_then(|spec| spec.source_workload.as_ref());
        let source = source.or_else(|| demands.first().map(|demand| &demand.workload));
        let known = source.and_then(|name| self.index.get(&self.inputs.namespace, name));
        let none = Labels::new();
        let workload_labels = known.as_ref().map_or(&none, |known| &known.labels);
        let subject = Subject { uid, namespace_labels: &self.inputs.namespace_labels, workload_labels };
        let bound = existing.and_then(|spec| spec.rule.as_deref());
        candidates(self.inputs.rules.of_type(&uid.type_), subject, bound)
    }

    fn bound(
        &self,
        uid: &ResourceUid,
        demands: &[Demand],
        candidates: &[Candidate],
    ) -> Option<ScoreResourceSpec> {
        let chosen = candidates.iter().find(|found| matches!(found.standing, Standing::Chosen { .. }));
        let inputs = BindingInputs {
            uid: uid.clone(),
            existing: self.inputs.existing.get(uid).map(|existing| existing.spec.clone()),
            demands: demands.to_vec(),
            holders: Vec::new(),
            best_rule: chosen.map(|found| found.rule.clone()),
            new_guid: stand_in(&format!("{}/{uid}", self.inputs.namespace), 20),
        };
        match bind(&inputs) {
            Binding::Keep { spec, .. } => Some(*spec),
            Binding::Release => None,
        }
    }

    /// The rule that the resource is bound to, if it can be used.
    fn usable<T>(&self, resource: &Resource) -> Result<Arc<Rule>, Plan<T>> {
        let waits = |message: String| Err(Plan::Pending(vec![Awaited::new(Reason::RuleNotFound, message)]));
        let Some(name) = resource.rule() else {
            return waits(no_rule(&resource.uid, self.inputs.rules.types()));
        };
        match self.inputs.rules.get(name) {
            Some(Admission::Ready(rule)) => Ok(Arc::clone(rule)),
            Some(Admission::Refused(_)) => {
                let message = "cannot be used: see what is said of it";
                Err(Plan::Rejected(vec![Problem::new("spec", Reason::InvalidRule, message)]))
            }
            None => waits(format!("rule `{name}`, which provides this resource, is not here")),
        }
    }

    /// What the user supplied, or what the cluster has for the same settings.
    fn known_outputs(&self, resource: &Resource) -> Option<Map<String, Json>> {
        let supplied = self.inputs.supplied.of(&resource.demands).cloned();
        let existing = || {
            let existing = self.inputs.existing.get(&resource.uid)?;
            (existing.spec == resource.spec).then(|| existing.outputs.clone())?
        };
        supplied.or_else(existing)
    }

    /// Fills in what the rule makes of the resource, and gives what it offers.
    fn evaluated(&mut self, rule: &Rule, resource: &mut Resource) -> Plan<Map<String, Json>> {
        let shared = self.share(rule, resource);
        let inputs = self.evaluation(rule, resource);
        let evaluated = match evaluate(rule, Part::Own, &inputs) {
            Plan::Ready(evaluated) => evaluated,
            Plan::Pending(awaited) => return Plan::Pending(awaited),
            Plan::Rejected(problems) => return Plan::Rejected(problems),
        };
        resource.params = Some(evaluated.params.clone());
        let manifests = self.manifests(rule, &resource.spec, &evaluated, &inputs.generated);
        let mut live = by_key(&evaluated, &manifests);
        let outputs = self.offered(rule, &evaluated, &mut live, shared, &manifests);
        let emitted = self.emit(&resource.uid, manifests);
        emitted.and_then(|objects| {
            resource.objects = objects;
            outputs
        })
    }

    fn evaluation(&self, rule: &Rule, resource: &Resource) -> ResourceInputs {
        let author = binding::author(&resource.demands, &resource.spec);
        let known = author.and_then(|author| self.index.get(&self.inputs.namespace, &author.workload));
        let dependencies = author.iter().flat_map(|author| &author.depends_on);
        ResourceInputs {
            namespace: self.inputs.namespace.clone(),
            spec: resource.spec.clone(),
            workload: known.map(|known| known.view()).unwrap_or_default(),
            workloads: if rule.reads_workloads { self.workloads.clone() } else { Map::new() },
            dependencies: dependencies
                .map(|(name, uid)| (name.clone(), self.dependency(name, uid)))
                .collect(),
            generated: rule
                .generate
                .iter()
                .map(|(key, how)| (key.clone(), rolled(resource, key, how)))
                .collect(),
        }
    }

    fn dependency(&self, name: &str, uid: &ResourceUid) -> Dependency {
        let found = self.get(uid);
        let outputs = found.and_then(|found| match &found.outputs {
            Plan::Ready(outputs) => Some(outputs.clone()),
            Plan::Pending(_) | Plan::Rejected(_) => None,
        });
        let message = format!("waits for resource `{name}` ({uid}) that its params name");
        Dependency { uid: uid.to_string(), outputs, message }
    }

    fn manifests(
        &self,
        rule: &Rule,
        spec: &ScoreResourceSpec,
        evaluated: &Evaluated,
        rolled: &BTreeMap<String, String>,
    ) -> Manifests {
        let uid = spec.uid();
        let existing = self.inputs.existing.get(&uid).map(|existing| existing.object_uid.clone());
        let owner =
            Owner { kind: "ScoreResource", name: uid.object_name(), uid: existing.unwrap_or_default() };
        let namespace = &self.inputs.namespace;
        let belonging = Belonging { namespace, owner, spec, policy: rule.deletion_policy };
        let is_generated = !rule.generate.is_empty() || rule.deletion_policy == DeletionPolicy::Retain;
        let secret =
            (is_generated && spec.class != SHARED_CLASS).then(|| generated::render(&belonging, rolled));
        let all = objects(&belonging, &evaluated.objects);
        Manifests::new(secret.into_iter().chain(all))
    }

    fn emit(&mut self, uid: &ResourceUid, manifests: Manifests) -> Plan<Vec<ObjectId>> {
        self.output.emit(&format!("resource `{uid}`"), "manifests", manifests)
    }

    /// What the rule shares in the namespace: worked out once.
    fn share(&mut self, rule: &Rule, resource: &mut Resource) -> Shared {
        if rule.shared.is_empty() {
            return Plan::Ready(BTreeMap::new());
        }
        let uid = shared_uid(&rule.type_, &rule.name);
        resource.shares = Some(uid.clone());
        if !self.shared.contains_key(&rule.name) {
            let shared = self.shared_part(rule, &uid);
            self.shared.insert(rule.name.clone(), shared);
        }
        match self.shared.get(&rule.name) {
            Some(Plan::Ready(live)) => Plan::Ready(live.clone()),
            Some(Plan::Pending(_)) => {
                let message = format!("waits for what rule `{}` shares in this namespace ({uid})", rule.name);
                Plan::Pending(vec![Awaited::new(Reason::WaitingForShared, message)])
            }
            Some(Plan::Rejected(problems)) => Plan::Rejected(problems.clone()),
            None => Plan::Ready(BTreeMap::new()),
        }
    }

    fn shared_part(&mut self, rule: &Rule, uid: &ResourceUid) -> Shared {
        let existing = self.inputs.existing.get(uid).map(|existing| existing.spec.clone());
        let spec = existing.unwrap_or_else(|| ScoreResourceSpec {
            type_: uid.type_.clone(),
            class: uid.class.clone(),
            id: uid.id.clone(),
            rule: Some(rule.name.clone()),
            guid: stand_in(&format!("{}/{uid}", self.inputs.namespace), 20),
            ..ScoreResourceSpec::default()
        });
        let mut resource = Resource {
            uid: uid.clone(),
            spec,
            candidates: Vec::new(),
            params: None,
            objects: Vec::new(),
            outputs: Plan::Ready(Map::new()),
            demands: Vec::new(),
            shares: None,
        };
        let inputs = ResourceInputs { generated: BTreeMap::new(), ..self.evaluation(rule, &resource) };
        let live = match evaluate(rule, Part::Shared, &inputs) {
            Plan::Ready(evaluated) => {
                let manifests = self.manifests(rule, &resource.spec, &evaluated, &inputs.generated);
                let known = self.inputs.existing.get(uid).is_some_and(|existing| existing.outputs.is_some());
                let ready = self.inputs.assume_ready || known;
                let works = if ready { Plan::Ready(()) } else { must_work(&manifests) };
                let live = by_key(&evaluated, &manifests);
                let emitted = self.emit(uid, manifests);
                emitted.and_then(|objects| {
                    resource.objects = objects;
                    works.and_then(|()| Plan::Ready(live))
                })
            }
            Plan::Pending(awaited) => Plan::Pending(awaited),
            Plan::Rejected(problems) => Plan::Rejected(problems),
        };
        resource.outputs = live.clone().and_then(|_| Plan::Ready(Map::new()));
        self.add(resource);
        live
    }

    /// What the resource offers, as far as it can be told without a cluster.
    fn offered(
        &self,
        rule: &Rule,
        evaluated: &Evaluated,
        live: &mut BTreeMap<String, Json>,
        shared: Shared,
        manifests: &Manifests,
    ) -> Plan<Map<String, Json>> {
        match shared {
            Plan::Ready(more) => live.extend(more),
            Plan::Pending(awaited) => return Plan::Pending(awaited),
            Plan::Rejected(problems) => return Plan::Rejected(problems),
        }
        let offered = if self.inputs.assume_ready {
            outputs_if_ready(rule, evaluated, live)
        } else {
            must_work(manifests).and_then(|()| outputs(rule, evaluated, live))
        };
        let is_there = |offered: BTreeMap<String, Value>| self.secrets_exist(offered, live, manifests);
        offered.and_then(is_there).and_then(|offered| {
            let stored = serde_json::to_value(&offered).ok().and_then(|value| value.as_object().cloned());
            Plan::Ready(stored.unwrap_or_default())
        })
    }

    /// Every key that the outputs refer to is in a Secret that the rule itself writes; of any other only a
    /// cluster can tell (P07).
    fn secrets_exist(
        &self,
        offered: BTreeMap<String, Value>,
        live: &BTreeMap<String, Json>,
        manifests: &Manifests,
    ) -> Plan<BTreeMap<String, Value>> {
        let bodies = || manifests.iter().map(|manifest| &manifest.body).chain(live.values());
        let is_written = |wanted: &SecretRef| {
            bodies().any(|body| {
                body["kind"] == "Secret"
                    && body["metadata"]["name"] == wanted.name.as_str()
                    && body["data"].get(&wanted.key).is_some()
            })
        };
        let wanted: BTreeSet<_> = offered.values().flat_map(|value| value.secrets()).collect();
        let missing = wanted.into_iter().filter(|wanted| !self.inputs.assume_ready && !is_written(wanted));
        let message = |wanted: &SecretRef| {
            let text = format!("Secret `{}` must have the key `{}`", wanted.name, wanted.key);
            Awaited::new(Reason::WaitingForSecret, text)
        };
        let awaited: Vec<_> = missing.map(message).collect();
        if awaited.is_empty() { Plan::Ready(offered) } else { Plan::Pending(awaited) }
    }
}

/// Pending while an object is of a kind of which only a cluster can tell whether it works.
fn must_work(manifests: &Manifests) -> Plan<()> {
    let waiting = manifests.iter().filter(|manifest| !works_at_once(&manifest.body));
    let awaited: Vec<_> = waiting
        .map(|manifest| Awaited::new(Reason::WaitingForObjects, format!("{} must be ready", manifest.id)))
        .collect();
    if awaited.is_empty() { Plan::Ready(()) } else { Plan::Pending(awaited) }
}

/// The manifests by their key in the rule, in place of the live objects.
fn by_key(evaluated: &Evaluated, manifests: &Manifests) -> BTreeMap<String, Json> {
    let bodies: BTreeMap<_, _> = manifests.iter().map(|manifest| (&manifest.id, &manifest.body)).collect();
    let body = |object: &crate::plan::resource::RuleObject| {
        Some((object.key.clone(), (*bodies.get(&object.id)?).clone()))
    };
    evaluated.objects.iter().filter_map(body).collect()
}

/// What stands for a generated value: a secret is never rolled here.
fn rolled(resource: &Resource, key: &str, how: &Generate) -> String {
    if how.is_secret() {
        return GENERATED.to_owned();
    }
    stand_in(&format!("{}/{}/{key}", resource.spec.guid, resource.uid), how.alphanumeric.into())
}

/// Letters and digits in place of random ones: the same for the same seed, different for others.
fn stand_in(seed: &str, length: usize) -> String {
    let pieces = (0..length.div_ceil(8)).map(|piece| short_hash(&format!("{seed}/{piece}")));
    pieces.collect::<String>().chars().take(length).collect()
}
