//! Rules at work on one resource.

use std::collections::BTreeMap;

use score_operator::api::rule::{DeletionPolicy, Generate, ProvisionerRule, ProvisionerRuleSpec};
use score_operator::plan::Plan;
use score_operator::plan::resource::{Evaluated, Part, ResourceInputs, RuleObject, evaluate};
use score_operator::plan::rule::{Rule, compile};
use score_operator::render::resource::{Belonging, objects};
use score_operator::render::{Manifests, Owner, generated};
use serde_json::{Value, json};

use super::alone;
use super::given::NAMESPACE;
use super::secrets;

pub fn default_specs() -> BTreeMap<String, ProvisionerRuleSpec> {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/rules");
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("a default rule");
        let rule: ProvisionerRule = serde_saphyr::from_str(&text).expect("YAML");
        (name, rule.spec)
    };
    let files = std::fs::read_dir(directory).expect("config/rules").map(|file| file.expect("a file").path());
    let is_rule = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|it| it == "yaml") && !path.ends_with("kustomization.yaml")
    };
    files.filter(is_rule).map(read).collect()
}

pub fn default_rules() -> BTreeMap<String, Rule> {
    let compiled = |(name, spec): (String, ProvisionerRuleSpec)| {
        let rule = compile(&name, &spec).expect("a good rule");
        (name, rule)
    };
    default_specs().into_iter().map(compiled).collect()
}

pub fn default_inputs(rule: &Rule) -> ResourceInputs {
    let params = match rule.name.as_str() {
        "route" => json!({"host": "example.com", "port": 80}),
        "service-port" => json!({"workload": "other", "port": 80}),
        _ => json!({}),
    };
    inputs(rule, &params)
}

pub fn inputs(rule: &Rule, params: &Value) -> ResourceInputs {
    let spec = json!({"type": rule.type_, "class": "default", "id": "web.it", "rule": rule.name, "guid": "0123456789", "sourceWorkload": "web", "params": params});
    let rolled = |(name, how): (&String, &Generate)| {
        (name.clone(), if how.is_secret() { secrets::SECRET.to_owned() } else { "nick".to_owned() })
    };
    alone::inputs(NAMESPACE, spec, rule.generate.iter().map(rolled).collect())
}

pub fn provisioned(rule: &Rule, inputs: &ResourceInputs) -> (Evaluated, Manifests) {
    let Plan::Ready(evaluated) = evaluate(rule, Part::Own, inputs) else {
        panic!("{} cannot be evaluated", rule.name)
    };
    let Plan::Ready(shared) = evaluate(rule, Part::Shared, inputs) else {
        panic!("{} cannot be shared", rule.name)
    };
    let all: Vec<_> = evaluated.objects.iter().chain(&shared.objects).cloned().collect();
    let manifests = dressed(rule, inputs, &all);
    (evaluated, manifests)
}

pub fn dressed(rule: &Rule, inputs: &ResourceInputs, all: &[RuleObject]) -> Manifests {
    let owner = Owner { kind: "ScoreResource", name: "it".into(), uid: "u-1".into() };
    let belonging = Belonging {
        namespace: NAMESPACE,
        owner,
        spec: &inputs.spec,
        policy: DeletionPolicy::Delete,
        outlived: vec![],
    };
    let secret = (!rule.generate.is_empty())
        .then(|| generated::render(&belonging, &generated::Rolled::new(&inputs.generated)));
    Manifests::new(secret.into_iter().chain(objects(&belonging, all).iter().cloned()))
}
