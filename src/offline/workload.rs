//! From a document to a workload with a name: what is given from outside is put in, then all is checked.

use serde_json::{Map, Value as Json};

use super::document::{Document, Form, KIND, SCORE_VERSION};
use super::finding::{Finding, Places};
use super::image::Image;
use super::inline::{ReadSource, inline};
use super::overrides::{Property, hint, merge};
use super::upgrade::upgrade;
use super::yaml::{Node, Value, emit};
use crate::api::API_VERSION;
use crate::api::conditions::Reason;
use crate::api::names::is_label;
use crate::plan::problem::{Problem, list};
use crate::plan::{score, workload};

/// The keys of a ScoreWorkload.
const KEYS: &[&str] = &["apiVersion", "kind", "metadata", "spec", "status"];

/// What the name of a namespace is (RFC 1123).
pub const NAMESPACE: &str = "at most 63 characters of a-z, 0-9 and `-`, with a letter or digit at both ends";

/// What is given from outside the file.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// A file that is merged into the Score file.
    pub overrides: Option<Node>,
    /// Properties to change after that.
    pub properties: Vec<Property>,
    /// Images in the place of `.`.
    pub images: Vec<Image>,
    /// The workload's name, in the place of its own.
    pub name: Option<String>,
    /// The namespace of the ScoreWorkload, in the place of its own.
    pub namespace: Option<String>,
}

impl Changes {
    fn overrides_score(&self) -> bool {
        self.overrides.is_some() || !self.properties.is_empty()
    }

    /// Whether they can be put into that many workloads at once: an image or an override is meant for one.
    ///
    /// # Errors
    /// How many were found, and what to do (W08, E10).
    pub fn fit(&self, workloads: usize) -> Result<(), String> {
        if workloads > 1 && (self.overrides_score() || !self.images.is_empty()) {
            return Err(format!(
                "images and overrides are for one workload, found {workloads}: `wrap` each with its own"
            ));
        }
        Ok(())
    }
}

/// Puts `changes` into a document and makes it whole: overrides, then the upgrade of old forms (S20), then
/// images (W08), then sources (F03). Gives what only an edit of the file can mend, sorted by path.
///
/// # Errors
/// A change that does not fit the document: the usage is wrong, not the file.
pub fn prepare(document: &mut Document, changes: &Changes, read: ReadSource) -> Result<Vec<Problem>, String> {
    if document.form == Form::Workload && changes.overrides_score() {
        return Err(
            "overrides are for Score files, and this is a ScoreWorkload: edit it, or `unwrap` it first"
                .to_owned(),
        );
    }
    if let Some(name) = &changes.name {
        rename(document, name);
    }
    let Some(score) = document.score_mut() else { return Ok(Vec::new()) };
    if let Some(overrides) = &changes.overrides {
        merge(score, overrides.clone());
    }
    changes.properties.iter().try_for_each(|property| property.apply(score))?;
    let mut problems = upgrade(score);
    changes.images.iter().try_for_each(|image| image.apply(score))?;
    problems.extend(inline(score, read));
    problems.sort();
    Ok(problems)
}

/// Gives a workload another name, wherever it says its own.
fn rename(document: &mut Document, name: &str) {
    if document.form == Form::Workload
        && let Some(metadata) = document.node.get_mut("metadata")
    {
        metadata.set("name", Node::from(name));
    }
    let Some(metadata) = document.score_mut().and_then(|score| score.get_mut("metadata")) else { return };
    if metadata.get("name").is_some() {
        metadata.set("name", Node::from(name));
    } else {
        metadata.put_first("name", name.into());
    }
}

/// All that keeps a document from being applied as a ScoreWorkload, beside the `known` problems of [`prepare`]: a
/// Score file says its API version and name (S01), a ScoreWorkload what it is; and all that the schema refuses.
#[must_use]
pub fn refused(file: &str, document: &Document, known: Vec<Problem>) -> Vec<Finding> {
    let problems = spec(document).map_or_else(|problem| vec![problem], |spec| score::shape(&spec));
    located(file, document, known, problems)
}

/// All that is wrong with a document, as the operator sees it, beside the `known` problems of [`prepare`].
#[must_use]
pub fn validate(file: &str, document: &Document, known: Vec<Problem>) -> Vec<Finding> {
    let (Some(name), Ok(spec)) = (name(document), spec(document)) else {
        return refused(file, document, known);
    };
    let problems = workload::validate(name, &spec).err().unwrap_or_default();
    located(file, document, known, problems)
}

/// What is no problem, and perhaps not meant: placeholders that stay as they are (H09), probes that are not made (R04).
#[must_use]
pub fn remarks(document: &Document) -> Vec<String> {
    let (Some(name), Ok(spec)) = (name(document), spec(document)) else { return Vec::new() };
    score::read(&spec, name).0.map(|score| score::remarks(&score)).unwrap_or_default()
}

/// Problems as findings in the order of their lines, each once; what is known of a path hides what else is said
/// of it.
fn located(file: &str, document: &Document, known: Vec<Problem>, problems: Vec<Problem>) -> Vec<Finding> {
    let score = document.score().unwrap_or(&document.node);
    let is_new = |problem: &Problem| known.iter().all(|known| known.path != problem.path);
    let new: Vec<_> = problems.into_iter().filter(is_new).collect();
    let (score, whole) = (Places::of(score), Places::of(&document.node));
    let of_score = known.into_iter().chain(new).map(|problem| Finding::new(file, &score, problem));
    let of_document = identity(document).into_iter().map(|problem| Finding::new(file, &whole, problem));
    let mut findings: Vec<_> = of_document.chain(of_score).collect();
    findings.sort_by(|one, other| (one.place, &one.problem).cmp(&(other.place, &other.problem)));
    findings.dedup();
    findings
}

/// The name of a workload, where it has one.
#[must_use]
pub fn name(document: &Document) -> Option<&str> {
    document.node.get("metadata")?.get("name")?.text()
}

/// The namespace that a ScoreWorkload says.
#[must_use]
pub fn namespace(document: &Document) -> Option<&str> {
    match document.form {
        Form::Score => None,
        Form::Workload => document.node.get("metadata")?.get("namespace")?.text(),
    }
}

/// The Score file as JSON.
///
/// # Errors
/// Where there is none, or it is no map.
pub fn spec(document: &Document) -> Result<Map<String, Json>, Problem> {
    match document.score().map(Node::to_json) {
        Some(Json::Object(spec)) => Ok(spec),
        found => {
            let what = if found.is_none() { "is missing" } else { "is no map" };
            let path = if document.form == Form::Score { "" } else { "spec" };
            Err(problem(path, format!("{what}, expected a Score file (apiVersion, metadata, containers, …)")))
        }
    }
}

/// What is wrong with what a document says of itself.
fn identity(document: &Document) -> Vec<Problem> {
    let node = &document.node;
    if !matches!(node.value, Value::Map(_)) {
        return Vec::new();
    }
    match document.form {
        Form::Score => score_identity(node),
        Form::Workload => workload_identity(node),
    }
}

/// S01: what only a ScoreWorkload may leave out.
fn score_identity(score: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut missing = |path: &str, example: &str| {
        let message =
            format!("is missing: write `{example}`; only within a ScoreWorkload it may be left out");
        problems.push(problem(path, message));
    };
    if score.get("apiVersion").is_none() {
        missing("apiVersion", &format!("apiVersion: {SCORE_VERSION}"));
    }
    match score.get("metadata") {
        None => missing("metadata", "metadata: {name: …}"),
        Some(metadata) if matches!(metadata.value, Value::Map(_)) && metadata.get("name").is_none() => {
            missing("metadata.name", "name: …");
        }
        Some(_) => {}
    }
    problems
}

fn workload_identity(node: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (key, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        if node.get(key).and_then(Node::text) != Some(expected) {
            let found = node
                .get(key)
                .map_or_else(|| "is missing".to_owned(), |found| format!("is {}", found.to_json()));
            problems.push(problem(key, format!("{found}, expected `{expected}`")));
        }
    }
    if node.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::text).is_none() {
        problems
            .push(problem("metadata.name", "is missing or no text: a ScoreWorkload has a name".to_owned()));
    }
    let namespace = node.get("metadata").and_then(|metadata| metadata.get("namespace"));
    if let Some(found) = namespace.filter(|found| !found.text().is_some_and(is_label)) {
        problems.push(problem("metadata.namespace", format!("is {}, expected {NAMESPACE}", found.to_json())));
    }
    for (key, _) in node.entries().iter().filter(|(key, _)| !KEYS.contains(&key.text.as_str())) {
        let hint = hint(&key.text, KEYS.iter().copied());
        let message = format!("unknown key `{}`{hint}; known keys: {}", key.text, list(KEYS.iter().copied()));
        problems.push(problem(&key.text, message));
    }
    problems
}

fn problem(path: &str, message: String) -> Problem {
    Problem::new(path, Reason::InvalidScore, message)
}

/// A document as a ScoreWorkload in YAML: comments and the order of keys stay. It must have passed [`refused`].
#[must_use]
pub fn wrap(document: &Document, own_namespace: Option<&str>) -> String {
    let namespace = own_namespace.or_else(|| namespace(document));
    let mut node = match document.form {
        Form::Workload => document.node.clone(),
        Form::Score => Node::map([
            ("apiVersion", API_VERSION.into()),
            ("kind", KIND.into()),
            ("metadata", Node::map([("name", name(document).unwrap_or_default().into())])),
            ("spec", document.node.clone()),
        ]),
    };
    if let Some((metadata, namespace)) = node.get_mut("metadata").zip(namespace) {
        metadata.set("namespace", Node::from(namespace));
    }
    emit(&node)
}

/// The Score file of a document in YAML, with the API version and the name that a ScoreWorkload may leave out.
/// It must have passed [`refused`].
#[must_use]
pub fn unwrap(document: &Document) -> String {
    let Some(mut score) = document.score().cloned() else { return String::new() };
    if score.get("metadata").is_none() {
        score.put_first("metadata", Node::map([]));
    }
    if score.get("apiVersion").is_none() {
        score.put_first("apiVersion", SCORE_VERSION.into());
    }
    if let Some((metadata, name)) = score.get_mut("metadata").zip(name(document))
        && metadata.get("name").is_none()
    {
        metadata.put_first("name", name.into());
    }
    emit(&score)
}

#[cfg(test)]
mod tests;
