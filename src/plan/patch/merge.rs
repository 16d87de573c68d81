//! Fragments merged into a pod template as server-side apply would, each field with who set it: where two set one field
//! to different values, neither is right.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lists::{self, Keyed};
use crate::plan::schema::below;

/// A field that two set to different values.
#[derive(Clone, Debug, PartialEq)]
pub struct Clash<S> {
    /// Which field.
    pub path: String,
    /// Who set it first; `None`: it was there.
    pub first: Option<S>,
    /// To what.
    pub was: Value,
    /// Who sets it, too.
    pub second: S,
    /// To what.
    pub wants: Value,
}

/// A pod template into which fragments are merged. `S` says whose a fragment is.
pub struct Merge<S> {
    /// All that was merged so far. Of a field that two set, the first value.
    pub whole: Value,
    /// What two set differently.
    pub clashes: Vec<Clash<S>>,
    /// The topmost fields that each fragment added.
    added: BTreeMap<String, S>,
}

impl<S: Clone> Merge<S> {
    /// Begins with what is there.
    #[must_use]
    pub fn new(base: Value) -> Self {
        Self { whole: base, clashes: Vec::new(), added: BTreeMap::new() }
    }

    /// Merges a fragment. Maps are merged by key, the lists of pods by theirs (`lists`), anything else is one value.
    /// New items follow those that are there; new init containers come before them, as what is there may need them.
    pub fn add(&mut self, fragment: &Value, source: &S) {
        let mut whole = std::mem::take(&mut self.whole);
        self.value(Place { path: "", field: "" }, &mut whole, fragment, source);
        self.whole = whole;
    }

    fn value(&mut self, place: Place<'_>, have: &mut Value, want: &Value, source: &S) {
        match (have, want) {
            (Value::Object(have), Value::Object(want)) => {
                for (key, value) in want {
                    let path = below(place.path, key);
                    match have.get_mut(key) {
                        Some(have) => self.value(Place { path: &path, field: key }, have, value, source),
                        // The API server keeps no empty list: it would look like drift.
                        None if value.as_array().is_some_and(Vec::is_empty) => {}
                        None => {
                            have.insert(key.clone(), value.clone());
                            self.added.insert(path, source.clone());
                        }
                    }
                }
            }
            (Value::Array(have), Value::Array(want)) if lists::keyed(place.field).is_some() => {
                if let Some(list) = lists::keyed(place.field) {
                    self.items(place, list, have, want, source);
                }
            }
            (have, want) if have == want => {}
            (have, want) => self.clash(place.path, have, want, source),
        }
    }

    fn items(&mut self, place: Place<'_>, list: &Keyed, have: &mut Vec<Value>, want: &[Value], source: &S) {
        let mut new = Vec::new();
        for item in want {
            let Ok(identity) = list.identity(item) else { continue };
            let path = lists::of_item(place.path, &identity);
            let same = |other: &&mut Value| list.identity(other).as_ref() == Ok(&identity);
            match have.iter_mut().chain(&mut new).find(same) {
                Some(have) if !list.whole => self.value(Place { path: &path, field: "" }, have, item, source),
                Some(have) if have != item => self.clash(&path, have, item, source),
                Some(_) => {}
                None => {
                    new.push(item.clone());
                    self.added.insert(path, source.clone());
                }
            }
        }
        let at =
            if place.field == "initContainers" { self.first_of_others(place.path, have) } else { have.len() };
        have.splice(at..at, new);
    }

    /// How many init containers fragments have put before those that were there.
    fn first_of_others(&self, path: &str, have: &[Value]) -> usize {
        let is_added = |item: &&Value| {
            let name = item.get("name").and_then(Value::as_str).unwrap_or_default();
            self.added.contains_key(path) || self.added.contains_key(&lists::of_item(path, name))
        };
        have.iter().take_while(is_added).count()
    }

    fn clash(&mut self, path: &str, have: &Value, want: &Value, source: &S) {
        self.clashes.push(Clash {
            path: path.to_owned(),
            first: self.setter(path),
            was: have.clone(),
            second: source.clone(),
            wants: want.clone(),
        });
    }

    /// Who set a field: whoever added it, or what it stands in. No path is the beginning of another that does not
    /// stand in it, but for a border after it.
    #[must_use]
    pub fn setter(&self, path: &str) -> Option<S> {
        let borders = path.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).map(|(at, _)| at);
        let mut places: Vec<_> = borders.chain([path.len()]).collect();
        places.reverse();
        places.into_iter().find_map(|at| self.added.get(&path[..at]).cloned())
    }
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a str,
    /// The field that it is the value of; nothing for an item.
    field: &'a str,
}

#[cfg(test)]
mod tests;
