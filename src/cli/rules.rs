//! `rules`: what a platform team does with rules before they reach a cluster.

mod check;
mod list;
mod outcome;
mod test;

use super::exit::Failure;
use super::help;

/// What to do with rules.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check rules as the operator does before it takes them, without a cluster.
    #[command(after_help = help::RULES_CHECK)]
    Check(check::CheckArgs),
    /// Run the tests that stand beside rules, without a cluster.
    #[command(after_help = help::RULES_TEST)]
    Test(test::TestArgs),
    /// List rules in the order in which they are tried, by type.
    #[command(after_help = help::RULES_LIST)]
    List(list::ListArgs),
}

/// Runs it.
///
/// # Errors
/// As each command says.
pub(super) fn execute(command: Command) -> Result<(), Failure> {
    match command {
        Command::Check(args) => check::execute(&args),
        Command::List(args) => list::execute(&args),
        Command::Test(args) => test::execute(&args),
    }
}
