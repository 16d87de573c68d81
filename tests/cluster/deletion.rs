//! What goes when: a resource after the objects that need it, and nothing waits for what is none of its business.

use std::future;
use std::pin::pin;

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::ResourceExt;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{Config, watcher};
use score_operator::api::conditions::Reason;
use score_operator::api::resource::ScoreResource;
use serde_json::{Value, json};

use crate::support::kinds::kind;
use crate::support::rule::config_map;
use crate::support::wait;
use crate::support::{Namespace, Rule, Score, cluster, cluster_without_operator, rule, score};

/// Holds an object: whoever set this has to let go of it.
fn held(value: Value) -> Value {
    json!({"metadata": {"finalizers": value}})
}

const FINALIZER: &str = "example.org/keeps";

fn user(name: &str, type_: &str) -> Score {
    score(name).needs("it", type_).with_id(name)
}

#[tokio::test]
async fn a_foreign_finalizer_is_reported_by_name_and_holds_up_nobody_else() {
    let ns = cluster().await.namespace("held").await;
    ns.rule(rule("held").makes_config_map()).await;
    let one = ns.apply(user("one", "held")).await;
    let two = ns.apply(user("two", "held")).await;
    one.becomes_ready().await;
    two.becomes_ready().await;
    let (first, second) =
        (ns.resource("held", "one").await.name_any(), ns.resource("held", "two").await.name_any());
    ns.edit::<ConfigMap>("held-one", held(json!([FINALIZER]))).await;

    one.delete().await;
    let said = ns.resource_tells(&first, "waits for ConfigMap `held-one`").await;
    assert_eq!(said.reason, Reason::Deleting);
    for part in [FINALIZER, "kubectl describe configmap held-one"] {
        assert!(said.message.contains(part), "{part}: {}", said.message);
    }
    two.delete().await;
    ns.is_gone::<ScoreResource>(&second).await;
    ns.is_gone::<ConfigMap>("held-two").await;

    // One of the same name says what it waits for, and gets nothing of what is going.
    let again = ns.apply(user("one", "held")).await;
    again.tells(FINALIZER).await;
    ns.edit::<ConfigMap>("held-one", held(json!(null))).await;
    again.becomes_ready().await;
    assert!(ns.get::<ConfigMap>("held-one").await.metadata.deletion_timestamp.is_none());
}

/// Waits for an event about a ConfigMap.
async fn event_about(ns: &Namespace, name: &str) -> Event {
    let events = watcher(ns.api::<Event>(), Config::default()).default_backoff().applied_objects();
    let is_it = |event: &Event| {
        event.regarding.as_ref().is_some_and(|about| {
            about.kind.as_deref() == Some("ConfigMap") && about.name.as_deref() == Some(name)
        })
    };
    let mut wanted = pin!(events.try_filter(|event| future::ready(is_it(event))));
    let found = tokio::time::timeout(wait::DEADLINE, wanted.try_next()).await;
    found.expect("no event").expect("a watch").expect("an event")
}

/// Two rules: what the resources of one depend on, and those.
async fn top_and_base(ns: &Namespace, top: &str, base: &str, object: Value) {
    ns.rule(rule(base).makes("config", config_map(base, json!({"a": "b"}))).offers("host", json!("base")))
        .await;
    let dependent = rule(top).takes("host", json!({"type": "string"})).makes("it", object);
    ns.rule(dependent).await;
}

fn both(top: &str, base: &str) -> Score {
    let file = score("web").needs("base", base).with_id("base").needs("top", top).with_id("top");
    file.with_params(json!({"host": "${resources.base.host}"}))
}

async fn owners(ns: &Namespace, name: &str, kind: &str) {
    let is_owner = |found: &ScoreResource| found.owner_references().iter().any(|owner| owner.kind == kind);
    ns.sees::<ScoreResource>(name, &format!("must outlive a {kind}"), is_owner).await;
}

#[tokio::test]
async fn p05_what_a_resource_depends_on_outlives_its_objects() {
    let ns = cluster().await.namespace("order").await;
    top_and_base(&ns, "upper", "lower", config_map("upper", json!({"on": "{{ params.host }}"}))).await;
    let workload = ns.apply(both("upper", "lower")).await;
    workload.becomes_ready().await;
    ns.edit::<ConfigMap>("upper", held(json!([FINALIZER]))).await;
    let base = ns.resource("lower", "base").await;
    owners(&ns, &base.name_any(), "ConfigMap").await;

    workload.delete().await;
    let said = ns.resource_tells(&base.name_any(), "waits for ConfigMap `upper`").await;
    assert_eq!(said.reason, Reason::Deleting);
    for part in ["nobody needs it any more", FINALIZER] {
        assert!(said.message.contains(part), "{part}: {}", said.message);
    }
    // The resource itself is gone: an event about the object tells of it.
    let event = event_about(&ns, "upper").await;
    assert_eq!(event.reason.as_deref(), Some("Deleting"));
    assert!(event.note.as_ref().is_some_and(|note| note.contains(FINALIZER)), "{event:?}");
    // Others come and go meanwhile: it was not just slow.
    ns.rule(rule("other").makes_config_map()).await;
    let other = ns.apply(user("other", "other")).await;
    other.becomes_ready().await;
    other.delete().await;
    ns.is_gone::<ConfigMap>("other-other").await;
    let now: ScoreResource = ns.get(&base.name_any()).await;
    assert_eq!((now.uid(), now.metadata.deletion_timestamp), (base.uid(), None));
    assert!(ns.get::<ConfigMap>("lower").await.metadata.deletion_timestamp.is_none());

    ns.edit::<ConfigMap>("upper", held(json!(null))).await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p05_so_it_does_when_both_are_taken_out_of_the_file() {
    let ns = cluster().await.namespace("order-edit").await;
    top_and_base(&ns, "above", "below", config_map("above", json!({"on": "{{ params.host }}"}))).await;
    ns.apply(both("above", "below")).await.becomes_ready().await;
    ns.edit::<ConfigMap>("above", held(json!([FINALIZER]))).await;
    let base = ns.resource("below", "base").await.name_any();
    owners(&ns, &base, "ConfigMap").await;

    ns.apply(score("web")).await.becomes_ready().await;
    ns.resource_tells(&base, "waits for ConfigMap `above`").await;
    assert!(ns.get::<ConfigMap>("below").await.metadata.deletion_timestamp.is_none());
    ns.edit::<ConfigMap>("above", held(json!(null))).await;
    ns.is_gone::<ScoreResource>(&base).await;
    ns.is_gone::<ConfigMap>("below").await;
}

fn claims() -> Rule {
    let claim =
        json!({"apiVersion": "provider.example.org/v1", "kind": "Claim", "metadata": {"name": "{{ id }}"}});
    let credentials = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "{{ id }}"},
        "data": {"password": "{{ generated.password | b64encode }}"},
    });
    rule("claimed").generates("password").makes("claim", claim).makes("credentials", credentials)
}

#[tokio::test]
async fn secrets_outlive_what_another_operator_takes_down_even_where_no_operator_runs() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("secrets-last").await;
    cluster
        .kubectl(&["apply", "--server-side", "-f", "-"], &kind("provider.example.org", "v1", "Claim"))
        .unwrap();
    let operator = cluster.operate(&ns);
    ns.rule(claims()).await;
    let workload = ns.apply(user("web", "claimed")).await;
    workload.becomes_ready().await;
    let is_kept = |found: &Secret| found.owner_references().iter().any(|owner| owner.kind == "Claim");
    let resource = ns.resource("claimed", "web").await.name_any();
    for secret in ["web".to_owned(), format!("{resource}-generated")] {
        ns.sees::<Secret>(&secret, "must outlive the Claim", is_kept).await;
    }
    let claim = json!({"apiVersion": "provider.example.org/v1", "kind": "Claim", "metadata": {"name": "web", "finalizers": [FINALIZER]}});
    ns.apply_as("provider", &claim).await;
    drop(operator);

    workload.delete().await;
    ns.sees_of(&claim, "is being deleted", |found| found.metadata.deletion_timestamp.is_some()).await;
    // Garbage collection has let go of the Secret's other owner, and not of the Secret.
    let by_claim = |found: &Secret| found.owner_references().iter().all(|owner| owner.kind == "Claim");
    let secret = ns.sees::<Secret>("web", "is owned by the Claim alone", by_claim).await;
    assert!(secret.metadata.deletion_timestamp.is_none());
    let freed =
        json!({"apiVersion": "provider.example.org/v1", "kind": "Claim", "metadata": {"name": "web"}});
    ns.apply_as("provider", &freed).await;
    ns.is_empty().await;
}
