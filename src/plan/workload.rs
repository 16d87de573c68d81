//! What a Score file becomes, as far as it is known: validate → demand → substitute. After this no
//! code reads the raw file.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::Plan;
use super::demand::{self, Demand};
use super::lookup::{self, Absent, Dependency, Trouble};
use super::problem::{Awaited, Problem};
use super::score as validate;
use crate::api::conditions::Reason;
use crate::api::labels;
use crate::api::resource::ObjectId;
use crate::api::score::{Compute, Container, Probe, Protocol, Score};
use crate::template::{Filled, Value, parse};

/// All that a workload's plan and status depend on: plain data, so that a test can write it down.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WorkloadInputs {
    /// The ScoreWorkload's name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its uid.
    pub uid: String,
    /// Its generation.
    pub generation: i64,
    /// The Score file, as it was stored.
    pub spec: Map<String, Json>,
    /// Its resources, by their name in the Score file.
    #[serde(default)]
    pub resources: BTreeMap<String, ResourceState>,
    /// What other workloads of the namespace demand.
    #[serde(default)]
    pub siblings: Vec<Demand>,
    /// What was applied for it before, as it is now.
    #[serde(default)]
    pub running: Vec<Running>,
}

/// An object that was applied before.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Running {
    /// Which object.
    pub id: ObjectId,
    /// The live object.
    pub live: Json,
}

/// How far a resource is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ResourceState {
    /// The name of its ScoreResource.
    pub object: String,
    /// `type.class#id`.
    pub uid: String,
    /// Whether its status speaks of what the Score file asks for now.
    pub current: bool,
    /// Whether it is ready.
    pub ready: bool,
    /// Why it is not, in one word and in a sentence.
    pub reason: Reason,
    /// What it waits for.
    pub message: String,
    /// Since when, RFC 3339; empty where nobody has said.
    #[serde(default)]
    pub since: String,
    /// Its outputs, once it was ready.
    #[serde(default)]
    pub outputs: Option<Map<String, Json>>,
}

impl ResourceState {
    /// What is awaited, since when, and where to look.
    #[must_use]
    pub fn describe(&self, name: &str) -> String {
        let since = match self.since.as_str() {
            "" => String::new(),
            since => format!(" since {since}"),
        };
        format!(
            "resource `{name}` ({}) is not ready{since}: {}: {}; see `kubectl describe sres {}`",
            self.uid,
            self.reason.as_str(),
            self.message,
            self.object
        )
    }
}

/// A workload with nothing left to resolve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Workload {
    /// The ScoreWorkload's name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its uid.
    pub uid: String,
    /// The name of its Service.
    pub service_name: String,
    /// Annotations of its pods.
    pub annotations: BTreeMap<String, String>,
    /// Its containers, by name.
    pub containers: Vec<ResolvedContainer>,
    /// The ports of its Service, by name.
    pub ports: Vec<Port>,
}

/// A container with nothing left to resolve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResolvedContainer {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Replaces the entrypoint.
    pub command: Option<Vec<String>>,
    /// Replaces the arguments.
    pub args: Option<Vec<String>>,
    /// Environment variables, by name: text in parts, some of them references.
    #[serde(skip)]
    pub variables: BTreeMap<String, Filled>,
    /// Requests and limits.
    pub resources: Option<Compute>,
    /// Liveness.
    pub liveness: Option<Probe>,
    /// Readiness.
    pub readiness: Option<Probe>,
}

/// A port of the Service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// The port that others connect to.
    pub port: u16,
    /// The port that the container listens on.
    pub target_port: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
}

/// A Score file that is acceptable in itself.
#[derive(Clone, Debug)]
pub struct Valid {
    /// The file.
    pub score: Score,
    /// Its resources.
    pub demands: Vec<Demand>,
}

/// Validates a Score file by itself: all that can be said without knowing any resource.
///
/// # Errors
/// Every problem at once.
pub fn validate(name: &str, spec: &Map<String, Json>) -> Result<Valid, Vec<Problem>> {
    let score = validate::parse(spec, name)?;
    let mut problems = validate::unsupported(&score);
    problems.extend(unknown_references(&score));
    match demand::demands(name, &score) {
        Ok(demands) if problems.is_empty() => Ok(Valid { score, demands }),
        found => {
            problems.extend(found.err().unwrap_or_default());
            problems.sort();
            Err(problems)
        }
    }
}

/// Plans a workload.
#[must_use]
pub fn plan(inputs: &WorkloadInputs) -> Plan<Workload> {
    let valid = match validate(&inputs.name, &inputs.spec) {
        Ok(valid) => valid,
        Err(problems) => return Plan::Rejected(problems),
    };
    let conflicts = conflicts(&valid.demands, &inputs.siblings);
    if !conflicts.is_empty() {
        return Plan::Rejected(conflicts);
    }
    resolve(inputs, &valid)
}

/// The metadata that `${metadata.…}` means: the file's own, with the name filled in.
#[must_use]
pub fn metadata(name: &str, score: &Score) -> Json {
    let mut metadata = json!(score.metadata.clone().unwrap_or_default());
    metadata["name"] = json!(name);
    metadata
}

/// Every text that may hold placeholders, with its path (H08).
fn texts(score: &Score) -> impl Iterator<Item = (String, &String)> {
    score.containers.iter().flat_map(|(container, content)| {
        let variables = content.variables.iter().flatten();
        variables.map(move |(name, text)| (format!("containers.{container}.variables.{name}"), text))
    })
}

fn unknown_references(score: &Score) -> Vec<Problem> {
    let known = score.resources.clone().unwrap_or_default();
    let mut problems = Vec::new();
    for (path, text) in texts(score) {
        match parse(text) {
            Err(error) => problems.push(Problem::new(path, Reason::UnknownPlaceholder, error.to_string())),
            Ok(parsed) => {
                let wrong =
                    parsed.references().filter_map(|found| demand::check_reference(found, &known).err());
                problems.extend(wrong.map(|(reason, message)| Problem::new(path.clone(), reason, message)));
            }
        }
    }
    problems
}

/// Params that another workload's params for the same resource contradict (P03, E03).
fn conflicts(demands: &[Demand], siblings: &[Demand]) -> Vec<Problem> {
    let differs = |mine: &Demand, other: &Demand| {
        mine.uid == other.uid
            && !mine.is_bare()
            && !other.is_bare()
            && (mine.params != other.params || mine.metadata != other.metadata)
    };
    let mut problems = Vec::new();
    for mine in demands {
        let others: BTreeSet<_> = siblings
            .iter()
            .filter(|other| differs(mine, other))
            .map(|other| other.workload.as_str())
            .collect();
        if !others.is_empty() {
            let message = format!(
                "multiple definitions of {} with different params or metadata, in workload {}: give them the same, or leave them out in all but one",
                mine.uid,
                super::problem::list(others)
            );
            problems.push(Problem::new(
                format!("resources.{}", mine.resource),
                Reason::ParamsConflict,
                message,
            ));
        }
    }
    problems
}

/// Fills in every placeholder; pending while a resource was never ready or is behind this file.
fn resolve(inputs: &WorkloadInputs, valid: &Valid) -> Plan<Workload> {
    let metadata = metadata(&inputs.name, &valid.score);
    let resources = dependencies(inputs, &valid.demands);
    let mut trouble =
        Trouble { awaited: awaited(inputs, &valid.demands), problems: refused(inputs, &valid.demands) };
    let containers = valid
        .score
        .containers
        .iter()
        .map(|(name, container)| {
            let look_up = |found: &_| lookup::look_up(found, &metadata, &resources);
            resolve_container(name, container, look_up, &mut trouble)
        })
        .collect();
    trouble.or(Workload {
        name: inputs.name.clone(),
        namespace: inputs.namespace.clone(),
        uid: inputs.uid.clone(),
        service_name: annotation(&valid.score, labels::SERVICE_NAME).unwrap_or(&inputs.name).clone(),
        annotations: pod_annotations(&valid.score),
        containers,
        ports: ports(&valid.score),
    })
}

fn dependencies(inputs: &WorkloadInputs, demands: &[Demand]) -> BTreeMap<String, Dependency> {
    let state = |demand: &Demand| {
        let state = inputs.resources.get(&demand.resource);
        Dependency {
            uid: demand.uid.to_string(),
            outputs: state.and_then(|state| state.outputs.clone()),
            message: state.map_or_else(|| not_resolved(demand), |state| state.describe(&demand.resource)),
        }
    };
    demands.iter().map(|demand| (demand.resource.clone(), state(demand))).collect()
}

fn not_resolved(demand: &Demand) -> String {
    format!("resource `{}` ({}) is being resolved; see `kubectl get sres`", demand.resource, demand.uid)
}

/// Resources that gate the pods: those never ready, and those whose status speaks of an older file.
fn awaited(inputs: &WorkloadInputs, demands: &[Demand]) -> Vec<Awaited> {
    let wait = |demand: &Demand| match inputs.resources.get(&demand.resource) {
        None => Some(not_resolved(demand)),
        Some(state) if !state.current => Some(not_resolved(demand)),
        Some(state) if state.outputs.is_none() => Some(state.describe(&demand.resource)),
        Some(_) => None,
    };
    let messages = demands.iter().filter_map(wait);
    messages.map(|message| Awaited::new(Reason::WaitingForResources, message)).collect()
}

/// Resources that their rule refused for what this file says of them: waiting would not help.
fn refused(inputs: &WorkloadInputs, demands: &[Demand]) -> Vec<Problem> {
    let state =
        |demand: &Demand| inputs.resources.get(&demand.resource).map(|state| (demand.clone(), state.clone()));
    demands
        .iter()
        .filter_map(state)
        .filter(|(_, state)| state.current && is_of_params(state.reason))
        .map(|(demand, state)| {
            Problem::new(format!("resources.{}", demand.resource), state.reason, state.message)
        })
        .collect()
}

/// Reasons that speak of what the author wrote under `params`.
fn is_of_params(reason: Reason) -> bool {
    use Reason::{InvalidParams, UnknownOutput, UnknownPlaceholder, UnknownResource};
    matches!(reason, InvalidParams | UnknownOutput | UnknownPlaceholder | UnknownResource)
}

fn resolve_container(
    name: &str,
    container: &Container,
    look_up: impl Fn(&crate::template::Reference) -> Result<Value, Absent>,
    trouble: &mut Trouble,
) -> ResolvedContainer {
    let mut variables = BTreeMap::new();
    for (variable, text) in container.variables.iter().flatten() {
        let path = format!("containers.{name}.variables.{variable}");
        // What does not parse was refused by `validate`.
        let parsed = parse(text).unwrap_or_default();
        match parsed.substitute(&look_up) {
            Ok(filled) => drop(variables.insert(variable.clone(), filled)),
            Err(errors) => errors.into_iter().for_each(|error| trouble.add(&path, error)),
        }
    }
    ResolvedContainer {
        name: name.to_owned(),
        image: container.image.clone(),
        command: container.command.clone(),
        args: container.args.clone(),
        variables,
        resources: container.resources.clone(),
        liveness: container.liveness_probe.clone(),
        readiness: container.readiness_probe.clone(),
    }
}

fn annotation<'a>(score: &'a Score, key: &str) -> Option<&'a String> {
    score.metadata.as_ref()?.annotations.as_ref()?.get(key)
}

/// The annotations that pods carry: the file's, but for instructions to the operator (W05).
fn pod_annotations(score: &Score) -> BTreeMap<String, String> {
    let all = score.metadata.iter().flat_map(|metadata| metadata.annotations.iter().flatten());
    let kept = all.filter(|(key, _)| !key.starts_with(labels::INSTRUCTION_PREFIX));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn ports(score: &Score) -> Vec<Port> {
    let ports = score.service.iter().flat_map(|service| service.ports.iter().flatten());
    ports
        .map(|(name, port)| Port {
            name: name.clone(),
            port: port.port,
            target_port: port.target_port.unwrap_or(port.port),
            protocol: port.protocol.unwrap_or(Protocol::Tcp),
        })
        .collect()
}
