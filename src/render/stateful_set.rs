//! The StatefulSet of a workload and the Service that names its pods (W02, L02).

use serde_json::{Value, json};

use super::object::{object, selector};
use super::{Manifest, SecretValues, pod};
use crate::api::names::{headless_service, truncate_hash};
use crate::plan::workload::{PodVolume, Workload};

/// The longest name whose pods' label `controller-revision-hash` still fits (W12).
const NAME_MAX: usize = 52;
/// The port of the headless Service: it has to have one, and nobody connects to it.
const UNUSED_PORT: u16 = 99;

/// Renders both.
#[must_use]
pub fn render(workload: &Workload, secrets: &SecretValues) -> [Manifest; 2] {
    let mut spec = json!({
        "selector": {"matchLabels": selector(workload)},
        "serviceName": headless_service(&workload.name),
        "template": pod::template(workload, secrets),
    });
    let claims = claims(workload);
    if !claims.is_empty() {
        spec["volumeClaimTemplates"] = json!(claims);
        spec["persistentVolumeClaimRetentionPolicy"] = retention(workload);
    }
    let name = truncate_hash(&workload.name, NAME_MAX);
    [headless(workload), object(workload, ("apps/v1", "StatefulSet"), name, ("spec", spec))]
}

fn headless(workload: &Workload) -> Manifest {
    let port = json!({"name": "default", "port": UNUSED_PORT, "targetPort": UNUSED_PORT, "protocol": "TCP"});
    let spec = json!({"clusterIP": "None", "ports": [port], "selector": selector(workload)});
    object(workload, ("v1", "Service"), headless_service(&workload.name), ("spec", spec))
}

fn claims(workload: &Workload) -> Vec<Value> {
    let claim = |(uid, volume): (&String, &PodVolume)| match volume {
        PodVolume::Template { spec, .. } => {
            Some(json!({"metadata": {"name": pod::volume_name(uid)}, "spec": spec}))
        }
        PodVolume::Source(_) | PodVolume::Claim(_) => None,
    };
    workload.volumes.iter().filter_map(claim).collect()
}

/// What is claimed goes with the workload, unless the rule of any of the resources retains (decision 5).
/// A pod that is scaled away keeps its data for when it comes back.
fn retention(workload: &Workload) -> Value {
    let keeps = |volume: &PodVolume| matches!(volume, PodVolume::Template { retained: true, .. });
    let deleted = if workload.volumes.values().any(keeps) { "Retain" } else { "Delete" };
    json!({"whenDeleted": deleted, "whenScaled": "Retain"})
}
