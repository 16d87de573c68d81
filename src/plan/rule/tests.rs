//! What admission says of a rule before any resource uses it.

use serde_json::{Value, json};

use super::compile;
use crate::api::rule::ProvisionerRuleSpec;

/// A good rule, with `change` merged over its fields.
fn rule(change: &Value) -> ProvisionerRuleSpec {
    let mut spec = json!({
        "match": {"type": "thing"},
        "params": {
            "type": "object", "additionalProperties": false,
            "properties": {
                "size": {"type": "integer", "default": 1},
                "tls": {
                    "type": "object", "additionalProperties": false, "default": {},
                    "properties": {"cert": {"type": "string", "default": ""}, "any": {"type": "object"}},
                },
                "either": {"anyOf": [{"type": "string"}, {"type": "object"}]},
                "list": {"type": "array", "items": {"type": "string"}},
            },
        },
        "generate": {"password": {"alphanumeric": 8}, "nick": {"alphanumeric": 4, "secret": false}},
        "locals": {
            "name": "{{ id | dns_label }}", "port": 80,
            "sizes": {"small": {"cpu": 1}, "large": {"cpu": "{{ params.size }}"}}, "text": "a-{{ id }}",
        },
        "manifests": {
            "conf": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ locals.name }}"}},
            "kept": {
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "{{ locals.name }}"},
                "data": {"password": "{{ generated.password | b64encode }}"},
            },
        },
        "outputs": {},
    });
    for (key, value) in change.as_object().expect("fields") {
        let target = &mut spec[key];
        match (target.as_object_mut(), value.as_object()) {
            (Some(target), Some(more)) => target.extend(more.clone()),
            _ => *target = value.clone(),
        }
    }
    serde_json::from_value(spec).expect("a rule")
}

fn problems(change: &Value) -> Vec<String> {
    compile("it", &rule(change)).err().into_iter().flatten().map(|problem| problem.to_string()).collect()
}

fn output(expression: &str) -> Value {
    json!({"outputs": {"o": format!("{{{{ {expression} }}}}")}})
}

#[test]
fn p09_a_name_that_can_never_have_a_value_is_refused() {
    for (expression, message) in [
        ("parms.size", "`parms` is not in scope here; did you mean `params`?"),
        ("item", "`item` is not in scope here"),
        ("params.sise", "there is no `params.sise`; did you mean `params.size`?"),
        ("params['sise']", "there is no `params.sise`"),
        ("params.size.gi", "there is no `params.size.gi`: `params.size` is a text, number or bool"),
        (
            "params.tls.crt",
            "there is no `params.tls.crt`; did you mean `params.tls.cert`? (there: `any`, `cert`)",
        ),
        ("params.tls.cert.pem", "`params.tls.cert` is a text, number or bool"),
        ("locals.nme", "did you mean `locals.name`?"),
        ("locals.port.x", "`locals.port` is a text, number or bool"),
        ("locals.text.x", "`locals.text` is a text, number or bool"),
        ("locals.sizes.medium", "there is no `locals.sizes.medium` (there: `large`, `small`)"),
        ("locals.sizes.small.memory", "there is no `locals.sizes.small.memory` (there: `cpu`)"),
        ("generated.pasword", "did you mean `generated.password`?"),
        ("generated.nick.x", "`generated.nick` is a text, number or bool"),
        (
            "workload.labels",
            "there is no `workload.labels` (there: `metadata`, `name`, `service`, `serviceName`)",
        ),
        ("workload.name.x", "`workload.name` is a text, number or bool"),
        ("workload.service.port", "did you mean `workload.service.ports`?"),
        ("id.x", "there is no `id.x`: `id` is a text, number or bool"),
        ("namespace.name", "`namespace` is a text, number or bool"),
        ("objects.cnof.data", "did you mean `objects.conf`?"),
        (
            "objects.kept.data.password",
            "a Secret shows its apiVersion, kind and metadata only; refer to a key",
        ),
        ("objects.kept.kind.x", "`objects.kept.kind` is a text, number or bool"),
        ("(guid | lower).x ~ objects.nope", "there is no `objects.nope`"),
        ("secret_template('x', generated.nope)", "there is no `generated.nope`"),
    ] {
        let found = problems(&output(expression));
        assert!(
            found.len() == 1 && found[0].starts_with("outputs.o: ") && found[0].contains(message),
            "{expression}: {found:#?}"
        );
    }
    for (place, change) in [
        ("locals.l", json!({"locals": {"l": "{{ objects.conf.data }}"}})),
        (
            "manifests.m.data.x",
            json!({"manifests": {"m": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"x": "{{ objects.conf }}"}}}}),
        ),
        (
            "shared.m.metadata.name",
            json!({"shared": {"m": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ guid }}"}}}}),
        ),
    ] {
        let found = problems(&change);
        assert!(
            found.len() == 1 && found[0].starts_with(place) && found[0].contains("is not in scope here"),
            "{found:#?}"
        );
    }
}

#[test]
fn names_that_may_have_a_value_are_not() {
    for expression in [
        "params.tls.any.thing.deep",
        "params.either.x",
        "params.list[0]",
        "params.list[params.size]",
        "params[id]",
        "params.tls['cert']",
        "locals.sizes[params.size].cpu",
        "locals.sizes.small.cpu",
        "guid[:8]",
        "params.tls.cert[1:]",
        "workload.metadata.annotations['a.b/c']",
        "workload.service.ports.www.port",
        "workloads.other.service.ports",
        "objects.conf.status.a.b.c",
        "objects.kept.metadata.uid",
        "generated.nick",
        "params is defined",
        "locals",
    ] {
        assert_eq!(problems(&output(expression)), Vec::<String>::new(), "{expression}");
    }
}

#[test]
fn p10_secrets_stand_where_they_may_and_nowhere_else() {
    let secret = |data: &str| json!({"manifests": {"m": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"x": data}}}});
    for change in [
        output("generated.password"),
        output("generated | json"),
        output("[generated.password] | join(',')"),
        output("generated.password | b64encode | b64decode"),
        output("generated.password | sha256"),
        output("generated | keys"),
        output("generated | get('nick')"),
        output("{} | merge(generated)"),
        output("id | replace('x', generated.password)"),
        output("id | split(generated.password)"),
        output("generated.password ~ secret_template('x', generated.password)"),
        output("secret_template('x') if generated.password == 'x' else 1"),
        json!({"locals": {"pw": "{{ generated.password | lower }}"}, "outputs": {"o": "{{ locals.pw }}"}}),
        json!({"locals": {"pw": "{{ generated.password | split('x') }}"}, "outputs": {"o": {"$each": "{{ locals.pw }}", "$do": "{{ item }}"}}}),
        json!({"readyWhen": ["{{ generated.password == 'x' }}"]}),
        secret("{{ generated.password }}"),
        secret("{{ generated.password | b64encode | b64decode }}"),
        secret("{{ generated.password | b64encode | upper }}"),
        secret("{{ [generated.password] | yaml }}"),
        json!({"manifests": {"m": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"x": "{{ generated.password | b64encode }}"}}}}),
    ] {
        let found = problems(&change);
        let all = !found.is_empty() && found.iter().all(|problem| problem.contains("holds a secret value"));
        assert!(all, "{change}: {found:#?}");
    }
    for change in [
        output("secret_template('pg://', secret_ref('conn', 'user'), ':', generated.password ~ '/' ~ id)"),
        output("[secret_template(generated | json)]"),
        json!({"locals": {"pw": "{{ generated.password | lower }}"}, "outputs": {"o": "{{ secret_template(locals.pw) }}"}}),
        secret("{{ generated.password | b64encode | b64encode }}"),
        secret("{{ generated.password | b64decode | b64encode }}"),
        secret("{{ (generated | json) | b64encode }}"),
        output("generated.nick | upper"),
    ] {
        assert_eq!(problems(&change), Vec::<String>::new(), "{change}");
    }
}

#[test]
fn functions_of_secrets_stand_where_they_mean_something() {
    let conf = |value: &str| json!({"manifests": {"m": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"x": value}}}});
    for (change, message) in [
        (conf("{{ secret_template('x') }}"), "`secret_template` may stand in `outputs` only"),
        (
            json!({"locals": {"l": "{{ secret_template('x') }}"}}),
            "`secret_template` may stand in `outputs` only",
        ),
        (
            json!({"readyWhen": ["{{ secret_template('x') is defined }}"]}),
            "`secret_template` may stand in `outputs` only",
        ),
        (conf("{{ secret_ref('a', 'b') }}"), "cannot stand in a manifest"),
        (
            json!({"shared": {"m": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"x": "{{ secret_ref('a', 'b') }}"}}}}),
            "cannot stand in a manifest",
        ),
    ] {
        let found = problems(&change);
        assert!(found.len() == 1 && found[0].contains(message), "{change}: {found:#?}");
    }
    let local = json!({"locals": {"l": "{{ secret_ref('a', 'b') }}"}, "outputs": {"o": "{{ locals.l }}"}});
    assert_eq!(problems(&local), Vec::<String>::new());
}

#[test]
fn locals_that_use_each_other_are_printed_as_a_cycle() {
    let cycle =
        json!({"locals": {"a": "{{ locals.b }}", "b": "{{ locals.c | upper }}", "c": ["{{ locals['a'] }}"]}});
    let found = problems(&cycle);
    assert_eq!(found, ["locals.a: these use each other: a → b → c → a; break the cycle"]);
    let whole = problems(&json!({"locals": {"all": "{{ locals | json }}"}}));
    assert_eq!(whole, ["locals.all: these use each other: all → all; break the cycle"]);
}

#[test]
fn what_nothing_uses_is_named_and_no_problem() {
    let unused = |change: &Value| -> Vec<String> {
        let rule = compile("it", &rule(change)).expect("a good rule");
        rule.unused.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        unused(&json!({})),
        [
            "generate.nick: `generated.nick` is not used",
            "locals.port: `locals.port` is not used",
            "locals.sizes: `locals.sizes` is not used",
            "locals.text: `locals.text` is not used"
        ]
    );
    let whole = json!({"outputs": {"o": "{{ locals | json }}", "p": "{{ secret_template(generated[id]) }}"}});
    assert_eq!(unused(&whole), Vec::<String>::new());
}

/// A ConfigMap in `root`, with `more` beside its `apiVersion`.
fn made_in(root: &str, more: &Value) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}});
    object.as_object_mut().expect("an object").extend(more.as_object().expect("fields").clone());
    json!({ root: { "m": object } })
}

#[test]
fn what_an_object_waits_for_is_a_condition_and_holds_no_secret() {
    for (root, condition, message) in [
        ("manifests", json!(true), "$when: expected exactly one expression"),
        ("manifests", json!("yes"), "$when: expected exactly one expression"),
        ("manifests", json!("a {{ params.size }}"), "$when: expected exactly one expression"),
        ("manifests", json!("{{ params.sise > 1 }}"), "$when: there is no `params.sise`"),
        ("manifests", json!("{{ objects.conf is defined }}"), "$when: `objects` is not in scope here"),
        (
            "manifests",
            json!("{{ generated.password == 'x' }}"),
            "$when: `generated.password` holds a secret value",
        ),
        ("shared", json!("{{ params.size > 1 }}"), "$when: `params` is not in scope here"),
    ] {
        let found = problems(&made_in(root, &json!({"$when": condition})));
        assert!(found.len() == 1 && found[0].contains(message), "{condition}: {found:#?}");
        assert!(found[0].starts_with(&format!("{root}.m.$when: ")), "{found:#?}");
    }
    let good = json!({"$when": "{{ namespaceLabels['a/b'] | default('') == 'true' and consumers != [] }}"});
    for root in ["manifests", "shared"] {
        assert_eq!(problems(&made_in(root, &good)), Vec::<String>::new());
        let compiled = compile("it", &rule(&made_in(root, &good))).expect("a good rule");
        assert!(compiled.kinds().contains(&("v1".to_owned(), "ConfigMap".to_owned())));
    }
}

#[test]
fn what_is_shared_names_what_belongs_to_no_one_resource() {
    let shared = |expression: &str, more: &Value| {
        let mut change = made_in("shared", &json!({"data": {"x": format!("{{{{ {expression} }}}}")}}));
        change.as_object_mut().expect("an object").extend(more.as_object().expect("fields").clone());
        problems(&change)
    };
    let own = json!({"locals": {"image": "i:1", "both": "{{ locals.image ~ namespace }}", "mine": "{{ locals.both ~ id }}"}});
    assert_eq!(shared("locals.image ~ locals.both ~ type ~ consumers[0]", &own), Vec::<String>::new());
    let found = shared("locals.mine", &own);
    assert!(
        found.len() == 1 && found[0].contains("`locals.mine` is not in scope here: it is made of"),
        "{found:#?}"
    );
    let found = shared("locals.imag", &own);
    assert!(found.len() == 1 && found[0].contains("did you mean `locals.image`?"), "{found:#?}");

    let rolled = json!({"generate": {"root": {"alphanumeric": 8, "secret": false, "shared": true}}});
    assert_eq!(shared("generated.root", &rolled), Vec::<String>::new());
    let found = shared("generated.nick", &rolled);
    assert!(found.len() == 1 && found[0].contains("`shared: true`"), "{found:#?}");
    let found = problems(&json!({"generate": rolled["generate"], "outputs": {"o": "{{ generated.root }}"}}));
    assert!(found.len() == 1 && found[0].contains("it is of what is shared"), "{found:#?}");
}

#[test]
fn p02_a_name_that_changes_with_other_workloads_is_refused() {
    let named = |name: &str| json!({"manifests": {"m": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}}});
    for change in [
        named("a-{{ consumers[0] }}"),
        named("{{ (workloads | keys)[0] }}"),
        json!({"locals": {"first": "{{ consumers[0] }}", "name": "a-{{ locals.first }}"}, "manifests": named("{{ locals.name }}")["manifests"]}),
    ] {
        let found = problems(&change);
        let is_it = |problem: &String| problem.contains("changes as other workloads come and go");
        assert!(!found.is_empty() && found.iter().all(is_it), "{change}: {found:#?}");
    }
    let content = json!({"manifests": {"conf": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ uid | dns_label }}"}, "data": {"x": "{{ consumers | join(',') }}"}}}});
    assert_eq!(problems(&content), Vec::<String>::new());
}

#[test]
fn what_stands_for_all_outputs_is_a_reference() {
    let any = |text: Value| problems(&json!({"outputs": {"*": text}}));
    for odd in [
        json!("x"),
        json!(1),
        json!("{{ id }}"),
        json!("a {{ id }}"),
        json!({"a": "{{ secret_ref(id, '*') }}"}),
    ] {
        let found = any(odd.clone());
        assert!(
            found.len() == 1 && found[0].starts_with("outputs.*: expected `{{ secret_ref("),
            "{odd}: {found:#?}"
        );
    }
    assert_eq!(any(json!("{{ secret_ref(id, '*') }}")), Vec::<String>::new());
}
