//! Where the demo runs: on a control plane of its own, or on a cluster that is there.

use std::{
    io::{BufRead, IsTerminal, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, api::ListParams};
use tempfile::TempDir;
use xtask::controlplane::{Console, ControlPlane, Part, Tools};

use super::Options;
use crate::{
    cluster::Cluster,
    install::NAMESPACE,
    steps::Steps,
    workspace::{self, Profile},
};

/// A place to show the operator at.
pub struct Place {
    /// The cluster.
    pub cluster: Cluster,
    /// The namespace for the workload.
    pub namespace: &'static str,
    /// How long a step may take there.
    pub within: Duration,
    /// The images to run in place of the example's own: the first, and the one to change to.
    pub images: Images,
    /// The operator.
    pub program: PathBuf,
    /// The control plane, if it is our own. It ends before its directory is removed.
    pub own: Option<ControlPlane>,
    /// Directory for logs and the operator's kubeconfig.
    pub dir: TempDir,
}

/// Which images the workload's containers run.
pub struct Images {
    /// At first; the example's own where this is not set.
    pub first: Option<&'static str>,
    /// After the change.
    pub second: &'static str,
}

const SIMULATED: Images = Images { first: None, second: "ghcr.io/acme-engineering/payments-api:1.5.0" };
/// The example's image exists in its text only. This one exists, starts anywhere and does nothing.
const REAL: Images =
    Images { first: Some("registry.k8s.io/pause:3.9"), second: "registry.k8s.io/pause:3.10" };

impl Place {
    /// Builds what is needed and, unless an existing cluster is named, starts a control plane.
    pub async fn prepare(options: &Options, steps: &mut Steps) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("score-demo-").tempdir()?;
        if options.kubeconfig.is_none() && options.context.is_none() {
            return Self::own(dir, steps).await;
        }
        let cluster = Cluster::open(options.kubeconfig.as_deref(), options.context.as_deref()).await?;
        confirm(&cluster, options.yes)?;
        let namespace = "score-demo";
        refuse_if_taken(&cluster, namespace).await?;
        let program = build(steps)?;
        let within = Duration::from_mins(10);
        Ok(Self { cluster, namespace, within, images: REAL, program, dir, own: None })
    }

    async fn own(dir: TempDir, steps: &mut Steps) -> Result<Self> {
        steps.begin("find the tools", "Rust, Go and the control plane that Go builds, once, in some minutes");
        println!("   {}", workspace::rust_version()?);
        println!("   {}", workspace::go_version().as_deref().unwrap_or("no Go"));
        let tools = Tools::ensure(&Console::default())?;
        println!("   Kubernetes: {}", tools.controlplane.display());
        let program = build(steps)?;
        steps.begin("start Kubernetes", "etcd, API server, controllers, scheduler, one simulated node");
        let own = ControlPlane::start(&tools, dir.path())?;
        let cluster = Cluster::open(Some(own.kubeconfig()), None).await?;
        println!("   {} at {}, logs in {}", cluster.version().await?, cluster.server(), own.logs().display());
        println!("   Containers are simulated here (kwok): pods become ready, but no program runs in them.");
        println!("   With real ones, on any cluster of yours: cargo xtask demo --context NAME");
        let within = Duration::from_mins(2);
        Ok(Self { cluster, namespace: "demo", within, images: SIMULATED, program, dir, own: Some(own) })
    }

    /// Kubernetes looks for new kinds every 30 s, and removes what is owned by one only then. On our own control plane
    /// we need not wait: the controller manager looks when it starts.
    pub fn learn_new_kinds(&mut self) -> Result<()> {
        let Some(own) = &mut self.own else { return Ok(()) };
        own.kill(Part::ControllerManager)?;
        own.restart(Part::ControllerManager)?;
        Ok(())
    }

    /// The operator's log.
    pub fn operator_log(&self) -> PathBuf {
        self.dir.path().join("operator.log")
    }

    /// The lines that let a shell reach a control plane of ours; an existing cluster is reached as always.
    pub fn access(&self) -> String {
        let Some(own) = &self.own else { return String::new() };
        let kubectl = own.kubectl();
        let words: Vec<_> = std::iter::once(kubectl.get_program()).chain(kubectl.get_args()).collect();
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        let kubeconfig = own.kubeconfig().display();
        format!(
            "export KUBECONFIG={kubeconfig}\nalias kubectl='{}'   # if you have none\n\n",
            words.join(" ")
        )
    }
}

/// Unoptimised: that is built in half the time, and how fast the operator is depends on the API server.
fn build(steps: &mut Steps) -> Result<PathBuf> {
    steps.begin("build the operator", "cargo build, unoptimised");
    let program = workspace::build_operator(Profile::Dev)?;
    println!("   {}", program.display());
    Ok(program)
}

fn confirm(cluster: &Cluster, yes: bool) -> Result<()> {
    println!("The demo would use this cluster:");
    println!("   context {}\n   server  {}", cluster.context(), cluster.server());
    println!(
        "It installs the operator's CustomResourceDefinitions, permissions and default rules, runs the operator on this \
         machine, creates namespace score-demo, and in the end removes what it has created (not with --keep)."
    );
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        bail!("an existing cluster is used only after a yes, and there is no terminal to ask at: add --yes");
    }
    print!("Go on? [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if !["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
        bail!("nothing was changed");
    }
    Ok(())
}

/// Two operators would work against each other, and somebody's namespace is not ours to delete.
async fn refuse_if_taken(cluster: &Cluster, namespace: &str) -> Result<()> {
    cluster.version().await?;
    if cluster.has_namespace(namespace).await? {
        bail!("there is a namespace {namespace} already\n  To fix: kubectl delete namespace {namespace}");
    }
    let operators: Api<Deployment> = Api::all(cluster.client());
    let selector = ListParams::default().labels("app.kubernetes.io/name=score-operator");
    let found = operators.list(&selector).await.context("cannot list Deployments")?;
    let runs =
        |deployment: &Deployment| deployment.spec.as_ref().is_some_and(|spec| spec.replicas != Some(0));
    if found.iter().any(runs) {
        bail!(
            "an operator runs there already, and two would work against each other\n  \
             To fix: kubectl scale deployment score-operator --namespace {NAMESPACE} --replicas=0"
        );
    }
    Ok(())
}
