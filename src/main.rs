//! The program: see `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    score_operator::cli::main(std::env::args_os().collect())
}
