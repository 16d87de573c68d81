//! How an edit of a rule reaches its resources: a bounded number at a time, and no further while those that it
//! reached do not work.

use crate::api::rule::MaxUnavailable;
use crate::plan::problem::list;

/// A resource of a rule, as the rollout sees it.
#[derive(Clone, Debug)]
pub struct Peer {
    /// `namespace/name` of its ScoreResource.
    pub name: String,
    /// Whether its objects are those of the rule's newest revision.
    pub updated: bool,
    /// Whether it is ready; for one that was let go and has not reported since, `false`.
    pub ready: bool,
}

/// How many resources may be unready at once, at least one.
#[must_use]
pub fn limit(max: &MaxUnavailable, total: usize) -> usize {
    let found = match max {
        MaxUnavailable::Number(number) => usize::try_from(*number).unwrap_or(usize::MAX),
        MaxUnavailable::Percent(percent) => total.saturating_mul(usize::from(percent.0)) / 100,
    };
    found.max(1)
}

/// How many more resources may be let go now.
#[must_use]
pub fn room(max: &MaxUnavailable, peers: &[Peer]) -> usize {
    let unready = peers.iter().filter(|peer| !peer.ready).count();
    limit(max, peers.len()).saturating_sub(unready)
}

/// What is to be said of a rollout that is under way; `None` where every resource was reached.
#[must_use]
pub fn said(revision: &str, peers: &[Peer]) -> Option<String> {
    let waiting = peers.iter().filter(|peer| !peer.updated).count();
    if waiting == 0 {
        return None;
    }
    let updated = peers.len() - waiting;
    let unready = peers.iter().filter(|peer| !peer.ready).map(|peer| peer.name.as_str());
    let far = format!("{updated} of {} resources are at revision `{revision}`", peers.len());
    if unready.clone().next().is_none() {
        return Some(far);
    }
    let what = list(unready);
    Some(format!(
        "{far}; not ready: {what}. The others are left as they are until enough of these work; see `kubectl describe sres`, and mend the rule or put its last version back"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::rule::Percent;

    fn peers(states: &[(bool, bool)]) -> Vec<Peer> {
        let peer = |(index, (updated, ready)): (usize, &(bool, bool))| Peer {
            name: format!("ns/r{index}"),
            updated: *updated,
            ready: *ready,
        };
        states.iter().enumerate().map(peer).collect()
    }

    #[test]
    fn a_part_of_the_resources_and_at_least_one() {
        let quarter = MaxUnavailable::Percent(Percent(25));
        let limits: Vec<_> = [0, 1, 4, 7, 8, 1000].iter().map(|total| limit(&quarter, *total)).collect();
        assert_eq!(limits, [1, 1, 1, 1, 2, 250]);
        assert_eq!(limit(&MaxUnavailable::Number(3), 1000), 3);
    }

    #[test]
    fn there_is_no_room_while_too_many_do_not_work() {
        let two = MaxUnavailable::Number(2);
        assert_eq!(room(&two, &peers(&[(false, true); 5])), 2);
        assert_eq!(room(&two, &peers(&[(true, true), (true, false), (false, true)])), 1);
        // Whatever made it unready: an edit must not add to an outage.
        assert_eq!(room(&two, &peers(&[(true, false), (false, false), (false, true)])), 0);
        assert_eq!(room(&two, &peers(&[(true, false), (true, false), (true, false)])), 0);
    }

    #[test]
    fn what_is_said_ends_when_all_were_reached() {
        assert_eq!(said("abc", &peers(&[(true, true), (true, false)])), None);
        assert_eq!(said("abc", &[]), None);
        let text = said("abc", &peers(&[(true, true), (true, false), (false, true)])).unwrap_or_default();
        assert!(text.starts_with("2 of 3 resources are at revision `abc`; not ready: `ns/r1`."), "{text}");
        let fine = said("abc", &peers(&[(true, true), (false, true)])).unwrap_or_default();
        assert_eq!(fine, "1 of 2 resources are at revision `abc`");
    }
}
