//! Secrets, read by name: no list and no watch (decision 13). What was read is remembered until the
//! next resync, so that a steady state reads nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::api::{Api, ApiResource, DynamicObject};
use kube::{Client, ResourceExt};

use super::cache::Key;
use super::{Error, call, found};

struct Entry {
    object: Arc<DynamicObject>,
    read: Instant,
}

/// Secrets that were read or written.
pub struct Secrets {
    client: Client,
    resync: Duration,
    entries: Mutex<HashMap<Key, Entry>>,
}

impl Secrets {
    /// Nothing is read yet; what is read is trusted for `resync`.
    #[must_use]
    pub fn new(client: Client, resync: Duration) -> Self {
        Self { client, resync, entries: Mutex::default() }
    }

    /// The Secret, or `None` where there is none. One that is missing is asked for each time: it is
    /// awaited, with backoff.
    ///
    /// # Errors
    /// Where the API server cannot be asked.
    pub async fn get(&self, namespace: &str, name: &str) -> Result<Option<Arc<DynamicObject>>, Error> {
        let key = (namespace.to_owned(), name.to_owned());
        if let Some(known) = self.fresh(&key) {
            return Ok(Some(known));
        }
        self.read(namespace, name).await
    }

    /// The same, asking the API server in any case.
    ///
    /// # Errors
    /// Where the API server cannot be asked.
    pub async fn read(&self, namespace: &str, name: &str) -> Result<Option<Arc<DynamicObject>>, Error> {
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &api_resource());
        let answer = found(call(format!("reading Secret {namespace}/{name}"), api.get(name)).await)?;
        if let Some(object) = answer {
            Ok(Some(self.remember(object)))
        } else {
            self.forget(namespace, name);
            Ok(None)
        }
    }

    /// Remembers what a read or a write of ours returned.
    pub fn remember(&self, object: DynamicObject) -> Arc<DynamicObject> {
        let key = (object.namespace().unwrap_or_default(), object.name_any());
        let object = Arc::new(object);
        self.lock().insert(key, Entry { object: Arc::clone(&object), read: Instant::now() });
        object
    }

    /// Forgets a Secret, so that the next look asks the API server.
    pub fn forget(&self, namespace: &str, name: &str) {
        self.lock().remove(&(namespace.to_owned(), name.to_owned()));
    }

    fn fresh(&self, key: &Key) -> Option<Arc<DynamicObject>> {
        let mut entries = self.lock();
        let entry = entries.get(key)?;
        if entry.read.elapsed() < self.resync {
            return Some(Arc::clone(&entry.object));
        }
        entries.remove(key);
        None
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Secrets as untyped objects, as they are applied.
#[must_use]
pub fn api_resource() -> ApiResource {
    ApiResource::erase::<k8s_openapi::api::core::v1::Secret>(&())
}
