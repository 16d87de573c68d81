//! The order in which the rules of a type are tried, and what can be said of it before any resource is: rules that are
//! told apart by their names only, and rules that another always beats.

use std::collections::BTreeSet;
use std::sync::Arc;

use kube::core::{Expression, Selector};

use super::Rule;
use super::choice::{Lead, lead};
use super::select::rank;

/// The place of a rule among those of its type.
pub struct Place<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// What it has over the next one; `None` for the last.
    pub lead: Option<Lead>,
    /// The rule that is tried before it and matches whatever it does: it is never chosen.
    pub beaten_by: Option<&'a Rule>,
    /// The first rule that has only its name over this one, where both may match.
    pub tied_with: Option<&'a Rule>,
}

/// The rules of one type in the order in which they are tried. Guardrails provide nothing, and are none of them.
#[must_use]
pub fn order(rules: &[Arc<Rule>]) -> Vec<Place<'_>> {
    let mut rules: Vec<&Rule> = rules.iter().map(AsRef::as_ref).filter(|rule| rule.deny.is_none()).collect();
    rules.sort_by_key(|rule| rank(rule));
    let place = |(index, rule): (usize, &&'_ Rule)| {
        let before = rules.get(..index).unwrap_or_default();
        let is_tied = |other: &&&Rule| lead(other, rule) == Lead::Name && may_both_match(other, rule);
        (before.iter().find(|other| covers(other, rule)).copied(), before.iter().find(is_tied).copied())
    };
    let found: Vec<_> = rules.iter().enumerate().map(place).collect();
    let leads =
        rules.iter().enumerate().map(|(index, rule)| rules.get(index + 1).map(|next| lead(rule, next)));
    let all = rules.iter().zip(leads).zip(found);
    all.map(|((rule, lead), (beaten_by, tied_with))| Place { rule, lead, beaten_by, tied_with }).collect()
}

/// Whether a rule matches whatever another matches. `false` where that cannot be told.
fn covers(wide: &Rule, narrow: &Rule) -> bool {
    let value = |wide: &Option<String>, narrow: &Option<String>| wide.is_none() || wide == narrow;
    let labels = |wide: &Option<Selector>, narrow: &Option<Selector>| {
        let narrow = requirements(narrow.as_ref());
        requirements(wide.as_ref()).iter().all(|wanted| narrow.contains(wanted))
    };
    value(&wide.class, &narrow.class)
        && value(&wide.id, &narrow.id)
        && labels(&wide.workloads, &narrow.workloads)
        && labels(&wide.namespaces, &narrow.namespaces)
}

/// Whether there can be a resource that both match. `true` where that cannot be told.
fn may_both_match(one: &Rule, other: &Rule) -> bool {
    let value =
        |one: &Option<String>, other: &Option<String>| one.is_none() || other.is_none() || one == other;
    let labels = |one: &Option<Selector>, other: &Option<Selector>| {
        let other = requirements(other.as_ref());
        let exclude = |one: &Expression| other.iter().any(|other| are_disjoint(one, other));
        !requirements(one.as_ref()).iter().any(exclude)
    };
    value(&one.class, &other.class)
        && value(&one.id, &other.id)
        && labels(&one.workloads, &other.workloads)
        && labels(&one.namespaces, &other.namespaces)
}

fn requirements(selector: Option<&Selector>) -> Vec<Expression> {
    selector.cloned().into_iter().flatten().collect()
}

/// Whether no labels can meet both requirements.
fn are_disjoint(one: &Expression, other: &Expression) -> bool {
    let ((key, one), (other_key, other)) = (values(one), values(other));
    key == other_key
        && match (one, other) {
            (Values::Among(one), Values::Among(other)) => one.is_disjoint(&other),
            (Values::Among(one), Values::NotAmong(other)) | (Values::NotAmong(other), Values::Among(one)) => {
                one.is_subset(&other)
            }
            (Values::Absent, Values::Among(_) | Values::Any)
            | (Values::Among(_) | Values::Any, Values::Absent) => true,
            _ => false,
        }
}

/// What a requirement asks of a label.
enum Values<'a> {
    Among(BTreeSet<&'a str>),
    NotAmong(BTreeSet<&'a str>),
    Any,
    Absent,
}

fn values(requirement: &Expression) -> (&str, Values<'_>) {
    match requirement {
        Expression::In(key, values) => (key, Values::Among(texts(values))),
        Expression::NotIn(key, values) => (key, Values::NotAmong(texts(values))),
        Expression::Equal(key, value) => (key, Values::Among([value.as_str()].into())),
        Expression::NotEqual(key, value) => (key, Values::NotAmong([value.as_str()].into())),
        Expression::Exists(key) => (key, Values::Any),
        Expression::DoesNotExist(key) => (key, Values::Absent),
    }
}

fn texts(values: &BTreeSet<String>) -> BTreeSet<&str> {
    values.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::rule::compile;
    use serde_json::{Value, json};

    fn rules(all: &[(&str, Value, i32)]) -> Vec<Arc<Rule>> {
        let rule = |(name, match_, priority): &(&str, Value, i32)| {
            let mut spec = json!({"match": match_, "priority": priority});
            spec["match"]["type"] = json!("db");
            let spec = serde_json::from_value(spec).expect("a rule");
            Arc::new(compile(name, &spec).expect("a good rule"))
        };
        all.iter().map(rule).collect()
    }

    fn said(all: &[(&str, Value, i32)]) -> Vec<String> {
        let name = |rule: Option<&Rule>| rule.map_or("-", |rule| rule.name.as_str()).to_owned();
        let place = |place: &Place<'_>| {
            let (beaten, tied) = (name(place.beaten_by), name(place.tied_with));
            format!("{} {:?} beaten by {beaten} tied with {tied}", place.rule.name, place.lead)
        };
        order(&rules(all)).iter().map(place).collect()
    }

    fn env(value: &Value) -> Value {
        json!({"namespaceSelector": {"matchExpressions": [value]}})
    }

    #[test]
    fn priority_then_specificity_then_name() {
        let found = said(&[
            ("b", json!({}), 0),
            ("a", json!({}), 0),
            ("class", json!({"class": "big"}), 0),
            ("high", json!({"id": "one"}), 1),
            ("prod", json!({"namespaceSelector": {"matchLabels": {"env": "prod"}}}), 0),
        ]);
        assert_eq!(
            found,
            [
                "high Some(Priority) beaten by - tied with -",
                "class Some(Class) beaten by - tied with -",
                "prod Some(NamespaceSelector) beaten by - tied with -",
                "a Some(Name) beaten by - tied with -",
                "b None beaten by a tied with a",
            ]
        );
    }

    #[test]
    fn a_rule_is_beaten_only_where_another_matches_all_that_it_does() {
        let prod = json!({"namespaceSelector": {"matchLabels": {"env": "prod"}}});
        let more = json!({"namespaceSelector": {"matchLabels": {"env": "prod", "team": "a"}}});
        for (wide, narrow, expected) in [
            (json!({}), prod.clone(), true),
            (prod.clone(), more.clone(), true),
            (more, prod.clone(), false),
            (prod.clone(), json!({}), false),
            (json!({"class": "big"}), json!({"class": "big", "id": "one"}), true),
            (json!({"class": "big"}), json!({}), false),
            (json!({"workloadSelector": {}}), prod, true),
            (json!({"id": "one"}), json!({"id": "two"}), false),
        ] {
            let found = said(&[("wide", wide.clone(), 1), ("narrow", narrow.clone(), 0)]);
            let is_beaten = found[1].contains("narrow None beaten by wide");
            assert_eq!(is_beaten, expected, "{wide} {narrow}: {found:?}");
        }
    }

    #[test]
    fn rules_that_cannot_match_together_are_no_tie() {
        let (exists, absent) =
            (json!({"key": "e", "operator": "Exists"}), json!({"key": "e", "operator": "DoesNotExist"}));
        let among = |values: &[&str]| json!({"key": "e", "operator": "In", "values": values});
        let others = |values: &[&str]| json!({"key": "e", "operator": "NotIn", "values": values});
        for (one, other, expected) in [
            (env(&among(&["a"])), env(&among(&["b"])), false),
            (env(&among(&["a", "b"])), env(&among(&["b", "c"])), true),
            (env(&among(&["a"])), env(&others(&["a", "b"])), false),
            (env(&others(&["a"])), env(&among(&["a", "b"])), true),
            (env(&absent), env(&exists), false),
            (env(&among(&["a"])), env(&absent), false),
            (env(&exists), env(&among(&["a"])), true),
            (env(&absent), env(&others(&["a"])), true),
            (json!({"class": "big"}), json!({"class": "tiny"}), false),
            (env(&among(&["a"])), json!({"namespaceSelector": {"matchLabels": {"other": "x"}}}), true),
        ] {
            let found = said(&[("a", one.clone(), 0), ("b", other.clone(), 0)]);
            assert_eq!(found[1].ends_with("tied with a"), expected, "{one} {other}: {found:?}");
        }
    }
}
