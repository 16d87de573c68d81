//! `rules test`: the tests beside the rules.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::exit::{Failure, print_styled};
use super::super::files::{self, Input};
use super::super::{report, sources};
use super::check::sorted;
use super::outcome::{self, Ending, Format, Outcome};
use crate::offline::document::nodes;
use crate::offline::finding::Finding;
use crate::offline::rules::Rules;
use crate::offline::ruletest::{self, Case, Document, Verdict, updated, verdict};
use crate::offline::yaml::{Node, emit};

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// Rules and their tests: files, directories of them, or `-` for stdin.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Do without the default rules.
    #[arg(long)]
    no_default_rules: bool,
    /// Write what is seen into the cases that fail, and into those that expect nothing.
    #[arg(long)]
    update: bool,
    /// How results are printed.
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

/// A file with tests.
struct TestFile {
    name: String,
    nodes: Vec<Node>,
    /// The documents of tests among the nodes, by their place there.
    documents: Vec<(usize, Document)>,
}

/// Runs it.
///
/// # Errors
/// Files that cannot be read, rules and tests that are refused, cases that fail.
pub(super) fn execute(args: &TestArgs) -> Result<(), Failure> {
    let inputs = files::read(&args.paths)?;
    let (rules, findings) = rules(&inputs, args.no_default_rules)?;
    let (mut files, mut slips) = (Vec::new(), Vec::new());
    for input in &inputs {
        read(input, &mut files, &mut slips);
    }
    if files.is_empty() && findings.is_empty() {
        return Err(Failure::error(format_args!(
            "{} holds no RuleTest; `score-operator rules test --help` shows one",
            sources::shown(&args.paths)
        )));
    }
    // Under rules that are refused a case would end as nobody meant it; a case that is refused hurts no other.
    if !findings.is_empty() {
        return refuse(findings.into_iter().chain(slips));
    }
    let mut outcomes = Vec::new();
    for file in files {
        outcomes.extend(file.run(&rules, args.update, &mut slips)?);
    }
    if !outcomes.is_empty() {
        print_styled(&outcome::shown(&outcomes, args.output)?)?;
    }
    refuse(slips)?;
    let failed = outcomes.iter().any(Outcome::has_failed);
    if failed { Err(Failure::Differs) } else { Ok(()) }
}

fn refuse(findings: impl IntoIterator<Item = Finding>) -> Result<(), Failure> {
    let findings = sorted(findings);
    if findings.is_empty() { Ok(()) } else { Err(Failure::Refused(report::text(&findings))) }
}

fn rules(inputs: &[Input], no_default_rules: bool) -> Result<(Rules, Vec<Finding>), Failure> {
    let sources::Found { items, mut findings, .. } = sources::rules_among(inputs);
    let mut all = if no_default_rules { Vec::new() } else { sources::default_rules()? };
    all.extend(items);
    let (rules, more) = Rules::admit(all);
    findings.extend(more);
    Ok((rules, findings))
}

/// Adds the tests of a file. What is no YAML is told where rules are read.
fn read(input: &Input, files: &mut Vec<TestFile>, findings: &mut Vec<Finding>) {
    let nodes = nodes(&input.file()).unwrap_or_default();
    let mut documents = Vec::new();
    for (index, node) in nodes.iter().enumerate().filter(|(_, node)| ruletest::is_test(node)) {
        let (document, slips) = ruletest::read(&input.name, node, nodes.len());
        documents.push((index, document));
        findings.extend(slips);
    }
    if !documents.is_empty() {
        files.push(TestFile { name: input.name.clone(), nodes, documents });
    }
}

impl TestFile {
    /// How its cases end, but those that are refused: they become `findings`.
    fn run(
        mut self,
        rules: &Rules,
        update: bool,
        findings: &mut Vec<Finding>,
    ) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = Vec::new();
        for (at, document) in std::mem::take(&mut self.documents) {
            for (index, case) in &document.cases {
                match self.judged(rules, update.then_some((at, *index)), case) {
                    Ok(ending) => outcomes.push(Outcome {
                        file: self.name.clone(),
                        line: document.place(*index).map(|place| place.line),
                        name: case.name.clone(),
                        ending,
                    }),
                    Err(slips) => findings.extend(
                        slips
                            .into_iter()
                            .map(|(path, message)| document.finding(&self.name, *index, &path, message)),
                    ),
                }
            }
        }
        if outcomes.iter().any(Outcome::is_updated) {
            self.write()?;
        }
        Ok(outcomes)
    }

    /// How a case ends; `update` says where to write what is seen.
    fn judged(
        &mut self,
        rules: &Rules,
        update: Option<(usize, usize)>,
        case: &Case,
    ) -> Result<Ending, Vec<(String, String)>> {
        let seen = ruletest::run(case, rules)?;
        match (verdict(&case.expect, &seen), update) {
            (Verdict::Passed, _) => Ok(Ending::Passed),
            (_, Some(place)) => {
                self.update(place, updated(&case.expect, &seen));
                Ok(Ending::Updated)
            }
            (Verdict::Failed(difference), None) => Ok(Ending::Failed(difference)),
            (Verdict::Empty, None) => Err(vec![("expect".to_owned(), EMPTY.to_owned())]),
        }
    }

    fn update(&mut self, (at, index): (usize, usize), expect: Map<String, Value>) {
        let cases = self.nodes.get_mut(at).and_then(|node| node.get_mut("cases"));
        if let Some(case) = cases.and_then(|cases| cases.item_mut(index)) {
            match case.get_mut("expect") {
                Some(old) => put(old, &Value::Object(expect)),
                None => case.set("expect", Node::from(&Value::Object(expect))),
            }
        }
    }

    fn write(&self) -> Result<(), Failure> {
        let text: Vec<_> = self.nodes.iter().map(emit).collect();
        let path = Path::new(&self.name);
        if path == Path::new("-") {
            return Err(Failure::error("--update writes files, and stdin is none: name the file"));
        }
        std::fs::write(path, text.join("---\n")).map_err(|error| Failure::write(path, &error))
    }
}

/// Writes a value over an old one; what does not differ stays as it was written, comments and all.
fn put(old: &mut Node, new: &Value) {
    if let (Value::Object(new), true) = (new, old.entries_mut().is_some()) {
        for (key, value) in new {
            match old.get_mut(key) {
                Some(entry) => put(entry, value),
                None => old.set(key, Node::from(value)),
            }
        }
    } else if old.to_json() != *new {
        old.replace(Node::from(new));
    }
}

/// A test that cannot fail shows nothing.
const EMPTY: &str =
    "expects nothing, so that the case cannot fail: say what is expected, or let --update write what is seen";
