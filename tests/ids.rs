//! Every id of behaviour that is owed by now is named by a test. The list is `tests/data/ids.txt`.
//!
//! A test names an id in its name (`p07_pods_wait`, `p01_p02_shared`, `s01_to_s19_bounds`) or in a comment
//! beside it or in a golden case (`covers: X31 SEC02`).

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The letters of ids, and how many there are of each.
const KNOWN: &[(&str, u32)] = &[
    // Conformance: schema, placeholders, workload objects, variables, files, volumes, order, resources, probes, services.
    ("S", 23),
    ("H", 14),
    ("W", 13),
    ("V", 6),
    ("F", 12),
    ("L", 6),
    ("B", 6),
    ("E", 11),
    ("R", 4),
    ("T", 4),
    // Rules and resources.
    ("P", 12),
    // Faults, conventions of clusters, security.
    ("X", 48),
    ("G", 14),
    ("SEC", 21),
    // Bad input, in the order in which the first issue lists it.
    ("BAD", 13),
];

#[test]
fn every_id_that_is_owed_is_named_by_a_test() {
    let named = named();
    let missing: Vec<_> = owed()
        .into_iter()
        .filter(|(id, _)| !named.contains_key(id))
        .map(|(id, what)| format!("{id} {what}"))
        .collect();
    assert!(missing.is_empty(), "no test names\n{}", missing.join("\n"));
}

#[test]
fn every_id_that_a_test_names_exists() {
    for (id, place) in named() {
        assert!(exists(&id), "{place} names {id}, which nobody has defined");
    }
    for (id, _) in owed() {
        assert!(exists(&id), "tests/data/ids.txt lists {id}, which nobody has defined");
    }
}

/// The ids of the list, each with what it is about.
fn owed() -> BTreeMap<String, String> {
    let path = root().join("tests/data/ids.txt");
    let text = std::fs::read_to_string(path).expect("tests/data/ids.txt");
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let mut owed = BTreeMap::new();
    for line in lines {
        let (id, what) =
            line.split_once(' ').unwrap_or_else(|| panic!("`{line}` does not say what it is about"));
        assert!(owed.insert(id.to_owned(), what.to_owned()).is_none(), "{id} is listed twice");
    }
    owed
}

/// The ids that tests name, each with one place.
fn named() -> BTreeMap<String, String> {
    let mut named = BTreeMap::new();
    for directory in ["src", "tests", "xtask"] {
        for path in files(&root().join(directory)) {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
            for (number, line) in text.lines().enumerate() {
                for id in ids_of(line) {
                    named.entry(id).or_insert_with(|| format!("{shown}:{}", number + 1));
                }
            }
        }
    }
    named
}

/// The ids that a line names, as the name of a function or behind `covers:` in a comment.
fn ids_of(line: &str) -> BTreeSet<String> {
    let line = line.trim_start();
    if let Some(comment) = ["//", "#"].iter().find_map(|mark| line.strip_prefix(mark)) {
        let covered = comment.trim_start_matches('/').trim_start().strip_prefix(concat!("cov", "ers:"));
        return covered.into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect();
    }
    let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
    name.and_then(|name| name.split_once('(')).map(|(name, _)| ids_of_name(name)).unwrap_or_default()
}

/// `p01_p02_shared` names P01 and P02, `s01_to_s03_bounds` S01, S02 and S03, `a_to_x09_b` nothing.
fn ids_of_name(name: &str) -> BTreeSet<String> {
    let mut ids: Vec<(String, u32)> = Vec::new();
    let mut range = false;
    for part in name.split('_') {
        match (id(part), part, ids.last()) {
            (Some((letters, last)), _, Some((before, first))) if range && letters == *before => {
                ids.extend((first + 1..=last).map(|number| (letters.clone(), number)).collect::<Vec<_>>());
                range = false;
            }
            (Some(found), ..) => ids.push(found),
            (None, "to", Some(_)) => range = true,
            (None, "and", Some(_)) => {}
            _ => break,
        }
    }
    ids.into_iter().map(|(letters, number)| format!("{letters}{number:02}")).collect()
}

/// `p07` is P07; other words are none.
fn id(word: &str) -> Option<(String, u32)> {
    let digits = word.find(|c: char| c.is_ascii_digit())?;
    let (letters, number) = (word[..digits].to_uppercase(), &word[digits..]);
    let known = KNOWN.iter().any(|(known, _)| *known == letters);
    (known && number.len() == 2).then(|| Some((letters, number.parse().ok()?))).flatten()
}

fn exists(text: &str) -> bool {
    let found = id(&text.to_lowercase());
    found.is_some_and(|(letters, number)| {
        KNOWN.iter().any(|(known, last)| *known == letters && (1..=*last).contains(&number))
    })
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let is_text = path.extension().is_some_and(|extension| extension == "rs" || extension == "yaml");
            if path.is_dir() {
                directories.push(path);
            } else if is_text {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[cfg(test)]
mod reading {
    use super::*;

    fn ids(line: &str) -> Vec<String> {
        ids_of(line).into_iter().collect()
    }

    #[test]
    fn names_name_ids_at_their_beginning() {
        assert_eq!(ids("    fn p07_p09_pods_wait() {"), ["P07", "P09"]);
        assert_eq!(ids("async fn x44_deletion() {"), ["X44"]);
        assert_eq!(ids("fn h05_and_h07_errors() {"), ["H05", "H07"]);
        assert_eq!(ids("fn s01_to_s04_bounds() {").len(), 4);
        assert_eq!(ids("fn h01_to_h03_and_h12_texts()"), ["H01", "H02", "H03", "H12"]);
        assert_eq!(ids("fn bad03_a_number() {"), ["BAD03"]);
        for line in ["fn from_x09() {", "fn a_to_b() {", "let p01_x = 1;", "fn w1_x() {", "fn utf16_x() {"] {
            assert!(ids(line).is_empty(), "{line}");
        }
    }

    #[test]
    fn comments_name_ids_behind_a_word() {
        assert_eq!(ids(concat!("    /// cov", "ers: X16 SEC02")), ["SEC02", "X16"]);
        assert_eq!(ids(concat!("# cov", "ers: P01")), ["P01"]);
        assert!(ids("// see X16").is_empty());
    }

    #[test]
    fn only_what_is_defined_exists() {
        assert!(exists("S23") && exists("SEC21") && exists("BAD01"));
        for id in ["S24", "S00", "Q01", "S1", "P13", "SEC"] {
            assert!(!exists(id), "{id}");
        }
    }
}
