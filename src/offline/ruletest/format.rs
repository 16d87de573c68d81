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
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
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
    /// Its cases.
    pub cases: Vec<Case>,
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

/// Reads a document of tests.
///
/// # Errors
/// All that is wrong with it: its form, a case that says not what it is about, two cases of one name.
pub fn read(file: &str, document: &Node) -> Result<Document, Vec<Finding>> {
    let places = std::sync::Arc::new(Places::of(document));
    let located = |problem| Finding::new(file, &places, problem);
    let json = document.to_json();
    let found = SCHEMA.iter().flat_map(|schema| schema.problems(&json, "", Reason::InvalidRule));
    let findings: Vec<_> = found.map(located).collect();
    if !findings.is_empty() {
        return Err(findings);
    }
    let wrong = |error: serde_json::Error| Problem::new("", Reason::InvalidRule, error.to_string());
    let test: RuleTest = serde_json::from_value(json).map_err(|error| vec![located(wrong(error))])?;
    let document = Document { cases: test.cases, places: std::sync::Arc::clone(&places) };
    let findings: Vec<_> = document.slips(file).collect();
    if findings.is_empty() { Ok(document) } else { Err(findings) }
}

impl Document {
    fn slips<'a>(&'a self, file: &'a str) -> impl Iterator<Item = Finding> + 'a {
        self.cases.iter().enumerate().flat_map(move |(index, case)| {
            let twice = self.cases.iter().take(index).any(|other| other.name == case.name);
            let twice =
                twice.then(|| ("name", "is the name of another case of this document, too".to_owned()));
            let slips = twice.into_iter().chain(case.subject().err().map(|message| ("of", message)));
            slips.map(move |(path, message)| self.finding(file, index, path, message))
        })
    }
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
