//! What a namespace holds at a moment, so that a test can say what an edit changed, and that it changed
//! nothing else.

use std::collections::BTreeMap;

use kube::{Client, ResourceExt};

use super::objects;

/// The uids and revisions of all objects but those that the controllers of Kubernetes make.
pub struct Snapshot(BTreeMap<String, (String, String)>);

impl Snapshot {
    /// Of now.
    pub async fn take(client: &Client, namespace: &str) -> Self {
        let all = objects::lasting_objects(client, namespace).await;
        let entry = |found: &objects::Found| {
            let revision = found.1.resource_version().unwrap_or_default();
            (objects::label(found), (found.1.uid().unwrap_or_default(), revision))
        };
        Self(all.iter().map(entry).collect())
    }

    /// What is another now: `~` changed, `+` made, `-` gone, `!` made anew. Sorted by kind and name.
    pub fn changes(&self, now: &Self) -> Vec<String> {
        let mut names: Vec<_> = self.0.keys().chain(now.0.keys()).collect();
        names.sort();
        names.dedup();
        let mark = |name: &&String| {
            let mark = match (self.0.get(*name), now.0.get(*name)) {
                (None, _) => '+',
                (_, None) => '-',
                (Some(then), Some(now)) if then.0 != now.0 => '!',
                (then, now) if then != now => '~',
                _ => return None,
            };
            Some(format!("{mark} {name}"))
        };
        names.iter().filter_map(mark).collect()
    }
}
