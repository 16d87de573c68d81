//! What is not ours is left as it is; what is ours is kept as it should be.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Service};
use kube::ResourceExt;
use score_operator::api::conditions::Reason;
use serde_json::{Value, json};

use crate::support::look::{image, owner};
use crate::support::namespace::Object;
use crate::support::rule::{config_map, deployment};
use crate::support::{Namespace, Score, Workload, cluster, rule, score};

/// Fails unless the object is as it was to the last byte, bookkeeping included.
async fn assert_untouched<K: Object + PartialEq>(ns: &Namespace, before: &K) {
    assert_eq!(&ns.get::<K>(&before.name_any()).await, before);
}

/// Applies a file that meets a foreign object, which must stay as it is, and makes way for it by
/// deleting the object.
async fn meets_a_foreign_object<K: Object + PartialEq>(
    ns: &Namespace,
    foreign: Value,
    file: Score,
    is_settled: impl Fn(&K) -> bool,
) {
    ns.create(&foreign).await;
    let name = foreign["metadata"]["name"].as_str().unwrap();
    let kind = foreign["kind"].as_str().unwrap();
    let before = ns.sees(name, "is left alone by its own controller", is_settled).await;

    let workload = ns.apply(file).await;
    assert_already_exists(&workload, kind, name).await;
    assert_untouched(ns, &before).await;

    ns.delete::<K>(name).await;
    ns.is_made_anew(&before).await;
    workload.becomes_ready().await;
}

async fn assert_already_exists(workload: &Workload<'_>, kind: &str, name: &str) {
    let says = workload.awaits(Reason::AlreadyExists).await;
    assert!(says.message.contains(&format!("{kind} `{name}`")), "{}", says.message);
    let adopt =
        format!("kubectl annotate {} {name} k8s.score.dev/adopt={}", kind.to_lowercase(), workload.uid);
    assert!(says.message.contains(&adopt), "how to let it be taken: {}", says.message);
}

fn is_rolled_out(deployment: &Deployment) -> bool {
    let conditions = deployment.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.reason.as_deref() == Some("NewReplicaSetAvailable"))
}

#[tokio::test]
async fn x23_a_foreign_deployment_is_left_alone() {
    let ns = cluster().await.namespace("x23-deployment").await;
    let foreign = deployment("web", "registry.example/foreign:1");
    meets_a_foreign_object(&ns, foreign, score("web"), is_rolled_out).await;
}

#[tokio::test]
async fn x23_a_foreign_service_is_left_alone() {
    let ns = cluster().await.namespace("x23-service").await;
    let foreign = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 80, "targetPort": 8080, "name": "http"}]},
    });
    meets_a_foreign_object(&ns, foreign, score("web").port("http", 80, 8080), |_: &Service| true).await;
}

#[tokio::test]
async fn x23_a_foreign_object_that_already_is_as_ours_would_be_is_left_alone() {
    // Server-side apply would merge equal values in silence.
    let ns = cluster().await.namespace("x23-equal").await;
    let foreign = config_map("settings", json!({"colour": "red"}));
    ns.rule(rule("settings").makes("config", foreign.clone())).await;
    ns.create(&foreign).await;
    let before = ns.get::<ConfigMap>("settings").await;

    let workload = ns.apply(score("web").needs("it", "settings")).await;
    let says = workload.tells("AlreadyExists").await;
    assert!(says.message.contains("ConfigMap `settings`"), "{}", says.message);
    workload.awaits(Reason::WaitingForResources).await;
    assert_untouched(&ns, &before).await;
    assert_eq!(ns.names::<Deployment>().await, [] as [&str; 0]);

    ns.delete::<ConfigMap>("settings").await;
    workload.becomes_ready().await;
    assert_eq!(owner(&ns.get::<ConfigMap>("settings").await.metadata).kind, "ScoreResource");
}

#[tokio::test]
async fn x23_an_annotation_that_names_the_workload_lets_it_take_the_object_over() {
    let ns = cluster().await.namespace("x23-adopt").await;
    let foreign = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 81, "name": "old"}]},
    });
    ns.create(&foreign).await;
    let before = ns.get::<Service>("web").await;
    let workload = ns.apply(score("web").port("http", 80, 8080)).await;
    assert_already_exists(&workload, "Service", "web").await;

    let annotate = |uid: &str| json!({"metadata": {"annotations": {"k8s.score.dev/adopt": uid}}});
    ns.edit::<Service>("web", annotate(&workload.uid)).await;
    workload.becomes_ready().await;

    let after = ns.get::<Service>("web").await;
    assert_eq!(after.uid(), before.uid());
    assert_eq!(owner(&after.metadata).uid, workload.uid);
    let ports = after.spec.unwrap().ports.unwrap();
    assert!(ports.iter().any(|port| port.name.as_deref() == Some("http")));
}

#[tokio::test]
async fn x23_an_annotation_that_names_another_workload_changes_nothing() {
    let ns = cluster().await.namespace("x23-other").await;
    let other = ns.apply(score("other")).await;
    let mut foreign = deployment("web", "registry.example/foreign:1");
    foreign["metadata"]["annotations"] = json!({"k8s.score.dev/adopt": other.uid});
    ns.create(&foreign).await;
    let before = ns.sees("web", "is rolled out", is_rolled_out).await;

    let workload = ns.apply(score("web")).await;
    assert_already_exists(&workload, "Deployment", "web").await;
    assert_untouched(&ns, &before).await;
}

#[tokio::test]
async fn x24_of_two_that_make_the_same_object_the_first_keeps_it() {
    let ns = cluster().await.namespace("x24").await;
    let named = |name| score(name).port("http", 80, 8080).annotation("k8s.score.dev/service-name", "front");
    let one = ns.apply(named("one")).await;
    one.becomes_ready().await;
    let service = ns.get::<Service>("front").await;

    let two = ns.apply(named("two")).await;
    let says = two.awaits(Reason::AlreadyExists).await;
    assert!(says.message.contains("ScoreWorkload `one`"), "whose it is: {}", says.message);
    one.becomes_ready().await;
    assert_eq!(ns.get::<Service>("front").await.resource_version(), service.resource_version());

    one.delete().await;
    two.becomes_ready().await;
    assert_eq!(owner(&ns.get::<Service>("front").await.metadata).name, "two");
}

#[tokio::test]
async fn x22_a_field_of_another_applier_is_a_conflict_that_names_both() {
    let ns = cluster().await.namespace("x22").await;
    let workload = ns.apply(score("web")).await;
    workload.becomes_ready().await;

    let theirs = |image: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}},
        })
    };
    ns.apply_as("image-updater", &theirs("registry.example/main:theirs")).await;

    let says = workload.awaits(Reason::FieldConflict).await;
    assert!(says.message.contains("Deployment `web`"), "{}", says.message);
    assert!(says.message.contains("`image-updater`"), "{}", says.message);
    let path = "spec.template.spec.containers[name=\"main\"].image";
    assert!(says.message.contains(path), "{}", says.message);
    assert_eq!(image(&ns.get("web").await), "registry.example/main:theirs", "no fight");

    ns.apply_as("image-updater", &theirs("registry.example/main:1")).await;
    workload.becomes_ready().await;
}

#[tokio::test]
async fn x34_edits_by_hand_are_reverted() {
    let ns = cluster().await.namespace("x34-edit").await;
    ns.rule(rule("tended").makes("config", config_map("tended", json!({"colour": "red"})))).await;
    let file = score("web").variable("COLOUR", "red").port("http", 80, 8080).needs("it", "tended");
    let workload = ns.apply(file).await;
    workload.becomes_ready().await;

    let containers = json!([{"name": "main", "image": "registry.example/main:hand"}]);
    ns.edit::<Deployment>("web", json!({"spec": {"template": {"spec": {"containers": containers}}}})).await;
    ns.sees("web", "has its image back", |web: &Deployment| image(web) == "registry.example/main:1").await;

    let ports = json!([{"name": "http", "port": 80, "targetPort": 9999}]);
    ns.edit::<Service>("web", json!({"spec": {"ports": ports}})).await;
    let target = |web: &Service| {
        let port = web.spec.as_ref().unwrap().ports.as_ref().unwrap()[0].target_port.clone();
        serde_json::to_value(port).unwrap()
    };
    ns.sees("web", "has its port back", |web| target(web) == 8080).await;

    ns.edit::<ConfigMap>("tended", json!({"data": {"colour": "blue"}})).await;
    let red = |config: &ConfigMap| config.data.as_ref().is_some_and(|data| data["colour"] == "red");
    ns.sees("tended", "has its data back", red).await;

    ns.edit::<Deployment>("web", json!({"metadata": {"labels": {"app.kubernetes.io/name": null}}})).await;
    let labelled = |web: &Deployment| web.labels().contains_key("app.kubernetes.io/name");
    ns.sees("web", "has its label back", labelled).await;
    workload.becomes_ready().await;
}

#[tokio::test]
async fn x34_what_others_add_is_left_to_them() {
    let ns = cluster().await.namespace("x34-add").await;
    ns.apply(score("web")).await.becomes_ready().await;
    let added = json!({"metadata": {"annotations": {"example.com/note": "mine"}, "labels": {"team": "a"}}});
    let annotated = ns.edit::<Deployment>("web", added).await;

    ns.apply(score("web").image("registry.example/main:2")).await.becomes_ready().await;

    let after = ns.get::<Deployment>("web").await;
    assert_eq!(after.annotations().get("example.com/note"), annotated.annotations().get("example.com/note"));
    assert_eq!(after.labels().get("team").map(String::as_str), Some("a"));
}

#[tokio::test]
async fn x34_deleted_objects_come_back() {
    let ns = cluster().await.namespace("x34-delete").await;
    ns.rule(rule("mended").makes_config_map()).await;
    let file = score("web").port("http", 80, 8080).needs("it", "mended").with_id("it");
    let workload = ns.apply(file).await;
    workload.becomes_ready().await;
    let (web, service) = (ns.get::<Deployment>("web").await, ns.get::<Service>("web").await);
    let config = ns.get::<ConfigMap>("mended-it").await;

    ns.delete::<Deployment>("web").await;
    ns.delete::<Service>("web").await;
    ns.delete::<ConfigMap>("mended-it").await;

    let anew = ns.is_made_anew(&web).await.uid().unwrap();
    ns.is_made_anew(&service).await;
    ns.is_made_anew(&config).await;
    workload
        .until("is Ready with the new Deployment in its inventory", |workload| {
            let status = workload.status.as_ref().unwrap();
            status.inventory.iter().any(|entry| entry.uid == anew)
        })
        .await;
    workload.becomes_ready().await;
}

#[tokio::test]
async fn x25_labels_of_ours_on_a_foreign_object_do_not_get_it_pruned() {
    let ns = cluster().await.namespace("x25").await;
    ns.rule(rule("copied").makes_config_map()).await;
    let file = score("web").port("http", 80, 8080).needs("it", "copied").with_id("it");
    ns.apply(file).await.becomes_ready().await;

    let config = ns.get::<ConfigMap>("copied-it").await;
    let mut copy = config_map("copy", json!({}));
    copy["metadata"]["labels"] = json!(config.labels());
    copy["metadata"]["annotations"] = json!(config.annotations());
    ns.create(&copy).await;
    let service = ns.get::<Service>("web").await;
    let mut other = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "copy"},
        "spec": {"ports": [{"port": 80}]},
    });
    other["metadata"]["labels"] = json!(service.labels());
    other["metadata"]["annotations"] = json!(service.annotations());
    ns.create(&other).await;
    let (config, service) = (ns.get::<ConfigMap>("copy").await, ns.get::<Service>("copy").await);

    ns.apply(score("web")).await.becomes_ready().await;
    ns.is_gone::<ConfigMap>("copied-it").await;
    ns.is_gone::<Service>("web").await;
    assert_untouched(&ns, &config).await;
    assert_untouched(&ns, &service).await;
}
