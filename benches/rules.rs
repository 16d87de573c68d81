//! What the rule `postgres` costs: compiled once per revision, evaluated once per resource and pass.
//!
//! `cargo xtask bench rules` runs it. Times are of this machine; bytes are exact.

#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark may end")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use score_operator::api::rule::{ProvisionerRule, ProvisionerRuleSpec};
use score_operator::plan::Plan;
use score_operator::plan::resource::{Part, ResourceInputs, evaluate, offer};
use score_operator::plan::rule::{Rule, compile};
use score_operator::template::Node;
use serde_json::json;

#[path = "../tests/alone/mod.rs"]
mod alone;

const RUNS: u32 = 2_000;
const RULE: &str = include_str!("../config/rules/postgres.yaml");

fn main() {
    let rule: ProvisionerRule = serde_saphyr::from_str(RULE).expect("YAML");
    let mut compiled = None;
    let admission = measure(|| compiled = Some(compiled_rule(&rule.spec)));
    let compiled = compiled.expect("a rule");
    let leaves = leaves(&compiled);
    println!("rule postgres: {leaves} leaves with expressions");
    let compiling = fastest(RUNS / 10, || drop(black_box(compiled_rule(&rule.spec))));
    println!("compiled once per revision: {compiling:?}, {} KiB held", admission.bytes_current / 1024);

    let one = inputs("web.db");
    let allocated = measure(|| provide(&compiled, &one));
    let time = fastest(RUNS, || provide(&compiled, &one));
    let output = output(&compiled, &one);
    println!("evaluated for a resource: {time:?}, {output} bytes of output");
    println!(
        "per leaf: {} ns, {} bytes allocated, {} of them at once",
        time.as_nanos() / u128::from(leaves),
        allocated.bytes_total / leaves,
        allocated.bytes_max / leaves
    );
    shared(&compiled);
}

/// Two resources, and as many as one likes, use one compiled rule.
fn shared(compiled: &Arc<Rule>) {
    let (first, second) = (Arc::clone(compiled), Arc::clone(compiled));
    let held = measure(|| {
        provide(&first, &inputs("web.db"));
        provide(&second, &inputs("shop.db"));
    });
    println!(
        "two resources: one compiled rule ({} references to it), {} bytes held after both",
        Arc::strong_count(compiled),
        held.bytes_current
    );
}

fn compiled_rule(spec: &ProvisionerRuleSpec) -> Arc<Rule> {
    Arc::new(compile("postgres", spec).unwrap_or_else(|problems| panic!("{problems:?}")))
}

fn leaves(rule: &Rule) -> u64 {
    let of = |node: &Node| node.leaves().count() as u64;
    let locals = rule.locals.iter().map(|(_, node)| node);
    let manifests = rule.manifests.iter().map(|manifest| &manifest.node);
    locals.chain(manifests).chain(rule.outputs.values()).map(of).sum()
}

fn provide(rule: &Rule, inputs: &ResourceInputs) {
    let Plan::Ready(evaluated) = evaluate(rule, Part::Own, inputs) else {
        panic!("the rule cannot be evaluated")
    };
    black_box(offer(rule, &evaluated, &BTreeMap::new()));
}

fn output(rule: &Rule, inputs: &ResourceInputs) -> usize {
    let Plan::Ready(evaluated) = evaluate(rule, Part::Own, inputs) else {
        panic!("the rule cannot be evaluated")
    };
    let objects: usize = evaluated.objects.iter().map(|object| object.body.to_string().len()).sum();
    match offer(rule, &evaluated, &BTreeMap::new()) {
        Plan::Ready(offer) => objects + json!(offer.outputs).to_string().len(),
        _ => objects,
    }
}

/// The fastest run: what others do to the machine only ever adds to it.
fn fastest(runs: u32, mut run: impl FnMut()) -> Duration {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..runs).map(|_| time(&mut run)).min().unwrap_or_default()
}

fn inputs(id: &str) -> ResourceInputs {
    let spec = json!({"type": "postgres", "class": "default", "id": id, "guid": "0123456789", "params": {}});
    alone::inputs("team-a", spec, [("password".to_owned(), "x".repeat(32))].into())
}
