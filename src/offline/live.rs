//! From the objects of a cluster to the inputs of a projection, and to what an explanation says of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;

use super::explain::{Live, Seen};
use super::project::{Existing, Inputs};
use super::rules::{RuleFile, Rules};
use super::source::Source;
use crate::api::resource::{InventoryEntry, ScoreResource, ScoreResourceStatus};
use crate::api::rule::ProvisionerRule;
use crate::api::workload::ScoreWorkload;
use crate::api::{instructions, labels};
use crate::plan::workload::NamespaceDefaults;
use crate::render::outlive::is_of_others;

/// What a cluster has, of one namespace.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The namespace.
    pub namespace: Namespace,
    /// Its workloads.
    pub workloads: Vec<ScoreWorkload>,
    /// Its resources.
    pub resources: Vec<ScoreResource>,
    /// The rules of the cluster.
    pub rules: Vec<ProvisionerRule>,
}

/// The rules of a cluster, to be admitted.
#[must_use]
pub fn rule_files(rules: &[ProvisionerRule]) -> Vec<RuleFile> {
    let file = |rule: &ProvisionerRule| RuleFile {
        file: String::new(),
        name: rule.name_any(),
        spec: rule.spec.clone(),
        places: Arc::default(),
    };
    rules.iter().map(file).collect()
}

impl Snapshot {
    /// The inputs that the operator has now.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        // What is wrong with a rule stands in its own status.
        let (rules, _) = Rules::admit(rule_files(&self.rules));
        Inputs {
            namespace: self.namespace.name_any(),
            namespace_labels: self.namespace.labels().clone(),
            defaults: self.defaults(),
            workloads: self.workloads.iter().map(source).collect(),
            rules,
            existing: self.resources.iter().map(|found| (found.spec.uid(), existing(found))).collect(),
            ..Inputs::default()
        }
    }

    fn defaults(&self) -> NamespaceDefaults {
        NamespaceDefaults {
            pod_security: self.namespace.annotations().get(instructions::POD_SECURITY).cloned(),
            enforced: self.namespace.labels().get(labels::ENFORCED_POD_SECURITY).cloned(),
        }
    }

    /// What the statuses say.
    #[must_use]
    pub fn live(&self) -> Live {
        let workload = |found: &ScoreWorkload| {
            let status = found.status.as_ref()?;
            Some((found.name_any(), Seen::new(&status.conditions, &status.inventory, None)))
        };
        let resource = |found: &ScoreResource| {
            let status = found.status.as_ref()?;
            let seen = Seen {
                patches: status.patches.clone(),
                ..Seen::new(&status.conditions, &status.inventory, status.outputs.clone())
            };
            Some((found.spec.uid(), seen))
        };
        Live {
            workloads: self.workloads.iter().filter_map(workload).collect(),
            resources: self.resources.iter().filter_map(resource).collect(),
        }
    }

    /// The workloads by name.
    #[must_use]
    pub fn by_name(&self) -> BTreeMap<String, &ScoreWorkload> {
        self.workloads.iter().map(|found| (found.name_any(), found)).collect()
    }
}

fn source(workload: &ScoreWorkload) -> Source {
    Source {
        file: String::new(),
        name: workload.name_any(),
        namespace: workload.namespace(),
        uid: workload.uid().unwrap_or_default(),
        labels: workload.labels().clone(),
        annotations: workload.annotations().clone(),
        spec: workload.spec.0.clone(),
    }
}

/// The objects that the operator makes owners of the resource's Secrets.
fn outlived(status: &ScoreResourceStatus) -> impl Iterator<Item = &InventoryEntry> {
    let known = status.inventory.iter().filter(|entry| !entry.uid.is_empty());
    known.filter(|entry| is_of_others(&entry.id.api_version))
}

fn existing(resource: &ScoreResource) -> Existing {
    Existing {
        spec: resource.spec.clone(),
        object_uid: resource.uid().unwrap_or_default(),
        outlived: resource.status.iter().flat_map(outlived).cloned().collect(),
        outputs: resource.status.as_ref().and_then(|status| status.outputs.clone()),
        patches: resource.status.as_ref().and_then(|status| status.patches.clone()),
    }
}
