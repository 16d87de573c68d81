//! The command line, as it is: the real program, its stdout, stderr and exit status.
//!
//! The directories of `tests/cli/` are cases: see `program`. After a change that is meant:
//! `UPDATE_GOLDEN=1 cargo test --test cli`, then read `git diff tests/cli`.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use program::{PROGRAM, Run};
use serde_json::Value;

#[path = "program/mod.rs"]
mod program;

const ACCEPT: &str = "If this is meant: `UPDATE_GOLDEN=1 cargo test --test cli`, then read `git diff`.";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli")
}

/// A file of this name in an empty directory, as the one argument behind `command`.
fn run_on(command: &str, bytes: &[u8]) -> Run {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("score.yaml"), bytes).expect("a file");
    Run::of(directory.path(), &[command, "score.yaml"], b"")
}

#[test]
fn every_case_gives_what_is_expected() {
    program::assert_all(&root(), ACCEPT);
}

#[test]
fn there_are_cases_of_every_exit_status() {
    program::assert_statuses(&root(), 30, "0\n1\n2\n");
}

const SMALL: &str = "apiVersion: score.dev/v1b1\nmetadata:\n  name: shop\ncontainers:\n  web:\n    image: nginx\n    variables:\n      A: yes\n";

#[test]
fn s11_line_ends_and_byte_order_marks_change_nothing() {
    let plain = run_on("wrap", SMALL.as_bytes());
    assert_eq!(plain.status, 0, "{}", plain.stderr);
    assert!(plain.stdout.contains("A: \"yes\"\n"), "{}", plain.stdout);
    let windows = SMALL.replace('\n', "\r\n");
    for odd in [
        windows.clone(),
        format!("\u{feff}{SMALL}"),
        format!("\u{feff}{windows}"),
        SMALL.trim_end().to_owned(),
    ] {
        assert_eq!(run_on("wrap", odd.as_bytes()), plain, "{odd:?}");
    }
}

#[test]
fn s01_what_is_no_yaml_is_refused_with_its_place() {
    for (bytes, expected) in [
        (&b""[..], "is empty, expected a Score file"),
        (b"\n# nothing\n---\n", "is empty, expected a Score file"),
        (b"\x7fELF\x02\x01\x01\xff\xfe", "line 1, column 8: the byte 0xff is no UTF-8"),
        (b"\xff\xfea\0p\0i\0", "is UTF-16, expected UTF-8"),
        (b"\0\0\0\0", "not valid YAML: line 1, column 1"),
        (b"a:\n\tb: 2\n", "not valid YAML: line 2, column 2"),
        (b"a: \x1b[31m\n", "not valid YAML: line 1, column 4"),
    ] {
        for command in ["wrap", "validate"] {
            let found = run_on(command, bytes);
            assert_eq!(found.status, 2, "{bytes:?}: {found:?}");
            let said = if command == "wrap" { &found.stderr } else { &found.stdout };
            assert!(said.contains(expected), "{bytes:?}: {said}");
            assert!(!said.contains('\u{1b}') && !said.contains('\0'), "{said:?}");
        }
    }
}

#[test]
fn large_and_deep_files_are_read_or_refused_but_never_too_much() {
    let large = format!("{SMALL}      B: \"{}\"\n", "x".repeat(2 << 20));
    let wrapped = run_on("wrap", large.as_bytes());
    assert_eq!((wrapped.status, wrapped.stderr.as_str()), (0, ""));
    assert!(wrapped.stdout.len() > 2 << 20);

    let many: Vec<_> = (0..50_000).map(|number| format!("  key-{number}: {number}\n")).collect();
    let many = SMALL.replace("containers:", &(many.concat() + "containers:"));
    assert_eq!(run_on("wrap", many.as_bytes()).status, 0);

    for deep in [
        "[".repeat(200_000),
        "{a: ".repeat(200_000),
        "- ".repeat(200_000),
        "a:\n".to_owned() + &" ".repeat(70_000) + "[[",
    ] {
        let found = run_on("validate", deep.as_bytes());
        assert_eq!(found.status, 2, "{:.200}", found.stderr);
        assert!(found.stdout.len() < 1000, "{:.2000}", found.stdout);
    }
}

#[test]
fn a_file_with_thousands_of_problems_is_told_of_all_at_once() {
    let wrong: Vec<_> = (0..20_000).map(|number| format!("      V{number}: {number}\n")).collect();
    let twice: Vec<_> = (0..20_000).map(|number| format!("      V{}: x\n", number % 10_000)).collect();
    // One more: there are too many.
    for (lines, expected) in [(wrong, 20_001), (twice, 10_000)] {
        let found = run_on("validate", format!("{SMALL}{}", lines.concat()).as_bytes());
        let problems = found.stdout.lines().filter(|line| line.contains("InvalidScore")).count();
        assert_eq!((found.status, problems), (2, expected), "{:.1000}", found.stdout);
    }
}

#[test]
fn f03_a_source_that_is_no_file_is_not_waited_for() {
    let text = SMALL.to_owned() + "    files:\n      /x:\n        source: /dev/stdin\n";
    let found = run_on("wrap", text.as_bytes());
    assert_eq!(found.status, 2, "{found:?}");
    assert!(found.stderr.contains("/dev/stdin`: it is no regular file"), "{}", found.stderr);
}

#[test]
fn a_long_name_is_cut_in_messages() {
    let name = "n".repeat(20_000);
    for placeholder in [format!("resources.{name}"), name.clone(), format!("metadata.{name}")] {
        let found = run_on("validate", format!("{SMALL}      B: ${{{placeholder}}}\n").as_bytes());
        assert_eq!(found.status, 2, "{:.1000}", found.stderr);
        assert!(found.stdout.len() < 1000, "{:.2000}", found.stdout);
    }
}

#[test]
fn as_a_plugin_it_speaks_of_kubectl() {
    let directory = tempfile::tempdir().expect("a directory");
    let plugin = directory.path().join("kubectl-score");
    std::os::unix::fs::symlink(PROGRAM, &plugin).expect("a link");
    for args in [&["--help"][..], &["wrap", "--help"], &["rules", "test", "--help"], &["wrap"]] {
        let found = Run::of_program(&plugin, directory.path(), args, b"");
        let said = found.stdout + &found.stderr;
        assert!(
            said.contains("Usage: kubectl score") && !said.contains("score-operator "),
            "{args:?}: {said}"
        );
    }
}

#[test]
fn colour_is_for_those_who_want_it() {
    let run = |variables: &[(&str, &str)]| {
        let mut command = Command::new(PROGRAM);
        command.args(["validate", "-"]).envs(variables.iter().copied());
        Run::end(command, b"a: [")
    };
    assert!(!run(&[]).stdout.contains('\u{1b}'), "no terminal");
    assert!(run(&[("CLICOLOR_FORCE", "1")]).stdout.contains("\u{1b}["));
    assert!(!run(&[("NO_COLOR", "1")]).stdout.contains('\u{1b}'));
}

#[test]
fn nobody_has_to_read_to_the_end() {
    let mut command = Command::new("sh");
    command.args(["-c", "{ \"$0\" wrap -; echo \"status $?\" >&2; } | head -n 1", PROGRAM]);
    // More than a pipe holds.
    let found = Run::end(command, format!("{SMALL}      B: \"{}\"\n", "x".repeat(1 << 20)).as_bytes());
    assert_eq!((found.stdout.lines().count(), found.stderr.as_str()), (1, "status 0\n"));
}

#[test]
fn every_shell_gets_its_completion() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let found = Run::of(Path::new("."), &["completion", shell], b"");
        assert_eq!((found.status, found.stderr.as_str()), (0, ""), "{shell}");
        assert!(found.stdout.contains("override-property"), "{shell}");
    }
}

#[test]
fn s23_f03_the_official_samples_are_wrapped_and_unwrapped_unchanged() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for sample in [
        "tests/data/score/samples/score-deprecated-files-and-volumes.yaml",
        "tests/data/score/examples/specification/files/score.yaml",
        "tests/data/score/examples/payments-api/score.yaml",
    ] {
        let wrapped = Run::of(root, &["wrap", sample, "-n", "shop"], b"");
        assert_eq!((wrapped.status, wrapped.stderr.as_str()), (0, ""), "{sample}");
        let unwrapped = Run::of(root, &["unwrap", "-"], wrapped.stdout.as_bytes());
        assert_eq!(unwrapped.status, 0, "{sample}: {}", unwrapped.stderr);
        let spec: Value = serde_saphyr::from_str(&wrapped.stdout).expect("YAML");
        let file: Value = serde_saphyr::from_str(&unwrapped.stdout).expect("YAML");
        assert_eq!(spec["spec"], file, "{sample}");
        let again = Run::of(root, &["wrap", "-", "-n", "shop"], unwrapped.stdout.as_bytes());
        assert_eq!(again, wrapped, "{sample}");
    }
}
