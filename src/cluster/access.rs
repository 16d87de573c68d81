//! Whether the operator may write a kind: asked when a rule is admitted, not when a resource fails.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Client;
use kube::api::{Api, ApiResource, PostParams};

use super::{Error, call};

/// What the operator does with the objects of a rule. Secrets are read by name, never watched.
const VERBS: &[&str] = &["create", "get", "patch", "delete"];
const WATCH_VERBS: &[&str] = &["list", "watch"];

/// The verbs that the operator lacks, in all namespaces, for a kind.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn missing(client: &Client, kind: &ApiResource, watched: bool) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    let watch = WATCH_VERBS.iter().filter(|_| watched);
    for verb in VERBS.iter().chain(watch) {
        if !allowed(client, kind, verb).await? {
            missing.push((*verb).to_owned());
        }
    }
    Ok(missing)
}

async fn allowed(client: &Client, kind: &ApiResource, verb: &str) -> Result<bool, Error> {
    let attributes = ResourceAttributes {
        group: Some(kind.group.clone()),
        resource: Some(kind.plural.clone()),
        verb: Some(verb.to_owned()),
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() },
        ..SelfSubjectAccessReview::default()
    };
    let action = format!("asking whether the operator may {verb} {}", kind.plural);
    let api: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let answer = call(action, api.create(&PostParams::default(), &review)).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
