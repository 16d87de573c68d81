//! What a ScoreResource's spec must be, from all workloads of its namespace (decisions 1 and 3;
//! P01–P04): one writer, whatever the order in which consumers come and go.

use serde::{Deserialize, Serialize};

use super::demand::Demand;
use crate::api::names::ResourceUid;
use crate::api::resource::ScoreResourceSpec;

/// All that the binding depends on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BindingInputs {
    /// The resource.
    pub uid: ResourceUid,
    /// Its spec, if it exists.
    pub existing: Option<ScoreResourceSpec>,
    /// Who demands it now, by workload and name.
    pub demands: Vec<Demand>,
    /// Consumers that cannot be read now, or have not let go yet: a Score file edited into nonsense
    /// still holds what it ran with.
    pub holders: Vec<String>,
    /// The best rule of now; it binds a resource that has none.
    pub best_rule: Option<String>,
    /// The rule that a person asks to move it to (P04).
    #[serde(default)]
    pub move_to: Option<String>,
    /// The guid of a resource that is new.
    pub new_guid: String,
}

/// What becomes of the ScoreResource.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum Binding {
    /// It is there, with this spec.
    Keep {
        /// The spec.
        spec: Box<ScoreResourceSpec>,
        /// The workloads whose params differ from those in force (P03).
        conflicts: Vec<String>,
    },
    /// Nobody needs it any more.
    Release,
}

/// Decides it.
#[must_use]
pub fn bind(inputs: &BindingInputs) -> Binding {
    if inputs.demands.is_empty() && inputs.holders.is_empty() {
        return Binding::Release;
    }
    let source = source(inputs);
    let accepted = accepted(inputs, source.as_deref());
    let spec = spec(inputs, source, accepted);
    let conflicts = conflicts(&inputs.demands, &spec);
    Binding::Keep { spec: Box::new(spec), conflicts }
}

/// The workload that first defined it, for as long as it does; then the next by name (H14).
fn source(inputs: &BindingInputs) -> Option<String> {
    let old = inputs.existing.as_ref().and_then(|spec| spec.source_workload.clone());
    let keeps = |name: &String| {
        inputs.demands.iter().any(|demand| &demand.workload == name) || inputs.holders.contains(name)
    };
    let first = || inputs.demands.first().map(|demand| demand.workload.clone());
    old.clone().filter(keeps).or_else(first).or(old)
}

/// The demand whose params are in force: the source's own, else the first that has any.
fn accepted<'a>(inputs: &'a BindingInputs, source: Option<&str>) -> Option<&'a Demand> {
    let mut full = inputs.demands.iter().filter(|demand| !demand.is_bare());
    let of_source = full.clone().find(|demand| Some(demand.workload.as_str()) == source);
    of_source.or_else(|| full.clone().find(|demand| is_in_force(demand, inputs))).or_else(|| full.next())
}

fn is_in_force(demand: &Demand, inputs: &BindingInputs) -> bool {
    inputs
        .existing
        .as_ref()
        .is_some_and(|spec| spec.params == demand.params && spec.metadata == demand.metadata)
}

fn spec(inputs: &BindingInputs, source: Option<String>, accepted: Option<&Demand>) -> ScoreResourceSpec {
    let existing = inputs.existing.as_ref();
    let held = existing.filter(|_| accepted.is_none() && !inputs.holders.is_empty());
    let params = accepted.map(|demand| &demand.params).or(held.map(|spec| &spec.params));
    let metadata = accepted.map(|demand| &demand.metadata).or(held.map(|spec| &spec.metadata));
    ScoreResourceSpec {
        type_: inputs.uid.type_.clone(),
        class: inputs.uid.class.clone(),
        id: inputs.uid.id.clone(),
        rule: rule(inputs),
        guid: existing.map_or_else(|| inputs.new_guid.clone(), |spec| spec.guid.clone()),
        source_workload: source,
        params: params.cloned().unwrap_or_default(),
        metadata: metadata.cloned().unwrap_or_default(),
    }
}

/// The rule that it is bound to stays, unless a person says otherwise (P04).
fn rule(inputs: &BindingInputs) -> Option<String> {
    let bound = inputs.existing.as_ref().and_then(|spec| spec.rule.as_ref());
    inputs.move_to.as_ref().or(bound).or(inputs.best_rule.as_ref()).cloned()
}

/// The workloads that ask for other params or metadata than those in force.
fn conflicts(demands: &[Demand], spec: &ScoreResourceSpec) -> Vec<String> {
    let differs = |demand: &&Demand| {
        !demand.is_bare() && (demand.params != spec.params || demand.metadata != spec.metadata)
    };
    let mut names: Vec<_> = demands.iter().filter(differs).map(|demand| demand.workload.clone()).collect();
    names.dedup();
    names
}

/// The demand whose names and metadata the placeholders in the params in force mean.
#[must_use]
pub fn author<'a>(demands: &'a [Demand], spec: &ScoreResourceSpec) -> Option<&'a Demand> {
    let same = |demand: &&Demand| demand.params == spec.params && demand.metadata == spec.metadata;
    let of_source = |demand: &&Demand| Some(&demand.workload) == spec.source_workload.as_ref();
    let found = demands.iter().find(|demand| same(demand) && of_source(demand));
    found.or_else(|| demands.iter().find(same)).or_else(|| demands.iter().find(of_source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value, json};
    use std::collections::BTreeMap;

    fn params(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    fn uid() -> ResourceUid {
        ResourceUid { type_: "postgres".into(), class: "default".into(), id: "db".into() }
    }

    fn demand(workload: &str, wanted: &Value) -> Demand {
        Demand {
            workload: workload.into(),
            resource: "db".into(),
            uid: uid(),
            params: params(wanted),
            metadata: Map::new(),
            depends_on: BTreeMap::new(),
        }
    }

    fn inputs(existing: Option<ScoreResourceSpec>, demands: Vec<Demand>) -> BindingInputs {
        BindingInputs {
            uid: uid(),
            existing,
            demands,
            holders: vec![],
            best_rule: Some("best".into()),
            move_to: None,
            new_guid: "new".into(),
        }
    }

    fn kept(inputs: &BindingInputs) -> (ScoreResourceSpec, Vec<String>) {
        match bind(inputs) {
            Binding::Keep { spec, conflicts } => (*spec, conflicts),
            Binding::Release => panic!("released"),
        }
    }

    #[test]
    fn p01_a_new_resource_is_bound_to_the_best_rule() {
        let (spec, conflicts) = kept(&inputs(None, vec![demand("a", &json!({"v": 1}))]));
        assert_eq!((spec.rule.as_deref(), spec.guid.as_str()), (Some("best"), "new"));
        assert_eq!(spec.source_workload.as_deref(), Some("a"));
        assert!(conflicts.is_empty());
    }

    #[test]
    fn p02_it_goes_with_the_last_consumer_only() {
        let (spec, _) = kept(&inputs(None, vec![demand("a", &json!({})), demand("b", &json!({}))]));
        let (spec, _) = kept(&inputs(Some(spec), vec![demand("b", &json!({}))]));
        assert_eq!(spec.source_workload.as_deref(), Some("b"));
        assert_eq!(bind(&inputs(Some(spec), vec![])), Binding::Release);
    }

    #[test]
    fn p03_params_that_differ_conflict_and_the_first_stays() {
        let (spec, _) = kept(&inputs(None, vec![demand("b", &json!({"v": 1}))]));
        let both = vec![demand("a", &json!({"v": 2})), demand("b", &json!({"v": 1}))];
        let (spec, conflicts) = kept(&inputs(Some(spec), both));
        assert_eq!(spec.params, params(&json!({"v": 1})));
        assert_eq!(conflicts, ["a"]);
    }

    #[test]
    fn p03_a_bare_demand_and_one_with_params_agree() {
        let both = vec![demand("a", &json!({})), demand("b", &json!({"v": 1}))];
        let (spec, conflicts) = kept(&inputs(None, both.clone()));
        assert_eq!(spec.params, params(&json!({"v": 1})));
        assert!(conflicts.is_empty());
        assert_eq!(author(&both, &spec).map(|demand| demand.workload.as_str()), Some("b"));
    }

    #[test]
    fn p04_a_better_rule_does_not_move_it() {
        let (spec, _) = kept(&inputs(None, vec![demand("a", &json!({}))]));
        let mut later = inputs(Some(spec), vec![demand("a", &json!({}))]);
        later.best_rule = Some("better".into());
        assert_eq!(kept(&later).0.rule.as_deref(), Some("best"));
    }

    #[test]
    fn p04_it_moves_when_a_person_asks() {
        let (spec, _) = kept(&inputs(None, vec![demand("a", &json!({}))]));
        let mut asked = inputs(Some(spec), vec![demand("a", &json!({}))]);
        asked.move_to = Some("other".into());
        assert_eq!(kept(&asked).0.rule.as_deref(), Some("other"));
    }

    #[test]
    fn a_consumer_that_cannot_be_read_holds_all_as_it_was() {
        let (spec, _) = kept(&inputs(None, vec![demand("a", &json!({"v": 1}))]));
        let mut broken = inputs(Some(spec.clone()), vec![]);
        broken.holders = vec!["a".into()];
        assert_eq!(kept(&broken).0, spec);
    }
}
