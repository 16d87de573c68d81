//! Steps of `fieldsV1`: `f:<name>` a field, `k:<json>` an item of an associative list by its keys,
//! `v:<json>` an item of a set, `i:<n>` a position, `.` the thing itself.
//! Source: `structured-merge-diff/fieldpath/serialize-pe.go`.

use serde_json::{Map, Value};

/// Whether we own a path that `wanted` no longer has.
pub(super) fn drops(owned: &Value, wanted: &Value) -> bool {
    steps(owned).any(|(step, below)| find(wanted, step).is_none_or(|value| drops(below, value)))
}

/// The steps below a node, without `.`.
pub(super) fn steps(node: &Value) -> impl Iterator<Item = (&String, &Value)> {
    node.as_object().into_iter().flatten().filter(|(step, _)| *step != ".")
}

/// Whether a node is owned as one: a value, or a whole list or map.
pub(super) fn is_leaf(node: &Value) -> bool {
    node.as_object().is_none_or(Map::is_empty)
}

/// What a step leads to. Steps that nobody has defined yet lead nowhere and to the value itself.
pub(super) fn find<'v>(value: &'v Value, step: &str) -> Option<&'v Value> {
    match step.split_once(':') {
        Some(("f", name)) => value.get(name),
        Some(("i", position)) => value.get(position.parse::<usize>().ok()?),
        Some(("v", item)) => find_item(value, |found, item| found == item, item),
        Some(("k", keys)) => find_item(value, has_keys, keys),
        _ => Some(value),
    }
}

fn find_item<'v>(list: &'v Value, is_it: impl Fn(&Value, &Value) -> bool, json: &str) -> Option<&'v Value> {
    let sought = serde_json::from_str(json).ok()?;
    list.as_array()?.iter().find(|item| is_it(item, &sought))
}

/// Whether an item is the one with these keys. A key that the item leaves out has its default: `TCP`
/// for a protocol, for others whatever the server has put there; but one key must be given.
pub(super) fn has_keys(item: &Value, keys: &Value) -> bool {
    let Some(keys) = keys.as_object() else { return false };
    let given = keys.iter().any(|(name, _)| item.get(name).is_some());
    given && keys.iter().all(|(name, value)| key(item, name).is_none_or(|own| own == value))
}

/// The value of a key of a list item.
pub(super) fn key<'v>(item: &'v Value, name: &str) -> Option<&'v Value> {
    static TCP: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| "TCP".into());
    item.get(name).or_else(|| (name == "protocol").then(|| &*TCP))
}

/// A step as the API server writes it in a message: `.image`, `[name="web"]`, `[="a"]`, `[0]`.
pub(super) fn shown(step: &str) -> String {
    match step.split_once(':') {
        Some(("f", name)) => format!(".{name}"),
        Some(("k", keys)) => format!("[{}]", shown_keys(keys)),
        Some(("v", item)) => format!("[={item}]"),
        Some((_, other)) => format!("[{other}]"),
        None => String::new(),
    }
}

fn shown_keys(keys: &str) -> String {
    let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
    let mut shown: Vec<_> = keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
    shown.sort();
    shown.join(",")
}
