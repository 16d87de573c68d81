//! Asks a cluster, for `explain NAME` and `diff`.

use super::exit::Failure;
use crate::cluster::review::Review;
use crate::offline::live::Snapshot;

/// Runs what asks a cluster.
///
/// # Errors
/// What it says, or that the runtime cannot be started.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::error(format_args!("cannot start: {error}")))?.block_on(work)
}

/// Connects to a cluster.
///
/// # Errors
/// Where there is none.
pub(super) async fn connect(namespace: Option<&str>) -> Result<Review, Failure> {
    Review::connect(namespace).await.map_err(Failure::error)
}

/// Reads what a namespace has.
///
/// # Errors
/// Where the API server cannot be asked.
pub(super) async fn snapshot(review: &Review) -> Result<Snapshot, Failure> {
    let all = async {
        Ok::<_, crate::cluster::Error>(Snapshot {
            namespace: review.namespace().await?,
            workloads: review.workloads().await?,
            resources: review.resources().await?,
            rules: review.rules().await?,
        })
    };
    all.await.map_err(Failure::error)
}
