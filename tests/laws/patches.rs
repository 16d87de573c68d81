//! Patches of several resources, in any order and under any names.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use score_operator::plan::Plan;
use score_operator::plan::patch::{Merge, entries};
use score_operator::plan::workload::{WorkloadInputs, plan};
use score_operator::render;
use serde_json::{Value, json};

use super::{config, rendered};

/// What a rule may set: much of it agrees, some of it contradicts other rules or the Score file.
fn fragment() -> impl Strategy<Value = Value> {
    let env = |name: &str, value: &str| json!({"containers": {"env": [{"name": name, "value": value}]}});
    let pod = |spec: Value| json!({"podTemplate": {"spec": spec}});
    let note = |text: &str| json!({"podTemplate": {"metadata": {"annotations": {"note": text}}}});
    let one = select(vec![
        env("SHARED", "same"),
        env("OWN", "1"),
        env("OWN", "2"),
        env("MODE", "fast"),
        env("MODE", "slow"),
        note("a"),
        note("a"),
        note("b"),
        json!({"containers": {"volumeMounts": [{"name": "certs", "mountPath": "/certs"}]}}),
        json!({"containers": {"args": ["serve"]}}),
        pod(json!({"serviceAccountName": "one"})),
        pod(json!({"automountServiceAccountToken": true})),
        pod(json!({"volumes": [{"name": "certs", "emptyDir": {}}]})),
        pod(json!({"volumes": [{"name": "certs", "secret": {"secretName": "x"}}]})),
        pod(json!({"containers": [{"name": "proxy", "image": "proxy:1"}]})),
        pod(json!({"containers": [{"name": "proxy", "image": "proxy:1", "ports": [{"containerPort": 1}]}]})),
        pod(json!({"containers": [{"name": "proxy", "ports": [{"containerPort": 1, "protocol": "UDP"}]}]})),
        pod(json!({"containers": [{"name": "log", "image": "log:1"}]})),
        pod(json!({"initContainers": [{"name": "proxy-init", "image": "init:1"}]})),
        pod(json!({"initContainers": [{"name": "wait", "image": "wait:1"}]})),
    ]);
    vec(one, 1..3).prop_map(|all| {
        let mut merge = Merge::new(json!({}));
        all.iter().for_each(|fragment| merge.add(fragment, &()));
        merge.whole
    })
}

fn fragments() -> impl Strategy<Value = Vec<Value>> {
    vec(fragment(), 1..5)
}

fn merged(all: &[Value]) -> Merge<usize> {
    let own = json!({"containers": {"env": [{"name": "MODE", "value": "fast"}], "args": ["serve"]}});
    let mut merge = Merge::new(own);
    all.iter().enumerate().for_each(|(source, fragment)| merge.add(fragment, &source));
    merge
}

/// All that is set, whatever the order of items.
fn set(whole: &Value) -> BTreeMap<String, Value> {
    let fields = entries("", whole.as_object().expect("a map")).into_iter();
    fields.map(|entry| (entry.path, entry.value)).collect()
}

/// A workload whose resources have these names, and set these fragments.
fn workload(names: &[&str], fragments: &[Value]) -> WorkloadInputs {
    let id = |number: usize| format!("id-{number}");
    let resources: BTreeMap<_, _> = names
        .iter()
        .take(fragments.len())
        .enumerate()
        .map(|(at, name)| (*name, json!({"type": "thing", "id": id(at)})))
        .collect();
    let state = |(at, (name, patches)): (usize, (&&str, &Value))| {
        let state = json!({
            "object": name, "uid": format!("thing.default#{}", id(at)), "current": true, "ready": true, "reason": "Ready",
            "message": "", "outputs": {}, "rule": format!("rule-{at}"), "patches": patches,
        });
        ((*name).to_owned(), state)
    };
    let states: BTreeMap<_, _> = names.iter().zip(fragments).enumerate().map(state).collect();
    let main = json!({"image": "app", "args": ["serve"], "variables": {"MODE": "fast"}});
    let waits = json!({"image": "init", "args": ["serve"], "before": {"main": {"ready": "complete"}}});
    serde_json::from_value(json!({
        "name": "web", "namespace": "team-a", "uid": "u", "generation": 1, "resources": states,
        "spec": {"containers": {"main": main, "first": waits}, "resources": resources},
    }))
    .expect("inputs")
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_order_of_patches_changes_neither_what_is_set_nor_whether_they_agree(
        (straight, shuffled) in fragments().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let (one, other) = (merged(&straight), merged(&shuffled));
        prop_assert_eq!(one.clashes.is_empty(), other.clashes.is_empty());
        if one.clashes.is_empty() {
            prop_assert_eq!(set(&one.whole), set(&other.whole));
        }
    }

    #[test]
    fn where_all_agree_all_of_each_patch_is_set_and_a_second_time_changes_nothing(all in fragments()) {
        let once = merged(&all);
        prop_assume!(once.clashes.is_empty());
        let found = set(&once.whole);
        for (path, value) in all.iter().flat_map(set) {
            // An item of which nothing but its keys was said may have got more by another patch.
            let more = || found.keys().any(|other| other.starts_with(&format!("{path}.")));
            prop_assert!(found.get(&path) == Some(&value) || more(), "{}", path);
        }
        let twice = merged(&[all.clone(), all].concat());
        prop_assert!(twice.clashes.is_empty());
        prop_assert_eq!(twice.whole, once.whole);
    }

    #[test]
    fn the_names_of_resources_in_the_score_file_change_no_byte(
        all in fragments(),
        names in Just(["db", "zoo", "cache", "queue", "aa"]).prop_shuffle(),
    ) {
        let (one, other) = (workload(&["aa", "bb", "cc", "dd", "ee"], &all), workload(&names, &all));
        let bytes = |inputs: &WorkloadInputs| rendered(inputs).map(|all| all.iter().map(|it| it.body.to_string()).collect::<Vec<_>>());
        prop_assert_eq!(bytes(&one), bytes(&other));
        let problems = |inputs: &WorkloadInputs| match plan(inputs).and_then(render::fits) {
            Plan::Rejected(problems) => problems.len(),
            Plan::Ready(_) | Plan::Pending(_) => 0,
        };
        prop_assert_eq!(problems(&one), problems(&other));
    }
}

/// The laws above speak of patches that agree, and of some that do not.
#[test]
fn patches_of_both_sorts_are_given() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let seen: BTreeSet<_> = (0..200)
        .map(|_| merged(&fragments().new_tree(&mut runner).expect("fragments").current()).clashes.is_empty())
        .collect();
    assert_eq!(seen, [true, false].into());
    assert!(rendered(&workload(&["aa"], &[json!({"containers": {"tty": true}})])).is_some());
}
