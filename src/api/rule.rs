//! `ProvisionerRule`: what a resource type means on this cluster. Source: the rule format, P01–P12.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::conditions::Condition;
use super::patches::Patches;

/// What to create for a resource of one type, when it is ready, and what it offers.
#[derive(Clone, CustomResource, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "k8s.score.dev",
    version = "v1alpha1",
    kind = "ProvisionerRule",
    plural = "provisionerrules",
    shortname = "prule",
    category = "score",
    status = "ProvisionerRuleStatus",
    derive = "PartialEq",
    doc = "Says what a Score resource type means on this cluster: which objects to create, when they are ready, and which outputs a Score file can name.",
    printcolumn = r#"{"name":"Type","type":"string","jsonPath":".spec.match.type"}"#,
    printcolumn = r#"{"name":"Class","type":"string","jsonPath":".spec.match.class"}"#,
    printcolumn = r#"{"name":"Priority","type":"integer","jsonPath":".spec.priority"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status","description":"Whether the rule can be used."}"#,
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Revision","type":"string","priority":1,"jsonPath":".status.revision"}"#,
    printcolumn = r#"{"name":"Rolling-Out","type":"string","priority":1,"jsonPath":".status.conditions[?(@.type==\"RollingOut\")].message","description":"How far an edit has come; empty where it has reached every resource."}"#,
    printcolumn = r#"{"name":"Description","type":"string","priority":1,"jsonPath":".spec.description"}"#,
    printcolumn = r#"{"name":"Message","type":"string","priority":1,"jsonPath":".status.conditions[?(@.type==\"Ready\")].message"}"#
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProvisionerRuleSpec {
    /// One sentence for people who choose among rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(max = 1024))]
    pub description: Option<String>,
    /// Which resources the rule provides. What is null in it may as well be left out.
    #[serde(rename = "match")]
    pub match_: Match,
    /// Among rules that match, the highest priority wins; then the more specific match; then the
    /// name. Defaults to 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i32")]
    pub priority: Option<i32>,
    /// A JSON Schema of the params: checked, and its defaults filled in, before any expression runs.
    /// Absent: the resource takes no params.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Map<String, Value>", extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub params: Option<Map<String, Value>>,
    /// Values that are rolled once, per resource or for what the rule shares, and kept in a Secret, by name;
    /// `generated.<name>`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    pub generate: BTreeMap<String, Generate>,
    /// Named expressions, `locals.<name>`; they may use each other.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub locals: Map<String, Value>,
    /// The objects to create, by a key of your choice; `objects.<key>` is the live object.
    /// `apiVersion` and `kind` are constants; other strings may hold `{{ expression }}`s. An object with
    /// `$when: "{{ expression }}"` beside its `apiVersion` is made only while that is true.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub manifests: Map<String, Value>,
    /// Like `manifests`, but one instance for all resources of this rule in a namespace; it goes
    /// with the last of them. What belongs to one resource, such as `params`, is not in scope.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub shared: Map<String, Value>,
    /// The kinds among `manifests` and `shared` whose objects live in no namespace, each as its `kind`. Without it such a
    /// kind is refused: all namespaces share its names, so put `namespace` and `uid`, or a hash of them, into each. Only
    /// for kinds of other operators; those of Kubernetes itself belong to the whole cluster, and are never a rule's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub allow_cluster_scoped: Vec<String>,
    /// Expressions that must be true before the resource is ready, besides the readiness of the
    /// objects themselves (Deployments, Jobs, any `Ready` condition).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub ready_when: Vec<String>,
    /// What a Score file can name as `${resources.<name>.<output>}`. The output `*` stands for all others: it is
    /// `{{ secret_ref(name, '*') }}`, and each is the key of that Secret that is called like it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub outputs: Map<String, Value>,
    /// What the resource needs in the pods of the workloads that use it, evaluated like `outputs` and merged as
    /// server-side apply would. A field that two of them set differently is refused, with both named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Patches")]
    pub patches: Option<Patches>,
    /// What happens to the objects when the last consumer goes: `Delete` (the default) or `Retain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DeletionPolicy")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// How many of the rule's resources may be unready at once while an edit of the rule reaches them: a number, or a
    /// percentage of them; at least one. The next ones are left as they are until enough of those before them are
    /// ready again. Resources that are new do not wait. Defaults to 25%.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MaxUnavailable")]
    pub max_unavailable: Option<MaxUnavailable>,
    /// Makes a guardrail of the rule: what it matches is forbidden, whichever rule would provide it, and this is
    /// what the developer reads: plain text, in which no expression is evaluated. Such a rule makes nothing: only
    /// `match`, `params` and `denyWhen` go with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 1024))]
    pub deny: Option<String>,
    /// Expressions that must all be true for `deny` to hold, such as `{{ params.storageGi > 100 }}`. They see the
    /// params after placeholders and the defaults of the rule that provides the resource. Absent: always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub deny_when: Vec<String>,
}

/// Which resources a rule provides. More specific is: id, then class, then workloadSelector, then
/// namespaceSelector. Of these, null means the same as absent.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Match {
    /// The Score type, compared exactly.
    #[serde(rename = "type")]
    #[schemars(length(min = 2, max = 63), regex(pattern = super::score::TYPE_PATTERN))]
    pub type_: String,
    /// The class; absent means any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 2, max = 63))]
    pub class: Option<String>,
    /// The id; absent means any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 2, max = 63))]
    pub id: Option<String>,
    /// Labels of the namespace: one Score file resolves differently per environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Selector")]
    pub namespace_selector: Option<LabelSelector>,
    /// Labels of the ScoreWorkload that first defined the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Selector")]
    pub workload_selector: Option<LabelSelector>,
}

/// The schema of a label selector, with descriptions of our own.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)] // only its schema is used
struct Selector {
    /// Labels that must all be there with these values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    match_labels: BTreeMap<String, String>,
    /// Requirements that must all hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    match_expressions: Vec<Requirement>,
}

/// One requirement of a label selector.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)] // only its schema is used
struct Requirement {
    /// The label.
    key: String,
    /// How the label is compared with the values.
    operator: Operator,
    /// The values, for `In` and `NotIn`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    values: Vec<String>,
}

/// The operators of a label selector, spelt as Kubernetes does.
#[derive(JsonSchema, Serialize)]
#[allow(dead_code)] // only its schema is used
enum Operator {
    /// It has one of the values.
    In,
    /// It has none of the values, or is not there.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
}

/// A value that is rolled once.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Generate {
    /// That many letters and digits.
    #[schemars(range(min = 1, max = 256))]
    pub alphanumeric: u16,
    /// A secret value may stand only in the `data` of a Secret. Defaults to true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub secret: Option<bool>,
    /// Rolled once for what the rule shares in a namespace, and in scope there only. Defaults to false: once per
    /// resource, and in scope everywhere but there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub shared: Option<bool>,
}

impl Generate {
    /// Whether the value is a secret: unless the rule says it is not.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.secret.unwrap_or(true)
    }

    /// Whether the value belongs to what the rule shares, and not to each resource.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared.unwrap_or(false)
    }
}

/// What happens to a resource's objects when its last consumer goes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum DeletionPolicy {
    /// They are deleted.
    #[default]
    Delete,
    /// They stay, without an owner; the same resource later finds them again.
    Retain,
}

/// A number of resources, or a percentage of them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MaxUnavailable {
    /// That many.
    Number(u32),
    /// That part of them, rounded down.
    Percent(Percent),
}

impl Default for MaxUnavailable {
    fn default() -> Self {
        Self::Percent(Percent(25))
    }
}

impl JsonSchema for MaxUnavailable {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MaxUnavailable".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "x-kubernetes-int-or-string": true,
            "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": Percent::PATTERN}],
        })
    }
}

/// From 1 to 100, written `25%`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Percent(pub u8);

impl Percent {
    const PATTERN: &'static str = "^([1-9][0-9]?|100)%$";
}

impl TryFrom<String> for Percent {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = text.strip_suffix('%').and_then(|number| number.parse().ok());
        let known = number.filter(|number| (1..=100).contains(number)).map(Self);
        known.ok_or_else(|| format!("expected a percentage from `1%` to `100%`, found {text:?}"))
    }
}

impl From<Percent> for String {
    fn from(percent: Percent) -> Self {
        format!("{}%", percent.0)
    }
}

/// What the operator says of a rule.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProvisionerRuleStatus {
    /// The generation of the spec that this status speaks of; -1 before the operator has seen it.
    pub observed_generation: i64,
    /// The revision of what the rule makes; a resource has the one that its objects were made by in
    /// `status.madeBy.revision`. An edit that makes nothing else, such as of the description, does not change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub revision: Option<String>,
    /// `Ready`: the rule can be used. `Stalled`: it cannot, and every problem is named. `RollingOut`: an edit has not
    /// reached all resources yet.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}
