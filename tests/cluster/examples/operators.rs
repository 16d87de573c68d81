//! Examples in which an operator for one thing makes it: External Secrets, `CloudNativePG`, Strimzi.

use k8s_openapi::api::apps::v1::Deployment;
use score_operator::api::workload::ScoreWorkload;
use serde_json::json;

use super::{Variables, has_no_pods, installed};
use crate::support::stand_in::condition;
use crate::support::{Namespace, StandIn};

#[tokio::test]
async fn p07_p09_p10_example_external_secrets() {
    let (ns, example) = installed("external-secrets").await;
    let workload = ns.apply(example.workload("workload.yaml")).await;
    let store = StandIn::of(&ns, "payment-provider", "billing.provider", "ExternalSecret").await;
    let key = store.spec().await["data"][1]["remoteRef"]["key"].clone();
    assert_eq!(key, format!("teams/{}/payment-provider/main", ns.name));
    let rule = ns.rule_name("payment-provider");
    workload.tells(&format!("readyWhen[0] of rule `{rule}` is not true yet")).await;

    let failed = condition("Ready", "False", "SecretSyncedError", "could not get secret data from provider");
    store.says(json!({"conditions": [failed]})).await;
    let said = "condition Ready is False: SecretSyncedError: could not get secret data from provider";
    workload.tells(said).await;

    // It says that all is well, and the Secret comes later, and at first with one key.
    let synced = condition("Ready", "True", "SecretSynced", "secret synced");
    for time in ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"] {
        store.says(json!({"conditions": [synced], "refreshTime": time})).await;
    }
    workload.tells(&format!("Secret `{}` does not exist yet", store.name())).await;
    store.writes(store.name(), &[("client_id", "acme")]).await;
    workload.tells("has no key `client_secret` yet (there: `client_id`)").await;
    has_no_pods(&ns, "billing").await;
    store.writes(store.name(), &[("client_id", "acme"), ("client_secret", "one")]).await;
    workload.becomes_ready().await;
    let variables = Variables::of(&ns, "billing").await;
    assert_eq!(variables.secret("CLIENT_SECRET"), (store.name(), "client_secret"));

    rotated(&ns, &store).await;
    workload.delete().await;
    store.removes(store.name()).await;
    ns.is_empty().await;
}

/// The store has a new secret: one rollout, by the command of the README.
async fn rotated(ns: &Namespace, store: &StandIn<'_>) {
    let before = ns.get::<Deployment>("billing").await.metadata.generation.unwrap();
    store.writes(store.name(), &[("client_id", "acme"), ("client_secret", "two")]).await;
    let poke = json!({"metadata": {"annotations": {"k8s.score.dev/reconcile-at": "now"}}});
    ns.edit::<ScoreWorkload>("billing", poke).await;
    let rolled = |found: &Deployment| found.metadata.generation > Some(before);
    let after = ns.sees::<Deployment>("billing", "is rolled", rolled).await;
    assert_eq!(after.metadata.generation, Some(before + 1), "once");
    assert_eq!(Variables::of(ns, "billing").await.value(ns, "CLIENT_SECRET").await, "two");
}

#[tokio::test]
async fn p07_p09_example_cloudnative_pg() {
    let (ns, example) = installed("cloudnative-pg").await;
    let workload = ns.apply(example.workload("workload.yaml")).await;
    let cnpg = StandIn::of(&ns, "postgres", "catalog.db", "Cluster").await;
    assert!(cnpg.name().len() <= 50, "{}", cnpg.name());
    let spec = cnpg.spec().await;
    assert_eq!((&spec["instances"], &spec["storage"]["size"]), (&json!(3), &json!("5Gi")));
    workload
        .tells("readyWhen[0] waits for `objects.cluster.status.readyInstances`, which is not there yet")
        .await;

    // The Secret is there long before the database.
    let app = format!("{}-app", cnpg.name());
    let uri = format!("postgresql://app:hunter2@{}-rw.{}:5432/app", cnpg.name(), ns.name);
    let half = [("username", "app"), ("password", "hunter2")];
    cnpg.writes(&app, &half).await;
    let not_ready = condition("Ready", "False", "ClusterIsNotReady", "Cluster Is Not Ready");
    for phase in ["Setting up primary", "Waiting for the instances to become active"] {
        cnpg.says(json!({"phase": phase, "conditions": [not_ready], "readyInstances": 1})).await;
    }
    workload.tells("condition Ready is False: ClusterIsNotReady: Cluster Is Not Ready").await;
    has_no_pods(&ns, "catalog").await;
    let ready = condition("Ready", "True", "ClusterIsReady", "Cluster is Ready");
    cnpg.says(json!({"phase": "Cluster in healthy state", "conditions": [ready], "readyInstances": 3})).await;
    workload.tells(&format!("Secret `{app}` has no key `uri` yet (there: `password`, `username`)")).await;
    cnpg.writes(&app, &[half[0], half[1], ("uri", &uri)]).await;
    workload.becomes_ready().await;

    let variables = Variables::of(&ns, "catalog").await;
    assert_eq!(variables.text("DB_HOST"), format!("{}-rw", cnpg.name()));
    assert_eq!(variables.secret("DATABASE_URL"), (app.as_str(), "uri"));
    workload.delete().await;
    cnpg.removes(&app).await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p07_example_strimzi_kafka_topic() {
    let (ns, example) = installed("strimzi-kafka-topic").await;
    let file = example.workload("workload.yaml");
    let workload = ns.apply(file.clone()).await;
    let strimzi = StandIn::of(&ns, "kafka-topic", "tracking.positions", "KafkaTopic").await;
    assert_eq!(strimzi.spec().await["partitions"], 6);
    assert_eq!(strimzi.object().await.metadata.labels.unwrap()["strimzi.io/cluster"], "kafka");
    let rule = ns.rule_name("kafka-topic");
    workload.tells(&format!("readyWhen[0] of rule `{rule}` is not true yet")).await;
    let refused =
        condition("Ready", "False", "KafkaError", "Replication factor: 3 larger than available brokers: 1");
    strimzi.says(json!({"conditions": [refused], "observedGeneration": 1})).await;
    workload.tells("condition Ready is False: KafkaError: Replication factor: 3 larger").await;

    // Meanwhile the team wants more; what Strimzi says now is of before.
    let edited = ns.apply(file.set("/resources/positions/params/partitions", json!(9))).await;
    ns.sees_of(strimzi.id(), "has 9 partitions", |topic| topic.data["spec"]["partitions"] == 9).await;
    let ready = condition("Ready", "True", "", "");
    let late = |generation| json!({"conditions": [ready], "observedGeneration": generation, "topicName": "positions"});
    strimzi.says(late(1)).await;
    edited.tells("its status is for generation 1, and the object is at 2").await;
    has_no_pods(&ns, "tracking").await;
    strimzi.says(late(2)).await;
    edited.becomes_ready().await;

    let variables = Variables::of(&ns, "tracking").await;
    assert_eq!(variables.text("TOPIC"), "positions", "the name that Strimzi says");
    assert_eq!(variables.text("BROKERS"), "kafka-kafka-bootstrap:9092");
    edited.delete().await;
    ns.is_empty().await;
}
