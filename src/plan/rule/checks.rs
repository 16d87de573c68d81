//! Static checks of a compiled rule: every name against what is in scope where it stands, where secret values may go
//! (decision 12), and what nothing uses. A flat table; each check sees the whole rule.

use std::collections::BTreeSet;

use super::super::lookup::ANY;
use super::super::patch::MISPLACED;
use super::super::problem::Problem;
use super::scope::{self, Part};
use super::{ManifestTemplate, Rule, patches};
use crate::api::conditions::Reason;
use crate::template::signature::{SECRET_REF, SECRET_TEMPLATE};
use crate::template::{Expression, Leaf, Node};

/// One expression of a rule: where it stands, what it names, and what it may name.
struct Use<'a> {
    path: &'a str,
    names: Vec<Vec<String>>,
    /// Those of `names` whose values are not covered by `secret_template`.
    exposed: Vec<Vec<String>>,
    functions: &'a [String],
    part: Part,
    secrets: Secrets,
}

impl<'a> Use<'a> {
    fn new(leaf: &'a Leaf, part: Part, secrets: Secrets) -> Self {
        let Leaf { path, names, exposed, functions, .. } = leaf;
        Self { path, names: names.clone(), exposed: exposed.clone(), functions, part, secrets }
    }

    fn condition(condition: &'a Expression, part: Part) -> Self {
        let (path, functions) = (condition.path(), condition.functions());
        let (names, exposed) = (condition.names(), condition.names());
        Self { path, names, exposed, functions, part, secrets: Secrets::Refused }
    }

    fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(self.path, Reason::InvalidRule, message)
    }
}

/// Whether secret values may stand at a place.
#[derive(Clone, Copy, PartialEq)]
enum Secrets {
    Refused,
    /// Among the parts of `secret_template`.
    Covered,
    /// In the data of a Secret, if encoded.
    Encoded(bool),
    /// In a local, which carries the taint on.
    CarriedOn,
    /// In a patch, where a reference may or may not stand; never a value.
    Patched(bool),
}

/// All problems with the names of a rule.
pub(super) fn check(rule: &Rule) -> Vec<Problem> {
    let tainted = tainted_locals(rule);
    let mut problems = unsteady_names(rule);
    problems.extend(any_output(rule));
    for found in uses(rule) {
        problems.extend(misplaced_function(&found));
        let unknown = |name: &Vec<String>| scope::unknown(rule, found.part, name);
        problems.extend(found.names.iter().filter_map(unknown).map(|message| found.problem(message)));
        let misplaced = |name: &Vec<String>| misplaced_secret(rule, &tainted, &found, name);
        problems.extend(found.exposed.iter().filter_map(misplaced));
    }
    problems
}

/// The output that stands for all others is a reference, and so one whole call of `secret_ref`.
fn any_output(rule: &Rule) -> Option<Problem> {
    let mut leaves = rule.outputs.get(ANY)?.leaves();
    let is_reference = |leaf: &Leaf| leaf.keys.is_empty() && leaf.native && leaf.functions == [SECRET_REF];
    let message = "expected `{{ secret_ref(name, '*') }}`: it stands for all outputs, each of which is a key of that Secret";
    (!leaves.next().is_some_and(is_reference))
        .then(|| Problem::new(format!("outputs.{ANY}"), Reason::InvalidRule, message))
}

/// What changes when another workload comes or goes.
const UNSTEADY: &[&str] = &["workloads", "consumers"];

/// Names of objects that would change with other workloads: what is in the object that has the old name would be lost
/// (P02).
fn unsteady_names(rule: &Rule) -> Vec<Problem> {
    let mut unsteady = BTreeSet::new();
    for (local, node) in &rule.locals {
        if node.leaves().flat_map(|leaf| &leaf.names).any(|name| is_unsteady(&unsteady, name)) {
            unsteady.insert(local.as_str());
        }
    }
    let problem = |leaf: &Leaf| {
        let name = leaf.names.iter().find(|name| is_unsteady(&unsteady, name))?.join(".");
        let message = format!(
            "is made of `{name}`, which changes as other workloads come and go: the object would be made anew, and what is in it lost; use `id` or `uid`"
        );
        Some(Problem::new(&leaf.path, Reason::InvalidRule, message))
    };
    let manifests = rule.manifests.iter().chain(&rule.shared);
    let names = manifests
        .flat_map(|manifest| manifest.node.leaves())
        .filter(|leaf| leaf.keys == ["metadata", "name"]);
    names.filter_map(problem).collect()
}

fn is_unsteady(locals: &BTreeSet<&str>, name: &[String]) -> bool {
    match name {
        [root, key, ..] if root == "locals" => locals.contains(key.as_str()),
        [root] if root == "locals" => !locals.is_empty(),
        [root, ..] => UNSTEADY.contains(&root.as_str()),
        [] => false,
    }
}

/// Whether any expression of the rule names `root`.
pub(super) fn reads(rule: &Rule, root: &str) -> bool {
    let mut names = uses(rule).into_iter().flat_map(|found| found.names);
    names.any(|name| name.first().is_some_and(|first| first == root))
}

fn uses(rule: &Rule) -> Vec<Use<'_>> {
    let locals = rule.locals.iter().flat_map(|(_, node)| plain(node, Part::Resource, Secrets::CarriedOn));
    let manifests = rule.manifests.iter().flat_map(|manifest| in_manifest(manifest, Part::Resource));
    let shared = rule.shared.iter().flat_map(|manifest| in_manifest(manifest, Part::Shared));
    let outputs = rule.outputs.values().flat_map(|node| plain(node, Part::Live, Secrets::Covered));
    let patched = |leaf| Use::new(leaf, Part::Live, Secrets::Patched(patches::takes_reference(leaf)));
    let patches = rule.patches.iter().flat_map(Node::leaves).map(patched);
    let ready = rule.ready_when.iter().map(|(_, found)| Use::condition(found, Part::Live));
    let deny =
        rule.deny.iter().flat_map(|deny| &deny.when).map(|(_, found)| Use::condition(found, Part::Guard));
    locals.chain(manifests).chain(shared).chain(outputs).chain(patches).chain(ready).chain(deny).collect()
}

fn plain(node: &Node, part: Part, secrets: Secrets) -> impl Iterator<Item = Use<'_>> {
    node.leaves().map(move |leaf| Use::new(leaf, part, secrets))
}

fn in_manifest(manifest: &ManifestTemplate, part: Part) -> impl Iterator<Item = Use<'_>> {
    let is_secret = manifest.is_secret();
    let when = manifest.when.iter().map(move |condition| Use::condition(condition, part));
    let leaves = manifest.node.leaves().map(move |leaf| {
        let in_data = is_secret && leaf.keys.first().is_some_and(|key| key == "data");
        let encoded = leaf.native && leaf.outer_filter.as_deref() == Some("b64encode");
        let secrets = if in_data { Secrets::Encoded(encoded) } else { Secrets::Refused };
        Use::new(leaf, part, secrets)
    });
    when.chain(leaves)
}

/// A reference where only a value can stand, and a text with secret parts where nobody could write its Secret.
fn misplaced_function(found: &Use<'_>) -> Option<Problem> {
    let calls = |name: &str| found.functions.iter().any(|function| function == name);
    if found.part == Part::Guard && (calls(SECRET_REF) || calls(SECRET_TEMPLATE)) {
        return Some(found.problem(
            "a reference to a Secret has no value that a condition could ask: ask `params`, such as `{{ params.size > 100 }}`",
        ));
    }
    if calls(SECRET_TEMPLATE) && found.secrets != Secrets::Covered {
        return Some(found.problem(
            "`secret_template` may stand in `outputs` only; in the `data` of a Secret write `{{ (a ~ b) | b64encode }}`",
        ));
    }
    if calls(SECRET_REF) && found.secrets == Secrets::Patched(false) {
        return Some(found.problem(MISPLACED));
    }
    let in_manifest = matches!(found.secrets, Secrets::Encoded(_))
        || (found.secrets == Secrets::Refused && found.part != Part::Live);
    (calls(SECRET_REF) && in_manifest).then(|| {
        found.problem("a reference to a Secret cannot stand in a manifest: write out the field that takes one, such as `valueFrom.secretKeyRef`")
    })
}

/// The locals and generated values that nothing uses: no reason to refuse a rule, but mostly a slip.
pub(super) fn unused(rule: &Rule) -> Vec<Problem> {
    let all = uses(rule);
    let named = |root: &str, key: &str| {
        let is_named = |name: &Vec<String>| match name.as_slice() {
            [first] => first == root,
            [first, second, ..] => first == root && second == key,
            [] => false,
        };
        all.iter().any(|found| found.names.iter().any(is_named))
    };
    let locals = rule.locals.iter().map(|(key, _)| ("locals", "locals", key));
    let generated = rule.generate.keys().map(|key| ("generate", "generated", key));
    let unused = locals.chain(generated).filter(|(_, root, key)| !named(root, key));
    let problem = |(field, root, key): (&str, &str, &String)| {
        Problem::new(format!("{field}.{key}"), Reason::InvalidRule, format!("`{root}.{key}` is not used"))
    };
    let mut all: Vec<_> = unused.map(problem).collect();
    all.sort();
    all
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
            rule.generate.get(key).is_some_and(crate::api::rule::Generate::is_secret)
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
        Secrets::Covered => format!(
            "`{name}` holds a secret value: make it a part of `secret_template(…)`, or refer to a Secret that has it with `secret_ref(name, key)`"
        ),
        Secrets::Encoded(_) => format!(
            "`{name}` holds a secret value: encode it, `{{{{ … | b64encode }}}}`, as `data` takes base64"
        ),
        _ => format!(
            "`{name}` holds a secret value: it may stand only in the `data` of a Secret (with `| b64encode`); elsewhere refer to that Secret with `secret_ref(name, key)`"
        ),
    };
    Some(found.problem(message))
}
