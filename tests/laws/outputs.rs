//! What default rules offer: all that score-k8s's default provisioner of that type does, under the same names, and a url
//! that never shows a password.

use std::collections::BTreeSet;

use super::rules::default_rules;

/// The outputs of score-k8s's defaults (0.15.0 plus 9 commits), by type; of `elasticsearch`, which it has none for, those of
/// score-compose.
const OFFERED: &[(&str, &[&str])] = &[
    ("amqp", &["host", "port", "vhost", "username", "password"]),
    ("dns", &["host"]),
    ("elasticsearch", &["host", "port", "username", "password"]),
    ("kafka-topic", &["host", "port", "name", "num_partitions"]),
    ("mongodb", &["host", "port", "connection", "username", "password"]),
    ("mssql", &["server", "port", "connection", "database", "username", "password"]),
    ("mysql", &["host", "port", "name", "database", "username", "password"]),
    ("postgres", &["host", "port", "name", "database", "username", "password"]),
    ("postgres-instance", &["host", "port", "username", "password"]),
    ("redis", &["host", "port", "username", "password"]),
    ("route", &[]),
    (
        "s3",
        &[
            "bucket",
            "access_key_id",
            "secret_key",
            "endpoint",
            "region",
            "aws_access_key_id",
            "aws_secret_key",
        ],
    ),
    ("service", &["name"]),
    ("service-port", &["hostname", "port"]),
    ("sqs", &["url", "arn"]),
    ("volume", &["source"]),
];

#[test]
fn a_default_rule_offers_what_score_k8s_does() {
    let rules = default_rules();
    for (type_, offered) in OFFERED {
        let there = &rules[*type_].outputs;
        let missing: Vec<_> = offered.iter().filter(|output| !there.contains_key(**output)).collect();
        assert!(missing.is_empty(), "{type_} does not offer {missing:?}");
    }
    let known: BTreeSet<_> = OFFERED.iter().map(|(type_, _)| *type_).chain(["environment"]).collect();
    assert_eq!(rules.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
}

/// A whole connection string wherever there is a password, and it is a reference.
#[test]
fn a_default_rule_with_a_password_has_a_secret_url() {
    let mut seen = 0;
    for (name, rule) in default_rules().iter().filter(|(_, rule)| rule.outputs.contains_key("password")) {
        for output in ["password", "url"] {
            let functions: Vec<_> =
                rule.outputs[output].leaves().flat_map(|leaf| leaf.functions.clone()).collect();
            assert_eq!(functions, ["secret_ref"], "{name}: {output}");
        }
        seen += 1;
    }
    assert_eq!(seen, 8);
}
