//! A ScoreWorkload that was applied, and what it says of itself.

use kube::ResourceExt;
use kube::api::{DeleteParams, Preconditions};
use score_operator::api::conditions::{Condition, ConditionStatus, ConditionType, Reason, find};
use score_operator::api::workload::ScoreWorkload;

use super::namespace::Namespace;

/// A ScoreWorkload of a test, at the generation that was applied.
pub struct Workload<'a> {
    pub(super) namespace: &'a Namespace,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The generation that the last apply gave.
    pub generation: i64,
}

impl Workload<'_> {
    /// Waits until it is Ready as it was applied last.
    pub async fn becomes_ready(&self) -> ScoreWorkload {
        let ready = self.says(ConditionType::Ready, ConditionStatus::True, Reason::Ready).await;
        assert_absent(&ready, ConditionType::Reconciling);
        assert_absent(&ready, ConditionType::Stalled);
        ready
    }

    /// Waits until it says, of what was applied last, that it waits and why: `Ready=False` with
    /// `Reconciling`, never `Stalled`.
    pub async fn awaits(&self, reason: Reason) -> Condition {
        let waiting = self.says(ConditionType::Ready, ConditionStatus::False, reason).await;
        assert_eq!(condition(&waiting, ConditionType::Reconciling).reason, reason);
        assert_absent(&waiting, ConditionType::Stalled);
        condition(&waiting, ConditionType::Ready)
    }

    /// Waits until it says, of what was applied last, that only an edit helps: `Ready=False` with
    /// `Stalled`.
    pub async fn is_refused(&self, reason: Reason) -> Condition {
        let refused = self.says(ConditionType::Ready, ConditionStatus::False, reason).await;
        assert_eq!(condition(&refused, ConditionType::Stalled).reason, reason);
        assert_absent(&refused, ConditionType::Reconciling);
        condition(&refused, ConditionType::Ready)
    }

    /// Waits until a condition, of what was applied last, has this status and reason.
    pub async fn says(&self, type_: ConditionType, status: ConditionStatus, reason: Reason) -> ScoreWorkload {
        let what = format!("says {type_:?}={status:?} {reason:?} of generation {}", self.generation);
        self.until(&what, |workload| {
            let found = conditions(workload).iter().find(|condition| condition.type_ == type_);
            found.is_some_and(|found| found.status == status && found.reason == reason)
        })
        .await
    }

    /// Waits until `Ready` says something, of what was applied last.
    pub async fn tells(&self, text: &str) -> Condition {
        let said = |workload: &ScoreWorkload| find(conditions(workload), ConditionType::Ready).cloned();
        let tells = |workload: &_| said(workload).is_some_and(|ready| ready.message.contains(text));
        said(&self.until(&format!("tells {text:?}"), tells).await).unwrap()
    }

    /// Waits until its status speaks of what was applied last, and is as it should be.
    pub async fn until(&self, what: &str, holds: impl Fn(&ScoreWorkload) -> bool) -> ScoreWorkload {
        let current = |workload: Option<&ScoreWorkload>| {
            workload.is_some_and(|workload| {
                let observed = workload.status.as_ref().map_or(-1, |status| status.observed_generation);
                observed >= self.generation && holds(workload)
            })
        };
        self.namespace.until(&self.name, what, current).await.unwrap()
    }

    /// It as it is now.
    pub async fn now(&self) -> ScoreWorkload {
        self.namespace.get(&self.name).await
    }

    /// Deletes it, and waits until it is gone.
    pub async fn delete(self) {
        let only = Preconditions { uid: Some(self.uid.clone()), resource_version: None };
        let params = DeleteParams::background().preconditions(only);
        self.namespace.api::<ScoreWorkload>().delete(&self.name, &params).await.unwrap();
        self.namespace.is_gone::<ScoreWorkload>(&self.name).await;
    }
}

/// The conditions of a workload.
pub fn conditions(workload: &ScoreWorkload) -> &[Condition] {
    workload.status.as_ref().map_or(&[], |status| &status.conditions)
}

/// A condition that must be there.
pub fn condition(workload: &ScoreWorkload, type_: ConditionType) -> Condition {
    let found = find(conditions(workload), type_).cloned();
    found.unwrap_or_else(|| {
        panic!("{} has no condition {type_:?}: {:#?}", workload.name_any(), conditions(workload))
    })
}

fn assert_absent(workload: &ScoreWorkload, type_: ConditionType) {
    let found = find(conditions(workload), type_);
    assert_eq!(found, None, "of {}", workload.name_any());
}
