//! `ScoreResource`: one resolved resource, shared by all workloads of its namespace that name it.
//! Written by the operator only (decisions 1 and 3).

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::conditions::Condition;
use super::names::ResourceUid;
use super::patches::Patches;

/// What a resource is: its identity, its rule and its settings. Restores keep it, so a restored
/// resource stays bound to the rule and names that its data lives under.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "k8s.score.dev",
    version = "v1alpha1",
    kind = "ScoreResource",
    plural = "scoreresources",
    shortname = "sres",
    category = "score",
    namespaced,
    status = "ScoreResourceStatus",
    derive = "PartialEq",
    doc = "One resource that Score workloads of this namespace depend on: which rule provides it, what it is waiting for, and its outputs. Written by the operator only.",
    printcolumn = r#"{"name":"Type","type":"string","jsonPath":".spec.type"}"#,
    printcolumn = r#"{"name":"Id","type":"string","jsonPath":".spec.id"}"#,
    printcolumn = r#"{"name":"Rule","type":"string","jsonPath":".spec.rule","description":"The ProvisionerRule that provides it."}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name":"Since","type":"date","jsonPath":".status.conditions[?(@.type==\"Ready\")].lastTransitionTime","description":"Since when it is ready, or is not."}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Revision","type":"string","priority":1,"jsonPath":".status.madeBy.revision","description":"The revision of the rule that its objects were last made by."}"#,
    printcolumn = r#"{"name":"Class","type":"string","priority":1,"jsonPath":".spec.class"}"#,
    printcolumn = r#"{"name":"Consumers","type":"string","priority":1,"jsonPath":".status.consumers","description":"The workloads that use it."}"#,
    printcolumn = r#"{"name":"Message","type":"string","priority":1,"jsonPath":".status.conditions[?(@.type==\"Ready\")].message"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct ScoreResourceSpec {
    /// The Score type, such as `postgres`.
    #[serde(rename = "type")]
    pub type_: String,
    /// The class, `default` where the Score file gives none; `.shared` for what a rule shares
    /// among its resources of one namespace.
    pub class: String,
    /// The id; with type and class it names the resource within its namespace.
    pub id: String,
    /// The ProvisionerRule that the resource is bound to. A better rule that appears later does not
    /// move a live resource, as its data would be lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub rule: Option<String>,
    /// A random id, made once.
    pub guid: String,
    /// The workload that first defined the resource: `${metadata.…}` in params means its metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub source_workload: Option<String>,
    /// The settings in force, as the source workload wrote them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub params: Map<String, Value>,
    /// The resource's metadata, as the source workload wrote it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub metadata: Map<String, Value>,
}

impl ScoreResourceSpec {
    /// The resource's identity within its namespace.
    #[must_use]
    pub fn uid(&self) -> ResourceUid {
        ResourceUid { type_: self.type_.clone(), class: self.class.clone(), id: self.id.clone() }
    }
}

impl ScoreResource {
    /// The rules whose objects serve it: the one that it is bound to, and the one that its objects were last made by.
    /// They differ while it is being moved, and the old ones serve until the new ones work (P04).
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        let bound = self.spec.rule.as_deref();
        let made_by = self.status.as_ref().and_then(|status| Some(status.made_by.as_ref()?.rule.as_str()));
        bound.into_iter().chain(made_by.filter(|made_by| Some(*made_by) != bound))
    }
}

/// What became of a resource.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScoreResourceStatus {
    /// The generation of the spec that this status speaks of; -1 before the operator has seen it.
    pub observed_generation: i64,
    /// `Ready` sums up; `InputsValid`, `Applied`, `Available` tell the steps; `Reconciling` and
    /// `Stalled` are there only while they hold.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Why this rule: the rules that matched too, best first, and lost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_rules: Vec<String>,
    /// The rule, and its revision, that the objects were last made by.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MadeBy")]
    pub made_by: Option<MadeBy>,
    /// The workloads (and resources) that use it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<String>,
    /// What the resource offers: plain values, and references to Secret keys (never their values).
    /// Absent until the resource was ready for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Map<String, Value>", extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub outputs: Option<Map<String, Value>>,
    /// What the resource sets in the pods of its consumers, as its rule says. Absent where it sets nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Patches")]
    pub patches: Option<Patches>,
    /// The objects that the operator made for this resource. Only these are ever deleted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inventory: Vec<InventoryEntry>,
}

/// What a resource's objects were made by.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MadeBy {
    /// The ProvisionerRule.
    pub rule: String,
    /// Its `status.revision` at that time.
    pub revision: String,
    /// The revision that was tried since, and could not be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub tried: Option<String>,
    /// Whether they are to outlive the resource: the rule's `deletionPolicy` at that time was `Retain`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub retained: bool,
}

/// One object that the operator made. The name is recorded before the object is created, the uid
/// after: a crash in between loses nothing.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryEntry {
    /// Which object.
    #[serde(flatten)]
    pub id: ObjectId,
    /// The object's uid; empty until it is known to exist.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
}

/// Where an object lives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ObjectScope {
    /// In the namespace of what it was made for.
    Namespaced,
    /// In none: all namespaces share its name.
    Cluster,
}

/// Which object, within one namespace or, of a kind that has none, within the cluster.
#[derive(Clone, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectId {
    /// The object's API group and version, such as `apps/v1`.
    pub api_version: String,
    /// The object's kind.
    pub kind: String,
    /// The object's name; its namespace is this one, unless its kind has none.
    pub name: String,
}

impl ObjectId {
    /// Which object this is; `None` where it does not say all of it.
    #[must_use]
    pub fn of(object: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            api_version: text(&object["apiVersion"])?,
            kind: text(&object["kind"])?,
            name: text(&object["metadata"]["name"])?,
        })
    }

    /// The command that shows the object to a person, with its conditions and events: `kubectl describe job x`. The
    /// kinds of other projects come with their group, as many of them have a `Cluster` or an `Instance`.
    #[must_use]
    pub fn describe(&self) -> String {
        let Self { api_version, kind, name } = self;
        let kind = kind.to_lowercase();
        match api_version.split_once('/') {
            Some((group, _)) if group.contains('.') && !group.ends_with(".k8s.io") => {
                format!("kubectl describe {kind}.{group} {name}")
            }
            _ => format!("kubectl describe {kind} {name}"),
        }
    }
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}
