//! `cargo xtask codegen`: the files that the operator makes of its own types and tables.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::{self, Profile};

/// Files that one command of the operator writes into one directory.
struct Set {
    command: &'static str,
    directory: &'static str,
    files: &'static [&'static str],
}

const SETS: &[Set] = &[
    Set {
        command: "crds",
        directory: "crds",
        files: &["scoreworkloads.yaml", "provisionerrules.yaml", "scoreresources.yaml"],
    },
    Set {
        command: "schemas",
        directory: "docs/schemas",
        files: &["provisionerrule.json", "ruletest.json", "scoreworkload.json"],
    },
    Set {
        command: "docs",
        directory: "docs",
        files: &["annotations.md", "api.md", "expressions.md", "rules.md"],
    },
];

/// Writes the files, or fails if they are not what would be written.
pub fn run(check: bool) -> Result<()> {
    let operator = workspace::build_operator(Profile::Dev)?;
    if !check {
        for set in SETS {
            set.write(&operator, &workspace::file(set.directory))?;
            println!("written: {}", set.names(|_| true).join(", "));
        }
        return Ok(());
    }
    let mut stale = Vec::new();
    for set in SETS {
        let fresh = tempfile::tempdir()?;
        set.write(&operator, fresh.path())?;
        stale.extend(set.differing(&workspace::file(set.directory), fresh.path()));
    }
    if !stale.is_empty() {
        bail!("not what the source says: {}\n  To fix: `cargo xtask codegen`, and commit", stale.join(", "));
    }
    println!(
        "up to date: {}",
        SETS.iter().flat_map(|set| set.names(|_| true)).collect::<Vec<_>>().join(", ")
    );
    Ok(())
}

impl Set {
    fn write(&self, operator: &Path, dir: &Path) -> Result<()> {
        let mut command = Command::new(operator);
        command.args([self.command, "--dir"]).arg(dir);
        let status = command.status().with_context(|| format!("cannot run {}", operator.display()))?;
        ensure!(status.success(), "`{command:?}` ended with {status}");
        Ok(())
    }

    /// The files that are not the same in both directories.
    fn differing(&self, committed: &Path, fresh: &Path) -> Vec<String> {
        self.names(|file| match (fs::read(committed.join(file)), fs::read(fresh.join(file))) {
            (Ok(one), Ok(other)) => one != other,
            _ => true,
        })
    }

    /// The files that are wanted, from the root of the repository on.
    fn names(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let files = self.files.iter().filter(|file| wanted(file));
        files.map(|file| format!("{}/{file}", self.directory)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_differs_or_is_missing_is_named() {
        let (committed, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let set = &SETS[0];
        set.files.iter().for_each(|file| fs::write(fresh.path().join(file), "new").unwrap());
        fs::write(committed.path().join(set.files[0]), "new").unwrap();
        fs::write(committed.path().join(set.files[1]), "old").unwrap();
        let expected = ["crds/provisionerrules.yaml", "crds/scoreresources.yaml"];
        assert_eq!(set.differing(committed.path(), fresh.path()), expected);
    }
}
