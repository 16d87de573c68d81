//! Filters and functions: what they make, and what they say of anything else.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::signature::{FILTERS, FUNCTIONS, Signature, TESTS};
use super::*;

#[test]
fn every_example_of_the_reference_is_what_it_says() {
    for Signature { name, example: (leaf, expected), .. } in FILTERS.iter().chain(TESTS).chain(FUNCTIONS) {
        if leaf.is_empty() {
            continue;
        }
        assert!(leaf.contains(name), "{leaf} does not show {name}");
        let found = evaluate(&json!(leaf), &Scope::new()).unwrap_or_else(|error| panic!("{leaf}: {error}"));
        let expected: Json = serde_json::from_str(expected).unwrap_or_else(|error| panic!("{leaf}: {error}"));
        assert_eq!(json!(found), expected, "{leaf}");
    }
}

#[test]
fn the_tables_are_sorted_and_whole() {
    for table in [FILTERS, TESTS, FUNCTIONS] {
        assert!(table.is_sorted_by_key(|signature| signature.name));
        for signature in table {
            assert!(signature.written.contains(signature.name) && signature.does.ends_with('.'));
        }
    }
    // Whatever admission lets through, minijinja knows.
    for filter in FILTERS {
        let arguments = vec!["'1'"; filter.arguments.0].join(", ");
        let call = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
        let found = evaluate(&json!(format!("{{{{ 'a' | {}{call} }}}}", filter.name)), &scope());
        let odd = "an operation does not fit";
        assert!(found.as_ref().err().is_none_or(|error| !error.contains(odd)), "{}: {found:?}", filter.name);
    }
}

#[test]
fn filters_of_names_and_defaults() {
    for (template, expected) in [
        ("{{ 'hunter2' | b64encode }}", json!("aHVudGVyMg==")),
        ("{{ ('a' ~ 'é') | b64encode }}", json!("YcOp")),
        ("{{ 'shop' | dns_label }}", json!("shop")),
        ("{{ id | dns_label }}", json!(dns_label("shop.db"))),
        ("{{ guid | truncate_hash(16) }}", json!("0123456789abcdef")),
        ("{{ guid | truncate_hash(12) }}", json!(truncate_hash("0123456789abcdef", 12))),
        ("{{ params.nope | default('x') }}", json!("x")),
        ("{{ params.nothing | default('x') }}", json!(null)),
        ("{{ params.version | default(params.nope) }}", json!("16")),
        ("{{ objects.db.status.nope | default('x') }}", json!("x")),
        ("{{ objects.nope.a.b | default(objects.db.status.phase) }}", json!("Ready")),
    ] {
        assert_eq!(plain(&json!(template)), expected, "{template}");
    }
    for (template, message) in [
        ("{{ 1 | b64encode }}", "what `b64encode` gets must be a string, and is a number"),
        ("{{ params.queues | dns_label }}", "what `dns_label` gets must be a string, and is a list"),
        ("{{ none | dns_label }}", "is null"),
        ("{{ id | truncate_hash(9) }}", "needs a number of at least 10"),
        ("{{ id | truncate_hash('x') }}", "needs a number of at least 10"),
        ("{{ id | truncate_hash(-1) }}", "needs a number of at least 10"),
        ("{{ params.nope | default(params.neither) }}", "`params.neither` is not there"),
    ] {
        assert!(error(&json!(template)).contains(message), "{template}: {}", error(&json!(template)));
    }
}

#[test]
fn filters_on_texts() {
    for (template, expected) in [
        ("{{ 'aHVudGVyMg==' | b64decode }}", json!("hunter2")),
        ("{{ 'é' | b64encode | b64decode }}", json!("é")),
        ("{{ '' | b64decode }}", json!("")),
        ("{{ 'Straße' | upper }}", json!("STRASSE")),
        ("{{ 'İ' | lower }}", json!("i\u{307}")),
        ("{{ '\t a b\n' | trim }}", json!("a b")),
        ("{{ 'a.*b' | replace('.*', '$0') }}", json!("a$0b")),
        ("{{ 'abc' | replace('x', 'y') }}", json!("abc")),
        ("{{ 'a,,b,' | split(',') }}", json!(["a", "", "b", ""])),
        ("{{ '' | split(',') }}", json!([""])),
        ("{{ ('a, b' | split(','))[1] | trim }}", json!("b")),
        ("{{ params.queues | join(',') }}", json!("a,b")),
        ("{{ [1, 0.5, true, 'x'] | join('') }}", json!("10.5truex")),
        ("{{ [] | join(',') }}", json!("")),
        ("{{ ['a', omit] | join(',') }}", json!("a")),
        ("{{ 'a' | sha256 == 'a' | sha256 }}", json!(true)),
    ] {
        assert_eq!(plain(&json!(template)), expected, "{template}");
    }
}

#[test]
fn filters_on_data() {
    for (template, expected) in [
        ("{{ params.labels | json }}", json!(r#"{"x":"1","y":"2"}"#)),
        ("{{ 'a\"b' | json }}", json!(r#""a\"b""#)),
        ("{{ none | json }}", json!("null")),
        ("{{ (8 / 1) | json }}", json!("8")),
        ("{{ params.labels | yaml }}", json!("x: \"1\"\n\"y\": \"2\"\n")),
        ("{{ params.labels | keys }}", json!(["x", "y"])),
        ("{{ params | get('version') }}", json!("16")),
        ("{{ params.queues | get(1) }}", json!("b")),
        ("{{ params.labels | get('nope') | default('z') }}", json!("z")),
        ("{{ objects | get('db') | get('status') | get('phase') }}", json!("Ready")),
        ("{{ objects | get('nope') | get('status') is defined }}", json!(false)),
        ("{{ params.labels | merge({'y': 3, 'z': [1]}) }}", json!({"x": "1", "y": 3, "z": [1]})),
        ("{{ {} | merge({}) }}", json!({})),
        ("{{ (params.labels | merge(params.labels)).x }}", json!("1")),
        ("{{ '100m' | quantity }}", json!("100m")),
        ("{{ 20 | quantity }}", json!("20")),
        ("{{ (params.storageGi ~ 'Gi') | quantity('Mi') }}", json!(20480)),
        ("{{ '1' | quantity('m') }}", json!(1000)),
        ("{{ 1500 | quantity('k') }}", json!(2)),
        ("{{ '-1.5Gi' | quantity('Gi') }}", json!(-2)),
        ("{{ '250m' | quantity('') }}", json!(1)),
        ("-Xmx{{ ('1Gi' | quantity('Mi')) - 256 }}m", json!("-Xmx768m")),
    ] {
        assert_eq!(plain(&json!(template)), expected, "{template}");
    }
}

#[test]
fn filters_say_what_they_want() {
    for (template, message) in [
        ("{{ params.queues | b64decode }}", "what `b64decode` gets must be a string, and is a list"),
        ("{{ 'a' | b64decode }}", "is no base64: expected"),
        ("{{ 'a b=' | b64decode }}", "is no base64"),
        ("{{ 'aGk' | b64decode }}", "is no base64"),
        ("{{ '/w==' | b64decode }}", "stands for bytes that are no text"),
        ("{{ 1 | lower }}", "what `lower` gets must be a string, and is a number"),
        ("{{ true | upper }}", "what `upper` gets must be a string, and is a bool"),
        ("{{ none | trim }}", "what `trim` gets must be a string, and is null"),
        ("{{ {} | sha256 }}", "what `sha256` gets must be a string, and is a map"),
        ("{{ id | replace('', 'x') }}", "`from` of `replace('from', 'to')` is empty"),
        ("{{ id | replace('x', 1) }}", "`to` of `replace('from', 'to')` must be a string, and is a number"),
        ("{{ id | split('') }}", "the separator of `split` is empty"),
        ("{{ id | split(1) }}", "the separator of `split` must be a string, and is a number"),
        ("{{ id | join(',') }}", "what `join` gets must be a list, and is a string"),
        ("{{ params.labels | join(',') }}", "what `join` gets must be a list, and is a map"),
        ("{{ params.queues | join(1) }}", "the separator of `join` must be a string, and is a number"),
        ("{{ [none] | join(',') }}", "got null"),
        ("{{ [[1]] | join(',') }}", "got a list or map in the list"),
        ("{{ id | keys }}", "what `keys` gets must be a map, and is a string"),
        ("{{ params.queues | keys }}", "what `keys` gets must be a map, and is a list"),
        ("{{ {1: 2} | keys }}", "`keys` needs keys that are strings"),
        ("{{ params.labels | merge([]) }}", "the argument of `merge` must be a map, and is a list"),
        ("{{ id | merge({}) }}", "what `merge` gets must be a map, and is a string"),
        ("{{ id | get('x') }}", "got a string and a string"),
        ("{{ params | get(1) }}", "got a number and a map"),
        ("{{ params.queues | get('a') }}", "got a string and a list"),
        ("{{ params.queues | get(9) }}", "`params.queues[9]` is not there"),
        ("{{ params | get('versoin') }}", "`params.versoin` is not there; did you mean `version`?"),
        ("{{ id | quantity }}", "what `quantity` gets is no amount"),
        ("{{ true | quantity }}", "what `quantity` gets must be a string, and is a bool"),
        ("{{ '1' | quantity('Zi') }}", "and a unit such as"),
        ("{{ '1' | quantity(1) }}", "the unit of `quantity` must be a string, and is a number"),
        ("{{ '9E' | quantity('n') }}", "that fits 64 bits"),
        ("{{ params.nope | json }}", "`params.nope` is not there"),
        ("{{ id | replace('s', params.nope) }}", "`params.nope` is not there"),
        ("{{ '1' | quantity(params.nope) }}", "`params.nope` is not there"),
        ("{{ omit | json }}", "`json` gets `omit`"),
        ("{{ {1: 2} | json }}", "the keys of a map must be strings"),
    ] {
        let found = error(&json!(template));
        assert!(found.starts_with("spec: ") && found.contains(message), "{template}: {found}");
    }
}

#[test]
fn filters_on_what_is_awaited_wait() {
    for filter in FILTERS.iter().filter(|filter| !["default", "get"].contains(&filter.name)) {
        let arguments = vec!["'x'"; filter.arguments.0].join(", ");
        let call = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
        let template = format!("{{{{ objects.db.status.nope | {}{call} }}}}", filter.name);
        assert_eq!(error(&json!(template)), "spec: waits for `objects.db.status.nope`", "{template}");
    }
    for template in [
        "{{ objects | get('nope') }}",
        "{{ id | replace('s', objects.nope) }}",
        "{{ params.labels | merge(objects.nope) }}",
        "{{ [objects.nope] | json }}",
        "{{ [objects.nope] | join(',') }}",
    ] {
        assert_eq!(error(&json!(template)), "spec: waits for `objects.nope`", "{template}");
    }
}

#[test]
fn filters_are_written_as_the_table_says() {
    for template in [
        "{{ a | json() }}",
        "{{ a | json(1) }}",
        "{{ a | split }}",
        "{{ a | split() }}",
        "{{ a | split(',', 2) }}",
        "{{ a | replace('x') }}",
        "{{ a | replace('x', 'y', 'z') }}",
        "{{ a | quantity() }}",
        "{{ a | quantity('m', 'k') }}",
        "{{ a | get }}",
        "{{ a | merge }}",
        "{{ a | merge({}, {}) }}",
        "{{ secret_template() }}",
        "{{ secret_template }}",
        "{{ secret_ref('a') }}",
    ] {
        let found = refusals(&json!(template));
        assert!(found[0].contains("is written `"), "{template}: {found:?}");
    }
    assert!(refusals(&json!("{{ a | slpit(',') }}"))[0].contains("did you mean `split`?"));
    assert!(refusals(&json!("{{ secret_tmplate('a') }}"))[0].contains("did you mean `secret_template`?"));
    let parts = vec!["'x'"; 33].join(", ");
    assert!(refusals(&json!(format!("{{{{ secret_template({parts}) }}}}")))[0].contains("is written `"));
}

#[test]
fn what_filters_make_is_bounded() {
    let text = |bytes: usize| {
        scope().with("big", json!("x".repeat(bytes))).with("ctl", json!("\u{1}".repeat(bytes)))
    };
    let wide: BTreeMap<String, u8> = (0..=limits::ITEMS).map(|n| (format!("k{n}"), 0)).collect();
    let deep = (0..60).fold(json!("x".repeat(3000)), |inner, _| json!([inner.clone(), "y".repeat(500)]));
    let scope = text(100_000).with("wide", json!(wide)).with("deep", deep);
    for (template, message) in [
        ("{{ big | replace('x', 'xxx') }}", "`replace` makes more than 256 KiB"),
        ("{{ ctl | json }}", "`json` makes more than 256 KiB"),
        ("{{ [big, big, big] | join('') }}", "`join` makes more than 256 KiB"),
        ("{{ [big, big, big] | yaml }}", "`yaml` makes more than 256 KiB"),
        ("{{ big | split('x') }}", "`split` makes a list of more than 1024 items"),
        ("{{ wide | keys }}", "`keys` makes a list of more than 1024 items"),
        ("{{ wide | merge({}) }}", "`merge` makes a list of more than 1024 items"),
        ("{{ {} | merge(wide) }}", "`merge` makes a list of more than 1024 items"),
    ] {
        let found = evaluate(&json!(template), &scope).unwrap_err();
        assert!(found.contains(message), "{template}: {found}");
    }
    let many = vec!["big|lower"; 24].join(", ");
    let found = evaluate(&json!(format!("{{{{ [{many}] is sequence }}}}")), &scope).unwrap_err();
    assert!(found.contains("the filters of the expression make more than 2 MiB in all"), "{found}");
    // What is made counts for the rule as a whole, too.
    let half = ["big|lower"; 10].join(", ");
    let node = Node::compile(&json!(format!("{{{{ [{half}] is sequence }}}}")), "spec").unwrap();
    let mut budget = Budget::new();
    let runs = (0..100).take_while(|_| node.evaluate(&scope, &mut budget).is_ok()).count();
    assert!(runs < limits::WORK_BYTES / 2_000_000 + 1, "{runs}");
}

#[test]
fn yaml_is_block_style_that_every_reader_takes_for_the_same() {
    let value = json!({
        "b": {"list": [{"name": "x", "n": 1}, [], {}], "off": "no", "octal": "0400", "null": "~", "empty": ""},
        "a": "two\nlines", "t": true, "f": 0.5, "w": 8.0, "n": null, "colon": "a: b", "# c": "- x",
    });
    let scope = Scope::new().with("value", value.clone());
    let made = evaluate(&json!("{{ value | yaml }}"), &scope).unwrap().into_plain().unwrap();
    // An upgrade of the library that writes this differently would roll pods: it is to be noticed.
    let expected = concat!(
        "\"# c\": \"- x\"\na: \"two\\nlines\"\nb:\n  empty: \"\"\n  list:\n  - \"n\": 1\n    name: x\n  - []\n  - {}\n",
        "  \"null\": \"~\"\n  octal: \"0400\"\n  \"off\": \"no\"\ncolon: \"a: b\"\nf: 0.5\n\"n\": null\nt: true\nw: 8\n",
    );
    assert_eq!(made.as_str().unwrap(), expected);
    let read: Json = serde_saphyr::from_str(expected).unwrap();
    assert_eq!(text::json(&read), text::json(&value));
}

fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(Json::from),
        any::<bool>().prop_map(Json::from),
        Just(Json::Null),
        "\\PC{0,12}".prop_map(Json::from),
        "[ \\t\\n:#'\"yno~0-9.-]{0,8}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("\\PC{0,6}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn json_and_yaml_mean_the_value(value in value()) {
        let scope = Scope::new().with("value", value.clone());
        for (template, is_json) in [("{{ value | json }}", true), ("{{ value | yaml }}", false)] {
            let made = evaluate(&json!(template), &scope).map_err(TestCaseError::fail)?;
            let text = made.as_plain().and_then(Json::as_str).unwrap_or_default().to_owned();
            let read: Json = if is_json { serde_json::from_str(&text).unwrap() } else {
                serde_saphyr::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text:?}")))?
            };
            prop_assert_eq!(&read, &value, "{:?}", text);
        }
    }

    #[test]
    fn filters_are_total(value in value(), argument in value()) {
        let scope = scope().with("value", value).with("argument", argument);
        for filter in FILTERS {
            for given in filter.arguments.0..=filter.arguments.1 {
                let mut template = format!("{{{{ value | {}", filter.name);
                if given > 0 {
                    let _ = write!(template, "({})", vec!["argument"; given].join(", "));
                }
                let made = evaluate(&json!(template + " }}"), &scope);
                if let Err(message) = made {
                    prop_assert!(message.starts_with("spec: "), "{}", message);
                    prop_assert!(!message.contains("does not fit the values"), "{}: {}", filter.name, message);
                }
            }
        }
    }
}
