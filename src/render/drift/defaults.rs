//! What servers put into atomic lists and maps by themselves.
//!
//! Such a list or map belongs to one manager as a whole, so nothing but its schema tells a default from
//! a field that we have dropped. Sources: `SetDefaults_*` of Kubernetes 1.36 and the
//! `HTTPRoute` of Gateway API 1.3.

use serde_json::Value;

/// The field that holds the map or list of maps, a key in it, and the key's default as JSON.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("fieldRef", "apiVersion", r#""v1""#),
    ("resourceFieldRef", "divisor", r#""0""#),
    ("ports", "protocol", r#""TCP""#),
    ("serviceAccountToken", "expirationSeconds", "3600"),
    ("volumeClaimTemplates", "apiVersion", r#""v1""#),
    ("volumeClaimTemplates", "kind", r#""PersistentVolumeClaim""#),
    ("volumeClaimTemplates", "status", r#"{"phase":"Pending"}"#),
    ("spec", "volumeMode", r#""Filesystem""#),
    ("onPodConditions", "status", r#""True""#),
    ("roleRef", "apiGroup", r#""rbac.authorization.k8s.io""#),
    ("subjects", "apiGroup", r#""rbac.authorization.k8s.io""#),
    ("parentRefs", "group", r#""gateway.networking.k8s.io""#),
    ("parentRefs", "kind", r#""Gateway""#),
    ("rules", "matches", r#"[{"path":{"type":"PathPrefix","value":"/"}}]"#),
    ("matches", "path", r#"{"type":"PathPrefix","value":"/"}"#),
    ("path", "type", r#""PathPrefix""#),
    ("path", "value", r#""/""#),
    ("headers", "type", r#""Exact""#),
    ("queryParams", "type", r#""Exact""#),
    ("backendRefs", "group", r#""""#),
    ("backendRefs", "kind", r#""Service""#),
    ("backendRefs", "weight", "1"),
    ("backendRef", "group", r#""""#),
    ("backendRef", "kind", r#""Service""#),
    ("certificateRefs", "group", r#""""#),
    ("certificateRefs", "kind", r#""Secret""#),
    ("requestRedirect", "statusCode", "302"),
];

/// Whether a server puts this value there when it is left out.
pub(super) fn is_default(parent: &str, name: &str, value: &Value) -> bool {
    let known = |(at, key, json): &(&str, &str, &str)| {
        *at == parent
            && *key == name
            && serde_json::from_str::<Value>(json).is_ok_and(|default| default == *value)
    };
    value.is_null() || DEFAULTS.iter().any(known)
}
