//! What was applied is not applied again, and what somebody changed is.

use proptest::prelude::*;
use score_operator::api::labels::MANAGER;
use score_operator::render::drift::must_apply;
use score_operator::render::resource::{Bonds, score_resource};
use score_operator::render::{Manifests, Owner};
use serde_json::{Value, json};

use super::given::{self, NAMESPACE};
use super::rules::{default_inputs, default_rules, provisioned};
use super::server::live_after_apply;
use super::{config, rendered};

proptest! {
    #![proptest_config(config())]

    /// covers: G07
    #[test]
    fn what_was_applied_is_not_applied_again(inputs in given::workload()) {
        for manifest in rendered(&inputs).iter().flat_map(Manifests::iter) {
            let live = live_after_apply(&manifest.body);
            prop_assert!(!must_apply(&manifest.body, &live, MANAGER), "{}\n{live:#}", manifest.body);
        }
    }

    /// covers: X34
    #[test]
    fn a_value_that_somebody_changed_is_applied_again(inputs in given::workload(), which in any::<prop::sample::Index>()) {
        for manifest in rendered(&inputs).iter().flat_map(Manifests::iter) {
            let mut live = live_after_apply(&manifest.body);
            let leaves = owned_leaves(&manifest.body);
            let pointer = &leaves[which.index(leaves.len())];
            let value = live.pointer_mut(pointer).expect("what was applied is there");
            *value = if value.is_number() { json!(4242) } else { json!("changed-by-hand") };
            prop_assert!(must_apply(&manifest.body, &live, MANAGER), "{pointer}\n{live:#}");
        }
    }

    #[test]
    fn a_value_that_is_no_longer_wanted_is_dropped(inputs in given::workload(), which in any::<prop::sample::Index>()) {
        for manifest in rendered(&inputs).iter().flat_map(Manifests::iter) {
            let live = live_after_apply(&manifest.body);
            let leaves: Vec<_> = owned_leaves(&manifest.body).into_iter().filter(|pointer| !is_key(pointer)).collect();
            let (parent, name) = leaves[which.index(leaves.len())].rsplit_once('/').expect("a pointer");
            let name = name.replace("~1", "/");
            let mut smaller = manifest.body.clone();
            let removed = smaller.pointer_mut(parent).and_then(Value::as_object_mut).and_then(|map| map.remove(&name));
            if removed.is_some() {
                prop_assert!(must_apply(&smaller, &live, MANAGER), "{parent} {name}\n{live:#}");
            }
        }
    }
}

/// The places of all values in a manifest that its manager owns.
fn owned_leaves(manifest: &Value) -> Vec<String> {
    let mut found = Vec::new();
    leaves(manifest, String::new(), &mut found);
    let not_owned = ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace"];
    found.retain(|pointer| !not_owned.contains(&pointer.as_str()));
    found
}

fn leaves(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| {
                leaves(value, format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            });
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, value)| leaves(value, format!("{pointer}/{index}"), found));
        }
        // A default of the server's cannot be told from an empty value.
        Value::String(text) if text.is_empty() => {}
        _ => found.push(pointer),
    }
}

/// Whether a place is the key of a list item, which cannot be left out.
fn is_key(pointer: &str) -> bool {
    ["/name", "/uid", "/port", "/protocol"].iter().any(|key| pointer.ends_with(key))
}

#[test]
fn what_default_rules_make_is_not_applied_again() {
    for (name, rule) in default_rules() {
        let (_, manifests) = provisioned(&rule, &default_inputs(&rule));
        for manifest in manifests.iter() {
            let live = live_after_apply(&manifest.body);
            assert!(!must_apply(&manifest.body, &live, MANAGER), "{name}: {}\n{live:#}", manifest.redacted());
        }
    }
    let spec = default_inputs(&default_rules()["postgres"]).spec;
    let owner = Owner { kind: "ScoreWorkload", name: "web".into(), uid: "u-1".into() };
    let manifest = score_resource(NAMESPACE, &spec, &Bonds { owners: vec![owner], ..Bonds::default() });
    assert!(!must_apply(&manifest.body, &live_after_apply(&manifest.body), MANAGER));
}
