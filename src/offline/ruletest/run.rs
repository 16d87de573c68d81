//! A case through the real engine: what there is to see.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::super::project::{Inputs, Projection, project};
use super::super::resource::Resource;
use super::super::rules::{Admission, Rules};
use super::super::source::Source;
use super::super::supplied::Supplied;
use super::super::supposed::Supposed;
use super::format::{Case, workload};
use crate::api::resource::ObjectId;
use crate::plan::Plan;
use crate::plan::problem::{did_you_mean, list};
use crate::plan::rule::Rule;

/// What there is to see of a case, in the words of `expect`.
pub type Seen = Map<String, Json>;

/// Works a case out.
///
/// # Errors
/// What the case says of objects, values or resources that are not: a path within the case and a message each.
pub fn run(case: &Case, rules: &Rules) -> Result<Seen, Vec<(String, String)>> {
    let inputs = inputs(case, rules)?;
    let mut workloads: BTreeMap<ObjectId, Json> = BTreeMap::new();
    let projection = project(&inputs, &mut |manifest| {
        workloads.insert(manifest.id.clone(), manifest.body.clone());
    });
    let demands = projection.workloads.iter().flat_map(|workload| &workload.demands);
    let mut slips: Vec<_> = inputs.supplied.unused(demands).into_iter().map(of_outputs).collect();
    let about = inputs.supposed.as_ref();
    let is_it = |found: &&Resource| about.is_some_and(|supposed| supposed.is_about(&found.demands));
    let resource = projection.resources.iter().find(is_it);
    if let Some(resource) = resource {
        slips.extend(misnamed(case, resource, rules));
    }
    if !slips.is_empty() {
        return Err(slips);
    }
    let mut seen = resource.map(|resource| of_resource(resource, &projection)).unwrap_or_default();
    seen.insert("problems".to_owned(), problems(&projection));
    seen.insert("workloads".to_owned(), of_workloads(&projection, &workloads));
    Ok(seen)
}

fn inputs(case: &Case, rules: &Rules) -> Result<Inputs, Vec<(String, String)>> {
    let (workload, resource) = case.subject().map_err(|message| vec![("of".to_owned(), message)])?;
    let namespace = case.namespace.clone().unwrap_or_default();
    let outputs = Json::Object(case.outputs.clone());
    let supplied = Supplied::read("", &outputs);
    let supplied = supplied.map_err(|found| found.into_iter().map(of_outputs).collect::<Vec<_>>())?;
    Ok(Inputs {
        namespace: namespace.name.unwrap_or_else(|| "default".to_owned()),
        namespace_labels: namespace.labels,
        workloads: sources(case),
        rules: rules.clone(),
        supplied,
        // Other resources: their own tests say when they are ready.
        assume_ready: true,
        supposed: Some(Supposed {
            workload,
            resource,
            guid: case.guid.clone(),
            generated: case.generated.clone(),
            live: case.live.clone(),
            secrets: case.secrets.clone(),
        }),
        ..Inputs::default()
    })
}

fn of_outputs(finding: super::super::finding::Finding) -> (String, String) {
    (format!("outputs.{}", finding.problem.path), finding.problem.message)
}

/// The workloads of the case.
fn sources(case: &Case) -> Vec<Source> {
    let own = case.resource.as_ref().map(|resource| {
        let file = json!({
            "containers": {"main": {"image": "registry.example/web:1"}},
            "resources": {"example": resource},
        });
        file.as_object().cloned().unwrap_or_default()
    });
    let source = |file: Map<String, Json>| Source {
        name: workload(&file),
        labels: case.workload_labels.clone(),
        spec: file,
        ..Source::default()
    };
    own.into_iter().chain(case.score.iter().cloned()).map(source).collect()
}

/// What the case says of objects and values that the rule does not have: nothing would come of it.
fn misnamed(case: &Case, resource: &Resource, rules: &Rules) -> Vec<(String, String)> {
    let mut slips = Vec::new();
    let Some(Admission::Ready(rule)) = resource.rule().and_then(|name| rules.get(name)) else { return slips };
    let expected = case.expect.get("objects").and_then(Json::as_object).into_iter().flatten();
    for (root, given, known) in [
        ("live", keys(&case.live), objects(rule)),
        // `null` would be true of it for ever.
        ("expect.objects", expected.map(|(key, _)| key.as_str()).collect(), objects(rule)),
        ("generated", keys(&case.generated), keys(&rule.generate)),
    ] {
        for key in given.into_iter().filter(|key| !known.contains(key)) {
            let hint = did_you_mean(key, known.iter().copied());
            let there = list(known.iter().copied());
            let message = format!("rule `{}` has none of this name{hint} (there: {there})", rule.name);
            slips.push((format!("{root}.{key}"), message));
        }
    }
    slips
}

fn keys<T>(map: &BTreeMap<String, T>) -> Vec<&str> {
    map.keys().map(String::as_str).collect()
}

fn objects(rule: &Rule) -> Vec<&str> {
    rule.manifests.iter().chain(&rule.shared).map(|manifest| manifest.key.as_str()).collect()
}

fn of_resource(resource: &Resource, projection: &Projection) -> Seen {
    let shared = projection.resources.iter().find(|found| Some(&found.uid) == resource.shares.as_ref());
    let made = shared.into_iter().chain([resource]).flat_map(|found| &found.made);
    let objects: Map<_, _> = made.map(|(key, body)| (key.clone(), readable(body))).collect();
    let mut seen = Seen::new();
    seen.insert("rule".to_owned(), json!(resource.rule()));
    seen.insert("ready".to_owned(), json!(matches!(resource.outputs, Plan::Ready(_))));
    if let Plan::Ready(outputs) = &resource.outputs {
        seen.insert("outputs".to_owned(), json!(outputs));
    }
    let awaited = match &resource.outputs {
        Plan::Pending(awaited) => awaited.iter().map(|found| json!(found.message)).collect(),
        Plan::Ready(_) | Plan::Rejected(_) => Vec::new(),
    };
    seen.insert("awaited".to_owned(), json!(awaited));
    seen.insert("objects".to_owned(), json!(objects));
    seen
}

/// An object with the data of a Secret as text, which people can read: all of it is made up.
fn readable(body: &Json) -> Json {
    let mut body = body.clone();
    if body["kind"] != "Secret" {
        return body;
    }
    let data = body.as_object_mut().and_then(|object| object.remove("data"));
    let data = data.as_ref().and_then(Json::as_object).into_iter().flatten();
    let texts: Map<_, _> = data.map(|(key, value)| (key.clone(), decoded(value))).collect();
    body["stringData"] = Json::Object(texts);
    body
}

fn decoded(value: &Json) -> Json {
    let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map_or_else(|| value.clone(), Json::String)
}

/// What is wrong, each thing once: a workload says of its resource what the resource says, too.
fn problems(projection: &Projection) -> Json {
    let text = |found: &super::super::finding::Finding| match found.problem.path.as_str() {
        "" => found.problem.message.clone(),
        path => format!("{path}: {}", found.problem.message),
    };
    let mut all: Vec<_> = projection.problems.iter().map(text).collect();
    all.dedup();
    json!(all)
}

fn of_workloads(projection: &Projection, bodies: &BTreeMap<ObjectId, Json>) -> Json {
    let ids = projection.workloads.iter().flat_map(|workload| match &workload.objects {
        Plan::Ready(ids) => ids.as_slice(),
        Plan::Pending(_) | Plan::Rejected(_) => &[],
    });
    let object = |id: &ObjectId| Some((format!("{}/{}", id.kind, id.name), readable(bodies.get(id)?)));
    Json::Object(ids.filter_map(object).collect())
}
