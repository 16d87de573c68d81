//! Pods as the API server takes them: the order of containers, images from outside, security.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{self as core, PodSpec};
use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams};
use score_operator::api::conditions::Reason;
use serde_json::{Value, json};

use crate::support::look::{containers, image};
use crate::support::{Namespace, Score, cluster, score};

fn pod(deployment: &Deployment) -> &PodSpec {
    deployment.spec.as_ref().unwrap().template.spec.as_ref().unwrap()
}

#[tokio::test]
async fn b01_b02_b03_b04_containers_that_others_wait_for_start_first() {
    let ns = cluster().await.namespace("before").await;
    let first = |file: Score, name: &str, ready: &str| {
        file.container(name).set(&format!("/containers/{name}/before/main"), json!({"ready": ready}))
    };
    let file =
        first(first(first(score("web"), "proxy", "healthy"), "migrate", "complete"), "logs", "started");
    let probe = json!({"httpGet": {"path": "/ready", "port": 8080}});
    ns.apply(file.set("/containers/proxy/readinessProbe", probe)).await.becomes_ready().await;

    let web = ns.get::<Deployment>("web").await;
    let init = pod(&web).init_containers.as_deref().unwrap();
    let order: Vec<_> =
        init.iter().map(|it| (it.name.as_str(), it.restart_policy.as_deref().unwrap_or("-"))).collect();
    assert_eq!(order, [("logs", "Always"), ("migrate", "-"), ("proxy", "Always")]);
    let startup = init[2].startup_probe.as_ref().unwrap();
    assert_eq!(startup.http_get.as_ref().unwrap().path.as_deref(), Some("/ready"));
    assert!(init[..2].iter().all(|container| container.startup_probe.is_none()));
    assert_eq!(containers(&web).into_keys().collect::<Vec<_>>(), ["main"]);

    let pods = ns.pod("app.kubernetes.io/name=web").await;
    assert_eq!(pods.spec.unwrap().init_containers.unwrap().len(), 3);
}

#[tokio::test]
async fn w08_without_an_image_the_old_pods_run_on_and_an_annotation_gives_one() {
    let ns = cluster().await.namespace("w08").await;
    ns.apply(score("web")).await.becomes_ready().await;
    let before = ns.get::<Deployment>("web").await;

    let without = score("web").image(".").variable("NEW", "1");
    let refused = ns.apply(without.clone()).await.is_refused(Reason::ImageMissing).await;
    assert!(refused.message.contains("containers.main.image"), "{}", refused.message);
    assert!(refused.message.contains("k8s.score.dev/image"), "{}", refused.message);
    let after = ns.get::<Deployment>("web").await;
    assert_eq!((after.uid(), after.resource_version()), (before.uid(), before.resource_version()));

    let given = without.annotation("k8s.score.dev/image", "registry.example/main:2");
    ns.apply(given.clone()).await.becomes_ready().await;
    assert_eq!(image(&ns.get("web").await), "registry.example/main:2");
    let own = given.annotation("k8s.score.dev/image.main", "registry.example/main:3");
    ns.apply(own).await.becomes_ready().await;
    let web = ns.get::<Deployment>("web").await;
    assert_eq!((image(&web), web.uid()), ("registry.example/main:3", before.uid()));
}

/// Changes the namespace itself.
async fn edit_namespace(ns: &Namespace, metadata: Value) {
    let api: Api<core::Namespace> = Api::all(ns.client.clone());
    let patch = Patch::Merge(json!({ "metadata": metadata }));
    api.patch(&ns.name, &PatchParams::default(), &patch).await.unwrap();
}

fn runs_as_non_root(deployment: &Deployment) -> Option<bool> {
    pod(deployment).security_context.as_ref().and_then(|context| context.run_as_non_root)
}

#[tokio::test]
async fn sec_pods_get_no_token_and_the_default_seccomp_profile_and_may_be_root() {
    let ns = cluster().await.namespace("sec-default").await;
    ns.apply(score("web")).await.becomes_ready().await;
    let web = ns.get::<Deployment>("web").await;
    assert_eq!(pod(&web).automount_service_account_token, Some(false));
    let seccomp = pod(&web).security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
    assert_eq!(seccomp.map(|profile| profile.type_.as_str()), Some("RuntimeDefault"));
    assert_eq!(runs_as_non_root(&web), None, "an ordinary image runs as root");
    let running = ns.pod("app.kubernetes.io/name=web").await.spec.unwrap();
    assert!(running.volumes.unwrap_or_default().is_empty(), "not even the projected token");
}

#[tokio::test]
async fn sec_in_a_namespace_that_enforces_restricted_pods_are_admitted() {
    let enforce = [("pod-security.kubernetes.io/enforce", "restricted")];
    let ns = cluster().await.namespace_with_labels("sec-restricted", &enforce).await;
    ns.apply(score("web")).await.becomes_ready().await;
    assert_eq!(runs_as_non_root(&ns.get("web").await), Some(true));

    // Who asks for more than the namespace allows is told by whom it was refused.
    let greedy = score("greedy").annotation("k8s.score.dev/pod-security", "privileged");
    let said = ns.apply(greedy).await.tells("violates PodSecurity \"restricted").await;
    assert_eq!(said.reason, Reason::WaitingForObjects, "{}", said.message);
    let files = score("files").set("/containers/main/files/~1etc~1x", json!({"content": "x"}));
    let gated = files.container("init").set("/containers/init/before/main", json!({"ready": "started"}));
    ns.apply(gated).await.becomes_ready().await;
}

#[tokio::test]
async fn sec_the_namespace_says_how_strict_pods_are_that_do_not_say_it_themselves() {
    let ns = cluster().await.namespace("sec-annotation").await;
    let silent = ns.apply(score("silent")).await;
    let own = ns.apply(score("own").annotation("k8s.score.dev/pod-security", "baseline")).await;
    silent.becomes_ready().await;
    own.becomes_ready().await;
    let before = ns.get::<Deployment>("own").await;

    edit_namespace(&ns, json!({"annotations": {"k8s.score.dev/pod-security": "restricted"}})).await;
    let strict = |web: &Deployment| runs_as_non_root(web) == Some(true);
    ns.sees("silent", "is stricter", strict).await;
    silent.becomes_ready().await;

    edit_namespace(&ns, json!({"annotations": {"k8s.score.dev/pod-security": "strict"}})).await;
    let said = silent.awaits(Reason::InvalidNamespace).await;
    assert!(said.message.contains("k8s.score.dev/pod-security"), "{}", said.message);
    assert!(strict(&ns.get("silent").await), "nothing changes meanwhile");

    edit_namespace(&ns, json!({"annotations": {"k8s.score.dev/pod-security": null}})).await;
    silent.becomes_ready().await;
    ns.sees("silent", "is as lenient as before", |web: &Deployment| !strict(web)).await;
    own.becomes_ready().await;
    let after = ns.get::<Deployment>("own").await;
    assert_eq!((after.uid(), after.resource_version()), (before.uid(), before.resource_version()));
}
