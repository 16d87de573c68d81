//! `docs/troubleshooting.md`: each of its cases, brought about, and told in the words that the page has for it.

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::api::core::v1::{ConfigMap, ResourceQuota};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, PostParams};
use score_operator::api::conditions::{Condition, ConditionStatus, ConditionType, Reason, find};
use score_operator::api::names::ResourceUid;
use score_operator::api::resource::ScoreResource;
use score_operator::api::rule::ProvisionerRuleStatus;
use score_operator::api::workload::ScoreWorkload;
use serde_json::{Value, json};

use crate::support::rule::{config_map, deployment};
use crate::support::stand_in::condition;
use crate::support::wait;
use crate::support::workload::conditions;
use crate::support::{Namespace, Rule, StandIn, Workload, cluster, cluster_of_examples, rule, score};

const PAGE: &str = include_str!("../../docs/troubleshooting.md");

/// What the page says that the operator says: a reason, or `kubectl:`, and words with `…` for what differs.
fn row(case: &str) -> (&'static str, &'static str) {
    let start = format!("| `{case}` |");
    let row = PAGE.lines().find(|line| line.starts_with(&start));
    let row = row.unwrap_or_else(|| panic!("the page has no case {case}"));
    let (before, after) = row.split_once("``").unwrap();
    let (words, _) = after.split_once("``").unwrap();
    let reason = before.rsplit('|').next().unwrap().trim().trim_matches('`');
    (reason, words.trim_end())
}

/// Whether the words of the page were said, in this order.
fn has_words(case: &str, said: &str) -> bool {
    let after = |rest: &'_ str, part: &str| rest.find(part).map(|at| at + part.len());
    let mut rest = Some(said);
    for part in row(case).1.split('…') {
        rest = rest.and_then(|rest| Some(&rest[after(rest, part)?..]));
    }
    rest.is_some()
}

fn assert_words(case: &str, said: &str) {
    assert!(has_words(case, said), "{case}: the page has\n{}\nand what was said is\n{said}", row(case).1);
}

#[test]
fn words_are_compared_in_their_order() {
    assert!(has_words("rule-field", "unknown field \"spec.output\""));
    assert!(!has_words("rule-field", "\"spec.output\": unknown field"));
}

#[test]
fn each_case_of_the_page_has_a_test() {
    let cases = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let cases: Vec<_> = cases.map(|(case, _)| case.replace('-', "_")).collect();
    assert!(cases.len() >= 20, "{cases:?}");
    let tests = include_str!("troubleshooting.rs");
    let missing: Vec<_> =
        cases.iter().filter(|case| !tests.contains(&format!("async fn case_{case}()"))).collect();
    assert!(missing.is_empty(), "no test brings about {missing:?}");
}

/// The namespace of a case.
async fn namespace(case: &str) -> Namespace {
    cluster_of_examples().await.namespace(&format!("trouble-{case}")).await
}

/// Waits until the resource `it` of `web` says what the page has for the case, and the workload says so too.
async fn resource_says(ns: &Namespace, workload: &Workload<'_>, case: &str, type_: &str) {
    let reason = reason(case);
    let uid = ResourceUid { type_: type_.into(), class: "default".into(), id: "web.it".into() };
    let says = |resource: &ScoreResource| {
        let conditions = resource.status.as_ref().map(|status| status.conditions.as_slice());
        let ready = conditions.and_then(|conditions| find(conditions, ConditionType::Ready));
        ready.is_some_and(|ready| ready.reason == reason && has_words(case, &ready.message))
    };
    ns.sees(&uid.object_name(), &format!("says {reason:?} {:?}", row(case).1), says).await;
    let tells = |web: &ScoreWorkload| {
        let ready = find(conditions(web), ConditionType::Ready);
        ready.is_some_and(|ready| {
            let names = ready.message.contains(row(case).0) && ready.message.contains("resource `it`");
            ready.reason == Reason::WaitingForResources && names && has_words(case, &ready.message)
        })
    };
    workload.until(&format!("passes on {:?}", row(case).1), tells).await;
}

/// The reason that the page has for a case.
fn reason(case: &str) -> Reason {
    serde_json::from_value(row(case).0.into()).unwrap()
}

/// Applies a rule, and a workload with one resource `it` of its type.
async fn with_rule(ns: &Namespace, made: Rule) -> Workload<'_> {
    let type_ = made.body["spec"]["match"]["type"].as_str().unwrap().to_owned();
    ns.rule(made).await;
    ns.apply(score("web").needs("it", &type_)).await
}

/// What the rule says is what the page has for the case.
async fn rule_says(ns: &Namespace, case: &str, made: Rule) {
    let reason = reason(case);
    let name = made.name().to_owned();
    ns.rule(made).await;
    let said = ns.rule_says(&name, ConditionStatus::False, reason).await;
    assert_words(case, &ready(&said.status.unwrap()).message);
}

fn ready(status: &ProvisionerRuleStatus) -> Condition {
    find(&status.conditions, ConditionType::Ready).cloned().unwrap()
}

/// What only an edit of the Score file mends.
async fn is_refused(workload: &Workload<'_>, case: &str) {
    assert_words(case, &workload.is_refused(reason(case)).await.message);
}

fn topic(name: &str) -> Value {
    json!({"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic", "metadata": {"name": name},
        "spec": {"partitions": 1}})
}

// === Nothing provides it ===

#[tokio::test]
async fn case_no_rule() {
    let ns = namespace("no-rule").await;
    let workload = ns.apply(score("web").needs("it", "postgers")).await;
    resource_says(&ns, &workload, "no-rule", "postgers").await;
}

#[tokio::test]
async fn case_no_rule_here() {
    let ns = namespace("no-rule-here").await;
    let elsewhere = json!({"env": "prod"});
    let made = rule("elsewhere").makes_config_map().set("/match/namespaceSelector/matchLabels", elsewhere);
    let workload = with_rule(&ns, made).await;
    resource_says(&ns, &workload, "no-rule-here", "elsewhere").await;
}

#[tokio::test]
async fn case_no_output() {
    let ns = namespace("no-output").await;
    ns.rule(rule("outputs").offers("url", json!("postgres://"))).await;
    let file = score("web").needs("db", "outputs").variable("DATABASE_URL", "${resources.db.ulr}");
    is_refused(&ns.apply(file).await, "no-output").await;
}

#[tokio::test]
async fn case_no_param() {
    let ns = namespace("no-param").await;
    let made = rule("params").makes_config_map().takes("version", json!({"type": "string"}));
    ns.rule(made.set("/params/additionalProperties", json!(false))).await;
    let file = score("web").needs("it", "params").with_params(json!({"verison": "16"}));
    let workload = ns.apply(file).await;
    let uid = ResourceUid { type_: "params".into(), class: "default".into(), id: "web.it".into() };
    let said = ns.resource_says(&uid.object_name(), Reason::InvalidParams).await;
    assert_words("no-param", &said.message);
    assert_words("no-param", &workload.tells("unknown key").await.message);
}

#[tokio::test]
async fn case_params_differ() {
    let ns = namespace("params-differ").await;
    let made = rule("differ").makes_config_map().takes("size", json!({"type": "integer"}));
    ns.rule(made).await;
    let user = |name: &str, size: i64| {
        score(name).needs("it", "differ").with_id("common").with_params(json!({"size": size}))
    };
    ns.apply(user("one", 1)).await.becomes_ready().await;
    is_refused(&ns.apply(user("two", 2)).await, "params-differ").await;
}

// === It is not there yet ===

fn asks_for_a_secret() -> Rule {
    let made = rule("conn").makes("asks", config_map("asks", json!({})));
    made.offers("password", json!("{{ secret_ref('conn', 'password') }}"))
}

#[tokio::test]
async fn case_no_secret() {
    let ns = namespace("no-secret").await;
    let workload = with_rule(&ns, asks_for_a_secret()).await;
    resource_says(&ns, &workload, "no-secret", "conn").await;
    workload.tells("kubectl describe configmap asks").await;
}

#[tokio::test]
async fn case_no_key() {
    let ns = namespace("no-key").await;
    let data = json!({"pass": "eA=="});
    ns.create(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "conn"}, "data": data}))
        .await;
    let workload = with_rule(&ns, asks_for_a_secret()).await;
    resource_says(&ns, &workload, "no-key", "conn").await;
}

#[tokio::test]
async fn case_nobody_looks() {
    let ns = namespace("nobody-looks").await;
    let made = rule("ignored").makes("topic", topic("ignored"));
    let workload = with_rule(&ns, made.ready_when("{{ objects.topic.status.topicName is defined }}")).await;
    resource_says(&ns, &workload, "nobody-looks", "ignored").await;
}

#[tokio::test]
async fn case_no_value() {
    let ns = namespace("no-value").await;
    let made = rule("valueless").makes("topic", topic("valueless"));
    let workload = with_rule(&ns, made.offers("name", json!("{{ objects.topic.status.topicName }}"))).await;
    resource_says(&ns, &workload, "no-value", "valueless").await;
}

#[tokio::test]
async fn case_no_workload() {
    let ns = namespace("no-workload").await;
    let made = rule("lonely").ready_when("{{ workloads.other is defined }}");
    let workload = with_rule(&ns, made).await;
    resource_says(&ns, &workload, "no-workload", "lonely").await;
}

#[tokio::test]
async fn case_says_no() {
    let ns = namespace("says-no").await;
    let made = rule("refused").makes("topic", topic("refused")).ready_when("{{ 1 == 2 }}");
    let workload = with_rule(&ns, made).await;
    let strimzi = StandIn::of(&ns, "refused", "web.it", "KafkaTopic").await;
    strimzi.says(json!({"conditions": [condition("Ready", "False", "KafkaError", "no broker")]})).await;
    resource_says(&ns, &workload, "says-no", "refused").await;
    workload.tells("condition Ready is False: KafkaError: no broker").await;
}

#[tokio::test]
async fn case_old_news() {
    let ns = namespace("old-news").await;
    let made = rule("behind").makes("topic", topic("behind")).ready_when("{{ 1 == 2 }}");
    let workload = with_rule(&ns, made).await;
    let strimzi = StandIn::of(&ns, "behind", "web.it", "KafkaTopic").await;
    let status = json!({"conditions": [condition("Ready", "True", "", "")], "observedGeneration": 0});
    strimzi.says(status).await;
    resource_says(&ns, &workload, "old-news", "behind").await;
}

#[tokio::test]
async fn case_pods_wait() {
    let ns = namespace("pods-wait").await;
    let made = rule("imageless").makes("server", deployment("server", "registry.example/server:missing"));
    let workload = with_rule(&ns, made).await;
    resource_says(&ns, &workload, "pods-wait", "imageless").await;
}

fn job(image: &str) -> Value {
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "main", "image": image}]});
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "makes-it"},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}}})
}

#[tokio::test]
async fn case_job_failed() {
    let ns = namespace("job-failed").await;
    let workload = with_rule(&ns, rule("failing").makes("job", job("registry.example/tool:fail"))).await;
    resource_says(&ns, &workload, "job-failed", "failing").await;
}

#[tokio::test]
async fn case_dependency() {
    let ns = namespace("dependency").await;
    ns.rule(rule("late").makes_config_map().ready_when("{{ objects.config.data.done is defined }}")).await;
    ns.rule(rule("depends").makes_config_map().takes("of", json!({"type": "string"}))).await;
    let file = score("web").needs("it", "depends").with_params(json!({"of": "${resources.first.name}"}));
    let workload = ns.apply(file.needs("first", "late")).await;
    resource_says(&ns, &workload, "dependency", "depends").await;
}

#[tokio::test]
async fn case_shared() {
    let ns = namespace("shared").await;
    let server = deployment("common", "registry.example/server:never");
    let workload = with_rule(&ns, rule("sharing").shares("server", server).makes_config_map()).await;
    resource_says(&ns, &workload, "shared", "sharing").await;
}

// === It is not allowed ===

#[tokio::test]
async fn case_no_kind() {
    let ns = namespace("no-kind").await;
    let thing = json!({"apiVersion": "nowhere.example/v1", "kind": "Thing", "metadata": {"name": "thing"}});
    let made = rule("kindless").makes("thing", thing);
    rule_says(&ns, "no-kind", made.clone()).await;
    let workload = with_rule(&ns, made).await;
    resource_says(&ns, &workload, "no-kind", "kindless").await;
}

#[tokio::test]
async fn case_no_permission() {
    let ns = namespace("no-permission").await;
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "scaler"}, "spec": {}});
    let made = rule("unpermitted").makes("scaler", scaler);
    rule_says(&ns, "no-permission", made.clone()).await;
    let workload = with_rule(&ns, made).await;
    resource_says(&ns, &workload, "no-permission", "unpermitted").await;
}

#[tokio::test]
async fn case_cluster_scoped() {
    let ns = namespace("cluster-scoped").await;
    let made = json!({"apiVersion": "rds.aws.upbound.io/v1beta1", "kind": "Instance",
        "metadata": {"name": "it"}, "spec": {"forProvider": {"region": "eu-central-1"}}});
    rule_says(&ns, "cluster-scoped", rule("scopeless").makes("it", made)).await;
}

#[tokio::test]
async fn case_cluster_setting() {
    let ns = namespace("cluster-setting").await;
    let class = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
        "metadata": {"name": "class"}, "value": 1});
    rule_says(&ns, "cluster-setting", rule("settings").makes("class", class)).await;
}

#[tokio::test]
async fn case_name_taken() {
    let ns = namespace("name-taken").await;
    ns.create(&config_map("taken", json!({"mine": "yes"}))).await;
    let workload = with_rule(&ns, rule("taker").makes("config", config_map("taken", json!({})))).await;
    resource_says(&ns, &workload, "name-taken", "taker").await;
}

#[tokio::test]
async fn case_quota() {
    let ns = namespace("quota").await;
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"},
        "spec": {"hard": {"configmaps": "1"}}});
    ns.create(&quota).await;
    let counted = |quota: &ResourceQuota| {
        let used = quota.status.as_ref().and_then(|status| status.used.as_ref());
        used.is_some_and(|used| used.get("configmaps").is_some_and(|used| used.0 == "1"))
    };
    ns.sees::<ResourceQuota>("small", "has counted", counted).await;
    let workload = with_rule(&ns, rule("big").makes("config", config_map("one-more", json!({})))).await;
    resource_says(&ns, &workload, "quota", "big").await;
}

#[tokio::test]
async fn case_denied() {
    let ns = namespace("denied").await;
    ns.rule(rule("denied").called("guard").set("/deny", json!("ask #platform first"))).await;
    ns.rule_says("guard", ConditionStatus::True, Reason::Ready).await;
    let workload = with_rule(&ns, rule("denied").makes_config_map()).await;
    is_refused(&workload, "denied").await;
}

#[tokio::test]
async fn case_denied_by_label() {
    let ns = namespace("denied-by-label").await;
    ns.label("deny.k8s.score.dev/unwanted", Some("any")).await;
    let workload = with_rule(&ns, rule("unwanted").makes_config_map()).await;
    is_refused(&workload, "denied-by-label").await;
}

/// X20: who denied it is named, and it goes on once the policy lets it.
#[tokio::test]
async fn case_policy() {
    let ns = namespace("policy").await;
    let made = config_map("watched", json!({}));
    let binding = deny(&ns, &made).await;
    let workload = with_rule(&ns, rule("watched").makes("config", made)).await;
    resource_says(&ns, &workload, "policy", "watched").await;
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(ns.client.clone());
    bindings.delete(&binding, &DeleteParams::default()).await.unwrap();
    workload.becomes_ready().await;
}

/// Has an admission policy deny an object in this namespace; the name of its binding.
async fn deny(ns: &Namespace, object: &Value) -> String {
    let name = format!("{}.score.test", ns.name);
    let group = "admissionregistration.k8s.io/v1";
    let policy = json!({
        "apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"],
            }]},
            "validations": [{"expression": format!("object.metadata.name != '{}'", object["metadata"]["name"].as_str().unwrap())}],
        },
    });
    let here = json!({"matchLabels": {"kubernetes.io/metadata.name": ns.name}});
    let binding = json!({
        "apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": here}},
    });
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(ns.client.clone());
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(ns.client.clone());
    policies.create(&PostParams::default(), &serde_json::from_value(policy).unwrap()).await.unwrap();
    bindings.create(&PostParams::default(), &serde_json::from_value(binding).unwrap()).await.unwrap();
    is_enforced(ns, object).await;
    name
}

/// The API server takes a policy up a moment after it was made: asks until it does.
async fn is_enforced(ns: &Namespace, object: &Value) {
    let configs = ns.api::<ConfigMap>();
    let object: ConfigMap = serde_json::from_value(object.clone()).unwrap();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let asking = async { while configs.create(&dry, &object).await.is_ok() {} };
    tokio::time::timeout(wait::DEADLINE, asking).await.expect("the policy is never enforced");
}

#[tokio::test]
async fn case_not_gone() {
    let ns = namespace("not-gone").await;
    let workload = with_rule(&ns, rule("leaving").makes_config_map()).await;
    workload.becomes_ready().await;
    ns.edit::<ConfigMap>("leaving-web.it", json!({"metadata": {"finalizers": ["example.org/keeps"]}})).await;
    let name = ns.resource("leaving", "web.it").await.name_any();
    workload.delete().await;
    let said = ns.resource_tells(&name, "waits for ConfigMap").await;
    assert_eq!(said.reason, reason("not-gone"));
    assert_words("not-gone", &said.message);
    ns.edit::<ConfigMap>("leaving-web.it", json!({"metadata": {"finalizers": null}})).await;
    ns.is_gone::<ScoreResource>(&name).await;
}

// === The rule is wrong ===

#[tokio::test]
async fn case_rule_field() {
    let made = rule("field").set("/output", json!({"url": "x"}));
    let arguments = ["apply", "--dry-run=server", "-f", "-"];
    let said = cluster().await.kubectl(&arguments, &made.body.to_string()).unwrap_err();
    assert_eq!(row("rule-field").0, "kubectl:");
    assert_words("rule-field", &said);
}

#[tokio::test]
async fn case_rule_expression() {
    let ns = namespace("rule-expression").await;
    let made = rule("misspelt").makes_config_map().takes("version", json!({"type": "string"}));
    let made = made.set("/params/additionalProperties", json!(false));
    rule_says(&ns, "rule-expression", made.offers("version", json!("{{ params.verison }}"))).await;
}
