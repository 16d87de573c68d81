use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Error, Progress, build, cache, go, sources::Sources};

/// The programs that a control plane consists of.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The binary with all parts of Kubernetes, kubectl and the supervisor.
    pub controlplane: PathBuf,
    /// Simulates the node and its pods.
    pub kwok: PathBuf,
    /// Directories or files that tell kwok how.
    pub stages: Vec<PathBuf>,
    /// An etcd in place of ours.
    pub etcd: Option<PathBuf>,
    /// A kube-apiserver in place of ours.
    pub kube_apiserver: Option<PathBuf>,
    /// A kubectl in place of ours.
    pub kubectl: Option<PathBuf>,
}

impl Tools {
    /// Finds the programs in the cache directory, or builds them into it, which takes minutes and needs Go.
    ///
    /// The cache directory is `$SCORE_OPERATOR_CACHE`, else `$XDG_CACHE_HOME/score-operator`, else
    /// `$HOME/.cache/score-operator`. Where `KUBEBUILDER_ASSETS` is set, etcd and kube-apiserver (and kubectl, if there)
    /// are taken from it.
    pub fn ensure(progress: &dyn Progress) -> Result<Self, Error> {
        let tools = Self::own(progress)?;
        match env::var_os("KUBEBUILDER_ASSETS").filter(|value| !value.is_empty()) {
            Some(assets) => tools.with_assets(Path::new(&assets)),
            None => Ok(tools),
        }
    }

    fn own(progress: &dyn Progress) -> Result<Self, Error> {
        let sources = Sources::read()?;
        let cache = cache::dir()?;
        let build = match go::version(&sources.dir) {
            Ok(version) => cache::find_or_build(&cache, &sources, &version, progress)?,
            Err(no_go) => cache::find(&cache, &sources).ok_or(no_go)?,
        };
        Ok(Self::in_build(&build))
    }

    fn in_build(dir: &Path) -> Self {
        let bin = dir.join(build::BIN);
        Self {
            controlplane: bin.join("controlplane"),
            kwok: bin.join("kwok"),
            stages: build::STAGES.iter().map(|stages| dir.join(stages)).collect(),
            etcd: None,
            kube_apiserver: None,
            kubectl: None,
        }
    }

    fn with_assets(self, assets: &Path) -> Result<Self, Error> {
        let program = |name: &'static str| {
            let path = assets.join(name);
            if path.is_file() {
                Ok(path)
            } else {
                Err(Error::Assets { dir: assets.to_owned(), missing: name })
            }
        };
        Ok(Self {
            etcd: Some(program("etcd")?),
            kube_apiserver: Some(program("kube-apiserver")?),
            kubectl: program("kubectl").ok(),
            ..self
        })
    }

    /// The command of the supervisor that runs a control plane in a directory.
    pub(super) fn up(&self, dir: &Path) -> Command {
        let mut up = Command::new(&self.controlplane);
        up.arg("up").arg("--dir").arg(dir).arg("--kwok").arg(&self.kwok);
        for stages in &self.stages {
            up.arg("--stages").arg(stages);
        }
        for (flag, path) in [("--etcd", &self.etcd), ("--kube-apiserver", &self.kube_apiserver)] {
            if let Some(path) = path {
                up.arg(flag).arg(path);
            }
        }
        up
    }

    /// kubectl, without a kubeconfig of its own.
    pub(super) fn kubectl(&self) -> Command {
        if let Some(kubectl) = &self.kubectl {
            return Command::new(kubectl);
        }
        let mut kubectl = Command::new(&self.controlplane);
        kubectl.arg("kubectl");
        kubectl
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_must_hold_etcd_and_kube_apiserver() {
        let assets = tempfile::tempdir().unwrap();
        let tools = Tools::in_build(Path::new("/build"));
        std::fs::write(assets.path().join("etcd"), "").unwrap();
        let error = tools.clone().with_assets(assets.path()).unwrap_err().to_string();
        assert!(
            error.contains("no file kube-apiserver in it") && error.contains("To fix: unset it"),
            "{error}"
        );

        std::fs::write(assets.path().join("kube-apiserver"), "").unwrap();
        let tools = tools.with_assets(assets.path()).unwrap();
        assert_eq!(tools.etcd, Some(assets.path().join("etcd")));
        assert_eq!(tools.kubectl().get_program(), "/build/bin/controlplane");
    }

    #[test]
    fn up_names_every_directory_of_stages() {
        let up = format!("{:?}", Tools::in_build(Path::new("/b")).up(Path::new("/d")));
        assert!(up.contains(r#""--stages" "/b/stages/kwok" "--stages" "/b/stages/sim""#), "{up}");
    }
}
