//! The status of a ProvisionerRule.

use super::outcome::{self, Outcome};
use crate::api::conditions::{ConditionStatus, ConditionType, Reason, stamp};
use crate::api::rule::ProvisionerRuleStatus;

/// What a rule does, and how far it has come.
#[derive(Clone, Debug, Default)]
pub struct Rollout {
    /// The revision of what it makes; `None` where it cannot be used, and the last one still stands.
    pub revision: Option<String>,
    /// How far an edit has come, while it has not reached every resource.
    pub under_way: Option<String>,
    /// Whether it is a guardrail, which makes nothing.
    pub forbids: bool,
}

/// Computes it from what admission found: ready, rejected, or waiting for a kind or a permission.
#[must_use]
pub fn compute(
    generation: i64,
    outcome: &Outcome,
    rollout: &Rollout,
    previous: &ProvisionerRuleStatus,
    now: &str,
) -> ProvisionerRuleStatus {
    let mut steps = vec![outcome.inputs()];
    if let Outcome::Waiting(awaited) = outcome {
        let reason = awaited.first().map_or(Reason::Progressing, |found| found.reason);
        let said = (reason, outcome::all_awaited(awaited));
        steps.push(outcome::verdict(ConditionType::Available, ConditionStatus::False, said));
    }
    let ready = if rollout.forbids {
        "the rule can be used: it is a guardrail, and forbids what it matches"
    } else {
        "the rule can be used"
    };
    let mut verdicts = outcome::summary(&steps, outcome.mood(), None, ready);
    verdicts.extend(steps);
    let under_way = rollout.under_way.as_deref();
    verdicts
        .extend(under_way.map(|said| outcome::holds(ConditionType::RollingOut, Reason::Progressing, said)));
    ProvisionerRuleStatus {
        observed_generation: generation,
        revision: rollout.revision.clone().or_else(|| previous.revision.clone()),
        conditions: stamp(verdicts, &previous.conditions, generation, now),
    }
}
