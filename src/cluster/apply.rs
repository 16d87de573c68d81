//! Server-side apply, never over what is not ours (decisions 2, 4 and 6): the first write of an object
//! only creates, every later one carries the uid that we know.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::ResourceExt;
use kube::api::{DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::world::World;
use super::{Error, call, refusal};
use crate::api::conditions::Reason;
use crate::api::labels;
use crate::api::names::ResourceUid;
use crate::api::resource::{InventoryEntry, ObjectId, ObjectScope, ScoreResource};
use crate::plan::index::ResourceKey;
use crate::plan::rule::cluster_scoped::not_allowed;
use crate::render::drift::{self, Conflict};
use crate::render::{Manifest, Manifests, cluster_scoped};
use crate::status::Refusal;

/// What became of a set of manifests.
#[derive(Debug, Default)]
pub struct Report {
    /// The objects as they are now.
    pub live: BTreeMap<ObjectId, Arc<DynamicObject>>,
    /// What was refused.
    pub refusals: Vec<Refusal>,
    /// The first error that a later try may not meet.
    pub error: Option<Error>,
}

impl Report {
    /// The inventory after this: every manifest, with the uids that are known, and what was there
    /// before and is not among them.
    #[must_use]
    pub fn inventory(&self, manifests: &Manifests, before: &[InventoryEntry]) -> Vec<InventoryEntry> {
        let mut all: BTreeMap<_, _> =
            before.iter().map(|entry| (entry.id.clone(), entry.uid.clone())).collect();
        for id in manifests.ids() {
            all.entry(id.clone()).or_default();
        }
        for (id, object) in &self.live {
            all.insert(id.clone(), object.metadata.uid.clone().unwrap_or_default());
        }
        all.into_iter().map(|(id, uid)| InventoryEntry { id, uid }).collect()
    }
}

/// How one object fared.
enum Fate {
    Live(Arc<DynamicObject>),
    Refused(Refusal),
}

/// Applies every manifest, in order; a refusal of one does not stop the others, an error does.
pub async fn all(world: &World, manifests: &Manifests) -> Report {
    let mut report = Report::default();
    for manifest in manifests.iter() {
        let fate = one(world, manifest).await.or_else(|error| match refusal::of(&error, &manifest.id) {
            Some(refusal) => Ok(Fate::Refused(refusal)),
            None => Err(error),
        });
        match fate {
            Ok(Fate::Live(object)) => drop(report.live.insert(manifest.id.clone(), object)),
            Err(error) => {
                report.error = Some(error);
                break;
            }
            Ok(Fate::Refused(refusal)) => {
                report.refusals.push(refusal);
                if manifest.once {
                    // What is made of its values must not be there without it (P06).
                    break;
                }
            }
        }
    }
    report
}

async fn one(world: &World, manifest: &Manifest) -> Result<Fate, Error> {
    let id = &manifest.id;
    let Some(kind) = world.kinds.resolve(&id.api_version, &id.kind).await? else {
        return Ok(refused(
            id,
            Reason::KindNotFound,
            "this cluster does not serve this kind; install its CRD",
        ));
    };
    // Admission has compared them; the kind may have been made anew since.
    if kind.scope != manifest.scope {
        return Ok(refused(id, Reason::ForbiddenKind, &other_scope(id, kind.scope)));
    }
    let live = world.object(&kind, &manifest.namespace, &id.name).await?;
    let fate = match live {
        None => create(world, &kind, manifest).await?,
        Some(live) => update(world, &kind, manifest, live).await?,
    };
    Ok(fate)
}

/// Creates the object, or finds that somebody was faster: perhaps ourselves, before a crash.
async fn create(world: &World, kind: &Kind, manifest: &Manifest) -> Result<Fate, Error> {
    let mut body = manifest.body.clone();
    // An apply with this resource version creates, or answers 409: it never merges into an object.
    body["metadata"]["resourceVersion"] = json!("1");
    match send(world, kind, manifest, &body, false).await {
        Ok(object) => Ok(Fate::Live(object)),
        Err(error) if error.code() == Some(409) && manifest.once => {
            // Another process was faster: the next pass takes up what that one rolled.
            world.read(kind, &manifest.namespace, &manifest.id.name).await?;
            Err(Error::moved(format!("creating {}", manifest.id), "it was made by another process meanwhile"))
        }
        Err(error) if error.code() == Some(409) => {
            match world.read(kind, &manifest.namespace, &manifest.id.name).await? {
                Some(live) => update(world, kind, manifest, live).await,
                None => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// Brings an object that exists to what it must be, if it is ours.
async fn update(
    world: &World,
    kind: &Kind,
    manifest: &Manifest,
    live: Arc<DynamicObject>,
) -> Result<Fate, Error> {
    let now = serde_json::to_value(&*live).unwrap_or_default();
    let adopted = is_adopted(&now, &manifest.owner_uid);
    if is_of_predecessor(&now, manifest) {
        return Err(going(manifest, &live));
    }
    if !is_ours(&now, manifest) && !adopted {
        return Ok(Fate::Refused(not_ours(
            manifest,
            &now,
            keeper(world, &manifest.namespace, &now).as_ref(),
        )));
    }
    if now["metadata"].get("deletionTimestamp").is_some() {
        return Err(going(manifest, &live));
    }
    if !drift::must_apply(&manifest.body, &now, labels::MANAGER) || world.is_settled(&live, &manifest.body) {
        return Ok(Fate::Live(live));
    }
    let mut body = manifest.body.clone();
    body["metadata"]["uid"] = now["metadata"]["uid"].clone();
    if manifest.once {
        // What is only added to must be as it was when it was read.
        body["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"].clone();
    }
    match send(world, kind, manifest, &body, adopted).await {
        Ok(object) => {
            if object.metadata.resource_version == live.metadata.resource_version {
                world.settle(&object, &manifest.body);
            }
            Ok(Fate::Live(object))
        }
        Err(error) if error.code() == Some(409) => settle(world, kind, manifest, &body, error).await,
        Err(error) => Err(error),
    }
}

/// After a conflict: hand edits are repaired, another applier's fields are left to it (decision 6).
async fn settle(
    world: &World,
    kind: &Kind,
    manifest: &Manifest,
    body: &Value,
    error: Error,
) -> Result<Fate, Error> {
    let Some(live) = world.read(kind, &manifest.namespace, &manifest.id.name).await? else {
        return Err(error);
    };
    let now = serde_json::to_value(&*live).unwrap_or_default();
    if now["metadata"]["uid"] != body["metadata"]["uid"] {
        return Err(Error::moved(
            format!("applying {}", manifest.id),
            "the object was deleted and made anew meanwhile",
        ));
    }
    let conflicts = drift::conflicts(&manifest.body, &now, labels::MANAGER);
    match conflicts.iter().find(|conflict| !conflict.forceable) {
        Some(conflict) => Ok(Fate::Refused(contested(manifest, conflict))),
        None if conflicts.is_empty() => Err(error),
        None => {
            // Forced only over what was just looked at: another applier may have come in between.
            let mut body = body.clone();
            body["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"].clone();
            Ok(Fate::Live(send(world, kind, manifest, &body, true).await?))
        }
    }
}

async fn send(
    world: &World,
    kind: &Kind,
    manifest: &Manifest,
    body: &Value,
    force: bool,
) -> Result<Arc<DynamicObject>, Error> {
    let api = kind.objects(&world.client, &manifest.namespace);
    let mut params = PatchParams::apply(labels::MANAGER).validation_strict();
    params.force = force;
    let action = format!("applying {} in namespace {}", manifest.id, manifest.namespace);
    let object = call(action, api.patch(&manifest.id.name, &params, &Patch::Apply(body))).await?;
    let done = if body["metadata"].get("uid").is_some() { "configured" } else { "created" };
    tracing::info!(namespace = manifest.namespace, object = %manifest.id, "{done}");
    world.wrote(kind, object).await
}

/// Ours is what has our owner's uid; or, without any owner, the identity and guid of the resource that kept it
/// (decision 4). What has another guid was kept by an earlier one, and its data is not ours to write over. In no
/// namespace nothing has an owner, and the whole identity counts.
#[must_use]
pub fn is_ours(live: &Value, manifest: &Manifest) -> bool {
    if manifest.scope == ObjectScope::Cluster {
        return cluster_scoped::is_same(live, &manifest.body);
    }
    let same = |name: &str| annotation(live, name) == annotation(&manifest.body, name);
    let is_kept = is_retained(live) && same(labels::RESOURCE_UID) && same(labels::RESOURCE_GUID);
    drift::owned_by(live, &manifest.owner_uid) || is_kept
}

/// Whether a resource of ours keeps an object without owning it, so that it outlives the resource.
fn is_retained(live: &Value) -> bool {
    controller(live).is_none()
        && live["metadata"]["labels"][labels::MANAGED_BY] == labels::MANAGED_BY_US
        && annotation(live, labels::RESOURCE_UID).is_some()
}

fn annotation<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    object["metadata"]["annotations"][name].as_str()
}

/// An earlier object of the name has to be gone first.
fn going(manifest: &Manifest, live: &DynamicObject) -> Error {
    let all = live.finalizers().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let why = if all.is_empty() {
        String::new()
    } else {
        let (kind, name) = (manifest.id.kind.to_lowercase(), &manifest.id.name);
        format!(
            ": whoever set its finalizer {all} has not removed it yet; see `kubectl describe {kind} {name}`"
        )
    };
    Error::moved(format!("applying {}", manifest.id), format!("an earlier one is being deleted{why}"))
}

/// An owner of this kind and name that was deleted and made anew: garbage collection is about to take
/// what the old one owned.
#[must_use]
pub fn is_of_predecessor(live: &Value, manifest: &Manifest) -> bool {
    if manifest.scope == ObjectScope::Cluster {
        return cluster_scoped::is_of_predecessor(live, &manifest.body);
    }
    let owner = &manifest.body["metadata"]["ownerReferences"][0];
    let same = |(kind, name, uid): (&str, &str, &str)| {
        owner["kind"] == kind && owner["name"] == name && owner["uid"] != uid
    };
    drift::controller_of(live).is_some_and(same)
}

fn is_adopted(live: &Value, owner_uid: &str) -> bool {
    live["metadata"]["annotations"][labels::ADOPT] == owner_uid
}

fn controller(live: &Value) -> Option<String> {
    drift::controller_of(live).map(|(kind, name, _)| format!("{kind} `{name}`"))
}

/// The resource that keeps an object which it does not own, if it is still there.
#[must_use]
pub fn keeper(world: &World, namespace: &str, live: &Value) -> Option<ResourceUid> {
    let key = ResourceKey { namespace: namespace.to_owned(), uid: retained_by(live)? };
    world.resource(&key).filter(|found| keeps(found, live)).map(|_| key.uid)
}

/// The resource that an object says it is kept by; it may be gone.
#[must_use]
pub fn retained_by(live: &Value) -> Option<ResourceUid> {
    annotation(live, labels::RESOURCE_UID).filter(|_| is_retained(live)).and_then(ResourceUid::parse)
}

/// Whether this is the resource that keeps an object, and not a later one of its name.
#[must_use]
pub fn keeps(resource: &ScoreResource, live: &Value) -> bool {
    retained_by(live).is_some_and(|uid| uid == resource.spec.uid())
        && annotation(live, labels::RESOURCE_GUID) == Some(resource.spec.guid.as_str())
}

/// That an object is not ours, whose it is, and what to do. `keeper` is the resource that keeps it, where there is
/// one: its data must not be taken over.
#[must_use]
pub fn not_ours(manifest: &Manifest, live: &Value, keeper: Option<&ResourceUid>) -> Refusal {
    let message = match keeper {
        Some(keeper) => format!(
            "an object of this name exists and is not ours: resource {keeper} of this namespace keeps it (see `kubectl describe sres {}`); two resources cannot make one object: let its name in the rule say which resource it is of, as by `{{{{ uid | dns_label }}}}`",
            keeper.object_name()
        ),
        None => format!(
            "an object of this name exists and is not ours (it {}): {} let it be taken over with `kubectl annotate {} {} {}={}`",
            whose(manifest, live),
            way_out(manifest),
            manifest.id.kind.to_lowercase(),
            manifest.id.name,
            labels::ADOPT,
            manifest.owner_uid
        ),
    };
    Refusal { object: manifest.id.clone(), reason: Reason::AlreadyExists, message }
}

/// Whose an object is that no resource of now keeps.
fn whose(manifest: &Manifest, live: &Value) -> String {
    let resource = cluster_scoped::namespace_of(live).filter(|_| manifest.scope == ObjectScope::Cluster);
    let resource = resource.map(|namespace| format!("another resource, of namespace `{namespace}`"));
    if let Some(owner) = controller(live).or(resource) {
        return format!("belongs to {owner}");
    }
    let Some(uid) = retained_by(live) else { return "belongs to nobody that Kubernetes knows of".to_owned() };
    let guid = annotation(live, labels::RESOURCE_GUID).unwrap_or_default();
    let now = annotation(&manifest.body, labels::RESOURCE_GUID);
    let now = now.map(|now| format!(", and this one has `{now}`")).unwrap_or_default();
    format!("was retained by an earlier resource {uid}, whose guid was `{guid}`{now}")
}

/// What else can be done about it.
fn way_out(manifest: &Manifest) -> &'static str {
    match manifest.scope {
        ObjectScope::Cluster => {
            "all namespaces share such names, so have the rule put `namespace` and `uid`, or a hash of them, into it; or"
        }
        ObjectScope::Namespaced => "rename or delete it, or",
    }
}

pub(super) fn contested(manifest: &Manifest, conflict: &Conflict) -> Refusal {
    let message =
        format!("field {} is managed by `{}`: let one of the two set it", conflict.path, conflict.manager);
    Refusal { object: manifest.id.clone(), reason: Reason::FieldConflict, message }
}

fn other_scope(id: &ObjectId, served: ObjectScope) -> String {
    match served {
        ObjectScope::Cluster => not_allowed(&id.api_version, &id.kind),
        ObjectScope::Namespaced => {
            "this kind lives in a namespace on this cluster: take it out of `allowClusterScoped`".to_owned()
        }
    }
}

fn refused(id: &ObjectId, reason: Reason, message: &str) -> Fate {
    Fate::Refused(Refusal { object: id.clone(), reason, message: message.to_owned() })
}
