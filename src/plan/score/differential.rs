//! Our schema against the official one: the same verdict on thousands of seeded mutations of a file that
//! uses every field, but for the differences listed here.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::{Deserializer, Value, json};

use super::shape;
use super::tests::full;

const OFFICIAL: &str = include_str!("../../../tests/data/score/score-v1b1.json");
const CASES: u64 = 5_000;

/// Why the verdicts may differ.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Difference {
    /// `apiVersion`, `metadata` and its `name` may be left out of a ScoreWorkload.
    Optional,
    /// The deprecated array forms are refused (S20).
    ArrayForm,
    /// The CRD bounds how many entries a map has.
    Bounded,
}

/// A small deterministic generator: the same cases on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.roll(items.len())]
    }
}

/// What is put into files, as JSON one after the other; `X63` stands for 63 letters.
const VALUES: &str = r#"
    "" "." "x" "ab" "A" "Ab" "a.b" "a--b" "-a" "a_b" "a=b" "a/bc" "ab\n" "X63" "X64" "${metadata.name}"
    "http" "HTTP" "TCP" "tcp" "started" "0644" "00644" "score.dev/v1b1" "score.dev/v1b2"
    "1Gi" "0" "0.5" "1m" ".5" "\u0661Gi" "\u0661"
    null true 0 1 80.0 8.5 65535 65536 -1 1e300
    [] {} ["a"] [1] {"content": "x"} {"image": "x"} {"exec": {"command": []}} {"type": "dns"} {"port": 1}
    {"ready": "complete"} {"source": "x"} {"target": "/x", "source": "y"}
    [{"target": "/x", "content": "y"}] [{"target": "/x", "source": "y"}]
"#;

fn values() -> Vec<Value> {
    let texts = VALUES.replace("X63", &"x".repeat(63)).replace("X64", &"x".repeat(64));
    let many = (0..300).map(|n| (format!("k{n}"), json!({"type": "dns"})));
    let values = Deserializer::from_str(&texts).into_iter().map(|value| value.expect("JSON"));
    values.chain([Value::Object(many.collect())]).collect()
}

const KEYS: &[&str] = &[
    "image",
    "content",
    "source",
    "target",
    "mode",
    "port",
    "targetPort",
    "httpGet",
    "exec",
    "a",
    "ab",
    "A",
    "a=b",
    "",
    "name",
    "type",
    "id",
    "class",
    "params",
    "metadata",
    "annotations",
    "ready",
    "x/y",
    "a~b",
    "0",
    "containers",
    "service",
    "resources",
];

/// A place in the file: the list or map, chosen by walking down at random.
fn place<'a>(dice: &mut Dice, node: &'a mut Value) -> &'a mut Value {
    let stop = dice.roll(5) == 0;
    let down = match node {
        Value::Object(map) if !map.is_empty() && !stop => {
            let keys: Vec<_> = map.keys().cloned().collect();
            keys.get(dice.roll(keys.len())).filter(|key| is_container(&map[*key])).cloned()
        }
        _ => None,
    };
    match down {
        Some(key) => place(dice, &mut node[key.as_str()]),
        None => node,
    }
}

fn is_container(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

fn mutate(dice: &mut Dice, file: &mut Value, values: &[Value]) {
    match place(dice, file) {
        Value::Object(map) => {
            let keys: Vec<_> = map.keys().cloned().collect();
            let old = keys.get(dice.roll(keys.len().max(1))).cloned().unwrap_or_default();
            match dice.roll(4) {
                0 => drop(map.remove(&old)),
                1 => drop(map.insert((*dice.pick(KEYS)).to_owned(), dice.pick(values).clone())),
                2 => drop(map.remove(&old).map(|value| map.insert((*dice.pick(KEYS)).to_owned(), value))),
                _ => drop(map.insert(old, dice.pick(values).clone())),
            }
        }
        Value::Array(items) => items.push(dice.pick(values).clone()),
        _ => {}
    }
}

/// The same files in the deprecated form: a list whose items carry the key as `target` (S20).
fn list_files(file: &mut Value) {
    let files = &mut file["containers"]["web"]["files"];
    let item = |(target, content): (&String, &Value)| {
        let mut item = content.clone();
        if let Value::Object(item) = &mut item {
            item.insert("target".to_owned(), json!(target));
        }
        item
    };
    if let Value::Object(map) = files {
        *files = map.iter().map(item).collect();
    }
}

/// The differences that a file may show.
fn differences(file: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    if file["apiVersion"].is_null() || file["metadata"]["name"].is_null() {
        found.push(Difference::Optional);
    }
    let containers = || file["containers"].as_object().into_iter().flatten().map(|(_, container)| container);
    if containers().any(|container| container["files"].is_array() || container["volumes"].is_array()) {
        found.push(Difference::ArrayForm);
    }
    if has_large_map(file) {
        found.push(Difference::Bounded);
    }
    found
}

fn has_large_map(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.len() > 16 || map.values().any(has_large_map),
        Value::Array(items) => items.iter().any(has_large_map),
        _ => false,
    }
}

#[test]
fn s01_to_s19_our_verdict_is_that_of_the_official_schema() {
    let official: Value = serde_json::from_str(OFFICIAL).expect("JSON");
    let official: Validator = jsonschema::validator_for(&official).expect("a schema");
    let values = values();
    let mut dice = Dice(0x5EED);
    let mut agreed = [0, 0];
    let mut differed: BTreeMap<Difference, usize> = BTreeMap::new();
    for _ in 0..CASES {
        let mut file = full();
        if dice.roll(20) == 0 {
            list_files(&mut file);
        }
        (0..=dice.roll(3)).for_each(|_| mutate(&mut dice, &mut file, &values));
        let Some(map) = file.as_object() else { continue };
        let found = shape(map);
        let (ours, theirs) = (found.is_empty(), official.is_valid(&file));
        if ours == theirs {
            agreed[usize::from(ours)] += 1;
            continue;
        }
        let allowed = differences(&file);
        assert!(!allowed.is_empty(), "ours: {ours}, official: {theirs}\n{found:#?}\n{file:#}");
        for difference in allowed {
            *differed.entry(difference).or_default() += 1;
        }
    }
    assert!(agreed.iter().all(|count| *count > 500), "accepted and refused: {agreed:?}");
    assert_eq!(differed.len(), 3, "every listed difference is seen: {differed:?}");
}
