//! What a workload's plan depends on: plain data, so that a test can write it down.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::api::conditions::Reason;
use crate::api::patches::Patches;
use crate::api::resource::ObjectId;
use crate::plan::demand::Demand;

/// All that a workload's plan and status depend on: plain data, so that a test can write it down.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WorkloadInputs {
    /// The ScoreWorkload's name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its uid.
    pub uid: String,
    /// Its generation.
    pub generation: i64,
    /// The Score file, as it was stored.
    pub spec: Map<String, Json>,
    /// What its namespace says of pods.
    #[serde(default)]
    pub defaults: NamespaceDefaults,
    /// How many resources it asks for, whether there is a ScoreResource for each yet or not.
    #[serde(default)]
    pub demanded: usize,
    /// Its resources, by their name in the Score file.
    #[serde(default)]
    pub resources: BTreeMap<String, ResourceState>,
    /// What other workloads of the namespace demand.
    #[serde(default)]
    pub siblings: Vec<Demand>,
    /// What was applied for it before, as it is now.
    #[serde(default)]
    pub running: Vec<Running>,
}

/// What a namespace says of the pods in it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct NamespaceDefaults {
    /// Its annotation `k8s.score.dev/pod-security`.
    #[serde(default)]
    pub pod_security: Option<String>,
    /// The Pod Security level that the API server enforces in it.
    #[serde(default)]
    pub enforced: Option<String>,
}

/// An object that was applied before.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Running {
    /// Which object.
    pub id: ObjectId,
    /// The live object.
    pub live: Json,
}

/// How far a resource is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ResourceState {
    /// The name of its ScoreResource.
    pub object: String,
    /// `type.class#id`.
    pub uid: String,
    /// Whether its status speaks of what the Score file asks for now.
    pub current: bool,
    /// `Ready`, or in one word why it is not.
    pub reason: Reason,
    /// What it waits for.
    pub message: String,
    /// Since when, RFC 3339; empty where nobody has said.
    #[serde(default)]
    pub since: String,
    /// Whether its objects are kept when nobody needs it any more.
    #[serde(default)]
    pub retained: bool,
    /// Whether its objects were once made as the Score file asks for now.
    #[serde(default)]
    pub accepted: bool,
    /// Its outputs, once it was ready.
    #[serde(default)]
    pub outputs: Option<Map<String, Json>>,
    /// The rule that provides it.
    #[serde(default)]
    pub rule: Option<String>,
    /// What it sets in the pods of its consumers.
    #[serde(default)]
    pub patches: Option<Patches>,
}

impl ResourceState {
    /// Whether it is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.reason == Reason::Ready
    }

    /// What is awaited, since when, and where to look.
    #[must_use]
    pub fn describe(&self, name: &str) -> String {
        let since = match self.since.as_str() {
            "" => String::new(),
            since => format!(" since {since}"),
        };
        format!(
            "resource `{name}` ({}) is not ready{since}: {}: {}; see `kubectl describe sres {}`",
            self.uid,
            self.reason.as_str(),
            self.message,
            self.object
        )
    }
}
