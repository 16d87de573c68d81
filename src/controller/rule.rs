//! The controller of `ProvisionerRules`: compile and check → is every kind served and permitted? → into
//! the book of rules → status.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;

use super::pass::{self, Done, Next};
use crate::api::conditions::{ConditionType, Reason, is_true};
use crate::api::labels;
use crate::api::rule::{ProvisionerRule, ProvisionerRuleStatus};
use crate::cluster::world::{Admission, Entry, World, is_secret};
use crate::cluster::{Error, rollouts, status as write};
use crate::plan::problem::{Awaited, Problem};
use crate::plan::rule::{Rule, cluster_scoped, compile, matcher};
use crate::status::rule::Rollout;
use crate::status::{self, Outcome};

/// One pass over a rule. `changed` is called where what can be made of the rule changed, with the types that it
/// provided or forbade before and does now, so that the resources that depend on it are looked at again.
///
/// # Errors
/// Where the API server cannot be asked; the queue tries again.
pub async fn reconcile(
    world: Arc<World>,
    name: String,
    changed: impl Fn(&BTreeSet<String>),
) -> Result<Done, Error> {
    let Some(rule) = world.caches.rules.get("", &name) else {
        let removed = world.book_mut().remove(&name);
        if let Some(removed) = removed {
            rollouts::forget(&world, &name);
            changed(&types([&removed.admission]));
        }
        return Ok(Done::NOTHING);
    };
    let revision = (rule.uid().unwrap_or_default(), rule.metadata.generation.unwrap_or_default());
    if pass::is_suspended(&*rule) && world.book().contains_key(&name) {
        return freeze(&world, &rule).await; // writes, if it differs
    }
    let was_frozen =
        rule.status.as_ref().is_some_and(|status| is_true(&status.conditions, ConditionType::Suspended));
    if is_read(&world, &name, &revision) && !was_frozen {
        return report(&world, &rule).await; // writes, if it differs
    }
    let looks = forget_kinds(&world, &name);
    let (admission, error) = admit(&world, &rule).await; // compiles (pure), asks for kinds and permissions
    let outcome = outcome(&admission); // pure
    let admission = if pass::is_suspended(&*rule) { frozen(admission) } else { admission };
    let now = admission.clone();
    let before = world.book_mut().insert(name, Entry { revision, admission, looks });
    changed(&types(before.iter().map(|entry| &entry.admission).chain([&now])));
    if pass::is_suspended(&*rule) {
        return freeze(&world, &rule).await; // writes, if it differs
    }
    publish(&world, &rule, &outcome).await?; // writes, if it differs
    match error {
        Some(error) => Err(error),
        None => Ok(Done { next: next(&outcome, looks) }),
    }
}

/// Says how far an edit has come.
async fn report(world: &World, rule: &ProvisionerRule) -> Result<Done, Error> {
    let admission = world.book().get(&rule.name_any()).map(|entry| entry.admission.clone());
    if let Some(admission) = admission {
        publish(world, rule, &outcome(&admission)).await?;
    }
    Ok(Done::NOTHING)
}

/// The types that a rule matches.
fn types<'a>(admissions: impl IntoIterator<Item = &'a Admission>) -> BTreeSet<String> {
    admissions.into_iter().filter_map(Admission::matcher).map(|rule| rule.type_.clone()).collect()
}

/// A rule that was frozen before this operator began: nobody knows what it said then, so nothing is made by what
/// it says now.
fn frozen(admission: Admission) -> Admission {
    let message = format!("the rule is frozen by the annotation `{}`; remove it to go on", labels::SUSPEND);
    let awaited = || vec![Awaited::new(Reason::Suspended, message)];
    match admission {
        Admission::Ready(rule) | Admission::Waiting(rule, _) => Admission::Waiting(rule, awaited()),
        rejected @ Admission::Rejected(..) => rejected,
    }
}

/// Leaves what is known of the rule as it is, and says so.
async fn freeze(world: &World, rule: &ProvisionerRule) -> Result<Done, Error> {
    let before = rule.status.clone().unwrap_or_default();
    if let Some(conditions) = pass::frozen(world, rule, &before.conditions) {
        let after = ProvisionerRuleStatus { conditions, ..before.clone() };
        write::rule(world, rule, &before.conditions, &after).await?;
    }
    Ok(Done::NOTHING)
}

/// After a CRD changed, the answers about its kinds are asked for anew; how many looks are still due.
fn forget_kinds(world: &World, name: &str) -> u8 {
    let looks = world.book().get(name).map_or(0, |entry| entry.looks);
    let rule = world.rule(name).filter(|_| looks > 0);
    for (api_version, _) in rule.iter().flat_map(|rule| rule.kinds()) {
        if let Some((group, _)) = api_version.split_once('/') {
            world.kinds.forget(group);
        }
    }
    looks.saturating_sub(1)
}

fn next(outcome: &Outcome, looks: u8) -> Next {
    match looks {
        0 if is_forbidden(outcome) => Next::Retry,
        0 => Next::Change,
        1 => Next::After(Duration::from_secs(10)),
        _ => Next::After(Duration::from_secs(2)),
    }
}

/// Whether this revision was read before and nothing that it depends on changed: our own writes of its
/// status wake it too.
fn is_read(world: &World, name: &str, revision: &(String, i64)) -> bool {
    let book = world.book();
    let Some(entry) = book.get(name) else { return false };
    let waits = is_unanswered(&outcome(&entry.admission));
    entry.revision == *revision && entry.looks == 0 && !waits
}

/// What became of the rule; also where the API server could not be asked: a rule that waits for an answer
/// must not hold up what others provide.
async fn admit(world: &World, rule: &ProvisionerRule) -> (Admission, Option<Error>) {
    let name = rule.name_any();
    let only_match = || matcher(&name, &rule.spec).map(Arc::new);
    let compiled = match compile(&name, &rule.spec) {
        Ok(compiled) => Arc::new(compiled),
        Err(problems) => return (Admission::Rejected(only_match(), problems), None),
    };
    match kinds(world, &compiled).await {
        Ok((problems, _)) if !problems.is_empty() => (Admission::Rejected(only_match(), problems), None),
        Ok((_, awaited)) if !awaited.is_empty() => (Admission::Waiting(compiled, awaited), None),
        Ok(_) => (Admission::Ready(compiled), None),
        Err(error) => {
            let awaited = Awaited::new(Reason::ApiError, error.to_string());
            (Admission::Waiting(compiled, vec![awaited]), Some(error))
        }
    }
}

/// What is wrong with the kinds of a rule, and what is missing for them. Starts their watches.
async fn kinds(world: &World, rule: &Rule) -> Result<(Vec<Problem>, Vec<Awaited>), Error> {
    let (mut problems, mut awaited) = (Vec::new(), Vec::new());
    for (api_version, kind) in rule.kinds() {
        let Some(found) = world.kinds.resolve(&api_version, &kind).await? else {
            let message = format!(
                "this cluster does not serve {api_version} {kind}: install its CRD, and the rule will be used"
            );
            awaited.push(Awaited::new(Reason::KindNotFound, message));
            continue;
        };
        let path = path_of(rule, &api_version, &kind);
        if let Some(problem) = cluster_scoped::disputed(rule, (&api_version, &kind), found.scope, &path) {
            problems.push(problem);
            continue;
        }
        let missing = world.access.missing(&found.api, !is_secret(&found)).await?;
        match missing.is_empty() {
            true if !is_secret(&found) => drop(world.objects.of(&found.api).await?),
            true => {}
            false => awaited.push(not_permitted(&found.api.plural, &api_version, &missing)),
        }
    }
    Ok((problems, awaited))
}

fn path_of(rule: &Rule, api_version: &str, kind: &str) -> String {
    let own = rule.manifests.iter().map(|manifest| ("manifests", manifest));
    let mut all = own.chain(rule.shared.iter().map(|manifest| ("shared", manifest)));
    let found = all.find(|(_, manifest)| manifest.api_version == api_version && manifest.kind == kind);
    found.map_or_else(String::new, |(root, manifest)| format!("{root}.{}", manifest.key))
}

fn not_permitted(plural: &str, api_version: &str, verbs: &[String]) -> Awaited {
    let message = format!(
        "the operator may not {} {plural} ({api_version}): add a ClusterRole with the label k8s.score.dev/aggregate-to-operator: \"true\"",
        verbs.join(", ")
    );
    Awaited::new(Reason::Forbidden, message)
}

fn outcome(admission: &Admission) -> Outcome {
    match admission {
        Admission::Ready(_) => Outcome::Ready,
        Admission::Waiting(_, awaited) => Outcome::Waiting(awaited.clone()),
        Admission::Rejected(_, problems) => Outcome::Rejected(problems.clone()),
    }
}

fn is_forbidden(outcome: &Outcome) -> bool {
    waits_for(outcome, &[Reason::Forbidden])
}

/// Whether the answer may be another one the next time, without anything waking the rule.
fn is_unanswered(outcome: &Outcome) -> bool {
    waits_for(outcome, &[Reason::Forbidden, Reason::ApiError])
}

fn waits_for(outcome: &Outcome, reasons: &[Reason]) -> bool {
    matches!(outcome, Outcome::Waiting(awaited) if awaited.iter().any(|found| reasons.contains(&found.reason)))
}

async fn publish(world: &World, rule: &ProvisionerRule, outcome: &Outcome) -> Result<(), Error> {
    let newest = world.caches.rules.get("", &rule.name_any());
    let before = newest.and_then(|newest| newest.status.clone()).unwrap_or_default();
    let generation = rule.metadata.generation.unwrap_or_default();
    let known = world.rule(&rule.name_any());
    let rollout = Rollout {
        revision: known.as_ref().map(|rule| rule.revision.clone()),
        under_way: known.as_ref().and_then(|rule| rollouts::said(world, rule)),
        forbids: rule.spec.deny.is_some(),
    };
    let after = status::rule::compute(generation, outcome, &rollout, &before, &(world.environment.now)());
    if after == before {
        return Ok(());
    }
    write::rule(world, rule, &before.conditions, &after).await
}
