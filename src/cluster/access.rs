//! Whether the operator may write a kind: asked when a rule is admitted, not when a resource fails.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Client;
use kube::api::{Api, ApiResource, PostParams};
use tokio::sync::Mutex;

use super::{Error, call};

/// What the operator does with the objects of a rule. Secrets are read by name, never watched.
const VERBS: &[&str] = &["create", "get", "patch", "delete"];
const WATCH_VERBS: &[&str] = &["list", "watch"];

/// How long an answer is trusted: many rules make the same kinds, and all are read at start.
const TRUSTED: Duration = Duration::from_secs(20);

/// When it was asked, and the verbs that are missing.
type Answer = (Instant, Vec<String>);

/// The answers so far.
pub struct Access {
    client: Client,
    known: Mutex<HashMap<(String, String), Answer>>,
}

impl Access {
    /// Nothing was asked yet.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, known: Mutex::default() }
    }

    /// The verbs that the operator lacks, in all namespaces, for a kind.
    ///
    /// # Errors
    /// Where the API server cannot be asked.
    pub async fn missing(&self, kind: &ApiResource, watched: bool) -> Result<Vec<String>, Error> {
        // Held while asking: rules that are read at the same time share one answer.
        let mut known = self.known.lock().await;
        let key = (kind.group.clone(), kind.plural.clone());
        if let Some((asked, missing)) = known.get(&key)
            && asked.elapsed() < TRUSTED
        {
            return Ok(missing.clone());
        }
        let missing = self.ask(kind, watched).await?;
        known.insert(key, (Instant::now(), missing.clone()));
        Ok(missing)
    }

    async fn ask(&self, kind: &ApiResource, watched: bool) -> Result<Vec<String>, Error> {
        let mut missing = Vec::new();
        for verb in VERBS.iter().chain(WATCH_VERBS.iter().filter(|_| watched)) {
            if !self.allowed(kind, verb).await? {
                missing.push((*verb).to_owned());
            }
        }
        Ok(missing)
    }

    async fn allowed(&self, kind: &ApiResource, verb: &str) -> Result<bool, Error> {
        let attributes = ResourceAttributes {
            group: Some(kind.group.clone()),
            resource: Some(kind.plural.clone()),
            verb: Some(verb.to_owned()),
            ..ResourceAttributes::default()
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let action = format!("asking whether the operator may {verb} {}", kind.plural);
        let api: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        let answer = call(action, api.create(&PostParams::default(), &review)).await?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }
}
