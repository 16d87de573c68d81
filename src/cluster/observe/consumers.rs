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

/// Whether a resource uses what its rule shares in a namespace as `uid`.
pub(super) fn shares(resource: &ScoreResource, namespace: &str, uid: &ResourceUid) -> bool {
    let bound = resource.spec.rule.as_deref();
    resource.namespace().as_deref() == Some(namespace)
        && resource.spec.class != SHARED_CLASS
        && bound.is_some_and(|rule| shared_uid(&resource.spec.type_, rule) == *uid)
}

fn add(resource: &ScoreResource, names: &mut BTreeSet<String>) {
    let owners = resource.owner_references().iter();
    names.extend(owners.filter(|owner| owner.kind == "ScoreWorkload").map(|owner| owner.name.clone()));
}
