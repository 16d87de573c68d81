//! `cargo xtask`: the tasks of this repository.

mod bench;
mod cluster;
mod codegen;
mod demo;
mod install;
mod interrupt;
mod operator;
mod steps;
mod test;
mod workspace;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Parser;
use xtask::controlplane::{Console, ControlPlane, Tools};

/// The tasks of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
enum Task {
    /// Show the operator at work: a Score file becomes a running workload on a real Kubernetes API server.
    Demo(demo::Options),
    /// Run all tests, with further arguments for `cargo test` if given: `cargo xtask test -- --test golden`.
    Test {
        /// Arguments for `cargo test`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure what the operator costs, beside a client that does nothing but apply.
    Bench(bench::Options),
    /// Write the CRDs in crds/ and the reference pages in docs/ anew, from the types and tables in `src`.
    Codegen {
        /// Write nothing, and fail if something would have to be written.
        #[arg(long)]
        check: bool,
    },
    /// Run a Kubernetes control plane on this machine until Ctrl-C.
    Controlplane {
        /// New or empty directory for its files [default: one below the directory for temporary files].
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Become another program that ends when we do.
    #[command(name = operator::EXEC_BOUND, hide = true)]
    ExecBound {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match run(Task::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    match task {
        Task::Demo(options) => demo::run(&options),
        Task::Test { arguments } => test::run(&arguments),
        Task::Bench(options) => bench::run(&options),
        Task::Codegen { check } => codegen::run(check).map(done),
        Task::Controlplane { dir } => controlplane(dir).map(done),
        Task::ExecBound { command } => operator::exec_bound(&command).map(done),
    }
}

fn done(_: ()) -> ExitCode {
    ExitCode::SUCCESS
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
