//! Texts with secret parts (V04, P10, decision 12).

use super::*;

/// The value of an output, and what it composed.
fn output(template: &Json, name: &str) -> (Result<Value, String>, BTreeMap<String, Composed>) {
    let scope = scope().with("generated", json!({"password": "hunter2"}));
    let node = Node::compile(template, "outputs").unwrap_or_else(|errors| panic!("{template}: {errors:?}"));
    let mut budget = Budget::new().composing("db-composed");
    budget.begin_output(name);
    let value = node.evaluate(&scope, &mut budget).map_err(|error| error.to_string());
    (value, budget.composed())
}

fn reference(name: &str, key: &str) -> Value {
    Value::SecretRef(SecretRef { name: name.into(), key: key.into() })
}

fn text(text: &str) -> SecretPart {
    SecretPart::Text(text.into())
}

fn part(name: &str, key: &str) -> SecretPart {
    SecretPart::Secret(SecretRef { name: name.into(), key: key.into() })
}

#[test]
fn p10_a_composed_text_is_a_reference_to_a_key_of_its_own() {
    let template = "{{ secret_template('pg://', secret_ref('conn', 'user'), ':', generated.password, '@', id, ':', 5432, '/', true) }}";
    let (value, composed) = output(&json!(template), "url");
    assert_eq!(value, Ok(reference("db-composed", "url")));
    let parts = [
        text("pg://"),
        part("conn", "user"),
        text(":"),
        text("hunter2"),
        text("@"),
        text("shop.db"),
        text(":"),
        text("5432"),
        text("/"),
        text("true"),
    ];
    assert!(composed["url"].parts() == parts, "{composed:?}");
    assert_eq!(composed["url"].references().count(), 1);
    assert!(!format!("{composed:?}").contains("hunter2"));
}

#[test]
fn each_text_has_a_key_of_its_own() {
    let two = json!(["{{ secret_template('a') }}", {"b": "{{ secret_template('b') }}"}]);
    let (value, composed) = output(&two, "urls");
    let expected = Value::list([
        reference("db-composed", "urls"),
        Value::map([("b".to_owned(), reference("db-composed", "urls-2"))]),
    ]);
    assert_eq!(value, Ok(expected));
    assert_eq!(composed.keys().collect::<Vec<_>>(), ["urls", "urls-2"]);
    for name in ["a b", "", ".x", "..", "ä", &"x".repeat(64)] {
        let (value, composed) = output(&json!("{{ secret_template('a') }}"), name);
        let key = composed.keys().next().unwrap();
        assert!(key.len() <= 63 && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{key}");
        assert_eq!(value, Ok(reference("db-composed", key)));
    }
}

#[test]
fn a_composed_text_has_no_other_use() {
    for template in [
        "x{{ secret_template('a') }}",
        "{{ secret_template('a') ~ 'x' }}",
        "{{ secret_template('a') == 'a' }}",
        "{{ secret_template('a').x }}",
        "{{ secret_template('a') | b64encode }}",
        "{{ [secret_template('a')] | json }}",
        "{{ secret_template('a') | json }}",
        "{{ secret_template(secret_template('a')) }}",
        "{{ 1 if secret_template('a') else 2 }}",
        "{{ 'a' in secret_template('a') }}",
    ] {
        let (value, _) = output(&json!(template), "url");
        let error = value.expect_err(template);
        assert!(error.contains("secret"), "{template}: {error}");
    }
    let (value, composed) = output(&json!("{{ 1 if secret_template('a') is defined else 2 }}"), "url");
    assert_eq!((value, composed.len()), (Ok(json!(1).into()), 0));
}

#[test]
fn parts_are_texts_numbers_bools_and_references() {
    for (template, message) in [
        ("{{ secret_template('a', none) }}", "and one is null"),
        ("{{ secret_template(params.labels) }}", "and one is a map"),
        ("{{ secret_template([secret_ref('a', 'b')]) }}", "gets a secret reference"),
        ("{{ secret_template(params.nope) }}", "`params.nope` is not there"),
        ("{{ secret_template(objects.db.nope) }}", "waits for `objects.db.nope`"),
        ("{{ secret_template(omit) }}", "`omit`"),
        ("{{ secret_template(secret_ref('a', 'b') ~ 'x') }}", "a secret reference is a value of its own"),
        ("{{ secret_template(secret_ref('a', 'b') | b64encode) }}", "a secret reference"),
    ] {
        let error = output(&json!(template), "url").0.expect_err(template);
        assert!(error.contains(message) && !error.contains("hunter2"), "{template}: {error}");
    }
    assert!(error(&json!("{{ secret_template('a') }}")).contains("may stand in `outputs` only"));
}

#[test]
fn leaves_tell_which_names_are_covered() {
    let template = json!("{{ secret_template(a, b.c ~ d) if e else secret_ref(f, 'k') }}{{ a }}");
    let node = Node::compile(&template, "o").unwrap();
    let leaf = node.leaves().next().unwrap();
    let names = |names: &[Vec<String>]| names.iter().map(|name| name.join(".")).collect::<Vec<_>>();
    assert_eq!(names(&leaf.names), ["a", "b.c", "d", "e", "f"]);
    assert_eq!(names(&leaf.exposed), ["a", "e", "f"]);
}
