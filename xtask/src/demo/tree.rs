//! Objects as a tree, each below its owner.

use std::collections::BTreeSet;

use kube::api::DynamicObject;

use super::world::{World, owners};
use crate::cluster::manifests::{kind, title};

/// The lines of the tree of all objects.
pub fn lines(world: &World) -> Vec<String> {
    let mut tree = Tree { world, drawn: BTreeSet::new(), lines: Vec::new() };
    let present: BTreeSet<_> = world.objects().filter_map(|object| object.metadata.uid.as_ref()).collect();
    let is_root = |object: &&DynamicObject| {
        // Kubernetes mirrors each Service's EndpointSlices into one of these, without an owner.
        kind(object) != "Endpoints" && !owners(object).any(|owner| present.contains(owner))
    };
    for root in sorted(world.objects().filter(is_root)) {
        tree.draw(root, "", "", "");
    }
    tree.lines
}

struct Tree<'a> {
    world: &'a World,
    drawn: BTreeSet<String>,
    lines: Vec<String>,
}

impl Tree<'_> {
    /// Draws an object, and below it what it owns. Who has two owners has its own below the first of them.
    fn draw(&mut self, object: &DynamicObject, margin: &str, branch: &str, below: &str) {
        let is_first = self.drawn.insert(object.metadata.uid.clone().unwrap_or_default());
        let children = sorted(self.world.owned_by(object));
        let note = if is_first || children.is_empty() { "" } else { " (see above)" };
        self.lines.push(format!("{margin}{branch}{}{note}", title(object)));
        let children = if is_first { children } else { Vec::new() };
        let margin = format!("{margin}{below}");
        for (index, child) in children.iter().enumerate() {
            let (branch, below) =
                if index + 1 == children.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.draw(child, &margin, branch, below);
        }
    }
}

/// What works first, then what it needs.
fn sorted<'a>(objects: impl Iterator<Item = &'a DynamicObject>) -> Vec<&'a DynamicObject> {
    let rank = |object: &DynamicObject| match kind(object) {
        "ScoreWorkload" => 0,
        "Deployment" | "StatefulSet" | "Job" => 1,
        "ScoreResource" => 3,
        _ => 2,
    };
    let mut objects: Vec<_> = objects.collect();
    objects.sort_by_key(|object| (rank(object), title(object)));
    objects
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::demo::world::tests::object;

    #[test]
    fn each_object_is_below_its_owner() {
        let mut world = World::default();
        for (kind, name, owners) in [
            ("Pod", "p", vec!["rs"]),
            ("ReplicaSet", "rs", vec!["d"]),
            ("Deployment", "d", vec!["w"]),
            ("Service", "s", vec!["w"]),
            ("ScoreWorkload", "w", vec![]),
            ("ScoreResource", "db", vec!["w"]),
            ("ScoreResource", "shared", vec!["w", "db"]),
            ("Secret", "x", vec!["shared"]),
            ("Endpoints", "e", vec![]),
            ("PersistentVolumeClaim", "loose", vec![]),
        ] {
            world.put(object("v1", kind, name, &owners, &json!({})));
        }
        let expected = "
ScoreWorkload w
├─ Deployment d
│  └─ ReplicaSet rs
│     └─ Pod p
├─ Service s
├─ ScoreResource db
│  └─ ScoreResource shared
│     └─ Secret x
└─ ScoreResource shared (see above)
PersistentVolumeClaim loose";
        assert_eq!(format!("\n{}", lines(&world).join("\n")), expected);
    }

    #[test]
    fn owners_in_a_circle_do_not_hang() {
        let mut world = World::default();
        world.put(object("v1", "A", "a", &["b"], &json!({})));
        world.put(object("v1", "B", "b", &["a"], &json!({})));
        assert!(lines(&world).is_empty());
    }
}
