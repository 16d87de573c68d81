//! The patches of a rule: checked as far as they can be without a resource.

use serde_json::json;

use super::super::patch;
use super::super::problem::Problem;
use super::node;
use crate::api::conditions::Reason;
use crate::api::patches::Patches;
use crate::template::{Leaf, Node};

/// Compiles them, as one tree.
pub(super) fn compile(patches: Option<Patches>, problems: &mut Vec<Problem>) -> Option<Node> {
    let patches = json!(patches.filter(|patches| !patches.is_empty())?);
    problems.extend(patch::problems("patches", &patches, Reason::InvalidRule));
    node("patches", &patches, problems)
}

/// Whether a leaf is the whole `value` of an entry of `env`: there a reference to a Secret becomes a `valueFrom`.
pub(super) fn takes_reference(leaf: &Leaf) -> bool {
    let Some((last, above)) = leaf.keys.split_last() else { return false };
    let is_item = |key: &&String| key.as_str() == "$do" || key.chars().all(|c| c.is_ascii_digit());
    let list = above.iter().rev().find(|key| !is_item(key));
    leaf.native && last == "value" && list.is_some_and(|list| list == "env")
}
