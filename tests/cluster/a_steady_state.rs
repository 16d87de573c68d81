//! A steady state costs nothing: by the API server's own account. Takes two minutes of waiting, so it is first.

use std::time::Duration;

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, WatchParams};
use score_operator::api::conditions::Reason;
use serde_json::json;

use crate::lifecycle::payments_api;
use crate::support::{Cluster, rule, score};

/// Each of the operator's watches, which last 50 s, ends twice in this time: three times a part, as no
/// answer of ours may be silent for too long.
const PART: Duration = Duration::from_secs(35);
const PARTS: usize = 3;

/// The API server ends a watch when its time is over: the clock of this test.
async fn a_watch_ends_after(client: &Client, time: Duration) {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let params = WatchParams::default().timeout(u32::try_from(time.as_secs()).unwrap());
    api.watch(&params, "0").await.unwrap().try_for_each(|_| async { Ok(()) }).await.unwrap();
}

#[tokio::test]
async fn sends_nothing_but_watches_and_is_not_changed_by_a_restart() {
    let cluster = Cluster::start("quiet");
    let ns = cluster.namespace("quiet").await;
    ns.rule(rule("calm").makes_config_map()).await;
    ns.rule(rule("above").takes("on", json!({"type": "string"})).makes_config_map()).await;
    let workload = ns.apply(payments_api()).await;
    let other = score("web").port("http", 80, 8080).needs("it", "calm").with_id("it");
    // One resource depends on another.
    let other = other.needs("top", "above").with_id("top").with_params(json!({"on": "${resources.it.name}"}));
    let other = ns.apply(other).await;
    // One that waits for what may never come is quiet too.
    let waiting = ns.apply(score("patient").needs("it", "unheard-of")).await;
    workload.becomes_ready().await;
    other.becomes_ready().await;
    waiting.awaits(Reason::WaitingForResources).await;
    // The status above was seen before its request was answered and what it woke was done.
    a_watch_ends_after(&ns.client, Duration::from_secs(2)).await;

    let steady = cluster.audit().mark();
    for _ in 0..PARTS {
        a_watch_ends_after(&ns.client, PART).await;
    }
    let requests = cluster.audit().since(steady).by_operator();
    requests.mutating().are_none("in a steady state the operator changes something");
    requests.reading().are_none("in a steady state the operator reads other than by watches");
    for plural in ["scoreworkloads", "scoreresources", "provisionerrules", "deployments", "namespaces"] {
        let begun = requests.of(plural).watching().len();
        assert!((2..=3).contains(&begun), "{begun} watches of {plural} began\n{requests}");
    }

    let restart = cluster.audit().mark();
    cluster.kill_operator();
    cluster.start_operator();
    // It comes to what is new after what was there.
    let probe = cluster.namespace("quiet-probe").await;
    probe.apply(score("probe")).await.becomes_ready().await;
    a_watch_ends_after(&ns.client, Duration::from_secs(5)).await;
    let requests = cluster.audit().since(restart).by_operator().but_in_namespace("quiet-probe");
    let reviews = requests.of("selfsubjectaccessreviews");
    assert!(reviews.len() <= 8 * 6, "each verb of each kind once\n{reviews}");
    let requests = requests.but("selfsubjectaccessreviews");
    requests.mutating().are_none("a restart that changes nothing changes something");
    let gets = requests.with_verb("get").but("secrets").about_objects();
    gets.are_none("a start reads objects other than Secrets one by one");
    let lists = requests.with_verb("list");
    assert!(lists.len() < 20, "each kind once\n{lists}");
}
