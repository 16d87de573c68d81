//! The controller of `ProvisionerRules`: compile and check → is every kind served and permitted? → into
//! the book of rules → status.

use std::sync::Arc;

use kube::{Api, ResourceExt};

use super::pass::{Done, Next};
use crate::api::conditions::Reason;
use crate::api::rule::ProvisionerRule;
use crate::cluster::world::{Admission, Entry, World, is_secret};
use crate::cluster::{Error, status as write};
use crate::plan::problem::{Awaited, Problem};
use crate::plan::rule::{Rule, compile};
use crate::status::{self, Outcome};

/// One pass over a rule. `changed` is called where what can be made of the rule changed, so that the
/// resources that depend on it are looked at again.
///
/// # Errors
/// Where the API server cannot be asked; the queue tries again.
pub async fn reconcile(world: Arc<World>, name: String, changed: impl Fn()) -> Result<Done, Error> {
    let Some(rule) = world.caches.rules.get("", &name) else {
        if world.book_mut().remove(&name).is_some() {
            changed();
        }
        return Ok(Done::NOTHING);
    };
    let revision = (rule.uid().unwrap_or_default(), rule.metadata.generation.unwrap_or_default());
    if is_read(&world, &name, &revision) {
        return Ok(Done::NOTHING);
    }
    let admission = admit(&world, &rule).await?; // compiles (pure), asks for kinds and permissions
    let outcome = outcome(&admission); // pure
    world.book_mut().insert(name, Entry { revision, admission, stale: false });
    changed();
    publish(&world, &rule, &outcome).await?; // writes, if it differs
    Ok(Done { next: if is_forbidden(&outcome) { Next::Retry } else { Next::Change } })
}

/// Whether this revision was read before and nothing that it depends on changed: our own writes of its
/// status wake it too.
fn is_read(world: &World, name: &str, revision: &(String, i64)) -> bool {
    let book = world.book();
    let Some(entry) = book.get(name) else { return false };
    let forbidden = is_forbidden(&outcome(&entry.admission));
    entry.revision == *revision && !entry.stale && !forbidden
}

async fn admit(world: &World, rule: &ProvisionerRule) -> Result<Admission, Error> {
    let compiled = match compile(&rule.name_any(), &rule.spec) {
        Ok(compiled) => Arc::new(compiled),
        Err(problems) => return Ok(Admission::Rejected(problems)),
    };
    let (problems, awaited) = kinds(world, &compiled).await?;
    Ok(match (problems.is_empty(), awaited.is_empty()) {
        (true, true) => Admission::Ready(compiled),
        (true, false) => Admission::Waiting(compiled, awaited),
        (false, _) => Admission::Rejected(problems),
    })
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
        if !found.namespaced {
            let path = path_of(rule, &api_version, &kind);
            let message =
                format!("{kind} is cluster-scoped: a rule creates objects in the workload's namespace only");
            problems.push(Problem::new(path, Reason::ForbiddenKind, message));
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
    found.map_or_else(String::new, |(root, manifest)| format!("{root}.{}.kind", manifest.key))
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
        Admission::Rejected(problems) => Outcome::Rejected(problems.clone()),
    }
}

fn is_forbidden(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Waiting(awaited) if awaited.iter().any(|found| found.reason == Reason::Forbidden))
}

async fn publish(world: &World, rule: &ProvisionerRule, outcome: &Outcome) -> Result<(), Error> {
    let newest = world.caches.rules.get("", &rule.name_any());
    let before = newest.and_then(|newest| newest.status.clone()).unwrap_or_default();
    let generation = rule.metadata.generation.unwrap_or_default();
    let after = status::rule::compute(generation, outcome, &before, &(world.environment.now)());
    if after == before {
        return Ok(());
    }
    if let Some(written) = write::write(Api::all(world.client.clone()), rule, &after).await? {
        world.caches.rules.wrote(written);
        world.events.transition(rule, &before.conditions, &after.conditions).await;
    }
    Ok(())
}
