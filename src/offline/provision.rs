//! The resources of a projection: which rule, what it makes, whether that can be told to work, what it
//! offers. The steps are those of the controller; what it would ask a cluster is supplied or awaited.

mod shared;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::offer::{Objects, by_key, offered, rolled, stand_in, stored};
use super::project::{Existing, Inputs, Output};
use super::resource::Resource;
use super::rules::Admission;
use super::supposed::Supposed;
use crate::api::conditions::Reason;
use crate::api::names::{ResourceUid, SHARED_CLASS};
use crate::api::resource::{ObjectId, ScoreResourceSpec};
use crate::api::rule::DeletionPolicy;
use crate::plan::Plan;
use crate::plan::binding::{self, Binding, BindingInputs, bind};
use crate::plan::demand::Demand;
use crate::plan::guard::{self, Guard};
use crate::plan::index::{Index, Known, ResourceKey};
use crate::plan::lookup::Dependency;
use crate::plan::problem::{Awaited, Problem};
use crate::plan::resource::{Evaluated, Offer, Part, ResourceInputs, RuleObject, evaluate, patches};
use crate::plan::rule::Rule;
use crate::plan::rule::choice::{Candidate, Standing, candidates, no_rule};
use crate::plan::rule::select::{Labels, Subject, guarding};
use crate::plan::score::settings::Kind;
use crate::render::resource::{Belonging, claim, objects};
use crate::render::{Manifest, Manifests, Owner, composed, generated};

/// The resources worked out so far.
pub(super) struct Stage<'a, 'o> {
    inputs: &'a Inputs,
    index: &'a Index,
    output: &'a mut Output<'o>,
    workloads: Map<String, Json>,
    done: Vec<Resource>,
    places: BTreeMap<ResourceUid, usize>,
    /// The live objects of what rules share, by rule.
    shared: BTreeMap<String, Plan<Objects>>,
}

impl<'a, 'o> Stage<'a, 'o> {
    pub(super) fn new(inputs: &'a Inputs, index: &'a Index, output: &'a mut Output<'o>) -> Self {
        let service = |known: &Arc<Known>| (known.name.clone(), known.outline());
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
        let mut resource = Resource { candidates, demands, ..Resource::new(uid.clone(), spec) };
        let guards = self.guards(uid, &resource.demands);
        let allowed = guard::admits(&guards, &self.inputs.namespace_labels, uid);
        resource.outputs = allowed.and_then(|()| self.usable(&resource)).and_then(|rule| {
            // Where the rule is not known nobody can tell: then they do, as in the operator.
            resource.retained = rule.deletion_policy == DeletionPolicy::Retain;
            self.evaluated(&rule, &guards, &mut resource)
        });
        self.take_known(&mut resource);
        self.keep_claim(&mut resource);
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
        let labels = self.workload_labels(uid, demands);
        let bound = self.existing(uid).and_then(|existing| existing.spec.rule.as_deref());
        candidates(self.inputs.rules.of_type(&uid.type_), self.subject(uid, &labels), bound)
    }

    fn guards(&self, uid: &ResourceUid, demands: &[Demand]) -> Vec<Guard> {
        let labels = self.workload_labels(uid, demands);
        let found = guarding(self.inputs.rules.of_type(&uid.type_), self.subject(uid, &labels));
        let guard = |rule: &Arc<Rule>| match self.inputs.rules.get(&rule.name) {
            Some(Admission::Ready(rule)) => Guard::Readable(Arc::clone(rule)),
            Some(Admission::Refused(_)) | None => Guard::Broken(rule.name.clone()),
        };
        found.into_iter().map(guard).collect()
    }

    fn subject<'l>(&'l self, uid: &'l ResourceUid, workload_labels: &'l Labels) -> Subject<'l> {
        Subject { uid, namespace_labels: &self.inputs.namespace_labels, workload_labels }
    }

    /// The labels of the workload that first defined a resource.
    fn workload_labels(&self, uid: &ResourceUid, demands: &[Demand]) -> Labels {
        let source = self.existing(uid).and_then(|existing| existing.spec.source_workload.as_ref());
        let source = source.or_else(|| demands.first().map(|demand| &demand.workload));
        let known = source.and_then(|name| self.index.get(&self.inputs.namespace, name));
        known.map(|known| known.labels.clone()).unwrap_or_default()
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
            existing: self.existing(uid).map(|existing| existing.spec.clone()),
            demands: demands.to_vec(),
            holders: Vec::new(),
            best_rule: chosen.map(|found| found.rule.clone()),
            move_to: None,
            new_guid: self
                .supposed(demands)
                .and_then(|supposed| supposed.guid.clone())
                .unwrap_or_else(|| self.new_guid(uid)),
        };
        match bind(&inputs) {
            Binding::Keep { spec, .. } => Some(*spec),
            Binding::Release => None,
        }
    }

    /// The rule that the resource is bound to, if it can be used.
    fn usable(&self, resource: &Resource) -> Plan<Arc<Rule>> {
        let waits = |message: String| Plan::Pending(vec![Awaited::new(Reason::RuleNotFound, message)]);
        let Some(name) = resource.rule() else {
            return waits(no_rule(&resource.uid, self.inputs.rules.types()));
        };
        match self.inputs.rules.get(name) {
            Some(Admission::Ready(rule)) => Plan::Ready(Arc::clone(rule)),
            Some(Admission::Refused(_)) => {
                let message = "cannot be used: see what is said of it";
                Plan::Rejected(vec![Problem::new("spec", Reason::InvalidRule, message)])
            }
            None => waits(format!("rule `{name}`, which provides this resource, is not here")),
        }
    }

    /// In place of what was worked out, what the cluster has for the same settings (decision 10), or what the
    /// user supplied: that does not mend what is refused.
    fn take_known(&self, resource: &mut Resource) {
        let supplied = self.inputs.supplied.of(&resource.demands);
        let existing = self.existing(&resource.uid).filter(|existing| existing.spec == resource.spec);
        let existing = existing.and_then(|existing| Some((existing.outputs.as_ref()?, &existing.patches)));
        match (supplied, existing) {
            (Some(outputs), _) if !matches!(resource.outputs, Plan::Rejected(_)) => {
                // What the rule patches nobody supplies: it must be known all the same.
                let patches = std::mem::replace(&mut resource.patches, Plan::Ready(None));
                resource.outputs = patches.and_then(|patches| {
                    resource.patches = Plan::Ready(patches);
                    Plan::Ready(outputs.clone())
                });
            }
            (_, Some((outputs, patches))) => {
                resource.outputs = Plan::Ready(outputs.clone());
                resource.patches = Plan::Ready(patches.clone());
            }
            _ => {}
        }
    }

    /// What is supposed of the resource of these demands.
    fn supposed(&self, demands: &[Demand]) -> Option<&'a Supposed> {
        self.inputs.supposed.as_ref().filter(|supposed| supposed.is_about(demands))
    }

    /// Keeps the objects as the rule says, for a test of it.
    fn note(&self, evaluated: &Evaluated, resource: &mut Resource) {
        if self.inputs.supposed.is_some() {
            let body = |object: &RuleObject| (object.key.clone(), object.body.clone());
            resource.made = evaluated.objects.iter().map(body).collect();
        }
    }

    fn existing(&self, uid: &ResourceUid) -> Option<&Existing> {
        self.inputs.existing.get(uid)
    }

    /// Fills in what the rule makes of the resource, and gives what it offers.
    fn evaluated(
        &mut self,
        rule: &Rule,
        guards: &[Guard],
        resource: &mut Resource,
    ) -> Plan<Map<String, Json>> {
        let inputs = self.evaluation(rule, resource);
        let evaluated = evaluate(rule, Part::Own, &inputs).and_then(|evaluated| {
            guard::admits_params(guards, &inputs, &evaluated.params).and_then(|()| Plan::Ready(evaluated))
        });
        let shared = self.share(rule, resource);
        evaluated.and_then(|evaluated| {
            resource.params = Some(evaluated.params.clone());
            self.note(&evaluated, resource);
            let manifests = self.manifests(rule, &resource.spec, &evaluated, &inputs.generated);
            let mut live = by_key(&evaluated, &manifests);
            let offered = shared.and_then(|shared| {
                live.extend(shared);
                match self.supposed(&resource.demands) {
                    Some(supposed) => supposed.offered(rule, &evaluated, &manifests, &mut live),
                    None => offered(rule, &evaluated, &manifests, &live, self.inputs.assume_ready),
                }
            });
            resource.patches = patches(rule, &evaluated, &live);
            let texts = match &offered {
                Plan::Ready(offer) if !offer.composed.is_empty() => {
                    self.output.reads(offer.references());
                    Some(self.composed(rule, &resource.spec, offer))
                }
                _ => None,
            };
            let emitted = self.emit(&resource.uid, Manifests::new(manifests.into_iter().chain(texts)));
            emitted.and_then(|objects| {
                resource.objects = objects;
                offered.and_then(|offer| Plan::Ready(stored(&offer.outputs)))
            })
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
            generated: match self.supposed(&resource.demands) {
                Some(supposed) => supposed.rolled(rule, resource.uid.class == SHARED_CLASS),
                None => rolled(rule, resource),
            },
            consumers: self.consumers(rule, resource),
            namespace_labels: self.inputs.namespace_labels.clone(),
        }
    }

    /// The workloads that use a resource, or, where it is what a rule shares, any resource of that rule.
    fn consumers(&self, rule: &Rule, resource: &Resource) -> Vec<String> {
        let mut names: Vec<_> = resource.demands.iter().map(|demand| demand.workload.clone()).collect();
        if resource.uid.class == SHARED_CLASS {
            let of_type =
                |key: &ResourceKey| key.namespace == self.inputs.namespace && key.uid.type_ == rule.type_;
            for key in self.index.resources(of_type) {
                let demands = self.index.demands(&key);
                let bound = self.bound(&key.uid, &demands, &self.candidates(&key.uid, &demands));
                if bound.is_some_and(|spec| spec.rule.as_ref() == Some(&rule.name)) {
                    names.extend(demands.into_iter().map(|demand| demand.workload));
                }
            }
        }
        names.sort();
        names.dedup();
        names
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
        let belonging = self.belonging(spec, rule.deletion_policy);
        let rolled = generated::Rolled::new(rolled).under(rule);
        let is_generated = rule.keeps_rolled(spec.class == SHARED_CLASS);
        let secret = is_generated.then(|| generated::render(&belonging, &rolled));
        let all = objects(&belonging, &evaluated.objects);
        Manifests::new(secret.into_iter().chain(all))
    }

    /// The Secret of the texts with secret parts; what only a cluster has stands as the name of where it is.
    fn composed(&self, rule: &Rule, spec: &ScoreResourceSpec, offer: &Offer) -> Manifest {
        let belonging = self.belonging(spec, rule.deletion_policy);
        composed::render(&belonging, &offer.composed, &self.inputs.secrets)
    }

    fn belonging<'s>(&'s self, spec: &'s ScoreResourceSpec, policy: DeletionPolicy) -> Belonging<'s> {
        let uid = spec.uid();
        let existing = self.existing(&uid);
        let object_uid = existing.map(|existing| existing.object_uid.clone()).unwrap_or_default();
        let owner = Owner { kind: "ScoreResource", name: uid.object_name(), uid: object_uid };
        let outlived = existing.map(|existing| existing.outlived.clone()).unwrap_or_default();
        Belonging { namespace: &self.inputs.namespace, owner, spec, policy, outlived }
    }

    /// The claim of a volume, where a consumer is no StatefulSet, whose pods have a claim each (L02).
    fn keep_claim(&mut self, resource: &mut Resource) {
        let Some(spec) = resource.claim_spec() else { return };
        let kind = |demand: &Demand| {
            let known = self.index.get(&self.inputs.namespace, &demand.workload)?;
            Some(known.valid.as_ref()?.settings.kind.clone())
        };
        if resource.demands.iter().filter_map(kind).all(|kind| kind == Kind::StatefulSet) {
            return;
        }
        let policy = if resource.retained { DeletionPolicy::Retain } else { DeletionPolicy::Delete };
        let manifest = claim(&self.belonging(&resource.spec, policy), &spec);
        match self.emit(&resource.uid, Manifests::new([manifest])) {
            Plan::Ready(objects) => resource.objects.extend(objects),
            Plan::Pending(awaited) => resource.outputs = Plan::Pending(awaited),
            Plan::Rejected(problems) => resource.outputs = Plan::Rejected(problems),
        }
    }

    fn emit(&mut self, uid: &ResourceUid, manifests: Manifests) -> Plan<Vec<ObjectId>> {
        self.output.emit(&format!("resource `{uid}`"), "manifests", manifests)
    }

    /// The same for the same resource in every run: a cluster rolls another.
    fn new_guid(&self, uid: &ResourceUid) -> String {
        stand_in(&format!("{}/{uid}", self.inputs.namespace), 20)
    }
}
