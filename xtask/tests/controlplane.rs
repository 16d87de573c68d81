//! Starts real control planes. The first run builds them, which takes minutes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the exception for tests does not reach their helpers"
)]

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use xtask::controlplane::{Console, ControlPlane, Error, Part, Tools};

fn tools() -> Tools {
    Tools::ensure(&Console::default()).unwrap()
}

fn start(dir: &Path) -> ControlPlane {
    ControlPlane::start(&tools(), dir).unwrap()
}

/// Polls until the closure returns something.
fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(30) {
        if let Some(found) = probe() {
            return found;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("waited in vain for {what}")
}

fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.starts_with(" Z"))
}

fn assert_all_gone(pids: &[u32]) {
    let left: Vec<_> = pids.iter().filter(|pid| is_running(**pid)).collect();
    assert!(left.is_empty(), "still running: {left:?} of {pids:?}");
}

fn kill_from_outside(pid: u32) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

fn deployment(name: &str, replicas: u32, image: &str) -> String {
    let labels = json!({ "app": name });
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": name, "namespace": "default" },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{ "name": "main", "image": image }] },
            },
        },
    })
    .to_string()
}

/// The status of a pod's first container is waiting for this reason.
fn waiting_reason(controlplane: &ControlPlane, app: &str) -> Option<String> {
    let arguments = ["get", "pods", "--selector", &format!("app={app}"), "--output", "json"];
    let pods: Value = serde_json::from_str(&controlplane.kubectl_output(&arguments).unwrap()).unwrap();
    let reason = &pods["items"][0]["status"]["containerStatuses"][0]["state"]["waiting"]["reason"];
    reason.as_str().map(ToOwned::to_owned)
}

fn rollout(controlplane: &ControlPlane, name: &str) {
    controlplane
        .kubectl_output(&["rollout", "status", &format!("deployment/{name}"), "--timeout", "30s"])
        .unwrap();
}

#[test]
fn runs_pods_and_ends_with_its_parent() {
    let dir = tempfile::tempdir().unwrap();
    let controlplane = start(dir.path());
    controlplane.apply(&deployment("web", 3, "registry.example/web:1")).unwrap();
    for (app, tag) in [("down", "crash"), ("absent", "missing"), ("slow", "never")] {
        controlplane.apply(&deployment(app, 1, &format!("registry.example/{app}:{tag}"))).unwrap();
    }
    rollout(&controlplane, "web");
    for (app, reason) in
        [("down", "CrashLoopBackOff"), ("absent", "ImagePullBackOff"), ("slow", "ContainerCreating")]
    {
        eventually(reason, || waiting_reason(&controlplane, app).filter(|found| found == reason));
    }
    assert!(std::fs::read_to_string(controlplane.audit_log()).unwrap().contains("\"deployments\""));

    let pids = controlplane.pids();
    // To the supervisor this is what the death of its parent looks like.
    drop(controlplane);
    assert_all_gone(&pids);
}

#[test]
fn service_accounts_have_only_their_own_rights() {
    let dir = tempfile::tempdir().unwrap();
    let controlplane = start(dir.path());
    let kubeconfig = controlplane.service_account_kubeconfig("default", "default").unwrap();
    let kubectl = |arguments: &[&str]| {
        let output = controlplane.kubectl().env("KUBECONFIG", &kubeconfig).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    assert!(kubectl(&["auth", "whoami"]).contains("system:serviceaccount:default:default"));
    assert!(kubectl(&["get", "secrets"]).contains("Forbidden"));
    controlplane.stop().unwrap();
}

#[test]
fn parts_can_be_killed_and_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut controlplane = start(dir.path());
    for part in [Part::ApiServer, Part::Etcd, Part::ControllerManager, Part::Scheduler, Part::Kwok] {
        let before = controlplane.pid(part).unwrap();
        controlplane.kill(part).unwrap();
        assert!(!is_running(before));
        controlplane.restart(part).unwrap();
        assert!(is_running(controlplane.pid(part).unwrap()));
    }
    controlplane.apply(&deployment("web", 3, "registry.example/web:1")).unwrap();
    rollout(&controlplane, "web");

    controlplane.pause(Part::ApiServer).unwrap();
    assert!(controlplane.kubectl_output(&["get", "nodes", "--request-timeout", "1s"]).is_err());
    controlplane.resume(Part::ApiServer).unwrap();
    controlplane.kubectl_output(&["get", "nodes"]).unwrap();

    assert!(matches!(controlplane.restart(Part::Kwok), Err(Error::Refused { .. })));
    // A part that hangs must not keep the rest from ending.
    controlplane.pause(Part::Etcd).unwrap();
    let pids = controlplane.pids();
    controlplane.stop().unwrap();
    assert_all_gone(&pids);
}

#[test]
fn two_run_at_once_and_unexpected_deaths_end_them() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut one, two) = thread::scope(|scope| {
        let one = scope.spawn(|| start(one.path()));
        let two = scope.spawn(|| start(two.path()));
        (one.join().unwrap(), two.join().unwrap())
    });
    assert_ne!(one.server(), two.server());

    let pids = one.pids();
    kill_from_outside(one.pid(Part::Etcd).unwrap());
    let reason = one.wait().to_string();
    assert!(
        reason.starts_with(
            "the control plane has ended: controlplane up: etcd ended unexpectedly: signal: killed"
        ),
        "{reason}"
    );
    assert_all_gone(&pids);

    // Not even the supervisor's own death leaves anything behind.
    let pids = two.pids();
    kill_from_outside(*pids.last().unwrap());
    eventually("the parts to die with their supervisor", || {
        pids.iter().all(|pid| !is_running(*pid)).then_some(())
    });
}
