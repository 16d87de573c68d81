//! The objects of a resource: what its rule made, dressed with what every object of ours carries.

use serde_json::{Map, Value, json};

use super::{Manifest, Manifests, Owner, Whose, cluster_scoped, outlive};
use crate::api::labels;
use crate::api::resource::{InventoryEntry, ObjectId, ObjectScope, ScoreResource, ScoreResourceSpec};
use crate::api::rule::DeletionPolicy;
use crate::api::{API_VERSION, names};
use crate::plan::resource::RuleObject;

/// Whose objects these are.
#[derive(Clone, Debug)]
pub struct Belonging<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The ScoreResource.
    pub owner: Owner,
    /// Its spec.
    pub spec: &'a ScoreResourceSpec,
    /// What its Secrets must outlive.
    pub outlived: Vec<InventoryEntry>,
    /// Under `Retain` the objects have no owner: they outlive the resource, and its identity on them
    /// finds them again (decision 4).
    pub policy: DeletionPolicy,
}

/// The objects of a resource, in order.
#[must_use]
pub fn objects(belonging: &Belonging<'_>, objects: &[RuleObject]) -> Manifests {
    let dressed = |object: &RuleObject| {
        let (id, body) = (object.id.clone(), object.body.clone());
        match object.scope {
            ObjectScope::Namespaced => dress(belonging, id, body),
            ObjectScope::Cluster => cluster_scoped::dress(belonging, id, body),
        }
    };
    Manifests::new(objects.iter().map(dressed))
}

impl<'a> Belonging<'a> {
    /// The same, to tell live objects by.
    #[must_use]
    pub fn whose(&'a self) -> Whose<'a> {
        Whose { namespace: self.namespace, owner_uid: &self.owner.uid, resource: Some(self.spec) }
    }
}

/// The claim that a resource with a `claimSpec` keeps for its consumers: it lives as long as the resource,
/// by the rule's deletion policy (L02).
#[must_use]
pub fn claim(belonging: &Belonging<'_>, claim_spec: &Value) -> Manifest {
    let id = claim_id(belonging.spec);
    let body = json!({
        "apiVersion": id.api_version, "kind": id.kind, "metadata": {"name": id.name}, "spec": claim_spec,
    });
    dress(belonging, id, body)
}

/// Which object that claim is.
#[must_use]
pub fn claim_id(spec: &ScoreResourceSpec) -> ObjectId {
    let name = names::claim(&spec.uid());
    ObjectId { api_version: "v1".into(), kind: "PersistentVolumeClaim".into(), name }
}

/// `body` with namespace, identity and owner.
#[must_use]
pub fn dress(belonging: &Belonging<'_>, id: ObjectId, mut body: Value) -> Manifest {
    let metadata = &mut body["metadata"];
    metadata["namespace"] = json!(belonging.namespace);
    extend(&mut metadata["labels"], &super::owner::managed_by());
    extend(&mut metadata["annotations"], &identity(belonging.spec));
    if belonging.policy == DeletionPolicy::Delete {
        let outlived = belonging.outlived.iter().filter(|_| id.kind == "Secret").map(outlive::reference);
        metadata["ownerReferences"] = [belonging.owner.controller()].into_iter().chain(outlived).collect();
    }
    let owner_uid = belonging.owner.uid.clone();
    let namespace = belonging.namespace.to_owned();
    Manifest { id, namespace, scope: ObjectScope::Namespaced, owner_uid, body, once: false }
}

pub(super) fn extend(target: &mut Value, more: &Value) {
    let mut merged = target.as_object().cloned().unwrap_or_default();
    merged.extend(more.as_object().cloned().unwrap_or_default());
    *target = Value::Object(merged);
}

/// Which resource an object belongs to.
pub(super) fn identity(spec: &ScoreResourceSpec) -> Value {
    let mut all = Map::new();
    all.insert(labels::RESOURCE_UID.to_owned(), json!(spec.uid().to_string()));
    all.insert(labels::RESOURCE_GUID.to_owned(), json!(spec.guid));
    if let Some(workload) = &spec.source_workload {
        all.insert(labels::SOURCE_WORKLOAD.to_owned(), json!(workload));
    }
    Value::Object(all)
}

/// What ties a ScoreResource to others.
#[derive(Clone, Debug, Default)]
pub struct Bonds {
    /// Its consumers (decision 1).
    pub owners: Vec<Owner>,
    /// The objects of others that it must outlive.
    pub outlived: Vec<InventoryEntry>,
    /// Whether it stays until its objects are gone, to say what holds them up. Garbage collection then takes all that
    /// hangs on them at once: so not where an order matters.
    pub stays: bool,
    /// Whether it may have objects in no namespace that go with it: then the operator takes them down before it goes.
    pub cleans_up: bool,
}

/// The ScoreResource itself: its spec, and what ties it to others.
#[must_use]
pub fn score_resource(namespace: &str, spec: &ScoreResourceSpec, bonds: &Bonds) -> Manifest {
    let name = spec.uid().object_name();
    let mut owners = bonds.owners.clone();
    owners.sort();
    owners.dedup();
    let outlived = bonds.outlived.iter().map(outlive::reference);
    let finalizers = [(labels::FOREGROUND, bonds.stays), (labels::CLUSTER_SCOPED, bonds.cleans_up)];
    let finalizers: Vec<_> =
        finalizers.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| name).collect();
    let mut body = json!({
        "apiVersion": API_VERSION,
        "kind": "ScoreResource",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": super::owner::managed_by(),
            "ownerReferences": owners.iter().map(Owner::shared).chain(outlived).collect::<Vec<_>>(),
        },
        "spec": spec,
    });
    // Never an empty list: the API server drops it, and it would be missing for ever.
    if !finalizers.is_empty() {
        body["metadata"]["finalizers"] = json!(finalizers);
    }
    let id = ObjectId { api_version: API_VERSION.into(), kind: "ScoreResource".into(), name };
    let (namespace, scope) = (namespace.to_owned(), ObjectScope::Namespaced);
    Manifest { id, namespace, scope, owner_uid: String::new(), body, once: false }
}

/// The owner that a ScoreResource is of its objects; `None` before the API server gave it a uid.
#[must_use]
pub fn owner(resource: &ScoreResource) -> Option<Owner> {
    let name = resource.metadata.name.clone()?;
    let uid = resource.metadata.uid.clone()?;
    Some(Owner { kind: "ScoreResource", name, uid })
}

/// Which object holds the texts with secret parts that a resource offers.
#[must_use]
pub fn composed_id(spec: &ScoreResourceSpec) -> ObjectId {
    let name = names::composed_secret(&spec.uid().object_name());
    ObjectId { api_version: "v1".into(), kind: "Secret".into(), name }
}

/// The name of the Secret with what was rolled for a resource.
#[must_use]
pub fn generated_name(spec: &ScoreResourceSpec) -> String {
    names::generated_secret(&spec.uid().object_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x44_a_finalizer_of_ours_is_there_only_where_nobody_else_cleans_up() {
        let finalizers = |cleans_up| {
            let bonds = Bonds { cleans_up, ..Bonds::default() };
            let made = score_resource("team-a", &ScoreResourceSpec::default(), &bonds);
            made.body["metadata"]["finalizers"].clone()
        };
        assert_eq!(finalizers(false), json!(null));
        assert_eq!(finalizers(true), json!(["k8s.score.dev/cluster-scoped"]));
    }
}
