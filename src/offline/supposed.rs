//! What a test of a rule supposes of the cluster, about one resource: live objects, rolled values, Secrets that others
//! write. Nothing here is ever real.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::offer::{Objects, secrets_exist};
use crate::api::conditions::Reason;
use crate::api::resource::ObjectId;
use crate::plan::Plan;
use crate::plan::demand::Demand;
use crate::plan::problem::Awaited;
use crate::plan::resource::{Evaluated, Offer, offer};
use crate::plan::rule::Rule;
use crate::render::Manifests;
use crate::status::Outcome;
use crate::status::outcome::availability;

/// What is supposed.
#[derive(Clone, Debug, Default)]
pub struct Supposed {
    /// The workload whose resource it is about.
    pub workload: String,
    /// Its name there.
    pub resource: String,
    /// Its guid; one of its own where nothing is said.
    pub guid: Option<String>,
    /// The rolled values, by name; of any other, a text that is visibly none.
    pub generated: BTreeMap<String, String>,
    /// What the cluster shows of objects beside what the rule wrote, by their key; `null`: it is not there. Objects
    /// that are not named work.
    pub live: Objects,
    /// The keys of Secrets that others have written.
    pub secrets: BTreeMap<String, BTreeSet<String>>,
}

impl Supposed {
    /// Whether it is about the resource of these demands.
    #[must_use]
    pub fn is_about(&self, demands: &[Demand]) -> bool {
        demands.iter().any(|found| found.workload == self.workload && found.resource == self.resource)
    }

    /// The rolled values of a rule.
    pub(super) fn rolled(&self, rule: &Rule, is_shared: bool) -> BTreeMap<String, String> {
        let value =
            |name: &String| self.generated.get(name).cloned().unwrap_or_else(|| format!("fake-{name}"));
        rule.rolls(is_shared).map(|(name, _)| (name.clone(), value(name))).collect()
    }

    /// What the resource offers, by the steps of the controller: objects that work, `readyWhen`, outputs, Secrets that
    /// exist. `live` holds the objects as the rule wrote them, with what it shares, and then what the cluster shows.
    pub(super) fn offered(
        &self,
        rule: &Rule,
        evaluated: &Evaluated,
        manifests: &Manifests,
        live: &mut Objects,
    ) -> Plan<Offer> {
        let seen: Objects = live.iter().filter_map(|(key, body)| self.seen(key, body)).collect();
        let awaited = self.awaited(live, &seen);
        *live = seen;
        if !awaited.is_empty() {
            return Plan::Pending(awaited);
        }
        let known = live.clone().into_iter().chain(self.secrets()).collect();
        offer(rule, evaluated, live).and_then(|offered| secrets_exist(offered, manifests, &known))
    }

    fn seen(&self, key: &str, written: &Json) -> Option<(String, Json)> {
        let mut object = written.clone();
        match self.live.get(key) {
            Some(Json::Null) => return None,
            Some(more) => merge(&mut object, more),
            None => {}
        }
        Some((key.to_owned(), object))
    }

    /// The objects that are not there, and those that do not work.
    fn awaited(&self, written: &Objects, live: &Objects) -> Vec<Awaited> {
        let ids: BTreeMap<_, _> = written.iter().map(|(key, body)| (key, id(body))).collect();
        let missing = ids.iter().filter(|(key, _)| !live.contains_key(**key));
        let absent = |id: &ObjectId| Awaited::new(Reason::WaitingForObjects, format!("{id}: is not there"));
        let missing = missing.map(|(_, id)| absent(id));
        let named = ids.iter().filter(|(key, _)| self.live.contains_key(**key));
        let broken = match availability(named.filter_map(|(key, id)| Some((id, live.get(*key)?)))) {
            Outcome::Unavailable(awaited) | Outcome::Failed(awaited) => awaited,
            _ => Vec::new(),
        };
        missing.chain(broken).collect()
    }

    /// The Secrets of others, as far as anybody looks at them.
    fn secrets(&self) -> impl Iterator<Item = (String, Json)> + '_ {
        self.secrets.iter().map(|(name, keys)| {
            let data: BTreeMap<_, _> = keys.iter().map(|key| (key, "")).collect();
            (format!("secret {name}"), json!({"kind": "Secret", "metadata": {"name": name}, "data": data}))
        })
    }
}

fn id(body: &Json) -> ObjectId {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    ObjectId {
        api_version: text(&body["apiVersion"]),
        kind: text(&body["kind"]),
        name: text(&body["metadata"]["name"]),
    }
}

/// Lays one value over another: maps are merged, anything else is replaced.
fn merge(under: &mut Json, over: &Json) {
    match (under, over) {
        (Json::Object(under), Json::Object(over)) => {
            over.iter().for_each(|(key, value)| merge(under.entry(key).or_insert(Json::Null), value));
        }
        (under, over) => *under = over.clone(),
    }
}
