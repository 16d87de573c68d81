use serde_json::{Value, json};

use super::{Schema, below};
use crate::api::conditions::Reason;

/// What a schema says of an instance, as people read it.
fn said(schema: &Value, instance: &Value) -> Vec<String> {
    let schema = Schema::new(schema).expect("a schema");
    let problems = schema.problems(instance, "it", Reason::InvalidParams);
    problems.iter().map(ToString::to_string).collect()
}

/// As JSON a schema and an instance, and what is said of it.
const KEYWORDS: &[(&str, &str, &str)] = &[
    (r#"{"type": ["string", "integer"]}"#, "[]", "it: is a list, expected a whole number or a string"),
    (
        r#"{"type": "number"}"#,
        r#""1.5""#,
        r#"it: is a string ("1.5"), expected a number: leave out the quotes"#,
    ),
    (
        r#"{"type": "boolean"}"#,
        r#""true""#,
        r#"it: is a string ("true"), expected a boolean: leave out the quotes"#,
    ),
    (r#"{"const": 5}"#, "6", "it: is 6, expected `5`"),
    (
        r#"{"enum": ["fast", 1, null]}"#,
        r#""fats""#,
        r#"it: is "fats", expected one of `1`, `fast`, `null`; did you mean `fast`?"#,
    ),
    (r#"{"pattern": "^a+$"}"#, r#""b""#, r#"it: is "b", expected text that matches the pattern `^a+$`"#),
    (
        r#"{"pattern": "^a+$", "description": "Some letters: a\n or aa. More of it."}"#,
        r#""b""#,
        r#"it: is "b", expected text that matches the pattern `^a+$`; it is described as: Some letters: a or aa"#,
    ),
    (
        r#"{"pattern": "^[A-Za-z0-9_-]+$", "description": "A key."}"#,
        r#""/""#,
        r#"it: is "/", expected letters, digits, `-` and `_`"#,
    ),
    (r#"{"minLength": 2}"#, r#""b""#, r#"it: is "b", expected at least 2 characters"#),
    (r#"{"maxLength": 1}"#, r#""bb""#, r#"it: is "bb", expected at most 1 character"#),
    (r#"{"minLength": 2, "maxLength": 3}"#, r#""bbbb""#, r#"it: is "bbbb", expected 2 to 3 characters"#),
    (
        r#"{"maxLength": 3}"#,
        r#""bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb""#,
        "it: is a text of 41 characters, expected at most 3 characters",
    ),
    (r#"{"minimum": 2}"#, "1", "it: is 1, expected at least 2"),
    (r#"{"maximum": 2.5}"#, "3", "it: is 3, expected at most 2.5"),
    (r#"{"exclusiveMinimum": 2}"#, "2", "it: is 2, expected more than 2"),
    (r#"{"exclusiveMaximum": 2}"#, "2", "it: is 2, expected less than 2"),
    (r#"{"multipleOf": 5}"#, "7", "it: is 7, expected a multiple of 5"),
    (r#"{"minItems": 2}"#, "[1]", "it: has 1 item, expected at least 2 items"),
    (r#"{"maxItems": 1}"#, "[1, 2]", "it: has 2 items, expected at most 1 item"),
    (r#"{"uniqueItems": true}"#, "[1, 1]", "it: has equal items, expected each of them once"),
    (r#"{"prefixItems": [true], "items": false}"#, "[1, 2]", "it[1]: is not allowed here: leave it out"),
    (r#"{"minProperties": 1}"#, "{}", "it: is empty, expected at least 1 entry"),
    (r#"{"maxProperties": 1}"#, r#"{"a": 1, "b": 2}"#, "it: has 2 entries, expected at most 1 entry"),
    (
        r#"{"propertyNames": {"maxLength": 1}}"#,
        r#"{"ab": 1}"#,
        "it.ab: the name `ab` is not allowed, expected at most 1 character",
    ),
    (
        r#"{"propertyNames": {"enum": ["size"]}}"#,
        r#"{"b": 1}"#,
        r#"it.b: the name `b` is "b", expected one of `size`"#,
    ),
    (r#"{"required": ["a"]}"#, "{}", "it: missing required key `a`"),
    (r#"{"dependentRequired": {"a": ["b"]}}"#, r#"{"a": 1}"#, "it: missing required key `b`"),
    (
        r#"{"properties": {"size": true}, "unevaluatedProperties": false}"#,
        r#"{"b": 1}"#,
        "it.b: unknown key `b`; known keys: `size`",
    ),
    (r#"{"properties": {"a": false}}"#, r#"{"a": 1}"#, "it.a: is not allowed here: leave it out"),
    (r#"{"not": {"type": "string"}}"#, r#""x""#, "it: is what the schema rules out (`not`)"),
    (
        r#"{"contains": {"type": "string"}}"#,
        "[1]",
        "it: holds no item that fits what the schema says under `contains`",
    ),
    ("false", "1", "it: is not allowed here: leave it out"),
];

#[test]
fn each_keyword_says_what_was_found_and_what_was_expected() {
    let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    for (schema, instance, expected) in KEYWORDS {
        assert_eq!(said(&json(schema), &json(instance)), [*expected], "{schema}");
    }
}

#[test]
fn any_of_and_one_of_speak_of_the_branch_that_was_meant() {
    let size =
        json!({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[0-9]+Gi$"}]});
    assert_eq!(said(&size, &json!(0)), ["it: is 0, expected at least 1"]);
    assert_eq!(
        said(&size, &json!("5")),
        ["it: is \"5\", expected text that matches the pattern `^[0-9]+Gi$`"]
    );
    assert_eq!(said(&size, &json!([])), ["it: is a list, expected a whole number or a string"]);
    let shapes = json!({"oneOf": [
        {"title": "a disk", "type": "object", "required": ["size"]},
        {"type": "object", "required": ["bucket", "region"]},
    ]});
    assert_eq!(
        said(&shapes, &json!({})),
        ["it: fits none of the allowed forms: a disk, or a map with `bucket`, `region`"]
    );
    let both = json!({"size": 1, "bucket": 1, "region": 1});
    assert_eq!(
        said(&shapes, &both),
        [
            "it: fits more than one of the allowed forms, expected exactly one: a disk, or a map with `bucket`, `region`"
        ]
    );
    let many = json!({"anyOf": (0..50).map(|n| json!({"required": ["x"], "const": n})).collect::<Vec<_>>()});
    assert_eq!(said(&many, &json!({})), ["it: fits none of the allowed forms"], "no wall of text");
}

#[test]
fn keys_are_known_also_behind_references() {
    let schema = json!({
        "properties": {"db": {"$ref": "#/$defs/db"}},
        "$defs": {"db": {"type": "object", "properties": {"size": true}, "additionalProperties": false}},
    });
    assert_eq!(
        said(&schema, &json!({"db": {"siez": 1}})),
        ["it.db.siez: unknown key `siez`; did you mean `size`? known keys: `size`"]
    );
}

#[test]
fn paths_are_those_of_the_document() {
    let schema = json!({"additionalProperties": {"items": {"additionalProperties": {"type": "string"}}}});
    let instance = json!({"a/b~c": [{"0": "x"}, {"": 1, "0": 2, "\"": 3}], "0": [{"a": 4}]});
    let schema = Schema::new(&schema).expect("a schema");
    let problems = schema.problems(&instance, "", Reason::InvalidParams);
    let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["0[0].a", "[\"a/b~c\"][1].0", "[\"a/b~c\"][1][\"\"]", "[\"a/b~c\"][1][\"\\\"\"]"]);
    assert_eq!(below("a", "b-C_9"), "a.b-C_9");
    assert_eq!(below("", "/etc/x"), "[\"/etc/x\"]");
}

#[test]
fn what_follows_from_a_wrong_type_is_not_said_too() {
    let schema =
        json!({"type": "string", "enum": ["a"], "oneOf": [{"required": ["a"]}, {"required": ["b"]}]});
    assert_eq!(
        said(&schema, &json!(null)),
        ["it: is null, expected a string: leave it out or give it a value"]
    );
}

#[test]
fn a_schema_that_does_not_compile_says_where_and_why() {
    let rows = [
        (
            json!({"properties": {"a": {"type": "strin"}}}),
            "properties.a.type: is \"strin\", expected one of `array`, `boolean`, `integer`, `null`, `number`, `object`, `string`; did you mean `string`?",
        ),
        (
            json!({"properties": {"a": {"minimum": "1"}}}),
            "properties.a.minimum: is a string (\"1\"), expected a number: leave out the quotes",
        ),
    ];
    for (schema, expected) in rows {
        assert_eq!(Schema::new(&schema).err().as_deref(), Some(expected));
    }
    for outside in ["https://example.com/a.json", "file:///etc/passwd", "other.json", "#/$defs/none"] {
        assert!(Schema::new(&json!({ "$ref": outside })).is_err(), "{outside}");
    }
    for pattern in ["(a", "(?=a)", r"(a)\1", &format!("{}{{1000}}", r"(?:\w{100})")] {
        assert!(Schema::new(&json!({ "pattern": pattern })).is_err(), "{pattern}");
    }
}
