//! A cluster, as its administrator sees it.

pub mod kinds;
pub mod manifests;
pub mod watch;

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::{Namespace, ServiceAccount},
};
use kube::{
    Api, Client, Config,
    api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    runtime::wait::await_condition,
};
use serde_json::{Value, json};

use kinds::Kind;

/// Field manager of all that the tasks apply.
const MANAGER: &str = "score-xtask";
/// How long the operator's token is valid. A cluster may cut it down.
const TOKEN_SECONDS: i64 = 24 * 60 * 60;

/// A cluster that we may do everything in.
pub struct Cluster {
    client: Client,
    context: String,
    /// The `clusters` entry of the kubeconfig: address and certificate authority.
    entry: Value,
}

impl Cluster {
    /// The cluster of a context. Without a file: that of `$KUBECONFIG` or `~/.kube/config`; without a context: the
    /// current one.
    pub async fn open(file: Option<&Path>, context: Option<&str>) -> Result<Self> {
        let kubeconfig = match file {
            Some(file) => {
                Kubeconfig::read_from(file).with_context(|| format!("cannot use {}", file.display()))?
            }
            None => {
                Kubeconfig::read().context("cannot use the kubeconfig of KUBECONFIG or ~/.kube/config")?
            }
        };
        let name = context.map(str::to_owned).or_else(|| kubeconfig.current_context.clone());
        let name =
            name.context("the kubeconfig has no current context\n  To fix: name one with --context")?;
        let entry = entry(&kubeconfig, &name)?;
        let options = KubeConfigOptions { context: Some(name.clone()), ..KubeConfigOptions::default() };
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await?;
        // Whoever waits here has a deadline of his own; a retry inside a call would hide the reason.
        config.default_retry = false;
        Ok(Self { client: Client::try_from(config)?, context: name, entry })
    }

    /// A client with the administrator's rights.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The name of the context.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// The address of the API server.
    pub fn server(&self) -> &str {
        self.entry["cluster"]["server"].as_str().unwrap_or("an unknown address")
    }

    /// Its version, as in `v1.36.3`.
    pub async fn version(&self) -> Result<String> {
        let version = self.client.apiserver_version().await;
        Ok(version.with_context(|| format!("{} does not answer", self.server()))?.git_version)
    }

    /// Writes a kubeconfig with a fresh token of a `ServiceAccount`, as `kubectl create token` makes it.
    pub async fn write_kubeconfig_of(&self, namespace: &str, name: &str, path: &Path) -> Result<()> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), namespace);
        let spec =
            TokenRequestSpec { expiration_seconds: Some(TOKEN_SECONDS), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec, ..TokenRequest::default() };
        let issued = accounts.create_token_request(name, &PostParams::default(), &request).await;
        let status =
            issued.with_context(|| format!("no token for ServiceAccount {namespace}/{name}"))?.status;
        let token = status.context("the API server answered without a token")?.token;
        write_private(path, &kubeconfig(&self.entry, &token).to_string())
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Applies an object with server-side apply, and says whether it is new. Never takes a field from somebody else.
    pub async fn apply(&self, object: &DynamicObject) -> Result<bool> {
        let describe = || format!("cannot apply {}", manifests::title(object));
        let kind = kinds::find(&self.client, object).await.with_context(describe)?;
        let api = kind.api(&self.client, object.metadata.namespace.as_deref());
        let name = object.metadata.name.as_deref().unwrap_or_default();
        let is_new = api.get_metadata_opt(name).await.with_context(describe)?.is_none();
        api.patch(name, &PatchParams::apply(MANAGER), &Patch::Apply(object)).await.with_context(describe)?;
        Ok(is_new)
    }

    /// Deletes an object, and what it owns; one that is gone already is fine.
    pub async fn delete(&self, object: &DynamicObject) -> Result<()> {
        let kind = kinds::find(&self.client, object).await?;
        let api = kind.api(&self.client, object.metadata.namespace.as_deref());
        let name = object.metadata.name.as_deref().unwrap_or_default();
        match api.delete(name, &DeleteParams::background()).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            result => result.map(drop).with_context(|| format!("cannot delete {}", manifests::title(object))),
        }
    }

    /// Whether there is such a namespace.
    pub async fn has_namespace(&self, name: &str) -> Result<bool> {
        Ok(Api::<Namespace>::all(self.client()).get_metadata_opt(name).await?.is_some())
    }

    /// Creates a namespace, if there is none of this name.
    pub async fn create_namespace(&self, name: &str) -> Result<()> {
        let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        self.apply(&serde_json::from_value(object)?).await.map(drop)
    }

    /// Deletes a namespace with all that is in it, and waits until it is gone.
    pub async fn delete_namespace(&self, name: &str) -> Result<()> {
        let api: Api<Namespace> = Api::all(self.client());
        match api.delete(name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => return Ok(()),
            result => result.with_context(|| format!("cannot delete namespace {name}"))?,
        };
        await_condition(api, name, |found: Option<&Namespace>| found.is_none()).await?;
        Ok(())
    }

    /// All kinds of objects that a namespace can hold.
    pub async fn namespaced_kinds(&self) -> Result<Vec<Kind>> {
        kinds::namespaced(&self.client).await
    }
}

/// The entry of the cluster that a context names.
fn entry(kubeconfig: &Kubeconfig, context: &str) -> Result<Value> {
    let known: Vec<_> = kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect();
    let missing = || format!("the kubeconfig has no context `{context}`; there are: {}", known.join(", "));
    let found = kubeconfig.contexts.iter().find(|named| named.name == context);
    let cluster = found.and_then(|named| named.context.as_ref()).with_context(missing)?.cluster.as_str();
    let entry = kubeconfig.clusters.iter().find(|named| named.name == cluster);
    let entry = entry.with_context(|| format!("the kubeconfig has no cluster `{cluster}`"))?;
    Ok(serde_json::to_value(entry)?)
}

fn kubeconfig(entry: &Value, token: &str) -> Value {
    let name = "score-operator";
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [entry],
        "users": [{ "name": name, "user": { "token": token } }],
        "contexts": [{ "name": name, "context": { "cluster": entry["name"], "user": name } }],
        "current-context": name,
    })
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// The files of a directory of manifests, by name.
pub fn manifest_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut files: Vec<_> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| {
        file.extension().is_some_and(|found| found == "yaml") && !file.ends_with("kustomization.yaml")
    });
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KUBECONFIG: &str = "
        {clusters: [{name: c1, cluster: {server: 'https://one', certificate-authority-data: QQ==}}],
         contexts: [{name: good, context: {cluster: c1, user: u}}, {name: bad, context: {cluster: c2}}]}";

    #[test]
    fn a_context_leads_to_its_cluster() {
        let kubeconfig = Kubeconfig::from_yaml(KUBECONFIG).unwrap();
        let entry = entry(&kubeconfig, "good").unwrap();
        assert_eq!(entry["cluster"]["server"], "https://one");
        let problem = |context| super::entry(&kubeconfig, context).unwrap_err().to_string();
        assert_eq!(problem("bad"), "the kubeconfig has no cluster `c2`");
        assert_eq!(problem("none"), "the kubeconfig has no context `none`; there are: good, bad");
    }

    #[test]
    fn the_operators_kubeconfig_has_the_cluster_and_the_token_only() {
        let entry = entry(&Kubeconfig::from_yaml(KUBECONFIG).unwrap(), "good").unwrap();
        let made = Kubeconfig::from_yaml(&kubeconfig(&entry, "secret").to_string()).unwrap();
        assert_eq!((made.clusters.len(), made.auth_infos.len(), made.contexts.len()), (1, 1, 1));
        assert_eq!(made.contexts[0].context.as_ref().unwrap().cluster, "c1");
    }
}
