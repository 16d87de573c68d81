//! Objects of a rule that live in no namespace (`allowClusterScoped`): made, kept and taken down by the operator, as no
//! owner reference leads from there.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::DynamicObject;
use score_operator::api::conditions::{ConditionStatus, Reason};
use score_operator::api::resource::ScoreResource;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::support::look::{containers, owners, variables};
use crate::support::stand_in::condition;
use crate::support::{
    Cluster, Example, Namespace, Rule, Score, StandIn, cluster_of_examples, cluster_without_operator, rule,
    score,
};

const FINALIZER: &str = "k8s.score.dev/cluster-scoped";
const FOREIGN: &str = "example.org/keeps";

/// What a name must hold, as all namespaces share it.
const OWN_NAME: &str = "{{ (namespace ~ '/' ~ uid) | dns_label }}";

/// The kind of `examples/postgres-crossplane` that lives in no namespace.
fn instance(name: &str) -> Value {
    json!({
        "apiVersion": "rds.aws.upbound.io/v1beta1", "kind": "Instance", "metadata": {"name": name},
        "spec": {"forProvider": {"region": "{{ class }}"}},
    })
}

/// A rule that makes one, and offers its address.
fn makes_instance(type_: &str, name: &str) -> Rule {
    let rule = rule(type_).set("/allowClusterScoped", json!(["Instance"])).makes("it", instance(name));
    rule.offers("address", json!("{{ objects.it.status.address }}"))
}

fn user(name: &str, type_: &str) -> Score {
    score(name).needs("it", type_).with_id("it").variable("ADDRESS", "${resources.it.address}")
}

/// Plays the kind's controller: it works.
async fn works(instance: &StandIn<'_>) {
    let ready = condition("Ready", "True", "Available", "");
    instance.says(json!({"conditions": [ready], "address": "it.example.com"})).await;
}

/// A namespace with one ready workload `web`, and its object.
async fn running<'a>(ns: &'a Namespace, rule: Rule, type_: &str) -> StandIn<'a> {
    ns.rule(rule).await;
    let workload = ns.apply(user("web", type_)).await;
    let made = StandIn::of(ns, type_, "it", "Instance").await;
    works(&made).await;
    workload.becomes_ready().await;
    made
}

async fn resource_name(ns: &Namespace, type_: &str) -> String {
    ns.resource(type_, "it").await.name_any()
}

fn holds_finalizer(found: &ScoreResource) -> bool {
    found.finalizers().iter().any(|name| name == FINALIZER)
}

fn region(found: &DynamicObject) -> &str {
    found.data["spec"]["forProvider"]["region"].as_str().unwrap()
}

#[tokio::test]
async fn sec02_p07_x34_x44_it_is_made_offered_kept_and_deleted_with_its_last_consumer() {
    let ns = cluster_of_examples().await.namespace("scope-life").await;
    ns.rule(makes_instance("scoped", OWN_NAME)).await;
    let workload = ns.apply(user("web", "scoped")).await;
    let made = StandIn::of(&ns, "scoped", "it", "Instance").await;
    workload.awaits(Reason::WaitingForResources).await;
    let object = made.object().await;
    assert_eq!((object.namespace(), object.owner_references()), (None, &[][..]));
    assert_eq!(object.annotations()["k8s.score.dev/namespace"], "scope-life");
    let resource = ns.resource("scoped", "it").await;
    assert!(holds_finalizer(&resource), "{:?}", resource.finalizers());

    works(&made).await;
    workload.becomes_ready().await;
    let deployment = ns.get::<Deployment>("web").await;
    let address = variables(containers(&deployment)["main"])["ADDRESS"].value.clone();
    assert_eq!(address.as_deref(), Some("it.example.com"));

    ns.edit_of(made.id(), json!({"spec": {"forProvider": {"region": "by-hand"}}})).await;
    ns.sees_of(made.id(), "is as the rule says", |found| region(found) == "default").await;
    ns.delete_of(made.id()).await;
    let anew = |found: &DynamicObject| found.uid() != object.uid();
    ns.sees_of(made.id(), "is made anew", anew).await;

    let other = ns.apply(user("other", "scoped")).await;
    ns.sees::<ScoreResource>(&resource.name_any(), "has both", |found| owners(found).len() == 2).await;
    workload.delete().await;
    ns.sees::<ScoreResource>(&resource.name_any(), "has the other", |found| owners(found).len() == 1).await;
    assert_eq!(made.object().await.metadata.deletion_timestamp, None, "it still has a consumer");
    other.delete().await;
    ns.is_gone_of(made.id()).await;
    ns.is_empty().await;
}

#[tokio::test]
async fn sec02_x23_two_namespaces_never_take_each_others() {
    let cluster = cluster_of_examples().await;
    let label = ("test", "scope-two");
    let one = cluster.namespace_with_labels("scope-one", &[label]).await;
    let two = cluster.namespace_with_labels("scope-two", &[label]).await;
    // The same name whatever the namespace: a rule's mistake.
    one.rule_where(label, makes_instance("one-name", "scope-one-name")).await;
    one.apply(user("web", "one-name")).await;
    let made = StandIn::of(&one, "one-name", "it", "Instance").await;
    let before = made.object().await;

    let second = two.apply(user("web", "one-name")).await;
    let said = second.tells("AlreadyExists").await;
    for part in
        ["another resource, of namespace `scope-one`", "put `namespace` and `uid`", "k8s.score.dev/adopt="]
    {
        assert!(said.message.contains(part), "{part}: {}", said.message);
    }
    second.delete().await;
    two.is_empty().await;
    let after = made.object().await;
    assert_eq!((after.uid(), after.resource_version()), (before.uid(), before.resource_version()));
    assert_eq!(after.metadata.deletion_timestamp, None);
}

#[tokio::test]
async fn x23_one_that_an_administrator_made_is_left_alone_until_it_is_handed_over() {
    let ns = cluster_of_examples().await.namespace("scope-foreign").await;
    let mut foreign = instance("scope-foreign");
    foreign["spec"]["forProvider"]["region"] = json!("theirs");
    let before = ns.create(&foreign).await;
    ns.rule(makes_instance("foreign", "scope-foreign")).await;
    let workload = ns.apply(user("web", "foreign")).await;
    workload.tells("it belongs to nobody that Kubernetes knows of").await;
    let now = ns.sees_of(&foreign, "is there", |_| true).await;
    assert_eq!(now.resource_version(), before.resource_version());

    let uid = ns.resource("foreign", "it").await.uid();
    ns.edit_of(&foreign, json!({"metadata": {"annotations": {"k8s.score.dev/adopt": uid}}})).await;
    let ours = ns.sees_of(&foreign, "is taken over", |found| region(found) == "default").await;
    assert_eq!(ours.uid(), before.uid());
    workload.delete().await;
    ns.is_gone_of(&foreign).await;
}

#[tokio::test]
async fn x44_a_foreign_finalizer_is_reported_by_name_and_holds_up_nobody_else() {
    let ns = cluster_of_examples().await.namespace("scope-held").await;
    let held = running(&ns, makes_instance("held-up", OWN_NAME).generates("password"), "held-up").await;
    ns.edit_of(held.id(), json!({"metadata": {"finalizers": [FOREIGN]}})).await;
    let resource = resource_name(&ns, "held-up").await;
    let free = ns.apply(score("free").needs("it", "held-up").with_id("free")).await;
    let freed = StandIn::of(&ns, "held-up", "free", "Instance").await;

    ns.workload("web").await.delete().await;
    let said = ns.resource_tells(&resource, FOREIGN).await;
    assert_eq!(said.reason, Reason::Deleting);
    let look = format!("kubectl describe instance {}", held.name());
    assert!(said.message.contains(&look), "{}", said.message);
    free.delete().await;
    ns.is_gone_of(freed.id()).await;

    assert!(holds_finalizer(&ns.get(&resource).await), "it waits for its object");
    let secret = ns.get::<Secret>(&format!("{resource}-generated")).await;
    assert_eq!(secret.metadata.deletion_timestamp, None, "whoever takes it down may need the Secret");
    ns.edit_of(held.id(), json!({"metadata": {"finalizers": null}})).await;
    ns.is_gone_of(held.id()).await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p11_what_is_retained_stays_and_is_found_again() {
    let ns = cluster_of_examples().await.namespace("scope-kept").await;
    let rule = || makes_instance("kept", OWN_NAME).set("/deletionPolicy", json!("Retain"));
    let kept = running(&ns, rule(), "kept").await;
    let before = kept.object().await;
    let first = ns.resource("kept", "it").await;
    assert!(!holds_finalizer(&first), "nothing is to be taken down");

    ns.workload("web").await.delete().await;
    ns.is_gone::<ScoreResource>(&first.name_any()).await;
    let alone = kept.object().await;
    assert_eq!((alone.uid(), alone.metadata.deletion_timestamp), (before.uid(), None));

    ns.apply(user("web", "kept")).await.becomes_ready().await;
    assert_eq!(kept.object().await.uid(), before.uid());
    assert_eq!(ns.resource("kept", "it").await.spec.guid, first.spec.guid);
}

#[tokio::test]
async fn p08_a_rule_that_no_longer_makes_it_deletes_it_and_needs_no_finalizer() {
    let ns = cluster_of_examples().await.namespace("scope-pruned").await;
    let made = running(&ns, makes_instance("pruned", OWN_NAME), "pruned").await;
    let resource = resource_name(&ns, "pruned").await;
    ns.rule(rule("pruned").offers("address", json!("fixed"))).await;
    ns.is_gone_of(made.id()).await;
    ns.sees::<ScoreResource>(&resource, "has no finalizer", |found| !holds_finalizer(found)).await;
    ns.rule(makes_instance("pruned", OWN_NAME)).await;
    ns.sees::<ScoreResource>(&resource, "has it again", holds_finalizer).await;
    made.object().await;
}

#[tokio::test]
async fn x15_where_its_rule_is_gone_it_still_goes_with_the_resource() {
    let ns = cluster_of_examples().await.namespace("scope-ruleless").await;
    let made = running(&ns, makes_instance("ruleless", OWN_NAME), "ruleless").await;
    let resource = resource_name(&ns, "ruleless").await;
    ns.delete_rule("ruleless").await;
    ns.resource_says(&resource, Reason::RuleNotFound).await;
    assert!(holds_finalizer(&ns.get(&resource).await), "it is not forgotten");
    ns.workload("web").await.delete().await;
    ns.is_gone_of(made.id()).await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p04_one_that_another_rule_made_goes_once_the_new_rule_works() {
    let ns = cluster_of_examples().await.namespace("scope-moved").await;
    let old = running(&ns, makes_instance("moved", OWN_NAME), "moved").await;
    let resource = resource_name(&ns, "moved").await;
    let other = makes_instance("moved", "{{ ('new/' ~ namespace) | dns_label }}").called("moved-new");
    ns.rule(other.with_priority(1)).await;
    ns.rule_says("moved-new", ConditionStatus::True, Reason::Ready).await;
    let to = json!({"metadata": {"annotations": {"k8s.score.dev/move-to": ns.rule_name("moved-new")}}});
    ns.edit::<ScoreResource>(&resource, to).await;
    let is_new = |found: &ScoreResource| {
        let inventory = found.status.iter().flat_map(|status| &status.inventory);
        inventory.filter(|entry| entry.id.kind == "Instance").count() == 2
    };
    let both = ns.sees::<ScoreResource>(&resource, "has both", is_new).await.status.unwrap().inventory;
    let new = both.iter().map(|entry| &entry.id).find(|id| id.kind == "Instance" && id.name != old.name());
    let mut id = old.id().clone();
    id["metadata"]["name"] = json!(new.unwrap().name);
    ns.appears_of(&id).await;
    assert_eq!(old.object().await.metadata.deletion_timestamp, None, "the new one does not work yet");
    ns.edit_status_of(&id, json!({"address": "new.example.com"})).await;
    ns.is_gone_of(old.id()).await;
    ns.workload("web").await.becomes_ready().await;
}

#[tokio::test]
async fn x17_a_namespace_ends_with_all_that_was_made_for_it() {
    let ns = cluster_of_examples().await.namespace("scope-doomed").await;
    let made = running(&ns, makes_instance("doomed", OWN_NAME), "doomed").await;
    let id = made.id().clone();
    ns.delete_itself().await;
    ns.is_gone_of(&id).await;
}

#[tokio::test]
async fn sec01_a_kind_that_lives_in_a_namespace_is_not_to_be_listed() {
    let ns = cluster_of_examples().await.namespace("scope-listed").await;
    let mut made = instance("a");
    made["apiVersion"] = json!("rds.aws.m.upbound.io/v1beta1");
    ns.rule(rule("listed").set("/allowClusterScoped", json!(["Instance"])).makes("it", made)).await;
    let said = ns.rule_says("listed", ConditionStatus::False, Reason::InvalidRule).await;
    let said = said.status.unwrap().conditions[0].message.clone();
    let expected = "allowClusterScoped[0]: rds.aws.m.upbound.io/v1beta1 Instance lives in a namespace";
    assert!(said.contains(expected), "{said}");
}

/// The example's kinds and rights, on a control plane of operators inside this process.
async fn cluster_with_operators_of_our_own() -> &'static Cluster {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let cluster = cluster_without_operator().await;
    INSTALLED.get_or_init(|| install(cluster)).await;
    cluster
}

async fn install(cluster: &Cluster) {
    let example = Example::new("postgres-crossplane");
    let paths = ["stand-in-crds.yaml", "rbac.yaml"].map(|file| example.path(file));
    let [kinds, rights] = paths.each_ref().map(|path| path.to_str().unwrap());
    cluster.kubectl(&["apply", "--server-side", "-f", kinds, "-f", rights], "").unwrap();
    let established = ["wait", "--for=condition=Established", "--timeout=60s", "-f", kinds];
    cluster.kubectl(&established, "").unwrap();
    cluster.rights_are_aggregated().await;
}

#[tokio::test]
async fn x44_where_no_operator_runs_at_deletion_it_ends_when_one_is_back() {
    let cluster = cluster_with_operators_of_our_own().await;
    let ns = cluster.namespace("scope-away").await;
    let operator = cluster.operate(&ns);
    let made = running(&ns, makes_instance("away", OWN_NAME), "away").await;
    let resource = resource_name(&ns, "away").await;
    drop(operator);

    ns.workload("web").await.delete().await;
    let going = |found: &ScoreResource| found.metadata.deletion_timestamp.is_some();
    let waits = ns.sees::<ScoreResource>(&resource, "waits for an operator", going).await;
    assert_eq!(waits.finalizers(), [FINALIZER]);
    assert_eq!(made.object().await.metadata.deletion_timestamp, None);

    let _operator = cluster.operate(&ns);
    ns.is_gone_of(made.id()).await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p11_a_policy_that_was_switched_while_no_operator_ran_counts() {
    let cluster = cluster_with_operators_of_our_own().await;
    let ns = cluster.namespace("scope-switch").await;
    let operator = cluster.operate(&ns);
    let kept = running(&ns, makes_instance("switch", OWN_NAME), "switch").await;
    let resource = resource_name(&ns, "switch").await;
    drop(operator);

    ns.rule(makes_instance("switch", OWN_NAME).set("/deletionPolicy", json!("Retain"))).await;
    ns.workload("web").await.delete().await;
    let _operator = cluster.operate(&ns);
    ns.is_gone::<ScoreResource>(&resource).await;
    assert_eq!(kept.object().await.metadata.deletion_timestamp, None);
}
