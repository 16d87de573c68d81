//! What is generated, copied or listed twice agrees with its source.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kube::core::{ApiResource, GroupVersionKind};
use schemars::schema_for;
use score_operator::api::conditions::Reason;
use score_operator::api::rule::ProvisionerRule;
use score_operator::plan::Plan;
use score_operator::plan::rule::{Rule, compile};
use score_operator::plan::workload::{WorkloadInputs, plan};
use score_operator::render::{self, SecretValues};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[test]
fn crds_are_what_the_types_say() {
    let fresh = tempfile::tempdir().expect("a directory");
    let operator = env!("CARGO_BIN_EXE_score-operator");
    let status =
        Command::new(operator).args(["crds", "--dir"]).arg(fresh.path()).status().expect("the operator runs");
    assert!(status.success());
    let made = file_names(fresh.path());
    let kept: BTreeSet<_> =
        file_names(&root().join("crds")).into_iter().filter(|name| name != "kustomization.yaml").collect();
    assert_eq!(kept, made, "the files in crds/; run `cargo xtask codegen`");
    for name in made {
        assert!(
            read(&fresh.path().join(&name)) == read(&root().join("crds").join(&name)),
            "crds/{name} is not what the types say; run `cargo xtask codegen`, and commit"
        );
    }
}

#[test]
fn schemas_are_what_the_types_say() {
    let fresh = tempfile::tempdir().expect("a directory");
    let operator = env!("CARGO_BIN_EXE_score-operator");
    let status = Command::new(operator).args(["schemas", "--dir"]).arg(fresh.path()).status();
    assert!(status.expect("the operator runs").success());
    let names = |directory: &Path| -> BTreeSet<_> {
        let entries =
            fs::read_dir(directory).expect("schemas").map(|entry| entry.expect("an entry").file_name());
        entries.collect()
    };
    let kept = root().join("docs/schemas");
    assert_eq!(names(&kept), names(fresh.path()), "the files in docs/schemas; run `cargo xtask codegen`");
    for name in names(fresh.path()) {
        let same = read(&fresh.path().join(&name)) == read(&kept.join(&name));
        assert!(same, "{} is not what the types say; run `cargo xtask codegen`, and commit", name.display());
    }
}

/// The comment by which an editor finds the schema of a file.
const EDITORS: &str = "# yaml-language-server: $schema=";

#[test]
fn every_shipped_rule_and_test_fits_the_schema_that_it_names() {
    let mut seen = BTreeMap::new();
    for path in shipped() {
        let text = read(&path);
        let documents = serde_saphyr::from_multiple::<Value>(&text).expect("YAML");
        let kinds: BTreeSet<_> =
            documents.iter().filter_map(|it| it["kind"].as_str().map(str::to_owned)).collect();
        if !["ProvisionerRule", "RuleTest"].iter().any(|kind| kinds.contains(*kind)) {
            continue;
        }
        let first = text.lines().next().unwrap_or_default();
        let named = first.strip_prefix(EDITORS);
        let named =
            named.unwrap_or_else(|| panic!("{} has no `{EDITORS}…` on its first line", path.display()));
        let schema = path.parent().expect("a directory").join(named);
        let validator = validator(&schema);
        for document in documents {
            let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
            *seen.entry(document["kind"].as_str().expect("a kind").to_owned()).or_insert(0) += 1;
        }
    }
    assert!(seen["ProvisionerRule"] >= 5 && seen["RuleTest"] >= 1, "{seen:?}");
}

#[test]
fn a_schema_refuses_what_is_misspelt() {
    let good: Value = yaml(&root().join("config/rules/postgres.yaml"));
    let schema = validator(&root().join("docs/schemas/provisionerrule.json"));
    assert!(schema.is_valid(&good));
    for (pointer, from, to) in [
        ("", "spec", "specs"),
        ("/spec", "outputs", "output"),
        ("/spec/match", "type", "typ"),
        ("/spec/generate/password", "alphanumeric", "alphanumerics"),
    ] {
        let mut wrong = good.clone();
        let map = wrong.pointer_mut(pointer).and_then(Value::as_object_mut).expect("a map");
        let value = map.remove(from).expect("a key");
        map.insert(to.to_owned(), value);
        assert!(!schema.is_valid(&wrong), "{pointer}: `{to}` is taken");
    }
    let mut selector = good;
    selector["spec"]["match"]["namespaceSelector"] = json!({"matchLabel": {"env": "prod"}});
    assert!(!schema.is_valid(&selector), "`matchLabel` is taken");
}

fn validator(schema: &Path) -> jsonschema::Validator {
    let text = read(schema);
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{error}"));
    jsonschema::validator_for(&schema).expect("a schema")
}

/// The YAML files for users.
fn shipped() -> Vec<PathBuf> {
    let mut open = vec![root().join("config"), root().join("examples")];
    let mut found = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// covers: G12
#[test]
fn crds_are_worth_reading() {
    for (file, short) in
        [("scoreworkloads", "swl"), ("scoreresources", "sres"), ("provisionerrules", "prule")]
    {
        let crd: Value = yaml(&root().join(format!("crds/{file}.yaml")));
        assert_eq!(crd["spec"]["names"]["shortNames"], json!([short]));
        assert_eq!(crd["spec"]["names"]["categories"], json!(["score"]));
        let version = &crd["spec"]["versions"][0];
        assert!(version["subresources"]["status"].is_object(), "{file}");
        let columns: Vec<_> = version["additionalPrinterColumns"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| it["name"].as_str())
            .collect();
        assert!(
            ["Ready", "Status", "Age", "Message"].iter().all(|wanted| columns.contains(wanted)),
            "{columns:?}"
        );
        let schema = &version["schema"]["openAPIV3Schema"];
        // Without it kstatus takes an object that nobody has looked at for one that is done.
        assert_eq!(schema["properties"]["status"]["default"], json!({"observedGeneration": -1}), "{file}");
        assert_eq!(
            schema["properties"]["status"]["properties"]["conditions"]["x-kubernetes-list-map-keys"],
            json!(["type"])
        );
        assert!(schema.to_string().len() < 100 * 1024, "{file} is {} bytes", schema.to_string().len());
        let bare = undescribed(schema, file);
        assert!(bare.is_empty(), "`kubectl explain` has nothing to say of {bare:?}");
    }
}

/// The fields of a schema that have no description.
fn undescribed(schema: &Value, path: &str) -> Vec<String> {
    let own = schema["properties"].as_object().into_iter().flatten();
    let inner = ["items", "additionalProperties"]
        .iter()
        .filter(|key| schema[**key].is_object())
        .flat_map(|key| undescribed(&schema[*key], path));
    let fields = own
        .filter(|(name, _)| {
            !["apiVersion", "kind", "metadata"].contains(&name.as_str()) || path.contains('.')
        })
        .flat_map(|(name, field)| {
            let path = format!("{path}.{name}");
            let bare = field["description"].as_str().is_none_or(str::is_empty).then(|| path.clone());
            bare.into_iter().chain(undescribed(field, &path)).collect::<Vec<_>>()
        });
    fields.chain(inner).collect()
}

#[test]
fn every_kustomization_lists_every_file_beside_it() {
    for directory in ["crds", "config/rules", "config"] {
        let directory = root().join(directory);
        let kustomization: Value = yaml(&directory.join("kustomization.yaml"));
        let listed: BTreeSet<_> =
            texts(&kustomization["resources"]).filter(|name| !name.contains('/')).collect();
        let there: BTreeSet<_> =
            file_names(&directory).into_iter().filter(|name| name != "kustomization.yaml").collect();
        assert_eq!(listed, there, "{}", directory.display());
    }
}

#[test]
fn the_list_of_reasons_is_whole() {
    let schema = schema_for!(Reason).to_value();
    let known: BTreeSet<_> = texts(&schema["enum"]).collect();
    assert!(known.contains("ParamsConflict"), "the schema of Reason has another form now: {schema}");
    let text = read(&root().join("docs/reasons.md"));
    let row = |line: &str| Some(line.strip_prefix("| `")?.split_once("` |")?.0.to_owned());
    let rows: Vec<_> = text.lines().filter_map(row).collect();
    let explained: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!(explained, known, "docs/reasons.md and api::conditions::Reason");
    assert_eq!(rows.len(), explained.len(), "a reason is explained twice");
}

#[test]
fn the_example_is_the_articles_score_file() {
    let example: Value = yaml(&root().join("examples/payments-api.yaml"));
    let article: Value = yaml(&root().join("tests/data/score/examples/payments-api/score.yaml"));
    assert_eq!(example["spec"], article);
    // Unchanged also to the eye: the same lines, two columns to the right.
    let text = read(&root().join("examples/payments-api.yaml"));
    let (_, spec) = text.split_once("\nspec:\n").expect("a spec");
    let shifted: Vec<_> = spec.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
    let shifted = shifted.join("\n") + "\n";
    assert_eq!(shifted, read(&root().join("tests/data/score/examples/payments-api/score.yaml")));
}

/// What people find in score-k8s, and in Score files that others wrote.
const TYPES: &[&str] = &[
    "amqp",
    "dns",
    "elasticsearch",
    "environment",
    "kafka-topic",
    "mongodb",
    "mssql",
    "mysql",
    "postgres",
    "postgres-instance",
    "redis",
    "route",
    "s3",
    "service",
    "service-port",
    "sqs",
    "volume",
];

#[test]
fn every_default_rule_compiles() {
    let rules = default_rules();
    for type_ in TYPES {
        assert!(rules.values().any(|rule| rule.type_ == *type_), "no default rule for {type_}");
    }
    for rule in rules_in("config/variants").values() {
        assert!(TYPES.contains(&rule.type_.as_str()), "{} is a variant of no default rule", rule.name);
        assert!(rule.priority > rules[&rule.type_].priority, "{} does not win", rule.name);
    }
}

// === What the operator may do ===

/// One rule of a `ClusterRole`: groups, resources, verbs.
type Grant = (Vec<String>, Vec<String>, Vec<String>);

/// covers: SEC05 SEC15
#[test]
fn the_operators_role_is_bounded() {
    let grants = operators_grants();
    assert!(grants.len() > 5, "only {} rules are aggregated", grants.len());
    for grant in &grants {
        let (groups, resources, verbs) = grant;
        let all = groups.iter().chain(resources).chain(verbs);
        assert!(all.clone().all(|word| !word.contains('*')), "a wildcard: {grant:?}");
        let never = ["escalate", "bind", "impersonate", "deletecollection"];
        assert!(verbs.iter().all(|verb| !never.contains(&verb.as_str())), "{grant:?}");
        assert!(groups.iter().all(|group| group != "rbac.authorization.k8s.io"), "{grant:?}");
    }
    for verb in ["list", "watch", "update"] {
        assert!(!allowed(&grants, "", "secrets", verb), "the operator may {verb} secrets");
    }
}

#[test]
fn nothing_else_is_bound_to_the_operator() {
    let bindings: Vec<_> = documents("config")
        .into_iter()
        .filter(|it| it["kind"].as_str().is_some_and(|kind| kind.ends_with("Binding")))
        .collect();
    let to_operator = |binding: &&Value| {
        binding["subjects"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|subject| subject["name"] == "score-operator")
    };
    let roles: Vec<_> = bindings
        .iter()
        .filter(to_operator)
        .filter_map(|binding| binding["roleRef"]["name"].as_str())
        .collect();
    assert!(roles.contains(&"score-operator"), "{roles:?}");
    for role in roles.iter().filter(|role| **role != "score-operator") {
        // What is left is for its own namespace only: the lease.
        let found = documents("config")
            .into_iter()
            .find(|it| it["kind"] == "Role" && it["metadata"]["name"] == *role);
        assert!(found.is_some(), "`{role}` is bound to the operator, and is no Role of config/");
    }
}

#[test]
fn the_operator_may_do_all_that_it_makes() {
    let grants = operators_grants();
    for (api_version, kind) in made_kinds() {
        let (group, plural) = resource(&api_version, &kind);
        let watch: &[&str] = if kind == "Secret" { &[] } else { &["list", "watch"] };
        let missing: Vec<_> = ["create", "get", "patch", "delete"]
            .iter()
            .chain(watch)
            .filter(|verb| !allowed(&grants, &group, &plural, verb))
            .collect();
        assert!(missing.is_empty(), "config/rbac.yaml lacks {missing:?} of {plural} ({api_version})");
    }
}

/// A permission that nothing needs is one too many.
#[test]
fn the_operator_may_make_nothing_else() {
    let needed: BTreeSet<_> = made_kinds().iter().map(|(version, kind)| resource(version, kind)).collect();
    // One event per transition; to ask what it may do.
    let besides = [
        ("events.k8s.io", "events"),
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("k8s.score.dev", "scoreresources"),
    ];
    for (groups, resources, verbs) in operators_grants() {
        if !verbs.iter().any(|verb| verb == "create") {
            continue;
        }
        for (group, plural) in groups
            .iter()
            .flat_map(|group| resources.iter().map(move |plural| (group.clone(), plural.clone())))
        {
            let known = needed.contains(&(group.clone(), plural.clone()))
                || besides.contains(&(group.as_str(), plural.as_str()));
            assert!(known, "nothing makes {plural} of the group {group:?}");
        }
    }
}

/// What the aggregated role of the operator comes to.
fn operators_grants() -> Vec<Grant> {
    let words = |value: &Value| texts(value).collect::<Vec<_>>();
    let aggregated = |it: &Value| {
        it["kind"] == "ClusterRole"
            && it["metadata"]["labels"]["k8s.score.dev/aggregate-to-operator"] == "true"
    };
    let roles = documents("config").into_iter().filter(aggregated);
    let rules: Vec<Value> =
        roles.flat_map(|role| role["rules"].as_array().cloned().unwrap_or_default()).collect();
    rules
        .iter()
        .map(|rule| (words(&rule["apiGroups"]), words(&rule["resources"]), words(&rule["verbs"])))
        .collect()
}

fn allowed(grants: &[Grant], group: &str, plural: &str, verb: &str) -> bool {
    let has = |words: &[String], word: &str| words.iter().any(|it| it == word);
    grants
        .iter()
        .any(|(groups, resources, verbs)| has(groups, group) && has(resources, plural) && has(verbs, verb))
}

/// The group and plural of a kind.
fn resource(api_version: &str, kind: &str) -> (String, String) {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let found = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    (group.to_owned(), found.plural)
}

/// Every kind that a default rule or a workload becomes, generated Secrets and claims included.
fn made_kinds() -> BTreeSet<(String, String)> {
    let (default, variants) = (default_rules(), rules_in("config/variants"));
    let mut kinds: BTreeSet<_> = default.values().chain(variants.values()).flat_map(Rule::kinds).collect();
    for kind in ["Deployment", "StatefulSet", "Job", "CronJob"] {
        kinds.extend(workload_kinds(kind));
    }
    kinds.insert(("v1".into(), "Secret".into()));
    kinds.insert(("v1".into(), "PersistentVolumeClaim".into()));
    assert!(kinds.len() >= 9, "{kinds:?}");
    kinds
}

/// What a workload of this kind with ports and a file becomes.
fn workload_kinds(kind: &str) -> Vec<(String, String)> {
    let mut annotations = json!({"k8s.score.dev/kind": kind});
    if kind == "CronJob" {
        annotations["k8s.score.dev/schedule"] = json!("@daily");
    }
    let spec = json!({
        "metadata": {"annotations": annotations},
        "service": {"ports": {"www": {"port": 80}}},
        "containers": {"main": {"image": "app", "files": {"/x": {"content": "y"}}}},
    });
    let inputs = json!({"name": "web", "namespace": "team-a", "uid": "u", "generation": 1, "spec": spec});
    let inputs: WorkloadInputs = serde_json::from_value(inputs).expect("inputs");
    let Plan::Ready(workload) = plan(&inputs) else { panic!("a workload without resources is ready") };
    let manifests = render::workload(&workload, &SecretValues::default());
    manifests.ids().map(|id| (id.api_version.clone(), id.kind.clone())).collect()
}

// === Reading ===

fn default_rules() -> BTreeMap<String, Rule> {
    rules_in("config/rules")
}

fn rules_in(directory: &str) -> BTreeMap<String, Rule> {
    let directory = root().join(directory);
    let names = file_names(&directory).into_iter().filter(|name| name != "kustomization.yaml");
    let rule = |file: String| {
        let rule: ProvisionerRule = yaml(&directory.join(&file));
        let name = rule.metadata.name.clone().expect("a name");
        assert_eq!(format!("{name}.yaml"), file, "a file is called like its rule");
        let compiled = compile(&name, &rule.spec);
        (name, compiled.unwrap_or_else(|problems| panic!("{file}: {problems:#?}")))
    };
    names.map(rule).collect()
}

/// All objects in the YAML files of a directory.
fn documents(directory: &str) -> Vec<Value> {
    let directory = root().join(directory);
    let files = file_names(&directory).into_iter().map(|name| read(&directory.join(name)));
    let parse = |text: String| serde_saphyr::from_multiple::<Value>(&text).expect("YAML");
    files.flat_map(parse).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The YAML files of a directory.
fn file_names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "yaml")).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml<T: DeserializeOwned>(path: &Path) -> T {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The texts of a list.
fn texts(list: &Value) -> impl Iterator<Item = String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
}
