//! Owner references and the labels that everything we make carries.

use serde_json::{Value, json};

use super::{cluster_scoped, drift};
use crate::api::resource::ScoreResourceSpec;
use crate::api::{API_VERSION, labels};

/// A ScoreWorkload or ScoreResource that owns what is rendered for it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Owner {
    /// `ScoreWorkload` or `ScoreResource`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

impl Owner {
    /// The reference of an object's one controller: garbage collection and the trees that people look
    /// at follow it.
    #[must_use]
    pub fn controller(&self) -> Value {
        let mut reference = self.shared();
        reference["controller"] = json!(true);
        reference["blockOwnerDeletion"] = json!(true);
        reference
    }

    /// The reference of one owner among several.
    #[must_use]
    pub fn shared(&self) -> Value {
        json!({"apiVersion": API_VERSION, "kind": self.kind, "name": self.name, "uid": self.uid})
    }
}

/// Whose the objects of a pass are: what may be deleted for it.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'a> {
    /// The namespace of the ScoreWorkload or ScoreResource.
    pub namespace: &'a str,
    /// Its uid, which objects in the namespace name as that of their owner.
    pub owner_uid: &'a str,
    /// The ScoreResource, if it is one: objects in no namespace name it by its identity.
    pub resource: Option<&'a ScoreResourceSpec>,
}

impl Whose<'_> {
    /// Whether a live object goes with it. What is retained does not.
    #[must_use]
    pub fn takes(&self, live: &Value) -> bool {
        if live["metadata"]["namespace"].is_string() {
            return drift::owned_by(live, self.owner_uid);
        }
        let made = self.resource.is_some_and(|spec| cluster_scoped::is_of(live, self.namespace, spec));
        made && !cluster_scoped::is_retained(live)
    }
}

/// The label that our watches select by.
#[must_use]
pub fn managed_by() -> Value {
    json!({ labels::MANAGED_BY: labels::MANAGED_BY_US })
}
