//! Filters on maps, lists and numbers.

use std::collections::BTreeMap;
use std::fmt;

use minijinja::value::Rest;
use minijinja::{Environment, Error, State, Value as Jinja};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value as Json;

use super::super::convert;
use super::super::error::Fault;
use super::super::limits::{ITEMS, STRING_BYTES};
use super::super::object::Template;
use super::super::quantity as amount;
use super::super::scope::Budget;
use super::super::text::{self as json_text, sorted};
use super::super::value::Value;
use super::text::too_many;
use super::{input, is_defined, is_list, is_map, is_there, kind, made, refuse, spend, too_long, undefined};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("default", default);
    environment.add_filter("get", get);
    environment.add_filter("json", json);
    environment.add_filter("keys", keys);
    environment.add_filter("merge", merge);
    environment.add_filter("quantity", quantity);
    environment.add_filter("yaml", yaml);
}

fn default(value: &Jinja, other: &Jinja) -> Jinja {
    let (kept, dropped) = if is_there(value) { (value, other) } else { (other, value) };
    is_defined(dropped);
    kept.clone()
}

/// The value as JSON, counted on the way.
///
/// Fails on a secret reference anywhere in it, as text made of one would hide it, and on what has no JSON.
pub(in crate::template) fn plain(name: &str, value: &Jinja) -> Result<Json, Error> {
    if value.is_undefined() {
        return Err(undefined());
    }
    let secret = || {
        refuse(format!(
            "`{name}` gets a secret reference, which has no text: let it be a value of its own, or a part of `secret_template`"
        ))
    };
    if value.downcast_object_ref::<Template>().is_some() {
        return Err(secret());
    }
    match convert::value(value, &mut Budget::new(), 0) {
        Ok(Some(Value::Plain(json))) => Ok(json),
        Ok(Some(_)) => Err(secret()),
        Ok(None) => Err(refuse(format!("`{name}` gets `omit`, which is no value"))),
        Err(Fault::NotThere | Fault::Pending(_)) => Err(undefined()),
        Err(Fault::Problem(message)) => Err(refuse(format!("what `{name}` gets cannot be used: {message}"))),
    }
}

fn json(state: &State, value: &Jinja) -> Result<Jinja, Error> {
    made(state, "json", json_text::json(&plain("json", value)?))
}

fn yaml(state: &State, value: &Jinja) -> Result<Jinja, Error> {
    let mut out = Bounded(String::new());
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_fmt_writer_with_options(&mut out, &Sorted(&plain("yaml", value)?), options)
        .map_err(|_| too_long("yaml"))?;
    made(state, "yaml", out.0)
}

/// A text that refuses to grow beyond its bound: indentation is long where values are deep.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > STRING_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// JSON with its keys in order, and whole numbers without a fraction.
struct Sorted<'a>(&'a Json);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&Sorted(item)))?;
                list.end()
            }
            Json::Object(map) => {
                let mut entries = serializer.serialize_map(Some(map.len()))?;
                sorted(map)
                    .into_iter()
                    .try_for_each(|(key, value)| entries.serialize_entry(key, &Sorted(value)))?;
                entries.end()
            }
            scalar => scalar.serialize(serializer),
        }
    }
}

fn get(value: &Jinja, key: &Jinja) -> Result<Jinja, Error> {
    if value.is_undefined() || key.is_undefined() {
        return Err(undefined());
    }
    let fits = match (is_map(value), is_list(value)) {
        (true, _) => key.as_str().is_some(),
        (_, true) => key.as_usize().is_some(),
        // Something below `objects` that is not there yet.
        _ => !is_there(value),
    };
    if !fits {
        return Err(refuse(format!(
            "`get` looks up a string in a map or a number in a list, and got {} and {}",
            kind(key),
            kind(value)
        )));
    }
    value.get_item(key)
}

fn map<'a>(what: &str, value: &'a Jinja) -> Result<&'a Jinja, Error> {
    match (value.is_undefined(), is_map(value)) {
        (true, _) => Err(undefined()),
        (_, true) => Ok(value),
        _ => Err(refuse(format!("{what} must be a map, and is {}", kind(value)))),
    }
}

/// The keys of a map, sorted and bounded.
fn names(filter: &str, value: &Jinja) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for key in value.try_iter().map_err(|_| undefined())? {
        let name = key.as_str().ok_or_else(|| refuse(format!("`{filter}` needs keys that are strings")))?;
        names.push(name.to_owned());
        if names.len() > ITEMS {
            return Err(too_many(filter));
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn keys(state: &State, value: &Jinja) -> Result<Jinja, Error> {
    let names = names("keys", map("what `keys` gets", value)?)?;
    spend(state, names.iter().map(|name| name.len() + size_of::<Jinja>()).sum())?;
    Ok(names.into_iter().map(Jinja::from).collect())
}

/// Only the values that stand are looked up: a secret reference that is looked up and not used is a misuse.
fn merge(state: &State, value: &Jinja, other: &Jinja) -> Result<Jinja, Error> {
    let (value, other) = (map("what `merge` gets", value)?, map("the argument of `merge`", other)?);
    let (below, above) = (names("merge", value)?, names("merge", other)?);
    let mut merged: BTreeMap<String, Jinja> = BTreeMap::new();
    for name in above {
        merged.insert(name.clone(), other.get_item(&name.into())?);
    }
    for name in below {
        if !merged.contains_key(&name) {
            merged.insert(name.clone(), value.get_item(&name.into())?);
        }
    }
    if merged.len() > ITEMS {
        return Err(too_many("merge"));
    }
    spend(state, merged.keys().map(|name| name.len() + 4 * size_of::<Jinja>()).sum())?;
    Ok(merged.into())
}

/// The canonical form; with a unit, how many of them, as a whole number.
fn quantity(state: &State, value: &Jinja, Rest(unit): Rest<Jinja>) -> Result<Jinja, Error> {
    let text = match value.as_str() {
        Some(text) => text.to_owned(),
        None if value.is_number() => json_text::of(&plain("quantity", value)?),
        None => return input("quantity", value).map(Jinja::from),
    };
    let Some(unit) = unit.into_iter().next() else {
        let canonical = amount::canonical(&text).ok_or_else(|| {
            refuse("what `quantity` gets is no amount: expected a number, with a unit such as `m`, `k`, `M`, `Mi` or `Gi` or without")
        })?;
        return made(state, "quantity", canonical);
    };
    let unit = super::text("the unit of `quantity`", &unit)?;
    let count = amount::count(&text, unit).and_then(|count| i64::try_from(count).ok());
    let count = count.ok_or_else(|| {
        refuse("`quantity(unit)` needs an amount that fits 64 bits, such as `1.5Gi`, and a unit such as `m`, `k`, `Mi` or `Gi`")
    })?;
    Ok(count.into())
}
