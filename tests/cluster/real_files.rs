//! Score files that nobody here wrote, whole lives of them: they reach Ready, a second look at them
//! changes nothing, an edit changes what it must, and a deletion leaves nothing (E11, S22, S23).

use score_operator::api::conditions::{Condition, ConditionStatus, ConditionType, Reason};
use serde_json::{Value, json};

use crate::gateway;
use crate::support::workload::condition;
use crate::support::{Confined, Namespace, Score, cluster, cluster_without_operator, rule, score};

/// A Score file, an edit of it, and what that must change besides the ScoreWorkload.
struct Example {
    path: &'static str,
    edit: (&'static str, Value),
    changes: &'static [&'static str],
}

impl Example {
    fn file(&self) -> Score {
        Score::wrapped(&format!("tests/data/score/examples/{}/score.yaml", self.path))
    }

    /// Its whole life.
    async fn lives(self, namespace: &str) {
        let cluster = cluster_without_operator().await;
        let ns = cluster.namespace(namespace).await;
        let operator = cluster.operate(&ns);
        let file = self.file();
        let workload = ns.apply(file.clone()).await;
        workload.becomes_ready().await;
        let _operator = changes_nothing(&ns, operator, || cluster.operate(&ns)).await;
        let before = ns.snapshot().await;
        let (pointer, value) = self.edit;
        ns.apply(file.set(pointer, value)).await.becomes_ready().await;
        let mut expected = vec![format!("~ ScoreWorkload/{}", workload.name)];
        expected.extend(self.changes.iter().map(|change| (*change).to_owned()));
        expected.sort();
        let mut changes = before.changes(&ns.snapshot().await);
        changes.sort();
        assert_eq!(changes, expected, "of {pointer}");

        workload.delete().await;
        ns.workload(PROBE).await.delete().await;
        ns.is_empty().await;
    }
}

/// A workload beside the others: an operator comes to what is new of it after what was there.
pub const PROBE: &str = "probe";

/// Ends the operator and starts one that remembers nothing, lets it come to everything in the namespace,
/// and asks the API server whether it changed anything: the second look at all of it.
pub async fn changes_nothing(ns: &Namespace, first: Confined, start: impl FnOnce() -> Confined) -> Confined {
    // What the first was sending is sent by then.
    ns.apply(score(PROBE)).await.becomes_ready().await;
    drop(first);
    let second = ns.audit().mark();
    let operator = start();
    ns.apply(score(PROBE).image("registry.example/main:2")).await.becomes_ready().await;
    let requests = ns.audit().since(second).by_operator().in_namespace(&ns.name);
    // The probe tells of itself in events.
    let others = requests.mutating().but_named(PROBE).but("events");
    others.are_none(&format!("a second look at {} changes something", ns.name));
    operator
}

/// Every official sample and example.
pub fn examples() -> Vec<Score> {
    let root = format!("{}/tests/data/score", env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut dirs = vec![format!("{root}/examples"), format!("{root}/samples")];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            let path = entry.to_str().unwrap().to_owned();
            if entry.is_dir() {
                dirs.push(path);
            } else if entry.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() >= 26, "some examples are missing: {found:?}");
    let relative = |path: &String| Score::wrapped(&path[env!("CARGO_MANIFEST_DIR").len() + 1..]);
    found.iter().map(relative).collect()
}

const DEPLOYMENT: &[&str] = &["~ Deployment/my-workload"];

#[tokio::test]
async fn e11_specification_annotations() {
    let edit = ("/metadata/annotations/podscoreannotationkey", json!("another"));
    Example { path: "specification/annotations", edit, changes: DEPLOYMENT }.lives("e11-annotations").await;
}

#[tokio::test]
async fn e11_specification_command() {
    let edit = ("/containers/demo/args", json!(["-c", "sleep 5"]));
    Example { path: "specification/command", edit, changes: DEPLOYMENT }.lives("e11-command").await;
}

#[tokio::test]
async fn e11_specification_files() {
    let edit = ("/containers/my-container/files/~1fileB.txt/content", json!("I am another"));
    let changes = &["~ ConfigMap/my-workload-my-container-file-ae7f6a5c41", "~ Deployment/my-workload"];
    Example { path: "specification/files", edit, changes }.lives("e11-files").await;
}

#[tokio::test]
async fn e11_specification_limits_and_requests() {
    let edit = ("/containers/my-container/resources/limits/cpu", json!("0.5"));
    Example { path: "specification/limits-and-requests", edit, changes: DEPLOYMENT }
        .lives("e11-limits")
        .await;
}

#[tokio::test]
async fn e11_specification_probes() {
    let edit = ("/containers/my-container/livenessProbe/httpGet/path", json!("/well"));
    Example { path: "specification/probes", edit, changes: DEPLOYMENT }.lives("e11-probes").await;
}

#[tokio::test]
async fn e11_specification_service() {
    let edit = ("/service/ports/www/port", json!(8081));
    let changes = &["~ Service/my-workload"];
    Example { path: "specification/service", edit, changes }.lives("e11-service").await;
}

#[tokio::test]
async fn e11_specification_variables() {
    let edit = ("/containers/my-container/variables/TEST", json!("hello"));
    Example { path: "specification/variables", edit, changes: DEPLOYMENT }.lives("e11-variables").await;
}

#[tokio::test]
async fn e11_specification_volumes() {
    let edit = ("/containers/my-container/volumes/~1data/readOnly", json!(true));
    Example { path: "specification/volumes", edit, changes: DEPLOYMENT }.lives("e11-volumes").await;
}

/// An edit of the program that uses a resource, which leaves the resource alone.
async fn resource(name: &'static str) {
    let edit = ("/containers/my-container/args", json!(["-c", "sleep 5"]));
    let path = format!("resources/{name}").leak();
    Example { path, edit, changes: DEPLOYMENT }.lives(&format!("e11-{name}")).await;
}

#[tokio::test]
async fn e11_resources_amqp() {
    resource("amqp").await;
}

#[tokio::test]
async fn e11_resources_mysql() {
    resource("mysql").await;
}

#[tokio::test]
async fn e11_resources_postgres() {
    resource("postgres").await;
}

#[tokio::test]
async fn e11_resources_redis() {
    resource("redis").await;
}

#[tokio::test]
async fn e11_resources_dns_and_route() {
    let cluster = cluster_without_operator().await;
    gateway::install(cluster);
    let ns = cluster.namespace("e11-dns").await;
    let operator = cluster.operate(&ns);
    let file = Score::wrapped("tests/data/score/examples/resources/dns/score.yaml");
    let workload = ns.apply(file.clone()).await;
    workload.awaits(Reason::WaitingForResources).await;
    gateway::accept(&ns, "my-workload.route", |host| host.ends_with(".localhost")).await;
    workload.becomes_ready().await;
    let _operator = changes_nothing(&ns, operator, || cluster.operate(&ns)).await;
    let before = ns.snapshot().await;
    let host = json!("shop.example.com");
    let edited = ns.apply(file.set("/resources/dns/params/hostname", host)).await;
    gateway::accept(&ns, "my-workload.route", |host| host == "shop.example.com").await;
    edited.becomes_ready().await;
    let changes = before.changes(&ns.snapshot().await);
    let kinds: Vec<_> = changes.iter().filter_map(|change| change.split('/').next()).collect();
    assert_eq!(
        kinds,
        ["~ HTTPRoute", "~ ScoreResource", "~ ScoreResource", "~ ScoreWorkload"],
        "{changes:?}"
    );

    workload.delete().await;
    ns.workload(PROBE).await.delete().await;
    ns.is_empty().await;
}

fn assert_says(said: &Condition, parts: &[&str]) {
    let missing: Vec<_> = parts.iter().filter(|part| !said.message.contains(**part)).collect();
    assert!(missing.is_empty(), "{missing:?} not in: {}", said.message);
}

/// Everything that stands in its way is told, all at once where it can be, and each cure cures.
#[tokio::test]
async fn s22_the_official_sample_is_told_what_is_wrong_with_it() {
    let ns = cluster().await.namespace("s22").await;
    for type_ in ["Resource-One", "Resource-Two", "Type-Three"] {
        let params = json!({"type": "object"});
        ns.rule(rule(type_).set("/params", params).offers("name", json!("{{ id }}"))).await;
    }
    let file = Score::wrapped("tests/data/score/samples/score-full.yaml");
    // The reason is that of the first.
    let said = ns.apply(file.clone()).await.is_refused(Reason::FileSourceUnsupported).await;
    let lines: Vec<_> = said.message.lines().collect();
    let paths: Vec<_> = lines.iter().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    let expected = [
        "containers.container-one1.files[\"/my/file\"].source",
        "containers.container-one1.resources.requests.cpu",
        "containers.container-one1.resources.requests.memory",
        "containers.container-one1.volumes[\"/mnt/something\"].source",
        "containers.container-one1.volumes[\"/mnt/something-else\"].source",
        "containers.container-two2.image",
    ];
    assert_eq!(paths, expected, "{}", said.message);
    assert_says(&said, &["`score-operator wrap`", "`1000m` is above the limit `0.24`", "is `.`"]);

    let one = "/containers/container-one1";
    let requests = json!({"cpu": "100m", "memory": "100M"});
    let mended = file
        .set(&format!("{one}/resources/requests"), requests)
        .set(&format!("{one}/files/~1my~1file"), json!({"mode": "0600", "content": "inlined"}))
        .annotation("k8s.score.dev/image", "registry.example/two:1");
    let whole = mended
        .set(&format!("{one}/volumes/~1mnt~1something/source"), json!("${resources.disk}"))
        .set(&format!("{one}/volumes/~1mnt~1something-else/source"), json!("${resources.disk}"))
        .needs("disk", "volume");
    // Score allows `_` in the name of a header, and no API server does.
    let refused = ns.apply(whole.clone()).await.is_refused(Reason::Refused).await;
    assert_says(
        &refused,
        &["Deployment `example-workload-name123`", "httpGet.httpHeaders", "\"SOME_HEADER\""],
    );
    let now = ns.workload("example-workload-name123").await.now().await;
    let available = condition(&now, ConditionType::Available);
    assert_eq!(available.status, ConditionStatus::Unknown, "there are no pods: {}", available.message);

    let header = json!([{"name": "Some-Header", "value": "some-value-here"}]);
    let workload = ns.apply(whole.set(&format!("{one}/readinessProbe/httpGet/httpHeaders"), header)).await;
    workload.becomes_ready().await;
    workload.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn s20_s23_the_sample_in_array_forms_is_taken_once_wrapped() {
    let ns = cluster().await.namespace("s23").await;
    let path = "tests/data/score/samples/score-deprecated-files-and-volumes.yaml";
    let plain = json!({
        "apiVersion": "k8s.score.dev/v1alpha1", "kind": "ScoreWorkload",
        "metadata": {"name": "deprecated-files-example"}, "spec": crate::support::yaml(&crate::support::file(path)),
    });
    let refusal = ns.try_apply(&Score::from_yaml(&plain.to_string())).await.unwrap_err();
    assert!(refusal.message.contains("spec.containers.main.files"), "{}", refusal.message);

    let file = Score::wrapped(path);
    let said = ns.apply(file.clone()).await.is_refused(Reason::UnknownResource).await;
    assert_says(&said, &["containers.main.volumes[\"/mnt/vol\"].source", "some-volume"]);
    let source = json!("${resources.some-volume}");
    let mended =
        file.set("/containers/main/volumes/~1mnt~1vol/source", source).needs("some-volume", "volume");
    let workload = ns.apply(mended).await;
    workload.becomes_ready().await;
    workload.delete().await;
    ns.is_empty().await;
}
