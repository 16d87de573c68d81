//! Live objects are what a Kubernetes 1.36 server returned, trimmed; so is each expected verdict.

use super::*;
use serde_json::json;

const US: &str = "score-operator";

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What we apply; the server writes half of it differently.
fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web", "tier": "front"}},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"automountServiceAccountToken": false, "volumes": [{"name": "tmp", "emptyDir": {}}],
                "containers": [{
                    "name": "api", "image": "nginx:1", "args": ["--port", "80"],
                    "resources": {"requests": {"cpu": 0.5, "memory": "1.5Gi"}, "limits": {"cpu": "1000m"}},
                    "env": [{"name": "A", "value": ""}, {"name": "B", "value": "b"},
                        {"name": "P", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                    "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}],
                    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"},
                        {"name": "tmp", "mountPath": "/x", "subPath": "x", "readOnly": false}],
                    "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 0}
                }]}
        }}
    })
}

/// The same after its apply, `kubectl scale`, `kubectl annotate` and `kubectl set env ZZ=1`.
fn live_deployment() -> Value {
    parse(include_str!("live-deployment.json"))
}

/// An object of ours: its fields, and the `fieldsV1` of each manager.
fn live(body: &str, managers: &[(&str, &str, &str, &str)]) -> Value {
    let mut object = parse(body);
    let version = object["apiVersion"].clone();
    let entry = |(manager, operation, subresource, fields): &(&str, &str, &str, &str)| {
        json!({"manager": manager, "operation": operation, "subresource": subresource,
            "apiVersion": version, "fieldsV1": parse(fields)})
    };
    object["metadata"]["managedFields"] = managers.iter().map(entry).collect();
    object
}

fn ours(body: &str, fields: &str) -> Value {
    live(body, &[(US, "Apply", "", fields)])
}

/// `object` with one change, given as pointer and value; null removes.
fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = object.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Array(items), Value::Null) => drop(items.remove(name.parse().unwrap())),
        (Value::Array(items), value) => items[name.parse::<usize>().unwrap()] = value,
        (parent, Value::Null) => drop(parent.as_object_mut().unwrap().remove(name)),
        (parent, value) => parent[name] = value,
    }
    object
}

fn reversed(object: Value, pointer: &str) -> Value {
    let list: Vec<_> = object.pointer(pointer).unwrap().as_array().unwrap().iter().rev().cloned().collect();
    with(object, pointer, list.into())
}

const API: &str = "/spec/template/spec/containers/0";

#[test]
fn an_applied_deployment_is_left_alone_whatever_others_add() {
    assert!(!must_apply(&deployment(), &live_deployment(), US));
    assert_eq!(conflicts(&deployment(), &live_deployment(), US), []);
}

#[test]
fn an_object_of_which_we_own_nothing_is_applied() {
    assert!(must_apply(&deployment(), &live_deployment(), "somebody"));
    assert!(must_apply(&deployment(), &with(live_deployment(), "/metadata/managedFields", json!(null)), US));
    assert!(must_apply(&with(deployment(), "/apiVersion", json!("apps/v2")), &live_deployment(), US));
}

#[test]
fn what_we_no_longer_want_is_dropped() {
    let api = [
        "args/0",
        "env/1",
        "env/1/value",
        "ports/0",
        "readinessProbe",
        "resources/limits/cpu",
        "volumeMounts/1",
    ];
    let pod =
        ["/metadata/labels/tier", "/metadata/labels", "/spec/template/spec/automountServiceAccountToken"];
    for gone in api.map(|name| format!("{API}/{name}")).into_iter().chain(pod.map(str::to_owned)) {
        assert!(must_apply(&with(deployment(), &gone, json!(null)), &live_deployment(), US), "{gone}");
    }
}

#[test]
fn what_we_newly_want_is_applied() {
    let new = [
        ("/metadata/labels/new", json!("x")),
        ("/spec/replicas", json!(3)),
        ("/spec/template/spec/volumes/0/emptyDir", json!({"sizeLimit": "1Gi"})),
        ("/spec/template/spec/containers/0/env/0/value", json!("x")),
        ("/spec/template/spec/containers/0/env/2/valueFrom/fieldRef/fieldPath", json!("metadata.uid")),
        ("/spec/template/spec/containers/0/resources/limits/cpu", json!("1001m")),
        ("/spec/template/spec/containers/0/ports/1/protocol", json!("TCP")),
        ("/spec/template/spec/containers/0/volumeMounts/1/readOnly", json!(true)),
    ];
    for (pointer, value) in new {
        assert!(must_apply(&with(deployment(), pointer, value), &live_deployment(), US), "{pointer}");
    }
}

#[test]
fn the_same_said_otherwise_is_not_applied() {
    let same = [
        ("/spec/template/spec/containers/0/resources/limits/cpu", json!(1)),
        ("/spec/template/spec/containers/0/resources/requests/memory", json!("1536Mi")),
        ("/spec/template/spec/containers/0/ports/0/protocol", json!("TCP")),
        ("/spec/template/spec/containers/0/env/2/valueFrom/fieldRef/apiVersion", json!("v1")),
        ("/status", json!({"replicas": 7})),
    ];
    for (pointer, value) in same {
        assert!(!must_apply(&with(deployment(), pointer, value), &live_deployment(), US), "{pointer}");
    }
}

#[test]
fn our_order_counts_and_others_items_in_between_do_not() {
    let env = format!("{API}/env");
    assert!(must_apply(&reversed(deployment(), &env), &live_deployment(), US));
    let between = json!([{"name": "A"}, {"name": "ZZ", "value": "1"}, {"name": "B", "value": "b"},
        live_deployment().pointer(&env).unwrap()[2].clone()]);
    assert!(!must_apply(&deployment(), &with(live_deployment(), &env, between), US));
}

#[test]
fn hand_edits_are_found() {
    let edits = [
        ("/metadata/labels/tier", json!("back")),
        ("/metadata/labels/tier", json!(null)),
        ("/spec/template/spec/containers/0/image", json!("nginx:2")),
        ("/spec/template/spec/containers/0/env/1", json!(null)),
        ("/spec/template/spec/containers/0/args", json!(["--port", "80", "-v"])),
        ("/spec/template/spec/containers/0/resources/limits/cpu", json!("3")),
    ];
    for (pointer, value) in edits {
        assert!(must_apply(&deployment(), &with(live_deployment(), pointer, value), US), "{pointer}");
    }
    assert!(!must_apply(&deployment(), &with(live_deployment(), "/spec/replicas", json!(9)), US));
}

/// The server drops an empty value and keeps our ownership; a hand that removes it takes that too.
#[test]
fn an_empty_value_that_was_removed_by_hand_is_put_back() {
    let own = "/metadata/managedFields/0/fieldsV1/f:spec/f:template/f:spec/f:automountServiceAccountToken";
    let removed = with(live_deployment(), "/spec/template/spec/automountServiceAccountToken", json!(null));
    assert!(!must_apply(&deployment(), &removed, US));
    assert!(must_apply(&deployment(), &with(removed, own, json!(null)), US));
}

#[test]
fn a_service_is_matched_by_port_and_protocol_and_its_selector_as_a_whole() {
    let want = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {
        "selector": {"app": "web", "tier": "front"},
        "ports": [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "dns", "port": 53, "protocol": "UDP"}]}});
    let live = ours(
        r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"clusterIP":"10.0.187.189",
        "ports":[{"name":"http","port":80,"protocol":"TCP","targetPort":8080},
        {"name":"dns","port":53,"protocol":"UDP","targetPort":53},{"name":"x","port":99,"protocol":"TCP"}],
        "selector":{"app":"web","tier":"front"},"sessionAffinity":"None","type":"ClusterIP"}}"#,
        r#"{"f:spec":{"f:ports":{
        "k:{\"port\":53,\"protocol\":\"UDP\"}":{".":{},"f:name":{},"f:port":{},"f:protocol":{}},
        "k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{},"f:targetPort":{}}},"f:selector":{}}}"#,
    );
    assert!(!must_apply(&want, &live, US));
    assert!(must_apply(&with(want.clone(), "/spec/selector/tier", json!(null)), &live, US));
    assert!(must_apply(&reversed(want.clone(), "/spec/ports"), &live, US));
    assert!(must_apply(&want, &with(live, "/spec/selector/extra", json!("y")), US));
}

#[test]
fn data_is_text_and_an_empty_key_is_kept() {
    let want = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
        "data": {"a": "1", "limits": "0.5", "e": ""}});
    let live = ours(
        r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},
        "data":{"a":"1","e":"","foreign":"1","limits":"0.5"}}"#,
        r#"{"f:data":{"f:a":{},"f:e":{},"f:limits":{}}}"#,
    );
    assert!(!must_apply(&want, &live, US));
    for (pointer, value) in [("/data/n", json!("1")), ("/data/limits", json!("500m")), ("/data", json!(null))]
    {
        assert!(must_apply(&with(want.clone(), pointer, value), &live, US), "{pointer}");
    }
}

#[test]
fn a_set_keeps_what_others_put_into_it() {
    let want = json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "s", "finalizers": ["example.com/a"]}, "data": {"a": "YQ=="}});
    let live = ours(
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","finalizers":["example.com/b","example.com/a"]},
        "data":{"a":"YQ=="},"type":"Opaque"}"#,
        r#"{"f:data":{"f:a":{}},"f:metadata":{"f:finalizers":{"v:\"example.com/a\"":{}}}}"#,
    );
    assert!(!must_apply(&want, &live, US));
    assert!(must_apply(&with(want.clone(), "/metadata/finalizers/0", json!(null)), &live, US));
    assert!(must_apply(&with(want, "/data/a", json!("Yg==")), &live, US));
}

#[test]
fn defaults_inside_what_is_owned_as_one_are_not_drift_and_what_we_drop_there_is() {
    let want = json!({"apiVersion": "apps/v1", "spec": {"volumeClaimTemplates": [{
        "metadata": {"name": "data", "labels": {"x": "z"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}}}]}});
    let claims = ours(
        r#"{"apiVersion":"apps/v1","metadata":{},"spec":{"volumeClaimTemplates":[{"apiVersion":"v1",
        "kind":"PersistentVolumeClaim","metadata":{"labels":{"x":"z"},"name":"data"},
        "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}},
        "volumeMode":"Filesystem"},"status":{"phase":"Pending"}}]}}"#,
        r#"{"f:spec":{"f:volumeClaimTemplates":{}}}"#,
    );
    assert!(!must_apply(&want, &claims, US));
    assert!(must_apply(
        &with(want, "/spec/volumeClaimTemplates/0/metadata/labels", json!(null)),
        &claims,
        US
    ));

    let want = json!({"apiVersion": "gateway.networking.k8s.io/v1", "spec": {"parentRefs": [{"name": "gw"}],
        "rules": [{"backendRefs": [{"name": "web", "port": 80}]}, {"matches": [{"path": {"value": "/x"}}],
        "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x"]}}]}]}});
    let route = ours(
        r#"{"apiVersion":"gateway.networking.k8s.io/v1","metadata":{},"spec":{"parentRefs":[
        {"group":"gateway.networking.k8s.io","kind":"Gateway","name":"gw"}],"rules":[
        {"backendRefs":[{"group":"","kind":"Service","name":"web","port":80,"weight":1}],
        "matches":[{"path":{"type":"PathPrefix","value":"/"}}]},{"filters":[{"requestHeaderModifier":{"remove":["x"]},
        "type":"RequestHeaderModifier"}],"matches":[{"path":{"type":"PathPrefix","value":"/x"}}]}]}}"#,
        r#"{"f:spec":{"f:parentRefs":{},"f:rules":{}}}"#,
    );
    assert!(!must_apply(&want, &route, US));
    assert!(must_apply(&with(want, "/spec/rules/1/filters", json!(null)), &route, US));
}

#[test]
fn an_emptied_selector_is_applied_and_an_empty_map_with_defaults_is_not() {
    let policy = ours(
        r#"{"apiVersion":"v1","metadata":{},"spec":{"podSelector":{"matchLabels":{"a":"b"}}}}"#,
        r#"{"f:spec":{"f:podSelector":{}}}"#,
    );
    assert!(must_apply(&json!({"spec": {"podSelector": {}}}), &policy, US));
    let defaulted = ours(
        r#"{"apiVersion":"apps/v1","metadata":{},"spec":{"strategy":{"type":"RollingUpdate"}}}"#,
        r#"{"f:spec":{"f:strategy":{}}}"#,
    );
    assert!(!must_apply(&json!({"spec": {"strategy": {}}}), &defaulted, US));
}

#[test]
fn a_null_is_applied_until_nothing_is_there() {
    let own = r#"{"f:data":{"f:a":{},"f:b":{}}}"#;
    let live = |data: &str| ours(&format!(r#"{{"apiVersion":"v1","metadata":{{}},"data":{data}}}"#), own);
    let want = json!({"data": {"a": "1", "b": null}});
    assert!(must_apply(&want, &live(r#"{"a":"1","b":"2"}"#), US));
    assert!(!must_apply(&want, &live(r#"{"a":"1"}"#), US));
}

#[test]
fn lists_that_nobody_describes_go_by_their_usual_keys() {
    let live = ours(
        r#"{"apiVersion":"v1","metadata":{},"spec":{"ports":[{"port":1,"protocol":"TCP","x":0},{"port":2}],
        "args":["a","b"],"refs":[{"name":"a"},{"name":"b"}]}}"#,
        r#"{"f:spec":{".":{}}}"#,
    );
    let spec = |name: &str, value: Value| json!({"spec": {name: value}});
    assert!(!must_apply(&spec("ports", json!([{"port": 2}])), &live, US));
    assert!(!must_apply(&spec("refs", json!([{"name": "b"}])), &live, US));
    assert!(must_apply(&spec("refs", json!([{"name": "c"}])), &live, US));
    assert!(must_apply(&spec("args", json!(["a"])), &live, US));
}

#[test]
fn a_conflict_names_manager_and_path_and_whether_it_may_be_forced() {
    let image =
        r#"{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"api\"}":{"f:image":{}}}}}}}"#;
    let managers = [
        ("z-edit", "Update", "", image),
        ("flux", "Apply", "", image),
        ("hpa", "Update", "scale", r#"{"f:spec":{"f:replicas":{}}}"#),
        ("quiet", "Apply", "", r#"{"f:metadata":{"f:labels":{".":{},"f:app":{}}}}"#),
    ];
    let live = live(&live_deployment().to_string(), &managers);
    let want =
        with(with(deployment(), "/spec/replicas", json!(3)), &format!("{API}/image"), json!("nginx:2"));
    let path = r#".spec.template.spec.containers[name="api"].image"#;
    let shown: Vec<_> =
        conflicts(&want, &live, US).into_iter().map(|it| (it.manager, it.path, it.forceable)).collect();
    let expected = [("flux", path, false), ("hpa", ".spec.replicas", false), ("z-edit", path, true)];
    assert_eq!(shown, expected.map(|(manager, path, force)| (manager.to_owned(), path.to_owned(), force)));
}

/// The server answers 409 for these too: it compares letters. Forcing them changes no value.
#[test]
fn the_same_value_written_otherwise_may_always_be_forced() {
    let owned = r#"{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"api\"}":{".":{},"f:args":{},
        "f:env":{"k:{\"name\":\"A\"}":{"f:value":{}}},"f:resources":{"f:limits":{"f:cpu":{}}}}}}}}}"#;
    let live = live(&live_deployment().to_string(), &[("flux", "Apply", "", owned)]);
    let found = conflicts(&deployment(), &live, US);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|it| it.forceable));
    assert!(
        found[0].path.ends_with(r#".env[name="A"].value"#)
            && found[1].path.ends_with(".resources.limits.cpu")
    );
}

#[test]
fn adding_to_a_map_that_another_left_empty_is_no_conflict() {
    let live = live(
        r#"{"apiVersion":"v1","metadata":{},"spec":{"resources":{},"selector":{"a":"b"}}}"#,
        &[("kubectl-create", "Update", "", r#"{"f:spec":{"f:resources":{},"f:selector":{}}}"#)],
    );
    assert_eq!(conflicts(&json!({"spec": {"resources": {"limits": {"cpu": "1"}}}}), &live, US), []);
    assert_eq!(conflicts(&json!({"spec": {"selector": {"a": "c"}}}), &live, US)[0].path, ".spec.selector");
    assert_eq!(conflicts(&json!({"spec": {"selector": {}}}), &live, US).len(), 1);
}

#[test]
fn owners_are_found() {
    let live = json!({"metadata": {"ownerReferences": [
        {"kind": "A", "name": "a", "uid": "1"},
        {"kind": "ScoreWorkload", "name": "web", "uid": "2", "controller": true}]}});
    assert!(
        owned_by(&live, "1") && owned_by(&live, "2") && !owned_by(&live, "3") && !owned_by(&json!({}), "")
    );
    assert_eq!(controller_of(&live), Some(("ScoreWorkload", "web", "2")));
    assert_eq!(controller_of(&json!({"metadata": {}})), None);
}

#[test]
fn no_shape_is_too_strange() {
    let odd = [
        "null",
        "1",
        "[]",
        "{}",
        "[[]]",
        r#"{"spec":[{}]}"#,
        r#"{"metadata":3}"#,
        r#"{"spec":{"x":[1,{}]}}"#,
    ];
    for (want, live, fields) in odd.iter().flat_map(|a| odd.iter().flat_map(move |b| odd.map(|c| (a, b, c))))
    {
        let entry = |fields| json!({"manager": US, "operation": "Apply", "fieldsV1": fields});
        let steps = json!({"f:spec": {"k:x": {}, "v:": {}, "i:9": {}, "q": {}, "k:[]": {}}});
        let mut live = parse(live);
        if let Some(live) = live.as_object_mut() {
            live.insert(
                "metadata".to_owned(),
                json!({"managedFields": [entry(parse(fields)), entry(steps), 7]}),
            );
        }
        let _ = (must_apply(&parse(want), &live, US), conflicts(&parse(want), &live, "other"));
    }
}
