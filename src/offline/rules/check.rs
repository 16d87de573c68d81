//! All that can be said of rules without a cluster: what admission refuses, and what is hardly meant.

use std::collections::{BTreeMap, BTreeSet};

use super::{Admission, KIND, RuleFile, Rules, below_spec, unready};
use crate::api::conditions::Reason;
use crate::api::{API_VERSION, GROUP};
use crate::offline::finding::{Finding, Places};
use crate::offline::ruletest;
use crate::offline::yaml::Node;
use crate::plan::problem::{Problem, did_you_mean, list};
use crate::plan::rule::Rule;
use crate::plan::rule::order::{Place, order};

/// What was found.
#[derive(Debug, Default)]
pub struct Checked {
    /// What the operator would refuse.
    pub problems: Vec<Finding>,
    /// What it takes, and what is hardly meant.
    pub warnings: Vec<Finding>,
    /// The kinds that not every cluster serves, as `<apiVersion> <kind>`.
    pub kinds: BTreeSet<String>,
}

/// Checks rules, among the `others` that will be in the cluster, too.
#[must_use]
pub fn check(files: Vec<RuleFile>, others: Vec<RuleFile>) -> Checked {
    let own: BTreeMap<_, _> = files.iter().map(|file| (file.name.clone(), file.clone())).collect();
    let (rules, problems) = Rules::admit(others.into_iter().chain(files));
    let mut checked = Checked { problems, ..Checked::default() };
    for file in own.values() {
        let Some(Admission::Ready(rule)) = rules.get(&file.name) else { continue };
        let unready = unready::warnings(rule);
        let doubts = rule.unused.iter().chain(&unready);
        checked.warnings.extend(doubts.map(|found| file.finding(&below_spec(&found.path), found)));
        checked.kinds.extend(
            rule.kinds().into_iter().filter(is_custom).map(|(version, kind)| format!("{version} {kind}")),
        );
    }
    let types: BTreeSet<_> = own.values().map(|file| file.spec.match_.type_.as_str()).collect();
    for type_ in types {
        let places = order(rules.of_type(type_));
        checked.warnings.extend(places.iter().filter_map(|place| doubtful(place, &own)));
    }
    checked
}

/// Kinds of groups that no cluster has by itself.
fn is_custom((api_version, _): &(String, String)) -> bool {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    group.contains('.') && group != "networking.k8s.io"
}

/// A rule that another always beats, or that only its name tells from another.
fn doubtful(place: &Place<'_>, own: &BTreeMap<String, RuleFile>) -> Option<Finding> {
    let Place { rule, lead: _, beaten_by, tied_with } = place;
    let finding = |file: &RuleFile, message: String| {
        file.finding("spec.match", &Problem::new("", Reason::InvalidRule, message))
    };
    if let (Some(file), Some(winner)) = (own.get(&rule.name), beaten_by) {
        return Some(finding(file, never_chosen(winner)));
    }
    let winner = (*tied_with)?;
    let file = own.get(&rule.name).or_else(|| own.get(&winner.name))?;
    Some(finding(file, tie(winner, rule)))
}

/// That a rule is never chosen, and what to do.
#[must_use]
pub fn never_chosen(winner: &Rule) -> String {
    format!(
        "never chosen: rule `{}` is tried before it and matches whatever it does; give this one a higher `priority` or a narrower `match`, or remove it",
        winner.name
    )
}

fn tie(winner: &Rule, loser: &Rule) -> String {
    format!(
        "rule `{}` is tried before rule `{}` because of its name only: they have the same priority, and match as narrowly; give the one that is meant a higher `priority` or a narrower `match`",
        winner.name, loser.name
    )
}

/// A document of our API group whose kind nobody knows, one of that many `documents` of its file: else a misspelt rule
/// would pass for ever.
#[must_use]
pub fn stray(file: &str, document: &Node, documents: usize) -> Option<Finding> {
    const KINDS: [&str; 4] = [KIND, "RuleTest", "ScoreResource", "ScoreWorkload"];
    let text = |key: &str| document.get(key).and_then(Node::text).unwrap_or_default();
    let is_ours = text("apiVersion").starts_with(&format!("{GROUP}/"));
    if !is_ours || super::is_rule(document) || ruletest::is_test(document) || KINDS.contains(&text("kind")) {
        return None;
    }
    let hint = did_you_mean(text("kind"), KINDS);
    let message = format!("{API_VERSION} has no kind {:?}{hint} (there: {})", text("kind"), list(KINDS));
    let places = Places::of(document).in_file_of(documents);
    Some(Finding::new(file, &places, Problem::new("kind", Reason::InvalidRule, message)))
}
