//! The kinds that a cluster serves.

use std::{future::Future, time::Duration};

use anyhow::{Context, Result, bail};
use kube::{
    Api, Client, Discovery,
    api::{DynamicObject, GroupVersionKind},
    core::{ApiResource, PartialObjectMeta},
    discovery::{self, ApiCapabilities, Scope, verbs},
};
use tokio::time::{Instant, sleep};

/// The group of our own kinds.
pub const OURS: &str = "k8s.score.dev";
/// Discovery lags behind a `CustomResourceDefinition` that was just installed.
const LAG: Duration = Duration::from_secs(15);

/// A kind, and where its objects live.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Its names.
    pub resource: ApiResource,
    scope: Scope,
}

impl Kind {
    /// Its objects: of the namespace, if they have one.
    pub fn api(&self, client: &Client, namespace: Option<&str>) -> Api<DynamicObject> {
        match (&self.scope, namespace) {
            (Scope::Namespaced, Some(namespace)) => {
                Api::namespaced_with(client.clone(), namespace, &self.resource)
            }
            (Scope::Namespaced, None) => Api::default_namespaced_with(client.clone(), &self.resource),
            (Scope::Cluster, _) => Api::all_with(client.clone(), &self.resource),
        }
    }

    /// The metadata of its objects in a namespace: no more is read of them.
    pub fn metadata_api(&self, client: &Client, namespace: &str) -> Api<PartialObjectMeta<DynamicObject>> {
        Api::namespaced_with(client.clone(), namespace, &self.resource)
    }
}

/// The kind of an object.
pub async fn find(client: &Client, object: &DynamicObject) -> Result<Kind> {
    let types = object.types.as_ref().context("an object without apiVersion and kind")?;
    let gvk = GroupVersionKind::try_from(types)?;
    let found = || async { Ok(discovery::pinned_kind(client, &gvk).await.ok()) };
    let (resource, capabilities) =
        eventually(&format!("{} {}", types.api_version, types.kind), found).await?;
    Ok(Kind { resource, scope: capabilities.scope })
}

/// All kinds of objects that a namespace can hold and that can be watched, but events. Ours are among them.
pub async fn namespaced(client: &Client) -> Result<Vec<Kind>> {
    let with_ours = || async {
        let kinds = discover(client).await?;
        let ours = kinds.iter().filter(|kind| kind.resource.group == OURS).count();
        Ok(Some(kinds).filter(|_| ours == 2))
    };
    eventually("ScoreWorkload and ScoreResource", with_ours).await
}

async fn discover(client: &Client) -> Result<Vec<Kind>> {
    let discovery = Discovery::new(client.clone()).run_aggregated().await?;
    let all = discovery.groups().flat_map(discovery::ApiGroup::recommended_resources);
    Ok(all.filter(is_wanted).map(|(resource, found)| Kind { resource, scope: found.scope }).collect())
}

fn is_wanted((resource, capabilities): &(ApiResource, ApiCapabilities)) -> bool {
    capabilities.scope == Scope::Namespaced
        && resource.kind != "Event"
        && [verbs::LIST, verbs::WATCH].iter().all(|verb| capabilities.supports_operation(verb))
}

/// Asks until there is an answer, as discovery cannot be watched.
async fn eventually<T, F>(what: &str, ask: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let until = Instant::now() + LAG;
    loop {
        if let Some(found) = ask().await? {
            return Ok(found);
        }
        if Instant::now() > until {
            bail!("the API server does not serve {what}");
        }
        sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, scope: Scope, operations: &[&str]) -> (ApiResource, ApiCapabilities) {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", name));
        let operations = operations.iter().map(ToString::to_string).collect();
        (resource, ApiCapabilities { scope, subresources: Vec::new(), operations })
    }

    #[test]
    fn only_what_lives_in_a_namespace_and_can_be_watched_is_wanted() {
        let all = ["get", "list", "watch"];
        assert!(is_wanted(&kind("Pod", Scope::Namespaced, &all)));
        assert!(!is_wanted(&kind("Node", Scope::Cluster, &all)));
        assert!(!is_wanted(&kind("Event", Scope::Namespaced, &all)));
        assert!(!is_wanted(&kind("PodMetrics", Scope::Namespaced, &["get", "list"])));
    }
}
