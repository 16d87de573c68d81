//! `$each` and `$do`.

use super::*;

#[test]
fn a_loop_builds_a_list() {
    for (template, expected) in [
        (json!({"$each": "{{ params.queues }}", "$do": "{{ item }}-{{ index }}"}), json!(["a-0", "b-1"])),
        (
            json!({"x": {"$each": "{{ params.queues }}", "$do": {"name": "{{ item }}", "n": "{{ index }}"}}}),
            json!({"x": [{"name": "a", "n": 0}, {"name": "b", "n": 1}]}),
        ),
        (
            json!(["first", {"$each": "{{ params.queues }}", "$do": "{{ item }}"}, "last"]),
            json!(["first", "a", "b", "last"]),
        ),
        (
            json!({"$each": "{{ params.labels }}", "$do": "{{ item.key }}={{ item.value }}"}),
            json!(["x=1", "y=2"]),
        ),
        (json!({"$each": "{{ params.queues }}", "$do": "{{ item if item == 'a' else omit }}"}), json!(["a"])),
        (json!({"$each": "{{ [] }}", "$do": "{{ item.x }}"}), json!([])),
        (json!({"$each": "{{ ['z'] + params.queues[1:] }}", "$do": 1}), json!([1, 1])),
        (json!({"$each": "{{ objects.db.status.list }}", "$do": "{{ item.n }}"}), json!([1, 2])),
        (
            json!({"$each": "{{ params.queues }}", "$do": {"$each": "{{ [item ~ 1, item ~ 2] }}", "$do": "{{ item }}/{{ index }}"}}),
            json!(["a1/0", "a2/1", "b1/0", "b2/1"]),
        ),
        (
            json!({"$each": "{{ params.queues }}", "$do": ["{{ item }}", {"$each": "{{ [1, 2] }}", "$do": "{{ item }}"}]}),
            json!([["a", 1, 2], ["b", 1, 2]]),
        ),
    ] {
        assert_eq!(plain(&template), expected, "{template}");
    }
}

#[test]
fn a_loop_needs_a_list_and_a_body() {
    for (template, message) in [
        (json!({"$each": "{{ a }}"}), "spec: a loop is a map of `$each` and `$do`"),
        (json!({"$do": 1}), "spec: a loop is a map"),
        (json!({"x": {"$each": "{{ a }}", "$do": 1, "more": 2}}), "spec.x: a loop is a map"),
        (json!({"$each": ["a"], "$do": 1}), "spec.$each: expected exactly one expression"),
        (json!({"$each": "a", "$do": 1}), "spec.$each: expected exactly one expression"),
        (json!({"$each": "x{{ a }}", "$do": 1}), "spec.$each: expected exactly one expression"),
        (json!({"$each": "{{ a | nope }}", "$do": 1}), "spec.$each: filter `nope` is unknown"),
    ] {
        assert!(refusals(&template)[0].starts_with(message), "{template}: {:?}", refusals(&template));
        assert_eq!(refusals(&template).len(), 1);
    }
    for (list, message) in [
        ("{{ params.version }}", "needs a list or a map, and got a string"),
        ("{{ params.storageGi }}", "got a number"),
        ("{{ params.nothing }}", "got null"),
        ("{{ omit }}", "got `omit`"),
        ("{{ secret_ref('a', 'b') }}", "got a secret reference"),
        ("{{ params.nope }}", "`params.nope` is not there"),
        ("{{ objects.db.status.nope }}", "waits for `objects.db.status.nope`"),
    ] {
        let error = error(&json!({"$each": list, "$do": 1}));
        assert!(error.starts_with("spec.$each: ") && error.contains(message), "{list}: {error}");
    }
}

#[test]
fn items_of_objects_stay_awaited_and_others_do_not() {
    let each = |list: &str| json!({"$each": list, "$do": "{{ item.address }}"});
    assert_eq!(error(&each("{{ objects.db.status.list }}")), "spec.$do: waits for `item.address`");
    assert!(error(&each("{{ [{'a': 1}] }}")).starts_with("spec.$do: `item.address` is not there"));
}

#[test]
fn secrets_can_be_looped_over() {
    let template =
        json!({"$each": "{{ [secret_ref('a', 'k'), secret_ref('b', 'k')] }}", "$do": {"ref": "{{ item }}"}});
    assert_eq!(evaluate(&template, &scope()).unwrap().secrets().len(), 2);
}

#[test]
fn leaves_of_a_loop_name_what_it_runs_over() {
    let template = json!({"$each": "{{ generated.list }}", "$do": {"$each": "{{ item.parts }}", "$do": "{{ item }}{{ index }}{{ id }}"}});
    let node = Node::compile(&template, "m").unwrap();
    let leaves: Vec<_> = node
        .leaves()
        .map(|leaf| (leaf.path.as_str(), leaf.names.iter().map(|name| name.join(".")).collect::<Vec<_>>()))
        .collect();
    let list = "generated.list".to_owned();
    assert_eq!(
        leaves,
        [
            ("m.$each", vec![list.clone()]),
            ("m.$do.$each", vec![list.clone()]),
            ("m.$do.$do", vec![list, "id".to_owned()]),
        ]
    );
}
