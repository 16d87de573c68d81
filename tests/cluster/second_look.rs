//! A second look by an operator that remembers nothing costs no write, whatever a workload became: what
//! the API server fills in by itself is not taken for a change (G07).

use score_operator::api::conditions::Reason;
use serde_json::json;

use crate::kinds::{claim_rule, runs_as, with_disk};
use crate::real_files::changes_nothing;
use crate::support::{Score, cluster_without_operator, rule, score};

/// Everything that a container can have.
fn whole(file: Score) -> Score {
    let http = json!({"httpGet": {"path": "/", "port": 80, "host": "h", "httpHeaders": [{"name": "A", "value": "b"}]}});
    let exec = json!({"exec": {"command": ["true"]}});
    file.port("http", 80, 8080)
        .set("/service/ports/dns", json!({"port": 53, "protocol": "UDP"}))
        .set("/containers/main/livenessProbe", http.clone())
        .set("/containers/main/readinessProbe", exec)
        .set("/containers/main/command", json!([]))
        .set("/containers/main/args", json!([]))
        .set(
            "/containers/main/variables",
            json!({"EMPTY": "", "SECRET": "${resources.it.password}", "MIXED": "a ${resources.it.password}"}),
        )
        .set(
            "/containers/main/resources",
            json!({"limits": {"cpu": "0.250", "memory": "1.5Gi"}, "requests": {"cpu": "0100m"}}),
        )
        .set(
            "/containers/main/files",
            json!({
                "/etc/empty": {"content": ""},
                "/etc/mixed": {"content": "a ${resources.it.password}", "mode": "0400"},
                "/etc/secret": {"content": "${resources.it.password}"},
            }),
        )
        .container("proxy")
        .set("/containers/proxy/readinessProbe", http)
        .set("/containers/proxy/before/main", json!({"ready": "healthy"}))
        .container("init")
        .set("/containers/init/before/main", json!({"ready": "complete"}))
        .needs("it", "vault-quiet")
}

#[tokio::test]
async fn g07_a_second_look_at_every_kind_changes_nothing() {
    let cluster = cluster_without_operator().await;
    let ns = cluster.namespace("second-look").await;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "quiet"},
        "data": {"password": "{{ generated.password | b64encode }}"},
    });
    let password = json!("{{ secret_ref('quiet', 'password') }}");
    let vault = rule("vault-quiet").generates("password").makes("secret", secret);
    ns.rule(vault.offers("password", password)).await;
    ns.rule(claim_rule("disk-quiet")).await;
    ns.rule(claim_rule("disk-stays").set("/deletionPolicy", json!("Retain"))).await;
    let schedule = |file: Score| file.annotation("k8s.score.dev/schedule", "@daily");
    let shared = |file: Score| file.set("/resources/it/id", json!("common"));
    let files = [
        with_disk(whole(score("deployment")), "disk-quiet"),
        with_disk(whole(runs_as("set", "StatefulSet")), "disk-quiet"),
        with_disk(whole(runs_as("kept", "StatefulSet")), "disk-stays"),
        with_disk(score("retained"), "disk-stays"),
        with_disk(whole(runs_as("job", "Job")), "disk-quiet").annotation("k8s.score.dev/backoff-limit", "0"),
        schedule(whole(runs_as("cron", "CronJob"))),
        whole(score("strict")).annotation("k8s.score.dev/pod-security", "restricted"),
    ];
    let operator = cluster.operate(&ns);
    for file in files {
        let file = if file.body["spec"]["resources"]["it"].is_null() { file } else { shared(file) };
        // A Job has no readiness.
        let is_job = file.name() == "job" || file.name() == "cron";
        let file = if is_job { file.without("/containers/main/readinessProbe") } else { file };
        ns.apply(file).await.becomes_ready().await;
    }
    let refused = ns.apply(score("refused").image(".")).await;
    refused.is_refused(Reason::ImageMissing).await;
    let _operator = changes_nothing(&ns, operator, || cluster.operate(&ns)).await;
}
