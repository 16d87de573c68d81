//! The rules that an offline run knows: the default ones, which are part of the program, and those of the
//! user, read and admitted as the operator does.

pub mod check;
mod unready;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::finding::{Finding, Places};
use super::yaml::{self, Node, Trouble};
use crate::api::API_VERSION;
use crate::api::conditions::Reason;
use crate::api::names::is_object_name;
use crate::api::rule::ProvisionerRuleSpec;
use crate::api::schema::rule_json_schema;
use crate::plan::problem::Problem;
use crate::plan::rule::{Rule, compile, matcher};
use crate::plan::schema::Schema;

/// The default rules by the name of their file: the files that are installed, not copies of them.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("config/rules/amqp.yaml", include_str!("../../config/rules/amqp.yaml")),
    ("config/rules/dns.yaml", include_str!("../../config/rules/dns.yaml")),
    ("config/rules/elasticsearch.yaml", include_str!("../../config/rules/elasticsearch.yaml")),
    ("config/rules/environment.yaml", include_str!("../../config/rules/environment.yaml")),
    ("config/rules/kafka-topic.yaml", include_str!("../../config/rules/kafka-topic.yaml")),
    ("config/rules/mongodb.yaml", include_str!("../../config/rules/mongodb.yaml")),
    ("config/rules/mssql.yaml", include_str!("../../config/rules/mssql.yaml")),
    ("config/rules/mysql.yaml", include_str!("../../config/rules/mysql.yaml")),
    ("config/rules/postgres-instance.yaml", include_str!("../../config/rules/postgres-instance.yaml")),
    ("config/rules/postgres.yaml", include_str!("../../config/rules/postgres.yaml")),
    ("config/rules/redis.yaml", include_str!("../../config/rules/redis.yaml")),
    ("config/rules/route.yaml", include_str!("../../config/rules/route.yaml")),
    ("config/rules/s3.yaml", include_str!("../../config/rules/s3.yaml")),
    ("config/rules/service-port.yaml", include_str!("../../config/rules/service-port.yaml")),
    ("config/rules/service.yaml", include_str!("../../config/rules/service.yaml")),
    ("config/rules/sqs.yaml", include_str!("../../config/rules/sqs.yaml")),
    ("config/rules/volume.yaml", include_str!("../../config/rules/volume.yaml")),
];

/// A rule that was read and not yet admitted.
#[derive(Clone, Debug)]
pub struct RuleFile {
    /// Where it was read; empty where it comes from a cluster.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Its spec.
    pub spec: ProvisionerRuleSpec,
    /// Where its parts stand in the file, as far as that is known.
    pub places: Arc<Places>,
}

impl RuleFile {
    /// A problem within the rule, with its place. `path` begins below the whole object.
    #[must_use]
    pub fn finding(&self, path: &str, problem: &Problem) -> Finding {
        Finding::new(&self.file, &self.places, Problem { path: path.to_owned(), ..problem.clone() })
    }
}

/// The schema of a rule; `None` never in fact, as a test compiles it.
static SCHEMA: LazyLock<Option<Schema>> = LazyLock::new(|| Schema::new(&rule_json_schema()).ok());

/// Reads a `ProvisionerRule`, one of that many `documents` of its file: its form, not yet its meaning.
///
/// # Errors
/// All that is wrong with its form.
pub fn read(file: &str, document: &Node, documents: usize) -> Result<RuleFile, Vec<Finding>> {
    let places = Arc::new(Places::of(document).in_file_of(documents));
    let located = |problem| Finding::new(file, &places, problem);
    let json = document.to_json();
    let mut problems = identity(document);
    if problems.is_empty() {
        let schema = SCHEMA.iter();
        problems.extend(schema.flat_map(|schema| schema.problems(&json, "", Reason::InvalidRule)));
    }
    problems.extend(misnamed(document).filter(|_| problems.is_empty()));
    if !problems.is_empty() {
        return Err(problems.into_iter().map(located).collect());
    }
    let name = json["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let spec = serde_json::from_value(json["spec"].clone());
    let wrong = |error: serde_json::Error| Problem::new("spec", Reason::InvalidRule, error.to_string());
    let spec = spec.map_err(|error| vec![located(wrong(error))])?;
    Ok(RuleFile { file: file.to_owned(), name, spec, places })
}

/// A document that says it is something else.
fn identity(document: &Node) -> Vec<Problem> {
    let text = |key: &str| document.get(key).and_then(Node::text).unwrap_or_default();
    let wrong = |(key, expected): (&str, &str)| {
        let message = format!("is {:?}, expected `{expected}`", text(key));
        (text(key) != expected).then(|| Problem::new(key, Reason::InvalidRule, message))
    };
    [("apiVersion", API_VERSION), ("kind", KIND)].into_iter().find_map(wrong).into_iter().collect()
}

fn misnamed(document: &Node) -> Option<Problem> {
    let name = document.get("metadata")?.get("name")?.text().unwrap_or_default();
    let message = format!("is {name:?}, expected a name of a-z, 0-9, `-` and `.`");
    (!is_object_name(name)).then(|| Problem::new("metadata.name", Reason::InvalidRule, message))
}

/// Whether a document is a rule, right or wrong.
#[must_use]
pub fn is_rule(document: &Node) -> bool {
    document.get("kind").and_then(Node::text) == Some(KIND)
}

/// The kind of rules.
const KIND: &str = "ProvisionerRule";

/// The default rules, read.
///
/// # Errors
/// What is wrong with their form: never, as a test reads them.
pub fn defaults() -> Result<Vec<RuleFile>, Vec<Finding>> {
    read_all(DEFAULTS)
}

/// Rules by the name of their file, read.
///
/// # Errors
/// What is wrong with the form of the first that is wrong.
pub fn read_all(files: &[(&str, &str)]) -> Result<Vec<RuleFile>, Vec<Finding>> {
    let mut all = Vec::new();
    for (file, text) in files {
        let broken = |trouble: Trouble| Finding::broken(file, trouble).of_rules();
        let documents =
            yaml::read(text).map_err(|found| found.into_iter().map(broken).collect::<Vec<_>>())?;
        for document in &documents {
            all.push(read(file, document, documents.len())?);
        }
    }
    Ok(all)
}

/// A problem for each rule that has the name of another: nobody can say which is meant.
#[must_use]
pub fn twice(files: &[RuleFile]) -> Vec<Finding> {
    let mut by_name: BTreeMap<&str, Vec<&RuleFile>> = BTreeMap::new();
    for file in files {
        by_name.entry(&file.name).or_default().push(file);
    }
    let several = by_name.into_iter().filter(|(_, found)| found.len() > 1);
    let remark = |name: &str, file: &RuleFile| {
        let message =
            format!("rule `{name}` is given more than once: names of rules are unique in a cluster");
        file.finding("metadata.name", &Problem::new("", Reason::InvalidRule, message))
    };
    several.flat_map(|(name, found)| found.into_iter().map(move |file| remark(name, file))).collect()
}

/// Whether a rule can be used.
#[derive(Clone)]
pub enum Admission {
    /// It can.
    Ready(Arc<Rule>),
    /// It cannot: every problem. What it would win still waits for it, as in the operator.
    Refused(Vec<Problem>),
}

/// The rules by name, and by the type that they provide.
#[derive(Clone, Default)]
pub struct Rules {
    admissions: BTreeMap<String, Admission>,
    by_type: BTreeMap<String, Vec<Arc<Rule>>>,
}

impl Rules {
    /// Admits rules, later ones in place of earlier ones of the same name: a rule of the user's that is
    /// called like a default rule replaces it, as it would in a cluster.
    ///
    /// Gives the problems of all that are refused, too.
    #[must_use]
    pub fn admit(files: impl IntoIterator<Item = RuleFile>) -> (Self, Vec<Finding>) {
        let (mut rules, mut findings) = (Self::default(), Vec::new());
        let last: BTreeMap<_, _> = files.into_iter().map(|file| (file.name.clone(), file)).collect();
        for file in last.into_values() {
            match compile(&file.name, &file.spec) {
                Ok(rule) => rules.add(Admission::Ready(Arc::new(rule))),
                Err(problems) => {
                    let within = |found: &Problem| file.finding(&below_spec(&found.path), found);
                    findings.extend(problems.iter().map(within));
                    rules.refuse(&file.name, &file.spec, problems);
                }
            }
        }
        (rules, findings)
    }

    fn add(&mut self, admission: Admission) {
        if let Admission::Ready(rule) = &admission {
            self.by_type.entry(rule.type_.clone()).or_default().push(Arc::clone(rule));
            self.admissions.insert(rule.name.clone(), admission);
        }
    }

    fn refuse(&mut self, name: &str, spec: &ProvisionerRuleSpec, problems: Vec<Problem>) {
        if let Some(rule) = matcher(name, spec) {
            self.by_type.entry(rule.type_.clone()).or_default().push(Arc::new(rule));
        }
        self.admissions.insert(name.to_owned(), Admission::Refused(problems));
    }

    /// The rules of a type, usable or not.
    #[must_use]
    pub fn of_type(&self, type_: &str) -> &[Arc<Rule>] {
        self.by_type.get(type_).map(Vec::as_slice).unwrap_or_default()
    }

    /// A rule by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Admission> {
        self.admissions.get(name)
    }

    /// The types that some rule provides.
    pub fn types(&self) -> impl Iterator<Item = &str> + Clone {
        self.by_type.keys().map(String::as_str)
    }
}

fn below_spec(path: &str) -> String {
    if path.is_empty() { "spec".to_owned() } else { format!("spec.{path}") }
}
