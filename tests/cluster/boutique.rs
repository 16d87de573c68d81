//! Online Boutique, eleven workloads of one namespace that name each other (E11).

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;
use score_operator::api::conditions::{ConditionStatus, ConditionType, Reason};
use score_operator::api::resource::ScoreResource;
use serde_json::json;

use crate::gateway;
use crate::real_files::{PROBE, changes_nothing};
use crate::support::look::{containers, variables};
use crate::support::workload::condition;
use crate::support::{Namespace, Score, cluster_without_operator};

/// Those that need others come before them.
const WORKLOADS: [&str; 11] = [
    "loadgenerator",
    "frontend",
    "checkout",
    "recommendation",
    "ad",
    "cart",
    "currency",
    "email",
    "payment",
    "productcatalog",
    "shipping",
];

fn file(name: &str) -> Score {
    Score::wrapped(&format!("tests/data/score/examples/samples/onlineboutique/{name}/score.yaml"))
}

async fn all_are_ready(ns: &Namespace) {
    for name in WORKLOADS {
        ns.workload(name).await.becomes_ready().await;
    }
}

/// All of it, as the team applies it; a Gateway accepts the route.
async fn opens(ns: &Namespace) {
    for name in WORKLOADS {
        ns.apply(file(name)).await;
    }
    gateway::accept(ns, "frontend.route", |host| host.ends_with(".localhost")).await;
    all_are_ready(ns).await;
}

#[tokio::test]
async fn e11_online_boutique_opens_changes_and_closes() {
    let cluster = cluster_without_operator().await;
    gateway::install(cluster);
    let ns = cluster.namespace("boutique").await;
    let operator = cluster.operate(&ns);
    opens(&ns).await;
    let checkout = ns.get::<Deployment>("checkout").await;
    let address = variables(containers(&checkout)["checkout"])["CART_SERVICE_ADDR"].value.clone();
    assert_eq!(address.as_deref(), Some("cart:7070"));

    let _operator = changes_nothing(&ns, operator, || cluster.operate(&ns)).await;

    let before = ns.snapshot().await;
    ns.apply(file("currency").image("registry.example/currency:2")).await.becomes_ready().await;
    let changes = before.changes(&ns.snapshot().await);
    assert_eq!(changes, ["~ Deployment/currency", "~ ScoreWorkload/currency"]);

    // Others refer to it by name, which stays.
    let before = ns.snapshot().await;
    let port = json!({"port": 7071, "targetPort": 7070});
    ns.apply(file("cart").set("/service/ports/grpc", port)).await.becomes_ready().await;
    let changes = before.changes(&ns.snapshot().await);
    assert_eq!(changes, ["~ ScoreWorkload/cart", "~ Service/cart"]);
    all_are_ready(&ns).await;

    for name in WORKLOADS.into_iter().chain([PROBE]) {
        ns.workload(name).await.delete().await;
    }
    ns.is_empty().await;
}

/// P12: who refers to a workload is told when it goes, and when it is there again.
#[tokio::test]
async fn e11_p12_a_workload_that_others_name_goes_and_comes() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("boutique-p12").await;
    let _operator = cluster.operate(&ns);
    ns.apply(file("recommendation")).await.awaits(Reason::WaitingForResources).await;
    assert!(ns.find::<Deployment>("recommendation").await.is_none(), "whom it calls is not there yet");
    let catalog = ns.apply(file("productcatalog")).await;
    let recommendation = ns.workload("recommendation").await;
    recommendation.becomes_ready().await;
    let before = ns.get::<Deployment>("recommendation").await;

    catalog.delete().await;
    let shown = recommendation
        .says(ConditionType::ResourcesReady, ConditionStatus::False, Reason::WaitingForResources)
        .await;
    let message = condition(&shown, ConditionType::ResourcesReady).message;
    assert!(message.contains("resource `productcatalog`"), "{message}");
    let after = ns.get::<Deployment>("recommendation").await;
    assert_eq!((after.uid(), after.resource_version()), (before.uid(), before.resource_version()));

    ns.apply(file("productcatalog")).await.becomes_ready().await;
    recommendation.becomes_ready().await;
    assert_eq!(ns.names::<ScoreResource>().await.len(), 1);
}
