//! Laws that hold for any input.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Texts made of what expressions are made of.
fn expression_like() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        ".",
        "|",
        "~",
        "+",
        "-",
        "/",
        "//",
        "%",
        "*",
        "=",
        "==",
        "<",
        ">=",
        "!=",
        "a",
        "params",
        "objects",
        "item",
        "omit",
        "secret_ref",
        "and",
        "or",
        "not",
        "in",
        "is",
        "if",
        "else",
        "true",
        "none",
        "defined",
        "string",
        "b64encode",
        "default",
        "dns_label",
        "truncate_hash",
        "'x'",
        "\"y\"",
        "'",
        "\\",
        "0",
        "1.5",
        "12",
        " ",
        "\n",
        "é",
    ]);
    prop::collection::vec(words, 0..24).prop_map(|words| words.join(" "))
}

/// Texts that mostly are expressions.
fn expression() -> impl Strategy<Value = String> {
    let leaves = prop::sample::select(vec![
        "params.version",
        "params.nope",
        "objects.db.status.phase",
        "objects.db.a.b",
        "objects.db",
        "locals",
        "nope",
        "params.queues",
        "guid[:2]",
        "'x'",
        "1",
        "0.5",
        "true",
        "none",
        "omit",
        "and",
        "not",
        "secret_ref('a', 'b')",
    ]);
    let operators = prop::sample::select(vec![
        "~", "+", "-", "/", "//", "%", "==", "!=", "<", ">=", "in", "not in", "and", "or", "is", ".", " ",
    ]);
    let after = prop::sample::select(vec![
        "| b64encode",
        "| dns_label",
        "| truncate_hash(12)",
        "| b64decode",
        "| get('a')",
        "| join('')",
        "| json",
        "| keys",
        "| merge({'a': 1})",
        "| quantity",
        "| replace('x', 'y')",
        "| sha256",
        "| split('x')",
        "| yaml",
        "is defined",
        "is not none",
        ".a",
        "[0]",
        "['a']",
        "[1:]",
    ]);
    leaves.prop_map(str::to_owned).prop_recursive(5, 24, 3, move |inner| {
        prop_oneof![
            (inner.clone(), operators.clone(), inner.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
            (inner.clone(), after.clone()).prop_map(|(a, after)| format!("{a} {after}")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("{a} if {b} else {c}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{{a}: {b}}}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} | default({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("secret_ref({a}, {b})")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("not {a}")),
            inner.prop_map(|a| format!("-{a}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn compiling_never_panics(text in any::<String>()) {
        let _ = Node::compile(&json!({"a": text.clone(), "b": format!("{{{{ {text} }}}}")}), "spec");
    }

    /// What compiles also has no unknown filter, test or function left to find.
    #[test]
    fn compiling_and_evaluating_never_panic(text in prop_oneof![expression_like(), expression()]) {
        for template in [text.clone(), format!("{{{{ {text} }}}}")] {
            if let Err(error) = Node::compile(&json!(template), "spec").map_or(Ok(json!(null).into()), |node| node.evaluate(&scope(), &mut Budget::new())) {
                prop_assert!(!error.to_string().contains("unknown"), "{error}");
            }
        }
    }

    /// No name escapes the floors above, which check secrets by names.
    #[test]
    fn names_are_those_that_minijinja_finds(text in prop_oneof![expression_like(), expression()]) {
        let compiled = Expression::compile(&format!("{{{{ {text} }}}}"), "x", "");
        if let Ok(expression) = compiled {
            let program = crate::template::filters::ENVIRONMENT.compile_expression(&text).unwrap();
            let theirs: BTreeSet<String> = program.undeclared_variables(false).into_iter().collect();
            let ours = expression.names().into_iter().map(|name| name[0].clone());
            let ours: BTreeSet<String> = ours.chain(["omit".to_owned(), "secret_ref".to_owned()]).collect();
            prop_assert!(theirs.is_subset(&ours), "{}: {:?} {:?}", text, theirs, ours);
        }
    }

    #[test]
    fn text_without_braces_is_a_constant(text in "[^{]*") {
        prop_assert_eq!(plain(&json!(text.clone())), json!(text));
    }

    #[test]
    fn any_string_survives_an_expression(text in any::<String>()) {
        let scope = Scope::new().with("text", json!(text.clone()));
        prop_assert_eq!(evaluate(&json!("{{ text }}"), &scope), Ok(json!(text.clone()).into()));
        prop_assert_eq!(evaluate(&json!("-{{ text }}"), &scope), Ok(json!(format!("-{text}")).into()));
    }

    #[test]
    fn any_json_survives_an_expression(numbers in prop::collection::vec(any::<i64>(), 0..8), texts in prop::collection::btree_map(any::<String>(), any::<bool>(), 0..8)) {
        let json = json!({"numbers": numbers, "texts": texts, "null": null});
        let scope = Scope::new().with("x", json.clone());
        prop_assert_eq!(evaluate(&json!("{{ x }}"), &scope), Ok(json.into()));
    }

    #[test]
    fn labels_are_valid_and_stable(text in any::<String>()) {
        let label = dns_label(&text);
        prop_assert!(label.len() <= 63 && label.starts_with(|c: char| c.is_ascii_lowercase()) && !label.ends_with('-'), "{}", label);
        prop_assert!(label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        prop_assert_eq!(dns_label(&label), label.clone());
    }

    #[test]
    fn cut_texts_fit(text in any::<String>(), most in 10usize..80) {
        prop_assert!(truncate_hash(&text, most).chars().count() <= most);
    }
}
