//! For people at a terminal.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::super::graph::{Content, Edge, Graph, Node, Relation, Resource, State};

/// A line and what hangs below it.
struct Branch {
    text: String,
    below: Vec<Branch>,
}

impl Branch {
    fn leaf(text: String) -> Self {
        Self { text, below: Vec::new() }
    }
}

/// The graph as a tree per workload. A resource that several workloads use is told once.
#[must_use]
pub fn tree(graph: &Graph) -> String {
    let mut teller = Teller { nodes: graph.by_id(), edges: graph.by_origin(), told: BTreeSet::new() };
    let mut text = String::new();
    for node in &graph.nodes {
        if let Content::Workload { name, state } = &node.content {
            let head = format!("workload {name}, namespace {}{}", graph.namespace, trouble(state));
            let branch = Branch { text: head, below: teller.below(&node.id) };
            draw(&branch, "", "", &mut text);
        }
    }
    text
}

/// Tells each node once.
struct Teller<'a> {
    nodes: BTreeMap<&'a str, &'a Node>,
    edges: BTreeMap<&'a str, Vec<&'a Edge>>,
    told: BTreeSet<&'a str>,
}

impl<'a> Teller<'a> {
    /// What a node uses and makes.
    fn below(&mut self, id: &str) -> Vec<Branch> {
        let edges = self.edges.get(id).cloned().unwrap_or_default();
        edges.into_iter().map(|edge| self.branch(edge)).collect()
    }

    fn branch(&mut self, edge: &'a Edge) -> Branch {
        let Some(node) = self.nodes.get(edge.to.as_str()).copied() else {
            return Branch::leaf(format!("{}, which cannot be worked out", named(edge, &edge.to)));
        };
        match &node.content {
            Content::Object { id } => Branch::leaf(format!("{} {}", id.object_kind, id.name)),
            Content::Workload { name, .. } => Branch::leaf(named(edge, name)),
            Content::Resource(resource) => {
                let head = named(edge, &resource.uid);
                if !self.told.insert(&node.id) {
                    return Branch::leaf(format!("{head} (see above)"));
                }
                let mut below: Vec<_> = resource
                    .candidates
                    .iter()
                    .map(|found| Branch::leaf(format!("rule {} {found}", found.rule)))
                    .collect();
                below.extend(resource.params.as_ref().and_then(|params| values("params", params)));
                below.extend(resource.outputs.as_ref().and_then(|outputs| values("outputs", outputs)));
                below.extend(patches(resource));
                below.extend(self.below(&node.id));
                Branch { text: head + &trouble(&resource.state), below }
            }
        }
    }
}

/// `uses db: postgres.default#web.db`
fn named(edge: &Edge, what: &str) -> String {
    let relation = edge.relation.as_str();
    match (edge.relation, edge.name.as_str()) {
        (Relation::Makes, _) => what.to_owned(),
        (_, "") => format!("{relation} {what}"),
        (_, name) => format!("{relation} {name}: {what}"),
    }
}

fn trouble(state: &State) -> String {
    match state.reason {
        Some(reason) if !state.ready && state.message.is_empty() => format!(": {}", reason.as_str()),
        Some(reason) if !state.ready => format!(": {}: {}", reason.as_str(), one_line(&state.message)),
        _ => String::new(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A map, an entry a line; nothing where it is empty.
fn values(name: &str, map: &Json) -> Option<Branch> {
    let entries = map.as_object().filter(|entries| !entries.is_empty())?;
    let leaf = |(key, value): (&String, &Json)| match value {
        Json::String(text) if text.starts_with("<secret ") => Branch::leaf(format!("{key}: {text}")),
        value => Branch::leaf(format!("{key}: {value}")),
    };
    Some(Branch { text: name.to_owned(), below: entries.iter().map(leaf).collect() })
}

/// What a resource sets in the pods of its consumers, a field a line.
fn patches(resource: &Resource) -> Option<Branch> {
    let leaf = |(path, value): (&String, &Json)| Branch::leaf(format!("{path}: {value}"));
    let below: Vec<_> = resource.patches.iter().map(leaf).collect();
    let rule = resource.rule.as_ref().map_or_else(String::new, |rule| format!(" (rule {rule})"));
    (!below.is_empty()).then(|| Branch { text: format!("patches the pods of its consumers{rule}"), below })
}

/// `first` stands before the line itself, `rest` before what hangs below it.
fn draw(branch: &Branch, first: &str, rest: &str, text: &mut String) {
    text.push_str(first);
    text.push_str(&branch.text);
    text.push('\n');
    for (place, child) in branch.below.iter().enumerate() {
        let last = place + 1 == branch.below.len();
        let (corner, bar) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        draw(child, &format!("{rest}{corner}"), &format!("{rest}{bar}"), text);
    }
}
