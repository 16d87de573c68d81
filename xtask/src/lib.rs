//! What the tasks of this repository and its tests against a cluster have in common.

pub mod controlplane;
