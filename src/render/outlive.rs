//! Owner references that make an order of deletion: see `cluster::observe::outlive`.

use serde_json::{Value, json};

use crate::api::names::is_of_kubernetes;
use crate::api::resource::{InventoryEntry, ObjectId};

/// Whether an object's own controller has to take down something for it, and may need others for that: of the kinds
/// that Kubernetes brings along none does.
#[must_use]
pub fn is_taken_down_by_others(id: &ObjectId) -> bool {
    !is_of_kubernetes(&id.api_version)
}

/// The reference of an object that must be outlived.
#[must_use]
pub fn reference(entry: &InventoryEntry) -> Value {
    let InventoryEntry { id: ObjectId { api_version, kind, name }, uid } = entry;
    json!({"apiVersion": api_version, "kind": kind, "name": name, "uid": uid})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_kubernetes_are_nobody_elses() {
        let is = |api_version: &str| {
            let (kind, name) = ("X".to_owned(), "x".to_owned());
            is_taken_down_by_others(&ObjectId { api_version: api_version.to_owned(), kind, name })
        };
        assert!(is("rds.aws.upbound.io/v1beta1") && is("kafka.strimzi.io/v1beta2"));
        assert!(
            !is("v1") && !is("apps/v1") && !is("networking.k8s.io/v1") && !is("gateway.networking.k8s.io/v1")
        );
    }
}
