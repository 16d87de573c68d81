mod messages;
mod properties;

use serde_json::{Map, Value, json};

use super::super::Plan;
use super::super::problem::Problem;
use super::super::schema::Schema;
use super::super::workload::plan;
use super::parse;
use crate::api::conditions::Reason;
use crate::api::schema::score_json_schema;
use crate::api::score::{NAME_PATTERN, Protocol};

/// The name of the ScoreWorkload in these tests: not that of its container, so that a swap is seen.
const NAME: &str = "shop";

/// A Score file that uses every field, in the map form, but a file's `source`, which a cluster refuses (F03).
pub(super) fn full() -> Value {
    json!({
        "apiVersion": "score.dev/v1b1",
        "metadata": {
            "name": NAME,
            "annotations": {"k8s.score.dev/service-name": "shop-svc", "dapr.io/enabled": "true"},
            "team": {"pager": 5},
        },
        "service": {"ports": {"www": {"port": 80, "protocol": "TCP", "targetPort": 8080}, "dns": {"port": 53, "protocol": "UDP"}}},
        "containers": {
            "web": {
                "image": "nginx:1.29",
                "command": ["/bin/sh"],
                "args": ["-c", "nginx"],
                "variables": {"PORT": "8080", "HOST": "${resources.db.host}"},
                "files": {
                    "/etc/a.conf": {"content": "a", "mode": "0644", "noExpand": true},
                    "/etc/b.bin": {"binaryContent": "YQ=="},
                },
                "volumes": {"/data": {"source": "${resources.data}", "path": "sub", "readOnly": true}},
                "before": {"log": {"ready": "started"}},
                "resources": {"limits": {"memory": "128Mi", "cpu": "0.24"}, "requests": {"memory": "64Mi", "cpu": "100m"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": 8080, "scheme": "HTTP", "host": "x", "httpHeaders": [{"name": "X-A", "value": "1"}]}},
                "readinessProbe": {"exec": {"command": ["true"]}},
            },
            "log": {"image": "log:1"},
        },
        "resources": {
            "db": {"type": "postgres", "class": "big", "id": "main.db", "metadata": {"annotations": {"aa/bc": "d"}, "x": 1}, "params": {"size": 5}},
            "data": {"type": "volume"},
        },
    })
}

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().expect("a map")
}

/// The full file with `value` at `path` (keys joined by `>`); parents that are missing are made.
fn with(path: &str, value: Value) -> Value {
    let mut file = full();
    let mut node = &mut file;
    for key in path.split('>') {
        node = match node {
            Value::Array(items) => &mut items[key.parse::<usize>().expect("an index")],
            map => &mut map[key],
        };
    }
    *node = value;
    file
}

fn problems(file: &Value) -> Vec<Problem> {
    parse(&map(file), NAME).err().unwrap_or_default()
}

/// All problems as people read them.
fn said(file: &Value) -> Vec<String> {
    problems(file).iter().map(ToString::to_string).collect()
}

fn x(count: usize) -> String {
    "x".repeat(count)
}

#[test]
fn the_schema_compiles_and_takes_a_file_that_uses_every_field() {
    assert_eq!(said(&full()), Vec::<String>::new());
    let score = parse(&map(&full()), NAME).expect("a Score file");
    assert_eq!(serde_json::to_value(score).expect("JSON"), full());
}

#[test]
fn s03_the_names_of_the_object_and_of_its_service_are_checked() {
    let file = |extra: Value| map(&json!({"containers": {"ab": {"image": "x"}}, "metadata": extra}));
    for name in ["ab", "1a", NAME, &x(63)] {
        assert_eq!(parse(&file(json!({})), name).err(), None, "{name}");
    }
    for name in ["a", "a.b", "-a", "Ab", &x(64), ""] {
        let found = parse(&file(json!({})), name).expect_err(name);
        assert_eq!(found[0].path, "metadata.name", "{name}");
    }
    let ports = json!({"ports": {"www": {"port": 80}}});
    let mut served = file(json!({}));
    served.insert("service".into(), ports);
    let found = parse(&served, "1a").expect_err("no name for a Service");
    assert_eq!(
        found,
        [Problem::new(
            "service.ports",
            Reason::InvalidScore,
            "the Service would be called `1a`, expected 1 to 63 characters of a-z, 0-9 and `-`, with a letter first and no `-` at the end (RFC 1035): name it with the annotation `k8s.score.dev/service-name`, or rename the ScoreWorkload"
        )]
    );
    served.insert("metadata".into(), json!({"annotations": {"k8s.score.dev/service-name": "a1"}}));
    assert_eq!(parse(&served, "1a").err(), None);
    served.insert("metadata".into(), json!({"annotations": {"k8s.score.dev/service-name": "1a"}}));
    assert_eq!(
        parse(&served, "shop").expect_err("1a")[0].path,
        "metadata.annotations[\"k8s.score.dev/service-name\"]"
    );
}

#[test]
fn s21_a_name_inside_must_be_the_name_outside() {
    let found = problems(&with("metadata>name", json!("other")));
    let message = "is `other`, but the ScoreWorkload is called `shop`: make them the same, or leave `metadata.name` out";
    assert_eq!(found, [Problem::new("metadata.name", Reason::NameMismatch, message)]);
}

#[test]
fn t04_a_port_stands_once_per_protocol() {
    let ports = |a: Value, b: Value| with("service>ports", json!({"aa": a, "bb": b}));
    let (tcp, udp) = (json!({"port": 80}), json!({"port": 80, "protocol": "UDP"}));
    assert_eq!(said(&ports(tcp.clone(), udp)), Vec::<String>::new());
    let twice = ports(tcp, json!({"port": 80.0, "protocol": "TCP", "targetPort": 8080}));
    assert_eq!(
        said(&twice),
        [
            "service.ports.bb: port 80 over TCP is that of `aa` already: a Service has each port once per protocol"
        ]
    );
}

#[test]
fn b05_before_names_other_containers_and_makes_no_circle() {
    let three = |a: Value, b: Value, c: Value| {
        let container = |before: Value| json!({"image": "x", "before": before});
        with("containers", json!({"aa": container(a), "bb": container(b), "cc": container(c)}))
    };
    let to = |name: &str| json!({ name: {"ready": "complete"} });
    assert_eq!(said(&three(to("bb"), to("cc"), json!({}))), Vec::<String>::new());
    let rows = [
        (
            three(to("aa"), json!({}), json!({})),
            "containers.aa.before.aa: `aa` cannot start before itself: remove this entry",
        ),
        (
            three(to("ba"), json!({}), json!({})),
            "containers.aa.before.ba: there is no container `ba`; did you mean `bb`? (containers: `aa`, `bb`, `cc`)",
        ),
        (
            three(to("bb"), to("cc"), to("aa")),
            "containers.aa.before: these containers start before each other: aa → bb → cc → aa; remove one of these entries",
        ),
    ];
    for (file, expected) in rows {
        assert_eq!(said(&file), [expected]);
    }
}

#[test]
fn s22_a_request_above_its_limit_is_refused_with_both() {
    let file = with(
        "containers>web>resources",
        json!({"requests": {"cpu": "1000m", "memory": "1Gi"}, "limits": {"cpu": "0.24", "memory": "1024Mi"}}),
    );
    assert_eq!(
        said(&file),
        [
            "containers.web.resources.requests.cpu: `1000m` is above the limit `0.24`: lower `requests.cpu` or raise `limits.cpu`"
        ]
    );
}

#[test]
fn w08_an_annotation_that_has_no_room_for_the_name_is_not_advised() {
    for (length, advised) in [(57, true), (58, false)] {
        let name = "c".repeat(length);
        let found = said(&with("containers", json!({ name.as_str(): {"image": "."} })));
        assert_eq!(found.len(), 1, "{found:?}");
        let own = format!("k8s.score.dev/image.{name}");
        assert_eq!(found[0].contains(&own), advised, "{found:?}");
        let with_own = with("metadata>annotations", json!({ own.as_str(): "x" }));
        assert_eq!(said(&with_own).iter().any(|problem| problem.contains("there is no container")), advised);
    }
}

#[test]
fn instructions_are_known_and_foreign_annotations_refused() {
    let rows = [
        (
            "k8s.score.dev/service-nam",
            "metadata.annotations[\"k8s.score.dev/service-nam\"]: unknown instruction to the operator; did you mean `k8s.score.dev/service-name`?",
        ),
        (
            "argocd.argoproj.io/tracking-id",
            "metadata.annotations[\"argocd.argoproj.io/tracking-id\"]: annotations that begin with `argocd.argoproj.io/` belong to a tool that owns or steers objects by them: remove it",
        ),
    ];
    for (key, expected) in rows {
        assert_eq!(said(&with("metadata>annotations", json!({ key: "x" }))), [expected]);
    }
}

#[test]
fn s07_whole_floats_are_whole_numbers_to_the_types_too() {
    let score = parse(&map(&with("service>ports>www>port", json!(80.0))), NAME).expect("a Score file");
    let port = &score.service.and_then(|service| service.ports).expect("ports")["www"];
    assert_eq!((port.port, port.target_port, port.protocol), (80, Some(8080), Some(Protocol::Tcp)));
}

#[test]
fn the_schema_holds_the_patterns_that_messages_have_words_for() {
    let schema = score_json_schema().to_string();
    let missing: Vec<_> = super::super::schema::known_patterns()
        .filter(|pattern| !schema.contains(&json!(pattern).to_string()))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
    assert!(schema.contains(&json!(NAME_PATTERN).to_string()));
    assert!(Schema::new(&score_json_schema()).is_ok());
}

/// One long value must not push every other problem out of a condition.
#[test]
fn a_long_value_is_quoted_in_part() {
    let long = "ä".repeat(5000);
    let keys = ["kind", "service-name", "image", "pod-security", "service-account-token", "probe-host"];
    let of_cron_jobs = ["schedule", "time-zone", "backoff-limit", "restart-policy", "concurrency-policy"];
    let mut given: Map<String, Value> =
        keys.iter().map(|key| (format!("k8s.score.dev/{key}"), json!(long))).collect();
    let mut found = said(&with("metadata>annotations", json!(given)));
    given.retain(|key, _| !key.ends_with("/kind"));
    given.extend(of_cron_jobs.map(|key| (format!("k8s.score.dev/{key}"), json!(long))));
    given.insert("k8s.score.dev/kind".into(), json!("CronJob"));
    found.extend(said(&with("metadata>annotations", json!(given))));
    let volume = json!({"/x": {"source": long}, "/y": {"source": "a", "path": format!("/{long}")}});
    let score = json!({"containers": {"main": {"image": "x", "volumes": volume}}});
    found.extend(said(&score));
    let only_source = json!({"containers": {"main": {"image": "x", "volumes": {"/x": {"source": long}}}}});
    let inputs = json!({"name": NAME, "namespace": "n", "uid": "u", "generation": 1, "spec": only_source});
    match plan(&serde_json::from_value(inputs).expect("inputs")) {
        Plan::Rejected(problems) => found.extend(problems.iter().map(ToString::to_string)),
        other => panic!("{other:?}"),
    }
    assert!(found.len() >= 17, "{found:?}");
    for message in found {
        assert!(message.len() < 700, "{} bytes: {message}", message.len());
        assert!(!message.contains(&"ä".repeat(101)));
    }
}
