//! What is refused when an expression is compiled, and what is known of one that passes.

use super::*;
use crate::template::chain::Rest;
use crate::template::token::scan_braced;

fn facts(expression: &str) -> Result<Facts, String> {
    let text = format!(" {expression} }}}}");
    check(&scan_braced(&text)?.tokens)
}

fn names(expression: &str) -> Vec<String> {
    facts(expression)
        .unwrap_or_else(|error| panic!("{expression}: {error}"))
        .names
        .iter()
        .map(|name| name.path.join("/"))
        .collect()
}

#[test]
fn names_are_found_with_their_constant_keys() {
    for (expression, expected) in [
        ("a", vec!["a"]),
        ("generated.password | b64encode", vec!["generated/password"]),
        ("objects.db.status.conditions[0].type == 'Ready'", vec!["objects/db/status/conditions/0/type"]),
        (
            "objects.db.metadata.annotations['a.b/c'] is defined",
            vec!["objects/db/metadata/annotations/a.b/c"],
        ),
        ("locals.sizes[params.size].cpu", vec!["locals/sizes", "params/size"]),
        ("{'a': x, b: [y, (z)]}", vec!["x", "b", "y", "z"]),
        ("secret_ref(locals.name ~ '-conn', 'k')", vec!["locals/name"]),
        ("a if b is not defined else omit", vec!["a", "b"]),
        ("a.is.b and c.not and not d.if", vec!["a/is/b", "c/not", "d/if"]),
        ("x | default(y.z)", vec!["x", "y/z"]),
        ("guid[:8] ~ guid[a:b]", vec!["guid", "guid", "a", "b"]),
        ("true == none", vec![]),
        ("'a.b' ~ \"c\"", vec![]),
    ] {
        assert_eq!(names(expression), expected, "{expression}");
    }
}

#[test]
fn the_rest_of_a_name_tells_what_is_reached() {
    for (expression, rest) in [
        ("a.b", Rest::Whole),
        ("a.b[c]", Rest::Entry),
        ("a.b[-1].d", Rest::Entry),
        ("a.b[1:c[2]]", Rest::Whole),
        ("a['\\n']", Rest::Entry),
    ] {
        assert_eq!(facts(expression).unwrap().names[0].rest, rest, "{expression}");
    }
}

#[test]
fn the_filter_of_the_whole_is_known() {
    for (expression, filter) in [
        ("a | b64encode", Some("b64encode")),
        ("(a ~ ':' ~ b) | b64encode", Some("b64encode")),
        ("a | default('x') | b64encode", Some("b64encode")),
        ("a | b64encode | default('x')", Some("default")),
        ("a ~ b | b64encode", None),
        ("a | b64encode if c else d", None),
        ("a | b64encode == b", None),
        ("[a | b64encode]", None),
        ("a | b64encode is defined", None),
        ("a", None),
    ] {
        assert_eq!(facts(expression).unwrap().outer_filter.as_deref(), filter, "{expression}");
    }
}

#[test]
fn p_bounds_unknown_filters_tests_and_functions_are_found_without_running() {
    for (expression, message) in [
        ("a | b64encod", "filter `b64encod` is unknown; did you mean `b64encode`?"),
        ("a if false else (b | title)", "filter `title` is unknown"),
        ("a | dns_label.x", "cannot be followed by `.`"),
        ("a | default", "`default` is written `value | default(other)`"),
        ("a | default()", "`default` is written"),
        ("a | default(b, c)", "`default` is written"),
        ("a | default(b, )", ""),
        ("a | b64encode(1)", "`b64encode` is written `text | b64encode`"),
        ("a is define", "test `define` is unknown; did you mean `defined`?"),
        ("a is not strin", "test `strin` is unknown; did you mean `string`?"),
        ("a is divisibleby 3", "test `divisibleby` is unknown"),
        ("a is string 3", "test `string` takes no argument"),
        ("a is defined in b", "test `defined` takes no argument"),
        ("a is defined(b)", "test `defined` takes no argument"),
        ("a is string - 1", "test `string` takes no argument"),
        ("range(10)", "function `range` is unknown"),
        ("secretref(a, b)", "function `secretref` is unknown; did you mean `secret_ref`?"),
        ("secret_ref(a)", "`secret_ref` is written `secret_ref(name, key)`"),
        ("secret_ref", "`secret_ref` is written"),
        ("super()", "function `super` is unknown"),
        ("loop(a)", "function `loop` is unknown"),
        ("a.items()", "`.items(…)` is a method"),
        ("a['b']()", "only functions can be called"),
        ("(a)(b)", "only functions can be called"),
        ("'x'(b)", "only functions can be called"),
        ("a if b", "an `if` needs an `else`"),
        ("[a if b, c if d else e]", "an `if` needs an `else`"),
        ("a if b if c else d", "an `if` needs an `else`"),
        ("a ~ and", "`and` stands where a value is expected"),
        ("a == not b", "`not` stands where a value is expected"),
        ("not in b", "`in` stands where a value is expected"),
        ("-not", "`not` stands where a value is expected"),
        ("is.secret", "`is` stands where a value is expected"),
        ("[in]", "`in` stands where a value is expected"),
        ("a if else b", "`else` stands where a value is expected"),
        ("a * b", "`*` is not allowed"),
        ("a ** b", "`**` is not allowed"),
        ("secret_ref(*a)", "`*` is not allowed"),
        ("secret_ref(name=a, key=b)", "`=` assigns"),
        ("a = b", "`=` assigns"),
        ("a[::2]", "slices have no step"),
        ("a[1:2:-1]", "slices have no step"),
    ] {
        match facts(expression) {
            Err(error) => assert!(!message.is_empty() && error.contains(message), "{expression}: {error}"),
            Ok(_) => assert_eq!(message, "", "{expression}"),
        }
    }
}

#[test]
fn what_is_allowed_passes() {
    for expression in [
        "a is defined and b is none or c is not mapping",
        "(a is defined) == true",
        "[a is string, b is number]",
        "a is defined if b else c is sequence",
        "a | default(b | default(c))",
        "a not in [1, 2.5, -3] and not (b in c)",
        "{'a': {'b': c[1:2]}}['a'].b[0]",
        "-a + b - c / d // e % f",
        "1 <= a < 10",
        "[not a, {'x': not b}, (not not c) == d] if not e else not f",
        "a if b else (c if d else e)",
        "a if b else c if d else e",
    ] {
        facts(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    }
}

#[test]
fn p_bounds_nesting_counts_brackets_prefixes_and_chains() {
    let brackets = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    let lists = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    let prefixes = |n: usize| format!("{}true", "not ".repeat(n));
    let minus = |n: usize| format!("{}1", "-".repeat(n));
    let sums = |n: usize| format!("1{}", "+1".repeat(n));
    let joins = |n: usize| format!("a{}", "~a".repeat(n));
    let ands = |n: usize| format!("a{}", " and a".repeat(n));
    let comparisons = |n: usize| format!("a{}", "<a".repeat(n));
    let attributes = |n: usize| format!("a{}", ".a".repeat(n));
    let subscripts = |n: usize| format!("a{}", "[0]".repeat(n));
    let filters = |n: usize| format!("a{}", "|dns_label".repeat(n));
    let tests = |n: usize| format!("a{}", " is defined".repeat(n));
    let mixed = |n: usize| format!("{}1{}", "(1+".repeat(n / 2), ")".repeat(n / 2));
    let makers: [&dyn Fn(usize) -> String; 13] = [
        &brackets,
        &lists,
        &prefixes,
        &minus,
        &sums,
        &joins,
        &ands,
        &comparisons,
        &attributes,
        &subscripts,
        &filters,
        &tests,
        &mixed,
    ];
    for maker in makers {
        facts(&maker(NESTING)).unwrap_or_else(|error| panic!("{}: {error}", maker(NESTING)));
        assert!(facts(&maker(NESTING + 2)).unwrap_err().contains("nests deeper"), "{}", maker(NESTING + 2));
    }
}

#[test]
fn elements_side_by_side_do_not_nest() {
    let list = format!("[{}]", vec!["a.b.c ~ 'x'"; 60].join(", "));
    facts(&list).unwrap();
}
