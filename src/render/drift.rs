//! Whether a live object must be applied again, and who else owns what we want of it.
//!
//! Pure: what we would send by server-side apply is compared with the object as the watch has it and
//! its `metadata.managedFields` (KEP-555, `sigs.k8s.io/structured-merge-diff`). That is how an object
//! that is as it should be costs no request (G07), how a hand edit is
//! found (X34), and whose field it would be to take (X22, decision 6). Values are compared and never
//! returned or printed: they may be secret.

mod compare;
mod defaults;
mod fields;

use serde_json::Value;

use compare::{Collision, Place};

/// Fields of `metadata` that name an object or are the server's: no manager owns them.
const IDENTITY: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generateName",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "managedFields",
    "selfLink",
];

/// A field that we want to be different, or written differently, and that somebody else owns.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Conflict {
    /// The other field manager.
    pub manager: String,
    /// The field, as the API server writes it: `.spec.template.spec.containers[name="web"].image`.
    pub path: String,
    /// Whether we may take it without being asked (decision 6): what was updated by hand, yes; what
    /// another applies, or scales through `/scale`, no, unless both values mean the same and are only
    /// written differently (`0.5` and the stored `500m`), where forcing changes no value.
    pub forceable: bool,
}

/// Whether `desired`, exactly what we would apply as `manager`, must be applied to `live`.
///
/// True where live lacks a value that we want, where our own lists stand in another order, where we
/// own a field that we no longer want (so that it is dropped), and where we own nothing yet. What
/// others add, what the server adds by default, status and another scale are no reason.
///
/// When in doubt it says true: an apply that changes nothing writes nothing. That is so inside atomic
/// lists and maps, where a default that `defaults` does not know looks like a field that we dropped,
/// and for a null that the server replaces by a default.
#[must_use]
pub fn must_apply(desired: &Value, live: &Value, manager: &str) -> bool {
    let Some(entry) = entries(live).find(|entry| is_applied_by(entry, manager)) else {
        return true;
    };
    let owned = entry.get("fieldsV1").unwrap_or(&Value::Null);
    let wanted = wanted(desired);
    other_version(desired, entry)
        || fields::drops(owned, &wanted)
        || place(live, manager).lacks(&wanted, live)
}

/// What the API server would answer 409 for: leaves that other field managers own and that `desired`
/// does not say letter by letter as they are stored. Sorted, each once; empty where nothing must be
/// forced.
#[must_use]
pub fn conflicts(desired: &Value, live: &Value, our_manager: &str) -> Vec<Conflict> {
    let wanted = wanted(desired);
    let place = place(live, our_manager);
    let others = entries(live).filter(|entry| !is_applied_by(entry, our_manager));
    let mut found: Vec<_> = others.flat_map(|entry| conflicts_with(entry, &place, &wanted, live)).collect();
    found.sort();
    found.dedup();
    found
}

/// Whether an owner reference of `live` names `uid`.
#[must_use]
pub fn owned_by(live: &Value, uid: &str) -> bool {
    owners(live).any(|owner| text(owner, "uid") == uid)
}

/// Kind, name and uid of the controller that owns `live`.
#[must_use]
pub fn controller_of(live: &Value) -> Option<(&str, &str, &str)> {
    let owner = owners(live).find(|owner| owner.get("controller") == Some(&Value::Bool(true)))?;
    Some((text(owner, "kind"), text(owner, "name"), text(owner, "uid")))
}

/// `desired` without what no field manager owns: its identity, and the status, which a main resource
/// does not take.
fn wanted(desired: &Value) -> Value {
    let mut wanted = desired.clone();
    if let Some(fields) = wanted.as_object_mut() {
        fields.retain(|name, _| !["apiVersion", "kind", "status"].contains(&name.as_str()));
    }
    if let Some(metadata) = wanted.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !IDENTITY.contains(&name.as_str()));
    }
    wanted
}

fn conflicts_with(entry: &Value, place: &Place<'_>, wanted: &Value, live: &Value) -> Vec<Conflict> {
    let owned = entry.get("fieldsV1").unwrap_or(&Value::Null);
    let protected = text(entry, "operation") == "Apply" || text(entry, "subresource") == "scale";
    let conflict = |it: Collision| Conflict {
        manager: text(entry, "manager").to_owned(),
        path: it.path,
        forceable: !(protected && it.differs),
    };
    place.collisions(owned, wanted, live).into_iter().map(conflict).collect()
}

/// The root of the object, seen by all of its managers.
fn place<'a>(live: &'a Value, manager: &str) -> Place<'a> {
    let fields = |entry: &'a Value| entry.get("fieldsV1");
    let own = entries(live).find(|entry| is_applied_by(entry, manager)).and_then(fields);
    Place::root(entries(live).filter_map(fields).collect(), own)
}

/// Field names may have changed between versions of an API, so what was applied in another is applied
/// again.
fn other_version(desired: &Value, entry: &Value) -> bool {
    desired.get("apiVersion").is_some_and(|version| entry.get("apiVersion") != Some(version))
}

fn is_applied_by(entry: &Value, manager: &str) -> bool {
    text(entry, "operation") == "Apply"
        && text(entry, "manager") == manager
        && text(entry, "subresource").is_empty()
}

fn entries(live: &Value) -> impl Iterator<Item = &Value> {
    in_metadata(live, "managedFields")
}

fn owners(live: &Value) -> impl Iterator<Item = &Value> {
    in_metadata(live, "ownerReferences")
}

fn in_metadata<'v>(live: &'v Value, list: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    live.get("metadata").and_then(|metadata| metadata.get(list)?.as_array()).into_iter().flatten()
}

fn text<'v>(object: &'v Value, field: &str) -> &'v str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
