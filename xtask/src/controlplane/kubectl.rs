//! Runs kubectl and reads what it says.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use super::Error;

/// Runs it with the arguments and stdin, and returns its stdout.
pub(super) fn run(mut kubectl: Command, arguments: &[&str], stdin: &str) -> Result<String, Error> {
    kubectl.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let failed =
        |status: String, stderr: String| Error::Kubectl { arguments: arguments.join(" "), status, stderr };
    let output = feed(&mut kubectl, stdin).map_err(|error| failed(error.to_string(), String::new()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(failed(output.status.to_string(), String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// Writes from a thread: kubectl may write more than a pipe holds before it has read all.
fn feed(kubectl: &mut Command, text: &str) -> std::io::Result<Output> {
    let mut child = kubectl.spawn()?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        // It may end without having read all; what it then says on stderr is the better message.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(text.as_bytes())));
        child.wait_with_output()
    })
}
