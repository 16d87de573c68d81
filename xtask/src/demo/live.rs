//! Shows what happens in a namespace, as it happens.

use std::time::Duration;

use anyhow::{Result, bail};
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::world::World;
use crate::cluster::{
    Cluster,
    watch::{Change, Changes, ready_now, watch},
};

/// How long the API server may take to list what is there.
const LIST_WITHIN: Duration = Duration::from_secs(30);

/// The namespace as the watches tell it. Lines carry the seconds since [`Live::start_clock`].
pub struct Live {
    changes: Changes,
    world: World,
    started: Instant,
}

impl Live {
    /// Watches all kinds that there are, and returns when all is known that is there already.
    pub async fn open(cluster: &Cluster, namespace: &str) -> Result<Self> {
        let kinds = cluster.namespaced_kinds().await?;
        let changes = watch(&cluster.client(), &kinds, namespace);
        let mut live = Self { changes, world: World::default(), started: Instant::now() };
        let until = Instant::now() + LIST_WITHIN;
        let mut listed = 0;
        while listed < kinds.len() {
            match timeout_at(until, live.changes.next()).await {
                // A kind whose server is away cannot be shown; that is no reason to show nothing.
                Ok(Some(change @ (Change::Listed | Change::Failed(_)))) => {
                    listed += 1;
                    live.take(change);
                }
                Ok(Some(change)) => live.take(change),
                _ => bail!("the API server does not list what is in namespace {namespace}"),
            }
        }
        Ok(live)
    }

    /// What is known now.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Counts seconds from now on.
    pub fn start_clock(&mut self) {
        self.started = Instant::now();
    }

    /// Shows every change until the condition holds, and a moment longer what came with it.
    pub async fn until(
        &mut self,
        awaited: &str,
        within: Duration,
        holds: impl Fn(&World) -> bool,
    ) -> Result<()> {
        let deadline = self.started + within;
        while !holds(&self.world) {
            match timeout_at(deadline, self.changes.next()).await {
                Ok(Some(change)) => self.take(change),
                _ => bail!("waited {} s in vain for {awaited}", within.as_secs()),
            }
        }
        ready_now(&mut self.changes).into_iter().for_each(|change| self.take(change));
        Ok(())
    }

    fn take(&mut self, change: Change) {
        let news = match change {
            Change::Applied(object) => self.world.put(object),
            Change::Deleted(object) => self.world.remove(&object),
            Change::Failed(problem) => Some(format!("a watch failed and is tried again: {problem}")),
            Change::Listed => None,
        };
        if let Some(news) = news {
            println!("   {:+6.1}s  {news}", self.started.elapsed().as_secs_f64());
        }
    }
}
