//! `examples/sqs-localstack` and `examples/job-provisioner`: Jobs that make what a resource is.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::ResourceExt;
use score_operator::api::conditions::Reason;
use score_operator::api::resource::ScoreResource;
use serde_json::json;

use super::{Variables, has_no_pods, namespace};
use crate::support::look::owners;
use crate::support::{Example, Namespace, Score, StandIn, cluster_of_examples};

/// P02: two queues, and one `LocalStack` for as long as one of them is used.
#[tokio::test]
async fn p02_example_sqs_localstack() {
    let ns = namespace("ex-sqs").await;
    let example = Example::new("sqs-localstack");
    let orders = ns.apply(example.workload("orders.yaml")).await;
    let shipping = ns.apply(example.workload("shipping.yaml")).await;
    orders.becomes_ready().await;
    shipping.becomes_ready().await;

    let [first, second] = [Variables::of(&ns, "orders").await, Variables::of(&ns, "shipping").await];
    for (variables, queue) in
        [(&first, "sqs-default-orders-queue"), (&second, "sqs-default-shipping-parcels")]
    {
        let (url, arn) = (variables.text("QUEUE_URL"), variables.text("QUEUE_ARN"));
        let name = url.strip_prefix("http://sqs-localstack:4566/000000000000/").unwrap();
        assert!(name.starts_with(queue), "{url}");
        assert_eq!(arn, format!("arn:aws:sqs:us-east-1:000000000000:{name}"));
    }
    assert_eq!(ns.names::<Deployment>().await, ["orders", "shipping", "sqs-localstack"]);
    assert_eq!(ns.list::<Job>().await.len(), 2, "a Job creates each queue");
    let server = ns.get::<Deployment>("sqs-localstack").await;

    let queue = ns.resource("sqs", "orders.queue").await;
    orders.delete().await;
    ns.is_gone::<ScoreResource>(&queue.name_any()).await;
    assert_eq!(ns.get::<Deployment>("sqs-localstack").await.uid(), server.uid(), "it is used still");
    shipping.delete().await;
    ns.is_empty().await;
}

/// The Job's pods do not run before the test lets them.
fn held_back(example: &Example) -> crate::support::Rule {
    let rule = example.rule("rule.yaml");
    rule.set("/manifests/job/spec/template/metadata/annotations", json!({"sim/ready": "false"}))
}

async fn pod_of(ns: &Namespace, job: &str) -> String {
    ns.pod(&format!("batch.kubernetes.io/job-name={job}")).await.name_any()
}

#[tokio::test]
async fn p07_p09_example_job_provisioner() {
    let ns = namespace("ex-job").await;
    let example = Example::new("job-provisioner");
    for object in example.objects("access.yaml") {
        ns.create(&object).await;
    }
    ns.rule(held_back(&example)).await;
    let workload = ns.apply(example.workload("workload.yaml")).await;
    let job = StandIn::of(&ns, "s3", "gallery.pictures", "Job").await;
    let said = workload.tells("0 of 1 pods have succeeded, active: 1, failed: 0").await;
    assert!(said.message.contains(&format!("Job `{}`", job.name())), "{}", said.message);
    has_no_pods(&ns, "gallery").await;

    // It is done, and wrote the wrong key.
    let secret = StandIn::of(&ns, "s3", "gallery.pictures", "Secret").await;
    secret.writes(secret.name(), &[("endpoint", "https://s3.example"), ("secret", "hunter2")]).await;
    ns.set_ready(&pod_of(&ns, job.name()).await, true).await;
    let said = workload.tells("has no key `access_key_id` yet (there: `endpoint`, `secret`)").await;
    assert_eq!(said.reason, Reason::WaitingForResources);
    has_no_pods(&ns, "gallery").await;

    let credentials =
        [("endpoint", "https://s3.example"), ("access_key_id", "AKIA"), ("secret_key", "hunter2")];
    secret.writes(secret.name(), &credentials).await;
    workload.becomes_ready().await;
    let variables = Variables::of(&ns, "gallery").await;
    assert_eq!(variables.text("BUCKET"), secret.name());
    assert_eq!(variables.secret("AWS_SECRET_ACCESS_KEY"), (secret.name(), "secret_key"));
    assert_eq!(variables.value(&ns, "S3_ENDPOINT").await, "https://s3.example");
    let held = ns.get::<Secret>(secret.name()).await;
    assert_eq!(held.data.as_ref().unwrap().len(), 3, "what the Job wrote is left to it");
    assert_eq!(owners(&held).len(), 1, "the Secret is the rule's, and goes with the resource");

    another_job_for_other_params(&ns, example.workload("workload.yaml"), job.name()).await;
    workload.delete().await;
    for account in ["ServiceAccount", "Role", "RoleBinding"] {
        let arguments = ["delete", account, "provisioner", "--namespace", &ns.name];
        cluster_of_examples().await.kubectl(&arguments, "").unwrap();
    }
    ns.is_empty().await;
}

/// A Job cannot be changed: other params mean another one, and the old one goes. The pods run on meanwhile.
async fn another_job_for_other_params(ns: &Namespace, file: Score, old: &str) {
    let running = ns.get::<Deployment>("gallery").await;
    ns.apply(file.set("/resources/pictures/params/versioned", json!(false))).await;
    ns.is_gone::<Job>(old).await;
    let jobs = ns.names::<Job>().await;
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    assert_eq!(ns.get::<Deployment>("gallery").await.uid(), running.uid());
    let pods = ns.list::<Pod>().await.into_iter().filter(|pod| pod.name_any().starts_with("gallery-"));
    assert_eq!(pods.count(), 1);
    ns.set_ready(&pod_of(ns, &jobs[0]).await, true).await;
    ns.workload("gallery").await.becomes_ready().await;
}
