//! From a Score file to running pods, and back to nothing.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Secret, Service};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;
use kube::core::ObjectMeta;
use score_operator::api::resource::ScoreResource;

use crate::support::look::{containers, owner, reference, secret, variables};
use crate::support::{Score, cluster, score, yaml};

pub fn payments_api() -> Score {
    Score::from_file("examples/payments-api.yaml")
}

#[tokio::test]
async fn w01_w05_payments_api_runs_as_written() {
    let ns = cluster().await.namespace("payments").await;
    let workload = ns.apply(payments_api()).await;
    let ready = workload.becomes_ready().await;
    assert_eq!(ready.status.unwrap().resources, "3/3");

    let deployment = ns.get::<Deployment>("payments-api").await;
    let api = containers(&deployment)["api"];
    assert_eq!(api.image.as_deref(), Some("ghcr.io/acme-engineering/payments-api:1.4.2"));
    let wanted = yaml("{requests: {cpu: 200m, memory: 256Mi}, limits: {cpu: '1', memory: 512Mi}}");
    assert_eq!(serde_json::to_value(&api.resources).unwrap(), wanted);

    let env = variables(api);
    assert_eq!(env.keys().copied().collect::<Vec<_>>(), ["DATABASE_URL", "LOG_LEVEL", "QUEUE_URL"]);
    assert_eq!(env["LOG_LEVEL"].value.as_deref(), Some("info"));
    let queue = env["QUEUE_URL"].value.as_deref().unwrap();
    assert!(queue.starts_with("http://sqs-localstack:4566/000000000000/"), "{queue}");
    let url = secret(&ns, reference(env["DATABASE_URL"])).await;
    assert!(url.starts_with("postgres://app:") && url.ends_with(":5432/app"), "no whole connection string");
}

#[tokio::test]
async fn p06_a_whole_connection_string_leads_to_the_database_with_the_password_that_was_rolled() {
    let ns = cluster().await.namespace("password").await;
    ns.apply(score("shop").variable("URL", "${resources.db.url}").needs("db", "postgres"))
        .await
        .becomes_ready()
        .await;

    let deployment = ns.get::<Deployment>("shop").await;
    let (credentials, key) = reference(variables(containers(&deployment)["main"])["URL"]);
    let part = async |key| secret(&ns, (credentials, key)).await;
    let (user, password, host) = (part("username").await, part("password").await, part("host").await);
    assert!(part(key).await == format!("postgres://{user}:{password}@{host}:5432/app"));
    assert_eq!(password.len(), 32);
    // The host is a Service, with the database's pods behind it.
    let service = ns.get::<Service>(&host).await;
    let selector = service.spec.unwrap().selector.unwrap();
    let pods = ns.list::<Pod>().await;
    let behind = |pod: &Pod| selector.iter().all(|(key, value)| pod.labels().get(key) == Some(value));
    assert_eq!(pods.iter().filter(|pod| behind(pod)).count(), 1);
}

#[tokio::test]
async fn t01_w04_the_objects_of_a_workload_are_labelled_owned_and_reachable() {
    let ns = cluster().await.namespace("owned").await;
    let file = score("web").port("http", 80, 8080).annotation("dapr.io/enabled", "true");
    let workload = ns.apply(file.annotation("k8s.score.dev/service-name", "front")).await;
    workload.becomes_ready().await;

    let deployment = ns.get::<Deployment>("web").await;
    let service = ns.get::<Service>("front").await;
    for metadata in [&deployment.metadata, &service.metadata] {
        assert_is_ours(metadata, &workload.uid);
    }
    let spec = service.spec.unwrap();
    let port = &spec.ports.unwrap()[0];
    assert_eq!((port.name.as_deref(), port.port), (Some("http"), 80));
    assert_eq!(port.target_port, Some(IntOrString::Int(8080)));

    let template = deployment.spec.unwrap().template.metadata.unwrap();
    let labels = template.labels.unwrap();
    assert!(spec.selector.unwrap().iter().all(|(key, value)| labels.get(key) == Some(value)));
    let annotations = template.annotations.unwrap();
    assert_eq!(annotations.get("dapr.io/enabled").map(String::as_str), Some("true"));
    assert_eq!(annotations.get("k8s.score.dev/workload-name").map(String::as_str), Some("web"));
    assert!(!annotations.contains_key("k8s.score.dev/service-name"), "instructions are not copied");
}

fn assert_is_ours(metadata: &ObjectMeta, workload: &str) {
    let labels = metadata.labels.clone().unwrap();
    assert_eq!(labels["app.kubernetes.io/name"], "web");
    assert_eq!(labels["app.kubernetes.io/managed-by"], "score-operator");
    assert_eq!(metadata.annotations.clone().unwrap()["k8s.score.dev/workload-name"], "web");
    let owner = owner(metadata);
    assert_eq!((owner.kind.as_str(), owner.name.as_str()), ("ScoreWorkload", "web"));
    assert_eq!((owner.uid.as_str(), owner.controller), (workload, Some(true)));
    assert_eq!(owner.block_owner_deletion, Some(true));
}

#[tokio::test]
async fn w01_replicas_belong_to_whoever_scales() {
    let ns = cluster().await.namespace("scaled").await;
    ns.apply(score("web")).await.becomes_ready().await;

    ns.scale("web", 3).await;
    let edited = ns.apply(score("web").image("registry.example/main:2")).await;
    edited.becomes_ready().await;

    let deployment = ns.get::<Deployment>("web").await;
    assert_eq!(deployment.spec.as_ref().unwrap().replicas, Some(3));
    assert_eq!(deployment.status.as_ref().unwrap().available_replicas, Some(3));
    let ours =
        deployment.managed_fields().iter().find(|entry| entry.manager.as_deref() == Some("score-operator"));
    let fields = serde_json::to_value(&ours.unwrap().fields_v1).unwrap();
    assert_eq!(fields["f:spec"].get("f:replicas"), None, "not even 1 is ours to say");
}

#[tokio::test]
async fn x44_deletion_leaves_nothing() {
    let ns = cluster().await.namespace("nothing").await;
    let file = payments_api().needs("disk", "volume");
    let workload = ns.apply(file).await;
    workload.becomes_ready().await;
    assert_eq!(ns.list::<ScoreResource>().await.len(), 5, "db, queue, what queues share, route and disk");
    assert_eq!(ns.list::<PersistentVolumeClaim>().await.len(), 2, "the database's and the disk");
    assert_eq!(ns.list::<Secret>().await.len(), 2, "the rolled password and the credentials");
    assert_eq!(workload.now().await.finalizers(), [] as [&str; 0], "nothing holds up a deletion");

    workload.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn x17_x44_a_namespace_can_be_deleted_with_all_that_is_in_it() {
    let ns = cluster().await.namespace("doomed").await;
    ns.apply(payments_api()).await.becomes_ready().await;

    ns.delete_itself().await;

    let forbidden = ns.requests().of("deployments").creating();
    assert_eq!(forbidden.len(), 2, "made once, and never again\n{forbidden}");
}
