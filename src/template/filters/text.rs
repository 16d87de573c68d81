//! Filters from text to text, and between texts and lists.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Environment, Error, State, Value as Jinja};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::super::limits::{ITEMS, STRING_BYTES};
use super::{data, input, is_list, kind, made, name, refuse, spend, text, too_long, undefined};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("b64decode", b64decode);
    environment.add_filter("b64encode", b64encode);
    environment.add_filter("dns_label", dns_label);
    environment.add_filter("join", join);
    environment.add_filter("lower", |state: &State, value: &Jinja| {
        made(state, "lower", input("lower", value)?.to_lowercase())
    });
    environment.add_filter("replace", replace);
    environment.add_filter("sha256", sha256);
    environment.add_filter("split", split);
    environment.add_filter("trim", |state: &State, value: &Jinja| {
        made(state, "trim", input("trim", value)?.trim().to_owned())
    });
    environment.add_filter("truncate_hash", truncate_hash);
    environment.add_filter("upper", |state: &State, value: &Jinja| {
        made(state, "upper", input("upper", value)?.to_uppercase())
    });
}

fn b64encode(state: &State, value: &Jinja) -> Result<Jinja, Error> {
    let text = input("b64encode", value)?;
    if text.len() / 3 * 4 > STRING_BYTES {
        return Err(too_long("b64encode"));
    }
    made(state, "b64encode", STANDARD.encode(text))
}

fn b64decode(state: &State, value: &Jinja) -> Result<Jinja, Error> {
    let bytes = STANDARD.decode(input("b64decode", value)?).map_err(|_| {
        refuse("what `b64decode` gets is no base64: expected letters, digits, `+` and `/`, padded with `=` to fours")
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| refuse("what `b64decode` gets stands for bytes that are no text (UTF-8)"))?;
    made(state, "b64decode", text)
}

fn dns_label(state: &State, value: &Jinja) -> Result<Jinja, Error> {
    made(state, "dns_label", name::label(input("dns_label", value)?))
}

fn truncate_hash(state: &State, value: &Jinja, most: &Jinja) -> Result<Jinja, Error> {
    let text = input("truncate_hash", value)?;
    if most.is_undefined() {
        return Err(undefined());
    }
    match most.as_usize() {
        Some(most) if most >= name::SHORTEST => made(state, "truncate_hash", name::truncated(text, most)),
        _ => Err(refuse(format!("`truncate_hash(n)` needs a number of at least {}", name::SHORTEST))),
    }
}

fn sha256(state: &State, value: &Jinja) -> Result<Jinja, Error> {
    let digest = Sha256::digest(input("sha256", value)?);
    let mut hex = String::with_capacity(2 * digest.len());
    for byte in digest {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    made(state, "sha256", hex)
}

/// The length is known before the text is made: `'x' | replace('x', long)` in a chain grows by powers.
fn replace(state: &State, value: &Jinja, from: &Jinja, to: &Jinja) -> Result<Jinja, Error> {
    let whole = input("replace", value)?;
    let from = separator("`from` of `replace('from', 'to')`", from)?;
    let to = text("`to` of `replace('from', 'to')`", to)?;
    let found = whole.matches(from).count();
    if whole.len() - found * from.len() + found * to.len() > STRING_BYTES {
        return Err(too_long("replace"));
    }
    made(state, "replace", whole.replace(from, to))
}

fn split(state: &State, value: &Jinja, by: &Jinja) -> Result<Jinja, Error> {
    let whole = input("split", value)?;
    let by = separator("the separator of `split`", by)?;
    if whole.matches(by).nth(ITEMS - 1).is_some() {
        return Err(too_many("split"));
    }
    let parts: Vec<Jinja> = whole.split(by).map(Jinja::from).collect();
    spend(state, whole.len() + parts.len() * size_of::<Jinja>())?;
    Ok(parts.into())
}

/// A text that is looked for: an empty one is found everywhere.
fn separator<'a>(what: &str, value: &'a Jinja) -> Result<&'a str, Error> {
    match text(what, value)? {
        "" => Err(refuse(format!("{what} is empty: expected a text to look for"))),
        text => Ok(text),
    }
}

pub(super) fn too_many(name: &str) -> Error {
    refuse(format!("`{name}` makes a list of more than {ITEMS} items"))
}

fn join(state: &State, value: &Jinja, by: &Jinja) -> Result<Jinja, Error> {
    if value.is_undefined() {
        return Err(undefined());
    }
    if !is_list(value) {
        return Err(refuse(format!("what `join` gets must be a list, and is {}", kind(value))));
    }
    let by = text("the separator of `join`", by)?;
    let items = match data::plain("join", value)? {
        Json::Array(items) => items,
        other => vec![other],
    };
    let mut out = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(by);
        }
        out.push_str(&joined(item)?);
        if out.len() > STRING_BYTES {
            return Err(too_long("join"));
        }
    }
    made(state, "join", out)
}

fn joined(item: &Json) -> Result<String, Error> {
    match item {
        Json::String(_) | Json::Number(_) | Json::Bool(_) => Ok(super::super::text::of(item)),
        Json::Null => Err(refuse("`join` makes text of strings, numbers and bools, and got null")),
        Json::Array(_) | Json::Object(_) => {
            Err(refuse("`join` makes text of strings, numbers and bools, and got a list or map in the list"))
        }
    }
}
