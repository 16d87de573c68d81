//! One object to apply, and a set of them in order.

use serde_json::{Value, json};

use crate::api::resource::{ObjectId, ObjectScope};

/// One object, exactly as server-side apply sends it. It may hold secrets: `Debug` shows only which
/// object it is.
#[derive(Clone, PartialEq)]
pub struct Manifest {
    /// Which object.
    pub id: ObjectId,
    /// The namespace of what it is made for.
    pub namespace: String,
    /// Whether it lives there, or in no namespace.
    pub scope: ObjectScope,
    /// The uid of its owner: of the ScoreWorkload or ScoreResource.
    pub owner_uid: String,
    /// All of it.
    pub body: Value,
    /// Written once: what it holds is never changed, only added to (P06).
    pub once: bool,
}

impl std::fmt::Debug for Manifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.id)
    }
}

impl Manifest {
    /// Whether errors about this object may quote its content.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.id.kind == "Secret"
    }

    /// The object as people may see it: of a Secret only the names of its keys.
    #[must_use]
    pub fn redacted(&self) -> Value {
        let mut body = self.body.clone();
        if self.is_secret()
            && let Some(data) = body["data"].as_object_mut()
        {
            data.values_mut().for_each(|value| *value = json!("<hidden>"));
        }
        body
    }
}

/// The order in which kinds are applied: what others read comes first. Kinds that are not listed come
/// before those that run containers.
const ORDER: &[&str] = &[
    "ServiceAccount",
    "ConfigMap",
    "Secret",
    "PersistentVolumeClaim",
    "Service",
    "*",
    "StatefulSet",
    "Deployment",
    "DaemonSet",
    "Job",
    "CronJob",
    "Ingress",
    "HTTPRoute",
];

/// Objects in the order in which they are applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifests(Vec<Manifest>);

impl Manifests {
    /// Sorts by kind, then name.
    pub fn new(manifests: impl IntoIterator<Item = Manifest>) -> Self {
        let mut sorted: Vec<_> = manifests.into_iter().collect();
        sorted.sort_by(|a, b| place(a).cmp(&place(b)));
        Self(sorted)
    }

    /// The objects, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Manifest> {
        self.0.iter()
    }

    /// Which objects these are.
    pub fn ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.0.iter().map(|manifest| &manifest.id)
    }
}

impl IntoIterator for Manifests {
    type Item = Manifest;
    type IntoIter = std::vec::IntoIter<Manifest>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// What is written once comes first of all: what is made of it must not be there without it (P06).
fn place(manifest: &Manifest) -> (bool, usize, &ObjectId) {
    (!manifest.once, rank(&manifest.id.kind), &manifest.id)
}

fn rank(kind: &str) -> usize {
    let position = |name: &str| ORDER.iter().position(|known| *known == name);
    position(kind).or_else(|| position("*")).unwrap_or(0)
}
