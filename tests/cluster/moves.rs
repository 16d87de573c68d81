//! A resource that is moved to another rule (P04): what served before stays until the new rule works, and what was
//! retained stays for good.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::ResourceExt;
use score_operator::api::conditions::{ConditionStatus, ConditionType, Reason, find};
use score_operator::api::resource::ScoreResource;
use serde_json::{Value, json};

use crate::support::rule::config_map;
use crate::support::{Namespace, Rule, Score, cluster, rule, score};

fn user_of(type_: &str) -> Score {
    score("web").needs("it", type_).with_id("it").variable("IT", "${resources.it.name}")
}

/// A rule whose resources have a ConfigMap each, by the rule's name.
fn config(type_: &str, name: &str) -> Rule {
    let object = format!("{name}-{{{{ id }}}}");
    let made = rule(type_).called(name).makes("config", config_map(&object, json!({"guid": "{{ guid }}"})));
    made.offers("name", json!(object))
}

/// The same, not ready before somebody labels that ConfigMap.
fn slow(type_: &str, name: &str) -> Rule {
    config(type_, name).ready_when("{{ objects.config.metadata.labels.done == 'true' }}")
}

async fn is_done(ns: &Namespace, config: &str) {
    ns.edit::<ConfigMap>(config, json!({"metadata": {"labels": {"done": "true"}}})).await;
}

/// Asks to move a resource to a rule of this test.
async fn moves(ns: &Namespace, resource: &str, rule: &str) {
    let asked: Value = json!({"metadata": {"annotations": {"k8s.score.dev/move-to": ns.rule_name(rule)}}});
    ns.edit::<ScoreResource>(resource, asked).await;
}

#[tokio::test]
async fn p04_p02_what_the_old_rule_shares_stays_until_the_new_one_works_and_goes_then() {
    let ns = cluster().await.namespace("move-shared").await;
    let broker = config_map("broker", json!({"port": "5672"}));
    ns.rule(config("topic", "old").with_priority(1).shares("broker", broker)).await;
    ns.rule(slow("topic", "new")).await;
    ns.rule_says("new", ConditionStatus::True, Reason::Ready).await;
    ns.apply(user_of("topic")).await.becomes_ready().await;
    let name = ns.resource("topic", "it").await.name_any();
    let broker = ns.get::<ConfigMap>("broker").await;

    moves(&ns, &name, "new").await;
    ns.resource_says(&name, Reason::WaitingForValue).await;
    // A hand edit wakes what is shared: it is still looked after.
    ns.edit::<ConfigMap>("broker", json!({"data": {"port": "1"}})).await;
    let mended = |found: &ConfigMap| found.uid() == broker.uid() && found.data == broker.data;
    ns.sees("broker", "is mended", mended).await;

    is_done(&ns, "new-it").await;
    ns.is_gone::<ConfigMap>("broker").await;
    ns.is_gone::<ConfigMap>("old-it").await;
    ns.resource_is(&name, ConditionType::Ready).await;
    assert_eq!(ns.names::<ScoreResource>().await, [name]);
}

#[tokio::test]
async fn p04_a_move_that_fails_says_what_serves_and_is_taken_back() {
    let ns = cluster().await.namespace("move-back").await;
    ns.rule(config("sized", "old").with_priority(1)).await;
    let picky = config("sized", "new").takes("size", json!({"type": "integer"}));
    ns.rule(picky.set("/params/required", json!(["size"]))).await;
    ns.rule_says("new", ConditionStatus::True, Reason::Ready).await;
    ns.apply(user_of("sized")).await.becomes_ready().await;
    let name = ns.resource("sized", "it").await.name_any();

    moves(&ns, &name, "new").await;
    let (old, new) = (ns.rule_name("old"), ns.rule_name("new"));
    let said = ns.resource_tells(&name, "being moved").await.message;
    let wanted = format!(
        "being moved from rule `{old}`, whose objects still serve, to `{new}`; the annotation `k8s.score.dev/move-to: {old}` takes it back"
    );
    assert!(said.contains("`size`") && said.ends_with(&wanted), "{said}");

    moves(&ns, &name, "old").await;
    let is_back = |found: &ScoreResource| {
        let status = found.status.clone().unwrap_or_default();
        let ready = find(&status.conditions, ConditionType::Ready);
        found.spec.rule.as_ref() == Some(&old)
            && ready.is_some_and(|ready| {
                ready.status == ConditionStatus::True && !ready.message.contains("moved")
            })
    };
    ns.sees::<ScoreResource>(&name, "is back", is_back).await;
    ns.get::<ConfigMap>("old-it").await;
}

/// A rule that rolls a password, keeps it in a Secret of its own, and offers that one.
fn password(name: &str, policy: &str) -> Rule {
    let secret = format!("{{{{ id }}}}-{name}");
    let object = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret},
        "data": {"password": "{{ generated.password | b64encode }}"},
    });
    let made = rule("database").called(name).generates("password").makes("login", object);
    made.offers("name", json!(secret)).set("/deletionPolicy", json!(policy))
}

async fn password_of(ns: &Namespace, secret: &str) -> Vec<u8> {
    ns.get::<Secret>(secret).await.data.unwrap()["password"].0.clone()
}

/// The old rule's objects are of the values in the Secret: they must never be parted.
#[tokio::test]
async fn p11_p06_what_was_retained_keeps_its_values_after_a_move_to_a_rule_that_deletes() {
    let ns = cluster().await.namespace("move-retained").await;
    ns.rule(password("old", "Retain").with_priority(5)).await;
    ns.rule(password("new", "Delete")).await;
    ns.rule_says("new", ConditionStatus::True, Reason::Ready).await;
    let workload = ns.apply(user_of("database")).await;
    workload.becomes_ready().await;
    let before = ns.resource("database", "it").await;
    let name = before.name_any();
    let rolled = password_of(&ns, "it-old").await;

    moves(&ns, &name, "new").await;
    let moved = ns.rule_name("new");
    let is_moved = |found: &ScoreResource| {
        found.status.as_ref().and_then(|status| status.made_by.as_ref()).is_some_and(|by| by.rule == moved)
    };
    ns.sees(&name, "is made by the new rule", is_moved).await;
    assert_eq!(password_of(&ns, "it-new").await, rolled);
    workload.delete().await;
    ns.is_gone::<ScoreResource>(&name).await;
    ns.is_gone::<Secret>("it-new").await;

    ns.apply(user_of("database")).await.becomes_ready().await;
    let again = ns.resource("database", "it").await;
    assert_eq!(again.spec.rule, Some(ns.rule_name("old")));
    assert_eq!((&again.spec.guid, again.uid() == before.uid()), (&before.spec.guid, false));
    assert_eq!(password_of(&ns, "it-old").await, rolled);
}

/// What is shared is known by a guid as well.
#[tokio::test]
async fn p11_what_a_rule_that_retains_shares_is_found_again() {
    let ns = cluster().await.namespace("kept-shared").await;
    let broker = config_map("broker", json!({"port": "5672"}));
    ns.rule(config("queue", "kept").shares("broker", broker).set("/deletionPolicy", json!("Retain"))).await;
    let workload = ns.apply(user_of("queue")).await;
    workload.becomes_ready().await;
    let before = ns.get::<ConfigMap>("broker").await;
    let all = ns.names::<ScoreResource>().await;
    workload.delete().await;
    for name in &all {
        ns.is_gone::<ScoreResource>(name).await;
    }

    ns.apply(user_of("queue")).await.becomes_ready().await;
    let after = ns.get::<ConfigMap>("broker").await;
    assert_eq!((after.uid(), after.data), (before.uid(), before.data));
}

/// The Secret with the guid may be deleted by hand: then nobody can say that the objects are of this resource.
#[tokio::test]
async fn p11_what_a_resource_of_another_guid_retained_is_not_written_over() {
    let ns = cluster().await.namespace("other-guid").await;
    ns.rule(config("kept", "kept").set("/deletionPolicy", json!("Retain"))).await;
    let workload = ns.apply(user_of("kept")).await;
    workload.becomes_ready().await;
    let before = ns.resource("kept", "it").await;
    workload.delete().await;
    ns.is_gone::<ScoreResource>(&before.name_any()).await;
    ns.delete::<Secret>(&format!("{}-generated", before.name_any())).await;

    ns.apply(user_of("kept")).await;
    let name = before.name_any();
    ns.appears::<ScoreResource>(&name).await;
    let said = ns.resource_says(&name, Reason::AlreadyExists).await.message;
    let was =
        format!("retained by an earlier resource kept.default#it, whose guid was `{}`", before.spec.guid);
    assert!(said.contains(&was) && said.contains("k8s.score.dev/adopt="), "{said}");
    assert_eq!(ns.get::<ConfigMap>("kept-it").await.data.unwrap()["guid"], before.spec.guid);
}

#[tokio::test]
async fn bad12_an_object_that_another_resource_keeps_is_not_offered() {
    let ns = cluster().await.namespace("two-keepers").await;
    let one = rule("twice").makes("config", config_map("fixed", json!({"id": "{{ id }}"})));
    ns.rule(one.offers("name", json!("fixed")).set("/deletionPolicy", json!("Retain"))).await;
    let first = score("first").needs("it", "twice").with_id("one").variable("IT", "${resources.it.name}");
    ns.apply(first).await.becomes_ready().await;
    let second = score("second").needs("it", "twice").with_id("two").variable("IT", "${resources.it.name}");
    let second = ns.apply(second).await;
    second.awaits(Reason::WaitingForResources).await;
    let name = ns.resource("twice", "two").await.name_any();
    let said = ns.resource_says(&name, Reason::AlreadyExists).await.message;
    assert!(said.contains("resource twice.default#one of this namespace keeps it"), "{said}");
    assert!(!said.contains("k8s.score.dev/adopt"), "{said}");
    assert_eq!(ns.get::<ConfigMap>("fixed").await.data.unwrap()["id"], "one");
}
