//! `docs/annotations.md`: prose of a template, with tables made from what the operator reads, writes and
//! renders.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::markdown::{code, table};
use crate::api::instructions::{self, Instruction, Place};
use crate::api::labels::{self, Form, Written};
use crate::plan::Plan;
use crate::plan::score::settings::PodSecurity;
use crate::plan::workload::{NamespaceDefaults, WorkloadInputs, plan};
use crate::render::{self, SecretValues};

const TEMPLATE: &str = include_str!("annotations.md");

/// The page. A line of the template that is the name of a table becomes the table.
pub(super) fn page() -> String {
    let tables = [
        ("{{instructions}}", read()),
        ("{{written}}", written()),
        ("{{levels}}", levels()),
        ("{{foreign}}", foreign()),
    ];
    tables.into_iter().fold(TEMPLATE.to_owned(), |text, (slot, table)| text.replace(slot, table.trim_end()))
}

fn read() -> String {
    let row = |it: &Instruction| {
        let places: Vec<_> = it.places.iter().map(|place| place_of(*place)).collect();
        [key(it.key), places.join("; "), it.values.to_owned(), it.default.to_owned(), it.meaning.to_owned()]
    };
    table(["Annotation", "Where", "Values", "Without it", "What it does"], instructions::ALL.iter().map(row))
}

fn key(key: &str) -> String {
    if key.ends_with('.') { code(&format!("{key}<container>")) } else { code(key) }
}

fn place_of(place: Place) -> &'static str {
    match place {
        Place::Score => "Score file",
        Place::Namespace => "Namespace",
        Place::Resource => "ScoreResource",
        Place::Object => "that object",
        Place::Ours => "ScoreWorkload, ScoreResource, ProvisionerRule",
    }
}

fn written() -> String {
    let row = |it: &Written| {
        let form = match it.form {
            Form::Label => "label",
            Form::Annotation => "annotation",
        };
        [code(it.key), form.to_owned(), it.on.to_owned(), it.meaning.to_owned()]
    };
    table(["Key", "Form", "On", "What it says"], labels::WRITTEN.iter().map(row))
}

fn foreign() -> String {
    let lines: Vec<_> = labels::FOREIGN_PREFIXES.iter().map(|prefix| format!("- `{prefix}`")).collect();
    lines.join("\n")
}

/// What each level of Pod Security sets: read off a workload that is rendered with it.
fn levels() -> String {
    let levels = [PodSecurity::Privileged, PodSecurity::Baseline, PodSecurity::Restricted].map(settings);
    let mut fields: Vec<_> = levels.iter().flat_map(BTreeMap::keys).collect();
    fields.sort();
    fields.dedup();
    let value = |level: &BTreeMap<String, String>, field: &String| {
        level.get(field).map_or_else(String::new, |it| code(it))
    };
    let row = |field: &String| {
        let [one, two, three] = levels.each_ref().map(|level| value(level, field));
        [code(field), one, two, three]
    };
    table(["Field of the pod", "`privileged`", "`baseline`", "`restricted`"], fields.into_iter().map(row))
}

/// Every field that the pod of the plainest workload has, besides its container's name and image.
fn settings(level: PodSecurity) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Plan::Ready(workload) = plan(&plainest(level)) else { return found };
    let manifests = render::workload(&workload, &SecretValues::default());
    for manifest in manifests.iter() {
        leaves("", &manifest.body["spec"]["template"]["spec"], &mut found);
    }
    found.retain(|field, _| !["containers[].name", "containers[].image"].contains(&field.as_str()));
    found
}

fn plainest(level: PodSecurity) -> WorkloadInputs {
    let annotations = json!({instructions::POD_SECURITY: level});
    let spec = [
        ("metadata".to_owned(), json!({"annotations": annotations})),
        ("containers".to_owned(), json!({"main": {"image": "example"}})),
    ];
    WorkloadInputs {
        name: "example".to_owned(),
        namespace: "example".to_owned(),
        uid: String::new(),
        generation: 1,
        spec: Map::from_iter(spec),
        demanded: 0,
        defaults: NamespaceDefaults::default(),
        resources: BTreeMap::new(),
        siblings: Vec::new(),
        running: Vec::new(),
    }
}

/// Every value within `value` that is no object, by its path; lists of texts are one value.
fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| leaves(&below(key), value, found)),
        Value::Array(items) if items.iter().all(Value::is_object) => {
            items.iter().for_each(|item| leaves(&format!("{path}[]"), item, found));
        }
        Value::String(text) => drop(found.insert(path.to_owned(), text.clone())),
        other => drop(found.insert(path.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_of_the_template_is_filled() {
        assert!(!page().contains("{{"), "{}", page());
        for line in ["k8s.score.dev/schedule", "k8s.score.dev/files-hash", "argocd.argoproj.io/"] {
            assert!(page().contains(line), "{line}");
        }
    }

    #[test]
    fn the_levels_differ_in_what_the_page_says() {
        let [none, baseline, restricted] =
            [PodSecurity::Privileged, PodSecurity::Baseline, PodSecurity::Restricted].map(settings);
        assert_eq!(none.len(), 1, "{none:?}");
        assert_eq!(baseline.len(), 3, "{baseline:?}");
        assert_eq!(restricted["containers[].securityContext.capabilities.drop"], r#"["ALL"]"#);
    }
}
