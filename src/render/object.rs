//! What all objects of a workload have in common: labels, the selector of its pods, an owner (W04, W05).

use serde_json::{Value, json};

use super::{Manifest, Owner};
use crate::api::labels;
use crate::api::names::{LABEL_MAX, short_hash, truncate_hash};
use crate::api::resource::{ObjectId, ObjectScope};
use crate::plan::workload::Workload;

/// An object of the workload, with `content` beside its metadata: a `spec`, or `data`.
pub(super) fn object(
    workload: &Workload,
    (api_version, kind): (&str, &str),
    name: String,
    (key, content): (&str, Value),
) -> Manifest {
    let mut body = json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": workload.namespace,
            "labels": all_labels(workload),
            "annotations": {labels::WORKLOAD_NAME: workload.name},
            "ownerReferences": [owner(workload).controller()],
        },
    });
    body[key] = content;
    Manifest {
        id: ObjectId { api_version: api_version.into(), kind: kind.into(), name },
        namespace: workload.namespace.clone(),
        scope: ObjectScope::Namespaced,
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

/// The labels of everything that the workload becomes (W04).
pub(super) fn all_labels(workload: &Workload) -> Value {
    let mut all = selector(workload);
    all[labels::NAME] = json!(workload.name);
    all[labels::MANAGED_BY] = json!(labels::MANAGED_BY_US);
    all
}
