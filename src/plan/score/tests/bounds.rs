//! S01–S19: what the schema accepts, and what is one step beyond.

use serde_json::{Deserializer, Value};

use super::{problems, said, with, without, x};
use crate::api::conditions::Reason;

/// Per row: the id, where, and as JSON one after the other what is accepted there and what is refused.
/// `X63` stands for 63 letters.
type Row = (&'static str, &'static str, &'static str, &'static str);

const FILE: &[Row] = &[
    ("S01", "service", "{}", r#"null [] "x""#),
    ("S01", "resources", "{}", "null []"),
    ("S01", "extra", "", "1 null"),
    (
        "S02",
        "apiVersion",
        r#""score.dev/v1b1""#,
        r#""score.dev/v1b2" "scoreXdev/v1b1" "score.dev/v1b1 " null"#,
    ),
    ("S03", "metadata>name", r#""shop""#, r#""x" "X64" "-ab" "ab-" "Ab" "a.b" 5 null"#),
    ("S04", "metadata>anything", r#"null [1] {"a": {"b": 1}}"#, ""),
    (
        "S05",
        "metadata>annotations",
        r#"{"ab": "v"} {"a1.b2/cd": "v"} {"X63": "v"} {"ab/X63": "v"} {"X63.X63.X63.X60/X63": "v"}"#,
        r#"{"a": "v"} {"ab/c": "v"} {"a/bc": "v"} {"X64": "v"} {"X63.X63.X63.X61/X63": "v"} {"ab_": "v"} {"ab": 1} [] null"#,
    ),
    (
        "S06",
        "service>ports",
        r#"{} {"ab": {"port": 1}} {"1a": {"port": 1}} {"X63": {"port": 1}}"#,
        r#"{"a": {"port": 1}} {"X64": {"port": 1}} {"A1": {"port": 1}} [] null"#,
    ),
    ("S06", "service>other", "", "{}"),
    ("S07", "service>ports>www>port", "1 65535 80.0 8e1", r#"0 65536 80.5 "80" -1 null"#),
    ("S07", "service>ports>www>targetPort", "1 65535 80.0", r#"0 65536 "www" null"#),
    ("S07", "service>ports>www>protocol", r#""TCP" "UDP""#, r#""tcp" "SCTP" null"#),
    ("S07", "service>ports>www>nodePort", "", "30000"),
    ("S19", "resources>db>type", r#""ab" "X63" "Ab-9""#, r#""a" "X64" "a.b" "-a" 5"#),
    ("S19", "resources>db>class", r#""ab" "X63" "AB""#, r#""a" "X64" "a_b" null"#),
    ("S19", "resources>db>id", r#""ab" "X63" "a.b" "a--b.c""#, r#""a" "X64" "A1" "a." "-a" "a..b" null"#),
    ("S19", "resources>db>params", r#"{} {"a": [null]}"#, "[] null"),
    ("S19", "resources>db>metadata", r#"{} {"a": 1}"#, r#"{"annotations": {"a": "b"}} null"#),
    ("S19", "resources>X63", r#"{"type": "dns"}"#, r#"{} {"type": "dns", "x": 1}"#),
    ("S19", "resources>X64", "", r#"{"type": "dns"}"#),
];

const CONTAINER: &[Row] = &[
    (
        "S08",
        "containers",
        r#"{"ab": {"image": "x"}} {"X63": {"image": "x"}}"#,
        r#"{} [] {"a": {"image": "x"}} {"X64": {"image": "x"}} null"#,
    ),
    ("S09", "containers>web>image", r#""x" "a.b/c:1""#, r#""" 1 null"#),
    ("S10", "containers>web>command", r#"[] [""]"#, r#""x" [1] null"#),
    ("S10", "containers>web>args", r#"[] ["a"]"#, "{} [true] null"),
    (
        "S11",
        "containers>web>variables",
        r#"{} {"1 a.b": ""} {"~": "x"}"#,
        r#"{"A": 3000} {"A": true} {"A": null} {"": "x"} {"A=B": "x"} {"Ä": "x"} {"A\n": "x"} {"\u007f": "x"}"#,
    ),
    (
        "S12",
        "containers>web>files",
        r#"{} {"/x": {"content": ""}} {"/x": {"binaryContent": ""}} {"/x": {"source": "x"}}"#,
        r#"{"/x": {}} {"/x": {"content": "", "source": "x"}} {"/x": {"source": ""}} {"/x": {"content": "", "target": "/x"}} null"#,
    ),
    ("S12", "containers>web>files>/etc/a.conf>mode", r#""644" "0600" "0777""#, r#""00600" "0800" "60" 420"#),
    ("S12", "containers>web>files>/etc/a.conf>noExpand", "false", r#""true" null"#),
    (
        "S13",
        "containers>web>volumes>/data",
        r#"{"source": ""}"#,
        r#"{} {"source": "x", "target": "/x"} {"source": "x", "readOnly": "yes"}"#,
    ),
    (
        "S14",
        "containers>web>before",
        r#"{} {"log": {"ready": "started"}} {"log": {"ready": "healthy"}} {"log": {"ready": "complete"}}"#,
        r#"{"log": {}} {"log": {"ready": "done"}} {"log": {"ready": "started", "x": 1}} {"l": {"ready": "started"}}"#,
    ),
    (
        "S15",
        "containers>web>resources>limits>memory",
        r#""0.5Gi" "1.5Gi" "128000000" "100M" "1E" "1Ei""#,
        r#""0" "128m" "-1" "1k" "01" "\u0661Gi" 128"#,
    ),
    (
        "S15",
        "containers>web>resources>limits>cpu",
        r#""1" "0.5" "250m" "007""#,
        r#"".5" "0.5m" "1." "\u0661" 1"#,
    ),
    ("S15", "containers>web>resources>limits>gpu", "", r#""1""#),
    (
        "S16",
        "containers>web>livenessProbe",
        r#"{"exec": {"command": []}, "httpGet": {"port": 1, "path": ""}}"#,
        r#"{} {"tcpSocket": {}} null"#,
    ),
    (
        "S17",
        "containers>web>livenessProbe>httpGet",
        r#"{"port": 65535, "path": ""} {"port": 80.0, "path": ""}"#,
        r#"{"port": 0, "path": ""} {"port": 65536, "path": ""} {"path": ""} {"port": 1}"#,
    ),
    ("S17", "containers>web>livenessProbe>httpGet>scheme", r#""HTTP" "HTTPS""#, r#""http" null"#),
    ("S17", "containers>web>livenessProbe>httpGet>host", r#""x""#, r#""""#),
    (
        "S17",
        "containers>web>livenessProbe>httpGet>httpHeaders",
        r#"[] [{"name": "X-A_1", "value": "x"}]"#,
        r#"[{"name": "a b", "value": "x"}] [{"name": "a", "value": ""}] [{"name": "a"}] [{"name": "a", "value": "x", "y": 1}]"#,
    ),
    (
        "S18",
        "containers>web>readinessProbe>exec",
        r#"{"command": []}"#,
        r#"{} {"command": "true"} {"command": [], "x": 1}"#,
    ),
];

fn spelled_out(text: &str) -> String {
    [60, 61, 63, 64]
        .iter()
        .fold(text.to_owned(), |text, count| text.replace(&format!("X{count}"), &x(*count)))
}

fn values(texts: &str) -> Vec<Value> {
    let texts = spelled_out(texts);
    Deserializer::from_str(&texts).into_iter().map(|value| value.expect("JSON")).collect()
}

#[test]
fn s01_to_s19_bounds_are_accepted_and_what_is_beyond_is_refused() {
    for (id, path, accepted, refused) in FILE.iter().chain(CONTAINER) {
        let path = spelled_out(path);
        for value in values(accepted) {
            let mut found = problems(&with(&path, value.clone()));
            // A file's source is right in itself, and refused as a cluster has no such file (F03).
            found.retain(|problem| problem.reason != Reason::FileSourceUnsupported);
            // Nor has a container that runs to its end any probes, as this one has (B01).
            found.retain(|problem| *id != "S14" || !problem.path.ends_with("Probe"));
            assert_eq!(found, [], "{id}: {path} = {value}");
        }
        for value in values(refused) {
            assert_ne!(problems(&with(&path, value.clone())), [], "{id}: {path} = {value}");
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
