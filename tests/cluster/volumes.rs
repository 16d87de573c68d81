//! Volumes on the API server: what a resource offers as one, and who keeps the claim.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Volume};
use kube::ResourceExt;
use score_operator::api::conditions::{ConditionStatus, ConditionType, Reason};
use score_operator::api::resource::ScoreResource;
use serde_json::json;

use crate::kinds::{claim_rule, with_disk};
use crate::support::look::{containers, owner};
use crate::support::workload::condition;
use crate::support::{Namespace, Score, cluster, score};

fn volumes(deployment: &Deployment) -> &[Volume] {
    let pod = deployment.spec.as_ref().unwrap().template.spec.as_ref().unwrap();
    pod.volumes.as_deref().unwrap_or_default()
}

/// The claim that the one volume of a Deployment's pods is.
fn claim_name(deployment: &Deployment) -> &str {
    let [volume] = volumes(deployment) else { panic!("expected one volume: {:?}", volumes(deployment)) };
    &volume.persistent_volume_claim.as_ref().unwrap().claim_name
}

/// One disk, which all workloads that need it share.
fn sharing(name: &str, type_: &str) -> Score {
    with_disk(score(name), type_).with_id("common")
}

#[tokio::test]
async fn l01_l04_one_resource_is_one_volume_wherever_it_is_mounted() {
    let ns = cluster().await.namespace("l01").await;
    let source = "${resources.disk}";
    let main = json!({
        "/data": {"source": source},
        "/data/cache": {"source": source, "path": "cache", "readOnly": true},
    });
    let side = json!({"/data": {"source": source, "readOnly": false}});
    let file = score("web").set("/containers/main/volumes", main).container("side");
    let file = file.set("/containers/side/volumes", side).needs("disk", "volume");
    ns.apply(file).await.becomes_ready().await;

    let web = ns.get::<Deployment>("web").await;
    let claim = ns.get::<PersistentVolumeClaim>(claim_name(&web)).await;
    assert_eq!(owner(&claim.metadata).kind, "ScoreResource");
    let mounts = |container: &str| {
        let mounts = containers(&web)[container].volume_mounts.iter().flatten();
        mounts
            .map(|mount| (mount.mount_path.clone(), mount.sub_path.clone(), mount.read_only))
            .collect::<Vec<_>>()
    };
    let whole = ("/data".to_owned(), None, None);
    assert_eq!(mounts("main"), [whole, ("/data/cache".to_owned(), Some("cache".to_owned()), Some(true))]);
    // The API server leaves out what is false.
    assert_eq!(mounts("side"), [("/data".to_owned(), None, None)]);
}

#[tokio::test]
async fn l02_a_described_claim_belongs_to_the_resource_and_goes_with_its_last_consumer() {
    let ns = cluster().await.namespace("l02").await;
    ns.rule(claim_rule("disk-l02")).await;
    let one = ns.apply(sharing("one", "disk-l02")).await;
    let two = ns.apply(sharing("two", "disk-l02")).await;
    one.becomes_ready().await;
    two.becomes_ready().await;

    let resource = ns.resource("disk-l02", "common").await;
    let [claim] = ns.list::<PersistentVolumeClaim>().await.try_into().expect("one claim for both");
    assert_eq!(owner(&claim.metadata).uid, resource.uid().unwrap());
    for name in ["one", "two"] {
        assert_eq!(claim_name(&ns.get(name).await), claim.name_any());
    }

    one.delete().await;
    let owned = |found: &ScoreResource| found.owner_references().len() == 1;
    ns.sees(&resource.name_any(), "has one consumer", owned).await;
    assert_eq!(ns.get::<PersistentVolumeClaim>(&claim.name_any()).await.uid(), claim.uid());
    two.becomes_ready().await;
    two.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn l02_p11_a_retained_claim_stays_and_is_found_again() {
    let ns = cluster().await.namespace("l02-retain").await;
    ns.rule(claim_rule("disk-retain").set("/deletionPolicy", json!("Retain"))).await;
    let workload = ns.apply(sharing("web", "disk-retain")).await;
    workload.becomes_ready().await;
    let [claim] = ns.list::<PersistentVolumeClaim>().await.try_into().expect("one claim");
    assert_eq!(claim.owner_references(), []);
    let resource = ns.resource("disk-retain", "common").await.name_any();

    workload.delete().await;
    ns.is_gone::<ScoreResource>(&resource).await;
    ns.is_gone::<Deployment>("web").await;
    let kept = ns.get::<PersistentVolumeClaim>(&claim.name_any()).await;
    assert_eq!((kept.uid(), kept.metadata.deletion_timestamp), (claim.uid(), None));

    ns.apply(sharing("again", "disk-retain")).await.becomes_ready().await;
    assert_eq!(claim_name(&ns.get("again").await), claim.name_any());
    assert_eq!(ns.get::<PersistentVolumeClaim>(&claim.name_any()).await.uid(), claim.uid());
}

/// Lets a rule describe another claim than there is; what runs runs on, and the rule as it was mends it.
async fn another_claim(ns: &Namespace, type_: &str, pointer: &str, value: serde_json::Value, reason: Reason) {
    ns.rule(claim_rule(type_)).await;
    let workload = ns.apply(sharing("web", type_)).await;
    workload.becomes_ready().await;
    let [claim] = ns.list::<PersistentVolumeClaim>().await.try_into().expect("one claim");
    let before = ns.get::<Deployment>("web").await;
    let resource = ns.resource(type_, "common").await.name_any();

    ns.rule(claim_rule(type_).set(&format!("/outputs/claimSpec{pointer}"), value)).await;
    let refused = ns.resource_says(&resource, reason).await;
    let named = format!("PersistentVolumeClaim `{}`", claim.name_any());
    assert!(refused.message.contains(&named), "{}", refused.message);
    assert!(refused.message.contains("undo the change"), "what to do: {}", refused.message);
    let shown = workload
        .says(ConditionType::ResourcesReady, ConditionStatus::False, Reason::WaitingForResources)
        .await;
    let message = condition(&shown, ConditionType::ResourcesReady).message;
    assert!(message.contains("resource `disk`") && message.contains(&reason.as_str()), "{message}");
    let after = ns.get::<Deployment>("web").await;
    assert_eq!((after.uid(), after.resource_version()), (before.uid(), before.resource_version()));
    let still = ns.get::<PersistentVolumeClaim>(&claim.name_any()).await;
    assert_eq!((still.uid(), still.metadata.deletion_timestamp), (claim.uid(), None));

    ns.rule(claim_rule(type_)).await;
    workload.becomes_ready().await;
}

#[tokio::test]
async fn l02_x27_a_claim_never_changes_its_modes_and_nothing_is_lost() {
    let ns = cluster().await.namespace("l02-modes").await;
    another_claim(&ns, "disk-modes", "/accessModes", json!(["ReadWriteMany"]), Reason::ImmutableField).await;
}

#[tokio::test]
async fn l02_x27_a_claim_of_a_class_that_cannot_grow_does_not_and_nothing_is_lost() {
    let ns = cluster().await.namespace("l02-size").await;
    // Not `ImmutableField`: an administrator can let the class grow its claims.
    another_claim(&ns, "disk-size", "/resources/requests/storage", json!("2Gi"), Reason::Forbidden).await;
}
