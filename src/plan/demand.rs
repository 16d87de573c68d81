//! Which resources a workload demands, by which identity, and in which order they depend on each
//! other (E01, E04, H08).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::graph;
use super::problem::{Problem, list, near_miss};
use crate::api::TOO_DEEP;
use crate::api::conditions::Reason;
use crate::api::names::ResourceUid;
use crate::api::score::{Resource, Score};
use crate::template::{self, Reference, short};

/// One entry of a workload's `resources`, with its identity.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Demand {
    /// The workload that demands it.
    pub workload: String,
    /// Its name in that workload's Score file.
    pub resource: String,
    /// Its identity within the namespace.
    pub uid: ResourceUid,
    /// Its params as written; empty counts as none given (E03).
    pub params: Map<String, Value>,
    /// Its metadata as written.
    pub metadata: Map<String, Value>,
    /// The resources that its params name, by their name in the Score file.
    pub depends_on: BTreeMap<String, ResourceUid>,
}

impl Demand {
    /// Whether it says no more than which resource it means: another consumer's params win (E03).
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.params.is_empty() && self.metadata.is_empty()
    }
}

/// The demands of a workload, by their name in the Score file.
///
/// # Errors
/// All placeholders in params that name nothing, and every cycle between resources, printed (E04).
pub fn demands(workload: &str, score: &Score) -> Result<Vec<Demand>, Vec<Problem>> {
    let resources = score.resources.clone().unwrap_or_default();
    let uids = uids(workload, score);
    let metadata = metadata(workload, score);
    let mut problems = Vec::new();
    let mut found = Vec::new();
    for (name, resource) in &resources {
        // What is shared means the metadata of whoever defined it first (H14).
        let metadata = resource.id.is_none().then_some(&metadata);
        match dependencies(name, resource, metadata, &uids) {
            Ok(depends_on) => found.push(demand(workload, name, resource, &uids, depends_on)),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() {
        problems.extend(cycle(&found));
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// The identities of a workload's resources, by their name in the Score file.
#[must_use]
pub fn uids(workload: &str, score: &Score) -> BTreeMap<String, ResourceUid> {
    let resources = score.resources.iter().flatten();
    resources.map(|(name, resource)| (name.clone(), uid(workload, name, resource))).collect()
}

/// The identity of a resource: class defaults to `default`, id to `<workload>.<resource>` (E01).
#[must_use]
pub fn uid(workload: &str, name: &str, resource: &Resource) -> ResourceUid {
    ResourceUid {
        type_: resource.type_.clone(),
        class: resource.class.clone().unwrap_or_else(|| "default".to_owned()),
        id: resource.id.clone().unwrap_or_else(|| format!("{workload}.{name}")),
    }
}

fn demand(
    workload: &str,
    name: &str,
    resource: &Resource,
    uids: &BTreeMap<String, ResourceUid>,
    depends_on: BTreeSet<String>,
) -> Demand {
    let metadata = resource.metadata.as_ref().and_then(|metadata| serde_json::to_value(metadata).ok());
    let known = |name: String| uids.get(&name).map(|uid| (name, uid.clone()));
    Demand {
        workload: workload.to_owned(),
        resource: name.to_owned(),
        uid: uid(workload, name, resource),
        params: resource.params.clone().unwrap_or_default(),
        metadata: metadata.and_then(|value| value.as_object().cloned()).unwrap_or_default(),
        depends_on: depends_on.into_iter().filter_map(known).collect(),
    }
}

/// The names of the resources that a resource's params mention.
fn dependencies(
    name: &str,
    resource: &Resource,
    metadata: Option<&Value>,
    known: &BTreeMap<String, ResourceUid>,
) -> Result<BTreeSet<String>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut found = BTreeSet::new();
    let root = format!("resources.{name}.params");
    let params = Value::Object(resource.params.clone().unwrap_or_default());
    texts(&params, &root, &mut |path, text| match template::parse(text) {
        _ if text == TOO_DEEP => {
            let message = "nests too deep to be read: at most about 90 levels of maps and lists";
            problems.push(Problem::new(path, Reason::InvalidScore, message));
        }
        Ok(parsed) => {
            for reference in parsed.references() {
                match check_reference(reference, metadata, known) {
                    Ok(Some(name)) => drop(found.insert(name)),
                    Ok(None) => {}
                    Err((reason, message)) => problems.push(Problem::new(path, reason, message)),
                }
            }
        }
        Err(error) => {
            problems.push(Problem::new(path, Reason::UnknownPlaceholder, error.to_string()));
        }
    });
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// The metadata that `${metadata.…}` means: the file's own, with the name filled in.
#[must_use]
pub fn metadata(name: &str, score: &Score) -> Value {
    let mut metadata = serde_json::json!(score.metadata.clone().unwrap_or_default());
    metadata["name"] = Value::from(name);
    metadata
}

/// Whether a placeholder names something that can exist: the resource it names, if it names one.
///
/// # Errors
/// The reason and message of a placeholder whose root, resource or metadata is unknown (H07). Without
/// `metadata` any name in it may exist.
pub fn check_reference<V>(
    reference: &Reference,
    metadata: Option<&Value>,
    known: &BTreeMap<String, V>,
) -> Result<Option<String>, (Reason, String)> {
    match reference.path.as_slice() {
        [root] if root == "metadata" => Err((
            Reason::UnknownPlaceholder,
            format!(
                "`{reference}` names no key: write `${{metadata.<key>}}`, or `${reference}` for the text itself"
            ),
        )),
        [root, rest @ ..] if root == "metadata" => {
            let found = metadata.map(|metadata| template::Value::from(metadata.clone()).lookup(rest));
            let wrong = |error| (Reason::UnknownPlaceholder, format!("`{reference}`: {error}"));
            found.transpose().map_err(wrong).map(|_| None)
        }
        [root, name, ..] if root == "resources" && known.contains_key(name) => Ok(Some(name.clone())),
        [root, name, ..] if root == "resources" => {
            Err((Reason::UnknownResource, unknown_resource(reference, name, known)))
        }
        [root, ..] => Err((Reason::UnknownPlaceholder, unknown_root(reference, root))),
        [] => Err((Reason::UnknownPlaceholder, unknown_root(reference, ""))),
    }
}

fn unknown_resource<V>(reference: &Reference, name: &str, known: &BTreeMap<String, V>) -> String {
    let names = || known.keys().map(String::as_str);
    let hint = near_miss(name, names()).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!(
        "`{reference}` names the resource `{}`, which is not under `resources`{hint} (there: {})",
        short(name),
        list(names())
    )
}

fn unknown_root(reference: &Reference, root: &str) -> String {
    let hint = near_miss(root, ["resources", "metadata"])
        .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!(
        "`{reference}` begins with neither `resources.` nor `metadata.`{hint}; write `${reference}` for the text itself"
    )
}

/// Calls `visit` with the path and text of every string below `value`.
pub fn texts(value: &Value, path: &str, visit: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => visit(path, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, &format!("{path}[{index}]"), visit);
            }
        }
        Value::Object(entries) => {
            for (key, item) in entries {
                texts(item, &format!("{path}.{key}"), visit);
            }
        }
        _ => {}
    }
}

/// The cycle between a workload's resources, if there is one.
fn cycle(demands: &[Demand]) -> Option<Problem> {
    let edges = demands
        .iter()
        .map(|demand| (demand.resource.clone(), demand.depends_on.keys().cloned().collect()))
        .collect();
    let cycle = graph::cycle(&edges)?;
    let first = cycle.first().cloned().unwrap_or_default();
    Some(Problem::new(
        format!("resources.{first}.params"),
        Reason::DependencyCycle,
        format!(
            "a cycle exists involving resource param placeholders: {}; remove one of these placeholders",
            graph::shown(&cycle)
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn score(resources: &Value) -> Score {
        serde_json::from_value(json!({"containers": {"main": {"image": "x"}}, "resources": resources}))
            .expect("a Score file")
    }

    #[test]
    fn e01_identity_has_defaults() {
        let found = demands("web", &score(&json!({"db": {"type": "postgres"}}))).expect("demands");
        assert_eq!(found[0].uid.to_string(), "postgres.default#web.db");
        let shared = score(&json!({"db": {"type": "postgres", "class": "big", "id": "all"}}));
        assert_eq!(demands("web", &shared).expect("demands")[0].uid.to_string(), "postgres.big#all");
    }

    #[test]
    fn e04_params_make_dependencies() {
        let file = score(&json!({
            "db": {"type": "postgres"},
            "dns": {"type": "dns", "params": {"list": ["${resources.db.host}"], "own": "${metadata.name}"}},
        }));
        let found = demands("web", &file).expect("demands");
        let dns = found.iter().find(|demand| demand.resource == "dns").expect("dns");
        assert_eq!(dns.depends_on.keys().collect::<Vec<_>>(), ["db"]);
    }

    #[test]
    fn e04_a_cycle_is_printed() {
        let file = score(&json!({
            "aa": {"type": "t1", "params": {"x": "${resources.bb.y}"}},
            "bb": {"type": "t1", "params": {"x": "${resources.aa.y}"}},
        }));
        let problems = demands("web", &file).expect_err("a cycle");
        assert_eq!(problems[0].reason, Reason::DependencyCycle);
        assert!(problems[0].message.contains("aa → bb → aa"), "{}", problems[0].message);
    }

    #[test]
    fn h07_an_unknown_resource_has_a_near_miss() {
        let file = score(&json!({
            "db": {"type": "postgres"},
            "dns": {"type": "dns", "params": {"host": "${resources.bd.host} ${nothing}"}},
        }));
        let problems = demands("web", &file).expect_err("two problems");
        assert_eq!(problems.len(), 2);
        assert_eq!(problems[0].path, "resources.dns.params.host");
        assert!(problems[0].message.contains("did you mean `db`?"), "{}", problems[0].message);
    }
}
