//! Outputs that the user supplies in place of a cluster: a map from resource to outputs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::finding::Finding;
use crate::api::conditions::Reason;
use crate::plan::demand::Demand;
use crate::plan::problem::{Problem, did_you_mean, list};
use crate::template::Value;

/// Outputs by resource: `type.class#id`, or `workload.resource` as the Score files call it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Supplied {
    file: String,
    outputs: BTreeMap<String, Map<String, Json>>,
}

impl Supplied {
    /// Reads the map. `{secretKeyRef: {name, key}}` is a reference to a key of a Secret.
    ///
    /// # Errors
    /// Each entry that is no map of outputs, or holds a reference that cannot be read.
    pub fn read(file: &str, document: &Json) -> Result<Self, Vec<Finding>> {
        let wrong = |path: &str, message: String| {
            Finding::unplaced(file, Problem::new(path, Reason::UnknownOutput, message))
        };
        let Json::Object(entries) = document else {
            return Err(vec![wrong("", "expected a map from resource to outputs".to_owned())]);
        };
        let (mut outputs, mut findings) = (BTreeMap::new(), Vec::new());
        for (key, value) in entries {
            match (value, serde_json::from_value::<Value>(value.clone())) {
                (Json::Object(map), Ok(_)) => drop(outputs.insert(key.clone(), map.clone())),
                (_, Ok(_)) => findings.push(wrong(key, "expected a map of outputs".to_owned())),
                (_, Err(error)) => findings.push(wrong(key, error.to_string())),
            }
        }
        if findings.is_empty() { Ok(Self { file: file.to_owned(), outputs }) } else { Err(findings) }
    }

    /// What is supplied for a resource, by its identity or by any name that a workload has for it.
    #[must_use]
    pub fn of(&self, demands: &[Demand]) -> Option<&Map<String, Json>> {
        let mut names = demands.iter().flat_map(keys);
        names.find_map(|name| self.outputs.get(&name))
    }

    /// The entries that name no resource of `demands`, each with a near miss.
    pub fn unused<'a>(&self, demands: impl Iterator<Item = &'a Demand>) -> Vec<Finding> {
        if self.outputs.is_empty() {
            return Vec::new();
        }
        let known: BTreeSet<_> = demands.flat_map(keys).collect();
        let names = || known.iter().map(String::as_str);
        let finding = |key: &String| {
            let hint = did_you_mean(key, names());
            let message = format!("no workload has such a resource{hint} (there: {})", list(names()));
            Finding::unplaced(&self.file, Problem::new(key, Reason::UnknownResource, message))
        };
        self.outputs.keys().filter(|key| !known.contains(*key)).map(finding).collect()
    }
}

fn keys(demand: &Demand) -> [String; 2] {
    [demand.uid.to_string(), format!("{}.{}", demand.workload, demand.resource)]
}
