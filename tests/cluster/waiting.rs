//! Pods come last: not before every resource works and every Secret key is there (P07).

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use score_operator::api::conditions::{ConditionStatus, ConditionType, Reason};
use serde_json::json;

use crate::support::kinds::kind;
use crate::support::look::{containers, image, reference, secret, variables};
use crate::support::rule::{config_map, deployment};
use crate::support::workload::condition;
use crate::support::{Namespace, Rule, cluster, rule, score};

/// A thing that somebody has to approve, by writing `approved` into its ConfigMap.
fn approval() -> Rule {
    rule("approval")
        .makes("config", config_map("{{ id }}", json!({"what": "{{ id }}"})))
        .ready_when("{{ objects.config.data.approved == 'yes' }}")
        .offers("by", json!("{{ objects.config.data.by }}"))
}

async fn approve(ns: &Namespace, name: &str) {
    ns.appears::<ConfigMap>(name).await;
    ns.edit::<ConfigMap>(name, json!({"data": {"approved": "yes", "by": "alice"}})).await;
}

#[tokio::test]
async fn p07_pods_wait_for_what_the_rule_waits_for() {
    let ns = cluster().await.namespace("p07-rule").await;
    ns.rule(approval()).await;
    let file = score("web").needs("go", "approval").with_id("go").variable("BY", "${resources.go.by}");
    let workload = ns.apply(file.clone()).await;

    workload.awaits(Reason::WaitingForResources).await;
    let message = workload.tells("WaitingForValue").await.message;
    assert!(message.contains("resource `go` (approval.default#go) is not ready since 20"), "{message}");
    let resource = ns.resource("approval", "go").await.name_any();
    assert!(message.contains(&format!("kubectl describe sres {resource}")), "{message}");
    assert_eq!(ns.names::<Deployment>().await, [] as [&str; 0]);

    approve(&ns, "go").await;
    workload.becomes_ready().await;

    let web = ns.get::<Deployment>("web").await;
    assert_eq!(variables(containers(&web)["main"])["BY"].value.as_deref(), Some("alice"));
    assert_made_after_approval(&ns);
}

/// By the API server's own account: the Deployment was made once, and after the approval.
fn assert_made_after_approval(ns: &Namespace) {
    let requests = ns.audit().all().in_namespace(&ns.name);
    let made = requests.of("deployments").creating();
    let approved = requests.of("configmaps").mutating().by_others();
    let (made, approved) = (made.iter().next().unwrap(), approved.iter().last().unwrap());
    assert!(approved.when < made.when, "approved: {approved}\nmade: {made}");
}

#[tokio::test]
async fn p07_on_an_update_the_old_pods_run_on_until_the_new_resource_works() {
    let ns = cluster().await.namespace("p07-update").await;
    ns.rule(approval()).await;
    ns.apply(score("web")).await.becomes_ready().await;
    let before = ns.get::<Deployment>("web").await;

    let file = score("web").image("registry.example/main:2").needs("go", "approval").with_id("go");
    let updated = ns.apply(file.variable("BY", "${resources.go.by}")).await;
    let says = updated.awaits(Reason::WaitingForResources).await;
    assert!(says.message.contains("resource `go`"), "{}", says.message);
    let meanwhile = ns.get::<Deployment>("web").await;
    assert_eq!(meanwhile.resource_version(), before.resource_version(), "the old pods run on, untouched");

    approve(&ns, "go").await;
    updated.becomes_ready().await;
    assert_eq!(image(&ns.get("web").await), "registry.example/main:2");
    assert_eq!(ns.get::<Deployment>("web").await.uid(), before.uid());
}

#[tokio::test]
async fn p07_pods_wait_for_an_object_of_the_rule_that_does_not_work_yet() {
    let ns = cluster().await.namespace("p07-object").await;
    let cache = deployment("cache", "registry.example/cache:never");
    ns.rule(rule("slowcache").makes("server", cache).offers("host", json!("cache"))).await;
    // Nothing in the file names an output of it: to need it is enough.
    let workload = ns.apply(score("web").needs("cache", "slowcache")).await;

    workload.awaits(Reason::WaitingForResources).await;
    let pod = ns.pod("app=cache").await;
    workload.tells("Deployment `cache`: 0 of 1 pods are available").await;
    assert_eq!(ns.names::<Deployment>().await, ["cache"]);

    ns.set_ready(&pod.name_any(), true).await;
    workload.becomes_ready().await;
    assert_eq!(ns.names::<Deployment>().await, ["cache", "web"]);
}

#[tokio::test]
async fn p07_p09_pods_wait_for_a_secret_that_another_operator_writes_and_for_the_right_key_in_it() {
    let ns = cluster().await.namespace("p07-secret").await;
    let config = config_map("conn", json!({"wanted": "conn-secret"}));
    let output = json!("{{ secret_ref('conn-secret', 'password') }}");
    ns.rule(rule("conn").makes("config", config).offers("password", output)).await;
    let file = score("web").needs("db", "conn").variable("PASSWORD", "${resources.db.password}");
    let workload = ns.apply(file).await;

    let ready =
        workload.tells("Secret `conn-secret` does not exist yet (its key `password` is awaited)").await;
    assert_eq!(ready.reason, Reason::WaitingForResources);
    assert!(ready.message.contains("WaitingForSecret"), "{}", ready.message);
    assert!(
        ready.message.contains("kubectl describe configmap conn"),
        "who should bring it: {}",
        ready.message
    );

    let other = |data| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "conn-secret"}, "data": data});
    ns.create(&other(json!({"user": "YXBw"}))).await;
    workload.tells("Secret `conn-secret` has no key `password` yet (there: `user`)").await;
    assert_eq!(ns.names::<Deployment>().await, [] as [&str; 0]);

    ns.apply_as("another-operator", &other(json!({"password": "aHVudGVyMg=="}))).await;
    workload.becomes_ready().await;
    let web = ns.get::<Deployment>("web").await;
    let found = reference(variables(containers(&web)["main"])["PASSWORD"]);
    assert_eq!(found, ("conn-secret", "password"));
    assert_eq!(secret(&ns, found).await, "hunter2");
}

#[tokio::test]
async fn a_resource_that_stops_working_shows_and_does_not_hold_up_a_rollout() {
    // Decision 10: readiness gates first use only.
    let ns = cluster().await.namespace("p07-later").await;
    ns.rule(rule("flaky").makes("server", deployment("cache", "registry.example/cache:1"))).await;
    let file = score("web").needs("cache", "flaky");
    let workload = ns.apply(file.clone()).await;
    workload.becomes_ready().await;

    let pod = ns.pod("app=cache").await.name_any();
    ns.set_ready(&pod, false).await;
    let shown = workload
        .says(ConditionType::ResourcesReady, ConditionStatus::False, Reason::WaitingForResources)
        .await;
    let message = condition(&shown, ConditionType::ResourcesReady).message;
    assert!(message.contains("Deployment `cache`"), "{message}");

    let edited = ns.apply(file.image("registry.example/main:2")).await;
    edited.says(ConditionType::Available, ConditionStatus::True, Reason::Available).await;
    ns.sees("web", "runs the new image", |web: &Deployment| image(web) == "registry.example/main:2").await;

    ns.set_ready(&pod, true).await;
    edited.becomes_ready().await;
}

#[tokio::test]
async fn x14_p07_a_database_of_another_operator_whose_crd_comes_later() {
    let cluster = cluster().await;
    let ns = cluster.namespace("rds").await;
    let instance = json!({
        "apiVersion": "rds.example.org/v1beta1", "kind": "Instance",
        "metadata": {"name": "{{ id }}"},
        "spec": {
            "forProvider": {"engineVersion": "{{ params.version }}", "allocatedStorage": "{{ params.storageGi }}"},
            "writeConnectionSecretToRef": {"name": "{{ id }}-conn", "namespace": "{{ namespace }}"},
        },
    });
    let rds = rule("rds")
        .takes("version", json!({"type": "string", "default": "16"}))
        .takes("storageGi", json!({"type": "integer", "default": 20}))
        .makes("database", instance)
        .ready_when("{{ objects.database.status.atProvider.address is defined }}")
        .offers("host", json!("{{ objects.database.status.atProvider.address }}"))
        .offers("password", json!("{{ secret_ref(id ~ '-conn', 'password') }}"));
    ns.rule(rds).await;
    let file = score("web").needs("db", "rds").with_id("orders").with_params(json!({"storageGi": 50}));
    let file = file.variable("HOST", "${resources.db.host}").variable("PASSWORD", "${resources.db.password}");
    let workload = ns.apply(file).await;
    ns.rule_says("rds", ConditionStatus::False, Reason::KindNotFound).await;
    workload.awaits(Reason::WaitingForResources).await;
    workload.tells("KindNotFound").await;

    cluster
        .kubectl(&["apply", "--server-side", "-f", "-"], &kind("rds.example.org", "v1beta1", "Instance"))
        .unwrap();
    ns.rule_says("rds", ConditionStatus::True, Reason::Ready).await;

    let kind =
        json!({"apiVersion": "rds.example.org/v1beta1", "kind": "Instance", "metadata": {"name": "orders"}});
    let database = ns.appears_of(&kind).await;
    assert_eq!(database.data["spec"]["forProvider"], json!({"engineVersion": "16", "allocatedStorage": 50}));
    workload.tells("WaitingForValue").await;
    let ready = |status: &str| json!([{"type": "Ready", "status": status, "reason": "Creating"}]);
    ns.edit_status_of(&kind, json!({"conditions": ready("False")})).await;
    workload.tells("condition Ready is False: Creating").await;
    let address = json!({"address": "orders.rds.example.org"});
    ns.edit_status_of(&kind, json!({"conditions": ready("True"), "atProvider": address})).await;
    workload.tells("Secret `orders-conn` does not exist yet").await;
    assert_eq!(ns.names::<Deployment>().await, [] as [&str; 0]);

    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "orders-conn"},
        "data": {"password": "aHVudGVyMg=="},
    });
    ns.create(&secret).await;
    workload.becomes_ready().await;
    let web = ns.get::<Deployment>("web").await;
    let env = variables(containers(&web)["main"]);
    assert_eq!(env["HOST"].value.as_deref(), Some("orders.rds.example.org"));
    assert_eq!(reference(env["PASSWORD"]), ("orders-conn", "password"));
}
