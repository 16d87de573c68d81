//! The walls of the design, held by reading the sources: imports point down, one place sees the client,
//! functions and files stay short, and nothing names the machine that it was written on.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use architecture::scan::{Function, Source};

#[path = "architecture/mod.rs"]
mod architecture;

/// The floors: a module may use those of its own floor and below.
const FLOORS: &[(&str, u8)] = &[
    ("cli", 6),
    ("controller", 5),
    ("offline", 5),
    ("cluster", 4),
    ("render", 3),
    ("status", 3),
    ("plan", 2),
    ("template", 1),
    ("api", 0),
];
/// Modules that must not see others although these stand no higher.
const APART: &[(&str, &[&str])] = &[("offline", &["cluster", "controller"]), ("controller", &["offline"])];
/// Beside the floors: used by the top only, and uses nothing of ours.
const BESIDE: &str = "telemetry";

/// Where the client may be seen: where it talks, and where it is made and handed on.
const CLIENT_PLACES: &[&str] = &["src/cluster/", "src/controller/wiring.rs", "src/cli/run.rs"];

const LONGEST_FUNCTION: usize = 60;
const LONGEST_FILE: usize = 400;

#[test]
fn imports_point_down() {
    let wrong: Vec<_> = sources("src").iter().flat_map(upward).collect();
    assert!(
        wrong.is_empty(),
        "{}\nThe floors are in tests/architecture.rs and in the design.",
        wrong.join("\n")
    );
}

#[test]
fn only_the_cluster_and_the_wiring_see_the_client() {
    let wrong: Vec<_> = sources("src").iter().flat_map(client).collect();
    assert!(wrong.is_empty(), "{}\nLet a function in src/cluster do it.", wrong.join("\n"));
}

#[test]
fn functions_are_short() {
    for root in ["src", "xtask/src"] {
        let sources = sources(root);
        let functions: Vec<_> = sources.iter().flat_map(Source::functions).filter(|it| !it.is_test).collect();
        let lines = |function: &Function| format!("{} lines: {}", function.lines, function.place);
        let long: Vec<_> = functions.iter().filter(|it| it.lines > LONGEST_FUNCTION).map(lines).collect();
        let (median, p90) = (percentile(&functions, 50), percentile(&functions, 90));
        println!("{root}: {} functions, median {median}, p90 {p90} lines", functions.len());
        assert!(functions.len() > 20, "only {} functions found in {root}", functions.len());
        assert!(long.is_empty(), "longer than {LONGEST_FUNCTION} lines:\n{}", long.join("\n"));
        assert!(median <= 10 && p90 <= 30, "{root}: median {median} (at most 10), p90 {p90} (at most 30)");
    }
}

#[test]
fn files_are_short() {
    let all = ["src", "xtask/src"].into_iter().flat_map(sources);
    let long: Vec<_> = all
        .filter(|source| source.text.lines().count() > LONGEST_FILE)
        .map(|source| format!("{} lines: {}", source.text.lines().count(), source.path))
        .collect();
    assert!(long.is_empty(), "longer than {LONGEST_FILE} lines:\n{}", long.join("\n"));
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let mut wrong = Vec::new();
    for path in architecture::files(root(), &["target", ".git"]) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let shown = shown(&path);
        for (number, line) in text.lines().enumerate() {
            wrong.extend(machine_path(line).map(|found| format!("{shown}:{}: {found}", number + 1)));
        }
    }
    assert!(wrong.is_empty(), "paths of one machine:\n{}", wrong.join("\n"));
}

/// A path that only one machine has, if a line holds one.
fn machine_path(line: &str) -> Option<&'static str> {
    // In pieces, so that this file does not hold them.
    const PATHS: &[&str] =
        &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/Use", "rs/"), concat!("../sha", "red/")];
    const HOME: &str = concat!("/ho", "me/");
    let home = || line.contains(HOME).then_some(HOME);
    PATHS.iter().find(|path| line.contains(**path)).copied().or_else(home)
}

/// Uses of a higher floor, each with its place.
fn upward(source: &Source) -> Vec<String> {
    let Some(own) = source.module().first().cloned() else { return Vec::new() };
    let apart = |used: &str| APART.iter().any(|(module, others)| *module == own && others.contains(&used));
    let allowed = |used: &str| match (floor(&own), floor(used)) {
        _ if own == used => true,
        _ if apart(used) => false,
        (Some(own), Some(used)) => used <= own,
        (Some(top), None) => used == BESIDE && top == 6,
        (None, _) => false,
    };
    let wrong = source.uses().into_iter().filter(|found| !allowed(&found.module));
    wrong.map(|found| format!("{}:{}: `{own}` uses `{}`", source.path, found.line, found.module)).collect()
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// Where a file outside its places names the client of kube, or takes one that somebody else has.
fn client(source: &Source) -> Vec<String> {
    if CLIENT_PLACES.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let named = source.named("kube", "Client").into_iter().map(|line| (line, "kube::Client"));
    let taken = source.fields("client").into_iter().map(|line| (line, ".client"));
    named.chain(taken).map(|(line, what)| format!("{}:{line}: `{what}`", source.path)).collect()
}

fn percentile(functions: &[Function], percent: usize) -> usize {
    let mut lines: Vec<_> = functions.iter().map(|function| function.lines).collect();
    lines.sort_unstable();
    lines.get((lines.len() * percent / 100).min(lines.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// The Rust files below a directory, test modules marked.
fn sources(directory: &str) -> Vec<Source> {
    let paths = architecture::files(&root().join(directory), &[]);
    let rust = paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let read = |path: PathBuf| Source::new(shown(&path), std::fs::read_to_string(&path).expect("a source"));
    let mut sources: Vec<_> = rust.map(read).collect();
    let tests: BTreeSet<_> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        source.is_test = tests.iter().any(|test| source.is_below(test));
    }
    assert!(sources.len() > 5, "only {} sources in {directory}", sources.len());
    sources
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned()
}

/// Each test here breaks one wall and sees that it is noticed.
mod the_walls_hold {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source::new(path.to_owned(), text.to_owned())
    }

    fn upward_in(path: &str, text: &str) -> usize {
        upward(&source(path, text)).len()
    }

    #[test]
    fn against_every_way_to_import_from_above() {
        for text in [
            "use crate::controller::pass;",
            "use crate::{api::names, cluster::world::World};",
            "use crate::{\n    api,\n    status::{self, Outcome},\n};",
            "fn f() { crate::cluster::call() }",
            "use super::super::cluster;",
            "mod inner { use super::super::super::cluster::x; }",
            "use crate::telemetry;",
            "use crate::*;",
        ] {
            assert_eq!(upward_in("src/plan/rule.rs", text), 1, "{text}");
        }
        assert_eq!(upward_in("src/telemetry/mod.rs", "use crate::api::labels;"), 1);
        assert_eq!(upward_in("src/controller/mod.rs", "use crate::telemetry::Log;"), 1);
        assert_eq!(upward_in("src/plan/mod.rs", "use super::render;"), 1);
        assert_eq!(upward_in("src/offline/mod.rs", "use crate::cluster::world;"), 1);
        assert_eq!(upward_in("src/offline/mod.rs", "use crate::controller::pass;"), 1);
        assert_eq!(upward_in("src/controller/mod.rs", "use crate::offline::yaml;"), 1);
    }

    #[test]
    fn and_let_pass_what_is_allowed() {
        for text in [
            "use crate::{api::names, template};\nuse super::problem;\nuse super::super::api;",
            "// use crate::cluster::world;\n/* crate::cluster */",
            "const A: &str = \"use crate::cluster::x\"; const B: &str = r#\"crate::cluster::\"x\"#; const C: char = '\"';",
            "mod tests { use super::*; use super::super::problem; }",
            "fn f<'a>(x: &'a str) -> &'a str { x } use crate::plan::graph;",
        ] {
            assert_eq!(upward_in("src/plan/rule.rs", text), 0, "{text}");
        }
        assert_eq!(upward_in("src/cli/run.rs", "use crate::telemetry; use super::RunArgs;"), 0);
    }

    #[test]
    fn against_a_client_in_the_wrong_place() {
        let text = "use kube::{\n    Api, Client};\n// kube::Client\nenum Error { Client(kube::Error) } let x = \"kube::Client\";";
        assert_eq!(client(&source("src/plan/mod.rs", text)).len(), 1);
        assert_eq!(client(&source("src/plan/mod.rs", "use kube::client::{Body, Client as C};")).len(), 1);
        assert_eq!(
            client(&source("src/plan/mod.rs", "fn f(w: &World) { g(w.client.clone()); let client = 1; }"))
                .len(),
            1
        );
        assert_eq!(client(&source("src/controller/pass.rs", "fn f(c: &kube::Client) {}")).len(), 1);
        assert_eq!(client(&source("src/cluster/apply.rs", text)).len(), 0);
    }

    #[test]
    fn and_count_lines_as_people_do() {
        let text = "trait T {\n    fn none(&self);\n}\nfn one() -> [u8; 2] { [1, 2] }\nfn three<F: Fn() -> u8>(f: F)\nwhere F: Copy {\n    \"}\"; '{'; // }\n}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn long() {\n    }\n}\n";
        let found = source("src/a.rs", text).functions();
        let seen: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.lines, it.is_test)).collect();
        assert_eq!(seen, [("one", 1, false), ("three", 4, false), ("long", 2, true)]);
    }

    #[test]
    fn and_know_test_modules_in_files_of_their_own() {
        let mut parent = source(
            "src/render/drift.rs",
            "#[cfg(test)]\nmod tests;\nmod compare;\n#[cfg(test)]\n#[path = \"odd.rs\"]\nmod more;",
        );
        assert_eq!(
            parent.test_modules(),
            ["src/render/drift/tests", "src/render/drift/more", "src/render/odd"]
        );
        parent.path = "src/render/mod.rs".into();
        assert_eq!(parent.test_modules()[0], "src/render/tests");
        assert!(source("src/render/tests/deep.rs", "").is_below("src/render/tests"));
        assert!(source("src/render/tests.rs", "").is_below("src/render/tests"));
        assert!(!source("src/render/tests_of.rs", "").is_below("src/render/tests"));
    }

    #[test]
    fn and_see_paths_of_one_machine() {
        assert!(machine_path(concat!("cd /wo", "rk/main")).is_some());
        assert!(machine_path(concat!("x=/ho", "me/me/x")).is_some());
        assert!(machine_path("mountPath: /tmp").is_none());
    }
}
