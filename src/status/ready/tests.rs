//! Statuses are what a Kubernetes 1.36 server's controllers wrote, trimmed.

use super::*;
use serde_json::json;

fn verdict(object: &str) -> String {
    match readiness(&serde_json::from_str(object).unwrap()) {
        Readiness::Ready => "ready".to_owned(),
        Readiness::Waiting(message) => format!("waiting: {message}"),
        Readiness::Failed(message) => format!("failed: {message}"),
    }
}

/// An object of this apiVersion and kind at generation 2, with more fields.
fn object(kind: &str, more: &str) -> String {
    let (version, kind) = kind.rsplit_once('.').unwrap();
    format!(r#"{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"generation":2}},{more}}}"#)
}

fn check(kind: &str, table: &[(&str, &str)]) {
    for (more, expected) in table {
        assert_eq!(verdict(&object(kind, more)), *expected, "{kind} {more}");
    }
}

const LATE: &str = r#""conditions":[{"message":"Deployment does not have minimum availability.",
    "reason":"MinimumReplicasUnavailable","status":"False","type":"Available"},
    {"message":"ReplicaSet \"web-58fd\" has timed out progressing.","reason":"ProgressDeadlineExceeded",
    "status":"False","type":"Progressing"}]"#;

#[test]
fn deployments_are_ready_when_all_pods_are_new_and_available() {
    check(
        "apps/v1.Deployment",
        &[
            (r#""spec":{"replicas":3}"#, "waiting: its controller has not looked at it yet"),
            (
                r#""status":{"observedGeneration":1}"#,
                "waiting: its status is for generation 1, and the object is at 2",
            ),
            (
                r#""spec":{"replicas":3},"status":{"observedGeneration":2,"replicas":3,"updatedReplicas":3,
                "availableReplicas":3,"conditions":[{"type":"Available","status":"True"}]}"#,
                "ready",
            ),
            (r#""spec":{"replicas":0},"status":{"observedGeneration":2}"#, "ready"),
            (
                r#""spec":{"replicas":3},"status":{"observedGeneration":2,"replicas":3,"updatedReplicas":3,
                "availableReplicas":1,"conditions":[{"type":"Available","status":"False",
                "reason":"MinimumReplicasUnavailable","message":"Too few."}]}"#,
                "waiting: 1 of 3 pods are available; condition Available is False: MinimumReplicasUnavailable: Too few",
            ),
            (
                r#""spec":{},"status":{"observedGeneration":2,"replicas":2,"updatedReplicas":1,"availableReplicas":2}"#,
                "waiting: old pods still there: 1",
            ),
            (
                r#""spec":{},"status":{"observedGeneration":2,"replicas":3,"updatedReplicas":3,"availableReplicas":3}"#,
                "waiting: pods to be removed: 2",
            ),
            (
                r#""spec":{},"status":{"observedGeneration":2,"conditions":[{"type":"ReplicaFailure","status":"True",
                "reason":"FailedCreate","message":"pods \"web\" is forbidden: exceeded quota: q"}]}"#,
                "waiting: 0 of 1 pods are updated; 0 of 1 pods are available; condition ReplicaFailure is True: \
                 FailedCreate: pods \"web\" is forbidden: exceeded quota: q",
            ),
            (
                &format!(
                    r#""spec":{{"replicas":3}},"status":{{"observedGeneration":2,"replicas":3,"updatedReplicas":3,{LATE}}}"#
                ),
                "failed: 0 of 3 pods are available; condition Progressing is False: ProgressDeadlineExceeded: \
                 ReplicaSet \"web-58fd\" has timed out progressing; condition Available is False: \
                 MinimumReplicasUnavailable: Deployment does not have minimum availability",
            ),
        ],
    );
}

#[test]
fn stateful_sets_await_only_what_is_to_be_updated() {
    let updated = |strategy: &str, updated: i64, available: i64| {
        format!(
            r#""spec":{{"replicas":3,"updateStrategy":{strategy}}},"status":{{"observedGeneration":2,"replicas":3,
            "updatedReplicas":{updated},"availableReplicas":{available},"currentRevision":"a","updateRevision":"b"}}"#
        )
    };
    let partition = r#"{"type":"RollingUpdate","rollingUpdate":{"partition":2}}"#;
    check(
        "apps/v1.StatefulSet",
        &[
            (&updated("{}", 1, 2), "waiting: 1 of 3 pods are updated; 2 of 3 pods are available"),
            (&updated("{}", 3, 3), "ready"),
            (&updated(partition, 0, 3), "waiting: 0 of 1 pods are updated"),
            (&updated(partition, 1, 3), "ready"),
            (&updated(r#"{"type":"OnDelete"}"#, 0, 3), "ready"),
            (&updated(r#"{"type":"OnDelete"}"#, 0, 2), "waiting: 2 of 3 pods are available"),
            (
                r#""spec":{"replicas":1},"status":{"observedGeneration":2,"replicas":1,"readyReplicas":1,
                "currentRevision":"a","updateRevision":"a"}"#,
                "ready",
            ),
            (
                r#""spec":{"replicas":0},"status":{"observedGeneration":2,"replicas":1}"#,
                "waiting: pods to be removed: 1",
            ),
        ],
    );
}

#[test]
fn daemon_and_replica_sets_count_too() {
    check(
        "apps/v1.DaemonSet",
        &[
            (
                r#""status":{"observedGeneration":2,"desiredNumberScheduled":2,"numberAvailable":2,
                "updatedNumberScheduled":1}"#,
                "waiting: 1 of 2 pods are updated",
            ),
            (
                r#""spec":{"updateStrategy":{"type":"OnDelete"}},"status":{"observedGeneration":2,
                "desiredNumberScheduled":2,"numberAvailable":2}"#,
                "ready",
            ),
            (r#""status":{"observedGeneration":2,"desiredNumberScheduled":0}"#, "ready"),
        ],
    );
    check(
        "apps/v1.ReplicaSet",
        &[
            (r#""status":{"observedGeneration":2}"#, "waiting: 0 of 1 pods are available"),
            (r#""status":{"observedGeneration":2,"availableReplicas":1}"#, "ready"),
        ],
    );
}

#[test]
fn jobs_are_ready_when_they_are_done() {
    check(
        "batch/v1.Job",
        &[
            (r#""spec":{"completions":3}"#, "waiting: 0 of 3 pods have succeeded, active: 0, failed: 0"),
            (
                r#""status":{"succeeded":1,"active":2,"failed":1}"#,
                "waiting: 1 pods have succeeded, active: 2, failed: 1",
            ),
            (
                r#""status":{"conditions":[{"type":"SuccessCriteriaMet","status":"True"},
                {"type":"Complete","status":"True"}]}"#,
                "ready",
            ),
            (
                r#""status":{"conditions":[{"type":"Suspended","status":"True","reason":"JobSuspended",
                "message":"Job suspended"}]}"#,
                "waiting: condition Suspended is True: JobSuspended: Job suspended",
            ),
            (
                r#""status":{"failed":1,"conditions":[{"type":"FailureTarget","status":"True"},{"type":"Failed",
                "status":"True","reason":"DeadlineExceeded","message":"Job was active longer than specified deadline"}]}"#,
                "failed: condition Failed is True: DeadlineExceeded: Job was active longer than specified deadline",
            ),
        ],
    );
    check("batch/v1.CronJob", &[(r#""status":{"active":[{}]}"#, "ready")]);
}

#[test]
fn pods_say_what_holds_them_up() {
    let crash = r#""containerStatuses":[{"name":"web","state":{"waiting":{"reason":"CrashLoopBackOff",
        "message":"back-off 5m0s restarting failed container"}}}]"#;
    check(
        "v1.Pod",
        &[
            (r#""status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}"#, "ready"),
            (r#""status":{"phase":"Succeeded"}"#, "ready"),
            (r#""spec":{}"#, "waiting: phase Pending"),
            (
                r#""status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False",
                "reason":"Unschedulable","message":"0/1 nodes are available"}]}"#,
                "waiting: phase Pending; condition PodScheduled is False: Unschedulable: 0/1 nodes are available",
            ),
            (
                r#""status":{"phase":"Pending","containerStatuses":[{"name":"web","state":{"waiting":{
                "reason":"ImagePullBackOff"}}},{"name":"b","state":{"waiting":{"reason":"ContainerCreating"}}}]}"#,
                "waiting: phase Pending; container web: ImagePullBackOff",
            ),
            (
                &format!(r#""status":{{"phase":"Running",{crash}}}"#),
                "failed: container web: CrashLoopBackOff: back-off 5m0s restarting failed container",
            ),
            (
                r#""status":{"phase":"Failed","reason":"Evicted","message":"low on memory"}"#,
                "failed: the pod has failed: Evicted: low on memory",
            ),
        ],
    );
}

#[test]
fn claims_services_and_definitions_have_rules_of_their_own() {
    check(
        "v1.PersistentVolumeClaim",
        &[
            (r#""status":{"phase":"Bound"}"#, "ready"),
            (r#""status":{"phase":"Pending"}"#, "ready"),
            (r#""status":{"phase":"Lost"}"#, "failed: phase Lost: the volume that it was bound to is gone"),
        ],
    );
    check(
        "v1.Service",
        &[
            (r#""spec":{"type":"ClusterIP"},"status":{"loadBalancer":{}}"#, "ready"),
            (
                r#""spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{}}"#,
                "waiting: its load balancer has no address yet",
            ),
            (
                r#""spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{"ingress":[{"ip":"10.0.0.1"}]}}"#,
                "ready",
            ),
        ],
    );
    check(
        "apiextensions.k8s.io/v1.CustomResourceDefinition",
        &[
            (r#""spec":{}"#, "waiting: it is not established yet"),
            (
                r#""status":{"conditions":[{"type":"NamesAccepted","status":"True"},
                {"type":"Established","status":"True"}]}"#,
                "ready",
            ),
            (
                r#""status":{"conditions":[{"type":"Established","status":"False","reason":"Installing"}]}"#,
                "waiting: condition Established is False: Installing",
            ),
            (
                r#""status":{"conditions":[{"type":"NamesAccepted","status":"False","reason":"KindConflict"},
                {"type":"Established","status":"False"}]}"#,
                "failed: condition NamesAccepted is False: KindConflict",
            ),
        ],
    );
}

#[test]
fn other_kinds_speak_through_conditions() {
    let with = |conditions: &str| format!(r#""status":{{"conditions":[{conditions}]}}"#);
    check(
        "example.com/v1.Database",
        &[
            (r#""spec":{}"#, "ready"),
            (&with(r#"{"type":"Accepted","status":"False"}"#), "ready"),
            (&with(r#"{"type":"Ready","status":"True"}"#), "ready"),
            (
                &with(r#"{"type":"Ready","status":"False","reason":"Creating","message":"soon"}"#),
                "waiting: condition Ready is False: Creating: soon",
            ),
            (&with(r#"{"type":"Ready","status":"Unknown"}"#), "waiting: condition Ready is Unknown"),
            (
                &with(r#"{"type":"Ready","status":"True","observedGeneration":1}"#),
                "waiting: condition Ready is for generation 1, and the object is at 2",
            ),
            (
                &with(
                    r#"{"type":"Ready","status":"True"},{"type":"Synced","status":"False","reason":"ReconcileError"}"#,
                ),
                "waiting: condition Synced is False: ReconcileError",
            ),
            (
                &with(
                    r#"{"type":"Ready","status":"False"},{"type":"Stalled","status":"True","reason":"Bad"}"#,
                ),
                "failed: condition Stalled is True: Bad",
            ),
            (
                &with(r#"{"type":"Stalled","status":"True"},{"type":"Reconciling","status":"True"}"#),
                "waiting: condition Reconciling is True",
            ),
            (&with(r#"{"type":"Failed","status":"True"}"#), "failed: condition Failed is True"),
            (
                r#""status":{"observedGeneration":-1}"#,
                "waiting: its status is for generation -1, and the object is at 2",
            ),
        ],
    );
    for kind in ["v1.ConfigMap", "v1.Secret", "v1.ServiceAccount", "networking.k8s.io/v1.Ingress"] {
        check(kind, &[(r#""x":0"#, "ready")]);
    }
}

#[test]
fn a_kind_of_another_group_is_not_mistaken() {
    check("serving.example.com/v1.Service", &[(r#""spec":{"type":"LoadBalancer"}"#, "ready")]);
}

#[test]
fn what_is_being_deleted_is_not_ready() {
    let gone = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "kind": "ConfigMap"});
    assert_eq!(readiness(&gone), Readiness::Waiting("is being deleted".to_owned()));
    assert_eq!(readiness(&json!({"metadata": {"deletionTimestamp": null}})), Readiness::Ready);
    assert_eq!(readiness(&Value::Null), Readiness::Ready);
}

#[test]
fn messages_are_one_line_and_cut_between_characters() {
    let message = format!("a\nb {}", "ü".repeat(400));
    let object =
        json!({"status": {"conditions": [{"type": "Ready", "status": "False", "message": message}]}});
    let Readiness::Waiting(shown) = readiness(&object) else { panic!("not waiting") };
    assert!(shown.starts_with("condition Ready is False: a b ü") && shown.ends_with("ü…"));
    assert!((LONGEST - 2..=LONGEST).contains(&shown.len()), "{}", shown.len());
}
