//! `run`: the controllers.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::jiff::{Timestamp, Unit};
use rand::Rng;
use rand::distr::Alphanumeric;

use super::{Error, RunArgs};
use crate::cluster::client;
use crate::cluster::world::Environment;
use crate::controller::{Options, run};
use crate::telemetry;

pub(super) fn execute(args: &RunArgs) -> Result<(), Error> {
    telemetry::start(args.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Start)?;
    runtime.block_on(serve(args))
}

async fn serve(args: &RunArgs) -> Result<(), Error> {
    let config = kube::Config::infer().await.map_err(|error| Error::Config(error.into()))?;
    tracing::info!(server = %config.cluster_url, version = env!("CARGO_PKG_VERSION"), "starting");
    let client = client::new(config).map_err(Error::Client)?;
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
