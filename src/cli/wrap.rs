//! `wrap`: a Score file to a ScoreWorkload.

use std::path::{Path, PathBuf};

use super::changes::ChangeArgs;
use super::exit::{Failure, note, print};
use super::files::{self, Input};
use super::{report, sources};
use crate::offline::document::{Document, contents};
use crate::offline::workload::{self, Changes};

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct WrapArgs {
    /// The Score file; `-` is stdin. A ScoreWorkload is taken too.
    file: PathBuf,
    #[command(flatten)]
    changes: ChangeArgs,
    /// The name of the workload, in the place of that in the file.
    #[arg(long)]
    name: Option<String>,
    /// The namespace of the ScoreWorkload.
    #[arg(short, long, value_parser = sources::namespace_name)]
    namespace: Option<String>,
}

pub(super) fn execute(args: WrapArgs) -> Result<(), Failure> {
    let WrapArgs { file, changes, name, namespace } = args;
    let changes = Changes { name, namespace, ..changes.read()? };
    let (_, document) = read(&file, &changes)?;
    print(&workload::wrap(&document, changes.namespace.as_deref()))
}

/// The one document of a file, made whole, with its file.
///
/// # Errors
/// A file that cannot be read, that holds another number of documents, or that is refused.
pub(super) fn read(path: &Path, changes: &Changes) -> Result<(Input, Document), Failure> {
    let input = files::one(path)?;
    let found = contents(&input.file());
    if !found.findings.is_empty() {
        return Err(Failure::Refused(report::text(&found.findings)));
    }
    found.notes.iter().for_each(note);
    let [mut document] =
        <[Document; 1]>::try_from(found.documents).map_err(|all| not_one(&input, all.len()))?;
    let known =
        workload::prepare(&mut document, changes, &|name| input.source(name)).map_err(Failure::Error)?;
    match workload::refused(&input.name, &document, known) {
        findings if findings.is_empty() => Ok((input, document)),
        findings => Err(Failure::Refused(report::text(&findings))),
    }
}

fn not_one(input: &Input, found: usize) -> Failure {
    let found = if found == 0 {
        "no ScoreWorkload and no Score file".to_owned()
    } else {
        format!("{found} ScoreWorkloads")
    };
    Failure::error(format_args!("{} holds {found}, expected one", input.name))
}
