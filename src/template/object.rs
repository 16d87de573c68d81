//! The values of minijinja that are ours: maps and lists of the scope, what is missing in them, secrets, `omit`.
//!
//! None of them shows a value: neither when printed nor by `Debug`.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr};
use minijinja::{Error, State, Value as Jinja};

use super::compose::Composed;
use super::filters::{self, refuse};
use super::hint;
use super::ledger::{Ledger, Number, Ticket};
use super::scope::{Entry, Scope, Tree};
use super::signature::{SECRET_REF, SECRET_TEMPLATE};
use super::value::SecretRef;

/// The root of an evaluation: it answers for all names.
pub(super) struct Root {
    pub(super) scope: Scope,
    pub(super) ledger: Arc<Ledger>,
}

/// A map or list of the scope.
pub(super) struct Container {
    pub(super) entry: Entry,
    name: String,
    ledger: Arc<Ledger>,
}

/// Something below `objects` that is not there yet. Look-ups in it chain.
pub(super) struct Missing {
    name: String,
    number: Number,
    ledger: Arc<Ledger>,
}

/// A value that can only be passed on: nothing looks into it, and its ticket tells if it does not arrive.
pub(super) struct Sealed<T> {
    pub(super) content: T,
    number: Number,
    ledger: Arc<Ledger>,
}

/// What a sealed value can be.
pub(super) trait Seal: Send + Sync + 'static {
    /// The ticket of such a value.
    const TICKET: Ticket;
}

/// A secret reference.
pub(super) type Secret = Sealed<Arc<SecretRef>>;
/// A text with secret parts.
pub(super) type Template = Sealed<Arc<Composed>>;
/// The name `omit`.
pub(super) type Omit = Sealed<Nothing>;

/// What `omit` holds.
pub(super) struct Nothing;

impl Seal for Arc<SecretRef> {
    const TICKET: Ticket = Ticket::Secret;
}

impl Seal for Arc<Composed> {
    const TICKET: Ticket = Ticket::Secret;
}

impl Seal for Nothing {
    const TICKET: Ticket = Ticket::Omit;
}

/// The function `secret_ref(name, key)`.
struct SecretFunction(Arc<Ledger>);

/// The function `secret_template(…)`.
struct TemplateFunction(Arc<Ledger>);

/// Where filters count what they make.
pub(super) struct Meter(Arc<Ledger>);

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Jinja> {
        if let Some(entry) = self.scope.entry(name) {
            return Some(wrap(entry.clone(), name, &self.ledger));
        }
        match name {
            "omit" => Some(Omit::value(Nothing, self.ledger.clone())),
            SECRET_REF => Some(Jinja::from_object(SecretFunction(self.ledger.clone()))),
            SECRET_TEMPLATE => Some(Jinja::from_object(TemplateFunction(self.ledger.clone()))),
            Meter::NAME => Some(Jinja::from_object(Meter(self.ledger.clone()))),
            _ => {
                self.ledger
                    .undefined(format!("`{name}` is not there{}", hint::suggest(name, self.scope.names())));
                None
            }
        }
    }
}

/// The value of minijinja for a part of the scope.
fn wrap(entry: Entry, name: &str, ledger: &Arc<Ledger>) -> Jinja {
    let ledger = ledger.clone();
    match entry.tree {
        Tree::Scalar(scalar) => scalar,
        Tree::Secret(reference) => Secret::value(reference, ledger),
        Tree::Map(_) | Tree::List(_) => {
            Jinja::from_object(Container { entry, name: name.to_owned(), ledger })
        }
    }
}

impl Container {
    /// The child `key`; where there is none, something to wait for, or nothing, with a note for the message.
    fn child(&self, key: &str) -> Option<Jinja> {
        let name = self.ledger.name(&self.name, key);
        match (self.entry.tree.child(key), self.entry.pending) {
            (Some(tree), pending) => Some(wrap(Entry { tree: tree.clone(), pending }, &name, &self.ledger)),
            (None, true) => Some(Missing::value(name, &self.ledger)),
            (None, false) => {
                self.ledger.undefined(format!("`{name}` is not there{}", self.hint(&name, key)));
                None
            }
        }
    }

    /// A near miss, unless the key was computed.
    fn hint(&self, name: &str, key: &str) -> String {
        if name.ends_with("[…]") { String::new() } else { hint::suggest(key, self.entry.tree.keys()) }
    }
}

impl Object for Container {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.entry.tree {
            Tree::List(_) => ObjectRepr::Seq,
            _ => ObjectRepr::Map,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        match (key.as_str(), key.as_usize()) {
            (Some(key), _) => self.child(key),
            (None, Some(index)) => self.child(&index.to_string()),
            (None, None) => None,
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Jinja> {
        self.child(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &self.entry.tree {
            Tree::List(inner) => Enumerator::Seq(inner.children.len()),
            tree => Enumerator::Values(tree.keys().map(Jinja::from).collect()),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ledger.misuse(&format!(
            "`{}` is a map or list, and text is made of strings, numbers and bools",
            self.name
        ));
        f.write_str("…")
    }
}

impl Missing {
    fn value(name: String, ledger: &Arc<Ledger>) -> Jinja {
        let number = ledger.issue(Ticket::Missing(name.clone()));
        Jinja::from_object(Self { name, number, ledger: ledger.clone() })
    }

    /// Answers that it is not there: the one question that may be asked about it.
    pub(super) fn answer(&self) {
        self.ledger.redeem(self.number);
    }
}

impl Object for Missing {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let key = key
            .as_str()
            .map_or_else(|| key.as_usize().map(|index| index.to_string()), |key| Some(key.to_owned()));
        self.get_value_by_str(&key.unwrap_or_default())
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Jinja> {
        self.answer();
        Some(Self::value(self.ledger.name(&self.name, key), &self.ledger))
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn custom_cmp(self: &Arc<Self>, _other: &DynObject) -> Option<Ordering> {
        Some(Ordering::Equal)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<T: Seal> Sealed<T> {
    fn value(content: T, ledger: Arc<Ledger>) -> Jinja {
        let number = ledger.issue(T::TICKET);
        Jinja::from_object(Self { content, number, ledger })
    }

    /// It arrives where it may: in the result.
    pub(super) fn deliver(&self) {
        self.ledger.redeem(self.number);
    }
}

impl<T: Seal> Object for Sealed<T> {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, _key: &Jinja) -> Option<Jinja> {
        self.ledger.looked_into(&T::TICKET);
        None
    }

    fn custom_cmp(self: &Arc<Self>, _other: &DynObject) -> Option<Ordering> {
        Some(Ordering::Equal)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed")
    }
}

impl Object for SecretFunction {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _state: &mut State<'_, '_>, arguments: &[Jinja]) -> Result<Jinja, Error> {
        let [name, key] = arguments else {
            return Err(refuse("`secret_ref(name, key)` takes two arguments".to_owned()));
        };
        let text = |what, value| {
            filters::text(&format!("the {what} of `secret_ref(name, key)`"), value).map(str::to_owned)
        };
        let reference = SecretRef { name: text("name", name)?, key: text("key", key)? };
        if reference.name.is_empty() || reference.key.is_empty() {
            return Err(refuse(
                "`secret_ref(name, key)` needs a name and a key, and got an empty text".to_owned(),
            ));
        }
        Ok(Secret::value(Arc::new(reference), self.0.clone()))
    }
}

impl Object for TemplateFunction {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _state: &mut State<'_, '_>, arguments: &[Jinja]) -> Result<Jinja, Error> {
        Ok(Template::value(Arc::new(Composed::of(arguments)?), self.0.clone()))
    }
}

impl Meter {
    /// No variable can have this name.
    pub(super) const NAME: &'static str = "(meter)";

    /// Counts what a filter makes.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), String> {
        self.0.spend(bytes)
    }
}

impl Object for Meter {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

/// `Debug` is asked for by the trait, and must show no value.
macro_rules! opaque_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}
opaque_debug!(Root, Container, Missing, SecretFunction, TemplateFunction, Meter);
