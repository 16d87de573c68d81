//! Golden cases: Score files and rules in, plans, manifests and statuses out, all of it YAML.
//!
//! Each directory of `tests/golden/` is a case. What goes in is described in `golden/model.rs`; what must
//! come out lies below `expected/`. After a change that is meant: `UPDATE_GOLDEN=1 cargo test --test golden`,
//! then read `git diff tests/golden`. Whether a case still makes sense is for a person to say.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use similar::TextDiff;

#[path = "golden/case.rs"]
mod case;
#[path = "golden/model.rs"]
mod model;
#[path = "golden/provision.rs"]
mod provision;
#[path = "golden/shown.rs"]
mod shown;

/// Files by their path below `expected/`.
type Files = BTreeMap<String, String>;

const ACCEPT: &str = "If this is meant: `UPDATE_GOLDEN=1 cargo test --test golden`, then read `git diff`.";

#[test]
fn every_case_gives_what_is_expected() {
    let wrong: Vec<_> = cases().iter().filter_map(|case| check(case).err()).collect();
    assert!(wrong.is_empty(), "{}\n{ACCEPT}", wrong.join("\n"));
}

#[test]
fn no_expected_file_holds_a_secret() {
    for case in cases() {
        for (name, text) in model::run(&case) {
            assert!(
                !model::holds_a_secret(&text),
                "{}/expected/{name} holds a generated secret",
                named(&case)
            );
        }
    }
}

#[test]
fn a_case_comes_out_the_same_twice() {
    for case in cases() {
        assert_eq!(model::run(&case), model::run(&case), "{}", named(&case));
    }
}

#[test]
fn there_are_cases_and_each_says_what_it_shows() {
    let cases = cases();
    assert!(cases.len() >= 15, "only {} cases", cases.len());
    for case in cases {
        let text = fs::read_to_string(case.join("score.yaml")).expect("a Score file");
        assert!(text.starts_with("# "), "{}/score.yaml does not begin with a comment", named(&case));
    }
}

/// The directories of all cases.
fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let entries = fs::read_dir(root).expect("tests/golden").map(|entry| entry.expect("an entry").path());
    let mut cases: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

fn check(case: &Path) -> Result<(), String> {
    let found = model::run(case);
    let expected = case.join("expected");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        accept(&expected, &found);
    }
    let differences = differences(&read(&expected), &found);
    if differences.is_empty() { Ok(()) } else { Err(format!("== {}\n{differences}", named(case))) }
}

/// What stands there and should not, what is missing, and what differs.
fn differences(expected: &Files, found: &Files) -> String {
    let names: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let differ = |name: &&String| match (expected.get(*name), found.get(*name)) {
        (Some(expected), Some(found)) if expected == found => None,
        (Some(expected), Some(found)) => Some(diff(name, expected, found)),
        (Some(_), None) => Some(format!("expected/{name} is no longer made\n")),
        (None, Some(found)) => Some(format!("expected/{name} is missing:\n{found}")),
        (None, None) => None,
    };
    names.iter().filter_map(differ).collect()
}

fn diff(name: &str, expected: &str, found: &str) -> String {
    let diff = TextDiff::from_lines(expected, found);
    diff.unified_diff().context_radius(3).header(&format!("expected/{name}"), "found").to_string()
}

fn accept(expected: &Path, found: &Files) {
    if expected.exists() {
        fs::remove_dir_all(expected).expect("the old files can be removed");
    }
    for (name, text) in found {
        let path = expected.join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory can be made");
        fs::write(path, text).expect("a file can be written");
    }
}

/// All files below a directory.
fn read(root: &Path) -> Files {
    let mut files = Files::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                directories.push(path);
            } else {
                let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
                files.insert(name, fs::read_to_string(&path).expect("a text"));
            }
        }
    }
    files
}

fn named(case: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    case.strip_prefix(root).unwrap_or(case).display().to_string()
}

mod the_comparison {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> Files {
        entries.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn is_silent_where_nothing_differs() {
        assert_eq!(differences(&files(&[("a", "1\n")]), &files(&[("a", "1\n")])), "");
    }

    #[test]
    fn shows_the_lines_that_differ() {
        let text = differences(&files(&[("a", "1\n2\n")]), &files(&[("a", "1\n3\n")]));
        assert!(
            text.contains("--- expected/a\n") && text.contains("\n-2\n") && text.contains("\n+3\n"),
            "{text}"
        );
    }

    #[test]
    fn names_a_file_that_is_no_longer_made_and_one_that_is_missing() {
        let text = differences(&files(&[("old", "1\n")]), &files(&[("new", "2\n")]));
        assert!(text.contains("expected/old is no longer made"), "{text}");
        assert!(text.contains("expected/new is missing"), "{text}");
    }

    #[test]
    fn an_accepted_case_is_as_expected_and_old_files_are_gone() {
        let directory = tempfile::tempdir().expect("a directory");
        let expected = directory.path().join("expected");
        accept(&expected, &files(&[("old.yaml", "1\n")]));
        let found = files(&[("deep/new.yaml", "2\n")]);
        accept(&expected, &found);
        assert_eq!(read(&expected), found);
    }
}
