//! The status of a ProvisionerRule.

use super::outcome::{self, Outcome};
use crate::api::conditions::{ConditionStatus, ConditionType, Reason, stamp};
use crate::api::rule::ProvisionerRuleStatus;

/// Computes it from what admission found: ready, rejected, or waiting for a kind or a permission.
#[must_use]
pub fn compute(
    generation: i64,
    outcome: &Outcome,
    previous: &ProvisionerRuleStatus,
    now: &str,
) -> ProvisionerRuleStatus {
    let mut steps = vec![outcome.inputs()];
    if let Outcome::Waiting(awaited) = outcome {
        let reason = awaited.first().map_or(Reason::Progressing, |found| found.reason);
        let said = (reason, outcome::all_awaited(awaited));
        steps.push(outcome::verdict(ConditionType::Available, ConditionStatus::False, said));
    }
    let mut verdicts = outcome::summary(&steps, outcome.mood(), None, "the rule can be used");
    verdicts.extend(steps);
    ProvisionerRuleStatus {
        observed_generation: generation,
        conditions: stamp(verdicts, &previous.conditions, generation, now),
    }
}
