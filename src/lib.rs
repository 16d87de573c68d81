//! score-operator: runs Score workloads on Kubernetes.
//!
//! The floors, imports pointing down only: `cli` → `controller` → `cluster` → `render`, `status` →
//! `plan` → `template` → `api`; `telemetry` stands beside them, and `offline`, which works on files, beside
//! `controller` and `cluster`.

pub mod api;
pub mod cli;
pub mod cluster;
pub mod controller;
pub mod offline;
pub mod plan;
pub mod render;
pub mod status;
pub mod telemetry;
pub mod template;
