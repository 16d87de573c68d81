//! The filters and tests of rules, and the environment that holds them. There is nothing else in it.
//!
//! Every filter is total: whatever it gets, it answers with a value or a message that shows none. Each counts what it makes
//! ([`super::limits::MADE_BYTES`]), as minijinja bounds steps only.

mod data;
pub(super) mod name;
mod text;

use std::sync::LazyLock;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, Value as Jinja};

pub(super) use data::plain;

use super::limits::{FUEL, STRING_BYTES};
use super::object::{Meter, Missing, Omit, Secret, Template};

/// The one environment of all expressions. Empty but for ours; strict; without minijinja's debug mode, which would put values
/// into errors (the feature is not compiled in).
pub(super) static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    text::register(&mut environment);
    data::register(&mut environment);
    register_tests(&mut environment);
    environment
});

fn register_tests(environment: &mut Environment<'static>) {
    environment.add_test("defined", |value: &Jinja| is_defined(value));
    environment.add_test("undefined", |value: &Jinja| !is_defined(value));
    environment.add_test("boolean", |value: &Jinja| is_kind(value, |value| value.kind() == ValueKind::Bool));
    environment.add_test("integer", |value: &Jinja| is_kind(value, Jinja::is_integer));
    environment.add_test("mapping", |value: &Jinja| is_kind(value, is_map));
    environment.add_test("none", |value: &Jinja| is_kind(value, Jinja::is_none));
    environment.add_test("number", |value: &Jinja| is_kind(value, Jinja::is_number));
    environment.add_test("sequence", |value: &Jinja| is_kind(value, is_list));
    environment.add_test("string", |value: &Jinja| is_kind(value, |value| value.kind() == ValueKind::String));
}

/// An error of ours: its text is made for people, and shows no value.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(pub(super) String);

/// Wraps a message of ours, so that it can be told from minijinja's, which may show values.
pub(super) fn refuse(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, "refused").with_source(Refusal(message.into()))
}

fn undefined() -> Error {
    Error::from(ErrorKind::UndefinedError)
}

/// The text of an argument; `what` names it in the message.
pub(super) fn text<'a>(what: &str, value: &'a Jinja) -> Result<&'a str, Error> {
    if value.is_undefined() {
        return Err(undefined());
    }
    value.as_str().ok_or_else(|| refuse(format!("{what} must be a string, and is {}", kind(value))))
}

/// The text that the filter `name` is used on.
fn input<'a>(name: &str, value: &'a Jinja) -> Result<&'a str, Error> {
    text(&format!("what `{name}` gets"), value)
}

/// A text that a filter made, within its bounds.
fn made(state: &State<'_, '_>, name: &str, text: String) -> Result<Jinja, Error> {
    if text.len() > STRING_BYTES {
        return Err(too_long(name));
    }
    spend(state, text.len())?;
    Ok(text.into())
}

fn too_long(name: &str) -> Error {
    refuse(format!("`{name}` makes more than {} KiB", STRING_BYTES / 1024))
}

/// Counts what a filter makes against what one evaluation may.
fn spend(state: &State<'_, '_>, bytes: usize) -> Result<(), Error> {
    let meter = state.lookup(Meter::NAME);
    match meter.as_ref().and_then(|meter| meter.downcast_object_ref::<Meter>()) {
        Some(meter) => meter.spend(bytes).map_err(refuse),
        None => Err(refuse("filters run in expressions of rules only")),
    }
}

/// What a value is, for messages.
pub(super) fn kind(value: &Jinja) -> &'static str {
    if value.downcast_object_ref::<Secret>().is_some() {
        return "a secret reference";
    }
    if value.downcast_object_ref::<Template>().is_some() {
        return "a secret template";
    }
    if value.downcast_object_ref::<Omit>().is_some() {
        return "`omit`";
    }
    match value.kind() {
        ValueKind::None => "null",
        ValueKind::Bool => "a bool",
        ValueKind::Number => "a number",
        ValueKind::String => "a string",
        ValueKind::Map => "a map",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        _ => "not there",
    }
}

fn is_map(value: &Jinja) -> bool {
    value.kind() == ValueKind::Map
}

fn is_list(value: &Jinja) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

/// Whether a value is there, without answering for it.
pub(super) fn is_there(value: &Jinja) -> bool {
    !value.is_undefined() && value.downcast_object_ref::<Missing>().is_none()
}

/// Whether a value is there. Whoever asks may ask: the value has done its work.
fn is_defined(value: &Jinja) -> bool {
    if let Some(missing) = value.downcast_object_ref::<Missing>() {
        missing.answer();
    }
    if let Some(secret) = value.downcast_object_ref::<Secret>() {
        secret.deliver();
    }
    if let Some(template) = value.downcast_object_ref::<Template>() {
        template.deliver();
    }
    is_there(value)
}

/// The other tests ask about a value that must be there.
fn is_kind(value: &Jinja, test: impl Fn(&Jinja) -> bool) -> Result<bool, Error> {
    if !is_there(value) {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    Ok(is_defined(value) && test(value))
}
