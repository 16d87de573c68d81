//! Conditions of our kinds: the closed sets of types and reasons, and the rule for time stamps.
//! Source: KEP-1623 (metav1.Condition) and kstatus.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The types of conditions. `Ready` is the summary; `Reconciling` and `Stalled` are abnormal and
/// absent unless true (kstatus); the others answer one question each.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
pub enum ConditionType {
    /// All is as the spec says and works.
    Ready,
    /// Work is under way, or something is awaited.
    Reconciling,
    /// Only an edit of this object can mend it.
    Stalled,
    /// The Score file, params or rule are acceptable.
    InputsValid,
    /// Every resource of the workload is ready.
    ResourcesReady,
    /// Every object is on the API server as it should be.
    Applied,
    /// The objects that were applied work.
    Available,
    /// Somebody asked the operator to leave the object as it is; absent unless true.
    Suspended,
    /// An edit of a rule has not reached all its resources yet; absent unless true.
    RollingOut,
}

/// Status of a condition.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum ConditionStatus {
    /// The condition holds.
    True,
    /// It does not.
    False,
    /// Nobody can tell yet.
    Unknown,
}

/// Why a condition is as it is: a closed set, part of the API.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[allow(missing_docs)] // docs/reasons.md explains each, with what to do; a test keeps it complete.
pub enum Reason {
    Ready,
    Valid,
    Applied,
    Available,
    Progressing,
    InvalidScore,
    NameMismatch,
    ImageMissing,
    FileSourceUnsupported,
    FileTooLarge,
    InvalidVolume,
    InvalidNamespace,
    UnknownPlaceholder,
    UnknownOutput,
    UnknownResource,
    DependencyCycle,
    ParamsConflict,
    PatchConflict,
    InvalidParams,
    InvalidRule,
    EvaluationFailed,
    ForbiddenKind,
    Denied,
    RuleNotFound,
    KindNotFound,
    Forbidden,
    WaitingForResources,
    WaitingForDependency,
    WaitingForObjects,
    WaitingForSecret,
    WaitingForConfigMap,
    WaitingForValue,
    WaitingForApply,
    WaitingForShared,
    AlreadyExists,
    FieldConflict,
    Refused,
    ImmutableField,
    QuotaExceeded,
    NamespaceTerminating,
    Suspended,
    Deleting,
    ApiError,
    Failed,
}

impl Reason {
    /// The reason's name in the API.
    #[must_use]
    pub fn as_str(self) -> String {
        format!("{self:?}")
    }
}

/// One condition, as `metav1.Condition` has it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What the condition is about.
    #[serde(rename = "type")]
    pub type_: ConditionType,
    /// Whether it holds: `True`, `False` or `Unknown`.
    pub status: ConditionStatus,
    /// Why, as one word from a closed list.
    pub reason: Reason,
    /// Why, for people: what was found, what is awaited, what to do.
    pub message: String,
    /// The generation of the spec that this speaks of.
    pub observed_generation: i64,
    /// When `status` last changed (RFC 3339, seconds).
    pub last_transition_time: String,
}

/// The API server's limit for a condition's message.
pub const MESSAGE_MAX: usize = 32 * 1024;

/// A condition before it has a time: what the pure core decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What the condition is about.
    pub type_: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in one word.
    pub reason: Reason,
    /// Why, for people.
    pub message: String,
    /// The generation that it speaks of, where that is not the current one: what was said before and
    /// still stands.
    pub observed: Option<i64>,
}

/// Gives `verdicts` their times: that of the previous condition of the same type and status, else
/// `now`. So a status that says the same as before is the same to the byte. Sorted by type.
#[must_use]
pub fn stamp(verdicts: Vec<Verdict>, previous: &[Condition], generation: i64, now: &str) -> Vec<Condition> {
    let since = |verdict: &Verdict| {
        previous
            .iter()
            .find(|old| old.type_ == verdict.type_ && old.status == verdict.status)
            .map_or_else(|| now.to_owned(), |old| old.last_transition_time.clone())
    };
    let mut stamped: Vec<_> = verdicts
        .into_iter()
        .map(|verdict| Condition {
            last_transition_time: since(&verdict),
            type_: verdict.type_,
            status: verdict.status,
            reason: verdict.reason,
            message: cut(verdict.message, MESSAGE_MAX),
            observed_generation: verdict.observed.unwrap_or(generation),
        })
        .collect();
    stamped.sort_by_key(|condition| condition.type_);
    stamped
}

/// The condition of one type, if there is one.
#[must_use]
pub fn find(conditions: &[Condition], type_: ConditionType) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// Whether the condition of one type is there and true.
#[must_use]
pub fn is_true(conditions: &[Condition], type_: ConditionType) -> bool {
    find(conditions, type_).is_some_and(|condition| condition.status == ConditionStatus::True)
}

/// Whether the condition of one type is true of this generation of the spec.
#[must_use]
pub fn is_true_of(conditions: &[Condition], type_: ConditionType, generation: i64) -> bool {
    is_true(conditions, type_)
        && find(conditions, type_).is_some_and(|found| found.observed_generation == generation)
}

/// At most `max` bytes of a text, cut between characters and marked with `…`.
#[must_use]
pub fn cut(text: String, max: usize) -> String {
    if text.len() <= max {
        return text;
    }
    let end = (0..=max.saturating_sub(3)).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: ConditionStatus, message: &str) -> Verdict {
        let type_ = ConditionType::Ready;
        Verdict { type_, status, reason: Reason::Ready, message: message.into(), observed: None }
    }

    #[test]
    fn the_time_changes_only_with_the_status() {
        let first = stamp(vec![verdict(ConditionStatus::False, "a")], &[], 1, "t1");
        let same = stamp(vec![verdict(ConditionStatus::False, "b")], &first, 2, "t2");
        assert_eq!(same[0].last_transition_time, "t1");
        let flipped = stamp(vec![verdict(ConditionStatus::True, "b")], &same, 2, "t3");
        assert_eq!(flipped[0].last_transition_time, "t3");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("short".into(), 10), "short");
        let long = cut("ä".repeat(600), 1024);
        assert!(long.len() <= 1024 && long.ends_with('…'));
    }
}
