//! `examples/postgres-crossplane`.

use score_operator::api::conditions::{ConditionStatus, Reason};
use serde_json::json;

use super::{Variables, has_no_pods, namespace};
use crate::support::stand_in::condition;
use crate::support::{Example, StandIn, Workload};

const ADDRESS: &str = "orders.cwx1.eu-central-1.rds.amazonaws.com";

/// What Crossplane does, late, twice and at first wrongly; and what the workload says of each step.
async fn provisions(crossplane: &StandIn<'_>, workload: &Workload<'_>, rule: &str) {
    let says = format!("readyWhen[0] of rule `{rule}` is not true yet");
    assert_eq!(workload.tells(&says).await.reason, Reason::WaitingForResources);

    let why = "InvalidParameterValue: Cannot find version 16 for postgres";
    let refused = condition("Synced", "False", "ReconcileError", why);
    crossplane.says(json!({"conditions": [refused]})).await;
    workload.tells(&format!("condition Synced is False: ReconcileError: {why}")).await;

    let synced = condition("Synced", "True", "ReconcileSuccess", "");
    let creating = condition("Ready", "False", "Creating", "");
    for _ in 0..2 {
        crossplane.says(json!({"conditions": [synced, creating]})).await;
    }
    let said = workload.tells("condition Ready is False: Creating").await;
    assert!(said.message.contains(&format!("Instance `{}`", crossplane.name())), "{}", said.message);

    // Ready, and the address comes a moment later.
    let ready = condition("Ready", "True", "Available", "");
    crossplane.says(json!({"conditions": [synced, ready], "atProvider": {}})).await;
    workload.tells(&says).await;
    crossplane.says(json!({"conditions": [synced, ready], "atProvider": {"address": ADDRESS}})).await;
}

/// A whole life of the example, with one of its rules.
async fn lives(file: &str, name: &str) {
    let example = Example::new("postgres-crossplane");
    let ns = namespace(name).await;
    let rule = example.rule(file);
    ns.rule(rule.clone()).await;
    ns.rule_says(rule.name(), ConditionStatus::True, Reason::Ready).await;
    let workload = ns.apply(example.workload("workload.yaml")).await;
    workload.awaits(Reason::WaitingForResources).await;
    let crossplane = StandIn::of(&ns, "postgres", "orders.db", "Instance").await;
    let spec = crossplane.spec().await;
    assert_eq!(spec["forProvider"]["engineVersion"], "16", "stays a text");
    assert_eq!(spec["forProvider"]["allocatedStorage"], 50, "stays a number");
    let conn = spec["writeConnectionSecretToRef"]["name"].as_str().unwrap();
    assert_eq!(conn, format!("{}-conn", crossplane.name()));

    provisions(&crossplane, &workload, &ns.rule_name(rule.name())).await;
    workload.tells(&format!("Secret `{conn}` does not exist yet")).await;
    // Crossplane writes what it knows so far.
    crossplane.writes(conn, &[("username", "app"), ("endpoint", "not yet")]).await;
    let said = workload.tells(&format!("Secret `{conn}` has no key `password` yet")).await;
    assert!(said.message.contains("(there: `endpoint`, `username`)"), "{}", said.message);
    has_no_pods(&ns, "orders").await;

    let details = [("username", "app"), ("password", "hunter2"), ("host", ADDRESS), ("port", "5432")];
    crossplane.writes(conn, &details).await;
    workload.becomes_ready().await;
    let variables = Variables::of(&ns, "orders").await;
    assert_eq!(variables.text("DB_HOST"), ADDRESS);
    assert_eq!(variables.secret("DB_USER"), (conn, "username"));
    assert_eq!(variables.secret("DB_PASSWORD"), (conn, "password"));
    let url = format!("postgres://app:hunter2@{ADDRESS}:5432/app");
    assert_eq!(variables.value(&ns, "DATABASE_URL").await, url);

    workload.delete().await;
    crossplane.removes(conn).await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p07_p09_example_postgres_crossplane() {
    lives("rule.yaml", "ex-crossplane").await;
}

#[tokio::test]
async fn p07_p09_example_postgres_crossplane_2() {
    lives("rule-crossplane-2.yaml", "ex-crossplane-2").await;
}
