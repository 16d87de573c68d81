//! Static checks of a compiled rule: every name against what is in scope where it stands, and where
//! secret values may go (decision 12). A flat table; each check sees the whole rule.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::problem::{Problem, list, near_miss};
use super::{ManifestTemplate, Rule};
use crate::api::conditions::Reason;
use crate::template::Node;

/// Names that every expression of a resource may use.
const RESOURCE_SCOPE: &[&str] = &[
    "params",
    "locals",
    "generated",
    "metadata",
    "id",
    "uid",
    "guid",
    "type",
    "class",
    "namespace",
    "workload",
    "workloads",
    "omit",
];
/// Names that the shared part may use: what does not depend on a resource.
const SHARED_SCOPE: &[&str] = &["namespace", "type", "omit"];

/// One expression of a rule: where it stands, what it names, and what it may name.
struct Use<'a> {
    path: &'a str,
    names: Vec<Vec<String>>,
    scope: Scope,
    secrets: Secrets,
}

#[derive(Clone, Copy)]
enum Scope {
    Resource,
    Shared,
    /// A resource and its live objects.
    Live,
}

impl Scope {
    fn names(self) -> Vec<&'static str> {
        match self {
            Self::Resource => RESOURCE_SCOPE.to_vec(),
            Self::Shared => SHARED_SCOPE.to_vec(),
            Self::Live => [RESOURCE_SCOPE, &["objects"]].concat(),
        }
    }
}

/// Whether secret values may stand at a place.
#[derive(Clone, Copy, PartialEq)]
enum Secrets {
    Refused,
    /// In the data of a Secret, if encoded.
    Encoded(bool),
    /// In a local, which carries the taint on.
    CarriedOn,
}

/// All problems with the names of a rule.
pub(super) fn check(rule: &Rule) -> Vec<Problem> {
    let tainted = tainted_locals(rule);
    let mut problems = Vec::new();
    for found in uses(rule) {
        for name in &found.names {
            problems.extend(unknown(rule, &found, name));
            problems.extend(misplaced_secret(rule, &tainted, &found, name));
        }
    }
    problems
}

/// Whether any expression of the rule names `root`.
pub(super) fn reads(rule: &Rule, root: &str) -> bool {
    let mut names = uses(rule).into_iter().flat_map(|found| found.names);
    names.any(|name| name.first().is_some_and(|first| first == root))
}

fn uses(rule: &Rule) -> Vec<Use<'_>> {
    let locals = rule.locals.iter().flat_map(|(_, node)| plain(node, Scope::Resource, Secrets::CarriedOn));
    let manifests = rule.manifests.iter().flat_map(|manifest| in_manifest(manifest, Scope::Resource));
    let shared = rule.shared.iter().flat_map(|manifest| in_manifest(manifest, Scope::Shared));
    let outputs = rule.outputs.values().flat_map(|node| plain(node, Scope::Live, Secrets::Refused));
    let ready = rule.ready_when.iter().map(|(_, condition)| Use {
        path: condition.path(),
        names: condition.names(),
        scope: Scope::Live,
        secrets: Secrets::Refused,
    });
    locals.chain(manifests).chain(shared).chain(outputs).chain(ready).collect()
}

fn plain(node: &Node, scope: Scope, secrets: Secrets) -> impl Iterator<Item = Use<'_>> {
    node.leaves().map(move |leaf| Use { path: &leaf.path, names: leaf.names.clone(), scope, secrets })
}

fn in_manifest(manifest: &ManifestTemplate, scope: Scope) -> impl Iterator<Item = Use<'_>> {
    let is_secret = manifest.api_version == "v1" && manifest.kind == "Secret";
    manifest.node.leaves().map(move |leaf| {
        let in_data = is_secret && leaf.keys.first().is_some_and(|key| key == "data");
        let encoded = leaf.native && leaf.outer_filter.as_deref() == Some("b64encode");
        let secrets = if in_data { Secrets::Encoded(encoded) } else { Secrets::Refused };
        Use { path: &leaf.path, names: leaf.names.clone(), scope, secrets }
    })
}

/// A name that is not in scope, or an entry that its root does not have.
fn unknown(rule: &Rule, found: &Use<'_>, name: &[String]) -> Option<Problem> {
    let problem = |message| Some(Problem::new(found.path, Reason::InvalidRule, message));
    let scope = found.scope.names();
    let root = name.first()?.as_str();
    if !scope.contains(&root) {
        let hint = did_you_mean("", root, &scope);
        return problem(format!("`{root}` is not in scope here{hint} (in scope: {})", list(scope)));
    }
    let entry = name.get(1)?;
    let known: Vec<_> = entries(rule, root)?.into_iter().collect();
    if known.contains(&entry.as_str()) {
        return None;
    }
    let hint = did_you_mean(&format!("{root}."), entry, &known);
    problem(format!("there is no `{root}.{entry}`{hint} (there: {})", list(known)))
}

fn did_you_mean(prefix: &str, name: &str, known: &[&str]) -> String {
    let near = near_miss(name, known.iter().copied());
    near.map_or(String::new(), |near| format!("; did you mean `{prefix}{near}`?"))
}

/// What a root holds, where that is known before any resource is.
fn entries<'a>(rule: &'a Rule, root: &str) -> Option<BTreeSet<&'a str>> {
    let keys = |manifests: &'a [ManifestTemplate]| manifests.iter().map(|manifest| manifest.key.as_str());
    match root {
        "locals" => Some(rule.locals.iter().map(|(name, _)| name.as_str()).collect()),
        "generated" => Some(rule.generate.keys().map(String::as_str).collect()),
        "objects" => Some(keys(&rule.manifests).chain(keys(&rule.shared)).collect()),
        "workload" => Some(["name", "metadata", "service"].into()),
        "params" => param_names(rule),
        _ => None,
    }
}

/// The params, where the schema closes the set of them.
fn param_names(rule: &Rule) -> Option<BTreeSet<&str>> {
    let Some(schema) = &rule.params else { return Some(BTreeSet::new()) };
    if schema.get("additionalProperties") != Some(&Value::Bool(false))
        || schema.contains_key("patternProperties")
    {
        return None;
    }
    Some(schema.get("properties")?.as_object()?.keys().map(String::as_str).collect())
}

/// The locals that a secret value reaches, directly or through other locals.
fn tainted_locals(rule: &Rule) -> BTreeSet<String> {
    let mut tainted = BTreeSet::new();
    for (name, node) in &rule.locals {
        let names = node.leaves().flat_map(|leaf| leaf.names.clone());
        if names.into_iter().any(|used| is_secret(rule, &tainted, &used)) {
            tainted.insert(name.clone());
        }
    }
    tainted
}

/// Whether a name holds a secret value. `generated` as a whole holds one if any of them is secret.
fn is_secret(rule: &Rule, tainted: &BTreeSet<String>, name: &[String]) -> bool {
    match name {
        [root, key, ..] if root == "generated" => {
            rule.generate.get(key).is_none_or(crate::api::rule::Generate::is_secret)
        }
        [root] if root == "generated" => rule.generate.values().any(crate::api::rule::Generate::is_secret),
        [root, key, ..] if root == "locals" => tainted.contains(key),
        [root] if root == "locals" => !tainted.is_empty(),
        _ => false,
    }
}

/// A secret value anywhere but in the `data` of a Secret (or a local, which carries the taint on).
fn misplaced_secret(
    rule: &Rule,
    tainted: &BTreeSet<String>,
    found: &Use<'_>,
    name: &[String],
) -> Option<Problem> {
    let allowed = matches!(found.secrets, Secrets::CarriedOn | Secrets::Encoded(true));
    if allowed || !is_secret(rule, tainted, name) {
        return None;
    }
    let name = name.join(".");
    let message = match found.secrets {
        Secrets::Encoded(_) => format!(
            "`{name}` holds a secret value: encode it, `{{{{ … | b64encode }}}}`, as `data` takes base64"
        ),
        _ => format!(
            "`{name}` holds a secret value: it may stand only in the `data` of a Secret (with `| b64encode`); elsewhere refer to that Secret with `secret_ref(name, key)`"
        ),
    };
    Some(Problem::new(found.path, Reason::InvalidRule, message))
}
