//! What a rule allocates: its compiled form once, and for each resource in proportion to what it makes.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

use std::collections::BTreeMap;
use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use score_operator::api::rule::ProvisionerRule;
use score_operator::plan::Plan;
use score_operator::plan::resource::{Part, evaluate, offer};
use score_operator::plan::rule::{Rule, compile};
use serde_json::{Value, json};

#[path = "alone/mod.rs"]
mod alone;

fn compiled(text: &str) -> Arc<Rule> {
    let rule: ProvisionerRule = serde_saphyr::from_str(text).expect("YAML");
    Arc::new(compile("it", &rule.spec).unwrap_or_else(|problems| panic!("{problems:?}")))
}

fn postgres() -> Arc<Rule> {
    compiled(include_str!("../config/rules/postgres.yaml"))
}

fn provide(rule: &Rule, id: &str, params: &Value) {
    let spec =
        json!({"type": rule.type_, "class": "default", "id": id, "guid": "0123456789", "params": params});
    let inputs = alone::inputs(
        "team-a",
        spec,
        rule.generate.keys().map(|name| (name.clone(), "x".repeat(32))).collect(),
    );
    let Plan::Ready(evaluated) = evaluate(rule, Part::Own, &inputs) else { panic!("it cannot be evaluated") };
    assert!(matches!(offer(rule, &evaluated, &BTreeMap::new()), Plan::Ready(_)));
}

#[test]
fn resources_share_one_compiled_rule() {
    let rule = postgres();
    let compiling = measure(|| drop(postgres()));
    provide(&rule, "warm.up", &json!({}));
    let (first, second) = (Arc::clone(&rule), Arc::clone(&rule));
    assert!(Arc::ptr_eq(&first, &second));
    let AllocationInfo { bytes_total, bytes_current, .. } = measure(|| {
        provide(&first, "web.db", &json!({}));
        provide(&second, "shop.db", &json!({"version": "17"}));
    });
    assert_eq!(bytes_current, 0, "nothing is kept of an evaluation");
    assert!(
        bytes_total < compiling.bytes_total,
        "two evaluations take {bytes_total}, to compile {}",
        compiling.bytes_total
    );
}

#[test]
fn an_evaluation_allocates_in_proportion_to_its_output() {
    let text = r#"
metadata: {name: it}
apiVersion: k8s.score.dev/v1alpha1
kind: ProvisionerRule
spec:
  match: {type: thing}
  params: {type: object}
  outputs: {o: {"$each": "{{ params.list }}", "$do": {key: "{{ item }}-{{ index }}"}}}
"#;
    let rule = compiled(text);
    let allocated = |items: usize| {
        let params = json!({"list": vec!["some text"; items]});
        measure(|| provide(&rule, "web.it", &params)).bytes_total
    };
    allocated(1);
    let (few, many) = (allocated(25), allocated(250));
    assert!(many < 10 * few, "{few} bytes for 25 items, {many} for 250");
}
