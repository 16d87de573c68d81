//! What a watch has brought, and on top of it what we wrote ourselves and the watch has yet to bring:
//! a pass must see its own writes, or it would do them again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt};
use tokio::sync::watch;

/// Namespace and name; the namespace of a cluster-scoped object is empty.
pub type Key = (String, String);

/// What a write of ours returned, and when.
struct Written<K> {
    object: Arc<K>,
    at: Instant,
}

/// One kind's objects.
pub struct Cache<K: Resource + 'static>
where
    K::DynamicType: Eq + Hash + Clone,
{
    store: Store<K>,
    dynamic: K::DynamicType,
    written: Mutex<HashMap<Key, Written<K>>>,
    /// The newest resource version that the watch has brought.
    seen: AtomicU64,
    ready: watch::Sender<bool>,
}

impl<K: Resource + Clone + 'static> Cache<K>
where
    K::DynamicType: Eq + Hash + Clone,
{
    /// A cache over what a watch fills.
    pub fn new(store: Store<K>, dynamic: K::DynamicType) -> Self {
        Self {
            store,
            dynamic,
            written: Mutex::default(),
            seen: AtomicU64::new(0),
            ready: watch::Sender::new(false),
        }
    }

    /// The newest known version of an object.
    #[must_use]
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        let mut key = ObjectRef::new_with(name, self.dynamic.clone());
        key.namespace = (!namespace.is_empty()).then(|| namespace.to_owned());
        let watched = self.store.get(&key);
        let mut written = self.lock();
        let id = (namespace.to_owned(), name.to_owned());
        let Some(ours) = written.get(&id) else { return watched };
        // The watch brings changes in order: past this version it has brought ours too, and where the
        // object is not there any more, its deletion.
        if version(&*ours.object) <= self.seen.load(Ordering::SeqCst) {
            written.remove(&id);
            return watched;
        }
        Some(Arc::clone(&ours.object))
    }

    /// Notes how far the watch has come.
    pub(super) fn saw(&self, object: &K) {
        self.seen.fetch_max(version(object), Ordering::SeqCst);
    }

    /// Notes that a list that was begun at `began` has come whole: it holds all that was written before.
    pub(super) fn relisted(&self, began: Instant) {
        self.lock().retain(|_, written| written.at > began);
    }

    /// All objects that the watch has brought.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<K>> {
        self.store.state()
    }

    /// Remembers what a write of ours returned.
    pub fn wrote(&self, object: K) {
        let id = key(&object);
        self.lock().insert(id, Written { object: Arc::new(object), at: Instant::now() });
    }

    /// Forgets what we wrote: the watch, or a delete of ours, says that it is gone.
    pub fn forget(&self, key: &Key) {
        self.lock().remove(key);
    }

    /// Waits until the watch has brought everything once, and everybody was told of it.
    pub async fn ready(&self) {
        // The sender lives as long as we do: waiting cannot fail.
        drop(self.ready.subscribe().wait_for(|ready| *ready).await);
    }

    /// Says that the watch has brought everything.
    pub(super) fn mark_ready(&self) {
        self.ready.send_replace(true);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Written<K>>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Namespace and name of an object.
pub fn key<K: ResourceExt>(object: &K) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

/// Resource versions of one kind are comparable as numbers (KEP-5504).
fn version<K: Resource>(object: &K) -> u64 {
    object.meta().resource_version.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0)
}
