//! The Service of a workload (T01–T03).

use serde_json::{Value, json};

use super::Manifest;
use super::object::{object, selector};
use crate::plan::workload::{Port, Workload};

/// Renders it; the caller has seen that there are ports.
#[must_use]
pub fn render(workload: &Workload) -> Manifest {
    let ports: Vec<_> = workload.ports.iter().map(port).collect();
    let spec = json!({"ports": ports, "selector": selector(workload)});
    object(workload, ("v1", "Service"), workload.service_name.clone(), ("spec", spec))
}

fn port(port: &Port) -> Value {
    json!({
        "name": port.name,
        "port": port.port,
        "targetPort": port.target_port,
        "protocol": port.protocol,
    })
}
