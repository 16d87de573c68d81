//! What a pass over a resource looks at, what it has found out, and writing that into the status.

use kube::ResourceExt;
use serde_json::{Map, Value};

use crate::api::patches::Patches;
use crate::api::resource::{InventoryEntry, MadeBy, ScoreResource, ScoreResourceStatus};
use crate::cluster::world::World;
use crate::cluster::{Error, observe, status as write};
use crate::plan::index::ResourceKey;
use crate::status::Outcome;
use crate::status::resource::{Facts, compute, moving};

/// What every step of a pass looks at.
pub struct Pass<'a> {
    /// The world.
    pub world: &'a World,
    /// Which resource.
    pub key: &'a ResourceKey,
    /// Its ScoreResource, bound.
    pub resource: &'a ScoreResource,
    /// What was seen of its consumers and rules.
    pub seen: &'a observe::Resource,
    /// Its status before this pass.
    pub before: ScoreResourceStatus,
}

/// What a pass has found out, before the status is computed.
pub struct Found {
    /// How far it came.
    pub outcome: Outcome,
    /// The outputs, if the resource is ready.
    pub outputs: Option<Map<String, Value>>,
    /// What it sets in the pods of its consumers, if it is ready.
    pub patches: Option<Patches>,
    /// What is ours now.
    pub inventory: Vec<InventoryEntry>,
    /// What the objects were made by, if they were.
    pub made_by: Option<MadeBy>,
    /// What is to be said besides.
    pub remark: Option<String>,
    /// The error that the next attempt may not meet.
    pub error: Option<Error>,
}

impl Found {
    /// Nothing was applied: what is there stays.
    #[must_use]
    pub fn stopped(pass: &Pass<'_>, outcome: Outcome) -> Self {
        let inventory = pass.before.inventory.clone();
        Self { outcome, outputs: None, patches: None, inventory, made_by: None, remark: None, error: None }
    }
}

impl Found {
    /// It works as it was made, and stays so until its turn comes.
    #[must_use]
    pub fn held(pass: &Pass<'_>, revision: &str) -> Self {
        let remark = format!(
            "the rule is at revision `{revision}`: until this resource has its turn it is left as it is, and changes of its objects are not undone; see `kubectl get prule -o wide`"
        );
        Self { remark: Some(remark), ..Self::stopped(pass, Outcome::Ready) }
    }
}

/// Writes the status with the names of objects that are about to be created.
///
/// # Errors
/// Where the API server refuses or cannot be asked.
pub async fn announce(pass: &Pass<'_>, inventory: Vec<InventoryEntry>) -> Result<(), Error> {
    publish(pass, &Found { inventory, ..Found::stopped(pass, Outcome::Applying) }).await
}

/// Writes the status if it differs, and tells of it if `Ready` changed.
///
/// # Errors
/// Where the API server refuses or cannot be asked.
pub async fn publish(pass: &Pass<'_>, found: &Found) -> Result<(), Error> {
    let before = newest(pass);
    let facts = Facts {
        generation: pass.resource.metadata.generation.unwrap_or_default(),
        consumers: consumers(pass),
        other_rules: others(pass),
        made_by: found.made_by.clone(),
        remark: remark(pass, found, &before),
        outputs: found.outputs.clone(),
        patches: found.patches.clone(),
        inventory: found.inventory.clone(),
    };
    let after = compute(facts, &found.outcome, &before, &(pass.world.environment.now)());
    write_status(pass, &before, &after).await
}

/// What is to be said besides: why it is not moved, that it is being moved, or that it is left as it is.
fn remark(pass: &Pass<'_>, found: &Found, before: &ScoreResourceStatus) -> Option<String> {
    let made_by = found.made_by.as_ref().or(before.made_by.as_ref());
    let moving = moving(pass.resource.spec.rule.as_deref(), made_by, &others(pass));
    let said: Vec<_> =
        [pass.seen.remark.clone(), moving, found.remark.clone()].into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join("; "))
}

async fn write_status(
    pass: &Pass<'_>,
    before: &ScoreResourceStatus,
    after: &ScoreResourceStatus,
) -> Result<(), Error> {
    if after == before {
        return Ok(());
    }
    write::resource(pass.world, pass.resource, &before.conditions, after).await
}

/// The status as this pass has left it so far.
fn newest(pass: &Pass<'_>) -> ScoreResourceStatus {
    let newest = pass.world.caches.resources.get(&pass.key.namespace, &pass.resource.name_any());
    let newest = newest.filter(|newest| newest.uid() == pass.resource.uid());
    newest.and_then(|newest| newest.status.clone()).unwrap_or_default()
}

fn consumers(pass: &Pass<'_>) -> Vec<String> {
    pass.seen.owners.iter().map(|owner| owner.name.clone()).collect()
}

/// The rules that matched too and lost.
fn others(pass: &Pass<'_>) -> Vec<String> {
    let bound = pass.resource.spec.rule.as_ref();
    pass.seen.matching.iter().filter(|name| Some(*name) != bound).cloned().collect()
}
