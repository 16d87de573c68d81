//! What happens to a score.yaml before it is the `spec` of a ScoreWorkload: read, overridden, upgraded,
//! its sources inlined, its image given.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::data::Run;

/// A file as it would be stored, and which steps were needed, by their ids.
pub struct Wrapped {
    pub name: String,
    pub spec: Map<String, Value>,
    pub steps: BTreeSet<&'static str>,
}

/// Makes a score.yaml a ScoreWorkload's `spec`; an error is `path: message`.
pub fn wrap(text: &str, run: &Run) -> Result<Wrapped, String> {
    let mut file = read(text).map_err(|error| format!("score.yaml: {error}"))?;
    let mut steps = BTreeSet::new();
    if override_(&mut file, run)? {
        steps.insert("E10");
    }
    for (name, container) in entries(Some(&mut file), "containers") {
        for key in ["files", "volumes"] {
            if let Some(Value::Array(items)) = container.get(key) {
                container[key] = upgraded(items, &format!("containers.{name}.{key}"))?;
                steps.insert("S20");
            }
        }
        if let Some(image) = option(run, "--image").filter(|_| container["image"] == ".") {
            container["image"] = json!(image);
            steps.insert("W08");
        }
        for (target, file) in entries(Some(container), "files") {
            let path = format!("containers.{name}.files[{target:?}].source");
            if inlined(file, run).map_err(|message| format!("{path}: {message}"))? {
                steps.insert("F03");
            }
        }
    }
    let Value::Object(spec) = file else {
        return Err("score.yaml: expected a map".to_owned());
    };
    let Some(name) = spec.get("metadata").and_then(|metadata| metadata.get("name")) else {
        return Err("metadata.name: missing".to_owned());
    };
    Ok(Wrapped { name: name.as_str().unwrap_or("unnamed").to_owned(), spec, steps })
}

fn option<'a>(run: &'a Run, name: &str) -> Option<&'a String> {
    options(run, name).next()
}

fn options<'a>(run: &'a Run, name: &str) -> impl Iterator<Item = &'a String> {
    run.options.windows(2).filter(move |pair| pair[0] == name).map(|pair| &pair[1])
}

/// The namespace that the command names.
pub fn namespace(run: &Run) -> Option<&String> {
    option(run, "--namespace")
}

fn read(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        underscored_numbers_as_strings: true,
    };
    let value = serde_saphyr::from_str_with_options::<Value>(text, options);
    value.map_err(|error| error.to_string())
}

fn override_(file: &mut Value, run: &Run) -> Result<bool, String> {
    for name in options(run, "--overrides-file") {
        let text = String::from_utf8_lossy(&run.files[name]).into_owned();
        merge(file, read(&text)?);
    }
    for property in options(run, "--override-property") {
        let (path, text) = property.split_once('=').unwrap_or((property, ""));
        let value = if text.is_empty() { None } else { Some(read(text)?) };
        let path = path.replace("\\.", "\0");
        let keys: Vec<_> = path.split('.').map(|key| key.replace('\0', ".")).collect();
        set(file, &keys, value).map_err(|message| format!("--override-property {path}: {message}"))?;
    }
    Ok(run.options.iter().any(|option| option.starts_with("--override")))
}

fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(target.entry(key).or_insert(json!({})), value);
            }
        }
        (target, patch) => *target = patch,
    }
}

fn set(node: &mut Value, keys: &[String], value: Option<Value>) -> Result<(), String> {
    let Some((key, rest)) = keys.split_first() else { return Ok(()) };
    match node {
        Value::Array(items) if rest.is_empty() => return set_item(items, key, value),
        Value::Array(items) => {
            let item = key.parse().ok().and_then(|index: usize| items.get_mut(index));
            return set(item.ok_or(format!("there is no item {key}"))?, rest, value);
        }
        Value::Object(map) if !rest.is_empty() => {
            return set(map.entry(key.clone()).or_insert(json!({})), rest, value);
        }
        Value::Object(map) => match value {
            Some(value) => drop(map.insert(key.clone(), value)),
            None => drop(map.remove(key)),
        },
        _ => return Err(format!("`{key}` stands in no map")),
    }
    Ok(())
}

/// Sets, removes or, by `-1` and by the index after the last, appends.
fn set_item(items: &mut Vec<Value>, key: &str, value: Option<Value>) -> Result<(), String> {
    let index = if key == "-1" { items.len() } else { key.parse().unwrap_or(usize::MAX) };
    match value {
        Some(value) if index == items.len() => items.push(value),
        Some(value) if index < items.len() => items[index] = value,
        None if index < items.len() => drop(items.remove(index)),
        _ => return Err(format!("there is no item {key}")),
    }
    Ok(())
}

/// The list form as a map by `target`; the last of two wins.
fn upgraded(items: &[Value], path: &str) -> Result<Value, String> {
    let mut map = Map::new();
    for (index, item) in items.iter().enumerate() {
        let mut item = item.as_object().cloned().unwrap_or_default();
        let Some(Value::String(target)) = item.remove("target") else {
            return Err(format!("{path}[{index}].target: missing, or no text"));
        };
        if let Some(Value::Array(lines)) = item.get("content") {
            let lines: Vec<_> = lines.iter().filter_map(Value::as_str).collect();
            item.insert("content".to_owned(), json!(lines.join("\n")));
        }
        if let Some(read_only) = item.remove("read_only") {
            item.insert("readOnly".to_owned(), read_only);
        }
        map.insert(target, Value::Object(item));
    }
    Ok(Value::Object(map))
}

/// Puts the content of `source` into the file.
fn inlined(file: &mut Value, run: &Run) -> Result<bool, String> {
    let others = ["content", "binaryContent"];
    let Some(file) = file.as_object_mut().filter(|file| !others.iter().any(|key| file.contains_key(*key)))
    else {
        return Ok(false);
    };
    let Some(source) = file.get("source").and_then(Value::as_str).filter(|source| !source.is_empty()) else {
        return Ok(false);
    };
    let bytes = run.files.get(source).ok_or(format!("there is no file `{source}`"))?;
    let raw = file.get("noExpand") == Some(&json!(true));
    match std::str::from_utf8(bytes) {
        Ok(text) => file.insert("content".to_owned(), json!(text)),
        Err(_) if raw => file.insert("binaryContent".to_owned(), json!(STANDARD.encode(bytes))),
        Err(_) => return Err("is not UTF-8: set `noExpand`".to_owned()),
    };
    file.remove("source");
    Ok(true)
}

/// The entries of the map `key` of a map, if they are there.
fn entries<'a>(value: Option<&'a mut Value>, key: &str) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
    value.and_then(|value| value.get_mut(key)).and_then(Value::as_object_mut).into_iter().flatten()
}
