//! The pages of `docs/` are what the source says, and what they show is valid.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use score_operator::api::labels::{self, Form};
use score_operator::api::resource::{ObjectId, ObjectScope, ScoreResourceSpec};
use score_operator::api::rule::DeletionPolicy;
use score_operator::api::{API_VERSION, GROUP, instructions};
use score_operator::plan::Plan;
use score_operator::plan::resource::RuleObject;
use score_operator::plan::rule::compile;
use score_operator::plan::workload::{WorkloadInputs, plan, validate};
use score_operator::render::generated::{self, Rolled};
use score_operator::render::resource::{Belonging, objects};
use score_operator::render::{self, Owner, SecretValues};
use serde_json::{Map, Value, json};

#[test]
fn the_reference_is_what_the_source_says() {
    let fresh = tempfile::tempdir().expect("a directory");
    let operator = env!("CARGO_BIN_EXE_score-operator");
    let status = Command::new(operator).args(["docs", "--dir"]).arg(fresh.path()).status();
    assert!(status.expect("the operator runs").success());
    let made: Vec<_> =
        fs::read_dir(fresh.path()).expect("pages").map(|page| page.expect("a page").path()).collect();
    assert_eq!(made.len(), 4, "{made:?}");
    for page in made {
        let kept = root().join("docs").join(page.file_name().expect("a name"));
        assert!(
            fs::read(&page).ok() == fs::read(&kept).ok(),
            "{} is not what the source says; run `cargo xtask codegen`, and commit",
            kept.display()
        );
    }
}

#[test]
fn every_score_file_in_the_documentation_is_valid() {
    let mut seen = 0;
    for page in pages() {
        for block in blocks(&read(&page)) {
            let Some((name, spec)) = score_file(&block) else { continue };
            seen += 1;
            if let Err(problems) = validate(&name, &spec) {
                panic!("{}: `{name}`: {problems:#?}", page.display());
            }
        }
    }
    assert!(seen >= 8, "only {seen} Score files in the documentation");
}

#[test]
fn every_rule_in_the_documentation_compiles() {
    let mut seen = 0;
    for page in pages() {
        for block in blocks(&read(&page)).into_iter().filter(|block| block["kind"] == "ProvisionerRule") {
            seen += 1;
            let name = block["metadata"]["name"].as_str().expect("a name").to_owned();
            let spec = serde_json::from_value(block["spec"].clone());
            let spec = spec.unwrap_or_else(|error| panic!("{}: `{name}`: {error}", page.display()));
            if let Err(problems) = compile(&name, &spec) {
                panic!("{}: `{name}`: {problems:#?}", page.display());
            }
        }
    }
    assert!(seen >= 2, "only {seen} rules in the documentation");
}

#[test]
fn an_invalid_score_file_would_be_seen() {
    let page = "text\n```yaml\ncontainers:\n  a: {image: x}\n```\n```yaml\nother: 1\n```\n```console\ncontainers:\n```\n";
    let found: Vec<_> = blocks(page).iter().filter_map(score_file).collect();
    assert_eq!(found.len(), 1);
    assert!(validate(&found[0].0, &found[0].1).is_err(), "a container's name has two characters");
}

#[test]
fn every_annotation_in_the_documentation_exists() {
    let written = labels::WRITTEN.iter().map(|it| it.key);
    let known: BTreeSet<_> = instructions::ALL
        .iter()
        .map(|it| it.key)
        .chain(written)
        .chain([API_VERSION, labels::CLUSTER_SCOPED])
        .collect();
    let for_rbac = "k8s.score.dev/aggregate-to-operator";
    let prefix = format!("{GROUP}/");
    // That page quotes files that are refused for an annotation that does not exist.
    let quotes = "differences-to-score-k8s.md";
    for page in pages().into_iter().filter(|page| !page.ends_with(quotes)) {
        let text = read(&page);
        for (at, _) in text.match_indices(&prefix) {
            if text[..at].ends_with('.') {
                continue; // `<kind>.k8s.score.dev/<name>`, as kubectl names an object
            }
            let rest = &text[at + prefix.len()..];
            let name: String =
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')).collect();
            let key = format!("{prefix}{}", name.trim_end_matches(['.', '-']));
            let is_known = known.contains(key.as_str()) || instructions::is_known(&key);
            let is_label = text[..at + prefix.len()].ends_with(labels::DENY_PREFIX);
            let is_known = is_known
                || is_label
                || key == prefix
                || key == for_rbac
                || key == labels::NETWORK_POLICY
                || key == instructions::IMAGE_OF.trim_end_matches('.');
            assert!(is_known, "{}: there is no `{key}`", page.display());
        }
    }
}

#[test]
fn every_label_and_annotation_that_is_written_is_listed() {
    let mut found = BTreeSet::new();
    for body in workload().iter().chain(&resource_objects()) {
        collect(&body["metadata"], &mut found);
        collect(&body["spec"]["template"]["metadata"], &mut found);
    }
    let listed: BTreeSet<_> =
        labels::WRITTEN.iter().map(|it| (it.form == Form::Label, it.key.to_owned())).collect();
    assert_eq!(listed.len(), labels::WRITTEN.len(), "one is listed twice");
    assert_eq!(found, listed, "what is written, and api::labels::WRITTEN");
}

fn collect(metadata: &Value, found: &mut BTreeSet<(bool, String)>) {
    for (key, is_label) in [("labels", true), ("annotations", false)] {
        let names = metadata[key].as_object().into_iter().flatten();
        found.extend(names.map(|(name, _)| (is_label, name.clone())));
    }
}

/// The objects of a workload with a port, a file and a secret.
fn workload() -> Vec<Value> {
    let spec = json!({
        "service": {"ports": {"www": {"port": 80}}},
        "containers": {"main": {"image": "app", "files": {"/x": {"content": "y"}}, "variables": {"P": "${resources.db.p}"}}},
        "resources": {"db": {"type": "postgres"}},
    });
    let outputs = json!({"p": {"secretKeyRef": {"name": "conn", "key": "p"}}});
    let db = json!({"object": "o", "uid": "postgres.default#web.db", "current": true, "reason": "Ready", "message": "", "outputs": outputs});
    let inputs = json!({"name": "web", "namespace": "team-a", "uid": "u", "generation": 1, "spec": spec, "resources": {"db": db}});
    let inputs: WorkloadInputs = serde_json::from_value(inputs).expect("inputs");
    let Plan::Ready(workload) = plan(&inputs) else { panic!("its resource is ready") };
    render::workload(&workload, &SecretValues::new(BTreeMap::new(), b"key".to_vec()))
        .iter()
        .map(|it| it.body.clone())
        .collect()
}

/// An object of a rule in the namespace, one in none, and the Secret of what a rule that retains rolls.
fn resource_objects() -> Vec<Value> {
    let spec = ScoreResourceSpec { source_workload: Some("web".into()), ..ScoreResourceSpec::default() };
    let owner = Owner { kind: "ScoreResource", name: "r".into(), uid: "u".into() };
    let belonging = Belonging {
        namespace: "team-a",
        owner,
        spec: &spec,
        policy: DeletionPolicy::Delete,
        outlived: vec![],
    };
    let object = |scope| RuleObject {
        key: "it".into(),
        id: ObjectId { api_version: "example.org/v1".into(), kind: "Thing".into(), name: "c".into() },
        scope,
        body: json!({"metadata": {"name": "c"}}),
    };
    let all = [object(ObjectScope::Namespaced), object(ObjectScope::Cluster)];
    let rolled = Rolled { retained_by: ["postgres".to_owned()].into(), ..Rolled::default() };
    let kept = generated::render(&belonging, &rolled).body;
    objects(&belonging, &all).iter().map(|it| it.body.clone()).chain([kept]).collect()
}

// === Reading ===

/// Pages for users.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).expect("docs");
    let mut pages: Vec<_> = docs.map(|page| page.expect("a page").path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    assert!(pages.len() >= 3, "{pages:?}");
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

/// The blocks of YAML in a page.
fn blocks(page: &str) -> Vec<Value> {
    let after = page.split("```yaml\n").skip(1);
    let block = |text: &str| {
        let (block, _) = text.split_once("\n```").expect("a block ends");
        serde_saphyr::from_str(block).unwrap_or_else(|error| panic!("{error}\n{block}"))
    };
    after.map(block).collect()
}

/// The name and content of a Score file, alone or in a ScoreWorkload.
fn score_file(block: &Value) -> Option<(String, Map<String, Value>)> {
    let spec = if block["kind"] == "ScoreWorkload" { &block["spec"] } else { block };
    spec.get("containers")?;
    let name = block["metadata"]["name"].as_str().unwrap_or("example");
    Some((name.to_owned(), spec.as_object()?.clone()))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
