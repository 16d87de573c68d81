//! A JSON tree of a rule, compiled: constants, expressions, texts and loops.

use std::sync::Arc;

use serde_json::Value as Json;

use super::compile::Compiler;
use super::convert;
use super::error::{EvalError, Fault, TemplateError};
use super::expression::Compiled;
use super::path;
use super::scope::{Budget, Entry, Scope};
use super::text;
use super::value::Value;

/// A compiled JSON tree. Owned, and shareable between threads.
pub struct Node {
    pub(super) path: String,
    pub(super) tree: Branch,
    pub(super) leaves: Vec<Leaf>,
}

/// A string of the tree that holds an expression, for checks by the floors above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Where it stands, such as `spec.manifests.db.data.password`.
    pub path: String,
    /// The same, key by key and from the node on: `["data", "password"]`. `$each` and `$do` are keys here.
    pub keys: Vec<String>,
    /// The variables with their constant attributes: `["generated", "password"]`. Where a key is computed
    /// (`locals[item.name]`), what is before it. For `item` and `index` of an `$each`, the names that its list is made of.
    pub names: Vec<Vec<String>>,
    /// Those of `names` that stand anywhere but among the arguments of `secret_template`: where they are, their values are.
    pub exposed: Vec<Vec<String>>,
    /// The functions that are called: `secret_ref`, `secret_template`.
    pub functions: Vec<String>,
    /// The filter that makes the whole value, as `b64encode` in `{{ (a ~ b) | b64encode }}`. None where anything else follows or is around it.
    pub outer_filter: Option<String>,
    /// Whether the leaf is one expression, so that its value may be of any type.
    pub native: bool,
}

/// What is known of a part of a tree without evaluating it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outline<'a> {
    /// Nothing, or that it is a list.
    Open,
    /// It is a text, number, bool or null.
    Scalar,
    /// It is a map with at most these keys.
    Map(Vec<&'a str>),
}

/// A part of the tree. Paths are kept where an evaluation can fail.
pub(super) enum Branch {
    Constant(Json),
    Expression { path: String, expression: Arc<Compiled> },
    Text { path: String, pieces: Vec<Piece> },
    Each { path: String, list: Arc<Compiled>, body: Box<Branch> },
    Map { path: String, entries: Vec<(String, Branch)> },
    List { items: Vec<Branch> },
}

/// A piece of a mixed text.
pub(super) enum Piece {
    Literal(String),
    Expression(Arc<Compiled>),
}

fn outline(json: &Json) -> Outline<'_> {
    match json {
        Json::Object(map) => Outline::Map(map.keys().map(String::as_str).collect()),
        Json::Array(_) => Outline::Open,
        _ => Outline::Scalar,
    }
}

/// What a part of the tree makes: nothing for `omit`, several values for an `$each`.
enum Made {
    Omitted,
    One(Value),
    Many(Vec<Value>),
}

impl Node {
    /// Compiles a tree. `path` is where it stands, for messages.
    ///
    /// A string without `{{` is a constant, exactly one `{{ … }}` has the expression's own type, and any other is text. `{"$each":
    /// "{{ list }}", "$do": …}` is a list, and as an item of a list is spliced into it. Keys are never evaluated. All errors are
    /// returned, each with its leaf: see [`super::limits`] for the bounds.
    pub fn compile(json: &Json, path: &str) -> Result<Self, Vec<TemplateError>> {
        Compiler::compile(json, path)
    }

    /// The strings that hold an expression, in the order of the tree.
    pub fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.leaves.iter()
    }

    /// The constant text at `keys`, such as `["apiVersion"]`: `None` where there is no string, or one with an expression.
    #[must_use]
    pub fn constant(&self, keys: &[&str]) -> Option<&str> {
        self.tree.constant(keys)
    }

    /// What is known of the part at `keys`.
    #[must_use]
    pub fn outline(&self, keys: &[String]) -> Outline<'_> {
        self.tree.outline(keys)
    }

    /// The value for `scope`. `omit` removes keys and items; for the tree as a whole it is a problem.
    ///
    /// A problem anywhere wins over what is only awaited: it needs an edit, however long one waits.
    pub fn evaluate(&self, scope: &Scope, budget: &mut Budget) -> Result<Value, EvalError> {
        let mut run = Run { node: &self.path, budget };
        match self.tree.make(scope, &mut run)? {
            Made::One(value) => Ok(value),
            Made::Many(values) => Ok(Value::list(values)),
            Made::Omitted => {
                Err(Fault::problem("`omit` leaves out a key or an item, and this is neither").at(&self.path))
            }
        }
    }
}

/// What one evaluation of a node carries along.
struct Run<'a> {
    /// The node's path: constants know no other.
    node: &'a str,
    budget: &'a mut Budget,
}

impl Branch {
    fn constant(&self, keys: &[&str]) -> Option<&str> {
        match (self, keys.split_first()) {
            (Self::Constant(json), _) => keys.iter().try_fold(json, |json, key| json.get(*key))?.as_str(),
            (Self::Map { entries, .. }, Some((key, rest))) => {
                let (_, branch) = entries.iter().find(|(name, _)| name == key)?;
                branch.constant(rest)
            }
            _ => None,
        }
    }

    fn outline(&self, keys: &[String]) -> Outline<'_> {
        match (self, keys.split_first()) {
            (Self::Constant(json), _) => {
                keys.iter().try_fold(json, |json, key| json.get(key)).map_or(Outline::Open, outline)
            }
            (Self::Map { entries, .. }, Some((key, rest))) => {
                let found = entries.iter().find(|(name, _)| name == key);
                found.map_or(Outline::Open, |(_, branch)| branch.outline(rest))
            }
            (Self::Map { entries, .. }, None) => {
                Outline::Map(entries.iter().map(|(key, _)| key.as_str()).collect())
            }
            (Self::Text { .. }, None) => Outline::Scalar,
            _ => Outline::Open,
        }
    }

    fn make(&self, scope: &Scope, run: &mut Run) -> Result<Made, EvalError> {
        match self {
            Self::Constant(json) => {
                let (bytes, values) = size(json);
                run.budget.make_all(bytes, values).map_err(|fault| fault.at(run.node))?;
                Ok(Made::One(json.clone().into()))
            }
            Self::Expression { path, expression } => {
                let value = expression.value(scope, run.budget).map_err(|fault| fault.at(path))?;
                Ok(value.map_or(Made::Omitted, Made::One))
            }
            Self::Text { path, pieces } => {
                text_of(pieces, scope, run.budget).map(Made::One).map_err(|fault| fault.at(path))
            }
            Self::Each { path, list, body } => {
                let items = list.items(scope, run.budget).map_err(|fault| fault.at(path))?;
                each(items, body, scope, run).map(Made::Many)
            }
            Self::Map { path, entries } => map(path, entries, scope, run).map(Made::One),
            Self::List { items } => list(items, scope, run).map(Made::One),
        }
    }
}

/// Collects parts, of which each may fail: the first problem ends it, what is awaited does not.
struct Collected<T> {
    made: Vec<T>,
    waits: Option<EvalError>,
}

impl<T> Collected<T> {
    fn new() -> Self {
        Self { made: Vec::new(), waits: None }
    }

    fn add(&mut self, made: Result<Made, EvalError>, wrap: impl Fn(Value) -> T) -> Result<(), EvalError> {
        match made {
            Ok(Made::Omitted) => {}
            Ok(Made::One(value)) => self.made.push(wrap(value)),
            Ok(Made::Many(values)) => self.made.extend(values.into_iter().map(wrap)),
            Err(waits @ EvalError::Pending { .. }) => {
                self.waits.get_or_insert(waits);
            }
            Err(problem) => return Err(problem),
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<T>, EvalError> {
        self.waits.map_or(Ok(self.made), Err)
    }
}

fn list(items: &[Branch], scope: &Scope, run: &mut Run) -> Result<Value, EvalError> {
    let mut collected = Collected::new();
    for item in items {
        collected.add(item.make(scope, run), |value| value)?;
    }
    collected.finish().map(Value::list)
}

fn map(at: &str, entries: &[(String, Branch)], scope: &Scope, run: &mut Run) -> Result<Value, EvalError> {
    let mut collected = Collected::new();
    for (key, branch) in entries {
        run.budget.make(key.len() + 2).map_err(|fault| fault.at(&path::of_key(at, key)))?;
        let made = match branch.make(scope, run) {
            Ok(Made::Many(values)) => Ok(Made::One(Value::list(values))),
            other => other,
        };
        collected.add(made, |value| (key.clone(), value))?;
    }
    collected.finish().map(Value::map)
}

fn each(items: Vec<Entry>, body: &Branch, scope: &Scope, run: &mut Run) -> Result<Vec<Value>, EvalError> {
    let mut collected = Collected::new();
    for (index, item) in items.into_iter().enumerate() {
        let inner = scope.clone().with("index", Json::from(index)).child("item", item);
        collected.add(body.make(&inner, run), |value| value)?;
    }
    collected.finish()
}

fn text_of(pieces: &[Piece], scope: &Scope, budget: &mut Budget) -> Result<Value, Fault> {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => {
                budget.make(literal.len())?;
                out.push_str(literal);
            }
            Piece::Expression(expression) => out.push_str(&part(expression.value(scope, budget)?)?),
        }
    }
    convert::string(&out).map(Value::from)
}

/// The text of an expression inside of other text: JSON's, so that a bool is `true` and not Python's `True`.
fn part(value: Option<Value>) -> Result<String, Fault> {
    let found = match value {
        Some(Value::Plain(json @ (Json::String(_) | Json::Number(_) | Json::Bool(_)))) => {
            return Ok(text::of(&json));
        }
        Some(Value::Plain(Json::Null)) => "null",
        Some(Value::Plain(Json::Array(_)) | Value::List(_)) => "a list",
        Some(Value::Plain(Json::Object(_)) | Value::Map(_)) => "a map",
        Some(Value::SecretRef(_)) => "a secret reference, which must be the whole value",
        None => "`omit`, which must be the whole value",
    };
    Err(Fault::problem(format!(
        "text is made of strings, numbers and bools, and an expression in it gave {found}"
    )))
}

/// About the bytes of a constant's JSON, and how many values it has.
fn size(json: &Json) -> (usize, usize) {
    let all = |sizes: &mut dyn Iterator<Item = (usize, usize)>| {
        sizes.fold((2, 1), |(bytes, values), (more, found)| (bytes + more, values + found))
    };
    match json {
        Json::String(text) => (text.len() + 2, 1),
        Json::Array(items) => all(&mut items.iter().map(|item| {
            let (bytes, values) = size(item);
            (bytes + 1, values)
        })),
        Json::Object(map) => all(&mut map.iter().map(|(key, value)| {
            let (bytes, values) = size(value);
            (key.len() + bytes + 4, values + 1)
        })),
        _ => (4, 1),
    }
}
