//! Floor 6: the command line.

mod crds;
mod docs;
mod run;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::telemetry::LogFormat;

/// Runs Score workloads on Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "score-operator", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the controllers, with the credentials of $KUBECONFIG or of the pod.
    Run(RunArgs),
    /// Print the `CustomResourceDefinitions`, or write them into a directory.
    Crds {
        /// The directory; one file per definition.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Write the generated reference pages into a directory.
    #[command(hide = true)]
    Docs {
        /// The directory; one file per page.
        #[arg(long)]
        dir: PathBuf,
    },
}

/// How to run the controllers.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// How log lines look; the level is that of $`RUST_LOG`.
    #[arg(long, value_enum, default_value_t)]
    log_format: LogFormat,
    /// How many workloads, and how many resources, are worked on at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// How long what was read of a Secret is trusted, in seconds.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    resync_seconds: u64,
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// What went wrong, for people.
    pub fn execute(self) -> Result<(), Error> {
        match self.command {
            Command::Run(args) => run::execute(&args),
            Command::Crds { dir } => crds::execute(dir.as_deref()),
            Command::Docs { dir } => docs::execute(&dir),
        }
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No cluster to talk to.
    #[error("no cluster to talk to: {0}; set KUBECONFIG, or run in a pod with a ServiceAccount")]
    Config(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The client cannot be set up.
    #[error("the client cannot be set up: {0}")]
    Client(#[source] kube::Error),
    /// A file cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A definition cannot be written as YAML.
    #[error("cannot write YAML: {0}")]
    Yaml(String),
    /// The runtime cannot be started.
    #[error("cannot start: {0}")]
    Start(#[source] std::io::Error),
}
