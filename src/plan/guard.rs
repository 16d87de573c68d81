//! Guardrails: what the platform team forbids, by a rule with `deny` or by a label of the namespace. They stand
//! before every rule that provides something, and they fail closed: one that cannot be read or asked holds up what
//! it may forbid, while what ran before runs on.

use std::sync::Arc;

use super::Plan;
use super::problem::{Awaited, Problem};
use super::resource::{ResourceInputs, guard_scope};
use super::rule::select::Labels;
use super::rule::{Denial, Rule};
use crate::api::conditions::Reason;
use crate::api::labels;
use crate::api::names::ResourceUid;
use crate::template::{Budget, EvalError, Value};

/// A guardrail that matches a resource.
#[derive(Clone)]
pub enum Guard {
    /// It can be asked.
    Readable(Arc<Rule>),
    /// It is wrong: nobody can tell what it forbids. Its name.
    Broken(String),
}

/// What forbids a resource whatever its params are: a label of its namespace, a guardrail without conditions. Pending
/// where a guardrail is broken.
#[must_use]
pub fn admits(guards: &[Guard], namespace_labels: &Labels, uid: &ResourceUid) -> Plan<()> {
    let of_rules = guards.iter().filter_map(|guard| match guard {
        Guard::Readable(rule) => {
            rule.deny.as_ref().filter(|deny| deny.when.is_empty()).map(|deny| denied(rule, deny))
        }
        Guard::Broken(_) => None,
    });
    let problems: Vec<_> = by_label(namespace_labels, uid).into_iter().chain(of_rules).collect();
    if !problems.is_empty() {
        return Plan::Rejected(problems);
    }
    let awaited: Vec<_> = guards.iter().filter_map(broken).collect();
    if awaited.is_empty() { Plan::Ready(()) } else { Plan::Pending(awaited) }
}

/// What forbids a resource with these params: every guardrail whose conditions are all true. One that cannot be
/// evaluated forbids too, and says so.
#[must_use]
pub fn admits_params(guards: &[Guard], inputs: &ResourceInputs, params: &Value) -> Plan<()> {
    let mut problems = Vec::new();
    for guard in guards {
        let Guard::Readable(rule) = guard else { continue };
        let Some(deny) = rule.deny.as_ref().filter(|deny| !deny.when.is_empty()) else { continue };
        match holds(deny, inputs, params) {
            Ok(true) => problems.push(denied(rule, deny)),
            Ok(false) => {}
            Err(error) => problems.push(unanswered(rule, &error)),
        }
    }
    if problems.is_empty() { Plan::Ready(()) } else { Plan::Rejected(problems) }
}

fn holds(deny: &Denial, inputs: &ResourceInputs, params: &Value) -> Result<bool, EvalError> {
    let scope = guard_scope(inputs, params.clone());
    let mut budget = Budget::new();
    for (_, condition) in &deny.when {
        if !condition.evaluate_bool(&scope, &mut budget)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn denied(rule: &Rule, deny: &Denial) -> Problem {
    Problem::new(format!("denied by rule `{}`", rule.name), Reason::Denied, deny.message.clone())
}

fn unanswered(rule: &Rule, error: &EvalError) -> Problem {
    let what = match error {
        EvalError::Pending { path, name } => format!("{path}: there is no `{name}`"),
        EvalError::Problem { path, message } => format!("{path}: {message}"),
    };
    let message = format!(
        "whether it forbids this cannot be told, so it does: {what}. A param that may be missing is asked for with `params.x is defined and …`"
    );
    Problem::new(format!("denied by rule `{}`", rule.name), Reason::EvaluationFailed, message)
}

fn broken(guard: &Guard) -> Option<Awaited> {
    let Guard::Broken(name) = guard else { return None };
    let message = format!(
        "rule `{name}`, which may forbid this, cannot be read: until it is mended nobody can tell; see `kubectl describe prule {name}`"
    );
    Some(Awaited::new(Reason::InvalidRule, message))
}

/// The label `deny.k8s.score.dev/<type>` of a namespace: its value is a class, or says all of them.
fn by_label(namespace_labels: &Labels, uid: &ResourceUid) -> Option<Problem> {
    let label = format!("{}{}", labels::DENY_PREFIX, uid.type_);
    let value = namespace_labels.get(&label)?;
    let is_all = labels::DENY_ALL.iter().any(|all| all.eq_ignore_ascii_case(value));
    let what = match value.as_str() {
        _ if is_all => format!("resources of type `{}`", uid.type_),
        class if class == uid.class => format!("resources of type `{}` with class `{class}`", uid.type_),
        _ => return None,
    };
    let message =
        format!("this namespace takes no {what}: its label says so; use another, or ask whoever set it");
    Some(Problem::new(format!("denied by label `{label}: {value}`"), Reason::Denied, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_forbids_a_class_or_all() {
        let uid = ResourceUid { type_: "bucket".into(), class: "large".into(), id: "web.it".into() };
        let denied = |type_: &str, value: &str| {
            let labels = Labels::from([(format!("deny.k8s.score.dev/{type_}"), value.to_owned())]);
            matches!(admits(&[], &labels, &uid), Plan::Rejected(problems) if problems[0].reason == Reason::Denied)
        };
        for value in ["any", "true", "True", "", "large"] {
            assert!(denied("bucket", value), "{value:?}");
        }
        for (type_, value) in
            [("bucket", "small"), ("bucket", "Large"), ("bucket", "false"), ("buckets", "any")]
        {
            assert!(!denied(type_, value), "{type_} {value}");
        }
    }
}
