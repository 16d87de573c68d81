//! Documents made wrong, or not: at random, and the same again for the same seed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Deserializer, Map, Value, json};

/// A small deterministic generator.
pub struct Dice(u64);

impl Dice {
    /// The generator of one case; its first numbers do not resemble those of the next case.
    pub fn new(seed: u64, case: usize) -> Self {
        let mut dice = Self(seed ^ (case as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for _ in 0..4 {
            dice.roll(2);
        }
        dice
    }

    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.roll(items.len())]
    }
}

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
    ("binaryContent", r#""YQ==" "YQ" "Y Q==" "" "YWI=\n" "====""#),
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
    ("k8s.score.dev/service-name", r#""a" "1a" "a-" "X63" "X64" "Ab" """#),
    ("k8s.score.dev/image", r#""x" "." """#),
];

/// Keys to add or to rename to, by the key of the map; those of no other place are names of fields.
const KEYS: &[(&str, &[&str])] = &[
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
const TEXTS: &[&str] = &[
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

/// A document made from one of `bases`.
pub fn mutated(dice: &mut Dice, bases: &[(String, Value)]) -> Value {
    let mut file = if dice.one_in(2) { bases[dice.roll(2)].1.clone() } else { dice.pick(bases).1.clone() };
    if dice.one_in(12) {
        as_lists(dice, &mut file);
    }
    for _ in 0..=dice.roll(3) {
        mutate(dice, &mut file, bases);
    }
    file
}

fn mutate(dice: &mut Dice, file: &mut Value, bases: &[(String, Value)]) {
    let pointer = place(dice, file);
    let key = pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
    if dice.one_in(8) {
        // The same place of another document, whole.
        let other = dice.pick(bases).1.pointer(&pointer).cloned();
        if let (Some(other), Some(node)) = (other, file.pointer_mut(&pointer)) {
            *node = other;
            return;
        }
    }
    let Some(node) = file.pointer_mut(&pointer) else { return };
    match node {
        Value::Object(map) => in_map(dice, &key, map),
        Value::Array(items) => in_list(dice, items),
        leaf => *leaf = instead(dice, &key, leaf),
    }
}

/// A place in the document, by walking down at random; deep ones are as likely as shallow ones.
fn place(dice: &mut Dice, root: &Value) -> String {
    let (mut node, mut pointer) = (root, String::new());
    loop {
        let next = match node {
            _ if dice.one_in(8) => None,
            Value::Object(map) if map.contains_key("annotations") && dice.one_in(2) => {
                map.get_key_value("annotations")
            }
            Value::Object(map) if map.contains_key("containers") && dice.one_in(2) => {
                map.get_key_value("containers")
            }
            Value::Object(map) if !map.is_empty() => map.iter().nth(dice.roll(map.len())),
            _ => None,
        };
        if let Some((key, value)) = next {
            pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            node = value;
            continue;
        }
        match node {
            Value::Array(items) if !items.is_empty() && !dice.one_in(3) => {
                let index = dice.roll(items.len());
                pointer = format!("{pointer}/{index}");
                node = &items[index];
            }
            _ => return pointer,
        }
    }
}

fn in_map(dice: &mut Dice, place: &str, map: &mut Map<String, Value>) {
    let keys: Vec<_> = map.keys().cloned().collect();
    let old = if keys.is_empty() { "ab".to_owned() } else { dice.pick(&keys).clone() };
    let new = key_at(dice, place);
    match dice.roll(14) {
        0 => drop(map.remove(&old)),
        1..5 => drop(map.insert(new.clone(), wanted(dice, place, &new))),
        5 => drop(map.remove(&old).map(|value| map.insert(new, value))),
        // One entry as another: ports and paths that come twice.
        6 | 7 => drop(map.get(&old).cloned().map(|value| map.insert(new, value))),
        8..12 => drop(map.insert(old.clone(), wanted(dice, place, &old))),
        12 if dice.one_in(10) => {
            let entry = map.get(&old).cloned().unwrap_or_default();
            map.extend((0..1001).map(|index| (format!("k{index}"), entry.clone())));
        }
        _ => drop(map.insert(old.clone(), value(dice, &old))),
    }
}

fn key_at(dice: &mut Dice, place: &str) -> String {
    let own = KEYS.iter().find(|(known, _)| *known == place && !dice.one_in(20));
    let keys = own.or(KEYS.last()).map_or(PATHS, |(_, keys)| *keys);
    (*dice.pick(keys)).to_owned()
}

/// What fits a place whose entries have a form of their own, right but for what it names.
fn wanted(dice: &mut Dice, place: &str, key: &str) -> Value {
    let ready = *dice.pick(&["started", "healthy", "complete"]);
    match place {
        "before" => json!({ "ready": ready }),
        "variables" | "params" => json!(*dice.pick(TEXTS)),
        "containers" => json!({
            "image": *dice.pick(&["x", "."]),
            "before": {*dice.pick(&["aa", "bb", "cc", "web", "log"]): {"ready": ready}},
        }),
        "files" => json!({*dice.pick(&["content", "binaryContent", "source"]): *dice.pick(TEXTS)}),
        "volumes" => json!({"source": *dice.pick(TEXTS)}),
        "ports" => json!({"port": *dice.pick(&[53, 80, 443]), "protocol": *dice.pick(&["TCP", "UDP"])}),
        "resources" if key.len() < 6 => json!({"type": "dns", "params": {"x": *dice.pick(TEXTS)}}),
        _ => value(dice, key),
    }
}

fn in_list(dice: &mut Dice, items: &mut Vec<Value>) {
    if items.is_empty() || dice.one_in(2) {
        items.push(value(dice, ""));
    } else {
        items.remove(dice.roll(items.len()));
    }
}

/// Another value for a leaf: another type, or nearly the same.
fn instead(dice: &mut Dice, key: &str, leaf: &Value) -> Value {
    match (leaf, dice.roll(12)) {
        (Value::String(text), 0) => {
            json!(format!("{text}{}", dice.pick(&["x", "\n", " ", "\u{661}", "-", "0"])))
        }
        (Value::String(text), 1) => {
            text.parse::<i64>().map_or_else(|_| json!([text]), |number| json!(number))
        }
        (Value::Number(number), 0) => json!(number.to_string()),
        (Value::Number(number), 1) => json!(number.as_f64().unwrap_or_default() + 0.5),
        (Value::String(_), 2..8) if !VALUES.contains_key(key) => json!(*dice.pick(TEXTS)),
        _ => value(dice, key),
    }
}

fn value(dice: &mut Dice, key: &str) -> Value {
    let near = VALUES.get(key).filter(|_| !dice.one_in(10));
    dice.pick(near.unwrap_or(&VALUES[""])).clone()
}

/// The values by the key that they stand under; `""` has those for any.
static VALUES: LazyLock<BTreeMap<&str, Vec<Value>>> = LazyLock::new(|| {
    let all = AT.iter().chain(&[("", ANY)]);
    all.map(|(key, texts)| (*key, values(texts))).collect()
});

fn values(texts: &str) -> Vec<Value> {
    let long = |texts: String, count: usize| texts.replace(&format!("X{count}"), &"x".repeat(count));
    let texts = [63, 64, 900].into_iter().fold(texts.to_owned(), long);
    let texts = texts.replace("MEGABYTE", &"x".repeat(1024 * 1024 + 1));
    Deserializer::from_str(&texts).into_iter().map(|value| value.expect("JSON")).collect()
}

/// The files or volumes of every container in the deprecated form: a list whose items carry the key as `target`.
fn as_lists(dice: &mut Dice, file: &mut Value) {
    let key = *dice.pick(&["files", "volumes"]);
    let containers = file.get_mut("containers").and_then(Value::as_object_mut);
    for (_, container) in containers.into_iter().flatten() {
        let Some(Value::Object(map)) = container.get(key) else { continue };
        let item = |(target, content): (&String, &Value)| {
            let mut item = content.clone();
            item["target"] = json!(target);
            item
        };
        container[key] = map.iter().map(item).collect();
    }
}
