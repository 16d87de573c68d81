//! The workloads that the operator is measured with, and the children that it makes of them.

use kube::api::DynamicObject;
use serde_json::{Value, json};

use anyhow::Result;

/// Namespace of everything here.
pub const NAMESPACE: &str = "bench";
/// The type of the resource, and the name of its rule.
const RESOURCE: &str = "bench-settings";

/// What is applied.
#[derive(Clone, Copy)]
pub struct Load {
    /// How many workloads.
    pub workloads: usize,
    /// Whether each has a resource of its own.
    pub with_resource: bool,
}

impl Load {
    /// The kinds of children: one of each per workload.
    pub fn children(self) -> &'static [&'static str] {
        if self.with_resource { &["Deployment", "Service", "ConfigMap"] } else { &["Deployment", "Service"] }
    }

    /// All workloads: one container, two variables, both probes, one port.
    pub fn objects(self) -> Result<Vec<DynamicObject>> {
        (0..self.workloads).map(|number| Ok(serde_json::from_value(self.workload(number))?)).collect()
    }

    fn workload(self, number: usize) -> Value {
        let probe = |path: &str| json!({ "httpGet": { "path": path, "port": 8080 } });
        let setting = if self.with_resource { "${resources.settings.name}" } else { "${metadata.name}" };
        let mut spec = json!({
            "apiVersion": "score.dev/v1b1",
            "containers": { "main": {
                "image": "registry.example/bench:1.0.0",
                "variables": { "LOG_LEVEL": "info", "SETTING": setting },
                "livenessProbe": probe("/alive"),
                "readinessProbe": probe("/ready"),
            }},
            "service": { "ports": { "web": { "port": 80, "targetPort": 8080 } } },
        });
        if self.with_resource {
            spec["resources"] = json!({ "settings": { "type": RESOURCE } });
        }
        json!({
            "apiVersion": "k8s.score.dev/v1alpha1",
            "kind": "ScoreWorkload",
            "metadata": { "name": format!("bench-{number:04}"), "namespace": NAMESPACE },
            "spec": spec,
        })
    }
}

/// The rule of the resource: one ConfigMap.
pub fn rule() -> Result<DynamicObject> {
    Ok(serde_json::from_value(json!({
        "apiVersion": "k8s.score.dev/v1alpha1",
        "kind": "ProvisionerRule",
        "metadata": { "name": RESOURCE },
        "spec": {
            "match": { "type": RESOURCE },
            "locals": { "name": "{{ uid | dns_label | truncate_hash(52) }}" },
            "manifests": { "settings": {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": { "name": "{{ locals.name }}" },
                "data": { "greeting": "hello" },
            }},
            "outputs": { "name": "{{ locals.name }}" },
        },
    }))?)
}

/// A child as a client would apply it: without what the server adds, and without owners, which it would miss.
pub fn strip(child: DynamicObject) -> DynamicObject {
    let mut child = child;
    let metadata = std::mem::take(&mut child.metadata);
    child.metadata.name = metadata.name;
    child.metadata.namespace = metadata.namespace;
    child.metadata.labels = metadata.labels;
    child.metadata.annotations = metadata.annotations;
    if let Some(annotations) = &mut child.metadata.annotations {
        annotations.remove("deployment.kubernetes.io/revision");
    }
    if let Some(fields) = child.data.as_object_mut() {
        fields.remove("status");
    }
    if let Some(spec) = child.data.get_mut("spec").and_then(Value::as_object_mut) {
        spec.retain(|field, _| !field.starts_with("clusterIP"));
    }
    child
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_have_names_of_their_own_and_a_resource_if_wanted() {
        let plain = Load { workloads: 3, with_resource: false }.objects().unwrap();
        assert_eq!(plain.len(), 3);
        assert_eq!(plain[2].metadata.name.as_deref(), Some("bench-0002"));
        assert!(plain[0].data["spec"]["resources"].is_null());
        let with = Load { workloads: 1, with_resource: true }.objects().unwrap();
        assert_eq!(
            with[0].data["spec"]["resources"]["settings"]["type"],
            rule().unwrap().data["spec"]["match"]["type"]
        );
    }

    #[test]
    fn a_child_loses_what_the_server_added_and_no_more() {
        let child: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {
                "name": "s", "namespace": "n", "uid": "1", "resourceVersion": "2", "labels": { "a": "b" },
                "annotations": { "deployment.kubernetes.io/revision": "1", "mine": "1" },
                "ownerReferences": [{ "apiVersion": "v1", "kind": "X", "name": "x", "uid": "3" }],
            },
            "spec": { "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "type": "ClusterIP" },
            "status": {},
        }))
        .unwrap();
        let expected = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": "s", "namespace": "n", "labels": { "a": "b" }, "annotations": { "mine": "1" } },
            "spec": { "type": "ClusterIP" },
        });
        assert_eq!(serde_json::to_value(strip(child)).unwrap(), expected);

        let config =
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" }, "data": {} });
        let child = serde_json::from_value(config.clone()).unwrap();
        assert_eq!(serde_json::to_value(strip(child)).unwrap(), config);
    }
}
