//! What is put into documents: values and names, many of them at the bounds of what is allowed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Deserializer, Value};

/// What is put anywhere, as JSON one after the other; `X63` stands for 63 letters.
const ANY: &str = r#"
    "" "." "x" "ab" "A" "Ab" "a.b" "a--b" "-a" "a_b" "a=b" "a/bc" "ab\n" "X63" "X64" "X900" "1a" "ä" "\u0661" " "
    "score.dev/v1b1" "score.dev/v1b2" null true false 0 1 80.0 8.5 65535 65536 -1 1e300 18446744073709551615
    [] {} ["a"] [1] [null] {"content": "x"} {"image": "x"} {"exec": {"command": []}} {"type": "dns"} {"port": 1}
    {"ready": "complete"} {"source": "x"} {"target": "/x", "source": "y"}
    [{"target": "/x", "content": "y"}] [{"target": "/x", "source": "y"}] [{"target": "/x", "source": "y", "read_only": true}]
"#;

/// What is put where it is nearly right: by the key that it stands under.
const AT: &[(&str, &str)] = &[
    ("port", r#"1 80 80.0 8e1 53 0 65535 65536 "80""#),
    ("targetPort", r#"1 80 8080.0 0 65536 "www""#),
    ("protocol", r#""TCP" "UDP" "tcp" "SCTP""#),
    ("image", r#""." "nginx" "" " ""#),
    ("mode", r#""644" "0600" "0888" "00600" "\u0660644" 420"#),
    ("noExpand", r#"true false "true""#),
    ("content", r#""${metadata.name}" "${nope.x}" "${resources.db.x}" "$${x}" "${}" "MEGABYTE" ["a", "b"]"#),
    ("binaryContent", r#""YQ==" "YR==" "Y===" "YQ" "Y Q==" "" "YWI=\n" "====""#),
    ("source", r#""${resources.data}" "${resources.nope}" "data" "" "./file" "${metadata.nope}""#),
    ("path", r#""" "/x" "a/b" "../a" "a/../b" "..a""#),
    ("readOnly", r#"true false "yes""#),
    ("ready", r#""started" "healthy" "complete" "done" null"#),
    (
        "memory",
        r#""0" "1" "64Mi" "128M" "128K" "128k" "0.5Gi" "1.5E" "1e3" "128m" "01" "0.0" "1024Mi" "1Gi" "\u0661Gi" "1\n""#,
    ),
    ("cpu", r#""0" "1" "0.24" ".5" "0.5m" "1000m" "100m" "007" "1." "\u0661" "2" 1"#),
    ("scheme", r#""HTTP" "HTTPS" "http""#),
    ("host", r#""x" """#),
    ("type", r#""dns" "Dns" "a" "X63" "X64" "a_b" "volume""#),
    ("class", r#""ab" "A1" "a" "-a" "X64""#),
    ("id", r#""ab" "a.b" "a..b" "A1" "a--b" "a-" "X64" "main.db""#),
    ("name", r#""shop" "a" "1a" "X63" "X64" "a-" "Shop" "a b" "X-A" "a\n""#),
    ("value", r#""1" "" 1"#),
    ("k8s.score.dev/kind", r#""Deployment" "StatefulSet" "Job" "CronJob" "job" "DaemonSet" """#),
    ("k8s.score.dev/schedule", r#""@daily" "@often" "* * * *" "0 0 * * MON" "@every 5m" "a b c d \u00e9""#),
    ("k8s.score.dev/restart-policy", r#""Never" "OnFailure" "Always""#),
    ("k8s.score.dev/concurrency-policy", r#""Allow" "Replace" "Skip""#),
    ("k8s.score.dev/backoff-limit", r#""0" "1000" "1001" "-1" "+1" "1.0" "x""#),
    ("k8s.score.dev/pod-security", r#""privileged" "baseline" "strict""#),
    ("k8s.score.dev/service-account-token", r#""true" "false" "yes""#),
    ("k8s.score.dev/probe-host", r#""header" "connect" "Host""#),
    ("k8s.score.dev/time-zone", r#""UTC" "Etc/GMT+1" "" "Local" "a b" "Europe:Berlin""#),
    ("k8s.score.dev/service-name", r#""shop-headless-svc" "a" "1a" "a-" "X63" "X64" "Ab" """#),
    ("k8s.score.dev/image", r#""x" "." """#),
];

/// Keys to add or to rename to, by the key of the map; those of no other place are names of fields.
pub const KEYS: &[(&str, &[&str])] = &[
    (
        "annotations",
        &[
            "k8s.score.dev/kind",
            "k8s.score.dev/kinds",
            "k8s.score.dev/schedule",
            "k8s.score.dev/restart-policy",
            "k8s.score.dev/backoff-limit",
            "k8s.score.dev/concurrency-policy",
            "k8s.score.dev/pod-security",
            "k8s.score.dev/service-account-token",
            "k8s.score.dev/probe-host",
            "k8s.score.dev/service-name",
            "k8s.score.dev/image",
            "k8s.score.dev/image.web",
            "k8s.score.dev/image.log",
            "k8s.score.dev/image.nope",
            "k8s.score.dev/adopt",
            "argocd.argoproj.io/tracking-id",
            "helm.sh/hook",
            "app.kubernetes.io/name",
            "velero.io/exclude",
            "meta.helm.sh/release-name",
            "kubectl.kubernetes.io/last",
            "a",
            "ab",
            "x/y",
            "aa/bc",
            "aa/b",
            "A_b",
            "ä",
            "X63",
            "X64",
            "ab/X63",
            "ab/X64",
            "X63.X63.X63.X60/X63",
            "X63.X63.X63.X61/X63",
        ],
    ),
    ("files", PATHS),
    ("volumes", PATHS),
    ("containers", NAMES),
    ("before", NAMES),
    ("resources", NAMES),
    ("ports", NAMES),
    ("variables", &["A", "a", "A=B", "", "1 a.b", "Ä", "A\nB", "~", "\u{7f}"]),
    (
        "",
        &[
            "image",
            "content",
            "source",
            "target",
            "mode",
            "port",
            "targetPort",
            "httpGet",
            "exec",
            "command",
            "args",
            "variables",
            "files",
            "volumes",
            "before",
            "resources",
            "limits",
            "requests",
            "memory",
            "cpu",
            "livenessProbe",
            "readinessProbe",
            "path",
            "readOnly",
            "read_only",
            "scheme",
            "host",
            "httpHeaders",
            "value",
            "protocol",
            "ready",
            "noExpand",
            "binaryContent",
            "name",
            "type",
            "id",
            "class",
            "params",
            "metadata",
            "annotations",
            "containers",
            "service",
            "apiVersion",
            "ab",
            "A",
        ],
    ),
];
const PATHS: &[&str] = &[
    "/x",
    "/x/",
    "/",
    "//x",
    "x",
    "",
    "/a/../b",
    "/a:b",
    "/etc/..data",
    "/data",
    "/data/sub",
    "/etc/a.conf/b",
    "/X900",
    "/data/",
    "/etc/a.conf",
    "/etc/./c",
    "/a b",
];
const NAMES: &[&str] = &[
    "a", "ab", "aa", "bb", "cc", "web", "log", "db", "data", "one", "two", "three", "A", "a_b", "1a", "a-",
    "0",
];

/// Texts with placeholders.
pub const TEXTS: &[&str] = &[
    "${metadata.name}",
    "${metadata.nope}",
    "${metadata.annotations.dapr\\.io/enabled}",
    "${metadata.team.pager}",
    "${metadata.team.pager.x}",
    "${resources.db}",
    "${resources.db.host}",
    "${resources.nope.host}",
    "${resources.data.x}",
    "${resources.one.x}",
    "${resources.two.x}",
    "${resources.aa}",
    "${foo}",
    "${}",
    "$${foo}",
    "$$${foo}",
    "$",
    "${open",
    "${ metadata.name }",
    "${metadata.na\\me}",
    "$$$${foo}",
];

/// The values by the key that they stand under; `""` has those for any.
pub static VALUES: LazyLock<BTreeMap<&str, Vec<Value>>> = LazyLock::new(|| {
    let all = AT.iter().chain(&[("", ANY)]);
    all.map(|(key, texts)| (*key, values(texts))).collect()
});

fn values(texts: &str) -> Vec<Value> {
    let texts = spelled(texts).replace("MEGABYTE", &"x".repeat(1024 * 1024 + 1));
    Deserializer::from_str(&texts).into_iter().map(|value| value.expect("JSON")).collect()
}

/// A text in which `X63` stands for 63 letters, and so on.
pub fn spelled(text: &str) -> String {
    let long = |text: String, count: usize| text.replace(&format!("X{count}"), &"x".repeat(count));
    [60, 61, 63, 64, 900].into_iter().fold(text.to_owned(), long)
}
