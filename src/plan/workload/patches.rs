//! What the resources of a workload set in its pods.

use std::collections::BTreeMap;

use super::WorkloadInputs;
use crate::plan::demand::Demand;
use crate::plan::patch::Patch;

/// The patches of all resources that the workload uses, by identity: a resource that it has two names for patches once.
pub(super) fn patches(inputs: &WorkloadInputs, demands: &[Demand]) -> Vec<Patch> {
    let mut found = BTreeMap::new();
    for demand in demands {
        let Some(state) = inputs.resources.get(&demand.resource) else { continue };
        let Some(patches) = state.patches.clone() else { continue };
        let uid = demand.uid.to_string();
        let rule = state.rule.clone().unwrap_or_default();
        let patch = || Patch { resource: demand.resource.clone(), uid: uid.clone(), rule, patches };
        found.entry(uid.clone()).or_insert_with(patch);
    }
    found.into_values().collect()
}
