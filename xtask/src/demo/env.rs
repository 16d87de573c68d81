//! The environment of a pod's containers: where each value comes from.

use kube::api::DynamicObject;
use serde_json::Value;

/// A line per variable. What comes from a Secret is a reference here, as it is in the pod.
pub fn lines(pod: &DynamicObject) -> Vec<String> {
    let containers = pod.data["spec"]["containers"].as_array();
    containers.into_iter().flatten().flat_map(of_container).collect()
}

fn of_container(container: &Value) -> Vec<String> {
    let name = container["name"].as_str().unwrap_or_default();
    let variables = container["env"].as_array().map_or(&[][..], Vec::as_slice);
    let length = |variable: &Value| variable["name"].as_str().map_or(0, str::len);
    let width = variables.iter().map(length).max().unwrap_or_default();
    let line = |variable: &Value| {
        format!("{name}: {:width$} {}", variable["name"].as_str().unwrap_or_default(), origin(variable))
    };
    variables.iter().map(line).collect()
}

fn origin(variable: &Value) -> String {
    let source = &variable["valueFrom"];
    for (kind, field) in [("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")] {
        if let (Some(name), Some(key)) = (source[field]["name"].as_str(), source[field]["key"].as_str()) {
            return format!("<- {kind} {name}, key {key}");
        }
    }
    match source["fieldRef"]["fieldPath"].as_str() {
        Some(path) => format!("<- the pod's {path}"),
        None => format!("=  {}", variable["value"].as_str().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::demo::world::tests::object;

    #[test]
    fn a_secret_is_shown_as_a_reference() {
        let env = json!([
            { "name": "LEVEL", "value": "info" },
            { "name": "URL", "valueFrom": { "secretKeyRef": { "name": "db", "key": "url" } } },
            { "name": "IP", "valueFrom": { "fieldRef": { "fieldPath": "status.podIP" } } },
        ]);
        let spec = json!({ "containers": [{ "name": "api", "env": env }, { "name": "side" }] });
        let pod = object("v1", "Pod", "p", &[], &json!({ "spec": spec }));
        let expected = [
            "api: LEVEL =  info",
            "api: URL   <- Secret db, key url",
            "api: IP    <- the pod's status.podIP",
        ];
        assert_eq!(lines(&pod), expected);
    }
}
