//! Laws of the pure core: what holds for any Score file, any rule, any order and any course of events.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

use proptest::prelude::ProptestConfig;
use score_operator::plan::Plan;
use score_operator::plan::workload::{WorkloadInputs, plan};
use score_operator::render::{self, Manifests};

#[path = "alone/mod.rs"]
mod alone;

#[path = "laws/binding.rs"]
mod binding;
#[path = "laws/drift.rs"]
mod drift;
#[path = "laws/given.rs"]
mod given;
#[path = "laws/order.rs"]
mod order;
#[path = "laws/outputs.rs"]
mod outputs;
#[path = "laws/patches.rs"]
mod patches;
#[path = "laws/pods.rs"]
mod pods;
#[path = "laws/rules.rs"]
mod rules;
#[path = "laws/secrets.rs"]
mod secrets;
#[path = "laws/server.rs"]
mod server;
#[path = "laws/status.rs"]
mod status;
#[path = "laws/taint.rs"]
mod taint;

/// Some hundred inputs per law, new ones each time; a failure prints the smallest that fails.
fn config() -> ProptestConfig {
    ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() }
}

/// What a workload becomes, if nothing is wrong or missing.
fn rendered(inputs: &WorkloadInputs) -> Option<Manifests> {
    match plan(inputs).and_then(render::fits) {
        Plan::Ready(workload) => Some(render::workload(&workload, &given::secret_values(&workload))),
        Plan::Pending(_) | Plan::Rejected(_) => None,
    }
}
