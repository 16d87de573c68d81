//! The bounds, and the attacks that they are for (`provisioning.md`, `facts.md`).

use std::time::Instant;

use super::limits::*;
use super::*;

fn big(bytes: usize) -> Scope {
    scope().with("big", json!("x".repeat(bytes)))
}

#[test]
fn p_bounds_an_expression_is_at_most_2_kib() {
    let expression = |length: usize| format!("{{{{ '{}' }}}}", "x".repeat(length - 2));
    assert!(plain(&json!(expression(EXPRESSION_BYTES))).is_string());
    assert!(refusals(&json!(expression(EXPRESSION_BYTES + 1)))[0].contains("longer than 2048 bytes"));
    assert!(
        refusals(&json!(format!("{{{{ a {} }}}}", " ".repeat(100_000))))[0]
            .contains("longer than 2048 bytes")
    );
}

#[test]
fn p_bounds_a_text_is_at_most_256_kib() {
    assert!(plain(&json!("x".repeat(STRING_BYTES))).is_string());
    assert!(refusals(&json!("x".repeat(STRING_BYTES + 1)))[0].contains("longer than 256 KiB"));
    let scope = big(STRING_BYTES / 2 + 1);
    for template in ["{{ big ~ big }}", "{{ big }}{{ big }}", "{{ big + big }}", "{{ [big ~ big] }}"] {
        let error = evaluate(&json!(template), &scope).unwrap_err();
        assert!(error.contains("longer than 256 KiB"), "{template}: {error}");
    }
    let error = evaluate(&json!("{{ big | b64encode }}"), &big(STRING_BYTES)).unwrap_err();
    assert!(error.contains("`b64encode` makes more than 256 KiB"), "{error}");
    let error = evaluate(&json!("{{ big }}"), &big(STRING_BYTES + 1)).unwrap_err();
    assert!(error.contains("longer than 256 KiB"), "{error}");
}

#[test]
fn p_bounds_a_rule_makes_at_most_1_mib_over_all_its_nodes() {
    let scope = big(STRING_BYTES - 8);
    let node = Node::compile(&json!("{{ big }}"), "spec").unwrap();
    let mut budget = Budget::new();
    for _ in 0..4 {
        node.evaluate(&scope, &mut budget).unwrap();
    }
    let error = node.evaluate(&scope, &mut budget).unwrap_err().to_string();
    assert!(error.contains("makes more than 1024 KiB"), "{error}");
    let list = format!("{{{{ [{}] }}}}", vec!["big"; 15].join(","));
    assert!(evaluate(&json!(list), &scope).unwrap_err().contains("makes more than 1024 KiB"));
    let constants = json!(vec!["x".repeat(STRING_BYTES); 5]);
    assert_eq!(evaluate(&constants, &scope), Err("spec: the rule makes more than 1024 KiB in all".into()));
}

#[test]
fn p_bounds_a_rule_makes_at_most_20000_values() {
    // Each list counts for itself and for its item, each entry of a map for its key and its value.
    let of = |values: usize| json!(vec![json!([1]); values / 2]);
    assert!(evaluate(&of(OUTPUT_VALUES - 2), &scope()).is_ok());
    assert!(evaluate(&of(OUTPUT_VALUES), &scope()).unwrap_err().contains("makes more than 20000 values"));
    let map: BTreeMap<String, u8> = (0..OUTPUT_VALUES / 2).map(|n| (n.to_string(), 0)).collect();
    let given = Scope::new().with("map", json!(map));
    for template in ["{{ map }}", "{{ {'a': map} }}"] {
        assert!(evaluate(&json!(template), &given).unwrap_err().contains("makes more than 20000 values"));
    }
}

#[test]
fn p_bounds_values_nest_at_most_64_deep_wherever_they_come_from() {
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let given = |depth: usize| {
        Scope::new().with("deep", nested(depth)).with_entry("locals", "deep", nested(depth).into())
    };
    for template in ["{{ deep }}", "{{ locals.deep }}"] {
        assert!(evaluate(&json!(template), &given(JSON_DEPTH)).is_ok());
        assert!(
            evaluate(&json!(template), &given(JSON_DEPTH + 1)).unwrap_err().contains("nests deeper than 64")
        );
    }
    for template in ["{{ [deep] }}", "{{ {'a': locals.deep} }}", "{{ [deep] | json }}"] {
        assert!(evaluate(&json!(template), &given(JSON_DEPTH)).unwrap_err().contains("nests deeper than 64"));
    }
}

#[test]
fn p_bounds_a_loop_runs_over_at_most_256_items() {
    let items = |n: usize| Scope::new().with("list", json!(vec![0; n]));
    let each = json!({"$each": "{{ list }}", "$do": "{{ index }}"});
    assert!(evaluate(&each, &items(EACH_ITEMS)).is_ok());
    let error = evaluate(&each, &items(EACH_ITEMS + 1)).unwrap_err();
    assert_eq!(error, "spec.$each: `$each` runs over 257 items, and may over 256");
}

#[test]
fn p_bounds_loops_in_loops_end() {
    let list = Scope::new().with("list", json!(vec![0; EACH_ITEMS]));
    let mut template = json!("{{ omit }}");
    for _ in 0..8 {
        template = json!({"$each": "{{ list }}", "$do": template});
    }
    let start = Instant::now();
    assert!(evaluate(&template, &list).unwrap_err().contains("the rule evaluates too much"));
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    let constant = json!({"$each": "{{ list }}", "$do": {"$each": "{{ list }}", "$do": {"$each": "{{ list }}", "$do": "constant"}}});
    assert!(evaluate(&constant, &list).unwrap_err().contains("in all"));
}

#[test]
fn p_bounds_trees_nest_at_most_64_deep() {
    let nested = |depth: usize| (0..depth).fold(json!("{{ 1 }}"), |inner, _| json!([inner]));
    assert!(evaluate(&nested(JSON_DEPTH), &scope()).is_ok());
    assert!(refusals(&nested(JSON_DEPTH + 1))[0].ends_with("nests deeper than 64"));
}

#[test]
fn p_bounds_what_is_named_is_measured_before_it_runs() {
    let scope = big(1024 * 1024);
    let error = evaluate(&json!("{{ (big ~ big ~ big ~ big ~ big) is string }}"), &scope).unwrap_err();
    assert!(error.contains("larger than 4 MiB"), "{error}");
    // A part of something large is small, by a constant key and by a computed one.
    let many: BTreeMap<String, String> = (0..64).map(|n| (format!("k{n}"), "x".repeat(100_000))).collect();
    let scope = Scope::new().with("many", json!(many)).with("key", json!("k1"));
    assert!(evaluate(&json!("{{ many.k1 ~ many[key] }}"), &scope).is_ok());
    assert!(evaluate(&json!("{{ many is defined }}"), &scope).unwrap_err().contains("larger than 4 MiB"));
}

/// The attacks on minijinja that were tried, and some more: each is refused or ends fast, and none panics.
#[test]
fn attacks_end_fast() {
    let refused = [
        "{{ '.' * 1000000000 }}".to_owned(),
        "{{ [0] * 100000000 }}".to_owned(),
        "{{ 9 ** 9 ** 9 }}".to_owned(),
        "{{ range(100000000) }}".to_owned(),
        "{{ range(10000) | list }}".to_owned(),
        "{{ 'x' | indent(2000000000) }}".to_owned(),
        "{{ params.queues | select('in', params.queues) }}".to_owned(),
        "{{ params.queues | map('upper') | join }}".to_owned(),
        "{{ 'x' | format(1) }}".to_owned(),
        "{{ 'x'.join(params.queues) }}".to_owned(),
        "{{ debug() }}".to_owned(),
        "{{ namespace() }}".to_owned(),
        "{{ dict(a=1) }}".to_owned(),
        "{{ self.x() }}".to_owned(),
        "{{ caller() }}".to_owned(),
        "{{ cycler('a') }}".to_owned(),
        "{{ lipsum(1000) }}".to_owned(),
        "{{ ''[::-1] }}".to_owned(),
        "{{ 'abc'[0:2:-1] }}".to_owned(),
        "{{ 'abc'[::-9223372036854775808] }}".to_owned(),
        "{% for x in range(1000000000) %}{% endfor %}".to_owned(),
        "{% set x = 'a' %}{% set x = x ~ x %}{{ x }}".to_owned(),
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}".to_owned(),
        "{% include 'x' %}".to_owned(),
        format!("{{{{ {}1 }}}}", "-".repeat(5 * 1024)),
        format!("{{{{ {}1 }}}}", "-".repeat(1000)),
        format!("{{{{ {}1 }}}}", "1+".repeat(5 * 1024)),
        format!("{{{{ {}1 }}}}", "1+".repeat(900)),
        format!("{{{{ {}a }}}}", "not ".repeat(400)),
        format!("{{{{ {}1{} }}}}", "(".repeat(900), ")".repeat(900)),
        format!("{{{{ {}{} }}}}", "[".repeat(900), "]".repeat(900)),
        format!("{{{{ {}1{} }}}}", "{'a':".repeat(300), "}".repeat(300)),
        format!("{{{{ a{} }}}}", "[0]".repeat(600)),
        format!("{{{{ a{} }}}}", "[a".repeat(600)),
        format!("{{{{ a{} }}}}", "|dns_label".repeat(150)),
        format!("{{{{ a{} }}}}", " if a else a".repeat(150)),
        format!("{{{{ a{} }}}}", "[1:]".repeat(400)),
        "{{".repeat(100_000),
        format!("{}{}", "{{".repeat(50_000), "}}".repeat(50_000)),
        "{{ '\\".to_owned(),
        "{{ \u{0} }}".to_owned(),
    ];
    for template in &refused {
        let start = Instant::now();
        refusals(&json!(template));
        assert!(
            start.elapsed().as_millis() < 2_000,
            "{:?}: {}",
            start.elapsed(),
            &template[..template.len().min(60)]
        );
    }
}

/// Expressions that pass: on the largest scope that they may name, none takes long.
#[test]
fn heavy_expressions_end_fast() {
    let items: Vec<String> = (0..4_000).map(|n| format!("item-{n}")).collect();
    let scope = big(100_000).with("items", json!(items)).with("tiny", json!(vec![0; 4_000]));
    let heavy = [
        format!("{{{{ ({}big) is string }}}}", "big ~ ".repeat(31)),
        format!("{{{{ ({}big) is string }}}}", "big + ".repeat(31)),
        format!("{{{{ [{}] is sequence }}}}", vec!["big ~ 'x'"; 40].join(", ")),
        format!("{{{{ [{}] is sequence }}}}", vec!["big[1:]"; 40].join(", ")),
        format!("{{{{ [{}] is sequence }}}}", vec!["big|b64encode"; 40].join(", ")),
        format!("{{{{ [{}] is sequence }}}}", vec!["'x' in items"; 40].join(", ")),
        format!("{{{{ [{}] is sequence }}}}", vec!["items == items[:]"; 20].join(", ")),
        format!("{{{{ ({}items) == items }}}}", "items + ".repeat(30)),
        format!("{{{{ 'y' in ({}tiny) }}}}", "tiny + ".repeat(30)),
        format!("{{{{ ({}tiny)[-1] }}}}", "tiny + ".repeat(30)),
        "{{ items[1:][1:][1:][1:][1:][1:][1:][1:][1:][1:][-1] }}".to_owned(),
        format!("{{{{ {}big }}}}", "big == ".repeat(30)),
        format!("{{{{ big in [{}] }}}}", vec!["big ~ 'y'"; 30].join(", ")),
    ];
    for template in &heavy {
        let start = Instant::now();
        let result = evaluate(&json!(template), &scope);
        let limit = if cfg!(debug_assertions) { 10_000 } else { 1_000 };
        assert!(
            start.elapsed().as_millis() < limit,
            "{:?} {result:?}: {}",
            start.elapsed(),
            &template[..60.min(template.len())]
        );
    }
}

#[test]
fn the_deepest_expressions_fit_a_small_stack() {
    let run = || {
        for template in [
            format!("{{{{ {}1{} }}}}", "(".repeat(NESTING), ")".repeat(NESTING)),
            format!("{{{{ {}1{} }}}}", "[".repeat(NESTING), "]".repeat(NESTING)),
            format!("{{{{ 1{} }}}}", "+1".repeat(NESTING)),
            format!("{{{{ {}1 }}}}", "-".repeat(NESTING)),
            format!("{{{{ {}true }}}}", "not ".repeat(NESTING)),
        ] {
            // `- -` would be the only difference between builds: every form compiles and runs.
            let template = template.replace("{{ -", "{{  -");
            plain(&json!(template));
        }
    };
    std::thread::Builder::new().stack_size(1024 * 1024).spawn(run).unwrap().join().unwrap();
}
