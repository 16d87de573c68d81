//! The files of a container, with their content resolved (F01–F12, H08).

use super::resolve::Filler;
use super::resolved::{FileContent, ResolvedFile};
use crate::api::score::{Container, File};
use crate::plan::schema::below;
use crate::plan::score::pod;
use crate::template::Filled;

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
    if let FileContent::Bytes(bytes) = &content {
        filler.trouble.problems.extend(pod::too_large(&path, bytes.len()));
    }
    Some(content)
}

fn expanded(text: Filled) -> FileContent {
    match (text.as_secret(), text.plain_text()) {
        (Some(secret), _) => FileContent::Secret(secret.clone()),
        (None, Some(plain)) => FileContent::Bytes(plain.into_bytes()),
        (None, None) => FileContent::Mixed(text),
    }
}
