//! One watch: it fills a cache and says what changed.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::{self, Config, Event};
use kube::runtime::{WatchStreamExt, watcher as watch_stream};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use super::cache::{Cache, Key, key};

/// A watch ends and begins anew after so many seconds, so that a dead connection is seen within a
/// minute (kube's default is five).
const IDLE: u32 = 50;

/// What happened to an object.
#[derive(Debug)]
pub enum Change<K> {
    /// It is new or different.
    Applied(Arc<K>),
    /// It is gone.
    Deleted(Arc<K>),
}

impl<K> Change<K> {
    /// The object as it is, or as it last was.
    #[must_use]
    pub fn object(&self) -> &Arc<K> {
        match self {
            Self::Applied(object) | Self::Deleted(object) => object,
        }
    }
}

/// A list that is coming in.
pub(super) struct Relist {
    began: Instant,
    listed: BTreeSet<Key>,
}

impl Default for Relist {
    fn default() -> Self {
        Self { began: Instant::now(), listed: BTreeSet::new() }
    }
}

/// Watches until the process ends. `changed` is called after the cache holds the change; during the
/// first list only once all of it is there.
pub async fn run<K>(
    api: Api<DeserializeGuard<K>>,
    labels: Option<&str>,
    mut writer: Writer<K>,
    cache: Arc<Cache<K>>,
    changed: impl Fn(Change<K>),
) where
    K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    K::DynamicType: Eq + Hash + Clone + Default + Unpin,
{
    let mut config = Config::default().timeout(IDLE);
    if let Some(labels) = labels {
        config = config.labels(labels);
    }
    let mut events = watch_stream(api, config).default_backoff().boxed();
    let mut relist = Relist::default();
    while let Some(event) = events.next().await {
        match event.map(parsed) {
            Ok(Some(event)) => step(event, &mut writer, &cache, &mut relist, &changed),
            Ok(None) => {}
            Err(error) => tracing::warn!(kind = %std::any::type_name::<K>(), %error, "watch interrupted"),
        }
    }
}

/// The event, unless its object cannot be read: one malformed object must not end a watch.
fn parsed<K: Resource + Debug>(event: Event<DeserializeGuard<K>>) -> Option<Event<K>>
where
    K::DynamicType: Default,
{
    let read = |guard: DeserializeGuard<K>| {
        guard
            .0
            .inspect_err(|error| tracing::error!(%error, "an object cannot be read and is left alone"))
            .ok()
    };
    Some(match event {
        Event::Apply(guard) => Event::Apply(read(guard)?),
        Event::InitApply(guard) => Event::InitApply(read(guard)?),
        Event::Delete(guard) => Event::Delete(read(guard)?),
        Event::Init => Event::Init,
        Event::InitDone => Event::InitDone,
    })
}

/// Takes one event into the cache, then tells what changed.
pub(super) fn step<K>(
    event: Event<K>,
    writer: &mut Writer<K>,
    cache: &Cache<K>,
    relist: &mut Relist,
    changed: &impl Fn(Change<K>),
) where
    K: Resource + Clone + 'static,
    K::DynamicType: Eq + Hash + Clone,
{
    let before = matches!(event, watcher::Event::Init | watcher::Event::InitDone).then(|| cache.all());
    writer.apply_watcher_event(&event);
    match event {
        Event::Init => *relist = Relist::default(),
        Event::InitApply(object) => drop(relist.listed.insert(key(&object))),
        Event::InitDone => {
            cache.all().iter().for_each(|object| cache.saw(object));
            cache.relisted(relist.began);
            vanished(before.unwrap_or_default(), &relist.listed, cache, changed);
            cache.all().into_iter().for_each(|object| changed(Change::Applied(object)));
            cache.mark_ready();
        }
        Event::Apply(object) => {
            cache.saw(&object);
            changed(Change::Applied(Arc::new(object)));
        }
        Event::Delete(object) => {
            cache.saw(&object);
            cache.forget(&key(&object));
            changed(Change::Deleted(Arc::new(object)));
        }
    }
}

/// Objects that were deleted while the watch was interrupted.
fn vanished<K>(before: Vec<Arc<K>>, listed: &BTreeSet<Key>, cache: &Cache<K>, changed: &impl Fn(Change<K>))
where
    K: Resource + ResourceExt + Clone + 'static,
    K::DynamicType: Eq + Hash + Clone,
{
    for object in before.into_iter().filter(|object| !listed.contains(&key(&**object))) {
        cache.forget(&key(&*object));
        changed(Change::Deleted(object));
    }
}
