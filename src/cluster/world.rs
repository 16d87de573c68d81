//! All that a pass can see and reach: the client, the watch caches, the Secrets that were read, and
//! what was made of workloads and rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::DynamicObject;
use kube::{Client, ResourceExt};
use serde_json::Value;

use super::access::Access;
use super::cache::{Cache, Key};
use super::events::Events;
use super::kinds::{Kind, Kinds};
use super::objects::{Changes, Objects};
use super::rollouts::Rollouts;
use super::secrets::{ReadByName, Rotations};
use super::{Error, call, found};
use crate::api::labels;
use crate::api::resource::ScoreResource;
use crate::api::rule::ProvisionerRule;
use crate::api::workload::ScoreWorkload;
use crate::plan::index::{Index, ResourceKey};
use crate::plan::patch::{Holder, Read};
use crate::plan::problem::{Awaited, Problem};
use crate::plan::rule::Rule;

/// What admission made of a rule.
#[derive(Clone)]
pub enum Admission {
    /// It can be used.
    Ready(Arc<Rule>),
    /// It is right, and something on the cluster is missing: a kind or a permission.
    Waiting(Arc<Rule>, Vec<Awaited>),
    /// It is wrong. What it matches is still known where its selectors can be read: a new resource that it
    /// would win waits for it, and is not bound to the second best for life.
    Rejected(Option<Arc<Rule>>, Vec<Problem>),
}

impl Admission {
    /// The compiled rule, unless it is wrong.
    #[must_use]
    pub fn rule(&self) -> Option<&Arc<Rule>> {
        match self {
            Self::Ready(rule) | Self::Waiting(rule, _) => Some(rule),
            Self::Rejected(..) => None,
        }
    }

    /// What the rule matches, usable or not.
    #[must_use]
    pub fn matcher(&self) -> Option<&Arc<Rule>> {
        match self {
            Self::Ready(rule) | Self::Waiting(rule, _) => Some(rule),
            Self::Rejected(rule, _) => rule.as_ref(),
        }
    }
}

/// A rule that was read.
#[derive(Clone)]
pub struct Entry {
    /// The generation and uid of the rule that was read.
    pub revision: (String, i64),
    /// What became of it.
    pub admission: Admission,
    /// How many looks are due: a kind of it changed, and discovery follows a little later than its CRD.
    pub looks: u8,
}

/// How often a rule is looked at after a kind of it changed.
pub const LOOKS: u8 = 3;

/// The rules by name.
pub type Book = BTreeMap<String, Entry>;

/// Time and chance, passed in so that tests can hold them still.
#[derive(Clone)]
pub struct Environment {
    /// The time as RFC 3339, to the second.
    pub now: Arc<dyn Fn() -> String + Send + Sync>,
    /// That many random letters and digits.
    pub random: Arc<dyn Fn(usize) -> String + Send + Sync>,
}

/// The caches of our own kinds and of namespaces.
#[derive(Clone)]
pub struct Caches {
    /// `ScoreWorkloads`.
    pub workloads: Arc<Cache<ScoreWorkload>>,
    /// `ScoreResources`.
    pub resources: Arc<Cache<ScoreResource>>,
    /// `ProvisionerRules`.
    pub rules: Arc<Cache<ProvisionerRule>>,
    /// Namespaces, for their labels.
    pub namespaces: Arc<Cache<Namespace>>,
}

/// All that a pass can see and reach.
pub struct World {
    /// The client.
    pub client: Client,
    /// Which kinds are served.
    pub kinds: Kinds,
    /// Which of them the operator may write.
    pub access: Access,
    /// The objects that we made.
    pub objects: Objects,
    /// Secrets, by name.
    pub secrets: ReadByName,
    /// ConfigMaps that pods read, by name.
    pub config_maps: ReadByName,
    /// Our own kinds.
    pub caches: Caches,
    /// Events.
    pub events: Events,
    /// Time and chance.
    pub environment: Environment,
    /// How long what was read of Secrets is trusted.
    pub resync: Duration,
    /// How far edits of rules have come.
    pub rollouts: Rollouts,
    index: RwLock<Index>,
    book: RwLock<Book>,
    settled: Mutex<HashMap<String, Settled>>,
    poked: Mutex<HashMap<String, String>>,
}

/// A resource version, and the hash of a manifest that changed nothing about it.
type Settled = (Option<String>, u64);

impl World {
    /// A world that knows nothing yet.
    #[must_use]
    pub fn new(
        client: Client,
        caches: Caches,
        (changes, rotations): (Changes, Rotations),
        environment: Environment,
        resync: Duration,
    ) -> Self {
        Self {
            kinds: Kinds::new(client.clone()),
            access: Access::new(client.clone()),
            objects: Objects::new(client.clone(), changes),
            secrets: ReadByName::secrets(client.clone(), resync, rotations.clone()),
            config_maps: ReadByName::config_maps(client.clone(), resync, rotations),
            events: Events::new(client.clone()),
            caches,
            environment,
            resync,
            rollouts: Rollouts::default(),
            index: RwLock::default(),
            book: RwLock::default(),
            settled: Mutex::default(),
            poked: Mutex::default(),
            client,
        }
    }

    /// The workloads and their demands.
    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, to change it.
    pub fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules.
    pub fn book(&self) -> RwLockReadGuard<'_, Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, to change them.
    pub fn book_mut(&self) -> RwLockWriteGuard<'_, Book> {
        self.book.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A compiled rule, unless it is unknown or wrong.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<Arc<Rule>> {
        self.book().get(name).and_then(|entry| entry.admission.rule().cloned())
    }

    /// Whether the resources of a rule may share something: also where nobody can tell, as the rule is gone
    /// or wrong and what is shared must stay.
    #[must_use]
    pub fn may_share(&self, rule: &str) -> bool {
        self.rule(rule).is_none_or(|rule| !rule.shared.is_empty())
    }

    /// The ScoreResource of an identity. One of another identity that has its name (names hold a hash) is
    /// none of its business.
    #[must_use]
    pub fn resource(&self, key: &ResourceKey) -> Option<Arc<ScoreResource>> {
        let found = self.caches.resources.get(&key.namespace, &key.uid.object_name());
        found.filter(|found| found.spec.uid() == key.uid)
    }

    /// Marks the rules that make a kind of `group`, to be read again, and gives their names.
    pub fn forget_admissions(&self, group: &str) -> Vec<String> {
        let of_group = |rule: &Arc<Rule>| {
            let kinds = rule.kinds();
            kinds
                .iter()
                .any(|(api_version, _)| api_version.split_once('/').is_some_and(|(found, _)| found == group))
        };
        let mut book = self.book_mut();
        let found = book.iter_mut().filter(|(_, entry)| entry.admission.rule().is_none_or(of_group));
        found
            .map(|(name, entry)| {
                entry.looks = LOOKS;
                name.clone()
            })
            .collect()
    }

    /// An object as the watch has it; a Secret as it was last read. `namespace` is that of what the object is made for;
    /// here and below, one of a kind that lives in none is looked for there.
    ///
    /// # Errors
    /// Where a Secret must be read and the API server cannot be asked.
    pub async fn object(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Arc<DynamicObject>>, Error> {
        if is_secret(kind) {
            return self.secrets.get(namespace, name).await;
        }
        Ok(self.objects.of(&kind.api).await?.get(kind.place(namespace), name))
    }

    /// An object as the API server has it now.
    ///
    /// # Errors
    /// Where the API server cannot be asked.
    pub async fn read(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Arc<DynamicObject>>, Error> {
        if is_secret(kind) {
            return self.secrets.read(namespace, name).await;
        }
        let action = format!("reading {} {namespace}/{name}", kind.api.kind);
        Ok(found(call(action, kind.objects(&self.client, namespace).get(name)).await)?.map(Arc::new))
    }

    /// Remembers what a write returned, so that the next pass sees it.
    ///
    /// # Errors
    /// Where the kind's watch has brought nothing yet.
    pub async fn wrote(&self, kind: &Kind, object: DynamicObject) -> Result<Arc<DynamicObject>, Error> {
        if is_secret(kind) {
            return Ok(self.secrets.remember(object));
        }
        if is_config_map(kind) {
            self.config_maps.refresh(&object);
        }
        self.objects.of(&kind.api).await?.wrote(object.clone());
        Ok(Arc::new(object))
    }

    /// What is read by name, and not watched.
    #[must_use]
    pub fn read_by_name(&self, holder: Holder) -> &ReadByName {
        match holder {
            Holder::Secret => &self.secrets,
            Holder::ConfigMap => &self.config_maps,
        }
    }

    /// Remembers what the pods of a workload read: it is woken when that is seen to have changed (P10). Nothing: it is
    /// gone, or reads nothing any more.
    pub fn pods_read(&self, workload: &Key, all: &BTreeSet<Read>) {
        for holder in [Holder::Secret, Holder::ConfigMap] {
            let of_kind = all.iter().filter(|read| read.holder == holder);
            self.read_by_name(holder).read_by(workload, of_kind.map(|read| read.name.clone()));
        }
    }

    /// Forgets what the pods of a workload read, so that its next pass asks the API server.
    pub fn forget_read_by(&self, workload: &Key) {
        self.secrets.forget_read_by(workload);
        self.config_maps.forget_read_by(workload);
    }

    /// Forgets the Secrets of a ScoreResource that is gone: the next of the same name must not take up
    /// what was remembered of them.
    pub fn forget_secrets(&self, resource: &ScoreResource) {
        let namespace = resource.metadata.namespace.as_deref().unwrap_or_default();
        let status = resource.status.iter().flat_map(|status| &status.inventory);
        for entry in status.filter(|entry| entry.id.kind == "Secret") {
            self.secrets.forget(namespace, &entry.id.name);
        }
    }

    /// Forgets an object that was deleted.
    pub fn deleted(&self, kind: &Kind, namespace: &str, name: &str) {
        if is_secret(kind) {
            self.secrets.forget(namespace, name);
        }
        if is_config_map(kind) {
            self.config_maps.forget(namespace, name);
        }
    }

    /// Remembers that applying `body` changed nothing about `object`: some defaults of kinds that we do
    /// not know look like drift, and would cost a request in every pass.
    pub fn settle(&self, object: &DynamicObject, body: &Value) {
        let Some(uid) = object.metadata.uid.clone() else { return };
        let entry = (object.metadata.resource_version.clone(), hash(body));
        self.settled.lock().unwrap_or_else(PoisonError::into_inner).insert(uid, entry);
    }

    /// Whether applying `body` is known to change nothing about `object` as it is.
    #[must_use]
    pub fn is_settled(&self, object: &DynamicObject, body: &Value) -> bool {
        let settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        let known = object.metadata.uid.as_ref().and_then(|uid| settled.get(uid));
        known.is_some_and(|(version, seen)| {
            *version == object.metadata.resource_version && *seen == hash(body)
        })
    }

    /// Whether somebody asks to look at an object at once, and has not been heard yet (decision 17). What an
    /// operator finds when it starts is heard: it has read nothing before.
    pub fn is_poked(&self, object: &impl ResourceExt) -> bool {
        let asked = object.annotations().get(labels::RECONCILE_AT).cloned().unwrap_or_default();
        let uid = object.uid().unwrap_or_default();
        let mut poked = self.poked.lock().unwrap_or_else(PoisonError::into_inner);
        poked.insert(uid, asked.clone()).is_some_and(|heard| heard != asked)
    }

    /// Forgets what an object that is gone has asked for.
    pub fn forget_poke(&self, object: &impl ResourceExt) {
        let uid = object.uid().unwrap_or_default();
        self.poked.lock().unwrap_or_else(PoisonError::into_inner).remove(&uid);
    }

    /// The labels of a namespace.
    #[must_use]
    pub fn namespace_labels(&self, namespace: &str) -> BTreeMap<String, String> {
        let found = self.caches.namespaces.get("", namespace);
        found.and_then(|found| found.metadata.labels.clone()).unwrap_or_default()
    }
}

fn hash(body: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

/// Secrets are read by name and never watched.
#[must_use]
pub fn is_secret(kind: &Kind) -> bool {
    kind.api.group.is_empty() && kind.api.kind == "Secret"
}

fn is_config_map(kind: &Kind) -> bool {
    kind.api.group.is_empty() && kind.api.kind == "ConfigMap"
}
