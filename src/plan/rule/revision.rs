//! The revision of a rule: what its resources are made by. Two rules that make the same have the same.

use crate::api::names;
use crate::api::rule::ProvisionerRuleSpec;

/// A hash of all that a resource's objects and outputs depend on: not of whom the rule serves, how it is rolled out,
/// or what becomes of them in the end.
pub(super) fn revision(spec: &ProvisionerRuleSpec) -> String {
    let makes = ProvisionerRuleSpec {
        description: None,
        match_: crate::api::rule::Match::default(),
        priority: None,
        max_unavailable: None,
        deletion_policy: None,
        deny: None,
        deny_when: Vec::new(),
        ..spec.clone()
    };
    names::short_hash(&serde_json::to_string(&makes).unwrap_or_default())
}
