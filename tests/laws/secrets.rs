//! Rules that do whatever they can with a secret value, and where its text is then found.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// A secret that is recognised in part, in lower case and in base64 at any offset: a circle of three letters.
pub const SECRET: &str = "QZXQZXQZXQZX";
const TRACES: &[&str] = &["qzx", "zxq", "xqz", "uvpy", "wlhr", "wffa"];

/// The trace of the secret in a text, if there is one.
pub fn trace(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    TRACES.iter().find(|trace| text.contains(*trace)).copied()
}

const HARMLESS: &[&str] = &["'x'", "id", "params.text", "generated.nick", "locals.aa", "uid", "'kept'"];
const LIVE: &[&str] = &["objects.conf.data.one", "objects.kept.metadata.name", "objects.conf.metadata"];
const SECRETS: &[&str] =
    &["generated.word", "generated['word']", "generated", "locals.bb", "locals.cc", "locals"];
const LIVE_SECRETS: &[&str] = &["objects.kept.data.one", "objects.kept", "objects"];

/// Filters that hand a value on in another form.
const FILTERS: &[&str] = &[
    "b64decode",
    "get('word')",
    "join('')",
    "json",
    "keys",
    "lower",
    "merge({'a': 1})",
    "replace('x', 'y')",
    "split('x')",
    "trim",
    "upper",
    "yaml",
];

/// Expressions; those that name a secret are rarer, as they must be refused in most places.
fn expression(live: bool) -> impl Strategy<Value = String> {
    let names = |always: &[&'static str], live_too: &[&'static str]| {
        select([always, if live { live_too } else { &[] }].concat())
    };
    let atom =
        prop_oneof![20 => names(HARMLESS, LIVE), 1 => names(SECRETS, LIVE_SECRETS)].prop_map(String::from);
    atom.prop_recursive(2, 4, 2, move |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            pair.clone().prop_map(|(a, b)| format!("{a} ~ {b}")),
            pair.clone().prop_map(|(a, b)| format!("({a} if {b} is defined else {b})")),
            pair.clone().prop_map(|(a, b)| format!("({a} | default({b}))")),
            pair.clone().prop_map(|(a, b)| format!("[{a}, {b}][0]")),
            pair.clone().prop_map(|(a, b)| format!("{{'k': {a}, 'l': {b}}}")),
            pair.clone().prop_map(|(a, b)| format!("{{'k': {a}}}[{b}]")),
            pair.clone().prop_map(|(a, b)| format!("secret_ref({a}, {b})")),
            inner.clone().prop_map(|a| format!("({a})[:3]")),
            inner.clone().prop_map(|a| format!("({a}) | b64encode")),
            inner.clone().prop_map(|a| format!("({a}) | dns_label")),
            (inner.clone(), select(FILTERS)).prop_map(|(a, filter)| format!("({a}) | {filter}")),
            pair.prop_map(move |(a, b)| {
                if live { format!("secret_template({a}, {b})") } else { format!("[{a}] | join({b})") }
            }),
            inner.prop_map(|a| format!("({a}) | truncate_hash(12)")),
        ]
    })
}

fn leaf(live: bool) -> impl Strategy<Value = String> {
    prop_oneof![
        4 => expression(live).prop_map(|it| format!("{{{{ {it} }}}}")),
        1 => expression(live).prop_map(|it| format!("a{{{{ {it} }}}}b")),
        4 => Just("plain".to_owned()),
    ]
}

/// What may hold a secret: the data of a Secret.
fn datum() -> impl Strategy<Value = String> {
    let good = select(vec!["generated.word", "locals.bb", "'x' ~ generated.word ~ 'y'", "(locals.cc)[:7]"]);
    prop_oneof![3 => good.prop_map(|it| format!("{{{{ ({it}) | b64encode }}}}")), 1 => expression(false).prop_map(|it| format!("{{{{ ({it}) | b64encode }}}}"))]
}

/// Patches, mostly none, as each more leaf makes it likelier that a rule is refused.
fn patches() -> impl Strategy<Value = Value> {
    let some = (leaf(true), leaf(true), leaf(true)).prop_map(|(note, account, value)| {
        json!({
            "podTemplate": {"metadata": {"annotations": {"note": note}}, "spec": {"serviceAccountName": account}},
            "containers": {"env": [{"name": "A", "value": value}]},
        })
    });
    prop_oneof![2 => Just(json!({})), 1 => some]
}

/// The spec of a rule.
pub fn rule() -> impl Strategy<Value = Value> {
    let locals =
        (leaf(false), select(vec!["{{ generated.word }}", "{{ 'u:' ~ generated.word }}", "x"]), leaf(false));
    let manifests = (leaf(false), leaf(false), leaf(false), datum(), datum());
    (locals, manifests, leaf(true), leaf(true), prop::option::of(expression(true)), patches()).prop_map(|((aa, bb, cc), (name, one, note, kept, more), output, other, ready, patches)| {
        json!({
            "match": {"type": "thing"},
            "params": {"type": "object", "properties": {"text": {"type": "string", "default": "text"}}},
            "generate": {"word": {"alphanumeric": 12}, "nick": {"alphanumeric": 4, "secret": false}},
            "locals": {"aa": aa, "bb": bb, "cc": cc},
            "manifests": {
                "conf": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "annotations": {"note": note}}, "data": {"one": one}},
                "kept": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kept"}, "data": {"one": kept, "two": more}},
            },
            "readyWhen": ready.iter().map(|it| format!("{{{{ ({it}) is defined }}}}")).collect::<Vec<_>>(),
            "outputs": {"first": output, "second": {"deep": [other]}},
            "patches": patches,
        })
    })
}
