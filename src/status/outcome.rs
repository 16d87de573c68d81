//! How far a pass came, and the conditions that both a workload and a resource derive from it.

use serde_json::Value;

use super::ready::{Readiness, readiness};
use crate::api::conditions::{Condition, ConditionStatus, ConditionType, Reason, Verdict, cut, find};
use crate::api::resource::ObjectId;
use crate::plan::problem::{Awaited, Problem};

/// Something that the API server, or the owner of an object, refused.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Refusal {
    /// Which object.
    pub object: ObjectId,
    /// Which kind of refusal.
    pub reason: Reason,
    /// What was refused, why, and what to do; of a Secret never its content.
    pub message: String,
}

impl Refusal {
    /// Whether only an edit of the Score file or rule helps; else somebody else can mend it, and the
    /// operator looks again by itself.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self.reason, Reason::Refused | Reason::ImmutableField | Reason::ForbiddenKind)
    }
}

/// How far a pass came.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing was applied: the author has to edit something.
    Rejected(Vec<Problem>),
    /// Nothing was applied: something is awaited.
    Waiting(Vec<Awaited>),
    /// Objects are being made.
    Applying,
    /// Not every object could be applied.
    Refused(Vec<Refusal>),
    /// All is applied, and not all of it works yet.
    Unavailable(Vec<Awaited>),
    /// All is applied, and some of it failed: waiting alone will hardly help.
    Failed(Vec<Awaited>),
    /// All objects work; what the rule says of its outputs is wrong.
    Failing(Vec<Problem>),
    /// All is applied and works.
    Ready,
    /// The API server could not be asked; the message names the action and the object.
    Error(String),
}

/// What a person should conclude.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mood {
    /// Nothing to do.
    Fine,
    /// It goes on by itself.
    Waiting,
    /// Only an edit of this object helps.
    Stuck,
    /// Something broke; look at the message.
    Broken,
    /// The API server could not be asked.
    Unknown,
}

impl Outcome {
    /// What a person should conclude.
    #[must_use]
    pub fn mood(&self) -> Mood {
        match self {
            Self::Rejected(_) | Self::Failing(_) => Mood::Stuck,
            Self::Refused(refusals) if refusals.iter().any(Refusal::is_final) => Mood::Stuck,
            Self::Waiting(_) | Self::Applying | Self::Unavailable(_) | Self::Refused(_) => Mood::Waiting,
            Self::Failed(_) => Mood::Broken,
            Self::Ready => Mood::Fine,
            Self::Error(_) => Mood::Unknown,
        }
    }

    /// Whether the inputs are acceptable.
    #[must_use]
    pub fn inputs(&self) -> Verdict {
        match self {
            Self::Rejected(problems) | Self::Failing(problems) => {
                verdict(ConditionType::InputsValid, ConditionStatus::False, all_problems(problems))
            }
            _ => holds(ConditionType::InputsValid, Reason::Valid, "every input is valid"),
        }
    }

    /// Whether every object is on the API server; `None` where this pass cannot tell and what was said
    /// before still stands.
    #[must_use]
    pub fn applied(&self) -> Option<Verdict> {
        let said = match self {
            Self::Rejected(_) | Self::Error(_) => return None,
            Self::Waiting(awaited) => not_before(awaited),
            Self::Applying => (Reason::Progressing, "the objects are being applied".to_owned()),
            Self::Refused(refusals) => all_refusals(refusals),
            Self::Unavailable(_) | Self::Failed(_) | Self::Failing(_) | Self::Ready => {
                return Some(holds(
                    ConditionType::Applied,
                    Reason::Applied,
                    "every object is as it should be",
                ));
            }
        };
        Some(verdict(ConditionType::Applied, ConditionStatus::False, said))
    }

    /// Whether what was applied works; `None` where this pass cannot tell.
    #[must_use]
    pub fn available(&self) -> Option<Verdict> {
        match self {
            Self::Unavailable(awaited) | Self::Failed(awaited) => {
                let said = (first_reason(awaited), all_awaited(awaited));
                Some(verdict(ConditionType::Available, ConditionStatus::False, said))
            }
            Self::Ready | Self::Failing(_) => {
                Some(holds(ConditionType::Available, Reason::Available, "every object works"))
            }
            Self::Rejected(_) | Self::Waiting(_) | Self::Applying | Self::Refused(_) | Self::Error(_) => None,
        }
    }
}

/// `Ready`, and `Reconciling` or `Stalled` where they hold, from the steps: the first step that is not
/// true says why (kstatus: abnormal conditions are absent unless true).
#[must_use]
pub fn summary(steps: &[Verdict], mood: Mood, error: Option<&str>, ready: &str) -> Vec<Verdict> {
    let failing = steps.iter().find(|step| step.status != ConditionStatus::True);
    let (reason, message) = match (mood, error, failing) {
        (Mood::Unknown, Some(error), _) => (Reason::ApiError, error.to_owned()),
        (_, _, Some(step)) => (step.reason, step.message.clone()),
        (..) => (Reason::Ready, ready.to_owned()),
    };
    let status = match (mood, failing) {
        (Mood::Unknown, _) => ConditionStatus::Unknown,
        (_, Some(_)) => ConditionStatus::False,
        (_, None) => ConditionStatus::True,
    };
    let mut all = vec![verdict(ConditionType::Ready, status, (reason, message.clone()))];
    let abnormal = match (mood, status) {
        (Mood::Stuck, _) => Some(ConditionType::Stalled),
        (Mood::Waiting | Mood::Unknown, _) | (Mood::Fine, ConditionStatus::False) => {
            Some(ConditionType::Reconciling)
        }
        (Mood::Fine | Mood::Broken, _) => None,
    };
    all.extend(abnormal.map(|type_| verdict(type_, ConditionStatus::True, (reason, message))));
    all
}

/// A condition that holds.
#[must_use]
pub fn holds(type_: ConditionType, reason: Reason, message: &str) -> Verdict {
    verdict(type_, ConditionStatus::True, (reason, message.to_owned()))
}

/// A condition with its reason and message.
#[must_use]
pub fn verdict(
    type_: ConditionType,
    status: ConditionStatus,
    (reason, message): (Reason, String),
) -> Verdict {
    Verdict { type_, status, reason, message, observed: None }
}

/// What was said before, of the generation that it was said of, where a pass cannot say anything new.
#[must_use]
pub fn again(type_: ConditionType, previous: &[Condition]) -> Verdict {
    let not_yet =
        || verdict(type_, ConditionStatus::Unknown, (Reason::WaitingForApply, "not applied yet".to_owned()));
    find(previous, type_).map_or_else(not_yet, |old| Verdict {
        observed: Some(old.observed_generation),
        ..verdict(type_, old.status, (old.reason, old.message.clone()))
    })
}

/// Whether objects work, from what the API server last said of them.
pub fn availability<'a>(live: impl IntoIterator<Item = (&'a ObjectId, &'a Value)>) -> Outcome {
    let mut waiting = Vec::new();
    let mut failed = Vec::new();
    for (id, object) in live {
        let said = |reason, message: &str| Awaited::new(reason, format!("{id}: {message}"));
        match readiness(object) {
            Readiness::Ready => {}
            Readiness::Waiting(message) => waiting.push(said(Reason::WaitingForObjects, &message)),
            Readiness::Failed(message) => failed.push(said(Reason::Failed, &message)),
        }
    }
    match (failed.is_empty(), waiting.is_empty()) {
        (true, true) => Outcome::Ready,
        (true, false) => Outcome::Unavailable(waiting),
        (false, _) => Outcome::Failed(failed.into_iter().chain(waiting).collect()),
    }
}

/// Every problem, a line each; the reason is that of the first.
#[must_use]
pub fn all_problems(problems: &[Problem]) -> (Reason, String) {
    let reason = problems.first().map_or(Reason::Valid, |problem| problem.reason);
    (reason, lines(problems.iter().map(ToString::to_string)))
}

fn all_refusals(refusals: &[Refusal]) -> (Reason, String) {
    let first = refusals.iter().find(|refusal| refusal.is_final()).or(refusals.first());
    let all = refusals.iter().map(|refusal| format!("{}: {}", refusal.object, refusal.message));
    (first.map_or(Reason::Applied, |refusal| refusal.reason), lines(all))
}

/// What a workload's objects wait for. Resources have a condition of their own, which names each.
fn not_before(awaited: &[Awaited]) -> (Reason, String) {
    let others: Vec<_> =
        awaited.iter().filter(|awaited| awaited.reason != Reason::WaitingForResources).cloned().collect();
    if others.is_empty() {
        return (first_reason(awaited), "nothing is changed before what is awaited is there".to_owned());
    }
    (first_reason(&others), all_awaited(&others))
}

fn first_reason(awaited: &[Awaited]) -> Reason {
    awaited.first().map_or(Reason::Progressing, |awaited| awaited.reason)
}

/// The longest that one line of a message is, in bytes: a long one must not push the others out.
const LINE_MAX: usize = 4 * 1024;

fn lines(all: impl Iterator<Item = String>) -> String {
    all.map(|line| cut(line, LINE_MAX)).collect::<Vec<_>>().join("\n")
}

/// All that is awaited, a line each.
#[must_use]
pub fn all_awaited(awaited: &[Awaited]) -> String {
    lines(awaited.iter().map(|awaited| awaited.message.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_problem_does_not_push_others_out() {
        let long = |path: &str| Problem::new(path, Reason::InvalidScore, "ä".repeat(40_000));
        let (_, message) =
            all_problems(&[long("a"), long("b"), Problem::new("c", Reason::InvalidScore, "short")]);
        assert!(message.len() < 3 * LINE_MAX && message.ends_with("\nc: short"), "{} bytes", message.len());
    }
}
