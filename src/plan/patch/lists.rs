//! Which lists of a pod template are merged item by item, and how items are told apart. Source: the Kubernetes API
//! (`x-kubernetes-list-map-keys` of `PodSpec` and `Container`); every other list is one value.

use serde_json::{Map, Value};

use crate::plan::problem::quoted;
use crate::plan::schema::below;

/// A list that is merged item by item.
pub(super) struct Keyed {
    field: &'static str,
    pub(super) keys: &'static [&'static str],
    /// Whether an item is one value. Of the fields of a variable, a volume or a spread constraint some exclude or
    /// explain others (`value` and `valueFrom`): half of one and half of another would make no sense.
    pub(super) whole: bool,
}

const fn merged(field: &'static str, keys: &'static [&'static str]) -> Keyed {
    Keyed { field, keys, whole: false }
}

const fn whole(field: &'static str, keys: &'static [&'static str]) -> Keyed {
    Keyed { field, keys, whole: true }
}

const KEYED: &[Keyed] = &[
    merged("containers", &["name"]),
    merged("initContainers", &["name"]),
    whole("volumes", &["name"]),
    whole("env", &["name"]),
    merged("ports", &["containerPort", "protocol"]),
    merged("volumeMounts", &["mountPath"]),
    merged("volumeDevices", &["devicePath"]),
    merged("imagePullSecrets", &["name"]),
    merged("hostAliases", &["ip"]),
    whole("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    whole("resourceClaims", &["name"]),
    merged("claims", &["name"]),
    merged("schedulingGates", &["name"]),
];

/// The list of a field, if it is merged item by item.
pub(super) fn keyed(field: &str) -> Option<&'static Keyed> {
    KEYED.iter().find(|list| list.field == field)
}

impl Keyed {
    /// What tells an item from others, as one text; the key that is missing, if one is.
    pub(super) fn identity(&self, item: &Value) -> Result<String, &'static str> {
        let part = |key: &&'static str| match item.get(*key) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            // The only key that the API server fills in.
            None if *key == "protocol" => Ok("TCP".to_owned()),
            _ => Err(*key),
        };
        self.keys.iter().map(part).collect::<Result<Vec<_>, _>>().map(|parts| parts.join("/"))
    }
}

/// The path of an item: `spec.volumes["certs"]`.
pub(super) fn of_item(path: &str, identity: &str) -> String {
    format!("{path}[{}]", quoted(identity))
}

/// One thing that a fragment sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where, such as `spec.containers["proxy"].image`.
    pub path: String,
    /// To what.
    pub value: Value,
}

/// All that the fragment at `path` sets, for people: maps and lists that are merged are told apart, anything else is
/// one value.
#[must_use]
pub fn entries(path: &str, fragment: &Map<String, Value>) -> Vec<Entry> {
    let mut found = Vec::new();
    add_map(path, fragment, &mut found);
    found
}

fn add_map(path: &str, map: &Map<String, Value>, found: &mut Vec<Entry>) {
    map.iter().for_each(|(key, value)| add(&below(path, key), key, value, found));
}

fn add(path: &str, field: &str, value: &Value, found: &mut Vec<Entry>) {
    match (value, keyed(field)) {
        (Value::Object(map), _) if !map.is_empty() => add_map(path, map, found),
        (Value::Array(items), Some(list)) if !items.is_empty() => {
            items.iter().for_each(|item| add_item(path, list, item, found));
        }
        _ => found.push(Entry { path: path.to_owned(), value: value.clone() }),
    }
}

fn add_item(path: &str, list: &Keyed, item: &Value, found: &mut Vec<Entry>) {
    let path = of_item(path, &list.identity(item).unwrap_or_default());
    let rest = |fields: &Map<String, Value>| -> Map<String, Value> {
        let fields = fields.iter().filter(|(key, _)| !list.keys.contains(&key.as_str()));
        fields.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    match item.as_object().map(rest) {
        Some(fields) if !list.whole && !fields.is_empty() => add_map(&path, &fields, found),
        _ => found.push(Entry { path, value: item.clone() }),
    }
}
