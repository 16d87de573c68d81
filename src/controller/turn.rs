//! Whether an edit of its rule may reach a resource now.

use kube::ResourceExt;

use super::report::Pass;
use crate::api::conditions::{ConditionType, is_true};
use crate::cluster::{Error, rollouts};
use crate::plan::rule::Rule;
use crate::status::ready::{Readiness, readiness};

/// Whether the resource is left as it is for now. One that is new, whose settings were edited, or that does not work
/// is never held: there is nothing to protect.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn is_held(pass: &Pass<'_>, rule: &Rule) -> Result<bool, Error> {
    let made_by = pass.before.made_by.as_ref();
    let is_old =
        made_by.is_some_and(|made_by| made_by.rule == rule.name && made_by.revision != rule.revision);
    if !is_old {
        return Ok(false);
    }
    let is_edited = pass.resource.metadata.generation != Some(pass.before.observed_generation);
    let must = is_edited || !works(pass).await?;
    Ok(!rollouts::may_go(pass.world, rule, pass.key, must))
}

/// Whether it was found ready, and all its objects are still there and work.
async fn works(pass: &Pass<'_>) -> Result<bool, Error> {
    if !is_true(&pass.before.conditions, ConditionType::Ready) {
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
