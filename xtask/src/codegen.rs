//! `cargo xtask codegen`: the files in `crds/`, made by the operator from its types.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::{self, Profile};

const FILES: [&str; 3] = ["scoreworkloads.yaml", "provisionerrules.yaml", "scoreresources.yaml"];

/// Writes the files, or fails if they are not what would be written.
pub fn run(check: bool) -> Result<()> {
    let operator = workspace::build_operator(Profile::Dev)?;
    let committed = workspace::file("crds");
    if !check {
        write(&operator, &committed)?;
        println!("written: {}", FILES.map(|file| format!("crds/{file}")).join(", "));
        return Ok(());
    }
    let fresh = tempfile::tempdir()?;
    write(&operator, fresh.path())?;
    let stale = differing(&committed, fresh.path());
    if !stale.is_empty() {
        bail!("not what the types say: {}\n  To fix: `cargo xtask codegen`, and commit", stale.join(", "));
    }
    println!("up to date: crds/");
    Ok(())
}

fn write(operator: &Path, dir: &Path) -> Result<()> {
    let mut command = Command::new(operator);
    command.args(["crds", "--dir"]).arg(dir);
    let status = command.status().with_context(|| format!("cannot run {}", operator.display()))?;
    ensure!(status.success(), "`{command:?}` ended with {status}");
    Ok(())
}

/// The files that are not the same in both directories.
fn differing(committed: &Path, fresh: &Path) -> Vec<String> {
    let same = |file: &&str| match (fs::read(committed.join(file)), fs::read(fresh.join(file))) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    FILES.iter().filter(|file| !same(file)).map(|file| format!("crds/{file}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_differs_or_is_missing_is_named() {
        let (committed, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        FILES.iter().for_each(|file| fs::write(fresh.path().join(file), "new").unwrap());
        fs::write(committed.path().join(FILES[0]), "new").unwrap();
        fs::write(committed.path().join(FILES[1]), "old").unwrap();
        let expected = ["crds/provisionerrules.yaml", "crds/scoreresources.yaml"];
        assert_eq!(differing(committed.path(), fresh.path()), expected);
    }
}
