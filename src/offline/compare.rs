//! How two states of an object differ, line by line. What a Secret holds is never shown.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use similar::TextDiff;

use crate::api::labels;

/// What the API server adds by itself, and differs without meaning.
const SERVERS_OWN: &[&str] =
    &["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];
/// What stands for the content of a Secret.
const HIDDEN: &str = "<hidden>";
const CHANGED: &str = "<hidden, changed>";

/// The difference as a unified diff; `None` where there is none. An absent object is one that is not there
/// yet, or will be gone.
#[must_use]
pub fn diff(name: &str, live: Option<&Value>, wanted: Option<&Value>) -> Option<String> {
    let (live, wanted) = masked(live.cloned().unwrap_or_default(), wanted.cloned().unwrap_or_default());
    let (before, after) = (text(&live), text(&wanted));
    if before == after {
        return None;
    }
    let diff = TextDiff::from_lines(&before, &after);
    let mut unified = diff.unified_diff();
    unified.context_radius(3).header(&format!("live/{name}"), &format!("wanted/{name}"));
    Some(unified.to_string())
}

fn text(object: &Value) -> String {
    match object {
        Value::Null => String::new(),
        object => serde_saphyr::to_string(&plain(object)).unwrap_or_default(),
    }
}

/// Without status and what the API server adds.
fn plain(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|field, _| !SERVERS_OWN.contains(&field.as_str()));
    }
    object
}

/// Both sides with the content of Secrets replaced: it can be seen that a key differs, and no more.
fn masked(mut live: Value, mut wanted: Value) -> (Value, Value) {
    if live["kind"] != "Secret" && wanted["kind"] != "Secret" {
        return (live, wanted);
    }
    for field in ["data", "stringData"] {
        let (old, new) = (map(&live, field), map(&wanted, field));
        let same = old.iter().filter(|(key, value)| new.get(*key) == Some(*value));
        let same: BTreeSet<_> = same.map(|(key, _)| key.clone()).collect();
        let mask = |entries: &Map<String, Value>, changed: &str| -> Value {
            let text = |key: &String| if same.contains(key) { HIDDEN } else { changed };
            entries.keys().map(|key| (key.clone(), json!(text(key)))).collect::<Map<_, _>>().into()
        };
        replace(&mut live, field, &old, mask(&old, HIDDEN));
        replace(&mut wanted, field, &new, mask(&new, CHANGED));
    }
    // Where older tools keep the whole object as text.
    for object in [&mut live, &mut wanted] {
        if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    (live, wanted)
}

fn map(object: &Value, field: &str) -> Map<String, Value> {
    object[field].as_object().cloned().unwrap_or_default()
}

fn replace(object: &mut Value, field: &str, old: &Map<String, Value>, masked: Value) {
    if !old.is_empty() {
        object[field] = masked;
    }
}

/// `wanted` with the digest of Secrets that the live pods carry: the operator alone has its key, and a
/// change of a Secret is no change of a file (P10).
#[must_use]
pub fn with_live_digest(mut wanted: Value, live: &Value) -> Value {
    for path in ["/spec/template", "/spec/jobTemplate/spec/template"] {
        let digest = live.pointer(path).map(|pod| &pod["metadata"]["annotations"][labels::SECRETS_DIGEST]);
        if let (Some(pod), Some(digest @ Value::String(_))) = (wanted.pointer_mut(path), digest) {
            pod["metadata"]["annotations"][labels::SECRETS_DIGEST] = digest.clone();
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(data: &Value) -> Value {
        json!({"kind": "Secret", "metadata": {"name": "s", "uid": "1", "resourceVersion": "7"}, "data": data})
    }

    #[test]
    fn no_value_of_a_secret_is_shown_and_each_change_is() {
        let live = secret(&json!({"same": "c2FtZQ==", "old": "b2xk", "gone": "Z29uZQ=="}));
        let wanted = secret(&json!({"same": "c2FtZQ==", "old": "bmV3", "more": "bW9yZQ=="}));
        let text = diff("v1.Secret.s", Some(&live), Some(&wanted)).expect("a difference");
        for value in ["c2FtZQ==", "b2xk", "bmV3", "Z29uZQ==", "bW9yZQ=="] {
            assert!(!text.contains(value), "{text}");
        }
        for line in [
            "-  gone: <hidden>",
            "-  old: <hidden>",
            "+  old: <hidden, changed>",
            "+  more: <hidden, changed>",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
        let made = diff("v1.Secret.s", None, Some(&wanted)).expect("a difference");
        assert!(!made.contains("bmV3") && made.contains("<hidden, changed>"), "{made}");
        let lost = diff("v1.Secret.s", Some(&live), None).expect("a difference");
        assert!(!lost.contains("b2xk"), "{lost}");
    }

    #[test]
    fn what_the_server_adds_is_no_difference() {
        let live = json!({"kind": "Deployment", "metadata": {"name": "a", "uid": "1", "generation": 2}, "status": {"x": 1}});
        let wanted = json!({"kind": "Deployment", "metadata": {"name": "a", "uid": "1", "generation": 3}});
        assert_eq!(diff("a", Some(&live), Some(&wanted)), None);
        let other = json!({"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"x": 1}});
        assert!(diff("a", Some(&live), Some(&other)).is_some_and(|text| text.contains("+spec:")));
    }

    #[test]
    fn p10_the_digest_of_secrets_stays_as_it_is() {
        let pod = |digest: &str| json!({"spec": {"template": {"metadata": {"annotations": {labels::SECRETS_DIGEST: digest}}}}});
        let bare = json!({"spec": {"template": {"metadata": {"annotations": {}}}}});
        assert_eq!(with_live_digest(bare.clone(), &pod("1")), pod("1"));
        assert_eq!(with_live_digest(bare.clone(), &bare), bare);
    }
}
