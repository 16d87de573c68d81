//! For Mermaid, which Git forges draw in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::super::graph::{Content, Graph, Node};
use super::label;

/// The graph as a flowchart.
#[must_use]
pub fn mermaid(graph: &Graph) -> String {
    // Ids of Mermaid take no dots, slashes or words such as `end`.
    let ids: BTreeMap<_, _> =
        graph.nodes.iter().enumerate().map(|(place, node)| (node.id.as_str(), format!("n{place}"))).collect();
    let id = |node: &str| ids.get(node).cloned().unwrap_or_default();
    let mut text = "flowchart LR\n".to_owned();
    for node in &graph.nodes {
        let (open, close) = shape(node);
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "  {}{open}\"{}\"{close}",
            id(&node.id),
            label(node).map(|line| escaped(&line)).join("<br>")
        );
    }
    for edge in graph.edges.iter().filter(|edge| ids.contains_key(edge.to.as_str())) {
        let name = if edge.name.is_empty() { edge.relation.as_str() } else { &edge.name };
        let _ = writeln!(text, "  {} -->|\"{}\"| {}", id(&edge.from), escaped(name), id(&edge.to));
    }
    text
}

fn shape(node: &Node) -> (&'static str, &'static str) {
    match node.content {
        Content::Workload { .. } => ("[", "]"),
        Content::Resource(_) => ("([", "])"),
        Content::Object { .. } => ("[/", "/]"),
    }
}

/// Mermaid's own escapes: `#quot;` and the numbers of characters.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' | ';' => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
        escaped
    })
}
