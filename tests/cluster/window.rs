//! What a platform team sees of its rules and resources with nothing but `kubectl get` and `describe`.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use score_operator::api::conditions::Reason;

use crate::support::rule::deployment;
use crate::support::{cluster, rule, score};

/// The cells of a table's only row, by the words of its header.
fn cell<'a>(table: &'a str, column: &str) -> &'a str {
    let mut lines = table.lines();
    let (header, row) = (lines.next().unwrap(), lines.next().unwrap());
    assert_eq!(lines.next(), None, "{table}");
    let start = header.find(column).unwrap_or_else(|| panic!("no column {column}: {header}"));
    // A column ends where the next begins; the last one has the rest.
    let width = header[start..].find("   ").map_or(row.len(), |gap| {
        let rest = &header[start + gap..];
        gap + rest.len() - rest.trim_start().len()
    });
    row[start..row.len().min(start + width)].trim()
}

#[tokio::test]
async fn p09_get_sres_says_which_rule_since_when_what_is_awaited_and_who_uses_it() {
    let ns = cluster().await.namespace("window").await;
    ns.rule(rule("stuck").makes("server", deployment("server", "app:never"))).await;
    let workload = ns.apply(score("web").needs("it", "stuck").with_id("it")).await;
    workload.tells("0 of 1 pods are available").await;
    let name = ns.resource("stuck", "it").await.name_any();
    ns.resource_says(&name, Reason::WaitingForObjects).await;

    let table = in_namespace(&ns.name, &["get", "sres", "-o", "wide"]).await;
    let rule = ns.rule_name("stuck");
    let expected = [
        ("TYPE", "stuck"),
        ("ID", "it"),
        ("RULE", rule.as_str()),
        ("READY", "False"),
        ("STATUS", "WaitingForObjects"),
    ];
    for (column, value) in expected {
        assert_eq!(cell(&table, column), value, "{column}\n{table}");
    }
    assert!(cell(&table, "SINCE").ends_with(['s', 'm']), "{table}");
    assert_eq!(cell(&table, "CONSUMERS"), r#"["web"]"#, "{table}");
    assert!(cell(&table, "MESSAGE").starts_with("Deployment `server`: 0 of 1 pods are available"), "{table}");

    let described = in_namespace(&ns.name, &["describe", "sres", &name]).await;
    for part in [
        "Deployment `server`: 0 of 1 pods are available",
        "Last Transition Time",
        "Type:                  Reconciling",
    ] {
        assert!(described.contains(part), "{part}:\n{described}");
    }
    let rules = cluster().await.kubectl(&["get", "prule", &rule, "-o", "wide"], "").unwrap();
    assert_eq!(cell(&rules, "REVISION").len(), 8, "{rules}");
}

/// What `kubectl` prints.
async fn in_namespace(namespace: &str, arguments: &[&str]) -> String {
    let all = [arguments, &["-n", namespace]].concat();
    cluster().await.kubectl(&all, "").unwrap()
}

#[tokio::test]
async fn a_label_that_comes_to_a_namespace_chooses_the_rule_of_what_waits_for_one() {
    let ns = cluster().await.namespace("relabelled").await;
    for stage in ["dev", "prod"] {
        let made = rule("staged").called(stage).makes_config_map().only_where(("stage", stage));
        ns.rule(made).await;
    }
    let workload = ns.apply(score("web").needs("it", "staged").with_id("it")).await;
    workload.tells("RuleNotFound").await;
    ns.label("stage", Some("prod")).await;
    workload.becomes_ready().await;
    let resource = ns.resource("staged", "it").await;
    assert_eq!(resource.spec.rule, Some(ns.rule_name("prod")));
    assert!(ns.find::<ConfigMap>("staged-it").await.is_some());
}
