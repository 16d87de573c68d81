//! The arguments that `render` and `explain` share, and what is worked out from them.

use std::path::PathBuf;

use super::changes::ChangeArgs;
use super::exit::{BAD, Failure, PLACE};
use super::{report, sources};
use crate::api::conditions::Reason;
use crate::offline::finding::Finding;
use crate::offline::project::{Inputs, Projection, Sink, Wait, project};
use crate::offline::rules::Rules;

/// What the operator would have found in a cluster.
#[derive(Debug, clap::Args)]
pub struct EngineArgs {
    /// Rules: a file, or a directory of them. One that is called like a default rule replaces it.
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// Do without the default rules.
    #[arg(long)]
    no_default_rules: bool,
    /// The namespace [default: that of the ScoreWorkloads, else `default`].
    #[arg(long, short, value_name = "NS", value_parser = sources::namespace_name)]
    namespace: Option<String>,
    /// The namespace's labels, by which rules may select.
    #[arg(long, value_name = "K=V,…", value_delimiter = ',', value_parser = label)]
    namespace_labels: Vec<(String, String)>,
    #[command(flatten)]
    changes: ChangeArgs,
    /// Outputs of resources that only a cluster could tell: a YAML map from `type.class#id`, or from
    /// `workload.resource`, to outputs.
    #[arg(long, value_name = "FILE")]
    outputs: Option<PathBuf>,
    /// Take objects for ready as they are rendered.
    #[arg(long)]
    assume_ready: bool,
}

fn label(text: &str) -> Result<(String, String), String> {
    let split = text.split_once('=').ok_or_else(|| format!("expected key=value, found {text:?}"))?;
    Ok((split.0.to_owned(), split.1.to_owned()))
}

/// What came of the arguments.
pub(super) struct Engine {
    /// The projection, with the problems of files and rules.
    pub(super) projection: Projection,
    /// Whether messages name their file.
    with_file: bool,
}

impl EngineArgs {
    /// Reads the files and works everything out; `sink` gets the objects.
    ///
    /// # Errors
    /// Files that cannot be read, arguments that do not fit.
    pub(super) fn run(self, paths: &[PathBuf], sink: Sink<'_>) -> Result<Engine, Failure> {
        let (rules, of_rules) = self.read_rules()?;
        let supplied = self.outputs.as_deref().map(sources::supplied).transpose()?.unwrap_or_default();
        let sources::Found { items: workloads, mut findings, files } =
            sources::workloads(paths, self.changes)?;
        let namespace = sources::namespace(self.namespace.as_deref(), &workloads)?;
        let inputs = Inputs {
            namespace: namespace.unwrap_or_else(|| "default".to_owned()),
            namespace_labels: self.namespace_labels.into_iter().collect(),
            workloads,
            rules,
            supplied,
            assume_ready: self.assume_ready,
            ..Inputs::default()
        };
        let mut projection = project(&inputs, sink);
        if findings.is_empty() {
            // What a refused workload demands is not known.
            let demands = projection.workloads.iter().flat_map(|workload| &workload.demands);
            findings.extend(inputs.supplied.unused(demands));
        }
        // Those of files first: they are in the order of lines.
        findings.extend(of_rules);
        findings.append(&mut projection.problems);
        findings.sort_by(|a, b| a.file.cmp(&b.file));
        projection.problems = findings;
        let with_file = files > 1 || is_about_another(&projection.problems, paths);
        Ok(Engine { projection, with_file })
    }

    fn read_rules(&self) -> Result<(Rules, Vec<Finding>), Failure> {
        let sources::Found { items, mut findings, files: _ } = sources::rules(&self.rules)?;
        let mut all = Vec::new();
        if !self.no_default_rules {
            all = sources::default_rules()?;
        }
        all.extend(items);
        let (rules, more) = Rules::admit(all);
        findings.extend(more);
        Ok((rules, findings))
    }

    /// The namespace of a cluster, if that is all that was said.
    ///
    /// # Errors
    /// Where something was said that a cluster knows better.
    pub(super) fn only_namespace(&self) -> Result<Option<&str>, Failure> {
        let Self { rules, no_default_rules, namespace, namespace_labels, changes, outputs, assume_ready } =
            self;
        let offline = !rules.is_empty()
            || *no_default_rules
            || !namespace_labels.is_empty()
            || !changes.is_empty()
            || outputs.is_some()
            || *assume_ready;
        if offline {
            return Err(Failure::error(
                "a cluster knows its rules, labels and outputs: give -n only, or a file",
            ));
        }
        Ok(namespace.as_deref())
    }
}

fn is_about_another(problems: &[Finding], paths: &[PathBuf]) -> bool {
    let name = paths.first().map(|path| path.display().to_string());
    problems.iter().any(|finding| Some(&finding.file) != name.as_ref())
}

/// What to do about what is awaited.
const CURE: &str =
    "only a cluster can tell; --assume-ready takes objects for ready, --outputs supplies outputs";
/// What to do about resources that no rule provides.
const CURE_OF_RULES: &str = "--rules reads rules as the cluster has them, --outputs supplies outputs";

impl Engine {
    /// How the command ends: problems and what is awaited, a line each.
    ///
    /// # Errors
    /// Those.
    pub(super) fn end(&self) -> Result<(), Failure> {
        let Projection { problems, awaited, .. } = &self.projection;
        let mut text = self.problems();
        text.extend(awaited.iter().map(|wait| self.wait(wait) + "\n"));
        let is_rule = |wait: &Wait| wait.awaited.reason == Reason::RuleNotFound;
        for (cure, is_wanted) in
            [(CURE_OF_RULES, awaited.iter().any(is_rule)), (CURE, !awaited.iter().all(is_rule))]
        {
            text.extend(["note: ", cure, "\n"].into_iter().filter(|_| is_wanted));
        }
        match (problems.is_empty(), awaited.is_empty()) {
            (false, _) => Err(Failure::Refused(text)),
            (true, false) => Err(Failure::Awaited(text)),
            (true, true) => Ok(()),
        }
    }

    /// The same for a command that shows by itself what is awaited.
    ///
    /// # Errors
    /// Problems.
    pub(super) fn end_with_problems(&self) -> Result<(), Failure> {
        if self.projection.problems.is_empty() { Ok(()) } else { Err(Failure::Refused(self.problems())) }
    }

    fn problems(&self) -> String {
        let problems = &self.projection.problems;
        if self.with_file { report::text(problems) } else { report::text_without_file(problems) }
    }

    fn wait(&self, wait: &Wait) -> String {
        let file = if self.with_file { wait.file.as_str() } else { "" };
        let places = [file, wait.path.as_str()].into_iter().filter(|place| !place.is_empty());
        let places: Vec<_> =
            places.map(|place| format!("{PLACE}{}{PLACE:#}: ", report::printable(place))).collect();
        let places = places.concat();
        let reason = wait.awaited.reason.as_str();
        format!("{places}{BAD}{reason}{BAD:#}: {}", report::printable(&wait.awaited.message))
    }
}
