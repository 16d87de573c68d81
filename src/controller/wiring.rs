//! Which change wakes which object (decision 20). The table is `Wakers`: one method per kind of change.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject};
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::store::Writer;
use kube::{Client, ResourceExt};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::queue::{Waker, channel, run as work};
use super::{resource, rule, workload};
use crate::api::conditions::{ConditionType, is_true};
use crate::api::labels;
use crate::api::names::{ResourceUid, SHARED_CLASS};
use crate::api::resource::ScoreResource;
use crate::api::rule::ProvisionerRule;
use crate::api::workload::ScoreWorkload;
use crate::cluster::cache::{Cache, Key};
use crate::cluster::objects::home;
use crate::cluster::watch::{self, Change};
use crate::cluster::world::{Caches, Entry, Environment, World};
use crate::cluster::{observe, rollouts};
use crate::plan::index::{Known, ResourceKey};

/// How the operator runs.
#[derive(Clone)]
pub struct Options {
    /// How many workloads, and how many resources, are worked on at once.
    pub concurrency: usize,
    /// How long what was read of Secrets is trusted.
    pub resync: Duration,
    /// Time and chance.
    pub environment: Environment,
}

/// Runs all controllers until the future is dropped.
pub async fn run(client: Client, options: Options) {
    let (workloads, workload_wakes) = channel();
    let (resources, resource_wakes) = channel();
    let (rules, rule_wakes) = channel();
    let (changes, changed) = unbounded_channel();
    let (rotations, rotated) = unbounded_channel();
    let (caches, writers) = caches();
    let world = World::new(client, caches, (changes, rotations), options.environment, options.resync);
    let wakers = Arc::new(Wakers { world: Arc::new(world), workloads, resources, rules });
    let world = &wakers.world;
    let passes = async {
        world.caches.workloads.ready().await;
        world.caches.resources.ready().await;
        world.caches.rules.ready().await;
        world.caches.namespaces.ready().await;
        tracing::info!("every cache is filled; work begins");
        let workloads = (wakers.workloads.clone(), workload_wakes);
        let resources = (wakers.resources.clone(), resource_wakes);
        let rules = (wakers.rules.clone(), rule_wakes);
        tokio::join!(
            work("rule", rules, 4, |name, _| rule_pass(Arc::clone(&wakers), name)),
            work("resource", resources, options.concurrency, |key, failed| {
                resource::reconcile(Arc::clone(world), key, failed)
            }),
            work("workload", workloads, options.concurrency, |key: WorkloadKey, failed| {
                workload::reconcile(Arc::clone(world), key.0, failed)
            }),
        );
    };
    tokio::join!(watches(&wakers, writers), objects(&wakers, changed), secrets(&wakers, rotated), passes);
}

async fn rule_pass(wakers: Arc<Wakers>, name: String) -> Result<super::pass::Done, crate::cluster::Error> {
    let world = Arc::clone(&wakers.world);
    rule::reconcile(world, name.clone(), |types| wakers.rule_admitted(&name, types)).await
}

/// How long changes of resources are gathered before a rule says how far its edit has come.
const REPORT_AFTER: Duration = Duration::from_secs(1);

/// A workload's key, printable.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct WorkloadKey(pub Key);

impl std::fmt::Display for WorkloadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.0.0, self.0.1)
    }
}

struct Writers {
    workloads: Writer<ScoreWorkload>,
    resources: Writer<ScoreResource>,
    rules: Writer<ProvisionerRule>,
    namespaces: Writer<Namespace>,
}

fn caches() -> (Caches, Writers) {
    let writers = Writers {
        workloads: Writer::default(),
        resources: Writer::default(),
        rules: Writer::default(),
        namespaces: Writer::default(),
    };
    let caches = Caches {
        workloads: Arc::new(Cache::new(writers.workloads.as_reader(), ())),
        resources: Arc::new(Cache::new(writers.resources.as_reader(), ())),
        rules: Arc::new(Cache::new(writers.rules.as_reader(), ())),
        namespaces: Arc::new(Cache::new(writers.namespaces.as_reader(), ())),
    };
    (caches, writers)
}

async fn watches(wakers: &Arc<Wakers>, writers: Writers) {
    let client = || wakers.world.client.clone();
    let caches = wakers.world.caches.clone();
    let (definitions, definitions_cache) = definitions();
    tokio::join!(
        watch::run(Api::all(client()), None, writers.workloads, caches.workloads, |change| wakers
            .workload(&change)),
        watch::run(Api::all(client()), None, writers.resources, caches.resources, |change| wakers
            .resource(&change)),
        watch::run(Api::all(client()), None, writers.rules, caches.rules, |change| wakers
            .rule(change.object())),
        watch::run(Api::all(client()), None, writers.namespaces, caches.namespaces, |change| {
            wakers.namespace(&change);
        }),
        watch::run(Api::all(client()), None, definitions, definitions_cache, |change| wakers
            .definition(&change)),
    );
}

/// CRDs, by their metadata only.
type Definition = PartialObjectMeta<CustomResourceDefinition>;

fn definitions() -> (Writer<Definition>, Arc<Cache<Definition>>) {
    let writer = Writer::default();
    let cache = Arc::new(Cache::new(writer.as_reader(), ()));
    (writer, cache)
}

/// Wakes the owners of objects that changed.
async fn objects(wakers: &Wakers, mut changed: UnboundedReceiver<Arc<DynamicObject>>) {
    while let Some(object) = changed.recv().await {
        wakers.object(&object);
    }
}

/// Wakes the workloads whose pods read a Secret that has changed (P10).
async fn secrets(wakers: &Wakers, mut rotated: UnboundedReceiver<Key>) {
    while let Some(workload) = rotated.recv().await {
        wakers.workloads.wake(WorkloadKey(workload));
    }
}

/// Which change wakes which object.
struct Wakers {
    world: Arc<World>,
    workloads: Waker<WorkloadKey>,
    resources: Waker<ResourceKey>,
    rules: Waker<String>,
}

impl Wakers {
    /// A workload: itself, the resources that it demands or did, and their other consumers, whose params
    /// may now conflict or agree.
    fn workload(&self, change: &Change<ScoreWorkload>) {
        let object = change.object();
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        let touched = match change {
            Change::Applied(object) => self.index(&namespace, &name, object),
            Change::Deleted(_) => {
                self.world.forget_poke(&**object);
                self.world.pods_read(&(namespace.clone(), name.clone()), &BTreeSet::new());
                self.forget(&namespace, &name)
            }
        };
        for key in touched {
            self.consumers(&key);
            self.resources.wake(key);
        }
        self.owned(object);
        self.workloads.wake(WorkloadKey((namespace, name)));
    }

    /// Takes a workload into the index; what it demanded and demands, if that may have changed.
    fn index(&self, namespace: &str, name: &str, object: &ScoreWorkload) -> Vec<ResourceKey> {
        let uid = object.uid().unwrap_or_default();
        let generation = object.metadata.generation.unwrap_or_default();
        let labels = object.labels().clone();
        if object.metadata.deletion_timestamp.is_some() {
            // It keeps what it has until it is gone, and gets nothing new.
            return self.forget(namespace, name);
        }
        let known = self.world.index().get(namespace, name);
        if known.is_some_and(|known| known.is_same(&uid, generation, &labels)) {
            return Vec::new();
        }
        let known = Known::new(name, &uid, generation, labels, &object.spec.0);
        let mut touched = self.world.index_mut().put(namespace, known);
        touched.extend(self.readers(namespace));
        touched.into_iter().collect()
    }

    /// Takes a workload out of the index; what it demanded, and who may refer to it.
    fn forget(&self, namespace: &str, name: &str) -> Vec<ResourceKey> {
        let mut touched = self.world.index_mut().remove(namespace, name);
        touched.extend(self.readers(namespace));
        touched.into_iter().collect()
    }

    /// The resources whose rule reads the workloads of their namespace (P12).
    fn readers(&self, namespace: &str) -> Vec<ResourceKey> {
        let book = self.world.book();
        let reads = |entry: &Entry| entry.admission.rule().is_some_and(|rule| rule.reads_workloads);
        let rules: BTreeSet<_> =
            book.iter().filter(|(_, entry)| reads(entry)).map(|(name, _)| name).collect();
        if rules.is_empty() {
            return Vec::new();
        }
        let bound =
            |resource: &ScoreResource| resource.spec.rule.as_ref().is_some_and(|rule| rules.contains(rule));
        let here = |resource: &ScoreResource| resource.namespace().as_deref() == Some(namespace);
        let all = self.world.caches.resources.all();
        all.iter().filter(|found| here(found) && bound(found)).map(|found| key(found)).collect()
    }

    /// The resources that a workload owns, demanded or not: it may have let go of one by applying its
    /// new version.
    fn owned(&self, workload: &ScoreWorkload) {
        let (namespace, uid) = (workload.namespace(), workload.uid());
        for resource in self.world.caches.resources.all() {
            let mut owners = resource.metadata.owner_references.iter().flatten();
            if resource.namespace() == namespace && owners.any(|owner| Some(&owner.uid) == uid.as_ref()) {
                self.resources.wake(key(&resource));
            }
        }
    }

    fn consumers(&self, key: &ResourceKey) {
        for name in self.world.index().consumers(key) {
            self.workloads.wake(WorkloadKey((key.namespace.clone(), name)));
        }
    }

    /// A ScoreResource: itself, its consumers, those whose params name it, and what it shares or is
    /// shared by.
    fn resource(&self, change: &Change<ScoreResource>) {
        let resource = change.object();
        let key = key(resource);
        if let Change::Deleted(resource) = change {
            self.world.forget_secrets(resource);
            self.world.forget_poke(&**resource);
        }
        self.consumers(&key);
        self.rollout(resource);
        for uid in self.world.index().dependents(&key) {
            self.resources.wake(ResourceKey { namespace: key.namespace.clone(), uid });
        }
        for uid in self.dependencies(&key) {
            self.resources.wake(ResourceKey { namespace: key.namespace.clone(), uid });
        }
        self.shared(resource, &key);
        self.resources.wake(key);
    }

    /// While an edit of its rule is under way: the resources whose turn has come, and before long the rule, which
    /// says how far it is.
    fn rollout(&self, resource: &ScoreResource) {
        let Some(rule) = resource.spec.rule.as_deref().and_then(|rule| self.world.rule(rule)) else { return };
        let status = self.world.caches.rules.get("", &rule.name).and_then(|found| found.status.clone());
        let said = status.is_some_and(|status| is_true(&status.conditions, ConditionType::RollingOut));
        if said || rollouts::is_awaited(&self.world, &rule) {
            rollouts::next(&self.world, &rule).into_iter().for_each(|key| self.resources.wake(key));
            self.rules.wake_after(rule.name.clone(), REPORT_AFTER);
        }
    }

    /// The resources that a resource's params name: it is one of their owners.
    fn dependencies(&self, key: &ResourceKey) -> Vec<ResourceUid> {
        let demands = self.world.index().demands(key);
        demands.into_iter().flat_map(|demand| demand.depends_on.into_values()).collect()
    }

    fn shared(&self, resource: &ScoreResource, key: &ResourceKey) {
        let namespace = &key.namespace;
        if key.uid.class == SHARED_CLASS {
            let users = self.world.caches.resources.all();
            for user in users.iter().filter(|user| user.namespace().as_ref() == Some(namespace)) {
                if user.spec.rule.as_ref() == Some(&key.uid.id) {
                    self.resources.wake(self::key(user));
                }
            }
        } else {
            for uid in observe::shared_with(&self.world, resource) {
                self.resources.wake(ResourceKey { namespace: namespace.clone(), uid });
            }
        }
    }

    /// A rule: itself.
    fn rule(&self, rule: &ProvisionerRule) {
        self.rules.wake(rule.name_any());
    }

    /// A rule that was read, edited or deleted: every resource that is bound to it, names it among those
    /// that lost, is of one of its types, or waits for a rule. The consumers of those that are bound too: whether
    /// a StatefulSet's claims outlive it is the rule's to say, and need not show on the resource.
    fn rule_admitted(&self, rule: &str, types: &BTreeSet<String>) {
        for resource in self.world.caches.resources.all() {
            let bound = resource.spec.rule.as_deref();
            let lost =
                || resource.status.iter().any(|status| status.other_rules.iter().any(|name| name == rule));
            if bound.is_none_or(|bound| bound == rule) || types.contains(&resource.spec.type_) || lost() {
                // What it shares too: at start that could not be told before the rule was read.
                self.shared(&resource, &key(&resource));
                self.resources.wake(key(&resource));
            }
            if bound == Some(rule) {
                self.consumers(&key(&resource));
            }
        }
        let unbound = |key: &ResourceKey| {
            self.world.caches.resources.get(&key.namespace, &key.uid.object_name()).is_none()
        };
        let waiting = self.world.index().resources(unbound);
        waiting.into_iter().for_each(|key| self.resources.wake(key));
    }

    /// A namespace: the resources in it, as its labels choose their rules, and the workloads, as it says how
    /// strict their pods are.
    fn namespace(&self, change: &Change<Namespace>) {
        let name = change.object().name_any();
        let workloads: Vec<_> = self.world.index().workloads(&name).map(|known| known.name.clone()).collect();
        workloads.into_iter().for_each(|workload| self.workloads.wake(WorkloadKey((name.clone(), workload))));
        let all = self.world.index().resources(|key| key.namespace == name);
        all.into_iter().for_each(|key| self.resources.wake(key));
        // Nobody demands what rules share.
        let all = self.world.caches.resources.all();
        let shared = all.iter().filter(|found| found.spec.class == SHARED_CLASS);
        let here = shared.filter(|found| found.namespace().as_ref() == Some(&name));
        here.for_each(|found| self.resources.wake(key(found)));
    }

    /// A CRD: the rules that make its kind.
    fn definition(&self, change: &Change<Definition>) {
        let name = change.object().name_any();
        let Some((_, group)) = name.split_once('.') else { return };
        self.world.kinds.forget(group);
        if matches!(change, Change::Deleted(_)) {
            self.world.objects.stop(group);
        }
        let names = self.world.forget_admissions(group);
        names.into_iter().for_each(|name| self.rules.wake(name));
    }

    /// An object that we made: its workload or resource.
    fn object(&self, object: &DynamicObject) {
        let annotation = |name: &str| object.annotations().get(name);
        let namespace = home(object).unwrap_or_default().to_owned();
        if let Some(resource) = self.owning_resource(object, &namespace) {
            self.resources.wake(key(&resource));
        } else if let Some(uid) = annotation(labels::RESOURCE_UID).and_then(|text| ResourceUid::parse(text)) {
            // Retained: it has no owner. The pass looks for itself whether there is such a resource.
            self.resources.wake(ResourceKey { namespace: namespace.clone(), uid });
        } else if let Some(name) = annotation(labels::WORKLOAD_NAME) {
            self.workloads.wake(WorkloadKey((namespace.clone(), name.clone())));
        }
        if object.metadata.deletion_timestamp.is_some() {
            self.outliving(object, &namespace);
        }
    }

    /// The resources that stay for as long as an object does.
    fn outliving(&self, object: &DynamicObject, namespace: &str) {
        let uid = object.uid().unwrap_or_default();
        for resource in self.world.caches.resources.all() {
            let stays = resource.owner_references().iter().any(|owner| owner.uid == uid);
            if stays && resource.namespace().as_deref() == Some(namespace) {
                self.resources.wake(key(&resource));
            }
        }
    }
}

impl Wakers {
    fn owning_resource(&self, object: &DynamicObject, namespace: &str) -> Option<Arc<ScoreResource>> {
        let mut owners = object.owner_references().iter();
        let owner = owners.find(|owner| owner.kind == "ScoreResource")?;
        self.world.caches.resources.get(namespace, &owner.name)
    }
}

fn key(resource: &ScoreResource) -> ResourceKey {
    ResourceKey { namespace: resource.namespace().unwrap_or_default(), uid: resource.spec.uid() }
}
