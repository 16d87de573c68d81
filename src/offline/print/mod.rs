//! A graph as text. Pure.

mod dot;
mod mermaid;
mod tree;

pub use dot::dot;
pub use mermaid::mermaid;
pub use tree::tree;

use super::graph::{Content, Node, State};

/// What a node is called in a picture: what it is, which one, and whether something is wrong.
fn label(node: &Node) -> [String; 2] {
    match &node.content {
        Content::Workload { name, state } => [name.clone(), with_state("workload", state)],
        Content::Resource(resource) => {
            let rule = resource.rule.as_ref().map_or("no rule".to_owned(), |rule| format!("rule {rule}"));
            [resource.uid.clone(), with_state(&rule, &resource.state)]
        }
        Content::Object { id } => [id.name.clone(), id.object_kind.clone()],
    }
}

fn with_state(text: &str, state: &State) -> String {
    match state.reason {
        Some(reason) if !state.ready => format!("{text}, {}", reason.as_str()),
        _ => text.to_owned(),
    }
}
