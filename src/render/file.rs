//! The files of a workload: a ConfigMap or Secret each, mounted one by one at their own path (F01–F11).
//!
//! A volume over a whole directory would hide what the image has there (F06); a single file never follows
//! a change of its content, so a hash of all contents on the pods makes a change a rollout (F11).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::object::object;
use super::{Manifest, SecretValues};
use crate::api::names::{LABEL_MAX, digest, file_hash, truncate_hash};
use crate::plan::workload::{FileContent, ResolvedContainer, ResolvedFile, Workload};
use crate::template::{Filled, Part};

/// The key that a file has in its ConfigMap or Secret.
const KEY: &str = "file";

/// The ConfigMaps and Secrets.
pub(super) fn render(workload: &Workload, secrets: &SecretValues) -> Vec<Manifest> {
    let manifest = |(container, file): (&ResolvedContainer, &ResolvedFile)| {
        let name = object_name(workload, container, file);
        match &file.content {
            FileContent::Bytes(bytes) => {
                let data = json!({KEY: STANDARD.encode(bytes)});
                Some(object(workload, ("v1", "ConfigMap"), name, ("binaryData", data)))
            }
            FileContent::Mixed(text) => {
                let data = json!({KEY: STANDARD.encode(composed(text, secrets))});
                Some(object(workload, ("v1", "Secret"), name, ("data", data)))
            }
            FileContent::Secret(_) => None,
        }
    };
    files(workload).filter_map(manifest).collect()
}

/// The volumes: one per file, as two may have one name in different directories or containers (F07, F08).
pub(super) fn volumes(workload: &Workload) -> Vec<Value> {
    let volume = |(container, file): (&ResolvedContainer, &ResolvedFile)| {
        let key = match &file.content {
            FileContent::Secret(secret) => secret.key.as_str(),
            FileContent::Bytes(_) | FileContent::Mixed(_) => KEY,
        };
        let mut item = json!({"key": key, "path": base_name(&file.path)});
        if let Some(mode) = file.mode {
            item["mode"] = json!(mode);
        }
        let name = object_name(workload, container, file);
        let mut body = match &file.content {
            FileContent::Bytes(_) => json!({"configMap": {"name": name, "items": [item]}}),
            FileContent::Secret(secret) => json!({"secret": {"secretName": secret.name, "items": [item]}}),
            FileContent::Mixed(_) => json!({"secret": {"secretName": name, "items": [item]}}),
        };
        body["name"] = json!(volume_name(container, file));
        body
    };
    files(workload).map(volume).collect()
}

/// Where a container finds its files.
pub(super) fn mounts(container: &ResolvedContainer) -> impl Iterator<Item = Value> {
    container.files.iter().map(|file| {
        json!({
            "name": volume_name(container, file),
            "mountPath": file.path,
            "subPath": base_name(&file.path),
            "readOnly": true,
        })
    })
}

/// A hash of what the files of a workload hold; `None` where it has none of its own. Of a secret only
/// which one it is: a hash of its value would let people try values (decision 14).
pub(super) fn hash(workload: &Workload) -> Option<String> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for (container, file) in files(workload) {
        match &file.content {
            FileContent::Bytes(bytes) => parts.push(bytes.clone()),
            FileContent::Mixed(text) => parts.push(format!("{:?}", text.parts()).into_bytes()),
            FileContent::Secret(_) => continue,
        }
        parts.push(object_name(workload, container, file).into_bytes());
    }
    (!parts.is_empty()).then(|| digest(&parts))
}

fn files(workload: &Workload) -> impl Iterator<Item = (&ResolvedContainer, &ResolvedFile)> {
    let of = |container| ResolvedContainer::files_of(container);
    workload.all_containers().flat_map(of)
}

/// The text with the values of its secrets; the caller has read them all.
fn composed(text: &Filled, secrets: &SecretValues) -> Vec<u8> {
    let part = |part: &Part| match part {
        Part::Literal(text) | Part::Output(text) => text.clone().into_bytes(),
        Part::Secret(reference) => secrets.get(reference),
    };
    text.parts().iter().flat_map(part).collect()
}

/// Names as score-k8s has them (F01): of the path as the author wrote it.
fn object_name(workload: &Workload, container: &ResolvedContainer, file: &ResolvedFile) -> String {
    format!("{}-{}-file-{}", workload.name, container.name, file_hash(&file.target))
}

fn volume_name(container: &ResolvedContainer, file: &ResolvedFile) -> String {
    truncate_hash(&format!("file-{}-{}", container.name, file_hash(&file.target)), LABEL_MAX)
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
