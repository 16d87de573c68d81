//! The commands for authors of rules, as they are: the real program, its stdout, stderr and exit status.
//!
//! The directories of `tests/cli_rules/` are cases: see `program`. After a change that is meant:
//! `UPDATE_GOLDEN=1 cargo test --test cli_rules`, then read `git diff tests/cli_rules`.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

use std::fs;
use std::path::{Path, PathBuf};

use program::Run;

#[path = "program/mod.rs"]
mod program;

const ACCEPT: &str =
    "If this is meant: `UPDATE_GOLDEN=1 cargo test --test cli_rules`, then read `git diff tests/cli_rules`.";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn every_case_gives_what_is_expected() {
    program::assert_all(&root().join("tests/cli_rules"), ACCEPT);
}

#[test]
fn there_are_cases_of_every_exit_status() {
    program::assert_statuses(&root().join("tests/cli_rules"), 8, "0\n1\n2\n");
}

/// Each rule alone with its cases: two of the examples are different ways to one type.
#[test]
fn each_shipped_rule_passes_the_cases_beside_it() {
    let rules = shipped_rules();
    assert!(rules.len() >= 32, "{rules:?}");
    for (file, rule) in rules {
        let cases = Path::new("tests").join(format!("{rule}.yaml"));
        let directory = file.parent().expect("a directory");
        let path = directory.join(&cases);
        assert!(path.is_file(), "{} has no cases: {} is missing", file.display(), path.display());
        // Cases under another rule would show nothing of this one.
        let text = fs::read_to_string(&path).expect("the cases");
        let chosen = text.lines().any(|line| line.trim_start() == format!("rule: {rule}"));
        assert!(chosen, "{}: no case expects `rule: {rule}`", path.display());
        let arguments = ["rules", "test", &text_of(&file), &text_of(&path)];
        let run = Run::of(&root(), &arguments, b"");
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
        let passed = run.stdout.lines().filter(|line| line.starts_with("passed ")).count();
        assert!(passed >= 2, "{}", run.stdout);
        assert!(run.stdout.ends_with(&format!("{passed} passed, 0 failed\n")), "{}", run.stdout);
    }
}

/// Together they choose each other's resources as little as they do alone.
#[test]
fn the_default_rules_pass_their_tests() {
    let run = Run::of(&root(), &["rules", "test", "config/rules"], b"");
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert!(run.stdout.ends_with(" passed, 0 failed\n"), "{}", run.stdout);
}

/// People write `True`, too; a policy that is silently not made lets everybody in.
#[test]
fn the_label_for_network_policies_is_read_in_any_case() {
    let directory = tempfile::tempdir().expect("a directory");
    let (rules, label) = (root().join("config/rules"), "k8s.score.dev/network-policy: ");
    let mut with_policy = 0;
    fs::create_dir(directory.path().join("tests")).expect("a directory");
    for file in entries(&rules).into_iter().chain(entries(&rules.join("tests"))).filter(|file| file.is_file())
    {
        let text = fs::read_to_string(&file).expect("a file");
        let shouted = text.replace(&format!("{label}\"true\""), &format!("{label}\"True\""));
        with_policy += usize::from(shouted != text);
        let path = file.strip_prefix(&rules).expect("a file below it");
        fs::write(directory.path().join(path), shouted).expect("a copy");
    }
    assert!(with_policy >= 11, "{with_policy} rules have a case with a policy");
    let run = Run::of(directory.path(), &["rules", "test", "."], b"");
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
}

/// The rules of this repository, each with its file.
fn shipped_rules() -> Vec<(PathBuf, String)> {
    let examples = entries(&root().join("examples")).into_iter().filter(|path| path.is_dir());
    let ours = ["config/rules", "config/variants"].map(|directory| root().join(directory));
    let files = ours.into_iter().chain(examples).flat_map(|directory| entries(&directory));
    files.filter_map(|file| Some((file.clone(), rule_in(&file)?))).collect()
}

/// The name of the rule that a file holds, if it holds one.
fn rule_in(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let object: serde_json::Value = serde_saphyr::from_multiple(&text).ok()?.into_iter().next()?;
    (object["kind"] == "ProvisionerRule").then(|| object["metadata"]["name"].as_str().map(str::to_owned))?
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn text_of(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn shipped_rules_pass_the_check() {
    let strict = Run::of(&root(), &["rules", "check", "config/rules", "--strict"], b"");
    assert_eq!((strict.status, strict.stdout.as_str()), (0, ""), "{strict:?}");
    // Several examples are different ways to one type: all of them at once are more than anybody installs.
    let all = Run::of(&root(), &["rules", "check", "examples"], b"");
    let others: Vec<_> = all.stdout.lines().filter(|line| !line.contains("never chosen")).collect();
    assert_eq!((all.status, others), (0, vec![]), "{all:?}");
}

/// By the schema that editors have, and by all that admission checks; a cluster test applies it.
#[test]
fn the_rule_of_the_contract_is_taken_as_it_stands() {
    let run = Run::of(&root(), &["rules", "check", "tests/data/postgres-rds.yaml"], b"");
    let warning = "spec.generate.password: warning: `generated.password` is not used\n";
    assert_eq!(
        (run.status, run.stdout),
        (0, format!("tests/data/postgres-rds.yaml: {warning}")),
        "{}",
        run.stderr
    );
}

/// What `--update` writes is what is seen, and no more than is expected of it; comments stay.
#[test]
fn an_update_makes_the_cases_pass() {
    let directory = tempfile::tempdir().expect("a directory");
    let case = root().join("tests/cli_rules/test-update");
    for file in ["rule.yaml", "tests.yaml"] {
        fs::copy(case.join(file), directory.path().join(file)).expect("a copy");
    }
    let run = |args: &[&str]| Run::of(directory.path(), &[&["rules", "test", "."], args].concat(), b"");
    let before = run(&[]);
    assert_eq!(before.status, 2, "{before:?}");
    let first = run(&["--update"]);
    assert_eq!((first.status, first.stderr.as_str()), (0, ""), "{first:?}");
    assert!(first.stdout.ends_with("1 passed, 2 updated, 0 failed\n"), "{first:?}");
    let written = fs::read_to_string(directory.path().join("tests.yaml")).expect("the tests");
    let expected = fs::read_to_string(case.join("updated.yaml")).unwrap_or_default();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(case.join("updated.yaml"), &written).expect("a file can be written");
    } else {
        assert!(written == expected, "{written}\n{ACCEPT}");
    }
    let again = run(&["--update"]);
    assert!(again.stdout.ends_with("3 passed, 0 failed\n"), "{again:?}");
    assert_eq!(fs::read_to_string(directory.path().join("tests.yaml")).expect("the tests"), written);
}
