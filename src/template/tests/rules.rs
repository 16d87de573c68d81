//! What leaves are and make.

use super::*;

#[test]
fn a_single_expression_keeps_its_type() {
    for (template, expected) in [
        ("{{ params.version }}", json!("16")),
        ("{{ params.storageGi }}", json!(20)),
        ("{{ params.ratio }}", json!(0.5)),
        ("{{ params.flag }}", json!(true)),
        ("{{ params.nothing }}", json!(null)),
        ("{{ none }}", json!(null)),
        ("{{ params.queues }}", json!(["a", "b"])),
        ("{{ params.labels }}", json!({"x": "1", "y": "2"})),
        ("{{ [1, 'a', {'b': params.storageGi}, (1, 2)] }}", json!([1, "a", {"b": 20}, [1, 2]])),
        ("{{{'a': 1}}}", json!({"a": 1})),
        ("{{ 4 / 2 }}", json!(2)),
        ("{{ 5 / 2 }}", json!(2.5)),
        ("{{ 7 // 2 + 7 % 2 - -1 }}", json!(5)),
        ("{{ 18446744073709551615 }}", json!(18_446_744_073_709_551_615_u64)),
        ("{{ locals.sizes[params.size].cpu }}", json!(1)),
        ("{{ {'small': 1, 'large': 8}[params.size] }}", json!(1)),
        ("{{ params.queues[0] ~ params.queues[-1] }}", json!("ab")),
        ("{{ params.queues + ['c'] }}", json!(["a", "b", "c"])),
        ("{{ params.queues[1:] }}", json!(["b"])),
        ("{{ guid[:8] }}", json!("01234567")),
        ("{{ 'a' if params.flag else 'b' }}", json!("a")),
        ("{{ 'x' in params.labels and 'z' not in params.labels }}", json!(true)),
        ("{{ 'a' in params.queues }}", json!(true)),
        ("{{ params.labels == {'y': '2', 'x': '1'} }}", json!(true)),
        ("{{ params.storageGi > 10 and params.storageGi <= 20 }}", json!(true)),
        ("{{ '{{' }}", json!("{{")),
        ("{{ '}}' ~ \"{%\" }}", json!("}}{%")),
    ] {
        assert_eq!(plain(&json!(template)), expected, "{template}");
    }
}

#[test]
fn other_texts_are_texts() {
    for (template, expected) in [
        ("no expression", "no expression"),
        ("", ""),
        ("${resources.x} $(A) }} { } #}", "${resources.x} $(A) }} { } #}"),
        ("${#array[@]} {%", "${#array[@]} {%"),
        (r#"{"a": {"b": {}}}"#, r#"{"a": {"b": {}}}"#),
        ("a-{{ params.version }}-{{ params.storageGi }}", "a-16-20"),
        (" {{ params.flag }}", " true"),
        ("{{ params.flag }}{{ params.off }}", "truefalse"),
        ("{{ 8080 / 1 }} {{ 0.5 }}", "8080 0.5"),
        ("{{ '{{' }} x {{ '}}' }}", "{{ x }}"),
        (r#"{"a":{"b":"{{ params.version }}"}}"#, r#"{"a":{"b":"16"}}"#),
        ("multi\n{{ id }}\nline\n", "multi\nshop.db\nline\n"),
        ("{{ params.empty }}{{ params.empty }}", ""),
    ] {
        assert_eq!(plain(&json!(template)), json!(expected), "{template}");
    }
}

#[test]
fn text_is_made_of_strings_numbers_and_bools() {
    for (template, found) in [
        ("x{{ params.nothing }}", "gave null"),
        ("x{{ params.queues }}", "gave a list"),
        ("x{{ params.labels }}", "gave a map"),
        ("x{{ [1] }}", "gave a list"),
        ("x{{ omit }}", "gave `omit`"),
    ] {
        let error = error(&json!({"a": template}));
        assert!(
            error.starts_with("spec.a: text is made of strings, numbers and bools") && error.contains(found),
            "{template}: {error}"
        );
    }
    for template in
        ["{{ params.labels ~ 'x' }}", "{{ [params.queues] ~ 'x' }}", "{{ 'a' in (params.labels ~ '') }}"]
    {
        assert!(error(&json!(template)).contains("is a map or list, and text is made of"), "{template}");
    }
}

#[test]
fn a_tree_keeps_its_shape() {
    let template = json!({
        "apiVersion": "v1", "n": 1, "b": true, "z": null,
        "metadata": {"name": "{{ locals.name }}", "labels": {"const": "x"}},
        "list": ["a", "{{ params.version }}", ["{{ 1 }}"], {}],
    });
    let expected = json!({
        "apiVersion": "v1", "n": 1, "b": true, "z": null,
        "metadata": {"name": "shop-db", "labels": {"const": "x"}},
        "list": ["a", "16", [1], {}],
    });
    assert_eq!(plain(&template), expected);
}

#[test]
fn omit_leaves_out_keys_and_items() {
    let template = json!({
        "gone": "{{ omit }}", "kept": "{{ 1 if params.flag else omit }}", "also": "{{ 1 if params.off else omit }}",
        "list": ["{{ omit }}", "a", "{{ params.nope | default(omit) }}"], "built": "{{ [1, omit, {'a': omit, 'b': 2}] }}",
    });
    assert_eq!(plain(&template), json!({"kept": 1, "list": ["a"], "built": [1, {"b": 2}]}));
    assert!(error(&json!("{{ omit }}")).contains("this is neither"));
    for template in [
        "{{ omit ~ 'x' }}",
        "{{ omit == 1 }}",
        "{{ omit.x }}",
        "{{ omit | b64encode }}",
        "{{ 1 if omit else 2 }}",
        "{{ [1 if omit == omit else 2] }}",
    ] {
        assert!(error(&json!(template)).contains("omit"), "{template}: {}", error(&json!(template)));
    }
}

#[test]
fn tests_ask_for_the_kind() {
    for (template, expected) in [
        ("{{ params.version is string and params.storageGi is number and params.flag is boolean }}", true),
        ("{{ params.storageGi is integer and params.ratio is not integer }}", true),
        ("{{ params.nothing is none and params.nothing is defined }}", true),
        (
            "{{ params.labels is mapping and params.queues is sequence and params.labels is not sequence }}",
            true,
        ),
        ("{{ params.nope is defined or params.nope is not undefined }}", false),
        ("{{ [1] is sequence and {} is mapping and params.queues[1:] is sequence }}", true),
    ] {
        assert_eq!(plain(&json!(template)), json!(expected), "{template}");
    }
}

#[test]
fn all_errors_of_a_tree_are_found_with_their_paths() {
    let template = json!({
        "a": "{{ x | b64encod }}",
        "b": ["ok", "{{ }}", {"c d": "{{ y"}],
        "e": "{% if x %}y{% endif %}",
        "f": "a {# note #}",
        "{{ key }}": 1,
        "g": "{{ a }} }}",
        "h": "{{ a b }}",
        "i": "{{ a == }}",
    });
    let errors = refusals(&template);
    for (path, message) in [
        ("spec.a: ", "did you mean `b64encode`?"),
        ("spec.b[1]: ", "is empty"),
        ("spec.b[2][\"c d\"]: ", "never closed"),
        ("spec.e: ", "rules have no statements"),
        ("spec.f: ", "rules have no comments"),
        ("spec[\"{{ key }}\"]: ", "keys are not evaluated"),
        ("spec.g: ", "`}}` closes nothing"),
        ("spec.h: ", "cannot be read: unexpected input after expression"),
        ("spec.i: ", "cannot be read: unexpected end of input"),
    ] {
        assert!(
            errors.iter().any(|error| error.starts_with(path) && error.contains(message)),
            "{path}{message}: {errors:#?}"
        );
    }
    assert_eq!(errors.len(), 9, "{errors:#?}");
}

#[test]
fn constants_are_known_without_evaluation() {
    let template = json!({"apiVersion": "v1", "kind": "{{ x }}", "metadata": {"name": "{{ x }}", "namespace": "n"}, "spec": {"a": ["b"], "n": 1}});
    let node = Node::compile(&template, "spec").unwrap();
    for (keys, expected) in [
        (vec!["apiVersion"], Some("v1")),
        (vec!["kind"], None),
        (vec!["metadata", "namespace"], Some("n")),
        (vec!["spec", "n"], None),
        (vec!["nope"], None),
        (vec![], None),
    ] {
        assert_eq!(node.constant(&keys), expected, "{keys:?}");
    }
    assert_eq!(Node::compile(&json!("v1"), "x").unwrap().constant(&[]), Some("v1"));
}

#[test]
fn leaves_name_what_they_use() {
    let template = json!({"data": {"url": "x{{ generated.password }}{{ id }}", "pw": "{{ (generated.password) | b64encode }}"}, "host": "{{ secret_ref(locals.name, 'k') }}"});
    let node = Node::compile(&template, "m").unwrap();
    let leaves: Vec<_> = node.leaves().collect();
    let names = |leaf: &Leaf| leaf.names.iter().map(|name| name.join(".")).collect::<Vec<_>>();
    assert_eq!(
        leaves.iter().map(|leaf| leaf.path.as_str()).collect::<Vec<_>>(),
        ["m.data.pw", "m.data.url", "m.host"]
    );
    assert_eq!(leaves[0].keys, ["data", "pw"]);
    assert_eq!(names(leaves[0]), ["generated.password"]);
    assert_eq!((leaves[0].outer_filter.as_deref(), leaves[0].native), (Some("b64encode"), true));
    assert_eq!(names(leaves[1]), ["generated.password", "id"]);
    assert_eq!((leaves[1].outer_filter.as_deref(), leaves[1].native), (None, false));
    assert_eq!(leaves[2].functions, ["secret_ref"]);
}

#[test]
fn compiled_templates_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Node>();
    shared::<Expression>();
    shared::<Scope>();
}

#[test]
fn conditions_are_bools() {
    let condition = |text: &str| {
        Expression::compile(text, "readyWhen[0]", "{{ objects.db.status.ready }}").and_then(|expression| {
            expression
                .evaluate_bool(&scope(), &mut Budget::new())
                .map_err(|error| TemplateError { path: String::new(), message: error.to_string() })
        })
    };
    assert_eq!(condition("{{ objects.db.status.phase == 'Ready' }}"), Ok(true));
    assert_eq!(condition("{{ objects.db.status.a.b is defined }}"), Ok(false));
    for (text, message) in [
        ("{{ objects.db.status.replicas }}", "readyWhen[0]: expected true or false"),
        ("{{ objects.db.status.address != '' }}", "readyWhen[0]: waits for `objects.db.status.address`"),
        ("objects.db.status.ready", "expected exactly one expression"),
        ("{{ true }} ", "expected exactly one expression"),
        ("{{ true }}{{ true }}", "expected exactly one expression"),
        ("{{ true", "never closed"),
        ("{{ omit }}", "nothing here that `omit`"),
    ] {
        assert!(condition(text).unwrap_err().message.contains(message), "{text}: {:?}", condition(text));
    }
}
