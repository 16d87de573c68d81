//! Messages as people read them, whole.

use serde_json::{Value, json};

use super::{problems, said, with, x};
use crate::api::conditions::Reason;

#[test]
fn the_most_common_mistakes_are_explained_in_full() {
    let container_keys = "known keys: `args`, `before`, `command`, `files`, `image`, `livenessProbe`, `readinessProbe`, `resources`, `variables`, `volumes`";
    let rows = [
        ("containers>web>imagee", json!("x"), format!("containers.web.imagee: unknown key `imagee`; did you mean `image`? {container_keys}")),
        ("containers>web>ports", json!({}), format!("containers.web.ports: unknown key `ports`; {container_keys}")),
        ("container", json!({}), "container: unknown key `container`; did you mean `containers`? known keys: `apiVersion`, `containers`, `metadata`, `resources`, `service`".into()),
        ("containers>web", json!({}), "containers.web: missing required key `image`".into()),
        ("containers", json!({}), "containers: is empty, expected at least 1 container".into()),
        ("containers>web>variables>PORT", json!(3000), "containers.web.variables.PORT: is a number (3000), expected a string: write \"3000\"".into()),
        ("containers>web>variables>DEBUG", json!(true), "containers.web.variables.DEBUG: is a boolean (true), expected a string: put it in quotes (YAML reads yes, no, on and off as booleans too)".into()),
        ("service", Value::Null, "service: is null, expected a map: leave it out or give it a value".into()),
        ("service>ports>www>port", json!("80"), "service.ports.www.port: is a string (\"80\"), expected a whole number: leave out the quotes".into()),
        ("service>ports>www>port", json!(70000), "service.ports.www.port: is 70000, expected 1 to 65535".into()),
        ("service>ports>www>protocol", json!("tcp"), "service.ports.www.protocol: is \"tcp\", expected one of `TCP`, `UDP`; did you mean `TCP`?".into()),
        ("containers>web>livenessProbe>httpGet>scheme", json!("http"), "containers.web.livenessProbe.httpGet.scheme: is \"http\", expected one of `HTTP`, `HTTPS`; did you mean `HTTP`?".into()),
        ("containers>web>command", json!("run"), "containers.web.command: is a string (\"run\"), expected a list: write [\"run\"]".into()),
        ("containers>web>args>0", json!(1), "containers.web.args[0]: is a number (1), expected a string: write \"1\"".into()),
        ("containers>web>image", json!(""), "containers.web.image: is \"\", expected at least 1 character".into()),
        ("containers>web>files>/etc/a.conf>mode", json!("888"), "containers.web.files[\"/etc/a.conf\"].mode: is \"888\", expected three octal digits, with or without a 0 before them, such as `0644`".into()),
        ("containers>web>files>/etc/a.conf", json!({}), "containers.web.files[\"/etc/a.conf\"]: expected exactly one of `binaryContent`, `content`, `source`: found none of them".into()),
        ("containers>web>files>/etc/a.conf", json!({"content": "a", "source": "b"}), "containers.web.files[\"/etc/a.conf\"]: expected exactly one of `binaryContent`, `content`, `source`: found `content`, `source`".into()),
        ("containers>web>livenessProbe", json!({}), "containers.web.livenessProbe: expected at least one of `exec`, `httpGet`: found none of them".into()),
        ("containers>web>resources>limits>memory", json!("64m"), "containers.web.resources.limits.memory: is \"64m\", expected an amount of bytes such as `128Mi`, `1.5G` or `500000` (units: K, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei)".into()),
        ("containers>web>resources>limits>cpu", json!(".5"), "containers.web.resources.limits.cpu: is \".5\", expected a number of CPUs such as `2` or `0.5`, or thousandths such as `125m`".into()),
        ("resources>my_db", json!({"type": "postgres"}), "resources.my_db: the name `my_db` is not allowed, expected 2 to 63 characters of a-z, 0-9 and `-`, with a letter or digit at both ends".into()),
        ("metadata>annotations>a b", json!("x"), "metadata.annotations[\"a b\"]: the name `a b` is not allowed, expected an optional DNS name (parts of 2 characters or more) and `/`, then 2 to 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, all in all at most 316 characters".into()),
        ("metadata>name", json!("x"), "metadata.name: is \"x\", expected 2 to 63 characters of a-z, 0-9 and `-`, with a letter or digit at both ends".into()),
        ("apiVersion", json!("score.dev/v1"), "apiVersion: is \"score.dev/v1\", expected `score.dev/v1b1`".into()),
    ];
    for (path, value, expected) in rows {
        assert_eq!(said(&with(path, value)), [expected]);
    }
}

#[test]
fn all_problems_come_at_once_sorted_and_once_each() {
    let mut file = with("containers>web", json!({"image": 5, "x=": 1, "variables": {"A": 1, "B": null}}));
    file["service"] = json!([]);
    let found = problems(&file);
    let paths: Vec<_> = found.iter().map(|problem| problem.path.as_str()).collect();
    let expected = [
        "containers.web.image",
        "containers.web.variables.A",
        "containers.web.variables.B",
        "containers.web[\"x=\"]",
        "service",
    ];
    assert_eq!(paths, expected);
    assert!(found.iter().all(|problem| problem.reason == Reason::InvalidScore));
}

#[test]
fn values_that_are_long_or_may_be_secret_are_not_shown() {
    let long = format!("Hunter2-{}", x(60));
    for (path, value) in [
        ("containers>web>command", json!(long)),
        ("containers>web>image", json!([long])),
        ("apiVersion", json!(long)),
        ("resources>db>params", json!("Hunter2")),
        ("containers>web>files>/etc/a.conf>content", json!(["Hunter2"])),
        ("containers>web>files>/etc/a.conf>binaryContent", json!(["Hunter2"])),
    ] {
        let said = said(&with(path, value));
        assert!(!said.is_empty() && said.iter().all(|text| !text.contains("Hunter2")), "{path}: {said:?}");
    }
}

#[test]
fn s20_the_array_forms_are_refused_with_the_map_form_as_an_example() {
    let files = with("containers>web>files", json!([{"target": "/etc/app.conf", "content": "x"}]));
    assert_eq!(
        said(&files),
        [
            "containers.web.files: is a list, expected a map: the list form is deprecated and not taken here; write the target as the key, without `target`: `files: {\"/etc/app.conf\": {content: …}}`"
        ]
    );
    let volumes = with("containers>web>volumes", json!([{"source": "x"}]));
    assert_eq!(
        said(&volumes),
        [
            "containers.web.volumes: is a list, expected a map: the list form is deprecated and not taken here; write the target as the key, without `target`: `volumes: {\"/path/in/container\": {source: …}}`"
        ]
    );
}
