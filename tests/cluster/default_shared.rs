//! What default rules share in a namespace, what they make where a namespace asks for it, and those that look at other
//! workloads or make no server.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{self as core, PersistentVolumeClaim, Secret};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams};
use score_operator::api::conditions::Reason;
use score_operator::api::resource::ScoreResource;
use serde_json::json;

use crate::gateway;
use crate::support::look::{containers, reference, secret, variables};
use crate::support::namespace::Object;
use crate::support::{Namespace, Rule, Score, cluster, cluster_without_operator, score};

/// Two workloads with a resource of a type each.
async fn two_with(ns: &Namespace, type_: &str, output: &str) {
    for name in ["one", "two"] {
        let file = score(name).needs("it", type_).variable("IT", &format!("${{resources.it.{output}}}"));
        ns.apply(file).await;
    }
    for name in ["one", "two"] {
        ns.workload(name).await.becomes_ready().await;
    }
}

/// P02: the server stands once, whoever asked first, and goes with the last user.
async fn is_shared<K: Object>(type_: &str, server: &str, output: &str) {
    let ns = cluster().await.namespace(&format!("shared-{type_}")).await;
    two_with(&ns, type_, output).await;
    let there = ns.get::<K>(server).await;
    assert_eq!(ns.names::<K>().await.iter().filter(|name| *name == server).count(), 1);
    let jobs = ns.names::<Job>().await;
    assert_eq!(jobs.len(), 2, "one for each: {jobs:?}");
    let text = async |workload| {
        let deployment = ns.get::<Deployment>(workload).await;
        variables(containers(&deployment)["main"])["IT"].value.clone()
    };
    assert_ne!(text("one").await, text("two").await, "each has its own");

    let of_one = ns.resource(type_, "one.it").await.name_any();
    ns.workload("one").await.delete().await;
    ns.is_gone::<ScoreResource>(&of_one).await;
    ns.workload("two").await.becomes_ready().await;
    assert_eq!(ns.get::<K>(server).await.meta().uid, there.meta().uid);
    ns.workload("two").await.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p02_buckets_share_a_server_until_the_last_one_goes() {
    is_shared::<StatefulSet>("s3", "s3-minio", "bucket").await;
}

#[tokio::test]
async fn p02_topics_share_a_broker_until_the_last_one_goes() {
    is_shared::<StatefulSet>("kafka-topic", "kafka-broker", "name").await;
}

#[tokio::test]
async fn p02_queues_share_a_server_until_the_last_one_goes() {
    is_shared::<Deployment>("sqs", "sqs-localstack", "name").await;
}

/// P06: what is rolled for the shared part is one value, whoever comes and goes.
#[tokio::test]
async fn p06_what_is_rolled_for_the_shared_part_stays() {
    let ns = cluster().await.namespace("shared-rolled").await;
    two_with(&ns, "s3", "bucket").await;
    let root = secret(&ns, ("s3-minio", "password")).await;
    let shared = ns.list::<Secret>().await;
    let rolled =
        shared.iter().find(|found| found.data.iter().flatten().any(|(key, _)| key == "root_password"));
    let rolled = rolled.expect("the Secret of what was rolled").name_any();
    assert!(secret(&ns, (&rolled, "root_password")).await == root);
    for found in shared.iter().filter(|found| found.name_any().ends_with("-generated")) {
        let keys: Vec<_> = found.data.iter().flatten().map(|(key, _)| key.as_str()).collect();
        let expected: &[_] =
            if found.name_any() == rolled { &["root_password"] } else { &["access_key_id", "secret_key"] };
        assert_eq!(keys, expected, "{}", found.name_any());
    }
    ns.workload("one").await.delete().await;
    ns.workload("two").await.becomes_ready().await;
    assert!(secret(&ns, ("s3-minio", "password")).await == root);
}

async fn label(ns: &Namespace, value: Option<&str>) {
    let api: Api<core::Namespace> = Api::all(ns.client.clone());
    let patch = json!({"metadata": {"labels": {"k8s.score.dev/network-policy": value}}});
    api.patch(&ns.name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

/// A label of the namespace is looked at when it changes, also for what is shared.
#[tokio::test]
async fn policies_come_and_go_with_the_label_of_the_namespace() {
    let ns = cluster().await.namespace("policies").await;
    let file = score("web").needs("cache", "redis").with_id("cache").variable("A", "${resources.cache.host}");
    let file = file.needs("queue", "sqs").variable("B", "${resources.queue.url}");
    let web = ns.apply(file).await;
    web.becomes_ready().await;
    let server = ns.list::<StatefulSet>().await.remove(0);
    assert_eq!(ns.names::<NetworkPolicy>().await, [] as [&str; 0]);

    label(&ns, Some("true")).await;
    let own = ns.appears::<NetworkPolicy>(&server.name_any()).await;
    let shared = ns.appears::<NetworkPolicy>("sqs-localstack").await;
    for policy in [&own, &shared] {
        let spec = policy.spec.clone().unwrap();
        assert_eq!(spec.policy_types, Some(vec!["Ingress".to_owned()]));
        let peers = spec.ingress.unwrap().remove(0).from.unwrap();
        assert!(peers.iter().all(|peer| peer.pod_selector.is_some()), "none is everybody: {peers:?}");
    }
    // It selects the server, and lets in the pods of the workload.
    let selected = own.spec.unwrap().pod_selector.unwrap().match_labels.unwrap();
    let pods = server.spec.clone().unwrap().template.metadata.unwrap().labels.unwrap();
    assert!(selected.iter().all(|(key, value)| pods.get(key) == Some(value)), "{pods:?}");
    let web_pods = ns.get::<Deployment>("web").await.spec.unwrap().template.metadata.unwrap().labels.unwrap();
    assert_eq!(web_pods["app.kubernetes.io/managed-by"], "score-operator");
    assert_eq!(web_pods["app.kubernetes.io/name"], "web");

    label(&ns, None).await;
    ns.is_gone::<NetworkPolicy>(&server.name_any()).await;
    ns.is_gone::<NetworkPolicy>("sqs-localstack").await;
    let now = ns.get::<StatefulSet>(&server.name_any()).await;
    assert_eq!((now.uid(), now.metadata.generation), (server.uid(), server.metadata.generation));
    web.becomes_ready().await;
}

fn backend(port: u16) -> Score {
    score("backend").annotation("k8s.score.dev/service-name", "api").port("web", port, 8080)
}

/// The variables of `web`, by name.
async fn sees(ns: &Namespace, name: &str, value: &str) {
    let is_so = |found: &Deployment| {
        variables(containers(found)["main"]).get(name).is_some_and(|it| it.value.as_deref() == Some(value))
    };
    ns.sees::<Deployment>("web", &format!("has {name}={value}"), is_so).await;
}

#[tokio::test]
async fn p12_default_rule_service_port() {
    let ns = cluster().await.namespace("default-service-port").await;
    let params = json!({"workload": "backend", "port": "web"});
    let file = score("web").needs("it", "service-port").with_params(params);
    let file = file.variable("HOST", "${resources.it.hostname}").variable("PORT", "${resources.it.port}");
    let web = ns.apply(file.variable("URL", "${resources.it.url}")).await;
    web.awaits(Reason::WaitingForResources).await;
    ns.apply(backend(80)).await.becomes_ready().await;
    web.becomes_ready().await;
    sees(&ns, "HOST", "api").await;
    sees(&ns, "PORT", "80").await;
    ns.apply(backend(81)).await.becomes_ready().await;
    sees(&ns, "PORT", "81").await;
    sees(&ns, "URL", "http://api:81").await;
    web.delete().await;
    ns.workload("backend").await.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p12_default_rule_service() {
    let ns = cluster().await.namespace("default-service").await;
    let file = score("web").needs("backend", "service").variable("NAME", "${resources.backend.name}");
    let web = ns.apply(file).await;
    web.awaits(Reason::WaitingForResources).await;
    ns.apply(backend(80)).await.becomes_ready().await;
    web.becomes_ready().await;
    sees(&ns, "NAME", "api").await;
    let moved = backend(80).annotation("k8s.score.dev/service-name", "other");
    ns.apply(moved).await.becomes_ready().await;
    sees(&ns, "NAME", "other").await;
    web.delete().await;
    ns.workload("backend").await.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn default_rule_dns() {
    let ns = cluster().await.namespace("default-dns").await;
    let file = score("web").needs("it", "dns").variable("HOST", "${resources.it.host}");
    let file = file.variable("URL", "${resources.it.url}");
    let web = ns.apply(file.clone()).await;
    web.becomes_ready().await;
    let made_up = |found: &Deployment| {
        let seen = variables(containers(found)["main"]);
        seen["HOST"].value.as_deref().is_some_and(|host| host.ends_with(".localhost"))
    };
    ns.sees::<Deployment>("web", "has a host name", made_up).await;
    ns.apply(file.with_params(json!({"hostname": "shop.example.com"}))).await.becomes_ready().await;
    sees(&ns, "URL", "http://shop.example.com").await;
    web.delete().await;
    ns.is_empty().await;
}

/// A claim that no pod has been given yet cannot be changed, and says so; what is there runs on.
#[tokio::test]
async fn default_rule_volume() {
    let ns = cluster().await.namespace("default-volume").await;
    let mounts = json!({"/data": {"source": "${resources.disk}"}});
    let file = score("web").set("/containers/main/volumes", mounts).needs("disk", "volume");
    let web = ns.apply(file.clone()).await;
    web.becomes_ready().await;
    let claim = ns.list::<PersistentVolumeClaim>().await.remove(0);
    let refused = ns.apply(file.clone().with_params(json!({"size": "2Gi"}))).await;
    let said = refused.tells("PersistentVolumeClaim").await;
    assert!(said.message.contains("immutable") || said.message.contains("forbidden"), "{}", said.message);
    ns.apply(file).await.becomes_ready().await;
    assert_eq!(ns.get::<PersistentVolumeClaim>(&claim.name_any()).await.uid(), claim.uid());
    web.delete().await;
    ns.is_empty().await;
}

/// A Secret that the rule made and somebody changed is put back: nobody's pods end up with a password that the server
/// does not know.
#[tokio::test]
async fn p06_credentials_that_somebody_changed_are_put_back() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("default-credentials").await;
    let _operator = cluster.operate_with_resync(&ns, Duration::from_secs(1));
    let file = score("web").needs("it", "redis").with_id("it").variable("P", "${resources.it.password}");
    ns.apply(file).await.becomes_ready().await;
    let web = ns.get::<Deployment>("web").await;
    let (name, key) = reference(variables(containers(&web)["main"])["P"]);
    let password = secret(&ns, (name, key)).await;
    ns.edit::<Secret>(name, json!({"data": {"password": "Zm9yZWlnbg=="}})).await;
    let is_back =
        |found: &Secret| found.data.as_ref().is_some_and(|data| data["password"].0 == password.as_bytes());
    ns.sees::<Secret>(name, "is put back", is_back).await;
}

#[tokio::test]
async fn p07_p10_default_rule_environment() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("default-environment").await;
    let _operator = cluster.operate_with_resync(&ns, Duration::from_secs(1));
    let file = score("web").needs("env", "environment").variable("TOKEN", "${resources.env.TOKEN}");
    let web = ns.apply(file.clone()).await;
    web.tells("Secret `environment` does not exist yet (its key `TOKEN` is awaited)").await;
    assert!(ns.find::<Deployment>("web").await.is_none());
    let data = json!({"TOKEN": "b25l"});
    ns.create(
        &json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "environment"}, "data": data}),
    )
    .await;
    web.becomes_ready().await;
    let made = ns.get::<Deployment>("web").await;
    assert_eq!(reference(variables(containers(&made)["main"])["TOKEN"]), ("environment", "TOKEN"));

    let more = ns.apply(file.variable("MORE", "${resources.env.MORE}")).await;
    more.tells("Secret `environment` has no key `MORE` yet (there: `TOKEN`)").await;
    ns.edit::<Secret>("environment", json!({"data": {"MORE": "eA=="}})).await;
    more.becomes_ready().await;
    let before = ns.get::<Deployment>("web").await.metadata.generation.unwrap();
    ns.edit::<Secret>("environment", json!({"data": {"TOKEN": "dHdv"}})).await;
    let is_rolled = |found: &Deployment| found.metadata.generation.is_some_and(|now| now > before);
    let rolled = ns.sees::<Deployment>("web", "rolls", is_rolled).await;
    assert_eq!(rolled.metadata.generation, Some(before + 1), "it rolls once");
    more.delete().await;
    ns.is_gone::<Deployment>("web").await;
    assert!(ns.find::<Secret>("environment").await.is_some(), "it is not ours");
}

fn routed(path: &str) -> Score {
    let params = json!({"host": "shop.example.com", "path": path, "port": "http"});
    let file = score("web").port("http", 80, 8080).needs("it", "route").with_params(params);
    file.variable("URL", "${resources.it.url}")
}

#[tokio::test]
async fn default_rule_route() {
    let cluster = cluster_without_operator().await;
    gateway::install(cluster);
    let ns = cluster.namespace("default-route").await;
    let _operator = cluster.operate(&ns);
    ns.apply(routed("/a/")).await.is_refused(Reason::InvalidParams).await;
    ns.apply(routed("/a")).await;
    gateway::accept(&ns, "web.it", |host| host == "shop.example.com").await;
    let web = ns.workload("web").await;
    web.becomes_ready().await;
    sees(&ns, "URL", "http://shop.example.com/a").await;
    ns.apply(routed("/b")).await;
    let route = ns.resource("route", "web.it").await.status.unwrap().inventory.remove(0).id.name;
    let id = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": route}});
    let is_b = |found: &kube::api::DynamicObject| {
        let rule = &found.data["spec"]["rules"][0];
        // A number: a route takes no names.
        rule["matches"][0]["path"]["value"] == "/b" && rule["backendRefs"][0]["port"] == 80
    };
    ns.sees_of(&id, "routes /b to port 80", is_b).await;
    gateway::accept(&ns, "web.it", |_| true).await;
    sees(&ns, "URL", "http://shop.example.com/b").await;
    web.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn default_rule_route_by_an_ingress() {
    let ns = cluster().await.namespace("default-route-ingress").await;
    ns.rule(Rule::from_yaml(&crate::support::file("config/variants/route-ingress.yaml"))).await;
    let web = ns.apply(routed("/a")).await;
    web.becomes_ready().await;
    let [ingress] = ns.list::<Ingress>().await.try_into().expect("one Ingress");
    ns.apply(routed("/b")).await.becomes_ready().await;
    sees(&ns, "URL", "http://shop.example.com/b").await;
    let now = ns.get::<Ingress>(&ingress.name_any()).await;
    assert_eq!(now.uid(), ingress.uid());
    let rule = now.spec.unwrap().rules.unwrap().remove(0);
    assert_eq!(rule.host.as_deref(), Some("shop.example.com"));
    let path = rule.http.unwrap().paths.remove(0);
    assert_eq!(path.path.as_deref(), Some("/b"));
    let backend = path.backend.service.unwrap();
    assert_eq!((backend.name.as_str(), backend.port.unwrap().number), ("web", Some(80)));
    web.delete().await;
    ns.is_empty().await;
}
