//! Floor 5: one file per controller. `wiring` says which change wakes which object, `queue` runs the
//! passes; each controller's `reconcile` is the pipeline of the design, top to bottom.

pub mod compose;
pub mod pass;
pub mod provision;
pub mod queue;
pub mod report;
pub mod resource;
pub mod retire;
pub mod rule;
pub mod turn;
pub mod wiring;
pub mod workload;

pub use wiring::{Options, run};
