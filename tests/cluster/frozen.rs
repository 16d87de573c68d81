//! `k8s.score.dev/suspend` freezes an object, `k8s.score.dev/reconcile-at` has it looked at (decision 17).

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Api;
use kube::api::{Patch, PatchParams};
use score_operator::api::conditions::{ConditionStatus, ConditionType, Reason, find, is_true};
use score_operator::api::resource::ScoreResource;
use score_operator::api::rule::ProvisionerRule;
use score_operator::api::workload::ScoreWorkload;
use serde_json::{Value, json};

use crate::support::look::image;
use crate::support::workload::conditions;
use crate::support::{cluster, rule, score};

fn suspend(value: Option<&str>) -> Value {
    json!({"metadata": {"annotations": {"k8s.score.dev/suspend": value}}})
}

#[tokio::test]
async fn a_workload_that_is_frozen_changes_nothing_until_it_is_not() {
    let ns = cluster().await.namespace("frozen-workload").await;
    let workload = ns.apply(score("web").image("app:1")).await;
    workload.becomes_ready().await;
    ns.edit::<ScoreWorkload>("web", suspend(Some("true"))).await;
    workload.says(ConditionType::Suspended, ConditionStatus::True, Reason::Suspended).await;

    ns.apply(score("web").image("app:2")).await;
    ns.edit::<ScoreWorkload>("web", suspend(Some("true"))).await;
    // A workload that comes later and is ready shows that the edit was not just slow.
    ns.apply(score("later")).await.becomes_ready().await;
    let now = workload.now().await;
    assert_eq!(image(&ns.get::<Deployment>("web").await), "app:1");
    let observed = now.status.as_ref().map(|status| status.observed_generation);
    assert_ne!(observed, now.metadata.generation, "what was edited is not observed");

    ns.edit::<ScoreWorkload>("web", suspend(None)).await;
    ns.sees::<Deployment>("web", "is at app:2", |found| image(found) == "app:2").await;
    let ready = workload.becomes_ready().await;
    assert!(!is_true(conditions(&ready), ConditionType::Suspended));
}

#[tokio::test]
async fn a_workload_that_is_frozen_from_the_start_waits() {
    let ns = cluster().await.namespace("frozen-new").await;
    let mut file = score("web");
    file.body["metadata"]["annotations"] = json!({"k8s.score.dev/suspend": "true"});
    let workload = ns.apply(file).await;
    let is_told = |found: &ScoreWorkload| {
        find(conditions(found), ConditionType::Ready).is_some_and(|ready| {
            (ready.status, ready.reason) == (ConditionStatus::Unknown, Reason::Suspended)
        })
    };
    ns.sees::<ScoreWorkload>("web", "is told that it is frozen", is_told).await;
    assert!(ns.find::<Deployment>("web").await.is_none());
    ns.edit::<ScoreWorkload>("web", suspend(None)).await;
    workload.becomes_ready().await;
}

#[tokio::test]
async fn a_resource_that_is_frozen_is_left_as_it_is_and_keeps_its_new_consumers() {
    let ns = cluster().await.namespace("frozen-resource").await;
    let made = |text: &str| rule("frozen").makes_config_map().set("/manifests/config/data/text", json!(text));
    ns.rule(made("one")).await;
    let first = ns.apply(score("first").needs("it", "frozen").with_id("it")).await;
    first.becomes_ready().await;
    let name = ns.resource("frozen", "it").await.metadata.name.unwrap();
    ns.edit::<ScoreResource>(&name, suspend(Some("true"))).await;
    ns.resource_is(&name, ConditionType::Suspended).await;

    ns.rule(made("two")).await;
    ns.apply(score("second").needs("it", "frozen").with_id("it")).await.becomes_ready().await;
    first.delete().await;
    let config = ns.get::<ConfigMap>("frozen-it").await;
    assert_eq!(config.data.unwrap()["text"], "one");
    ns.edit::<ScoreResource>(&name, suspend(None)).await;
    let is_two = |found: &ConfigMap| found.data.as_ref().is_some_and(|data| data["text"] == "two");
    ns.sees::<ConfigMap>("frozen-it", "holds two", is_two).await;
}

#[tokio::test]
async fn a_rule_that_is_frozen_goes_on_as_it_was() {
    let ns = cluster().await.namespace("frozen-rule").await;
    let made = |text: &str| rule("ruled").makes_config_map().set("/manifests/config/data/text", json!(text));
    ns.rule(made("one")).await;
    ns.apply(score("web").needs("it", "ruled").with_id("it")).await.becomes_ready().await;
    let rules: Api<ProvisionerRule> = Api::all(ns.client.clone());
    let name = ns.rule_name("ruled");
    let annotate = async |value| {
        rules.patch(&name, &PatchParams::default(), &Patch::Merge(suspend(value))).await.unwrap();
    };
    annotate(Some("true")).await;
    ns.rule_is(&name, ConditionType::Suspended).await;
    let spec = json!({"spec": {"manifests": {"config": {"data": {"text": "two"}}}}});
    rules.patch(&name, &PatchParams::default(), &Patch::Merge(spec)).await.unwrap();
    ns.apply(score("later").needs("it", "ruled").with_id("later")).await.becomes_ready().await;
    for config in ["ruled-it", "ruled-later"] {
        assert_eq!(ns.get::<ConfigMap>(config).await.data.unwrap()["text"], "one", "{config}");
    }
    annotate(None).await;
    let is_two = |found: &ConfigMap| found.data.as_ref().is_some_and(|data| data["text"] == "two");
    ns.sees::<ConfigMap>("ruled-it", "holds two", is_two).await;
}

#[tokio::test]
async fn p10_who_is_asked_to_look_reads_its_secrets_at_once() {
    let ns = cluster().await.namespace("poked").await;
    let data = json!({"password": "b25l"});
    ns.create(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "conn"}, "data": data}))
        .await;
    ns.rule(rule("poked").offers("password", json!("{{ secret_ref('conn', 'password') }}"))).await;
    let file = score("web").needs("db", "poked").variable("P", "${resources.db.password}");
    ns.apply(file).await.becomes_ready().await;
    ns.edit::<Secret>("conn", json!({"data": {"password": "dHdv"}})).await;
    // The resync is ten minutes away.
    ns.edit::<ScoreWorkload>(
        "web",
        json!({"metadata": {"annotations": {"k8s.score.dev/reconcile-at": "now"}}}),
    )
    .await;
    ns.sees::<Deployment>("web", "rolls", |found| found.metadata.generation == Some(2)).await;
}
