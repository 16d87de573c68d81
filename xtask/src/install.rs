//! Installs what the operator needs into a cluster: everything in `config/` but the operator's Deployment.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use k8s_openapi::{
    api::rbac::v1::{ClusterRole, PolicyRule},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api,
    api::DynamicObject,
    runtime::wait::{Condition, await_condition, conditions},
};
use tokio::time::timeout;

use crate::{
    cluster::{Cluster, manifest_files, manifests},
    workspace,
};

/// The operator's namespace.
pub const NAMESPACE: &str = "score-system";
/// The operator's `ServiceAccount`, and its aggregated `ClusterRole`.
pub const ACCOUNT: &str = "score-operator";
/// How long the API server and its controllers may take with one of the objects.
const WITHIN: Duration = Duration::from_secs(30);
/// `ClusterRoles` with this label make up the operator's.
const AGGREGATED: &str = "k8s.score.dev/aggregate-to-operator";

/// What was applied.
#[derive(Default)]
pub struct Installed {
    /// All objects.
    pub objects: Vec<DynamicObject>,
    /// Those that were not there before.
    pub new: Vec<DynamicObject>,
}

/// Applies `CustomResourceDefinitions`, namespace, permissions and the default rules.
pub async fn install(cluster: &Cluster, installed: &mut Installed) -> Result<()> {
    for file in manifest_files(&workspace::file("crds"))? {
        apply(cluster, &file, installed).await?;
    }
    for definition in installed.objects.clone() {
        established(cluster, &definition).await?;
    }
    for file in ["config/namespace.yaml", "config/rbac.yaml"] {
        apply(cluster, &workspace::file(file), installed).await?;
    }
    aggregated(cluster, &installed.objects).await?;
    for file in manifest_files(&workspace::file("config/rules"))? {
        apply(cluster, &file, installed).await?;
    }
    Ok(())
}

async fn apply(cluster: &Cluster, file: &Path, installed: &mut Installed) -> Result<()> {
    for object in manifests::read(file)? {
        if cluster.apply(&object).await? {
            installed.new.push(object.clone());
        }
        installed.objects.push(object);
    }
    Ok(())
}

async fn established(cluster: &Cluster, definition: &DynamicObject) -> Result<()> {
    let api: Api<CustomResourceDefinition> = Api::all(cluster.client());
    let name = definition.metadata.name.as_deref().unwrap_or_default();
    let established = await_condition(api, name, conditions::is_crd_established());
    timeout(WITHIN, established)
        .await
        .with_context(|| format!("the API server does not begin to serve {name}"))??;
    Ok(())
}

/// The controller manager fills the operator's `ClusterRole` in; until then the operator is allowed nothing.
async fn aggregated(cluster: &Cluster, objects: &[DynamicObject]) -> Result<()> {
    let parts = objects.iter().filter(|object| {
        object.metadata.labels.as_ref().is_some_and(|labels| labels.contains_key(AGGREGATED))
    });
    let rules: Vec<_> = parts.filter_map(|part| part.clone().try_parse::<ClusterRole>().ok()).collect();
    let rules: Vec<_> = rules.into_iter().filter_map(|part| part.rules).flatten().collect();
    let whole = await_condition(Api::all(cluster.client()), ACCOUNT, holds(rules));
    timeout(WITHIN, whole).await.with_context(|| {
        format!("no controller fills in the rules of the aggregated ClusterRole {ACCOUNT}")
    })??;
    Ok(())
}

fn holds(rules: Vec<PolicyRule>) -> impl Condition<ClusterRole> {
    move |role: Option<&ClusterRole>| {
        let present = role.and_then(|role| role.rules.as_deref()).unwrap_or_default();
        rules.iter().all(|rule| present.contains(rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(resource: &str) -> PolicyRule {
        PolicyRule { resources: Some(vec![resource.to_owned()]), ..PolicyRule::default() }
    }

    #[test]
    fn a_role_is_whole_when_it_has_the_rules_of_all_its_parts() {
        let role =
            |rules: &[PolicyRule]| ClusterRole { rules: Some(rules.to_vec()), ..ClusterRole::default() };
        let whole = holds(vec![rule("pods"), rule("jobs")]);
        assert!(!whole.matches_object(None));
        assert!(!whole.matches_object(Some(&role(&[rule("pods")]))));
        assert!(whole.matches_object(Some(&role(&[rule("jobs"), rule("secrets"), rule("pods")]))));
    }
}
