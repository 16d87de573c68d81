//! What happens while no operator runs is seen, or has happened already, when the next one starts.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Service};
use kube::ResourceExt;
use kube::api::DeleteParams;
use score_operator::api::resource::ScoreResource;
use score_operator::api::workload::ScoreWorkload;
use serde_json::json;

use crate::lifecycle::payments_api;
use crate::support::look::owners;
use crate::support::{cluster_without_operator, rule, score};

#[tokio::test]
async fn x44_deletion_leaves_nothing_even_where_no_operator_runs() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("away-delete").await;
    let operator = cluster.operate(&ns);
    let workload = ns.apply(payments_api()).await;
    workload.becomes_ready().await;
    drop(operator);

    workload.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn x26_a_foreign_object_under_a_name_of_the_inventory_is_not_pruned() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("away-x26").await;
    let operator = cluster.operate(&ns);
    ns.apply(score("web").port("http", 80, 8080)).await.becomes_ready().await;
    drop(operator);

    ns.delete::<Service>("web").await;
    ns.is_gone::<Service>("web").await;
    let foreign = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 81}]},
    });
    let foreign = ns.create(&foreign).await;
    let workload = ns.apply(score("web")).await;
    let _operator = cluster.operate(&ns);

    let ready = workload.becomes_ready().await;
    assert!(ready.status.unwrap().inventory.iter().all(|entry| entry.id.kind != "Service"));
    let after = ns.get::<Service>("web").await;
    assert_eq!((after.uid(), after.resource_version()), (foreign.uid(), foreign.resource_version()));
}

#[tokio::test]
async fn p02_consumers_that_left_meanwhile_are_let_go() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("away-p02").await;
    ns.rule(rule("away").makes_config_map()).await;
    let operator = cluster.operate(&ns);
    let file = |name: &str| score(name).needs("it", "away").with_id("common");
    let (one, two) = (ns.apply(file("one")).await, ns.apply(file("two")).await);
    let three = ns.apply(score("three").needs("it", "away").with_id("own")).await;
    for workload in [&one, &two, &three] {
        workload.becomes_ready().await;
    }
    let (common, own) = (ns.resource("away", "common").await, ns.resource("away", "own").await);
    drop(operator);

    one.delete().await;
    ns.apply(score("three")).await;
    let _operator = cluster.operate(&ns);

    ns.is_gone::<ScoreResource>(&own.name_any()).await;
    ns.is_gone::<ConfigMap>("away-own").await;
    let left = |found: &ScoreResource| owners(found) == ["ScoreWorkload/two"];
    let after = ns.sees(&common.name_any(), "is owned by two", left).await;
    assert_eq!(after.uid(), common.uid());
    ns.workload("three").await.becomes_ready().await;
}

#[tokio::test]
async fn x04_a_workload_that_was_deleted_and_made_anew_gets_new_objects() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("away-x04").await;
    let operator = cluster.operate(&ns);
    ns.apply(score("web")).await.becomes_ready().await;
    let before = ns.get::<Deployment>("web").await;
    drop(operator);

    // Garbage collection may not have come to the old Deployment when the operator starts.
    ns.api::<ScoreWorkload>().delete("web", &DeleteParams::background()).await.unwrap();
    let anew = ns.apply(score("web").image("registry.example/main:2")).await;
    let _operator = cluster.operate(&ns);

    anew.becomes_ready().await;
    let after = ns.get::<Deployment>("web").await;
    assert_ne!(after.uid(), before.uid());
    assert_eq!(after.owner_references()[0].uid, anew.uid);
}
