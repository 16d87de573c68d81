//! This repository: where its files are, and its programs, built.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// The package and the program.
const OPERATOR: &str = "score-operator";

/// A file of the repository, by its path from the root.
pub fn file(path: &str) -> PathBuf {
    root().join(path)
}

fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// The cargo that runs us, in the root of the repository.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    // `cargo run` describes us to ourselves. Build scripts that look at these would run again, each time.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(describes_package) {
            cargo.env_remove(name);
        }
    }
    cargo
}

fn describes_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| variable.starts_with(prefix))
}

/// What `rustc --version` says here.
pub fn rust_version() -> Result<String> {
    let output = Command::new("rustc")
        .arg("--version")
        .current_dir(root())
        .output()
        .context("cannot run rustc (to get it: https://rustup.rs)")?;
    ensure!(
        output.status.success(),
        "`rustc --version` said: {}\n  To fix: `rustup toolchain install` in this repository gets the version that \
         rust-toolchain.toml names",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What `go version` says here; nothing where there is no Go, which a control plane that is built already does not need.
pub fn go_version() -> Option<String> {
    let output = Command::new("go").arg("version").current_dir(root()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// How the operator is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quickly.
    Dev,
    /// As it is shipped.
    Release,
}

/// Builds the operator, with cargo's own progress on stderr, and returns the program.
pub fn build_operator(profile: Profile) -> Result<PathBuf> {
    let mut cargo = cargo();
    // All members, so that the dependencies are those that `cargo xtask` and the tests have built.
    cargo.args(["build", "--workspace", "--bin", OPERATOR]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    cargo.args((profile == Profile::Release).then_some("--release"));
    let mut child = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let program = child.stdout.take().and_then(executable);
    let status = child.wait().context("cannot wait for cargo")?;
    match program {
        Some(program) if status.success() => Ok(program),
        _ => bail!("the operator could not be built: see cargo's message above ({status})"),
    }
}

/// The operator's path, from cargo's messages.
fn executable(messages: impl Read) -> Option<PathBuf> {
    let of_operator = |message: Value| {
        let ours = message["target"]["name"] == OPERATOR;
        message["executable"].as_str().filter(|_| ours).map(PathBuf::from)
    };
    let lines = BufReader::new(messages).lines().map_while(Result::ok);
    // To the end, as cargo stops when nobody reads.
    lines.filter_map(|line| serde_json::from_str(&line).ok().and_then(of_operator)).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_what_cargo_says() {
        let messages = [
            r#"{"reason":"compiler-artifact","target":{"name":"kube"},"executable":null}"#,
            r#"{"reason":"compiler-artifact","target":{"name":"xtask"},"executable":"/t/debug/xtask"}"#,
            r#"{"reason":"compiler-artifact","target":{"name":"score-operator"},"executable":"/t/debug/score-operator"}"#,
            r#"{"reason":"build-finished","success":true}"#,
        ];
        assert_eq!(executable(messages.join("\n").as_bytes()), Some("/t/debug/score-operator".into()));
        assert_eq!(executable(messages[0].as_bytes()), None);
    }

    #[test]
    fn a_build_sees_what_the_user_set_and_not_what_we_are() {
        assert!(describes_package("CARGO_PKG_VERSION") && describes_package("CARGO_MANIFEST_DIR"));
        assert!(!describes_package("CARGO_TARGET_DIR") && !describes_package("CARGO_INCREMENTAL"));
    }

    #[test]
    fn files_are_found_from_the_root() {
        assert!(file("rust-toolchain.toml").is_file());
    }
}
