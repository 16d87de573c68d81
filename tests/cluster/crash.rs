//! The operator dies after any write, and the next one ends where the first would have (X01; decisions
//! 1 to 4).

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use score_operator::api::conditions::{ConditionType, is_true};
use score_operator::api::resource::{InventoryEntry, ScoreResource};

use crate::lifecycle::payments_api;
use crate::support::{Cluster, Namespace, cluster_without_operator};

/// How many crashes are played at once.
const AT_ONCE: usize = 4;

#[tokio::test]
async fn x01_a_crash_after_any_write_changes_nothing_in_the_end() {
    let cluster = cluster_without_operator().await;
    let undisturbed = cluster.namespace("crash-never").await;
    let operator = cluster.operate(&undisturbed);
    undisturbed.apply(payments_api()).await.becomes_ready().await;
    let writes = operator.writes();
    drop(operator);
    let reference = end_state(&undisturbed).await;
    assert_eq!(reference.len(), 15, "{reference:#?}");

    let crashes = stream::iter(1..).map(|writes| crash_after(cluster, writes, &reference));
    let crashed = crashes.buffered(AT_ONCE).take_while(|crashed| std::future::ready(*crashed)).count().await;
    println!("{crashed} crashes were survived; an undisturbed operator sends {writes} writes");
    assert!(crashed >= reference.len(), "{crashed} writes cannot have made all of {reference:#?}");
}

/// Creates payments-api with an operator that dies after so many writes and another after it. False if
/// the first one was done before it could die.
async fn crash_after(cluster: &Cluster, writes: usize, reference: &[String]) -> bool {
    let ns = cluster.namespace(&format!("crash-{writes}")).await;
    let workload = ns.apply(payments_api()).await;
    let first = cluster.operate_until(&ns, writes);
    let crashed = tokio::select! {
        () = first.dies() => true,
        _ = workload.becomes_ready() => false,
    };
    drop(first);
    let second = crashed.then(|| cluster.operate(&ns));
    workload.becomes_ready().await;
    assert_eq!(end_state(&ns).await, reference, "after a crash after write {writes}");
    assert_made_once(&ns, writes);
    drop(second);
    crashed
}

/// What is there, as `Kind/name`, with the keys of Secrets and the owner. Fails where a ScoreResource is
/// not ready, an inventory is wrong or a secret does not fit.
async fn end_state(ns: &Namespace) -> Vec<String> {
    let all = ns.everything().await;
    let resources = ns.list::<ScoreResource>().await;
    for resource in &resources {
        let status = resource.status.clone().unwrap_or_default();
        assert!(is_true(&status.conditions, ConditionType::Ready), "{}: {status:#?}", resource.name_any());
        assert_whole(&all, &status.inventory);
    }
    let workload = ns.workload("payments-api").await.now().await;
    assert_whole(&all, &workload.status.unwrap_or_default().inventory);
    let secrets = ns.list::<Secret>().await;
    assert_passwords_fit(&secrets);
    let keys = secrets.iter().map(|secret| {
        let keys: Vec<_> = secret.data.iter().flatten().map(|(key, _)| key.as_str()).collect();
        format!("Secret/{}: {}", secret.name_any(), keys.join(", "))
    });
    let others = all.into_iter().filter(|name| !name.starts_with("Secret/"));
    let mut state: Vec<_> = others.chain(keys).collect();
    state.sort();
    state
}

fn assert_whole(all: &[String], inventory: &[InventoryEntry]) {
    for InventoryEntry { id, uid } in inventory {
        let there = all.contains(&format!("{}/{}", id.kind, id.name));
        assert!(there && !uid.is_empty(), "{id} is in an inventory and not there: {all:#?}");
    }
}

/// The password that was rolled stands in the connection string: it was not rolled again.
fn assert_passwords_fit(secrets: &[Secret]) {
    let values = secrets.iter().flat_map(|secret| secret.data.iter().flatten());
    let values = values.map(|(key, value)| (key.as_str(), String::from_utf8(value.0.clone()).unwrap()));
    let (passwords, others): (Vec<_>, Vec<_>) = values.partition(|(key, _)| *key == "password");
    assert_eq!(passwords.len(), 2, "what was rolled, and the credentials");
    assert!(passwords[0] == passwords[1]);
    let (_, url) = others.iter().find(|(key, _)| *key == "url").unwrap();
    assert!(url.contains(&passwords[0].1));
}

/// By the API server's own account: no object was made twice, none was deleted.
fn assert_made_once(ns: &Namespace, writes: usize) {
    let requests = ns.requests().but("events");
    requests.deleting().are_none(&format!("a crash after write {writes} led to deletions"));
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for request in requests.creating().iter() {
        *made.entry(request.object()).or_default() += 1;
    }
    made.retain(|_, count| *count > 1);
    assert!(made.is_empty(), "made more than once after a crash after write {writes}: {made:?}");
}
