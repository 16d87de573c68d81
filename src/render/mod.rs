//! Floor 3: from a plan to objects, pure and infallible: whatever could fail was refused by `plan`.
//! One file per rendered kind; every object is what server-side apply sends, no more.

pub mod cluster_scoped;
pub mod composed;
pub mod container;
pub mod deployment;
pub mod drift;
pub mod file;
pub mod generated;
pub mod job;
pub mod manifest;
mod object;
pub mod outlive;
pub mod owner;
mod patched;
pub mod pod;
pub mod probe;
pub mod resource;
mod secrets;
pub mod service;
pub mod stateful_set;

pub use manifest::{Manifest, Manifests};
pub use owner::{Owner, Whose};
pub use patched::fits;
pub use secrets::SecretValues;

use crate::plan::score::settings::Kind;
use crate::plan::workload::Workload;

/// The objects of a workload, in the order in which they are applied.
///
/// `secrets` holds the values of all that the workload refers to ([`Workload::secrets`]); without them the
/// objects are the same but for what depends on the values.
#[must_use]
pub fn workload(workload: &Workload, secrets: &SecretValues) -> Manifests {
    let service = (!workload.ports.is_empty()).then(|| service::render(workload));
    let runner = match &workload.kind {
        Kind::Deployment => vec![deployment::render(workload, secrets)],
        Kind::StatefulSet => stateful_set::render(workload, secrets).into(),
        Kind::Job(run) => vec![job::job(workload, *run, secrets)],
        Kind::CronJob(run, schedule) => vec![job::cron_job(workload, *run, schedule, secrets)],
    };
    Manifests::new(service.into_iter().chain(file::render(workload, secrets)).chain(runner))
}
