//! What is no problem and may not be meant: placeholders where Score expands none (H09), which stay as they are, and
//! requests of probes that have a command, too (R04), which are not made.

use crate::api::score::{Container, Probe, Score};
use crate::plan::schema::below;
use crate::template::{Reference, parse};

/// Where only some texts are expanded (H08).
const EXPANDED: &str = "variables, contents of files, sources of volumes and params of resources";

/// What to tell of a file that its author may not expect, each with its path.
#[must_use]
pub fn remarks(score: &Score) -> Vec<String> {
    literals(score).into_iter().chain(unused_requests(score)).collect()
}

/// What to tell of each text that looks like a placeholder and is none, by path.
#[must_use]
pub fn literals(score: &Score) -> Vec<String> {
    let containers = score.containers.iter().flat_map(|(name, container)| texts(name, container));
    let annotations = score.metadata.iter().flat_map(|metadata| metadata.annotations.iter().flatten());
    let annotations = annotations.map(|(key, text)| (below("metadata.annotations", key), text.as_str()));
    containers.chain(annotations).filter_map(|(path, text)| note(&path, text)).collect()
}

/// Each `httpGet` beside an `exec`.
fn unused_requests(score: &Score) -> impl Iterator<Item = String> {
    let of_container = |(name, container): (&String, &Container)| {
        let has_both = |probe: &Probe| probe.exec.is_some() && probe.http_get.is_some();
        let note = |key: &str| {
            format!(
                "containers.{name}.{key}.httpGet: is not used, as `exec` is preferred: remove one of them"
            )
        };
        let both = probes(container).into_iter().filter(|(_, probe)| probe.as_ref().is_some_and(has_both));
        both.map(|(key, _)| note(key)).collect::<Vec<_>>()
    };
    score.containers.iter().flat_map(of_container)
}

/// The probes of a container by their key.
fn probes(container: &Container) -> [(&'static str, &Option<Probe>); 2] {
    [("livenessProbe", &container.liveness_probe), ("readinessProbe", &container.readiness_probe)]
}

fn note(path: &str, text: &str) -> Option<String> {
    let parsed = parse(text).ok()?;
    let meant =
        |found: &&Reference| matches!(found.path.first().map(String::as_str), Some("metadata" | "resources"));
    let found = parsed.references().find(meant)?;
    Some(format!("{path}: `{found}` stays as it is: only {EXPANDED} are expanded"))
}

/// The texts of a container that are not expanded, but for files that say so themselves.
fn texts<'a>(name: &str, container: &'a Container) -> Vec<(String, &'a str)> {
    let path = format!("containers.{name}");
    let mut found = vec![(format!("{path}.image"), container.image.as_str())];
    for (key, words) in [("command", &container.command), ("args", &container.args)] {
        let words = words.iter().flatten().enumerate();
        found.extend(words.map(|(at, word)| (format!("{path}.{key}[{at}]"), word.as_str())));
    }
    for (key, probe) in probes(container) {
        found.extend(probe.iter().flat_map(|probe| probe_texts(&format!("{path}.{key}"), probe)));
    }
    for (target, volume) in container.volumes.iter().flatten() {
        let path = below(&format!("{path}.volumes"), target);
        found.extend(volume.path.iter().map(|text| (format!("{path}.path"), text.as_str())));
    }
    found
}

fn probe_texts<'a>(path: &str, probe: &'a Probe) -> Vec<(String, &'a str)> {
    let command = probe.exec.iter().flat_map(|exec| exec.command.iter().enumerate());
    let command = command.map(|(at, word)| (format!("{path}.exec.command[{at}]"), word.as_str()));
    let get = probe.http_get.iter();
    let get = get.flat_map(|get| {
        let headers = get.http_headers.iter().flatten().enumerate();
        let headers = headers
            .map(|(at, header)| (format!("{path}.httpGet.httpHeaders[{at}].value"), header.value.as_str()));
        let host = get.host.iter().map(|host| (format!("{path}.httpGet.host"), host.as_str()));
        host.chain([(format!("{path}.httpGet.path"), get.path.as_str())]).chain(headers).collect::<Vec<_>>()
    });
    command.chain(get).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn h09_what_looks_like_a_placeholder_and_is_none_is_told_of() {
        let file = json!({
            "metadata": {"annotations": {"a.b/cc": "${metadata.name}", "dd": "$${metadata.name} ${HOME}"}},
            "containers": {"web": {
                "image": "app:${metadata.tag}",
                "command": ["sh", "${resources.db.host}"],
                "args": ["$(VARIABLE)", "${resources.a.b}"],
                "variables": {"OK": "${metadata.name}"},
                "files": {"/x": {"content": "${metadata.name}", "noExpand": true}},
                "volumes": {"/v": {"source": "${resources.v}", "path": "${metadata.name}"}},
                "livenessProbe": {
                    "exec": {"command": ["${metadata.name}"]},
                    "httpGet": {"path": "/${metadata.name}", "port": 1, "host": "${metadata.h}", "httpHeaders": [{"name": "A", "value": "${metadata.v}"}]},
                },
            }},
        });
        let found = literals(&serde_json::from_value(file).expect("a Score file"));
        let paths: Vec<_> = found.iter().filter_map(|note| note.split(": ").next()).collect();
        let container = [
            "image",
            "command[1]",
            "args[1]",
            "livenessProbe.exec.command[0]",
            "livenessProbe.httpGet.host",
            "livenessProbe.httpGet.path",
            "livenessProbe.httpGet.httpHeaders[0].value",
            "volumes[\"/v\"].path",
        ];
        let mut expected: Vec<_> = container.iter().map(|path| format!("containers.web.{path}")).collect();
        expected.push("metadata.annotations[\"a.b/cc\"]".to_owned());
        assert_eq!(paths, expected);
    }

    #[test]
    fn r04_a_request_that_is_not_made_is_told_of() {
        let both = json!({"exec": {"command": ["true"]}, "httpGet": {"path": "/", "port": 80}});
        let one = json!({"httpGet": {"path": "/", "port": 80}});
        let file =
            json!({"containers": {"web": {"image": "x", "livenessProbe": one, "readinessProbe": both}}});
        let found = remarks(&serde_json::from_value(file).expect("a Score file"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("containers.web.readinessProbe.httpGet: is not used"), "{found:?}");
    }
}
