//! Which rule provides a resource: priority first, then the more specific match, then the name
//! (decision 16). The order of installation never matters.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use kube::core::{ParseExpressionError, Selector, SelectorExt};

use super::Rule;
use super::choice::Misfit;
use crate::api::conditions::Reason;
use crate::api::names::ResourceUid;
use crate::plan::problem::{Problem, did_you_mean, list, quoted};

/// Labels of a namespace or workload.
pub type Labels = BTreeMap<String, String>;

/// What a rule is matched against.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The resource.
    pub uid: &'a ResourceUid,
    /// The labels of its namespace.
    pub namespace_labels: &'a Labels,
    /// The labels of the ScoreWorkload that first defined it.
    pub workload_labels: &'a Labels,
}

/// The rules that match, best first. Guardrails are none of them.
#[must_use]
pub fn matching<'a>(
    rules: impl IntoIterator<Item = &'a Arc<Rule>>,
    subject: Subject<'_>,
) -> Vec<&'a Arc<Rule>> {
    let mut found: Vec<_> = rules.into_iter().filter(|rule| matches(rule, subject)).collect();
    found.sort_by_key(|rule| rank(rule));
    found
}

/// Rules are tried in this order, whatever they are tried for.
pub(super) fn rank(rule: &Rule) -> impl Ord + use<> {
    (Reverse(rule.priority), Reverse(specificity(rule)), rule.name.clone())
}

/// The guardrails that match, by name.
#[must_use]
pub fn guarding<'a>(
    rules: impl IntoIterator<Item = &'a Arc<Rule>>,
    subject: Subject<'_>,
) -> Vec<&'a Arc<Rule>> {
    let mut found: Vec<_> =
        rules.into_iter().filter(|rule| rule.deny.is_some() && fits(rule, subject)).collect();
    found.sort_by_key(|rule| rule.name.clone());
    found
}

fn matches(rule: &Rule, subject: Subject<'_>) -> bool {
    rule.deny.is_none() && fits(rule, subject)
}

fn fits(rule: &Rule, subject: Subject<'_>) -> bool {
    rule.type_ == subject.uid.type_ && misfits(rule, subject).is_empty()
}

/// The fields of a rule's `match`, but the type, that do not fit.
pub(super) fn misfits(rule: &Rule, subject: Subject<'_>) -> Vec<Misfit> {
    let value = |field, wanted: &Option<String>, found: &String| {
        let wanted = wanted.as_ref().filter(|wanted| *wanted != found)?;
        Some(Misfit { field, wanted: wanted.clone(), found: found.clone() })
    };
    let labels = |field, wanted: &Option<Selector>, found: &Labels| {
        let wanted = wanted.as_ref().filter(|selector| !selector.matches(found))?;
        Some(Misfit { field, wanted: wanted.to_string(), found: shown(found) })
    };
    let fields = [
        value("class", &rule.class, &subject.uid.class),
        value("id", &rule.id, &subject.uid.id),
        labels("workloadSelector", &rule.workloads, subject.workload_labels),
        labels("namespaceSelector", &rule.namespaces, subject.namespace_labels),
    ];
    fields.into_iter().flatten().collect()
}

fn shown(labels: &Labels) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// Reads a selector, with its problems below `path`.
///
/// # Errors
/// Operators that Kubernetes does not have, and those that lack the values they compare with.
pub(super) fn read(path: &str, selector: &LabelSelector) -> Result<Selector, Vec<Problem>> {
    let requirements = selector.match_expressions.iter().flatten().enumerate();
    let unreadable = requirements.filter_map(|(index, found)| {
        let (field, message) = unreadable(found)?;
        let path = format!("{path}.matchExpressions[{index}].{field}");
        Some(Problem::new(path, Reason::InvalidRule, message))
    });
    let problems: Vec<_> = unreadable.collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let problem = |error: ParseExpressionError| Problem::new(path, Reason::InvalidRule, error.to_string());
    Selector::try_from(selector.clone()).map_err(|error| vec![problem(error)])
}

/// What is wrong with a requirement: the field, and what was expected there. An empty list of values is refused as
/// Kubernetes does it elsewhere: it would match nothing, or everything.
fn unreadable(requirement: &LabelSelectorRequirement) -> Option<(&'static str, String)> {
    let LabelSelectorRequirement { key: _, operator, values } = requirement;
    if !OPERATORS.contains(&operator.as_str()) {
        let (found, known, hint) = (quoted(operator), list(OPERATORS), did_you_mean(operator, OPERATORS));
        return Some(("operator", format!("is {found}, expected one of {known}{hint}")));
    }
    let compares = matches!(operator.as_str(), "In" | "NotIn");
    let is_empty = values.as_ref().is_none_or(Vec::is_empty);
    (compares && is_empty).then(|| {
        ("values", format!("is empty, expected at least one value, as the operator is `{operator}`"))
    })
}

/// The operators of label selectors.
const OPERATORS: [&str; 4] = ["In", "NotIn", "Exists", "DoesNotExist"];

/// Compared in this order: id, class, workloadSelector, namespaceSelector.
pub(super) fn specificity(rule: &Rule) -> (bool, bool, bool, bool) {
    (rule.id.is_some(), rule.class.is_some(), rule.workloads.is_some(), rule.namespaces.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::rule::ProvisionerRuleSpec;
    use crate::plan::rule::compile;
    use serde_json::{Value, json};

    fn rule(name: &str, match_: &Value, priority: i32) -> Arc<Rule> {
        let spec: ProvisionerRuleSpec =
            serde_json::from_value(json!({"match": match_, "priority": priority})).expect("a rule");
        Arc::new(compile(name, &spec).expect("a good rule"))
    }

    fn names(rules: &[Arc<Rule>], env: &str) -> Vec<String> {
        let uid = ResourceUid { type_: "postgres".into(), class: "default".into(), id: "a.db".into() };
        let labels = Labels::from([("env".into(), env.into())]);
        let subject = Subject { uid: &uid, namespace_labels: &labels, workload_labels: &Labels::new() };
        matching(rules, subject).iter().map(|rule| rule.name.clone()).collect()
    }

    #[test]
    fn a_selector_that_cannot_be_read_says_which_words_there_are() {
        let told = |requirement: Value| {
            let selector = serde_json::from_value(json!({"matchExpressions": [requirement]}));
            let problems = read("match.namespaceSelector", &selector.expect("a selector")).err();
            problems.expect("a problem").iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            told(json!({"key": "env", "operator": "in", "values": ["prod"]})),
            [
                "match.namespaceSelector.matchExpressions[0].operator: is \"in\", expected one of `DoesNotExist`, `Exists`, `In`, `NotIn`; did you mean `In`?"
            ]
        );
        for operator in ["In", "NotIn"] {
            let path = "match.namespaceSelector.matchExpressions[0].values";
            let expected =
                format!("{path}: is empty, expected at least one value, as the operator is `{operator}`");
            assert_eq!(told(json!({"key": "env", "operator": operator})), [expected.as_str()]);
            assert_eq!(told(json!({"key": "env", "operator": operator, "values": []})), [expected]);
        }
    }

    #[test]
    fn the_best_rule_wins_whatever_the_order() {
        let prod = json!({"type": "postgres", "namespaceSelector": {"matchLabels": {"env": "prod"}}});
        let mut rules = vec![
            rule("b", &json!({"type": "postgres"}), 0),
            rule("a", &json!({"type": "postgres"}), 0),
            rule("prod", &prod, 0),
            rule("class", &json!({"type": "postgres", "class": "default"}), 0),
            rule("high", &json!({"type": "postgres"}), 1),
            rule("other", &json!({"type": "redis"}), 9),
            rule("other-class", &json!({"type": "postgres", "class": "big"}), 9),
        ];
        for _ in 0..rules.len() {
            rules.rotate_left(1);
            assert_eq!(names(&rules, "prod"), ["high", "class", "prod", "a", "b"]);
            assert_eq!(names(&rules, "dev"), ["high", "class", "a", "b"]);
        }
    }
}
