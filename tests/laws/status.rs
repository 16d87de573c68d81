//! A status is true, and written only when it differs.

use proptest::prelude::*;
use score_operator::api::conditions::{Condition, ConditionStatus, ConditionType, find, is_true};
use score_operator::api::patches::Patches;
use score_operator::api::resource::ScoreResourceStatus;
use score_operator::api::rule::ProvisionerRuleStatus;
use score_operator::api::workload::ScoreWorkloadStatus;
use score_operator::status::resource::Facts;
use score_operator::status::{self, Outcome};
use serde_json::{Map, json};

use super::{config, given};

/// The conditions of one object over a course of outcomes, each status computed twice.
fn course<S: Clone + PartialEq + std::fmt::Debug>(
    outcomes: &[Outcome],
    first: S,
    compute: impl Fn(&Outcome, &S, &str) -> S,
    conditions: impl Fn(&S) -> &[Condition],
) -> Result<(), TestCaseError> {
    let mut before = first;
    for (step, outcome) in outcomes.iter().enumerate() {
        let now = format!("2026-11-21T12:00:{step:02}Z");
        let after = compute(outcome, &before, &now);
        prop_assert_eq!(
            &compute(outcome, &after, "2027-01-01T00:00:00Z"),
            &after,
            "written anew for nothing"
        );
        times(conditions(&before), conditions(&after), &now)?;
        kstatus(conditions(&after))?;
        before = after;
    }
    Ok(())
}

/// The time of a condition changes with its status, and only then.
fn times(before: &[Condition], after: &[Condition], now: &str) -> Result<(), TestCaseError> {
    for condition in after {
        let old = find(before, condition.type_).filter(|old| old.status == condition.status);
        let expected = old.map_or(now, |old| &old.last_transition_time);
        prop_assert_eq!(&condition.last_transition_time, expected, "{:?}", condition.type_);
    }
    Ok(())
}

/// What kstatus, `kubectl wait` and Argo CD rely on.
fn kstatus(conditions: &[Condition]) -> Result<(), TestCaseError> {
    let types: Vec<_> = conditions.iter().map(|condition| condition.type_).collect();
    let mut once = types.clone();
    once.dedup();
    prop_assert_eq!(&types, &once, "each type once");
    let (stalled, reconciling) =
        (find(conditions, ConditionType::Stalled), find(conditions, ConditionType::Reconciling));
    prop_assert!(stalled.is_none() || reconciling.is_none(), "stuck and under way at once");
    for abnormal in [stalled, reconciling].into_iter().flatten() {
        prop_assert_eq!(abnormal.status, ConditionStatus::True, "absent unless true");
    }
    prop_assert!(
        find(conditions, ConditionType::Ready).is_some_and(|ready| ready.observed_generation == 7),
        "`kubectl wait` sees an old generation"
    );
    if is_true(conditions, ConditionType::Ready) {
        prop_assert!(stalled.is_none() && reconciling.is_none(), "ready, and yet not");
        prop_assert!(conditions.iter().all(|condition| condition.status == ConditionStatus::True));
    }
    for condition in conditions {
        prop_assert!(
            condition.message.len() <= 32 * 1024 && !condition.message.is_empty(),
            "{:?}",
            condition.type_
        );
    }
    Ok(())
}

fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
    prop::collection::vec(given::outcome(), 1..6)
}

proptest! {
    #![proptest_config(config())]

    /// covers: G01 G02 G03
    #[test]
    fn a_workloads_status_is_true_and_written_only_when_it_differs(inputs in given::workload(), outcomes in outcomes(), inventory in given::inventory()) {
        let compute = |outcome: &Outcome, before: &ScoreWorkloadStatus, now: &str| {
            status::workload::compute(&inputs, outcome, before, inventory.clone(), now)
        };
        course(&outcomes, ScoreWorkloadStatus::default(), compute, |status| &status.conditions)?;
    }

    #[test]
    fn a_resources_status_is_true_and_written_only_when_it_differs(outcomes in outcomes(), inventory in given::inventory(), offers in any::<bool>()) {
        let compute = |outcome: &Outcome, before: &ScoreResourceStatus, now: &str| {
            let offered = (offers && *outcome == Outcome::Ready).then(|| given::map(&json!({"host": "x"})));
            let facts = Facts { generation: 7, consumers: vec!["web".into()], other_rules: vec![], made_by: None, remark: None, outputs: offered, patches: None, inventory: inventory.clone() };
            status::resource::compute(facts, outcome, before, now)
        };
        course(&outcomes, ScoreResourceStatus::default(), compute, |status| &status.conditions)?;
        // What was offered once is offered on (decision 10).
        let patches = Some(Patches::default());
        let mut status = ScoreResourceStatus { outputs: Some(Map::new()), patches, ..ScoreResourceStatus::default() };
        let mut kept = true;
        for outcome in &outcomes {
            kept = kept && !(offers && *outcome == Outcome::Ready);
            status = compute(outcome, &status, "t");
            prop_assert!(status.outputs.is_some());
            // What it patches goes with a rule that patches nothing, and with nothing else.
            prop_assert_eq!(status.patches.is_some(), kept);
        }
    }

    #[test]
    fn a_rules_status_is_true_and_written_only_when_it_differs(outcomes in prop::collection::vec(given::admission(), 1..6)) {
        let compute = |outcome: &Outcome, before: &ProvisionerRuleStatus, now: &str| status::rule::compute(7, outcome, &status::rule::Rollout::default(), before, now);
        course(&outcomes, ProvisionerRuleStatus::default(), compute, |status| &status.conditions)?;
    }
}

/// What is written before the first object is made must not say that all of them are there.
#[test]
fn nothing_is_called_applied_before_it_is() {
    let status =
        status::resource::compute(Facts::default(), &Outcome::Applying, &ScoreResourceStatus::default(), "t");
    assert!(!is_true(&status.conditions, ConditionType::Applied), "{:#?}", status.conditions);
}
