//! What a rule shares among its resources of a namespace.

use std::collections::BTreeMap;

use serde_json::Map;

use super::Stage;
use crate::api::conditions::Reason;
use crate::api::names::{ResourceUid, shared_uid};
use crate::api::resource::ScoreResourceSpec;
use crate::offline::offer::{Objects, by_key, must_work};
use crate::offline::resource::Resource;
use crate::plan::Plan;
use crate::plan::problem::Awaited;
use crate::plan::resource::{Part, evaluate};
use crate::plan::rule::Rule;

impl Stage<'_, '_> {
    /// What the rule shares in the namespace: worked out once.
    pub(super) fn share(&mut self, rule: &Rule, resource: &mut Resource) -> Plan<Objects> {
        if rule.shared.is_empty() {
            return Plan::Ready(BTreeMap::new());
        }
        let uid = shared_uid(&rule.type_, &rule.name);
        resource.shares = Some(uid.clone());
        if !self.shared.contains_key(&rule.name) {
            let shared = self.shared_part(rule, &uid);
            self.shared.insert(rule.name.clone(), shared);
        }
        match self.shared.get(&rule.name) {
            Some(Plan::Ready(live)) => Plan::Ready(live.clone()),
            Some(Plan::Pending(awaited)) => {
                let all: Vec<_> = awaited.iter().map(|found| found.message.as_str()).collect();
                let message =
                    format!("of what rule `{}` shares in this namespace, {}", rule.name, all.join("; "));
                Plan::Pending(vec![Awaited::new(Reason::WaitingForShared, message)])
            }
            Some(Plan::Rejected(problems)) => Plan::Rejected(problems.clone()),
            None => Plan::Ready(BTreeMap::new()),
        }
    }

    fn shared_part(&mut self, rule: &Rule, uid: &ResourceUid) -> Plan<Objects> {
        let existing = self.existing(uid);
        let ready = self.inputs.assume_ready || existing.is_some_and(|existing| existing.outputs.is_some());
        let spec = existing.map_or_else(|| self.shared_spec(rule, uid), |existing| existing.spec.clone());
        let mut resource = Resource::new(uid.clone(), spec);
        let inputs = self.evaluation(rule, &resource);
        let live = evaluate(rule, Part::Shared, &inputs).and_then(|evaluated| {
            self.note(&evaluated, &mut resource);
            let manifests = self.manifests(rule, &resource.spec, &evaluated, &inputs.generated);
            let live = by_key(&evaluated, &manifests);
            let works = if ready { Plan::Ready(()) } else { must_work(&manifests) };
            self.emit(uid, manifests).and_then(|objects| {
                resource.objects = objects;
                works.and_then(|()| Plan::Ready(live))
            })
        });
        resource.outputs = live.clone().and_then(|_| Plan::Ready(Map::new()));
        self.add(resource);
        live
    }

    fn shared_spec(&self, rule: &Rule, uid: &ResourceUid) -> ScoreResourceSpec {
        ScoreResourceSpec {
            type_: uid.type_.clone(),
            class: uid.class.clone(),
            id: uid.id.clone(),
            rule: Some(rule.name.clone()),
            guid: self.new_guid(uid),
            ..ScoreResourceSpec::default()
        }
    }
}
