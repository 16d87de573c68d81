//! A small model of server-side apply: the object that the API server keeps after a manifest was applied to
//! nothing. Sources: KEP-555, and the list types and `SetDefaults_*` of Kubernetes 1.36.

use score_operator::api::labels::MANAGER;
use serde_json::{Map, Value, json};

/// Lists whose items are told apart by keys: the field that holds the list, and the keys.
const KEYED: &[(&str, &[&str])] = &[
    ("containers", &["name"]),
    ("env", &["name"]),
    ("volumes", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("ownerReferences", &["uid"]),
];
/// Maps that belong to one manager as a whole.
const ATOMIC: &[&str] = &["selector", "secretKeyRef"];

/// The object after `manifest` was applied, and its controllers have looked at it.
pub fn live_after_apply(manifest: &Value) -> Value {
    let mut object = manifest.clone();
    let fields = owned(manifest);
    for default in defaults(manifest["kind"].as_str().unwrap_or_default()) {
        fill(&mut object, default);
    }
    complete(&mut object);
    let metadata = &mut object["metadata"];
    metadata["uid"] = json!("3f2a");
    metadata["resourceVersion"] = json!("1007");
    metadata["generation"] = json!(1);
    metadata["creationTimestamp"] = json!("2026-11-21T12:00:00Z");
    metadata["managedFields"] = json!([
        {"manager": MANAGER, "operation": "Apply", "apiVersion": manifest["apiVersion"], "fieldsType": "FieldsV1", "fieldsV1": fields},
        {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "apiVersion": manifest["apiVersion"],
         "fieldsType": "FieldsV1", "fieldsV1": {"f:status": {"f:replicas": {}}, "f:metadata": {"f:annotations": {"f:deployment.kubernetes.io/revision": {}}}}},
    ]);
    metadata["annotations"]["deployment.kubernetes.io/revision"] = json!("1");
    object["status"] = json!({"replicas": 1, "observedGeneration": 1});
    object
}

/// The `fieldsV1` of what a manifest says.
fn owned(manifest: &Value) -> Value {
    let mut said = manifest.clone();
    if let Some(fields) = said.as_object_mut() {
        fields.retain(|name, _| !["apiVersion", "kind"].contains(&name.as_str()));
    }
    if let Some(metadata) = said["metadata"].as_object_mut() {
        metadata.retain(|name, _| !["name", "namespace"].contains(&name.as_str()));
    }
    fields(&said, "", manifest["kind"].as_str().unwrap_or_default())
}

fn fields(value: &Value, field: &str, kind: &str) -> Value {
    match value {
        Value::Object(map) if !ATOMIC.contains(&field) => map
            .iter()
            .map(|(name, value)| (format!("f:{name}"), fields(value, name, kind)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => match keys(field, kind) {
            Some(keys) => items.iter().map(|value| item(value, &keys, kind)).collect::<Map<_, _>>().into(),
            None => json!({}),
        },
        _ => json!({}),
    }
}

/// An item of a list with keys.
fn item(value: &Value, keys: &[&str], kind: &str) -> (String, Value) {
    let key = |name: &&str| {
        let given = value.get(*name).cloned();
        Some((String::from(*name), given.or_else(|| (*name == "protocol").then(|| json!("TCP")))?))
    };
    let step: Map<_, _> = keys.iter().filter_map(key).collect();
    let mut below = fields(value, "", kind);
    below["."] = json!({});
    (format!("k:{}", Value::Object(step)), below)
}

fn keys(field: &str, kind: &str) -> Option<Vec<&'static str>> {
    match (field, kind) {
        ("ports", "Service") => Some(vec!["port", "protocol"]),
        ("ports", _) => Some(vec!["containerPort", "protocol"]),
        _ => KEYED.iter().find(|(name, _)| *name == field).map(|(_, keys)| keys.to_vec()),
    }
}

/// What the server fills in where nothing is given, whole objects.
fn defaults(kind: &str) -> Vec<Value> {
    let pods = json!({"dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
        "securityContext": {}, "terminationGracePeriodSeconds": 30});
    let template = json!({"spec": {"template": {"spec": pods, "metadata": {"creationTimestamp": null}}}});
    match kind {
        "Deployment" => vec![
            template,
            json!({"spec": {"replicas": 1, "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10,
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}}}),
        ],
        "StatefulSet" => vec![
            template,
            json!({"spec": {"podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}}}),
        ],
        "Job" => vec![
            template,
            json!({"spec": {"completions": 1, "parallelism": 1, "suspend": false, "podReplacementPolicy": "TerminatingOrFailed"}}),
        ],
        "Service" => vec![
            json!({"spec": {"clusterIP": "10.0.0.9", "clusterIPs": ["10.0.0.9"], "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None", "type": "ClusterIP"}}),
        ],
        "PersistentVolumeClaim" => vec![json!({"spec": {"volumeMode": "Filesystem"}})],
        _ => Vec::new(),
    }
}

/// What the server fills in inside lists: containers, probes, claims.
fn complete(object: &mut Value) {
    for container in items(object, "/spec/template/spec/containers") {
        fill(
            container,
            json!({"imagePullPolicy": "IfNotPresent", "resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}),
        );
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            complete_probe(&mut container[probe]);
        }
        for port in items(container, "/ports") {
            fill(port, json!({"protocol": "TCP"}));
        }
        if let Some(container) = container.as_object_mut() {
            container.retain(|_, value| !value.is_null());
        }
    }
    for claim in items(object, "/spec/volumeClaimTemplates") {
        fill(
            claim,
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"volumeMode": "Filesystem"}, "status": {"phase": "Pending"}}),
        );
    }
    if object["kind"] == "Service" {
        for port in items(object, "/spec/ports") {
            fill(port, json!({"protocol": "TCP"}));
        }
    }
}

fn complete_probe(probe: &mut Value) {
    if probe.is_null() {
        return;
    }
    fill(
        probe,
        json!({"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1}),
    );
    if let Some(get) = probe.get_mut("httpGet") {
        fill(get, json!({"path": "/", "scheme": "HTTP"}));
        if get["path"] == "" {
            get["path"] = json!("/");
        }
    }
}

fn items<'a>(object: &'a mut Value, pointer: &str) -> impl Iterator<Item = &'a mut Value> {
    object.pointer_mut(pointer).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Adds what is not there, deep.
fn fill(target: &mut Value, more: Value) {
    let (Some(target), Value::Object(more)) = (target.as_object_mut(), more) else { return };
    for (key, value) in more {
        match target.get_mut(&key) {
            Some(there) => fill(there, value),
            None => drop(target.insert(key, value)),
        }
    }
}
