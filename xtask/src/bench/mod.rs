//! `cargo xtask bench`: what the operator costs.

mod audit;
mod bare;
mod load;
mod operated;
mod render;
mod report;
mod stage;

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use tempfile::TempDir;
use xtask::controlplane::{Console, Tools};

use crate::{
    interrupt::Interrupt,
    steps::Steps,
    workspace::{self, Profile},
};
use load::Load;
use operated::Operated;
use report::Report;
use stage::Stage;

/// How many requests the operator and the bare client have in flight: more gains nothing.
const CONCURRENCY: usize = 8;

/// What is measured.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    /// Something else than the operator in a cluster.
    #[command(subcommand)]
    other: Option<Other>,
    /// How many workloads.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    workloads: u16,
    /// Give each workload a resource whose rule makes one `ConfigMap`.
    #[arg(long)]
    with_resource: bool,
    /// Write the figures into a file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What can be measured besides.
#[derive(clap::Subcommand)]
enum Other {
    /// `render`: milliseconds and memory for files and more files, without a cluster.
    Render(render::Options),
    /// The evaluation of a rule, without a cluster: time and memory per leaf.
    Rules,
}

/// Runs the benchmark: of ourselves, too, an optimised build, since the bare client is one of us.
pub fn run(options: &Options) -> Result<ExitCode> {
    match &options.other {
        Some(Other::Render(options)) => return render::run(options),
        Some(Other::Rules) => return bench_rules(),
        None => {}
    }
    if cfg!(debug_assertions) {
        return Err(run_optimised());
    }
    let load = Load { workloads: options.workloads.into(), with_resource: options.with_resource };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut dir = tempfile::Builder::new().prefix("score-bench-").tempdir()?;
    let measured = runtime.block_on(measure(load, &dir));
    let Some(report) = measured.map_err(|error| keep_logs(&mut dir, &error))? else {
        return Ok(ExitCode::from(130));
    };
    println!(
        "\n== {} workloads{}\n{report}",
        load.workloads,
        if load.with_resource { " with a resource each" } else { "" }
    );
    if let Some(file) = &options.json {
        let text = serde_json::to_string_pretty(&report)? + "\n";
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn bench_rules() -> Result<ExitCode> {
    let status =
        workspace::cargo().args(["bench", "--package", "score-operator", "--bench", "rules"]).status();
    let status = status.context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_optimised() -> anyhow::Error {
    let mut cargo = workspace::cargo();
    cargo.args(["run", "--release", "--bin", "xtask", "--"]).args(std::env::args_os().skip(1));
    if let Ok(here) = std::env::current_dir() {
        cargo.current_dir(here);
    }
    anyhow::Error::new(cargo.exec()).context("cannot run cargo")
}

fn keep_logs(dir: &mut TempDir, error: &anyhow::Error) -> anyhow::Error {
    dir.disable_cleanup(true);
    anyhow::anyhow!("{error:#}\n  logs: below {}", dir.path().display())
}

/// Nothing if it was interrupted.
async fn measure(load: Load, dir: &TempDir) -> Result<Option<Report>> {
    let mut steps = Steps::default();
    steps.begin("build", "the control plane, and the operator as it is shipped");
    let tools = Tools::ensure(&Console::default())?;
    let program = workspace::build_operator(Profile::Release)?;
    let mut interrupt = Interrupt::listen()?;
    tokio::select! {
        report = both(load, &tools, &program, dir.path(), &mut steps) => report.map(Some),
        () = interrupt.arrives() => Ok(None),
    }
}

/// One after the other, each on a fresh control plane: two at a time would fight for the processors.
async fn both(load: Load, tools: &Tools, program: &Path, dir: &Path, steps: &mut Steps) -> Result<Report> {
    steps.begin("the operator", &format!("{} workloads at once, on a fresh control plane", load.workloads));
    let stage = Stage::set(tools, &dir.join("operator"), load).await?;
    let Operated { report, children } = operated::run(&stage, program, load).await?;
    drop(stage);
    steps.begin("a bare client", &format!("{} children, {CONCURRENCY} requests in flight", children.len()));
    let stage = Stage::set(tools, &dir.join("bare"), load).await?;
    let bare_seconds = bare::run(&stage, &children).await?.as_secs_f64();
    println!("   {bare_seconds:.2} s");
    Ok(Report { bare_seconds, cold_ratio: report.cold_seconds / bare_seconds, ..report })
}
