//! The provisioners of a case as rules of ours: constants, with the tokens of the data filled in.

use score_operator::api::names::{ResourceUid, short_hash};
use score_operator::plan::rule::{Rule, compile};
use serde_json::{Map, Value, json};

use super::data::Provisioner;

/// What tokens stand for: that of one resource.
pub struct Tokens<'a> {
    pub uid: &'a ResourceUid,
    pub source_workload: &'a str,
    /// Its params after substitution.
    pub params: &'a Value,
    pub metadata: &'a Value,
}

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

/// The provisioners of a case, then the defaults.
pub fn with_defaults(own: &[Provisioner]) -> Vec<Provisioner> {
    let defaults = serde_json::Deserializer::from_str(DEFAULTS).into_iter();
    own.iter().cloned().chain(defaults.map(|default| default.expect("JSON"))).collect()
}

/// What the binding of a resource names.
pub fn name(provisioner: &Provisioner) -> String {
    provisioner.uri.clone().unwrap_or_else(|| provisioner.type_.clone())
}

/// The provisioner as a rule for one resource.
pub fn rule(provisioner: &Provisioner, tokens: &Tokens) -> Result<Rule, Vec<String>> {
    let keys = || tokens.params.as_object().into_iter().flatten().map(|(key, _)| key);
    let expression = |key: &String| (key.clone(), json!(format!("{{{{ params[{}] }}}}", json!(key))));
    let outputs = match &provisioner.outputs {
        Value::String(all) if all == "<params>" => keys().map(expression).collect(),
        Value::Null => Map::new(),
        constants => filled(constants, tokens)?.as_object().cloned().expect("a map of outputs"),
    };
    let manifests = provisioner.manifests.iter().enumerate();
    let manifests: Result<Map<_, _>, Vec<String>> =
        manifests.map(|(index, object)| Ok((format!("m{index}"), filled(object, tokens)?))).collect();
    let schema: Map<_, _> = keys().map(|key| (key.clone(), json!({}))).collect();
    let spec = json!({
        "match": {"type": provisioner.type_},
        "params": {"type": "object", "properties": schema},
        "manifests": manifests?,
        "outputs": outputs,
    });
    let spec = serde_json::from_value(spec).expect("a rule");
    compile(&name(provisioner), &spec).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

/// A constant with its tokens replaced and its references as expressions.
fn filled(constant: &Value, tokens: &Tokens) -> Result<Value, Vec<String>> {
    Ok(match constant {
        Value::String(text) => json!(references(&replaced(text, tokens))?),
        Value::Array(items) => items.iter().map(|item| filled(item, tokens)).collect::<Result<_, _>>()?,
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| Ok((key.clone(), filled(value, tokens)?));
            Value::Object(map.iter().map(entry).collect::<Result<_, Vec<String>>>()?)
        }
        scalar => scalar.clone(),
    })
}

fn replaced(text: &str, tokens: &Tokens) -> String {
    let uid = tokens.uid.to_string();
    let last = tokens.uid.id.rsplit('.').next().unwrap_or_default();
    text.replace("<uid>", &uid)
        .replace("<id>", &tokens.uid.id)
        .replace("<id.last>", last)
        .replace("<source-workload>", tokens.source_workload)
        .replace("<params-json>", &tokens.params.to_string())
        .replace("<metadata-json>", &tokens.metadata.to_string())
        .replace("<guid8>", &guid8(tokens.uid))
        .replace("<random:", &format!("<random:{uid}:"))
}

/// What stands for `<guid8:UID>` while names are checked: a token is no part of a name.
pub fn guid8(uid: &ResourceUid) -> String {
    format!("guid8-{}", short_hash(&uid.to_string()))
}

/// A text that is one reference of score-k8s, as an expression. One between other text has no such
/// form: a rule of ours keeps the whole text in a Secret, so that is what this stands for.
fn references(text: &str) -> Result<String, Vec<String>> {
    let Some((before, rest)) = text.split_once("🔐💬") else { return Ok(text.to_owned()) };
    let Some((reference, after)) = rest.split_once("💬🔐") else { return Ok(text.to_owned()) };
    let Some((secret, key)) = reference.split_once('_') else {
        return Err(vec![format!("outputs: `{reference}` names no key of a Secret")]);
    };
    let key = if before.is_empty() && after.is_empty() { key } else { "url" };
    Ok(format!("{{{{ secret_ref({}, {}) }}}}", json!(secret), json!(key)))
}
