//! Objects of other projects that nothing waits for: they count as ready before anybody has looked at them.

use crate::api::conditions::Reason;
use crate::plan::problem::Problem;
use crate::plan::rule::{ManifestTemplate, Rule};
use crate::template::signature::{SECRET_REF, SECRET_TEMPLATE};
use crate::template::{Leaf, Node};

/// Groups of Kubernetes itself that have a dot. Their kinds in namespaces work at once, or the operator knows them.
const OWN: &[&str] =
    &["coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "networking.k8s.io", "resource.k8s.io"];

/// A warning for each such object of a rule, with its path within `spec`.
///
/// None where the rule has a `readyWhen`, even one that is always true: then its author has thought of it. None where an
/// output or patch reads the object, or an output refers to a Secret: that is waited for.
pub(super) fn warnings(rule: &Rule) -> Vec<Problem> {
    let is_thought_of = !rule.ready_when.is_empty() || reads(rule).any(waits_for_secret);
    let manifests = [("manifests", &rule.manifests), ("shared", &rule.shared)];
    let objects = manifests.into_iter().flat_map(|(root, all)| all.iter().map(move |it| (root, it)));
    let unwatched = |manifest: &ManifestTemplate| {
        !is_thought_of
            && is_foreign(&manifest.api_version)
            && !reads(rule).any(|leaf| reads_object(leaf, &manifest.key))
    };
    let unwatched = objects.filter(|(_, manifest)| unwatched(manifest));
    unwatched.map(|(root, manifest)| warning(root, manifest)).collect()
}

/// What is read of live objects: outputs and patches.
fn reads(rule: &Rule) -> impl Iterator<Item = &Leaf> {
    rule.outputs.values().chain(&rule.patches).flat_map(Node::leaves)
}

fn waits_for_secret(leaf: &Leaf) -> bool {
    leaf.functions.iter().any(|function| [SECRET_REF, SECRET_TEMPLATE].contains(&function.as_str()))
}

/// Whether a leaf reads the object, more than its metadata: that is there from the first moment.
fn reads_object(leaf: &Leaf, key: &str) -> bool {
    leaf.names.iter().any(|name| match name.as_slice() {
        [root] => root == "objects",
        [root, object] => root == "objects" && object == key,
        [root, object, field, ..] => root == "objects" && object == key && field == "status",
        [] => false,
    })
}

fn is_foreign(api_version: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    group.contains('.') && !OWN.contains(&group)
}

fn warning(root: &str, manifest: &ManifestTemplate) -> Problem {
    let ManifestTemplate { key, kind, .. } = manifest;
    let message = format!(
        "a {kind} has no condition before its controller has looked at it, and so counts as ready at once; say in `readyWhen` what is there once it works, such as `{{{{ objects.{key}.status.… is defined }}}}`; if it works as soon as it exists, say that: `{{{{ objects.{key} is defined }}}}`"
    );
    Problem::new(format!("{root}.{key}"), Reason::InvalidRule, message)
}
