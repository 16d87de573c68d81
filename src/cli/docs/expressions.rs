//! `docs/expressions.md`: prose of a template, with tables made from what expressions can call and the bounds that hold.

use super::markdown::{code, table};
use crate::plan::patch::PATCH_BYTES;
use crate::plan::rule::bounds;
use crate::plan::rule::scope::{NAMES, Name, Place};
use crate::template::limits;
use crate::template::signature::{FILTERS, FUNCTIONS, Signature, TESTS};

const TEMPLATE: &str = include_str!("expressions.md");

/// The page. A line of the template that is the name of a table becomes the table.
pub(super) fn page() -> String {
    let tables = [
        ("{{names}}", names()),
        ("{{filters}}", called("Filter", FILTERS)),
        ("{{tests}}", called("Test", TESTS)),
        ("{{functions}}", called("Function", FUNCTIONS)),
        ("{{bounds}}", limits_of_rules()),
    ];
    tables.into_iter().fold(TEMPLATE.to_owned(), |text, (slot, table)| text.replace(slot, table.trim_end()))
}

fn names() -> String {
    let row = |it: &Name| {
        let place = match it.place {
            Place::All => "everywhere",
            Place::Resource => "everywhere but in `shared`",
            Place::Live => "`readyWhen`, `outputs`, `patches`",
        };
        [code(it.name), place.to_owned(), it.holds.to_owned()]
    };
    table(["Name", "Where", "What it holds"], NAMES.iter().map(row))
}

fn called(what: &str, all: &[Signature]) -> String {
    let row = |it: &Signature| {
        let (leaf, value) = it.example;
        let example =
            if leaf.is_empty() { String::new() } else { format!("{} is {}", code(leaf), code(value)) };
        [code(it.written), it.does.to_owned(), example]
    };
    table([what, "What it is", "Example"], all.iter().map(row))
}

fn limits_of_rules() -> String {
    let rows = [
        ("Maps, lists, texts and numbers of a rule", bounds::VALUES.to_string()),
        ("Locals of a rule", bounds::LOCALS.to_string()),
        ("Texts of a rule, in all", bytes(bounds::BYTES)),
        ("Expressions of a rule", bounds::EXPRESSIONS.to_string()),
        ("Expressions of a rule, in all", bytes(bounds::EXPRESSION_BYTES)),
        ("An expression", bytes(limits::EXPRESSION_BYTES)),
        ("Brackets and operators in each other", limits::NESTING.to_string()),
        ("A string", bytes(limits::STRING_BYTES)),
        ("What one rule makes for a resource", bytes(limits::OUTPUT_BYTES)),
        ("The patches of a resource, as JSON", bytes(PATCH_BYTES)),
        ("Values that one rule makes, with lists, maps and keys", limits::OUTPUT_VALUES.to_string()),
        ("Items of an `$each`", limits::EACH_ITEMS.to_string()),
        ("Items of a list or map that a filter makes", limits::ITEMS.to_string()),
        ("What the filters of one expression make", bytes(limits::MADE_BYTES)),
        ("Maps and lists in each other", limits::JSON_DEPTH.to_string()),
        ("The values that one expression names", bytes(limits::REACH_BYTES)),
        ("The values that all evaluations of one rule name and make", bytes(limits::WORK_BYTES)),
    ];
    table(["What", "At most"], rows.map(|(what, most)| [what.to_owned(), most]))
}

/// A size as people write it.
fn bytes(bytes: usize) -> String {
    match bytes / 1024 {
        kib if kib >= 1024 => format!("{} MiB", kib / 1024),
        kib => format!("{kib} KiB"),
    }
}
