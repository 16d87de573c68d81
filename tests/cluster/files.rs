//! The files of a workload on the API server: what they become, and what a change of them costs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{ConfigMap, PodSpec, Secret, Volume, VolumeMount};
use kube::ResourceExt;
use score_operator::api::conditions::Reason;
use score_operator::api::names::file_hash;
use serde_json::{Value, json};

use crate::support::look::{containers, image};
use crate::support::{Namespace, Rule, Score, cluster, rule, score};

/// The file with `content` at `target` in the container that was named last.
fn with_file(file: Score, target: &str, content: Value) -> Score {
    let container = file.container_name().to_owned();
    file.set(&format!("/containers/{container}/files/{}", target.replace('/', "~1")), content)
}

fn text(content: &str) -> Value {
    json!({ "content": content })
}

/// The ConfigMap or Secret of a file of the container `main`.
fn object_of(workload: &str, target: &str) -> String {
    format!("{workload}-main-file-{}", file_hash(target))
}

/// A rule that keeps a password in a Secret.
fn vault(type_: &str) -> Rule {
    let name = format!("{type_}-credentials");
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
        "data": {"password": "{{ generated.password | b64encode }}"},
    });
    let password = json!(format!("{{{{ secret_ref('{name}', 'password') }}}}"));
    rule(type_).generates("password").makes("secret", secret).offers("password", password)
}

async fn password(ns: &Namespace, type_: &str) -> String {
    let secret = ns.get::<Secret>(&format!("{type_}-credentials")).await;
    String::from_utf8(secret.data.unwrap()["password"].0.clone()).unwrap()
}

fn bytes(config: &ConfigMap) -> &[u8] {
    &config.binary_data.as_ref().unwrap()["file"].0
}

fn pod(deployment: &Deployment) -> &PodSpec {
    deployment.spec.as_ref().unwrap().template.spec.as_ref().unwrap()
}

/// Where a container of a Deployment mounts something, and the volume that it is.
fn mounted<'a>(deployment: &'a Deployment, container: &str, path: &str) -> (&'a VolumeMount, &'a Volume) {
    let mounts = containers(deployment)[container].volume_mounts.iter().flatten();
    let mount = mounts.into_iter().find(|mount| mount.mount_path == path);
    let mount = mount.unwrap_or_else(|| panic!("{container} mounts nothing at {path}"));
    let volumes = pod(deployment).volumes.as_deref().unwrap();
    (mount, volumes.iter().find(|volume| volume.name == mount.name).unwrap())
}

#[tokio::test]
async fn f11_a_changed_file_rolls_the_pods_once_and_changes_nothing_else() {
    let ns = cluster().await.namespace("f11").await;
    let file = with_file(score("web").port("http", 80, 8080), "/etc/a.conf", text("a"));
    let file = with_file(file, "/etc/b.conf", text("old"));
    ns.apply(file.clone()).await.becomes_ready().await;
    let before = ns.snapshot().await;

    ns.apply(with_file(file, "/etc/b.conf", text("new"))).await.becomes_ready().await;
    let changed = object_of("web", "/etc/b.conf");
    let expected =
        [format!("~ ConfigMap/{changed}"), "~ Deployment/web".into(), "~ ScoreWorkload/web".into()];
    assert_eq!(before.changes(&ns.snapshot().await), expected);
    assert_eq!(bytes(&ns.get::<ConfigMap>(&changed).await), b"new");
    assert_eq!(ns.list::<ReplicaSet>().await.len(), 2, "one rollout");
}

#[tokio::test]
async fn f11_the_old_pods_keep_a_removed_file_until_the_new_ones_have_taken_over() {
    let ns = cluster().await.namespace("f11-removed").await;
    let file = with_file(score("web"), "/etc/kept.conf", text("kept"));
    let both = with_file(file.clone(), "/etc/taken.conf", text("taken"));
    ns.apply(both).await.becomes_ready().await;
    let (kept, taken) = (object_of("web", "/etc/kept.conf"), object_of("web", "/etc/taken.conf"));

    // The new pod does not start until it is told to.
    let less = ns.apply(file.image("registry.example/main:never")).await;
    less.awaits(Reason::WaitingForObjects).await;
    assert_eq!(image(&ns.get("web").await), "registry.example/main:never");
    assert!(ns.find::<ConfigMap>(&taken).await.is_some(), "the old pod may be restarted, and needs it");

    let pods = ns.list::<k8s_openapi::api::core::v1::Pod>().await;
    let is_new = |pod: &&k8s_openapi::api::core::v1::Pod| {
        pod.spec.as_ref().unwrap().containers[0].image.as_deref() == Some("registry.example/main:never")
    };
    ns.set_ready(&pods.iter().find(is_new).expect("the new pod").name_any(), true).await;
    let ready = less.becomes_ready().await;
    assert!(ns.find::<ConfigMap>(&taken).await.is_none());
    let inventory = ready.status.unwrap().inventory;
    let names: Vec<_> = inventory.iter().map(|entry| entry.id.name.as_str()).collect();
    assert_eq!(names, ["web", &kept]);
}

/// covers: SEC14
#[tokio::test]
async fn f10_a_file_of_text_and_a_secret_is_a_secret_of_ours_and_the_value_is_nowhere_else() {
    let ns = cluster().await.namespace("f10").await;
    ns.rule(vault("vault-f10")).await;
    let content = "user=app\npassword=${resources.it.password}\n";
    let file = with_file(score("web").needs("it", "vault-f10"), "/etc/app.conf", text(content));
    ns.apply(file).await.becomes_ready().await;

    let value = password(&ns, "vault-f10").await;
    let name = object_of("web", "/etc/app.conf");
    let secret = ns.get::<Secret>(&name).await;
    assert!(secret.data.unwrap()["file"].0 == format!("user=app\npassword={value}\n").into_bytes());
    let web = ns.get::<Deployment>("web").await;
    let (_, volume) = mounted(&web, "main", "/etc/app.conf");
    assert_eq!(volume.secret.as_ref().unwrap().secret_name.as_deref(), Some(name.as_str()));

    let encoded = STANDARD.encode(&value);
    let found = |text: &String| text.contains(&value) || text.contains(&encoded);
    let texts = ns.texts().await;
    assert!(texts.iter().any(|(name, _)| name.starts_with("Event/")), "events are looked at too");
    let told: Vec<_> = texts.iter().filter(|(_, text)| found(text)).map(|(name, _)| name).collect();
    let generated = ns.resource("vault-f10", "web.it").await.name_any();
    assert_eq!(
        told,
        ["Secret/vault-f10-credentials", &format!("Secret/{generated}-generated")]
            .map(String::from)
            .iter()
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn f10_a_file_waits_for_a_secret_that_comes_later() {
    let ns = cluster().await.namespace("f10-late").await;
    let output = json!("{{ secret_ref('late', 'password') }}");
    ns.rule(rule("vault-late").offers("password", output)).await;
    let content = text("password=${resources.it.password}");
    let workload =
        ns.apply(with_file(score("web").needs("it", "vault-late"), "/etc/app.conf", content)).await;
    workload.tells("Secret `late` does not exist yet").await;
    assert_eq!(ns.names::<Deployment>().await, [] as [&str; 0]);

    ns.create(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late"}, "data": {"password": "eA=="}})).await;
    workload.becomes_ready().await;
    let secret = ns.get::<Secret>(&object_of("web", "/etc/app.conf")).await;
    assert!(secret.data.unwrap()["file"].0 == b"password=x");
}

#[tokio::test]
async fn f05_f09_a_file_that_is_one_secret_is_mounted_from_it_with_its_mode() {
    let ns = cluster().await.namespace("f09").await;
    ns.rule(vault("vault-f09")).await;
    let content = json!({"content": "${resources.it.password}", "mode": "0400"});
    let file = with_file(score("web").needs("it", "vault-f09"), "/run/password", content);
    ns.apply(with_file(file, "/etc/x", json!({"content": "x", "mode": "755"}))).await.becomes_ready().await;

    let web = ns.get::<Deployment>("web").await;
    let (mount, volume) = mounted(&web, "main", "/run/password");
    assert_eq!((mount.sub_path.as_deref(), mount.read_only), (Some("password"), Some(true)));
    let source = volume.secret.as_ref().unwrap();
    let item = &source.items.as_ref().unwrap()[0];
    assert_eq!(source.secret_name.as_deref(), Some("vault-f09-credentials"));
    assert_eq!((item.key.as_str(), item.path.as_str(), item.mode), ("password", "password", Some(0o400)));
    let (_, other) = mounted(&web, "main", "/etc/x");
    assert_eq!(other.config_map.as_ref().unwrap().items.as_ref().unwrap()[0].mode, Some(0o755));
    assert!(ns.find::<Secret>(&object_of("web", "/run/password")).await.is_none(), "no copy of it is made");
}

#[tokio::test]
async fn f06_f07_f08_files_stand_beside_others_of_their_directory_and_container() {
    let ns = cluster().await.namespace("f08").await;
    let file = with_file(score("web"), "/fileA.txt", text("root"));
    let file = with_file(file, "/etc/app/a", text("a"));
    let file = with_file(file, "/etc/app/b", json!({"binaryContent": "AAH/"}));
    let other = with_file(file.container("side"), "/etc/app/a", text("another"));
    ns.apply(other).await.becomes_ready().await;

    let web = ns.get::<Deployment>("web").await;
    for (container, path) in
        [("main", "/fileA.txt"), ("main", "/etc/app/a"), ("main", "/etc/app/b"), ("side", "/etc/app/a")]
    {
        let (mount, _) = mounted(&web, container, path);
        assert_eq!(mount.sub_path.as_deref(), path.rsplit('/').next(), "one file, not a directory");
    }
    assert_eq!(pod(&web).volumes.as_ref().unwrap().len(), 4);
    let content = async |container: &str, target: &str| {
        let name = mounted(&web, container, target).1.config_map.as_ref().unwrap().name.clone();
        bytes(&ns.get::<ConfigMap>(&name).await).to_vec()
    };
    assert_eq!(content("main", "/fileA.txt").await, b"root");
    assert_eq!(content("main", "/etc/app/a").await, b"a");
    assert_eq!(content("side", "/etc/app/a").await, b"another");
    assert_eq!(content("main", "/etc/app/b").await, [0, 1, 255]);
}

#[tokio::test]
async fn f12_a_large_file_is_fine_and_one_that_is_too_large_leaves_the_pods_alone() {
    let ns = cluster().await.namespace("f12").await;
    let large = |kibibytes: usize| text(&"x".repeat(kibibytes * 1024));
    let fits = with_file(score("web"), "/data/large", large(900));
    ns.apply(fits.clone()).await.becomes_ready().await;
    let config = ns.get::<ConfigMap>(&object_of("web", "/data/large")).await;
    assert_eq!(bytes(&config).len(), 900 * 1024);
    let before = ns.get::<Deployment>("web").await;

    let refused = ns.apply(with_file(score("web"), "/data/large", large(1025))).await;
    let refused = refused.is_refused(Reason::FileTooLarge).await;
    let path = "containers.main.files[\"/data/large\"].content";
    assert!(
        refused.message.contains(path) && refused.message.contains("1049600 bytes"),
        "{}",
        refused.message
    );
    let after = ns.get::<Deployment>("web").await;
    assert_eq!((after.uid(), after.resource_version()), (before.uid(), before.resource_version()));
    let still = ns.get::<ConfigMap>(&config.name_any()).await;
    assert_eq!(still.resource_version(), config.resource_version());

    ns.apply(fits).await.becomes_ready().await;
}
