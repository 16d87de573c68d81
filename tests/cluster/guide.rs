//! The guide for authors of rules, followed: its files are written, its commands are run in their order by a shell, and
//! what they say is compared with what the guide shows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Cluster, file};

/// What the guide has, in its order.
#[derive(Debug)]
enum Step {
    /// A file to write.
    File(PathBuf, String),
    /// A command, and the lines that it shows.
    Command(String, Vec<String>),
}

/// The files and commands of a page. A block of YAML is the file that the line above it names.
fn steps(page: &str) -> Vec<Step> {
    let (mut steps, mut above) = (Vec::new(), "");
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let block = |lines: &mut std::str::Lines<'_>| -> Vec<String> {
            lines.by_ref().take_while(|line| *line != "```").map(str::to_owned).collect()
        };
        match line {
            "```yaml" => {
                let name = above.strip_prefix('`').and_then(|rest| rest.strip_suffix("`:"));
                let name = name.unwrap_or_else(|| panic!("the YAML below {above:?} is no file"));
                steps.push(Step::File(name.into(), block(&mut lines).join("\n") + "\n"));
            }
            "```console" => steps.extend(commands(&block(&mut lines))),
            _ => {}
        }
        above = if line.is_empty() { above } else { line };
    }
    steps
}

fn commands(block: &[String]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in block {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step::Command(command.to_owned(), Vec::new())),
            (None, Some(Step::Command(_, shown))) => shown.push(line.clone()),
            (None, _) => panic!("{line:?} is said by no command"),
        }
    }
    steps
}

/// The steps as one script. After each command stands a line by which its output is found.
fn script(steps: &[Step], dir: &Path) -> String {
    steps.iter().enumerate().map(|(index, step)| line(index, step, dir)).collect()
}

fn line(index: usize, step: &Step, dir: &Path) -> String {
    match step {
        Step::File(path, text) => {
            let kept = dir.join(format!("file-{index}"));
            fs::write(&kept, text).unwrap();
            let (kept, path) = (kept.display(), path.display());
            format!("mkdir -p \"$(dirname {path})\"; cp {kept} {path}\n")
        }
        Step::Command(command, _) => {
            format!("{command}\nend=$?; echo \"{END} {index} $end\"; [ $end = 0 ] || exit 9\n")
        }
    }
}

const END: &str = "=== end of step";

/// Programs by the names that the guide calls them.
fn programs(cluster: &Cluster, dir: &Path) -> String {
    let bin = dir.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let operator = Path::new(env!("CARGO_BIN_EXE_score-operator"));
    std::os::unix::fs::symlink(operator, bin.join("score-operator")).unwrap();
    let kubectl = cluster.kubectl_command();
    let text = |text: &std::ffi::OsStr| format!("'{}'", text.to_string_lossy());
    let set = |(key, value): (&std::ffi::OsStr, Option<&std::ffi::OsStr>)| {
        value.map(|value| format!("export {}={}\n", key.to_string_lossy(), text(value)))
    };
    let settings: String = kubectl.get_envs().filter_map(set).collect();
    let words: Vec<_> = std::iter::once(kubectl.get_program()).chain(kubectl.get_args()).map(text).collect();
    let wrapper = bin.join("kubectl");
    fs::write(&wrapper, format!("#!/bin/sh\n{settings}exec {} \"$@\"\n", words.join(" "))).unwrap();
    fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    format!("{}:{}", bin.display(), std::env::var("PATH").unwrap())
}

/// Whether lines show what is expected, in this order. `…` stands for any text; alone on a line, for any lines.
fn shows(found: &[&str], expected: &[String]) -> Result<(), String> {
    let mut rest = found.iter();
    for expected in expected.iter().filter(|line| line.trim() != "…") {
        if !rest.any(|line| fits(line, expected)) {
            return Err(format!("nothing (or nothing further) is like {expected:?}"));
        }
    }
    let is_all = !expected.iter().any(|line| line.trim() == "…");
    match rest.next() {
        Some(more) if is_all => Err(format!("{more:?} is not in the guide")),
        _ => Ok(()),
    }
}

fn fits(line: &str, expected: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (line, expected) = (words(line), words(expected));
    let parts: Vec<_> = expected.split('…').map(str::trim).collect();
    let [first, .., last] = parts.as_slice() else { return line == expected };
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    for part in &parts[1..parts.len() - 1] {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.trim_end().ends_with(last)
}

#[test]
fn a_rule_author_can_follow_the_guide() {
    let steps = steps(&file("docs/rule-authors.md"));
    let counted = |is: fn(&Step) -> bool| steps.iter().filter(|step| is(step)).count();
    let (files, commands) =
        (counted(|step| matches!(step, Step::File(..))), counted(|step| matches!(step, Step::Command(..))));
    assert!(files >= 6 && commands >= 25, "{files} files, {commands} commands");

    let cluster = Cluster::start("guide");
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().join("work");
    fs::create_dir_all(&work).unwrap();
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(format!("exec 2>&1\n{}", script(&steps, dir.path()))).current_dir(&work);
    shell.env("PATH", programs(&cluster, dir.path())).env("KUBECONFIG", cluster.kubeconfig());
    let output = shell.output().unwrap();
    let wrong = differences(&steps, &String::from_utf8(output.stdout).unwrap());
    assert!(wrong.is_empty(), "docs/rule-authors.md shows something else\n{}", wrong.join("\n"));
}

/// The commands that did not say what the page shows, up to the first that failed.
fn differences(steps: &[Step], said: &str) -> Vec<String> {
    let (mut wrong, mut lines) = (Vec::new(), said.lines());
    for (index, step) in steps.iter().enumerate() {
        let Step::Command(command, expected) = step else { continue };
        let (mut found, end) = (Vec::new(), format!("{END} {index} "));
        let status = lines.by_ref().find_map(|line| {
            let status = line.strip_prefix(&end);
            found.extend(status.is_none().then_some(line));
            status
        });
        let trouble = match status {
            Some("0") => shows(&found, expected).err(),
            _ => Some(format!("ended with {status:?}: what follows was not run")),
        };
        wrong.extend(trouble.map(|trouble| format!("$ {command}\n{}\n--- {trouble}", found.join("\n"))));
        if status != Some("0") {
            break;
        }
    }
    wrong
}

#[test]
fn what_the_guide_does_not_show_is_found() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (found, expected, fits) in [
        ("a\nb", "a\nb", true),
        ("a  b", "a b", true),
        ("a\nb", "a", false),
        ("a\nb", "b", true),
        ("a\nb", "b\na", false),
        ("a\nb\nc", "a\n…", true),
        ("a\nb\nc", "…\nc", true),
        ("name-123 done", "name-… done", true),
        ("name-123 done", "name-… gone", false),
        ("", "a", false),
        ("a", "", false),
    ] {
        let found: Vec<_> = found.lines().collect();
        assert_eq!(shows(&found, &lines(expected)).is_ok(), fits, "{found:?} {expected:?}");
    }
}
