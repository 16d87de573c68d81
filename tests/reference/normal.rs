//! Objects in a form in which only what means something differs: lists by the names of their items,
//! base64 as text, references to Secrets by what they refer to, and beside volumes what a container sees.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// An object's identity in an answer.
pub type Id = (String, String);

/// The objects of an answer, by identity, with what stands for a token replaced by it.
pub fn by_id(objects: &[Value], tokens: &[(String, String)]) -> BTreeMap<Id, Value> {
    let mut all = BTreeMap::new();
    for object in objects {
        let object = tokenised(&normal(object), tokens);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut id = (text(&object["kind"]), text(&object["metadata"]["name"]));
        while all.contains_key(&id) {
            id.1.push('\'');
        }
        all.insert(id, object);
    }
    all
}

fn tokenised(object: &Value, tokens: &[(String, String)]) -> Value {
    let text = tokens.iter().fold(object.to_string(), |text, (ours, token)| text.replace(ours, token));
    serde_json::from_str(&text).expect("JSON")
}

fn normal(object: &Value) -> Value {
    let mut object = object.clone();
    // A rule has no words for JSON in a text, and the recorded provisioners do.
    if object["kind"] == "ConfigMap" {
        let data = object.get_mut("data").and_then(Value::as_object_mut).into_iter().flatten();
        data.filter(|(_, value)| value.is_object()).for_each(|(_, value)| *value = json!(value.to_string()));
    }
    for (_, value) in object.get_mut("binaryData").and_then(Value::as_object_mut).into_iter().flatten() {
        *value = text(value);
    }
    let pod = match object["kind"].as_str() {
        Some("CronJob") => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    let claims = object.pointer("/spec/volumeClaimTemplates").cloned().unwrap_or_default();
    if let Some(pod) = object.pointer_mut(pod) {
        let volumes = sources(&pod["volumes"], &claims);
        for list in ["containers", "initContainers"] {
            let containers = pod.get_mut(list).and_then(Value::as_array_mut);
            containers.into_iter().flatten().for_each(|container| container_(container, &volumes));
        }
    }
    object
}

/// Base64 as the text that it stands for, where it is text.
fn text(base64: &Value) -> Value {
    let given = base64.as_str().unwrap_or_default();
    let decoded = STANDARD.decode(given).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.map_or_else(|| base64.clone(), |text| json!(format!("<base64:{text}>")))
}

fn container_(container: &mut Value, volumes: &BTreeMap<String, Value>) {
    let sees = sees(&container["volumeMounts"], volumes);
    if !sees.is_empty() {
        container["(sees)"] = Value::Object(sees);
    }
    let Some(env) = container.get_mut("env").and_then(Value::as_array_mut) else { return };
    let mut names = BTreeMap::new();
    for entry in env.iter().filter(|entry| is_reference(entry)) {
        let of = &entry["valueFrom"]["secretKeyRef"];
        let token =
            format!("__ref_<{}/{}>", of["name"].as_str().unwrap_or(""), of["key"].as_str().unwrap_or(""));
        names.insert(entry["name"].as_str().unwrap_or_default().to_owned(), token);
    }
    for entry in env.iter_mut() {
        for key in ["name", "value"] {
            let Some(Value::String(text)) = entry.get_mut(key) else { continue };
            names.iter().for_each(|(name, token)| *text = text.replace(name, token));
        }
    }
    container["(names of references)"] =
        json!(names.into_iter().map(|(name, token)| (token, json!(name))).collect::<Map<_, _>>());
}

fn is_reference(entry: &Value) -> bool {
    entry["name"].as_str().is_some_and(|name| name.starts_with("__ref_"))
}

/// The sources of the pod's volumes, and of its claims, by name. Of two with one name the first counts.
fn sources(volumes: &Value, claims: &Value) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for volume in volumes.as_array().into_iter().flatten() {
        let mut source = volume.clone();
        let name = source.as_object_mut().and_then(|source| source.remove("name"));
        let name = name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
        all.entry(name).or_insert(source);
    }
    for claim in claims.as_array().into_iter().flatten() {
        let name = claim["metadata"]["name"].as_str().unwrap_or_default();
        all.insert(name.to_owned(), json!({"claim": claim["spec"]}));
    }
    all
}

/// What stands at which path of a container: files one by one, other volumes as they are.
fn sees(mounts: &Value, volumes: &BTreeMap<String, Value>) -> Map<String, Value> {
    let mut found = Map::new();
    for mount in mounts.as_array().into_iter().flatten() {
        let (path, sub_path) = (mount["mountPath"].as_str().unwrap_or_default(), mount["subPath"].as_str());
        let Some(source) = volumes.get(mount["name"].as_str().unwrap_or_default()) else { continue };
        let files = files(source);
        if files.is_empty() {
            let mut what = source.clone();
            what["subPath"] = mount["subPath"].clone();
            what["readOnly"] = json!(mount["readOnly"] == true);
            found.insert(path.to_owned(), what);
        }
        for (name, what) in files {
            match sub_path {
                Some(sub_path) if sub_path == name => drop(found.insert(path.to_owned(), what)),
                Some(_) => {}
                None => drop(found.insert(format!("{}/{name}", path.trim_end_matches('/')), what)),
            }
        }
    }
    found
}

/// The files of a volume that is made of items of ConfigMaps and Secrets, by their path in it.
fn files(source: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let projected = source["projected"]["sources"].as_array().cloned().unwrap_or_default();
    for part in std::iter::once(source).chain(&projected) {
        for (kind, name) in [("configMap", "name"), ("secret", "secretName"), ("secret", "name")] {
            let Some(object) = part[kind][name].as_str() else { continue };
            for item in part[kind]["items"].as_array().into_iter().flatten() {
                let path = item["path"].as_str().unwrap_or_default().to_owned();
                found.insert(
                    path,
                    json!({"of": format!("{kind} {object}"), "key": item["key"], "mode": item["mode"]}),
                );
            }
        }
    }
    found
}
