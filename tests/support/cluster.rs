//! A control plane with `config/` installed, and the operator on it with the rights of its own
//! ServiceAccount.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::rbac::v1::ClusterRole;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::Condition;
use kube::{Client, Config};
use score_operator::api::conditions::{ConditionType, is_true};
use score_operator::api::rule::ProvisionerRule;
use serde::Serialize;
use serde::de::DeserializeOwned;
use xtask::controlplane::{Console, ControlPlane, Part, Tools};

use super::audit::AuditLog;
use super::confined::Confined;
use super::namespace::Namespace;
use super::operator::{self, Operator};
use super::{directory, wait};

/// How long an operator trusts what it has read of Secrets, where a test does not say otherwise.
const RESYNC: Duration = Duration::from_mins(10);

/// The namespace and name of the operator's ServiceAccount.
const ACCOUNT: (&str, &str) = ("score-system", "score-operator");

/// A control plane of the tests.
pub struct Cluster {
    // Fields are dropped in this order: the operator first.
    operator: Mutex<Option<Operator>>,
    controlplane: Mutex<ControlPlane>,
    places: Places,
    operator_kubeconfig: OnceLock<PathBuf>,
    namespaces: Mutex<BTreeSet<String>>,
}

/// The files of a cluster: what a failed test points to.
#[derive(Clone)]
pub struct Places {
    dir: PathBuf,
    kubeconfig: PathBuf,
    audit_log: PathBuf,
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  the operator's log: {}", operator::log(&self.dir).display())?;
        writeln!(f, "  the audit log:      {}", self.audit_log.display())?;
        write!(f, "  other logs:         {}/logs", self.dir.display())
    }
}

/// The control plane that all tests share, each in a namespace of its own; started by the first.
pub async fn cluster() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    // Blocks this test's own thread, and the other tests wait here too.
    SHARED.get_or_init(|| Cluster::start("shared"))
}

/// The control plane of the tests that run operators inside this process: see `Confined`.
pub async fn cluster_without_operator() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| Cluster::without_operator("no-operator"))
}

impl Cluster {
    /// Starts one with the operator: for tests that would disturb others, or be disturbed.
    pub fn start(name: &str) -> Self {
        let cluster = Self::without_operator(name);
        cluster.start_operator();
        on_a_thread(rules_are_admitted(cluster.places.clone()));
        cluster
    }

    /// Starts one where no operator runs, with `config/` and the default rules installed.
    pub fn without_operator(name: &str) -> Self {
        let dir = directory::new(name);
        let tools = Tools::ensure(&Console::default()).unwrap();
        let mut controlplane = ControlPlane::start(&tools, &dir).unwrap();
        let places = Places {
            kubeconfig: controlplane.kubeconfig().to_owned(),
            audit_log: controlplane.audit_log().to_owned(),
            dir,
        };
        install(&mut controlplane, &places);
        Self {
            operator: Mutex::default(),
            controlplane: Mutex::new(controlplane),
            places,
            operator_kubeconfig: OnceLock::new(),
            namespaces: Mutex::default(),
        }
    }

    /// Starts the operator.
    pub fn start_operator(&self) {
        let operator = Operator::start(&self.operator_kubeconfig(), &operator::log(&self.places.dir));
        *self.operator.lock().unwrap() = Some(operator);
    }

    /// Kills the operator's process.
    pub fn kill_operator(&self) {
        drop(self.operator.lock().unwrap().take());
    }

    /// A kubeconfig with a token of the operator's ServiceAccount.
    fn operator_kubeconfig(&self) -> PathBuf {
        let (namespace, name) = ACCOUNT;
        let make = || self.controlplane.lock().unwrap().service_account_kubeconfig(namespace, name).unwrap();
        self.operator_kubeconfig.get_or_init(make).clone()
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.places.kubeconfig
    }

    /// The administrator's client, for the runtime of this test.
    pub async fn admin(&self) -> Client {
        self.places.client().await
    }

    /// A namespace of this name, which no other test has.
    pub async fn namespace(&self, name: &str) -> Namespace {
        self.namespace_with_labels(name, &[]).await
    }

    /// The same, with labels.
    pub async fn namespace_with_labels(&self, name: &str, labels: &[(&str, &str)]) -> Namespace {
        let new = self.namespaces.lock().unwrap().insert(name.to_owned());
        assert!(new, "two tests use the namespace {name}");
        let client = self.admin().await;
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut namespace = core::Namespace::default();
        namespace.metadata.name = Some(name.to_owned());
        namespace.metadata.labels = Some(labels);
        let api: Api<core::Namespace> = Api::all(client.clone());
        api.create(&kube::api::PostParams::default(), &namespace).await.unwrap();
        // Made by controllers a moment later; pods need the one, and "nothing is left" means but these.
        let account: Api<core::ServiceAccount> = Api::namespaced(client.clone(), name);
        wait::within(&self.places, account, "default", "is made", |found| found.is_some()).await;
        Namespace::new(name, client, self.places.clone())
    }

    /// Runs an operator inside this process that sees one namespace only; it ends with the value.
    pub fn operate(&self, ns: &Namespace) -> Confined {
        self.operate_with_resync(ns, RESYNC)
    }

    /// The same; what it has read of Secrets it trusts for so long.
    pub fn operate_with_resync(&self, ns: &Namespace, resync: Duration) -> Confined {
        Confined::start(&self.operator_kubeconfig(), &ns.name, None, resync)
    }

    /// The same, and it dies right after so many writes.
    pub fn operate_until(&self, ns: &Namespace, writes: usize) -> Confined {
        Confined::start(&self.operator_kubeconfig(), &ns.name, Some(writes), RESYNC)
    }

    /// The requests that the API server was sent.
    pub fn audit(&self) -> AuditLog {
        self.places.audit()
    }

    /// kubectl as administrator, to be given its arguments.
    pub fn kubectl_command(&self) -> std::process::Command {
        self.controlplane.lock().unwrap().kubectl()
    }

    /// Waits until an object of the cluster, or its absence, is as it should be.
    pub async fn waits<K>(&self, api: Api<K>, name: &str, what: &str, holds: impl Fn(Option<&K>) -> bool)
    where
        K: kube::Resource + Clone + fmt::Debug + DeserializeOwned + Serialize + Send + 'static,
    {
        wait::within(&self.places, api, name, what, holds).await;
    }

    /// Waits until the operator may do what all parts of its role say.
    pub async fn rights_are_aggregated(&self) {
        rights_are_aggregated(&self.places).await;
    }

    /// Runs kubectl as administrator: its stdout, or what it says on stderr if it fails.
    pub fn kubectl(&self, arguments: &[&str], stdin: &str) -> Result<String, String> {
        use std::io::Write;
        use std::process::Stdio;
        let mut kubectl = self.controlplane.lock().unwrap().kubectl();
        kubectl.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = kubectl.spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }
}

impl Places {
    /// The administrator's client, which reads what the operator can read.
    pub async fn client(&self) -> Client {
        score_operator::cluster::client::new(config(&self.kubeconfig).await).unwrap()
    }

    /// The requests that the API server was sent.
    pub fn audit(&self) -> AuditLog {
        AuditLog::new(&self.audit_log)
    }
}

/// A client's configuration from a kubeconfig.
pub async fn config(kubeconfig: &Path) -> Config {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap()
}

/// Runs a future to its end on a thread and runtime of its own: we may be called from within another's.
fn on_a_thread(future: impl Future<Output = ()> + Send) {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::thread::scope(|scope| scope.spawn(|| runtime().block_on(future)).join()).unwrap();
}

/// As the README has it, and as an administrator: the operator itself may not do this.
fn install(controlplane: &mut ControlPlane, places: &Places) {
    let apply = |controlplane: &ControlPlane, dir: &str| {
        let dir = format!("{}/{dir}", env!("CARGO_MANIFEST_DIR"));
        controlplane.kubectl_output(&["apply", "--server-side", "-k", &dir]).unwrap();
    };
    apply(controlplane, "config");
    on_a_thread(kinds_are_served(places.clone()));
    apply(controlplane, "config/rules");
    // A garbage collector that runs looks for new kinds only every 30 s; one that starts knows them.
    controlplane.kill(Part::ControllerManager).unwrap();
    controlplane.restart(Part::ControllerManager).unwrap();
}

async fn kinds_are_served(places: Places) {
    let client = places.client().await;
    for plural in ["scoreworkloads", "scoreresources", "provisionerrules"] {
        let api: Api<CustomResourceDefinition> = Api::all(client.clone());
        let established = |found: Option<&_>| is_crd_established().matches_object(found);
        wait::within(&places, api, &format!("{plural}.k8s.score.dev"), "is established", established).await;
    }
    rights_are_aggregated(&places).await;
}

/// Waits until the operator's role holds every rule of its parts.
async fn rights_are_aggregated(places: &Places) {
    let api: Api<ClusterRole> = Api::all(places.client().await);
    let parts = ListParams::default().labels("k8s.score.dev/aggregate-to-operator=true");
    let parts = api.list(&parts).await.unwrap();
    let wanted: Vec<_> = parts.items.into_iter().flat_map(|part| part.rules.unwrap_or_default()).collect();
    let aggregated = |role: Option<&ClusterRole>| {
        let rules = role.and_then(|role| role.rules.clone()).unwrap_or_default();
        wanted.iter().all(|rule| rules.contains(rule))
    };
    wait::within(places, api, "score-operator", "has all aggregated rules", aggregated).await;
}

/// The names of the default rules.
fn default_rules() -> Vec<String> {
    let kustomization = super::yaml(&super::file("config/rules/kustomization.yaml"));
    let files = kustomization["resources"].as_array().into_iter().flatten().filter_map(|file| file.as_str());
    files.filter_map(|file| file.strip_suffix(".yaml")).map(str::to_owned).collect()
}

/// Waits until the operator has read the default rules; that for `route` waits for the Gateway API.
async fn rules_are_admitted(places: Places) {
    let api: Api<ProvisionerRule> = Api::all(places.client().await);
    for name in default_rules().into_iter().filter(|name| name != "route") {
        let ready = |rule: Option<&ProvisionerRule>| {
            let status = rule.and_then(|rule| rule.status.as_ref());
            status.is_some_and(|status| is_true(&status.conditions, ConditionType::Ready))
        };
        wait::within(&places, api.clone(), &name, "is admitted", ready).await;
    }
}
