//! Events: one per transition. Losing one costs visibility, never a pass.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::DynamicObject;
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

    /// Logs and publishes the transition of `Ready` between two sets of conditions, if there was one.
    pub async fn transition<K>(&self, object: &K, before: &[Condition], after: &[Condition])
    where
        K: Resource<DynamicType = ()>,
    {
        let Some(ready) = transition(before, after) else { return };
        let about = object.object_ref(&());
        log(&about, ready);
        if let Some(event) = event(before, after, ready) {
            self.publish(&event, &about).await;
        }
    }

    /// Warns of what is allowed and probably not meant.
    pub async fn warn<K>(&self, object: &K, reason: &str, notes: &[String])
    where
        K: Resource<DynamicType = ()>,
    {
        let event = warning(reason, notes.join("\n"));
        self.publish(&event, &object.object_ref(&())).await;
    }

    /// Warns of an object of any kind.
    pub async fn warn_of(&self, object: &DynamicObject, reason: &str, note: &str) {
        let types = object.types.clone().unwrap_or_default();
        let about = ObjectReference {
            api_version: Some(types.api_version),
            kind: Some(types.kind),
            name: object.metadata.name.clone(),
            namespace: object.metadata.namespace.clone(),
            uid: object.metadata.uid.clone(),
            ..ObjectReference::default()
        };
        tracing::warn!(namespace = about.namespace, kind = about.kind, name = about.name, reason, note);
        self.publish(&warning(reason, note.to_owned()), &about).await;
    }

    async fn publish(&self, event: &Event, about: &ObjectReference) {
        let published = self.recorder.publish(event, about);
        match tokio::time::timeout(super::DEADLINE, published).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "an event was lost"),
            Err(_) => tracing::debug!("an event was lost: no answer in time"),
        }
    }
}

fn warning(reason: &str, note: String) -> Event {
    Event {
        type_: EventType::Warning,
        reason: reason.to_owned(),
        note: Some(cut(note, NOTE_MAX)),
        action: "Reconcile".to_owned(),
        secondary: None,
    }
}

/// `Ready` after, if its status or reason changed.
fn transition<'a>(before: &[Condition], after: &'a [Condition]) -> Option<&'a Condition> {
    let ready = find(after, ConditionType::Ready)?;
    let old = find(before, ConditionType::Ready);
    let same = old.is_some_and(|old| (old.status, old.reason) == (ready.status, ready.reason));
    (!same).then_some(ready)
}

/// One line per outcome. Messages hold no secret: see `plan::problem`.
fn log(about: &ObjectReference, ready: &Condition) {
    tracing::info!(
        kind = about.kind.as_deref().unwrap_or_default(),
        namespace = about.namespace.as_deref().unwrap_or_default(),
        name = about.name.as_deref().unwrap_or_default(),
        ready = ?ready.status,
        reason = ?ready.reason,
        message = ready.message.replace('\n', "; "),
    );
}

/// Waiting is normal; being stuck or broken is a warning. The steps of an ordinary start are no news:
/// the object's own controllers tell them.
fn event(before: &[Condition], after: &[Condition], ready: &Condition) -> Option<Event> {
    let starting = !is_true(before, ConditionType::Ready);
    if starting && matches!(ready.reason, Reason::Progressing | Reason::WaitingForObjects) {
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
