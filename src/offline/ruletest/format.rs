//! The file of a test: YAML documents of the kind `RuleTest`, which no cluster ever sees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::super::finding::{Finding, Places};
use super::super::yaml::{Node, Place};
use crate::api::API_VERSION;
use crate::api::conditions::Reason;
use crate::api::schema::json_schema;
use crate::api::score::{Resource, Score};
use crate::plan::problem::Problem;
use crate::plan::schema::Schema;

/// The kind of these documents.
const KIND: &str = "RuleTest";

/// Tests of rules, which `score-operator rules test` runs. No cluster ever sees them.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[allow(dead_code)] // only its schema is used: cases are read one by one
struct RuleTest {
    /// The API group and version of the rules.
    #[serde(rename = "apiVersion")]
    _api_version: String,
    /// `RuleTest`.
    #[serde(rename = "kind")]
    _kind: String,
    /// The cases.
    #[schemars(length(min = 1))]
    cases: Vec<Case>,
}

/// One case: a resource, what the cluster says, and what is expected.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Case {
    /// What the case shows, in a few words; unique in its file.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// The resource, as a Score file has it below `resources`. The workload `web` demands it, as `example`.
    #[serde(default)]
    pub resource: Option<Resource>,
    /// Or Score files, whole: all that is in the namespace.
    #[serde(default)]
    #[schemars(with = "Vec<Score>")]
    pub score: Vec<Map<String, Json>>,
    /// Which resource of the Score files is looked at, as `<workload>.<resource>`. May be left out where they have
    /// one only.
    #[serde(default)]
    pub of: Option<String>,
    /// The namespace.
    #[serde(default)]
    pub namespace: Option<Namespace>,
    /// The labels of the ScoreWorkloads, by which rules may select.
    #[serde(default)]
    pub workload_labels: BTreeMap<String, String>,
    /// The resource's guid. Left out, it is a text of its own, the same in each run.
    #[serde(default)]
    pub guid: Option<String>,
    /// What `generate` rolled, by name. Left out, it is `fake-<name>`.
    #[serde(default)]
    pub generated: BTreeMap<String, String>,
    /// What other resources of the Score files offer, by `<workload>.<resource>` or `type.class#id`. Left out, their
    /// own rules say it.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Map<String, Json>>")]
    pub outputs: Map<String, Json>,
    /// What the cluster shows of the rule's objects beside what the rule wrote, by their key; mostly a `status`. `null`:
    /// the object is not there. An object that is not named works.
    #[serde(default)]
    #[schemars(with = "Map<String, Json>")]
    pub live: BTreeMap<String, Json>,
    /// The Secrets that others have written: the keys of each, by its name.
    #[serde(default)]
    pub secrets: BTreeMap<String, BTreeSet<String>>,
    /// What is expected. All that is not said here is free.
    #[schemars(with = "Expect")]
    #[serde(default)]
    pub expect: Map<String, Json>,
}

/// A namespace.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Namespace {
    /// Its name. Defaults to `default`.
    #[serde(default)]
    pub name: Option<String>,
    /// Its labels, by which rules may select.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// What is expected. Of a map only the keys that are written count, at any depth, and `null` says that a key is not
/// there; a list has as many items as are written, each compared like that. Of what is awaited and of problems, a part
/// of each message, and no other message.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[allow(dead_code)] // only its schema is used: what is expected is compared as it is written
struct Expect {
    /// The rule that is chosen; `null`: none.
    rule: Option<String>,
    /// Whether the resource is ready: its objects work, `readyWhen` is true, and Secrets that outputs name are there.
    ready: Option<bool>,
    /// The objects as the rule makes them, by their key in `manifests` and `shared`. What is in `data` of a Secret stands
    /// as text below `stringData`.
    #[schemars(default)]
    objects: Map<String, Json>,
    /// The outputs, once ready. A key of a Secret is `{secretKeyRef: {name, key}}`.
    #[schemars(default)]
    outputs: Map<String, Json>,
    /// Parts of what is said while the resource is not ready.
    #[schemars(default, inner(length(min = 1)))]
    awaited: Vec<String>,
    /// Parts of what is wrong. Left out, nothing may be.
    #[schemars(default, inner(length(min = 1)))]
    problems: Vec<String>,
    /// The objects of the workloads, as `<kind>/<name>`.
    #[schemars(default)]
    workloads: Map<String, Json>,
}

/// A document of tests.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its cases that can be run, each with its place in the list.
    pub cases: Vec<(usize, Case)>,
    places: std::sync::Arc<Places>,
}

impl Document {
    /// Where a case stands.
    #[must_use]
    pub fn place(&self, index: usize) -> Option<Place> {
        self.places.at(&format!("cases[{index}]"))
    }

    /// Something wrong with a case. `path` is within it.
    #[must_use]
    pub fn finding(&self, file: &str, index: usize, path: &str, message: String) -> Finding {
        let path = format!("cases[{index}].{path}");
        Finding::new(file, &self.places, Problem::new(path, Reason::InvalidRule, message))
    }
}

/// Whether a document is one of tests, right or wrong.
#[must_use]
pub fn is_test(document: &Node) -> bool {
    document.get("kind").and_then(Node::text) == Some(KIND)
}

/// The JSON Schema of a document, for editors and for [`read`].
#[must_use]
pub fn schema() -> Json {
    let mut schema = json_schema::<RuleTest>();
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!(KIND);
    for (key, value) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        schema["properties"][key]["const"] = json!(value);
    }
    let case = &mut schema["properties"]["cases"]["items"];
    // Where `null` says that something is not there.
    case["properties"]["live"]["additionalProperties"] = json!({"type": ["object", "null"]});
    case["properties"]["expect"]["properties"]["rule"]["type"] = json!(["string", "null"]);
    if let Some(required) = case["properties"]["expect"].as_object_mut() {
        required.remove("required");
    }
    schema
}

static SCHEMA: LazyLock<Option<Schema>> = LazyLock::new(|| Schema::new(&schema()).ok());

/// Reads a document of tests, one of that many `documents` of its file.
///
/// Gives the cases that can be run, and all that is wrong with the others: their form, a case that says not what it is
/// about, a second case of one name. Where the document itself is wrong there are no cases.
pub fn read(file: &str, document: &Node, documents: usize) -> (Document, Vec<Finding>) {
    let places = std::sync::Arc::new(Places::of(document).in_file_of(documents));
    let json = document.to_json();
    let of_form = SCHEMA.iter().flat_map(|schema| schema.problems(&json, "", Reason::InvalidRule));
    let mut problems: Vec<_> = of_form.collect();
    let cases = well_formed(&json, &mut problems);
    let slips = slips(&cases);
    let refused: BTreeSet<_> = slips.iter().filter_map(|slip| index(&slip.path)).collect();
    problems.extend(slips);
    let cases = cases.into_iter().filter(|(index, _)| !refused.contains(index)).collect();
    let findings = problems.into_iter().map(|problem| Finding::new(file, &places, problem)).collect();
    (Document { cases, places }, findings)
}

/// The cases that no problem speaks of; none where one speaks of the whole document.
fn well_formed(json: &Json, problems: &mut Vec<Problem>) -> Vec<(usize, Case)> {
    let Some(wrong) = problems.iter().map(|problem| index(&problem.path)).collect::<Option<BTreeSet<_>>>()
    else {
        return Vec::new();
    };
    let all = json["cases"].as_array().into_iter().flatten().enumerate();
    let case = |(index, case): (usize, &Json)| {
        let problem = |error: serde_json::Error| {
            Problem::new(format!("cases[{index}]"), Reason::InvalidRule, error.to_string())
        };
        let read = serde_json::from_value(case.clone()).map_err(|error| problems.push(problem(error)));
        Some((index, read.ok()?))
    };
    all.filter(|(index, _)| !wrong.contains(index)).filter_map(case).collect()
}

/// The case that a path is within.
fn index(path: &str) -> Option<usize> {
    path.strip_prefix("cases[")?.split_once(']')?.0.parse().ok()
}

fn slips(cases: &[(usize, Case)]) -> Vec<Problem> {
    let mut names = BTreeSet::new();
    let of_case = |(index, case): &(usize, Case)| {
        let twice = (!names.insert(case.name.clone()))
            .then(|| ("name", "is the name of another case of this document, too".to_owned()));
        let slips = twice.into_iter().chain(case.subject().err().map(|message| ("of", message)));
        let problem = |(path, message): (&str, String)| {
            Problem::new(format!("cases[{index}].{path}"), Reason::InvalidRule, message)
        };
        slips.map(problem).collect::<Vec<_>>()
    };
    cases.iter().flat_map(of_case).collect()
}

impl Case {
    /// The workload and the name of the resource that the case is about.
    ///
    /// # Errors
    /// What the case has to say.
    pub fn subject(&self) -> Result<(String, String), String> {
        let own = || Ok(("web".to_owned(), "example".to_owned()));
        match (&self.resource, self.score.is_empty(), &self.of) {
            (Some(_), true, None) => own(),
            (Some(_), ..) => Err("a case has either `resource`, or `score` and `of`".to_owned()),
            (None, true, _) => {
                Err("a case needs a `resource: {type: …}`, or Score files below `score`".to_owned())
            }
            (None, false, of) => self.chosen(of.as_deref()),
        }
    }

    fn chosen(&self, of: Option<&str>) -> Result<(String, String), String> {
        let of_file = |file: &Map<String, Json>| {
            let workload = workload(file);
            let names = file.get("resources").and_then(Json::as_object).into_iter().flatten();
            names.map(|(name, _)| (workload.clone(), name.clone())).collect::<Vec<_>>()
        };
        let all: Vec<_> = self.score.iter().flat_map(of_file).collect();
        let shown: Vec<_> = all.iter().map(|(workload, name)| format!("{workload}.{name}")).collect();
        let there = crate::plan::problem::list(shown.iter().map(String::as_str));
        match of {
            None if all.len() == 1 => Ok(all[0].clone()),
            None => {
                Err(format!("say which resource is looked at, as `<workload>.<resource>` (there: {there})"))
            }
            Some(of) => {
                let at = shown.iter().position(|name| name == of);
                let hint = || crate::plan::problem::did_you_mean(of, shown.iter().map(String::as_str));
                at.map(|at| all[at].clone())
                    .ok_or_else(|| format!("no Score file has a resource `{of}`{} (there: {there})", hint()))
            }
        }
    }
}

/// The name of a workload: `web` where its file says none.
pub(super) fn workload(file: &Map<String, Json>) -> String {
    let name = file.get("metadata").and_then(|metadata| metadata["name"].as_str());
    name.unwrap_or("web").to_owned()
}
