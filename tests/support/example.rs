//! The worked examples in `examples/`, as tests take them: the files as they are. What a test needs besides,
//! a name and a namespace of its own for each rule, is put around them and not into them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::Api;
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::Condition;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::{Cluster, Rule, Score, cluster};

/// What an example says of kinds that a cluster may not serve: made-up definitions of them.
pub const STAND_INS: &str = "stand-in-crds.yaml";
/// What an example lets the operator do.
pub const RIGHTS: &str = "rbac.yaml";

/// One directory of `examples/`.
pub struct Example {
    path: PathBuf,
}

impl Example {
    /// The example of this name.
    pub fn new(name: &str) -> Self {
        Self { path: root().join(name) }
    }

    /// All examples, by name.
    pub fn all() -> BTreeMap<String, Self> {
        let entries = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
        let examples = entries.filter(|path| path.join("README.md").is_file());
        examples.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), Self { path })).collect()
    }

    /// The names of its files, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.path).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Where one of its files is.
    pub fn path(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    /// The text of one of its files.
    pub fn text(&self, file: &str) -> String {
        let path = self.path(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The objects in one of its files.
    pub fn objects(&self, file: &str) -> Vec<Value> {
        let parsed = serde_saphyr::from_multiple(&self.text(file));
        parsed.unwrap_or_else(|error| panic!("{}: {error}", self.path(file).display()))
    }

    /// The rule in one of its files.
    pub fn rule(&self, file: &str) -> Rule {
        Rule { body: self.only(file) }
    }

    /// The ScoreWorkload in one of its files.
    pub fn workload(&self, file: &str) -> Score {
        Score::from_yaml(&self.only(file).to_string())
    }

    fn only(&self, file: &str) -> Value {
        let mut objects = self.objects(file);
        assert_eq!(objects.len(), 1, "{} holds one object", self.path(file).display());
        objects.remove(0)
    }

    /// Those of its files that are there, of some that it may have.
    fn existing(&self, files: &[&str]) -> Vec<PathBuf> {
        files.iter().map(|file| self.path(file)).filter(|path| path.is_file()).collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// The shared control plane, with the stand-in kinds of all examples and the operator's rights for them. All at
/// once, as the garbage collector looks for new kinds only every 30 s.
pub async fn cluster_of_examples() -> &'static Cluster {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let cluster = cluster().await;
    INSTALLED.get_or_init(|| install(cluster)).await;
    cluster
}

async fn install(cluster: &Cluster) {
    let files: Vec<_> =
        Example::all().values().flat_map(|example| example.existing(&[STAND_INS, RIGHTS])).collect();
    let mut arguments = vec!["apply", "--server-side"];
    arguments.extend(files.iter().flat_map(|file| ["-f", file.to_str().unwrap()]));
    cluster.kubectl(&arguments, "").unwrap();
    let all = Example::all();
    let definitions = all.values().filter(|example| example.path(STAND_INS).is_file());
    let definitions = definitions.flat_map(|example| example.objects(STAND_INS));
    let names: Vec<_> =
        definitions.map(|found| found["metadata"]["name"].as_str().unwrap().to_owned()).collect();
    for name in &names {
        let api: Api<CustomResourceDefinition> = Api::all(cluster.admin().await);
        let established = |found: Option<&_>| is_crd_established().matches_object(found);
        cluster.waits(api, name, "is established", established).await;
    }
    // Who is the first to ask for a kind may be told to come again, which kubectl does.
    cluster.kubectl(&["get", "--all-namespaces", &names.join(",")], "").unwrap();
    cluster.rights_are_aggregated().await;
}
