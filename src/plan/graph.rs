//! Order and cycles in a graph of names.

use std::collections::{BTreeMap, BTreeSet};

/// From each node to the nodes that it depends on.
pub type Edges = BTreeMap<String, BTreeSet<String>>;

/// The nodes in an order in which each comes after what it depends on. Of those that could come next, the
/// first by name does (Kahn).
///
/// # Errors
/// A cycle, as [`cycle`] gives it.
pub fn order(edges: &Edges) -> Result<Vec<String>, Vec<String>> {
    if let Some(cycle) = cycle(edges) {
        return Err(cycle);
    }
    let mut waits: BTreeMap<&String, usize> = edges.keys().map(|node| (node, 0)).collect();
    let mut holds: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for (node, needs) in edges {
        for need in needs {
            waits.entry(need).or_default();
            *waits.entry(node).or_default() += 1;
            holds.entry(need).or_default().push(node);
        }
    }
    let mut free: BTreeSet<&String> =
        waits.iter().filter(|(_, count)| **count == 0).map(|(node, _)| *node).collect();
    let mut done = Vec::new();
    while let Some(node) = free.pop_first() {
        done.push(node.clone());
        for held in holds.remove(node).unwrap_or_default() {
            let left = waits.entry(held).or_default();
            *left -= 1;
            if *left == 0 {
                free.insert(held);
            }
        }
    }
    Ok(done)
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
        assert_eq!(order(&graph).expect("an order"), ["b", "c", "a"]);
    }

    #[test]
    fn cycles_are_found_also_behind_a_tail_and_alone() {
        assert_eq!(cycle(&edges(&[("a", &["a"])])), Some(vec!["a".into(), "a".into()]));
        let tail = edges(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]);
        assert_eq!(cycle(&tail), Some(vec!["b".into(), "c".into(), "b".into()]));
        assert_eq!(cycle(&edges(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])), None);
    }
}
