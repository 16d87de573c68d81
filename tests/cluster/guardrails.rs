//! What the platform team forbids: by a rule with `deny`, or by a label of the namespace.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::PostParams;
use kube::{Api, ResourceExt};
use score_operator::api::conditions::{ConditionStatus, ConditionType, Reason, find};
use score_operator::api::resource::ScoreResource;
use score_operator::api::rule::ProvisionerRule;
use serde_json::{Value, json};

use crate::support::look::image;
use crate::support::rule::config_map;
use crate::support::{Rule, Score, cluster, rule, score};

/// A rule whose resources have a size, 1 by default.
fn sized(type_: &str) -> Rule {
    let size = json!({"type": "integer", "default": 1});
    let config = config_map("{{ type }}-{{ id }}", json!({"size": "{{ params.size ~ '' }}"}));
    rule(type_).takes("size", size).makes("config", config).offers("name", json!("{{ type }}-{{ id }}"))
}

fn guardrail(type_: &str, message: &str) -> Rule {
    rule(type_).called("guard").set("/deny", json!(message))
}

fn user(name: &str, type_: &str, params: Value) -> Score {
    let uses = score(name).needs("it", type_).with_id(name).with_params(params);
    uses.variable("IT", "${resources.it.name}")
}

#[tokio::test]
async fn a_type_that_is_denied_is_not_made_and_the_message_is_told() {
    let ns = cluster().await.namespace("denied-type").await;
    ns.rule(sized("dbase")).await;
    ns.rule(guardrail("dbase", "no databases here: ask #platform")).await;
    ns.rule_says("guard", ConditionStatus::True, Reason::Ready).await;
    let workload = ns.apply(user("web", "dbase", json!({}))).await;
    let told = workload.is_refused(Reason::Denied).await;
    assert!(told.message.starts_with("resources.it: "), "{}", told.message);
    assert!(told.message.contains("no databases here: ask #platform"), "{}", told.message);
    let name = ns.resource("dbase", "web").await.name_any();
    let said = ns.resource_says(&name, Reason::Denied).await;
    assert!(said.message.contains(&ns.rule_name("guard")), "{}", said.message);
    assert!(ns.find::<ConfigMap>("dbase-web").await.is_none());
    assert!(ns.find::<Deployment>("web").await.is_none());

    ns.delete_rule("guard").await;
    workload.becomes_ready().await;
}

#[tokio::test]
async fn params_that_are_denied_keep_what_ran_before() {
    let ns = cluster().await.namespace("denied-params").await;
    ns.rule(sized("disk")).await;
    let guard = guardrail("disk", "at most 100 here").set("/denyWhen", json!(["{{ params.size > 100 }}"]));
    ns.rule(guard).await;
    ns.rule_says("guard", ConditionStatus::True, Reason::Ready).await;
    // The default of the rule that provides it is what the guardrail sees.
    let workload = ns.apply(user("web", "disk", json!({})).image("app:1")).await;
    workload.becomes_ready().await;

    let workload = ns.apply(user("web", "disk", json!({"size": 101})).image("app:2")).await;
    let told = workload.is_refused(Reason::Denied).await;
    assert!(told.message.contains("at most 100 here"), "{}", told.message);
    assert_eq!(ns.get::<ConfigMap>("disk-web").await.data.unwrap()["size"], "1");
    assert_eq!(image(&ns.get::<Deployment>("web").await), "app:1");

    ns.apply(user("web", "disk", json!({"size": 100})).image("app:2")).await.becomes_ready().await;
    assert_eq!(ns.get::<ConfigMap>("disk-web").await.data.unwrap()["size"], "100");
}

#[tokio::test]
async fn a_guardrail_that_comes_later_stops_changes_and_not_what_runs() {
    let ns = cluster().await.namespace("denied-later").await;
    ns.rule(sized("late")).await;
    let workload = ns.apply(user("web", "late", json!({})).image("app:1")).await;
    workload.becomes_ready().await;
    let config = ns.get::<ConfigMap>("late-web").await;

    ns.rule(guardrail("late", "not any more")).await;
    let name = ns.resource("late", "web").await.name_any();
    ns.resource_says(&name, Reason::Denied).await;
    workload.says(ConditionType::ResourcesReady, ConditionStatus::False, Reason::WaitingForResources).await;
    // Its outputs still serve: an unrelated edit is not held up (decision 10).
    ns.apply(user("web", "late", json!({})).image("app:2")).await;
    ns.sees::<Deployment>("web", "is at app:2", |found| image(found) == "app:2").await;
    assert_eq!(ns.get::<ConfigMap>("late-web").await.uid(), config.uid());
}

#[tokio::test]
async fn a_label_of_the_namespace_denies_a_type_or_one_class_of_it() {
    let ns = cluster().await.namespace("denied-label").await;
    ns.rule(sized("bucket")).await;
    let key = "deny.k8s.score.dev/bucket";
    ns.label(key, Some("large")).await;
    ns.apply(user("small", "bucket", json!({}))).await.becomes_ready().await;
    let large = ns.apply(user("large", "bucket", json!({})).with_class("large")).await;
    large.tells("this namespace takes no resources of type `bucket` with class `large`").await;

    ns.label(key, Some("true")).await;
    let name = ns.resource("bucket", "small").await.name_any();
    ns.resource_says(&name, Reason::Denied).await;
    ns.label(key, None).await;
    ns.resource_is(&name, ConditionType::Ready).await;
    large.becomes_ready().await;
}

#[tokio::test]
async fn a_guardrail_that_is_broken_holds_up_what_it_may_forbid() {
    let ns = cluster().await.namespace("denied-broken").await;
    ns.rule(sized("vault")).await;
    let broken = guardrail("vault", "at most 3").set("/denyWhen", json!(["{{ parms.size > 3 }}"]));
    ns.rule(broken).await;
    let told = ns.rule_says("guard", ConditionStatus::False, Reason::InvalidRule).await;
    assert!(
        told.status.unwrap().conditions.iter().any(|found| found.message.contains("did you mean `params`?"))
    );
    let workload = ns.apply(user("web", "vault", json!({}))).await;
    workload.tells("until it is mended nobody can tell").await;

    // A param that no schema knows: it cannot be asked, so it forbids, and says how to ask.
    ns.rule(guardrail("vault", "at most 3").set("/denyWhen", json!(["{{ params.count > 3 }}"]))).await;
    workload.tells("params.x is defined and").await;
    ns.rule(guardrail("vault", "at most 3").set("/denyWhen", json!(["{{ params.size > 3 }}"]))).await;
    workload.becomes_ready().await;
}

#[tokio::test]
async fn a_guardrail_that_is_refused_for_a_slip_holds_up_what_it_matches() {
    let ns = cluster().await.namespace("denied-slip").await;
    ns.rule(sized("safe")).await;
    let no_values = json!([{"key": "env", "operator": "In"}]);
    let selector = "/match/namespaceSelector/matchExpressions";
    for (name, slip, value) in [("early", "/priority", json!(10)), ("prod", selector, no_values)] {
        ns.rule(guardrail("safe", "not at all").set(slip, value)).await;
        ns.rule_says("guard", ConditionStatus::False, Reason::InvalidRule).await;
        let workload = ns.apply(user(name, "safe", json!({}))).await;
        workload.tells("until it is mended nobody can tell").await;
        assert!(ns.find::<ConfigMap>(&format!("safe-{name}")).await.is_none());
        ns.delete_rule("guard").await;
        workload.becomes_ready().await;
    }
    let word = json!([{"key": "env", "operator": "in", "values": ["prod"]}]);
    let rule = serde_json::from_value(guardrail("safe", "no").set(selector, word).body).unwrap();
    let rules: Api<ProvisionerRule> = Api::all(ns.client.clone());
    let refused = rules.create(&PostParams::default(), &rule).await.expect_err("there is no such operator");
    let told = refused.to_string();
    assert!(told.contains(r#"supported values: "In", "NotIn", "Exists", "DoesNotExist""#), "{told}");
}

#[tokio::test]
async fn a_guardrail_says_that_it_is_one() {
    let ns = cluster().await.namespace("denied-said").await;
    ns.rule(sized("told")).await;
    ns.rule(guardrail("told", "no")).await;
    let said = |rule: ProvisionerRule| {
        find(&rule.status.unwrap().conditions, ConditionType::Ready).unwrap().message.clone()
    };
    let guard = said(ns.rule_says("guard", ConditionStatus::True, Reason::Ready).await);
    assert_eq!(guard, "the rule can be used: it is a guardrail, and forbids what it matches");
    let rule = said(ns.rule_says("told", ConditionStatus::True, Reason::Ready).await);
    assert_eq!(rule, "the rule can be used");
}

#[tokio::test]
async fn what_is_denied_makes_nothing_that_its_rule_shares() {
    let ns = cluster().await.namespace("denied-shared").await;
    let queue = sized("queue").shares("server", config_map("queue-server", json!({"a": "b"})));
    ns.rule(queue).await;
    let guard = guardrail("queue", "at most 3").set("/denyWhen", json!(["{{ params.size > 3 }}"]));
    ns.rule(guard).await;
    ns.rule_says("guard", ConditionStatus::True, Reason::Ready).await;
    let workload = ns.apply(user("web", "queue", json!({"size": 4}))).await;
    workload.tells("at most 3").await;
    assert_eq!(ns.list::<ScoreResource>().await.len(), 1, "nothing is shared by nobody");
    ns.apply(user("web", "queue", json!({"size": 3}))).await.becomes_ready().await;
    assert!(ns.find::<ConfigMap>("queue-server").await.is_some());
}
