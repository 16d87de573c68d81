//! What a resource needs in the pods of the workloads that use it: as a rule writes it, and as it came out for one
//! resource. Source: issue "Rules and resources", section "Patches".

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Fragments of a pod template, merged into it as server-side apply would.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Patches {
    /// A fragment of the pod template: annotations, labels, a serviceAccountName, volumes, containers. A container of the
    /// Score file is added to by its name; one of another name is added to the pods.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub pod_template: Map<String, Value>,
    /// A fragment of a container without its name, merged into each container of the Score file: env, volumeMounts.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub containers: Map<String, Value>,
}

impl Patches {
    /// Whether nothing is patched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pod_template.is_empty() && self.containers.is_empty()
    }
}
