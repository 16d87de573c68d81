//! The worked examples in `examples/`, without a cluster: what they promise to readers and to the tests that run them.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the exception for tests does not reach their helpers"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use score_operator::api::rule::ProvisionerRule;
use score_operator::plan::rule::{Rule, compile};
use serde_json::Value;

/// The most lines of a README: one screen.
const SCREEN: usize = 48;
const STAND_INS: &str = "stand-in-crds.yaml";
const RIGHTS: &str = "rbac.yaml";

#[test]
fn each_has_a_readme_of_one_screen_that_names_all_of_its_files() {
    let list = fs::read_to_string(root().join("README.md")).unwrap();
    for (name, files) in examples() {
        assert!(list.contains(&format!("[`{name}`]({name})")), "{name} is not in examples/README.md");
        let readme = fs::read_to_string(root().join(&name).join("README.md")).unwrap();
        let lines = readme.lines().count();
        assert!(lines <= SCREEN, "{name}/README.md has {lines} lines");
        for part in ["**Needs**", "```console\n$ kubectl"] {
            assert!(readme.contains(part), "{name}/README.md has no {part:?}");
        }
        for file in files.keys() {
            assert!(readme.contains(file.as_str()), "{name}/README.md does not say what {file} is for");
        }
        for file in commanded(&readme) {
            assert!(root().join(&name).join(&file).exists(), "{name}/README.md: there is no {file}");
        }
    }
}

/// The files that the commands of a README name.
fn commanded(readme: &str) -> Vec<String> {
    let commands = readme.lines().filter(|line| line.starts_with("$ "));
    let words = commands.flat_map(|line| line.split_whitespace().map(str::to_owned));
    let is_yaml = |word: &str| Path::new(word).extension().is_some_and(|extension| extension == "yaml");
    words.filter(|word| is_yaml(word) || word.starts_with("../")).collect()
}

#[test]
fn each_rule_is_good_and_says_its_schema_to_editors() {
    let mut names = BTreeSet::new();
    for (name, files) in examples() {
        for file in files.keys().filter(|file| file.starts_with("rule")) {
            let text = fs::read_to_string(root().join(&name).join(file)).unwrap();
            let first = text.lines().next().unwrap();
            let schema = "# yaml-language-server: $schema=../../docs/schemas/provisionerrule.json";
            assert_eq!(first, schema, "{name}/{file}");
            let rule: ProvisionerRule = serde_saphyr::from_str(&text).unwrap();
            let described = rule.spec.description.is_some();
            assert!(described, "{name}/{file}: kubectl get prule -o wide shows a description");
        }
        for (file, rule) in rules(&name, &files) {
            assert!(names.insert(rule.name.clone()), "{name}/{file}: two rules are called {}", rule.name);
        }
    }
    assert!(names.len() >= 15, "{names:?}");
}

/// What the README of all says: it can be looked at without a cluster.
#[test]
fn each_workload_is_valid_and_renders_with_the_rules_beside_it() {
    for (name, files) in examples() {
        let workloads = files.iter().filter(|(_, objects)| objects[0]["kind"] == "ScoreWorkload");
        let workloads: Vec<_> = workloads.map(|(file, _)| file).collect();
        assert!(!workloads.is_empty(), "{name}");
        for file in workloads {
            assert_eq!(run(&name, &["validate", file]), (0, String::new()), "{name}/{file}");
            for labels in environments(&name) {
                let labels = format!("env={labels}");
                let arguments = ["render", file, "--rules", ".", "--namespace-labels", &labels];
                let (status, said) = run(&name, &[&arguments[..], &["--assume-ready"]].concat());
                // Some outputs are known by another controller only.
                let awaited =
                    said.lines().all(|line| line.contains("waits for") || line.starts_with("note:"));
                assert!(status == 0 || (status == 3 && awaited), "{name}/{file}: {status}: {said}");
            }
        }
    }
}

fn environments(example: &str) -> &'static [&'static str] {
    if example == "postgres-by-environment" { &["dev", "staging", "prod"] } else { &["none"] }
}

/// The exit status and what was said on stderr.
fn run(example: &str, arguments: &[&str]) -> (i32, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_score-operator"));
    let output = program.args(arguments).current_dir(root().join(example)).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// Decision 21: what an example needs beyond the shipped roles, and nothing else.
#[test]
fn each_lets_the_operator_do_just_what_its_rules_need() {
    let shipped = grants(&documents(&root().join("../config").join(RIGHTS)));
    for (name, files) in examples() {
        let rights = files.get(RIGHTS).map(Vec::as_slice).unwrap_or_default();
        for role in rights {
            let label = &role["metadata"]["labels"]["k8s.score.dev/aggregate-to-operator"];
            assert_eq!((&role["kind"], label), (&"ClusterRole".into(), &"true".into()), "{name}");
            for rule in role["rules"].as_array().unwrap() {
                let verbs = texts(&rule["verbs"]);
                assert_eq!(verbs, ["get", "list", "watch", "create", "patch", "delete"], "{name}");
            }
        }
        let granted = grants(rights);
        let kinds = rules(&name, &files).into_iter().flat_map(|(_, rule)| rule.kinds());
        let needed: BTreeSet<_> = kinds.map(|(version, kind)| resource(&version, &kind)).collect();
        let missing: Vec<_> =
            needed.iter().filter(|it| !shipped.contains(it) && !granted.contains(it)).collect();
        assert!(missing.is_empty(), "{name}/{RIGHTS} lacks {missing:?}");
        let useless: Vec<_> = granted.difference(&needed).collect();
        assert!(useless.is_empty(), "{name}/{RIGHTS}: nothing makes {useless:?}");
    }
}

/// The groups and plurals of roles that let the operator create.
fn grants(roles: &[Value]) -> BTreeSet<(String, String)> {
    let aggregated = roles
        .iter()
        .filter(|role| role["metadata"]["labels"]["k8s.score.dev/aggregate-to-operator"] == "true");
    let rules = aggregated.flat_map(|role| role["rules"].as_array().unwrap());
    let creating = rules.filter(|rule| texts(&rule["verbs"]).contains(&"create".to_owned()));
    let pairs = creating.flat_map(|rule| {
        let groups = texts(&rule["apiGroups"]);
        let resources = texts(&rule["resources"]);
        groups.into_iter().flat_map(move |group| {
            resources.clone().into_iter().map(move |resource| (group.clone(), resource))
        })
    });
    pairs.collect()
}

/// Definitions of other projects' kinds are made up, and say so.
#[test]
fn each_foreign_kind_has_a_stand_in_that_is_labelled_as_one() {
    let mut seen = 0;
    for (name, files) in examples() {
        let kinds = rules(&name, &files).into_iter().flat_map(|(_, rule)| rule.kinds());
        let foreign: BTreeSet<_> = kinds
            .filter(|(version, _)| is_foreign(version))
            .map(|(version, kind)| resource(&version, &kind))
            .collect();
        let definitions = files.get(STAND_INS).map(Vec::as_slice).unwrap_or_default();
        let name_of = |it: &Value| {
            let names = &it["spec"]["names"];
            (it["spec"]["group"].as_str().unwrap().to_owned(), names["plural"].as_str().unwrap().to_owned())
        };
        assert_eq!(definitions.iter().map(name_of).collect::<BTreeSet<_>>(), foreign, "{name}/{STAND_INS}");
        if definitions.is_empty() {
            continue;
        }
        seen += definitions.len();
        let text = fs::read_to_string(root().join(&name).join(STAND_INS)).unwrap();
        let label = text.lines().take_while(|line| line.starts_with('#')).collect::<Vec<_>>().join(" ");
        assert!(label.contains("STAND-IN") && label.contains("ever install"), "{name}: {label}");
    }
    assert!(seen >= 10, "only {seen} stand-ins");
}

/// Whether Kubernetes itself does not serve it.
fn is_foreign(api_version: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    group.contains('.') && !group.ends_with(".k8s.io")
}

// === Reading ===

/// The objects of each YAML file of each example.
fn examples() -> BTreeMap<String, BTreeMap<String, Vec<Value>>> {
    let directories = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let directories = directories.filter(|path| path.join("README.md").is_file());
    let examples: BTreeMap<_, _> = directories.map(|path| (file_name(&path), files(&path))).collect();
    assert!(examples.len() >= 11, "{:?}", examples.keys());
    examples
}

fn files(directory: &Path) -> BTreeMap<String, Vec<Value>> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.map(|path| (file_name(&path), documents(&path))).collect()
}

fn documents(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rules of an example, compiled.
fn rules(name: &str, files: &BTreeMap<String, Vec<Value>>) -> Vec<(String, Rule)> {
    let is_rule = |object: &&Value| object["kind"] == "ProvisionerRule";
    let all = files.iter().flat_map(|(file, objects)| {
        objects.iter().filter(is_rule).map(move |object| (file.clone(), object.clone()))
    });
    let compiled = |(file, object): (String, Value)| {
        let rule: ProvisionerRule = serde_json::from_value(object).unwrap();
        let compiled = compile(rule.metadata.name.as_deref().unwrap(), &rule.spec);
        let compiled = compiled.unwrap_or_else(|problems| panic!("{name}/{file}: {problems:#?}"));
        (file, compiled)
    };
    all.map(compiled).collect()
}

/// The group and plural of a kind.
fn resource(api_version: &str, kind: &str) -> (String, String) {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let gvk = kube::core::GroupVersionKind::gvk(group, version, kind);
    (group.to_owned(), kube::core::ApiResource::from_gvk(&gvk).plural)
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}
