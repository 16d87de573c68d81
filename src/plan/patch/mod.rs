//! What resources need in the pods of a workload: fragments of a pod template, checked, evaluated and merged. Plain
//! data; nothing here knows how a pod template is rendered.

mod evaluated;
mod fields;
mod lists;
mod merge;
mod reads;
mod shape;

pub use evaluated::{MISPLACED, evaluated};
pub use lists::{Entry, entries};
pub use merge::{Clash, Merge};
pub use reads::{Holder, Read, reads};
pub use shape::problems;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::patches::Patches;

/// The most that the patches of one resource hold, in bytes of JSON.
pub const PATCH_BYTES: usize = 64 * 1024;

/// What one resource sets in the pods of a workload that uses it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Patch {
    /// The resource's name in the Score file.
    pub resource: String,
    /// Its identity: patches are merged in this order, so that a new name in the Score file moves nothing.
    pub uid: String,
    /// The rule that says so.
    pub rule: String,
    /// What is set.
    pub patches: Patches,
}

impl Patch {
    /// Whether it asks for a token of the ServiceAccount in the pods.
    #[must_use]
    pub fn wants_token(&self) -> bool {
        let spec = self.patches.pod_template.get("spec");
        spec.and_then(|spec| spec.get("automountServiceAccountToken")) == Some(&Value::Bool(true))
    }
}
