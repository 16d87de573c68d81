//! The controller of another project, as far as the operator can tell: it writes the status of an object of a
//! resource, and a Secret beside it. It does so when a test says, late, twice or wrongly, as real ones do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::api::DynamicObject;
use score_operator::api::names::ResourceUid;
use score_operator::api::resource::ScoreResource;
use serde_json::{Value, json};

use super::Namespace;

/// The field manager of what it writes.
const MANAGER: &str = "another-operator";

/// The controller of one object.
pub struct StandIn<'a> {
    ns: &'a Namespace,
    id: Value,
}

impl<'a> StandIn<'a> {
    /// Waits until a resource has made an object of a kind, and is its controller. The type may be `type.class`.
    pub async fn of(ns: &'a Namespace, type_: &str, id: &str, kind: &str) -> Self {
        let (type_, class) = type_.split_once('.').unwrap_or((type_, "default"));
        let uid = ResourceUid { type_: type_.into(), class: class.into(), id: id.into() };
        let made = |resource: &ScoreResource| {
            let inventory = resource.status.iter().flat_map(|status| &status.inventory);
            inventory.into_iter().find(|entry| entry.id.kind == kind).map(|entry| {
                json!({"apiVersion": entry.id.api_version, "kind": kind, "metadata": {"name": entry.id.name}})
            })
        };
        let what = format!("makes a {kind}");
        let resource =
            ns.sees::<ScoreResource>(&uid.object_name(), &what, |found| made(found).is_some()).await;
        let found = Self { ns, id: made(&resource).unwrap() };
        // Its name is in the inventory before it is there.
        found.object().await;
        found
    }

    /// The name of its object.
    pub fn name(&self) -> &str {
        self.id["metadata"]["name"].as_str().unwrap()
    }

    /// Which object it works on.
    pub fn id(&self) -> &Value {
        &self.id
    }

    /// Its object, as soon as it is there.
    pub async fn object(&self) -> DynamicObject {
        self.ns.appears_of(&self.id).await
    }

    /// What it was asked for.
    pub async fn spec(&self) -> Value {
        self.object().await.data["spec"].clone()
    }

    /// The object's generation.
    pub async fn generation(&self) -> i64 {
        self.object().await.metadata.generation.unwrap()
    }

    /// Writes the status.
    pub async fn says(&self, status: Value) {
        self.ns.edit_status_of(&self.id, status).await;
    }

    /// Writes a Secret beside the object, or writes it anew: keys that it had before are gone.
    pub async fn writes(&self, secret: &str, values: &[(&str, &str)]) {
        let encoded = |(key, value): &(&str, &str)| ((*key).to_owned(), json!(STANDARD.encode(value)));
        let data: serde_json::Map<_, _> = values.iter().map(encoded).collect();
        let secret =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret}, "data": data});
        self.ns.apply_as(MANAGER, &secret).await;
    }

    /// Removes a Secret that it wrote, as real ones do with their object.
    pub async fn removes(&self, secret: &str) {
        self.ns.delete::<k8s_openapi::api::core::v1::Secret>(secret).await;
    }
}

/// A condition, as all controllers write them.
pub fn condition(type_: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": type_, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": "2026-01-01T00:00:00Z"})
}

/// A condition that says which generation it speaks of.
pub fn condition_of(generation: i64, type_: &str, status: &str, reason: &str, message: &str) -> Value {
    let mut condition = condition(type_, status, reason, message);
    condition["observedGeneration"] = json!(generation);
    condition
}
