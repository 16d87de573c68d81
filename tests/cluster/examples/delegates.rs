//! Examples in which somebody else runs a tool for us, and says how it went: cert-manager, Flux, tofu-controller.

use k8s_openapi::api::networking::v1::Ingress;
use kube::ResourceExt;
use score_operator::api::conditions::{ConditionStatus, ConditionType, Reason};
use serde_json::json;

use super::{Variables, has_no_pods, installed};
use crate::support::StandIn;
use crate::support::stand_in::{condition, condition_of};
use crate::support::workload::condition as said_by;

#[tokio::test]
async fn p07_example_cert_manager_route() {
    let (ns, example) = installed("cert-manager-route").await;
    let workload = ns.apply(example.workload("workload.yaml")).await;
    let issuer = StandIn::of(&ns, "route.tls", "storefront.public", "Certificate").await;
    let tls = format!("{}-tls", issuer.name());
    assert_eq!(issuer.spec().await["secretName"], tls);
    let rule = ns.rule_name("route-tls");
    workload.tells(&format!("readyWhen[0] of rule `{rule}` is not true yet")).await;
    let why = "Issuing certificate as Secret does not exist";
    let issuing = |reason, message| condition_of(1, "Ready", "False", reason, message);
    issuer.says(json!({"conditions": [issuing("DoesNotExist", why)]})).await;
    workload.tells(&format!("condition Ready is False: DoesNotExist: {why}")).await;
    has_no_pods(&ns, "storefront").await;
    // The name is solved through the Ingress: it has to be there first.
    let ingress = ns.get::<Ingress>(issuer.name()).await.spec.unwrap();
    assert_eq!(ingress.tls.unwrap()[0].secret_name.as_deref(), Some(tls.as_str()));
    let path = ingress.rules.unwrap().remove(0).http.unwrap().paths.remove(0);
    let port = path.backend.service.unwrap().port.unwrap();
    assert_eq!((port.name.as_deref(), port.number), (Some("http"), None));

    issuer.writes(&tls, &[("tls.crt", "one"), ("tls.key", "two")]).await;
    let up_to_date = "Certificate is up to date and has not expired";
    let issued = condition_of(1, "Ready", "True", "Ready", up_to_date);
    for not_after in ["2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z"] {
        issuer.says(json!({"conditions": [issued], "notAfter": not_after, "revision": 1})).await;
    }
    workload.becomes_ready().await;
    assert_eq!(Variables::of(&ns, "storefront").await.text("PUBLIC_URL"), "https://shop.acme.example/");
    workload.delete().await;
    issuer.removes(&tls).await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p07_example_flux_helm_release() {
    let (ns, example) = installed("flux-helm-release").await;
    let file = example.workload("workload.yaml");
    let workload = ns.apply(file.clone()).await;
    let flux = StandIn::of(&ns, "redis", "sessions.cache", "HelmRelease").await;
    let values = flux.spec().await["values"].clone();
    assert_eq!(values["architecture"], "replication");
    assert_eq!(values["replica"]["replicaCount"], 1, "a number");
    assert_eq!(values["auth"]["existingSecret"], format!("{}-auth", flux.name()));
    let rule = ns.rule_name("redis-helm");
    workload.tells(&format!("readyWhen[0] of rule `{rule}` is not true yet")).await;

    let running = "Running 'install' action with timeout of 5m0s";
    let progressing = condition_of(1, "Reconciling", "True", "Progressing", running);
    let unknown = condition_of(1, "Ready", "Unknown", "Progressing", running);
    flux.says(json!({"conditions": [progressing, unknown], "observedGeneration": 1})).await;
    workload.tells(&format!("condition Reconciling is True: Progressing: {running}")).await;

    let failed = condition_of(1, "Ready", "False", "InstallFailed", "context deadline exceeded");
    let stalled =
        condition_of(1, "Stalled", "True", "RetriesExceeded", "Failed to install after 4 attempt(s)");
    flux.says(json!({"conditions": [stalled, failed], "observedGeneration": 1})).await;
    let message = "condition Stalled is True: RetriesExceeded: Failed to install after 4 attempt(s)";
    workload.tells(message).await;
    has_no_pods(&ns, "sessions").await;

    // The cure is another spec; what Flux has to say of the old one no longer counts.
    let edited = ns.apply(file.set("/resources/cache/params/replicas", json!(0))).await;
    ns.sees_of(flux.id(), "stands alone", |release| {
        release.data["spec"]["values"]["architecture"] == "standalone"
    })
    .await;
    let installed = |generation| {
        let installed =
            condition_of(generation, "Ready", "True", "InstallSucceeded", "Helm install succeeded");
        json!({"conditions": [installed], "observedGeneration": generation, "history": [{"status": "deployed"}]})
    };
    flux.says(installed(1)).await;
    edited.tells("its status is for generation 1, and the object is at 2").await;
    has_no_pods(&ns, "sessions").await;
    flux.says(installed(2)).await;
    edited.becomes_ready().await;
    let variables = Variables::of(&ns, "sessions").await;
    assert_eq!(variables.secret("REDIS_URL"), (format!("{}-auth", flux.name()).as_str(), "url"));
    let url = variables.value(&ns, "REDIS_URL").await;
    assert!(url.ends_with(&format!("@{}-master:6379", flux.name())));
    edited.delete().await;
    ns.is_empty().await;
}

#[tokio::test]
async fn p07_p09_example_opentofu() {
    let (ns, example) = installed("opentofu").await;
    let workload = ns.apply(example.workload("workload.yaml")).await;
    let tofu = StandIn::of(&ns, "s3", "archive.documents", "Terraform").await;
    let vars = tofu.spec().await["vars"].clone();
    assert_eq!(vars[0]["value"], format!("{}-{}", ns.name, tofu.name()));
    assert_eq!(vars[1], json!({"name": "versioned", "value": true}), "a bool");

    let why = "error running Plan: No valid credential sources found";
    let failed = condition("Ready", "False", "TFExecPlanFailed", why);
    tofu.says(json!({"conditions": [failed], "observedGeneration": 1})).await;
    workload.tells(&format!("condition Ready is False: TFExecPlanFailed: {why}")).await;

    let outputs = format!("{}-outputs", tofu.name());
    let some = [("bucket", "b"), ("endpoint", "https://s3.example"), ("access_key_id", "AKIA")];
    tofu.writes(&outputs, &some).await;
    let written = condition("Ready", "True", "TerraformOutputsWritten", "Outputs written: main@sha1:1f2e3d");
    let done =
        json!({"conditions": [written], "observedGeneration": 1, "lastAppliedRevision": "main@sha1:1f2e3d"});
    tofu.says(done).await;
    let lacks = "has no key `secret_key` yet (there: `access_key_id`, `bucket`, `endpoint`)";
    workload.tells(&format!("Secret `{outputs}` {lacks}")).await;
    has_no_pods(&ns, "archive").await;
    tofu.writes(&outputs, &[some[0], some[1], some[2], ("secret_key", "hunter2")]).await;
    let ready = workload.becomes_ready().await;
    let resources = said_by(&ready, ConditionType::ResourcesReady);
    assert_eq!((resources.status, resources.reason), (ConditionStatus::True, Reason::Ready));
    let variables = Variables::of(&ns, "archive").await;
    assert_eq!(variables.secret("AWS_SECRET_ACCESS_KEY"), (outputs.as_str(), "secret_key"));
    let resource = ns.resource("s3", "archive.documents").await.name_any();
    workload.delete().await;
    ns.is_gone::<score_operator::api::resource::ScoreResource>(&resource).await;
    tofu.removes(&outputs).await;
    ns.is_empty().await;
}
