//! Our answer to a case: the pure engine over the workloads and resources of one namespace.

use std::collections::{BTreeMap, BTreeSet};

use score_operator::api::conditions::Reason;
use score_operator::api::names::ResourceUid;
use score_operator::api::resource::ScoreResourceSpec;
use score_operator::plan::binding::{self, Binding, BindingInputs, bind};
use score_operator::plan::demand::Demand;
use score_operator::plan::demand::metadata;
use score_operator::plan::lookup::{Dependency, Trouble, look_up};
use score_operator::plan::problem::Problem;
use score_operator::plan::resource::{Part, ResourceInputs, WorkloadView, evaluate, offer};
use score_operator::plan::workload::{Valid, Workload as Planned, WorkloadInputs, plan, validate};
use score_operator::plan::{Plan, graph};
use score_operator::render::resource::{Belonging, objects};
use score_operator::render::{self, Owner, SecretValues};
use score_operator::template::{Value as Resolved, substitute_json};
use serde_json::{Map, Value, json};

use super::data::{Answer, Case, Provisioner, Run};
use super::offline::{self, Wrapped};
use super::provisioners::{self, Tokens};

/// Where all cases play that name no namespace.
pub const NAMESPACE: &str = "team-a";

/// What we make of a case.
pub struct Ours {
    pub answer: Answer,
    /// The steps that only the offline commands do, by their ids.
    pub offline: BTreeSet<&'static str>,
    /// The resources that nobody demands any more.
    pub released: BTreeSet<String>,
    /// What stands for a token of the recorded answers, and the token.
    pub tokens: Vec<(String, String)>,
}

/// A workload of the project.
struct Workload {
    name: String,
    spec: Map<String, Value>,
    valid: Valid,
}

/// A resource of the project.
struct Held {
    spec: ScoreResourceSpec,
    outputs: Result<Map<String, Value>, Problem>,
    objects: Vec<Value>,
}

#[derive(Default)]
struct Project {
    namespace: String,
    /// In the order in which they came.
    workloads: Vec<Workload>,
    resources: BTreeMap<ResourceUid, Held>,
    offline: BTreeSet<&'static str>,
    released: BTreeSet<String>,
}

/// Runs a case.
pub fn answer(case: &Case) -> Ours {
    let mut project = Project { namespace: NAMESPACE.to_owned(), ..Project::default() };
    let mut answer = Ok(Vec::new());
    for run in &case.runs {
        answer = project.run(run);
    }
    let answer = match answer {
        Ok(objects) => Answer::Manifests(objects),
        Err(problems) => Answer::Error(problems.join("\n")),
    };
    let token = |uid: &ResourceUid| (provisioners::guid8(uid), format!("<guid8:{uid}>"));
    let tokens = project.resources.keys().map(token).collect();
    Ours { answer, offline: project.offline, released: project.released, tokens }
}

/// `path: message`, one per problem.
type Refused = Vec<String>;

fn shown(problems: &[Problem]) -> Refused {
    problems.iter().map(ToString::to_string).collect()
}

impl Project {
    fn run(&mut self, run: &Run) -> Result<Vec<Value>, Refused> {
        if let Some(namespace) = offline::namespace(run) {
            self.namespace.clone_from(namespace);
        }
        let mut refused = Vec::new();
        for text in &run.scores {
            refused.extend(self.put(text, run).err().unwrap_or_default());
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        self.resolve(&provisioners::with_defaults(&run.provisioners))?;
        self.objects()
    }

    fn put(&mut self, text: &str, run: &Run) -> Result<(), Refused> {
        let Wrapped { name, spec, steps } = offline::wrap(text, run).map_err(|message| vec![message])?;
        self.offline.extend(steps);
        let valid = validate(&name, &spec).map_err(|problems| shown(&problems))?;
        let workload = Workload { name, spec, valid };
        match self.workloads.iter_mut().find(|known| known.name == workload.name) {
            Some(known) => *known = workload,
            None => self.workloads.push(workload),
        }
        Ok(())
    }

    fn demands(&self) -> impl Iterator<Item = &Demand> {
        self.workloads.iter().flat_map(|workload| &workload.valid.demands)
    }

    /// Resolves every resource after those that it depends on, whichever workload says so (E04, E05).
    fn resolve(&mut self, provisioners: &[Provisioner]) -> Result<(), Refused> {
        let mut edges: graph::Edges =
            self.resources.keys().map(|uid| (uid.to_string(), BTreeSet::new())).collect();
        for demand in self.demands() {
            let dependencies = edges.entry(demand.uid.to_string()).or_default();
            dependencies.extend(demand.depends_on.values().map(ToString::to_string));
        }
        let order = graph::order(&edges).map_err(|cycle| vec![format!("resources: {cycle:?}")])?;
        for uid in order.iter().filter_map(|uid| ResourceUid::parse(uid)) {
            let demands: Vec<_> = self.demands().filter(|demand| demand.uid == uid).cloned().collect();
            let best = provisioners.iter().find(|provisioner| provisioner.type_ == uid.type_);
            let bound = bind(&BindingInputs {
                uid: uid.clone(),
                existing: self.resources.get(&uid).map(|held| held.spec.clone()),
                demands: demands.clone(),
                holders: Vec::new(),
                best_rule: best.map(provisioners::name),
                new_guid: format!("<guid:{uid}>"),
            });
            match bound {
                Binding::Release => {
                    self.resources.remove(&uid);
                    self.released.insert(uid.to_string());
                }
                Binding::Keep { spec, .. } => {
                    let held = self.held(*spec, &demands, provisioners);
                    self.resources.insert(uid, held);
                }
            }
        }
        Ok(())
    }

    /// What a resource comes to. One whose rule is gone serves its last outputs (decision 10).
    fn held(&self, spec: ScoreResourceSpec, demands: &[Demand], provisioners: &[Provisioner]) -> Held {
        let bound = |provisioner: &&Provisioner| Some(provisioners::name(provisioner)) == spec.rule;
        let before = self.resources.get(&spec.uid());
        let result = match (provisioners.iter().find(bound), before) {
            (Some(provisioner), _) => self.provision(&spec, demands, provisioner),
            (None, Some(Held { outputs: Ok(outputs), objects, .. })) => {
                Ok((outputs.clone(), objects.clone()))
            }
            (None, _) => {
                Err(Problem::new("", Reason::RuleNotFound, format!("no rule provides `{}`", spec.type_)))
            }
        };
        let (outputs, objects) = match result {
            Ok((outputs, objects)) => (Ok(outputs), objects),
            Err(problem) => (Err(problem), Vec::new()),
        };
        Held { spec, outputs, objects }
    }

    fn provision(
        &self,
        spec: &ScoreResourceSpec,
        demands: &[Demand],
        provisioner: &Provisioner,
    ) -> Result<(Map<String, Value>, Vec<Value>), Problem> {
        let inputs = self.inputs(spec, demands);
        let params = params(&inputs)?;
        let rule = provisioners::rule(
            provisioner,
            &Tokens {
                uid: &spec.uid(),
                source_workload: spec.source_workload.as_deref().unwrap_or_default(),
                params: &params,
                metadata: &Value::Object(spec.metadata.clone()),
            },
        )
        .map_err(|problems| Problem::new("", Reason::InvalidRule, problems.join("; ")))?;
        let evaluated = ready(evaluate(&rule, Part::Own, &inputs))?;
        let live = evaluated.objects.iter().map(|object| (object.key.clone(), object.body.clone())).collect();
        let offered = ready(offer(&rule, &evaluated, &live))?.outputs;
        let name = spec.uid().object_name();
        let owner = Owner { kind: "ScoreResource", uid: format!("uid-of-{name}"), name };
        let belonging = Belonging { namespace: &self.namespace, owner, spec, policy: rule.deletion_policy };
        let objects = objects(&belonging, &evaluated.objects).iter().map(|made| made.body.clone()).collect();
        Ok((json!(offered).as_object().cloned().unwrap_or_default(), objects))
    }

    fn inputs(&self, spec: &ScoreResourceSpec, demands: &[Demand]) -> ResourceInputs {
        let author = binding::author(demands, spec).expect("somebody demands it");
        let of = |name: &str| self.workloads.iter().find(|workload| workload.name == name);
        let view = |workload: &Workload| WorkloadView {
            name: workload.name.clone(),
            metadata: metadata(&workload.name, &workload.valid.score),
            service: json!(workload.valid.score.service),
        };
        let dependency = |(name, uid): (&String, &ResourceUid)| {
            let outputs = self.resources.get(uid).and_then(|held| held.outputs.as_ref().ok()).cloned();
            let message = format!("waits for resource `{name}` ({uid})");
            (name.clone(), Dependency { uid: uid.to_string(), outputs, message })
        };
        ResourceInputs {
            namespace: self.namespace.clone(),
            spec: spec.clone(),
            workload: of(&author.workload).map(view).unwrap_or_default(),
            workloads: Map::new(),
            dependencies: author.depends_on.iter().map(dependency).collect(),
            generated: BTreeMap::new(),
        }
    }

    /// The objects of all workloads and resources, if every workload can be rendered.
    fn objects(&self) -> Result<Vec<Value>, Refused> {
        let mut made: Vec<Value> = self.resources.values().flat_map(|held| held.objects.clone()).collect();
        let mut refused = twice(&made);
        for workload in &self.workloads {
            match plan(&self.workload_inputs(workload)) {
                Plan::Ready(planned) => {
                    made.extend(rendered(&planned));
                }
                Plan::Pending(awaited) => refused.extend(awaited.into_iter().map(|it| it.message)),
                Plan::Rejected(problems) => refused.extend(shown(&problems)),
            }
        }
        if refused.is_empty() { Ok(made) } else { Err(refused) }
    }

    fn workload_inputs(&self, workload: &Workload) -> WorkloadInputs {
        let uids: BTreeSet<_> = workload.valid.demands.iter().map(|demand| &demand.uid).collect();
        let others = self.demands().filter(|demand| demand.workload != workload.name);
        let states = workload.valid.demands.iter().filter_map(|demand| {
            Some((demand.resource.clone(), state(&demand.uid, self.resources.get(&demand.uid)?)))
        });
        let inputs = json!({
            "name": workload.name,
            "namespace": self.namespace,
            "uid": format!("uid-of-{}", workload.name),
            "generation": 1,
            "spec": workload.spec,
            "resources": states.collect::<Map<_, _>>(),
            "siblings": others.filter(|demand| uids.contains(&demand.uid)).collect::<Vec<_>>(),
        });
        serde_json::from_value(inputs).expect("inputs")
    }
}

/// The params after substitution, as JSON.
fn params(inputs: &ResourceInputs) -> Result<Value, Problem> {
    let params = Value::Object(inputs.spec.params.clone());
    let filled =
        substitute_json(&params, |found| look_up(found, &inputs.workload.metadata, &inputs.dependencies));
    let mut trouble = Trouble::default();
    match filled {
        Ok(value) => return Ok(Resolved::into_plain(value.clone()).unwrap_or_else(|| json!(value))),
        Err(errors) => {
            errors.into_iter().for_each(|found| trouble.add(&format!("params.{}", found.path), found.error));
        }
    }
    ready(trouble.into_plan())
}

/// What is ready, or the first trouble as the resource's reason and message.
fn ready<T>(plan: Plan<T>) -> Result<T, Problem> {
    match plan {
        Plan::Ready(value) => Ok(value),
        Plan::Pending(awaited) => Err(Problem::new("", awaited[0].reason, awaited[0].message.clone())),
        Plan::Rejected(problems) => Err(Problem::new("", problems[0].reason, shown(&problems).join("; "))),
    }
}

fn state(uid: &ResourceUid, held: &Held) -> Value {
    let problem = held.outputs.as_ref().err();
    json!({
        "object": uid.object_name(),
        "uid": uid.to_string(),
        "current": true,
        "ready": problem.is_none(),
        "reason": problem.map_or(Reason::Ready, |problem| problem.reason),
        "message": problem.map(|problem| problem.message.clone()).unwrap_or_default(),
        "outputs": held.outputs.as_ref().ok(),
    })
}

fn rendered(workload: &Planned) -> Vec<Value> {
    // No vector composes a file of secrets that are known: what stands there is compared by its names.
    render::workload(workload, &SecretValues::default())
        .iter()
        .map(|manifest| manifest.body.clone())
        .collect()
}

/// Objects that two resources make: in a cluster the second finds the first one's and leaves it (W11).
fn twice(objects: &[Value]) -> Refused {
    let id = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
    let mut seen = BTreeSet::new();
    let again = objects.iter().filter(|object| !seen.insert(id(object)));
    again.map(|object| format!("resources: {} is another resource's already", id(object))).collect()
}
