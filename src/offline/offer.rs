//! What a resource offers as far as it can be told without a cluster: the manifests stand for the live
//! objects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::resource::Resource;
use crate::api::conditions::Reason;
use crate::api::names::{SHARED_CLASS, short_hash};
use crate::api::rule::Generate;
use crate::plan::Plan;
use crate::plan::patch::{self, Read};
use crate::plan::problem::Awaited;
use crate::plan::resource::{Evaluated, Offer, RuleObject, offer, offer_if_ready};
use crate::plan::rule::Rule;
use crate::render::Manifests;
use crate::status::ready::works_at_once;
use crate::template::Value;

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

/// Every key that the outputs and patches refer to is in a Secret or ConfigMap that the rule itself writes; of any other only a
/// cluster can tell (P07).
pub(super) fn secrets_exist(offered: Offer, manifests: &Manifests, live: &Objects) -> Plan<Offer> {
    let bodies = || manifests.iter().map(|manifest| &manifest.body).chain(live.values());
    let is_written = |wanted: &&Read| wanted.optional || bodies().any(|body| holds(body, wanted));
    let mut wanted: BTreeSet<_> = offered.references().map(Read::from).collect();
    wanted.extend(patch::reads(&json!(offered.patches)));
    let missing = wanted.iter().filter(|wanted| !is_written(wanted));
    pending_on(missing.map(must_be), offered)
}

fn must_be(Read { holder, name, key, .. }: &Read) -> Awaited {
    let message = match key {
        Some(key) => format!("{} `{name}` must have the key `{key}`", holder.kind()),
        None => format!("{} `{name}` must be there", holder.kind()),
    };
    Awaited::new(holder.awaited(), message)
}

fn holds(body: &Json, wanted: &Read) -> bool {
    let has = |key: &String| ["data", "binaryData"].iter().any(|field| body[*field].get(key).is_some());
    body["kind"] == wanted.holder.kind()
        && body["metadata"]["name"] == wanted.name.as_str()
        && wanted.key.as_ref().is_none_or(has)
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
