//! Waiting: on a watch, with a deadline that says what was awaited, what was last seen, and where to
//! look. Nothing here sleeps or polls.

use std::fmt::Debug;
use std::sync::Mutex;
use std::time::Duration;

use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use kube::runtime::wait::await_condition;
use kube::{Client, Resource};
use score_operator::api::resource::ScoreResource;
use score_operator::api::workload::ScoreWorkload;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::cluster::Places;

/// How long anything may take. It takes seconds; machines may be slow, and a hang must end.
pub const DEADLINE: Duration = Duration::from_secs(90);

/// Waits until an object, or its absence, is as it should be.
pub async fn within<K>(
    places: &Places,
    api: Api<K>,
    name: &str,
    what: &str,
    holds: impl Fn(Option<&K>) -> bool,
) -> Option<K>
where
    K: Resource + Clone + Debug + DeserializeOwned + Serialize + Send + 'static,
{
    let last = Mutex::new(None);
    let seen = |object: Option<&K>| {
        *last.lock().unwrap() = Some(object.cloned());
        holds(object)
    };
    let (client, namespace) = (api.clone().into_client(), namespace_of(&api));
    let found = tokio::time::timeout(DEADLINE, await_condition(api, name, seen)).await;
    let why = match found {
        Ok(Ok(found)) => return found,
        Ok(Err(error)) => format!("the watch failed: {error}"),
        Err(_) => format!("waited in vain for {} s", DEADLINE.as_secs()),
    };
    let last = last.into_inner().unwrap();
    let last = match &last {
        None => "nothing was seen".to_owned(),
        Some(None) => "it did not exist".to_owned(),
        Some(Some(object)) => describe(&serde_json::to_value(object).unwrap()),
    };
    let kind = std::any::type_name::<K>().rsplit("::").next().unwrap_or_default();
    let others = conditions_of_all(client, &namespace).await;
    panic!("{kind} `{name}` {what}: {why}\nlast seen: {last}\n{others}\n{places}");
}

/// An object as a person needs it after a failure: without the bookkeeping, and without secrets.
pub fn describe(object: &Value) -> String {
    let mut object = object.clone();
    let is_secret = object["kind"] == "Secret";
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("managedFields");
    }
    if let Some(Value::Object(data)) = object.get_mut("data").filter(|_| is_secret) {
        data.values_mut().for_each(|value| *value = "<hidden>".into());
    }
    serde_saphyr::to_string(&object).unwrap_or_else(|_| object.to_string())
}

/// What every workload and resource says of itself, a line each.
async fn conditions_of_all(client: Client, namespace: &str) -> String {
    let mut lines = vec!["what all workloads and resources of the namespace say:".to_owned()];
    for kind in [ApiResource::erase::<ScoreWorkload>(&()), ApiResource::erase::<ScoreResource>(&())] {
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &kind);
        let list = tokio::time::timeout(Duration::from_secs(5), api.list(&ListParams::default())).await;
        let items = list.ok().and_then(Result::ok).map(|list| list.items).unwrap_or_default();
        lines.extend(items.iter().map(summary));
    }
    lines.join("\n  ")
}

/// The namespace of an `Api`; that of the operator where it has none.
fn namespace_of<K: Resource>(api: &Api<K>) -> String {
    let after = api.resource_url().split_once("/namespaces/").map(|(_, after)| after);
    let name = after.and_then(|after| after.split('/').next());
    name.unwrap_or("score-system").to_owned()
}

fn summary(object: &DynamicObject) -> String {
    let conditions = object.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let ready = conditions.into_iter().find(|condition| condition["type"] == "Ready").unwrap_or_default();
    let kind = object.types.as_ref().map_or("", |types| &types.kind);
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let text = |key: &str| ready[key].as_str().unwrap_or("?").to_owned();
    format!("{kind} `{name}`: Ready={} {}: {}", text("status"), text("reason"), text("message"))
}
