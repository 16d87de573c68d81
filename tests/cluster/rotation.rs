//! A Secret's content changes: one rollout of exactly the pods that read it (P10, X33, decision 14).

use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use serde_json::{Value, json};

use crate::support::look::secret;
use crate::support::{Namespace, cluster, cluster_without_operator, rule, score};

/// The annotation that a rotation changes.
fn digest(deployment: &Deployment) -> Option<String> {
    let template = deployment.spec.as_ref()?.template.metadata.as_ref()?;
    template.annotations.as_ref()?.get("k8s.score.dev/secrets-digest").cloned()
}

#[tokio::test]
async fn p10_x33_a_rotation_rolls_exactly_the_pods_that_read_the_secret_once() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("rotation").await;
    let operator = cluster.operate_with_resync(&ns, Duration::from_secs(1));
    let data = json!({"password": "b25l", "other": "eA=="});
    ns.create(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "conn"}, "data": data}))
        .await;
    ns.rule(rule("given").offers("password", json!("{{ secret_ref('conn', 'password') }}"))).await;
    let reader = |name: &str| score(name).needs("db", "given").with_id("db");
    let files = |text: &str| json!({"/run/db": {"content": text}});
    let url = "pg://${resources.db.password}@db";
    let variable = reader("variable").variable("URL", url);
    let whole = reader("whole").set("/containers/main/files", files("${resources.db.password}"));
    let mixed = reader("mixed").set("/containers/main/files", files(url));
    for file in [variable, whole, mixed, score("other")] {
        ns.apply(file).await.becomes_ready().await;
    }
    assert_eq!(digest(&ns.get::<Deployment>("other").await), None);

    rotate(&ns, json!({"password": "dHdv"}), 2).await;
    assert_eq!(file(&ns, "mixed").await, "pg://two@db");
    // A key that no pod reads changes nothing: the next that counts is the second.
    ns.edit::<Secret>("conn", json!({"data": {"other": "eQ=="}})).await;
    rotate(&ns, json!({"password": "dGhyZWU="}), 3).await;
    assert_eq!(file(&ns, "mixed").await, "pg://three@db");

    // Another operator has the same key of the digests: nothing rolls (decision 14).
    drop(operator);
    let _other = cluster.operate_with_resync(&ns, Duration::from_secs(1));
    ns.apply(reader("late").variable("URL", url)).await.becomes_ready().await;
    rotate(&ns, json!({"password": "Zm91cg=="}), 4).await;
    assert_eq!(generation(&ns, "other").await, 1, "who reads no Secret is left alone");
}

/// Changes the Secret, and waits until the pods that read it are rolled for the `times`th time.
async fn rotate(ns: &Namespace, data: Value, times: i64) {
    ns.edit::<Secret>("conn", json!({ "data": data })).await;
    for name in ["variable", "whole", "mixed"] {
        let old = digest(&ns.get::<Deployment>(name).await);
        let is_rolled = |found: &Deployment| found.metadata.generation.is_some_and(|now| now >= times);
        let new = ns.sees::<Deployment>(name, "rolls", is_rolled).await;
        assert_eq!(new.metadata.generation, Some(times), "{name} rolls once");
        assert!(old.is_some() && digest(&new).is_some());
    }
}

async fn generation(ns: &Namespace, name: &str) -> i64 {
    ns.get::<Deployment>(name).await.metadata.generation.unwrap()
}

/// What a workload's composed file holds.
async fn file(ns: &Namespace, name: &str) -> String {
    let made = ns.get::<Deployment>(name).await;
    let volume = &made.spec.unwrap().template.spec.unwrap().volumes.unwrap()[0];
    let name = volume.secret.as_ref().unwrap().secret_name.clone().unwrap();
    secret(ns, (&name, "file")).await
}

#[tokio::test]
async fn p10_a_secret_that_the_rule_itself_changes_rolls_its_readers_at_once() {
    // Nobody looks again for ten minutes: it is the write that is noticed.
    let ns = cluster().await.namespace("rotation-by-rule").await;
    let writing = |password: &str| {
        let data = json!({"password": format!("{{{{ '{password}' | b64encode }}}}")});
        let secret =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "written"}, "data": data});
        rule("writing")
            .makes("secret", secret)
            .offers("password", json!("{{ secret_ref('written', 'password') }}"))
    };
    ns.rule(writing("one")).await;
    let file = score("web").needs("db", "writing").variable("PASSWORD", "${resources.db.password}");
    ns.apply(file).await.becomes_ready().await;
    ns.rule(writing("two")).await;
    let rolled = ns.sees("web", "rolls", |found: &Deployment| found.metadata.generation != Some(1)).await;
    assert_eq!(rolled.metadata.generation, Some(2));
}

#[tokio::test]
async fn the_key_of_the_digests_is_made_once_and_nobody_is_told_it() {
    let ns = cluster().await.namespace("digest-key").await;
    let data = json!({"password": "b25l"});
    ns.create(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "conn"}, "data": data}))
        .await;
    ns.rule(rule("keyed").offers("password", json!("{{ secret_ref('conn', 'password') }}"))).await;
    let file = score("web").needs("db", "keyed").variable("P", "${resources.db.password}");
    ns.apply(file).await.becomes_ready().await;

    let home: Api<Secret> = Api::namespaced(ns.client.clone(), "default");
    let key = home.get("score-operator-digest-key").await.unwrap();
    assert_eq!(key.immutable, Some(true));
    let ByteString(bytes) = &key.data.as_ref().unwrap()["key"];
    assert_eq!(bytes.len(), 48);
}
