//! For Graphviz.

use std::fmt::Write;

use super::super::graph::{Content, Graph, Node};
use super::label;

/// The graph in the DOT language.
#[must_use]
pub fn dot(graph: &Graph) -> String {
    let mut text =
        format!("digraph {} {{\n  rankdir=LR\n  node [fontname=\"sans-serif\"]\n", quoted(&graph.namespace));
    for node in &graph.nodes {
        let label = quoted(&label(node).join("\n"));
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  {} [label={label} shape={}]", quoted(&node.id), shape(node));
    }
    for edge in &graph.edges {
        let name = if edge.name.is_empty() { edge.relation.as_str() } else { &edge.name };
        let _ = writeln!(text, "  {} -> {} [label={}]", quoted(&edge.from), quoted(&edge.to), quoted(name));
    }
    text + "}\n"
}

fn shape(node: &Node) -> &'static str {
    match node.content {
        Content::Workload { .. } => "box",
        Content::Resource(_) => "ellipse",
        Content::Object { .. } => "note",
    }
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
