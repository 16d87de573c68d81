//! What a guardrail may consist of: it forbids, and makes nothing.

use super::super::problem::Problem;
use crate::api::conditions::Reason;
use crate::api::rule::ProvisionerRuleSpec;

/// Every field that does not go with `deny`, and `denyWhen` where there is none.
pub(super) fn misplaced(spec: &ProvisionerRuleSpec) -> Vec<Problem> {
    let problem = |path: &str, message: &str| Problem::new(path, Reason::InvalidRule, message);
    if spec.deny.is_none() {
        let alone = !spec.deny_when.is_empty();
        let message =
            "there is no `deny`: say what the developer should read, such as `deny: at most 100 GiB here`";
        return if alone { vec![problem("denyWhen", message)] } else { Vec::new() };
    }
    let fields = [
        ("generate", spec.generate.is_empty()),
        ("locals", spec.locals.is_empty()),
        ("manifests", spec.manifests.is_empty()),
        ("shared", spec.shared.is_empty()),
        ("allowClusterScoped", spec.allow_cluster_scoped.is_empty()),
        ("readyWhen", spec.ready_when.is_empty()),
        ("outputs", spec.outputs.is_empty()),
        ("patches", spec.patches.is_none()),
        ("deletionPolicy", spec.deletion_policy.is_none()),
        ("priority", spec.priority.is_none()),
        ("maxUnavailable", spec.max_unavailable.is_none()),
    ];
    let message = "a rule with `deny` makes nothing: leave this out, or make two rules of it";
    fields.into_iter().filter(|(_, empty)| !empty).map(|(path, _)| problem(path, message)).collect()
}
