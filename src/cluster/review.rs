//! What the command line asks a cluster: what is there, and what would become of it. Writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::Value;

use super::apply::{contested, is_of_predecessor, is_ours, keeps, not_ours, retained_by};
use super::kinds::{Kind, Kinds};
use super::{Error, call, client, found};
use crate::api::labels;
use crate::api::names::ResourceUid;
use crate::api::resource::{ObjectId, ScoreResource};
use crate::api::rule::ProvisionerRule;
use crate::api::workload::ScoreWorkload;
use crate::render::{Manifest, drift};
use crate::status::Refusal;
use crate::template::SecretRef;

/// A cluster, as the user of a command sees it.
pub struct Review {
    client: Client,
    kinds: Kinds,
    /// The namespace that is looked at.
    pub namespace: String,
}

/// Why there is no cluster to talk to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No kubeconfig.
    #[error("no cluster to talk to: {0}; set KUBECONFIG")]
    Config(#[from] kube::config::InferConfigError),
    /// TLS or credentials.
    #[error("the client cannot be set up: {0}")]
    Client(#[from] kube::Error),
}

/// Why it cannot be said what an object would become.
#[derive(Debug, thiserror::Error)]
pub enum DryRunError {
    /// The operator would refuse to write it.
    #[error("{}: {}", .0.object, .0.message)]
    Refused(Box<Refusal>),
    /// The cluster does not serve its kind.
    #[error("this cluster does not serve {0}")]
    Unserved(ObjectId),
    /// The API server refuses it, or cannot be asked.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl Review {
    /// Connects as the current user; `namespace` in place of the one that the kubeconfig names.
    ///
    /// # Errors
    /// Where there is no kubeconfig, or it cannot be used.
    pub async fn connect(namespace: Option<&str>) -> Result<Self, ConnectError> {
        let config = kube::Config::infer().await?;
        let namespace = namespace.map_or_else(|| config.default_namespace.clone(), str::to_owned);
        let client = client::new(config)?;
        Ok(Self { kinds: Kinds::new(client.clone()), client, namespace })
    }

    /// The workloads of the namespace.
    ///
    /// # Errors
    /// Where the API server cannot be asked.
    pub async fn workloads(&self) -> Result<Vec<ScoreWorkload>, Error> {
        self.list("ScoreWorkloads", Api::namespaced(self.client.clone(), &self.namespace)).await
    }

    /// The resources of the namespace.
    ///
    /// # Errors
    /// Where the API server cannot be asked.
    pub async fn resources(&self) -> Result<Vec<ScoreResource>, Error> {
        self.list("ScoreResources", Api::namespaced(self.client.clone(), &self.namespace)).await
    }

    /// The rules of the cluster.
    ///
    /// # Errors
    /// Where the API server cannot be asked.
    pub async fn rules(&self) -> Result<Vec<ProvisionerRule>, Error> {
        self.list("ProvisionerRules", Api::all(self.client.clone())).await
    }

    /// The namespace itself; without labels where the user may not read it.
    ///
    /// # Errors
    /// Where the API server cannot be asked.
    pub async fn namespace(&self) -> Result<Namespace, Error> {
        let api: Api<Namespace> = Api::all(self.client.clone());
        let action = format!("reading namespace {}", self.namespace);
        let namespace = match call(action, api.get(&self.namespace)).await {
            Err(error) if error.code() == Some(403) => None,
            answer => found(answer)?,
        };
        let mut namespace = namespace.unwrap_or_default();
        namespace.metadata.name = Some(self.namespace.clone());
        Ok(namespace)
    }

    async fn list<K>(&self, what: &str, api: Api<K>) -> Result<Vec<K>, Error>
    where
        K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let action = format!("reading the {what}");
        Ok(call(action, api.list(&ListParams::default())).await?.items)
    }

    /// The values of keys of Secrets, of those that are there and that the user may read.
    ///
    /// # Errors
    /// Where the API server cannot be asked.
    pub async fn secrets(&self, wanted: &BTreeSet<SecretRef>) -> Result<BTreeMap<SecretRef, Vec<u8>>, Error> {
        let names: BTreeSet<_> = wanted.iter().map(|reference| &reference.name).collect();
        let mut secrets = BTreeMap::new();
        for name in names {
            let api: Api<Secret> = Api::namespaced(self.client.clone(), &self.namespace);
            match call(format!("reading Secret {name}"), api.get(name)).await {
                Ok(secret) => drop(secrets.insert(name.clone(), secret.data.unwrap_or_default())),
                Err(error) if matches!(error.code(), Some(403 | 404)) => {}
                Err(error) => return Err(error),
            }
        }
        let value =
            |reference: &SecretRef| Some(secrets.get(&reference.name)?.get(&reference.key)?.0.clone());
        Ok(wanted.iter().filter_map(|found| Some((found.clone(), value(found)?))).collect())
    }

    /// An object as it is.
    ///
    /// # Errors
    /// Where the API server cannot be asked.
    pub async fn object(&self, id: &ObjectId) -> Result<Option<Value>, Error> {
        let Some(kind) = self.kinds.resolve(&id.api_version, &id.kind).await? else { return Ok(None) };
        let live = found(call(format!("reading {id}"), self.api(&kind).get(&id.name)).await)?;
        Ok(live.map(|live| serde_json::to_value(live).unwrap_or_default()))
    }

    /// What a ScoreWorkload would become if it had this spec: a replacement, as the spec is the Score file and
    /// nothing of the old one stays.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn workload(&self, wanted: &ScoreWorkload, exists: bool) -> Result<ScoreWorkload, Error> {
        let api: Api<ScoreWorkload> = Api::namespaced(self.client.clone(), &self.namespace);
        let params = PostParams { dry_run: true, ..PostParams::default() };
        let name = wanted.name_any();
        let action = format!("trying ScoreWorkload {name}");
        if exists {
            return call(action, api.replace(&name, &params, wanted)).await;
        }
        call(action, api.create(&params, wanted)).await
    }

    /// What an object would become if the operator applied `body`, of which `manifest` says whose it is.
    ///
    /// # Errors
    /// What the operator or the API server refuses.
    pub async fn apply(
        &self,
        manifest: &Manifest,
        body: &Value,
        live: Option<&Value>,
    ) -> Result<Value, DryRunError> {
        let id = &manifest.id;
        let kind = self.kinds.resolve(&id.api_version, &id.kind).await?;
        let kind = kind.ok_or_else(|| DryRunError::Unserved(id.clone()))?;
        if let Some(live) = live.filter(|live| !is_ours(live, manifest) && !is_of_predecessor(live, manifest))
        {
            let keeper = self.keeper(live).await?;
            return Err(DryRunError::Refused(Box::new(not_ours(manifest, live, keeper.as_ref()))));
        }
        match (self.try_apply(&kind, id, body, false).await, live) {
            (Err(error), Some(live)) if error.code() == Some(409) => {
                let conflicts = drift::conflicts(body, live, labels::MANAGER);
                match conflicts.iter().find(|conflict| !conflict.forceable) {
                    Some(conflict) => Err(DryRunError::Refused(Box::new(contested(manifest, conflict)))),
                    // Over hand edits, as the operator would (decision 6).
                    None => Ok(self.try_apply(&kind, id, body, true).await?),
                }
            }
            (answer, _) => Ok(answer?),
        }
    }

    /// The resource that keeps an object which it does not own, if it is still there.
    async fn keeper(&self, live: &Value) -> Result<Option<ResourceUid>, Error> {
        let Some(uid) = retained_by(live) else { return Ok(None) };
        let api: Api<ScoreResource> = Api::namespaced(self.client.clone(), &self.namespace);
        let found = found(call(format!("reading ScoreResource {uid}"), api.get(&uid.object_name())).await)?;
        Ok(found.filter(|found| keeps(found, live)).map(|_| uid))
    }

    async fn try_apply(&self, kind: &Kind, id: &ObjectId, body: &Value, force: bool) -> Result<Value, Error> {
        let mut params = PatchParams::apply(labels::MANAGER).dry_run().validation_strict();
        params.force = force;
        let request = async { self.api(kind).patch(&id.name, &params, &Patch::Apply(body)).await };
        let object = call(format!("trying {id}"), request).await?;
        Ok(serde_json::to_value(object).unwrap_or_default())
    }

    fn api(&self, kind: &Kind) -> Api<DynamicObject> {
        kind.objects(&self.client, &self.namespace)
    }
}
