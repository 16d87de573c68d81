//! The operator as users run it: the real program, as a process of its own.

use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// Runs the program that follows until stdin ends, as it does however our own process ends.
const GUARD: &str = r#""$@" & operator=$!; cat >/dev/null; kill -9 $operator; wait"#;

/// A running operator; it ends with this value, and with our process.
pub struct Operator {
    guard: Child,
    stdin: Option<ChildStdin>,
}

impl Operator {
    /// Starts it; what it says goes to the end of `log`.
    pub fn start(kubeconfig: &Path, log: &Path) -> Self {
        let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "guard", program(), "run"]);
        guard.env("KUBECONFIG", kubeconfig).env("RUST_LOG", "info,score_operator=debug");
        guard.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        // Ctrl-C at a terminal must not end the guard before the operator.
        guard.process_group(0);
        let mut guard = guard.spawn().unwrap();
        Self { stdin: guard.stdin.take(), guard }
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        drop(self.stdin.take());
        drop(self.guard.wait());
    }
}

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_score-operator")
}

/// Where an operator's log goes.
pub fn log(dir: &Path) -> PathBuf {
    dir.join("operator.log")
}
