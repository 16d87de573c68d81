//! Who demands what: the workloads of every namespace as far as they can be read, and the way back
//! from a resource to its workloads. Updated by the watch, so that no pass reads every Score file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::demand::Demand;
use super::demand::metadata;
use super::resource::WorkloadView;
use super::rule::select::Labels;
use super::workload::{Valid, validate};
use crate::api::names::ResourceUid;

/// A resource, anywhere.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ResourceKey {
    /// Its namespace.
    pub namespace: String,
    /// Its identity there.
    pub uid: ResourceUid,
}

/// A workload as it was last seen.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The generation of its Score file.
    pub generation: i64,
    /// Its labels.
    pub labels: Labels,
    /// The Score file, if it is acceptable in itself.
    pub valid: Option<Valid>,
}

impl std::fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.uid)
    }
}

impl Known {
    /// Reads a ScoreWorkload.
    #[must_use]
    pub fn new(name: &str, uid: &str, generation: i64, labels: Labels, spec: &Map<String, Value>) -> Self {
        let valid = validate(name, spec).ok();
        Self { name: name.to_owned(), uid: uid.to_owned(), generation, labels, valid }
    }

    /// Whether a workload that is seen again says the same as before.
    #[must_use]
    pub fn is_same(&self, uid: &str, generation: i64, labels: &Labels) -> bool {
        self.uid == uid && self.generation == generation && self.labels == *labels
    }

    /// What it demands; nothing where it cannot be read.
    pub fn demands(&self) -> impl Iterator<Item = &Demand> {
        self.valid.iter().flat_map(|valid| &valid.demands)
    }

    /// What rules can see of it.
    #[must_use]
    pub fn view(&self) -> WorkloadView {
        let score = self.valid.as_ref().map(|valid| &valid.score);
        let service_name = self.valid.as_ref().and_then(|valid| valid.settings.service_name.clone());
        WorkloadView {
            name: self.name.clone(),
            metadata: score.map_or_else(|| json!({"name": self.name}), |score| metadata(&self.name, score)),
            service: score
                .and_then(|score| score.service.as_ref())
                .map_or_else(|| json!({}), |service| json!(service)),
            service_name: service_name.unwrap_or_else(|| self.name.clone()),
        }
    }

    /// What rules can see of it where they look at all workloads (P12).
    #[must_use]
    pub fn outline(&self) -> Value {
        let WorkloadView { service, service_name, .. } = self.view();
        json!({"service": service, "serviceName": service_name})
    }
}

/// All workloads.
#[derive(Debug, Default)]
pub struct Index {
    namespaces: HashMap<String, BTreeMap<String, Arc<Known>>>,
    consumers: HashMap<ResourceKey, BTreeSet<String>>,
}

impl Index {
    /// Takes in a workload as it is now, and gives the resources that it demands now or did before.
    pub fn put(&mut self, namespace: &str, known: Known) -> BTreeSet<ResourceKey> {
        let name = known.name.clone();
        let mut touched = self.remove(namespace, &name);
        for demand in known.demands() {
            let key = ResourceKey { namespace: namespace.to_owned(), uid: demand.uid.clone() };
            self.consumers.entry(key.clone()).or_default().insert(name.clone());
            touched.insert(key);
        }
        self.namespaces.entry(namespace.to_owned()).or_default().insert(name, Arc::new(known));
        touched
    }

    /// Drops a workload, and gives the resources that it demanded.
    pub fn remove(&mut self, namespace: &str, name: &str) -> BTreeSet<ResourceKey> {
        let Some(workloads) = self.namespaces.get_mut(namespace) else { return BTreeSet::new() };
        let known = workloads.remove(name);
        if workloads.is_empty() {
            self.namespaces.remove(namespace);
        }
        let keys = known.iter().flat_map(|known| known.demands());
        let keys: BTreeSet<_> = keys
            .map(|demand| ResourceKey { namespace: namespace.to_owned(), uid: demand.uid.clone() })
            .collect();
        for key in &keys {
            if let Some(consumers) = self.consumers.get_mut(key) {
                consumers.remove(name);
                if consumers.is_empty() {
                    self.consumers.remove(key);
                }
            }
        }
        keys
    }

    /// One workload.
    #[must_use]
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<Known>> {
        self.namespaces.get(namespace)?.get(name).cloned()
    }

    /// The workloads of a namespace, by name.
    pub fn workloads(&self, namespace: &str) -> impl Iterator<Item = &Arc<Known>> {
        self.namespaces.get(namespace).into_iter().flat_map(BTreeMap::values)
    }

    /// The names of the workloads that demand a resource.
    #[must_use]
    pub fn consumers(&self, key: &ResourceKey) -> Vec<String> {
        self.consumers.get(key).map(|names| names.iter().cloned().collect()).unwrap_or_default()
    }

    /// The demands for a resource, by workload and name.
    #[must_use]
    pub fn demands(&self, key: &ResourceKey) -> Vec<Demand> {
        let known = self.consumers(key).into_iter().filter_map(|name| self.get(&key.namespace, &name));
        let of = |known: Arc<Known>| {
            known.demands().filter(|found| found.uid == key.uid).cloned().collect::<Vec<_>>()
        };
        known.flat_map(of).collect()
    }

    /// The resources of a namespace whose params name a resource (decision 1: their `ScoreResources` own it too).
    #[must_use]
    pub fn dependents(&self, key: &ResourceKey) -> BTreeSet<ResourceUid> {
        let names = self.consumers(key);
        let known = names.iter().filter_map(|name| self.get(&key.namespace, name));
        let depends = |demand: &Demand| demand.depends_on.values().any(|uid| *uid == key.uid);
        known
            .flat_map(|known| {
                known
                    .demands()
                    .filter(|demand| depends(demand))
                    .map(|demand| demand.uid.clone())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// Every resource that is demanded and that `wanted` picks.
    #[must_use]
    pub fn resources(&self, wanted: impl Fn(&ResourceKey) -> bool) -> Vec<ResourceKey> {
        self.consumers.keys().filter(|key| wanted(key)).cloned().collect()
    }
}
