use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::problem::Problem;
use super::super::schema::Schema;
use super::{parse, shape, unsupported};
use crate::api::conditions::Reason;
use crate::api::crds;
use crate::api::score::{NAME_PATTERN, Protocol};

/// The name of the ScoreWorkload in these tests: not that of its container, so that a swap is seen.
const NAME: &str = "shop";

/// A Score file that uses every field, in the map form.
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
                    "/etc/c": {"source": "./c"},
                },
                "volumes": {"/data": {"source": "${resources.data}", "path": "sub", "readOnly": true}},
                "before": {"log": {"ready": "started"}},
                "resources": {"limits": {"memory": "128Mi", "cpu": "0.24"}, "requests": {"memory": "64Mi", "cpu": "100m"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": 8080, "scheme": "HTTP", "host": "x", "httpHeaders": [{"name": "X-A", "value": "1"}]}},
                "readinessProbe": {"exec": {"command": ["true"]}},
            },
            "log": {"image": "."},
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

fn without(path: &str) -> Value {
    let (parent, key) = path.rsplit_once('>').unwrap_or(("", path));
    let mut file = full();
    let mut node = &mut file;
    for key in parent.split('>').filter(|key| !key.is_empty()) {
        node = &mut node[key];
    }
    node.as_object_mut().expect("a map").remove(key).expect("a key to remove");
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

/// Per id: where, what is accepted there, what is refused there.
type Row = (&'static str, &'static str, Vec<Value>, Vec<Value>);

fn bounds_of_the_file() -> Vec<Row> {
    let long = |count| json!(x(count));
    let name = vec![json!("x"), long(64), json!("-ab"), json!("ab-"), json!("Ab"), json!("a.b"), json!(5)];
    let key = |name: &str| json!({ name: "v" });
    let port = |name: &str| json!({ name: {"port": 1} });
    vec![
        ("S01", "service", vec![json!({})], vec![Value::Null, json!([]), json!("x")]),
        ("S01", "resources", vec![json!({})], vec![Value::Null, json!([])]),
        ("S01", "extra", vec![], vec![json!(1), Value::Null]),
        (
            "S02",
            "apiVersion",
            vec![json!("score.dev/v1b1")],
            vec![json!("score.dev/v1b2"), json!("scoreXdev/v1b1"), json!("score.dev/v1b1 ")],
        ),
        ("S03", "metadata>name", vec![], name),
        ("S04", "metadata>anything", vec![Value::Null, json!([1]), json!({"a": {"b": 1}})], vec![]),
        (
            "S05",
            "metadata>annotations",
            vec![key("ab"), key("a1.b2/cd"), key(&x(63)), key(&format!("ab/{}", x(63)))],
            vec![key("a"), key("ab/c"), key(&x(64)), key("a/bc/de"), key("ab_"), json!({"ab": 1}), json!([])],
        ),
        (
            "S06",
            "service>ports",
            vec![json!({}), port("ab"), port("1a"), port(&x(63))],
            vec![port("a"), port(&x(64)), port("A1"), json!([])],
        ),
        ("S06", "service>other", vec![], vec![json!({})]),
        (
            "S07",
            "service>ports>www>port",
            vec![json!(1), json!(65535), json!(80.0), json!(8e1)],
            vec![json!(0), json!(65536), json!(80.5), json!("80"), json!(-1), Value::Null],
        ),
        (
            "S07",
            "service>ports>www>targetPort",
            vec![json!(1), json!(65535), json!(80.0)],
            vec![json!(0), json!(65536), json!("www")],
        ),
        (
            "S07",
            "service>ports>www>protocol",
            vec![json!("TCP"), json!("UDP")],
            vec![json!("tcp"), json!("SCTP")],
        ),
        ("S07", "service>ports>www>nodePort", vec![], vec![json!(30000)]),
        (
            "S19",
            "resources>db>type",
            vec![json!("ab"), long(63), json!("Ab-9")],
            vec![json!("a"), long(64), json!("a.b"), json!("-a"), json!(5)],
        ),
        (
            "S19",
            "resources>db>class",
            vec![json!("ab"), long(63), json!("AB")],
            vec![json!("a"), long(64), json!("a_b"), Value::Null],
        ),
        (
            "S19",
            "resources>db>id",
            vec![json!("ab"), long(63), json!("a.b"), json!("a--b.c")],
            vec![json!("a"), long(64), json!("A1"), json!("a."), json!("-a"), json!("a..b")],
        ),
        ("S19", "resources>db>params", vec![json!({}), json!({"a": [null]})], vec![json!([]), Value::Null]),
        (
            "S19",
            "resources>db>metadata",
            vec![json!({}), json!({"a": 1})],
            vec![json!({"annotations": {"a": "b"}}), Value::Null],
        ),
        ("S19", "resources>x", vec![], vec![json!({"type": "dns"})]),
    ]
}

fn bounds_of_a_container() -> Vec<Row> {
    let at = |key: &str| json!({ key: {"ready": "started"} });
    let file = |extra: Value| json!({ "/x": extra });
    vec![
        (
            "S08",
            "containers",
            vec![json!({"ab": {"image": "x"}}), json!({ x(63): {"image": "x"} })],
            vec![json!({}), json!([]), json!({"a": {"image": "x"}}), json!({ x(64): {"image": "x"} })],
        ),
        ("S09", "containers>web>image", vec![json!("x"), json!(".")], vec![json!(""), json!(1), Value::Null]),
        (
            "S10",
            "containers>web>command",
            vec![json!([]), json!([""])],
            vec![json!("x"), json!([1]), Value::Null],
        ),
        ("S10", "containers>web>args", vec![json!([]), json!(["a"])], vec![json!({}), json!([true])]),
        (
            "S11",
            "containers>web>variables",
            vec![json!({}), json!({"1 a.b": ""})],
            vec![
                json!({"A": 3000}),
                json!({"A": true}),
                json!({"A": null}),
                json!({"": "x"}),
                json!({"A=B": "x"}),
                json!({"Ä": "x"}),
                json!({"A\n": "x"}),
            ],
        ),
        (
            "S12",
            "containers>web>files",
            vec![
                json!({}),
                file(json!({"content": ""})),
                file(json!({"binaryContent": ""})),
                file(json!({"source": "x"})),
            ],
            vec![
                file(json!({})),
                file(json!({"content": "", "source": "x"})),
                file(json!({"source": ""})),
                file(json!({"content": "", "target": "/x"})),
            ],
        ),
        (
            "S12",
            "containers>web>files>/etc/c>mode",
            vec![json!("644"), json!("0600"), json!("0777")],
            vec![json!("00600"), json!("0800"), json!("60"), json!(420)],
        ),
        ("S12", "containers>web>files>/etc/c>noExpand", vec![json!(false)], vec![json!("true")]),
        (
            "S13",
            "containers>web>volumes>/data",
            vec![json!({"source": ""})],
            vec![
                json!({}),
                json!({"source": "x", "target": "/x"}),
                json!({"source": "x", "readOnly": "yes"}),
            ],
        ),
        (
            "S14",
            "containers>web>before",
            vec![json!({}), at("log")],
            vec![
                json!({"log": {}}),
                json!({"log": {"ready": "done"}}),
                json!({"log": {"ready": "started", "x": 1}}),
            ],
        ),
        (
            "S15",
            "containers>web>resources>limits>memory",
            vec![json!("0.5Gi"), json!("1.5Gi"), json!("128000000"), json!("100M")],
            vec![
                json!("0"),
                json!("128m"),
                json!("-1"),
                json!("1k"),
                json!("01"),
                json!("\u{661}Gi"),
                json!(128),
            ],
        ),
        (
            "S15",
            "containers>web>resources>limits>cpu",
            vec![json!("1"), json!("0.5"), json!("250m"), json!("007")],
            vec![json!(".5"), json!("0.5m"), json!("1."), json!("\u{661}"), json!(1)],
        ),
        ("S15", "containers>web>resources>limits>gpu", vec![], vec![json!("1")]),
        (
            "S16",
            "containers>web>livenessProbe",
            vec![json!({"exec": {"command": []}, "httpGet": {"port": 1, "path": ""}})],
            vec![json!({}), json!({"tcpSocket": {}}), Value::Null],
        ),
        (
            "S17",
            "containers>web>livenessProbe>httpGet",
            vec![json!({"port": 65535, "path": ""}), json!({"port": 80.0, "path": ""})],
            vec![
                json!({"port": 0, "path": ""}),
                json!({"port": 65536, "path": ""}),
                json!({"path": ""}),
                json!({"port": 1}),
            ],
        ),
        ("S17", "containers>web>livenessProbe>httpGet>scheme", vec![json!("HTTPS")], vec![json!("http")]),
        ("S17", "containers>web>livenessProbe>httpGet>host", vec![json!("x")], vec![json!("")]),
        (
            "S17",
            "containers>web>livenessProbe>httpGet>httpHeaders",
            vec![json!([])],
            vec![
                json!([{"name": "a b", "value": "x"}]),
                json!([{"name": "a", "value": ""}]),
                json!([{"name": "a"}]),
                json!([{"name": "a", "value": "x", "y": 1}]),
            ],
        ),
        (
            "S18",
            "containers>web>readinessProbe>exec",
            vec![json!({"command": []})],
            vec![json!({}), json!({"command": "true"})],
        ),
    ]
}

#[test]
fn s01_to_s19_bounds_are_accepted_and_what_is_beyond_is_refused() {
    for (id, path, accepted, refused) in bounds_of_the_file().into_iter().chain(bounds_of_a_container()) {
        for value in accepted {
            let said: Vec<_> = problems(&with(path, value.clone()))
                .into_iter()
                .filter(|it| !it.message.contains("limit"))
                .collect();
            assert_eq!(said, [], "{id}: {path} = {value}");
        }
        for value in refused {
            assert_ne!(problems(&with(path, value.clone())), [], "{id}: {path} = {value}");
        }
    }
}

#[test]
fn s01_to_s19_required_keys_are_required_and_others_are_not() {
    let required = [
        ("S01", "containers"),
        ("S07", "service>ports>www>port"),
        ("S09", "containers>web>image"),
        ("S13", "containers>web>volumes>/data>source"),
        ("S14", "containers>web>before>log>ready"),
        ("S17", "containers>web>livenessProbe>httpGet>path"),
        ("S18", "containers>web>readinessProbe>exec>command"),
        ("S19", "resources>db>type"),
    ];
    for (id, path) in required {
        let (_, key) = path.rsplit_once('>').unwrap_or(("", path));
        let expected = format!("missing required key `{key}`");
        assert!(problems(&without(path)).iter().any(|problem| problem.message == expected), "{id}: {path}");
    }
    for path in [
        "apiVersion",
        "metadata",
        "metadata>name",
        "service",
        "resources",
        "service>ports>www>protocol",
        "containers>web>command",
    ] {
        assert_eq!(said(&without(path)), Vec::<String>::new(), "{path} is optional");
    }
}

#[test]
fn the_most_common_mistakes_are_explained_in_full() {
    let container_keys = "known keys: `args`, `before`, `command`, `files`, `image`, `livenessProbe`, `readinessProbe`, `resources`, `variables`, `volumes`";
    let rows = [
        ("containers>web>imagee", json!("x"), format!("containers.web.imagee: unknown key `imagee`; did you mean `image`? {container_keys}")),
        ("containers>web>ports", json!({}), format!("containers.web.ports: unknown key `ports`; {container_keys}")),
        ("container", json!({}), "container: unknown key `container`; did you mean `containers`? known keys: `apiVersion`, `containers`, `metadata`, `resources`, `service`".into()),
        ("containers>web", json!({}), "containers.web: missing required key `image`".into()),
        ("containers", json!({}), "containers: is empty, expected at least 1 container".into()),
        ("containers>web>variables>PORT", json!(3000), "containers.web.variables.PORT: is a number (3000), expected a string: write \"3000\"".into()),
        ("containers>web>variables>DEBUG", json!(true), "containers.web.variables.DEBUG: is a boolean (true), expected a string: put it in quotes (YAML reads yes, no, on and off as booleans too)".into()),
        ("service", Value::Null, "service: is null, expected a map: leave it out or give it a value".into()),
        ("service>ports>www>port", json!("80"), "service.ports.www.port: is a string (\"80\"), expected a whole number: leave out the quotes".into()),
        ("service>ports>www>port", json!(70000), "service.ports.www.port: is 70000, expected 1 to 65535".into()),
        ("service>ports>www>protocol", json!("tcp"), "service.ports.www.protocol: is \"tcp\", expected one of `TCP`, `UDP`; did you mean `TCP`?".into()),
        ("containers>web>livenessProbe>httpGet>scheme", json!("http"), "containers.web.livenessProbe.httpGet.scheme: is \"http\", expected one of `HTTP`, `HTTPS`; did you mean `HTTP`?".into()),
        ("containers>web>command", json!("run"), "containers.web.command: is a string (\"run\"), expected a list: write [\"run\"]".into()),
        ("containers>web>args>0", json!(1), "containers.web.args[0]: is a number (1), expected a string: write \"1\"".into()),
        ("containers>web>image", json!(""), "containers.web.image: is \"\", expected at least 1 character".into()),
        ("containers>web>files>/etc/c>mode", json!("888"), "containers.web.files[\"/etc/c\"].mode: is \"888\", expected three octal digits, with or without a 0 before them, such as `0644`".into()),
        ("containers>web>files>/etc/c", json!({}), "containers.web.files[\"/etc/c\"]: expected exactly one of `binaryContent`, `content`, `source`: found none of them".into()),
        ("containers>web>files>/etc/c", json!({"content": "a", "source": "b"}), "containers.web.files[\"/etc/c\"]: expected exactly one of `binaryContent`, `content`, `source`: found `content`, `source`".into()),
        ("containers>web>livenessProbe", json!({}), "containers.web.livenessProbe: expected at least one of `exec`, `httpGet`: found none of them".into()),
        ("containers>web>resources>limits>memory", json!("64m"), "containers.web.resources.limits.memory: is \"64m\", expected an amount of bytes such as `128Mi`, `1.5G` or `500000` (units: K, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei)".into()),
        ("containers>web>resources>limits>cpu", json!(".5"), "containers.web.resources.limits.cpu: is \".5\", expected a number of CPUs such as `2` or `0.5`, or thousandths such as `125m`".into()),
        ("resources>my_db", json!({"type": "postgres"}), "resources.my_db: the name `my_db` is not allowed, expected 2 to 63 characters of a-z, 0-9 and `-`, with a letter or digit at both ends".into()),
        ("metadata>annotations>a b", json!("x"), "metadata.annotations[\"a b\"]: the name `a b` is not allowed, expected an optional DNS name (parts of 2 characters or more) and `/`, then 2 to 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, all in all at most 316 characters".into()),
        ("metadata>name", json!("x"), "metadata.name: is \"x\", expected 2 to 63 characters of a-z, 0-9 and `-`, with a letter or digit at both ends".into()),
        ("apiVersion", json!("score.dev/v1"), "apiVersion: is \"score.dev/v1\", expected `score.dev/v1b1`".into()),
    ];
    for (path, value, expected) in rows {
        assert_eq!(said(&with(path, value)), [expected]);
    }
}

#[test]
fn all_problems_come_at_once_sorted_and_once_each() {
    let mut file = with("containers>web", json!({"image": 5, "x=": 1, "variables": {"A": 1, "B": null}}));
    file["service"] = json!([]);
    let found = problems(&file);
    let paths: Vec<_> = found.iter().map(|problem| problem.path.as_str()).collect();
    let expected = [
        "containers.web.image",
        "containers.web.variables.A",
        "containers.web.variables.B",
        "containers.web[\"x=\"]",
        "service",
    ];
    assert_eq!(paths, expected);
    assert!(found.iter().all(|problem| problem.reason == Reason::InvalidScore));
}

#[test]
fn values_that_are_long_or_may_be_secret_are_not_shown() {
    let long = format!("Hunter2-{}", x(60));
    for (path, value) in [
        ("containers>web>command", json!(long)),
        ("containers>web>image", json!([long])),
        ("apiVersion", json!(long)),
        ("resources>db>params", json!("Hunter2")),
        ("containers>web>files>/etc/c>content", json!(["Hunter2"])),
        ("containers>web>files>/etc/c>binaryContent", json!(["Hunter2"])),
    ] {
        let said = said(&with(path, value));
        assert!(!said.is_empty() && said.iter().all(|text| !text.contains("Hunter2")), "{path}: {said:?}");
    }
}

#[test]
fn s20_the_array_forms_are_refused_with_the_map_form_as_an_example() {
    let files = with("containers>web>files", json!([{"target": "/etc/app.conf", "content": "x"}]));
    assert_eq!(
        said(&files),
        [
            "containers.web.files: is a list, expected a map: the list form is deprecated and not taken here; write the target as the key, without `target`: `files: {\"/etc/app.conf\": {content: …}}`"
        ]
    );
    let volumes = with("containers>web>volumes", json!([{"source": "x"}]));
    assert_eq!(
        said(&volumes),
        [
            "containers.web.volumes: is a list, expected a map: the list form is deprecated and not taken here; write the target as the key, without `target`: `volumes: {\"/path/in/container\": {source: …}}`"
        ]
    );
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
fn instructions_are_known_and_foreign_annotations_refused() {
    let rows = [
        (
            "k8s.score.dev/service-nam",
            "metadata.annotations[\"k8s.score.dev/service-nam\"]: unknown instruction to the operator; did you mean `k8s.score.dev/service-name`? (known: `k8s.score.dev/kind`, `k8s.score.dev/service-name`)",
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
fn what_is_not_rendered_yet_is_named() {
    let score = parse(&map(&full()), NAME).expect("a Score file");
    let found = unsupported(&score);
    let paths: Vec<_> = found.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(
        paths,
        ["containers.log.image", "containers.web.before", "containers.web.files", "containers.web.volumes"]
    );
    assert!(found.iter().all(|problem| problem.reason == Reason::Unsupported));
    let kinds = |kind: &str| {
        let file = json!({"containers": {"ab": {"image": "x", "files": {}}}, "metadata": {"annotations": {"k8s.score.dev/kind": kind}}});
        unsupported(&parse(&map(&file), NAME).expect("a Score file"))
    };
    assert_eq!(kinds("Deployment"), []);
    assert_eq!(kinds("StatefulSet")[0].path, "metadata.annotations[\"k8s.score.dev/kind\"]");
}

#[test]
fn s07_whole_floats_are_whole_numbers_to_the_types_too() {
    let score = parse(&map(&with("service>ports>www>port", json!(80.0))), NAME).expect("a Score file");
    let port = &score.service.and_then(|service| service.ports).expect("ports")["www"];
    assert_eq!((port.port, port.target_port, port.protocol), (80, Some(8080), Some(Protocol::Tcp)));
}

#[test]
fn the_schema_holds_the_patterns_that_messages_have_words_for() {
    let schema = crds::score_json_schema().to_string();
    let missing: Vec<_> = super::super::schema::known_patterns()
        .filter(|pattern| !schema.contains(&json!(pattern).to_string()))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
    assert!(schema.contains(&json!(NAME_PATTERN).to_string()));
    assert!(Schema::new(&crds::score_json_schema()).is_ok());
}

/// Any JSON, small.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        "[a-zA-Z0-9~/=.\" ]{0,4}",
        Just("containers".to_owned()),
        Just("files".to_owned()),
        Just("image".to_owned())
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,50}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_makes_parse_panic(value in any_json(), at in 0..8_usize, name in ".{0,70}") {
        let places = ["containers", "containers>web", "containers>web>files", "containers>web>livenessProbe", "service", "metadata", "resources>db", "extra"];
        let file = map(&with(places[at], value));
        let first = parse(&file, &name).map_err(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>());
        let second = parse(&file, &name).map_err(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>());
        prop_assert_eq!(&first, &second);
        prop_assert_eq!(shape(&file).is_empty(), typed_ok(&file));
    }
}

/// What the schema takes, the types take too, and the other way round but for what only the schema knows.
fn typed_ok(file: &Map<String, Value>) -> bool {
    shape(file).is_empty() && super::typed(file).is_ok()
}
