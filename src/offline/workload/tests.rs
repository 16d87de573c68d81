//! What holds of wrapping and unwrapping any Score file.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::offline::document::{File, contents};

fn document(text: &str) -> Document {
    let found = contents(&File { name: "score.yaml", bytes: text.as_bytes(), is_named: true });
    assert_eq!(found.findings, [], "{text}");
    found.documents.into_iter().next().expect(text)
}

fn no_source(name: &str) -> Result<Vec<u8>, String> {
    Err(format!("cannot read {name}"))
}

fn problems(text: &str) -> Vec<(usize, String, String)> {
    let mut document = document(text);
    let known = prepare(&mut document, &Changes::default(), &no_source).expect("no changes");
    let findings = validate("score.yaml", &document, known);
    let line = |finding: &Finding| finding.place.map_or(0, |place| place.line);
    findings
        .iter()
        .map(|found| (line(found), found.problem.path.clone(), found.problem.message.clone()))
        .collect()
}

#[test]
fn s01_a_score_file_says_its_version_and_name() {
    let containers = "containers: {web: {image: nginx}}\n";
    for (text, paths) in [
        (format!("apiVersion: score.dev/v1b1\nmetadata: {{name: shop}}\n{containers}"), vec![]),
        (format!("metadata: {{name: shop}}\n{containers}"), vec!["apiVersion"]),
        (format!("apiVersion: score.dev/v1b1\n{containers}"), vec!["metadata"]),
        (format!("apiVersion: score.dev/v1b1\nmetadata: {{}}\n{containers}"), vec!["metadata.name"]),
        (containers.to_owned(), vec!["apiVersion", "metadata"]),
        ("5\n".to_owned(), vec![""]),
        ("[]\n".to_owned(), vec![""]),
    ] {
        let found: Vec<_> = problems(&text).into_iter().map(|(_, path, _)| path).collect();
        assert_eq!(found, paths, "{text}");
    }
}

#[test]
fn a_workload_says_what_it_is() {
    let spec = "spec: {containers: {web: {image: nginx}}}\n";
    for (text, expected) in [
        (
            format!(
                "apiVersion: k8s.score.dev/v1alpha1\nkind: ScoreWorkload\nmetadata: {{name: shop}}\n{spec}"
            ),
            vec![],
        ),
        (
            format!("apiVersion: k8s.score.dev/v1\nkind: ScoreWorkload\nmetadata: {{name: shop}}\n{spec}"),
            vec![(1, "apiVersion")],
        ),
        (
            format!("apiVersion: k8s.score.dev/v1alpha1\nkind: ScoreWorkload\nmetadata: {{}}\n{spec}"),
            vec![(3, "metadata.name")],
        ),
        (
            "apiVersion: k8s.score.dev/v1alpha1\nkind: ScoreWorkload\nmetadata: {name: shop}\nspecs: {}\n"
                .to_owned(),
            vec![(1, "spec"), (4, "specs")],
        ),
    ] {
        let found = problems(&text);
        let found: Vec<_> = found.iter().map(|(line, path, _)| (*line, path.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn problems_of_a_workload_name_the_line_below_its_spec() {
    let text = "apiVersion: k8s.score.dev/v1alpha1\nkind: ScoreWorkload\nmetadata:\n  name: shop\nspec:\n  containers:\n    web:\n      image: nginx\n      variables:\n        PORT: 3000\n";
    let found = problems(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].1.as_str()), (10, "containers.web.variables.PORT"));
}

#[test]
fn f03_a_source_that_cannot_be_read_is_said_once() {
    let text = "apiVersion: score.dev/v1b1\nmetadata: {name: shop}\ncontainers:\n  web:\n    image: nginx\n    files:\n      /x: {source: gone}\n";
    let found = problems(text);
    let of_source: Vec<_> = found.iter().filter(|(_, path, _)| path.ends_with(".source")).collect();
    assert_eq!(of_source.len(), 1, "{found:?}");
    assert_eq!((of_source[0].0, of_source[0].2.as_str()), (7, "cannot read gone"));
}

#[test]
fn what_is_known_of_a_path_hides_what_else_is_said_of_it() {
    let file = document("apiVersion: score.dev/v1b1\nmetadata: {name: shop}\ncontainers: {}\n");
    let known = vec![problem("containers.web.image", "known".to_owned())];
    let other =
        vec![problem("containers.web.image", "else".to_owned()), problem("service", "new".to_owned())];
    let findings = located("f", &file, known, other);
    let messages: Vec<_> = findings.iter().map(|found| found.problem.message.as_str()).collect();
    assert_eq!(messages, ["new", "known"]);
}

#[test]
fn e10_overrides_come_before_the_upgrade_and_never_reach_a_workload() {
    let mut score = document(
        "apiVersion: score.dev/v1b1\nmetadata: {name: shop}\ncontainers: {web: {image: ., files: [{target: /a, content: x}]}}\n",
    );
    let changes = Changes {
        overrides: Some(document("containers: {web: {image: nginx}}").node),
        properties: vec!["containers.web.files.0.content=[a, b]".parse().expect("a property")],
        ..Changes::default()
    };
    assert_eq!(prepare(&mut score, &changes, &no_source), Ok(vec![]));
    let web = json!({"image": "nginx", "files": {"/a": {"content": "a\nb"}}});
    assert_eq!(score.node.to_json()["containers"]["web"], web);

    let mut workload = document(&wrap(&score, None));
    assert!(
        prepare(&mut workload, &changes, &no_source)
            .expect_err("refused")
            .contains("overrides are for Score files")
    );
}

#[test]
fn a_name_from_outside_is_that_of_both() {
    let changes = Changes { name: Some("other".to_owned()), ..Changes::default() };
    for text in [
        "apiVersion: score.dev/v1b1\nmetadata: {name: shop}\n",
        "apiVersion: score.dev/v1b1\nmetadata: {}\n",
        "apiVersion: k8s.score.dev/v1alpha1\nkind: ScoreWorkload\nmetadata: {name: shop}\nspec: {metadata: {name: shop}}\n",
    ] {
        let mut document = document(text);
        assert_eq!(prepare(&mut document, &changes, &no_source), Ok(vec![]));
        assert_eq!(name(&document), Some("other"), "{text}");
        assert_eq!(
            document.score().map(|score| score.to_json()["metadata"]["name"].clone()),
            Some(json!("other"))
        );
    }
}

fn names() -> impl Strategy<Value = String> {
    "[a-z0-9][a-z0-9-]{0,6}[a-z0-9]"
}

/// A Score file of the kind that the schema takes, with texts of all kinds.
fn scores() -> impl Strategy<Value = Json> {
    let text = || {
        prop_oneof![
            any::<String>(),
            "[ \\t\\n#:'\"\\-a-c0-9.,yno~|>{}\\[\\]]{0,16}",
            "[a-z]{0,3}(\n[ a-z]{0,4}){0,3}"
        ]
    };
    let variables = prop::collection::btree_map("[A-Z_]{1,6}", text(), 0..4);
    let files = prop::collection::btree_map(text(), (text(), any::<bool>()), 0..3);
    let container = (text(), variables, files, prop::collection::vec(text(), 0..3)).prop_map(
        |(image, variables, files, args)| {
            let file = |(content, expand): (String, bool)| json!({"content": content, "noExpand": expand});
            let files: serde_json::Map<_, _> =
                files.into_iter().map(|(target, found)| (target, file(found))).collect();
            json!({"image": format!("i{image}"), "variables": variables, "files": files, "args": args})
        },
    );
    let params =
        prop_oneof![Just(json!({})), text().prop_map(|text| json!({"a": [1, 2.5, null, true, text]}))];
    let resource = (names(), params).prop_map(|(type_, params)| json!({"type": type_, "params": params}));
    let containers = prop::collection::btree_map(names(), container, 1..3);
    let resources = prop::collection::btree_map(names(), resource, 0..3);
    (names(), containers, resources, text()).prop_map(|(name, containers, resources, note)| {
        json!({
            "apiVersion": "score.dev/v1b1",
            "metadata": {"name": name, "note": note},
            "containers": containers,
            "resources": resources,
        })
    })
}

proptest! {
    #[test]
    fn unwrapping_what_was_wrapped_gives_the_file_again(score in scores()) {
        let file = document(&score.to_string());
        prop_assert_eq!(refused("f", &file, vec![]), vec![]);
        let wrapped = wrap(&file, Some("ns"));
        let workload = document(&wrapped);
        prop_assert_eq!(refused("f", &workload, vec![]), vec![], "{}", wrapped);
        let unwrapped = unwrap(&workload);
        let again = document(&unwrapped);
        prop_assert_eq!(again.node.to_json(), score, "{}", unwrapped);
        prop_assert_eq!(unwrap(&document(&wrap(&again, None))), unwrapped.clone(), "what unwrap wrote comes back to the byte");
        prop_assert_eq!(document(&wrap(&workload, None)).node, workload.node.clone(), "wrapping is idempotent");
        let other: Json = serde_saphyr::from_str(&wrapped).map_err(|error| TestCaseError::fail(format!("{error}\n{wrapped}")))?;
        prop_assert_eq!(other, workload.node.to_json(), "as another reader has it");
    }
}
