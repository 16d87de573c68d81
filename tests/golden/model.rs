//! The operator's pure part as one function: from the files of a case to what would be applied and said.
//! Where the operator reads a cluster, the case says what is there.
//!
//! | file | what it is |
//! |---|---|
//! | `score.yaml` | the Score file; the ScoreWorkload has its name, or `web` |
//! | `siblings/<name>.yaml` | Score files of other workloads of the namespace |
//! | `resources.yaml` | how far each resource is, given instead of worked out by rules; missing fields are those of a resource that is ready |
//! | `rules.yaml` | names of default rules (`config/rules`) to use |
//! | `rules/<name>.yaml` | rules of the case's own |
//! | `labels.yaml` | `namespace` and `workload`: their labels |
//! | `namespace.yaml` | what its namespace says of pods |
//! | `live.yaml` | what differs, of `<resource>.<manifest key>` or `workload.<kind>`, from an object that works; `null`: it is not there |
//! | `before.yaml` | of a resource its `spec` and `status` before this pass, of `workload` its `status` and what is `running` |

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use score_operator::api::resource::InventoryEntry;
use score_operator::api::workload::ScoreWorkloadStatus;
use score_operator::plan::Plan;
use score_operator::plan::demand::Demand;
use score_operator::plan::index::ResourceKey;
use score_operator::plan::patch::Read;
use score_operator::plan::workload::{ResourceState, Workload, WorkloadInputs, plan};
use score_operator::render::{self, Manifest, Manifests, SecretValues};
use score_operator::status::outcome::availability;
use score_operator::status::{self, Outcome};
use score_operator::template::SecretRef;
use serde_json::json;

use super::Files;
use super::case::{Case, uid_of};
use super::shown::{documents, shown_plan, to_yaml};

/// Where all cases play: not called like anything else in them, so that a swap is seen.
pub const NAMESPACE: &str = "team-a";
/// Of everything that has a spec; statuses in `before.yaml` are of generation 2.
pub const GENERATION: i64 = 3;
pub const NOW: &str = "2026-11-21T12:00:00Z";
/// What every secret value begins with.
pub const CANARY: &str = "canary";

/// Runs a case.
pub fn run(directory: &Path) -> Files {
    let case = Case::read(directory);
    let mut files = Files::new();
    let states = if case.rules.is_empty() { case.given_states() } else { case.provision(&mut files) };
    case.workload(states, &mut files);
    files
}

/// Whether a text shows a generated value, plain or encoded.
pub fn holds_a_secret(text: &str) -> bool {
    text.contains(CANARY) || text.contains(&STANDARD.encode(CANARY))
}

/// The values of the Secrets that files are composed of: none of them may be seen anywhere.
fn secret_values(workload: &Workload) -> SecretValues {
    let value =
        |reference: &SecretRef| (reference.clone(), format!("{CANARY}-{}", reference.key).into_bytes());
    let other = |read: Read| (read, Some(CANARY.as_bytes().to_vec()));
    let others = workload.reads().into_iter().map(other).collect();
    SecretValues::new(workload.secrets().into_iter().map(value).collect(), b"key".to_vec())
        .with_others(others)
}

impl Case {
    fn workload(&self, resources: BTreeMap<String, ResourceState>, files: &mut Files) {
        let index = self.index();
        let key = |demand: &Demand| ResourceKey { namespace: NAMESPACE.into(), uid: demand.uid.clone() };
        let siblings =
            self.demands().iter().flat_map(|demand| index.demands(&key(demand))).collect::<Vec<_>>();
        let inputs = WorkloadInputs {
            name: self.name.clone(),
            namespace: NAMESPACE.into(),
            uid: uid_of(&self.name),
            generation: GENERATION,
            spec: self.score.clone(),
            resources,
            defaults: self.defaults.clone(),
            demanded: self.demands().len(),
            siblings: siblings.into_iter().filter(|demand| demand.workload != self.name).collect(),
            running: self.before("workload", "running").unwrap_or_default(),
        };
        let planned = plan(&inputs).and_then(render::fits);
        files.insert("plan.yaml".into(), to_yaml(&shown_plan(&planned)));
        let before: ScoreWorkloadStatus = self.before("workload", "status").unwrap_or_default();
        let (outcome, inventory) = match &planned {
            Plan::Rejected(problems) => (Outcome::Rejected(problems.clone()), before.inventory.clone()),
            Plan::Pending(awaited) => (Outcome::Waiting(awaited.clone()), before.inventory.clone()),
            Plan::Ready(workload) => {
                let manifests = render::workload(workload, &secret_values(workload));
                files.insert("manifests.yaml".into(), documents(&manifests));
                self.applied(&manifests, |manifest| format!("workload.{}", manifest.id.kind))
            }
        };
        let status = status::workload::compute(&inputs, &outcome, &before, inventory, NOW);
        files.insert("status.yaml".into(), to_yaml(&json!(status)));
    }

    /// What comes of applying manifests, whose entries in `live.yaml` are called as `key` says.
    pub fn applied(
        &self,
        manifests: &Manifests,
        key: impl Fn(&Manifest) -> String,
    ) -> (Outcome, Vec<InventoryEntry>) {
        let mut live = Vec::new();
        let mut inventory = Vec::new();
        for manifest in manifests.iter() {
            let object = self.live(&key(manifest), manifest);
            let uid = object.as_ref().and_then(|object| object["metadata"]["uid"].as_str());
            inventory
                .push(InventoryEntry { id: manifest.id.clone(), uid: uid.unwrap_or_default().to_owned() });
            live.extend(object.map(|object| (&manifest.id, object)));
        }
        inventory.sort();
        let all_there = live.len() == inventory.len();
        let judged = || availability(live.iter().map(|(id, object)| (*id, object)));
        let outcome = if all_there { judged() } else { Outcome::Applying };
        (outcome, inventory)
    }
}
