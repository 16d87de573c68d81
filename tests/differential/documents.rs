//! Documents that the schema accepts: what everything is mutated from.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

/// The name of a ScoreWorkload whose Score file has none.
pub const NAME: &str = "shop";

/// How many of the documents are written here; they come first.
pub const OWN: usize = 3;

/// All of them, each with where it comes from.
pub fn all() -> Vec<(String, Value)> {
    let own = [("full", full()), ("ordered", ordered()), ("stateful", stateful())];
    let mut all: Vec<_> = own.into_iter().map(|(name, file)| (name.to_owned(), file)).collect();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/score");
    for directory in ["samples", "examples"] {
        files(&data.join(directory), &mut all);
    }
    all.extend(vectors());
    all
}

fn files(directory: &Path, found: &mut Vec<(String, Value)>) {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).expect("a file");
            found.push((path.display().to_string(), yaml(&text).expect("YAML")));
        }
    }
}

fn yaml(text: &str) -> Option<Value> {
    let options = serde_saphyr::options! { strict_booleans: true, underscored_numbers_as_strings: true };
    serde_saphyr::from_str_with_options(text, options).ok()
}

/// The Score files that score-k8s was asked about for an id of the schema, and took.
fn vectors() -> Vec<(String, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/score-k8s/vectors.json.gz");
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).expect("the vectors")).read_to_string(&mut text).expect("gzip");
    let all: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let taken = all.iter().filter(|it| it["name"].as_str().is_some_and(|name| name.starts_with('S')));
    // Contents in lines and `read_only` are upgraded by score-k8s, and unknown to the schema.
    let unknown = ["S20-02", "S20-04", "S23-01"];
    let taken = taken.filter(|it| it["expect"]["manifests"].is_array());
    let taken = taken.filter(|it| !unknown.iter().any(|name| it["name"] == *name));
    let named = |it: &Value| Some((it["name"].as_str()?.to_owned(), yaml(it["score"].as_str()?)?));
    taken.filter_map(named).collect()
}

/// A file that uses every field, in the map form.
fn full() -> Value {
    json!({
        "apiVersion": "score.dev/v1b1",
        "metadata": {
            "name": NAME,
            "annotations": {"k8s.score.dev/service-name": "shop-svc", "k8s.score.dev/image": "busybox:1", "dapr.io/enabled": "true"},
            "team": {"pager": 5},
        },
        "service": {"ports": {
            "www": {"port": 80, "protocol": "TCP", "targetPort": 8080},
            "dns": {"port": 53, "protocol": "UDP"},
        }},
        "containers": {
            "web": {
                "image": "nginx:1.29",
                "command": ["/bin/sh"],
                "args": ["-c", "nginx"],
                "variables": {"PORT": "8080", "HOST": "${resources.db.host}", "WHO": "${metadata.name} ${metadata.team.pager}"},
                "files": {
                    "/etc/a.conf": {"content": "${not.expanded}", "mode": "0644", "noExpand": true},
                    "/etc/b.bin": {"binaryContent": "YQ=="},
                    "/etc/c": {"content": "$${x} ${resources.db.name}"},
                },
                "volumes": {"/data": {"source": "${resources.data}", "path": "sub", "readOnly": true}},
                "before": {"log": {"ready": "healthy"}},
                "resources": {
                    "limits": {"memory": "128Mi", "cpu": "0.24"},
                    "requests": {"memory": "64Mi", "cpu": "100m"},
                },
                "livenessProbe": {"httpGet": {
                    "path": "/", "port": 8080, "scheme": "HTTP", "host": "x", "httpHeaders": [{"name": "X-A", "value": "1"}],
                }},
                "readinessProbe": {"exec": {"command": ["true"]}},
            },
            "log": {"image": "."},
        },
        "resources": {
            "db": {"type": "postgres", "class": "big", "id": "main.db", "metadata": {"annotations": {"aa/bc": "d"}, "x": 1},
                "params": {"size": 5, "owner": "${metadata.name}", "deep": [{"at": "${resources.data.name}"}]}},
            "data": {"type": "volume"},
        },
    })
}

/// A file about order and kinds: what the full one has no room for.
fn ordered() -> Value {
    json!({
        "apiVersion": "score.dev/v1b1",
        "metadata": {"name": "nightly", "annotations": {
            "k8s.score.dev/kind": "CronJob", "k8s.score.dev/schedule": "*/5 * * * *", "k8s.score.dev/restart-policy": "OnFailure",
            "k8s.score.dev/concurrency-policy": "Forbid", "k8s.score.dev/backoff-limit": "3", "k8s.score.dev/time-zone": "Europe/Berlin",
            "k8s.score.dev/pod-security": "restricted", "k8s.score.dev/service-account-token": "true",
            "k8s.score.dev/probe-host": "connect", "k8s.score.dev/image.bb": "x:2",
        }},
        "containers": {
            "aa": {"image": "x", "before": {"bb": {"ready": "complete"}, "cc": {"ready": "started"}}},
            "bb": {"image": ".", "before": {"cc": {"ready": "started"}}},
            "cc": {"image": "y"},
        },
        "resources": {
            "one": {"type": "dns", "params": {"from": "${resources.two.x}"}},
            "two": {"type": "dns", "params": {"from": "${resources.three.x}"}},
            "three": {"type": "dns", "id": "shared"},
        },
    })
}

/// A file whose kind has a Service of its own.
fn stateful() -> Value {
    json!({
        "apiVersion": "score.dev/v1b1",
        "metadata": {
            "name": NAME,
            "annotations": {"k8s.score.dev/kind": "StatefulSet", "k8s.score.dev/service-name": "front"},
        },
        "service": {"ports": {"www": {"port": 80}}},
        "containers": {"main": {"image": "x"}},
    })
}
