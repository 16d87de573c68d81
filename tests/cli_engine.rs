//! The commands that run the engine without a cluster, as they are: the real program, its stdout, stderr and
//! exit status.
//!
//! The directories of `tests/cli_engine/` are cases: see `program`. After a change that is meant:
//! `UPDATE_GOLDEN=1 cargo test --test cli_engine`, then read `git diff tests/cli_engine`.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use program::{Run, cases, run};
use proptest::prelude::*;
use serde_json::Value;

#[path = "program/mod.rs"]
mod program;

const ACCEPT: &str = "If this is meant: `UPDATE_GOLDEN=1 cargo test --test cli_engine`, then read `git diff tests/cli_engine`.";
const BOUTIQUE: &str = "../../data/score/examples/samples/onlineboutique";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli_engine")
}

#[test]
fn every_case_gives_what_is_expected() {
    program::assert_all(&root(), ACCEPT);
}

#[test]
fn there_are_cases_of_every_exit_status() {
    program::assert_statuses(&root(), 30, "0\n1\n2\n3\n");
}

/// The arguments of the case, with the files of Online Boutique one by one in this order.
fn boutique(files: &[String]) -> Run {
    let mut args = vec!["render"];
    args.extend(files.iter().map(String::as_str));
    args.extend(["--rules", "rules.yaml", "--outputs", "outputs.yaml", "--assume-ready", "-n", "shop"]);
    Run::of(&root().join("online-boutique"), &args, b"")
}

fn boutique_files() -> Vec<String> {
    let directory = root().join("online-boutique").join(BOUTIQUE);
    let entries = fs::read_dir(directory).expect("Online Boutique").map(|entry| entry.expect("an entry"));
    let mut files: Vec<_> = entries
        .map(|entry| format!("{BOUTIQUE}/{}/score.yaml", entry.file_name().to_string_lossy()))
        .collect();
    files.sort();
    files
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_files_does_not_matter(files in Just(boutique_files()).prop_shuffle()) {
        let expected = fs::read_to_string(root().join("online-boutique/expected/stdout")).expect("the case");
        let found = boutique(&files);
        prop_assert_eq!(found.status, 0, "{}", found.stderr);
        prop_assert_eq!(found.stdout, expected);
    }
}

/// The generated secrets stand as a fixed text wherever they go: nothing is rolled.
#[test]
fn p06_nothing_is_rolled_without_a_cluster() {
    let run = run(&root().join("payments-api-as-json"));
    let list: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let secrets = list["items"].as_array().expect("items").iter().filter(|item| item["kind"] == "Secret");
    let data = |secret: &Value, key: &str| {
        let text = secret["data"][key].as_str().expect("a value").to_owned();
        String::from_utf8(STANDARD.decode(text).expect("base64")).expect("UTF-8")
    };
    let mut seen = 0;
    for secret in secrets {
        assert_eq!(data(secret, "password"), "<generated in the cluster>");
        seen += 1;
    }
    assert_eq!(seen, 2, "{}", run.stdout);
}

/// `-o json` and `-o yaml` print the same objects in the same order.
#[test]
fn both_formats_say_the_same() {
    let case = root().join("payments-api-as-json");
    let args = fs::read_to_string(case.join("args")).expect("args");
    let args: Vec<_> = args.lines().map(|arg| if arg == "json" { "yaml" } else { arg }).collect();
    let yaml: Vec<Value> = serde_saphyr::from_multiple(&Run::of(&case, &args, b"").stdout).expect("YAML");
    let list: Value = serde_json::from_str(&run(&case).stdout).expect("JSON");
    assert_eq!(list["items"], Value::from(yaml));
}

/// Owner references need a uid: without one, no API server would take the object.
#[test]
fn nothing_is_owned_by_what_does_not_exist() {
    for case in cases(&root()) {
        let Run { stdout, .. } = run(&case);
        assert!(!stdout.contains("uid: \"\""), "{}", case.display());
    }
}

/// No cluster, and files that are not there: status 1, and what to do.
#[test]
fn what_cannot_be_read_is_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    for (args, expected) in [
        (&["render", "nothing.yaml"][..], "cannot read nothing.yaml"),
        (&["render"], "required arguments"),
        (&["explain", "nothing.yaml"], "cannot read nothing.yaml"),
        (&["explain", "web", "--assume-ready"], "a cluster knows its rules"),
        (&["render", ".", "--namespace-labels", "x"], "expected key=value"),
    ] {
        let run = Run::of(directory.path(), args, b"");
        assert_eq!(run.status, 1, "{args:?}: {run:?}");
        assert!(run.stderr.contains(expected), "{args:?}: {}", run.stderr);
    }
}

/// A Score file whose names are as long as can be, with a resource of each type that a default rule provides.
fn longest() -> String {
    let rules =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/rules")).expect("config/rules");
    let files = rules.map(|file| file.expect("a file").path()).filter(|path| path.is_file());
    let types = files.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned());
    let mut types: Vec<_> = types.filter(|name| name != "kustomization").collect();
    types.sort();
    let params = |type_: &str| match type_ {
        "route" => serde_json::json!({"host": "x.example", "path": "/", "port": 80}),
        "service-port" => serde_json::json!({"workload": "w".repeat(63), "port": 80}),
        _ => serde_json::json!({}),
    };
    let resource = |type_: &String| {
        (format!("{type_:r<63}"), serde_json::json!({"type": type_, "params": params(type_)}))
    };
    let resources: serde_json::Map<_, _> = types.iter().map(resource).collect();
    assert!(resources.len() >= 5, "{types:?}");
    let file = serde_json::json!({
        "apiVersion": "score.dev/v1b1",
        "metadata": {"name": "w".repeat(63)},
        "service": {"ports": {"p".repeat(63): {"port": 80}}},
        "containers": {"c".repeat(63): {"image": "x"}},
        "resources": resources,
    });
    file.to_string()
}

#[test]
fn w12_names_of_63_characters_fit_in_every_default_rule() {
    let run = Run::of(&root(), &["render", "-", "--assume-ready", "-o", "json"], longest().as_bytes());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let list: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let objects = list["items"].as_array().expect("objects");
    let mut seen = BTreeSet::new();
    for object in objects {
        let name = object["metadata"]["name"].as_str().expect("a name");
        assert!(name.len() <= 63, "{name}");
        // A StatefulSet's pods carry its name and a hash in a label; a CronJob's Jobs its name and a time.
        let kind = object["kind"].as_str().expect("a kind");
        assert!(kind != "StatefulSet" || name.len() <= 52, "{kind} {name}");
        assert!(seen.insert((kind, name)), "{kind} {name} is made twice");
        labels(object, &mut |value| assert!(value.len() <= 63, "{kind} {name}: {value}"));
    }
    assert!(seen.len() > 8, "{seen:?}");
}

/// Calls `visit` with every value of a label or selector in an object.
fn labels(node: &Value, visit: &mut impl FnMut(&str)) {
    for (key, value) in node.as_object().into_iter().flatten() {
        if matches!(key.as_str(), "labels" | "matchLabels" | "selector") {
            value
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(_, text)| text.as_str())
                .for_each(&mut *visit);
        }
        labels(value, visit);
    }
}
