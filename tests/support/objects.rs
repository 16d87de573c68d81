//! All objects of a namespace, whatever their kinds: by discovery.

use std::pin::pin;

use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{Api, ApiResource, DynamicObject, ListParams, ObjectList, PartialObjectMeta};
use kube::core::NamespaceResourceScope;
use kube::discovery::{Discovery, Scope, verbs};
use kube::runtime::watcher::{Config, watcher};
use kube::runtime::{WatchStreamExt, wait::await_condition};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use super::cluster::Places;
use super::wait::DEADLINE;

/// One object, by its metadata.
pub type Found = (ApiResource, PartialObjectMeta<DynamicObject>);

/// The kinds of objects that a namespace can hold.
async fn kinds(client: &Client) -> Vec<ApiResource> {
    let discovery = Discovery::new(client.clone()).run_aggregated().await.unwrap();
    let kinds = discovery.groups().flat_map(kube::discovery::ApiGroup::recommended_resources);
    let listed = kinds.filter(|(_, capabilities)| {
        capabilities.scope == Scope::Namespaced && capabilities.supports_operation(verbs::LIST)
    });
    listed.map(|(kind, _)| kind).collect()
}

/// `Kind/name` and the JSON of every object, events included.
pub async fn texts(client: &Client, namespace: &str) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for kind in kinds(client).await {
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &kind);
        for object in api.list(&ListParams::default()).await.unwrap() {
            let name = format!("{}/{}", kind.kind, object.name_any());
            texts.push((name, serde_json::to_string(&object).unwrap()));
        }
    }
    texts
}

/// All objects but events, and but what every namespace has.
pub async fn all(client: &Client, namespace: &str) -> Vec<Found> {
    let kinds = kinds(client).await.into_iter().filter(|kind| kind.kind != "Event");
    let lists = kinds.map(|kind| async move {
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &kind);
        let list = listed(&api).await;
        list.items.into_iter().map(|found| (kind.clone(), found)).collect::<Vec<_>>()
    });
    let kinds: Vec<_> = lists.collect();
    let found: Vec<_> = stream::iter(kinds).buffer_unordered(8).collect().await;
    found.into_iter().flatten().filter(|(kind, found)| !is_usual(&kind.kind, &found.name_any())).collect()
}

/// A list. A CRD that nobody has listed yet answers "storage is (re)initializing" at first.
async fn listed(api: &Api<DynamicObject>) -> ObjectList<PartialObjectMeta<DynamicObject>> {
    loop {
        match api.list_metadata(&ListParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 429 => tokio::task::yield_now().await,
            answer => return answer.unwrap(),
        }
    }
}

/// What every namespace has.
fn is_usual(kind: &str, name: &str) -> bool {
    matches!((kind, name), ("ConfigMap", "kube-root-ca.crt") | ("ServiceAccount", "default"))
}

/// Made by the controllers of Kubernetes, under names that are random or follow from others.
const DERIVED: &[&str] = &["Pod", "ReplicaSet", "ControllerRevision", "Endpoints", "EndpointSlice"];

/// All objects but those that the controllers of Kubernetes make.
pub async fn lasting_objects(client: &Client, namespace: &str) -> Vec<Found> {
    let all = all(client, namespace).await;
    all.into_iter().filter(|(kind, _)| !DERIVED.contains(&kind.kind.as_str())).collect()
}

/// `Kind/name` of them, sorted.
pub async fn lasting(client: &Client, namespace: &str) -> Vec<String> {
    let mut names: Vec<_> = lasting_objects(client, namespace).await.iter().map(label).collect();
    names.sort();
    names
}

/// `Kind/name`.
pub fn label((kind, found): &Found) -> String {
    format!("{}/{}", kind.kind, found.name_any())
}

/// Waits until all objects are gone, those included that are made meanwhile.
pub async fn are_gone(places: &Places, client: &Client, namespace: &str) {
    let mut left = Vec::new();
    let gone = async {
        loop {
            left = all(client, namespace).await;
            let Some((kind, found)) = left.first() else { break };
            let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, kind);
            let uid = found.uid();
            let is_gone = |now: Option<&DynamicObject>| now.is_none_or(|now| now.uid() != uid);
            await_condition(api, &found.name_any(), is_gone).await.unwrap();
        }
    };
    if tokio::time::timeout(DEADLINE, gone).await.is_err() {
        let left: Vec<_> = left.iter().map(label).collect();
        panic!("left in {namespace} after {} s: {left:?}\n{places}", DEADLINE.as_secs());
    }
}

/// Waits for an object with a label.
pub async fn first_with_label<K>(places: &Places, api: Api<K>, label: &str) -> K
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    let mut seen = pin!(watcher(api, Config::default().labels(label)).applied_objects());
    let found = tokio::time::timeout(DEADLINE, seen.try_next()).await;
    let found = found.unwrap_or_else(|_| {
        panic!("no object with the label {label} appeared in {} s\n{places}", DEADLINE.as_secs())
    });
    match found {
        Ok(Some(found)) => found,
        other => panic!("the watch for {label} failed: {other:?}\n{places}"),
    }
}
