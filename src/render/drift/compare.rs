//! The comparison itself: what we want and what is there, walked together with the nodes of `fieldsV1`
//! that describe the place, since only they tell the three sorts of lists apart.

use serde_json::{Map, Value};

use super::{defaults, fields};
use crate::template::quantity;

/// Fields whose members are quantities.
const QUANTITY_MAPS: &[&str] = &["limits", "requests", "capacity", "hard", "podFixed"];
/// Fields that are quantities.
const QUANTITIES: &[&str] = &["sizeLimit", "storage", "divisor", "averageValue"];
/// Fields whose members are plain text, whatever they are called.
const TEXTS: &[&str] = &["data", "stringData", "binaryData", "labels", "annotations", "matchLabels"];
/// The usual keys of lists that no manager describes; the second of a pair may be left out.
const USUAL_KEYS: &[&[&str]] = &[
    &["name"],
    &["port", "protocol"],
    &["mountPath"],
    &["uid"],
    &["type"],
    &["key"],
    &["containerPort", "protocol"],
    &["ip"],
];

/// One place in an object, and what its field managers say about it.
pub(super) struct Place<'a> {
    /// The nodes of `fieldsV1` here, one for each manager that owns something at or below it.
    nodes: Vec<&'a Value>,
    /// Which of them is ours.
    own: Option<&'a Value>,
    /// The field that we are in; an item of a list is in the list's.
    field: String,
    /// Inside a list or map that is owned as one.
    whole: bool,
    kind: Kind,
}

/// What the texts in a place mean.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Whatever their field says.
    Unknown,
    /// Themselves.
    Text,
    /// An amount.
    Quantity,
}

/// A field of another manager that applying what we want would take.
pub(super) struct Collision {
    /// Where.
    pub(super) path: String,
    /// Whether its value would be another, and not only written otherwise.
    pub(super) differs: bool,
}

/// The sorts of lists that server-side apply knows.
enum ListOf {
    /// One value.
    Whole,
    /// Values that each belong to somebody.
    Set,
    /// Maps that are told apart by these keys.
    Keyed(Vec<String>),
}

impl<'a> Place<'a> {
    pub(super) fn root(nodes: Vec<&'a Value>, own: Option<&'a Value>) -> Self {
        Self { nodes, own, field: String::new(), whole: false, kind: Kind::Unknown }
    }

    /// Whether `have` is not all that we want.
    pub(super) fn lacks(&self, want: &Value, have: &Value) -> bool {
        match (want, have) {
            (Value::Null, have) => !is_zero(have),
            (want, Value::Null) => !self.was_left_out(want),
            (Value::Object(want), Value::Object(have)) => self.map_lacks(want, have),
            (Value::Array(want), Value::Array(have)) => self.list_lacks(want, have),
            (want, have) => !self.same(want, have),
        }
    }

    /// The leaves under `owned`, the fields of another manager, that the server would have us force.
    pub(super) fn collisions(&self, owned: &Value, want: &Value, have: &Value) -> Vec<Collision> {
        if fields::is_leaf(owned) {
            return self.collision(want, have).into_iter().collect();
        }
        let below = |(step, below): (&String, &Value)| {
            let found = fields::find(want, step).map(|want| {
                let have = fields::find(have, step).unwrap_or(&Value::Null);
                self.step(step).collisions(below, want, have)
            });
            let shown = fields::shown(step);
            found.into_iter().flatten().map(move |it| Collision { path: format!("{shown}{}", it.path), ..it })
        };
        fields::steps(owned).flat_map(below).collect()
    }

    /// The server compares what is sent with what is stored letter by letter: `0.5` collides with its
    /// own `500m`. A map of which nobody owns a member is added to, unless it is owned as one.
    fn collision(&self, want: &Value, have: &Value) -> Option<Collision> {
        let addition = match (want, have) {
            (Value::Object(want), Value::Object(have)) => have.is_empty() || !self.is_one(want),
            (Value::Object(_) | Value::Array(_), Value::Null) => true,
            _ => false,
        };
        let left_out = is_zero(want) && have.is_null();
        let collision = || Collision { path: String::new(), differs: !left_out && self.lacks(want, have) };
        (!addition && want != have).then(collision)
    }

    fn map_lacks(&self, want: &Map<String, Value>, have: &Map<String, Value>) -> bool {
        let whole = self.whole || self.is_one(want);
        let extra = |(name, value): (&String, &Value)| {
            !want.contains_key(name) && !defaults::is_default(&self.field, name, value)
        };
        let lacking = |(name, value): (&String, &Value)| {
            self.member(name, whole).lacks(value, have.get(name).unwrap_or(&Value::Null))
        };
        want.iter().any(lacking) || (whole && have.iter().any(extra))
    }

    fn list_lacks(&self, want: &[Value], have: &[Value]) -> bool {
        match self.list_of(want) {
            ListOf::Whole => {
                let item = self.whole_item();
                want.len() != have.len() || want.iter().zip(have).any(|(want, have)| item.lacks(want, have))
            }
            ListOf::Set => in_order(want, have, |want, have| want == have).is_none(),
            ListOf::Keyed(keys) => self.items_lack(want, have, &keys),
        }
    }

    fn items_lack(&self, want: &[Value], have: &[Value], keys: &[String]) -> bool {
        let differ = |(want, have): (&Value, &Value)| self.step(&step_of(have, keys)).lacks(want, have);
        let pairs = in_order(want, have, |want, have| is_same_item(want, have, keys));
        pairs.is_none_or(|pairs| pairs.into_iter().any(differ))
    }

    fn list_of(&self, want: &[Value]) -> ListOf {
        let steps = || self.nodes.iter().flat_map(|node| fields::steps(node)).map(|(step, _)| step);
        if self.whole {
            return ListOf::Whole;
        }
        if let Some(keys) = steps().find_map(|step| step.strip_prefix("k:")) {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            return ListOf::Keyed(keys.into_iter().map(|(name, _)| name).collect());
        }
        match steps().any(|step| step.starts_with("v:")) {
            true => ListOf::Set,
            false if self.is_atomic() => ListOf::Whole,
            false => usual_keys(want).map_or(ListOf::Whole, ListOf::Keyed),
        }
    }

    /// Whether those who own this place own it as one.
    fn is_atomic(&self) -> bool {
        !self.nodes.is_empty() && self.nodes.iter().all(|node| fields::is_leaf(node))
    }

    /// Whether this map is owned as one. An applied `{}` looks the same in managedFields for such a map
    /// and for any other; those that mean something when empty are selectors.
    fn is_one(&self, want: &Map<String, Value>) -> bool {
        self.is_atomic() && (!want.is_empty() || self.field.ends_with("elector"))
    }

    /// The server keeps no empty values: a field that we own and that is not there is as we want it.
    fn was_left_out(&self, want: &Value) -> bool {
        is_zero(want) && (self.whole || self.own.is_some())
    }

    fn same(&self, want: &Value, have: &Value) -> bool {
        want == have
            || want.as_f64().is_some_and(|number| have.as_f64() == Some(number))
            || (self.kind == Kind::Quantity && same_quantity(want, have))
    }

    fn member(&self, name: &str, whole: bool) -> Place<'a> {
        Place { whole, ..self.step(&format!("f:{name}")) }
    }

    /// An item of a list that is owned as one.
    fn whole_item(&self) -> Place<'a> {
        let field = self.field.clone();
        Place { nodes: Vec::new(), own: None, field, whole: true, kind: self.kind }
    }

    fn step(&self, step: &str) -> Place<'a> {
        let nodes = self.nodes.iter().filter_map(|node| node.get(step)).collect();
        let own = self.own.and_then(|node| node.get(step));
        let name = step.strip_prefix("f:");
        let kind = name.map_or(self.kind, |name| self.kind.below(&self.field, name));
        Place { nodes, own, field: name.unwrap_or(&self.field).to_owned(), whole: self.whole, kind }
    }
}

impl Kind {
    fn below(self, parent: &str, name: &str) -> Self {
        let quantity = QUANTITY_MAPS.contains(&parent) || QUANTITIES.contains(&name);
        match (self, quantity) {
            (Self::Text, _) => Self::Text,
            _ if TEXTS.contains(&name) => Self::Text,
            (_, true) => Self::Quantity,
            (_, false) => Self::Unknown,
        }
    }
}

/// The step of managedFields that leads to a list item.
fn step_of(item: &Value, keys: &[String]) -> String {
    let keys: std::collections::BTreeMap<_, _> =
        keys.iter().filter_map(|name| Some((name, fields::key(item, name)?))).collect();
    format!("k:{}", serde_json::to_string(&keys).unwrap_or_default())
}

/// The place in `have` of everything in `want`, if it all is there and in that order.
fn in_order<'v>(
    want: &'v [Value],
    have: &'v [Value],
    is_it: impl Fn(&Value, &Value) -> bool,
) -> Option<Vec<(&'v Value, &'v Value)>> {
    let mut rest = have.iter();
    want.iter().map(|want| Some((want, rest.find(|have| is_it(want, have))?))).collect()
}

fn is_same_item(want: &Value, have: &Value, keys: &[String]) -> bool {
    let given = keys.iter().any(|name| want.get(name).is_some());
    let agrees = |name: &String| match fields::key(want, name) {
        Some(key) => fields::key(have, name) == Some(key),
        None => true,
    };
    given && keys.iter().all(agrees)
}

/// The first of the usual keys that all items have and no two share.
fn usual_keys(items: &[Value]) -> Option<Vec<String>> {
    let fits = |keys: &&&[&str]| {
        let own = |item| keys.iter().map(|name| fields::key(item, name)).collect::<Vec<_>>();
        let first = keys.first().copied().unwrap_or_default();
        items.iter().all(|item| item.get(first).is_some())
            && items
                .iter()
                .enumerate()
                .all(|(at, item)| items.iter().skip(at + 1).all(|other| own(item) != own(other)))
    };
    let keys = USUAL_KEYS.iter().find(fits)?;
    Some(keys.iter().map(|&name| name.to_owned()).collect())
}

/// A value that the server may leave out when it writes the object down.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn same_quantity(want: &Value, have: &Value) -> bool {
    match (amount(want), amount(have)) {
        (Some(want), Some(have)) => quantity::stored_alike(&want, &have),
        _ => false,
    }
}

fn amount(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
