//! The default rules, each through its life: Ready, a change, a rotation, the end. In a namespace whose API server takes
//! restricted pods only, and which asks for network policies.
//! covers: P01 P02 P03 P06 P07 P10 P11

use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::{Value, json};

use crate::support::look::{containers, reference, secret, variables};
use crate::support::{Namespace, Score, cluster_without_operator, score};

/// The labels of such a namespace.
const LABELS: &[(&str, &str)] =
    &[("k8s.score.dev/network-policy", "true"), ("pod-security.kubernetes.io/enforce", "restricted")];

/// A rule, and what is particular about it.
struct Life {
    type_: &'static str,
    /// Its outputs that are the same in every namespace and for every id, with their values; `""` where they are not.
    plain: &'static [(&'static str, &'static str)],
    secret: &'static [&'static str],
    /// Params to begin with, and other ones.
    params: (Value, Value),
    /// What other params change, as a mark and a kind.
    changes: &'static [&'static str],
    /// The generated value that is rotated, and how the text that the pods then read ends.
    rotates: Option<(&'static str, &'static str, &'static str)>,
}

impl Life {
    fn user(&self, name: &str) -> Score {
        let outputs = self.plain.iter().map(|(output, _)| output).chain(self.secret);
        outputs.fold(score(name).needs("it", self.type_).with_id("common"), |file, output| {
            file.variable(output, &format!("${{resources.it.{output}}}"))
        })
    }

    async fn lives(self) {
        let cluster = cluster_without_operator().await;
        let ns = cluster.namespace_with_labels(&format!("default-{}", self.type_), LABELS).await;
        let _operator = cluster.operate_with_resync(&ns, Duration::from_secs(1));
        let web = ns.apply(self.user("web").with_params(self.params.0.clone())).await;
        web.becomes_ready().await;
        self.offers(&ns).await;
        lets_in(&ns, &["web"]).await;
        let other = ns.apply(self.user("other")).await;
        other.becomes_ready().await;
        lets_in(&ns, &["other", "web"]).await;

        self.changes(&ns).await;
        let rolled = self.rotates(&ns).await;

        other.delete().await;
        lets_in(&ns, &["web"]).await;
        ns.workload("web").await.becomes_ready().await;
        assert_eq!(generation(&ns).await, rolled, "nothing else rolls the pods");
        ns.workload("web").await.delete().await;
        ns.is_empty().await;
    }

    /// What the pods of `web` see.
    async fn offers(&self, ns: &Namespace) {
        let deployment = ns.get::<Deployment>("web").await;
        let seen = variables(containers(&deployment)["main"]);
        for (output, expected) in self.plain {
            let found = seen[output].value.as_deref().unwrap_or_default();
            assert!(!found.is_empty() && (expected.is_empty() || found == *expected), "{output}: {found}");
        }
        for output in self.secret {
            assert!(!secret(ns, reference(seen[output])).await.is_empty(), "{output}");
        }
    }

    async fn changes(&self, ns: &Namespace) {
        let before = ns.snapshot().await;
        ns.apply(self.user("web").with_params(self.params.1.clone())).await.becomes_ready().await;
        let changes = before.changes(&ns.snapshot().await);
        let kind = |change: &String| change.split('/').next().unwrap_or_default().to_owned();
        let kinds: Vec<_> = changes.iter().map(kind).collect();
        let missing: Vec<_> =
            self.changes.iter().filter(|expected| !kinds.iter().any(|kind| kind == *expected)).collect();
        assert!(missing.is_empty(), "{missing:?} not in {changes:?}");
        let odd = |kind: &&String| !kind.starts_with('~') && !self.changes.contains(&kind.as_str());
        assert_eq!(kinds.iter().find(odd), None, "{changes:?}");
    }

    /// Rolls a generated value anew by hand, and gives the generation of the pods' template after it.
    async fn rotates(&self, ns: &Namespace) -> i64 {
        let before = generation(ns).await;
        let Some((value, output, tail)) = self.rotates else { return before };
        let resource = ns.resource(self.type_, "common").await;
        let name = format!("{}-generated", resource.metadata.name.unwrap());
        let data = json!({value: ByteString(b"rotated00".to_vec())});
        ns.edit::<Secret>(&name, json!({ "data": data })).await;
        let is_rolled = |found: &Deployment| found.metadata.generation.is_some_and(|now| now > before);
        let rolled = ns.sees::<Deployment>("web", "rolls", is_rolled).await;
        let seen = variables(containers(&rolled)["main"]);
        let text = secret(ns, reference(seen[output])).await;
        assert!(text.ends_with(tail) && text.contains("rotated00"), "{output} is another text");
        assert_eq!(rolled.metadata.generation, Some(before + 1), "the pods roll once");
        before + 1
    }
}

async fn generation(ns: &Namespace) -> i64 {
    ns.get::<Deployment>("web").await.metadata.generation.unwrap()
}

/// Waits until the one policy of the namespace lets these workloads in.
async fn lets_in(ns: &Namespace, workloads: &[&str]) {
    let policies = ns.names::<NetworkPolicy>().await;
    let [name] = policies.as_slice() else { panic!("expected one policy: {policies:?}") };
    let lets = |found: &NetworkPolicy| {
        let found = serde_json::to_value(found).unwrap_or_default();
        let selector = &found["spec"]["ingress"][0]["from"][0]["podSelector"];
        selector["matchExpressions"][0]["values"] == json!(workloads)
    };
    ns.sees::<NetworkPolicy>(name, &format!("lets {workloads:?} in"), lets).await;
}

const SERVER: &[&str] = &["~ StatefulSet", "~ ScoreResource", "~ ScoreWorkload"];
const ONE_MORE_JOB: &[&str] = &["+ Job", "- Job", "~ ScoreResource", "~ ScoreWorkload"];

/// A rule of a server with a password, and a url that holds it.
fn server(type_: &'static str, port: &'static str, end: &'static str) -> Life {
    let plain: &[_] = vec![("host", ""), ("port", port)].leak();
    Life {
        type_,
        plain,
        secret: &["password", "url"],
        params: (json!({}), json!({"memoryMi": 3000})),
        changes: SERVER,
        rotates: Some(("password", "url", end)),
    }
}

#[tokio::test]
async fn default_rule_redis() {
    let changes = &["~ Secret", "~ StatefulSet", "~ ScoreResource", "~ ScoreWorkload"];
    Life { changes, ..server("redis", "6379", ":6379") }.lives().await;
}

#[tokio::test]
async fn default_rule_mysql() {
    let plain = &[("host", ""), ("port", "3306"), ("name", "app"), ("database", "app")];
    Life { plain, secret: &["username", "password", "url"], ..server("mysql", "3306", ":3306/app") }
        .lives()
        .await;
}

#[tokio::test]
async fn default_rule_mongodb() {
    let secret = &["username", "password", "connection", "url"];
    Life { secret, ..server("mongodb", "27017", ":27017/") }.lives().await;
}

#[tokio::test]
async fn default_rule_amqp() {
    let plain = &[("host", ""), ("port", "5672"), ("vhost", "app")];
    Life { plain, secret: &["username", "password", "url"], ..server("amqp", "5672", ":5672/app") }
        .lives()
        .await;
}

#[tokio::test]
async fn default_rule_elasticsearch() {
    let plain = &[("host", ""), ("port", "9200"), ("username", "elastic")];
    Life { plain, ..server("elasticsearch", "9200", ":9200") }.lives().await;
}

#[tokio::test]
async fn default_rule_mssql() {
    let plain = &[("server", ""), ("port", "1433"), ("database", "master"), ("username", "sa")];
    let end = ":1433?database=master";
    Life { plain, secret: &["password", "connection", "url"], ..server("mssql", "1433", end) }.lives().await;
}

#[tokio::test]
async fn default_rule_postgres() {
    let plain = &[("host", ""), ("port", "5432"), ("name", "app"), ("database", "app")];
    let params = (json!({"version": "16"}), json!({"version": "16.4"}));
    let secret = &["username", "password", "url"];
    Life { plain, secret, params, ..server("postgres", "5432", ":5432/app") }.lives().await;
}

#[tokio::test]
async fn default_rule_postgres_instance() {
    let params = (json!({}), json!({"version": "16.4"}));
    let secret = &["username", "password", "url"];
    Life { secret, params, ..server("postgres-instance", "5432", ":5432/postgres") }.lives().await;
}

#[tokio::test]
async fn default_rule_s3() {
    let life = Life {
        type_: "s3",
        plain: &[
            ("bucket", ""),
            ("endpoint", "http://s3-minio:9000"),
            ("region", "us-east-1"),
            ("access_key_id", ""),
            ("aws_access_key_id", ""),
            ("url", ""),
        ],
        secret: &["secret_key", "aws_secret_key"],
        params: (json!({}), json!({"versioning": true})),
        changes: ONE_MORE_JOB,
        rotates: Some(("secret_key", "secret_key", "rotated00")),
    };
    life.lives().await;
}

#[tokio::test]
async fn default_rule_kafka_topic() {
    let life = Life {
        type_: "kafka-topic",
        plain: &[
            ("host", "kafka-broker"),
            ("port", "9092"),
            ("name", ""),
            ("num_partitions", "3"),
            ("url", "kafka-broker:9092"),
        ],
        secret: &[],
        params: (json!({}), json!({"partitions": 6})),
        changes: &["+ Job", "- Job", "~ Deployment", "~ ScoreResource", "~ ScoreWorkload"],
        rotates: None,
    };
    life.lives().await;
}

#[tokio::test]
async fn default_rule_sqs() {
    let life = Life {
        type_: "sqs",
        plain: &[
            ("url", ""),
            ("arn", ""),
            ("region", "us-east-1"),
            ("endpoint", "http://sqs-localstack:4566"),
        ],
        secret: &[],
        params: (json!({}), json!({"visibility_timeout": 60})),
        changes: ONE_MORE_JOB,
        rotates: None,
    };
    life.lives().await;
}
