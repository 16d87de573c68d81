//! A client that does nothing but apply: what is possible on this machine.

use std::time::Duration;

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{DynamicObject, Patch, PatchParams};
use tokio::time::Instant;

use super::{CONCURRENCY, load::NAMESPACE, stage::Stage};
use crate::cluster::{Cluster, kinds, manifests::title};

/// Applies the objects with the operator's rights and as many requests in flight, and returns how long that took.
pub async fn run(stage: &Stage, objects: &[DynamicObject]) -> Result<Duration> {
    let client = Cluster::open(Some(&stage.kubeconfig), None).await?.client();
    let mut prepared = Vec::new();
    for object in objects {
        prepared.push((kinds::find(&client, object).await?.api(&client, Some(NAMESPACE)), object));
    }
    let started = Instant::now();
    let requests = stream::iter(prepared).map(|(api, object)| async move {
        let name = object.metadata.name.as_deref().unwrap_or_default();
        let applied = api.patch(name, &PatchParams::apply("bench"), &Patch::Apply(object)).await;
        applied.map(drop).with_context(|| format!("cannot apply {}", title(object)))
    });
    requests.buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
    Ok(started.elapsed())
}
