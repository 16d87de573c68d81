//! Floor 6: the command line.

mod changes;
mod completion;
mod crds;
mod diff;
mod docs;
mod engine;
pub mod exit;
mod explain;
mod files;
mod help;
mod live;
mod render;
mod report;
mod rules;
mod run;
mod schemas;
mod sources;
mod unwrap;
mod validate;
mod version;
mod wrap;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::telemetry::LogFormat;
use exit::Failure;

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
    /// Turn a Score file into a ScoreWorkload.
    #[command(after_help = help::WRAP)]
    Wrap(wrap::WrapArgs),
    /// Turn a ScoreWorkload into a Score file.
    #[command(after_help = help::UNWRAP)]
    Unwrap(unwrap::UnwrapArgs),
    /// Check Score files and ScoreWorkloads, without a cluster.
    #[command(after_help = help::VALIDATE)]
    Validate(validate::ValidateArgs),
    /// Print the objects that the operator would make of Score files, without a cluster.
    #[command(after_help = help::RENDER)]
    Render(render::RenderArgs),
    /// Say which rule provides each resource and why, what it offers, and which objects there are.
    #[command(after_help = help::EXPLAIN)]
    Explain(explain::ExplainArgs),
    /// Show what would change in the cluster if Score files were applied.
    #[command(after_help = help::DIFF)]
    Diff(diff::DiffArgs),
    /// Check, test and list the rules of a platform team.
    Rules {
        #[command(subcommand)]
        command: rules::Command,
    },
    /// Write the JSON Schemas of rules, their tests and ScoreWorkloads, for editors.
    #[command(after_help = help::SCHEMAS)]
    Schemas {
        /// The directory; one file per kind.
        #[arg(long)]
        dir: PathBuf,
    },
    /// Print a script that completes arguments in a shell.
    #[command(after_help = help::COMPLETION)]
    Completion {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the versions of the program, of Score and of our API.
    Version,
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

/// Runs the program: `arguments` begin with its own name. Gives what the shell sees.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    match parse(arguments) {
        Ok(cli) => cli.execute().map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS),
        Err(error) => {
            // Nobody is left to be told where stdout and stderr are closed.
            drop(error.print());
            // clap's own status for a wrong usage is 2, which here means that the input is refused.
            ExitCode::from(u8::from(error.use_stderr()))
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Cli, clap::Error> {
    let command = match arguments.first() {
        Some(program) if is_plugin(program.as_ref()) => plugin(Cli::command()),
        _ => Cli::command(),
    };
    command.try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches))
}

/// The same commands as kubectl's users type them.
fn plugin(command: clap::Command) -> clap::Command {
    let examples = |command: clap::Command| match command.get_after_help().map(ToString::to_string) {
        Some(help) => command.after_help(help.replace("score-operator ", "kubectl score ")),
        None => command,
    };
    let examples = |command: clap::Command| examples(command).mut_subcommands(examples);
    command.name("kubectl-score").bin_name("kubectl score").mut_subcommands(examples)
}

/// Whether kubectl runs us: it finds a plugin by the name of its file.
fn is_plugin(program: &Path) -> bool {
    let name = program.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("kubectl-score"))
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// How it ended, where it did not end well.
    pub fn execute(self) -> Result<(), Failure> {
        match self.command {
            Command::Run(args) => run::execute(&args),
            Command::Crds { dir } => crds::execute(dir.as_deref()),
            Command::Docs { dir } => docs::execute(&dir),
            Command::Wrap(args) => wrap::execute(args),
            Command::Unwrap(args) => unwrap::execute(&args),
            Command::Validate(args) => validate::execute(&args),
            Command::Render(args) => render::execute(args),
            Command::Explain(args) => explain::execute(args),
            Command::Diff(args) => diff::execute(args),
            Command::Rules { command } => rules::execute(command),
            Command::Schemas { dir } => schemas::execute(&dir),
            Command::Completion { shell } => completion::execute(shell),
            Command::Version => version::execute(),
        }
    }
}
