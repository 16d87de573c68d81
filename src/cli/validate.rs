//! `validate`: all that is wrong with Score files and ScoreWorkloads.

use std::path::PathBuf;

use super::exit::{Failure, note, print_styled};
use super::files::{self, Input};
use super::report::{self, Format};
use crate::offline::document::contents;
use crate::offline::finding::Finding;
use crate::offline::workload::{self, Changes};

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Score files, files of ScoreWorkloads, directories of them, or `-` for stdin.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How problems are printed.
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

pub(super) fn execute(args: &ValidateArgs) -> Result<(), Failure> {
    let mut findings = Vec::new();
    for input in files::read(&args.files)? {
        findings.extend(check(&input));
    }
    print_styled(&report::findings(&findings, args.output)?)?;
    if findings.is_empty() { Ok(()) } else { Err(Failure::Refused(String::new())) }
}

/// What is wrong with a file.
fn check(input: &Input) -> Vec<Finding> {
    let found = contents(&input.file());
    found.notes.iter().for_each(note);
    let mut findings = found.findings;
    for mut document in found.documents {
        // No change is asked for, so that none can be wrong.
        let known = workload::prepare(&mut document, &Changes::default(), &|name| input.source(name));
        let remarks = workload::remarks(&document);
        remarks.iter().for_each(|remark| note(format_args!("{}: {remark}", input.name)));
        findings.extend(workload::validate(&input.name, &document, known.unwrap_or_default()));
    }
    findings
}
