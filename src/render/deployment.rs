//! The Deployment of a workload (W01, W13). `replicas` is left to the `HorizontalPodAutoscaler` and to
//! `kubectl scale` (design decision 5).

use serde_json::json;

use super::object::{object, selector};
use super::{Manifest, SecretValues, pod};
use crate::plan::workload::Workload;

/// Renders it.
#[must_use]
pub fn render(workload: &Workload, secrets: &SecretValues) -> Manifest {
    let spec = json!({
        "selector": {"matchLabels": selector(workload)},
        "template": pod::template(workload, secrets),
    });
    object(workload, ("apps/v1", "Deployment"), workload.name.clone(), ("spec", spec))
}
