//! What is said of an object that somebody froze (decision 17): all as before, and that it is frozen.

use super::outcome::{again, holds, verdict};
use crate::api::conditions::{Condition, ConditionStatus, ConditionType, Reason, Verdict, find, stamp};
use crate::api::labels;

/// The conditions of a frozen object, from those before. They speak of the generation that they spoke of: what
/// was edited since is not looked at.
#[must_use]
pub fn conditions(previous: &[Condition], generation: i64, now: &str) -> Vec<Condition> {
    let message = format!(
        "nothing is changed while the annotation `{}` is `true`; remove it to go on",
        labels::SUSPEND
    );
    let before = previous.iter().filter(|old| old.type_ != ConditionType::Suspended);
    let mut verdicts: Vec<Verdict> = before.map(|old| again(old.type_, previous)).collect();
    if find(previous, ConditionType::Ready).is_none() {
        let said = (Reason::Suspended, message.clone());
        verdicts.push(verdict(ConditionType::Ready, ConditionStatus::Unknown, said));
    }
    verdicts.push(holds(ConditionType::Suspended, Reason::Suspended, &message));
    stamp(verdicts, previous, generation, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_stands_of_its_generation_and_is_said_once() {
        let ready = holds(ConditionType::Ready, Reason::Ready, "it runs");
        let before = stamp(vec![ready], &[], 3, "t1");
        let frozen = conditions(&before, 4, "t2");
        assert_eq!(frozen.len(), 2);
        assert_eq!((frozen[0].observed_generation, frozen[0].last_transition_time.as_str()), (3, "t1"));
        assert_eq!((frozen[1].type_, frozen[1].observed_generation), (ConditionType::Suspended, 4));
        assert_eq!(conditions(&frozen, 4, "t3"), frozen);
    }

    #[test]
    fn one_that_nobody_has_looked_at_is_not_ready_for_all_anybody_knows() {
        let frozen = conditions(&[], 1, "t");
        assert_eq!((frozen[0].type_, frozen[0].status), (ConditionType::Ready, ConditionStatus::Unknown));
    }
}
