//! What a rule sets in the pods of the workloads that use its resource: applied, changed, taken away; waited for and
//! rolled with what it refers to (P07, P10).

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, PodSpec, Secret};
use score_operator::api::conditions::Reason;
use serde_json::{Value, json};

use crate::kinds::runs_as;
use crate::real_files::changes_nothing;
use crate::support::rule::config_map;
use crate::support::{Namespace, Rule, cluster, cluster_without_operator, rule, score};

/// A rule with a sidecar, a volume, a variable and an annotation.
fn proxied(type_: &str, image: &str) -> Rule {
    let template = json!({
        "metadata": {"annotations": {"proxy.example/id": "{{ id }}"}},
        "spec": {
            "containers": [{"name": "proxy", "image": image}],
            "volumes": [{"name": "socket", "emptyDir": {}}],
            "serviceAccountName": "default",
        },
    });
    let container = json!({
        "env": [{"name": "PROXY", "value": "/run/proxy"}],
        "volumeMounts": [{"name": "socket", "mountPath": "/run/proxy"}],
    });
    rule(type_).set("/patches/podTemplate", template).set("/patches/containers", container)
}

fn generation(deployment: &Deployment) -> Option<i64> {
    deployment.metadata.generation
}

fn pod(deployment: &Deployment) -> PodSpec {
    deployment.spec.as_ref().unwrap().template.spec.clone().unwrap()
}

/// The images of the pods.
fn images(deployment: &Deployment) -> Vec<String> {
    pod(deployment).containers.into_iter().filter_map(|container| container.image).collect()
}

#[tokio::test]
async fn patches_are_applied_change_with_their_rule_and_go_with_it() {
    let ns = cluster().await.namespace("patches").await;
    ns.rule(proxied("proxied", "proxy:1")).await;
    // Two names for one resource, which patches once.
    let web = score("web")
        .image("app:1")
        .needs("one", "proxied")
        .with_id("db")
        .needs("two", "proxied")
        .with_id("db");
    ns.apply(web).await.becomes_ready().await;
    let made: Deployment = ns.get("web").await;
    assert_eq!(images(&made), ["app:1", "proxy:1"]);
    let spec = pod(&made);
    assert_eq!(spec.service_account_name.as_deref(), Some("default"));
    assert_eq!(spec.containers[0].env.as_ref().unwrap()[0].value.as_deref(), Some("/run/proxy"));
    assert_eq!(spec.containers[0].volume_mounts.as_ref().unwrap()[0].name, "socket");
    assert_eq!(generation(&made), Some(1));

    ns.rule(proxied("proxied", "proxy:2")).await;
    let rolled = ns.sees("web", "has the new sidecar", |it| images(it) == ["app:1", "proxy:2"]).await;
    assert_eq!(generation(&rolled), Some(2), "one rollout");

    ns.rule(rule("proxied")).await;
    let bare = ns.sees("web", "has no sidecar", |it| images(it) == ["app:1"]).await;
    assert_eq!(generation(&bare), Some(3), "one rollout");
    let spec = pod(&bare);
    assert_eq!((&spec.containers[0].env, &spec.containers[0].volume_mounts), (&None, &None));
    assert!(spec.volumes.unwrap_or_default().is_empty());
    let template = bare.spec.unwrap().template.metadata.unwrap();
    assert!(!template.annotations.unwrap().contains_key("proxy.example/id"));
    assert_eq!(ns.resource("proxied", "db").await.status.unwrap().patches, None);
}

#[tokio::test]
async fn a_conflict_of_two_rules_keeps_what_ran_and_ends_with_its_cause() {
    let ns = cluster().await.namespace("patch-conflict").await;
    ns.rule(proxied("first", "proxy:1")).await;
    ns.rule(rule("second")).await;
    let file = score("web").image("app:1").needs("first", "first").needs("second", "second");
    let web = ns.apply(file).await;
    web.becomes_ready().await;

    ns.rule(proxied("second", "proxy:2").set("/patches/podTemplate/metadata", json!({}))).await;
    let said = web.is_refused(Reason::PatchConflict).await.message;
    for part in ["`first`", "`second`", "spec.containers[\"proxy\"].image", "\"proxy:1\"", "\"proxy:2\""] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
    let kept: Deployment = ns.get("web").await;
    assert_eq!((images(&kept), generation(&kept)), (vec!["app:1".to_owned(), "proxy:1".to_owned()], Some(1)));

    ns.rule(rule("second")).await;
    web.becomes_ready().await;
    assert_eq!(generation(&ns.get("web").await), Some(1), "nothing was rolled meanwhile");
}

#[tokio::test]
async fn p07_p10_pods_wait_for_what_only_a_patch_reads_and_roll_once_when_it_changes() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("patch-rotation").await;
    let _operator = cluster.operate_with_resync(&ns, Duration::from_secs(1));
    let volume = json!([{"name": "certs", "secret": {"secretName": "certs"}}]);
    let read = json!([{"configMapRef": {"name": "settings"}}]);
    ns.rule(
        rule("reading")
            .set("/patches/podTemplate/spec/volumes", volume)
            .set("/patches/containers/envFrom", read),
    )
    .await;
    let web = ns.apply(score("web").needs("db", "reading").with_id("db")).await;
    ns.apply(score("other")).await.becomes_ready().await;
    web.tells("Secret `certs` does not exist yet").await;
    create(&ns, "Secret", "certs", json!({"tls.crt": "b25l"})).await;
    web.tells("ConfigMap `settings` does not exist yet").await;
    assert!(ns.find::<Deployment>("web").await.is_none());
    create(&ns, "ConfigMap", "settings", json!({"MODE": "one"})).await;
    web.becomes_ready().await;
    assert_eq!(generation(&ns.get("web").await), Some(1));

    ns.edit::<Secret>("certs", json!({"data": {"tls.crt": "dHdv"}})).await;
    rolls(&ns, 2).await;
    ns.edit::<ConfigMap>("settings", json!({"data": {"MODE": "two"}})).await;
    rolls(&ns, 3).await;
    // Of the two, each rolled the pods once: a third change is the fourth generation.
    ns.edit::<Secret>("certs", json!({"data": {"tls.crt": "dGhyZWU="}})).await;
    rolls(&ns, 4).await;
    assert_eq!(generation(&ns.get("other").await), Some(1), "who reads nothing is left alone");
}

#[tokio::test]
async fn p10_a_config_map_of_the_rule_itself_rolls_the_pods_that_a_patch_lets_read_it() {
    // Nobody looks again for ten minutes: it is the write that is noticed.
    let ns = cluster().await.namespace("patch-settings").await;
    let settings = |mode: &str| {
        let read = json!([{"configMapRef": {"name": "{{ objects.settings.metadata.name }}"}}]);
        let object = config_map("settings", json!({ "MODE": mode }));
        rule("settings").makes("settings", object).set("/patches/containers/envFrom", read)
    };
    ns.rule(settings("one")).await;
    ns.apply(score("web").needs("it", "settings")).await.becomes_ready().await;
    ns.rule(settings("two")).await;
    rolls(&ns, 2).await;
}

async fn create(ns: &Namespace, kind: &str, name: &str, data: Value) {
    ns.create(&json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data": data})).await;
}

async fn rolls(ns: &Namespace, times: i64) {
    let is_rolled = |found: &Deployment| generation(found).is_some_and(|now| now >= times);
    assert_eq!(generation(&ns.sees("web", "rolls", is_rolled).await), Some(times));
}

#[tokio::test]
async fn g07_a_second_look_at_patched_workloads_of_every_kind_changes_nothing() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("patch-quiet").await;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "patch-quiet"},
        "data": {"password": "{{ generated.password | b64encode }}"},
    });
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"A": "1"}});
    let password = json!("{{ secret_ref(objects.secret.metadata.name, 'password') }}");
    let template = json!({
        "metadata": {"labels": {"team.example/uses": "{{ id }}"}},
        "spec": {
            "initContainers": [{"name": "warm", "image": "warm:1", "env": [{"name": "PASSWORD", "value": password}], "args": []}],
            "containers": [{"name": "proxy", "image": "proxy:1", "ports": [{"containerPort": 15001}],
                "resources": {"limits": {"memory": "0.5Gi"}}, "readinessProbe": {"tcpSocket": {"port": 15001}}}],
            "volumes": [{"name": "both", "projected": {"sources": [{"secret": {"name": "patch-quiet"}}, {"configMap": {"name": "settings"}}]}}],
            "hostAliases": [{"ip": "127.0.0.1", "hostnames": ["db"]}],
            "topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway"}],
            "automountServiceAccountToken": true,
            "securityContext": {"fsGroup": 1000},
        },
    });
    let mounts = json!([{"name": "both", "mountPath": "/both"}]);
    let quiet = rule("quiet").generates("password").makes("secret", secret).makes("settings", settings);
    ns.rule(quiet.set("/patches/podTemplate", template).set("/patches/containers/volumeMounts", mounts))
        .await;
    let operator = cluster.operate(&ns);
    let cron = runs_as("cron", "CronJob").annotation("k8s.score.dev/schedule", "@daily");
    for file in [score("web"), runs_as("set", "StatefulSet"), runs_as("job", "Job"), cron] {
        ns.apply(file.needs("it", "quiet").with_id("common")).await.becomes_ready().await;
    }

    let _operator = changes_nothing(&ns, operator, || cluster.operate(&ns)).await;
}
