//! What the commands that run the engine read: workloads, rules, outputs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::changes::ChangeArgs;
use super::exit::{Failure, note};
use super::files::{self, Input};
use super::report;
use crate::api::names::is_label;
use crate::offline::document::{contents, nodes};
use crate::offline::finding::Finding;
use crate::offline::rules::check::stray;
use crate::offline::rules::{self, RuleFile};
use crate::offline::source::Source;
use crate::offline::supplied::Supplied;
use crate::offline::workload::{self, Changes, NAMESPACE};
use crate::offline::yaml::Node;

/// What was read of files: what could be used, what is wrong with the rest, and how many files there were.
pub(super) struct Found<T> {
    pub(super) items: Vec<T>,
    pub(super) findings: Vec<Finding>,
    pub(super) files: usize,
}

/// The workloads in files and directories, with what is given from outside of them.
///
/// # Errors
/// Files that cannot be read; changes that do not fit, or that are given for several workloads at once.
pub(super) fn workloads(paths: &[PathBuf], changes: ChangeArgs) -> Result<Found<Source>, Failure> {
    let changes = changes.read()?;
    let inputs = files::read(paths)?;
    let mut found = Found { items: Vec::new(), findings: Vec::new(), files: inputs.len() };
    let mut documents = 0;
    for input in &inputs {
        documents += of_file(input, &changes, &mut found)?;
    }
    changes.fit(documents).map_err(Failure::error)?;
    if documents == 0 && found.findings.is_empty() {
        return Err(nothing(paths));
    }
    Ok(found)
}

/// Files with nothing of ours in them.
pub(super) fn nothing(paths: &[PathBuf]) -> Failure {
    Failure::error(format_args!("{} holds no ScoreWorkload and no Score file", shown(paths)))
}

/// Paths as they were named.
pub(super) fn shown(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    names.join(", ")
}

/// Gives how many documents there were.
fn of_file(input: &Input, changes: &Changes, found: &mut Found<Source>) -> Result<usize, Failure> {
    let contents = contents(&input.file());
    contents.notes.iter().for_each(note);
    found.findings.extend(contents.findings);
    let count = contents.documents.len();
    for mut document in contents.documents {
        let known = workload::prepare(&mut document, changes, &|name| input.source(name));
        let remarks = workload::remarks(&document);
        remarks.iter().for_each(|remark| note(format_args!("{}: {remark}", input.name)));
        let findings = workload::validate(&input.name, &document, known.map_err(Failure::error)?);
        if findings.is_empty() {
            found.items.extend(Source::new(&input.name, &document));
        }
        found.findings.extend(findings);
    }
    Ok(count)
}

/// The one namespace that is said by the user or by ScoreWorkloads, if any.
///
/// # Errors
/// Several namespaces.
pub(super) fn namespace(wanted: Option<&str>, workloads: &[Source]) -> Result<Option<String>, Failure> {
    let named = workloads.iter().filter_map(|found| found.namespace.as_deref());
    let named: BTreeSet<_> = named.chain(wanted).collect();
    if named.len() > 1 {
        let names: Vec<_> = named.into_iter().collect();
        return Err(Failure::error(format_args!(
            "found the namespaces {}, expected one: take each by itself",
            names.join(", ")
        )));
    }
    Ok(named.into_iter().next().map(str::to_owned))
}

/// The rules in files and directories; of a directory, other objects are left out.
///
/// # Errors
/// Files that cannot be read.
pub(super) fn rules(paths: &[PathBuf]) -> Result<Found<RuleFile>, Failure> {
    let is_meant = |input: &Input, node: &Node| input.is_one_of(paths) || rules::is_rule(node);
    Ok(rules_of(&files::read(paths)?, is_meant))
}

/// The rules among other documents, also of a file that was named.
pub(super) fn rules_among(inputs: &[Input]) -> Found<RuleFile> {
    rules_of(inputs, |_, node| rules::is_rule(node))
}

fn rules_of(inputs: &[Input], is_meant: impl Fn(&Input, &Node) -> bool) -> Found<RuleFile> {
    let mut found = Found { items: Vec::new(), findings: Vec::new(), files: inputs.len() };
    for input in inputs {
        match nodes(&input.file()) {
            Ok(nodes) => {
                let (meant, others): (Vec<_>, Vec<_>) = nodes.iter().partition(|node| is_meant(input, node));
                found
                    .findings
                    .extend(others.into_iter().filter_map(|node| stray(&input.name, node, nodes.len())));
                for node in meant {
                    match rules::read(&input.name, node, nodes.len()) {
                        Ok(rule) => found.items.push(rule),
                        Err(findings) => found.findings.extend(findings),
                    }
                }
            }
            Err(findings) => found.findings.extend(findings.into_iter().map(Finding::of_rules)),
        }
    }
    found.findings.extend(rules::twice(&found.items));
    found
}

/// The default rules.
///
/// # Errors
/// None in fact: a test reads them.
pub(super) fn default_rules() -> Result<Vec<RuleFile>, Failure> {
    rules::defaults().map_err(|findings| Failure::error(report::text(&findings)))
}

/// The outputs that a file supplies.
///
/// # Errors
/// A file that cannot be read, or that is no map of outputs.
pub(super) fn supplied(path: &Path) -> Result<Supplied, Failure> {
    let input = files::one(path)?;
    let refused = |findings: Vec<Finding>| Failure::Refused(report::text(&findings));
    let document = nodes(&input.file()).map_err(refused)?.into_iter().next();
    let document = document.map(|node| node.to_json()).unwrap_or_default();
    Supplied::read(input.file().name, &document).map_err(refused)
}

/// A name of a namespace (RFC 1123), as an argument.
///
/// # Errors
/// What was expected.
pub(super) fn namespace_name(name: &str) -> Result<String, String> {
    if is_label(name) { Ok(name.to_owned()) } else { Err(format!("expected {NAMESPACE}")) }
}
