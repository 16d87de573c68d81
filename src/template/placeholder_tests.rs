//! H01–H07, H12: the vectors of score-go's `substitution_test.go` and of the real score-k8s.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The outputs and metadata that the tests look up in.
fn lookup(reference: &Reference) -> Result<Value, String> {
    let root = Value::map([
        (
            "metadata".to_owned(),
            json!({
                "name": "greeter",
                "tier": "gold",
                "other": {"z": 1, "a": "x"},
                "annotations": {"key.com/foo-bar": "thing"},
            })
            .into(),
        ),
        (
            "resources".to_owned(),
            Value::map([
                (
                    "api".to_owned(),
                    json!({"host": "api.local", "port": 8080, "whole": 8080.0, "up": true, "none": null})
                        .into(),
                ),
                ("tpl".to_owned(), json!({"text": "hi ${metadata.name}", "dollars": "$$ $${x} $y"}).into()),
                ("tree".to_owned(), json!({"a": {"b": "leaf", "c": [1, 2]}}).into()),
                ("db".to_owned(), Value::map([("password".to_owned(), password())])),
                ("dbs".to_owned(), Value::list([password()])),
            ]),
        ),
    ]);
    root.lookup(&reference.path).map_err(|error| error.to_string())
}

fn password() -> Value {
    Value::SecretRef(secret())
}

fn secret() -> SecretRef {
    SecretRef { name: "db-conn".into(), key: "password".into() }
}

fn filled(text: &str) -> Result<Filled, Vec<FillError<String>>> {
    parse(text).map_err(|error| vec![error.into()])?.substitute(lookup)
}

#[test]
fn h01_to_h06_and_h12_texts() {
    for (id, text, expected) in [
        ("H01", "${metadata.name}", "greeter"),
        ("H01", "hello ${metadata.name}!", "hello greeter!"),
        ("H01", "${metadata.name}${metadata.name}", "greetergreeter"),
        (
            "H01",
            "http://${resources.api.host}:${resources.api.port}/${metadata.tier}",
            "http://api.local:8080/gold",
        ),
        ("H02", "$$", "$"),
        ("H02", "$${a}", "${a}"),
        ("H02", "$${}", "${}"),
        ("H02", "$$$${a}", "$${a}"),
        ("H02", "$abc", "$abc"),
        ("H02", "cost $$5 and $$$$", "cost $5 and $$"),
        ("H02", "$", "$"),
        ("H02", "$$$", "$$"),
        ("H02", "${unclosed", "${unclosed"),
        ("H02", "$${unclosed", "${unclosed"),
        ("H02", "$$${metadata.name}", "$greeter"),
        ("H02", "a$$${metadata.name}$$", "a$greeter$"),
        ("H02", "é$é${metadata.name}é", "é$égreeteré"),
        ("H03", "${metadata.other}", r#"{"a":"x","z":1}"#),
        ("H03", "${resources.tree.a.c}", "[1,2]"),
        ("H04", r"${metadata.annotations.key\.com/foo-bar}", "thing"),
        ("H05", "${resources.tree.a.b}", "leaf"),
        ("H06", "[${resources.api.port}/${resources.api.up}/${resources.api.none}]", "[8080/true/null]"),
        ("H06", "${resources.api.whole}", "8080"),
        ("H12", "${resources.tpl.text}", "hi ${metadata.name}"),
        ("H12", "x${resources.tpl.dollars}y", "x$$ $${x} $yy"),
    ] {
        assert_eq!(filled(text).unwrap().plain_text().as_deref(), Some(expected), "{id} {text}");
    }
}

#[test]
fn h05_and_h07_errors_name_the_reference() {
    for (id, text, expected) in [
        ("H07", "${}", "`${}` names nothing"),
        ("H07", "a${nope.x}", "`${nope.x}`: key `nope` was not found; there are: metadata, resources"),
        ("H07", "${metadata.nam}", "did you mean `name`?"),
        (
            "H07",
            "${ metadata.name}",
            "`${ metadata.name}`: key ` metadata` was not found; did you mean `metadata`?",
        ),
        ("H05", "${resources.tree.a.b.c}", "cannot look up key `c`"),
        ("V06", "${resources.db}", "`${resources.db}` is a map or list with a secret reference"),
        ("V06", "x ${resources.dbs}", "cannot be text"),
    ] {
        let errors = filled(text).unwrap_err();
        assert_eq!(errors.len(), 1, "{id} {text}");
        assert!(errors[0].to_string().contains(expected), "{id} {text}: {}", errors[0]);
    }
}

#[test]
fn h07_all_errors_are_found_at_once() {
    let errors = filled("${nope.a} ${metadata.name} ${nope.b}").unwrap_err();
    let sources: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert!(sources[0].starts_with("`${nope.a}`") && sources[1].starts_with("`${nope.b}`"), "{sources:?}");
}

#[test]
fn h13_parts_remember_where_their_text_came_from() {
    let parts = filled("a$$${metadata.name}${metadata.tier}b${resources.db.password}").unwrap().into_parts();
    let expected = vec![
        Part::Literal("a$".into()),
        Part::Output("greetergold".into()),
        Part::Literal("b".into()),
        Part::Secret(secret()),
    ];
    assert_eq!(parts, expected);
}

#[test]
fn v02_a_single_secret_is_recognised() {
    assert_eq!(filled("${resources.db.password}").unwrap().as_secret(), Some(&secret()));
    assert_eq!(filled("${resources.db.password}!").unwrap().as_secret(), None);
    assert_eq!(filled("${resources.db.password}!").unwrap().plain_text(), None);
    assert_eq!(filled("").unwrap().plain_text().as_deref(), Some(""));
}

#[test]
fn references_are_listed_in_order() {
    let text = parse(r"${a.b} $${c} ${d\.e.f} ${a.b}").unwrap();
    let paths: Vec<_> = text.references().map(|reference| reference.path.join("|")).collect();
    assert_eq!(paths, ["a|b", "d.e|f", "a|b"]);
}

/// The reference implementation's expression by hand: what `parse` must agree with, one match at a time.
fn by_regex_semantics(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        let dollar = chars[at] == '$';
        let closing = |open: usize| {
            (chars.get(open) == Some(&'{'))
                .then(|| chars[open..].iter().position(|c| *c == '}').map(|n| open + n))
                .flatten()
        };
        let escaped = (chars.get(at + 1) == Some(&'$')).then(|| closing(at + 2)).flatten();
        match (dollar, escaped, closing(at + 1)) {
            (true, Some(end), _) => (out.extend(&chars[at + 1..=end]), at = end + 1),
            (true, None, Some(end)) => (out.push('#'), at = end + 1),
            (true, None, None) if chars.get(at + 1) == Some(&'$') => (out.push('$'), at += 2),
            _ => (out.push(chars[at]), at += 1),
        };
    }
    out
}

proptest! {
    #[test]
    fn parse_never_panics(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn parse_agrees_with_the_expression(text in r"[$\{\}a.\\é]{0,12}") {
        if let Ok(parsed) = parse(&text) {
            let filled = parsed.substitute(|_| Ok::<_, ()>(json!("#").into())).unwrap();
            prop_assert_eq!(filled.plain_text(), Some(by_regex_semantics(&text)));
        }
    }

    #[test]
    fn text_without_a_dollar_is_itself(text in "[^$]*") {
        let filled = parse(&text).unwrap().substitute(|_| Err::<Value, _>(())).unwrap();
        prop_assert_eq!(filled.plain_text(), Some(text));
    }
}
