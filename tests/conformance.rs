//! The schema of a Score file, id by id (S01–S19, S21, S22): the bound is accepted, one step beyond it is
//! refused, and the message says where. Through the whole of validation, as the operator runs it.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

use score_operator::plan::workload::validate;
use serde_json::{Deserializer, Value, json};

/// Where (keys joined by `>`), and as JSON one after the other what is accepted there and what is refused.
/// `X63` stands for 63 letters.
type Row<'a> = (&'a str, &'a str, &'a str);

/// The name of the ScoreWorkload.
const NAME: &str = "shop";

/// Two containers, a port and a resource, none of which needs another.
fn base() -> Value {
    json!({
        "apiVersion": "score.dev/v1b1",
        "metadata": {"name": NAME},
        "service": {"ports": {"www": {"port": 80, "protocol": "TCP"}}},
        "containers": {
            "web": {
                "image": "nginx:1.29",
                "command": ["nginx"],
                "files": {"/etc/app.conf": {"content": "x"}},
                "volumes": {},
                "before": {"log": {"ready": "started"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
            },
            "log": {"image": "log:1", "readinessProbe": {"exec": {"command": ["true"]}}},
        },
        "resources": {"db": {"type": "postgres"}},
    })
}

/// The base with `value` at `path`; parents that are missing are made.
fn with(path: &str, value: Value) -> Value {
    let mut file = base();
    *path.split('>').fold(&mut file, |node, key| &mut node[key]) = value;
    file
}

fn without(path: &str) -> Value {
    let (parent, key) = path.rsplit_once('>').unwrap_or(("", path));
    let mut file = base();
    let keys = parent.split('>').filter(|key| !key.is_empty());
    let node = keys.fold(&mut file, |node, key| &mut node[key]);
    node.as_object_mut().expect("a map").remove(key).expect("a key to remove");
    file
}

/// All problems, as people read them.
fn said(file: &Value) -> Vec<String> {
    match validate(NAME, file.as_object().expect("a map")) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

fn spelled(text: &str) -> String {
    [60, 61, 63, 64]
        .iter()
        .fold(text.to_owned(), |text, count| text.replace(&format!("X{count}"), &"x".repeat(*count)))
}

fn values(texts: &str) -> Vec<Value> {
    Deserializer::from_str(&spelled(texts)).into_iter().map(|value| value.expect("JSON")).collect()
}

/// A path as messages write it.
fn written(path: &str) -> String {
    let key = |key: &str| if key.contains('/') { format!("[{key:?}]") } else { format!(".{key}") };
    path.split('>').map(key).collect::<String>().trim_start_matches('.').to_owned()
}

fn check(rows: &[Row]) {
    for (path, accepted, refused) in rows {
        let path = &spelled(path);
        for value in values(accepted) {
            assert_eq!(said(&with(path, value.clone())), [""; 0], "{path} = {value}");
        }
        for value in values(refused) {
            let said = said(&with(path, value.clone()));
            assert!(said.iter().any(|text| text.starts_with(&written(path))), "{path} = {value}: {said:#?}");
        }
    }
}

/// Keys that may not be left out, each with a parent that may stand without it.
fn required(paths: &[&str]) {
    for path in paths {
        let (parent, key) = path.rsplit_once('>').unwrap_or(("", path));
        let expected = format!("{}: missing required key `{key}`", written(parent));
        assert!(said(&without(path)).contains(&expected), "{path}: {:#?}", said(&without(path)));
    }
}

fn optional(paths: &[&str]) {
    for path in paths {
        assert_eq!(said(&without(path)), [""; 0], "{path}");
    }
}

#[test]
fn the_base_is_accepted() {
    assert_eq!(said(&base()), [""; 0]);
}

#[test]
fn s01_top_level_keys() {
    check(&[
        ("service", "{}", r#"null [] "x""#),
        ("resources", "{}", "null []"),
        ("metadata", "{}", "null []"),
        ("container", "", "{} null"),
    ]);
    required(&["containers"]);
    optional(&["metadata", "service", "resources"]);
}

#[test]
fn s02_api_version() {
    let refused = r#""score.dev/v1b2" "scoreXdev/v1b1" "score.dev/v1b1 " "score.dev/v1b1\n" null"#;
    check(&[("apiVersion", r#""score.dev/v1b1""#, refused)]);
    optional(&["apiVersion"]);
}

#[test]
fn s03_the_name_of_a_workload() {
    check(&[("metadata>name", r#""shop""#, r#""x" "X64" "-ab" "ab-" "Ab" "a.b" "shop\n" 5 null"#)]);
    optional(&["metadata>name"]);
    for name in ["ab", "1a", &"x".repeat(63)] {
        let file = json!({"metadata": {"name": name}, "containers": {"main": {"image": "x"}}});
        assert!(validate(name, file.as_object().expect("a map")).is_ok(), "{name}");
    }
}

#[test]
fn s04_metadata_has_room_for_any_key() {
    check(&[("metadata>anything", r#"null [1] 1.5 {"a": {"b": [null]}}"#, "")]);
}

#[test]
fn s05_annotations() {
    check(&[(
        "metadata>annotations",
        r#"{} {"ab": ""} {"a1.b2/cd": "v"} {"A_b.c": "v"} {"X63": "v"} {"ab/X63": "v"} {"X63.X63.X63.X60/X63": "v"}"#,
        r#"{"a": "v"} {"ab/c": "v"} {"a/bc": "v"} {"Ab/cd": "v"} {"X64": "v"} {"ab/X64": "v"} {"X63.X63.X63.X61/X63": "v"}
           {"ab_": "v"} {"ab": 1} {"ab": null} [] null"#,
    )]);
}

#[test]
fn s06_a_service_has_ports_by_name() {
    check(&[
        (
            "service>ports",
            r#"{} {"ab": {"port": 1}} {"1a": {"port": 1}} {"X63": {"port": 1}}"#,
            r#"{"a": {"port": 1}} {"X64": {"port": 1}} {"A1": {"port": 1}} [] null"#,
        ),
        ("service>type", "", r#""LoadBalancer""#),
    ]);
}

#[test]
fn s07_a_port() {
    check(&[
        ("service>ports>www>port", "1 65535 80.0 8e1", r#"0 65536 80.5 "80" -1 null"#),
        ("service>ports>www>targetPort", "1 65535 80.0", r#"0 65536 "www" null"#),
        ("service>ports>www>protocol", r#""TCP" "UDP""#, r#""tcp" "SCTP" null"#),
        ("service>ports>www>nodePort", "", "30000"),
    ]);
    required(&["service>ports>www>port"]);
    optional(&["service>ports>www>protocol"]);
}

#[test]
fn s08_containers_by_name() {
    check(&[(
        "containers",
        r#"{"ab": {"image": "x"}} {"X63": {"image": "x"}}"#,
        r#"{} [] {"a": {"image": "x"}} {"X64": {"image": "x"}} {"A1": {"image": "x"}} null"#,
    )]);
}

#[test]
fn s09_an_image() {
    check(&[("containers>web>image", r#""x" "a.b/c:1""#, r#""" 1 null"#)]);
    required(&["containers>web>image"]);
    // `.` is an image that is given elsewhere: by an annotation, here.
    let mut file = with("containers>web>image", json!("."));
    file["metadata"]["annotations"] = json!({"k8s.score.dev/image": "x"});
    assert_eq!(said(&file), [""; 0]);
}

#[test]
fn s10_command_and_args() {
    check(&[
        ("containers>web>command", r#"[] [""]"#, r#""x" [1] [null] null"#),
        ("containers>web>args", r#"[] ["a"]"#, "{} [true] null"),
    ]);
    optional(&["containers>web>command"]);
}

#[test]
fn s11_variables() {
    check(&[(
        "containers>web>variables",
        r#"{} {"1 a.b": ""} {"~": "x"} {"A": "yes"}"#,
        r#"{"A": 3000} {"A": true} {"A": null} {"": "x"} {"A=B": "x"} {"Ä": "x"} {"A\n": "x"} {"\u007f": "x"}"#,
    )]);
}

#[test]
fn s12_files() {
    check(&[
        (
            "containers>web>files",
            r#"{} {"/x": {"content": ""}} {"/x": {"binaryContent": ""}}"#,
            r#"{"/x": {}} {"/x": {"content": "", "binaryContent": ""}} {"/x": {"source": ""}} {"/x": {"content": "", "target": "/x"}} null"#,
        ),
        (
            "containers>web>files>/etc/app.conf>mode",
            r#""644" "0600" "0777""#,
            r#""00600" "0800" "60" "\u0660644" 420"#,
        ),
        ("containers>web>files>/etc/app.conf>noExpand", "true false", r#""true" null"#),
    ]);
    // A source is as good as a content to the schema; only a cluster has none (F03).
    let said = said(&with("containers>web>files", json!({"/x": {"source": "x"}})));
    assert!(matches!(&said[..], [one] if one.contains("names a file beside the Score file")), "{said:?}");
}

#[test]
fn s13_volumes() {
    check(&[
        (
            "containers>web>volumes>/data",
            r#"{"source": "${resources.db}"} {"source": "postgres.default#shop.db", "path": "", "readOnly": false}"#,
            r#"{} {"source": "x", "target": "/x"} {"source": "x", "readOnly": "yes"} {"source": "x", "read_only": true} null"#,
        ),
        ("containers>web>volumes>/data>source", "", "null 1"),
    ]);
    // The first of those refused, `{}`: a source is required.
}

#[test]
fn s14_before() {
    check(&[(
        "containers>web>before",
        r#"{} {"log": {"ready": "started"}} {"log": {"ready": "healthy"}}"#,
        r#"{"log": {}} {"log": {"ready": "done"}} {"log": {"ready": "started", "x": 1}} {"l": {"ready": "started"}} null"#,
    )]);
    required(&["containers>web>before>log>ready"]);
    // One that runs to its end has no probe (B01).
    check(&[("containers>web", r#"{"image": "x", "before": {"log": {"ready": "complete"}}}"#, "")]);
}

#[test]
fn s15_amounts_of_cpu_and_memory() {
    check(&[
        (
            "containers>web>resources>limits>memory",
            r#""0.5Gi" "1.5Gi" "128000000" "100M" "1K" "1E" "1Ei""#,
            r#""0" "128m" "-1" "1k" "1gi" "01" "1." "\u0661Gi" "1Gi\n" 128"#,
        ),
        (
            "containers>web>resources>requests>cpu",
            r#""1" "0" "0.5" "250m" "007""#,
            r#"".5" "0.5m" "1." "-1" "\u0661" 1"#,
        ),
        ("containers>web>resources>limits>gpu", "", r#""1""#),
        ("containers>web>resources>claims", "", "{}"),
    ]);
}

#[test]
fn s16_a_probe_asks_something() {
    check(&[(
        "containers>web>livenessProbe",
        r#"{"exec": {"command": []}} {"exec": {"command": []}, "httpGet": {"port": 1, "path": ""}}"#,
        r#"{} {"tcpSocket": {}} null"#,
    )]);
}

#[test]
fn s17_http_get() {
    let at = |key: &str| format!("containers>web>livenessProbe>httpGet>{key}");
    check(&[
        (&at("port"), "1 65535 80.0", r#"0 65536 "80" null"#),
        (&at("path"), r#""" "/""#, "null 1"),
        (&at("scheme"), r#""HTTP" "HTTPS""#, r#""http" null"#),
        (&at("host"), r#""x""#, r#""" null"#),
        (
            &at("httpHeaders"),
            r#"[] [{"name": "X-A_1", "value": "x"}]"#,
            r#"[{"name": "a b", "value": "x"}] [{"name": "a", "value": ""}] [{"name": "a"}] [{"name": "a", "value": "x", "y": 1}]"#,
        ),
    ]);
    required(&[&at("port"), &at("path")]);
}

#[test]
fn s18_exec() {
    check(&[(
        "containers>log>readinessProbe>exec",
        r#"{"command": []}"#,
        r#"{"command": "true"} {"command": [], "x": 1}"#,
    )]);
    required(&["containers>log>readinessProbe>exec>command"]);
}

#[test]
fn s19_resources() {
    check(&[
        ("resources>db>type", r#""ab" "X63" "Ab-9""#, r#""a" "X64" "a.b" "-a" 5"#),
        ("resources>db>class", r#""ab" "X63" "AB""#, r#""a" "X64" "a_b" null"#),
        ("resources>db>id", r#""ab" "X63" "a.b" "a--b.c""#, r#""a" "X64" "A1" "a." "-a" "a..b" null"#),
        ("resources>db>params", r#"{} {"a": [null]}"#, "[] null"),
        ("resources>db>metadata", r#"{} {"a": 1}"#, r#"{"annotations": {"a": "b"}} null"#),
        ("resources>X63", r#"{"type": "dns"}"#, r#"{"type": "dns", "x": 1}"#),
        ("resources>X64", "", r#"{"type": "dns"}"#),
    ]);
    required(&["resources>db>type"]);
}

#[test]
fn s21_placeholders_and_order_name_what_is_there() {
    check(&[
        (
            "containers>web>variables>A",
            r#""${metadata.name}" "${resources.db.host}" "${resources.db}" "$${nope}" "$""#,
            r#""${nope}" "${resources.nope.host}" "${metadata.nope}" "${}""#,
        ),
        (
            "containers>web>before",
            r#"{"log": {"ready": "started"}}"#,
            r#"{"web": {"ready": "started"}} {"logs": {"ready": "started"}}"#,
        ),
    ]);
    // The backslash that the specification documents, and score-go's expression refuses.
    let mut file = with("metadata>annotations", json!({"key.com/foo": "x"}));
    file["containers"]["web"]["variables"] = json!({"A": "${metadata.annotations.key\\.com/foo}"});
    assert_eq!(said(&file), [""; 0]);
    let circle = with("containers>log", json!({"image": "x", "before": {"web": {"ready": "started"}}}));
    assert!(said(&circle)[0].contains("these containers start before each other"), "{:?}", said(&circle));
}

#[test]
fn s22_the_official_sample_is_valid_and_says_what_keeps_it_from_running() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/score/samples/score-full.yaml");
    let text = std::fs::read_to_string(path).expect("the sample");
    let file: Value = serde_saphyr::from_str(&text).expect("YAML");
    let name = file["metadata"]["name"].as_str().expect("a name");
    let problems = validate(name, file.as_object().expect("a map")).expect_err("it cannot run as it is");
    let mut paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    paths.sort_unstable();
    let expected = [
        // A file that the sample does not bring (F03).
        "containers.container-one1.files[\"/my/file\"].source",
        "containers.container-one1.resources.requests.cpu",
        "containers.container-one1.resources.requests.memory",
        // Volumes that name no resource (L05).
        "containers.container-one1.volumes[\"/mnt/something\"].source",
        "containers.container-one1.volumes[\"/mnt/something-else\"].source",
        // `.`, which nothing gives (W08).
        "containers.container-two2.image",
    ];
    assert_eq!(paths, expected);
}
