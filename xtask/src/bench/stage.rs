//! A control plane with everything installed, for one measurement.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use futures::StreamExt;
use kube::{
    Api,
    api::{DynamicObject, ListParams, PostParams},
    runtime::wait::await_condition,
};
use tokio::time::timeout;
use xtask::controlplane::{ControlPlane, Tools};

use super::load::{Load, NAMESPACE, rule};
use crate::{
    cluster::{
        Cluster,
        kinds::{self, Kind},
        manifests::title,
        watch::{Change, Changes, watch},
    },
    install::{ACCOUNT, Installed, NAMESPACE as SYSTEM, install},
};

const ADMITTED_WITHIN: Duration = Duration::from_secs(30);

/// A control plane of its own, so that no measurement meets what another has left.
pub struct Stage {
    /// The administrator's access.
    pub cluster: Cluster,
    /// A kubeconfig with the operator's rights.
    pub kubeconfig: PathBuf,
    workloads: Api<DynamicObject>,
    /// The control plane itself.
    pub control_plane: ControlPlane,
}

impl Stage {
    /// Starts it and installs everything.
    pub async fn set(tools: &Tools, dir: &Path, load: Load) -> Result<Self> {
        let control_plane = ControlPlane::start(tools, dir)?;
        let cluster = Cluster::open(Some(control_plane.kubeconfig()), None).await?;
        install(&cluster, &mut Installed::default()).await?;
        if load.with_resource {
            cluster.apply(&rule()?).await?;
        }
        cluster.create_namespace(NAMESPACE).await?;
        let kubeconfig = dir.join("operator.kubeconfig");
        cluster.write_kubeconfig_of(SYSTEM, ACCOUNT, &kubeconfig).await?;
        let one = Load { workloads: 1, ..load }.objects()?;
        let kind = kinds::find(&cluster.client(), one.first().context("no workloads")?).await?;
        let workloads = kind.api(&cluster.client(), Some(NAMESPACE));
        Ok(Self { cluster, kubeconfig, workloads, control_plane })
    }

    /// Creates an object, as a user does.
    pub async fn create(&self, object: &DynamicObject) -> Result<()> {
        let failed = || format!("cannot create {}", title(object));
        self.workloads.create(&PostParams::default(), object).await.map(drop).with_context(failed)
    }

    /// Returns when the operator has looked at all rules: its caches are filled.
    pub async fn rules_are_admitted(&self) -> Result<()> {
        let kind = kinds::find(&self.cluster.client(), &rule()?).await?;
        let rules = kind.api(&self.cluster.client(), None);
        for rule in rules.list_metadata(&ListParams::default()).await? {
            let name = rule.metadata.name.unwrap_or_default();
            let admitted = await_condition(rules.clone(), &name, |rule: Option<&DynamicObject>| {
                rule.is_some_and(|rule| {
                    rule.data["status"]["observedGeneration"].as_i64() == rule.metadata.generation
                })
            });
            timeout(ADMITTED_WITHIN, admitted).await.context("the operator does not look at the rules")??;
        }
        Ok(())
    }

    /// Watches kinds in the namespace.
    pub async fn watch(&self, names: &[&str]) -> Result<Changes> {
        Ok(watch(&self.cluster.client(), &self.kinds(names).await?, NAMESPACE))
    }

    /// All objects of some kinds, with their kinds.
    pub async fn objects(&self, names: &[&str]) -> Result<Vec<DynamicObject>> {
        let mut changes = self.watch(names).await?;
        let (mut objects, mut listed) = (Vec::new(), 0);
        while listed < names.len() {
            match changes.next().await.context("the watches have ended")? {
                Change::Applied(object) => objects.push(object),
                Change::Listed => listed += 1,
                Change::Deleted(_) => {}
                Change::Failed(problem) => bail!("cannot list: {problem}"),
            }
        }
        objects.retain(|object| object.metadata.name.as_deref() != Some("kube-root-ca.crt"));
        Ok(objects)
    }

    async fn kinds(&self, names: &[&str]) -> Result<Vec<Kind>> {
        let mut kinds = self.cluster.namespaced_kinds().await?;
        kinds.retain(|kind| names.contains(&kind.resource.kind.as_str()));
        Ok(kinds)
    }
}
