//! Order and cycles in a graph of names.

use std::collections::{BTreeMap, BTreeSet};

/// From each node to the nodes that it depends on.
pub type Edges = BTreeMap<String, BTreeSet<String>>;

/// How many nodes of a cycle a message names.
const SHOWN_MAX: usize = 10;

/// The nodes in an order in which each comes after what it depends on. Of those that could come next, the
/// first by name does (Kahn).
///
/// # Errors
/// A cycle, as [`cycle`] gives it.
pub fn order(edges: &Edges) -> Result<Vec<String>, Vec<String>> {
    let (done, left) = sort(edges);
    match follow(edges, &left) {
        Some(cycle) => Err(cycle),
        None => Ok(done.into_iter().cloned().collect()),
    }
}

/// The first cycle by name: `[a, b, a]`. A node that depends on itself is one: `[a, a]`.
#[must_use]
pub fn cycle(edges: &Edges) -> Option<Vec<String>> {
    follow(edges, &sort(edges).1)
}

/// A cycle for a message: `a → b → a`, and of a long one only the beginning.
#[must_use]
pub fn shown(cycle: &[String]) -> String {
    match (cycle.get(..SHOWN_MAX), cycle.last()) {
        (Some(begin), Some(last)) if cycle.len() > SHOWN_MAX + 1 => {
            format!("{} → … → {last} ({} in all)", begin.join(" → "), cycle.len() - 1)
        }
        _ => cycle.join(" → "),
    }
}

/// The order of all that leads to no cycle, and what is left. No recursion: a chain may be as long as a file allows.
fn sort(edges: &Edges) -> (Vec<&String>, BTreeSet<&String>) {
    let mut waits: BTreeMap<&String, usize> = edges.keys().map(|node| (node, 0)).collect();
    let mut holds: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for (node, needs) in edges {
        for need in needs {
            waits.entry(need).or_default();
            *waits.entry(node).or_default() += 1;
            holds.entry(need).or_default().push(node);
        }
    }
    let free = |waits: &BTreeMap<&String, usize>, node: &String| waits.get(node) == Some(&0);
    let mut next: BTreeSet<&String> = waits.keys().copied().filter(|node| free(&waits, node)).collect();
    let mut done = Vec::new();
    while let Some(node) = next.pop_first() {
        waits.remove(node);
        done.push(node);
        for held in holds.remove(node).unwrap_or_default() {
            *waits.entry(held).or_default() -= 1;
            next.extend(Some(held).filter(|held| free(&waits, held)));
        }
    }
    (done, waits.into_keys().collect())
}

/// The cycle to which the first of the nodes that are `left` leads: each of them depends on another one of them.
fn follow(edges: &Edges, left: &BTreeSet<&String>) -> Option<Vec<String>> {
    let mut node = left.first().copied()?;
    let (mut path, mut seen) = (Vec::new(), BTreeMap::new());
    while !seen.contains_key(node) {
        seen.insert(node, path.len());
        path.push(node.clone());
        node = edges.get(node)?.iter().find(|next| left.contains(next))?;
    }
    path.push(node.clone());
    Some(path.split_off(*seen.get(node)?))
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

    #[test]
    fn b05_long_chains_and_cycles_cost_little_and_are_told_in_short() {
        let name = |at: usize| format!("n{at:06}");
        let next = |at: usize| (name(at), BTreeSet::from([name(at + 1)]));
        let mut long: Edges = (0..100_000).map(next).collect();
        assert_eq!(order(&long).expect("an order").len(), 100_001);
        long.insert(name(100_000), BTreeSet::from([name(1)]));
        let cycle = cycle(&long).expect("a cycle");
        assert_eq!((cycle.len(), cycle.first(), cycle.last()), (100_001, Some(&name(1)), Some(&name(1))));
        let told = shown(&cycle);
        assert!(told.starts_with("n000001 → n000002 → "), "{told}");
        assert!(told.ends_with("n000010 → … → n000001 (100000 in all)"), "{told}");
        assert_eq!(shown(&["a".to_owned(), "b".to_owned(), "a".to_owned()]), "a → b → a");
    }
}
