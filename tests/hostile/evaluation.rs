//! Rules that are admitted and then meet values, or make values, that they may not.

use serde_json::{Map, Value, json};

use super::End::Stopped;
use super::{Attack, expression, rule};

pub fn all() -> Vec<Attack> {
    [growth(), filters(), loops(), numbers(), junk(), references(), objects(), secrets()]
        .into_iter()
        .flatten()
        .collect()
}

/// Params that a Score file could hold.
fn large() -> Value {
    let items: Vec<String> = (0..4_000).map(|n| format!("item-{n}")).collect();
    let map: Map<_, _> = (0..2_000).map(|n| (format!("k{n}"), json!(n))).collect();
    let deep = (0..60).fold(json!("x".repeat(200)), |inner, n| json!({"a": inner, "b": vec![n; 40]}));
    json!({
        "big": "x".repeat(100_000), "control": "\u{1}".repeat(60_000), "quotes": "\"\\".repeat(50_000),
        "ligatures": "ΐ".repeat(60_000), "dotted": "İ".repeat(100_000), "commas": ",".repeat(100_000), "spaces": " ".repeat(100_000),
        "items": items, "map": map, "deep": deep, "list": [1, 2],
    })
}

fn chain(step: &str, length: usize) -> Value {
    let local = |n: usize| {
        let before = format!("locals.l{:02}", n - 1);
        (format!("l{n:02}"), json!(format!("{{{{ {} }}}}", step.replace('_', &before))))
    };
    (1..length).map(local).collect::<Map<_, _>>().into()
}

/// A value that grows from local to local.
fn tower(name: &str, first: Value, step: &str, length: usize) -> Attack {
    let mut locals = chain(step, length);
    locals["l00"] = first;
    let last = format!("{{{{ locals.l{:02} }}}}", length - 1);
    rule(Stopped, name, json!({"locals": locals, "outputs": {"o": last}}))
}

fn growth() -> Vec<Attack> {
    let text = || json!("x".repeat(100));
    vec![
        tower("text doubled by ~", text(), "_ ~ _", 40),
        tower("text doubled by +", text(), "_ + _", 40),
        tower("text times eight", text(), "_ ~ _ ~ _ ~ _ ~ _ ~ _ ~ _ ~ _", 20),
        tower("text doubled by join", text(), "[_, _] | join('')", 40),
        tower("text doubled by replace", text(), "_ | replace('x', 'xx')", 40),
        tower("lists doubled by +", json!([1]), "_ + _", 40),
        tower("lists doubled by nesting", json!([1]), "[_, _]", 40),
        tower("lists times ten by nesting", json!([1]), "[_, _, _, _, _, _, _, _, _, _]", 20),
        tower("maps doubled by nesting", json!({"a": 1}), "{'a': _, 'b': _}", 40),
        tower("maps doubled by merge", json!({"a": 1}), "{'a': _} | merge({'b': _})", 40),
        tower("depth by three", json!([1]), "[[[_]]]", 60),
        tower("depth by thirty", json!([1]), &format!("{}_{}", "[".repeat(30), "]".repeat(30)), 250),
        tower("depth of maps", json!({"a": 1}), "{'a': {'a': {'a': _}}}", 250),
        tower("depth of merged maps", json!({"a": 1}), "{} | merge({'a': {'a': _}})", 250),
        tower("JSON in JSON", json!("\""), "_ | json", 60),
        tower("YAML in YAML", json!("\""), "[_, _] | yaml", 60),
        tower("base64 in base64", text(), "_ | b64encode", 60),
        tower("texts of loops", text(), "[_, _, _] | join('x')", 40),
        rule(Stopped, "250 locals after a large one", {
            let mut locals: Map<_, _> = (0..250).map(|n| (format!("l{n:03}"), json!("{{ locals.a ~ 'x' }}"))).collect();
            locals.insert("a".into(), json!("{{ params.big }}"));
            json!({"locals": locals})
        }).given(large()),
        expression(Stopped, format!("{}.5", "9".repeat(2040))).called("a float of 2040 digits"),
        expression(Stopped, "params.big ~ params.big ~ params.big").given(large()),
        expression(Stopped, "[params.big ~ params.big, params.big ~ params.big, params.big ~ params.big, params.big ~ params.big, params.big ~ params.big, params.big ~ params.big]").given(large()),
expression(Stopped, vec!["params.big"; 30].join(" ~ ")).given(large()).in_list(),
        expression(Stopped, format!("[{}]", vec!["params.items"; 100].join(","))).given(large()),
        expression(Stopped, format!("[{}]", ["params"; 10].join(","))).given(large()),
        rule(Stopped, "five texts of 250 KiB", json!({"outputs": (0..5).map(|n| (format!("o{n}"), json!("{{ params.big ~ params.big ~ 'x' }}"))).chain([("p".to_owned(), json!("{{ params.big ~ params.big ~ params.big }}"))]).collect::<Map<_, _>>()})).given(large()),
        rule(Stopped, "texts around large values", json!({"outputs": {"o": "{{ params.big }}{{ params.big }}{{ params.big }}"}})).given(large()),
        rule(Stopped, "900 copies of a large text", json!({"outputs": {"o": vec!["{{ params.big }}"; 900]}})).given(large()),
        rule(Stopped, "900 uses of a large text", json!({"outputs": {"o": vec!["{{ params.big is string }}"; 900]}})).given(large()),
    ]
}

impl Attack {
    /// The expression as the one item of a list of ten.
    fn in_list(mut self) -> Self {
        let leaf = self.spec["outputs"]["o"].clone();
        self.spec["outputs"]["o"] = json!(vec![leaf; 10]);
        self
    }
}

fn filters() -> Vec<Attack> {
    let on_large = [
        "params.big | replace('x', 'xxx')",
        "params.big | replace('x', params.big)",
        "'x' | replace('x', params.big) | replace('x', params.big)",
        "params.control | json",
        "params.quotes | json | json | json",
        "params.quotes | yaml | yaml | yaml",
        "[params.deep, params.deep, params.deep, params.deep, params.deep, params.deep, params.deep, params.deep] | yaml",
        "[params, params] | json",
        "params | yaml | json",
        "params.big | b64encode | b64encode | b64encode | b64encode",
        "params.ligatures | upper",
        "params.dotted | lower",
        "params.commas | split(',')",
        "params.big | split('x')",
        "params.spaces | split(' ')",
        "params.items | join(params.big)",
        "[params.big, params.big, params.big] | join('')",
        "params.map | keys",
        "params.map | merge({})",
        "{} | merge(params.map)",
        "params.big | get('x')",
        "params.items | keys",
        "params.deep | join('')",
        "params.big | quantity",
        "params.big | b64decode",
        "params.map | dns_label",
        "params.items | sha256",
    ];
    let mut all: Vec<_> = on_large.iter().map(|text| expression(Stopped, text).given(large())).collect();
    // Each makes little, all of them too much.
    for filter in ["lower", "upper", "trim", "b64encode", "json", "replace('y', 'z')", "yaml"] {
        let many = vec![format!("params.big|{filter}"); 40].join(", ");
        all.push(
            expression(Stopped, format!("[{many}] is sequence"))
                .given(large())
                .called(format!("40 times {filter}")),
        );
    }
    let twenty = vec!["params.big|sha256"; 38].join(", ");
    let sha = json!({"outputs": {"o": vec![format!("{{{{ [{twenty}] is sequence }}}}"); 160]}});
    all.push(rule(Stopped, "6,080 hashes of 100 KB", sha).given(large()));
    // The patterns of regular expressions are plain texts, and must stay so.
    for pattern in
        ["(x+)+$", "(x|x)*y", "^(([a-z])+.)+[A-Z]([a-z])+$", "x{1000000}", "(?=x)", "\\1", "[", ".*"]
    {
        let pattern = pattern.replace('\\', "\\\\");
        all.push(
            expression(Stopped, format!("(params.big | replace('{pattern}', '') | split('{pattern}'))[1]"))
                .given(large()),
        );
    }
    all
}

fn loops() -> Vec<Attack> {
    let each = |depth: usize, body: Value| {
        (0..depth).fold(body, |inner, _| json!({"$each": "{{ params.l }}", "$do": inner}))
    };
    let output = |name: &str, depth: usize, body: Value, items: usize| {
        rule(Stopped, name, json!({"outputs": {"o": each(depth, body)}})).given(json!({"l": vec![0; items], "m": "x".repeat(1000), "n": (0..300).map(|n| (format!("k{n}"), json!(0))).collect::<Map<_, _>>()}))
    };
    vec![
        output("257 items", 1, json!(1), 257),
        output("4,000 items", 1, json!("{{ item }}"), 4_000),
        output("two loops that leave all out", 2, json!("{{ omit }}"), 256),
        output("eight loops that leave all out", 8, json!("{{ omit }}"), 256),
        output("60 loops of one item", 60, json!("{{ nope.x }}"), 0)
            .called("60 loops over nothing")
            .then_refused(),
        output("two loops of constants", 2, json!("x".repeat(20)), 256),
        output("three loops of numbers", 3, json!(0), 256),
        output("three loops of empty lists", 3, json!([]), 256),
        output("three loops of empty maps", 3, json!({}), 256),
        output("three loops of null", 3, json!(null), 256),
        output("two loops of texts", 2, json!("{{ params.m }}"), 256),
        output("two loops of loops in lists", 2, json!([each(1, json!(1)), each(1, json!(2))]), 200),
        output("three loops of lists of expressions", 3, json!(["{{ item }}", "{{ index }}"]), 200),
        rule(
            Stopped,
            "a loop over 300 entries of a map",
            json!({"outputs": {"o": {"$each": "{{ params.n }}", "$do": "{{ item.key }}"}}}),
        )
        .given(json!({"n": (0..300).map(|n| (format!("k{n}"), json!(0))).collect::<Map<_, _>>()})),
        rule(
            Stopped,
            "a loop over a text",
            json!({"outputs": {"o": {"$each": "{{ id }}", "$do": "{{ item }}"}}}),
        ),
        rule(
            Stopped,
            "a loop over a number",
            json!({"outputs": {"o": {"$each": "{{ 1000000000 }}", "$do": "{{ item }}"}}}),
        ),
        rule(
            Stopped,
            "a loop over null",
            json!({"outputs": {"o": {"$each": "{{ none }}", "$do": "{{ item }}"}}}),
        ),
        rule(
            Stopped,
            "a loop over omit",
            json!({"outputs": {"o": {"$each": "{{ omit }}", "$do": "{{ item }}"}}}),
        ),
        rule(
            Stopped,
            "a loop over a reference",
            json!({"outputs": {"o": {"$each": "{{ secret_ref('a', 'b') }}", "$do": "{{ item }}"}}}),
        ),
        rule(
            Stopped,
            "a loop over a split text",
            json!({"outputs": {"o": {"$each": "{{ params.t | split(',') }}", "$do": "{{ item }}"}}}),
        )
        .given(json!({"t": ",".repeat(500)})),
    ]
}

impl Attack {
    fn then_refused(self) -> Self {
        Self { end: super::End::Refused, ..self }
    }
}

fn numbers() -> Vec<Attack> {
    let wrong = [
        "1 / 0",
        "0 / 0",
        "1 // 0",
        "1 % 0",
        "0.0 / 0",
        "-1 / 0.0",
        "(0 / 0) | quantity",
        "170141183460469231731687303715884105727",
        "170141183460469231731687303715884105727 + 1",
        "-170141183460469231731687303715884105727 - 2",
        "18446744073709551616",
        "-9223372036854775809",
        "99999999999999999999 + 1",
        "params.big + params.big",
        "params.big - -params.big",
        "[1, 2][99999999999999999999]",
        "[1, 2][2]",
        "id[9999999999:][0]",
        "id - 1",
        "-id",
        "id + 1",
        "'9e999999999' | quantity",
        "'9E' | quantity('n')",
        "'1e30' | quantity",
        "'NaN' | quantity",
        "'Inf' | quantity",
        "'0x10' | quantity",
        "'1 Gi' | quantity",
        "'--1' | quantity",
        "'١' | quantity",
        "'1' | quantity('e3')",
        "id | truncate_hash(-1)",
        "id | truncate_hash(0)",
        "id | truncate_hash(9)",
        "id | truncate_hash(0.5)",
        "id | truncate_hash('40')",
        "id | truncate_hash(99999999999999999999999)",
    ];
    let params = json!({"big": 1e308});
    wrong.iter().map(|text| expression(Stopped, text).given(params.clone())).collect()
}

fn junk() -> Vec<Attack> {
    let wrong = [
        "'%%%%' | b64decode",
        "'YQ' | b64decode",
        "'YQ=' | b64decode",
        "'Y Q=' | b64decode",
        "'YQ==YQ==' | b64decode",
        "'_-_-' | b64decode",
        "'/w==' | b64decode",
        "'7aCA' | b64decode",
        "'Y\\u0000==' | b64decode",
        "'😀' | b64decode",
        "none | b64decode",
        "[] | lower",
        "{} | upper",
        "true | trim",
        "none | json | b64decode",
        "'' | split('')",
        "id | replace('', 'x')",
        "id | split(none)",
        "id | join('')",
        "{'a': 1} | join('')",
        "[{}] | join('')",
        "[none] | join('')",
        "{1: 2} | keys",
        "{true: 2} | json",
        "{none: 2} | yaml",
        "{[1]: 2}",
        "{} | get(none)",
        "[] | get('0')",
        "id | get(0)",
        "{} | merge([])",
        "[] | merge({})",
        "omit | json",
        "[omit] ~ omit",
        "omit",
        "omit == omit",
        "params.nope",
        "params['__proto__']",
        "params.a.b.c.d",
        "params[id]",
        "workload.metadata.nope",
        "workloads.nope",
        "id in 1",
        "id(1) if false else 1 / 0",
    ];
    let all = wrong.iter().filter(|text| !text.starts_with("id(")).map(|text| expression(Stopped, text));
    all.chain([
        rule(Stopped, "a condition that is a number", json!({"readyWhen": ["{{ 1 }}"]})),
        rule(Stopped, "a condition that is text", json!({"readyWhen": ["{{ 'true' }}"]})),
        rule(Stopped, "a condition that is omitted", json!({"readyWhen": ["{{ omit }}"]})),
        rule(Stopped, "a list in text", json!({"outputs": {"o": "a{{ [1] }}"}})),
        rule(Stopped, "null in text", json!({"outputs": {"o": "a{{ none }}"}})),
        rule(
            Stopped,
            "a param that the schema refuses",
            json!({"params": {"type": "object", "additionalProperties": false}}),
        )
        .given(json!({"x": 1})),
        rule(Stopped, "an unknown placeholder in a param", json!({}))
            .given(json!({"x": "${resources.nope.y}"})),
    ])
    .collect()
}

fn references() -> Vec<Attack> {
    let long = "x".repeat(254);
    let names = ["../x", "a/b", "a%2fb", "a?force=true", "A", "-a", "a b", "ä", "a\\n", &long];
    let mut all: Vec<_> =
        names.iter().map(|name| expression(Stopped, format!("secret_ref('{name}', 'k')"))).collect();
    all.extend(
        names
            .iter()
            .map(|name| expression(Stopped, format!("secret_template('x', secret_ref('{name}', 'k'))"))),
    );
    all.extend(
        [
            "secret_ref('', 'k')",
            "secret_ref('a', '')",
            "secret_ref(1, 'k')",
            "secret_ref('a', none)",
            "secret_ref('a', 'b') ~ ''",
            "secret_ref('a', 'b') | json",
            "secret_ref('a', 'b') == secret_ref('a', 'b')",
            "secret_ref('a', 'b').name",
            "secret_ref('a', 'b')[0]",
            "[secret_ref('a', 'b')] | yaml",
            "{secret_ref('a', 'b'): 1}",
            "1 if secret_ref('a', 'b') else 2",
            "secret_template('a') ~ 'b'",
            "secret_template('a') | b64encode",
            "secret_template(secret_template('a'))",
            "secret_template([secret_ref('a', 'b')])",
            "secret_template(none)",
        ]
        .iter()
        .map(|text| expression(Stopped, text)),
    );
    let parts = vec!["params.big"; 32].join(", ");
    all.push(expression(Stopped, format!("secret_template({parts})")).given(large()));
    let many = json!({"outputs": {"o": vec!["{{ secret_template(params.big, params.big) }}"; 900]}});
    all.push(rule(Stopped, "900 large secret templates", many).given(large()));
    all
}

/// Objects that are no objects once they are evaluated.
fn objects() -> Vec<Attack> {
    let named = |name: &str| {
        let manifest =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ params.name }}"}});
        rule(
            Stopped,
            format!("an object called {}", name.chars().take(20).collect::<String>()),
            json!({"manifests": {"m": manifest}}),
        )
        .given(json!({"name": name}))
    };
    let field = |name: &str, change: Value| {
        let mut manifest = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}});
        for (key, value) in change.as_object().expect("fields") {
            manifest[key] = value.clone();
        }
        rule(Stopped, name, json!({"manifests": {"m": manifest}}))
    };
    let long = "x".repeat(254);
    let mut all: Vec<_> = ["", "../secrets/x", "a/status", "x?dryRun=All", "X", "x y", "x\n", "ｘ", &long]
        .iter()
        .map(|name| named(name))
        .collect();
    all.push(field(
        "another namespace",
        json!({"metadata": {"name": "x", "namespace": "{{ 'kube-' ~ 'system' }}"}}),
    ));
    all.push(field(
        "a token by an expression",
        json!({"type": "{{ 'kubernetes.io/' ~ 'service-account-token' }}"}),
    ));
    all.push(field("a name that is a number", json!({"metadata": {"name": "{{ 1 }}"}})));
    all.push(field("a name that is left out", json!({"metadata": {"name": "{{ omit }}"}})));
    let twice = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ namespace }}"}});
    all.push(rule(Stopped, "one object by two keys", json!({"manifests": {"a": twice, "b": twice}})));
    let big = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "{{ params.big ~ params.big }}"}});
    let many: Map<_, _> = (0..8).map(|n| (format!("m{n}"), big.clone())).collect();
    all.push(rule(Stopped, "objects of 2 MiB in all", json!({"manifests": many})).given(large()));
    all
}

/// Secrets of others, given as params.
fn secrets() -> Vec<Attack> {
    let given = json!({"pw": {"secretKeyRef": {"name": "a", "key": "b"}}});
    ["params.pw.secretKeyRef.name.x", "params.pw ~ ''"]
        .iter()
        .map(|text| expression(Stopped, text).given(given.clone()))
        .collect()
}
