//! From the text of a file to the workloads in it: Score files and `ScoreWorkloads`.

use serde_json::{Map, Value};

use super::Remark;
use crate::api::conditions::Reason;
use crate::api::{API_VERSION, GROUP};
use crate::plan::problem::list;
use crate::plan::rule::select::Labels;

/// A workload as a file has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// The file, as it was named.
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

/// What a document of a file is.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// A workload.
    Workload(Source),
    /// Something else; what, for a message.
    Other(String),
}

/// The documents of a YAML file, empty ones left out.
///
/// # Errors
/// What is wrong with the YAML.
pub fn documents(file: &str, text: &str) -> Result<Vec<Value>, Remark> {
    let documents = serde_saphyr::from_multiple::<Value>(text);
    let documents = documents
        .map_err(|error| Remark::new(file, "", Reason::InvalidScore, format!("no YAML: {error}")))?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// Reads one document.
///
/// # Errors
/// A Score file or ScoreWorkload that does not say what it is called.
pub fn read(file: &str, document: Value) -> Result<Document, Remark> {
    let Value::Object(mut object) = document else { return Ok(Document::Other("no map".to_owned())) };
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    match (api_version, kind) {
        (API_VERSION, "ScoreWorkload") => custom_resource(file, &mut object),
        (_, "") if !object.contains_key("kind") => score(file, object),
        _ => Ok(Document::Other(self::kind(&Value::Object(object)))),
    }
}

fn score(file: &str, spec: Map<String, Value>) -> Result<Document, Remark> {
    let looks_like = |key: &&str| spec.contains_key(*key);
    if !["containers", "metadata", "resources", "service"].iter().any(|key| looks_like(&key)) {
        return Ok(Document::Other("a map without `containers`".to_owned()));
    }
    let name = named(file, &spec)?;
    Ok(Document::Workload(Source { file: file.to_owned(), name, spec, ..Source::default() }))
}

fn custom_resource(file: &str, object: &mut Map<String, Value>) -> Result<Document, Remark> {
    let name = named(file, object)?;
    let spec = match object.remove("spec") {
        Some(Value::Object(spec)) => spec,
        _ => {
            let message = "expected the Score file, found none";
            return Err(Remark::new(file, "spec", Reason::InvalidScore, message));
        }
    };
    let metadata = &object["metadata"];
    let text = |key: &str| metadata[key].as_str().map(str::to_owned);
    let texts = |key: &str| {
        let texts = metadata[key].as_object().into_iter().flatten();
        texts.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    };
    Ok(Document::Workload(Source {
        file: file.to_owned(),
        name,
        namespace: text("namespace"),
        uid: text("uid").unwrap_or_default(),
        labels: texts("labels"),
        annotations: texts("annotations"),
        spec,
    }))
}

fn named(file: &str, object: &Map<String, Value>) -> Result<String, Remark> {
    let name = object.get("metadata").and_then(|metadata| metadata["name"].as_str());
    let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
    name.ok_or_else(|| {
        let message = "expected the workload's name, found none";
        Remark::new(file, "metadata.name", Reason::InvalidScore, message)
    })
}

/// What a document is, for a message: `Deployment of apps/v1`.
#[must_use]
pub fn kind(document: &Value) -> String {
    match (document["kind"].as_str(), document["apiVersion"].as_str()) {
        (Some(kind), Some(version)) => format!("{kind} of {version}"),
        (Some(kind), None) => format!("{kind} without `apiVersion`"),
        (None, _) => format!("no object of {GROUP}"),
    }
}

/// Sets images, as `--image` has it: `image` for every container whose image is `.`, or
/// `container=image` for one.
///
/// # Errors
/// That there is no such container.
pub fn set_image(source: &mut Source, text: &str) -> Result<(), String> {
    let (wanted, image) = match text.split_once('=') {
        Some((container, image)) => (Some(container), image),
        None => (None, text),
    };
    let Some(Value::Object(containers)) = source.spec.get_mut("containers") else { return Ok(()) };
    let names: Vec<_> = containers.keys().cloned().collect();
    let is_meant =
        |name: &str, container: &Value| wanted.map_or(container["image"] == ".", |wanted| wanted == name);
    let mut found = containers.iter_mut().filter(|(name, container)| is_meant(name, container)).peekable();
    if found.peek().is_none() {
        let what = wanted.map_or("whose image is `.`".to_owned(), |wanted| format!("`{wanted}`"));
        let names = list(names.iter().map(String::as_str));
        return Err(format!("--image {text}: there is no container {what} (there: {names})"));
    }
    for (_, container) in found {
        container["image"] = Value::from(image);
    }
    Ok(())
}
