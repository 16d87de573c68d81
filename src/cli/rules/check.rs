//! `rules check`: what the operator would refuse, and what is hardly meant.

use std::path::{Path, PathBuf};

use super::super::exit::{Failure, note, print_styled};
use super::super::report::{self, Format};
use super::super::{files, sources};
use crate::offline::finding::Finding;
use crate::offline::rules::check::{Checked, check};
use crate::plan::problem::list;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Files of rules, directories of them, or `-` for stdin.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The default rules are not installed.
    #[arg(long)]
    no_default_rules: bool,
    /// Fail on warnings, too.
    #[arg(long)]
    strict: bool,
    /// How problems are printed.
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

/// Runs it.
///
/// # Errors
/// Files that cannot be read, and problems; under `--strict`, warnings.
pub(super) fn execute(args: &CheckArgs) -> Result<(), Failure> {
    let sources::Found { items, findings, .. } = sources::rules_among(&files::read(&args.paths)?);
    if items.is_empty() && findings.is_empty() {
        return Err(nothing(&args.paths));
    }
    let others = if args.no_default_rules { Vec::new() } else { sources::default_rules()? };
    let Checked { problems, warnings, kinds } = check(items, others);
    let problems = sorted(findings.into_iter().chain(problems));
    let warnings = sorted(warnings);
    print_styled(&report::with_warnings(&problems, &warnings, args.output)?)?;
    if !kinds.is_empty() {
        let shown = list(kinds.iter().map(String::as_str));
        note(format_args!(
            "only a cluster can tell whether it serves {shown}, and whether the operator may write them: see `kubectl get prule` there"
        ));
    }
    let is_good = problems.is_empty() && (warnings.is_empty() || !args.strict);
    if is_good { Ok(()) } else { Err(Failure::Refused(String::new())) }
}

/// In the order of lines, each once.
pub(super) fn sorted(findings: impl IntoIterator<Item = Finding>) -> Vec<Finding> {
    let mut all: Vec<_> = findings.into_iter().collect();
    all.sort_by(|a, b| (&a.file, a.place, &a.problem).cmp(&(&b.file, b.place, &b.problem)));
    all.dedup();
    all
}

/// Files with no rule in them.
pub(super) fn nothing(paths: &[PathBuf]) -> Failure {
    let shown = sources::shown(paths);
    let is_stdin = paths.iter().any(|path| path == Path::new("-"));
    let hint = if is_stdin { "" } else { "; of a directory, .yaml files are read" };
    Failure::error(format_args!("{shown} holds no ProvisionerRule{hint}"))
}
