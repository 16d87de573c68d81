//! Our answer to a case: what `wrap` and `render` make of its commands, run after run in one namespace.

use std::collections::{BTreeMap, BTreeSet};

use score_operator::api::names::ResourceUid;
use score_operator::offline::finding::Finding;
use score_operator::offline::project::{Existing, Inputs, Projection, project};
use score_operator::offline::rules::Rules;
use score_operator::offline::source::Source;
use score_operator::plan::Plan;
use score_operator::plan::workload::validate;
use serde_json::Value;

use super::data::{Answer, Case, Run};
use super::offline::{self, Refused};
use super::provisioners;

/// Where all cases play that name no namespace.
const NAMESPACE: &str = "team-a";

/// What we make of a case.
pub struct Ours {
    pub answer: Answer,
    /// The steps that only the offline commands do, by their ids.
    pub offline: BTreeSet<&'static str>,
    /// The resources that nobody demands any more.
    pub released: BTreeSet<String>,
    /// What stands for a token of the recorded answers, and the token.
    pub tokens: Vec<(String, String)>,
}

/// What a cluster would hold between two runs.
#[derive(Default)]
struct Namespace {
    workloads: BTreeMap<String, Source>,
    resources: BTreeMap<ResourceUid, Existing>,
    released: BTreeSet<String>,
    steps: BTreeSet<&'static str>,
}

/// Runs a case.
pub fn answer(case: &Case) -> Ours {
    let mut namespace = Namespace::default();
    let mut answer = Ok(Vec::new());
    for run in &case.runs {
        answer = namespace.run(run);
    }
    let answer = match answer {
        Ok(objects) => Answer::Manifests(objects),
        Err(problems) => Answer::Error(problems.join("\n")),
    };
    let token = |(uid, held): (&ResourceUid, &Existing)| (held.spec.guid.clone(), format!("<guid8:{uid}>"));
    let tokens = namespace.resources.iter().map(token).collect();
    Ours { answer, offline: namespace.steps, released: namespace.released, tokens }
}

impl Namespace {
    fn run(&mut self, run: &Run) -> Result<Vec<Value>, Refused> {
        for source in offline::sources(run, &mut self.steps)? {
            self.workloads.insert(source.name.clone(), source);
        }
        let demands: Vec<_> =
            self.workloads.values().filter_map(|it| validate(&it.name, &it.spec).ok()).collect();
        let demands = demands.iter().flat_map(|valid| &valid.demands);
        let (rules, findings) = Rules::admit(provisioners::rules(&run.provisioners, demands));
        let inputs = Inputs {
            namespace: offline::namespace(run).unwrap_or(NAMESPACE).to_owned(),
            workloads: self.workloads.values().cloned().collect(),
            rules,
            existing: self.resources.clone(),
            assume_ready: true,
            ..Inputs::default()
        };
        let mut objects = Vec::new();
        let projection = project(&inputs, &mut |manifest| objects.push(manifest.body.clone()));
        self.keep(&projection);
        let refused = refused(&findings, &projection);
        if refused.is_empty() { Ok(objects) } else { Err(refused) }
    }

    /// What the next run finds.
    fn keep(&mut self, projection: &Projection) {
        let before = std::mem::take(&mut self.resources);
        for resource in &projection.resources {
            let outputs = match &resource.outputs {
                Plan::Ready(outputs) => Some(outputs.clone()),
                Plan::Pending(_) | Plan::Rejected(_) => None,
            };
            let object_uid = format!("uid-of-{}", resource.uid.object_name());
            let patches = resource.patched().cloned();
            let held =
                Existing { spec: resource.spec.clone(), object_uid, outlived: vec![], outputs, patches };
            self.resources.insert(resource.uid.clone(), held);
        }
        let gone = before.keys().filter(|uid| !self.resources.contains_key(uid));
        self.released.extend(gone.map(ToString::to_string));
    }
}

fn refused(of_rules: &[Finding], projection: &Projection) -> Refused {
    let problems = of_rules.iter().chain(&projection.problems).map(|finding| finding.problem.to_string());
    let awaited = projection.awaited.iter().map(|wait| format!("{}: {}", wait.path, wait.awaited.message));
    problems.chain(awaited).collect()
}
