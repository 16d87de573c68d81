//! What a case says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use score_operator::api::names::ResourceUid;
use score_operator::api::rule::ProvisionerRule;
use score_operator::plan::demand::Demand;
use score_operator::plan::index::{Index, Known};
use score_operator::plan::rule::select::Labels;
use score_operator::plan::workload::{NamespaceDefaults, ResourceState, validate};
use score_operator::render::Manifest;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::model::NAMESPACE;

/// A case, read.
pub struct Case {
    pub name: String,
    pub score: Map<String, Value>,
    pub siblings: BTreeMap<String, Map<String, Value>>,
    pub states: BTreeMap<String, Value>,
    pub rules: Vec<RuleFile>,
    pub labels: BTreeMap<String, Labels>,
    pub defaults: NamespaceDefaults,
    pub live: BTreeMap<String, Value>,
    pub before: BTreeMap<String, Value>,
}

/// A rule that the case uses.
pub struct RuleFile {
    pub rule: ProvisionerRule,
    /// Not one of the default rules: what admission says of it is part of the outcome.
    pub own: bool,
}

impl Case {
    pub fn read(directory: &Path) -> Self {
        let score: Map<String, Value> = yaml(&directory.join("score.yaml"));
        let name = score.get("metadata").and_then(|metadata| metadata["name"].as_str()).unwrap_or("web");
        let defaults = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/rules");
        let named: Vec<String> = optional(&directory.join("rules.yaml"));
        let default =
            |name: String| RuleFile { rule: yaml(&defaults.join(format!("{name}.yaml"))), own: false };
        let own = texts(&directory.join("rules"));
        let own = own.values().map(|path| RuleFile { rule: yaml(Path::new(path)), own: true });
        let siblings = texts(&directory.join("siblings"));
        Self {
            name: name.to_owned(),
            siblings: siblings.into_iter().map(|(name, path)| (name, yaml(Path::new(&path)))).collect(),
            states: optional(&directory.join("resources.yaml")),
            rules: named.into_iter().map(default).chain(own).collect(),
            labels: optional(&directory.join("labels.yaml")),
            defaults: optional(&directory.join("namespace.yaml")),
            live: optional(&directory.join("live.yaml")),
            before: optional(&directory.join("before.yaml")),
            score,
        }
    }

    /// All workloads of the namespace.
    pub fn index(&self) -> Index {
        let mut index = Index::default();
        for (name, score) in self.siblings.iter().chain([(&self.name, &self.score)]) {
            let labels = if *name == self.name { self.labels("workload") } else { Labels::new() };
            index.put(NAMESPACE, Known::new(name, &uid_of(name), 1, labels, score));
        }
        index
    }

    pub fn labels(&self, of: &str) -> Labels {
        self.labels.get(of).cloned().unwrap_or_default()
    }

    /// What the workload demands; nothing where its file is not acceptable.
    pub fn demands(&self) -> Vec<Demand> {
        validate(&self.name, &self.score).map(|valid| valid.demands).unwrap_or_default()
    }

    /// What stands in `before.yaml`.
    pub fn before<T: DeserializeOwned>(&self, of: &str, part: &str) -> Option<T> {
        let found = self.before.get(of)?.get(part)?;
        Some(
            serde_json::from_value(found.clone())
                .unwrap_or_else(|error| panic!("before.yaml, {of}: {error}")),
        )
    }

    pub fn given_states(&self) -> BTreeMap<String, ResourceState> {
        let demands = self.demands();
        let state = |(name, given): (&String, &Value)| {
            let demand = demands.iter().find(|demand| demand.resource == *name);
            let uid = demand.map_or_else(
                || ResourceUid::parse("postgres.default#gone").expect("a uid"),
                |it| it.uid.clone(),
            );
            let mut state = json!({
                "object": uid.object_name(), "uid": uid, "current": true, "reason": "Ready",
                "message": "the resource can be used",
            });
            merge(&mut state, given);
            (
                name.clone(),
                serde_json::from_value(state).unwrap_or_else(|error| panic!("resources.yaml: {error}")),
            )
        };
        self.states.iter().map(state).collect()
    }

    /// The live object that a manifest has become, by `live.yaml`; `None` where it is not there.
    pub fn live(&self, key: &str, manifest: &Manifest) -> Option<Value> {
        let mut object = manifest.body.clone();
        object["metadata"]["uid"] = json!(uid_of(&manifest.id.to_string()));
        object["metadata"]["generation"] = json!(1);
        merge(&mut object, &works(&manifest.id.kind));
        match self.live.get(key) {
            Some(Value::Null) => return None,
            Some(overlay) => merge(&mut object, overlay),
            None => {}
        }
        Some(object)
    }
}

/// The status of an object of this kind that works.
fn works(kind: &str) -> Value {
    let pods = json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1});
    match kind {
        "Deployment" | "StatefulSet" => json!({"status": pods}),
        "Job" => json!({"status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}}),
        _ => json!({}),
    }
}

/// A merge patch (RFC 7396).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in patch {
        match (value, target.as_object_mut()) {
            (Value::Null, Some(target)) => drop(target.remove(key)),
            (value, _) => merge(&mut target[key], value),
        }
    }
}

pub fn uid_of(name: &str) -> String {
    format!("uid-of-{}", name.replace(['`', ' '], "-").replace("--", "-").trim_end_matches('-'))
}

fn yaml<T: DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn optional<T: DeserializeOwned + Default>(path: &Path) -> T {
    if path.exists() { yaml(path) } else { T::default() }
}

/// The YAML files of a directory: path by name.
fn texts(directory: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(directory) else { return BTreeMap::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    paths.map(|path| (name(&path), path.to_string_lossy().into_owned())).collect()
}
