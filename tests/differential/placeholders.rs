//! Placeholders, read once more and from the specification alone, to judge what the operator says of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::decisions::{containers, entries};
use super::documents::NAME;

/// The references in a text, as paths; one without a name has no part.
fn references(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        let escaped = after.strip_prefix('$');
        let open = escaped.unwrap_or(after).strip_prefix('{').and_then(|open| open.split_once('}'));
        rest = match (escaped, open) {
            (Some(_), Some((_, rest))) | (Some(rest), None) => rest,
            (None, Some((inner, rest))) => {
                found.push(parts(inner));
                rest
            }
            (None, None) => after,
        };
    }
    found
}

/// Whether no placeholder is in a text.
pub fn is_literal(text: &str) -> bool {
    references(text).is_empty()
}

/// The parts between the dots; `\.` is a dot in a part.
fn parts(inner: &str) -> Vec<String> {
    let inner = inner.replace("\\.", "\0");
    inner.split('.').map(|part| part.replace('\0', ".")).collect()
}

/// Whether a reference names something that the document can have.
fn is_known(path: &[String], file: &Value) -> bool {
    match path {
        [root, key, rest @ ..] if root == "metadata" => {
            let mut metadata = file["metadata"].clone();
            metadata["name"] = metadata.get("name").cloned().unwrap_or(json!(NAME));
            let found = rest.iter().try_fold(metadata.get(key), |node, key| Some(node?.get(key)));
            matches!(found, Some(Some(_)))
        }
        [root, name, ..] if root == "resources" => file["resources"].get(name).is_some(),
        _ => false,
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Whether a placeholder, where one is read, names nothing.
pub fn unknown(file: &Value) -> bool {
    let mut found = Vec::new();
    for (_, container) in containers(file) {
        found.extend(texts(&container["variables"]));
        let files = entries(&container["files"]).filter(|(_, it)| it["noExpand"] != true);
        found.extend(files.filter_map(|(_, it)| it["content"].as_str()));
        found.extend(entries(&container["volumes"]).filter_map(|(_, it)| it["source"].as_str()));
    }
    let mut wrong = found.into_iter().flat_map(references).any(|path| !is_known(&path, file));
    for (_, resource) in entries(&file["resources"]) {
        // A shared resource may mean the metadata of another file, which defined it first (H14).
        let shared = resource.get("id").is_some();
        let mut paths = texts(&resource["params"]).into_iter().flat_map(references);
        wrong |= paths.any(|path| !is_known(&path, file) && (!shared || path[0] != "metadata"));
    }
    wrong
}

/// Whether params of resources name each other in a circle.
pub fn circular(file: &Value) -> bool {
    let names = |resource: &Value| -> BTreeSet<String> {
        let paths = texts(&resource["params"]).into_iter().flat_map(references);
        paths.filter(|path| path[0] == "resources").filter_map(|path| path.get(1).cloned()).collect()
    };
    let edges = entries(&file["resources"]).map(|(name, resource)| (name.clone(), names(resource)));
    has_cycle(&edges.collect())
}

/// Whether a graph has a cycle: what is left when nodes that lead nowhere are taken away.
pub fn has_cycle(edges: &BTreeMap<String, BTreeSet<String>>) -> bool {
    let mut left = edges.clone();
    loop {
        let names: BTreeSet<_> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, next| next.iter().any(|name| names.contains(name)));
        if left.len() == before {
            return before > 0;
        }
    }
}
