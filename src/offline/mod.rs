//! Floor 5: the operator without a cluster; pure, reading files is a function that is passed in. It stands
//! beside `controller` and must never see it, nor `cluster`: whoever has a cluster hands in what is there.
//!
//! One half handles Score files as text: read, overridden, upgraded, made whole, wrapped into a ScoreWorkload
//! and unwrapped, validated. The other runs the same `plan` and `render` that the controllers use: workloads
//! and rules in, manifests and reasons out.

pub mod compare;
pub mod document;
pub mod explain;
pub mod finding;
pub mod graph;
pub mod image;
pub mod inline;
pub mod live;
pub mod offer;
pub mod overrides;
pub mod print;
pub mod project;
mod provision;
pub mod resource;
pub mod rules;
pub mod ruletest;
pub mod source;
pub mod supplied;
pub mod supposed;
pub mod upgrade;
pub mod workload;
pub mod yaml;
