//! What a Score file becomes, as far as it is known: validate → demand → substitute. After this no
//! code reads the raw file.

mod files;
mod inputs;
mod order;
mod patches;
mod resolve;
mod resolved;
mod volumes;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

pub use inputs::{NamespaceDefaults, ResourceState, Running, WorkloadInputs};
pub use resolved::{
    FileContent, Gate, Mount, PodVolume, Pods, Port, ResolvedContainer, ResolvedFile, Workload,
};

use super::Plan;
use super::demand::{self, Demand};
use super::problem::Problem;
use super::schema::below;
use super::score as validate;
use super::score::settings::{Settings, settings};
use crate::api::conditions::Reason;
use crate::api::score::{Container, File, Score};
use crate::template::parse;

/// A Score file that is acceptable in itself.
#[derive(Clone, Debug)]
pub struct Valid {
    /// The file.
    pub score: Score,
    /// What its annotations say.
    pub settings: Settings,
    /// Its resources.
    pub demands: Vec<Demand>,
}

/// Validates a Score file by itself: all that can be said without knowing any resource.
///
/// # Errors
/// Every problem at once.
pub fn validate(name: &str, spec: &Map<String, Json>) -> Result<Valid, Vec<Problem>> {
    let (score, mut problems) = match validate::read(spec, name) {
        (Some(score), problems) => (score, problems),
        (None, problems) => return Err(problems),
    };
    problems.extend(unknown_references(name, &score));
    problems.extend(volumes::misnamed(name, &score));
    match (demand::demands(name, &score), settings(&score)) {
        (Ok(demands), Ok(settings)) if problems.is_empty() => Ok(Valid { score, settings, demands }),
        (demands, settings) => {
            problems.extend(demands.err().into_iter().chain(settings.err()).flatten());
            problems.sort();
            problems.dedup();
            Err(problems)
        }
    }
}

/// Plans a workload.
#[must_use]
pub fn plan(inputs: &WorkloadInputs) -> Plan<Workload> {
    let valid = match validate(&inputs.name, &inputs.spec) {
        Ok(valid) => valid,
        Err(problems) => return Plan::Rejected(problems),
    };
    let conflicts = conflicts(&valid.demands, &inputs.siblings);
    if !conflicts.is_empty() {
        return Plan::Rejected(conflicts);
    }
    resolve::resolve(inputs, &valid)
}

/// Every text that may hold placeholders, with its path (H08).
fn texts(score: &Score) -> impl Iterator<Item = (String, &String)> {
    score
        .containers
        .iter()
        .flat_map(|(name, container)| container_texts(&format!("containers.{name}"), container))
}

fn container_texts<'a>(path: &str, container: &'a Container) -> Vec<(String, &'a String)> {
    let under = |key: &str, name: &str| below(&format!("{path}.{key}"), name);
    let variables = container.variables.iter().flatten().map(|(name, text)| (under("variables", name), text));
    let expanded = |file: &&File| file.no_expand != Some(true);
    let files = container.files.iter().flatten().filter(|(_, file)| expanded(file));
    let files = files.filter_map(|(target, file)| {
        Some((format!("{}.content", under("files", target)), file.content.as_ref()?))
    });
    let volumes = container.volumes.iter().flatten();
    let volumes =
        volumes.map(|(target, volume)| (format!("{}.source", under("volumes", target)), &volume.source));
    variables.chain(files).chain(volumes).collect()
}

fn unknown_references(name: &str, score: &Score) -> Vec<Problem> {
    let known = score.resources.clone().unwrap_or_default();
    let metadata = demand::metadata(name, score);
    let mut problems = Vec::new();
    for (path, text) in texts(score) {
        let wrong = match parse(text) {
            Err(error) => vec![(Reason::UnknownPlaceholder, error.to_string())],
            Ok(parsed) => {
                let wrong = |found| demand::check_reference(found, Some(&metadata), &known).err();
                parsed.references().filter_map(wrong).collect()
            }
        };
        problems
            .extend(wrong.into_iter().map(|(reason, message)| Problem::new(path.clone(), reason, message)));
    }
    problems
}

/// Params that another workload's params for the same resource contradict (P03, E03).
fn conflicts(demands: &[Demand], siblings: &[Demand]) -> Vec<Problem> {
    let differs = |mine: &Demand, other: &Demand| {
        mine.uid == other.uid
            && !mine.is_bare()
            && !other.is_bare()
            && (mine.params != other.params || mine.metadata != other.metadata)
    };
    let mut problems = Vec::new();
    for mine in demands {
        let others: BTreeSet<_> = siblings
            .iter()
            .filter(|other| differs(mine, other))
            .map(|other| other.workload.as_str())
            .collect();
        if !others.is_empty() {
            let message = format!(
                "multiple definitions of {} with different params or metadata, in workload {}: give them the same, or leave them out in all but one",
                mine.uid,
                super::problem::list(others)
            );
            problems.push(Problem::new(
                format!("resources.{}", mine.resource),
                Reason::ParamsConflict,
                message,
            ));
        }
    }
    problems
}
