use std::{
    collections::BTreeMap,
    fmt, fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;
use serde_json::Value;

use super::{Error, Tools, kubectl, supervisor::Supervisor};

/// One program of a control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The database.
    Etcd,
    /// The API server.
    ApiServer,
    /// The controllers of Deployments, Jobs and so on.
    ControllerManager,
    /// The scheduler.
    Scheduler,
    /// The simulated node.
    Kwok,
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kwok => "kwok",
        })
    }
}

/// A control plane that runs. It ends when this value is dropped, or this process ends in any way.
pub struct ControlPlane {
    supervisor: Supervisor,
    report: Report,
    tools: Tools,
    dir: PathBuf,
}

/// What the supervisor says when all is ready.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    kubeconfig: PathBuf,
    server: String,
    token: String,
    ca_file: PathBuf,
    audit_log: PathBuf,
    logs: PathBuf,
    pids: BTreeMap<String, u32>,
}

impl ControlPlane {
    /// Starts one with its files in a new or empty directory, and returns when it can run pods.
    pub fn start(tools: &Tools, dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(Error::file("create", dir))?;
        // Our paths must hold wherever kubectl is run.
        let dir = dir.canonicalize().map_err(Error::file("find", dir))?;
        let mut supervisor = Supervisor::start(tools.up(&dir), &dir)?;
        let line = supervisor.ready()?;
        let report = serde_json::from_str(&line).map_err(|error| Error::Ended {
            what: "said something strange when it was ready",
            explanation: format!("{error} in {line}"),
            logs: dir.join("logs"),
        })?;
        Ok(Self { supervisor, report, tools: tools.clone(), dir })
    }

    /// The administrator's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.report.kubeconfig
    }

    /// The address of the API server, as in `https://127.0.0.1:23456`.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.report.server
    }

    /// The administrator's bearer token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.report.token
    }

    /// The certificate of the authority that signed the API server's.
    #[must_use]
    pub fn ca_file(&self) -> &Path {
        &self.report.ca_file
    }

    /// The API server's audit log: one JSON object per line and request, at level Metadata.
    #[must_use]
    pub fn audit_log(&self) -> &Path {
        &self.report.audit_log
    }

    /// The directory with a log file per part.
    #[must_use]
    pub fn logs(&self) -> &Path {
        &self.report.logs
    }

    /// The process of a part: the last one if it was killed.
    #[must_use]
    pub fn pid(&self, part: Part) -> Option<u32> {
        self.report.pids.get(&part.to_string()).copied()
    }

    /// All processes, that of the supervisor included.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.report.pids.values().copied().chain([self.supervisor.id()]).collect()
    }

    /// kubectl with the administrator's kubeconfig, and nothing of the user's.
    #[must_use]
    pub fn kubectl(&self) -> Command {
        let mut kubectl = self.tools.kubectl();
        kubectl.env("KUBECONFIG", &self.report.kubeconfig).env("KUBERC", "off");
        // The cache goes by address, and another control plane may have had this one's port with other kinds in it.
        kubectl.env("KUBECACHEDIR", self.dir.join("kubectl-cache"));
        kubectl
    }

    /// Runs kubectl and returns its stdout.
    pub fn kubectl_output(&self, arguments: &[&str]) -> Result<String, Error> {
        kubectl::run(self.kubectl(), arguments, "")
    }

    /// Applies manifests, as YAML or JSON, with `kubectl apply --server-side`.
    pub fn apply(&self, manifests: &str) -> Result<(), Error> {
        kubectl::run(self.kubectl(), &["apply", "--server-side", "-f", "-"], manifests).map(drop)
    }

    /// A kubeconfig with a fresh token of a `ServiceAccount`, which must exist. The token is valid for a day.
    pub fn service_account_kubeconfig(&self, namespace: &str, name: &str) -> Result<PathBuf, Error> {
        let token =
            self.kubectl_output(&["create", "token", name, "--namespace", namespace, "--duration", "24h"])?;
        let path = self.dir.join(format!("kubeconfig-{namespace}-{name}"));
        let mut kubeconfig = self.read_kubeconfig()?;
        kubeconfig["users"][0]["user"] = serde_json::json!({ "token": token.trim() });
        write_private(&path, &kubeconfig.to_string()).map_err(Error::file("write", &path))?;
        Ok(path)
    }

    /// The administrator's kubeconfig is written as JSON.
    fn read_kubeconfig(&self) -> Result<Value, Error> {
        let path = self.kubeconfig();
        let text = fs::read_to_string(path).map_err(Error::file("read", path))?;
        serde_json::from_str(&text).map_err(|error| Error::file("parse", path)(error.into()))
    }

    /// Kills a part (SIGKILL); [`Self::restart`] brings it back.
    pub fn kill(&mut self, part: Part) -> Result<(), Error> {
        self.supervisor.command(&format!("kill {part}")).map(drop)
    }

    /// Makes a part hang (SIGSTOP) until [`Self::resume`]: it keeps its connections and answers nothing.
    pub fn pause(&mut self, part: Part) -> Result<(), Error> {
        self.supervisor.command(&format!("stop {part}")).map(drop)
    }

    /// Lets a paused part go on (SIGCONT).
    pub fn resume(&mut self, part: Part) -> Result<(), Error> {
        self.supervisor.command(&format!("cont {part}")).map(drop)
    }

    /// Starts a killed part again, with the same port and data. For the API server and etcd: returns when it answers.
    pub fn restart(&mut self, part: Part) -> Result<(), Error> {
        let answer = self.supervisor.command(&format!("start {part}"))?;
        if let Some(pid) = answer.split(' ').next_back().and_then(|pid| pid.parse().ok()) {
            self.report.pids.insert(part.to_string(), pid);
        }
        Ok(())
    }

    /// Waits until it ends by itself, which it does only when a part dies, and returns the reason.
    pub fn wait(&mut self) -> Error {
        self.supervisor.wait()
    }

    /// Ends all parts and waits for that; dropping does the same but cannot say whether it worked.
    pub fn stop(mut self) -> Result<(), Error> {
        self.supervisor.end()
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
