//! Objects of a resource that live in no namespace. No owner reference can lead from there to a ScoreResource: garbage
//! collection would delete such an object at once. So annotations say whose it is and whether it goes with it, and the
//! operator does what garbage collection does for others.

use serde_json::{Value, json};

use super::Manifest;
use super::owner::managed_by;
use super::resource::{Belonging, extend, identity};
use crate::api::labels;
use crate::api::resource::{ObjectId, ObjectScope, ScoreResourceSpec};
use crate::api::rule::DeletionPolicy;

/// What says whose an object is: all three, as a name may be made anew in each place.
const IDENTITY: [&str; 3] = [labels::NAMESPACE, labels::RESOURCE_UID, labels::RESOURCE_GUID];

/// `body` with identity and deletion policy.
pub(super) fn dress(belonging: &Belonging<'_>, id: ObjectId, mut body: Value) -> Manifest {
    let Belonging { namespace, owner, spec, outlived: _, policy } = belonging;
    let metadata = &mut body["metadata"];
    extend(&mut metadata["labels"], &managed_by());
    extend(&mut metadata["annotations"], &identity(spec));
    let more = json!({labels::NAMESPACE: namespace, labels::DELETION_POLICY: policy});
    extend(&mut metadata["annotations"], &more);
    let (namespace, owner_uid) = ((*namespace).to_owned(), owner.uid.clone());
    Manifest { id, namespace, scope: ObjectScope::Cluster, owner_uid, body, once: false }
}

/// Whether a live object was made for what `desired` is made for.
#[must_use]
pub fn is_same(live: &Value, desired: &Value) -> bool {
    is_ours(live)
        && IDENTITY.iter().all(|name| said(live, name).is_some() && said(live, name) == said(desired, name))
}

/// Whether a live object was made for a resource.
#[must_use]
pub fn is_of(live: &Value, namespace: &str, spec: &ScoreResourceSpec) -> bool {
    let identity = [namespace.to_owned(), spec.uid().to_string(), spec.guid.clone()];
    let said = IDENTITY.iter().map(|name| said(live, name));
    is_ours(live) && said.eq(identity.iter().map(|part| Some(part.as_str())))
}

/// Whether a live object is going that was made for an earlier resource of the same identity.
#[must_use]
pub fn is_of_predecessor(live: &Value, desired: &Value) -> bool {
    let [namespace, uid, guid] = IDENTITY.map(|name| said(live, name) == said(desired, name));
    is_ours(live) && namespace && uid && !guid && live["metadata"]["deletionTimestamp"].is_string()
}

/// Whether a live object stays when its resource goes.
#[must_use]
pub fn is_retained(live: &Value) -> bool {
    live["metadata"]["annotations"][labels::DELETION_POLICY] == json!(DeletionPolicy::Retain)
}

/// The namespace of the resource that a live object says it was made for.
#[must_use]
pub fn namespace_of(live: &Value) -> Option<&str> {
    said(live, labels::NAMESPACE).filter(|_| is_ours(live))
}

fn is_ours(live: &Value) -> bool {
    live["metadata"]["labels"][labels::MANAGED_BY] == labels::MANAGED_BY_US
}

fn said<'v>(object: &'v Value, annotation: &str) -> Option<&'v str> {
    object["metadata"]["annotations"][annotation].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Owner, Whose};

    fn spec(guid: &str) -> ScoreResourceSpec {
        let (type_, class, id) = ("db".into(), "default".into(), "web.db".into());
        ScoreResourceSpec { type_, class, id, guid: guid.into(), ..ScoreResourceSpec::default() }
    }

    fn dressed(namespace: &str, guid: &str, policy: DeletionPolicy) -> Value {
        let owner = Owner { kind: "ScoreResource", name: "db".into(), uid: "u".into() };
        let spec = spec(guid);
        let belonging = Belonging { namespace, owner, spec: &spec, outlived: vec![], policy };
        let id = ObjectId { api_version: "x.org/v1".into(), kind: "Instance".into(), name: "a".into() };
        dress(&belonging, id, json!({"metadata": {"name": "a", "annotations": {"mine": "yes"}}})).body
    }

    fn takes(live: &Value, namespace: &str, guid: &str) -> bool {
        let spec = spec(guid);
        // The uid of another: what is in no namespace has no owner, whatever somebody writes there.
        Whose { namespace, owner_uid: "u", resource: Some(&spec) }.takes(live)
    }

    #[test]
    fn sec02_it_has_neither_namespace_nor_owner_and_says_whose_it_is() {
        let expected = json!({
            "name": "a",
            "labels": {"app.kubernetes.io/managed-by": "score-operator"},
            "annotations": {
                "mine": "yes",
                "k8s.score.dev/namespace": "team-a",
                "k8s.score.dev/resource-uid": "db.default#web.db",
                "k8s.score.dev/resource-guid": "g",
                "k8s.score.dev/deletion-policy": "Delete",
            },
        });
        assert_eq!(dressed("team-a", "g", DeletionPolicy::Delete), json!({ "metadata": expected }));
    }

    #[test]
    fn x23_it_is_ours_by_all_of_its_identity_only() {
        let ours = dressed("team-a", "g", DeletionPolicy::Delete);
        assert!(is_same(&ours, &ours) && takes(&ours, "team-a", "g"));
        assert!(is_same(&dressed("team-a", "g", DeletionPolicy::Retain), &ours), "re-adopted");
        for (namespace, guid) in [("team-b", "g"), ("team-a", "h")] {
            let other = dressed(namespace, guid, DeletionPolicy::Delete);
            assert!(!is_same(&other, &ours) && !takes(&other, "team-a", "g"), "{namespace} {guid}");
        }
        for foreign in [json!({"metadata": {"name": "a"}}), json!({})] {
            assert!(!is_same(&foreign, &ours) && !is_same(&foreign, &foreign));
            assert!(!takes(&foreign, "team-a", "g"));
        }
        let mut copied = ours.clone();
        copied["metadata"]["labels"] = json!({});
        assert!(!is_same(&copied, &ours) && !takes(&copied, "team-a", "g"), "annotations alone do not do");
    }

    #[test]
    fn p11_what_is_retained_is_never_taken() {
        let kept = dressed("team-a", "g", DeletionPolicy::Retain);
        assert!(is_retained(&kept) && !takes(&kept, "team-a", "g"));
    }

    #[test]
    fn x04_one_of_an_earlier_resource_is_waited_for_only_while_it_is_going() {
        let ours = dressed("team-a", "new", DeletionPolicy::Delete);
        let mut old = dressed("team-a", "old", DeletionPolicy::Delete);
        assert!(!is_of_predecessor(&old, &ours));
        old["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert!(is_of_predecessor(&old, &ours));
        let mut other = dressed("team-b", "old", DeletionPolicy::Delete);
        other["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert!(!is_of_predecessor(&other, &ours));
    }
}
