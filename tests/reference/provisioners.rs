//! The provisioners of a case as rules of ours: one per resource, with expressions for the tokens of the data.

use std::collections::BTreeMap;

use score_operator::api::names::{ResourceUid, short_hash};
use score_operator::offline::rules::RuleFile;
use score_operator::plan::demand::Demand;
use serde_json::{Map, Value, json};

use super::data::Provisioner;

/// The outputs of score-k8s's own provisioners, as the recorded answers show them.
const DEFAULTS: &str = r#"
{"type": "volume", "outputs": {"source": {"emptyDir": {}}}}
{"type": "dns", "outputs": {"host": "<random:host>.localhost"}}
{"type": "route", "outputs": {}}
{"type": "redis", "outputs": {"host": "redis-<source-workload>-<guid8>", "port": 6379, "username": "default",
    "password": "🔐💬redis-<source-workload>-<guid8>_password💬🔐"}}
{"type": "postgres", "outputs": {"host": "pg-<source-workload>-<guid8>", "port": 5432, "name": "db-<random:database>",
    "database": "db-<random:database>", "username": "user-<random:username>",
    "password": "🔐💬pg-<source-workload>-<guid8>_password💬🔐"}}
{"type": "mysql", "outputs": {"host": "mysql-<source-workload>-<guid8>", "port": 3306, "name": "db-<random:database>",
    "database": "db-<random:database>", "username": "user-<random:username>",
    "password": "🔐💬mysql-<source-workload>-<guid8>_MYSQL_PASSWORD💬🔐"}}
{"type": "amqp", "outputs": {"host": "rabbitmq-<source-workload>-<guid8>", "port": 5672,
    "vhost": "vhost-<random:vhost>", "username": "user-<random:username>", "password": "<random:password>"}}
"#;

/// A rule for each resource that somebody demands and that a provisioner is for: those of the case first, then
/// the defaults.
pub fn rules<'a>(own: &[Provisioner], demands: impl Iterator<Item = &'a Demand>) -> Vec<RuleFile> {
    let defaults = serde_json::Deserializer::from_str(DEFAULTS).into_iter();
    let all: Vec<Provisioner> =
        own.iter().cloned().chain(defaults.map(|default| default.expect("JSON"))).collect();
    let mut params: BTreeMap<&ResourceUid, Map<String, Value>> = BTreeMap::new();
    for demand in demands {
        let schemas = demand.params.keys().map(|key| (key.clone(), json!({})));
        params.entry(&demand.uid).or_default().extend(schemas);
    }
    let rule = |(uid, params): (&ResourceUid, Map<_, _>)| {
        let provisioner = all.iter().find(|provisioner| provisioner.type_ == uid.type_)?;
        Some(rule(provisioner, uid, &params))
    };
    params.into_iter().filter_map(rule).collect()
}

fn rule(provisioner: &Provisioner, uid: &ResourceUid, params: &Map<String, Value>) -> RuleFile {
    let param = |key: &String| (key.clone(), json!(format!("{{{{ params[{}] }}}}", json!(key))));
    let outputs = match &provisioner.outputs {
        Value::String(all) if all == "<params>" => params.keys().map(param).collect(),
        Value::Null => json!({}),
        constants => filled(constants, uid),
    };
    let manifests = provisioner.manifests.iter().enumerate();
    let manifests: Map<_, _> =
        manifests.map(|(index, object)| (format!("m{index}"), filled(object, uid))).collect();
    let spec = json!({
        "match": {"type": uid.type_, "class": uid.class, "id": uid.id},
        "params": {"type": "object", "properties": params},
        "manifests": manifests,
        "outputs": outputs,
    });
    let source = provisioner.uri.as_ref().unwrap_or(&provisioner.type_);
    RuleFile {
        file: "provisioners.yaml".to_owned(),
        name: format!("{source} {}", short_hash(&uid.to_string())),
        spec: serde_json::from_value(spec).expect("a rule"),
        places: std::sync::Arc::default(),
    }
}

/// A constant with expressions for its tokens and its references.
fn filled(constant: &Value, uid: &ResourceUid) -> Value {
    match constant {
        Value::String(text) => json!(references(&known(text, uid))),
        Value::Array(items) => items.iter().map(|item| filled(item, uid)).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), filled(value, uid))).collect())
        }
        scalar => scalar.clone(),
    }
}

/// The tokens that the resource's identity says.
fn known(text: &str, uid: &ResourceUid) -> String {
    let last = uid.id.rsplit('.').next().unwrap_or_default();
    text.replace("<uid>", &uid.to_string())
        .replace("<id>", &uid.id)
        .replace("<id.last>", last)
        .replace("<random:", &format!("<random:{uid}:"))
}

/// What the other tokens are in a rule. A map in the place of text is written as JSON later.
const EXPRESSIONS: [(&str, &str); 4] = [
    ("<source-workload>", "workload.name"),
    ("<params-json>", "params"),
    ("<metadata-json>", "metadata"),
    ("<guid8>", "guid"),
];

/// A text that is one reference of score-k8s, as an expression. One between other text has no such
/// form: a rule of ours keeps the whole text in a Secret, so that is what this stands for.
fn references(text: &str) -> String {
    let all = |text: &str, [before, after]: [&str; 2]| {
        EXPRESSIONS.iter().fold(text.to_owned(), |text, (token, expression)| {
            text.replace(token, &format!("{before}{expression}{after}"))
        })
    };
    let found = text.split_once("🔐💬").and_then(|(before, rest)| Some((before, rest.split_once("💬🔐")?)));
    let Some((before, (reference, after))) = found else { return all(text, ["{{ ", " }}"]) };
    // One that names no key stays one: the rule is refused.
    let (secret, key) =
        reference.split_once('_').map_or((reference, None), |(secret, key)| (secret, Some(key)));
    let key = key.map(|key| if before.is_empty() && after.is_empty() { key } else { "url" });
    let arguments: Vec<_> = std::iter::once(secret).chain(key).map(|text| json!(text).to_string()).collect();
    format!("{{{{ secret_ref({}) }}}}", all(&arguments.join(", "), ["\" ~ ", " ~ \""]))
}
