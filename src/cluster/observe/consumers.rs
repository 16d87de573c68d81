//! The workloads that use a resource, as its ScoreResource has them: the one record that also holds those whose new
//! version, which no longer names the resource, has not rolled out yet.

use std::collections::BTreeSet;

use kube::ResourceExt;

use crate::api::names::{ResourceUid, SHARED_CLASS, shared_uid};
use crate::api::resource::ScoreResource;
use crate::cluster::world::World;

/// Their names, sorted. Of what a rule shares: those of all resources that share it.
pub(super) fn of(world: &World, resource: &ScoreResource) -> Vec<String> {
    let mut names = BTreeSet::new();
    if resource.spec.class == SHARED_CLASS {
        let (namespace, uid) = (resource.namespace().unwrap_or_default(), resource.spec.uid());
        let all = world.caches.resources.all();
        all.iter().filter(|found| shares(found, &namespace, &uid)).for_each(|found| add(found, &mut names));
    } else {
        add(resource, &mut names);
    }
    names.into_iter().collect()
}

/// Whether a resource uses what one of its rules shares in a namespace as `uid`.
pub(super) fn shares(resource: &ScoreResource, namespace: &str, uid: &ResourceUid) -> bool {
    resource.namespace().as_deref() == Some(namespace)
        && resource.spec.class != SHARED_CLASS
        && resource.rules().any(|rule| shared_uid(&resource.spec.type_, rule) == *uid)
}

/// What rules share with a resource: what its rules of now do, and what it still owns, as it was moved away from the
/// rule of that.
#[must_use]
pub fn shared_with(world: &World, resource: &ScoreResource) -> BTreeSet<ResourceUid> {
    let caches = &world.caches.resources;
    let namespace = resource.namespace().unwrap_or_default();
    let shares = |rule: &str| world.rule(rule).is_some_and(|rule| !rule.shared.is_empty());
    let by_rules = resource.rules().filter_map(|rule| {
        let uid = shared_uid(&resource.spec.type_, rule);
        (caches.get(&namespace, &uid.object_name()).is_some() || shares(rule)).then_some(uid)
    });
    let uid = resource.uid().unwrap_or_default();
    let owns = |found: &ScoreResource| found.owner_references().iter().any(|owner| owner.uid == uid);
    let is_shared = |found: &ScoreResource| {
        found.spec.class == SHARED_CLASS && found.namespace() == resource.namespace() && owns(found)
    };
    let all = caches.all();
    let owned = all.iter().filter(|found| is_shared(found)).map(|found| found.spec.uid());
    by_rules.chain(owned).collect()
}

fn add(resource: &ScoreResource, names: &mut BTreeSet<String>) {
    let owners = resource.owner_references().iter();
    names.extend(owners.filter(|owner| owner.kind == "ScoreWorkload").map(|owner| owner.name.clone()));
}
