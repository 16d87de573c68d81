//! The resources of a case: which rule, what it makes, whether that works, what it offers.

use std::collections::BTreeMap;
use std::sync::Arc;

use score_operator::api::conditions::{ConditionType, Reason, find};
use score_operator::api::names::{ResourceUid, SHARED_CLASS, shared_uid, short_hash};
use score_operator::api::resource::{InventoryEntry, ObjectId, ScoreResourceSpec, ScoreResourceStatus};
use score_operator::api::rule::{Generate, ProvisionerRuleStatus};
use score_operator::plan::Plan;
use score_operator::plan::binding::{self, Binding, BindingInputs, bind};
use score_operator::plan::demand::Demand;
use score_operator::plan::graph;
use score_operator::plan::index::{Index, Known, ResourceKey};
use score_operator::plan::lookup::Dependency;
use score_operator::plan::resource::{Evaluated, Part, ResourceInputs, evaluate, offer};
use score_operator::plan::rule::select::{Labels, Subject, matching};
use score_operator::plan::rule::{Rule, compile};
use score_operator::plan::workload::ResourceState;
use score_operator::render::resource::{Belonging, objects};
use score_operator::render::{Manifest, Manifests, Owner, SecretValues, composed, generated};
use score_operator::status::resource::Facts;
use score_operator::status::{self, Outcome};
use score_operator::template::{Composed, SecretRef};
use serde_json::{Map, Value, json};

use super::Files;
use super::case::{Case, RuleFile, uid_of};
use super::model::{CANARY, GENERATION, NAMESPACE, NOW};
use super::shown::{documents, to_yaml};

/// A resource that was looked at.
struct Resolved {
    spec: ScoreResourceSpec,
    status: ScoreResourceStatus,
}

type Done = BTreeMap<ResourceUid, Resolved>;

impl Case {
    /// Resolves every resource of the namespace, each after those that it depends on.
    pub fn provision(&self, files: &mut Files) -> BTreeMap<String, ResourceState> {
        let rules = self.admitted(files);
        let index = self.index();
        let all: Vec<Demand> = index
            .workloads(NAMESPACE)
            .flat_map(|known| known.demands().cloned().collect::<Vec<_>>())
            .collect();
        let mut edges = graph::Edges::new();
        for demand in &all {
            let dependencies = edges.entry(demand.uid.to_string()).or_default();
            dependencies.extend(demand.depends_on.values().map(ToString::to_string));
        }
        let mut done = BTreeMap::new();
        for uid in graph::order(&edges).expect("no circle between workloads") {
            let uid = ResourceUid::parse(&uid).expect("a uid");
            if let Some(state) = self.resource(&uid, &rules, &done, files) {
                done.insert(uid, state);
            }
        }
        let own = self.demands().into_iter();
        own.filter_map(|demand| Some((demand.resource.clone(), state(&demand, done.get(&demand.uid)?))))
            .collect()
    }

    /// What a resource is called in the case: as in the Score file, or else by its id.
    fn name_of(&self, uid: &ResourceUid) -> String {
        let own = self.demands().into_iter().find(|demand| demand.uid == *uid);
        own.map_or_else(|| uid.id.clone(), |demand| demand.resource)
    }

    /// The rules that compile.
    fn admitted(&self, files: &mut Files) -> Vec<Arc<Rule>> {
        let mut admitted = Vec::new();
        for RuleFile { rule, own } in &self.rules {
            let name = rule.metadata.name.clone().expect("a rule has a name");
            let outcome = match compile(&name, &rule.spec) {
                Ok(compiled) => {
                    admitted.push(Arc::new(compiled));
                    Outcome::Ready
                }
                Err(problems) => Outcome::Rejected(problems),
            };
            if *own {
                let status = status::rule::compute(
                    GENERATION,
                    &outcome,
                    &status::rule::Rollout::default(),
                    &ProvisionerRuleStatus::default(),
                    NOW,
                );
                files.insert(format!("rules/{name}.yaml"), to_yaml(&json!(status)));
            }
        }
        admitted
    }

    fn resource(
        &self,
        uid: &ResourceUid,
        rules: &[Arc<Rule>],
        done: &Done,
        files: &mut Files,
    ) -> Option<Resolved> {
        let name = &self.name_of(uid);
        let index = self.index();
        let demands = index.demands(&ResourceKey { namespace: NAMESPACE.into(), uid: uid.clone() });
        let best = self.matching(uid, rules);
        let spec = self.bound(uid, &demands, best.first().cloned())?;
        files.insert(format!("resources/{name}/spec.yaml"), to_yaml(&json!(spec)));
        let rule = rules.iter().find(|rule| Some(&rule.name) == spec.rule.as_ref())?;
        let inputs = inputs(&spec, &demands, rule, done, &index, self.labels("namespace"));
        let mut written = |file: &str, text: String| files.insert(format!("resources/{name}/{file}"), text);
        let shared = self.shared(rule, &inputs, &mut |text| drop(written("shared.yaml", text)));
        let before: ScoreResourceStatus = self.before(name, "status").unwrap_or_default();
        let mut facts = Facts {
            generation: GENERATION,
            consumers: demands.iter().map(|demand| demand.workload.clone()).collect(),
            other_rules: best.into_iter().filter(|other| *other != rule.name).collect(),
            made_by: None,
            remark: None,
            outputs: None,
            patches: None,
            inventory: before.inventory.clone(),
        };
        let outcome = match evaluate(rule, Part::Own, &inputs) {
            Plan::Rejected(problems) => Outcome::Rejected(problems),
            Plan::Pending(awaited) => Outcome::Waiting(awaited),
            Plan::Ready(evaluated) => {
                let manifests = manifests(rule, &inputs, &evaluated);
                if manifests.ids().next().is_some() {
                    written("manifests.yaml", documents(&manifests));
                }
                let (outcome, texts) = self.concluded(name, rule, &evaluated, &manifests, shared, &mut facts);
                if !texts.is_empty() {
                    let composed = composed(&spec, rule, &texts);
                    let id = composed.id.clone();
                    facts.inventory.push(InventoryEntry { id, uid: uid_of(&composed.id.name) });
                    facts.inventory.sort();
                    written("composed.yaml", documents(&Manifests::new([composed])));
                }
                outcome
            }
        };
        let status = status::resource::compute(facts, &outcome, &before, NOW);
        written("status.yaml", to_yaml(&json!(status)));
        Some(Resolved { spec, status })
    }

    fn matching(&self, uid: &ResourceUid, rules: &[Arc<Rule>]) -> Vec<String> {
        let (namespace, workload) = (self.labels("namespace"), self.labels("workload"));
        let subject = Subject { uid, namespace_labels: &namespace, workload_labels: &workload };
        matching(rules, subject).into_iter().map(|rule| rule.name.clone()).collect()
    }

    fn bound(
        &self,
        uid: &ResourceUid,
        demands: &[Demand],
        best_rule: Option<String>,
    ) -> Option<ScoreResourceSpec> {
        let inputs = BindingInputs {
            uid: uid.clone(),
            existing: self.before(&self.name_of(uid), "spec"),
            demands: demands.to_vec(),
            holders: vec![],
            best_rule,
            move_to: None,
            new_guid: format!("guid-{}", short_hash(&uid.to_string())),
        };
        match bind(&inputs) {
            Binding::Keep { spec, .. } => Some(*spec),
            Binding::Release => None,
        }
    }

    /// The live objects that the rule shares; `write` gets their manifests.
    fn shared(
        &self,
        rule: &Rule,
        inputs: &ResourceInputs,
        write: &mut dyn FnMut(String),
    ) -> BTreeMap<String, Value> {
        if rule.shared.is_empty() {
            return BTreeMap::new();
        }
        let uid = shared_uid(&rule.type_, &rule.name);
        let spec = ScoreResourceSpec {
            class: SHARED_CLASS.into(),
            id: uid.id.clone(),
            guid: "guid-shared".into(),
            params: Map::new(),
            source_workload: None,
            ..inputs.spec.clone()
        };
        let of_type = |known: &&Arc<Known>| known.demands().any(|demand| demand.uid.type_ == rule.type_);
        let index = self.index();
        let consumers = index.workloads(NAMESPACE).filter(of_type).map(|known| known.name.clone()).collect();
        let inputs = ResourceInputs { spec, consumers, generated: rolled(rule, true), ..inputs.clone() };
        let Plan::Ready(evaluated) = evaluate(rule, Part::Shared, &inputs) else {
            panic!("the shared part of {} cannot be evaluated", rule.name)
        };
        let manifests = manifests(rule, &inputs, &evaluated);
        write(documents(&manifests));
        self.live_by_key(&uid.id, &evaluated, &manifests)
    }

    fn live_by_key(
        &self,
        resource: &str,
        evaluated: &Evaluated,
        manifests: &Manifests,
    ) -> BTreeMap<String, Value> {
        let of = |id: &ObjectId| manifests.iter().find(|manifest| manifest.id == *id).expect("its manifest");
        let live = |key: &String, id| Some((key.clone(), self.live(&format!("{resource}.{key}"), of(id))?));
        evaluated.objects.iter().filter_map(|object| live(&object.key, &object.id)).collect()
    }

    /// Whether the objects work, what they then offer, and the texts with secret parts among it.
    fn concluded(
        &self,
        name: &str,
        rule: &Rule,
        evaluated: &Evaluated,
        manifests: &Manifests,
        shared: BTreeMap<String, Value>,
        facts: &mut Facts,
    ) -> (Outcome, BTreeMap<String, Composed>) {
        let key = |manifest: &Manifest| {
            let object = evaluated.objects.iter().find(|object| object.id == manifest.id);
            format!("{name}.{}", object.map_or("generated", |object| &object.key))
        };
        let (outcome, inventory) = self.applied(manifests, key);
        facts.inventory = inventory;
        if outcome != Outcome::Ready {
            return (outcome, BTreeMap::new());
        }
        let mut live = self.live_by_key(name, evaluated, manifests);
        live.extend(shared);
        match offer(rule, evaluated, &live) {
            Plan::Pending(awaited) => (Outcome::Unavailable(awaited), BTreeMap::new()),
            Plan::Rejected(problems) => (Outcome::Failing(problems), BTreeMap::new()),
            Plan::Ready(offered) => {
                facts.outputs = json!(offered.outputs).as_object().cloned();
                facts.patches = offered.patches;
                (Outcome::Ready, offered.composed)
            }
        }
    }
}

fn inputs(
    spec: &ScoreResourceSpec,
    demands: &[Demand],
    rule: &Rule,
    done: &Done,
    index: &Index,
    namespace_labels: Labels,
) -> ResourceInputs {
    let author = binding::author(demands, spec).expect("somebody demands it");
    let dependency = |(name, uid): (&String, &ResourceUid)| {
        let status = done.get(uid).map(|resolved| resolved.status.clone()).unwrap_or_default();
        let message = find(&status.conditions, ConditionType::Ready).map(|ready| ready.message.clone());
        let message = format!("waits for resource `{name}` ({uid}): {}", message.unwrap_or_default());
        (name.clone(), Dependency { uid: uid.to_string(), outputs: status.outputs, message })
    };
    let outline = |known: &Arc<Known>| (known.name.clone(), known.outline());
    let mut consumers: Vec<_> = demands.iter().map(|demand| demand.workload.clone()).collect();
    consumers.sort();
    ResourceInputs {
        namespace: NAMESPACE.into(),
        spec: spec.clone(),
        workload: index.get(NAMESPACE, &author.workload).map(|known| known.view()).unwrap_or_default(),
        workloads: index.workloads(NAMESPACE).map(outline).collect(),
        dependencies: author.depends_on.iter().map(dependency).collect(),
        consumers,
        namespace_labels,
        generated: rolled(rule, false),
    }
}

/// A secret is marked, so that it is found wherever it goes.
fn rolled(rule: &Rule, shared: bool) -> BTreeMap<String, String> {
    let value = |(name, how): (&String, &Generate)| {
        let mark = if how.is_secret() { CANARY } else { "rolled" };
        (name.clone(), format!("{mark}-{name}"))
    };
    rule.rolls(shared).map(value).collect()
}

fn manifests(rule: &Rule, inputs: &ResourceInputs, evaluated: &Evaluated) -> Manifests {
    let belonging = belonging(&inputs.spec, rule);
    let all = objects(&belonging, &evaluated.objects);
    let is_generated = rule.keeps_rolled(inputs.spec.class == SHARED_CLASS);
    let rolled = generated::Rolled::new(&inputs.generated).under(rule);
    let secret = is_generated.then(|| generated::render(&belonging, &rolled));
    Manifests::new(secret.into_iter().chain(all.iter().cloned()))
}

/// The Secret of the texts with secret parts: those that others write hold a marked value.
fn composed(spec: &ScoreResourceSpec, rule: &Rule, texts: &BTreeMap<String, Composed>) -> Manifest {
    let value =
        |reference: &SecretRef| (reference.clone(), format!("{CANARY}-{}", reference.key).into_bytes());
    let values = texts.values().flat_map(Composed::references).map(value).collect();
    composed::render(&belonging(spec, rule), texts, &SecretValues::new(values, b"key".to_vec()))
}

fn belonging<'a>(spec: &'a ScoreResourceSpec, rule: &Rule) -> Belonging<'a> {
    let name = spec.uid().object_name();
    let owner = Owner { kind: "ScoreResource", uid: uid_of(&name), name };
    Belonging { namespace: NAMESPACE, owner, spec, policy: rule.deletion_policy, outlived: vec![] }
}

/// What a workload sees of a resource.
fn state(demand: &Demand, Resolved { spec, status }: &Resolved) -> ResourceState {
    let ready = find(&status.conditions, ConditionType::Ready);
    let same = spec.params == demand.params && spec.metadata == demand.metadata;
    ResourceState {
        object: demand.uid.object_name(),
        uid: demand.uid.to_string(),
        current: demand.is_bare() || same,
        reason: ready.map_or(Reason::Progressing, |ready| ready.reason),
        message: ready.map(|ready| ready.message.clone()).unwrap_or_default(),
        since: ready.map(|ready| ready.last_transition_time.clone()).unwrap_or_default(),
        retained: false,
        accepted: false,
        outputs: status.outputs.clone(),
        rule: spec.rule.clone(),
        patches: status.patches.clone(),
    }
}
