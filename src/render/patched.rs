//! The pod template with what the workload's resources set in it. That it fits was seen before ([`fits`]), so that
//! rendering cannot fail.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{SecretValues, container, pod};
use crate::api::conditions::Reason;
use crate::plan::Plan;
use crate::plan::patch::{Clash, Merge, Patch};
use crate::plan::problem::{Problem, did_you_mean, list, quoted};
use crate::plan::workload::{PodVolume, ResolvedContainer, Workload};

/// The lists of containers of a pod.
const LISTS: [&str; 2] = ["containers", "initContainers"];

/// A workload whose pods are as the Score file and all of its resources' rules want them.
///
/// Rejected where two of them set one field to different values, and where what they set makes no pod: a container
/// without an image, a mount without a volume. Pure; the messages name both sides, the field and both values.
#[must_use]
pub fn fits(workload: Workload) -> Plan<Workload> {
    if workload.patches.is_empty() {
        return Plan::Ready(workload);
    }
    let merged = merge(&workload, pod::own(&workload, &SecretValues::default()));
    let mut problems: Vec<_> = merged.clashes.iter().map(contradiction).collect();
    problems.extend(no_pod(&workload, &merged));
    problems.sort();
    problems.dedup();
    if problems.is_empty() { Plan::Ready(workload) } else { Plan::Rejected(problems) }
}

/// The template that `own` becomes.
pub(super) fn template(workload: &Workload, own: Value) -> Value {
    if workload.patches.is_empty() { own } else { merge(workload, own).whole }
}

fn merge(workload: &Workload, own: Value) -> Merge<&Patch> {
    let mut merge = Merge::new(own);
    for patch in &workload.patches {
        merge.add(&of_containers(workload, patch), &patch);
        merge.add(&in_their_lists(workload, patch), &patch);
    }
    secure(workload, &mut merge.whole);
    merge
}

/// What is set in each container of the Score file, as a fragment of the template.
fn of_containers(workload: &Workload, patch: &Patch) -> Value {
    let fragment = |container: &ResolvedContainer| {
        let mut fragment = patch.patches.containers.clone();
        fragment.insert("name".to_owned(), json!(container.name));
        Value::Object(fragment)
    };
    let init: Vec<_> = workload.init.iter().map(|(_, container)| fragment(container)).collect();
    let main: Vec<_> = workload.containers.iter().map(fragment).collect();
    let lists = [("containers", main), ("initContainers", init)].into_iter();
    let lists: Map<_, _> =
        lists.filter(|(_, all)| !all.is_empty()).map(|(list, all)| (list.to_owned(), json!(all))).collect();
    if patch.patches.containers.is_empty() { json!({}) } else { json!({ "spec": lists }) }
}

/// The fragment with each container of the Score file in the list that it is in: that one which others wait for is an
/// init container is nothing that a rule can know.
fn in_their_lists(workload: &Workload, patch: &Patch) -> Value {
    let mut fragment = Value::Object(patch.patches.pod_template.clone());
    let init: BTreeSet<_> = workload.init.iter().map(|(_, container)| container.name.as_str()).collect();
    let main: BTreeSet<_> = workload.containers.iter().map(|container| container.name.as_str()).collect();
    let Some(spec) = fragment.get_mut("spec").and_then(Value::as_object_mut) else { return fragment };
    let [to_init, to_main] = [("containers", &init), ("initContainers", &main)].map(|(list, elsewhere)| {
        let Some(Value::Array(items)) = spec.get_mut(list) else { return Vec::new() };
        let is_elsewhere = |item: &mut Value| elsewhere.contains(name(item));
        items.extract_if(.., is_elsewhere).collect::<Vec<_>>()
    });
    for (list, moved) in [("initContainers", to_init), ("containers", to_main)] {
        if moved.is_empty() {
            continue;
        }
        if let Value::Array(items) = spec.entry(list).or_insert_with(|| json!([])) {
            items.extend(moved);
        }
    }
    fragment
}

fn name(item: &Value) -> &str {
    item.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn items<'v>(spec: &'v Value, list: &str) -> impl Iterator<Item = &'v Value> {
    spec.get(list).and_then(Value::as_array).into_iter().flatten()
}

/// Containers that were added are as strict as those of the Score file, where their rule does not say otherwise.
fn secure(workload: &Workload, template: &mut Value) {
    let Some(Value::Object(wanted)) = container::security(workload.pods.security) else { return };
    let own: BTreeSet<_> = workload.all_containers().map(|container| container.name.as_str()).collect();
    for list in LISTS {
        let added = template["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for container in added.filter(|container| !own.contains(name(container))) {
            if container.get("securityContext").is_none() {
                container["securityContext"] = json!({});
            }
            if let Some(context) = container["securityContext"].as_object_mut() {
                wanted.iter().for_each(|(key, value)| {
                    context.entry(key.clone()).or_insert_with(|| value.clone());
                });
            }
        }
    }
}

fn contradiction(clash: &Clash<&Patch>) -> Problem {
    let Clash { path, first, was, second, wants } = clash;
    let (other, remedy) = match first {
        Some(first) if first.uid == second.uid => ("the same rule".to_owned(), "the rule must be corrected"),
        Some(first) => {
            (who(first), "let one of the two rules leave it out, or use only one of these resources")
        }
        None if path.contains("ecurityContext") => (
            "the workload's pod security".to_owned(),
            "let the rule leave it out, or change the annotation `k8s.score.dev/pod-security`",
        ),
        None => ("the Score file".to_owned(), "take it out of the Score file, or out of the rule"),
    };
    let message = format!(
        "{} patches `{path}` of the pods to {}, and {other} sets it to {}: a field has one value; {remedy}",
        who(second),
        shown(wants),
        shown(was)
    );
    Problem::new(format!("resources.{}", second.resource), Reason::PatchConflict, message)
}

fn who(patch: &Patch) -> String {
    format!("rule `{}` (resource `{}`)", patch.rule, patch.resource)
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => crate::api::conditions::cut(other.to_string(), 200),
    }
}

/// What makes no pod, of all that was patched.
fn no_pod(workload: &Workload, merged: &Merge<&Patch>) -> Vec<Problem> {
    let spec = &merged.whole["spec"];
    let claims = workload.volumes.iter().filter(|(_, volume)| matches!(volume, PodVolume::Template { .. }));
    let mut volumes: BTreeSet<_> = claims.map(|(uid, _)| pod::volume_name(uid)).collect();
    volumes.extend(items(spec, "volumes").map(|volume| name(volume).to_owned()));
    let mut problems = Vec::new();
    for (list, container) in LISTS.into_iter().flat_map(|list| items(spec, list).map(move |it| (list, it))) {
        let path = format!("spec.{list}[{}]", quoted(name(container)));
        if container.get("image").is_none() {
            problems.extend(
                merged.setter(&path).map(|patch| wrong(patch, &path, &no_image(workload, container))),
            );
        }
        for mount in items(container, "volumeMounts").filter(|mount| !volumes.contains(name(mount))) {
            let at = mount.get("mountPath").and_then(Value::as_str).unwrap_or_default();
            let path = format!("{path}.volumeMounts[{}]", quoted(at));
            problems
                .extend(merged.setter(&path).map(|patch| wrong(patch, &path, &no_volume(&volumes, mount))));
        }
    }
    problems
}

fn wrong(patch: &Patch, path: &str, what: &str) -> Problem {
    let message =
        format!("{} patches `{path}` of the pods, which {what}; the rule must be corrected", who(patch));
    Problem::new(format!("resources.{}", patch.resource), Reason::PatchConflict, message)
}

fn no_image(workload: &Workload, container: &Value) -> String {
    let known = || workload.all_containers().map(|container| container.name.as_str());
    let hint = did_you_mean(name(container), known());
    let there = list(known());
    format!("is no container of the Score file{hint} (there: {there}), and a new one needs an `image`")
}

fn no_volume(volumes: &BTreeSet<String>, mount: &Value) -> String {
    let known = || volumes.iter().map(String::as_str);
    let hint = did_you_mean(name(mount), known());
    format!(
        "mounts {}, and the pods have no volume of this name{hint} (there: {})",
        quoted(name(mount)),
        list(known())
    )
}
