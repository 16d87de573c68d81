//! How an edit of a rule reaches its resources, and how a resource is moved to another rule (P04, P08).

use std::collections::BTreeSet;

use futures::StreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::ResourceExt;
use kube::api::{ListParams, WatchEvent, WatchParams};
use score_operator::api::conditions::{ConditionStatus, ConditionType, Reason, find, is_true};
use score_operator::api::resource::ScoreResource;
use score_operator::api::rule::ProvisionerRule;
use serde_json::{Value, json};

use crate::support::look::{containers, image, variables};
use crate::support::rule::{config_map, deployment};
use crate::support::{Namespace, Rule, Score, cluster, rule, score};

/// A rule whose resources are Deployments with this image, of which `max` may be unready at once.
fn servers(type_: &str, image: &str, max: Value) -> Rule {
    let server = deployment("{{ id }}", image);
    rule(type_).makes("server", server).offers("image", json!(image)).set("/maxUnavailable", max)
}

/// A workload with resources of a type: `s0`, `s1`, …
fn user_of(count: usize, type_: &str) -> Score {
    (0..count).fold(score("web"), |score, index| {
        score.needs(&format!("r{index}"), type_).with_id(&format!("s{index}"))
    })
}

async fn images(ns: &Namespace, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    for index in 0..count {
        all.push(image(&ns.get(&format!("s{index}")).await).to_owned());
    }
    all
}

fn rolling(rule: &ProvisionerRule) -> Option<String> {
    let status = rule.status.as_ref()?;
    find(&status.conditions, ConditionType::RollingOut).map(|found| found.message.clone())
}

#[tokio::test]
async fn an_edit_that_fails_stops_after_the_first_batch_and_says_so() {
    let ns = cluster().await.namespace("batch").await;
    ns.rule(servers("batch", "app:1", json!(2))).await;
    let workload = ns.apply(user_of(6, "batch")).await;
    workload.becomes_ready().await;

    // A pod with such an image never becomes ready: see `tests/controlplane/stages`.
    ns.rule(servers("batch", "app:never", json!(2))).await;
    let stopped = |found: &ProvisionerRule| {
        rolling(found)
            .is_some_and(|said| said.starts_with("2 of 6 resources") && said.contains("not ready: `batch/"))
    };
    ns.rule_sees("batch", "says that two of six are not ready", stopped).await;
    let now = images(&ns, 6).await;
    assert_eq!(now.iter().filter(|image| *image == "app:never").count(), 2, "{now:?}");
    // A workload that comes and goes later shows that the others were not just slow.
    ns.apply(score("later")).await.becomes_ready().await;
    assert_eq!(images(&ns, 6).await, now);
    assert_eq!(
        ns.rule_says("batch", ConditionStatus::True, Reason::Ready).await.metadata.generation,
        Some(2)
    );

    // The edit that mends it reaches those two first, and then all.
    ns.rule(servers("batch", "app:3", json!(2))).await;
    let done = ns.rule_sees("batch", "is rolled out", |found| rolling(found).is_none()).await;
    assert_eq!(images(&ns, 6).await, ["app:3"; 6]);
    for resource in ns.list::<ScoreResource>().await {
        let made_by = resource.status.unwrap().made_by.unwrap();
        assert_eq!(
            (Some(made_by.revision), made_by.rule),
            (done.status.clone().unwrap().revision, done.name_any())
        );
    }
    workload.becomes_ready().await;
}

#[tokio::test]
async fn never_more_than_the_limit_are_unready_at_once() {
    let ns = cluster().await.namespace("limit").await;
    ns.rule(servers("limit", "app:1", json!("50%"))).await;
    ns.apply(user_of(4, "limit")).await.becomes_ready().await;
    let api = ns.api::<ScoreResource>();
    let start = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    ns.rule(servers("limit", "app:2", json!("50%"))).await;
    ns.rule_sees("limit", "is rolled out", |found| rolling(found).is_none()).await;
    ns.apply(user_of(4, "limit")).await.becomes_ready().await;
    assert_eq!(images(&ns, 4).await, ["app:2"; 4]);

    // What their statuses have said since, one after the other.
    let mut said = api.watch(&WatchParams::default(), &start).await.unwrap().boxed();
    let (mut unready, mut done, mut most) = (BTreeSet::new(), BTreeSet::new(), 0);
    while done.len() < 4 {
        let Some(Ok(WatchEvent::Modified(found))) = said.next().await else { panic!("the watch ended") };
        let (name, status) = (found.name_any(), found.status.unwrap());
        let first = unready.is_empty() && done.is_empty();
        match is_true(&status.conditions, ConditionType::Ready) {
            true if first => {}
            true => done.extend(unready.take(&name)),
            false => drop(unready.insert(name)),
        }
        most = most.max(unready.len());
    }
    assert!((1..=2).contains(&most), "{most} of 4 were unready at once");
}

#[tokio::test]
async fn what_goes_in_the_middle_of_a_rollout_does_not_hold_up_the_others() {
    let ns = cluster().await.namespace("leaves").await;
    ns.rule(servers("leaves", "app:1", json!(1))).await;
    let mut workloads = Vec::new();
    for name in ["one", "two", "three", "four"] {
        let uses = score(&format!("for-{name}")).needs("it", "leaves").with_id(name);
        workloads.push((name, ns.apply(uses).await));
    }
    for (_, workload) in &workloads {
        workload.becomes_ready().await;
    }
    ns.rule(servers("leaves", "app:never", json!(1))).await;
    let first = stopped_at(&ns, "leaves").await;
    // One of the others goes, and one is frozen: neither may take the place of those that are left.
    let mut held = workloads.into_iter().filter(|(name, _)| *name != first);
    held.next().unwrap().1.delete().await;
    let frozen = held.next().unwrap().0;
    let frozen_resource = ns.resource("leaves", frozen).await.name_any();
    let suspend = json!({"metadata": {"annotations": {"k8s.score.dev/suspend": "true"}}});
    ns.edit::<ScoreResource>(&frozen_resource, suspend).await;
    let last = held.next().unwrap().0;
    let pod = ns
        .list::<Pod>()
        .await
        .into_iter()
        .find(|pod| pod.spec.as_ref().unwrap().containers[0].image.as_deref() == Some("app:never"));
    ns.set_ready(&pod.unwrap().name_any(), true).await;
    ns.sees::<Deployment>(last, "has its turn", |found| image(found) == "app:never").await;
    assert_eq!(image(&ns.get::<Deployment>(frozen).await), "app:1");
}

/// Waits until a rollout of one at a time has stopped; the Deployment that it has reached.
async fn stopped_at(ns: &Namespace, rule: &str) -> String {
    ns.rule_sees(rule, "has stopped", |found| rolling(found).is_some_and(|said| said.contains("not ready")))
        .await;
    let reached = |found: &&Deployment| image(found) == "app:never";
    ns.list::<Deployment>().await.iter().find(reached).expect("it has reached one").name_any()
}

#[tokio::test]
async fn x34_what_is_held_says_so_and_is_taken_off_its_owner_by_retain_all_the_same() {
    let ns = cluster().await.namespace("held-back").await;
    ns.rule(servers("held", "app:1", json!(1))).await;
    ns.apply(user_of(2, "held")).await.becomes_ready().await;
    ns.rule(servers("held", "app:never", json!(1))).await;
    let reached = stopped_at(&ns, "held").await;
    let held = if reached == "s0" { "s1" } else { "s0" };
    let name = ns.resource("held", held).await.name_any();
    ns.resource_tells(&name, "until this resource has its turn it is left as it is").await;

    ns.rule(servers("held", "app:never", json!(1)).set("/deletionPolicy", json!("Retain"))).await;
    let is_free = |found: &Deployment| found.owner_references().is_empty();
    let kept = ns.sees::<Deployment>(held, "has no owner", is_free).await;
    assert_eq!(image(&kept), "app:1", "a change of the policy alone reaches it");
}

#[tokio::test]
async fn p08_nonsense_in_between_does_not_open_the_gate() {
    let ns = cluster().await.namespace("typo").await;
    ns.rule(servers("typo", "app:1", json!(1))).await;
    ns.apply(user_of(3, "typo")).await.becomes_ready().await;
    ns.rule(servers("typo", "{{ nonsense }}", json!(1))).await;
    ns.rule_says("typo", ConditionStatus::False, Reason::InvalidRule).await;
    for index in 0..3 {
        let name = ns.resource("typo", &format!("s{index}")).await.name_any();
        ns.resource_says(&name, Reason::InvalidRule).await;
    }
    ns.rule(servers("typo", "app:never", json!(1))).await;
    stopped_at(&ns, "typo").await;
    ns.apply(score("later")).await.becomes_ready().await;
    let now = images(&ns, 3).await;
    assert_eq!(now.iter().filter(|image| *image == "app:never").count(), 1, "{now:?}");
    // What the last good rule made is ready again, and says what it waits for.
    for index in (0..3).filter(|index| now[*index] == "app:1") {
        let name = ns.resource("typo", &format!("s{index}")).await.name_any();
        ns.resource_is(&name, ConditionType::Ready).await;
    }
}

#[tokio::test]
async fn what_is_refused_for_its_own_sake_does_not_hold_up_an_edit() {
    let ns = cluster().await.namespace("own-sake").await;
    let sized =
        |image: &str| servers("own", image, json!(1)).takes("size", json!({"type": "integer", "maximum": 9}));
    ns.rule(sized("app:1")).await;
    ns.apply(user_of(3, "own").with_params(json!({"size": 1}))).await.becomes_ready().await;
    let refused = ns.apply(user_of(3, "own").with_params(json!({"size": 10}))).await;
    refused.is_refused(Reason::InvalidParams).await;
    ns.rule(sized("app:2")).await;
    for name in ["s0", "s1"] {
        ns.sees::<Deployment>(name, "is at app:2", |found| image(found) == "app:2").await;
    }
    ns.rule_sees("own", "is rolled out", |found| rolling(found).is_none()).await;
}

#[tokio::test]
async fn an_edit_that_makes_nothing_else_changes_no_resource() {
    let ns = cluster().await.namespace("same").await;
    let made = ns.rule(servers("same", "app:1", json!(1))).await;
    ns.apply(user_of(2, "same")).await.becomes_ready().await;
    let before = ns.snapshot().await;
    let described =
        servers("same", "app:1", json!(2)).set("/description", json!("Servers.")).with_priority(3);
    let edited = ns.rule(described).await;
    assert_ne!(edited.metadata.generation, made.metadata.generation);
    ns.rule_sees("same", "was read again", |_| true).await;
    ns.apply(score("later")).await.becomes_ready().await;
    let changes = before.changes(&ns.snapshot().await);
    assert!(changes.iter().all(|change| change.contains("later")), "{changes:?}");
}

fn config(type_: &str, rule_name: &str) -> Rule {
    let config = config_map(&format!("{rule_name}-{{{{ id }}}}"), json!({"guid": "{{ guid }}"}));
    let made = rule(type_).called(rule_name).makes("config", config);
    made.offers("name", json!(format!("{rule_name}-{{{{ id }}}}")))
}

#[tokio::test]
async fn p04_a_person_moves_a_resource_to_another_rule() {
    let ns = cluster().await.namespace("move").await;
    ns.rule(config("moved", "old")).await;
    let uses = score("web").needs("it", "moved").with_id("it").variable("IT", "${resources.it.name}");
    let workload = ns.apply(uses).await;
    workload.becomes_ready().await;
    ns.rule(config("moved", "new").with_priority(9)).await;
    let name = ns.resource("moved", "it").await.name_any();
    let (old, new) = (ns.rule_name("old"), ns.rule_name("new"));
    let lost = |found: &ScoreResource| {
        found.status.as_ref().is_some_and(|status| status.other_rules == [new.clone()])
    };
    let before = ns.sees::<ScoreResource>(&name, "names the better rule", lost).await;
    assert_eq!(before.spec.rule.as_ref(), Some(&old), "a better rule does not move it");

    ns.edit::<ScoreResource>(&name, move_to("nwe")).await;
    let told = |found: &ScoreResource| {
        let status = found.status.clone().unwrap_or_default();
        find(&status.conditions, ConditionType::Ready).is_some_and(|ready| {
            ready.status == ConditionStatus::True
                && ready.message.contains("no rule that matches it")
                && ready.message.contains(&new)
        })
    };
    ns.sees::<ScoreResource>(&name, "says which rules match", told).await;

    ns.edit::<ScoreResource>(&name, move_to(&new)).await;
    ns.is_gone::<ConfigMap>("old-it").await;
    let config = ns.get::<ConfigMap>("new-it").await;
    let after: ScoreResource = ns.get(&name).await;
    assert_eq!((after.spec.rule.as_ref(), &after.spec.guid), (Some(&new), &before.spec.guid));
    assert_eq!(config.data.unwrap()["guid"], before.spec.guid);
    let is_moved =
        |found: &Deployment| variables(containers(found)["main"])["IT"].value.as_deref() == Some("new-it");
    ns.sees("web", "reads the outputs of the new rule", is_moved).await;
}

#[tokio::test]
async fn p04_what_the_old_rule_made_stays_until_the_new_one_works() {
    let ns = cluster().await.namespace("move-waits").await;
    ns.rule(config("slow", "old")).await;
    let uses = score("web").needs("it", "slow").with_id("it").variable("IT", "${resources.it.name}");
    ns.apply(uses).await.becomes_ready().await;
    let slow = config("slow", "new").ready_when("{{ objects.config.metadata.labels.done == 'true' }}");
    ns.rule(slow).await;
    ns.rule_says("new", ConditionStatus::True, Reason::Ready).await;
    let name = ns.resource("slow", "it").await.name_any();
    ns.edit::<ScoreResource>(&name, move_to(&ns.rule_name("new"))).await;
    ns.appears::<ConfigMap>("new-it").await;
    ns.resource_says(&name, Reason::WaitingForValue).await;
    ns.apply(score("later")).await.becomes_ready().await;
    assert!(ns.find::<ConfigMap>("old-it").await.is_some(), "the pods still use it");
    ns.edit::<ConfigMap>("new-it", json!({"metadata": {"labels": {"done": "true"}}})).await;
    ns.is_gone::<ConfigMap>("old-it").await;
    let resource: ScoreResource = ns.get(&name).await;
    assert!(is_true(&resource.status.unwrap().conditions, ConditionType::Ready));
}

fn move_to(rule: &str) -> Value {
    json!({"metadata": {"annotations": {"k8s.score.dev/move-to": rule}}})
}
