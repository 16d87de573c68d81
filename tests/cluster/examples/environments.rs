//! `examples/postgres-by-environment`: one Score file, three meanings of it.

use k8s_openapi::api::core::v1::{self as core, Secret};
use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams};
use score_operator::api::conditions::{ConditionStatus, Reason};
use score_operator::api::resource::ScoreResource;
use serde_json::json;

use super::{RESTRICTED, Variables, has_no_pods};
use crate::support::stand_in::condition;
use crate::support::{Example, Namespace, StandIn, Workload, cluster_of_examples};

/// What the rules of this test select besides the environment.
const MINE: (&str, &str) = ("test", "ex-environments");

/// The namespace of an environment, with the label that the example gives it.
async fn namespace(example: &Example, env: &str) -> Namespace {
    let all = example.objects("namespaces.yaml");
    let name = format!("shop-{env}");
    let found = all.iter().find(|found| found["metadata"]["name"] == name.as_str()).unwrap();
    let labels = found["metadata"]["labels"].as_object().unwrap();
    let mut labels: Vec<_> =
        labels.iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
    labels.extend([MINE, RESTRICTED]);
    cluster_of_examples().await.namespace_with_labels(&format!("ex-{name}"), &labels).await
}

/// The rule that provides the database of a namespace.
async fn rule(ns: &Namespace) -> String {
    ns.resource("postgres", "shop.db").await.spec.rule.unwrap()
}

#[tokio::test]
async fn p04_p11_example_postgres_by_environment() {
    let example = Example::new("postgres-by-environment");
    let [dev, staging, prod] = [
        namespace(&example, "dev").await,
        namespace(&example, "staging").await,
        namespace(&example, "prod").await,
    ];
    // All three rules are there, for whom they select; the default rule matches everywhere too.
    for env in ["dev", "staging", "prod"] {
        let file = example.rule(&format!("rule-{env}.yaml"));
        dev.rule_where(MINE, file.clone()).await;
        dev.rule_says(file.name(), ConditionStatus::True, Reason::Ready).await;
    }
    let file = || example.workload("workload.yaml");
    let [in_dev, in_staging, in_prod] =
        [dev.apply(file()).await, staging.apply(file()).await, prod.apply(file()).await];
    in_development(&dev, in_dev).await;
    on_the_shared_server(&example, &staging, in_staging).await;
    in_production(&prod, in_prod).await;
    let bound = [rule_of(&dev, "dev"), rule_of(&dev, "staging"), rule_of(&dev, "prod")];
    assert_eq!([rule(&staging).await, rule(&prod).await], bound[1..]);
    keeps_its_database(&example, &staging).await;
    prod_outlives_its_workload(&prod).await;
}

/// P04: the namespace becomes another environment, and the workload is rolled out anew; its data stays where it is.
async fn keeps_its_database(example: &Example, staging: &Namespace) {
    let bound = rule(staging).await;
    let all: Api<core::Namespace> = Api::all(staging.client.clone());
    let relabelled = Patch::Merge(json!({"metadata": {"labels": {"env": "dev"}}}));
    all.patch(&staging.name, &PatchParams::default(), &relabelled).await.unwrap();
    let file = example.workload("workload.yaml").image("ghcr.io/acme-engineering/shop:2.4.0");
    staging.apply(file).await.becomes_ready().await;
    assert_eq!(rule(staging).await, bound);
    assert_eq!(Variables::of(staging, "shop").await.secret("DB_HOST"), ("shared-postgres", "host"));
}

fn rule_of(ns: &Namespace, env: &str) -> String {
    ns.rule_name(&format!("postgres-{env}"))
}

async fn in_development(ns: &Namespace, workload: Workload<'_>) {
    workload.becomes_ready().await;
    assert_eq!(rule(ns).await, rule_of(ns, "dev"));
    let variables = Variables::of(ns, "shop").await;
    let host = variables.text("DB_HOST").to_owned();
    let url = variables.value(ns, "DATABASE_URL").await;
    assert!(url.starts_with("postgres://app:") && url.ends_with(&format!("@{host}:5432/app")), "{host}");
    let deployments = ns.names::<k8s_openapi::api::apps::v1::Deployment>().await;
    assert_eq!(deployments, [host, "shop".to_owned()]);
    workload.delete().await;
    ns.is_empty().await;
}

async fn on_the_shared_server(example: &Example, ns: &Namespace, workload: Workload<'_>) {
    workload.tells("Secret `shared-postgres` does not exist yet (its key `host` is awaited)").await;
    has_no_pods(ns, "shop").await;
    let admin = example.objects("admin-secret.yaml").remove(0);
    ns.create(&admin).await;
    workload.becomes_ready().await;
    let variables = Variables::of(ns, "shop").await;
    assert_eq!(variables.secret("DB_HOST"), ("shared-postgres", "host"));
    let url = variables.value(ns, "DATABASE_URL").await;
    let login = ns.resource("postgres", "shop.db").await.status.unwrap().outputs.unwrap()["username"].clone();
    let server = admin["stringData"]["host"].as_str().unwrap();
    assert!(url.starts_with(&format!("postgres://{}:", login.as_str().unwrap())), "{login}");
    assert!(url.ends_with(&format!("@{server}:5432/{}", login.as_str().unwrap())), "{login}");
}

async fn in_production(ns: &Namespace, workload: Workload<'_>) {
    let crossplane = StandIn::of(ns, "postgres", "shop.db", "Instance").await;
    workload.awaits(Reason::WaitingForResources).await;
    has_no_pods(ns, "shop").await;
    let conn = format!("{}-conn", crossplane.name());
    let details =
        [("username", "app"), ("password", "hunter2"), ("host", "db.example.com"), ("port", "5432")];
    // The Secret first, for once.
    crossplane.writes(&conn, &details).await;
    let ready = [condition("Synced", "True", "", ""), condition("Ready", "True", "Available", "")];
    crossplane.says(json!({"conditions": ready, "atProvider": {"address": "db.example.com"}})).await;
    workload.becomes_ready().await;
    let variables = Variables::of(ns, "shop").await;
    assert_eq!(variables.text("DB_HOST"), "db.example.com");
    assert_eq!(variables.value(ns, "DATABASE_URL").await, "postgres://app:hunter2@db.example.com:5432/app");
}

/// Its rule retains: the data is there after the workload, and so is the way into it.
async fn prod_outlives_its_workload(ns: &Namespace) {
    let crossplane = StandIn::of(ns, "postgres", "shop.db", "Instance").await;
    let resource = ns.resource("postgres", "shop.db").await;
    ns.workload("shop").await.delete().await;
    ns.is_gone::<ScoreResource>(&resource.name_any()).await;
    assert_eq!(crossplane.object().await.owner_references(), []);
    let password = ns.get::<Secret>(&format!("{}-password", crossplane.name())).await;
    assert_eq!(password.owner_references(), []);
}
