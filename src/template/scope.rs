//! What expressions can name, and what they may spend.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Value as Jinja;
use serde_json::Value as Json;

use super::chain::{Name, Rest};
use super::compose::{Composed, Composer};
use super::error::Fault;
use super::limits::{EVALUATION_COST, OUTPUT_BYTES, OUTPUT_VALUES, WORK_BYTES};
use super::value::{SecretRef, Value};

/// The names that an expression sees. Cheap to clone; a name given again hides the earlier one.
#[derive(Clone, Default)]
pub struct Scope(Option<Arc<Frame>>);

struct Frame {
    name: String,
    entry: Entry,
    outer: Scope,
}

/// A named value.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) tree: Tree,
    /// Whether what is missing in it may still come (decision 11).
    pub(super) pending: bool,
}

impl Scope {
    /// A scope without names.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a plain value.
    #[must_use]
    pub fn with(self, name: &str, value: Json) -> Self {
        self.with_value(name, Value::from(value))
    }

    /// Adds a value that may hold secret references: in expressions they are opaque, as those of `secret_ref` are.
    #[must_use]
    pub fn with_value(self, name: &str, value: Value) -> Self {
        self.child(name, Entry { tree: value.into(), pending: false })
    }

    /// Adds an entry to the map `name`, which is made where there is none. What the map held is shared, not copied.
    #[must_use]
    pub fn with_entry(self, name: &str, key: &str, value: Value) -> Self {
        let mut entries = match self.entry(name).map(|entry| &entry.tree) {
            Some(Tree::Map(inner)) => inner.children.clone(),
            _ => BTreeMap::new(),
        };
        entries.insert(key.to_owned(), value.into());
        self.child(name, Entry { tree: Tree::map(entries), pending: false })
    }

    /// Adds `objects`, the live objects by manifest key. What is missing below it is waited for, and look-ups chain (decision 11).
    #[must_use]
    pub fn with_objects(self, objects: BTreeMap<String, Json>) -> Self {
        let objects = Json::Object(objects.into_iter().collect());
        self.child("objects", Entry { tree: Value::from(objects).into(), pending: true })
    }

    /// The names, the latest first.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.frames().map(|frame| frame.name.as_str())
    }

    pub(super) fn child(self, name: &str, entry: Entry) -> Self {
        Self(Some(Arc::new(Frame { name: name.to_owned(), entry, outer: self })))
    }

    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.frames().find(|frame| frame.name == name).map(|frame| &frame.entry)
    }

    /// How large the value is that an expression names; nothing where there is none.
    pub(super) fn reach(&self, name: &Name) -> usize {
        match (self.find(name), name.rest) {
            (Some(tree), Rest::Whole) => tree.size(),
            (Some(tree), Rest::Entry) => tree.largest(),
            (None, _) => 0,
        }
    }

    /// Whether there is nothing where `name` leads, and something may still come.
    pub(super) fn awaits(&self, name: &Name) -> bool {
        let root = name.path.first().and_then(|root| self.entry(root));
        root.is_some_and(|entry| entry.pending) && self.find(name).is_none()
    }

    fn find(&self, name: &Name) -> Option<&Tree> {
        let (root, keys) = name.path.split_first()?;
        keys.iter().try_fold(&self.entry(root)?.tree, |tree, key| tree.child(key))
    }

    fn frames(&self) -> impl Iterator<Item = &Frame> + Clone {
        std::iter::successors(self.0.as_deref(), |frame| frame.outer.0.as_deref())
    }
}

/// A value as expressions walk it: shared, measured, with secrets in their places.
#[derive(Clone)]
pub(super) enum Tree {
    /// Null, a bool, a number or a string.
    Scalar(Jinja),
    Secret(Arc<SecretRef>),
    Map(Arc<Inner<BTreeMap<String, Tree>>>),
    List(Arc<Inner<Vec<Tree>>>),
}

/// The children of a map or list, and their size, in about the bytes of their JSON.
pub(super) struct Inner<T> {
    pub(super) children: T,
    size: usize,
    largest: usize,
    /// How deep they nest, with this map or list.
    depth: usize,
}

/// What a value costs besides its text.
const OVERHEAD: usize = 8;

impl Tree {
    pub(super) fn size(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Scalar(scalar) => scalar.as_str().map_or(0, str::len),
                Self::Secret(secret) => secret.name.len() + secret.key.len(),
                Self::Map(inner) => inner.size,
                Self::List(inner) => inner.size,
            }
    }

    /// How deep it nests.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Scalar(_) | Self::Secret(_) => 0,
            Self::Map(inner) => inner.depth,
            Self::List(inner) => inner.depth,
        }
    }

    /// The size of the largest child.
    fn largest(&self) -> usize {
        match self {
            Self::Map(inner) => inner.largest,
            Self::List(inner) => inner.largest,
            scalar => scalar.size(),
        }
    }

    /// The entry of a map, or the item of a list by its number.
    pub(super) fn child(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(inner) => inner.children.get(key),
            Self::List(inner) => inner.children.get(key.parse::<usize>().ok()?),
            Self::Scalar(_) | Self::Secret(_) => None,
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        let map = match self {
            Self::Map(inner) => Some(inner.children.keys()),
            _ => None,
        };
        map.into_iter().flatten().map(String::as_str)
    }

    pub(super) fn map(children: BTreeMap<String, Self>) -> Self {
        let sizes = || children.iter().map(|(key, child)| key.len() + child.size());
        let (size, largest) = (sizes().sum(), sizes().max().unwrap_or(0));
        let depth = 1 + children.values().map(Self::depth).max().unwrap_or(0);
        Self::Map(Arc::new(Inner { children, size, largest, depth }))
    }

    fn list(children: Vec<Self>) -> Self {
        let sizes = || children.iter().map(Self::size);
        let (size, largest) = (sizes().sum(), sizes().max().unwrap_or(0));
        let depth = 1 + children.iter().map(Self::depth).max().unwrap_or(0);
        Self::List(Arc::new(Inner { children, size, largest, depth }))
    }
}

impl From<Json> for Tree {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Scalar(Jinja::from(())),
            Json::Bool(value) => Self::Scalar(Jinja::from(value)),
            Json::Number(number) => Self::Scalar(number_from(&number)),
            Json::String(text) => Self::Scalar(Jinja::from(text)),
            Json::Array(items) => Self::list(items.into_iter().map(Self::from).collect()),
            Json::Object(map) => Self::map(map.into_iter().map(|(key, value)| (key, value.into())).collect()),
        }
    }
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        match value {
            Value::Plain(json) => json.into(),
            Value::SecretRef(secret) => Self::Secret(Arc::new(secret)),
            Value::Map(entries) => {
                Self::map(entries.into_iter().map(|(key, value)| (key, value.into())).collect())
            }
            Value::List(items) => Self::list(items.into_iter().map(Self::from).collect()),
        }
    }
}

fn number_from(number: &serde_json::Number) -> Jinja {
    match (number.as_i64(), number.as_u64()) {
        (Some(integer), _) => Jinja::from(integer),
        (None, Some(integer)) => Jinja::from(integer),
        (None, None) => Jinja::from(number.as_f64()),
    }
}

/// What the evaluations of one rule may still spend: make one for a rule, and pass it to each of its nodes.
#[derive(Debug)]
pub struct Budget {
    output: usize,
    values: usize,
    work: usize,
    composer: Option<Composer>,
}

impl Budget {
    /// The full budget: [`OUTPUT_BYTES`] and [`OUTPUT_VALUES`] of output, [`WORK_BYTES`] of work.
    #[must_use]
    pub fn new() -> Self {
        Self { output: OUTPUT_BYTES, values: OUTPUT_VALUES, work: WORK_BYTES, composer: None }
    }

    /// Lets `secret_template` make keys of the Secret `name`: see [`Budget::composed`].
    #[must_use]
    pub fn composing(self, name: &str) -> Self {
        Self { composer: Some(Composer::new(name)), ..self }
    }

    /// Names the output that is evaluated next: keys of the Secret are called after it.
    pub fn begin_output(&mut self, output: &str) {
        if let Some(composer) = &mut self.composer {
            composer.begin(output);
        }
    }

    /// What `secret_template` has composed, by the keys that the references to it name.
    #[must_use]
    pub fn composed(self) -> BTreeMap<String, Composed> {
        self.composer.map(Composer::finish).unwrap_or_default()
    }

    /// The reference to a new key that holds `composed`.
    pub(super) fn compose(&mut self, composed: &Composed) -> Result<SecretRef, Fault> {
        self.make(composed.size())?;
        let composer = self.composer.as_mut().ok_or_else(|| {
            Fault::problem("`secret_template` may stand in `outputs` only, as it makes what a workload reads")
        })?;
        Ok(composer.add(composed.clone()))
    }

    /// Counts one value of output.
    pub(super) fn make(&mut self, bytes: usize) -> Result<(), Fault> {
        self.make_all(bytes, 1)
    }

    /// Counts several.
    pub(super) fn make_all(&mut self, bytes: usize, values: usize) -> Result<(), Fault> {
        let left = self.values.checked_sub(values);
        self.values = left.ok_or_else(|| {
            Fault::problem(format!(
                "the rule makes more than {OUTPUT_VALUES} values in all, each list, map and key counted"
            ))
        })?;
        let left = self.output.checked_sub(bytes + 1);
        self.output = left.ok_or_else(|| {
            Fault::problem(format!("the rule makes more than {} KiB in all", OUTPUT_BYTES / 1024))
        })?;
        Ok(())
    }

    /// Counts an evaluation that reaches values of `bytes`.
    pub(super) fn work(&mut self, bytes: usize) -> Result<(), Fault> {
        self.work_done(bytes + EVALUATION_COST)
    }

    /// Counts what was made on the way.
    pub(super) fn work_done(&mut self, bytes: usize) -> Result<(), Fault> {
        let left = self.work.checked_sub(bytes);
        self.work = left.ok_or_else(|| {
            Fault::problem(
                "the rule evaluates too much: too many items of `$each`, or too many uses of large values",
            )
        })?;
        Ok(())
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}
