//! A secret value is found in the data of Secrets and nowhere else.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use score_operator::api::resource::ScoreResourceStatus;
use score_operator::api::rule::ProvisionerRuleSpec;
use score_operator::plan::Plan;
use score_operator::plan::resource::{Part, evaluate, offer};
use score_operator::plan::rule::{Rule, compile};
use score_operator::render::Manifests;
use score_operator::status::resource::Facts;
use score_operator::status::{self, Outcome};
use serde_json::{Value, json};

use super::rules::{default_inputs, default_rules, dressed, inputs, provisioned};
use super::{config, secrets};

/// covers: P10 SEC14
#[test]
fn no_rule_shows_a_secret_but_in_the_data_of_a_secret() {
    let (accepted, kept) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let check = |spec: Value| {
        let spec: ProvisionerRuleSpec = serde_json::from_value(spec).expect("a rule");
        match compile("rule", &spec) {
            Err(problems) => unmarked("a problem", &format!("{problems:?}"))?,
            Ok(rule) => {
                accepted.fetch_add(1, Ordering::Relaxed);
                kept.fetch_add(usize::from(nothing_leaks(&rule)?), Ordering::Relaxed);
            }
        }
        Ok(())
    };
    let cases = ProptestConfig { cases: 1500, ..config() };
    TestRunner::new(cases).run(&secrets::rule(), check).unwrap_or_else(|error| panic!("{error}"));
    let (accepted, kept) = (accepted.into_inner(), kept.into_inner());
    assert!(
        accepted > 100 && kept > 50,
        "too few rules were accepted to show anything: {accepted}, with a secret {kept}"
    );
}

#[test]
fn no_default_rule_shows_a_secret_but_in_the_data_of_a_secret() {
    for (name, rule) in default_rules() {
        let inputs = default_inputs(&rule);
        let (evaluated, manifests) = provisioned(&rule, &inputs);
        manifests_are_clean(&manifests).unwrap_or_else(|error| panic!("{name}: {error}"));
        let live = evaluated.objects.iter().map(|object| (object.key.clone(), object.body.clone())).collect();
        let offered = offer(&rule, &evaluated, &live);
        assert_eq!(secrets::trace(&format!("{offered:?}")), None, "{name}");
    }
}

/// Everything that a rule leads to; says whether a Secret holds the secret.
fn nothing_leaks(rule: &Rule) -> Result<bool, TestCaseError> {
    let inputs = inputs(rule, &json!({}));
    let evaluated = match evaluate(rule, Part::Own, &inputs) {
        Plan::Ready(evaluated) => evaluated,
        Plan::Pending(awaited) => return told(&Outcome::Waiting(awaited)).map(|()| false),
        Plan::Rejected(problems) => return told(&Outcome::Rejected(problems)).map(|()| false),
    };
    unmarked("Debug of the objects", &format!("{:?}", evaluated.objects))?;
    let manifests = dressed(rule, &inputs, &evaluated.objects);
    manifests_are_clean(&manifests)?;
    let live = evaluated.objects.iter().map(|object| (object.key.clone(), object.body.clone())).collect();
    match offer(rule, &evaluated, &live) {
        Plan::Ready(offered) => {
            let shown = format!("{offered:?} {} {}", json!(offered.outputs), json!(offered.patches));
            unmarked("the outputs and patches", &shown)?;
        }
        Plan::Pending(awaited) => told(&Outcome::Unavailable(awaited))?,
        Plan::Rejected(problems) => told(&Outcome::Failing(problems))?,
    }
    let own = evaluated.objects.iter().any(|object| secrets::trace(&object.body.to_string()).is_some());
    Ok(own)
}

fn manifests_are_clean(manifests: &Manifests) -> Result<(), TestCaseError> {
    unmarked("Debug of the manifests", &format!("{manifests:?}"))?;
    for manifest in manifests.iter() {
        let mut body = manifest.body.clone();
        if manifest.is_secret() {
            body["data"] = json!(null);
        }
        unmarked("a manifest", &format!("{} {body}", manifest.id))?;
        unmarked("a redacted manifest", &manifest.redacted().to_string())?;
    }
    Ok(())
}

/// What people are told.
fn told(outcome: &Outcome) -> Result<(), TestCaseError> {
    let status = status::resource::compute(Facts::default(), outcome, &ScoreResourceStatus::default(), "t");
    unmarked("the status", &format!("{outcome:?} {}", json!(status)))
}

fn unmarked(what: &str, text: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(secrets::trace(text), None, "{} shows a secret: {}", what, text);
    Ok(())
}
