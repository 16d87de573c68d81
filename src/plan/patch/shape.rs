//! What no patch may touch, and what no pod template has. The same check runs when a rule is admitted, where texts with
//! expressions stand for anything, and over what they came to.

use k8s_openapi::api::core::v1::{Container, PodSpec};
use serde_json::{Map, Value};

use super::{fields, lists};
use crate::api::conditions::Reason;
use crate::api::{instructions, labels};
use crate::plan::problem::{Problem, did_you_mean, list, quoted};
use crate::plan::schema::below;

/// Fields of a pod that are not for patches, each with what to do.
const REFUSED: &[(&str, &str)] = &[
    ("restartPolicy", "is given by the kind of the workload: leave it out"),
    ("ephemeralContainers", "are added to a pod that runs, never to a template: leave them out"),
    ("serviceAccount", "is the old name of `serviceAccountName`: write that"),
];

/// Labels of pods that Kubernetes or the operator sets and selects by, by their prefix.
const LABELS: &[&str] = &[
    "app.kubernetes.io/",
    "apps.kubernetes.io/",
    "batch.kubernetes.io/",
    "statefulset.kubernetes.io/",
    "pod-template-hash",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
];

/// The one annotation of a tool's that says something of a pod's containers.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Problems with patches, `{podTemplate, containers}`, at `root`. Whatever holds `{{` may still come to anything.
#[must_use]
pub fn problems(root: &str, patches: &Value, reason: Reason) -> Vec<Problem> {
    let mut check = Check { reason, problems: Vec::new() };
    if let Some(template) = patches.get("podTemplate") {
        check.template(&format!("{root}.podTemplate"), template);
    }
    if let Some(container) = patches.get("containers") {
        check.every_container(&format!("{root}.containers"), container);
    }
    check.nulls(root, patches);
    check.problems
}

struct Check {
    reason: Reason,
    problems: Vec<Problem>,
}

impl Check {
    fn refuse(&mut self, path: String, message: impl Into<String>) {
        self.problems.push(Problem::new(path, self.reason, message));
    }

    fn template(&mut self, path: &str, template: &Value) {
        let Some(entries) = self.known(path, template, &["metadata", "spec"]) else { return };
        if let Some(metadata) = entries.get("metadata") {
            self.metadata(&below(path, "metadata"), metadata);
        }
        if let Some(spec) = entries.get("spec") {
            self.spec(&below(path, "spec"), spec);
        }
    }

    fn metadata(&mut self, path: &str, metadata: &Value) {
        let Some(entries) = self.known(path, metadata, &["annotations", "labels"]) else { return };
        for (field, reserved) in
            [("annotations", reserved_annotation as fn(&str) -> bool), ("labels", reserved_label)]
        {
            let found = entries.get(field).and_then(Value::as_object);
            for key in found.into_iter().flat_map(Map::keys).filter(|key| reserved(key)) {
                let message = "is set or selected by the operator, Kubernetes or another tool, and is not for patches: take another key";
                self.refuse(below(&below(path, field), key), message);
            }
        }
    }

    fn spec(&mut self, path: &str, spec: &Value) {
        let Some(entries) = self.known(path, spec, fields::of::<PodSpec>()) else { return };
        for (field, why) in REFUSED.iter().filter(|(field, _)| entries.contains_key(*field)) {
            self.refuse(below(path, field), *why);
        }
        self.lists(path, entries);
        for field in ["containers", "initContainers"] {
            let path = below(path, field);
            for (at, container) in items(&path, entries.get(field)) {
                self.container(&at, container);
            }
        }
    }

    /// The fragment that is merged into each container of the Score file.
    fn every_container(&mut self, path: &str, container: &Value) {
        if container.get("name").is_some() {
            let message = "is not for `containers`, which means each container of the Score file: leave the name out, or write `podTemplate.spec.containers`";
            self.refuse(below(path, "name"), message);
        }
        self.container(path, container);
    }

    fn container(&mut self, path: &str, container: &Value) {
        if let Some(entries) = self.known(path, container, fields::of::<Container>()) {
            self.lists(path, entries);
        }
    }

    /// The items of lists that are merged by a key have it.
    fn lists(&mut self, path: &str, entries: &Map<String, Value>) {
        for (field, value) in entries {
            let Some(list) = lists::keyed(field) else { continue };
            let path = below(path, field);
            if value.is_object() && value.get("$each").is_none() {
                self.refuse(path.clone(), "is a map, expected a list");
            }
            let mut seen = std::collections::BTreeSet::new();
            for (at, item) in items(&path, Some(value)).into_iter().filter(|(_, item)| !is_open(item)) {
                match list.identity(item) {
                    Err(key) => {
                        self.refuse(at, format!("has no `{key}`: what is merged here is told apart by it"));
                    }
                    Ok(identity) if !identity.contains("{{") && !seen.insert(identity.clone()) => {
                        self.refuse(
                            at,
                            format!("{} is here twice: give each item another", quoted(&identity)),
                        );
                    }
                    Ok(_) => {}
                }
            }
        }
    }

    /// The entries of a map that may have these keys only; nothing where it may still come to anything.
    fn known<'v>(&mut self, path: &str, value: &'v Value, known: &[&str]) -> Option<&'v Map<String, Value>> {
        if is_open(value) {
            return None;
        }
        let Some(entries) = value.as_object() else {
            self.refuse(path.to_owned(), "expected a map of fields");
            return None;
        };
        for key in entries.keys().filter(|key| !known.contains(&key.as_str())) {
            let hint = did_you_mean(key, known.iter().copied());
            let there = || format!(" (there: {})", list(known.iter().copied()));
            let hint = if hint.is_empty() { there() } else { hint };
            let message = format!("is not a field that a patch can set{hint}");
            self.refuse(below(path, key), message);
        }
        Some(entries)
    }

    /// Nobody means a null: it would set nothing, and take nothing away.
    fn nulls(&mut self, path: &str, value: &Value) {
        match value {
            Value::Null => self.refuse(
                path.to_owned(),
                "is null, which sets nothing: write a value (`{}` for an empty map), or `{{ omit }}`",
            ),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| self.nulls(&format!("{path}[{at}]"), item));
            }
            Value::Object(map) => map.iter().for_each(|(key, value)| self.nulls(&below(path, key), value)),
            _ => {}
        }
    }
}

/// Whether a value is not known before it is evaluated.
fn is_open(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("{{"))
}

/// The items of a list, and what a loop in its place or among them makes, each with its path.
fn items<'v>(path: &str, value: Option<&'v Value>) -> Vec<(String, &'v Value)> {
    match value {
        Some(Value::Array(all)) => {
            let item = |(at, item): (usize, &'v Value)| {
                let path = format!("{path}[{at}]");
                match item.get("$do") {
                    Some(body) => (below(&path, "$do"), body),
                    None => (path, item),
                }
            };
            all.iter().enumerate().map(item).collect()
        }
        Some(value) => value.get("$do").map(|body| (below(path, "$do"), body)).into_iter().collect(),
        None => Vec::new(),
    }
}

fn reserved_annotation(key: &str) -> bool {
    let foreign = labels::FOREIGN_PREFIXES.iter().any(|prefix| key.starts_with(prefix));
    key.starts_with(instructions::PREFIX) || (foreign && key != DEFAULT_CONTAINER)
}

fn reserved_label(key: &str) -> bool {
    key.starts_with(instructions::PREFIX) || LABELS.iter().any(|prefix| key.starts_with(prefix))
}
