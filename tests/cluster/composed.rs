//! A text with secret parts: kept whole in a Secret of the resource, as long and as new as its parts are (P10).

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use score_operator::api::conditions::Reason;
use serde_json::json;

use crate::support::look::secret;
use crate::support::{cluster_without_operator, rule, score};

#[tokio::test]
async fn p10_a_composed_url_waits_for_its_parts_follows_them_and_goes_with_its_template() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("composed").await;
    let _operator = cluster.operate_with_resync(&ns, Duration::from_secs(1));
    let url = "{{ secret_template('pg://app:', secret_ref('conn', 'password'), '@db:', 5432) }}";
    ns.rule(rule("composing").offers("url", json!(url))).await;
    let web = score("web").needs("db", "composing").with_id("db").variable("URL", "${resources.db.url}");
    let web = ns.apply(web).await;
    web.awaits(Reason::WaitingForResources).await;

    let data = json!({"password": "b25l"});
    ns.create(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "conn"}, "data": data}))
        .await;
    web.becomes_ready().await;
    let made: Deployment = ns.get("web").await;
    let env = &made.spec.unwrap().template.spec.unwrap().containers[0].env.clone().unwrap()[0];
    let reference = env.value_from.clone().unwrap().secret_key_ref.unwrap();
    assert_eq!(reference.key, "url");
    assert_eq!(secret(&ns, (&reference.name, "url")).await, "pg://app:one@db:5432");
    let composed: Secret = ns.get(&reference.name).await;
    assert_eq!(composed.owner_references()[0].kind, "ScoreResource");

    ns.edit::<Secret>("conn", json!({"data": {"password": "dHdv"}})).await;
    let is_rolled = |found: &Deployment| found.metadata.generation.is_some_and(|now| now >= 2);
    let rolled = ns.sees::<Deployment>("web", "rolls", is_rolled).await;
    assert_eq!(rolled.metadata.generation, Some(2), "it rolls once");
    assert_eq!(secret(&ns, (&reference.name, "url")).await, "pg://app:two@db:5432");

    ns.rule(rule("composing").offers("url", json!("plain"))).await;
    ns.is_gone::<Secret>(&reference.name).await;
}
