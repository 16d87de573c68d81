//! Owner references and the labels that everything we make carries.

use serde_json::{Value, json};

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

/// The label that our watches select by.
#[must_use]
pub fn managed_by() -> Value {
    json!({ labels::MANAGED_BY: labels::MANAGED_BY_US })
}
