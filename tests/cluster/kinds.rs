//! The kinds that a workload can become, by annotation (W02, W03).

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Service};
use kube::ResourceExt;
use score_operator::api::conditions::Reason;
use serde_json::json;

use crate::support::namespace::Object;
use crate::support::{Namespace, Rule, Score, cluster, rule, score};

/// A workload of a kind.
pub fn runs_as(name: &str, kind: &str) -> Score {
    score(name).annotation("k8s.score.dev/kind", kind)
}

/// A rule that describes a claim of one GiB and makes none.
pub fn claim_rule(type_: &str) -> Rule {
    let claim = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
    rule(type_).offers("claimSpec", claim)
}

/// With `type_` mounted at `/data`.
pub fn with_disk(file: Score, type_: &str) -> Score {
    let mounts = json!({"/data": {"source": "${resources.disk}"}});
    file.set("/containers/main/volumes", mounts).needs("disk", type_)
}

fn uids<K: Object>(objects: &[K]) -> Vec<String> {
    let mut uids: Vec<_> = objects.iter().filter_map(ResourceExt::uid).collect();
    uids.sort();
    uids
}

async fn pods_of(ns: &Namespace, name: &str) -> Vec<String> {
    let pods = ns.list::<Pod>().await;
    let of = |pod: &&Pod| pod.labels().get("app.kubernetes.io/name").is_some_and(|it| it == name);
    uids(&pods.iter().filter(of).cloned().collect::<Vec<_>>())
}

#[tokio::test]
async fn w02_l02_a_stateful_set_has_a_headless_service_and_a_claim_for_each_pod() {
    let ns = cluster().await.namespace("w02").await;
    ns.rule(claim_rule("disk-w02")).await;
    let file = with_disk(runs_as("store", "StatefulSet"), "disk-w02");
    let workload = ns.apply(file.clone()).await;
    workload.becomes_ready().await;

    let set = ns.get::<StatefulSet>("store").await;
    assert_eq!(set.spec.as_ref().unwrap().service_name.as_deref(), Some("store-headless-svc"));
    assert_eq!(ns.names::<Service>().await, ["store-headless-svc"], "the file offers no ports");
    let service = ns.get::<Service>("store-headless-svc").await.spec.unwrap();
    assert_eq!(service.cluster_ip.as_deref(), Some("None"));
    let port = &service.ports.unwrap()[0];
    assert_eq!((port.name.as_deref(), port.port), (Some("default"), 99));
    let labels = set.spec.as_ref().unwrap().template.metadata.as_ref().unwrap().labels.clone().unwrap();
    assert!(service.selector.unwrap().iter().all(|(key, value)| labels.get(key) == Some(value)));

    let [claim] = ns.names::<PersistentVolumeClaim>().await.try_into().expect("one claim: the pod's");
    assert!(claim.ends_with("-store-0"), "{claim}");

    // Replicas belong to whoever scales, here too.
    ns.edit::<StatefulSet>("store", json!({"spec": {"replicas": 2}})).await;
    ns.appears::<PersistentVolumeClaim>(&claim.replace("-store-0", "-store-1")).await;
    ns.apply(file.image("registry.example/main:2")).await.becomes_ready().await;
    assert_eq!(ns.get::<StatefulSet>("store").await.spec.unwrap().replicas, Some(2));

    workload.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn w02_a_claim_of_a_stateful_set_never_changes() {
    let ns = cluster().await.namespace("w02-claim").await;
    ns.rule(claim_rule("disk-grows")).await;
    let workload = ns.apply(with_disk(runs_as("store", "StatefulSet"), "disk-grows")).await;
    workload.becomes_ready().await;
    let (set, pods) = (ns.get::<StatefulSet>("store").await, pods_of(&ns, "store").await);

    ns.rule(claim_rule("disk-grows").set("/outputs/claimSpec/resources/requests/storage", json!("2Gi")))
        .await;
    let refused = workload.is_refused(Reason::ImmutableField).await;
    assert!(refused.message.contains("StatefulSet `store`"), "{}", refused.message);
    assert_eq!(ns.get::<StatefulSet>("store").await.uid(), set.uid());
    assert_eq!(pods_of(&ns, "store").await, pods, "they run on");

    ns.rule(claim_rule("disk-grows")).await;
    workload.becomes_ready().await;
}

#[tokio::test]
async fn w03_a_job_is_ready_when_it_is_complete_and_never_changes() {
    let ns = cluster().await.namespace("w03-job").await;
    // Its pod does not start until it is told to.
    let workload = ns.apply(runs_as("migrate", "Job").image("registry.example/migrate:never")).await;
    let waiting = workload.awaits(Reason::WaitingForObjects).await;
    assert!(waiting.message.contains("Job `migrate`: 0 of 1 pods have succeeded"), "{}", waiting.message);
    let pod = ns.pod("app.kubernetes.io/name=migrate").await;
    ns.set_ready(&pod.name_any(), true).await;
    workload.becomes_ready().await;
    let job = ns.get::<Job>("migrate").await;
    assert_eq!(job.status.as_ref().unwrap().succeeded, Some(1));

    let edited = ns.apply(runs_as("migrate", "Job").image("registry.example/migrate:2")).await;
    let refused = edited.is_refused(Reason::ImmutableField).await;
    assert!(refused.message.contains("Job `migrate`"), "{}", refused.message);
    assert!(refused.message.contains("delete the object"), "what to do: {}", refused.message);
    assert!(refused.message.len() < 1000, "to be read by a person: {}", refused.message);
    assert_eq!(ns.get::<Job>("migrate").await.uid(), job.uid());

    ns.delete::<Job>("migrate").await;
    let anew = ns.is_made_anew(&job).await;
    let pod = anew.spec.unwrap().template.spec.unwrap();
    assert_eq!(pod.containers[0].image.as_deref(), Some("registry.example/migrate:2"));
    edited.becomes_ready().await;

    edited.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn w03_a_job_whose_pod_fails_is_told() {
    let ns = cluster().await.namespace("w03-fails").await;
    let file = runs_as("migrate", "Job").annotation("k8s.score.dev/backoff-limit", "0");
    let workload = ns.apply(file.image("registry.example/migrate:fail")).await;
    let failed = workload.tells("BackoffLimitExceeded").await;
    assert_eq!(failed.reason, Reason::Failed, "{}", failed.message);
}

#[tokio::test]
async fn w03_a_cron_job_is_ready_at_once_and_follows_its_schedule() {
    let ns = cluster().await.namespace("w03-cron").await;
    let file = runs_as("report", "CronJob").annotation("k8s.score.dev/schedule", "0 4 * * *");
    let workload = ns.apply(file.clone()).await;
    workload.becomes_ready().await;
    let before = ns.get::<CronJob>("report").await;
    assert_eq!(before.spec.as_ref().unwrap().schedule, "0 4 * * *");

    let file = file.annotation("k8s.score.dev/schedule", "*/5 * * * *");
    let file = file.annotation("k8s.score.dev/concurrency-policy", "Forbid");
    ns.apply(file.annotation("k8s.score.dev/time-zone", "Europe/Berlin")).await.becomes_ready().await;
    let after = ns.get::<CronJob>("report").await;
    let spec = after.spec.clone().unwrap();
    assert_eq!(after.uid(), before.uid());
    assert_eq!((spec.schedule.as_str(), spec.time_zone.as_deref()), ("*/5 * * * *", Some("Europe/Berlin")));
    assert_eq!(spec.concurrency_policy.as_deref(), Some("Forbid"));
    let pod = spec.job_template.spec.unwrap().template.spec.unwrap();
    assert_eq!(pod.restart_policy.as_deref(), Some("Never"));

    workload.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn w03_a_live_workload_keeps_its_kind_and_its_data() {
    let ns = cluster().await.namespace("w03-change").await;
    ns.rule(claim_rule("disk-kept")).await;
    let file = |kind| with_disk(runs_as("web", kind), "disk-kept");
    ns.apply(file("Deployment")).await.becomes_ready().await;
    let (deployment, pods) = (ns.get::<Deployment>("web").await, pods_of(&ns, "web").await);
    let claims = ns.list::<PersistentVolumeClaim>().await;
    assert_eq!((pods.len(), claims.len()), (1, 1));

    let changed = ns.apply(file("StatefulSet")).await;
    let refused = changed.is_refused(Reason::ImmutableField).await;
    let how = "kubectl -n w03-change delete deployment web";
    assert!(refused.message.contains(how), "{}", refused.message);
    assert!(refused.message.contains("metadata.annotations[\"k8s.score.dev/kind\"]"), "{}", refused.message);
    assert_eq!(ns.get::<Deployment>("web").await.resource_version(), deployment.resource_version());
    assert_eq!(pods_of(&ns, "web").await, pods, "they run on");
    assert_eq!(ns.names::<StatefulSet>().await, [] as [&str; 0]);

    ns.apply(file("Deployment")).await.becomes_ready().await;
    assert_eq!(ns.get::<Deployment>("web").await.uid(), deployment.uid());

    let changed = ns.apply(file("StatefulSet")).await;
    changed.is_refused(Reason::ImmutableField).await;
    ns.delete::<Deployment>("web").await;
    changed.becomes_ready().await;
    assert_eq!(ns.names::<StatefulSet>().await, ["web"]);
    assert_eq!(ns.names::<Deployment>().await, [] as [&str; 0]);
    let kept = ns.get::<PersistentVolumeClaim>(&claims[0].name_any()).await;
    assert_eq!(kept.uid(), claims[0].uid(), "what the Deployment's pods wrote is still there");

    changed.delete().await;
    ns.is_empty().await;
}

/// What a StatefulSet claims outlives it exactly while the rule of the resource retains: also where
/// nothing but that word of the rule changes.
#[tokio::test]
async fn l02_the_claims_of_a_stateful_set_follow_the_deletion_policy() {
    let ns = cluster().await.namespace("l02-policy").await;
    let with_policy =
        |policy: &str| claim_rule("disk-policy").generates("key").set("/deletionPolicy", json!(policy));
    ns.rule(with_policy("Delete")).await;
    let workload = ns.apply(with_disk(runs_as("store", "StatefulSet"), "disk-policy")).await;
    workload.becomes_ready().await;
    let on_deletion = |set: &StatefulSet| {
        let policy = set.spec.clone().unwrap().persistent_volume_claim_retention_policy;
        policy.and_then(|policy| policy.when_deleted).unwrap_or_default()
    };
    assert_eq!(on_deletion(&ns.get("store").await), "Delete");

    ns.rule(with_policy("Retain")).await;
    ns.sees("store", "keeps its claims", |set| on_deletion(set) == "Retain").await;
    ns.rule(with_policy("Delete")).await;
    ns.sees("store", "lets its claims go", |set| on_deletion(set) == "Delete").await;

    workload.delete().await;
    ns.is_empty().await;
}
