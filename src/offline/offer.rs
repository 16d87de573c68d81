//! What a resource offers as far as it can be told without a cluster: the manifests stand for the live
//! objects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::resource::Resource;
use crate::api::conditions::Reason;
use crate::api::names::{SHARED_CLASS, short_hash};
use crate::api::rule::Generate;
use crate::plan::Plan;
use crate::plan::problem::Awaited;
use crate::plan::resource::{Evaluated, Offer, RuleObject, offer, offer_if_ready};
use crate::plan::rule::Rule;
use crate::render::Manifests;
use crate::status::ready::works_at_once;
use crate::template::{SecretRef, Value};

/// What stands for a secret that the operator rolls in the cluster.
pub const GENERATED: &str = "<generated in the cluster>";

/// The objects of a rule, by key.
pub(super) type Objects = BTreeMap<String, Json>;

/// What the resource offers. `live` holds the objects of the rule and what it shares.
pub(super) fn offered(
    rule: &Rule,
    evaluated: &Evaluated,
    manifests: &Manifests,
    live: &Objects,
    assume_ready: bool,
) -> Plan<Offer> {
    if assume_ready {
        return offer_if_ready(rule, evaluated, live);
    }
    let ready = must_work(manifests).and_then(|()| offer(rule, evaluated, live));
    ready.and_then(|offered| secrets_exist(offered, manifests, live))
}

/// The outputs in stored form.
pub(super) fn stored(outputs: &BTreeMap<String, Value>) -> Map<String, Json> {
    serde_json::to_value(outputs).ok().and_then(|value| value.as_object().cloned()).unwrap_or_default()
}

/// Pending while an object is of a kind of which only a cluster can tell whether it works.
pub(super) fn must_work(manifests: &Manifests) -> Plan<()> {
    let waiting = manifests.iter().filter(|manifest| !works_at_once(&manifest.body));
    let message = |id| format!("{id} must be ready");
    pending_on(waiting.map(|manifest| Awaited::new(Reason::WaitingForObjects, message(&manifest.id))), ())
}

/// Every key that the outputs refer to is in a Secret that the rule itself writes; of any other only a
/// cluster can tell (P07).
fn secrets_exist(offered: Offer, manifests: &Manifests, live: &Objects) -> Plan<Offer> {
    let bodies = || manifests.iter().map(|manifest| &manifest.body).chain(live.values());
    let is_written = |wanted: &&SecretRef| bodies().any(|body| has_key(body, wanted));
    let wanted: BTreeSet<_> = offered.references().cloned().collect();
    let missing = wanted.iter().filter(|wanted| !is_written(wanted));
    let message = |wanted: &SecretRef| format!("Secret `{}` must have the key `{}`", wanted.name, wanted.key);
    pending_on(missing.map(|wanted| Awaited::new(Reason::WaitingForSecret, message(wanted))), offered)
}

fn has_key(body: &Json, wanted: &SecretRef) -> bool {
    body["kind"] == "Secret"
        && body["metadata"]["name"] == wanted.name.as_str()
        && body["data"].get(&wanted.key).is_some()
}

fn pending_on<T>(awaited: impl Iterator<Item = Awaited>, value: T) -> Plan<T> {
    let awaited: Vec<_> = awaited.collect();
    if awaited.is_empty() { Plan::Ready(value) } else { Plan::Pending(awaited) }
}

/// The manifests by their key in the rule.
pub(super) fn by_key(evaluated: &Evaluated, manifests: &Manifests) -> Objects {
    let bodies: BTreeMap<_, _> = manifests.iter().map(|manifest| (&manifest.id, &manifest.body)).collect();
    let body = |object: &RuleObject| Some((object.key.clone(), (*bodies.get(&object.id)?).clone()));
    evaluated.objects.iter().filter_map(body).collect()
}

/// What stands for the generated values: a secret is never rolled here.
pub(super) fn rolled(rule: &Rule, resource: &Resource) -> BTreeMap<String, String> {
    let value = |key: &str, how: &Generate| {
        if how.is_secret() {
            return GENERATED.to_owned();
        }
        stand_in(&format!("{}/{}/{key}", resource.spec.guid, resource.uid), how.alphanumeric.into())
    };
    let is_shared = resource.uid.class == SHARED_CLASS;
    rule.rolls(is_shared).map(|(key, how)| (key.clone(), value(key, how))).collect()
}

/// Letters and digits in place of random ones: the same for the same seed, different for others.
pub(super) fn stand_in(seed: &str, length: usize) -> String {
    let pieces = (0..length.div_ceil(8)).map(|piece| short_hash(&format!("{seed}/{piece}")));
    pieces.collect::<String>().chars().take(length).collect()
}
