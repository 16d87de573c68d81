//! The Deployment of a workload (W01, W04–W06, W13). `replicas` is left to the `HorizontalPodAutoscaler`
//! and to `kubectl scale` (design decision 5).

use serde_json::{Map, Value, json};

use super::{Manifest, Owner, container};
use crate::api::names::{LABEL_MAX, short_hash, truncate_hash};
use crate::api::{labels, resource::ObjectId};
use crate::plan::workload::Workload;

/// Renders it.
#[must_use]
pub fn render(workload: &Workload) -> Manifest {
    let containers: Vec<_> = workload.containers.iter().map(container::render).collect();
    let spec = json!({
        "selector": {"matchLabels": selector(workload)},
        "template": {
            "metadata": {"annotations": pod_annotations(workload), "labels": all_labels(workload)},
            "spec": {"containers": containers},
        },
    });
    object(workload, "apps/v1", "Deployment", &workload.name, &spec)
}

/// An object of the workload: its labels, its annotation, its owner, and a spec.
pub(super) fn object(
    workload: &Workload,
    api_version: &str,
    kind: &str,
    name: &str,
    spec: &Value,
) -> Manifest {
    let body = json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": workload.namespace,
            "labels": all_labels(workload),
            "annotations": {labels::WORKLOAD_NAME: workload.name},
            "ownerReferences": [owner(workload).controller()],
        },
        "spec": spec,
    });
    Manifest {
        id: ObjectId { api_version: api_version.into(), kind: kind.into(), name: name.into() },
        namespace: workload.namespace.clone(),
        owner_uid: workload.uid.clone(),
        body,
        once: false,
    }
}

fn owner(workload: &Workload) -> Owner {
    Owner { kind: "ScoreWorkload", name: workload.name.clone(), uid: workload.uid.clone() }
}

/// The label that selects the workload's pods, and theirs only: not the plain name, which a Helm
/// release of the same name gives its pods too. A function of namespace and name, as a selector can
/// never change (W04).
pub(super) fn selector(workload: &Workload) -> Value {
    let hash = short_hash(&format!("{}/{}", workload.namespace, workload.name));
    let instance = format!("{}-{hash}", truncate_hash(&workload.name, LABEL_MAX - 9));
    json!({ labels::INSTANCE: instance })
}

fn all_labels(workload: &Workload) -> Value {
    let mut all = selector(workload);
    all[labels::NAME] = json!(workload.name);
    all[labels::MANAGED_BY] = json!(labels::MANAGED_BY_US);
    all
}

fn pod_annotations(workload: &Workload) -> Value {
    let mut all: Map<_, _> =
        workload.annotations.iter().map(|(key, text)| (key.clone(), json!(text))).collect();
    all.insert(labels::WORKLOAD_NAME.to_owned(), json!(workload.name));
    Value::Object(all)
}
