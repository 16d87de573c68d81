//! The rules that an offline run knows: the default ones, which are part of the program, and those of the
//! user, read and admitted as the operator does.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::finding::{Finding, Places};
use super::yaml::{self, Node, Trouble};
use crate::api::API_VERSION;
use crate::api::conditions::Reason;
use crate::api::names::is_object_name;
use crate::api::rule::ProvisionerRuleSpec;
use crate::plan::problem::Problem;
use crate::plan::rule::{Rule, compile, matcher};

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
    /// Where it was read.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Its spec.
    pub spec: ProvisionerRuleSpec,
}

/// Reads a `ProvisionerRule`.
///
/// # Errors
/// What is wrong with its form.
pub fn read(file: &str, document: &Node) -> Result<RuleFile, Box<Finding>> {
    let wrong = |path: &str, message: String| {
        let problem = Problem::new(path, Reason::InvalidRule, message);
        Box::new(Finding::new(file, &Places::of(document), problem))
    };
    let text = |key: &str| document.get(key).and_then(Node::text).unwrap_or_default();
    for (key, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        if text(key) != expected {
            return Err(wrong(key, format!("is {:?}, expected `{expected}`", text(key))));
        }
    }
    let name = document.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::text);
    let Some(name) = name.filter(|name| is_object_name(name)) else {
        let found = name.map_or_else(|| "is missing".to_owned(), |name| format!("is {name:?}"));
        return Err(wrong("metadata.name", format!("{found}, expected a name of a-z, 0-9, `-` and `.`")));
    };
    let spec = document.get("spec").map(Node::to_json).unwrap_or_default();
    let spec = serde_json::from_value(spec).map_err(|error| wrong("spec", error.to_string()))?;
    Ok(RuleFile { file: file.to_owned(), name: name.to_owned(), spec })
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
pub fn defaults() -> Result<Vec<RuleFile>, Box<Finding>> {
    read_all(DEFAULTS)
}

/// Rules by the name of their file, read.
///
/// # Errors
/// What is wrong with the form of the first that is wrong.
pub fn read_all(files: &[(&str, &str)]) -> Result<Vec<RuleFile>, Box<Finding>> {
    let mut all = Vec::new();
    for (file, text) in files {
        let documents = yaml::read(text).map_err(|troubles| Box::new(broken(file, troubles)))?;
        for document in &documents {
            all.push(read(file, document)?);
        }
    }
    Ok(all)
}

fn broken(file: &str, troubles: Vec<Trouble>) -> Finding {
    let nothing = || Finding::unplaced(file, Problem::new("", Reason::InvalidRule, "is no YAML"));
    let first = troubles.into_iter().next();
    first.map_or_else(nothing, |trouble| Finding::broken(file, trouble))
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
        Finding::unplaced(&file.file, Problem::new("metadata.name", Reason::InvalidRule, message))
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
        for RuleFile { file, name, spec } in last.into_values() {
            match compile(&name, &spec) {
                Ok(rule) => rules.add(Admission::Ready(Arc::new(rule))),
                Err(problems) => {
                    let within = |problem: &Problem| {
                        let path = format!("spec.{}", problem.path);
                        Finding::unplaced(&file, Problem { path, ..problem.clone() })
                    };
                    findings.extend(problems.iter().map(within));
                    rules.refuse(&name, &spec, problems);
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
