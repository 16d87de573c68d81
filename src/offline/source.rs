//! A workload as a file or a cluster has it: what a projection begins with.

use serde_json::{Map, Value};

use super::document::{Document, Form};
use super::workload;
use crate::plan::rule::select::Labels;

/// A workload.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// The file, as it was named; empty where it comes from a cluster.
    pub file: String,
    /// The workload's name.
    pub name: String,
    /// The namespace that a ScoreWorkload names.
    pub namespace: Option<String>,
    /// The uid of a ScoreWorkload that lives in a cluster; empty where none is known.
    pub uid: String,
    /// The labels of a ScoreWorkload.
    pub labels: Labels,
    /// The annotations of a ScoreWorkload.
    pub annotations: Labels,
    /// The Score file.
    pub spec: Map<String, Value>,
}

impl Source {
    /// From a document without problems; `None` where it has no name or no Score file.
    #[must_use]
    pub fn new(file: &str, document: &Document) -> Option<Self> {
        let name = workload::name(document)?.to_owned();
        let spec = workload::spec(document).ok()?;
        let source = Self { file: file.to_owned(), name, spec, ..Self::default() };
        if document.form == Form::Score {
            return Some(source);
        }
        let metadata = document.node.get("metadata")?.to_json();
        let texts = |key: &str| {
            let texts = metadata[key].as_object().into_iter().flatten();
            texts.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
        };
        Some(Self {
            namespace: workload::namespace(document).map(str::to_owned),
            uid: metadata["uid"].as_str().unwrap_or_default().to_owned(),
            labels: texts("labels"),
            annotations: texts("annotations"),
            ..source
        })
    }
}
