//! The options and files of a run, as the commands hand them to `offline`.

use std::collections::BTreeSet;
use std::str::FromStr;

use score_operator::offline::document::{File, contents};
use score_operator::offline::finding::Finding;
use score_operator::offline::inline::inline;
use score_operator::offline::source::Source;
use score_operator::offline::upgrade::upgrade;
use score_operator::offline::workload::{Changes, prepare, validate};
use score_operator::offline::yaml::{self, Node};

use super::data::Run;

/// `path: message`, one per problem.
pub type Refused = Vec<String>;

/// The workloads of a run. `steps` gets the ids of what the resource in the cluster would not do.
pub fn sources(run: &Run, steps: &mut BTreeSet<&'static str>) -> Result<Vec<Source>, Refused> {
    let changes = changes(run).map_err(|message| vec![message])?;
    changes.fit(run.scores.len()).map_err(|message| vec![message])?;
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    for text in &run.scores {
        match source(text, run, &changes, steps) {
            Ok(source) => found.extend(source),
            Err(problems) => refused.extend(problems),
        }
    }
    if refused.is_empty() { Ok(found) } else { Err(refused) }
}

/// The namespace that the command names.
pub fn namespace(run: &Run) -> Option<&str> {
    options(run, "--namespace").next()
}

fn options<'a>(run: &'a Run, name: &str) -> impl Iterator<Item = &'a str> {
    run.options.windows(2).filter(move |pair| pair[0] == name).map(|pair| pair[1].as_str())
}

fn parsed<T: FromStr>(run: &Run, name: &str) -> Result<Vec<T>, T::Err> {
    options(run, name).map(str::parse).collect()
}

fn changes(run: &Run) -> Result<Changes, String> {
    let file = |name: &str| String::from_utf8_lossy(&run.files[name]).into_owned();
    let overrides = options(run, "--overrides-file").next().map(|name| yaml::read(&file(name)));
    let overrides = overrides.transpose().map_err(|troubles| format!("{troubles:?}"))?;
    Ok(Changes {
        overrides: overrides.and_then(|documents| documents.into_iter().next()),
        properties: parsed(run, "--override-property")?,
        images: parsed(run, "--image")?,
        ..Changes::default()
    })
}

fn source(
    text: &str,
    run: &Run,
    changes: &Changes,
    steps: &mut BTreeSet<&'static str>,
) -> Result<Option<Source>, Refused> {
    let name = "score.yaml";
    let found = contents(&File { name, bytes: text.as_bytes(), is_named: true });
    let Some(mut document) = found.documents.into_iter().next() else { return Err(shown(&found.findings)) };
    let read = |name: &str| run.files.get(name).cloned().ok_or_else(|| format!("cannot read `{name}`"));
    steps.extend(needed(&document.node, changes, &read));
    let known = prepare(&mut document, changes, &read).map_err(|message| vec![message])?;
    let findings = validate(name, &document, known);
    if !findings.is_empty() {
        return Err(shown(&findings));
    }
    let source = Source::new(name, &document);
    Ok(source.map(|source| Source { uid: format!("uid-of-{}", source.name), ..source }))
}

/// The steps that a file and a command ask for.
fn needed(
    score: &Node,
    changes: &Changes,
    read: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> impl Iterator<Item = &'static str> + use<> {
    let changed = |step: &dyn Fn(&mut Node)| {
        let mut after = score.clone();
        step(&mut after);
        after != *score
    };
    let all = [
        ("E10", changes.overrides.is_some() || !changes.properties.is_empty()),
        ("S20", changed(&|score| drop(upgrade(score)))),
        ("W08", !changes.images.is_empty()),
        ("F03", changed(&|score| drop(inline(score, read)))),
    ];
    all.into_iter().filter(|(_, is_needed)| *is_needed).map(|(id, _)| id)
}

fn shown(findings: &[Finding]) -> Refused {
    findings.iter().map(|finding| finding.problem.to_string()).collect()
}
