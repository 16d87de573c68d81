//! `completion`: a script for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use super::exit::{Failure, print};

pub(super) fn execute(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
    print(&String::from_utf8_lossy(&script))
}
