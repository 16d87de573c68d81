//! `rules`: what a platform team does with rules before they reach a cluster.

mod outcome;
mod test;

use super::exit::Failure;
use super::help;

/// What to do with rules.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run the tests that stand beside rules, without a cluster.
    #[command(after_help = help::RULES_TEST)]
    Test(test::TestArgs),
}

/// Runs it.
///
/// # Errors
/// As each command says.
pub(super) fn execute(command: Command) -> Result<(), Failure> {
    match command {
        Command::Test(args) => test::execute(&args),
    }
}
