//! Order and cycles in a graph of names.

use std::collections::{BTreeMap, BTreeSet};

/// From each node to the nodes that it depends on.
pub type Edges = BTreeMap<String, BTreeSet<String>>;

/// The nodes in an order in which each comes after what it depends on; ties by name.
///
/// # Errors
/// A cycle, as [`cycle`] gives it.
pub fn order(edges: &Edges) -> Result<Vec<String>, Vec<String>> {
    if let Some(cycle) = cycle(edges) {
        return Err(cycle);
    }
    let (mut done, mut seen) = (Vec::new(), BTreeSet::new());
    for node in edges.keys() {
        place(node, edges, &mut done, &mut seen);
    }
    Ok(done)
}

/// Puts what `node` depends on, then `node`, at the end of `done`. Ends, as there is no cycle.
fn place<'a>(node: &'a String, edges: &'a Edges, done: &mut Vec<String>, seen: &mut BTreeSet<&'a String>) {
    if !seen.insert(node) {
        return;
    }
    for next in edges.get(node).into_iter().flatten() {
        place(next, edges, done, seen);
    }
    done.push(node.clone());
}

/// The first cycle by name: `[a, b, a]`. A node that depends on itself is one: `[a, a]`.
#[must_use]
pub fn cycle(edges: &Edges) -> Option<Vec<String>> {
    let mut clear = BTreeSet::new();
    edges.keys().find_map(|node| walk(node, edges, &mut Vec::new(), &mut clear))
}

fn walk(
    node: &String,
    edges: &Edges,
    path: &mut Vec<String>,
    clear: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(start) = path.iter().position(|seen| seen == node) {
        let mut cycle = path[start..].to_vec();
        cycle.push(node.clone());
        return Some(cycle);
    }
    if clear.contains(node) {
        return None;
    }
    path.push(node.clone());
    let found = edges.get(node).into_iter().flatten().find_map(|next| walk(next, edges, path, clear));
    path.pop();
    clear.insert(node.clone());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(pairs: &[(&str, &[&str])]) -> Edges {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        pairs.iter().map(|(node, next)| ((*node).to_owned(), names(next))).collect()
    }

    #[test]
    fn dependencies_come_first_and_ties_go_by_name() {
        let graph = edges(&[("a", &["c"]), ("b", &[]), ("c", &[])]);
        assert_eq!(order(&graph).expect("an order"), ["c", "a", "b"]);
    }

    #[test]
    fn cycles_are_found_also_behind_a_tail_and_alone() {
        assert_eq!(cycle(&edges(&[("a", &["a"])])), Some(vec!["a".into(), "a".into()]));
        let tail = edges(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]);
        assert_eq!(cycle(&tail), Some(vec!["b".into(), "c".into(), "b".into()]));
        assert_eq!(cycle(&edges(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])), None);
    }
}
