//! Patches that reach for what is not theirs, or grow.

use serde_json::{Map, Value, json};

use super::Attack;
use super::End::{Refused, Stopped};
use super::rule;

pub fn all() -> Vec<Attack> {
    [fields(), secrets(), growth(), evaluated()].into_iter().flatten().collect()
}

fn pod(name: &str, template: Value) -> Attack {
    rule(Refused, format!("patch: {name}"), json!({"patches": {"podTemplate": template}}))
}

fn container(name: &str, container: Value) -> Attack {
    rule(Refused, format!("patch: {name}"), json!({"patches": {"containers": container}}))
}

/// What is the operator's, Kubernetes' or another tool's.
fn fields() -> Vec<Attack> {
    let label = |key: &str| pod(&format!("the label {key}"), json!({"metadata": {"labels": {key: "x"}}}));
    let note =
        |key: &str| pod(&format!("the annotation {key}"), json!({"metadata": {"annotations": {key: "x"}}}));
    vec![
        label("app.kubernetes.io/instance"),
        label("app.kubernetes.io/managed-by"),
        label("pod-template-hash"),
        label("k8s.score.dev/x"),
        note("k8s.score.dev/secrets-digest"),
        note("k8s.score.dev/workload-name"),
        note("argocd.argoproj.io/tracking-id"),
        note("kubectl.kubernetes.io/restartedAt"),
        pod("another name", json!({"metadata": {"name": "x"}})),
        pod("another namespace", json!({"metadata": {"namespace": "kube-system"}})),
        pod("an owner", json!({"metadata": {"ownerReferences": [{"kind": "Pod"}]}})),
        pod("a finalizer", json!({"metadata": {"finalizers": ["x/y"]}})),
        pod("another kind", json!({"kind": "Node"})),
        pod("another version", json!({"apiVersion": "v2"})),
        pod("a status", json!({"status": {"phase": "Running"}})),
        pod("how often it is restarted", json!({"spec": {"restartPolicy": "Never"}})),
        pod("a debug container", json!({"spec": {"ephemeralContainers": [{"name": "x"}]}})),
        pod("the old name of an account", json!({"spec": {"serviceAccount": "x"}})),
        pod("an unknown field", json!({"spec": {"hostNetwrok": true}})),
        pod("a container without a name", json!({"spec": {"containers": [{"image": "x"}]}})),
        pod(
            "a container that a loop makes, without a name",
            json!({"spec": {"containers": {"$each": "{{ [1] }}", "$do": {"image": "x"}}}}),
        ),
        pod("a container twice", json!({"spec": {"containers": [{"name": "x"}, {"name": "x"}]}})),
        pod("a map in place of containers", json!({"spec": {"containers": {"x": {}}}})),
        pod("metadata that is text", json!({"metadata": "x"})),
        pod("nothing", json!({"spec": null})),
        container("a name for every container", json!({"name": "x"})),
        container("an unknown field of a container", json!({"volumeMount": []})),
        container("a mount without a path", json!({"volumeMounts": [{"name": "x"}]})),
        container("statements", json!({"env": [{"name": "A", "value": "{% for x in y %}{% endfor %}"}]})),
        container("an expression as a key", json!({"{{ id }}": "x"})),
    ]
}

fn secrets() -> Vec<Attack> {
    let generate = json!({"pw": {"alphanumeric": 8}});
    let value = |text: &str| {
        let fields =
            json!({"generate": generate, "patches": {"containers": {"env": [{"name": "A", "value": text}]}}});
        rule(Refused, format!("patch: a variable of {text}"), fields)
    };
    let mut all: Vec<_> = [
        "{{ generated.pw }}",
        "{{ generated.pw | b64encode }}",
        "{{ generated.pw | sha256 }}",
        "x{{ generated.pw }}",
        "{{ generated | json }}",
        "x{{ secret_ref('a', 'b') }}",
        "{{ secret_ref(generated.pw, 'b') }}",
        "{{ secret_template(generated.pw) }}",
    ]
    .iter()
    .map(|text| value(text))
    .collect();
    let carried = json!({
        "generate": generate, "locals": {"a": "{{ generated.pw }}"},
        "patches": {"podTemplate": {"metadata": {"annotations": {"a": "{{ locals.a }}"}}}},
    });
    all.push(rule(Refused, "patch: a secret through a local", carried));
    all.push(container("a reference in a command", json!({"command": ["{{ secret_ref('a', 'b') }}"]})));
    all.push(container("a reference as a whole entry", json!({"env": ["{{ secret_ref('a', 'b') }}"]})));
    all
}

fn growth() -> Vec<Attack> {
    let many = |count: usize, value: Value| -> Value {
        (0..count).map(|n| (format!("k{n}"), value.clone())).collect::<Map<_, _>>().into()
    };
    vec![
        container("1,001 expressions", json!({"args": vec!["{{ id }}"; 1001]})),
        container("30,000 values", json!({"args": vec!["x"; 30_000]})),
        pod("annotations 80 deep", (0..80).fold(json!("{{ id }}"), |inner, _| json!({"metadata": inner}))),
        pod("30,000 annotations", json!({"metadata": {"annotations": many(30_000, json!("x"))}})),
        pod("a megabyte of text", json!({"metadata": {"annotations": many(5, json!("x".repeat(200_000)))}})),
    ]
}

/// What is seen only when it is evaluated.
fn evaluated() -> Vec<Attack> {
    let given = |name: &str, patches: Value, params: Value| {
        rule(Stopped, format!("patch, evaluated: {name}"), json!({ "patches": patches })).given(params)
    };
    let spec = |name: &str, spec: Value| {
        given(name, json!({"podTemplate": {"spec": "{{ params.spec }}"}}), json!({ "spec": spec }))
    };
    let each = json!({"containers": {"args": {"$each": "{{ params.list }}", "$do": "{{ params.big }}"}}});
    vec![
        given(
            "more than 64 KiB",
            json!({"containers": {"args": ["{{ params.big }}"]}}),
            json!({"big": "x".repeat(66_000)}),
        ),
        given("256 times 100 KiB", each, json!({"list": vec![0; 256], "big": "x".repeat(100_000)})),
        given(
            "the operator's annotation",
            json!({"podTemplate": {"metadata": "{{ params.m }}"}}),
            json!({"m": {"annotations": {"k8s.score.dev/secrets-digest": "1"}}}),
        ),
        given("a name", json!({"podTemplate": {"metadata": "{{ params.m }}"}}), json!({"m": {"name": "x"}})),
        given(
            "a fragment that is text",
            json!({"podTemplate": {"spec": {"containers": "{{ id }}"}}}),
            json!({}),
        ),
        given(
            "a reference that is printed",
            json!({"containers": {"env": [{"name": "A", "value": "{{ secret_ref('a', 'b') ~ 'x' }}"}]}}),
            json!({}),
        ),
        spec("a restart policy", json!({"restartPolicy": "Never"})),
        spec("a container without a name", json!({"containers": [{"image": "x"}]})),
        spec("a container twice", json!({"containers": [{"name": "x"}, {"name": "x"}]})),
        spec(
            "an unknown field deep inside",
            json!({"volumes": [{"name": "x", "secret": {"secretNam": "y"}}]}),
        ),
        spec("a wrong type", json!({"terminationGracePeriodSeconds": "soon"})),
        spec(
            "a Secret by a path of a URL",
            json!({"volumes": [{"name": "x", "secret": {"secretName": "../../kube-system/secrets/x"}}]}),
        ),
        spec("a null", json!({"nodeSelector": null})),
        spec(
            "a Secret of another, given as a param, in a command",
            json!({"containers": [{"name": "x", "command": [{"secretKeyRef": {"name": "a", "key": "b"}}]}]}),
        ),
    ]
}
