//! From a file that is acceptable in itself to one with nothing left to resolve.

use std::collections::BTreeMap;

use super::files::files;
use super::order::{Order, order};
use super::patches::patches;
use super::resolved::{Pods, Port, ResolvedContainer, Workload};
use super::volumes::{Volumes, mounts};
use super::{ResourceState, Valid, WorkloadInputs};
use crate::api::conditions::Reason;
use crate::api::instructions;
use crate::api::score::{Container, Protocol, Score};
use crate::plan::Plan;
use crate::plan::demand::{Demand, metadata};
use crate::plan::lookup::{self, Absent, Dependency, Trouble};
use crate::plan::patch::Patch;
use crate::plan::problem::{Awaited, Problem};
use crate::plan::schema::below;
use crate::plan::score::pod;
use crate::plan::score::settings::{Kind, PodSecurity, choose};
use crate::template::{Filled, Reference, Value, parse};

/// Fills in every placeholder; pending while a resource was never ready or is behind this file.
pub(super) fn resolve(inputs: &WorkloadInputs, valid: &Valid) -> Plan<Workload> {
    if let Some(problem) = other_kind(inputs, &valid.settings.kind) {
        return Plan::Rejected(vec![problem]);
    }
    let mut trouble = Trouble {
        awaited: awaited(inputs, &valid.demands),
        problems: refused(inputs, &valid.demands),
        ..Trouble::default()
    };
    let security = pod_security(inputs, valid, &mut trouble);
    let metadata = metadata(&inputs.name, &valid.score);
    let dependencies = dependencies(inputs, &valid.demands);
    let mut filler = Filler { metadata: &metadata, dependencies: &dependencies, trouble: &mut trouble };
    let mut volumes = Volumes::new(inputs, valid);
    let mut containers = BTreeMap::new();
    for (name, container) in &valid.score.containers {
        let resolved = resolve_container(&valid.score, name, container, &mut filler, &mut volumes);
        containers.insert(name.clone(), resolved);
    }
    let Order { init, main } = order(&valid.score.containers);
    let patches = patches(inputs, &valid.demands);
    let pods = Pods {
        security,
        // None is given unless somebody asks for it.
        service_account_token: valid
            .settings
            .service_account_token
            .unwrap_or_else(|| patches.iter().any(Patch::wants_token)),
        probe_host: valid.settings.probe_host,
    };
    let workload = Workload {
        name: inputs.name.clone(),
        namespace: inputs.namespace.clone(),
        uid: inputs.uid.clone(),
        kind: valid.settings.kind.clone(),
        service_name: valid.settings.service_name.as_ref().unwrap_or(&inputs.name).clone(),
        annotations: pod_annotations(&valid.score),
        pods,
        init: init.into_iter().filter_map(|(gate, name)| Some((gate, containers.remove(&name)?))).collect(),
        containers: main.into_iter().filter_map(|name| containers.remove(&name)).collect(),
        volumes: volumes.found,
        ports: ports(&valid.score),
        patches,
    };
    trouble.or(workload)
}

/// Fills in placeholders and collects what went wrong.
pub(super) struct Filler<'a> {
    metadata: &'a serde_json::Value,
    dependencies: &'a BTreeMap<String, Dependency>,
    /// What went wrong.
    pub(super) trouble: &'a mut Trouble,
}

impl Filler<'_> {
    /// A text with every placeholder filled in; `None` where that went wrong.
    pub(super) fn fill(&mut self, path: &str, text: &str) -> Option<Filled> {
        let look_up = |found: &Reference| -> Result<Value, Absent> {
            lookup::look_up(found, self.metadata, self.dependencies)
        };
        // What does not parse was refused by `validate`.
        let filled = parse(text).unwrap_or_default().substitute(look_up);
        let errors = match filled {
            Ok(filled) => return Some(filled),
            Err(errors) => errors,
        };
        errors.into_iter().for_each(|error| self.trouble.add(path, error));
        None
    }
}

fn resolve_container(
    score: &Score,
    name: &str,
    container: &Container,
    filler: &mut Filler<'_>,
    volumes: &mut Volumes<'_>,
) -> ResolvedContainer {
    let path = format!("containers.{name}");
    let mut variables = BTreeMap::new();
    for (variable, text) in container.variables.iter().flatten() {
        if let Some(filled) = filler.fill(&below(&format!("{path}.variables"), variable), text) {
            variables.insert(variable.clone(), filled);
        }
    }
    ResolvedContainer {
        name: name.to_owned(),
        // A container without an image was refused by `validate`.
        image: pod::image(score, name, container).unwrap_or_default().to_owned(),
        command: words(container.command.as_ref()),
        args: words(container.args.as_ref()),
        variables,
        files: files(&path, container, filler),
        mounts: mounts(&path, container, filler, volumes),
        resources: container.resources.clone(),
        liveness: container.liveness_probe.clone(),
        readiness: container.readiness_probe.clone(),
    }
}

/// An empty list is the same as none, and none is sent (W13).
fn words(given: Option<&Vec<String>>) -> Option<Vec<String>> {
    given.filter(|words| !words.is_empty()).cloned()
}

/// The kinds that run a workload's pods.
const RUNNERS: &[&str] = &["Deployment", "StatefulSet", "Job", "CronJob"];

/// A live workload keeps its kind: what it was before is never deleted on the way (W03).
fn other_kind(inputs: &WorkloadInputs, kind: &Kind) -> Option<Problem> {
    let wanted = kind.name();
    let other = inputs.running.iter().find(|running| {
        running.live["metadata"]["labels"][crate::api::labels::NAME] == inputs.name.as_str()
            && RUNNERS.contains(&running.id.kind.as_str())
            && running.id.kind != wanted
    })?;
    let (is, name) = (&other.id.kind, &other.id.name);
    let message = format!(
        "runs as a {is}, and the Score file now asks for a {wanted}: a kind never changes under running pods; set it back to `{is}`, or remove the old one with `kubectl -n {} delete {} {name}` (its pods stop{}), and the {wanted} is made",
        inputs.namespace,
        is.to_lowercase(),
        if is == "StatefulSet" {
            ", and with them the claims of resources that are not retained"
        } else {
            ""
        },
    );
    let path = crate::plan::score::annotation_path(instructions::KIND);
    Some(Problem::new(path, Reason::ImmutableField, message))
}

/// How strict the pods are: the Score file's word, else the namespace's, else what the namespace enforces.
fn pod_security(inputs: &WorkloadInputs, valid: &Valid, trouble: &mut Trouble) -> PodSecurity {
    let enforced = match inputs.defaults.enforced.as_deref() {
        Some("restricted") => PodSecurity::Restricted,
        _ => PodSecurity::default(),
    };
    let of_namespace = || {
        let text = inputs.defaults.pod_security.as_ref()?;
        let said = choose(text, PodSecurity::NAMES);
        said.map_err(|wrong| trouble.awaited.push(namespace_wrong(inputs, &wrong))).ok()
    };
    valid.settings.pod_security.or_else(of_namespace).unwrap_or(enforced)
}

/// Nothing that this workload's author can mend: awaited, and a watch sees it mended.
fn namespace_wrong(inputs: &WorkloadInputs, wrong: &str) -> Awaited {
    let key = instructions::POD_SECURITY;
    let message = format!(
        "annotation `{key}` of namespace `{0}` {wrong}; mend it with `kubectl annotate --overwrite namespace {0} {key}=baseline`",
        inputs.namespace
    );
    Awaited::new(Reason::InvalidNamespace, message)
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
        .filter(|(_, state)| state.current && is_refused(state))
        .map(|(demand, state)| {
            Problem::new(format!("resources.{}", demand.resource), state.reason, state.message)
        })
        .collect()
}

/// Whether the author has to mend what stands under `params`, or to do without. What was made before it was forbidden
/// runs on (decision 10).
fn is_refused(state: &ResourceState) -> bool {
    use Reason::{Denied, InvalidParams, UnknownOutput, UnknownPlaceholder, UnknownResource};
    match state.reason {
        InvalidParams | UnknownOutput | UnknownPlaceholder | UnknownResource => true,
        Denied => !state.accepted,
        _ => false,
    }
}

/// The annotations that pods carry: the file's, but for instructions to the operator (W05).
fn pod_annotations(score: &Score) -> BTreeMap<String, String> {
    let all = score.metadata.iter().flat_map(|metadata| metadata.annotations.iter().flatten());
    let kept = all.filter(|(key, _)| !key.starts_with(instructions::PREFIX));
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
