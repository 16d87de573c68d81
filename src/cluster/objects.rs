//! The objects that we made, of any kind: one watch per kind, started when a rule first names the
//! kind (decision 20). Secrets are never watched: see `secrets`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use kube::api::{Api, ApiResource, DynamicObject, TypeMeta};
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::Config;
use kube::runtime::{WatchStreamExt, watcher as watch_stream};
use kube::{Client, ResourceExt};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use super::cache::Cache;
use super::watch::{Change, Relist, step};
use super::{DEADLINE, Error};
use crate::api::labels;
use crate::api::names::ResourceUid;

/// Who is woken by a change of an object of ours.
pub type Changes = UnboundedSender<Arc<DynamicObject>>;

struct Watch {
    cache: Arc<Cache<DynamicObject>>,
    task: JoinHandle<()>,
}

/// The caches by kind.
pub struct Objects {
    client: Client,
    changes: Changes,
    watches: Mutex<HashMap<(String, String), Watch>>,
}

impl Objects {
    /// No kind is watched yet; changes will be sent to `changes`.
    #[must_use]
    pub fn new(client: Client, changes: Changes) -> Self {
        Self { client, changes, watches: Mutex::default() }
    }

    /// The cache of a kind, once its watch has brought everything. The first call starts the watch.
    ///
    /// # Errors
    /// Where the watch brings nothing in time; it goes on trying.
    pub async fn of(&self, kind: &ApiResource) -> Result<Arc<Cache<DynamicObject>>, Error> {
        let cache = self.start(kind);
        match tokio::time::timeout(DEADLINE, cache.ready()).await {
            Ok(()) => Ok(cache),
            Err(_) => {
                Err(Error::moved(format!("watching {}", kind.plural), "the watch has brought nothing yet"))
            }
        }
    }

    /// The objects of one resource, of all kinds that are watched.
    #[must_use]
    pub fn about(&self, namespace: &str, uid: &ResourceUid) -> Vec<Arc<DynamicObject>> {
        let uid = uid.to_string();
        let is_it = |object: &Arc<DynamicObject>| {
            home(object) == Some(namespace) && object.annotations().get(labels::RESOURCE_UID) == Some(&uid)
        };
        let watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        watches.values().flat_map(|watch| watch.cache.all()).filter(is_it).collect()
    }

    fn start(&self, kind: &ApiResource) -> Arc<Cache<DynamicObject>> {
        let key = (kind.api_version.clone(), kind.kind.clone());
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        let watch = watches.entry(key).or_insert_with(|| self.watch(kind));
        Arc::clone(&watch.cache)
    }

    fn watch(&self, kind: &ApiResource) -> Watch {
        let writer = Writer::new(kind.clone());
        let cache = Arc::new(Cache::new(writer.as_reader(), kind.clone()));
        let api = Api::all_with(self.client.clone(), kind);
        let types = TypeMeta { api_version: kind.api_version.clone(), kind: kind.kind.clone() };
        let task = tokio::spawn(run(api, types, writer, Arc::clone(&cache), self.changes.clone()));
        Watch { cache, task }
    }

    /// Ends the watches of a group: its CRD is gone.
    pub fn stop(&self, group: &str) {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        watches.retain(|(api_version, _), watch| {
            let gone = api_version.split_once('/').is_some_and(|(found, _)| found == group);
            if gone {
                watch.task.abort();
            }
            !gone
        });
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        let watches = self.watches.get_mut().unwrap_or_else(PoisonError::into_inner);
        watches.values().for_each(|watch| watch.task.abort());
    }
}

/// The namespace that an object belongs to: of one that lives in none, that of what it was made for.
#[must_use]
pub fn home(object: &DynamicObject) -> Option<&str> {
    let said = || object.annotations().get(labels::NAMESPACE).map(String::as_str);
    object.metadata.namespace.as_deref().or_else(said)
}

async fn run(
    api: Api<DynamicObject>,
    types: TypeMeta,
    mut writer: Writer<DynamicObject>,
    cache: Arc<Cache<DynamicObject>>,
    changes: Changes,
) {
    let ours = format!("{}={}", labels::MANAGED_BY, labels::MANAGED_BY_US);
    let config = Config::default().timeout(50).labels(&ours);
    let mut events = watch_stream(api, config).default_backoff().boxed();
    let mut relist = Relist::default();
    // The receiver is gone only when the process ends.
    let changed = |change: Change<DynamicObject>| drop(changes.send(Arc::clone(change.object())));
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => step::<DynamicObject>(
                event.modify(|object| tidy(object, &types)),
                &mut writer,
                &cache,
                &mut relist,
                &changed,
            ),
            Err(error) => tracing::warn!(%error, "watch interrupted"),
        }
    }
}

/// Fills in the kind, which the items of a list lack and which says how readiness is judged; drops what
/// no pass reads, to save memory.
fn tidy(object: &mut DynamicObject, types: &TypeMeta) {
    object.types = Some(types.clone());
    if let Some(annotations) = &mut object.metadata.annotations {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
}
