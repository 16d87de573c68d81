//! Secrets and ConfigMaps, read by name: no list and no watch (decision 13). What was read is remembered until the
//! next resync, so that a steady state reads nothing.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, ApiResource, DynamicObject, PostParams};
use kube::core::ObjectMeta;
use kube::{Client, ResourceExt};
use tokio::sync::OnceCell;
use tokio::sync::mpsc::UnboundedSender;

use super::cache::Key;
use super::{Error, call, found};
use crate::api::labels;

/// In letters and digits: more than 256 bits of chance.
const DIGEST_KEY_LENGTH: usize = 48;

struct Entry {
    object: Arc<DynamicObject>,
    read: Instant,
}

/// Who is woken when what it reads has changed: workloads, by namespace and name.
pub type Rotations = UnboundedSender<Key>;

/// The Secrets, or the ConfigMaps, that were read or written, and the workloads whose pods read them.
pub struct ReadByName {
    client: Client,
    kind: ApiResource,
    resync: Duration,
    entries: Mutex<HashMap<Key, Entry>>,
    readers: Mutex<Readers>,
    rotations: Rotations,
    digest_key: OnceCell<Vec<u8>>,
}

/// Which workloads read which Secrets.
#[derive(Default)]
struct Readers {
    of: HashMap<Key, Read>,
    by: HashMap<Key, BTreeSet<Key>>,
}

/// A Secret that pods read.
#[derive(Default)]
struct Read {
    /// The workloads of these pods.
    by: BTreeSet<Key>,
    /// A hash of its data, once it was seen: also of one that was deleted meanwhile.
    data: Option<u64>,
}

impl ReadByName {
    /// Secrets. Nothing is read yet; what is read is trusted for `resync`.
    #[must_use]
    pub fn secrets(client: Client, resync: Duration, rotations: Rotations) -> Self {
        Self::new(client, api_resource(), resync, rotations)
    }

    /// ConfigMaps, likewise: those that pods read need not be ours, and nobody watches those of others.
    #[must_use]
    pub fn config_maps(client: Client, resync: Duration, rotations: Rotations) -> Self {
        Self::new(client, ApiResource::erase::<ConfigMap>(&()), resync, rotations)
    }

    fn new(client: Client, kind: ApiResource, resync: Duration, rotations: Rotations) -> Self {
        Self {
            client,
            kind,
            resync,
            rotations,
            entries: Mutex::default(),
            readers: Mutex::default(),
            digest_key: OnceCell::new(),
        }
    }

    /// Remembers which Secrets of its namespace the pods of a workload read: it is woken when one of them is
    /// seen to have changed (P10). None: it is gone, or reads none any more.
    pub fn read_by(&self, workload: &Key, names: impl IntoIterator<Item = String>) {
        let now: BTreeSet<Key> = names.into_iter().map(|name| (workload.0.clone(), name)).collect();
        let mut known = self.seen(&now);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in readers.by.remove(workload).unwrap_or_default().difference(&now) {
            let read = readers.of.get_mut(gone);
            if read.is_some_and(|read| read.by.remove(workload) && read.by.is_empty()) {
                readers.of.remove(gone);
            }
        }
        for secret in &now {
            let read = readers.of.entry(secret.clone()).or_default();
            read.by.insert(workload.clone());
            // What is remembered already is what this workload will be given: the next change is one.
            read.data = read.data.or_else(|| known.remove(secret));
        }
        if !now.is_empty() {
            readers.by.insert(workload.clone(), now);
        }
    }

    /// Forgets the Secrets that the pods of a workload read, so that its next pass asks the API server.
    pub fn forget_read_by(&self, workload: &Key) {
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let read = readers.by.get(workload).cloned().unwrap_or_default();
        drop(readers);
        read.iter().for_each(|(namespace, name)| self.forget(namespace, name));
    }

    /// The hashes of those that are remembered.
    fn seen(&self, all: &BTreeSet<Key>) -> HashMap<Key, u64> {
        let entries = self.lock();
        all.iter().filter_map(|key| Some((key.clone(), data_hash(&entries.get(key)?.object)))).collect()
    }

    /// Wakes the readers of a Secret whose data is not what was seen before.
    fn compare(&self, key: &Key, object: &DynamicObject) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(read) = readers.of.get_mut(key) else { return };
        let before = read.data.replace(data_hash(object));
        if before.is_some() && before != read.data {
            // A closed channel means that the operator ends.
            read.by.iter().for_each(|workload| drop(self.rotations.send(workload.clone())));
        }
    }

    /// The key of the digests that stand on pods: a Secret in the operator's own namespace, made once, so
    /// that no restart and no change of leader rolls anything (decision 14).
    ///
    /// # Errors
    /// Where the API server cannot be asked, or refuses.
    pub async fn digest_key(&self, random: impl Fn(usize) -> String + Send) -> Result<Vec<u8>, Error> {
        let found = self.digest_key.get_or_try_init(|| self.find_digest_key(random(DIGEST_KEY_LENGTH))).await;
        found.cloned()
    }

    async fn find_digest_key(&self, new: String) -> Result<Vec<u8>, Error> {
        let namespace = self.client.default_namespace().to_owned();
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &namespace);
        let what = format!("Secret {namespace}/{}", labels::DIGEST_KEY);
        if let Some(key) =
            found(call(format!("reading {what}"), api.get(labels::DIGEST_KEY)).await)?.and_then(key_of)
        {
            return Ok(key);
        }
        let secret = new_digest_key(new);
        let params = PostParams { field_manager: Some(labels::MANAGER.to_owned()), ..PostParams::default() };
        match call(format!("creating {what}"), api.create(&params, &secret)).await {
            // Another replica was faster: its key is the key.
            Err(error) if error.code() == Some(409) => {
                let other = call(format!("reading {what}"), api.get(labels::DIGEST_KEY)).await?;
                key_of(other)
                    .ok_or_else(|| Error::moved(format!("reading {what}"), "it has no key `key`: delete it"))
            }
            made => Ok(made.map(key_of)?.unwrap_or_default()),
        }
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
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &self.kind);
        let action = format!("reading {} {namespace}/{name}", self.kind.kind);
        let answer = found(call(action, api.get(name)).await)?;
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
        self.compare(&key, &object);
        let object = Arc::new(object);
        self.lock().insert(key, Entry { object: Arc::clone(&object), read: Instant::now() });
        object
    }

    /// Remembers it if somebody reads it: the watch has it too.
    pub fn refresh(&self, object: &DynamicObject) {
        let key = (object.namespace().unwrap_or_default(), object.name_any());
        let is_read = self.readers.lock().unwrap_or_else(PoisonError::into_inner).of.contains_key(&key);
        if is_read || self.lock().contains_key(&key) {
            self.remember(object.clone());
        }
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

fn data_hash(object: &DynamicObject) -> u64 {
    let mut hasher = DefaultHasher::new();
    object.data["data"].hash(&mut hasher);
    object.data["binaryData"].hash(&mut hasher);
    hasher.finish()
}

fn key_of(secret: Secret) -> Option<Vec<u8>> {
    secret.data?.remove("key").map(|bytes| bytes.0).filter(|key| !key.is_empty())
}

fn new_digest_key(key: String) -> Secret {
    let label = (labels::NAME.to_owned(), labels::MANAGED_BY_US.to_owned());
    Secret {
        metadata: ObjectMeta {
            name: Some(labels::DIGEST_KEY.to_owned()),
            labels: Some([label].into()),
            ..ObjectMeta::default()
        },
        immutable: Some(true),
        data: Some([("key".to_owned(), ByteString(key.into_bytes()))].into()),
        ..Secret::default()
    }
}

/// Secrets as untyped objects, as they are applied.
#[must_use]
pub fn api_resource() -> ApiResource {
    ApiResource::erase::<Secret>(&())
}
