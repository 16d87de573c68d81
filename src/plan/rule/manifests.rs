//! The objects of a rule, as templates. What a rule can create is known when it is admitted.

use serde_json::{Map, Value};

use super::super::problem::Problem;
use super::{cluster_scoped, node};
use crate::api::GROUP;
use crate::api::conditions::Reason;
use crate::api::resource::ObjectScope;
use crate::template::{Expression, Node, TemplateError};

/// One object of a rule.
pub struct ManifestTemplate {
    /// Its key: `objects.<key>` is the live object.
    pub key: String,
    /// Its API group and version, a constant.
    pub api_version: String,
    /// Its kind, a constant.
    pub kind: String,
    /// Where it lives: as the rule says, which admission compares with the cluster.
    pub scope: ObjectScope,
    /// Whether it is made at all; always, where there is no condition.
    pub when: Option<Expression>,
    /// All of it.
    pub node: Node,
}

impl ManifestTemplate {
    /// Whether it is a Secret: its `data` may hold secret values, and expressions see nothing but its metadata.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.api_version == "v1" && self.kind == "Secret"
    }
}

/// Fields of `metadata` that only the operator or the API server may set.
pub const RESERVED_METADATA: &[&str] = &[
    "ownerReferences",
    "finalizers",
    "uid",
    "resourceVersion",
    "managedFields",
    "generateName",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "selfLink",
];

/// API groups that no rule may write: they widen what anybody may do, or how the API itself works
/// (decision 18).
const FORBIDDEN_GROUPS: &[&str] = &[
    "rbac.authorization.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    GROUP,
];

/// The Secret type that hands out a `ServiceAccount`'s token.
pub const TOKEN_SECRET: &str = "kubernetes.io/service-account-token";

/// The key, beside `apiVersion`, of the condition under which an object is made.
pub const WHEN: &str = "$when";

/// Compiles the manifests below `root`.
pub(super) fn compile(
    root: &str,
    manifests: &Map<String, Value>,
    cluster_scoped: &[String],
    problems: &mut Vec<Problem>,
) -> Vec<ManifestTemplate> {
    let mut compile =
        |key: &str, value| template(&format!("{root}.{key}"), key, value, cluster_scoped, problems);
    manifests.iter().filter_map(|(key, value)| compile(key, value)).collect()
}

fn template(
    path: &str,
    key: &str,
    value: &Value,
    cluster_scoped: &[String],
    problems: &mut Vec<Problem>,
) -> Option<ManifestTemplate> {
    let found = shape(path, value);
    let api_version = constant(path, value, "apiVersion", problems);
    let kind = constant(path, value, "kind", problems);
    let mut body = value.clone();
    let condition = body.as_object_mut().and_then(|body| body.remove(WHEN));
    let when = condition.and_then(|condition| when(&format!("{path}.{WHEN}"), &condition, problems));
    let node = node(path, &body, problems);
    let well_formed = found.is_empty();
    problems.extend(found);
    let (api_version, kind, node) = (api_version?, kind?, node?);
    problems.extend(forbidden(path, &api_version, &kind, value));
    let scope = scope(path, &kind, value, cluster_scoped, problems);
    well_formed.then(|| ManifestTemplate { key: key.to_owned(), api_version, kind, scope, when, node })
}

/// Where the rule says that a kind lives; what lives in no namespace names none.
fn scope(
    path: &str,
    kind: &str,
    value: &Value,
    cluster_scoped: &[String],
    problems: &mut Vec<Problem>,
) -> ObjectScope {
    if !cluster_scoped.iter().any(|found| found == kind) {
        return ObjectScope::Namespaced;
    }
    if value["metadata"].get("namespace").is_some() {
        let message = format!("{kind} lives in no namespace, as `allowClusterScoped` says: leave this out");
        problems.push(Problem::new(format!("{path}.metadata.namespace"), Reason::InvalidRule, message));
    }
    ObjectScope::Cluster
}

/// A condition of an object.
const EXAMPLE: &str = "{{ params.size > 1 }}";

/// A condition is one whole expression, as text is never true or false.
fn when(path: &str, condition: &Value, problems: &mut Vec<Problem>) -> Option<Expression> {
    let Some(text) = condition.as_str() else {
        let message = format!(
            "expected exactly one expression, such as `{EXAMPLE}`: the object is made while it is true"
        );
        problems.push(Problem::new(path, Reason::InvalidRule, message));
        return None;
    };
    let problem = |error: TemplateError| Problem::new(error.path, Reason::InvalidRule, error.message);
    Expression::compile(text, path, EXAMPLE).map_err(|error| problems.push(problem(error))).ok()
}

/// `apiVersion` and `kind` are written out, so that permission and existence can be checked before
/// any resource uses the rule.
fn constant(path: &str, value: &Value, field: &str, problems: &mut Vec<Problem>) -> Option<String> {
    let text = value.get(field).and_then(Value::as_str).unwrap_or_default();
    if text.is_empty() || text.contains("{{") {
        let message = "expected a constant, such as `apps/v1` or `Deployment`: what a rule creates is known when it is admitted";
        problems.push(Problem::new(format!("{path}.{field}"), Reason::InvalidRule, message));
        return None;
    }
    Some(text.to_owned())
}

fn shape(path: &str, value: &Value) -> Vec<Problem> {
    let problem = |at: &str, message: &str| {
        Problem::new(format!("{path}{at}"), Reason::InvalidRule, message.to_owned())
    };
    let mut problems = Vec::new();
    if !value.is_object() {
        return vec![problem("", "expected an object with apiVersion, kind and metadata.name")];
    }
    if value["metadata"]["name"].as_str().is_none_or(str::is_empty) {
        problems.push(problem(".metadata.name", "expected a name, such as `{{ locals.name }}`"));
    }
    if value.get("status").is_some() {
        problems.push(problem(".status", "a status is written by the object's own controller: leave it out"));
    }
    if value["kind"] == "Secret" && value.get("stringData").is_some() {
        // What is later dropped from it would stay in the object (decision 15).
        problems.push(problem(".stringData", "use `data` with `| b64encode` in its place"));
    }
    for field in RESERVED_METADATA.iter().filter(|field| value["metadata"].get(**field).is_some()) {
        problems.push(problem(
            &format!(".metadata.{field}"),
            "is set by the operator or the API server: leave it out",
        ));
    }
    problems
}

fn forbidden(path: &str, api_version: &str, kind: &str, value: &Value) -> Vec<Problem> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let token = kind == "Secret" && value["type"].as_str() == Some(TOKEN_SECRET);
    let core = group.is_empty() && matches!(kind, "Namespace" | "Node" | "PersistentVolume");
    let message = match (FORBIDDEN_GROUPS.contains(&group), token, core) {
        (true, ..) => {
            format!("{api_version} {kind} is never created by a rule: it would change who may do what")
        }
        (_, true, _) => format!("a Secret of type {TOKEN_SECRET} is never created by a rule"),
        (.., true) => cluster_scoped::of_the_cluster(kind),
        _ => return Vec::new(),
    };
    vec![Problem::new(format!("{path}.kind"), Reason::ForbiddenKind, message)]
}
