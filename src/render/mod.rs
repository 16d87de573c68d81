//! Floor 3: from a plan to objects, pure and infallible: whatever could fail was refused by `plan`.
//! One file per rendered kind; every object is what server-side apply sends, no more.

pub mod container;
pub mod deployment;
pub mod drift;
pub mod generated;
pub mod manifest;
pub mod owner;
pub mod quantity;
pub mod resource;
pub mod service;

pub use manifest::{Manifest, Manifests};
pub use owner::Owner;

use crate::plan::workload::Workload;

/// The objects of a workload, in the order in which they are applied.
#[must_use]
pub fn workload(workload: &Workload) -> Manifests {
    let service = (!workload.ports.is_empty()).then(|| service::render(workload));
    Manifests::new(service.into_iter().chain([deployment::render(workload)]))
}
