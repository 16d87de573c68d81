//! Manifests: files with objects in them.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use kube::api::DynamicObject;
use serde_json::Value;

/// The objects of a file, in its order.
pub fn read(path: &Path) -> Result<Vec<DynamicObject>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| format!("cannot parse {}", path.display()))
}

fn parse(text: &str) -> Result<Vec<DynamicObject>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)?;
    let objects = documents.into_iter().filter(|document| !document.is_null());
    Ok(objects.map(serde_json::from_value).collect::<Result<_, _>>()?)
}

/// The kind of an object, as in `Deployment`.
pub fn kind(object: &DynamicObject) -> &str {
    object.types.as_ref().map_or("object", |types| types.kind.as_str())
}

/// Kind and name, as in `Deployment api`.
pub fn title(object: &DynamicObject) -> String {
    format!("{} {}", kind(object), object.metadata.name.as_deref().unwrap_or_default())
}

/// How many there are of each kind, as in `2 Deployment, 1 Service`.
pub fn count<'a>(objects: impl IntoIterator<Item = &'a DynamicObject>) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    objects.into_iter().for_each(|object| *counts.entry(kind(object)).or_default() += 1);
    let words: Vec<_> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_any_number_of_objects() {
        let text = "# nothing but a comment\n---\n{apiVersion: v1, kind: Secret, metadata: {name: a}}\n---\n\
                    {apiVersion: v1, kind: Secret, metadata: {name: b}}\n---\n{kind: Pod, apiVersion: v1}\n";
        let objects = parse(text).unwrap();
        assert_eq!(objects.iter().map(title).collect::<Vec<_>>(), ["Secret a", "Secret b", "Pod "]);
        assert_eq!(count(&objects), "1 Pod, 2 Secret");
    }
}
