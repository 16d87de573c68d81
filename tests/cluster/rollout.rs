//! An edit of a Score file: what changes rolls out, what is taken out disappears, the rest is left alone.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Service};
use kube::ResourceExt;
use score_operator::api::conditions::Reason;
use score_operator::api::resource::{InventoryEntry, ScoreResource};
use serde_json::json;

use crate::support::look::{containers, image, variable_names};
use crate::support::{cluster, rule, score};

#[tokio::test]
async fn w01_a_changed_image_and_variable_roll_out() {
    let ns = cluster().await.namespace("change").await;
    let file = score("web").variable("COLOUR", "red");
    ns.apply(file.clone()).await.becomes_ready().await;
    let before = ns.get::<Deployment>("web").await;

    let edited = ns.apply(file.image("registry.example/main:2").variable("COLOUR", "blue")).await;
    edited.becomes_ready().await;

    let after = ns.get::<Deployment>("web").await;
    assert_eq!(after.uid(), before.uid());
    assert_eq!(image(&after), "registry.example/main:2");
    let colour = containers(&after)["main"].env.as_ref().unwrap()[0].value.as_deref();
    assert_eq!(colour, Some("blue"));
    let status = after.status.unwrap();
    assert_eq!((status.updated_replicas, status.replicas), (Some(1), Some(1)), "the old pod is gone");
}

#[tokio::test]
async fn v01_a_variable_a_container_and_a_port_that_are_taken_out_disappear() {
    let ns = cluster().await.namespace("less").await;
    let file = score("web")
        .variable("KEPT", "1")
        .port("http", 80, 8080)
        .set("/containers/main/livenessProbe", json!({"httpGet": {"path": "/", "port": 8080}}))
        .set("/containers/main/resources", json!({"limits": {"memory": "64Mi"}}));
    let more = file.clone().variable("TAKEN", "1").port("admin", 81, 8081).container("sidecar");
    ns.apply(more).await.becomes_ready().await;
    assert_eq!(containers(&ns.get("web").await).len(), 2);

    let less = file.without("/containers/main/livenessProbe").without("/containers/main/resources");
    ns.apply(less).await.becomes_ready().await;

    let web = ns.get::<Deployment>("web").await;
    assert_eq!(containers(&web).into_keys().collect::<Vec<_>>(), ["main"]);
    assert_eq!(variable_names(&web), ["KEPT"]);
    assert_eq!(containers(&web)["main"].liveness_probe, None);
    assert_eq!(containers(&web)["main"].resources.clone().and_then(|resources| resources.limits), None);
    let ports = ns.get::<Service>("web").await.spec.unwrap().ports.unwrap();
    assert_eq!(ports.iter().map(|port| port.port).collect::<Vec<_>>(), [80]);
}

#[tokio::test]
async fn t03_a_service_that_is_taken_out_is_pruned_and_a_renamed_one_moves() {
    let ns = cluster().await.namespace("noservice").await;
    let name = |name| score("web").port("http", 80, 8080).annotation("k8s.score.dev/service-name", name);
    ns.apply(name("one")).await.becomes_ready().await;
    assert_eq!(ns.names::<Service>().await, ["one"]);

    ns.apply(name("two")).await.becomes_ready().await;
    assert_eq!(ns.names::<Service>().await, ["two"]);

    let ready = ns.apply(score("web")).await.becomes_ready().await;
    assert_eq!(ns.names::<Service>().await, [] as [&str; 0]);
    let inventory = ready.status.unwrap().inventory;
    assert_eq!(inventory.iter().map(|entry| entry.id.to_string()).collect::<Vec<_>>(), ["Deployment `web`"]);
}

#[tokio::test]
async fn p11_e06_a_resource_that_is_taken_out_is_deprovisioned_and_the_others_are_left_alone() {
    let ns = cluster().await.namespace("p11").await;
    ns.rule(rule("item").makes_config_map()).await;
    let both = score("web")
        .needs("kept", "item")
        .with_id("kept")
        .variable("KEPT", "${resources.kept.name}")
        .needs("taken", "item")
        .with_id("taken")
        .variable("TAKEN", "${resources.taken.name}");
    ns.apply(both.clone()).await.becomes_ready().await;
    assert_eq!(ns.names::<ScoreResource>().await.len(), 2);
    let (kept, taken) = (ns.resource("item", "kept").await, ns.resource("item", "taken").await);
    let config = ns.get::<ConfigMap>("item-kept").await;

    let one = both.without("/resources/taken").without("/containers/main/variables/TAKEN");
    ns.apply(one).await.becomes_ready().await;

    ns.is_gone::<ScoreResource>(&taken.name_any()).await;
    ns.is_gone::<ConfigMap>("item-taken").await;
    let deletes = ns.requests().deleting();
    assert_eq!(deletes.len(), 1, "only the ScoreResource: garbage collection does the rest\n{deletes}");
    assert_eq!(ns.resource("item", "kept").await.uid(), kept.uid());
    let after = ns.get::<ConfigMap>("item-kept").await;
    assert_eq!(after.resource_version(), config.resource_version(), "not even touched");
}

#[tokio::test]
async fn x26_inventories_name_every_object_with_its_uid() {
    let ns = cluster().await.namespace("inventory").await;
    ns.rule(rule("listed").makes_config_map()).await;
    let file = score("web").port("http", 80, 8080).needs("it", "listed").with_id("it");
    let ready = ns.apply(file).await.becomes_ready().await;

    let (web, service) = (ns.get::<Deployment>("web").await, ns.get::<Service>("web").await);
    let expected = [("Service", "web", service.uid().unwrap()), ("Deployment", "web", web.uid().unwrap())];
    assert_inventory(&ready.status.unwrap().inventory, &expected);
    let resource = ns.resource("listed", "it").await;
    let config = ns.get::<ConfigMap>("listed-it").await.uid().unwrap();
    let expected = [("ConfigMap", "listed-it", config)];
    assert_inventory(&resource.status.unwrap().inventory, &expected);
}

fn assert_inventory(found: &[InventoryEntry], expected: &[(&str, &str, String)]) {
    let mut found: Vec<_> = found
        .iter()
        .map(|entry| (entry.id.kind.as_str(), entry.id.name.as_str(), entry.uid.clone()))
        .collect();
    let mut expected = expected.to_vec();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn x27_an_immutable_field_is_told_and_what_runs_is_left_alone() {
    let ns = cluster().await.namespace("x27").await;
    let job = |image: &str| {
        json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"},
            "spec": {"template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "main", "image": image}],
            }}},
        })
    };
    ns.rule(rule("migration").makes("job", job("registry.example/migrate:1"))).await;
    let workload = ns.apply(score("web").needs("schema", "migration").with_id("schema")).await;
    workload.becomes_ready().await;
    let before = ns.get::<k8s_openapi::api::batch::v1::Job>("migrate").await;
    let resource = ns.resource("migration", "schema").await.name_any();

    ns.rule(rule("migration").makes("job", job("registry.example/migrate:2"))).await;

    let stuck = ns.resource_says(&resource, Reason::ImmutableField).await;
    assert!(
        stuck.message.contains("Job `migrate`") && stuck.message.contains("immutable"),
        "{}",
        stuck.message
    );
    let after = ns.get::<k8s_openapi::api::batch::v1::Job>("migrate").await;
    assert_eq!(after.uid(), before.uid());
    assert_eq!(ns.names::<Deployment>().await, ["web"]);

    ns.rule(rule("migration").makes("job", job("registry.example/migrate:1"))).await;
    workload.becomes_ready().await;
}
