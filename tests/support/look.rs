//! Reading what the operator made.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, EnvVar, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt;
use kube::core::ObjectMeta;

use super::Namespace;

/// The containers of a Deployment's pods, by name.
pub fn containers(deployment: &Deployment) -> BTreeMap<&str, &Container> {
    let pod = deployment.spec.as_ref().unwrap().template.spec.as_ref().unwrap();
    pod.containers.iter().map(|container| (container.name.as_str(), container)).collect()
}

/// The image of a Deployment's first container.
pub fn image(deployment: &Deployment) -> &str {
    let pod = deployment.spec.as_ref().unwrap().template.spec.as_ref().unwrap();
    pod.containers[0].image.as_deref().unwrap()
}

/// The variables of a container, by name.
pub fn variables(container: &Container) -> BTreeMap<&str, &EnvVar> {
    container.env.iter().flatten().map(|variable| (variable.name.as_str(), variable)).collect()
}

/// The names of the variables of a Deployment's first container, sorted.
pub fn variable_names(deployment: &Deployment) -> Vec<&str> {
    let pod = deployment.spec.as_ref().unwrap().template.spec.as_ref().unwrap();
    variables(&pod.containers[0]).into_keys().collect()
}

/// The name and key of the Secret that a variable refers to.
pub fn reference(variable: &EnvVar) -> (&str, &str) {
    assert_eq!(variable.value, None, "{}: a secret is never a plain value", variable.name);
    let source = variable.value_from.as_ref().and_then(|source| source.secret_key_ref.as_ref());
    let source = source.unwrap_or_else(|| panic!("{} refers to no Secret", variable.name));
    (&source.name, &source.key)
}

/// What a Secret holds under a key.
pub async fn secret(ns: &Namespace, (name, key): (&str, &str)) -> String {
    let data = ns.get::<Secret>(name).await.data.unwrap_or_default();
    let value = data.get(key).unwrap_or_else(|| panic!("Secret `{name}` has no key `{key}`"));
    String::from_utf8(value.0.clone()).unwrap()
}

/// The one owner of an object.
pub fn owner(metadata: &ObjectMeta) -> &OwnerReference {
    match metadata.owner_references.as_deref().unwrap_or_default() {
        [only] => only,
        others => panic!("expected one owner of {:?}, found {others:#?}", metadata.name),
    }
}

/// `Kind/name` of all owners of an object, sorted.
pub fn owners(object: &impl ResourceExt) -> Vec<String> {
    let references = object.owner_references().iter();
    let mut all: Vec<_> = references.map(|owner| format!("{}/{}", owner.kind, owner.name)).collect();
    all.sort();
    all
}
