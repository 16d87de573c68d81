//! Reading and writing YAML: the traps one by one, then what holds for any document.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

fn one(text: &str) -> Node {
    let mut documents = read(text).unwrap_or_else(|troubles| panic!("{text:?}: {troubles:?}"));
    assert_eq!(documents.len(), 1, "{text:?}");
    documents.remove(0)
}

fn trouble(text: &str) -> Trouble {
    let mut troubles = read(text).expect_err(text);
    assert_eq!(troubles.len(), 1, "{troubles:?}");
    troubles.remove(0)
}

#[test]
fn s11_words_of_yaml_1_1_are_texts() {
    let document = one("{A: yes, B: no, C: on, D: off, E: y, F: 1:30, G: 2024-01-02, H: 1_000, I: 0b1}");
    assert_eq!(
        document.to_json(),
        json!({"A": "yes", "B": "no", "C": "on", "D": "off", "E": "y", "F": "1:30", "G": "2024-01-02", "H": "1_000", "I": "0b1"})
    );
    assert_eq!(one("yes: 1\nno: 2\n").to_json(), json!({"yes": 1, "no": 2}), "as keys, too");
}

#[test]
fn what_a_document_can_look_like() {
    for (text, expected) in [
        ("\u{feff}a: 1\n", json!({"a": 1})),
        ("a: 1\r\nb: |\r\n  x\r\n  y\r\n", json!({"a": 1, "b": "x\ny\n"})),
        ("%YAML 1.2\n---\na: 1\n...\n", json!({"a": 1})),
        ("a: 1\n---\n", json!({"a": 1})),
        ("a: !!str 5\nb: !!int 7\n", json!({"a": "5", "b": 7})),
        ("a: &x [1, 2]\nb: *x\n", json!({"a": [1, 2], "b": [1, 2]})),
        ("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n", json!({"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}})),
        (
            "a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}\n",
            json!({"a": {"p": 1}, "b": {"p": 2, "q": 2}, "c": {"p": 1, "q": 2}}),
        ),
        ("{\"a\": {\"b\": [true, null]}}", json!({"a": {"b": [true, null]}})),
        ("a: >\n  x\n  y\n", json!({"a": "x y\n"})),
        ("\"<<\": 1\n", json!({"<<": 1})),
    ] {
        assert_eq!(one(text).to_json(), expected, "{text:?}");
    }
    for empty in ["", "\n", "# nothing\n", "---\n", "---\n---\n", "null\n"] {
        assert!(read(empty).expect(empty).is_empty(), "{empty:?}");
    }
    assert_eq!(read("a: 1\n---\nb: 2\n").expect("two").len(), 2);
}

#[test]
fn s01_what_is_wrong_names_its_line_and_shows_it() {
    for (text, line, column, message) in [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "the key \"a\" is there already, on line 1"),
        ("a: {b: 1, b: 2}\n", 1, 11, "the key \"b\" is there already"),
        ("a:\n\t- b\n", 2, 2, "tabs"),
        ("a: [1, 2\nb: 3\n", 2, 2, ""),
        ("a: *x\n", 1, 4, "unknown anchor"),
        ("a: &x [*x]\n", 1, 8, "an alias within what it names"),
        ("80: x\n", 1, 1, "the key is a number, expected text"),
        ("true: x\n", 1, 1, "the key is a boolean"),
        ("~: x\n", 1, 1, "the key is null"),
        ("? [a]\n: x\n", 1, 3, "the key is a list"),
        ("a: .inf\n", 1, 4, "infinity"),
        ("a: [1, .nan]\n", 1, 8, "not a number"),
        ("a: !secret x\n", 1, 12, "the tag `!secret` means nothing here"),
        ("a: !!binary aGk=\n", 1, 13, "the tag `!!binary` means nothing here"),
        ("a: !!int x\n", 1, 10, "is not what its tag `!!int` says"),
        ("%YAML 1.1\n---\na: yes\n", 2, 1, "files are read as YAML 1.2"),
        ("a: {<<: 5}\n", 1, 9, "`<<` takes a map"),
        ("a: 'x\n", 2, 1, "quoted"),
    ] {
        let found = trouble(text);
        assert_eq!((found.place.line, found.place.column), (line, column), "{text:?}: {found}");
        assert!(found.message.contains(message), "{text:?}: {found}");
        let shown = text.lines().nth(line - 1).unwrap_or_default().replace('\t', " ");
        let caret = " ".repeat(column - 1);
        assert_eq!(found.excerpt, format!("{line} | {shown}\n  | {caret}^"), "{text:?}");
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let troubles = read("a: 1\na: 2\n5: x\nb: .inf\n").expect_err("three");
    assert_eq!(troubles.iter().map(|trouble| trouble.place.line).collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn a_long_line_is_shown_around_the_caret() {
    let text = format!("a: {{b: 1, b: 2, c: {}}}\n", "y".repeat(300));
    let found = trouble(&text);
    assert!(found.excerpt.starts_with("1 | a: {b: 1, b: 2, c: yyy"), "{}", found.excerpt);
    assert!(found.excerpt.lines().all(|line| line.chars().count() < 120), "{}", found.excerpt);
    let text = format!("a: [{}{{b: 1, b: 2}}]\n", "0, ".repeat(200));
    let found = trouble(&text);
    let [line, caret] = found.excerpt.lines().collect::<Vec<_>>()[..] else { panic!("{}", found.excerpt) };
    let column = caret.chars().count() - 1;
    assert_eq!(line.chars().skip(column).take(4).collect::<String>(), "b: 2", "{}", found.excerpt);
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let found = not_text(b"a: 1\nb: \xff\n").expect_err("no text");
    assert_eq!((found.place.line, found.place.column), (2, 4));
    assert!(found.message.contains("0xff"), "{found}");
    assert!(not_text(&[0xff, 0xfe, b'a', 0]).expect_err("UTF-16").message.contains("UTF-16"));
    assert_eq!(not_text("ä".as_bytes()).expect("text"), "ä");
}

#[test]
fn aliases_and_nesting_are_bounded() {
    let line = |n: usize| {
        let before = n - 1;
        format!("a{n}: &a{n} [*a{before}, *a{before}, *a{before}, *a{before}, *a{before}, *a{before}]")
    };
    let lines: Vec<_> = (1..40).map(line).collect();
    let laughs = format!("a0: &a0 [x, x, x, x, x, x, x, x, x]\n{}\n", lines.join("\n"));
    assert!(trouble(&laughs).message.contains("too large"));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(100));
    assert!(trouble(&long).message.contains("too large"));
    assert_eq!(one(&("[".repeat(DEEPEST) + &"]".repeat(DEEPEST))).value_depth(), DEEPEST);
    assert!(trouble(&("[".repeat(DEEPEST + 1) + &"]".repeat(DEEPEST + 1))).message.contains("too deep"));
    let deep: Vec<_> = (0..5000).map(|depth| " ".repeat(depth) + "a:\n").collect();
    assert!(read(&deep.concat()).is_err());
    assert!(read(&"[".repeat(100_000)).is_err());
}

impl Node {
    fn value_depth(&self) -> usize {
        match &self.value {
            Value::List(items) => 1 + items.iter().map(Node::value_depth).max().unwrap_or_default(),
            _ => 0,
        }
    }
}

#[test]
fn comments_order_and_styles_are_kept() {
    let text = "\
# About the file.

# About b.
b: 1  # right of b
a:
  # above x
  x: 'single'
  q: \"double\"

  z: [a, 'b', {c: 1}] # right of a list
  # at the end of a

# above the list
list: # right of the key
  - one # right of an item
  # above an item
  - k: v
    w: |-
      lines
        more

      end

  # above an item, after an empty line
  - k: v
empty: {}
none: []
nothing: null
# the end
";
    let expected = text.replace("b: 1  # right", "b: 1 # right");
    assert_eq!(emit(&one(text)), expected);
}

#[test]
fn every_text_is_written_so_that_it_is_read_again() {
    for text in [
        "",
        " ",
        "a\n",
        "a\nb",
        "a\nb\n",
        "a\n\n",
        "\n",
        "\n\n",
        "\na",
        " a\nb\n",
        "\ta\nb",
        "a\n \nb",
        "a\n\tb\n",
        "a \nb",
        "\n a\n",
        "a\r\nb",
        "\u{85}",
        "\u{2028}\n",
        "\u{feff}x\ny",
        "\u{0}",
        "\u{7f}",
        "'",
        "''a",
        "\"",
        "\\",
        "a\\nb",
        "yes",
        "~",
        "012",
        "- a",
        "a: b\nc",
        "# a\nb",
        "---\na",
        "...",
        "\u{1f600}",
        "%",
        "|\n",
        "\n  \n x",
    ] {
        for document in [
            json!({"k": text}),
            json!([text]),
            json!({"a": {"b": [{"c": text, "d": 1}]}}),
            json!({text: 1}),
            json!(text),
        ] {
            let node = from_json(&document, 0);
            let written = emit(&node);
            if text.is_empty() || document.is_object() || document.is_array() {
                assert_eq!(
                    read(&written).map(|mut all| all.remove(0).to_json()),
                    Ok(document),
                    "{text:?}\n{written}"
                );
            }
        }
    }
    let key = "k".repeat(3000);
    let long = json!({ "a": {&key: {"b": 1}}, "b": {key: "x\ny\n"} });
    assert_eq!(one(&emit(&from_json(&long, 0))).to_json(), long);
}

/// A tree of the same content, styles by the dice.
fn from_json(json: &Json, dice: usize) -> Node {
    let styles = [Style::Plain, Style::Single, Style::Double, Style::Flow];
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(number.clone()),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(|item| from_json(item, dice / 3)).collect()),
        Json::Object(map) => Value::Map(
            map.iter().map(|(key, value)| (key.as_str().into(), from_json(value, dice / 5))).collect(),
        ),
    };
    Node { style: styles[dice % 4], ..Node::from(value) }
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ \\t\\n#:'\"\\-a0-9.,\\[\\]{}|>&*!%@_exobn~\\r\\u{85}\\u{2028}\\u{feff}]{0,12}",
        "[a-z]{0,3}(\n[ a-z]{0,3}){0,3}",
    ]
}

fn documents() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        proptest::num::f64::NORMAL.prop_map(Json::from),
        texts().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(texts(), inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(document in documents(), dice: usize) {
        let document = json!({ "document": document });
        let written = emit(&from_json(&document, dice));
        let read = read(&written).map_err(|troubles| TestCaseError::fail(format!("{troubles:?}\n{written}")))?;
        prop_assert_eq!(read.len(), 1);
        prop_assert_eq!(read[0].to_json(), document.clone(), "\n{}", written);
        prop_assert_eq!(emit(&read[0]), written.clone(), "written twice");
        let other: Json = serde_saphyr::from_str(&written).map_err(|error| TestCaseError::fail(format!("{error}\n{written}")))?;
        prop_assert_eq!(other, document, "as another reader has it\n{}", written);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in texts(), bytes in any::<Vec<u8>>()) {
        for text in [text.as_str(), &String::from_utf8_lossy(&bytes)] {
            if let Ok(documents) = read(text) {
                for document in documents {
                    let written = emit(&document);
                    let again = read(&written).map_err(|troubles| TestCaseError::fail(format!("{troubles:?}\n{text:?}\n{written}")))?;
                    prop_assert_eq!(again.first().map(Node::to_json), Some(document.to_json()), "{:?}\n{}", text, written);
                }
            }
        }
    }
}
