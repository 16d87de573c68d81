//! `run`: the controllers.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::jiff::{Timestamp, Unit};
use rand::Rng;
use rand::distr::Alphanumeric;

use super::RunArgs;
use super::exit::Failure;
use crate::cluster::client;
use crate::cluster::world::Environment;
use crate::controller::{Options, run};
use crate::telemetry;

pub(super) fn execute(args: &RunArgs) -> Result<(), Failure> {
    telemetry::start(args.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::error(format_args!("cannot start: {error}")))?;
    runtime.block_on(serve(args))
}

async fn serve(args: &RunArgs) -> Result<(), Failure> {
    let config = kube::Config::infer().await.map_err(|error| no_cluster(&error))?;
    tracing::info!(server = %config.cluster_url, version = env!("CARGO_PKG_VERSION"), "starting");
    let client = client::new(config).map_err(|error| unusable(&error))?;
    let options = Options {
        concurrency: args.concurrency.into(),
        resync: Duration::from_secs(args.resync_seconds),
        environment: environment(),
    };
    tokio::select! {
        () = run(client, options) => {}
        () = told_to_end() => tracing::info!("told to end"),
    }
    Ok(())
}

fn no_cluster(error: &kube::config::InferConfigError) -> Failure {
    Failure::error(format_args!(
        "no cluster to talk to: {error}; set KUBECONFIG, or run in a pod with a ServiceAccount"
    ))
}

fn unusable(error: &kube::Error) -> Failure {
    Failure::error(format_args!("the client cannot be set up: {error}"))
}

/// The clock of the machine, and the random numbers of its kernel.
#[must_use]
pub(crate) fn environment() -> Environment {
    Environment { now: Arc::new(now), random: Arc::new(random) }
}

/// The time to the second, as `metav1.Time` has it.
fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Second).unwrap_or(now).to_string()
}

fn random(length: usize) -> String {
    rand::rngs::ThreadRng::default().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

/// Waits for SIGTERM or Ctrl-C.
async fn told_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard");
            drop(tokio::signal::ctrl_c().await);
        }
    }
}
