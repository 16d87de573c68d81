//! The `CustomResourceDefinition`s, generated from the types; `crds/` holds what this makes and a test
//! fails on drift.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Map, Value, json};

use super::resource::ScoreResource;
use super::rule::ProvisionerRule;
use super::schema::{NULLABLE_IN_MATCH, drop_closed, walk};
use super::workload::ScoreWorkload;

/// All our CRDs, in the order in which they are installed.
#[must_use]
pub fn all() -> Vec<CustomResourceDefinition> {
    [ScoreWorkload::crd(), ProvisionerRule::crd(), ScoreResource::crd()].into_iter().map(finish).collect()
}

/// What the derive cannot say: the status default that keeps kstatus and Flux from taking an object
/// without status for a finished one, the rule that binds Score's name to the object's, and where null means nothing.
fn finish(crd: CustomResourceDefinition) -> CustomResourceDefinition {
    let mut value = serde_json::to_value(&crd).unwrap_or_default();
    let name = value["spec"]["names"]["kind"].clone();
    let schema = &mut value["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    walk(schema, &mut |node| {
        node.remove("nullable");
        node.remove("format");
        drop_closed(node);
        drop_empty_default(node);
    });
    schema["properties"]["status"]["default"] = json!({"observedGeneration": -1});
    if name == "ScoreWorkload" {
        schema["x-kubernetes-validations"] = json!([{
            "rule": "!has(self.spec.metadata) || !has(self.spec.metadata.name) || self.spec.metadata.name == self.metadata.name",
            "message": "spec.metadata.name must be the name of the ScoreWorkload, or be left out",
            "fieldPath": ".spec.metadata.name",
        }]);
    }
    if name == "ProvisionerRule" {
        for field in NULLABLE_IN_MATCH {
            schema["properties"]["spec"]["properties"]["match"]["properties"][field]["nullable"] =
                json!(true);
        }
    }
    serde_json::from_value(value).unwrap_or(crd)
}

/// Defaults of our Rust types are no defaults of the API: what a user stored stays as it was stored.
fn drop_empty_default(node: &mut Map<String, Value>) {
    if node.contains_key("type") || node.contains_key("properties") {
        node.remove("default");
    }
}
