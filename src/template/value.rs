//! The values that flow from a resource's outputs into a workload: plain JSON, and references to secrets.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value as Json, json};

use super::{hint, text};

/// The key that marks a reference in JSON.
const MARK: &str = "secretKeyRef";

/// A key of a Secret: a typed reference, which holds no secret itself (V04, P10).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretRef {
    /// The name of the Secret, in the workload's namespace.
    pub name: String,
    /// The key in its data.
    pub key: String,
}

/// A value that flows from an output into a workload.
///
/// Build maps and lists with [`Value::map`] and [`Value::list`]: they keep the promise that `Map` and `List` hold at
/// least one secret somewhere, so that `Plain` is the only form of a plain value and equality means what it says.
///
/// As JSON a reference is `{"secretKeyRef": {"name": …, "key": …}}`. A *plain* map that looks like that (it can come from
/// a Score file) is written as `{"$secretKeyRef": …}`, and with one `$` more for each that it has: text of an author never turns into
/// a reference by being stored and read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// JSON without any reference.
    Plain(Json),
    /// One reference.
    SecretRef(SecretRef),
    /// A map with a reference somewhere in it.
    Map(BTreeMap<String, Value>),
    /// A list with a reference somewhere in it.
    List(Vec<Value>),
}

/// Why a path does not lead to a value (H05, H07, P09).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The map has no such key.
    #[error("key `{}` was not found{hint}", hint::short(key))]
    Missing {
        /// The key that was asked for.
        key: String,
        /// A near miss or the keys that there are, ready to be appended to a message; may be empty.
        hint: String,
    },
    /// What was reached is no map.
    #[error("cannot look up key `{}`: what it is looked up in is not a map", hint::short(key))]
    NotAMap {
        /// The key that was asked for.
        key: String,
    },
}

impl Value {
    /// A map; plain if everything in it is.
    pub fn map(entries: impl IntoIterator<Item = (String, Self)>) -> Self {
        let entries: BTreeMap<_, _> = entries.into_iter().collect();
        if entries.values().any(|value| !matches!(value, Self::Plain(_))) {
            return Self::Map(entries);
        }
        let plain = entries.into_iter().filter_map(|(key, value)| Some((key, value.into_plain()?)));
        Self::Plain(Json::Object(plain.collect()))
    }

    /// A list; plain if everything in it is.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        let items: Vec<_> = items.into_iter().collect();
        if items.iter().any(|value| !matches!(value, Self::Plain(_))) {
            return Self::List(items);
        }
        Self::Plain(Json::Array(items.into_iter().filter_map(Self::into_plain).collect()))
    }

    /// The entry `key` of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Self> {
        match self {
            Self::Plain(json) => json.get(key).cloned().map(Self::Plain),
            Self::Map(entries) => entries.get(key).cloned(),
            Self::SecretRef(_) | Self::List(_) => None,
        }
    }

    /// The keys of a map, sorted; none for anything else.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = match self {
            Self::Plain(Json::Object(map)) => map.keys().map(String::as_str).collect(),
            Self::Map(entries) => entries.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        keys.sort_unstable();
        keys
    }

    /// Follows `path` through maps (H05). An empty path is the value itself; lists cannot be indexed, as in score-k8s.
    pub fn lookup(&self, path: &[String]) -> Result<Self, LookupError> {
        let Some((key, rest)) = path.split_first() else {
            return Ok(self.clone());
        };
        match self.get(key) {
            Some(value) => value.lookup(rest),
            None if matches!(self, Self::Plain(Json::Object(_)) | Self::Map(_)) => {
                Err(LookupError::Missing { key: key.clone(), hint: hint::suggest(key, self.keys()) })
            }
            None => Err(LookupError::NotAMap { key: key.clone() }),
        }
    }

    /// The value as text inside other text (H03, H06); `None` where a reference is in it, which has no text.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        self.as_plain().map(text::of)
    }

    /// The JSON, where no reference is in it.
    #[must_use]
    pub fn as_plain(&self) -> Option<&Json> {
        match self {
            Self::Plain(json) => Some(json),
            _ => None,
        }
    }

    /// The JSON, where no reference is in it.
    #[must_use]
    pub fn into_plain(self) -> Option<Json> {
        match self {
            Self::Plain(json) => Some(json),
            _ => None,
        }
    }

    /// The reference, where the value is exactly one.
    #[must_use]
    pub fn as_secret(&self) -> Option<&SecretRef> {
        match self {
            Self::SecretRef(reference) => Some(reference),
            _ => None,
        }
    }

    /// All references in the value, in order.
    #[must_use]
    pub fn secrets(&self) -> Vec<&SecretRef> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::SecretRef(reference) => vec![reference],
            Self::Map(entries) => entries.values().flat_map(Self::secrets).collect(),
            Self::List(items) => items.iter().flat_map(Self::secrets).collect(),
        }
    }

    /// The stored form, as [`Value`] describes it.
    fn to_stored(&self) -> Json {
        match self {
            Self::Plain(json) => escape(json),
            Self::SecretRef(reference) => json!({ MARK: reference }),
            Self::Map(entries) => stored_map(entries.iter().map(|(key, value)| (key, value.to_stored()))),
            Self::List(items) => items.iter().map(Self::to_stored).collect(),
        }
    }

    fn from_stored(json: Json) -> Result<Self, serde_json::Error> {
        match json {
            Json::Array(items) => {
                let items: Result<Vec<_>, _> = items.into_iter().map(Self::from_stored).collect();
                Ok(Self::list(items?))
            }
            Json::Object(map) => Self::from_stored_map(map),
            scalar => Ok(Self::Plain(scalar)),
        }
    }

    fn from_stored_map(mut map: Map<String, Json>) -> Result<Self, serde_json::Error> {
        if map.len() == 1
            && let Some(reference) = map.remove(MARK)
        {
            return Ok(Self::SecretRef(serde_json::from_value(reference)?));
        }
        let single = map.len() == 1;
        let entry = |(key, value): (String, Json)| {
            let escaped = single && is_marked(&key);
            Ok((if escaped { key[1..].to_owned() } else { key }, Self::from_stored(value)?))
        };
        let entries: Result<Vec<_>, serde_json::Error> = map.into_iter().map(entry).collect();
        Ok(Self::map(entries?))
    }
}

/// Whether a key is the mark, or the mark escaped.
fn is_marked(key: &str) -> bool {
    key.trim_start_matches('$') == MARK
}

/// Plain JSON in which nothing can be taken for a reference.
fn escape(json: &Json) -> Json {
    match json {
        Json::Array(items) => items.iter().map(escape).collect(),
        Json::Object(map) => stored_map(map.iter().map(|(key, value)| (key, escape(value)))),
        scalar => scalar.clone(),
    }
}

fn stored_map<'a>(entries: impl ExactSizeIterator<Item = (&'a String, Json)>) -> Json {
    let single = entries.len() == 1;
    let escape = |key: &String| if single && is_marked(key) { format!("${key}") } else { key.clone() };
    Json::Object(entries.map(|(key, value)| (escape(key), value)).collect())
}

impl From<Json> for Value {
    /// JSON as it is: nothing in it becomes a reference.
    fn from(json: Json) -> Self {
        Self::Plain(json)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_stored().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_stored(Json::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Value {
        Value::SecretRef(SecretRef { name: "db-conn".into(), key: "password".into() })
    }

    #[test]
    fn plain_trees_collapse() {
        let map = Value::map([("a".to_owned(), Value::list([Value::from(json!(1))]))]);
        assert_eq!(map, Value::Plain(json!({"a": [1]})));
        assert!(matches!(Value::list([secret()]), Value::List(_)));
        assert!(matches!(Value::map([("s".to_owned(), secret())]), Value::Map(_)));
    }

    #[test]
    fn p10_values_survive_being_stored() {
        for (value, stored) in [
            (secret(), json!({"secretKeyRef": {"name": "db-conn", "key": "password"}})),
            (Value::from(json!({"a": [1, null]})), json!({"a": [1, null]})),
            (
                Value::map([("p".to_owned(), secret()), ("h".to_owned(), json!("x").into())]),
                json!({"p": {"secretKeyRef": {"name": "db-conn", "key": "password"}}, "h": "x"}),
            ),
            (Value::list([secret()]), json!([{"secretKeyRef": {"name": "db-conn", "key": "password"}}])),
            (
                Value::map([(MARK.to_owned(), secret())]),
                json!({"$secretKeyRef": {"secretKeyRef": {"name": "db-conn", "key": "password"}}}),
            ),
        ] {
            assert_eq!(serde_json::to_value(&value).unwrap(), stored);
            assert_eq!(serde_json::from_value::<Value>(stored).unwrap(), value);
        }
    }

    #[test]
    fn v04_an_authors_json_never_becomes_a_reference() {
        for json in [
            json!({"secretKeyRef": {"name": "other", "key": "token"}}),
            json!([{"deep": {"$secretKeyRef": {"name": "other", "key": "token"}}}]),
            json!({"$$secretKeyRef": 1}),
            json!({"secretKeyRef": {"secretKeyRef": {"name": "a", "key": "b"}}}),
            json!({"secretKeyRef": 1, "other": 2}),
        ] {
            let stored = serde_json::to_string(&Value::from(json.clone())).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&stored).unwrap(), Value::Plain(json), "{stored}");
        }
    }

    #[test]
    fn a_malformed_reference_is_refused() {
        for stored in [json!({"secretKeyRef": 1}), json!({"secretKeyRef": {"name": "a", "key": "b", "c": 1}})]
        {
            assert!(serde_json::from_value::<Value>(stored).is_err());
        }
    }

    #[test]
    fn h05_paths_walk_maps_only() {
        let tree = Value::map([
            ("a".to_owned(), Value::from(json!({"b": "leaf", "list": [1]}))),
            ("pw".to_owned(), secret()),
        ]);
        let lookup = |path: &[&str]| tree.lookup(&path.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(lookup(&["a", "b"]).unwrap(), Value::from(json!("leaf")));
        assert_eq!(lookup(&["pw"]).unwrap(), secret());
        assert_eq!(lookup(&[]).unwrap(), tree);
        for (path, message) in [
            (vec!["a", "bb"], "key `bb` was not found; did you mean `b`?"),
            (vec!["nope"], "key `nope` was not found; there are: a, pw"),
            (vec!["a", "b", "c"], "cannot look up key `c`: what it is looked up in is not a map"),
            (vec!["a", "list", "0"], "cannot look up key `0`: what it is looked up in is not a map"),
            (vec!["pw", "key"], "cannot look up key `key`: what it is looked up in is not a map"),
        ] {
            assert_eq!(lookup(&path).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_reference_has_no_text() {
        assert_eq!(secret().to_text(), None);
        assert_eq!(Value::list([secret()]).to_text(), None);
        assert_eq!(Value::from(json!(8080.0)).to_text().as_deref(), Some("8080"));
    }
}
