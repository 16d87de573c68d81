//! Reads what the commands without a cluster are given: files, directories of them, standard input.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::exit::Failure;
use crate::api::conditions::Reason;
use crate::offline::Remark;
use crate::offline::input::{self, Document, Source};
use crate::offline::rules::{self, RuleFile};

/// One file, as text.
struct Text {
    /// As the user named it.
    name: String,
    text: String,
    /// Whether the user named it, and not its directory: then it must be what is asked for.
    named: bool,
}

/// What was read: what could be used, what is wrong with the rest, and how many files there were.
pub(super) struct Found<T> {
    pub(super) items: Vec<T>,
    pub(super) remarks: Vec<Remark>,
    pub(super) files: usize,
}

/// The workloads in files and directories; `-` is standard input.
///
/// # Errors
/// Files that cannot be read.
pub(super) fn workloads(paths: &[PathBuf]) -> Result<Found<Source>, Failure> {
    read(paths, |text, document| match input::read(&text.name, document)? {
        Document::Workload(source) => Ok(Some(source)),
        Document::Other(_) if !text.named => Ok(None),
        Document::Other(kind) => {
            let message = format!("found {kind}, expected a Score file or a ScoreWorkload");
            Err(Remark::new(&text.name, "kind", Reason::InvalidScore, message))
        }
    })
}

/// The one namespace that is said by the user or by ScoreWorkloads, if any.
///
/// # Errors
/// Several namespaces.
pub(super) fn namespace(wanted: Option<&str>, workloads: &[Source]) -> Result<Option<String>, Failure> {
    let named = workloads.iter().filter_map(|found| found.namespace.as_deref());
    let named: BTreeSet<_> = named.chain(wanted).collect();
    if named.len() > 1 {
        let names: Vec<_> = named.into_iter().collect();
        return Err(Failure::error(format_args!(
            "found the namespaces {}, expected one: take each by itself",
            names.join(", ")
        )));
    }
    Ok(named.into_iter().next().map(str::to_owned))
}

/// The rules in files and directories.
///
/// # Errors
/// Files that cannot be read.
pub(super) fn rules(paths: &[PathBuf]) -> Result<Found<RuleFile>, Failure> {
    read(paths, |text, document| {
        if !text.named && document["kind"] != "ProvisionerRule" {
            return Ok(None);
        }
        rules::read(&text.name, &document).map(Some)
    })
}

/// One document of a file of its own.
///
/// # Errors
/// A file that cannot be read, or holds no YAML.
pub(super) fn document(path: &Path) -> Result<Value, Failure> {
    let text = text(path, true)?;
    let documents = input::documents(&text.name, &text.text);
    let documents = documents.map_err(|remark| Failure::Refused(super::remarks::lines(&[remark], true)))?;
    Ok(documents.into_iter().next().unwrap_or_default())
}

fn read<T>(
    paths: &[PathBuf],
    take: impl Fn(&Text, Value) -> Result<Option<T>, Remark>,
) -> Result<Found<T>, Failure> {
    let texts = texts(paths)?;
    let mut read = Found { items: Vec::new(), remarks: Vec::new(), files: texts.len() };
    for text in texts {
        match input::documents(&text.name, &text.text) {
            Ok(documents) if documents.is_empty() && text.named => {
                let message = "found nothing, expected a YAML document";
                read.remarks.push(Remark::new(&text.name, "", Reason::InvalidScore, message));
            }
            Ok(documents) => {
                for document in documents {
                    match take(&text, document) {
                        Ok(found) => read.items.extend(found),
                        Err(remark) => read.remarks.push(remark),
                    }
                }
            }
            Err(remark) => read.remarks.push(remark),
        }
    }
    Ok(read)
}

/// The files, each once, however often it was named.
fn texts(paths: &[PathBuf]) -> Result<Vec<Text>, Failure> {
    let mut seen = BTreeSet::new();
    let mut texts = Vec::new();
    for path in paths {
        let named = !path.is_dir();
        let mut files = if named { vec![path.clone()] } else { below(path)? };
        files.retain(|file| seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())));
        for file in files {
            texts.push(text(&file, named)?);
        }
    }
    Ok(texts)
}

fn text(path: &Path, named: bool) -> Result<Text, Failure> {
    let name = path.display().to_string();
    let text = if name == "-" {
        let mut text = String::new();
        let read = std::io::stdin().lock().read_to_string(&mut text);
        read.map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    Ok(Text { text: text.map_err(|error| Failure::read(path, &error))?, name, named })
}

/// The YAML and JSON files below a directory, by path; what is hidden is left out.
fn below(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(directory).map_err(|error| Failure::read(directory, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| Failure::read(directory, &error))?.path());
    }
    paths.sort();
    let hidden = |path: &PathBuf| path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    let mut files = Vec::new();
    for path in paths.into_iter().filter(|path| !hidden(path)) {
        if path.is_dir() {
            files.extend(below(&path)?);
        } else if is_document(&path) {
            files.push(path);
        }
    }
    Ok(files)
}

fn is_document(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| ["yaml", "yml", "json"].contains(&extension))
}
