//! Secret references are opaque, and messages show no value (decision 12, P10).

use super::*;

fn secret(name: &str, key: &str) -> Value {
    Value::SecretRef(SecretRef { name: name.into(), key: key.into() })
}

/// Params as a workload gives them: with references in them.
fn with_secrets() -> Scope {
    let db =
        Value::map([("password".to_owned(), secret("conn", "pw")), ("host".to_owned(), json!("h").into())]);
    scope().with_value("given", Value::map([("pw".to_owned(), secret("conn", "pw")), ("db".to_owned(), db)]))
}

#[test]
fn p10_a_reference_is_a_value() {
    for (template, expected) in [
        ("{{ secret_ref(locals.name ~ '-conn', 'password') }}", secret("shop-db-conn", "password")),
        ("{{ given.pw }}", secret("conn", "pw")),
        ("{{ given.pw | default('x') }}", secret("conn", "pw")),
        ("{{ 'x' | default(given.pw) }}", json!("x").into()),
        ("{{ given.nope | default(given.pw) }}", secret("conn", "pw")),
        ("{{ given.pw if given.pw is defined else 'x' }}", secret("conn", "pw")),
        ("{{ given.pw or 'x' }}", secret("conn", "pw")),
        ("{{ given.pw is string }}", json!(false).into()),
        ("{{ [given.pw, 1] }}", Value::list([secret("conn", "pw"), json!(1).into()])),
        (
            "{{ {'a': [secret_ref('n', 'k')]} }}",
            Value::map([("a".to_owned(), Value::list([secret("n", "k")]))]),
        ),
        (
            "{{ given.db }}",
            Value::map([
                ("password".to_owned(), secret("conn", "pw")),
                ("host".to_owned(), json!("h").into()),
            ]),
        ),
        ("{{ given.db.host ~ '!' }}", json!("h!").into()),
        ("{{ given.db | get('password') }}", secret("conn", "pw")),
        ("{{ given.db | keys }}", json!(["host", "password"]).into()),
        ("{{ given.db | merge({'password': 'x'}) }}", json!({"host": "h", "password": "x"}).into()),
        (
            "{{ given.db | merge({'host': 'i'}) }}",
            Value::map([
                ("password".to_owned(), secret("conn", "pw")),
                ("host".to_owned(), json!("i").into()),
            ]),
        ),
        ("{{ [given.pw] + [secret_ref('n', 'k')] }}", Value::list([secret("conn", "pw"), secret("n", "k")])),
    ] {
        assert_eq!(
            evaluate(&json!(template), &with_secrets()).unwrap_or_else(|error| panic!("{template}: {error}")),
            expected,
            "{template}"
        );
    }
}

#[test]
fn a_reference_has_no_other_use() {
    for template in [
        "x{{ given.pw }}",
        "{{ given.pw ~ 'x' }}",
        "{{ 'x' ~ given.pw }}",
        "{{ [given.pw] ~ 'x' }}",
        "{{ given.db ~ 'x' }}",
        "{{ given.pw == 'conn' }}",
        "{{ given.pw == given.pw }}",
        "{{ given.pw < 'z' }}",
        "{{ given.pw == secret_ref('conn', 'pw') }}",
        "{{ given.db == {'host': 'h', 'password': 'conn'} }}",
        "{{ given.pw in ['x'] }}",
        "{{ 'x' in [given.pw] }}",
        "{{ 'conn' in given.pw }}",
        "{{ given.pw.name }}",
        "{{ given.pw['name'] | default('x') }}",
        "{{ given.pw[0] is defined }}",
        "{{ given.pw[:1] }}",
        "{{ given.pw | b64encode }}",
        "{{ given.pw | b64decode }}",
        "{{ given.pw | get('name') }}",
        "{{ given.pw | json }}",
        "{{ [given.pw] | json }}",
        "{{ given.db | json }}",
        "{{ given | yaml }}",
        "{{ given.pw | yaml }}",
        "{{ [given.pw] | join('') }}",
        "{{ ['a'] | join(given.pw) }}",
        "{{ given.pw | split('x') }}",
        "{{ id | split(given.pw) }}",
        "{{ id | replace('x', given.pw) }}",
        "{{ id | replace(given.pw, 'x') }}",
        "{{ given.pw | replace('x', 'y') }}",
        "{{ given.pw | lower }}",
        "{{ given.pw | upper }}",
        "{{ given.pw | trim }}",
        "{{ given.pw | sha256 }}",
        "{{ given.pw | quantity }}",
        "{{ '1' | quantity(given.pw) }}",
        "{{ given.pw | keys }}",
        "{{ given.pw | merge({}) }}",
        "{{ {} | merge(given.pw) }}",
        "{{ (given.db | merge({'x': 1})).password ~ 'x' }}",
        "{{ given.db | get('password') | json }}",
        "{{ given.pw | dns_label }}",
        "{{ id | truncate_hash(given.pw) }}",
        "{{ secret_ref(given.pw, 'k') }}",
        "{{ given.pw + 1 }}",
        "{{ -given.pw }}",
        "{{ [1, 2][given.pw] }}",
        "{{ 1 if given.pw else 2 }}",
        "{{ not given.pw }}",
        "{{ (given.pw or 'x') ~ 'y' }}",
        "{{ (given.pw | default('x')) == 'conn' }}",
        "{{ {given.pw: 1} }}",
    ] {
        let result = evaluate(&json!(template), &with_secrets());
        let error = result.map(|value| panic!("{template}: {value:?}")).unwrap_err();
        assert!(error.starts_with("spec: "), "{template}: {error}");
        assert!(!error.contains("conn"), "{template}: {error}");
    }
}

#[test]
fn secret_ref_wants_two_texts() {
    for (template, message) in [
        ("{{ secret_ref('', 'k') }}", "needs a name and a key"),
        ("{{ secret_ref('n', '') }}", "needs a name and a key"),
        ("{{ secret_ref(1, 'k') }}", "the name of `secret_ref(name, key)` must be a string, and is a number"),
        ("{{ secret_ref('n', none) }}", "the key of `secret_ref(name, key)` must be a string, and is null"),
    ] {
        assert!(error(&json!(template)).contains(message), "{template}: {}", error(&json!(template)));
    }
}

#[test]
fn a_plain_value_that_looks_like_a_reference_is_none() {
    let looks = json!({"secretKeyRef": {"name": "other", "key": "token"}});
    let scope = Scope::new().with("params", json!({"x": looks}));
    assert_eq!(evaluate(&json!({"out": "{{ params.x }}"}), &scope), Ok(Value::Plain(json!({"out": looks}))));
}

#[test]
fn messages_show_no_value() {
    let scope = scope().with("secret", json!({"text": "hunter2", "number": 424_242, "list": ["hunter2"], "big": 1e300, "key": {"hunter2": 1}}));
    for template in [
        "{{ secret.number // 0 }}",
        "{{ secret.number / 0 }}",
        "{{ secret.number % 0 }}",
        "{{ 9223372036854775807 - -secret.number + 170141183460469231731687303715884105727 }}",
        "{{ secret.text + 1 }}",
        "{{ secret.text + secret.list }}",
        "{{ secret.number | b64encode }}",
        "{{ secret.list ~ 'x' }}",
        "{{ secret.number[1:] }}",
        "{{ secret.text[secret.text:] }}",
        "{{ secret.text.x }}",
        "{{ params.labels[secret.text] }}",
        "{{ objects.db[secret.text] }}",
        "{{ objects.db[secret.text][secret.text].a }}",
        "{{ {secret.list: 1} }}",
        "{{ {secret.number: 1} }}",
        "{{ 1 in secret.number }}",
        "{{ -secret.text }}",
        "{{ secret_ref(secret.number, secret.list) }}",
        "{{ id | truncate_hash(secret.text) }}",
        "{{ secret.text | b64decode }}",
        "{{ secret.text | quantity }}",
        "{{ '1' | quantity(secret.text) }}",
        "{{ params.labels | get(secret.text) }}",
        "{{ secret | get(secret.text) }}",
        "{{ secret.text | get(secret.text) }}",
        "{{ [secret.list] | join(secret.text) }}",
        "{{ secret.list | keys }}",
        "{{ secret.text | merge({}) }}",
        "{{ secret.text | split(secret.number) }}",
        "x{{ secret.list }}",
    ] {
        let error =
            evaluate(&json!(template), &scope).map(|value| panic!("{template}: {value:?}")).unwrap_err();
        assert!(!error.contains("hunter2") && !error.contains("424242"), "{template}: {error}");
    }
}
