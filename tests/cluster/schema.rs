//! What the API server refuses when a Score file is applied: all that a CRD can say of Score's schema.

use score_operator::api::names::ResourceUid;
use score_operator::api::resource::ScoreResource;
use serde_json::{Value, json};

use crate::lifecycle::payments_api;
use crate::support::kinds::kind;
use crate::support::{Cluster, Score, cluster, score};

/// A file that must be refused, and what the answer must say.
pub type Refused = (&'static str, Score, &'static str);

fn with(pointer: &str, value: Value) -> Score {
    score("web").set(pointer, value)
}

fn port(value: Value) -> Score {
    with("/service/ports/http", value)
}

fn container(key: &str, value: Value) -> Score {
    with(&format!("/containers/main/{key}"), value)
}

fn file(value: Value) -> Score {
    container("files/~1etc~1app", value)
}

fn probe(value: Value) -> Score {
    container("livenessProbe", value)
}

fn resource(value: Value) -> Score {
    with("/resources/db", value)
}

/// Rules of Score's schema, by their ids.
pub fn refused() -> Vec<Refused> {
    let http = |port: Value| json!({"httpGet": {"path": "/", "port": port}});
    let header = |name: &str, value: &str| {
        probe(json!({"httpGet": {"path": "/", "port": 80, "httpHeaders": [{"name": name, "value": value}]}}))
    };
    vec![
        ("S01", with("/container", json!({})), "unknown field \"spec.container\""),
        ("S01", score("web").without("/containers"), "spec.containers: Required value"),
        ("S02", with("/apiVersion", json!("score.dev/v1b2")), "score.dev/v1b1"),
        ("S03", with("/metadata/name", json!("other")), "metadata.name"),
        ("S03", with("/metadata/name", json!("Web")), "spec.metadata.name"),
        ("S05", score("web").annotation("a", "1"), "annotation keys"),
        ("S05", score("web").annotation("bad key", "1"), "annotation keys"),
        ("S05", with("/metadata/annotations/key", json!(1)), "spec.metadata.annotations.key"),
        ("S06", with("/service/port", json!(80)), "unknown field \"spec.service.port\""),
        ("S06", with("/service/ports/x", json!({"port": 80})), "names have 2 to 63"),
        ("S06", with("/service/ports/Http", json!({"port": 80})), "names have 2 to 63"),
        ("S07", port(json!({})), "port: Required value"),
        ("S07", port(json!({"port": 0})), "greater than or equal to 1"),
        ("S07", port(json!({"port": 65536})), "less than or equal to 65535"),
        ("S07", port(json!({"port": "80"})), "must be of type integer"),
        ("S07", port(json!({"port": 80, "targetPort": 0})), "greater than or equal to 1"),
        ("S07", port(json!({"port": 80, "protocol": "HTTP"})), "supported values: \"TCP\", \"UDP\""),
        ("S07", port(json!({"port": 80, "name": "x"})), "unknown field \"spec.service.ports.http.name\""),
        ("S08", with("/containers", json!({})), "at least 1"),
        ("S08", with("/containers/x", json!({"image": "a"})), "names have 2 to 63"),
        ("S08", with("/containers/-x", json!({"image": "a"})), "names have 2 to 63"),
        ("S09", score("web").without("/containers/main/image"), "image: Required value"),
        ("S09", score("web").image(""), "image"),
        ("S10", container("command", json!("sh")), "must be of type array"),
        ("S10", container("args", json!([1])), "must be of type string"),
        ("S11", container("variables/PORT", json!(3000)), "must be of type string"),
        ("S11", container("variables/YES", json!(true)), "must be of type string"),
        ("S11", score("web").variable("A=B", "1"), "names of variables"),
        ("S11", score("web").variable("", "1"), "names of variables"),
        ("S12", file(json!({})), "must validate one and only one schema"),
        ("S12", file(json!({"content": "a", "source": "b"})), "must validate one and only one schema"),
        ("S12", file(json!({"content": "a", "mode": "9999"})), "mode"),
        ("S12", file(json!({"content": "a", "target": "/x"})), "unknown field"),
        ("S13", container("volumes/~1data", json!({"path": "x"})), "source: Required value"),
        ("S13", container("volumes/~1data", json!({"source": "x", "target": "/x"})), "unknown field"),
        ("S14", container("before/other", json!({})), "ready: Required value"),
        ("S14", container("before/other", json!({"ready": "soon"})), "supported values"),
        ("S14", container("before/x", json!({"ready": "started"})), "names have 2 to 63"),
        ("S15", container("resources/limits/memory", json!("128m")), "limits.memory"),
        ("S15", container("resources/limits/memory", json!("0")), "limits.memory"),
        ("S15", container("resources/requests/cpu", json!(".5")), "requests.cpu"),
        ("S15", container("resources/requests/cpu", json!(1)), "must be of type string"),
        ("S15", container("resources/requests/gpu", json!("1")), "unknown field"),
        ("S16", probe(json!({})), "livenessProbe"),
        ("S17", probe(http(json!(0))), "greater than or equal to 1"),
        ("S17", probe(json!({"httpGet": {"port": 80}})), "path: Required value"),
        ("S17", probe(json!({"httpGet": {"path": "/", "port": 80, "scheme": "http"}})), "supported values"),
        ("S17", probe(json!({"httpGet": {"path": "/", "port": 80, "host": ""}})), "host"),
        ("S17", header("bad name", "x"), "name"),
        ("S17", header("name", ""), "value"),
        ("S18", probe(json!({"exec": {}})), "command: Required value"),
        ("S19", resource(json!({})), "type: Required value"),
        ("S19", resource(json!({"type": "x"})), "type"),
        ("S19", resource(json!({"type": "postgres", "class": "a_b"})), "class"),
        ("S19", resource(json!({"type": "postgres", "id": "A"})), "id"),
        ("S19", resource(json!({"type": "postgres", "params": []})), "params"),
        ("S19", resource(json!({"type": "postgres", "size": 1})), "unknown field"),
        ("S19", with("/resources/DB", json!({"type": "postgres"})), "names have 2 to 63"),
    ]
}

#[tokio::test]
async fn s01_to_s19_what_score_does_not_allow_is_refused_at_apply_and_the_answer_says_where() {
    let ns = cluster().await.namespace("schema").await;
    let mut wrong = Vec::new();
    for (id, file, says) in refused() {
        match ns.dry_create(&file).await {
            Ok(()) => wrong.push(format!("{id}: accepted: {}", file.body["spec"])),
            Err(status) if !status.message.contains(says) => {
                wrong.push(format!("{id}: expected {says:?} in: {}", status.message));
            }
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), refused().len(), wrong.join("\n"));
}

#[tokio::test]
async fn s01_null_is_no_service_and_no_resources() {
    // By plain creation the API server drops the null, which then means the same as nothing.
    let ns = cluster().await.namespace("schema-null").await;
    for field in ["service", "resources"] {
        let refusal = ns.dry_run(&with(&format!("/{field}"), Value::Null)).await.unwrap_err();
        assert!(refusal.message.contains(&format!("spec.{field}")), "{}", refusal.message);
    }
}

/// Bounds that are still allowed, and what a CRD must keep its hands off.
fn accepted() -> Vec<(&'static str, Score)> {
    let long = "a".repeat(63);
    let http = |rest: Value| {
        let mut all = json!({"path": "", "port": 65535});
        all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        probe(json!({"httpGet": all}))
    };
    vec![
        ("S01", with("/service", json!({}))),
        ("S01", with("/resources", json!({}))),
        ("S02", with("/apiVersion", json!("score.dev/v1b1"))),
        ("S03", with("/metadata/name", json!("web"))),
        ("S03", score("9-lives")),
        ("S04", with("/metadata/team", json!({"name": "a", "members": [1, null, true]}))),
        ("S05", score("web").annotation("example.com/ab", "1")),
        ("S06", with(&format!("/service/ports/{long}"), json!({"port": 80}))),
        ("S07", port(json!({"port": 65535, "targetPort": 1, "protocol": "UDP"}))),
        ("S08", with(&format!("/containers/{long}"), json!({"image": "a"}))),
        ("S09", score("web").image(".")),
        ("S10", container("command", json!([]))),
        ("S11", score("web").variable("a b", "").variable("1", "$(A)")),
        ("S12", file(json!({"content": "", "mode": "0600", "noExpand": true}))),
        ("S12", file(json!({"binaryContent": "AA==", "mode": "644"}))),
        ("S12", file(json!({"source": "a.txt"}))),
        ("S13", container("volumes/~1data", json!({"source": "x", "path": "", "readOnly": true}))),
        ("S14", container("before/other", json!({"ready": "healthy"}))),
        ("S15", container("resources/limits", json!({"memory": "1.5Gi", "cpu": "007"}))),
        ("S16", probe(json!({"httpGet": {"path": "/", "port": 80}, "exec": {"command": []}}))),
        (
            "S17",
            http(json!({"scheme": "HTTPS", "host": "h", "httpHeaders": [{"name": "A_b-1", "value": "x"}]})),
        ),
        (
            "S19",
            resource(json!({"type": "My-Type1", "class": "Large", "id": "a.b--c", "metadata": {"x": [1]}})),
        ),
        ("S19", resource(json!({"type": "postgres", "params": {"deep": [{"null": null}], "n": 1.5}}))),
    ]
}

#[tokio::test]
async fn s01_to_s19_what_score_allows_is_accepted_and_stored_as_it_was_written() {
    let ns = cluster().await.namespace("schema-ok").await;
    let mut wrong = Vec::new();
    for (id, file) in accepted() {
        match ns.dry_run(&file).await {
            Ok(stored) if json!(stored.spec) == file.body["spec"] => {}
            Ok(stored) => {
                wrong.push(format!("{id}: {}\n  stored as {}", file.body["spec"], json!(stored.spec)));
            }
            Err(status) => wrong.push(format!("{id}: {}: {}", file.body["spec"], status.message)),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), accepted().len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_file_that_is_applied_is_stored_as_it_was_written() {
    let ns = cluster().await.namespace("stored").await;
    let workload = ns.apply(payments_api()).await;
    workload.becomes_ready().await;
    let stored = workload.now().await;
    assert_eq!(json!(stored.spec), payments_api().body["spec"], "no default is written into it");
    assert_eq!(stored.metadata.generation, Some(1), "and nobody edits it");
}

#[tokio::test]
async fn kubectl_refuses_a_typing_error_and_explains_the_fields() {
    let cluster = cluster().await;
    let text = "{apiVersion: k8s.score.dev/v1alpha1, kind: ScoreWorkload, metadata: {name: web, namespace: default}, \
                spec: {containers: {main: {imge: a}}}}";
    let refusal = cluster.kubectl(&["apply", "-f", "-"], text).unwrap_err();
    assert!(refusal.contains("unknown field \"spec.containers.main.imge\""), "{refusal}");

    let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let explain = |path: &str| words(cluster.kubectl(&["explain", path], "").unwrap());
    assert!(explain("swl.spec").contains("paste your `score.yaml` here"));
    assert!(explain("swl.spec.containers").contains("They run side by side in one pod"));
    assert!(explain("swl.spec.resources.params").contains("the rule says which there are"));
    assert!(explain("sres.status.inventory").contains("Only these are ever deleted"));
    assert!(explain("prule.spec.readyWhen").contains("before the resource is ready"));
}

/// The rule that the format was agreed upon by: `null` in `match` is the same as nothing, however it is applied.
#[tokio::test]
async fn p01_the_rule_of_the_contract_is_taken_as_it_stands() {
    // Its own: other tests have a kind of that name which is in no namespace.
    let cluster = Cluster::start("contract");
    let ns = cluster.namespace_with_labels("contract", &[("env", "prod")]).await;
    // The rule says nothing of kinds in no namespace: so its kind is in one.
    let instance = kind("rds.aws.upbound.io", "v1beta1", "Instance");
    cluster.kubectl(&["apply", "--server-side", "-f", "-"], &instance).unwrap();
    let rule = crate::support::file("tests/data/postgres-rds.yaml");
    for how in ["--server-side", "--validate=strict"] {
        let said = cluster.kubectl(&["apply", "-f", "-", "--dry-run=server", how], &rule);
        assert!(said.is_ok(), "{how}: {said:?}");
    }
    cluster.kubectl(&["apply", "-f", "-", "--server-side"], &rule).unwrap();
    cluster.kubectl(&["wait", "prule/postgres-rds", "--for=condition=Ready", "--timeout=60s"], "").unwrap();
    ns.apply(with("/resources/db", json!({"type": "postgres", "class": "production"}))).await;
    let uid = ResourceUid { type_: "postgres".into(), class: "production".into(), id: "web.db".into() };
    let is_bound = |found: &ScoreResource| found.spec.rule.as_deref() == Some("postgres-rds");
    ns.sees(&uid.object_name(), "is provided by the rule", is_bound).await;
}
