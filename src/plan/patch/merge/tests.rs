use serde_json::json;

use super::*;

/// What comes of merging fragments, the first of which is what is there; and the paths of the clashes.
fn merged(all: &[Value]) -> (Value, Vec<String>) {
    let mut merge = Merge::new(all[0].clone());
    all[1..].iter().enumerate().for_each(|(source, fragment)| merge.add(fragment, &source));
    (merge.whole, merge.clashes.into_iter().map(|clash| clash.path).collect())
}

fn env(entries: &[(&str, &str)]) -> Value {
    entries.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

#[test]
fn fragments_are_merged_as_server_side_apply_would() {
    for (what, have, want, expected) in [
        ("maps by key", json!({"a": {"b": 1}}), json!({"a": {"c": 2}}), json!({"a": {"b": 1, "c": 2}})),
        (
            "equal values",
            json!({"a": [1, {"b": 2}]}),
            json!({"a": [1, {"b": 2}]}),
            json!({"a": [1, {"b": 2}]}),
        ),
        (
            "containers by name",
            json!({"containers": [{"name": "a", "image": "x"}]}),
            json!({"containers": [{"name": "b", "image": "y"}, {"name": "a", "tty": true}]}),
            json!({"containers": [{"name": "a", "image": "x", "tty": true}, {"name": "b", "image": "y"}]}),
        ),
        (
            "variables by name",
            json!({"env": env(&[("A", "1")])}),
            json!({"env": env(&[("B", "2"), ("A", "1")])}),
            json!({"env": env(&[("A", "1"), ("B", "2")])}),
        ),
        (
            "mounts by path",
            json!({"volumeMounts": [{"name": "v", "mountPath": "/a"}]}),
            json!({"volumeMounts": [{"name": "v", "mountPath": "/b"}, {"name": "v", "mountPath": "/a", "readOnly": true}]}),
            json!({"volumeMounts": [{"name": "v", "mountPath": "/a", "readOnly": true}, {"name": "v", "mountPath": "/b"}]}),
        ),
        (
            "ports by number and protocol, which is TCP where none is said",
            json!({"ports": [{"containerPort": 53}]}),
            json!({"ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP", "name": "dns"}]}),
            json!({"ports": [{"containerPort": 53, "protocol": "TCP", "name": "dns"}, {"containerPort": 53, "protocol": "UDP"}]}),
        ),
        (
            "init containers before those that are there",
            json!({"initContainers": [{"name": "own"}]}),
            json!({"initContainers": [{"name": "one"}, {"name": "two"}]}),
            json!({"initContainers": [{"name": "one"}, {"name": "two"}, {"name": "own"}]}),
        ),
    ] {
        let (whole, clashes) = merged(&[have, want]);
        // That TCP is written out where it was left out is no contradiction.
        assert!(clashes.is_empty(), "{what}: {clashes:?}");
        assert_eq!(whole, expected, "{what}");
    }
}

#[test]
fn a_field_that_two_set_differently_is_a_clash_and_the_first_value_stays() {
    for (have, want, path) in [
        (json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), "a.b"),
        (json!({"a": {"b": 1}}), json!({"a": 1}), "a"),
        (json!({"args": ["a"]}), json!({"args": ["a", "b"]}), "args"),
        (json!({"tolerations": [{"key": "a"}]}), json!({"tolerations": [{"key": "b"}]}), "tolerations"),
        (json!({"env": env(&[("A", "1")])}), json!({"env": env(&[("A", "2")])}), "env[\"A\"]"),
        (
            json!({"env": env(&[("A", "1")])}),
            json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}),
            "env[\"A\"]",
        ),
        (
            json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
            json!({"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}),
            "volumes[\"v\"]",
        ),
        (
            json!({"volumeMounts": [{"mountPath": "/a", "name": "v"}]}),
            json!({"volumeMounts": [{"mountPath": "/a", "name": "w"}]}),
            "volumeMounts[\"/a\"].name",
        ),
    ] {
        let (whole, clashes) = merged(&[have.clone(), want]);
        assert_eq!(clashes, [path]);
        assert_eq!(whole, have);
    }
}

#[test]
fn a_clash_names_who_set_the_field_and_to_what() {
    let mut merge = Merge::new(json!({"metadata": {"annotations": {"own": "1"}}}));
    merge.add(&json!({"spec": {"containers": [{"name": "proxy", "image": "x"}]}}), &"one");
    merge.add(&json!({"metadata": {"annotations": {"own": "2"}}}), &"two");
    merge.add(&json!({"spec": {"containers": [{"name": "proxy", "image": "y"}]}}), &"three");
    let said = |at: usize| {
        let Clash { path, first, was, second, wants } = merge.clashes[at].clone();
        (path, first, was, second, wants)
    };
    assert_eq!(said(0), ("metadata.annotations.own".into(), None, json!("1"), "two", json!("2")));
    let path = "spec.containers[\"proxy\"].image".to_owned();
    assert_eq!(said(1), (path, Some("one"), json!("x"), "three", json!("y")));
}
