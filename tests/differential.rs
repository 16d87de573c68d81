//! The operator's verdict on a Score file against that of the official JSON schema, on thousands of
//! documents mutated from real ones: the same, but for the decisions that
//! `docs/differences-to-the-schema.md` lists. Which of them a document falls under is worked out here
//! anew, from the document alone; and what the operator says must be about just those.
//!
//! The documents follow from a seed, which is printed; `DIFFERENTIAL_SEED` sets another one.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

#[path = "differential/decisions.rs"]
mod decisions;
#[path = "differential/documents.rs"]
mod documents;
#[path = "differential/mutation.rs"]
mod mutation;
#[path = "differential/placeholders.rs"]
mod placeholders;
#[path = "differential/values.rs"]
mod values;

use std::collections::BTreeMap;
use std::path::Path;

use decisions::DECISIONS;
use jsonschema::Validator;
use mutation::Dice;
use score_operator::plan::workload::validate;
use serde_json::{Value, json};

/// Documents made at random, besides those that differ from a good one at one place.
const CASES: usize = 14_000;
/// All of them together.
const AT_LEAST: usize = 20_000;
/// So that failures are found fast and the run stays short on two cores.
const THREADS: usize = 4;
const SEED: u64 = 0x5C03_E0D1;

/// How often something came to pass.
type Counts = BTreeMap<&'static str, usize>;

#[test]
fn s01_to_s19_the_verdict_is_that_of_the_schema_and_of_the_listed_decisions() {
    let seed = std::env::var("DIFFERENTIAL_SEED").map_or(SEED, |text| text.parse().expect("a number"));
    println!("seed {seed}");
    let table = table();
    let official = official();
    let bases = documents::all();
    for (name, base) in &bases {
        let wrong: Vec<_> = official.iter_errors(base).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{name} is no document to begin with: {wrong:?}");
    }
    let counts = std::thread::scope(|scope| {
        let part = |part: usize| {
            let (table, official, bases) = (&table, &official, &bases);
            scope.spawn(move || run(seed, part, table, official, bases))
        };
        let parts: Vec<_> = (0..THREADS).map(part).collect();
        parts.into_iter().map(|part| part.join().expect("no failure")).fold(Counts::new(), sum)
    });
    println!("{counts:?}");
    for verdict in ["accepted", "refused"] {
        assert!(counts.get(verdict) > Some(&(AT_LEAST / 10)), "{verdict}: {counts:?}");
    }
    assert!(counts["accepted"] + counts["refused"] >= AT_LEAST, "{counts:?}");
    let unseen: Vec<_> =
        DECISIONS.iter().map(|it| it.name).filter(|name| !counts.contains_key(name)).collect();
    assert!(unseen.is_empty(), "never seen, so untested: {unseen:?}");
}

#[test]
fn the_table_lists_the_decisions() {
    let listed: Vec<_> = table().into_keys().collect();
    let mut decided: Vec<_> = DECISIONS.iter().map(|it| it.name.to_owned()).collect();
    decided.sort();
    assert_eq!(listed, decided);
}

fn sum(mut all: Counts, more: Counts) -> Counts {
    more.into_iter().for_each(|(name, count)| *all.entry(name).or_default() += count);
    all
}

fn run(
    seed: u64,
    part: usize,
    table: &BTreeMap<String, String>,
    official: &Validator,
    bases: &[(String, Value)],
) -> Counts {
    let mut counts = Counts::new();
    let singles: Vec<_> =
        bases[..documents::OWN].iter().flat_map(|(_, base)| mutation::singles(base)).collect();
    for case in (part..CASES + singles.len()).step_by(THREADS) {
        let random = || mutation::mutated(&mut Dice::new(seed, case), bases);
        let file = singles.get(case).cloned().unwrap_or_else(random);
        if let Err(wrong) = judge(&file, official, table, &mut counts) {
            panic!("seed {seed}, case {case}: {wrong}\n{file:#}");
        }
    }
    counts
}

/// Compares the verdicts on one document.
fn judge(
    file: &Value,
    official: &Validator,
    table: &BTreeMap<String, String>,
    counts: &mut Counts,
) -> Result<(), String> {
    let Some(map) = file.as_object() else { return Ok(()) };
    let name = file["metadata"]["name"].as_str().unwrap_or(documents::NAME);
    let said: Vec<_> = match validate(name, map) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    };
    let valid = official.is_valid(&completed(file));
    let fallen: Vec<_> =
        DECISIONS.iter().filter(|it| valid && it.refuses && (it.holds)(file)).map(|it| it.name).collect();
    let verdict = if said.is_empty() { "accepted" } else { "refused" };
    *counts.entry(verdict).or_default() += 1;
    fallen.iter().for_each(|name| *counts.entry(name).or_default() += 1);
    if valid && !official.is_valid(file) {
        *counts.entry("Optional").or_default() += 1;
    }
    if said.is_empty() != (valid && fallen.is_empty()) {
        return Err(format!("schema: {valid}, decisions: {fallen:?}, the operator says: {said:#?}"));
    }
    if valid { about(&said, &fallen, table) } else { Ok(()) }
}

/// What the operator says is about these decisions, and about each of them.
fn about(said: &[String], fallen: &[&str], table: &BTreeMap<String, String>) -> Result<(), String> {
    let is_about = |name: &str, text: &String| table[name].split('\u{1}').any(|like| is_like(like, text));
    if let Some(stray) = said.iter().find(|text| !fallen.iter().any(|name| is_about(name, text))) {
        return Err(format!("about none of {fallen:?}: {stray}"));
    }
    // What the schema of the operator refuses hides what comes after it.
    let hidden = fallen.iter().any(|name| decisions::BY_SHAPE.contains(name));
    match fallen.iter().find(|name| !hidden && !said.iter().any(|text| is_about(name, text))) {
        Some(silent) => Err(format!("nothing about {silent}: {said:#?}")),
        None => Ok(()),
    }
}

/// The document with what a ScoreWorkload may leave out: its own name and version say it.
fn completed(file: &Value) -> Value {
    let mut file = file.clone();
    let Some(map) = file.as_object_mut() else { return file };
    map.entry("apiVersion").or_insert(json!("score.dev/v1b1"));
    if let Some(metadata) = map.entry("metadata").or_insert(json!({})).as_object_mut() {
        metadata.entry("name").or_insert(json!(documents::NAME));
    }
    file
}

fn official() -> Validator {
    let text = std::fs::read_to_string(root().join("tests/data/score/score-v1b1.json")).expect("the schema");
    jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
}

/// The table: what the operator says, by the name of the decision. `*` stands for any text.
fn table() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join("docs/differences-to-the-schema.md")).expect("the table");
    let rows = text.lines().filter(|line| line.starts_with('|') && !line.starts_with("|-")).skip(1);
    let cell = |line: &str, index: usize| {
        let escaped = line.replace("\\|", "\0");
        let cell = escaped.split('|').nth(index).expect("a cell").trim().replace('\0', "|");
        cell.trim_matches('`').replace("` or `", "\u{1}")
    };
    rows.map(|line| (cell(line, 1), cell(line, 4))).collect()
}

fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts: Vec<_> = pattern.split('*').collect();
    let (first, last) = (parts.remove(0), parts.pop());
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
