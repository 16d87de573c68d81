//! A YAML document as a tree: content as in JSON, the order of keys, where each part stood, and the comments.

use serde_json::{Number, Value as Json};

/// Where something stands in a file; both count from 1.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// How a node was written, as far as it is written so again.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Style {
    /// Lists and maps on lines of their own, text without quotes where that is safe.
    #[default]
    Plain,
    /// Text in single quotes.
    Single,
    /// Text in double quotes.
    Double,
    /// A list or map on one line: `[a, b]`.
    Flow,
}

/// The comments of a node.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Notes {
    /// The lines above it, each with its `#`; an empty one is an empty line.
    pub above: Vec<String>,
    /// What stands to its right, with its `#`.
    pub right: Option<String>,
    /// The lines at the end of a list or map.
    pub tail: Vec<String>,
}

/// One node of a document.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// What it holds.
    pub value: Value,
    /// How it was written.
    pub style: Style,
    /// Where it began; `None` where it was not read from a file.
    pub place: Option<Place>,
    /// Its comments.
    pub notes: Notes,
}

/// The content of a node.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number that JSON can hold.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map: no key comes twice.
    Map(Vec<(Key, Node)>),
}

/// The key of an entry.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key.
    pub text: String,
    /// Where it stands; `None` where it was not read from a file.
    pub place: Option<Place>,
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned()).into()
    }
}

/// As JSON has it, on lines of its own.
impl From<&Json> for Node {
    fn from(json: &Json) -> Self {
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => Value::Number(number.clone()),
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(items) => Value::List(items.iter().map(Self::from).collect()),
            Json::Object(map) => {
                Value::Map(map.iter().map(|(key, value)| (key.as_str().into(), value.into())).collect())
            }
        };
        value.into()
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self { value, ..Self::default() }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), place: None }
    }
}

/// Equal in content, as JSON has it: neither the order of keys nor comments nor places count.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.to_json() == other.to_json()
    }
}

impl Node {
    /// A map of these entries, whose keys differ.
    #[must_use]
    pub fn map<const N: usize>(entries: [(&str, Node); N]) -> Self {
        Value::Map(entries.into_iter().map(|(key, node)| (key.into(), node)).collect()).into()
    }

    /// The content as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => Json::Number(number.clone()),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                Json::Object(entries.iter().map(|(key, node)| (key.text.clone(), node.to_json())).collect())
            }
        }
    }

    /// The text that it is, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The entries of a map; none where it is no map.
    #[must_use]
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The entries of a map, to change them.
    pub fn entries_mut(&mut self) -> Option<&mut Vec<(Key, Node)>> {
        match &mut self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key, where this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(found, _)| found.text == key).map(|(_, node)| node)
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries_mut()?.iter_mut().find(|(found, _)| found.text == key).map(|(_, node)| node)
    }

    /// An item of a list, to change it.
    pub fn item_mut(&mut self, index: usize) -> Option<&mut Node> {
        match &mut self.value {
            Value::List(items) => items.get_mut(index),
            _ => None,
        }
    }

    /// Takes a key out of a map.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let entries = self.entries_mut()?;
        let index = entries.iter().position(|(found, _)| found.text == key)?;
        Some(entries.remove(index).1)
    }

    /// Gives a key of a map its value: where the key was, with the comments that it had, else at the end.
    pub fn set(&mut self, key: &str, value: impl Into<Node>) {
        let value = value.into();
        if let Some(old) = self.get_mut(key) {
            old.replace(value);
        } else if let Some(entries) = self.entries_mut() {
            entries.push((key.into(), value));
        }
    }

    /// Puts a key before all others of a map that does not have it. Comments that an empty line sets apart from
    /// what was first are about the whole, and stay above.
    pub fn put_first(&mut self, key: &str, mut value: Node) {
        let Some(entries) = self.entries_mut() else { return };
        if let Some((_, first)) = entries.first_mut() {
            let above = &mut first.notes.above;
            let apart = above.iter().rposition(String::is_empty).map_or(0, |empty| empty + 1);
            value.notes.above = above.drain(..apart).collect();
        }
        entries.insert(0, (key.into(), value));
    }

    /// Takes the content of another node; comments of its own stay.
    pub fn replace(&mut self, other: Node) {
        let notes = std::mem::take(&mut self.notes);
        let tail = other.notes.tail;
        *self = Self { notes: Notes { tail, ..notes }, ..other };
    }
}
