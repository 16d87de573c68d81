//! `validate`: all that is wrong with Score files and ScoreWorkloads.

use std::path::PathBuf;

use super::exit::{Failure, note, print_styled};
use super::files::{self, Input};
use super::report::{self, Format};
use super::sources;
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
    let (mut findings, mut documents) = (Vec::new(), 0);
    for input in files::read(&args.files)? {
        documents += check(&input, &mut findings);
    }
    if documents == 0 && findings.is_empty() {
        // A misspelt kind would else pass for ever.
        return Err(sources::nothing(&args.files));
    }
    print_styled(&report::findings(&findings, args.output)?)?;
    if findings.is_empty() { Ok(()) } else { Err(Failure::Refused(String::new())) }
}

/// Adds what is wrong with a file, and gives how many documents it has.
fn check(input: &Input, findings: &mut Vec<Finding>) -> usize {
    let found = contents(&input.file());
    found.notes.iter().for_each(note);
    findings.extend(found.findings);
    let count = found.documents.len();
    for mut document in found.documents {
        // No change is asked for, so that none can be wrong.
        let known = workload::prepare(&mut document, &Changes::default(), &|name| input.source(name));
        let remarks = workload::remarks(&document);
        remarks.iter().for_each(|remark| note(format_args!("{}: {remark}", input.name)));
        findings.extend(workload::validate(&input.name, &document, known.unwrap_or_default()));
    }
    count
}
