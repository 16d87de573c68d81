//! The status of a ScoreResource.

use serde_json::{Map, Value};

use super::outcome::{self, Outcome, again};
use crate::api::conditions::{Condition, ConditionStatus, ConditionType, Reason, Verdict, stamp};
use crate::api::patches::Patches;
use crate::api::resource::{InventoryEntry, MadeBy, ScoreResourceStatus};

/// What a pass found out about a resource besides its outcome.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The generation of the spec that the pass saw.
    pub generation: i64,
    /// Who uses it.
    pub consumers: Vec<String>,
    /// The rules that matched too.
    pub other_rules: Vec<String>,
    /// What its objects were made by, if this pass made them; else the last one stands.
    pub made_by: Option<MadeBy>,
    /// What is to be said besides, whatever the outcome.
    pub remark: Option<String>,
    /// Its outputs, if this pass found it ready; else the last good ones stand.
    pub outputs: Option<Map<String, Value>>,
    /// What it sets in the pods of its consumers, if this pass found it ready.
    pub patches: Option<Patches>,
    /// What is known to be ours now.
    pub inventory: Vec<InventoryEntry>,
}

/// Computes it. `previous` is the status before this pass, `now` the time as RFC 3339.
#[must_use]
pub fn compute(
    facts: Facts,
    outcome: &Outcome,
    previous: &ScoreResourceStatus,
    now: &str,
) -> ScoreResourceStatus {
    let steps = steps(outcome, &previous.conditions);
    let error = match outcome {
        Outcome::Error(message) => Some(message.as_str()),
        _ => None,
    };
    let mut verdicts = outcome::summary(&steps, outcome.mood(), error, "the resource can be used");
    if let (Some(ready), Some(remark)) = (verdicts.first_mut(), facts.remark) {
        ready.message = format!("{}; {remark}", ready.message);
    }
    verdicts.extend(steps);
    // Last good outputs and patches stand together: they are of one revision of the rule (decision 10).
    let (outputs, patches) = match facts.outputs {
        Some(outputs) => (Some(outputs), facts.patches),
        None => (previous.outputs.clone(), previous.patches.clone()),
    };
    ScoreResourceStatus {
        observed_generation: facts.generation,
        conditions: stamp(verdicts, &previous.conditions, facts.generation, now),
        other_rules: facts.other_rules,
        made_by: facts.made_by.or_else(|| previous.made_by.clone()),
        consumers: facts.consumers,
        outputs,
        patches,
        inventory: facts.inventory,
    }
}

fn steps(outcome: &Outcome, previous: &[Condition]) -> Vec<Verdict> {
    let mut steps = vec![outcome.inputs()];
    // What is awaited before anything is applied is the most telling step: it comes first.
    if let Outcome::Waiting(awaited) = outcome {
        let reason = awaited.first().map_or(Reason::Progressing, |awaited| awaited.reason);
        let said = (reason, outcome::all_awaited(awaited));
        steps.push(outcome::verdict(ConditionType::Applied, ConditionStatus::False, said));
    } else {
        steps.push(outcome.applied().unwrap_or_else(|| again(ConditionType::Applied, previous)));
    }
    steps.push(outcome.available().unwrap_or_else(|| again(ConditionType::Available, previous)));
    steps
}
