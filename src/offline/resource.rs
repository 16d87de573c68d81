//! What became of a resource in a projection, and what is to be said of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::finding::Finding;
use super::project::Wait;
use crate::api::conditions::Reason;
use crate::api::names::ResourceUid;
use crate::api::patches::Patches;
use crate::api::resource::{ObjectId, ScoreResourceSpec};
use crate::plan::Plan;
use crate::plan::binding;
use crate::plan::demand::Demand;
use crate::plan::problem::{Awaited, Problem};
use crate::plan::rule::choice::Candidate;
use crate::plan::workload::ResourceState;
use crate::template::Value;

/// What became of one resource, or of what a rule shares.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its identity.
    pub uid: ResourceUid,
    /// Its spec: settings, rule and guid.
    pub spec: ScoreResourceSpec,
    /// Every rule of its type, and why it was chosen or not.
    pub candidates: Vec<Candidate>,
    /// Its params after defaults, where they are known.
    pub params: Option<Value>,
    /// Its objects, as far as they are known, in order.
    pub objects: Vec<ObjectId>,
    /// Its objects as the rule says, by key: kept for the tests of rules only, as they may be many.
    pub made: BTreeMap<String, Json>,
    /// What it offers, or why that is not known.
    pub outputs: Plan<Map<String, Json>>,
    /// What it sets in the pods of its consumers, or why that is not known.
    pub patches: Plan<Option<Patches>>,
    /// Who demands it, by workload and name.
    pub demands: Vec<Demand>,
    /// What its rule shares in the namespace.
    pub shares: Option<ResourceUid>,
    /// Whether its objects outlive it.
    pub retained: bool,
}

impl Resource {
    /// A resource of which nothing is known yet.
    pub(super) fn new(uid: ResourceUid, spec: ScoreResourceSpec) -> Self {
        Self {
            uid,
            spec,
            candidates: Vec::new(),
            params: None,
            objects: Vec::new(),
            made: BTreeMap::new(),
            outputs: Plan::Pending(Vec::new()),
            patches: Plan::Ready(None),
            demands: Vec::new(),
            shares: None,
            retained: true,
        }
    }

    /// The demand whose params are in force.
    #[must_use]
    pub fn consumer(&self) -> Option<&Demand> {
        binding::author(&self.demands, &self.spec).or_else(|| self.demands.first())
    }

    /// The rule that provides it.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        self.spec.rule.as_deref()
    }

    /// Its demands, if some contradict each other (P03); nothing where all agree.
    pub(super) fn disputed(&self) -> &[Demand] {
        let mut full = self.demands.iter().filter(|demand| !demand.is_bare());
        let first = full.next();
        let differs = |other: &Demand| {
            first.is_some_and(|first| first.params != other.params || first.metadata != other.metadata)
        };
        if full.any(differs) { &self.demands } else { &[] }
    }

    /// The claim that it offers, if it is a volume of that form (L02).
    pub(super) fn claim_spec(&self) -> Option<Json> {
        let Plan::Ready(outputs) = &self.outputs else { return None };
        let stored = outputs.get("claimSpec")?;
        serde_json::from_value::<Value>(stored.clone()).ok()?.into_plain()
    }

    /// What a workload sees of it.
    pub(super) fn state(&self, demand: &Demand) -> ResourceState {
        let same = self.spec.params == demand.params && self.spec.metadata == demand.metadata;
        let (reason, message) = self.why();
        ResourceState {
            object: self.uid.object_name(),
            uid: self.uid.to_string(),
            current: demand.is_bare() || same,
            reason,
            message,
            since: String::new(),
            retained: self.retained,
            accepted: false,
            outputs: match &self.outputs {
                Plan::Ready(outputs) => Some(outputs.clone()),
                Plan::Pending(_) | Plan::Rejected(_) => None,
            },
            rule: self.spec.rule.clone(),
            patches: self.patched().cloned(),
        }
    }

    /// What it sets in the pods of its consumers, where that is known.
    #[must_use]
    pub fn patched(&self) -> Option<&Patches> {
        match &self.patches {
            Plan::Ready(patches) => patches.as_ref(),
            Plan::Pending(_) | Plan::Rejected(_) => None,
        }
    }

    fn why(&self) -> (Reason, String) {
        match &self.outputs {
            Plan::Ready(_) => (Reason::Ready, String::new()),
            Plan::Pending(awaited) => {
                let all: Vec<_> = awaited.iter().map(|found| found.message.as_str()).collect();
                (awaited.first().map_or(Reason::Progressing, |found| found.reason), all.join("; "))
            }
            Plan::Rejected(problems) => {
                let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
                (problems.first().map_or(Reason::Failed, |found| found.reason), all.join("; "))
            }
        }
    }

    /// What only an edit mends. Trouble with params is left to the workloads: their plans say it.
    pub(super) fn problems(&self, file: &str) -> Vec<Finding> {
        use Reason::{Denied, InvalidParams, UnknownOutput, UnknownPlaceholder, UnknownResource};
        let Plan::Rejected(problems) = &self.outputs else { return Vec::new() };
        let said_before = |reason: Reason| {
            matches!(reason, Denied | InvalidParams | UnknownOutput | UnknownPlaceholder | UnknownResource)
        };
        let own = problems.iter().filter(|_| !said_before(self.why().0));
        let rule = self.rule().unwrap_or_default();
        let message = |problem: &Problem| format!("rule `{rule}`: {problem}");
        let problem = |found: &Problem| Problem::new(self.path(), found.reason, message(found));
        own.map(|found| Finding::unplaced(file, problem(found))).collect()
    }

    /// What only a cluster can tell.
    pub(super) fn awaited(&self, file: &str) -> Vec<Wait> {
        let Plan::Pending(awaited) = &self.outputs else { return Vec::new() };
        let wait =
            |found: &Awaited| Wait { file: file.to_owned(), path: self.path(), awaited: found.clone() };
        awaited.iter().map(wait).collect()
    }

    /// Where it stands in the file that defines it.
    fn path(&self) -> String {
        self.consumer()
            .map_or_else(|| self.uid.to_string(), |demand| format!("resources.{}", demand.resource))
    }
}
