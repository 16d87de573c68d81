//! The pods of a workload: containers in their order, volumes, and how strict they are (W05, W06, B01–B04, L01).

use serde_json::{Map, Value, json};

use super::object::all_labels;
use super::{SecretValues, container, file, patched, probe};
use crate::api::labels;
use crate::api::names::file_hash;
use crate::plan::score::settings::PodSecurity;
use crate::plan::workload::{Gate, PodVolume, Pods, ResolvedContainer, Workload};

/// The pod template, with what the workload's resources set in it.
#[must_use]
pub fn template(workload: &Workload, secrets: &SecretValues) -> Value {
    patched::template(workload, own(workload, secrets))
}

/// The pod template without patches.
pub(super) fn own(workload: &Workload, secrets: &SecretValues) -> Value {
    json!({
        "metadata": {"annotations": annotations(workload, secrets), "labels": all_labels(workload)},
        "spec": spec(workload),
    })
}

/// The name of the volume that a resource is: it does not depend on where it is mounted (L01).
#[must_use]
pub fn volume_name(uid: &str) -> String {
    format!("vol-{}", file_hash(uid))
}

fn annotations(workload: &Workload, secrets: &SecretValues) -> Value {
    let mut all: Map<_, _> =
        workload.annotations.iter().map(|(key, text)| (key.clone(), json!(text))).collect();
    all.insert(labels::WORKLOAD_NAME.to_owned(), json!(workload.name));
    if let Some(hash) = file::hash(workload) {
        all.insert(labels::FILES_HASH.to_owned(), json!(hash));
    }
    if let Some(digest) = secrets.digest(&workload.secrets(), &workload.reads()) {
        all.insert(labels::SECRETS_DIGEST.to_owned(), json!(digest));
    }
    Value::Object(all)
}

fn spec(workload: &Workload) -> Value {
    let render = |container: &ResolvedContainer| container::render(container, workload.pods);
    let containers: Vec<_> = workload.containers.iter().map(render).collect();
    let mut spec = json!({"containers": containers});
    let init = workload.init.iter().map(|(gate, container)| gated(*gate, container, workload.pods));
    put_list(&mut spec, "initContainers", init.collect());
    let volumes = file::volumes(workload).into_iter().chain(workload.volumes.iter().filter_map(volume));
    put_list(&mut spec, "volumes", volumes.collect());
    secure(&mut spec, workload.pods);
    spec
}

fn put_list(spec: &mut Value, key: &str, items: Vec<Value>) {
    if !items.is_empty() {
        spec[key] = Value::Array(items);
    }
}

/// A container that others wait for. One that runs on is a sidecar (KEP-753); the next starts once its
/// startup probe succeeds, if it has one. That probe is given five minutes: it must not kill what starts slowly.
fn gated(gate: Gate, container: &ResolvedContainer, pods: Pods) -> Value {
    let mut body = container::render(container, pods);
    if gate != Gate::Complete {
        body["restartPolicy"] = json!("Always");
    }
    let given = container.readiness.as_ref().or(container.liveness.as_ref());
    if let (Gate::Healthy, Some(given)) = (gate, given) {
        body["startupProbe"] = probe::render(given, pods.probe_host);
        body["startupProbe"]["failureThreshold"] = json!(30);
    }
    body
}

/// A resource's volume; a claim for each pod is the StatefulSet's to make.
fn volume((uid, volume): (&String, &PodVolume)) -> Option<Value> {
    let mut body = match volume {
        PodVolume::Source(source) => source.clone(),
        PodVolume::Claim(name) => json!({"persistentVolumeClaim": {"claimName": name}}),
        PodVolume::Template { .. } => return None,
    };
    body["name"] = json!(volume_name(uid));
    Some(body)
}

/// What no ordinary image minds is always asked for; that it runs as another user than root only where
/// somebody says so, as most images would not start (docs/annotations.md).
fn secure(spec: &mut Value, pods: Pods) {
    spec["automountServiceAccountToken"] = json!(pods.service_account_token);
    if pods.security == PodSecurity::Privileged {
        return;
    }
    spec["securityContext"] = json!({"seccompProfile": {"type": "RuntimeDefault"}});
    if pods.security == PodSecurity::Restricted {
        spec["securityContext"]["runAsNonRoot"] = json!(true);
    }
}
