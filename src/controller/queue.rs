//! The work queue: each object once at a time, many objects at once, with backoff per object. What
//! kube's own `Controller` does not have: keys of objects that do not exist yet, attempts for the
//! backoff, and a panic that stays with its object (X42).

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use kube::runtime::scheduler::{ScheduleRequest, debounced_scheduler};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

use super::pass::{Done, Next};
use crate::cluster::Error;

/// Changes that come together make one pass.
const DEBOUNCE: Duration = Duration::from_millis(20);
const BACKOFF_MIN: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_mins(5);
/// What is awaited and cannot be watched is looked for at least this often: a person who has just mended
/// something is waiting.
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(30);

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
    (waker, mut wakes): (Waker<K>, Wakes<K>),
    concurrency: usize,
    reconcile: impl Fn(K, u32) -> F,
) where
    K: Clone + Eq + Hash + Display + Send + 'static,
    F: Future<Output = Result<Done, Error>> + Send + 'static,
{
    let requests = futures::stream::poll_fn(move |context| wakes.poll_recv(context));
    let mut scheduler = Box::pin(debounced_scheduler(requests, DEBOUNCE));
    let mut running: FuturesUnordered<BoxFuture<'static, Ended<K>>> = FuturesUnordered::new();
    let mut busy: HashSet<K> = HashSet::new();
    let mut attempts: HashMap<K, u32> = HashMap::new();
    loop {
        tokio::select! {
            Some(key) = async { scheduler.as_mut().hold_unless(|key| !busy.contains(key)).next().await },
                if busy.len() < concurrency =>
            {
                let failed = attempts.get(&key).copied().unwrap_or(0);
                busy.insert(key.clone());
                running.push(isolated(key.clone(), reconcile(key, failed)));
            }
            Some((key, ended)) = running.next(), if !running.is_empty() => {
                busy.remove(&key);
                if let Some(delay) = settle(name, &key, ended, &mut attempts) {
                    waker.wake_after(key, delay);
                }
            }
        }
    }
}

/// A pass on a task of its own, so that passes use all cores, whose panic is an error of this object
/// only. Aborted with the queue: what was not done is done by the next process.
fn isolated<K, F>(key: K, pass: F) -> BoxFuture<'static, Ended<K>>
where
    K: Send + 'static,
    F: Future<Output = Result<Done, Error>> + Send + 'static,
{
    let caught = AssertUnwindSafe(pass).catch_unwind();
    let task = AbortOnDrop(tokio::spawn(caught));
    Box::pin(async move {
        let ended = match task.await {
            Ok(Ok(Ok(done))) => Ok(done),
            Ok(Ok(Err(error))) if error.is_moved() => {
                tracing::debug!(%error, "looking again");
                Ok(Done { next: Next::Retry })
            }
            Ok(Ok(Err(error))) => Err(error.to_string()),
            Ok(Err(_)) => Err("the pass panicked: this is a bug of the operator".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        (key, ended)
    })
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Logs how a pass ended, and says when the next one is due.
fn settle<K>(
    name: &str,
    key: &K,
    ended: Result<Done, String>,
    attempts: &mut HashMap<K, u32>,
) -> Option<Duration>
where
    K: Clone + Eq + Hash + Display,
{
    let failed = attempts.get(key).copied().unwrap_or(0);
    match ended {
        Ok(done) => {
            if done.next == Next::Retry {
                attempts.insert(key.clone(), failed.saturating_add(1));
            } else {
                attempts.remove(key);
            }
            delay(done.next, failed)
        }
        Err(error) => {
            let delay = backoff(failed);
            tracing::warn!(controller = name, object = %key, attempt = failed + 1, retry_in = ?delay, %error, "pass failed");
            attempts.insert(key.clone(), failed.saturating_add(1));
            Some(delay)
        }
    }
}

fn delay(next: Next, failed: u32) -> Option<Duration> {
    match next {
        Next::Change => None,
        Next::After(delay) => Some(delay),
        Next::Retry => Some(backoff(failed).min(LOOK_AGAIN_MAX)),
    }
}

/// Doubles from half a second to five minutes.
fn backoff(failed: u32) -> Duration {
    BACKOFF_MIN.saturating_mul(2_u32.saturating_pow(failed.min(16))).min(BACKOFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    async fn until(count: &AtomicU32, wanted: u32) {
        while count.load(Ordering::SeqCst) < wanted {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn backoff_doubles_up_to_five_minutes() {
        assert_eq!([0, 1, 2].map(backoff), [500, 1000, 2000].map(Duration::from_millis));
        assert_eq!(backoff(u32::MAX), BACKOFF_MAX);
    }

    #[tokio::test]
    async fn x42_a_panic_stays_with_its_object_and_is_tried_again() {
        let (waker, wakes) = channel::<String>();
        let (good, bad) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (good2, bad2) = (Arc::clone(&good), Arc::clone(&bad));
        let queue = run("test", (waker.clone(), wakes), 2, move |key, _| {
            let (good, bad) = (Arc::clone(&good2), Arc::clone(&bad2));
            async move {
                assert!(!(key == "bad" && bad.fetch_add(1, Ordering::SeqCst) == 0), "on purpose");
                good.fetch_add(1, Ordering::SeqCst);
                Ok(Done::NOTHING)
            }
        });
        waker.wake("bad".to_owned());
        waker.wake("good".to_owned());
        tokio::select! {
            () = queue => unreachable!("the queue never ends"),
            () = until(&good, 2) => {}
        }
        assert_eq!(bad.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn an_object_is_never_worked_on_twice_at_once() {
        let (waker, wakes) = channel::<String>();
        let (now, runs) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (now2, runs2, waker2) = (Arc::clone(&now), Arc::clone(&runs), waker.clone());
        let queue = run("test", (waker.clone(), wakes), 8, move |key: String, _| {
            let (now, runs, waker) = (Arc::clone(&now2), Arc::clone(&runs2), waker2.clone());
            async move {
                assert_eq!(now.fetch_add(1, Ordering::SeqCst), 0);
                waker.wake(key);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
                runs.fetch_add(1, Ordering::SeqCst);
                Ok(Done::NOTHING)
            }
        });
        waker.wake("one".to_owned());
        tokio::select! {
            () = queue => unreachable!("the queue never ends"),
            () = until(&runs, 3) => {}
        }
    }
}
