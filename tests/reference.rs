//! Our answers against those of score-k8s, recorded in `tests/data/score-k8s`: equal field by field, or
//! different as `docs/differences-to-score-k8s.md` says, row by row. A row that explains nothing is
//! as red as a difference that no row explains. Nothing here can be accepted by a switch.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

#[path = "reference/data.rs"]
mod data;
#[path = "reference/difference.rs"]
mod difference;
#[path = "reference/engine.rs"]
mod engine;
#[path = "reference/location.rs"]
mod location;
#[path = "reference/normal.rs"]
mod normal;
#[path = "reference/offline.rs"]
mod offline;
#[path = "reference/provisioners.rs"]
mod provisioners;
#[path = "reference/table.rs"]
mod table;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::LazyLock;

use data::{Answer, Case};
use difference::Difference;
use engine::Ours;
use table::Row;

/// What came of one case.
struct Compared {
    name: String,
    /// Differences that no row explains.
    complaints: Vec<String>,
    /// The rows that were needed.
    used: BTreeSet<usize>,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(table::rows);
static COMPARED: LazyLock<Vec<Compared>> = LazyLock::new(|| data::cases().iter().map(compared).collect());

#[test]
fn e11_every_answer_is_that_of_score_k8s_or_its_difference_is_listed() {
    let wrong: Vec<_> = COMPARED.iter().filter(|case| !case.complaints.is_empty()).collect();
    let mut text = String::new();
    for case in &wrong {
        let _ = writeln!(text, "{}\n    {}", case.name, case.complaints.join("\n    "));
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{text}", wrong.len(), COMPARED.len());
}

#[test]
fn every_row_of_the_table_explains_a_difference() {
    let used: BTreeSet<_> = COMPARED.iter().flat_map(|case| case.used.clone()).collect();
    let idle: Vec<_> = (0..ROWS.len()).filter(|index| !used.contains(index)).collect();
    let shown: Vec<_> = idle.iter().map(|index| ROWS[*index].to_string()).collect();
    assert!(idle.is_empty(), "these rows explain nothing any more:\n{}", shown.join("\n"));
}

#[test]
fn all_cases_are_read() {
    let vectors = data::cases().iter().filter(|case| case.follow.is_some()).count();
    assert_eq!((vectors, COMPARED.len() - vectors), (256, 45));
}

fn compared(case: &Case) -> Compared {
    let ours = engine::answer(case);
    let mut found = differences(case, &ours);
    let explained = |found: &Difference| -> Vec<usize> {
        (0..ROWS.len()).filter(|index| ROWS[*index].explains(case, found)).collect()
    };
    let own = |found: &Difference| explained(found).iter().any(|index| case.ids.contains(&ROWS[*index].id));
    // An answer that is not to be given, and nothing that its id changes: a row must say what else differs.
    if case.follow == Some(false) && !found.iter().any(own) {
        found.push(Difference::new("(same)", "-", "-"));
    }
    let unexplained = found.iter().filter(|found| explained(found).is_empty());
    Compared {
        name: case.name.clone(),
        complaints: unexplained
            .map(|found| format!("{} | {} | {}", found.place, short(&found.theirs), short(&found.ours)))
            .collect(),
        used: found.iter().flat_map(explained).collect(),
    }
}

fn short(text: &str) -> String {
    text.chars().take(400).collect()
}

/// Every difference between the answers, and between the ways to them.
fn differences(case: &Case, ours: &Ours) -> Vec<Difference> {
    let mut found: Vec<_> = ours
        .offline
        .iter()
        .map(|step| Difference::new(format!("(offline) {step}"), "generate", "wrap"))
        .collect();
    found.extend(ours.released.iter().map(|_| Difference::new("ScoreResource (state)", "kept", "released")));
    if case.port_order_varies {
        found.push(Difference::new("Service .spec.ports (order)", "varies", "by name"));
    }
    match (&case.expected, &ours.answer) {
        (Answer::Manifests(theirs), Answer::Manifests(made)) => {
            let made = normal::by_id(made, &ours.tokens);
            found.extend(difference::objects(&normal::by_id(theirs, &[]), &made));
        }
        (Answer::Error(error), Answer::Manifests(_)) => {
            found.push(Difference::new("(answer)", format!("error: {error}"), "objects"));
        }
        (Answer::Manifests(_), Answer::Error(condition)) => {
            found.push(Difference::new("(answer)", "objects", format!("condition: {condition}")));
        }
        (Answer::Error(error), Answer::Error(condition)) if case.follow == Some(false) => {
            let condition = format!("condition: {condition}");
            found.push(Difference::new("(answer)", format!("error: {error}"), condition));
        }
        (Answer::Error(_), Answer::Error(_)) => {}
    }
    found.extend(unnamed(case, &ours.answer));
    found
}

/// Where both refuse, our message names the place that theirs does; or its line, where the text is no YAML of ours.
fn unnamed(case: &Case, ours: &Answer) -> Option<Difference> {
    let (Answer::Error(theirs), Answer::Error(ours)) = (&case.expected, ours) else { return None };
    let place = location::of(theirs)?;
    let named = ours.contains(&place) || ours.contains("not valid YAML: line ");
    (!named).then(|| Difference::new("(path)", place, ours))
}
