//! The operator on a real control plane.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the exception for tests does not reach their helpers"
)]
#![allow(clippy::needless_pass_by_value, reason = "`json!` makes values")]
#![allow(clippy::large_futures, reason = "typed Kubernetes objects are large, and a test has few of them")]

#[path = "../support/mod.rs"]
mod support;

mod a_steady_state;
mod away;
mod bad_input;
mod boutique;
mod cli;
mod cluster_scoped;
mod composed;
mod crash;
mod default_rules;
mod default_shared;
mod deletion;
mod examples;
mod files;
mod frozen;
mod gateway;
mod guardrails;
mod guide;
mod kinds;
mod lifecycle;
mod moves;
mod ownership;
mod patches;
mod pods;
mod real_files;
mod rollout;
mod rotation;
mod rule_edits;
mod schema;
mod second_look;
mod sharing;
mod status;
mod told;
mod troubleshooting;
mod verdicts;
mod volumes;
mod waiting;
mod window;
