//! `cargo xtask test`: all tests, and one line at the end that sums them up.

use std::{
    fmt,
    io::{BufRead, BufReader, Read, Write},
    process::{ExitCode, ExitStatus, Stdio},
};

use anyhow::{Context, Result};
use xtask::controlplane::{Console, Tools};

use crate::workspace;

/// Runs `cargo test` with the arguments; its exit code is ours.
pub fn run(arguments: &[String]) -> Result<ExitCode> {
    Tools::ensure(&Console::default())?;
    let mut cargo = workspace::cargo();
    cargo.args(["test", "--workspace", "--locked"]);
    // Who asks for nothing in particular wants to know all that fails, not only what fails first.
    cargo.args(arguments.is_empty().then_some("--no-fail-fast")).args(arguments);
    let mut child = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let mut counts = Counts::default();
    if let Some(output) = child.stdout.take() {
        counts =
            pass_on(output, &mut std::io::stdout()).context("cannot pass on the output of cargo test")?;
    }
    let status = child.wait().context("cannot wait for cargo")?;
    conclude(&counts, status)
}

fn conclude(counts: &Counts, status: ExitStatus) -> Result<ExitCode> {
    if !status.success() && counts.failed == 0 {
        eprintln!("error: `cargo test` ended with {status}, and not for a test that failed: see above");
    }
    // Last on a terminal and in a log that takes both streams.
    std::io::stderr().flush()?;
    println!("{counts}");
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// How many tests ended how, over all test programs.
#[derive(Default, Debug, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    /// Adds what a line says if it is the summary of one test program, such as
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`.
    fn add(&mut self, line: &str) {
        let Some(summary) = line.strip_prefix("test result: ") else { return };
        let count = |word: &str| {
            let numbers = summary.split([';', '.']).map(str::trim).filter_map(|part| part.split_once(' '));
            numbers.filter(|(_, what)| *what == word).find_map(|(number, _)| number.parse().ok()).unwrap_or(0)
        };
        self.passed += count("passed");
        self.failed += count("failed");
        self.skipped += count("ignored");
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(formatter, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

/// Copies all lines as they come, and counts.
fn pass_on(input: impl Read, output: &mut impl Write) -> std::io::Result<Counts> {
    let mut input = BufReader::new(input);
    let (mut counts, mut line) = (Counts::default(), Vec::new());
    while input.read_until(b'\n', &mut line)? > 0 {
        output.write_all(&line)?;
        output.flush()?;
        counts.add(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\nrunning 2 tests\ntest a ... ok\ntest b ... FAILED\n\n\
        test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.01s\n\n\
        running 3 tests\ntest result: is not what this test prints\n\
        test result: ok. 10 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 1.10s\n";

    #[test]
    fn counts_of_all_programs_are_added() {
        let mut copy = Vec::new();
        let counts = pass_on(OUTPUT.as_bytes(), &mut copy).unwrap();
        assert_eq!(counts, Counts { passed: 11, failed: 1, skipped: 2 });
        assert_eq!(String::from_utf8(copy).unwrap(), OUTPUT);
    }

    #[test]
    fn the_last_line_names_what_was_skipped_only_if_anything_was() {
        assert_eq!(Counts { passed: 3, failed: 0, skipped: 0 }.to_string(), "3 passed, 0 failed");
        assert_eq!(Counts { passed: 3, failed: 1, skipped: 2 }.to_string(), "3 passed, 1 failed, 2 skipped");
    }
}
