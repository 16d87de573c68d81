//! What is told beside the status: by an event, or by the condition of the other of two.

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::events::v1::Event;
use score_operator::api::conditions::Reason;
use serde_json::json;

use crate::support::rule::config_map;
use crate::support::{cluster, rule, score};

#[tokio::test]
async fn h09_a_placeholder_that_stays_as_it_is_is_told_of() {
    let ns = cluster().await.namespace("literal").await;
    let file = score("web").set("/containers/main/args", json!(["${resources.db.host}", "$(VARIABLE)"]));
    ns.apply(file).await.becomes_ready().await;

    let is_it = |event: &Event| event.reason.as_deref() == Some("NotExpanded");
    let all = ns.list::<Event>().await;
    let event = all.iter().find(|event| is_it(event)).expect("a warning");
    assert_eq!(event.type_.as_deref(), Some("Warning"));
    let note = event.note.as_deref().unwrap();
    assert!(note.starts_with("containers.main.args[0]: `${resources.db.host}` stays as it is"), "{note}");
    assert!(!note.contains("args[1]"), "{note}");
}

#[tokio::test]
async fn w11_two_resources_that_make_one_object_do_not_fight_over_it() {
    let ns = cluster().await.namespace("twice").await;
    ns.rule(rule("fixed").makes("config", config_map("always-the-same", json!({"uid": "{{ uid }}"})))).await;
    let first = ns.apply(score("first").needs("it", "fixed").with_id("one")).await;
    first.becomes_ready().await;
    let made = ns.get::<ConfigMap>("always-the-same").await;

    let second = ns.apply(score("second").needs("it", "fixed").with_id("two")).await;
    let owner = made.metadata.owner_references.as_ref().unwrap()[0].name.clone();
    let says = second.tells(&format!("it belongs to ScoreResource `{owner}`")).await;
    assert_eq!(says.reason, Reason::WaitingForResources);
    assert!(says.message.contains("AlreadyExists"), "{}", says.message);
    assert_eq!(ns.get::<ConfigMap>("always-the-same").await, made, "the first one's object is left alone");
}
