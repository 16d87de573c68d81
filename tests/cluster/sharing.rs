//! One resource for all who name it, gone with the last of them; and resources that depend on others.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Service};
use kube::ResourceExt;
use score_operator::api::conditions::Reason;
use score_operator::api::resource::ScoreResource;
use serde_json::json;

use crate::support::look::{containers, owners, variables};
use crate::support::rule::config_map;
use crate::support::{Rule, Score, cluster, rule, score};

fn user_of(name: &str, type_: &str) -> Score {
    score(name).needs("it", type_).with_id("common").variable("IT", "${resources.it.name}")
}

#[tokio::test]
async fn p01_p02_e02_a_shared_resource_goes_with_its_last_consumer() {
    let ns = cluster().await.namespace("p02").await;
    ns.rule(rule("thing").makes_config_map()).await;
    let one = ns.apply(user_of("one", "thing")).await;
    let two = ns.apply(user_of("two", "thing")).await;
    one.becomes_ready().await;
    two.becomes_ready().await;

    assert_eq!(ns.names::<ScoreResource>().await.len(), 1);
    let resource = ns.resource("thing", "common").await;
    let is_owned_by_both =
        |found: &ScoreResource| owners(found) == ["ScoreWorkload/one", "ScoreWorkload/two"];
    let resource = ns.sees(&resource.name_any(), "is owned by both", is_owned_by_both).await;
    assert!(resource.owner_references().iter().all(|owner| owner.controller != Some(true)));
    let config = ns.get::<ConfigMap>("thing-common").await;

    one.delete().await;
    let name = resource.name_any();
    ns.sees(&name, "is owned by two", |found: &ScoreResource| owners(found) == ["ScoreWorkload/two"]).await;
    assert_eq!(ns.get::<ConfigMap>("thing-common").await.uid(), config.uid());
    two.becomes_ready().await;

    two.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p02_a_consumer_that_stops_naming_it_lets_go() {
    let ns = cluster().await.namespace("p02-edit").await;
    ns.rule(rule("lent").makes_config_map()).await;
    let one = ns.apply(user_of("one", "lent")).await;
    let two = ns.apply(user_of("two", "lent")).await;
    one.becomes_ready().await;
    two.becomes_ready().await;
    let resource = ns.resource("lent", "common").await;

    ns.apply(score("one")).await.becomes_ready().await;
    let name = resource.name_any();
    ns.sees(&name, "is owned by two", |found: &ScoreResource| owners(found) == ["ScoreWorkload/two"]).await;
    assert_eq!(ns.resource("lent", "common").await.uid(), resource.uid());

    ns.apply(score("two")).await.becomes_ready().await;
    ns.is_gone::<ScoreResource>(&name).await;
    ns.is_gone::<ConfigMap>("lent-common").await;
}

fn sized() -> Rule {
    let config = config_map("sized", json!({"size": "{{ params.size }}"}));
    let size = json!({"type": "string", "default": "small"});
    rule("sized").takes("size", size).makes("config", config).offers("name", json!("sized"))
}

#[tokio::test]
async fn p03_e03_consumers_that_disagree_are_both_told_and_run_on() {
    let ns = cluster().await.namespace("p03").await;
    ns.rule(sized()).await;
    let with = |name, size| user_of(name, "sized").with_params(json!({ "size": size }));
    let one = ns.apply(with("one", "large")).await;
    one.becomes_ready().await;
    let before = ns.get::<Deployment>("one").await;

    let two = ns.apply(with("two", "tiny")).await;
    for (workload, other) in [(&one, "two"), (&two, "one")] {
        let says = workload.is_refused(Reason::ParamsConflict).await;
        assert!(says.message.contains("sized.default#common"), "{}", says.message);
        assert!(says.message.contains(&format!("in workload `{other}`")), "{}", says.message);
        assert!(says.message.contains("resources.it"), "the path: {}", says.message);
    }
    assert_eq!(ns.get::<Deployment>("one").await.resource_version(), before.resource_version());
    assert_eq!(ns.names::<Deployment>().await, ["one"]);
    assert_eq!(ns.get::<ConfigMap>("sized").await.data.unwrap()["size"], "large", "the first accepted");

    let agreed = ns.apply(with("two", "large")).await;
    agreed.becomes_ready().await;
    one.becomes_ready().await;
}

#[tokio::test]
async fn p03_one_bare_and_one_with_params_agree_on_the_params() {
    let ns = cluster().await.namespace("p03-bare").await;
    ns.rule(sized()).await;
    let bare = ns.apply(user_of("bare", "sized")).await;
    bare.becomes_ready().await;
    assert_eq!(ns.get::<ConfigMap>("sized").await.data.unwrap()["size"], "small");

    let full = ns.apply(user_of("full", "sized").with_params(json!({"size": "large"}))).await;
    full.becomes_ready().await;
    bare.becomes_ready().await;
    assert_eq!(ns.get::<ConfigMap>("sized").await.data.unwrap()["size"], "large");
}

#[tokio::test]
async fn what_a_rule_shares_is_there_once_and_goes_with_its_last_resource() {
    let ns = cluster().await.namespace("shared").await;
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "broker"},
        "spec": {"ports": [{"port": 5672}]},
    });
    let topic = config_map("{{ id }}", json!({"topic": "{{ id }}"}));
    let topic_rule = rule("topic").shares("broker", service).makes("topic", topic);
    ns.rule(topic_rule.offers("broker", json!("{{ objects.broker.metadata.name }}"))).await;
    let file = |name: &str, id| {
        score(name).needs("topic", "topic").with_id(id).variable("B", "${resources.topic.broker}")
    };
    let one = ns.apply(file("one", "orders")).await;
    let two = ns.apply(file("two", "bills")).await;
    one.becomes_ready().await;
    two.becomes_ready().await;

    let web = ns.get::<Deployment>("one").await;
    assert_eq!(variables(containers(&web)["main"])["B"].value.as_deref(), Some("broker"));
    assert_eq!(ns.names::<Service>().await, ["broker"]);
    let broker = ns.get::<Service>("broker").await;
    assert_eq!(ns.names::<ScoreResource>().await.len(), 3, "two topics and what they share");

    one.delete().await;
    ns.is_gone::<ConfigMap>("orders").await;
    two.becomes_ready().await;
    assert_eq!(ns.get::<Service>("broker").await.uid(), broker.uid());

    two.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p05_e04_a_resource_waits_for_the_one_that_its_params_name_and_owns_it() {
    let ns = cluster().await.namespace("p05").await;
    let approved = rule("base").makes("config", config_map("base", json!({"what": "base"})));
    let approved = approved.ready_when("{{ objects.config.data.approved == 'yes' }}");
    ns.rule(approved.offers("host", json!("base.example"))).await;
    let top = config_map("top", json!({"on": "{{ params.host }}"}));
    ns.rule(rule("top").takes("host", json!({"type": "string"})).makes("config", top)).await;
    let file = score("web").needs("base", "base").with_id("base").needs("top", "top").with_id("top");
    let workload = ns.apply(file.with_params(json!({"host": "db.${resources.base.host}"}))).await;

    ns.appears::<ConfigMap>("base").await;
    workload.awaits(Reason::WaitingForResources).await;
    let told = workload.tells("WaitingForDependency").await;
    assert!(told.message.contains("resource `base` (base.default#base)"), "{}", told.message);
    assert!(ns.find::<ConfigMap>("top").await.is_none());

    ns.edit::<ConfigMap>("base", json!({"data": {"approved": "yes"}})).await;
    workload.becomes_ready().await;
    assert_eq!(ns.get::<ConfigMap>("top").await.data.unwrap()["on"], "db.base.example");

    let dependent = ns.resource("top", "top").await.name_any();
    // By the dependent's objects too: it must outlive them.
    let expected =
        ["ConfigMap/top".to_owned(), format!("ScoreResource/{dependent}"), "ScoreWorkload/web".to_owned()];
    let base = ns.resource("base", "base").await.name_any();
    ns.sees(&base, "is owned by its dependent too", |found: &ScoreResource| owners(found) == expected).await;

    workload.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p04_a_better_rule_that_comes_later_does_not_move_a_live_resource() {
    let ns = cluster().await.namespace("p04").await;
    ns.rule(rule("bound").makes_config_map()).await;
    let workload = ns.apply(user_of("one", "bound")).await;
    workload.becomes_ready().await;
    let config = ns.get::<ConfigMap>("bound-common").await;

    let better = rule("bound").called("bound-better").with_priority(10);
    ns.rule(better.makes("config", config_map("better", json!({})))).await;

    let resource = ns.resource("bound", "common").await.name_any();
    let other = [ns.rule_name("bound-better")];
    let shows_it =
        |found: &ScoreResource| found.status.as_ref().is_some_and(|status| status.other_rules == other);
    let resource = ns.sees(&resource, "shows the better rule", shows_it).await;
    assert_eq!(resource.spec.rule, Some(ns.rule_name("bound")));
    assert_eq!(ns.get::<ConfigMap>("bound-common").await.uid(), config.uid());
    assert!(ns.find::<ConfigMap>("better").await.is_none());
}
