//! `cargo xtask`: the tasks of this repository.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Parser;
use xtask::controlplane::{Console, ControlPlane, Tools};

/// The tasks of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Run a Kubernetes control plane on this machine until Ctrl-C.
    Controlplane {
        /// New or empty directory for its files [default: one below the directory for temporary files].
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Task::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Controlplane { dir } => controlplane(dir),
    }
}

/// Ctrl-C simply ends this process: the control plane notices and ends itself.
fn controlplane(dir: Option<PathBuf>) -> Result<()> {
    let dir = dir.unwrap_or_else(default_dir);
    let tools = Tools::ensure(&Console::default())?;
    let mut controlplane = ControlPlane::start(&tools, &dir)?;
    println!("export KUBECONFIG={}", controlplane.kubeconfig().display());
    eprintln!(
        "Kubernetes runs at {}, logs are in {}. Ctrl-C ends it.",
        controlplane.server(),
        controlplane.logs().display()
    );
    Err(controlplane.wait().into())
}

fn default_dir() -> PathBuf {
    std::env::temp_dir().join(format!("score-operator-controlplane-{}", std::process::id()))
}
