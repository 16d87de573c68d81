//! `examples/dapr`.

use k8s_openapi::api::apps::v1::Deployment;
use score_operator::api::conditions::{ConditionStatus, Reason};
use serde_json::json;

use super::{Variables, has_no_pods, namespace};
use crate::support::look::owners;
use crate::support::{Example, Namespace, Rule, StandIn};

const RULES: [&str; 3] = ["rule-pubsub.yaml", "rule-state-store.yaml", "rule-subscription.yaml"];

/// The broker's pod starts when the test says so.
fn held_back(rule: Rule) -> Rule {
    if rule.name() != "dapr-pubsub" {
        return rule;
    }
    rule.set("/manifests/server/spec/template/metadata/annotations", json!({"sim/ready": "false"}))
}

async fn installed(name: &str) -> (Namespace, Example) {
    let ns = namespace(name).await;
    let example = Example::new("dapr");
    for file in RULES {
        let rule = held_back(example.rule(file));
        ns.rule(rule.clone()).await;
        ns.rule_says(rule.name(), ConditionStatus::True, Reason::Ready).await;
    }
    (ns, example)
}

/// The annotations of a workload's pods that are Dapr's.
async fn of_dapr(ns: &Namespace, workload: &str) -> Vec<(String, String)> {
    let template = ns.get::<Deployment>(workload).await.spec.unwrap().template;
    let all = template.metadata.unwrap().annotations.unwrap_or_default();
    all.into_iter().filter(|(key, _)| key.starts_with("dapr.io/")).collect()
}

/// P02: both workloads share a broker; P05: the subscription waits for it.
#[tokio::test]
async fn p02_p05_example_dapr() {
    let (ns, example) = installed("ex-dapr").await;
    let checkout = ns.apply(example.workload("checkout.yaml")).await;
    let mailer = ns.apply(example.workload("mailer.yaml")).await;

    let broker = StandIn::of(&ns, "dapr-pubsub", "events", "Deployment").await;
    let said = mailer.tells("WaitingForDependency").await;
    assert_eq!(said.reason, Reason::WaitingForResources);
    checkout.tells(&format!("Deployment `{}`: 0 of 1 pods are available", broker.name())).await;
    let subscription = ns.resource("dapr-subscription", "mailer.orders").await.status.unwrap();
    assert_eq!(subscription.inventory, [], "there is none before its component works");
    has_no_pods(&ns, "mailer").await;
    has_no_pods(&ns, "checkout").await;

    let pod = ns.pod(&format!("app.kubernetes.io/instance={}", broker.name())).await;
    ns.set_ready(&pod.metadata.name.unwrap(), true).await;
    checkout.becomes_ready().await;
    mailer.becomes_ready().await;

    let component = StandIn::of(&ns, "dapr-pubsub", "events", "Component").await;
    let metadata = component.spec().await["metadata"].clone();
    assert_eq!(metadata[0]["value"], format!("{}:6379", broker.name()));
    assert_eq!(metadata[1]["secretKeyRef"], json!({"name": broker.name(), "key": "password"}));
    assert_eq!(owners(&component.object().await).len(), 1);
    assert_eq!(Variables::of(&ns, "checkout").await.text("PUBSUB"), component.name());

    let subscription = StandIn::of(&ns, "dapr-subscription", "mailer.orders", "Subscription").await;
    let expected =
        json!({"pubsubname": component.name(), "topic": "orders", "routes": {"default": "/on-order"}});
    assert_eq!(subscription.spec().await, expected);
    assert_eq!(subscription.object().await.data["scopes"], json!(["mailer"]));

    let given = |name: &str, port: &str| {
        let all = [("app-id", name), ("app-port", port), ("disable-builtin-k8s-secret-store", "true")];
        let all = all.into_iter().chain([("enabled", "true")]);
        all.map(|(key, value)| (format!("dapr.io/{key}"), value.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(of_dapr(&ns, "checkout").await, given("checkout", "8080"));
    assert_eq!(of_dapr(&ns, "mailer").await, given("mailer", "3000"));

    checkout.delete().await;
    assert_eq!(ns.get::<Deployment>(broker.name()).await.metadata.name.as_deref(), Some(broker.name()));
    mailer.becomes_ready().await;
    mailer.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn example_dapr_says_that_a_workload_is_unknown_to_dapr() {
    let (ns, example) = installed("ex-dapr-nobody").await;
    let file = example.workload("mailer.yaml").without("/metadata/annotations/dapr.io~1app-id");
    let workload = ns.apply(file).await;
    let broker = StandIn::of(&ns, "dapr-pubsub", "events", "Deployment").await;
    let pod = ns.pod(&format!("app.kubernetes.io/instance={}", broker.name())).await;
    ns.set_ready(&pod.metadata.name.unwrap(), true).await;
    let said = workload.tells("EvaluationFailed").await;
    assert!(said.message.contains("locals.app"), "{}", said.message);
    assert!(said.message.contains("dapr.io/app-id"), "{}", said.message);
}
