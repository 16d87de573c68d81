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
    /// Whether the newest revision was let reach it, whatever came of it.
    pub reached: bool,
    /// Whether its objects work; `false` where the revision was let reach it and it has not made them yet.
    pub works: bool,
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
pub fn room<'a>(max: &MaxUnavailable, peers: impl Iterator<Item = &'a Peer> + Clone) -> usize {
    let broken = peers.clone().filter(|peer| !peer.works).count();
    limit(max, peers.count()).saturating_sub(broken)
}

/// What is to be said of a rollout that is under way; `None` where every resource was reached.
#[must_use]
pub fn said(revision: &str, peers: &[Peer]) -> Option<String> {
    if peers.iter().all(|peer| peer.reached) {
        return None;
    }
    let updated = peers.iter().filter(|peer| peer.updated).count();
    let far = format!("{updated} of {} resources are at revision `{revision}`", peers.len());
    let broken = peers.iter().filter(|peer| !peer.works).map(|peer| peer.name.as_str());
    if broken.clone().next().is_none() {
        return Some(far);
    }
    Some(format!(
        "{far}; not ready: {}. The others are left as they are until enough of these work: see `kubectl describe sres`. If the edit is to blame, mend the rule or put its last version back; if not, a larger `maxUnavailable` lets it go on",
        list(broken)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::rule::Percent;

    /// Resources by letter: `o` is old and works, `x` is old and does not; `O` and `X` are new; `t` was let go.
    fn peers(states: &str) -> Vec<Peer> {
        let peer = |(index, state): (usize, char)| Peer {
            name: format!("ns/r{index}"),
            updated: state.is_uppercase(),
            reached: state.is_uppercase() || state == 't',
            works: state.eq_ignore_ascii_case(&'o'),
        };
        states.chars().enumerate().map(peer).collect()
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
        let room = |states| room(&MaxUnavailable::Number(2), peers(states).iter());
        assert_eq!((room("ooooo"), room("OXo"), room("Oto")), (2, 1, 1));
        // Whatever made it so: an edit must not add to an outage.
        assert_eq!((room("Xxo"), room("XXX"), room("tto")), (0, 0, 0));
    }

    #[test]
    fn what_is_said_ends_when_all_were_reached() {
        assert_eq!((said("abc", &peers("OX")), said("abc", &[])), (None, None));
        let text = said("abc", &peers("OXo")).unwrap_or_default();
        assert!(text.starts_with("2 of 3 resources are at revision `abc`; not ready: `ns/r1`."), "{text}");
        assert_eq!(said("abc", &peers("Oo")).unwrap_or_default(), "1 of 2 resources are at revision `abc`");
    }
}
