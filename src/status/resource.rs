//! The status of a ScoreResource.

use serde_json::{Map, Value};

use super::outcome::{self, Outcome, again};
use crate::api::conditions::{Condition, ConditionStatus, ConditionType, Reason, Verdict, stamp};
use crate::api::labels::MOVE_TO;
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

/// What is to be said of a resource that is being moved to the rule that it is `bound` to: which rule's objects serve
/// meanwhile, and how to take the move back if that rule is among the `others` that match. `None` where it is not being
/// moved.
#[must_use]
pub fn moving(bound: Option<&str>, made_by: Option<&MadeBy>, others: &[String]) -> Option<String> {
    let (bound, old) = (bound?, &made_by?.rule);
    if bound == old {
        return None;
    }
    let back = if others.contains(old) {
        format!("; the annotation `{MOVE_TO}: {old}` takes it back")
    } else {
        String::new()
    };
    Some(format!("being moved from rule `{old}`, whose objects still serve, to `{bound}`{back}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bound: &str, old: &str, others: &[&str]) -> Option<String> {
        let made_by = MadeBy { rule: old.to_owned(), revision: "1".to_owned(), tried: None, retained: false };
        let others: Vec<_> = others.iter().map(|&name| name.to_owned()).collect();
        moving(Some(bound), Some(&made_by), &others)
    }

    #[test]
    fn p04_a_move_under_way_says_from_where_and_how_to_take_it_back() {
        assert_eq!(
            said("new", "old", &["old"]).as_deref(),
            Some(
                "being moved from rule `old`, whose objects still serve, to `new`; the annotation `k8s.score.dev/move-to: old` takes it back"
            )
        );
        let gone = said("new", "gone", &["old"]).unwrap();
        assert!(!gone.contains("takes it back"), "a rule that does not match cannot have it: {gone}");
        assert_eq!(said("old", "old", &["new"]), None);
        assert_eq!(moving(Some("new"), None, &[]), None, "nothing was made yet");
    }
}
