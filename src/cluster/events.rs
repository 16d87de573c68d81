//! Events: one per transition. Losing one costs visibility, never a pass.

use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};

use crate::api::conditions::{Condition, ConditionStatus, ConditionType, Reason, cut, find, is_true};
use crate::api::labels;

/// The API server's limit for a note, in bytes.
const NOTE_MAX: usize = 1024;

/// Publishes events.
pub struct Events {
    recorder: Recorder,
}

impl Events {
    /// One per process, so that repeats become a series.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let reporter = Reporter { controller: labels::MANAGER.to_owned(), instance: None };
        Self { recorder: Recorder::new(client, reporter) }
    }

    /// Publishes the transition of `Ready` between two sets of conditions, if there was one.
    pub async fn transition<K>(&self, object: &K, before: &[Condition], after: &[Condition])
    where
        K: Resource<DynamicType = ()>,
    {
        let Some(event) = event(before, after) else { return };
        let about = object.object_ref(&());
        let published = self.recorder.publish(&event, &about);
        match tokio::time::timeout(super::DEADLINE, published).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "an event was lost"),
            Err(_) => tracing::debug!("an event was lost: no answer in time"),
        }
    }
}

/// What changed, if status or reason did. Waiting is normal; being stuck or broken is a warning. The
/// steps of an ordinary start are no news: the object's own controllers tell them.
fn event(before: &[Condition], after: &[Condition]) -> Option<Event> {
    let ready = find(after, ConditionType::Ready)?;
    let old = find(before, ConditionType::Ready);
    if old.is_some_and(|old| (old.status, old.reason) == (ready.status, ready.reason)) {
        return None;
    }
    let started = old.is_none_or(|old| old.status != ConditionStatus::True);
    if started && matches!(ready.reason, Reason::Progressing | Reason::WaitingForObjects) {
        return None;
    }
    let waits = is_true(after, ConditionType::Reconciling);
    let normal = ready.status == ConditionStatus::True || waits;
    Some(Event {
        type_: if normal { EventType::Normal } else { EventType::Warning },
        reason: ready.reason.as_str(),
        note: Some(cut(ready.message.clone(), NOTE_MAX)),
        action: "Reconcile".to_owned(),
        secondary: None,
    })
}
