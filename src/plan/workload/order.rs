//! Which containers start before which (B01–B06): those that others wait for become init containers.

use std::collections::{BTreeMap, BTreeSet};

use super::resolved::Gate;
use crate::api::score::{BeforeReady, Container};
use crate::plan::graph::{self, Edges};

/// The containers of a workload in the order in which they start.
#[derive(Debug, Eq, PartialEq)]
pub struct Order {
    /// Those that others wait for.
    pub init: Vec<(Gate, String)>,
    /// Those that nobody waits for, by name.
    pub main: Vec<String>,
}

/// Orders containers whose `before` was validated: it names others and has no cycle.
#[must_use]
pub fn order(containers: &BTreeMap<String, Container>) -> Order {
    let mut waits_for: Edges = containers.keys().map(|name| (name.clone(), BTreeSet::new())).collect();
    for (name, container) in containers {
        for after in container.before.iter().flat_map(BTreeMap::keys) {
            waits_for.entry(after.clone()).or_default().insert(name.clone());
        }
    }
    let sorted = graph::order(&waits_for).unwrap_or_default();
    let gate_of = |name: String| Some((gate(containers.get(&name)?)?, name));
    let is_main = |name: &&String| containers.get(*name).is_some_and(|container| gate(container).is_none());
    Order {
        init: sorted.into_iter().filter_map(gate_of).collect(),
        main: containers.keys().filter(is_main).cloned().collect(),
    }
}

/// What is waited for: the strongest, as complete implies started (B06).
fn gate(container: &Container) -> Option<Gate> {
    let gates = container.before.iter().flatten().map(|(_, before)| match before.ready {
        BeforeReady::Started => Gate::Started,
        BeforeReady::Healthy => Gate::Healthy,
        BeforeReady::Complete => Gate::Complete,
    });
    gates.max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ordered(before: &serde_json::Value) -> (Vec<(Gate, String)>, Vec<String>) {
        let mut containers: BTreeMap<String, Container> = BTreeMap::new();
        for (name, after) in before.as_object().expect("containers") {
            let after: BTreeMap<_, _> = after.as_object().expect("a map").iter().collect();
            let after: serde_json::Map<_, _> =
                after.into_iter().map(|(name, ready)| (name.clone(), json!({"ready": ready}))).collect();
            let container = json!({"image": "x", "before": after});
            containers.insert(name.clone(), serde_json::from_value(container).expect("a container"));
        }
        let Order { init, main } = order(&containers);
        (init, main)
    }

    fn named(found: &[(Gate, String)]) -> Vec<&str> {
        found.iter().map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn b01_who_is_waited_for_is_an_init_container() {
        let (init, main) = ordered(&json!({"migrate": {"app": "complete"}, "app": {}, "side": {}}));
        assert_eq!(init, [(Gate::Complete, "migrate".to_owned())]);
        assert_eq!(main, ["app", "side"]);
    }

    #[test]
    fn b04_chains_and_diamonds_start_in_order_and_ties_go_by_name() {
        let diamond = json!({"z": {"b": "started", "a": "started"}, "b": {"main": "complete"}, "a": {"main": "healthy"}, "main": {}});
        let (init, main) = ordered(&diamond);
        assert_eq!(named(&init), ["z", "a", "b"]);
        assert_eq!(main, ["main"]);
        let chain = json!({"c": {"b": "started"}, "b": {"a": "started"}, "a": {}});
        assert_eq!(named(&ordered(&chain).0), ["c", "b"]);
    }

    #[test]
    fn b06_complete_wins() {
        let (init, _) = ordered(
            &json!({"first": {"a": "started", "b": "complete", "c": "healthy"}, "a": {}, "b": {}, "c": {}}),
        );
        assert_eq!(init[0].0, Gate::Complete);
    }
}
