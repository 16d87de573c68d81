//! Who refuses what of Score's rules S01 to S19: the API server, by the CRD, or the operator, by a
//! condition. A CRD that says less than it did is noticed here, and so is one that changes what it stores.

use std::collections::BTreeSet;

use score_operator::api::conditions::Reason;
use score_operator::api::workload::ScoreWorkload;
use serde_json::{Value, json};

use crate::real_files::examples;
use crate::schema::refused;
use crate::support::{Score, cluster, score};

/// What the CRD lets pass and the operator refuses: the reason, and where.
fn refused_by_the_operator() -> Vec<(&'static str, Score, Reason, &'static str)> {
    use Reason::{FileSourceUnsupported, ImageMissing, InvalidScore, UnknownResource};
    let main =
        |name: &str, key: &str, value: Value| score(name).set(&format!("/containers/main/{key}"), value);
    let file = |name: &str, value: Value| main(name, "files/~1etc~1app", value);
    let http = json!({"port": 80});
    vec![
        ("S03", score("x"), InvalidScore, "metadata.name"),
        ("S03", score("9-lives").port("http", 80, 80), InvalidScore, "service.ports"),
        ("S05", score("s05").annotation("k8s.score.dev/xy", "1"), InvalidScore, "metadata.annotations"),
        (
            "S07",
            score("s07").set("/service/ports", json!({"aa": http, "bb": http})),
            InvalidScore,
            "service.ports.bb",
        ),
        ("S09", score("s09").image("."), ImageMissing, "containers.main.image"),
        ("S11", score("s11").variable("ä", "1"), InvalidScore, "containers.main.variables"),
        (
            "S12",
            file("s12-base64", json!({"binaryContent": "?"})),
            InvalidScore,
            "containers.main.files[\"/etc/app\"].binaryContent",
        ),
        (
            "S12",
            file("s12-source", json!({"source": "app.conf"})),
            FileSourceUnsupported,
            "containers.main.files[\"/etc/app\"].source",
        ),
        (
            "S13",
            main("s13", "volumes/data", json!({"source": "${resources.db}"})).needs("db", "volume"),
            InvalidScore,
            "containers.main.volumes.data",
        ),
        (
            "S14",
            main("s14", "before/other", json!({"ready": "started"})),
            InvalidScore,
            "containers.main.before.other",
        ),
        (
            "S15",
            main("s15", "resources", json!({"requests": {"cpu": "2"}, "limits": {"cpu": "1"}})),
            InvalidScore,
            "containers.main.resources.requests.cpu",
        ),
        (
            "S19",
            score("s19").needs("db", "volume").with_params(json!({"size": "${resources.other.size}"})),
            UnknownResource,
            "resources.db.params.size",
        ),
    ]
}

#[tokio::test]
async fn s01_to_s19_the_operator_refuses_what_the_crd_cannot() {
    let ns = cluster().await.namespace("verdicts").await;
    let table = refused_by_the_operator();
    let mut applied = Vec::new();
    for (id, file, ..) in &table {
        let stored = ns.try_apply(file).await;
        assert!(stored.is_ok(), "{id}: the CRD refuses it now: {}", stored.unwrap_err().message);
        applied.push(ns.workload(file.name()).await);
    }
    for (workload, (id, _, reason, path)) in applied.iter().zip(&table) {
        let said = workload.is_refused(*reason).await;
        assert!(said.message.starts_with(path), "{id}: {}", said.message);
    }
}

#[tokio::test]
async fn s01_to_s19_each_rule_is_kept_by_somebody() {
    let by_crd: BTreeSet<_> = refused().into_iter().map(|(id, ..)| id).collect();
    let by_operator: BTreeSet<_> = refused_by_the_operator().into_iter().map(|(id, ..)| id).collect();
    let all = (1..=19).map(|number| format!("S{number:02}"));
    // S04 is that metadata may hold any further keys.
    let missing: Vec<_> = all.filter(|id| id != "S04" && !by_crd.contains(id.as_str())).collect();
    assert_eq!(missing, [] as [&str; 0], "the CRD says something of every rule");
    assert_eq!(
        by_operator.into_iter().collect::<Vec<_>>(),
        ["S03", "S05", "S07", "S09", "S11", "S12", "S13", "S14", "S15", "S19"]
    );
}

/// No default is written into `spec`, and applying the same again changes nothing.
#[tokio::test]
async fn e11_every_example_is_stored_as_it_was_written() {
    let ns = cluster().await.namespace("round-trip").await;
    for (at, file) in examples().into_iter().enumerate() {
        let name = format!("example-{at}");
        let mut file = file.without("/metadata/name");
        file.body["metadata"]["name"] = json!(name);
        let workload = ns.apply(file.clone()).await;
        assert_eq!(json!(workload.now().await.spec), file.body["spec"]);

        let again = ns.dry_run(&file).await.unwrap();
        assert_eq!((again.metadata.generation, json!(again.spec)), (Some(1), file.body["spec"].clone()));
        ns.delete::<ScoreWorkload>(&name).await;
    }
}

#[tokio::test]
async fn kubectl_diff_sees_no_difference() {
    let cluster = cluster().await;
    let ns = cluster.namespace("diff").await;
    let file = Score::wrapped("tests/data/score/examples/specification/probes/score.yaml");
    ns.apply(file.clone()).await.becomes_ready().await;
    let diff = |file: &Score| {
        let arguments = ["--namespace", "diff", "diff", "--server-side", "--field-manager=test", "-f", "-"];
        cluster.kubectl(&arguments, &file.body.to_string())
    };
    assert_eq!(diff(&file).as_deref(), Ok(""));
    let other = file.set("/containers/my-container/image", json!("registry.example/other"));
    assert!(diff(&other).is_err(), "a difference is an exit status of 1");
}
