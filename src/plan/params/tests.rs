use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{NESTING_MAX, SIZE_MAX, check_schema, fill, resolve};
use crate::api::conditions::Reason;
use crate::plan::schema::Schema;

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().expect("a map")
}

fn resolved(schema: &Value, params: &Value) -> Result<Value, Vec<String>> {
    let schema = map(schema);
    let compiled = Schema::new(&Value::Object(schema.clone())).expect("a schema");
    let found = resolve(Some(&schema), Some(&compiled), &map(params));
    assert_eq!(found, resolve(Some(&schema), None, &map(params)), "the compiled schema is only faster");
    found.map(Value::Object).map_err(|problems| {
        assert!(problems.iter().all(|problem| problem.reason == Reason::InvalidParams));
        problems.iter().map(ToString::to_string).collect()
    })
}

/// The schema of the example in the rule format.
fn postgres() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "version": {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "default": "16"},
            "storageGi": {"type": "integer", "minimum": 20, "maximum": 1000, "default": 20},
            "password": {"type": "string", "minLength": 30},
            "mode": {"enum": ["fast", "safe"]},
            "backup": {
                "type": "object",
                "properties": {"keep": {"type": "integer", "default": 7}, "at": {"type": "object", "properties": {"hour": {"default": 3}}}},
            },
        },
    })
}

#[test]
fn defaults_are_filled_in_where_the_parent_exists() {
    let all = json!({"version": "16", "storageGi": 20});
    assert_eq!(resolved(&postgres(), &json!({})), Ok(all));
    let given = json!({"version": "15", "storageGi": 30.0, "backup": {"at": {}}});
    let full = json!({"version": "15", "storageGi": 30.0, "backup": {"keep": 7, "at": {"hour": 3}}});
    assert_eq!(resolved(&postgres(), &given), Ok(full));
    let nested = json!({"type": "object", "properties": {"a": {"default": {}, "properties": {"b": {"default": {"c": 1}}}}}});
    assert_eq!(resolved(&nested, &json!({})), Ok(json!({"a": {"b": {"c": 1}}})));
    assert_eq!(resolved(&nested, &json!({"a": 5})), Ok(json!({"a": 5})));
}

#[test]
fn defaults_do_not_go_through_references_and_alternatives() {
    let inner = json!({"type": "object", "properties": {"b": {"default": 1}}});
    let schema = json!({
        "type": "object",
        "$defs": {"inner": inner},
        "properties": {"a": {"$ref": "#/$defs/inner"}, "c": {"anyOf": [inner]}, "d": {"items": inner}},
    });
    let params = json!({"a": {}, "c": {}, "d": [{}]});
    assert_eq!(resolved(&schema, &params), Ok(params));
}

#[test]
fn every_problem_is_told_and_no_value_is_shown() {
    let params = json!({"verion": "Hunter2", "version": "Hunter2", "storageGi": 4711, "mode": "Hunter2", "password": "Hunter2", "backup": "Hunter2"});
    let expected = [
        "params.backup: is a string, expected a map",
        "params.mode: does not fit, expected one of `fast`, `safe`",
        "params.password: does not fit, expected at least 30 characters",
        "params.storageGi: does not fit, expected 20 to 1000",
        "params.verion: unknown key `verion`; did you mean `version`? known keys: `backup`, `mode`, `password`, `storageGi`, `version`",
        "params.version: does not fit, expected text that matches the pattern `^[0-9]+(\\.[0-9]+)?$`",
    ];
    assert_eq!(resolved(&postgres(), &params), Err(expected.map(str::to_owned).to_vec()));
    let number = json!({"version": 4711, "storageGi": "4711"});
    let expected = [
        "params.storageGi: is a string, expected a whole number: leave out the quotes",
        "params.version: is a number, expected a string: put it in quotes",
    ];
    assert_eq!(resolved(&postgres(), &number), Err(expected.map(str::to_owned).to_vec()));
}

#[test]
fn without_a_schema_no_params_are_taken() {
    assert_eq!(resolve(None, None, &Map::new()), Ok(Map::new()));
    let found = resolve(None, None, &map(&json!({"b c": 1, "a": 2}))).expect_err("two problems");
    let said: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "params.a: this rule takes no params: leave it out",
            "params[\"b c\"]: this rule takes no params: leave it out"
        ]
    );
}

#[test]
fn references_stand_for_strings_whatever_their_text_must_be() {
    let reference = |key: &str| json!({"secretKeyRef": {"name": "db", "key": key}});
    let params = json!({"version": reference("v"), "password": reference("p"), "mode": reference("m")});
    let mut full = params.clone();
    full["storageGi"] = json!(20);
    assert_eq!(resolved(&postgres(), &params), Ok(full));
    let rows = [("storageGi", "a whole number"), ("backup", "a map")];
    for (key, type_) in rows {
        let expected = format!(
            "params.{key}: is a reference to a Secret, expected {type_}: a secret can stand only for a string"
        );
        assert_eq!(resolved(&postgres(), &json!({ key: reference("k") })), Err(vec![expected]));
    }
}

#[test]
fn references_fit_the_branches_that_take_strings() {
    let reference = json!({"secretKeyRef": {"name": "db", "key": "k"}});
    let rows = [
        (json!({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^x$"}]}), true),
        (json!({"oneOf": [{"const": "a"}, {"const": "b"}]}), true),
        (json!({"anyOf": [{"type": "integer"}, {"type": "object"}]}), false),
        (json!({"type": "array", "uniqueItems": true, "items": {"type": "string", "maxLength": 1}}), false),
        (json!({"format": "email", "not": {"type": "string"}}), true),
    ];
    for (schema, taken) in rows {
        let schema = json!({"type": "object", "properties": {"a": schema}});
        assert_eq!(resolved(&schema, &json!({"a": reference})).is_ok(), taken, "{schema}");
    }
    let list = json!({"type": "object", "properties": {"a": {"uniqueItems": true, "items": {"type": "string", "maxLength": 1}}}});
    assert!(resolved(&list, &json!({"a": [reference, reference]})).is_ok());
}

fn admitted(schema: &Value) -> Vec<String> {
    check_schema(&map(schema)).iter().map(ToString::to_string).collect()
}

fn property(schema: &Value) -> Value {
    json!({"type": "object", "properties": {"a": schema}})
}

#[test]
fn usable_schemas_are_admitted() {
    let rows = [
        postgres(),
        json!({"type": "object"}),
        json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}),
        json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "definitions": {"a": {"type": "string"}}, "properties": {"a": {"$ref": "#/definitions/a"}}}),
        json!({"type": "object", "$defs": {"a/b": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/a~1b", "default": "x"}}}),
        json!({"type": "object", "properties": {"default": {"type": "string"}, "$ref": {"type": "string"}, "pattern": {"type": "string"}}}),
        property(&json!({"default": {"$ref": "https://example.com"}})),
        property(
            &json!({"type": "object", "required": ["b"], "default": {}, "properties": {"b": {"default": 1}}}),
        ),
    ];
    for schema in rows {
        assert_eq!(admitted(&schema), Vec::<String>::new(), "{schema}");
    }
}

#[test]
fn schemas_that_would_fail_later_are_refused() {
    let pattern = "the pattern cannot be used: it must be a regular expression without look-around and back-references, and of at most 1 MiB when compiled";
    let recursion = "params: its `$ref`s lead back to themselves, or stand for more than 10000 schemas: write it without recursion";
    let rows = [
        (json!({}), "params.type: expected `type: object`: params are a map".to_owned()),
        (json!({"type": "string"}), "params.type: expected `type: object`: params are a map".into()),
        (json!({"$schema": "https://json-schema.org/draft/2021-99/schema", "type": "object"}), "params[\"$schema\"]: is not a known draft of JSON Schema: leave it out, or write \"https://json-schema.org/draft/2020-12/schema\"".into()),
        (property(&json!({"type": "strng"})), "params.properties.a.type: is \"strng\", expected one of `array`, `boolean`, `integer`, `null`, `number`, `object`, `string`; did you mean `string`?".into()),
        (property(&json!({"minimum": "5"})), "params.properties.a.minimum: is a string (\"5\"), expected a number: leave out the quotes".into()),
        (property(&json!("string")), "params.properties.a: is a string (\"string\"), expected a boolean or a map".into()),
        (property(&json!({"pattern": "(?=a)b"})), format!("params.properties.a.pattern: {pattern}")),
        (property(&json!({"patternProperties": {"(a)\\1": true}})), format!("params.properties.a.patternProperties[\"(a)\\\\1\"]: {pattern}")),
        (property(&json!({"$ref": "https://example.com/x.json"})), "params.properties.a[\"$ref\"]: `https://example.com/x.json` leads to no place within this schema, expected `#/$defs/<name>`".into()),
        (property(&json!({"$ref": "#/$defs/none"})), "params.properties.a[\"$ref\"]: `#/$defs/none` leads to no place within this schema, expected `#/$defs/<name>`".into()),
        (property(&json!({"$dynamicRef": "#a"})), "params.properties.a[\"$dynamicRef\"]: `$dynamicRef` is not taken here: use `$ref: '#/$defs/…'`".into()),
        (property(&json!({"$id": "other"})), "params.properties.a[\"$id\"]: only the root may have an `$id`: remove it".into()),
        (property(&json!({"allOf": [{"$ref": "#/properties/a"}]})), recursion.into()),
        (property(&json!({"properties": {"b": {"$ref": "#"}}})), recursion.into()),
        (property(&json!({"type": "integer", "default": "x"})), "params.properties.a.default: the default is a string (\"x\"), expected a whole number".into()),
        (property(&json!({"default": {"b": [0]}, "properties": {"b": {"items": {"minimum": 1}}}})), "params.properties.a.default: in the default, at `b[0]`: is 0, expected at least 1".into()),
        (property(&json!({"properties": {"b": {"enum": [1], "default": 2}}})), "params.properties.a.properties.b.default: the default is 2, expected one of `1`".into()),
        (property(&json!({"default": {"secretKeyRef": {"name": "a", "key": "b"}}})), "params.properties.a.default: a default cannot be a reference to a Secret: use `secret_ref` in the rule".into()),
        (property(&json!({"description": "x".repeat(SIZE_MAX)})), format!("params: the schema has {} bytes as JSON, expected at most {SIZE_MAX}", SIZE_MAX + 55)),
    ];
    for (schema, expected) in rows {
        assert_eq!(admitted(&schema), [expected]);
    }
}

#[test]
fn what_would_grow_or_go_deep_is_refused_before_it_is_compiled() {
    let deep = (0..NESTING_MAX).fold(json!({}), |inner, _| json!({"properties": inner}));
    assert_eq!(
        admitted(&property(&deep)),
        [format!("params: the schema is nested more than {NESTING_MAX} deep: make it flatter")]
    );
    let mut doubling = json!({"type": "object", "$ref": "#/$defs/a0", "$defs": {"a40": {}}});
    for n in 0..40 {
        let next = json!({"$ref": format!("#/$defs/a{}", n + 1)});
        doubling["$defs"][format!("a{n}")] = json!({"allOf": [next, next]});
    }
    assert_eq!(admitted(&doubling).len(), 1);
}

/// Schemas and params over the same few keys, so that they meet.
fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "string", "default": "x"})),
        Just(json!({"type": "integer", "minimum": 1})),
        Just(json!({"$ref": "#/$defs/a"})),
        Just(json!({"pattern": "(", "default": null})),
        Just(json!({"type": 5})),
        Just(json!(true)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::btree_map("[ab$/]", inner.clone(), 0..3)
                .prop_map(|map| json!({"type": "object", "properties": map})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|list| json!({"anyOf": list, "default": {}})),
            inner.prop_map(|one| json!({"items": one, "$defs": {"a": {"type": "string"}}})),
        ]
    })
}

fn any_params() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(json!(null)), Just(json!("x")), Just(json!(1)), Just(json!({"secretKeyRef": {}}))];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::btree_map("[ab$/]", inner.clone(), 0..3).prop_map(|map| json!(map)),
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_admitted_resolves_without_panic_and_to_a_fixed_point(schema in any_schema(), params in any_params()) {
        let (Value::Object(schema), Value::Object(params)) = (schema, params) else { return Ok(()) };
        let found = resolve(Some(&schema), None, &params);
        if let (Ok(validator), false) = (jsonschema::validator_for(&json!(schema)), json!(params).to_string().contains("secretKeyRef")) {
            let mut filled = params.clone();
            fill(&schema, &mut filled);
            prop_assert_eq!(found.is_ok(), validator.is_valid(&Value::Object(filled)), "no error is lost on the way to people");
        }
        if check_schema(&schema).is_empty()
            && let Ok(first) = resolve(Some(&schema), None, &params)
        {
            prop_assert_eq!(resolve(Some(&schema), None, &first), Ok(first.clone()));
        }
    }
}
