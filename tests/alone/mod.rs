//! What a rule is evaluated with where only the rule matters: one workload `web`, which is the only consumer, and nothing
//! else in the namespace.

use std::collections::BTreeMap;

use score_operator::plan::resource::{ResourceInputs, WorkloadView};
use serde_json::{Map, Value, json};

/// The inputs of a resource with this spec (type, class, id, guid, params), for which these values were rolled.
pub fn inputs(namespace: &str, spec: Value, generated: BTreeMap<String, String>) -> ResourceInputs {
    ResourceInputs {
        namespace: namespace.into(),
        spec: serde_json::from_value(spec).expect("a spec"),
        workload: WorkloadView {
            name: "web".into(),
            metadata: json!({"name": "web"}),
            service: json!({}),
            service_name: "web".into(),
        },
        workloads: Map::new(),
        consumers: vec!["web".into()],
        namespace_labels: BTreeMap::new(),
        dependencies: BTreeMap::new(),
        generated,
    }
}
