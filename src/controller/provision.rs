//! The middle of a resource's pass: which rule → what it makes → apply → does it work → outputs.

use std::collections::{BTreeMap, BTreeSet};

use kube::ResourceExt;
use serde_json::{Map, Value, json};

use super::compose::compose;
use super::pass::{self, Carried, carry_out};
use super::report::{Found, Pass, announce};
use super::turn;
use crate::api::conditions::{ConditionType, Reason, find};
use crate::api::labels;
use crate::api::names::{SHARED_CLASS, shared_uid};
use crate::api::resource::{InventoryEntry, MadeBy, ObjectId};
use crate::api::rule::DeletionPolicy;
use crate::cluster::Error;
use crate::cluster::apply::{is_of_predecessor, is_ours, keeper, not_ours};
use crate::cluster::observe::{self, outlive};
use crate::cluster::world::Admission;
use crate::plan::Plan;
use crate::plan::guard;
use crate::plan::patch::{self, Read};
use crate::plan::problem::Awaited;
use crate::plan::resource::{Evaluated, Offer, Part, evaluate, offer};
use crate::plan::rule::{Rule, choice};
use crate::render::Manifests;
use crate::render::generated::{self, Rolled};
use crate::render::resource::{Belonging, claim, claim_id, composed_id, generated_name, objects, owner};
use crate::status::Outcome;
use crate::template;
use std::sync::Arc;

/// Provisions a resource that is bound, or leaves it as it is until an edit of its rule may reach it.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn provision(pass: &Pass<'_>) -> Result<Found, Error> {
    let rule = match allowed_rule(pass) {
        Ok(rule) => rule,
        Err(outcome) => return Ok(Found::stopped(pass, outcome)),
    };
    if turn::is_held(pass, &rule).await? {
        return turn::hold(pass, &rule).await;
    }
    let found = make(pass, &rule).await?;
    // The next ones wait for what could not be made, too.
    let tried = turn::tried(pass, &rule);
    Ok(Found { made_by: found.made_by.or(tried), ..found })
}

async fn make(pass: &Pass<'_>, rule: &Rule) -> Result<Found, Error> {
    let rolled = match roll(pass, rule).await? {
        Ok(rolled) => rolled,
        Err(awaited) => return Ok(Found::stopped(pass, Outcome::Waiting(vec![awaited]))),
    };
    let demands = &pass.seen.binding.demands;
    let inputs = observe::evaluation(pass.world, pass.resource, demands, rule, rolled.values.clone());
    let evaluated = evaluate(rule, part(pass), &inputs).and_then(|evaluated| {
        let allowed = guard::admits_params(&pass.seen.guards, &inputs, &evaluated.params);
        allowed.and_then(|()| Plan::Ready(evaluated))
    });
    match evaluated {
        Plan::Rejected(problems) => Ok(Found::stopped(pass, Outcome::Rejected(problems))),
        Plan::Pending(awaited) => Ok(Found::stopped(pass, Outcome::Waiting(awaited))),
        // What is refused must not make what its rule shares: so this comes after.
        Plan::Ready(_) if let Some(awaited) = shared_awaited(pass, rule) => {
            Ok(Found::stopped(pass, Outcome::Waiting(vec![awaited])))
        }
        Plan::Ready(evaluated) => apply(pass, rule, &evaluated, &rolled).await,
    }
}

fn part(pass: &Pass<'_>) -> Part {
    if pass.key.uid.class == SHARED_CLASS { Part::Shared } else { Part::Own }
}

/// The rule that the resource is bound to, if it can be used and nothing forbids the resource.
fn allowed_rule(pass: &Pass<'_>) -> Result<Arc<Rule>, Outcome> {
    let labels = pass.world.namespace_labels(&pass.key.namespace);
    match guard::admits(&pass.seen.guards, &labels, &pass.key.uid) {
        Plan::Ready(()) => usable_rule(pass),
        Plan::Pending(awaited) => Err(Outcome::Waiting(awaited)),
        Plan::Rejected(problems) => Err(Outcome::Rejected(problems)),
    }
}

fn usable_rule(pass: &Pass<'_>) -> Result<Arc<Rule>, Outcome> {
    let Some(name) = &pass.resource.spec.rule else { return Err(waits(Reason::RuleNotFound, no_rule(pass))) };
    match pass.world.book().get(name).map(|entry| &entry.admission) {
        Some(Admission::Ready(rule)) => Ok(Arc::clone(rule)),
        Some(Admission::Waiting(_, awaited)) => Err(Outcome::Waiting(awaited.clone())),
        Some(Admission::Rejected(_, problems)) => Err(waits(
            Reason::InvalidRule,
            format!(
                "rule `{name}` cannot be used ({}); what it made before keeps running; see `kubectl describe prule {name}`",
                problems.first().map(ToString::to_string).unwrap_or_default()
            ),
        )),
        None => Err(waits(
            Reason::RuleNotFound,
            format!(
                "rule `{name}`, which provides this resource, is gone; what it made keeps running; put the rule back, or move the resource to another one by the annotation `{}` (its data is not moved along)",
                labels::MOVE_TO
            ),
        )),
    }
}

fn waits(reason: Reason, message: String) -> Outcome {
    Outcome::Waiting(vec![Awaited::new(reason, message)])
}

fn no_rule(pass: &Pass<'_>) -> String {
    let types = observe::known_types(pass.world);
    let message = choice::no_rule(&pass.key.uid, types.iter().map(String::as_str));
    message + "; see `kubectl get prule`"
}

/// The part of the rule that the resources of the namespace share must be ready first.
fn shared_awaited(pass: &Pass<'_>, rule: &Rule) -> Option<Awaited> {
    if rule.shared.is_empty() || part(pass) == Part::Shared {
        return None;
    }
    let uid = shared_uid(&rule.type_, &rule.name);
    let shared = pass.world.caches.resources.get(&pass.key.namespace, &uid.object_name());
    let status = shared.and_then(|shared| shared.status.clone()).unwrap_or_default();
    if status.outputs.is_some() {
        return None;
    }
    let why = find(&status.conditions, ConditionType::Ready).map(|ready| ready.message.clone());
    let message = format!(
        "waits for what rule `{}` shares in this namespace: {}; see `kubectl describe sres {}`",
        rule.name,
        why.unwrap_or_else(|| "being made".to_owned()),
        uid.object_name()
    );
    Some(Awaited::new(Reason::WaitingForShared, message))
}

/// The generated values: those in the Secret, and new ones for what it does not have. They are written
/// before anything that uses them.
async fn roll(pass: &Pass<'_>, rule: &Rule) -> Result<Result<Rolled, Awaited>, Error> {
    let is_shared = part(pass) == Part::Shared;
    if !rule.keeps_rolled(is_shared) {
        return Ok(Ok(Rolled::default()));
    }
    let name = generated_name(&pass.resource.spec);
    let secret = pass.world.secrets.get(&pass.key.namespace, &name).await?;
    let existed =
        |entry: &InventoryEntry| entry.id.kind == "Secret" && entry.id.name == name && !entry.uid.is_empty();
    if secret.is_none() && pass.before.inventory.iter().any(existed) {
        let message = format!(
            "Secret `{name}` with the generated values was deleted; new values would not fit the data: restore the Secret, or delete the ScoreResource `{}` to start afresh",
            pass.resource.name_any()
        );
        return Ok(Err(Awaited::new(Reason::WaitingForSecret, message)));
    }
    let mut rolled = match secret.map(|secret| json!(*secret)) {
        None => Rolled::default(),
        Some(secret) => match kept(pass, rule, &secret)? {
            Ok(rolled) => rolled,
            Err(awaited) => return Ok(Err(awaited)),
        },
    };
    for (key, wanted) in rule.rolls(is_shared) {
        let roll = || (pass.world.environment.random)(wanted.alphanumeric.into());
        rolled.values.entry(key.clone()).or_insert_with(roll);
    }
    Ok(Ok(rolled.under(rule)))
}

/// What is in a Secret of generated values, if it is this resource's, or was retained by it.
fn kept(pass: &Pass<'_>, rule: &Rule, secret: &Value) -> Result<Result<Rolled, Awaited>, Error> {
    let Some(belonging) = belonging(pass, rule) else { return Ok(Ok(Rolled::default())) };
    let manifest = generated::render(&belonging, &Rolled::default());
    if is_of_predecessor(secret, &manifest) {
        let action = format!("reading {}", manifest.id);
        return Err(Error::moved(action, "the one that was there before is being deleted"));
    }
    if !is_ours(secret, &manifest) {
        let keeper = keeper(pass.world, &manifest.namespace, secret);
        let refusal = not_ours(&manifest, secret, keeper.as_ref());
        return Ok(Err(Awaited::new(refusal.reason, format!("{}: {}", refusal.object, refusal.message))));
    }
    Ok(Ok(Rolled::of(secret)))
}

/// Whose the objects of this pass are; `None` before the ScoreResource has a uid.
fn belonging<'a>(pass: &'a Pass<'_>, rule: &Rule) -> Option<Belonging<'a>> {
    let owner = owner(pass.resource)?;
    let spec = &pass.resource.spec;
    let policy = rule.deletion_policy;
    Some(Belonging { namespace: &pass.key.namespace, owner, spec, policy, outlived: Vec::new() })
}

/// Whether the pass reads Secrets, which no watch brings: such a resource is looked at again from time
/// to time.
#[must_use]
pub fn reads_secrets(pass: &Pass<'_>) -> bool {
    let owns = pass.before.inventory.iter().any(|entry| entry.id.kind == "Secret");
    let mut outputs = pass.before.outputs.iter().flat_map(|outputs| outputs.values());
    let patches = || !patch::reads(&json!(pass.before.patches)).is_empty();
    owns || outputs.any(|output| output.to_string().contains("secretKeyRef")) || patches()
}

async fn apply(pass: &Pass<'_>, rule: &Rule, evaluated: &Evaluated, rolled: &Rolled) -> Result<Found, Error> {
    let Some(mut belonging) = belonging(pass, rule) else {
        return Ok(Found::stopped(pass, Outcome::Applying));
    };
    belonging.outlived = outlive::by_secrets(pass.world, belonging.namespace, &pass.before.inventory).await?;
    let manifests = manifests(pass, rule, &belonging, evaluated, rolled);
    let announced = pass::announced(&manifests, &pass.before.inventory);
    if let Some(announced) = &announced {
        announce(pass, announced.clone()).await?;
    }
    let inventory = announced.as_ref().unwrap_or(&pass.before.inventory);
    let later = [claim_id(&pass.resource.spec), composed_id(&pass.resource.spec)];
    let is_moving = pass.before.made_by.as_ref().is_some_and(|made_by| made_by.rule != rule.name);
    // What another rule made stays until what this one makes works.
    let is_later = |id: &ObjectId| is_moving || later.contains(id);
    let carried = carry_out(pass.world, belonging.whose(), &manifests, inventory, is_later).await;
    let made_by = made_by(rule);
    let Carried { outcome, inventory, live: made, error } = carried;
    let made_so_far = (!is_moving).then(|| made_by.clone());
    let found =
        Found { outcome, outputs: None, patches: None, inventory, made_by: made_so_far, remark: None, error };
    if found.outcome != Outcome::Ready {
        return Ok(found);
    }
    let mut live: BTreeMap<_, _> = BTreeMap::new();
    for object in &evaluated.objects {
        if let Some(now) = made.get(&object.id) {
            live.insert(object.key.clone(), serde_json::to_value(&**now).unwrap_or_default());
        }
    }
    live.extend(shared_objects(pass, rule).await?);
    let found = conclude(pass, rule, &belonging, evaluated, &live, found).await?;
    let found = claimed(pass, &belonging, found).await?;
    let is_made = !is_moving || found.outcome == Outcome::Ready;
    Ok(Found { made_by: is_made.then_some(made_by), ..found })
}

fn made_by(rule: &Rule) -> MadeBy {
    MadeBy {
        rule: rule.name.clone(),
        revision: rule.revision.clone(),
        tried: None,
        retained: rule.deletion_policy == DeletionPolicy::Retain,
    }
}

/// The claim of a volume, before anybody is told of it. Once made it stays as long as the resource does:
/// a consumer that turns into a StatefulSet must not cost what is in it (L02).
async fn claimed(pass: &Pass<'_>, belonging: &Belonging<'_>, found: Found) -> Result<Found, Error> {
    let Some(spec) = claim_spec(&found) else { return Ok(found) };
    if !observe::wants_claim(pass.world, &pass.key.namespace, &pass.seen.binding.demands) {
        return Ok(found);
    }
    keep(pass, belonging, &Manifests::new([claim(belonging, &spec)]), found, |_| true).await
}

/// Makes further objects of a resource before anybody is told of them. `keeps` names what is not pruned although it is
/// none of them.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn keep(
    pass: &Pass<'_>,
    belonging: &Belonging<'_>,
    manifests: &Manifests,
    mut found: Found,
    keeps: impl Fn(&ObjectId) -> bool,
) -> Result<Found, Error> {
    if let Some(announced) = pass::announced(manifests, &found.inventory) {
        announce(pass, announced.clone()).await?;
        found.inventory = announced;
    }
    let carried = carry_out(pass.world, belonging.whose(), manifests, &found.inventory, keeps).await;
    found.inventory = carried.inventory;
    found.error = carried.error;
    if carried.outcome != Outcome::Ready {
        found.outcome = carried.outcome;
        found.outputs = None;
    }
    Ok(found)
}

fn claim_spec(found: &Found) -> Option<Value> {
    let stored = found.outputs.as_ref()?.get("claimSpec")?;
    serde_json::from_value::<template::Value>(stored.clone()).ok()?.into_plain()
}

fn manifests(
    pass: &Pass<'_>,
    rule: &Rule,
    belonging: &Belonging<'_>,
    evaluated: &Evaluated,
    rolled: &Rolled,
) -> Manifests {
    let all = objects(belonging, &evaluated.objects);
    let secret = rule.keeps_rolled(part(pass) == Part::Shared).then(|| generated::render(belonging, rolled));
    Manifests::new(secret.into_iter().chain(all.iter().cloned()))
}

/// The live objects that the rule shares in this namespace, by key.
async fn shared_objects(pass: &Pass<'_>, rule: &Rule) -> Result<BTreeMap<String, Value>, Error> {
    let mut live = BTreeMap::new();
    if rule.shared.is_empty() || part(pass) == Part::Shared {
        return Ok(live);
    }
    let uid = shared_uid(&rule.type_, &rule.name);
    let Some(shared) = pass.world.caches.resources.get(&pass.key.namespace, &uid.object_name()) else {
        return Ok(live);
    };
    let secret = if rule.keeps_rolled(true) {
        pass.world.secrets.get(&pass.key.namespace, &generated_name(&shared.spec)).await?
    } else {
        None
    };
    let rolled = secret.map(|secret| Rolled::of(&json!(*secret)).values).unwrap_or_default();
    let inputs = observe::evaluation(pass.world, &shared, &[], rule, rolled);
    let Plan::Ready(shared) = evaluate(rule, Part::Shared, &inputs) else { return Ok(live) };
    for object in &shared.objects {
        let Some(kind) = pass.world.kinds.resolve(&object.id.api_version, &object.id.kind).await? else {
            continue;
        };
        let found = pass.world.object(&kind, &pass.key.namespace, &object.id.name).await?;
        if let Some(found) = found {
            live.insert(object.key.clone(), serde_json::to_value(&*found).unwrap_or_default());
        }
    }
    Ok(live)
}

/// From working objects to outputs; ready once every Secret key that they name exists (P07).
async fn conclude(
    pass: &Pass<'_>,
    rule: &Rule,
    belonging: &Belonging<'_>,
    evaluated: &Evaluated,
    live: &BTreeMap<String, Value>,
    found: Found,
) -> Result<Found, Error> {
    if part(pass) == Part::Shared {
        return Ok(Found { outputs: Some(Map::new()), ..found });
    }
    let offered = match offer(rule, evaluated, live) {
        Plan::Ready(offered) => offered,
        Plan::Pending(awaited) => return Ok(Found { outcome: Outcome::Unavailable(awaited), ..found }),
        Plan::Rejected(problems) => return Ok(Found { outcome: Outcome::Failing(problems), ..found }),
    };
    let awaited = awaited_secrets(pass, rule, live, &offered).await?;
    if !awaited.is_empty() {
        return Ok(Found { outcome: Outcome::Unavailable(awaited), ..found });
    }
    let mut found = compose(pass, belonging, &offered, found).await?;
    if found.outcome == Outcome::Ready {
        let stored = serde_json::to_value(&offered.outputs).ok();
        found.outputs = stored.and_then(|value| value.as_object().cloned());
        found.patches = offered.patches;
    }
    Ok(found)
}

/// The Secrets and ConfigMaps that are missing for what is offered.
async fn awaited_secrets(
    pass: &Pass<'_>,
    rule: &Rule,
    live: &BTreeMap<String, Value>,
    offered: &Offer,
) -> Result<Vec<Awaited>, Error> {
    let mut wanted: BTreeSet<Read> = offered.references().map(Read::from).collect();
    wanted.extend(patch::reads(&json!(offered.patches)));
    let missing = observe::missing(pass.world, &pass.key.namespace, &wanted).await?;
    let hint = || format!("; the objects of rule `{}` should bring it: {}", rule.name, makers(live));
    let awaited = |found: Awaited| Awaited { message: found.message + &hint(), ..found };
    Ok(missing.into_iter().map(awaited).collect())
}

/// The objects that may write a Secret, for a person to look at.
fn makers(live: &BTreeMap<String, Value>) -> String {
    let ids = live.values().filter_map(ObjectId::of).filter(|id| id.kind != "Secret");
    let all: Vec<_> = ids.map(|id| format!("`{}`", id.describe())).collect();
    if all.is_empty() { "it has none".to_owned() } else { format!("see {}", all.join(", ")) }
}
