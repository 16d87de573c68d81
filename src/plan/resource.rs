//! What a rule makes of one resource: params → locals → objects, and later, from the live objects,
//! whether it is ready and what it offers (P05, P06, P09). A second engine for rules fits behind
//! [`evaluate`]: inputs in, objects out.

mod offer;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

pub use offer::{Offer, offer, offer_if_ready, patches};

use super::Plan;
use super::lookup::{self, Dependency, Trouble};
use super::params;
use super::problem::Problem;
use super::rule::{ManifestTemplate, Rule};
use crate::api::conditions::Reason;
use crate::api::names;
use crate::api::resource::{ObjectId, ObjectScope, ScoreResourceSpec};
use crate::template::{Budget, EvalError, Scope, Value, substitute_json};

/// What is known of the workload that first defined a resource.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadView {
    /// Its name.
    pub name: String,
    /// Its Score metadata.
    pub metadata: Json,
    /// Its Score service.
    pub service: Json,
    /// The name of its Service, if it has one.
    pub service_name: String,
}

/// All that the evaluation of a rule depends on.
#[derive(Clone, Deserialize, Serialize)]
pub struct ResourceInputs {
    /// Its namespace.
    pub namespace: String,
    /// Identity, settings and binding.
    pub spec: ScoreResourceSpec,
    /// The workload that first defined it.
    pub workload: WorkloadView,
    /// The workloads of the namespace, by name, each with its `service` and `serviceName`.
    pub workloads: Map<String, Json>,
    /// The names of the workloads that use the resource, or any that shares it, sorted.
    pub consumers: Vec<String>,
    /// The labels of the namespace.
    pub namespace_labels: BTreeMap<String, String>,
    /// The resources that its params name, by the name that they have there.
    pub dependencies: BTreeMap<String, Dependency>,
    /// What was rolled for it, or for what is shared. Secret: never shown, not even by `Debug`.
    pub generated: BTreeMap<String, String>,
}

/// One object of a resource. It may hold secrets: `Debug` shows only which object it is.
#[derive(Clone, PartialEq)]
pub struct RuleObject {
    /// Its key in the rule.
    pub key: String,
    /// Which object it is.
    pub id: ObjectId,
    /// Where it lives.
    pub scope: ObjectScope,
    /// All of it, as the rule says.
    pub body: Json,
}

impl std::fmt::Debug for RuleObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = {}", self.key, self.id)
    }
}

/// A rule's objects for one resource, and the scope that its outputs are evaluated in.
pub struct Evaluated {
    /// The objects, by key.
    pub objects: Vec<RuleObject>,
    /// The params after placeholders and defaults; an empty map for what a rule shares.
    pub params: Value,
    /// The Secret for what its outputs compose.
    composed: String,
    scope: Scope,
}

/// Which part of a rule is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// The objects of each resource.
    Own,
    /// The objects that the resources of one namespace share.
    Shared,
}

/// The objects that `rule` makes of a resource.
///
/// Pending where a dependency has no outputs yet; rejected with every problem of the params, else of
/// the first stage that has any.
#[must_use]
pub fn evaluate(rule: &Rule, part: Part, inputs: &ResourceInputs) -> Plan<Evaluated> {
    match part {
        Part::Own => resolved_params(rule, inputs).and_then(|params| own(rule, inputs, params)),
        Part::Shared => shared(rule, inputs),
    }
}

/// The params after placeholders, defaults and schema.
fn resolved_params(rule: &Rule, inputs: &ResourceInputs) -> Plan<Value> {
    let params = Json::Object(inputs.spec.params.clone());
    let substituted = substitute_json(&params, |reference| {
        lookup::look_up(reference, &inputs.workload.metadata, &inputs.dependencies)
    });
    match substituted {
        Ok(value) => with_defaults(rule, &value),
        Err(errors) => {
            let mut trouble = lookup::Trouble::default();
            errors.into_iter().for_each(|found| trouble.add(&below("params", &found.path), found.error));
            trouble.awaited.iter_mut().for_each(|awaited| awaited.reason = Reason::WaitingForDependency);
            trouble.into_plan()
        }
    }
}

fn below(root: &str, path: &str) -> String {
    if path.starts_with('[') || path.is_empty() { format!("{root}{path}") } else { format!("{root}.{path}") }
}

/// Defaults and schema see references in their stored form.
fn with_defaults(rule: &Rule, substituted: &Value) -> Plan<Value> {
    let stored = match serde_json::to_value(substituted) {
        Ok(Json::Object(map)) => map,
        _ => Map::new(),
    };
    let resolved = params::resolve(rule.params.as_ref(), rule.params_schema.as_ref(), &stored);
    match resolved.map(|map| serde_json::from_value(Json::Object(map))) {
        Ok(Ok(value)) => Plan::Ready(value),
        Ok(Err(error)) => {
            Plan::Rejected(vec![Problem::new("params", Reason::InvalidParams, error.to_string())])
        }
        Err(problems) => Plan::Rejected(problems),
    }
}

fn own(rule: &Rule, inputs: &ResourceInputs, params: Value) -> Plan<Evaluated> {
    match with_locals(rule, resource_scope(inputs, params.clone()), |_| true) {
        Ok(scope) => objects(&rule.manifests, "manifests", inputs, params, scope),
        Err(error) => rejected(error),
    }
}

fn shared(rule: &Rule, inputs: &ResourceInputs) -> Plan<Evaluated> {
    match with_locals(rule, shared_scope(inputs), |name| rule.shared_locals.contains(name)) {
        Ok(scope) => objects(&rule.shared, "shared", inputs, Value::from(json!({})), scope),
        Err(error) => rejected(error),
    }
}

/// The scope with the rule's locals, each of which may use those before it.
fn with_locals(rule: &Rule, mut scope: Scope, is_there: impl Fn(&str) -> bool) -> Result<Scope, EvalError> {
    let mut budget = Budget::new();
    for (name, node) in rule.locals.iter().filter(|(name, _)| is_there(name)) {
        let value = node.evaluate(&scope, &mut budget)?;
        scope = scope.with_entry("locals", name, value);
    }
    Ok(scope)
}

fn rejected<T>(error: EvalError) -> Plan<T> {
    let mut trouble = Trouble::default();
    trouble.add_eval(error);
    trouble.into_plan()
}

fn resource_scope(inputs: &ResourceInputs, params: Value) -> Scope {
    let ResourceInputs { spec, workload, workloads, .. } = inputs;
    shared_scope(inputs)
        .with_value("params", params)
        .with("metadata", json!(spec.metadata))
        .with("id", json!(spec.id))
        .with("uid", json!(spec.uid().to_string()))
        .with("guid", json!(spec.guid))
        .with("class", json!(spec.class))
        .with("workload", json!(workload))
        .with("workloads", Json::Object(workloads.clone()))
}

/// What a guardrail sees: the resource and its params, and nothing of the rule that provides it.
pub(super) fn guard_scope(inputs: &ResourceInputs, params: Value) -> Scope {
    let generated = BTreeMap::new();
    resource_scope(&ResourceInputs { generated, ..inputs.clone() }, params)
}

/// What belongs to no one resource.
fn shared_scope(inputs: &ResourceInputs) -> Scope {
    let ResourceInputs { namespace, spec, consumers, namespace_labels, generated, .. } = inputs;
    Scope::new()
        .with("locals", json!({}))
        .with("generated", json!(generated))
        .with("type", json!(spec.type_))
        .with("namespace", json!(namespace))
        .with("consumers", json!(consumers))
        .with("namespaceLabels", json!(namespace_labels))
}

fn objects(
    templates: &[ManifestTemplate],
    root: &str,
    inputs: &ResourceInputs,
    params: Value,
    scope: Scope,
) -> Plan<Evaluated> {
    let mut budget = Budget::new();
    let mut trouble = Trouble::default();
    let mut found: Vec<RuleObject> = Vec::new();
    for template in templates {
        match made(template, &scope, &mut budget) {
            Ok(None) => {}
            Ok(Some(value)) => match object(template, root, value, &inputs.namespace) {
                Ok(object) => found.push(object),
                Err(problems) => trouble.problems.extend(problems),
            },
            Err(error) => trouble.add_eval(error),
        }
    }
    trouble.problems.extend(duplicates(&found, root));
    let composed = names::composed_secret(&inputs.spec.uid().object_name());
    trouble.or(Evaluated { objects: found, params, composed, scope })
}

/// What a template makes; nothing where its condition is not true.
fn made(template: &ManifestTemplate, scope: &Scope, budget: &mut Budget) -> Result<Option<Value>, EvalError> {
    let wanted = template.when.as_ref().map_or(Ok(true), |when| when.evaluate_bool(scope, budget))?;
    if wanted { template.node.evaluate(scope, budget).map(Some) } else { Ok(None) }
}

/// Checks what only evaluation shows: no reference in a plain field, a name, this namespace.
fn object(
    template: &ManifestTemplate,
    root: &str,
    value: Value,
    namespace: &str,
) -> Result<RuleObject, Vec<Problem>> {
    let path = format!("{root}.{}", template.key);
    let problem = |at: &str, message: String| {
        vec![Problem::new(format!("{path}{at}"), Reason::EvaluationFailed, message)]
    };
    let Some(body) = value.into_plain() else {
        return Err(problem("", "a reference to a Secret cannot stand in a manifest; use the field that takes one, such as `valueFrom.secretKeyRef`".into()));
    };
    let Some(name) = body["metadata"]["name"].as_str().filter(|name| !name.is_empty()) else {
        return Err(problem(".metadata.name", "expected a name, found none".into()));
    };
    if !names::is_object_name(name) {
        let message = "is no name of an object: expected at most 253 characters of a-z, 0-9, `-` and `.`, with a letter or digit at both ends; `dns_label` makes one of any text";
        return Err(problem(".metadata.name", message.into()));
    }
    if let Some(other) = body["metadata"]["namespace"].as_str().filter(|other| *other != namespace) {
        let message = format!(
            "found namespace `{other}`: a resource's objects live in its own namespace, `{namespace}`; leave the field out"
        );
        return Err(problem(".metadata.namespace", message));
    }
    if template.kind == "Secret" && body["type"] == super::rule::TOKEN_SECRET {
        return Err(problem(
            ".type",
            "a Secret of this type hands out a ServiceAccount's token: refused".into(),
        ));
    }
    let id = ObjectId {
        api_version: template.api_version.clone(),
        kind: template.kind.clone(),
        name: name.to_owned(),
    };
    Ok(RuleObject { key: template.key.clone(), id, scope: template.scope, body })
}

fn duplicates(objects: &[RuleObject], root: &str) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let twice = objects.iter().filter(|object| !seen.insert(&object.id));
    let message = |object: &RuleObject| format!("{} is made by another key of this rule already", object.id);
    twice
        .map(|object| {
            let path = format!("{root}.{}", object.key);
            Problem::new(path, Reason::EvaluationFailed, message(object))
        })
        .collect()
}
