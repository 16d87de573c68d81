//! `ScoreWorkload`: a Score file in a custom resource.

use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::conditions::Condition;
use super::resource::InventoryEntry;
use super::score::Score;

/// A Score file (`score.dev/v1b1`), kept as it was written: it is checked by `plan`, so that an
/// object that the API server let pass can be refused with every problem and its path.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, PartialEq, Serialize)]
#[kube(
    group = "k8s.score.dev",
    version = "v1alpha1",
    kind = "ScoreWorkload",
    plural = "scoreworkloads",
    shortname = "swl",
    category = "score",
    namespaced,
    status = "ScoreWorkloadStatus",
    derive = "PartialEq",
    doc = "A workload described by a Score file: the spec is the score.yaml, unchanged. The operator resolves its resources through ProvisionerRules and runs it.",
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status","description":"Whether all is as the Score file says and works."}"#,
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason","description":"Why, in one word."}"#,
    printcolumn = r#"{"name":"Resources","type":"string","jsonPath":".status.resources","description":"Resources that are ready, of all."}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Generation","type":"integer","priority":1,"jsonPath":".status.observedGeneration"}"#,
    printcolumn = r#"{"name":"Message","type":"string","priority":1,"jsonPath":".status.conditions[?(@.type==\"Ready\")].message"}"#
)]
#[serde(transparent)]
pub struct ScoreWorkloadSpec(pub Map<String, Value>);

impl JsonSchema for ScoreWorkloadSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Score::schema_name()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        super::schema::score_crd_schema()
    }
}

/// What the operator says of a workload.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScoreWorkloadStatus {
    /// The generation of the spec that this status speaks of; -1 before the operator has seen it.
    pub observed_generation: i64,
    /// `Ready` sums up; `InputsValid`, `ResourcesReady`, `Applied`, `Available` tell the steps;
    /// `Reconciling` and `Stalled` are there only while they hold.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Resources that are ready, of all: `2/3`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resources: String,
    /// The objects that the operator made for this workload. Only these are ever deleted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inventory: Vec<InventoryEntry>,
}
