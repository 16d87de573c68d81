//! `completion` and `version`: about the program itself.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use super::exit::{Failure, print};
use crate::api::API_VERSION;
use crate::offline::document::SCORE_VERSION;

pub(super) fn completion(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
    print(&String::from_utf8_lossy(&script))
}

pub(super) fn version() -> Result<(), Failure> {
    let program = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    print(&format!("{program}\nScore specification: {SCORE_VERSION}\nAPI version: {API_VERSION}\n"))
}
