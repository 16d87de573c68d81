//! What holds of every pod that a default rule makes: nothing that the restricted standard forbids, no token, a share of
//! the node, a way to tell that it works, and an image that a platform team can replace at one place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use score_operator::api::labels;
use score_operator::plan::Plan;
use score_operator::plan::resource::{Part, evaluate};
use score_operator::plan::rule::{Rule, compile};
use serde_json::{Value, json};

use super::rules::{default_inputs, default_rules, default_specs};

/// The objects of a rule with pods, by what they are called.
fn with_pods(objects: &[Value]) -> impl Iterator<Item = (String, &Value)> {
    let pods = |object: &&Value| object["spec"]["template"]["spec"].is_object();
    objects
        .iter()
        .filter(pods)
        .map(|object| (format!("{} {}", object["kind"], object["metadata"]["name"]), object))
}

/// All that each default rule makes.
static OBJECTS: LazyLock<BTreeMap<String, Vec<Value>>> =
    LazyLock::new(|| default_rules().into_iter().map(|(name, rule)| (name, made(&rule))).collect());

fn made(rule: &Rule) -> Vec<Value> {
    let mut inputs = default_inputs(rule);
    inputs.namespace_labels.insert(labels::NETWORK_POLICY.into(), "true".into());
    let parts = [Part::Own, Part::Shared].map(|part| match evaluate(rule, part, &inputs) {
        Plan::Ready(evaluated) => evaluated.objects.into_iter().map(|object| object.body),
        other => panic!("{}: {:?}", rule.name, other.and_then(|_| Plan::Ready(()))),
    });
    parts.into_iter().flatten().collect()
}

fn containers(object: &Value) -> impl Iterator<Item = &Value> {
    object["spec"]["template"]["spec"]["containers"].as_array().into_iter().flatten()
}

#[test]
fn a_default_rules_pods_are_restricted_and_have_no_token() {
    let mut seen = 0;
    for objects in OBJECTS.values() {
        for (object, body) in with_pods(objects) {
            let pod = &body["spec"]["template"]["spec"];
            assert_eq!(pod["automountServiceAccountToken"], false, "{object}");
            assert_eq!(pod["enableServiceLinks"], false, "{object}");
            let context = &pod["securityContext"];
            assert_eq!(context["runAsNonRoot"], true, "{object}");
            assert!(context["runAsUser"].as_u64().is_some_and(|user| user > 0), "{object}");
            assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault", "{object}");
            // A volume that only root may write is of no use, and to change the owner of every file takes long.
            let owned = context["fsGroup"].is_u64() && context["fsGroupChangePolicy"] == "OnRootMismatch";
            assert!(owned || body["kind"] != "StatefulSet", "{object}");
            for container in containers(body) {
                let context = &container["securityContext"];
                assert_eq!(context["allowPrivilegeEscalation"], false, "{object}");
                assert_eq!(context["capabilities"]["drop"], json!(["ALL"]), "{object}");
                let added = context["capabilities"]["add"].as_array().into_iter().flatten();
                assert!(added.clone().all(|it| it == "NET_BIND_SERVICE"), "{object}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 14, "only {seen} objects with pods");
}

#[test]
fn a_default_rules_pods_ask_for_a_share_and_say_whether_they_work() {
    for objects in OBJECTS.values() {
        for (object, body) in with_pods(objects) {
            for container in containers(body) {
                let resources = &container["resources"];
                for asked in ["/requests/cpu", "/requests/memory", "/limits/memory"] {
                    assert!(resources.pointer(asked).is_some(), "{object}: {asked}");
                }
                let probes = ["startupProbe", "readinessProbe", "livenessProbe"];
                let is_job = body["kind"] == "Job";
                let missing = probes.iter().find(|probe| container[**probe].is_object() == is_job);
                assert_eq!(missing, None, "{object}");
            }
        }
    }
}

/// Decision 5: claims go with the resource.
#[test]
fn a_default_rules_data_lives_on_claims_that_go_with_it() {
    for (name, all) in &*OBJECTS {
        for body in all.iter().filter(|body| body["kind"] == "StatefulSet") {
            let policy = &body["spec"]["persistentVolumeClaimRetentionPolicy"];
            assert_eq!(policy, &json!({"whenDeleted": "Delete", "whenScaled": "Retain"}), "{name}");
            let claims: BTreeSet<_> = body["spec"]["volumeClaimTemplates"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|it| it["metadata"]["name"].to_string())
                .collect();
            let mounts = containers(body).flat_map(|it| it["volumeMounts"].as_array().into_iter().flatten());
            let mounted: BTreeSet<_> = mounts.map(|mount| mount["name"].to_string()).collect();
            assert!(!claims.is_empty() && claims.is_subset(&mounted), "{name}: {claims:?} {mounted:?}");
        }
    }
}

/// One constant in the rule, and no param: whoever has a registry of their own replaces it there, and no developer can.
#[test]
fn the_image_of_a_default_rule_is_one_value() {
    for (name, mut spec) in default_specs() {
        let with_images = with_pods(&OBJECTS[&name]).count() > 0;
        let image = spec.locals.get("image").and_then(Value::as_str).map(str::to_owned);
        assert_eq!(image.is_some(), with_images, "{name}");
        let Some(image) = image else { continue };
        let registry = image.split('/').next().unwrap_or_default();
        assert!(registry.contains('.'), "{name}: {image} has no registry");
        spec.locals.insert("image".into(), json!("registry.example/mirror"));
        let rule = compile(&name, &spec).expect("a good rule");
        for (object, body) in with_pods(&made(&rule)) {
            for container in containers(body) {
                let image = container["image"].as_str().unwrap_or_default();
                assert!(image.starts_with("registry.example/mirror"), "{object}: {image}");
            }
        }
        for (object, body) in with_pods(&OBJECTS[&name]) {
            for container in containers(body) {
                let (_, tag) =
                    container["image"].as_str().unwrap_or_default().rsplit_once(':').expect("a tag");
                assert!(tag != "latest" && tag.chars().any(|it| it.is_ascii_digit()), "{object}: {tag}");
            }
        }
    }
}

/// Where a namespace asks for it, each server has a policy that selects its pods.
#[test]
fn every_server_of_a_default_rule_can_be_closed() {
    for all in OBJECTS.values() {
        let selects = |labels: &Value| {
            all.iter().filter(|it| it["kind"] == "NetworkPolicy").any(|policy| {
                let wanted = policy["spec"]["podSelector"]["matchLabels"].as_object().expect("labels");
                !wanted.is_empty() && wanted.iter().all(|(key, value)| labels[key] == *value)
            })
        };
        for (object, body) in with_pods(all).filter(|(_, body)| body["kind"] != "Job") {
            assert!(selects(&body["spec"]["template"]["metadata"]["labels"]), "{object}");
        }
    }
}
