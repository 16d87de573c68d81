//! Bad input: each kind has a reason and a message of its own that says where, what was found and what to
//! do; what runs runs on, nothing is lost, and the cure cures.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service};
use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams};
use score_operator::api::conditions::{Condition, ConditionStatus, ConditionType, Reason, find};
use score_operator::api::resource::ScoreResource;
use serde_json::{Value, json};

use crate::support::look::image;
use crate::support::namespace::Object;
use crate::support::rule::config_map;
use crate::support::workload::condition;
use crate::support::{Namespace, Rule, Score, cluster, rule, score};

/// What runs, by uid.
#[derive(Debug, PartialEq)]
struct Running {
    deployments: Vec<String>,
    replica_sets: Vec<String>,
    ready_pods: Vec<String>,
    services: Vec<String>,
    config_maps: Vec<String>,
    resources: Vec<String>,
}

async fn running(ns: &Namespace) -> Running {
    Running {
        deployments: uids::<Deployment>(ns, |_| true).await,
        replica_sets: uids::<ReplicaSet>(ns, |_| true).await,
        ready_pods: uids::<Pod>(ns, is_ready).await,
        services: uids::<Service>(ns, |_| true).await,
        config_maps: uids::<ConfigMap>(ns, |_| true).await,
        resources: uids::<ScoreResource>(ns, |_| true).await,
    }
}

async fn uids<K: Object>(ns: &Namespace, counts: impl Fn(&K) -> bool) -> Vec<String> {
    let mut uids: Vec<_> = ns.list::<K>().await.iter().filter(|it| counts(it)).filter_map(K::uid).collect();
    uids.sort();
    uids
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// A workload that runs, and all that belongs to it.
struct Before {
    file: Score,
    running: Running,
}

impl Before {
    /// Lets `web` run with one resource of a type of the test's own.
    async fn of(ns: &Namespace, type_: &str) -> Self {
        ns.rule(rule(type_).makes_config_map()).await;
        let file =
            score("web").port("http", 80, 8080).needs("it", type_).variable("NAME", "${resources.it.name}");
        ns.apply(file.clone()).await.becomes_ready().await;
        let running = running(ns).await;
        assert_eq!((running.deployments.len(), running.ready_pods.len(), running.resources.len()), (1, 1, 1));
        Self { file, running }
    }

    /// The old pods, and all that they need, are there and work.
    async fn runs_on(&self, ns: &Namespace) {
        assert_eq!(running_of(&self.running, &running(ns).await), self.running, "what ran before");
    }

    /// The cure: the file as it was. Nothing was lost, and nothing had to be made anew.
    async fn is_as_before(&self, ns: &Namespace) {
        ns.apply(self.file.clone()).await.becomes_ready().await;
        self.is_whole(ns).await;
    }

    /// Nothing was lost, and nothing is left of the mistake, once it is gone.
    async fn is_whole(&self, ns: &Namespace) {
        for resource in ns.list::<ScoreResource>().await {
            if !self.running.resources.contains(&resource.uid().unwrap()) {
                ns.is_gone::<ScoreResource>(&resource.name_any()).await;
            }
        }
        self.runs_on(ns).await;
    }
}

/// Of what runs now, that which ran before: a mistake may have brought more.
fn running_of(before: &Running, now: &Running) -> Running {
    let kept =
        |before: &[String], now: &[String]| now.iter().filter(|uid| before.contains(uid)).cloned().collect();
    Running {
        deployments: now.deployments.clone(),
        replica_sets: now.replica_sets.clone(),
        ready_pods: now.ready_pods.clone(),
        services: now.services.clone(),
        config_maps: kept(&before.config_maps, &now.config_maps),
        resources: kept(&before.resources, &now.resources),
    }
}

fn assert_says(said: &Condition, parts: &[&str]) {
    let missing: Vec<_> = parts.iter().filter(|part| !said.message.contains(**part)).collect();
    assert!(missing.is_empty(), "{missing:?} not in: {}", said.message);
}

/// kubectl, as people use it, is refused and says all of this; so is server-side apply.
async fn assert_refused(ns: &Namespace, verb: &str, file: &Score, parts: &[&str]) {
    let message = kubectl(ns, &[verb], file).await.expect_err("the API server refuses it");
    let missing: Vec<_> = parts.iter().filter(|part| !message.contains(**part)).collect();
    assert!(missing.is_empty(), "{missing:?} not in: {message}");
    assert!(ns.try_apply(file).await.is_err(), "server-side apply");
}

async fn kubectl(ns: &Namespace, arguments: &[&str], file: &Score) -> Result<String, String> {
    let arguments = [&["--namespace", &ns.name], arguments, &["-f", "-"]].concat();
    cluster().await.kubectl(&arguments, &file.body.to_string())
}

// === The Score file ===

#[tokio::test]
async fn bad01_an_unknown_key() {
    let ns = cluster().await.namespace("bad01").await;
    let before = Before::of(&ns, "bad-key").await;
    let wrong = before.file.clone().set("/containers/main/imge", json!("x"));
    assert_refused(&ns, "apply", &wrong, &["unknown field \"spec.containers.main.imge\""]).await;
    before.runs_on(&ns).await;

    // Forced in, it is not stored: the API server keeps only what the schema knows.
    kubectl(&ns, &["apply", "--validate=false"], &wrong).await.unwrap();
    let workload = ns.workload("web").await;
    assert_eq!(
        (workload.generation, json!(workload.now().await.spec)),
        (1, before.file.body["spec"].clone())
    );
    workload.becomes_ready().await;
    before.runs_on(&ns).await;

    // Where the schema must leave a place open, the operator says it.
    let open = before.file.clone().annotation("k8s.score.dev/servce-name", "front");
    let refused = ns.apply(open).await.is_refused(Reason::InvalidScore).await;
    assert_says(
        &refused,
        &[
            "metadata.annotations[\"k8s.score.dev/servce-name\"]",
            "did you mean `k8s.score.dev/service-name`?",
        ],
    );
    before.runs_on(&ns).await;
    before.is_as_before(&ns).await;
}

#[tokio::test]
async fn bad02_no_containers() {
    let ns = cluster().await.namespace("bad02").await;
    let before = Before::of(&ns, "bad-none").await;
    let empty = before.file.clone().set("/containers", json!({}));
    // Over what `kubectl apply` itself did not make, it takes an empty map for no change.
    assert_refused(&ns, "replace", &empty, &["spec.containers in body should have at least 1 properties"])
        .await;
    let none = before.file.clone().set("/containers", json!(null));
    assert_refused(&ns, "replace", &none, &["spec.containers"]).await;
    before.runs_on(&ns).await;
    before.is_as_before(&ns).await;
}

#[tokio::test]
async fn bad03_a_number_where_text_is_expected() {
    let ns = cluster().await.namespace("bad03").await;
    let before = Before::of(&ns, "bad-number").await;
    let wrong = before.file.clone().set("/containers/main/variables/PORT", json!(3000));
    let says = ["spec.containers.main.variables.PORT", "must be of type string: \"integer\""];
    assert_refused(&ns, "apply", &wrong, &says).await;
    before.runs_on(&ns).await;
    before.is_as_before(&ns).await;
}

#[tokio::test]
async fn bad04_an_unknown_resource_type() {
    let ns = cluster().await.namespace("bad04").await;
    let before = Before::of(&ns, "warehouse").await;
    let wrong = ns.apply(before.file.clone().needs("more", "warehuose")).await;
    let said = wrong.tells("RuleNotFound").await;
    assert_eq!(said.reason, Reason::WaitingForResources);
    assert_says(
        &said,
        &[
            "resource `more` (warehuose.default#web.more)",
            "RuleNotFound",
            "`warehuose`",
            "did you mean `warehouse`?",
            "`dns`",
        ],
    );
    wrong.awaits(Reason::WaitingForResources).await;
    before.runs_on(&ns).await;
    before.is_as_before(&ns).await;

    // A workload may also come before its rules.
    let early = ns.apply(before.file.clone().needs("more", "warehuose")).await;
    early.awaits(Reason::WaitingForResources).await;
    ns.rule(rule("warehuose").makes_config_map()).await;
    early.becomes_ready().await;
    before.runs_on(&ns).await;
}

#[tokio::test]
async fn bad05_an_output_that_does_not_exist() {
    let ns = cluster().await.namespace("bad05").await;
    let before = Before::of(&ns, "bad-output").await;
    let wrong = ns.apply(before.file.clone().variable("NAME", "${resources.it.nmae}")).await;
    let refused = wrong.is_refused(Reason::UnknownOutput).await;
    assert_says(
        &refused,
        &[
            "containers.main.variables.NAME",
            "`${resources.it.nmae}`",
            "no output `nmae`",
            "did you mean `name`?",
            "(there: `name`)",
        ],
    );
    before.runs_on(&ns).await;
    before.is_as_before(&ns).await;
}

#[tokio::test]
async fn bad06_a_cycle_between_resources() {
    let ns = cluster().await.namespace("bad06").await;
    let before = Before::of(&ns, "bad-circle").await;
    let wrong = before
        .file
        .clone()
        .needs("aa", "bad-circle")
        .with_params(json!({"of": "${resources.bb.name}"}))
        .needs("bb", "bad-circle")
        .with_params(json!({"of": "${resources.aa.name}"}));
    let refused = ns.apply(wrong).await.is_refused(Reason::DependencyCycle).await;
    assert_says(&refused, &["resources.aa.params", "aa → bb → aa"]);
    before.runs_on(&ns).await;
    before.is_as_before(&ns).await;
}

// === Rules ===

/// Applies a wrong rule and a workload that needs it, sees what both say, and mends the rule.
async fn wrong_rule(ns: &Namespace, before: &Before, wrong: Rule, mended: Rule, says: &[&str]) {
    let type_ = wrong.name().to_owned();
    ns.rule(wrong).await;
    let said = ns.rule_says(&type_, ConditionStatus::False, Reason::InvalidRule).await;
    let conditions = said.status.unwrap_or_default().conditions;
    assert_says(find(&conditions, ConditionType::Stalled).unwrap(), says);

    let workload = ns.apply(before.file.clone().needs("more", &type_)).await;
    workload.awaits(Reason::WaitingForResources).await;
    before.runs_on(ns).await;

    ns.rule(mended).await;
    workload.becomes_ready().await;
    before.runs_on(ns).await;
    before.is_as_before(ns).await;
}

#[tokio::test]
async fn bad07_a_rule_with_a_syntax_error() {
    let ns = cluster().await.namespace("bad07").await;
    let before = Before::of(&ns, "bad-syntax-before").await;
    let made = rule("bad-syntax").makes_config_map();
    let wrong = made.clone().offers("name", json!("{{ id ~ }}")).offers("open", json!("{{ id"));
    wrong_rule(&ns, &before, wrong, made, &["outputs.name", "outputs.open", "never closed"]).await;
}

#[tokio::test]
async fn bad08_an_unknown_filter() {
    let ns = cluster().await.namespace("bad08").await;
    let before = Before::of(&ns, "bad-filter-before").await;
    let made = rule("bad-filter").makes_config_map();
    let wrong = made.clone().offers("name", json!("{{ id | dns_labl }}"));
    wrong_rule(
        &ns,
        &before,
        wrong,
        made,
        &["outputs.name", "filter `dns_labl` is unknown", "did you mean `dns_label`?"],
    )
    .await;
}

/// covers: X14
#[tokio::test]
async fn bad09_a_kind_that_the_cluster_does_not_serve() {
    let ns = cluster().await.namespace("bad09").await;
    let before = Before::of(&ns, "bad-kind-before").await;
    permit(&ns, "bad09.example", "things").await;
    let thing = json!({"apiVersion": "bad09.example/v1", "kind": "Thing", "metadata": {"name": "thing"}});
    ns.rule(rule("bad-kind").makes("thing", thing).offers("name", json!("thing"))).await;
    let said = ns.rule_says("bad-kind", ConditionStatus::False, Reason::KindNotFound).await;
    let conditions = said.status.unwrap_or_default().conditions;
    assert_says(
        find(&conditions, ConditionType::Reconciling).unwrap(),
        &["bad09.example/v1 Thing", "install its CRD"],
    );

    let workload = ns.apply(before.file.clone().needs("more", "bad-kind")).await;
    let said = workload.tells("KindNotFound").await;
    assert_eq!(said.reason, Reason::WaitingForResources);
    assert_says(&said, &["resource `more`", "bad09.example/v1 Thing"]);
    before.runs_on(&ns).await;

    apply_to_cluster(&ns, &definition("bad09.example", "things", "Thing")).await;
    workload.becomes_ready().await;
    before.runs_on(&ns).await;
    before.is_as_before(&ns).await;
}

#[tokio::test]
async fn bad10_a_kind_that_the_operator_may_not_create() {
    let ns = cluster().await.namespace("bad10").await;
    let before = Before::of(&ns, "bad-forbidden-before").await;
    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "budget"},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "nobody"}}},
    });
    ns.rule(rule("bad-forbidden").makes("budget", budget).offers("name", json!("budget"))).await;
    let said = ns.rule_says("bad-forbidden", ConditionStatus::False, Reason::Forbidden).await;
    let conditions = said.status.unwrap_or_default().conditions;
    let says = [
        "may not create, get, patch, delete, list, watch poddisruptionbudgets",
        "policy/v1",
        "ClusterRole",
        "k8s.score.dev/aggregate-to-operator: \"true\"",
    ];
    assert_says(find(&conditions, ConditionType::Reconciling).unwrap(), &says);

    let workload = ns.apply(before.file.clone().needs("more", "bad-forbidden")).await;
    assert_says(&workload.tells("Forbidden").await, &["resource `more`", "aggregate-to-operator"]);
    before.runs_on(&ns).await;

    permit(&ns, "policy", "poddisruptionbudgets").await;
    workload.becomes_ready().await;
    before.runs_on(&ns).await;
    before.is_as_before(&ns).await;
}

/// Lets the operator create a further kind, as its role says how.
async fn permit(ns: &Namespace, group: &str, plural: &str) {
    let verbs = ["get", "list", "watch", "create", "patch", "delete"];
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": format!("{}-{plural}", ns.name), "labels": {"k8s.score.dev/aggregate-to-operator": "true"}},
        "rules": [{"apiGroups": [group], "resources": [plural], "verbs": verbs}],
    });
    apply_to_cluster(ns, &role).await;
}

fn definition(group: &str, plural: &str, kind: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            }}}],
        },
    })
}

/// Applies an object that is in no namespace.
async fn apply_to_cluster(ns: &Namespace, object: &Value) {
    let text = |key: &str| object[key].as_str().unwrap().to_owned();
    let types = kube::core::TypeMeta { api_version: text("apiVersion"), kind: text("kind") };
    let kind = kube::api::ApiResource::from_gvk(&(&types).try_into().unwrap());
    let api: Api<kube::api::DynamicObject> = Api::all_with(ns.client.clone(), &kind);
    let params = PatchParams::apply("test").force();
    api.patch(object["metadata"]["name"].as_str().unwrap(), &params, &Patch::Apply(object)).await.unwrap();
}

// === The world ===

#[tokio::test]
async fn bad11_a_secret_that_never_appears() {
    let ns = cluster().await.namespace("bad11").await;
    let before = Before::of(&ns, "bad-secret-before").await;
    let made = rule("bad-secret")
        .makes("config", config_map("asks", json!({"for": "late"})))
        .offers("password", json!("{{ secret_ref('late', 'password') }}"));
    ns.rule(made).await;
    let edited =
        before.file.clone().needs("more", "bad-secret").variable("PASSWORD", "${resources.more.password}");
    let workload = ns.apply(edited).await;
    let said = workload.tells("WaitingForSecret").await;
    assert_says(
        &said,
        &[
            "resource `more`",
            "Secret `late` does not exist yet (its key `password` is awaited)",
            "kubectl describe configmap asks",
        ],
    );
    before.runs_on(&ns).await;

    ns.create(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late"}, "data": {"password": "eA=="}})).await;
    workload.becomes_ready().await;
    let now = running(&ns).await;
    assert_eq!(now.deployments, before.running.deployments, "the same Deployment, rolled out");
    assert_eq!(running_of(&before.running, &now).resources, before.running.resources);
}

#[tokio::test]
async fn bad12_an_object_of_the_same_name_that_is_not_ours() {
    let ns = cluster().await.namespace("bad12").await;
    let before = Before::of(&ns, "bad-foreign").await;
    ns.create(&config_map("bad-foreign-web.more", json!({"mine": "yes"}))).await;
    let foreign = ns.get::<ConfigMap>("bad-foreign-web.more").await;

    let workload = ns.apply(before.file.clone().needs("more", "bad-foreign")).await;
    let said = workload.tells("AlreadyExists").await;
    assert_says(
        &said,
        &[
            "resource `more`",
            "ConfigMap `bad-foreign-web.more`",
            "is not ours",
            "rename or delete it",
            "k8s.score.dev/adopt=",
        ],
    );
    before.runs_on(&ns).await;
    let still = ns.get::<ConfigMap>("bad-foreign-web.more").await;
    assert_eq!(
        (still.resource_version(), still.data),
        (foreign.resource_version(), foreign.data),
        "left alone"
    );

    ns.delete::<ConfigMap>("bad-foreign-web.more").await;
    workload.becomes_ready().await;
    before.runs_on(&ns).await;
    before.is_as_before(&ns).await;
}

/// covers: P08 X15
#[tokio::test]
async fn bad13_a_rule_that_is_edited_into_nonsense_while_in_use() {
    let ns = cluster().await.namespace("bad13").await;
    let before = Before::of(&ns, "bad-edit").await;
    let good = rule("bad-edit").makes_config_map();
    ns.rule(good.clone().offers("name", json!("{{ idd }}"))).await;
    ns.rule_says("bad-edit", ConditionStatus::False, Reason::InvalidRule).await;

    // It shows, on the resource and on the workload, and what runs runs on.
    let resource = ns.resource("bad-edit", "web.it").await;
    let said = ns.resource_says(&resource.name_any(), Reason::InvalidRule).await;
    assert_says(
        &said,
        &[
            "rule `bad13-bad-edit` cannot be used",
            "outputs.name",
            "`idd` is not in scope",
            "keeps running",
            "kubectl describe prule",
        ],
    );
    let workload = ns.workload("web").await;
    let shown = workload
        .says(ConditionType::ResourcesReady, ConditionStatus::False, Reason::WaitingForResources)
        .await;
    assert_says(&condition(&shown, ConditionType::ResourcesReady), &["resource `it`", "InvalidRule"]);
    before.runs_on(&ns).await;
    let serving = ns.resource("bad-edit", "web.it").await.status.unwrap().outputs;
    assert_eq!(serving, resource.status.unwrap().outputs, "the last good outputs");

    unrelated_change(&ns, &before).await;

    ns.rule(good).await;
    ns.workload("web").await.becomes_ready().await;
    let now = running(&ns).await;
    assert_eq!(
        (now.resources, now.config_maps),
        (before.running.resources, before.running.config_maps),
        "nothing lost"
    );
}

/// A change that does not need the rule rolls out.
async fn unrelated_change(ns: &Namespace, before: &Before) {
    let edited = ns.apply(before.file.clone().image("registry.example/main:2")).await;
    edited.says(ConditionType::Available, ConditionStatus::True, Reason::Available).await;
    let runs_it = |web: &Deployment| image(web) == "registry.example/main:2";
    let web = Box::pin(ns.sees("web", "runs the new image", runs_it)).await;
    assert_eq!(web.uid().into_iter().collect::<Vec<_>>(), before.running.deployments);
}

/// The API server stores JSON that nests deeper than our parser goes: it must cost nobody else anything.
#[tokio::test]
async fn what_nests_too_deep_is_refused_and_blinds_nobody() {
    let ns = cluster().await.namespace("deep").await;
    let deep = (0..150).fold(json!("bottom"), |inner, _| json!([inner]));
    let wrong = score("deep").needs("it", "deep").with_params(json!({"list": deep}));
    let refused = ns.apply(wrong).await.is_refused(Reason::InvalidScore).await;
    assert_says(&refused, &["resources.it.params.list", "nests too deep"]);
    ns.apply(score("shallow")).await.becomes_ready().await;
}
