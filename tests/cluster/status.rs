//! What a status says is true at every revision: for people, `kubectl wait`, Flux and Argo CD.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;
use kube::api::{ListParams, WatchEvent, WatchParams};
use score_operator::api::conditions::{ConditionType, Reason, is_true};
use score_operator::api::workload::ScoreWorkload;
use serde_json::json;

use crate::support::look::image;
use crate::support::namespace::Object;
use crate::support::workload::conditions;
use crate::support::{Namespace, cluster, rule, score};

/// Every revision of a type's objects, from now until one is as wanted.
async fn revisions<K: Object>(ns: &Namespace, from: &str, last: impl Fn(&K) -> bool) -> Vec<K> {
    let watch = ns.api::<K>().watch(&WatchParams::default(), from).await.unwrap();
    let changed = watch.try_filter_map(|event| async move {
        Ok(match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => Some(object),
            _ => None,
        })
    });
    let mut seen = Vec::new();
    let mut changed = std::pin::pin!(changed);
    while let Some(object) = changed.next().await {
        let object = object.unwrap();
        let is_last = last(&object);
        seen.push(object);
        if is_last {
            return seen;
        }
    }
    panic!("the watch ended after {} revisions", seen.len());
}

fn revision(object: &impl ResourceExt) -> u64 {
    object.resource_version().unwrap().parse().unwrap()
}

fn is_ready(workload: &ScoreWorkload) -> bool {
    let current = workload.status.as_ref().map(|status| status.observed_generation);
    current == workload.metadata.generation && is_true(conditions(workload), ConditionType::Ready)
}

/// How often the workload is edited.
const EDITS: i64 = 5;

#[tokio::test]
async fn g02_ready_is_never_true_of_a_generation_that_does_not_run_yet() {
    let ns = cluster().await.namespace("truth").await;
    ns.rule(rule("near").makes_config_map()).await;
    let file = score("web").port("http", 80, 8080).needs("it", "near").with_id("it");
    let start = ns.api::<ScoreWorkload>().list(&ListParams::default()).await.unwrap();
    let start = start.metadata.resource_version.unwrap();

    let edit = async {
        for edit in 1..=EDITS {
            let edited = file.clone().image(&format!("registry.example/main:{edit}"));
            // The last ones come while the ones before are still being rolled out.
            let workload = ns.apply(edited.variable("EDIT", &edit.to_string())).await;
            if edit < 3 {
                workload.becomes_ready().await;
            }
        }
    };
    let last = |workload: &ScoreWorkload| workload.metadata.generation == Some(EDITS) && is_ready(workload);
    let last_image = format!("registry.example/main:{EDITS}");
    let rolled_out = |web: &Deployment| image(web) == last_image && is_rolled_out(web);
    let (workloads, deployments, ()) =
        tokio::join!(revisions(&ns, &start, last), revisions(&ns, &start, rolled_out), edit);

    let by_revision: BTreeMap<_, _> = deployments.iter().map(|found| (revision(found), found)).collect();
    let ready: Vec<_> = workloads.iter().filter(|workload| is_ready(workload)).collect();
    assert!(ready.len() >= 3, "the first two edits and the last were awaited");
    for workload in ready {
        let wanted = &workload.spec.0["containers"]["main"]["image"];
        let (_, deployment) = by_revision.range(..revision(workload)).next_back().expect("a Deployment");
        assert_eq!(image(deployment), wanted, "when generation {:?} was Ready", workload.metadata.generation);
        assert!(is_rolled_out(deployment), "{:#?}", deployment.status);
    }
}

fn is_rolled_out(deployment: &Deployment) -> bool {
    let status = deployment.status.clone().unwrap_or_default();
    status.observed_generation == deployment.metadata.generation
        && (status.updated_replicas, status.available_replicas, status.replicas)
            == (Some(1), Some(1), Some(1))
}

#[tokio::test]
async fn g01_g02_every_status_is_one_that_kstatus_understands() {
    let ns = cluster().await.namespace("kstatus").await;
    ns.rule(rule("plain").makes_config_map()).await;
    let start = ns.api::<ScoreWorkload>().list(&ListParams::default()).await.unwrap();
    let start = start.metadata.resource_version.unwrap();
    let file = score("web").needs("it", "plain");
    let edit = async {
        ns.apply(file.clone()).await.becomes_ready().await;
        let wrong = file.clone().variable("X", "${resources.nothing.x}");
        ns.apply(wrong).await.is_refused(Reason::UnknownResource).await;
        ns.apply(file).await.becomes_ready().await;
    };
    let last = |workload: &ScoreWorkload| workload.metadata.generation == Some(3) && is_ready(workload);
    let (workloads, ()) = tokio::join!(revisions(&ns, &start, last), edit);

    let first = &workloads[0];
    assert_eq!(first.status.as_ref().map(|status| status.observed_generation), Some(-1), "from creation on");
    for workload in &workloads {
        let conditions = conditions(workload);
        let status = workload.status.as_ref().unwrap();
        for abnormal in [ConditionType::Reconciling, ConditionType::Stalled] {
            let there = conditions.iter().any(|condition| condition.type_ == abnormal);
            assert_eq!(there, is_true(conditions, abnormal), "absent unless true: {conditions:#?}");
        }
        if is_true(conditions, ConditionType::Ready) {
            assert!(!is_true(conditions, ConditionType::Reconciling), "{conditions:#?}");
            assert!(!is_true(conditions, ConditionType::Stalled), "{conditions:#?}");
        }
        for condition in conditions {
            // What a pass cannot say anew speaks of the generation that it was said of.
            let kept = matches!(
                condition.type_,
                ConditionType::ResourcesReady | ConditionType::Applied | ConditionType::Available
            );
            let (said_of, now) = (condition.observed_generation, status.observed_generation);
            assert!(said_of == now || (kept && said_of < now), "{conditions:#?}");
        }
        let mut types: Vec<_> = conditions.iter().map(|condition| condition.type_).collect();
        types.dedup();
        assert_eq!(types.len(), conditions.len(), "{conditions:#?}");
    }
}

#[tokio::test]
async fn g02_kubectl_wait_and_get_tell_the_state() {
    let cluster = cluster().await;
    let ns = cluster.namespace("kubectl").await;
    ns.apply(score("web")).await;
    let kubectl = |arguments: &[&str]| {
        let arguments = [&["--namespace", "kubectl"], arguments].concat();
        cluster.kubectl(&arguments, "").unwrap()
    };
    kubectl(&["wait", "--for=condition=Ready", "--timeout=60s", "scoreworkload/web"]);
    let table = kubectl(&["get", "swl"]);
    let lines: Vec<_> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines[0], ["NAME", "READY", "STATUS", "RESOURCES", "AGE"]);
    assert_eq!(lines[1][..4], ["web", "True", "Ready", "0/0"]);
    assert!(kubectl(&["get", "score"]).contains("scoreworkload.k8s.score.dev/web"), "the category");
}

#[tokio::test]
async fn x34_a_status_that_somebody_else_wrote_is_mended() {
    let ns = cluster().await.namespace("mended").await;
    let workload = ns.apply(score("web")).await;
    workload.becomes_ready().await;
    let nonsense = json!({"conditions": [], "resources": "9/9"});
    ns.edit_status::<ScoreWorkload>("web", nonsense).await;

    workload
        .until("says the truth again", |workload| {
            workload.status.as_ref().is_some_and(|status| status.resources == "0/0") && is_ready(workload)
        })
        .await;
}
