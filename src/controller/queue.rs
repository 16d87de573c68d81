//! The work queue: each object once at a time, many objects at once, with backoff per object. What
//! kube's own `Controller` does not have: keys of objects that do not exist yet, attempts for the
//! backoff, and a panic that stays with its object (X42).

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use kube::runtime::scheduler::{ScheduleRequest, debounced_scheduler};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::pass::{Done, Next};
use crate::cluster::Error;

/// Changes that come together make one pass.
const DEBOUNCE: Duration = Duration::from_millis(20);
const BACKOFF_MIN: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(300);

/// Wakes objects.
pub struct Waker<K>(UnboundedSender<ScheduleRequest<K>>);

impl<K> Clone for Waker<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K> Waker<K> {
    /// A pass for `key`, now.
    pub fn wake(&self, key: K) {
        self.wake_after(key, Duration::ZERO);
    }

    /// A pass for `key`, later; an earlier one takes its place.
    pub fn wake_after(&self, message: K, delay: Duration) {
        // The receiver is gone only when the process ends.
        drop(self.0.send(ScheduleRequest { message, run_at: Instant::now() + delay }));
    }
}

/// The other end of a [`Waker`].
pub type Wakes<K> = UnboundedReceiver<ScheduleRequest<K>>;

/// A queue's two ends.
#[must_use]
pub fn channel<K>() -> (Waker<K>, Wakes<K>) {
    let (sender, receiver) = unbounded_channel();
    (Waker(sender), receiver)
}

/// What ran, and how it ended.
type Ended<K> = (K, Result<Done, String>);

/// Runs passes until the future is dropped. `reconcile` gets the key and how many attempts failed
/// before.
pub async fn run<K, F>(
    name: &'static str,
    mut wakes: Wakes<K>,
    concurrency: usize,
    reconcile: impl Fn(K, u32) -> F,
) where
    K: Clone + Eq + Hash + Display + Send + 'static,
    F: Future<Output = Result<Done, Error>> + Send + 'static,
{
    let requests = futures::stream::poll_fn(move |context| wakes.poll_recv(context));
    let mut scheduler = Box::pin(debounced_scheduler(requests.merge_retries(), DEBOUNCE));
    let mut running: FuturesUnordered<BoxFuture<'static, Ended<K>>> = FuturesUnordered::new();
    let mut busy: HashSet<K> = HashSet::new();
    let mut attempts: HashMap<K, u32> = HashMap::new();
    loop {
        let free = busy.len() < concurrency;
        let mut next = scheduler.as_mut().hold_unless(|key| !busy.contains(key));
        tokio::select! {
            Some(key) = next.next(), if free => {
                busy.insert(key.clone());
                let failed = attempts.get(&key).copied().unwrap_or(0);
                running.push(isolated(key.clone(), reconcile(key, failed)));
            }
            Some((key, ended)) = running.next() => {
                busy.remove(&key);
                settle(name, key, ended, &mut attempts);
            }
            else => return,
        }
    }
}
