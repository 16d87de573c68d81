//! A real Kubernetes control plane on this machine, without containers: etcd, kube-apiserver, kube-controller-manager
//! and kube-scheduler, and kwok, which makes a node and its pods look alive.
//!
//! [`Tools::ensure`] builds the programs once from the Go module in `tests/controlplane`; [`ControlPlane::start`] runs
//! as many control planes as wanted, each with its own directory and ports. It ends with its [`ControlPlane`], and also
//! if this process is killed. Linux only.

mod build;
mod cache;
mod error;
mod go;
mod kubectl;
mod progress;
mod running;
mod sources;
mod supervisor;
mod tools;

pub use error::Error;
pub use progress::{Console, Progress};
pub use running::{ControlPlane, Part};
pub use tools::Tools;
