//! Rules that are wrong as a whole: too large, running in circles, reaching for what is not theirs.

use serde_json::{Map, Value, json};

use super::End::Refused;
use super::{Attack, expression, rule};

pub fn all() -> Vec<Attack> {
    [cycles(), shapes(), sizes(), schemas(), objects(), secrets()].into_iter().flatten().collect()
}

/// Locals that use each other.
fn cycles() -> Vec<Attack> {
    let cycle = |length: usize| -> Value {
        let local = |n: usize| (format!("l{n}"), json!(format!("{{{{ locals.l{} }}}}", (n + 1) % length)));
        (0..length).map(local).collect::<Map<_, _>>().into()
    };
    let mut all: Vec<_> = [1, 2, 3, 100, 900]
        .into_iter()
        .map(|length| rule(Refused, format!("a cycle of {length} locals"), json!({"locals": cycle(length)})))
        .collect();
    all.push(rule(Refused, "a local of all locals", json!({"locals": {"a": "{{ locals }}"}})));
    all.push(rule(Refused, "a local by a computed name", json!({"locals": {"a": "{{ locals[id] }}"}})));
    let knot: Map<_, _> =
        (0..30).map(|n| (format!("l{n}"), json!("{{ [locals.l0, locals.l29, locals.l7] }}"))).collect();
    all.push(rule(Refused, "a knot of locals", json!({"locals": knot})));
    all
}

fn nested(depth: usize, inner: Value) -> Value {
    (0..depth).fold(inner, |inner, _| json!([inner]))
}

fn shapes() -> Vec<Attack> {
    let output = |name: &str, value: Value| rule(Refused, name, json!({"outputs": {"o": value}}));
    vec![
        output("lists 66 deep", nested(66, json!("{{ id }}"))),
        output("lists 100 deep without expressions", nested(100, json!(1))),
        output("maps 80 deep", (0..80).fold(json!("{{ id }}"), |inner, _| json!({"a": inner}))),
        output("a loop without a body", json!({"$each": "{{ params.list }}"})),
        output("a body without a loop", json!({"$do": 1})),
        output("a loop with more", json!({"$each": "{{ params.list }}", "$do": 1, "x": 2})),
        output("a loop over a constant", json!({"$each": [1, 2], "$do": 1})),
        output("a loop over text", json!({"$each": "a{{ id }}", "$do": 1})),
        output(
            "loops 70 deep",
            (0..70).fold(json!("{{ item }}"), |inner, _| json!({"$each": "{{ params.list }}", "$do": inner})),
        ),
        output("an item without a loop", json!("{{ item }}")),
        rule(Refused, "a condition that is text", json!({"readyWhen": ["yes {{ id }}"]})),
        rule(Refused, "a condition without an expression", json!({"readyWhen": ["true"]})),
        rule(Refused, "an unknown name in a condition", json!({"readyWhen": ["{{ nope }}"]})),
        rule(
            Refused,
            "the shared part reads a resource",
            json!({"shared": {"a": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ uid }}"}}}}),
        ),
        rule(
            Refused,
            "the shared part reads params",
            json!({"shared": {"a": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ params.x }}"}}}}),
        ),
        rule(
            Refused,
            "a selector that is none",
            json!({"match": {"type": "thing", "namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}}}),
        ),
    ]
}

/// Bombs of size, which must be found before they are compiled.
fn sizes() -> Vec<Attack> {
    let many = |count: usize, value: Value| -> Value {
        (0..count).map(|n| (format!("k{n}"), value.clone())).collect::<Map<_, _>>().into()
    };
    let output = |name: &str, value: Value| rule(Refused, name, json!({"outputs": {"o": value}}));
    vec![
        output("1001 expressions", json!(vec!["{{ id }}"; 1001])),
        output("100,000 expressions", json!(vec!["{{ id }}"; 100_000])),
        output("1001 expressions in one text", json!("{{ id }}".repeat(1001))),
        output(
            "500 expressions that are all different and long",
            (0..500).map(|n| json!(format!("{{{{ id ~ '{n}{}' }}}}", "x".repeat(300)))).collect(),
        ),
        output("100,000 statements", json!(vec!["{%%}"; 100_000])),
        output("100,000 empty expressions", json!(vec!["{{}}"; 100_000])),
        output("15,000 statements", json!(vec!["{%%}"; 15_000])),
        output("400,000 empty lists", json!(vec![json!([]); 400_000])),
        output("30,000 numbers", json!(vec![0; 30_000])),
        output("a map of 30,000 keys", many(30_000, json!(null))),
        output("a megabyte of text", json!(vec!["x".repeat(200_000); 5])),
        output(
            "keys of a megabyte",
            (0..5).map(|n| (format!("{n}{}", "x".repeat(200_000)), json!(1))).collect::<Map<_, _>>().into(),
        ),
        rule(Refused, "20,001 locals", json!({"locals": many(20_001, json!(1))})),
        rule(Refused, "3,000 manifests that are none", json!({"manifests": many(3_000, json!(0))})),
        rule(Refused, "19,000 manifests that are none", json!({"manifests": many(19_000, json!(0))})),
        rule(Refused, "2,000 conditions", json!({"readyWhen": vec!["{{ true }}"; 2_000]})),
        rule(
            Refused,
            "900 expressions with 20 unknown names each",
            json!({"outputs": {"o": (0..900).map(|n| format!("{{{{ [{}] }}}}", (0..20).map(|m| format!("u{n}x{m}")).collect::<Vec<_>>().join(","))).collect::<Vec<_>>()}}),
        ),
        output(
            "990 long expressions, the last of them wrong",
            (0..990)
                .map(|n| json!(format!("{{{{ {} ~ '{n}' }}}}", vec!["id"; 15].join(" ~ "))))
                .chain([json!("{{ nope }}")])
                .collect(),
        ),
        rule(Refused, "257 locals", json!({"locals": many(257, json!(1))})),
    ]
}

/// Schemas of params that explode, recurse or backtrack.
fn schemas() -> Vec<Attack> {
    let schema =
        |name: &str, schema: Value| rule(Refused, format!("schema: {name}"), json!({"params": schema}));
    let text = |pattern: &str| json!({"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}});
    let laughs: Map<_, _> = (0..20)
        .map(|n| {
            let next = json!({"$ref": format!("#/$defs/l{}", n + 1)});
            (format!("l{n}"), json!({"type": "object", "properties": {"a": next, "b": next}}))
        })
        .chain([("l20".to_owned(), json!({"type": "string"}))])
        .collect();
    vec![
        schema("look-ahead", text("(?=a)b")),
        schema("look-behind", text("(?<=a)b")),
        schema("a back-reference", text("(a)\\1")),
        schema("repetitions of repetitions", text("((a{1,1000}){1,1000}){1,1000}")),
        schema("a pattern that is none", text("(")),
        schema("a reference to itself", json!({"type": "object", "properties": {"a": {"$ref": "#"}}})),
        schema(
            "references in a circle",
            json!({"type": "object", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "properties": {"x": {"$ref": "#/$defs/a"}}}),
        ),
        schema(
            "a billion laughs",
            json!({"type": "object", "$defs": laughs, "properties": {"a": {"$ref": "#/$defs/l0"}}}),
        ),
        schema(
            "a reference to the network",
            json!({"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1/x"}}}),
        ),
        schema(
            "a reference to a file",
            json!({"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}),
        ),
        schema(
            "a reference to nothing",
            json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/nope"}}}),
        ),
        schema("64 KiB", json!({"type": "object", "description": "x".repeat(70_000)})),
        schema(
            "40 deep",
            (0..40).fold(
                json!({"type": "string"}),
                |inner, _| json!({"type": "object", "properties": {"a": inner}}),
            ),
        ),
        schema("no object", json!({"type": "string"})),
        schema(
            "a default that does not fit",
            json!({"type": "object", "properties": {"a": {"type": "integer", "default": "x"}}}),
        ),
        schema("a keyword of the wrong type", json!({"type": "object", "properties": []})),
        schema("a dynamic reference", json!({"type": "object", "$dynamicRef": "#x"})),
    ]
}

/// Objects that no rule may make.
fn objects() -> Vec<Attack> {
    let manifest = |name: String, change: Value| {
        let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
        for (key, value) in change.as_object().expect("fields") {
            object[key] = value.clone();
        }
        rule(Refused, name, json!({"manifests": {"m": object}}))
    };
    let kinds = [
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("apiregistration.k8s.io/v1", "APIService"),
        ("authentication.k8s.io/v1", "TokenRequest"),
        ("authorization.k8s.io/v1", "SubjectAccessReview"),
        ("k8s.score.dev/v1alpha1", "ProvisionerRule"),
        ("k8s.score.dev/v1alpha1", "ScoreResource"),
        ("v1", "Namespace"),
        ("v1", "Node"),
        ("v1", "PersistentVolume"),
        ("{{ params.version }}", "ConfigMap"),
        ("v1", "{{ params.kind }}"),
        ("", "ConfigMap"),
    ];
    let kinds = kinds.iter().map(|(version, kind)| {
        manifest(format!("makes {version} {kind}"), json!({"apiVersion": version, "kind": kind}))
    });
    let reserved = [
        "ownerReferences",
        "finalizers",
        "uid",
        "resourceVersion",
        "managedFields",
        "generateName",
        "deletionTimestamp",
    ];
    let reserved = reserved
        .iter()
        .map(|field| manifest(format!("sets {field}"), json!({"metadata": {"name": "x", *field: "x"}})));
    let others = [
        manifest("a token".into(), json!({"kind": "Secret", "type": "kubernetes.io/service-account-token"})),
        manifest("stringData".into(), json!({"kind": "Secret", "stringData": {"a": "b"}})),
        manifest("a status".into(), json!({"status": {"ready": true}})),
        manifest("no name".into(), json!({"metadata": {}})),
        manifest("reads a live object".into(), json!({"data": {"a": "{{ objects.m.data.b }}"}})),
    ];
    kinds.chain(reserved).chain(others).collect()
}

/// Secret values on their way to where people can read them.
fn secrets() -> Vec<Attack> {
    let generate = json!({"pw": {"alphanumeric": 8}});
    let with = |attack: Attack| {
        let mut spec = attack.spec;
        spec["generate"] = generate.clone();
        Attack { spec, ..attack }
    };
    let ways = [
        "generated.pw",
        "generated['pw']",
        "generated[id]",
        "generated",
        "generated | json",
        "generated | yaml",
        "generated | get('pw')",
        "{} | merge(generated)",
        "[generated.pw] | join('')",
        "generated.pw | b64encode",
        "generated.pw | b64encode | b64decode",
        "generated.pw | sha256",
        "generated.pw | split('') | join('')",
        "generated.pw | replace('a', 'b')",
        "id | replace('w', generated.pw)",
        "generated.pw[:1]",
        "generated.pw == 'a'",
        "generated.pw < 'm'",
        "'a' in generated.pw",
        "1 if generated.pw else 2",
        "secret_ref(generated.pw, 'k')",
        "{'a': 1}[generated.pw]",
        "secret_template('x') ~ generated.pw",
        "generated.nope",
    ];
    let mut all: Vec<_> = ways.iter().map(|way| with(expression(Refused, way))).collect();
    all.push(with(rule(Refused, "a secret through two locals", json!({"locals": {"a": "{{ generated.pw }}", "b": "{{ locals.a }}"}, "outputs": {"o": "{{ locals.b }}"}}))));
    all.push(with(rule(Refused, "a secret through a loop", json!({"locals": {"a": ["{{ generated.pw }}"]}, "outputs": {"o": {"$each": "{{ locals.a }}", "$do": "{{ item }}"}}}))));
    all.push(with(rule(Refused, "a secret in a name", json!({"manifests": {"m": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ generated.pw }}"}}}}))));
    all.push(with(rule(Refused, "a secret in an annotation of a Secret", json!({"manifests": {"m": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "annotations": {"a": "{{ generated.pw | b64encode }}"}}}}}))));
    all.push(with(rule(Refused, "a secret in the data of another kind", json!({"manifests": {"m": {"apiVersion": "x.example/v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"a": "{{ generated.pw | b64encode }}"}}}}))));
    all.push(with(rule(
        Refused,
        "a secret in a condition",
        json!({"readyWhen": ["{{ generated.pw == 'x' }}"]}),
    )));
    all.push(with(rule(Refused, "a secret template in a manifest", json!({"manifests": {"m": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "{{ secret_template(generated.pw) }}"}}}}))));
    all
}
