//! The Go toolchain that is installed.

use std::{path::Path, process::Command};

use super::Error;

const NEEDED: &str = "1.26";

/// The version of the Go that would build the module in `dir`, as in `go1.26.8`.
///
/// Asked for in the module's directory, because an older Go fetches the one that go.mod names if GOTOOLCHAIN lets it.
pub(super) fn version(dir: &Path) -> Result<String, Error> {
    let output = Command::new("go")
        .args(["env", "GOVERSION"])
        .current_dir(dir)
        .output()
        .map_err(|error| refused(format!("`go` cannot be run: {error}")))?;
    let stdout = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() {
        return Err(refused(format!(
            "`go env GOVERSION` said: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )));
    }
    if is_recent(&stdout) { Ok(stdout) } else { Err(refused(format!("`go env GOVERSION` said {stdout:?}"))) }
}

fn refused(problem: String) -> Error {
    Error::Go { needed: NEEDED, problem }
}

fn is_recent(version: &str) -> bool {
    matches!((parse(version), parse(NEEDED)), (Some(found), Some(needed)) if found >= needed)
}

/// Major and minor of `go1.26.8`, `go1.27rc1`, `1.26` or `devel go1.28-0123abc Mon Jan …`.
fn parse(version: &str) -> Option<(u32, u32)> {
    let word = version.split_whitespace().find(|word| *word != "devel")?;
    let (major, rest) = word.strip_prefix("go").unwrap_or(word).split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_go_calls_itself() {
        assert_eq!(parse("go1.26.8"), Some((1, 26)));
        assert_eq!(parse("go1.27rc1"), Some((1, 27)));
        assert_eq!(parse("devel go1.28-0123abc Mon Jan 5 10:00:00 2026 +0000"), Some((1, 28)));
        assert_eq!(parse("gccgo"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn compares_versions_as_numbers() {
        assert!(is_recent("go1.26.0") && is_recent("go1.100") && is_recent("go2.0"));
        assert!(!is_recent("go1.25.9") && !is_recent("go1.3"));
    }
}
