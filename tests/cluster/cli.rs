//! The commands that ask a cluster, through the real program: `diff` and `explain NAME`. Neither writes.

use std::path::{Path, PathBuf};
use std::process::Command;

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;
use score_operator::api::workload::ScoreWorkload;
use serde_json::{Value, json};

use crate::support::{Cluster, Namespace, cluster, rule, score};

/// What a run leaves behind.
#[derive(Debug)]
struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

fn program(cluster: &Cluster, ns: &Namespace, args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_score-operator"));
    command.env("KUBECONFIG", cluster.kubeconfig()).args(args).args(["-n", &ns.name]);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The Score file of a workload of the cluster, edited.
fn edited(dir: &Path, workload: &ScoreWorkload, edit: impl Fn(&mut Value)) -> PathBuf {
    let mut spec = json!(workload.spec);
    spec["apiVersion"] = json!("score.dev/v1b1");
    spec["metadata"]["name"] = json!(workload.name_any());
    edit(&mut spec);
    let path = dir.join("score.yaml");
    std::fs::write(&path, spec.to_string()).unwrap();
    path
}

fn diff(cluster: &Cluster, ns: &Namespace, file: &Path) -> Run {
    program(cluster, ns, &["diff", file.to_str().unwrap()])
}

/// The workload as the cluster has it: no difference.
fn assert_says_nothing_of_what_is_there(
    cluster: &Cluster,
    ns: &Namespace,
    dir: &Path,
    workload: &ScoreWorkload,
) {
    let unchanged = dir.join("workload.yaml");
    std::fs::write(&unchanged, json!(workload).to_string()).unwrap();
    let unchanged = diff(cluster, ns, &unchanged);
    assert_eq!((unchanged.status, unchanged.stdout.as_str()), (0, ""), "{unchanged:?}");
}

const MIXED: &str = "password = ${resources.it.password}";

#[tokio::test]
async fn diff_says_what_would_change_and_writes_nothing() {
    let (cluster, dir) = (cluster().await, tempfile::tempdir().unwrap());
    let ns = cluster.namespace("cli-diff").await;
    ns.rule(rule("lent").makes_config_map()).await;
    let file = score("web").needs("it", "lent").variable("IT", "${resources.it.name}").variable("A", "1");
    let workload = ns.apply(file).await.becomes_ready().await;
    let before = ns.get::<Deployment>("web").await;

    let same = diff(cluster, &ns, &edited(dir.path(), &workload, |_| {}));
    assert_eq!(same.status, 1, "{same:?}");
    // The file says its apiVersion and name; the children stay as they are.
    assert!(same.stdout.contains("+  apiVersion: score.dev/v1b1"), "{same:?}");
    assert!(!same.stdout.contains("Deployment"), "{same:?}");

    assert_says_nothing_of_what_is_there(cluster, &ns, dir.path(), &workload);

    let changed = diff(
        cluster,
        &ns,
        &edited(dir.path(), &workload, |spec| {
            spec["containers"]["main"]["variables"]["A"] = json!("2");
            spec["service"] = json!({"ports": {"http": {"port": 80}}});
        }),
    );
    assert_eq!(changed.status, 1, "{changed:?}");
    for line in [
        "--- live/ScoreWorkload.cli-diff.web",
        "--- live/apps.v1.Deployment.cli-diff.web",
        "-          value: \"1\"",
        "+          value: \"2\"",
        "+++ wanted/v1.Service.cli-diff.web",
        "+kind: Service",
        "kind: ScoreWorkload",
    ] {
        assert!(
            changed.stdout.contains(line),
            "{line:?} is missing in\n{}\n{}",
            changed.stdout,
            changed.stderr
        );
    }
    assert!(!changed.stdout.contains('\u{1b}') && !changed.stdout.contains("managedFields"), "{changed:?}");

    let after = ns.get::<Deployment>("web").await;
    assert_eq!(after.metadata.resource_version, before.metadata.resource_version);
    assert_eq!(ns.get::<ScoreWorkload>("web").await.metadata.generation, workload.metadata.generation);
}

#[tokio::test]
async fn diff_has_a_status_above_one_for_trouble() {
    let (cluster, dir) = (cluster().await, tempfile::tempdir().unwrap());
    let ns = cluster.namespace("cli-trouble").await;
    let workload = ns.apply(score("web")).await.becomes_ready().await;
    let refused = edited(dir.path(), &workload, |spec| spec["containers"]["main"]["imgae"] = json!("x"));
    let refused = diff(cluster, &ns, &refused);
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(refused.stderr.contains("did you mean `image`?"), "{refused:?}");

    let nowhere = Command::new(env!("CARGO_BIN_EXE_score-operator"))
        .env("KUBECONFIG", dir.path().join("nothing"))
        .args(["diff", "score.yaml"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(nowhere.status.code().unwrap() > 1, "{nowhere:?}");
}

#[tokio::test]
async fn diff_never_shows_what_a_secret_holds() {
    let (cluster, dir) = (cluster().await, tempfile::tempdir().unwrap());
    let ns = cluster.namespace("cli-secret").await;
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "given"},
        "data": {"password": "aHVudGVyMg=="}});
    ns.create(&secret).await;
    ns.rule(rule("given").offers("password", json!("{{ secret_ref('given', 'password') }}"))).await;
    let file = score("web").needs("it", "given");
    let file = file.set("/containers/main/files", json!({"/etc/conf": {"content": MIXED}}));
    let workload = ns.apply(file).await.becomes_ready().await;

    assert_says_nothing_of_what_is_there(cluster, &ns, dir.path(), &workload);

    let changed = diff(
        cluster,
        &ns,
        &edited(dir.path(), &workload, |spec| {
            spec["containers"]["main"]["files"]["/etc/conf"]["content"] = json!(format!("new {MIXED}"));
        }),
    );
    assert_eq!(changed.status, 1, "{changed:?}");
    assert!(changed.stdout.contains("+  file: <hidden, changed>"), "{changed:?}");
    for shown in ["hunter2", "aHVudGVyMg", "cGFzc3dvcmQ"] {
        assert!(!changed.stdout.contains(shown) && !changed.stderr.contains(shown), "{changed:?}");
    }
}

#[tokio::test]
async fn explain_reads_the_statuses_of_a_cluster() {
    let cluster = cluster().await;
    let ns = cluster.namespace("cli-explain").await;
    ns.rule(rule("lent").makes_config_map()).await;
    let lent = ns.rule_name("lent");
    ns.apply(score("neighbour")).await.becomes_ready().await;
    ns.apply(score("web").needs("it", "lent").with_id("common")).await.becomes_ready().await;

    let tree = program(cluster, &ns, &["explain", "web"]);
    assert_eq!(tree.status, 0, "{tree:?}");
    for line in [
        "workload web, namespace cli-explain\n",
        &format!("rule {lent} chosen: no other rule matches\n"),
        "name: \"lent-common\"\n",
        "ConfigMap lent-common\n",
        "Deployment web\n",
    ] {
        assert!(tree.stdout.contains(line), "{line:?} is missing in\n{}", tree.stdout);
    }
    assert!(!tree.stdout.contains("neighbour"), "{tree:?}");

    let json = program(cluster, &ns, &["explain", "web", "-o", "json"]);
    let graph: Value = serde_json::from_str(&json.stdout).unwrap();
    let resources: Vec<_> =
        graph["nodes"].as_array().unwrap().iter().filter(|node| node["kind"] == "resource").collect();
    assert_eq!(resources.len(), 1, "{graph}");
    assert_eq!(resources[0]["state"], json!({"ready": true}));

    let nobody = program(cluster, &ns, &["explain", "wbe"]);
    assert_eq!(nobody.status, 1, "{nobody:?}");
    assert!(nobody.stderr.contains("did you mean `web`?"), "{nobody:?}");
}
