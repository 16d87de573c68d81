//! Watches of many kinds at once.

use futures::{
    FutureExt, Stream, StreamExt,
    stream::{self, BoxStream, SelectAll},
};
use kube::{
    Api, Client, Resource,
    api::{DynamicObject, TypeMeta},
    core::PartialObjectMeta,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;

use super::kinds::Kind;

/// What a watch tells.
#[derive(Clone, Debug)]
pub enum Change {
    /// An object is new, or is not what it was.
    Applied(DynamicObject),
    /// An object is gone.
    Deleted(DynamicObject),
    /// All objects that were there when the watch of one kind began have been told.
    Listed,
    /// A watch was cut off or refused; it is tried again.
    Failed(String),
}

/// Changes of objects of many kinds, in one stream.
pub type Changes = SelectAll<BoxStream<'static, Change>>;

/// Watches all objects of the kinds in a namespace. Of Secrets it sees the metadata only.
pub fn watch(client: &Client, kinds: &[Kind], namespace: &str) -> Changes {
    let one = |kind: &Kind| match kind.resource.kind.as_str() {
        "Secret" => changes(kind, kind.metadata_api(client, namespace)),
        _ => changes(kind, kind.api(client, Some(namespace))),
    };
    stream::select_all(kinds.iter().map(one))
}

fn changes<K>(kind: &Kind, api: Api<K>) -> BoxStream<'static, Change>
where
    K: Into<Object> + Clone + std::fmt::Debug + DeserializeOwned + Resource + Send + 'static,
{
    let types = TypeMeta { api_version: kind.resource.api_version.clone(), kind: kind.resource.kind.clone() };
    let events = watcher(api, watcher::Config::default()).default_backoff();
    events.filter_map(move |event| std::future::ready(change(event, &types))).boxed()
}

/// An object of any kind, in full or in part.
struct Object(DynamicObject);

impl From<DynamicObject> for Object {
    fn from(object: DynamicObject) -> Self {
        Self(object)
    }
}

impl From<PartialObjectMeta<DynamicObject>> for Object {
    fn from(partial: PartialObjectMeta<DynamicObject>) -> Self {
        Self(DynamicObject { types: None, metadata: partial.metadata, data: serde_json::Value::Null })
    }
}

fn change<K: Into<Object>>(event: watcher::Result<Event<K>>, types: &TypeMeta) -> Option<Change> {
    // Objects in lists do not say what they are.
    let typed = |object: K| DynamicObject { types: Some(types.clone()), ..object.into().0 };
    Some(match event {
        Ok(Event::Apply(object) | Event::InitApply(object)) => Change::Applied(typed(object)),
        Ok(Event::Delete(object)) => Change::Deleted(typed(object)),
        Ok(Event::InitDone) => Change::Listed,
        Ok(Event::Init) => return None,
        Err(error) if is_too_early(&error) => return None,
        Err(error) => Change::Failed(format!("{}: {error}", types.kind)),
    })
}

/// The server is still getting ready for a new kind, and asks to try again.
fn is_too_early(error: &watcher::Error) -> bool {
    const TOO_MANY_REQUESTS: u16 = 429;
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => status.code == TOO_MANY_REQUESTS,
        _ => false,
    }
}

/// All changes that are there without waiting.
pub fn ready_now(changes: &mut (impl Stream<Item = Change> + Unpin)) -> Vec<Change> {
    std::iter::from_fn(|| changes.next().now_or_never().flatten()).collect()
}
