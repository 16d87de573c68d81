//! Documents made wrong, or not: at one place each, or at random and the same again for the same seed.

use serde_json::{Map, Value, json};

use super::documents::OWN;
use super::values::{KEYS, TEXTS, VALUES, spelled};

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

/// Documents that differ from `base` at one place: each place without, and with each value that may stand there.
pub fn singles(base: &Value) -> Vec<Value> {
    let mut pointers = Vec::new();
    places(base, "", &mut pointers);
    let mut found = Vec::new();
    for pointer in &pointers {
        let (parent, key) = pointer.rsplit_once('/').unwrap_or_default();
        let key = unescaped(key);
        let near = VALUES.get(key.as_str()).into_iter().flatten();
        for value in near.chain(&VALUES[""]) {
            let mut file = base.clone();
            file.pointer_mut(pointer).into_iter().for_each(|node| *node = value.clone());
            found.push(file);
        }
        let mut file = base.clone();
        if let Some(Value::Object(map)) = file.pointer_mut(parent) {
            map.remove(&key);
            found.push(file);
        }
        found.extend(renamed(base, pointer, &key));
    }
    found
}

/// Documents in which a map has an entry twice: again under each name that such a map may have.
fn renamed(base: &Value, pointer: &str, key: &str) -> Vec<Value> {
    let names = KEYS.iter().find(|(place, _)| *place == key).map_or(&[][..], |(_, names)| *names);
    let entry = base.pointer(pointer).and_then(Value::as_object).and_then(|map| map.values().next());
    let with = |(name, entry): (&&str, &Value)| {
        let mut file = base.clone();
        let map = file.pointer_mut(pointer).and_then(Value::as_object_mut)?;
        map.insert(spelled(name), entry.clone());
        Some(file)
    };
    names.iter().filter_map(|name| with((name, entry?))).collect()
}

/// Every place of a document but the document itself.
fn places(node: &Value, pointer: &str, found: &mut Vec<String>) {
    let children: Vec<_> = match node {
        Value::Object(map) => map.iter().map(|(key, value)| (escaped(key), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        _ => return,
    };
    for (key, child) in children {
        let pointer = format!("{pointer}/{key}");
        places(child, &pointer, found);
        found.push(pointer);
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn unescaped(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

/// A document made from one of `bases`.
pub fn mutated(dice: &mut Dice, bases: &[(String, Value)]) -> Value {
    let mut file = if dice.one_in(2) { bases[dice.roll(OWN)].1.clone() } else { dice.pick(bases).1.clone() };
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
    let key = unescaped(pointer.rsplit('/').next().unwrap_or_default());
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
            pointer = format!("{pointer}/{}", escaped(key));
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
    let keys = own.or(KEYS.last()).map_or(&[][..], |(_, keys)| *keys);
    spelled(dice.pick::<&str>(keys))
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
