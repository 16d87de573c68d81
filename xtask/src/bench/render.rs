//! `cargo xtask bench render`: what `render` costs, for files and more files.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use crate::{
    operator::peak_memory_kib,
    workspace::{self, Profile},
};

/// Runs of each size; the best counts, as others share the machine.
const RUNS: usize = 5;
/// The real workloads.
const BOUTIQUE: &str = "tests/data/score/examples/samples/onlineboutique";
/// What those need that no default rule provides.
const BOUTIQUE_CASE: &str = "tests/cli_engine/online-boutique";

/// What is measured.
#[derive(clap::Args)]
pub struct Options {
    /// How many workloads, with a database each [default: 250, 500 and 1000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    workloads: Vec<u16>,
}

/// Figures of one size.
struct Cost {
    time: Duration,
    peak_kib: u64,
}

/// Runs the benchmark.
pub fn run(options: &Options) -> Result<ExitCode> {
    let program = workspace::build_operator(Profile::Release)?;
    let dir = tempfile::Builder::new().prefix("score-bench-render-").tempdir()?;
    println!("{:28} {:>10} {:>10}   growth of time, of files", "", "ms", "MiB");
    report("Online Boutique, 11", &cost(&program, &boutique())?, None);
    let sizes = if options.workloads.is_empty() { &[250, 500, 1000][..] } else { &options.workloads };
    let mut before: Option<(f64, Duration)> = None;
    for size in sizes {
        let files = write(&dir.path().join(size.to_string()), *size)?;
        let found = cost(&program, &[files.as_path(), Path::new("--assume-ready")])?;
        let growth = before
            .map(|(count, time)| (found.time.as_secs_f64() / time.as_secs_f64(), f64::from(*size) / count));
        report(&format!("a database each, {size}"), &found, growth);
        before = Some((f64::from(*size), found.time));
    }
    Ok(ExitCode::SUCCESS)
}

fn report(name: &str, cost: &Cost, growth: Option<(f64, f64)>) {
    let mib = f64::from(u32::try_from(cost.peak_kib).unwrap_or(u32::MAX)) / 1024.0;
    let growth = growth.map_or_else(String::new, |(time, files)| format!("{time:.2}, {files:.2}"));
    println!("{name:28} {:10.1} {mib:10.1}   {growth}", cost.time.as_secs_f64() * 1000.0);
}

fn boutique() -> [PathBuf; 6] {
    let case = workspace::file(BOUTIQUE_CASE);
    let option = |name: &str| PathBuf::from(name);
    [
        workspace::file(BOUTIQUE),
        option("--rules"),
        case.join("rules.yaml"),
        option("--outputs"),
        case.join("outputs.yaml"),
        option("--assume-ready"),
    ]
}

/// The least time, and the most memory, of several runs.
fn cost(program: &Path, args: &[impl AsRef<Path>]) -> Result<Cost> {
    let mut best = Cost { time: Duration::MAX, peak_kib: 0 };
    for _ in 0..RUNS {
        let found = once(program, args)?;
        best.time = best.time.min(found.time);
        best.peak_kib = best.peak_kib.max(found.peak_kib);
    }
    Ok(best)
}

fn once(program: &Path, args: &[impl AsRef<Path>]) -> Result<Cost> {
    let begin = Instant::now();
    let mut command = Command::new(program);
    command.arg("render").args(args.iter().map(AsRef::as_ref)).stdout(Stdio::piped());
    let mut child = command.spawn().context("cannot run the operator")?;
    let mut stdout = child.stdout.take().context("no stdout")?;
    let (mut peak_kib, mut buffer) = (0, vec![0; 1 << 16]);
    // A process that has ended has no memory to ask for: it is asked before each of its last words is taken.
    while stdout.read(&mut buffer)? > 0 {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        peak_kib = peak_kib.max(peak_memory_kib(&status).unwrap_or_default());
    }
    let status = child.wait()?;
    ensure!(status.success(), "`render` ended with {status}");
    Ok(Cost { time: begin.elapsed(), peak_kib })
}

/// Writes that many Score files, and gives their directory.
fn write(dir: &Path, count: u16) -> Result<PathBuf> {
    fs::create_dir_all(dir)?;
    for number in 0..count {
        fs::write(dir.join(format!("{number:05}.yaml")), score(number))?;
    }
    Ok(dir.to_owned())
}

fn score(number: u16) -> String {
    format!(
        "apiVersion: score.dev/v1b1
metadata: {{name: bench-{number:05}}}
containers:
  main:
    image: registry.example/bench:1.0.0
    variables:
      LOG_LEVEL: info
      DATABASE_URL: ${{resources.db.url}}
      DATABASE_HOST: ${{resources.db.host}}
    livenessProbe: {{httpGet: {{path: /alive, port: 8080}}}}
    readinessProbe: {{httpGet: {{path: /ready, port: 8080}}}}
service:
  ports:
    web: {{port: 80, targetPort: 8080}}
resources:
  db: {{type: postgres}}
"
    )
}
