//! What the schema cannot say of a Score file: one table of pure checks, each of which sees the whole file.

use std::collections::BTreeMap;

use super::super::graph;
use super::super::problem::{Problem, did_you_mean, list, near_miss, quoted};
use super::super::schema::below;
use super::pod;
use super::quantity::Quantity;
use crate::api::conditions::Reason;
use crate::api::names::{headless_service, is_label};
use crate::api::score::{Before, ComputeAmounts, Container, Protocol, Score, ServicePort};
use crate::api::{instructions, labels};

/// What a check sees.
pub(super) struct Input<'a> {
    /// The name of the ScoreWorkload.
    pub(super) name: &'a str,
    pub(super) score: &'a Score,
}

/// A rule: all problems that it finds.
type Check = fn(&Input) -> Vec<Problem>;

/// The rules, in no particular order: all of them are asked.
const CHECKS: &[Check] = &[
    // S03: the ScoreWorkload's own name is the workload's name, so it must be a name of Score.
    own_name,
    // S21: one name, not two.
    same_name,
    // S03: a Service is named by RFC 1035.
    service_name,
    // W02: a StatefulSet has a second Service.
    second_service,
    // T04: a Service has each port once per protocol.
    ports_once,
    // S11: what Kubernetes refuses as the name of a variable.
    variable_names,
    // B05: `before` names other containers.
    before_known,
    // B05: and never goes round in a circle.
    before_cycle,
    // S22: a request above its limit is refused by the API server.
    requests_within_limits,
    // W08: an image from outside the file.
    pod::images,
    // L06: what is mounted, and where.
    pod::mounts,
    // L04: the part of a volume that is mounted.
    pod::sub_paths,
    // F02, F03, F12: files that can be made.
    pod::files,
    // B01, B03: containers that others wait for.
    pod::gates,
    // Instructions to the operator are a closed set.
    instructions,
    // W03: and each has its values.
    settings,
    // Annotations by which other tools own objects are not for authors.
    foreign_annotations,
];

/// Every problem of a file that its schema accepts.
pub(super) fn all(name: &str, score: &Score) -> Vec<Problem> {
    let input = Input { name, score };
    CHECKS.iter().flat_map(|check| check(&input)).collect()
}

pub(super) fn problem(path: impl Into<String>, message: String) -> Problem {
    Problem::new(path, Reason::InvalidScore, message)
}

fn own_name(input: &Input) -> Vec<Problem> {
    if is_label(input.name) && input.name.len() >= 2 {
        return Vec::new();
    }
    let message = format!(
        "the ScoreWorkload is called `{}`, expected 2 to 63 characters of a-z, 0-9 and `-`, with a letter or digit at both ends: create it under another name",
        input.name
    );
    vec![problem("metadata.name", message)]
}

fn same_name(input: &Input) -> Vec<Problem> {
    let metadata = input.score.metadata.as_ref();
    let Some(inner) = metadata.and_then(|metadata| metadata.name.as_ref()) else { return Vec::new() };
    if inner == input.name {
        return Vec::new();
    }
    let message = format!(
        "is `{inner}`, but the ScoreWorkload is called `{}`: make them the same, or leave `metadata.name` out",
        input.name
    );
    vec![Problem::new("metadata.name", Reason::NameMismatch, message)]
}

fn service_name(input: &Input) -> Vec<Problem> {
    const EXPECTED: &str =
        "1 to 63 characters of a-z, 0-9 and `-`, with a letter first and no `-` at the end (RFC 1035)";
    match annotations(input).find(|(key, _)| *key == instructions::SERVICE_NAME) {
        Some((key, name)) if !is_service_name(name) => {
            vec![problem(
                annotation_path(key),
                format!("is {}, expected the name of a Service: {EXPECTED}", quoted(name)),
            )]
        }
        None if ports(input).next().is_some() && is_label(input.name) && !is_service_name(input.name) => {
            let message = format!(
                "the Service would be called `{}`, expected {EXPECTED}: name it with the annotation `{}`, or rename the ScoreWorkload",
                input.name,
                instructions::SERVICE_NAME
            );
            vec![problem("service.ports", message)]
        }
        _ => Vec::new(),
    }
}

fn second_service(input: &Input) -> Vec<Problem> {
    let taken = headless_service(input.name);
    let said =
        |key: &str| annotations(input).find(|(found, _)| *found == key).map(|(_, value)| value.as_str());
    let clashes = ports(input).next().is_some()
        && said(instructions::KIND) == Some("StatefulSet")
        && said(instructions::SERVICE_NAME) == Some(taken.as_str());
    let message = || {
        format!(
            "is {taken:?}, the name of the Service that names the StatefulSet's pods: choose another, or remove this"
        )
    };
    clashes.then(|| problem(annotation_path(instructions::SERVICE_NAME), message())).into_iter().collect()
}

fn ports_once(input: &Input) -> Vec<Problem> {
    let mut seen = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, port) in ports(input) {
        let protocol = match port.protocol.unwrap_or(Protocol::Tcp) {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
        };
        if let Some(first) = seen.get(&(port.port, protocol)) {
            let message = format!(
                "port {} over {protocol} is that of `{first}` already: a Service has each port once per protocol",
                port.port
            );
            problems.push(problem(below("service.ports", name), message));
        } else {
            seen.insert((port.port, protocol), name);
        }
    }
    problems
}

fn variable_names(input: &Input) -> Vec<Problem> {
    // What Kubernetes takes since 1.32: any printable ASCII but `=`, which the schema refuses.
    let refused = |name: &&String| !name.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    let of = |container: &String, content: &Container| {
        let variables = below(&below("containers", container), "variables");
        let names = content.variables.iter().flat_map(BTreeMap::keys).filter(refused);
        let refuse = |name: &String| {
            let message = format!(
                "the name {} is not allowed, expected printable ASCII characters without `=`: rename the variable",
                quoted(name)
            );
            problem(below(&variables, name), message)
        };
        names.map(refuse).collect::<Vec<_>>()
    };
    input.score.containers.iter().flat_map(|(name, container)| of(name, container)).collect()
}

fn before_known(input: &Input) -> Vec<Problem> {
    let known = || input.score.containers.keys().map(String::as_str);
    let mut problems = Vec::new();
    for (name, after) in befores(input) {
        let path = below(&format!("containers.{name}.before"), after);
        if after == name {
            problems.push(problem(path, format!("`{name}` cannot start before itself: remove this entry")));
        } else if !input.score.containers.contains_key(after) {
            let hint = did_you_mean(after, known().filter(|other| other != name));
            let message = format!("there is no container `{after}`{hint} (containers: {})", list(known()));
            problems.push(problem(path, message));
        }
    }
    problems
}

fn before_cycle(input: &Input) -> Vec<Problem> {
    let mut edges: graph::Edges = BTreeMap::new();
    for (name, after) in befores(input).filter(|(name, after)| name != after) {
        edges.entry(name.clone()).or_default().insert(after.clone());
    }
    let Some(cycle) = graph::cycle(&edges) else { return Vec::new() };
    let first = cycle.first().cloned().unwrap_or_default();
    let message = format!(
        "these containers start before each other: {}; remove one of these entries",
        graph::shown(&cycle)
    );
    vec![problem(format!("containers.{first}.before"), message)]
}

fn requests_within_limits(input: &Input) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, container) in &input.score.containers {
        let Some(compute) = &container.resources else { continue };
        let (Some(requests), Some(limits)) = (&compute.requests, &compute.limits) else { continue };
        for (key, amount) in AMOUNTS {
            if let (Some(request), Some(limit)) = (amount(requests), amount(limits))
                && let (Some(least), Some(most)) = (Quantity::parse(request), Quantity::parse(limit))
                && least > most
            {
                let message = format!(
                    "`{request}` is above the limit `{limit}`: lower `requests.{key}` or raise `limits.{key}`"
                );
                problems.push(problem(format!("containers.{name}.resources.requests.{key}"), message));
            }
        }
    }
    problems
}

/// One of the amounts of a container.
type Amount = fn(&ComputeAmounts) -> Option<&String>;

/// The amounts of a container, by their key.
const AMOUNTS: [(&str, Amount); 2] =
    [("cpu", |amounts| amounts.cpu.as_ref()), ("memory", |amounts| amounts.memory.as_ref())];

fn instructions(input: &Input) -> Vec<Problem> {
    let unknown = |key: &&String| key.starts_with(instructions::PREFIX) && !instructions::is_known(key);
    let refuse = |key: &String| problem(annotation_path(key), unknown_instruction(key));
    annotations(input).map(|(key, _)| key).filter(unknown).map(refuse).collect()
}

fn unknown_instruction(key: &str) -> String {
    if instructions::ALL.iter().any(|it| it.key == key) {
        return "unknown instruction to the operator in a Score file: it is an annotation of the object itself (`kubectl annotate`), see docs/annotations.md; remove it here".to_owned();
    }
    let hint = near_miss(key, instructions::of_score())
        .map_or_else(known_instructions, |near| format!("did you mean `{near}`?"));
    format!("unknown instruction to the operator; {hint}")
}

fn known_instructions() -> String {
    let names: Vec<_> =
        instructions::of_score().filter_map(|key| key.strip_prefix(instructions::PREFIX)).collect();
    format!("known after `{}`: {}", instructions::PREFIX, names.join(", "))
}

fn settings(input: &Input) -> Vec<Problem> {
    super::settings::settings(input.score).err().unwrap_or_default()
}

fn foreign_annotations(input: &Input) -> Vec<Problem> {
    let refuse = |(key, _): (&String, &String)| {
        let prefix = labels::FOREIGN_PREFIXES.iter().find(|prefix| key.starts_with(**prefix))?;
        let message = format!(
            "annotations that begin with `{prefix}` belong to a tool that owns or steers objects by them: remove it"
        );
        Some(problem(annotation_path(key), message))
    };
    annotations(input).filter_map(refuse).collect()
}

pub(super) fn annotations<'a>(input: &Input<'a>) -> impl Iterator<Item = (&'a String, &'a String)> {
    let metadata = input.score.metadata.iter();
    metadata.flat_map(|metadata| metadata.annotations.iter().flatten())
}

fn ports<'a>(input: &Input<'a>) -> impl Iterator<Item = (&'a String, &'a ServicePort)> {
    input.score.service.iter().flat_map(|service| service.ports.iter().flatten())
}

/// Every pair of a container and one that starts after it.
fn befores<'a>(input: &Input<'a>) -> impl Iterator<Item = (&'a String, &'a String)> {
    let targets =
        |container: &'a Container| container.before.iter().flat_map(BTreeMap::<String, Before>::keys);
    input
        .score
        .containers
        .iter()
        .flat_map(move |(name, container)| targets(container).map(move |to| (name, to)))
}

/// The path of an annotation of the workload.
#[must_use]
pub fn annotation_path(key: &str) -> String {
    below("metadata.annotations", key)
}

/// RFC 1035: what the name of a Service is on every Kubernetes that we support.
fn is_service_name(name: &str) -> bool {
    is_label(name) && name.starts_with(|c: char| c.is_ascii_lowercase())
}
