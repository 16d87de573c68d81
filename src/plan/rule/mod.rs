//! A ProvisionerRule, compiled once per revision: everything that can be said without a resource is
//! checked here, so that a rule is refused before anyone uses it.

pub mod bounds;
mod checks;
pub mod choice;
pub mod cluster_scoped;
mod deny;
mod manifests;
pub mod order;
mod patches;
mod revision;
pub mod scope;
pub mod select;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::Selector;
use serde_json::{Map, Value};

pub use manifests::{ManifestTemplate, TOKEN_SECRET};

use super::graph;
use super::params;
use super::problem::Problem;
use super::schema::Schema;
use crate::api::conditions::Reason;
use crate::api::rule::{DeletionPolicy, Generate, Match, MaxUnavailable, ProvisionerRuleSpec};
use crate::template::{Expression, Node, TemplateError};

/// A rule that can be evaluated.
pub struct Rule {
    /// The rule's name.
    pub name: String,
    /// What it provides.
    pub type_: String,
    /// Which class, if only one.
    pub class: Option<String>,
    /// Which id, if only one.
    pub id: Option<String>,
    /// In which namespaces, if not in all.
    pub namespaces: Option<Selector>,
    /// For which source workloads, if not for all.
    pub workloads: Option<Selector>,
    /// Higher wins.
    pub priority: i32,
    /// The JSON Schema of the params; `None`: takes no params.
    pub params: Option<Map<String, Value>>,
    /// The same, compiled.
    pub params_schema: Option<Schema>,
    /// What is rolled once per resource.
    pub generate: BTreeMap<String, Generate>,
    /// Named expressions, each after those that it uses.
    pub locals: Vec<(String, Node)>,
    /// What is created per resource, by key.
    pub manifests: Vec<ManifestTemplate>,
    /// What is created once per namespace, by key.
    pub shared: Vec<ManifestTemplate>,
    /// The kinds among them that live in no namespace.
    pub allow_cluster_scoped: Vec<String>,
    /// What must be true, each with its text.
    pub ready_when: Vec<(String, Expression)>,
    /// What the resource offers.
    pub outputs: BTreeMap<String, Node>,
    /// What it sets in the pods of its consumers.
    pub patches: Option<Node>,
    /// What happens in the end.
    pub deletion_policy: DeletionPolicy,
    /// How many resources an edit may make unready at once.
    pub max_unavailable: MaxUnavailable,
    /// What its resources are made by: see [`crate::api::rule::ProvisionerRuleStatus::revision`].
    pub revision: String,
    /// What it forbids, if it is a guardrail; then it provides nothing.
    pub deny: Option<Denial>,
    /// The locals that `shared` can name: those that are made of nothing that belongs to one resource.
    pub shared_locals: BTreeSet<String>,
    /// Whether any expression reads the other workloads of the namespace (P12).
    pub reads_workloads: bool,
    /// What is defined and never used, with paths within `spec`: worth a warning, and no reason to refuse it.
    pub unused: Vec<Problem>,
}

/// What a guardrail says, and when.
pub struct Denial {
    /// What the developer reads.
    pub message: String,
    /// What must all be true, each with its text.
    pub when: Vec<(String, Expression)>,
}

impl Rule {
    /// The kinds of objects that the rule makes, as (apiVersion, kind).
    #[must_use]
    pub fn kinds(&self) -> BTreeSet<(String, String)> {
        let all = self.manifests.iter().chain(&self.shared);
        all.map(|manifest| (manifest.api_version.clone(), manifest.kind.clone())).collect()
    }

    /// What is rolled for each resource, or, if `shared`, for what its resources in a namespace share.
    pub fn rolls(&self, shared: bool) -> impl Iterator<Item = (&String, &Generate)> {
        self.generate.iter().filter(move |(_, how)| how.is_shared() == shared)
    }

    /// Whether what it makes for each resource, or shares, comes with a Secret of rolled values. Under `Retain` that
    /// Secret also keeps the guid of the resource.
    #[must_use]
    pub fn keeps_rolled(&self, shared: bool) -> bool {
        self.deletion_policy == DeletionPolicy::Retain || self.rolls(shared).next().is_some()
    }
}

/// Compiles and checks a rule.
///
/// # Errors
/// All problems at once, with paths within `spec`.
pub fn compile(name: &str, spec: &ProvisionerRuleSpec) -> Result<Rule, Vec<Problem>> {
    let mut problems = bounds::check(spec);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut rule = build(name, spec, &mut problems);
    rule.shared_locals = scope::shared_locals(&rule);
    rule.reads_workloads = checks::reads(&rule, "workloads");
    rule.unused = checks::unused(&rule);
    rule.unused.extend(cluster_scoped::unused(&rule));
    problems.extend(cluster_scoped::refused(&rule));
    if problems.is_empty() {
        problems.extend(checks::check(&rule));
    }
    problems.sort();
    problems.dedup();
    problems.truncate(bounds::PROBLEMS);
    if problems.is_empty() { Ok(rule) } else { Err(problems) }
}

/// What a rule matches, even if the rest of it is wrong.
///
/// A guardrail fails closed: where a selector of it cannot be read it matches whatever the rest of its `match` does.
/// `None` where it is a selector of a rule that provides something: that matches nothing.
#[must_use]
pub fn matcher(name: &str, spec: &ProvisionerRuleSpec) -> Option<Rule> {
    let Ok(empty) = serde_json::from_value(serde_json::json!({"match": {"type": spec.match_.type_}})) else {
        return None;
    };
    // Conditions without a message are refused, and were meant to forbid.
    let deny = spec.deny.clone().or_else(|| (!spec.deny_when.is_empty()).then(String::new));
    let only = ProvisionerRuleSpec { match_: spec.match_.clone(), priority: spec.priority, deny, ..empty };
    let mut problems = Vec::new();
    let rule = build(name, &only, &mut problems);
    (problems.is_empty() || rule.deny.is_some()).then_some(rule)
}

/// Destructured without `..`: a new field of the format fails to compile here instead of being ignored.
fn build(name: &str, spec: &ProvisionerRuleSpec, problems: &mut Vec<Problem>) -> Rule {
    let ProvisionerRuleSpec {
        description: _,
        match_: Match { type_, class, id, namespace_selector, workload_selector },
        priority,
        params,
        generate,
        locals,
        manifests,
        shared,
        allow_cluster_scoped,
        ready_when,
        outputs,
        patches,
        deletion_policy,
        max_unavailable,
        deny,
        deny_when,
    } = spec.clone();
    let when = conditions("denyWhen", &deny_when, "{{ params.size > 100 }}", problems);
    problems.extend(deny::misplaced(spec));
    Rule {
        name: name.to_owned(),
        type_,
        class,
        id,
        namespaces: selector("match.namespaceSelector", namespace_selector, problems),
        workloads: selector("match.workloadSelector", workload_selector, problems),
        priority: priority.unwrap_or(0),
        params_schema: params.as_ref().and_then(|schema| params_schema(schema, problems)),
        params,
        generate,
        locals: ordered_locals(&locals, problems),
        manifests: manifests::compile("manifests", &manifests, &allow_cluster_scoped, problems),
        shared: manifests::compile("shared", &shared, &allow_cluster_scoped, problems),
        allow_cluster_scoped,
        ready_when: conditions("readyWhen", &ready_when, "{{ objects.db.status.ready }}", problems),
        outputs: nodes("outputs", &outputs, problems),
        patches: patches::compile(patches, problems),
        deletion_policy: deletion_policy.unwrap_or_default(),
        max_unavailable: max_unavailable.unwrap_or_default(),
        revision: revision::revision(spec),
        deny: deny.map(|message| Denial { message, when }),
        shared_locals: BTreeSet::new(),
        reads_workloads: false,
        unused: Vec::new(),
    }
}

fn selector(path: &str, selector: Option<LabelSelector>, problems: &mut Vec<Problem>) -> Option<Selector> {
    select::read(path, &selector?).map_err(|found| problems.extend(found)).ok()
}

fn params_schema(schema: &Map<String, Value>, problems: &mut Vec<Problem>) -> Option<Schema> {
    let found: Vec<_> = params::check_schema(schema);
    if !found.is_empty() {
        problems.extend(found.into_iter().map(|problem| Problem { reason: Reason::InvalidRule, ..problem }));
        return None;
    }
    let compiled = Schema::new(&Value::Object(schema.clone()));
    compiled.map_err(|message| problems.push(Problem::new("params", Reason::InvalidRule, message))).ok()
}

/// Compiles one node, and turns what is wrong with it into problems.
fn node(path: &str, value: &Value, problems: &mut Vec<Problem>) -> Option<Node> {
    let problem = |error: TemplateError| Problem::new(error.path, Reason::InvalidRule, error.message);
    Node::compile(value, path).map_err(|errors| problems.extend(errors.into_iter().map(problem))).ok()
}

fn nodes(root: &str, values: &Map<String, Value>, problems: &mut Vec<Problem>) -> BTreeMap<String, Node> {
    values
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), node(&format!("{root}.{key}"), value, problems)?)))
        .collect()
}

/// Conditions: each is one whole expression, as text is never a condition.
fn conditions(
    root: &str,
    texts: &[String],
    example: &str,
    problems: &mut Vec<Problem>,
) -> Vec<(String, Expression)> {
    let problem = |error: TemplateError| Problem::new(error.path, Reason::InvalidRule, error.message);
    let compile = |(index, text): (usize, &String)| {
        let compiled = Expression::compile(text, &format!("{root}[{index}]"), example);
        let compiled = compiled.map_err(|error| problems.push(problem(error))).ok()?;
        Some((text.clone(), compiled))
    };
    texts.iter().enumerate().filter_map(compile).collect()
}

/// The locals in an order in which each comes after those that it uses.
fn ordered_locals(locals: &Map<String, Value>, problems: &mut Vec<Problem>) -> Vec<(String, Node)> {
    let mut compiled = nodes("locals", locals, problems);
    let edges = compiled.iter().map(|(name, node)| (name.clone(), locals_used(node, locals))).collect();
    match graph::order(&edges) {
        Ok(order) => {
            order.into_iter().filter_map(|name| compiled.remove(&name).map(|node| (name, node))).collect()
        }
        Err(cycle) => {
            let message = format!("these use each other: {}; break the cycle", graph::shown(&cycle));
            problems.push(Problem::new(format!("locals.{}", cycle[0]), Reason::InvalidRule, message));
            Vec::new()
        }
    }
}

/// The locals that a node names; all of them where it names `locals` as a whole.
fn locals_used(node: &Node, locals: &Map<String, Value>) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for name in node.leaves().flat_map(|leaf| &leaf.names) {
        match name.as_slice() {
            [root, key, ..] if root == "locals" && locals.contains_key(key) => drop(used.insert(key.clone())),
            [root] if root == "locals" => used.extend(locals.keys().cloned()),
            _ => {}
        }
    }
    used
}

#[cfg(test)]
mod tests;
