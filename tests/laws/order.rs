//! The order in which things come does not matter, and the same comes out of the same.

use std::sync::Arc;

use proptest::prelude::*;
use score_operator::api::rule::ProvisionerRuleSpec;
use score_operator::plan::binding::bind;
use score_operator::plan::index::ResourceKey;
use score_operator::plan::rule::select::{Labels, Subject, matching};
use score_operator::plan::rule::{Rule, compile};
use score_operator::plan::workload::{WorkloadInputs, plan};
use score_operator::render::Manifests;
use serde_json::{Value, json};

use super::binding::{binding, index, put};
use super::given::{self, NAMESPACE};
use super::{config, rendered};

proptest! {
    #![proptest_config(config())]

    /// covers: X32
    #[test]
    fn rendering_is_deterministic(inputs in given::workload()) {
        let again: WorkloadInputs = serde_json::from_value(json!(inputs)).expect("inputs survive being written down");
        prop_assert_eq!(plan(&inputs), plan(&again));
        prop_assert_eq!(rendered(&inputs).as_ref().map(bytes), rendered(&again).as_ref().map(bytes));
    }

    /// covers: X16
    #[test]
    fn the_order_of_rules_does_not_matter(specs in prop::collection::vec(given::rule_match(), 1..6), seed in any::<prop::sample::Index>()) {
        let rule = |(index, spec): (usize, &Value)| {
            let spec: ProvisionerRuleSpec = serde_json::from_value(spec.clone()).expect("a rule");
            Arc::new(compile(&format!("rule-{index}"), &spec).expect("a good rule"))
        };
        let rules: Vec<Arc<Rule>> = specs.iter().enumerate().map(rule).collect();
        let mut turned = rules.clone();
        turned.rotate_left(seed.index(rules.len()));
        turned.reverse();
        prop_assert_eq!(best_first(&rules), best_first(&turned));
    }

    #[test]
    fn the_order_in_which_workloads_come_does_not_matter(
        (files, shuffled) in prop::collection::vec(given::consumer(), 1..5)
            .prop_map(|files| files.into_iter().enumerate().collect::<Vec<_>>())
            .prop_flat_map(|files| (Just(files.clone()), Just(files).prop_shuffle())),
        gone in prop::collection::vec(given::consumer(), 0..3),
    ) {
        let straight = index(&files);
        let mut other = index(&shuffled);
        // Some were there for a while, under names of their own and under those that stay.
        for (number, file) in gone.iter().enumerate() {
            put(&mut other, &format!("gone-{number}"), file);
            put(&mut other, "app-0", file);
            other.remove(NAMESPACE, &format!("gone-{number}"));
        }
        if let Some((_, file)) = files.first() {
            put(&mut other, "app-0", file);
        }
        let key = ResourceKey { namespace: NAMESPACE.into(), uid: given::uid() };
        prop_assert_eq!(straight.demands(&key), other.demands(&key));
        prop_assert_eq!(straight.consumers(&key), other.consumers(&key));
        prop_assert_eq!(straight.dependents(&key), other.dependents(&key));
        prop_assert_eq!(bind(&binding(&straight, None, "g")), bind(&binding(&other, None, "g")));
    }

    #[test]
    fn the_order_of_other_workloads_does_not_matter_to_a_plan(inputs in given::workload(), siblings in prop::collection::vec(given::consumer(), 0..4)) {
        let files: Vec<_> = siblings.into_iter().enumerate().collect();
        let mut demands = index(&files).demands(&ResourceKey { namespace: NAMESPACE.into(), uid: given::uid() });
        let mut spec = inputs.spec.clone();
        spec.insert("resources".into(), json!({"db": {"type": "thing", "id": "shared", "params": {"size": 1}}}));
        let with = |siblings| WorkloadInputs { siblings, spec: spec.clone(), ..inputs.clone() };
        let straight = plan(&with(demands.clone()));
        demands.reverse();
        prop_assert_eq!(straight, plan(&with(demands)));
    }
}

fn best_first(rules: &[Arc<Rule>]) -> Vec<String> {
    let labels = Labels::from([("env".into(), "prod".into())]);
    let subject = Subject { uid: &given::uid(), namespace_labels: &labels, workload_labels: &labels };
    matching(rules, subject).into_iter().map(|rule| rule.name.clone()).collect()
}

/// What would be sent, to the byte.
fn bytes(manifests: &Manifests) -> String {
    json!(manifests.iter().map(|manifest| &manifest.body).collect::<Vec<_>>()).to_string()
}
