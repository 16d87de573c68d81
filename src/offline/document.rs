//! What stands in a file: one Score file, or ScoreWorkloads among other objects.

use super::finding::Finding;
use super::yaml::{self, Node, Place};
use crate::api::conditions::Reason;
use crate::api::{API_VERSION, GROUP};
use crate::plan::problem::{Problem, did_you_mean};
use crate::template::short;

/// The kind of our custom resource.
pub(super) const KIND: &str = "ScoreWorkload";
/// The API version of a Score file.
pub const SCORE_VERSION: &str = "score.dev/v1b1";

/// A file as it was read.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its name in messages.
    pub name: &'a str,
    /// What it holds.
    pub bytes: &'a [u8],
    /// Whether it was named, or is called `score.yaml`: a document that says nothing of itself is a Score file
    /// then. In any other file of a directory it is somebody else's.
    pub is_named: bool,
}

/// What a document is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// A Score file.
    Score,
    /// A ScoreWorkload, with the Score file below `spec`.
    Workload,
}

/// A document of ours.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it is.
    pub form: Form,
    /// The whole of it.
    pub node: Node,
}

impl Document {
    /// The Score file, where there is one.
    #[must_use]
    pub fn score(&self) -> Option<&Node> {
        match self.form {
            Form::Score => Some(&self.node),
            Form::Workload => self.node.get("spec"),
        }
    }

    /// The Score file, to change it.
    pub fn score_mut(&mut self) -> Option<&mut Node> {
        match self.form {
            Form::Score => Some(&mut self.node),
            Form::Workload => self.node.get_mut("spec"),
        }
    }
}

/// What stands in a file.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Our documents, in their order.
    pub documents: Vec<Document>,
    /// What was skipped, for people.
    pub notes: Vec<String>,
    /// What is wrong with the file itself. There are no documents then.
    pub findings: Vec<Finding>,
}

/// Reads a file: a Score file, or any number of ScoreWorkloads with objects of other kinds between them, which
/// are skipped with a note (S01). Nothing else may stand beside a Score file.
#[must_use]
pub fn contents(file: &File) -> Contents {
    match nodes(file) {
        Ok(nodes) => sort(file, nodes),
        Err(findings) => Contents { findings, ..Contents::default() },
    }
}

/// The YAML documents of a file, whatever they are.
///
/// # Errors
/// All that keeps it from being YAML.
pub fn nodes(file: &File) -> Result<Vec<Node>, Vec<Finding>> {
    let nodes = yaml::not_text(file.bytes).map_err(|trouble| vec![trouble]).and_then(yaml::read);
    let broken = |trouble| Finding::broken(file.name, trouble);
    nodes.map_err(|troubles| troubles.into_iter().map(broken).collect())
}

fn sort(file: &File, nodes: Vec<Node>) -> Contents {
    let mut contents = Contents::default();
    let several = nodes.iter().filter(|node| is_score(node, file)).count() > 0 && nodes.len() > 1;
    if let Some(second) = nodes.get(1).filter(|_| several) {
        contents.findings.push(not_alone(file, second.place));
        return contents;
    }
    if nodes.is_empty() && file.is_named {
        contents.findings.push(refused(
            file,
            None,
            "is empty, expected a Score file or a ScoreWorkload".to_owned(),
        ));
    }
    for node in nodes {
        match form(&node, file) {
            Ok(form) => contents.documents.push(Document { form, node }),
            Err(what) => contents.notes.push(format!("{}: skipped {what}", at(file, &node))),
        }
    }
    contents
}

fn is_score(node: &Node, file: &File) -> bool {
    form(node, file) == Ok(Form::Score)
}

/// What a document is; what it is for people, where it is not ours.
fn form(node: &Node, file: &File) -> Result<Form, String> {
    let api_version = node.get("apiVersion").and_then(Node::text).unwrap_or_default();
    let kind = node.get("kind").and_then(Node::text);
    let is_ours = api_version == API_VERSION || api_version.starts_with(&format!("{GROUP}/"));
    match kind {
        Some(KIND) => Ok(Form::Workload),
        _ if api_version.starts_with("score.dev/") => Ok(Form::Score),
        Some(kind) if is_ours || node.get("containers").is_none() => {
            Err(format!("a {}{}", short(kind), did_you_mean(kind, [KIND])))
        }
        None if !file.is_named => {
            Err("what says of itself neither `apiVersion: score.dev/…` nor a kind".to_owned())
        }
        _ => Ok(Form::Score),
    }
}

fn at(file: &File, node: &Node) -> String {
    node.place.map_or_else(|| file.name.to_owned(), |place| format!("{}:{}", file.name, place.line))
}

fn not_alone(file: &File, place: Option<Place>) -> Finding {
    let message =
        "a second YAML document, expected one Score file and nothing else: put it into a file of its own";
    refused(file, place, message.to_owned())
}

fn refused(file: &File, place: Option<Place>, message: String) -> Finding {
    let problem = Problem::new("", Reason::InvalidScore, message);
    Finding { place, ..Finding::unplaced(file.name, problem) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, is_named: bool) -> (Vec<Form>, usize, usize) {
        let found = contents(&File { name: "f.yaml", bytes: text.as_bytes(), is_named });
        (
            found.documents.iter().map(|document| document.form).collect(),
            found.notes.len(),
            found.findings.len(),
        )
    }

    #[test]
    fn s01_a_score_file_stands_alone_and_workloads_among_others() {
        let score = "apiVersion: score.dev/v1b1\n";
        let workload = "apiVersion: k8s.score.dev/v1alpha1\nkind: ScoreWorkload\n";
        let rule = "apiVersion: k8s.score.dev/v1alpha1\nkind: ProvisionerRule\n";
        let other = "apiVersion: v1\nkind: ConfigMap\n";
        let join = |all: &[&str]| all.join("---\n");
        for (text, is_named, expected) in [
            (score.to_owned(), true, (vec![Form::Score], 0, 0)),
            (join(&["# comment\n", score, "# end\n"]), true, (vec![Form::Score], 0, 0)),
            (join(&[score, score]), true, (vec![], 0, 1)),
            (join(&[score, workload]), false, (vec![], 0, 1)),
            (join(&[other, score]), false, (vec![], 0, 1)),
            (join(&[workload, other, workload, rule]), true, (vec![Form::Workload; 2], 2, 0)),
            ("containers: {}\n".to_owned(), true, (vec![Form::Score], 0, 0)),
            ("containers: {}\n".to_owned(), false, (vec![], 1, 0)),
            ("services: {}\n".to_owned(), false, (vec![], 1, 0)),
            ("kind: Workload\ncontainers: {}\n".to_owned(), true, (vec![Form::Score], 0, 0)),
            ("kind: ScoreWorkload\n".to_owned(), false, (vec![Form::Workload], 0, 0)),
            (String::new(), true, (vec![], 0, 1)),
            (String::new(), false, (vec![], 0, 0)),
            ("5\n".to_owned(), true, (vec![Form::Score], 0, 0)),
        ] {
            assert_eq!(read(&text, is_named), expected, "{text}");
        }
    }

    #[test]
    fn s01_a_second_document_is_named_with_its_line() {
        let text = "apiVersion: score.dev/v1b1\n---\n\na: 1\n";
        let found = contents(&File { name: "f.yaml", bytes: text.as_bytes(), is_named: true });
        assert_eq!(found.findings[0].place, Some(Place { line: 4, column: 1 }));
        assert!(found.findings[0].problem.message.contains("second YAML document"));
    }
}
