//! A Score file (`score.dev/v1b1`) as types, and as the one schema that both the CRD and our own
//! validation are made from. Source: the Score specification's JSON schema; conformance ids S01–S19.
//!
//! The doc comments are what `kubectl explain swl.spec` prints.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A name of Score: an RFC 1123 label of 2 to 63 characters (S03).
pub const NAME_PATTERN: &str = "^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$";
/// The key of an annotation (S05).
pub const ANNOTATION_PATTERN: &str = "^(([a-z0-9][a-z0-9-]{0,61}[a-z0-9])(\\.[a-z0-9][a-z0-9-]{0,61}[a-z0-9])*/)?[A-Za-z0-9][A-Za-z0-9._-]{0,61}[A-Za-z0-9]$";
/// The type and class of a resource (S19).
pub const TYPE_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]$";
const ID_PATTERN: &str = "^[a-z0-9]+(?:-+[a-z0-9]+)*(?:\\.[a-z0-9]+(?:-+[a-z0-9]+)*)*$";
const MEMORY_PATTERN: &str = "^(0\\.[0-9]+|[1-9][0-9]*(\\.[0-9]+)?)(K|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";
const CPU_PATTERN: &str = "^[0-9]+(?:m|\\.[0-9]+)?$";

/// A Score file, unchanged: paste your `score.yaml` here. Whatever the Score specification accepts
/// works, but for the deprecated array forms of `files` and `volumes` (use the map form).
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Score {
    /// The Score specification that this file follows: `score.dev/v1b1`. May be left out here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^score\.dev/v1b1$"))]
    pub api_version: Option<String>,
    /// Name and annotations of the workload, and any keys of your own, which `${metadata.…}` can
    /// name. May be left out here: the workload's name is the name of the ScoreWorkload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The network ports that the workload offers. They become a Service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// The containers of the workload, by name. They run side by side in one pod, after those that
    /// start `before` them.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 16, "propertyNames" = name_schema()))]
    pub containers: BTreeMap<String, Container>,
    /// What the workload depends on (a database, a queue, a DNS name), by name. A ProvisionerRule of
    /// the platform team says what each type means on this cluster; `kubectl get sres` shows what
    /// became of them. Their outputs are available as `${resources.<name>.<output>}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 256, "propertyNames" = name_schema()))]
    pub resources: Option<BTreeMap<String, Resource>>,
}

/// Name and annotations of the workload, and any keys of your own.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
pub struct Metadata {
    /// The workload's name: if it is given, it must be the name of the ScoreWorkload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 63), regex(pattern = NAME_PATTERN))]
    pub name: Option<String>,
    /// Annotations of the workload's pods. Those that begin with `k8s.score.dev/` are instructions
    /// to the operator and are not copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 100, "propertyNames" = annotation_schema()))]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Keys of the author's own.
    #[serde(flatten)]
    #[schemars(skip)]
    pub extra: Map<String, Value>,
}

/// The network ports that the workload offers.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Service {
    /// The ports, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 256, "propertyNames" = name_schema()))]
    pub ports: Option<BTreeMap<String, ServicePort>>,
}

/// One port of the Service.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServicePort {
    /// The port that others connect to.
    #[schemars(range(min = 1, max = 65535), extend("type" = "integer"))]
    #[serde(deserialize_with = "port")]
    pub port: u16,
    /// `TCP` (the default) or `UDP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// The port that the container listens on. Defaults to `port`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_port")]
    #[schemars(range(min = 1, max = 65535))]
    pub target_port: Option<u16>,
}

/// The transport protocol of a port.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    #[allow(missing_docs)]
    Tcp,
    #[allow(missing_docs)]
    Udp,
}

/// One container of the workload.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Container {
    /// The image to run.
    #[schemars(length(min = 1))]
    pub image: String,
    /// Replaces the image's entrypoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Replaces the arguments of the image's entrypoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<String>>,
    /// Environment variables. Values are strings (quote numbers) and may hold placeholders such as
    /// `${resources.db.host}` or `${metadata.name}`; `$${` is a literal `${`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 1000, "propertyNames" = variable_schema()))]
    pub variables: Option<BTreeMap<String, String>>,
    /// Files to put into the container, by their path there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 256))]
    pub files: Option<BTreeMap<String, File>>,
    /// Volumes to mount into the container, by their path there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 256))]
    pub volumes: Option<BTreeMap<String, Volume>>,
    /// The containers that start after this one, by name, and what they wait for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 16, "propertyNames" = name_schema()))]
    pub before: Option<BTreeMap<String, Before>>,
    /// Requests and limits of CPU and memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Compute>,
    /// When this probe fails, the container is restarted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness_probe: Option<Probe>,
    /// While this probe fails, the pod gets no traffic and is not counted as available.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<Probe>,
}

/// One file: exactly one of `content`, `binaryContent` and `source`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("oneOf" = [
    {"required": ["content"]}, {"required": ["binaryContent"]}, {"required": ["source"]}
]))]
pub struct File {
    /// The file mode in octal, quoted: `"0600"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^0?[0-7]{3}$"))]
    pub mode: Option<String>,
    /// A path beside the score.yaml. A cluster has no such file: put the text into `content`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub source: Option<String>,
    /// The text of the file; placeholders are expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The content in base64; placeholders are not expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_content: Option<String>,
    /// Leaves placeholders in `content` as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_expand: Option<bool>,
}

/// One volume mount.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Volume {
    /// The volume: `${resources.<name>}`.
    pub source: String,
    /// The path inside the volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Mounts the volume read-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
}

/// What a later container waits for.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Before {
    /// `started`, `healthy` (its probe succeeds) or `complete` (it has exited with success).
    pub ready: BeforeReady,
}

/// The state of a container that others wait for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum BeforeReady {
    #[allow(missing_docs)]
    Started,
    #[allow(missing_docs)]
    Healthy,
    #[allow(missing_docs)]
    Complete,
}

/// Requests and limits of CPU and memory.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Compute {
    /// The most that the container may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ComputeAmounts>,
    /// What the container is sure to get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<ComputeAmounts>,
}

/// An amount of CPU and of memory.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ComputeAmounts {
    /// Memory in bytes with an optional unit: `128M`, `1.5Gi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = MEMORY_PATTERN))]
    pub memory: Option<String>,
    /// CPUs: `"2"`, `"0.5"` or `125m` (thousandths).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = CPU_PATTERN))]
    pub cpu: Option<String>,
}

/// A probe: `httpGet`, `exec`, or both (then `exec` is used).
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("anyOf" = [{"required": ["httpGet"]}, {"required": ["exec"]}]))]
pub struct Probe {
    /// Succeeds when an HTTP request is answered with a status from 200 to 399.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_get: Option<HttpGet>,
    /// Succeeds when a command in the container exits with 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec: Option<Exec>,
}

/// The command of a probe.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Exec {
    /// The command and its arguments.
    pub command: Vec<String>,
}

/// The HTTP request of a probe.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HttpGet {
    /// Sent as the request's `Host` header; the connection goes to the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub host: Option<String>,
    /// `HTTP` (the default) or `HTTPS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    /// The path to request.
    pub path: String,
    /// The port to connect to.
    #[schemars(range(min = 1, max = 65535))]
    #[serde(deserialize_with = "port")]
    pub port: u16,
    /// Further headers of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_headers: Option<Vec<HttpHeader>>,
}

/// The scheme of an HTTP probe.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Scheme {
    #[allow(missing_docs)]
    Http,
    #[allow(missing_docs)]
    Https,
}

/// One header of a probe's request.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HttpHeader {
    /// The header's name.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub name: String,
    /// The header's value.
    #[schemars(length(min = 1))]
    pub value: String,
}

/// Something that the workload depends on.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Resource {
    /// What is needed: `postgres`, `redis`, `dns`, … `kubectl get prule` lists what this cluster knows.
    #[serde(rename = "type")]
    #[schemars(length(min = 2, max = 63), regex(pattern = TYPE_PATTERN))]
    pub type_: String,
    /// A variant of the type that the platform team offers. Defaults to `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 63), regex(pattern = TYPE_PATTERN))]
    pub class: Option<String>,
    /// Workloads of one namespace that name the same type, class and id share one resource.
    /// Defaults to `<workload>.<resource>`: a resource of this workload's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 63), regex(pattern = ID_PATTERN))]
    pub id: Option<String>,
    /// Annotations and further keys that the rule can read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<ResourceMetadata>,
    /// Settings of the resource; the rule says which there are. Strings may hold placeholders, those
    /// of other resources too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub params: Option<Map<String, Value>>,
}

/// Annotations of a resource, and any further keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
pub struct ResourceMetadata {
    /// Annotations of the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 100, "propertyNames" = annotation_schema()))]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Keys of the author's own.
    #[serde(flatten)]
    #[schemars(skip)]
    pub extra: Map<String, Value>,
}

fn name_schema() -> Value {
    serde_json::json!({"minLength": 2, "maxLength": 63, "pattern": NAME_PATTERN})
}

fn annotation_schema() -> Value {
    serde_json::json!({"minLength": 2, "maxLength": 316, "pattern": ANNOTATION_PATTERN})
}

fn variable_schema() -> Value {
    serde_json::json!({"minLength": 1, "pattern": "^[^=]+$"})
}

/// A port: `80`, and also `80.0`, which JSON Schema counts as an integer (S07).
fn port<'de, D: serde::Deserializer<'de>>(input: D) -> Result<u16, D::Error> {
    let number = f64::deserialize(input)?;
    let whole = number.fract() == 0.0 && (1.0..=65535.0).contains(&number);
    // The cast is exact: `whole` bounds it to the range of u16.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    whole
        .then_some(number as u16)
        .ok_or_else(|| serde::de::Error::custom(format!("expected a port from 1 to 65535, found {number}")))
}

fn some_port<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<u16>, D::Error> {
    port(input).map(Some)
}
