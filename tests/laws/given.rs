//! Whatever may come in: Score files, resources, demands, rules, outcomes.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use score_operator::api::conditions::Reason;
use score_operator::api::names::ResourceUid;
use score_operator::api::resource::{InventoryEntry, ObjectId};
use score_operator::plan::problem::{Awaited, Problem};
use score_operator::plan::workload::{NamespaceDefaults, ResourceState, Workload, WorkloadInputs};
use score_operator::render::SecretValues;
use score_operator::status::{Outcome, Refusal};
use serde_json::{Map, Value, json};

pub const NAMESPACE: &str = "team-a";

/// Names that the rest of a file can refer to.
const RESOURCES: &[&str] = &["db", "queue", "dns"];

pub fn map(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().expect("a map")
}

pub fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,6}[a-z0-9]"
}

/// Text of a variable: what authors write, what the kubelet reads, and placeholders.
fn text() -> impl Strategy<Value = String> {
    let pieces = vec![
        "$$",
        "$",
        "$(FRIEND)",
        "$${not.this}",
        "${metadata.name}",
        "${metadata.annotations.team}",
        "${resources.db.host}",
        "${resources.db.password}",
        "${resources.queue.url}",
        "${resources.queue.port}",
        "${resources.dns}",
    ];
    let plain = "[ -#%-~]{0,6}".prop_map(String::from);
    vec(prop_oneof![3 => plain, 2 => select(pieces).prop_map(String::from)], 0..4)
        .prop_map(|pieces| pieces.concat())
}

fn probe() -> impl Strategy<Value = Value> {
    let http = (
        "(/[a-z]{0,3})?",
        1..=65535_u16,
        option::of("[a-z]{1,5}"),
        option::of(select(vec!["HTTP", "HTTPS"])),
    );
    let http = http.prop_map(|(path, port, host, scheme)| {
        present(json!({"path": path, "port": port, "host": host, "scheme": scheme, "httpHeaders": [{"name": "X-B", "value": "1"}, {"name": "X-A", "value": "2"}]}))
    });
    let exec = vec("[a-z ]{0,5}", 0..3).prop_map(|command| json!({ "command": command }));
    prop_oneof![
        http.clone().prop_map(|http| json!({ "httpGet": http })),
        exec.clone().prop_map(|exec| json!({ "exec": exec })),
        (http, exec).prop_map(|(http, exec)| json!({"httpGet": http, "exec": exec})),
    ]
}

fn compute() -> impl Strategy<Value = Value> {
    let cpu = || option::of(select(vec!["1000m", "0.250", "2", "07", "0.0001", "1m"]));
    let memory = || option::of(select(vec!["128M", "1.5Gi", "1024Mi", "2K", "0.5", "1E"]));
    let side = || (cpu(), memory()).prop_map(|(cpu, memory)| present(json!({"cpu": cpu, "memory": memory})));
    prop_oneof![
        side().prop_map(|it| json!({ "limits": it })),
        side().prop_map(|it| json!({ "requests": it }))
    ]
}

fn container() -> impl Strategy<Value = Value> {
    let variables = btree_map("[A-Z][A-Z0-9_]{0,3}", text(), 0..4);
    let words = || option::of(vec("[ -~]{0,4}", 0..3));
    let mounts = (files(), volumes());
    ("[a-z]{1,5}(:[0-9])?", variables, words(), words(), option::of(compute()), option::of(probe()), option::of(probe()), mounts).prop_map(
        |(image, variables, command, args, resources, liveness, readiness, (files, volumes))| {
            present(json!({"image": image, "variables": variables, "command": command, "args": args, "resources": resources,
                "livenessProbe": liveness, "readinessProbe": readiness, "files": files, "volumes": volumes}))
        },
    )
}

fn files() -> impl Strategy<Value = Value> {
    let content = prop_oneof![
        text().prop_map(|text| json!({ "content": text })),
        text().prop_map(|text| json!({"content": text, "noExpand": true, "mode": "0600"})),
        Just(json!({"binaryContent": "AAEC"})),
    ];
    btree_map("/f/[a-z]{1,2}", content, 0..3).prop_map(|files| json!(files))
}

fn volumes() -> impl Strategy<Value = Value> {
    let source = select(RESOURCES.to_vec()).prop_map(|name| format!("${{resources.{name}}}"));
    let volume = (source, option::of(Just("sub/path")), option::of(any::<bool>()));
    let volume = volume.prop_map(|(source, path, read_only)| {
        present(json!({"source": source, "path": path, "readOnly": read_only}))
    });
    btree_map("/v/[a-z]{1,2}", volume, 0..3).prop_map(|volumes| json!(volumes))
}

fn ports() -> impl Strategy<Value = Value> {
    let port = (1..=3_u16, option::of(1..=65535_u16), option::of(select(vec!["TCP", "UDP"])));
    let port = port.prop_map(|(port, target, protocol)| {
        present(json!({"port": port, "targetPort": target, "protocol": protocol}))
    });
    btree_map(name(), port, 0..3).prop_map(|ports| json!({ "ports": ports }))
}

/// A Score file, nearly always acceptable.
pub fn score() -> impl Strategy<Value = Map<String, Value>> {
    let annotations = btree_map("[a-z]{2,4}(\\.io)?/[a-z]{2,4}", "[ -~]{0,5}", 0..3);
    let containers = btree_map(name(), container(), 1..4);
    let kind = option::of(select(vec!["Deployment", "StatefulSet", "Job"]));
    (annotations, containers, option::of(ports()), kind).prop_map(|(mut annotations, containers, service, kind)| {
        annotations.insert("team".into(), "blue".into());
        annotations.extend(kind.map(|kind| ("k8s.score.dev/kind".to_owned(), kind.to_owned())));
        let resources: BTreeMap<_, _> = RESOURCES.iter().map(|name| (*name, json!({"type": "thing"}))).collect();
        map(&present(json!({"metadata": {"annotations": annotations}, "containers": containers, "service": service, "resources": resources})))
    })
}

/// How far a resource is: mostly ready.
fn state() -> impl Strategy<Value = Option<Value>> {
    let outputs = json!({"host": "db.$(X).internal", "password": {"secretKeyRef": {"name": "conn", "key": "password"}}, "url": "http://q", "port": 80,
        "source": {"emptyDir": {"sizeLimit": "0.5Gi"}}});
    let ready = json!({"current": true, "reason": "Ready", "message": "", "outputs": outputs});
    let degraded = json!({"current": true, "reason": "WaitingForObjects", "message": "0 of 1", "outputs": ready["outputs"]});
    let pending = json!({"current": true, "reason": "RuleNotFound", "message": "no rule"});
    let behind = json!({"current": false, "reason": "Ready", "message": "", "outputs": ready["outputs"]});
    prop_oneof![24 => Just(Some(ready)), 2 => Just(Some(degraded)), 1 => Just(Some(pending)), 1 => Just(Some(behind)), 1 => Just(None)]
}

pub fn workload() -> impl Strategy<Value = WorkloadInputs> {
    (name(), score(), vec(state(), RESOURCES.len())).prop_map(|(name, spec, states)| {
        let with_ids = |(resource, state): (&&str, Option<Value>)| {
            let mut state = state?;
            state["object"] = json!(format!("thing-{resource}"));
            state["uid"] = json!(format!("thing.default#{name}.{resource}"));
            Some(((*resource).to_owned(), serde_json::from_value::<ResourceState>(state).expect("a state")))
        };
        WorkloadInputs {
            resources: RESOURCES.iter().zip(states).filter_map(with_ids).collect(),
            namespace: NAMESPACE.into(),
            uid: format!("uid-of-{name}"),
            generation: 7,
            siblings: Vec::new(),
            running: Vec::new(),
            defaults: NamespaceDefaults::default(),
            demanded: RESOURCES.len(),
            spec,
            name,
        }
    })
}

/// The values of the Secrets that files are composed of.
pub fn secret_values(workload: &Workload) -> SecretValues {
    SecretValues::new(
        workload.secrets().into_iter().map(|found| (found.clone(), b"hunter2".to_vec())).collect(),
        b"key".to_vec(),
    )
}

/// Without what is null.
fn present(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            map.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

// === Outcomes ===

fn reason() -> impl Strategy<Value = Reason> {
    select(vec![
        Reason::InvalidScore,
        Reason::RuleNotFound,
        Reason::WaitingForSecret,
        Reason::Forbidden,
        Reason::Refused,
        Reason::QuotaExceeded,
    ])
}

/// A message; some are longer than the API server takes.
fn message() -> impl Strategy<Value = String> {
    prop_oneof![9 => "[a-zä]{1,20}".prop_map(String::from), 1 => Just("ä".repeat(20_000))]
}

fn awaited() -> impl Strategy<Value = Vec<Awaited>> {
    vec((reason(), message()).prop_map(|(reason, message)| Awaited::new(reason, message)), 1..3)
}

fn problems() -> impl Strategy<Value = Vec<Problem>> {
    vec((reason(), message()).prop_map(|(reason, message)| Problem::new("a.b", reason, message)), 1..3)
}

pub fn object_id() -> impl Strategy<Value = ObjectId> {
    name().prop_map(|name| ObjectId { api_version: "v1".into(), kind: "Service".into(), name })
}

fn refusals() -> impl Strategy<Value = Vec<Refusal>> {
    vec(
        (object_id(), reason(), message()).prop_map(|(object, reason, message)| Refusal {
            object,
            reason,
            message,
        }),
        1..3,
    )
}

pub fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        problems().prop_map(Outcome::Rejected),
        awaited().prop_map(Outcome::Waiting),
        refusals().prop_map(Outcome::Refused),
        awaited().prop_map(Outcome::Unavailable),
        awaited().prop_map(Outcome::Failed),
        problems().prop_map(Outcome::Failing),
        Just(Outcome::Applying),
        Just(Outcome::Ready),
        message().prop_map(Outcome::Error),
    ]
}

/// What can come of a rule's admission.
pub fn admission() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        problems().prop_map(Outcome::Rejected),
        awaited().prop_map(Outcome::Waiting),
        Just(Outcome::Ready)
    ]
}

pub fn inventory() -> impl Strategy<Value = Vec<InventoryEntry>> {
    vec((object_id(), "[a-f]{0,3}").prop_map(|(id, uid)| InventoryEntry { id, uid }), 0..3)
}

// === Demands and rules ===

pub fn uid() -> ResourceUid {
    ResourceUid { type_: "thing".into(), class: "default".into(), id: "shared".into() }
}

/// A Score file that demands the shared resource of [`uid`], and one of its own that depends on it.
pub fn consumer() -> impl Strategy<Value = Map<String, Value>> {
    let params =
        select(vec![json!({}), json!({"size": 1}), json!({"size": 2}), json!({"host": "${metadata.name}"})]);
    (params, any::<bool>()).prop_map(|(params, depends)| {
        let mut resources = json!({"shared": {"type": "thing", "id": "shared", "params": params}});
        if depends {
            resources["own"] = json!({"type": "other", "params": {"of": "${resources.shared.host}"}});
        }
        map(&json!({"containers": {"main": {"image": "app"}}, "resources": resources}))
    })
}

/// The `match` and priority of a rule that may or may not fit a resource `thing.default#shared`.
pub fn rule_match() -> impl Strategy<Value = Value> {
    let class = option::of(select(vec!["default", "big"]));
    let id = option::of(select(vec!["shared", "other"]));
    let labels =
        || option::of(select(vec!["prod", "dev"]).prop_map(|env| json!({"matchLabels": {"env": env}})));
    (select(vec!["thing", "thing", "thing", "other"]), class, id, labels(), labels(), -1..2).prop_map(
        |(type_, class, id, namespaces, workloads, priority)| {
            let match_ = present(json!({"type": type_, "class": class, "id": id, "namespaceSelector": namespaces, "workloadSelector": workloads}));
            json!({"match": match_, "priority": priority})
        },
    )
}
