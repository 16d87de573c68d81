//! The files of a container, with their content resolved (F01–F12, H08).

use super::resolve::Filler;
use super::resolved::{FileContent, ResolvedFile};
use crate::api::score::{Container, File};
use crate::plan::schema::below;
use crate::plan::score::pod;
use crate::template::{Filled, Part};

/// Resolves them, by path in the Score file.
pub(super) fn files(path: &str, container: &Container, filler: &mut Filler<'_>) -> Vec<ResolvedFile> {
    let mut found = Vec::new();
    for (target, file) in container.files.iter().flatten() {
        let path = below(&format!("{path}.files"), target);
        if let Some(content) = content(&path, file, filler) {
            found.push(ResolvedFile {
                target: target.clone(),
                // A path that cannot be mounted was refused by `validate`.
                path: pod::mount_path(target).unwrap_or_default(),
                mode: file.mode.as_ref().and_then(|mode| u32::from_str_radix(mode, 8).ok()),
                content,
            });
        }
    }
    found
}

fn content(path: &str, file: &File, filler: &mut Filler<'_>) -> Option<FileContent> {
    let path = format!("{path}.content");
    let content = match (&file.binary_content, &file.content) {
        // Base64 that cannot be read was refused by `validate` (F02).
        (Some(text), _) => FileContent::Bytes(pod::decode(text).unwrap_or_default()),
        (None, Some(text)) if file.no_expand == Some(true) => FileContent::Bytes(text.clone().into_bytes()),
        (None, Some(text)) => expanded(filler.fill(&path, text)?),
        // `source` was refused by `validate` (F03).
        (None, None) => return None,
    };
    filler.trouble.problems.extend(pod::too_large(&path, known_size(&content)));
    Some(content)
}

/// The bytes of a file without those of secrets, which are not known here.
fn known_size(content: &FileContent) -> usize {
    let text = |part: &Part| match part {
        Part::Literal(text) | Part::Output(text) => text.len(),
        Part::Secret(_) => 0,
    };
    match content {
        FileContent::Bytes(bytes) => bytes.len(),
        FileContent::Mixed(filled) => filled.parts().iter().map(text).sum(),
        FileContent::Secret(_) => 0,
    }
}

fn expanded(text: Filled) -> FileContent {
    match (text.as_secret(), text.plain_text()) {
        (Some(secret), _) => FileContent::Secret(secret.clone()),
        (None, Some(plain)) => FileContent::Bytes(plain.into_bytes()),
        (None, None) => FileContent::Mixed(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::plan::Plan;
    use crate::plan::score::pod::FILE_MAX;
    use crate::plan::workload::{WorkloadInputs, plan};

    /// Whether a file of `own` bytes, and an output of `output` bytes or a secret in it, is refused.
    fn is_too_large(own: usize, placeholder: &str, output: usize) -> bool {
        let content = "x".repeat(own) + placeholder;
        let outputs =
            json!({"text": "y".repeat(output), "secret": {"secretKeyRef": {"name": "s", "key": "k"}}});
        let inputs: WorkloadInputs = serde_json::from_value(json!({
            "name": "web", "namespace": "n", "uid": "u", "generation": 1,
            "spec": {"containers": {"main": {"image": "x", "files": {"/x": {"content": content}}}},
                "resources": {"db": {"type": "postgres"}}},
            "resources": {"db": {"object": "o", "uid": "postgres.default#web.db", "current": true, "ready": true,
                "reason": "Ready", "message": "", "outputs": outputs}},
        }))
        .expect("inputs");
        match plan(&inputs) {
            Plan::Ready(_) => false,
            Plan::Rejected(problems) => {
                problems.iter().all(|it| it.path == "containers.main.files[\"/x\"].content")
            }
            Plan::Pending(awaited) => panic!("{awaited:?}"),
        }
    }

    #[test]
    fn f12_a_file_is_measured_with_its_placeholders_filled_in() {
        assert!(!is_too_large(FILE_MAX - 100, "${resources.db.text}", 100));
        assert!(is_too_large(FILE_MAX - 99, "${resources.db.text}", 100));
        assert!(!is_too_large(FILE_MAX - 99, "${resources.db.secret}", 0));
        assert!(is_too_large(FILE_MAX - 99, "${resources.db.text}${resources.db.secret}", 100));
    }
}
