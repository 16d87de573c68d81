//! Owner references that make an order of deletion: see `cluster::observe::outlive`.

use serde_json::{Value, json};

use crate::api::names::is_of_kubernetes;
use crate::api::resource::{InventoryEntry, ObjectId};

/// Whether the controllers of an API version are another operator's: they may have to take something down for an
/// object, and need others for that.
#[must_use]
pub fn is_of_others(api_version: &str) -> bool {
    !is_of_kubernetes(api_version)
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
        let is = is_of_others;
        assert!(is("rds.aws.upbound.io/v1beta1") && is("kafka.strimzi.io/v1beta2"));
        assert!(
            !is("v1") && !is("apps/v1") && !is("networking.k8s.io/v1") && !is("gateway.networking.k8s.io/v1")
        );
    }
}
