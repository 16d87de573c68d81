//! The status of a ScoreWorkload.

use super::outcome::{self, Outcome, again, availability, holds, verdict};
use crate::api::conditions::{Condition, ConditionStatus, ConditionType, Reason, Verdict, stamp};
use crate::api::resource::InventoryEntry;
use crate::api::workload::ScoreWorkloadStatus;
use crate::plan::workload::WorkloadInputs;

/// Computes it. `previous` is the status before this pass, `inventory` what is known to be ours now,
/// `now` the time as RFC 3339.
#[must_use]
pub fn compute(
    inputs: &WorkloadInputs,
    outcome: &Outcome,
    previous: &ScoreWorkloadStatus,
    inventory: Vec<InventoryEntry>,
    now: &str,
) -> ScoreWorkloadStatus {
    let steps = steps(inputs, outcome, &previous.conditions);
    let error = match outcome {
        Outcome::Error(message) => Some(message.as_str()),
        _ => None,
    };
    let mut verdicts =
        outcome::summary(&steps, outcome.mood(), error, "the workload runs as its Score file says");
    verdicts.extend(steps);
    let ready = inputs.resources.values().filter(|state| state.is_ready()).count();
    ScoreWorkloadStatus {
        observed_generation: inputs.generation,
        conditions: stamp(verdicts, &previous.conditions, inputs.generation, now),
        resources: format!("{ready}/{}", inputs.demanded.max(inputs.resources.len())),
        inventory,
    }
}

/// One verdict per question, in the order in which a person would ask.
fn steps(inputs: &WorkloadInputs, outcome: &Outcome, previous: &[Condition]) -> Vec<Verdict> {
    let resources = match outcome {
        Outcome::Rejected(_) if inputs.resources.is_empty() => again(ConditionType::ResourcesReady, previous),
        _ => resources(inputs, outcome),
    };
    vec![
        outcome.inputs(),
        resources,
        outcome.applied().unwrap_or_else(|| again(ConditionType::Applied, previous)),
        outcome.available().unwrap_or_else(|| still_available(inputs, previous)),
    ]
}

/// Whether what was applied before works, where this pass applies nothing: the old pods run on, and may
/// fail meanwhile. Said of the generation that they were applied for; what was never applied as a whole is
/// not called available for the part of it that is there.
fn still_available(inputs: &WorkloadInputs, previous: &[Condition]) -> Verdict {
    let before = again(ConditionType::Available, previous);
    if inputs.running.is_empty() || before.status == ConditionStatus::Unknown {
        return before;
    }
    let now = availability(inputs.running.iter().map(|object| (&object.id, &object.live)));
    now.available().map_or(before.clone(), |now| Verdict { observed: before.observed, ..now })
}

/// Every resource that is not ready, a line each: also where its last good outputs serve on
/// (decision 10).
fn resources(inputs: &WorkloadInputs, outcome: &Outcome) -> Verdict {
    let type_ = ConditionType::ResourcesReady;
    let waiting = inputs.resources.iter().filter(|(_, state)| !state.is_ready());
    let mut lines: Vec<_> = waiting.map(|(name, state)| state.describe(name)).collect();
    if let (true, Outcome::Waiting(awaited)) = (lines.is_empty(), outcome) {
        // A wait for anything else shows in `Applied`.
        let of_resources = awaited.iter().filter(|awaited| awaited.reason == Reason::WaitingForResources);
        lines.extend(of_resources.map(|awaited| awaited.message.clone()));
    }
    match (lines.is_empty(), inputs.resources.is_empty()) {
        (false, _) => verdict(type_, ConditionStatus::False, (Reason::WaitingForResources, lines.join("\n"))),
        (true, true) => holds(type_, Reason::Ready, "the workload asks for no resources"),
        (true, false) => holds(type_, Reason::Ready, "every resource is ready"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::api::conditions::find;
    use crate::api::resource::ObjectId;
    use crate::plan::workload::Running;
    use crate::status::Refusal;

    /// A pass whose Deployment was refused when a ConfigMap had been made.
    fn refused(previous: &ScoreWorkloadStatus) -> ScoreWorkloadStatus {
        let id = |kind: &str| ObjectId { api_version: "v1".into(), kind: kind.into(), name: "web".into() };
        let live = json!({"apiVersion": "v1", "kind": "ConfigMap"});
        let inputs = WorkloadInputs {
            name: "web".into(),
            namespace: "shop".into(),
            uid: "1".into(),
            generation: 1,
            spec: Map::new(),
            demanded: 0,
            defaults: crate::plan::workload::NamespaceDefaults::default(),
            resources: std::collections::BTreeMap::new(),
            siblings: Vec::new(),
            running: vec![Running { id: id("ConfigMap"), live }],
        };
        let refusal = Refusal { object: id("Deployment"), reason: Reason::Refused, message: "no".into() };
        compute(&inputs, &Outcome::Refused(vec![refusal]), previous, Vec::new(), "now")
    }

    #[test]
    fn what_was_never_applied_as_a_whole_is_not_called_available() {
        let first = refused(&ScoreWorkloadStatus::default());
        let available = find(&first.conditions, ConditionType::Available).expect("a condition");
        assert_eq!(available.status, ConditionStatus::Unknown, "{}", available.message);
        assert_eq!(refused(&first), first, "nor by the next pass");
    }
}
