//! Texts with secret parts: what `secret_template` makes, and the keys that hold it.
//!
//! Such a text never becomes a value of a template: its value is a reference to a key of a Secret, and whoever writes that
//! Secret puts the parts together (V04, P10).

use std::collections::BTreeMap;
use std::fmt;

use minijinja::{Error, Value as Jinja};
use serde_json::Value as Json;

use super::filters::name::label;
use super::filters::{is_there, kind, refuse};
use super::limits::STRING_BYTES;
use super::object::Secret;
use super::signature::SECRET_TEMPLATE;
use super::text;
use super::value::SecretRef;

/// A part of a composed text.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretPart {
    /// A text as it is. It may be a generated secret.
    Text(String),
    /// What a key of a Secret holds.
    Secret(SecretRef),
}

/// A text with secret parts. It may hold secrets: `Debug` shows only how many parts it has.
#[derive(Clone, PartialEq, Eq)]
pub struct Composed {
    parts: Vec<SecretPart>,
}

impl fmt::Debug for Composed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Composed of {} parts", self.parts.len())
    }
}

impl Composed {
    /// Its parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[SecretPart] {
        &self.parts
    }

    /// The keys of Secrets that it is made of.
    pub fn references(&self) -> impl Iterator<Item = &SecretRef> {
        self.parts.iter().filter_map(|part| match part {
            SecretPart::Secret(reference) => Some(reference),
            SecretPart::Text(_) => None,
        })
    }

    /// About the bytes of its parts.
    pub(super) fn size(&self) -> usize {
        let size = |part: &SecretPart| match part {
            SecretPart::Text(text) => text.len(),
            SecretPart::Secret(reference) => reference.name.len() + reference.key.len(),
        };
        self.parts.iter().map(size).sum()
    }

    /// From the arguments of the function.
    pub(super) fn of(arguments: &[Jinja]) -> Result<Self, Error> {
        let parts: Result<Vec<_>, _> = arguments.iter().map(part).collect();
        let composed = Self { parts: parts? };
        if composed.size() > STRING_BYTES {
            return Err(refuse(format!("`{SECRET_TEMPLATE}` makes more than {} KiB", STRING_BYTES / 1024)));
        }
        Ok(composed)
    }
}

fn part(value: &Jinja) -> Result<SecretPart, Error> {
    if let Some(secret) = value.downcast_object_ref::<Secret>() {
        secret.deliver();
        return Ok(SecretPart::Secret((*secret.content).clone()));
    }
    if !is_there(value) {
        return Err(Error::from(minijinja::ErrorKind::UndefinedError));
    }
    match super::filters::plain(SECRET_TEMPLATE, value)? {
        json @ (Json::String(_) | Json::Number(_) | Json::Bool(_)) => Ok(SecretPart::Text(text::of(&json))),
        _ => Err(refuse(format!(
            "the parts of `{SECRET_TEMPLATE}` are strings, numbers, bools and secret references, and one is {}",
            kind(value)
        ))),
    }
}

/// Gives keys to what is composed.
#[derive(Debug)]
pub(super) struct Composer {
    /// The Secret.
    name: String,
    /// The key for what the current output composes first.
    key: String,
    made: BTreeMap<String, Composed>,
}

impl Composer {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), key: "value".to_owned(), made: BTreeMap::new() }
    }

    /// A key of a Secret is called as the output is, if it can be.
    pub(super) fn begin(&mut self, output: &str) {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_key = (1..=63).contains(&output.len()) && output.chars().all(fits) && !output.starts_with('.');
        self.key = if is_key { output.to_owned() } else { label(output) };
    }

    /// A further text of the same output gets a number. Outputs come in order, so the keys are the same each time.
    pub(super) fn add(&mut self, composed: Composed) -> SecretRef {
        let numbered = (2_usize..).map(|number| format!("{}-{number}", self.key));
        let mut keys = std::iter::once(self.key.clone()).chain(numbered);
        let key = keys.find(|key| !self.made.contains_key(key)).unwrap_or_default();
        self.made.insert(key.clone(), composed);
        SecretRef { name: self.name.clone(), key }
    }

    pub(super) fn finish(self) -> BTreeMap<String, Composed> {
        self.made
    }
}
