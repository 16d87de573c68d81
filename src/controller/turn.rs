//! Whether an edit of its rule may reach a resource now.

use kube::ResourceExt;

use super::report::{Found, Pass};
use crate::api::conditions::{ConditionStatus, ConditionType, find, is_true};
use crate::api::resource::MadeBy;
use crate::api::rule::DeletionPolicy;
use crate::cluster::{Error, own, rollouts};
use crate::plan::rule::Rule;
use crate::status::ready::{Readiness, readiness};

/// Whether the resource is left as it is for now. One that is new, whose settings were edited, or whose objects do
/// not work is never held; nor is one that is refused, as nothing is made of it.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn is_held(pass: &Pass<'_>, rule: &Rule) -> Result<bool, Error> {
    if old(pass, rule).is_none() || is_refused(pass) {
        return Ok(false);
    }
    let is_edited = pass.resource.metadata.generation != Some(pass.before.observed_generation);
    let must = is_edited || !works(pass).await?;
    Ok(!rollouts::may_go(pass.world, rule, pass.key, must))
}

/// Leaves it as it is, and says so. Only the deletion policy does not wait: what is to outlive the resource has no
/// owner from now on (decision 4).
///
/// # Errors
/// Where the API server refuses or cannot be asked.
pub async fn hold(pass: &Pass<'_>, rule: &Rule) -> Result<Found, Error> {
    let mut found = Found::held(pass, &rule.revision);
    let retains = rule.deletion_policy == DeletionPolicy::Retain;
    if let Some(old) = old(pass, rule).filter(|old| retains && !old.retained) {
        let uid = pass.resource.uid().unwrap_or_default();
        own::disown(pass.world, &pass.key.namespace, &uid, &pass.before.inventory).await?;
        found.made_by = Some(MadeBy { retained: true, ..old.clone() });
    }
    Ok(found)
}

/// What is to be said of objects that stay as they were: that this revision was tried. Not of what was refused
/// before it came.
#[must_use]
pub fn tried(pass: &Pass<'_>, rule: &Rule) -> Option<MadeBy> {
    let old = old(pass, rule).filter(|_| !is_refused(pass))?;
    Some(MadeBy { tried: Some(rule.revision.clone()), ..old.clone() })
}

fn is_refused(pass: &Pass<'_>) -> bool {
    let inputs = find(&pass.before.conditions, ConditionType::InputsValid);
    inputs.is_some_and(|inputs| inputs.status == ConditionStatus::False)
}

/// What the objects were made by, if that was an earlier revision of the rule.
fn old<'a>(pass: &'a Pass<'_>, rule: &Rule) -> Option<&'a MadeBy> {
    let made_by = pass.before.made_by.as_ref();
    made_by.filter(|made_by| made_by.rule == rule.name && made_by.revision != rule.revision)
}

/// Whether all its objects were found to work, and are still there and do.
async fn works(pass: &Pass<'_>) -> Result<bool, Error> {
    if !is_true(&pass.before.conditions, ConditionType::Available) {
        return Ok(false);
    }
    let namespace = pass.resource.namespace().unwrap_or_default();
    for entry in &pass.before.inventory {
        let id = &entry.id;
        let Some(kind) = pass.world.kinds.resolve(&id.api_version, &id.kind).await? else { return Ok(false) };
        let Some(live) = pass.world.object(&kind, &namespace, &id.name).await? else { return Ok(false) };
        let live = serde_json::to_value(&*live).unwrap_or_default();
        if !matches!(readiness(&live), Readiness::Ready) {
            return Ok(false);
        }
    }
    Ok(true)
}
