//! `unwrap`: a ScoreWorkload to a Score file.

use std::path::PathBuf;

use super::exit::{Failure, print};
use super::wrap;
use crate::offline::document::Form;
use crate::offline::workload::{self, Changes};

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct UnwrapArgs {
    /// The file with the ScoreWorkload; `-` is stdin.
    file: PathBuf,
}

pub(super) fn execute(args: &UnwrapArgs) -> Result<(), Failure> {
    let (input, document) = wrap::read(&args.file, &Changes::default())?;
    match document.form {
        Form::Workload => print(&workload::unwrap(&document)),
        Form::Score => Err(Failure::error(format_args!("{} is a Score file already", input.name))),
    }
}
