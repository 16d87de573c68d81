//! Whether a live object is ready, after kstatus (`sigs.k8s.io/cli-utils/pkg/kstatus`), the rules that
//! Flux, kpt and Argo CD agree on.
//!
//! Stricter than kstatus in two places: a Job is ready when it is complete, not when it has started
//! (what follows needs its work), and a workload whose controller has not written a status yet waits.
//! Messages come from counts and conditions only, never from the spec.

use serde_json::Value;

/// The longest message, in bytes.
const LONGEST: usize = 512;

/// The verdict on one live object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Readiness {
    /// It works as its spec says.
    Ready,
    /// It does not yet, and may without an edit: what is awaited, in at most 512 bytes.
    Waiting(String),
    /// Its controller has given up, or says so: why, in at most 512 bytes. Not always for good: a
    /// Deployment recovers from a missed deadline when its image appears.
    Failed(String),
}

/// Whether this live object is ready.
///
/// The object needs its `apiVersion` and `kind`, which items of a list lack. Deletion comes first, then
/// `status.observedGeneration`, then `Reconciling` and `Stalled`, then the rules of the kind. Of a kind
/// that has none of its own here the conditions `Failed`, `Synced` and `Ready` are read; without them,
/// or without any status, it is ready: as in kstatus, nothing more can be known (rules have `readyWhen`).
///
/// A claim (PVC) that is Pending counts as ready: with `WaitForFirstConsumer` it is bound only when the
/// pod comes that may be waiting for this verdict.
#[must_use]
pub fn readiness(object: &Value) -> Readiness {
    match general(object).unwrap_or_else(|| of_kind(object)) {
        Readiness::Ready => Readiness::Ready,
        Readiness::Waiting(message) => Readiness::Waiting(tidy(&message)),
        Readiness::Failed(message) => Readiness::Failed(tidy(&message)),
    }
}

/// Whether an object works as soon as it is there, whatever the cluster makes of it: what can be said of
/// a manifest that nobody has applied. Only of kinds that are known; of any other a cluster has to tell.
#[must_use]
pub fn works_at_once(manifest: &Value) -> bool {
    let (group, _) = text(manifest, "/apiVersion").split_once('/').unwrap_or_default();
    match (group, text(manifest, "/kind")) {
        ("", "ConfigMap" | "Secret" | "ServiceAccount" | "PersistentVolumeClaim" | "Service")
        | ("batch", "CronJob")
        | ("networking.k8s.io", "NetworkPolicy" | "Ingress") => readiness(manifest) == Readiness::Ready,
        _ => false,
    }
}

/// What holds for every kind.
fn general(object: &Value) -> Option<Readiness> {
    if object.pointer("/metadata/deletionTimestamp").is_some_and(|at| !at.is_null()) {
        return Some(Readiness::Waiting("is being deleted".to_owned()));
    }
    if let Some(message) = outdated(object, object.pointer("/status/observedGeneration"), "its status") {
        return Some(Readiness::Waiting(message));
    }
    if let Some(condition) = condition(object, "Reconciling", "True") {
        return Some(Readiness::Waiting(describe(condition)));
    }
    condition(object, "Stalled", "True").map(describe).map(Readiness::Failed)
}

/// The rules of single kinds.
fn of_kind(object: &Value) -> Readiness {
    let group = text(object, "/apiVersion").split_once('/').map_or("", |(group, _)| group);
    match (group, text(object, "/kind")) {
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") => controller(object),
        ("batch", "Job") => job(object),
        ("", "Pod") => pod(object),
        ("", "PersistentVolumeClaim") => claim(object),
        ("", "Service") => service(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("batch", "CronJob") => Readiness::Ready,
        _ => by_conditions(object),
    }
}

/// Kinds that keep a number of pods.
fn controller(object: &Value) -> Readiness {
    if int(object, "/status/observedGeneration").is_none() {
        return Readiness::Waiting("its controller has not looked at it yet".to_owned());
    }
    let missing = match text(object, "/kind") {
        "DaemonSet" => daemon_set(object),
        "StatefulSet" => stateful_set(object),
        "ReplicaSet" => vec![short(object, "/status/availableReplicas", replicas(object), "available")],
        _ => deployment(object),
    };
    let mut parts: Vec<_> = missing.into_iter().flatten().collect();
    parts.extend(troubles(object));
    match (parts.is_empty(), gave_up(object)) {
        (_, true) => Readiness::Failed(parts.join("; ")),
        (true, false) => Readiness::Ready,
        (false, false) => Readiness::Waiting(parts.join("; ")),
    }
}

/// The Deployment controller's word that a rollout has taken too long.
fn gave_up(object: &Value) -> bool {
    condition(object, "Progressing", "False")
        .is_some_and(|it| text(it, "/reason") == "ProgressDeadlineExceeded")
}

/// Conditions that say why pods are missing.
fn troubles(object: &Value) -> impl Iterator<Item = String> + '_ {
    [("ReplicaFailure", "True"), ("Progressing", "False"), ("Available", "False")]
        .into_iter()
        .filter_map(|(kind, status)| condition(object, kind, status).map(describe))
}

fn deployment(object: &Value) -> Vec<Option<String>> {
    let wanted = replicas(object);
    let old = count(object, "/status/replicas") - count(object, "/status/updatedReplicas");
    vec![
        short(object, "/status/updatedReplicas", wanted, "updated"),
        (old > 0).then(|| format!("old pods still there: {old}")),
        short(object, "/status/availableReplicas", wanted, "available"),
        surplus(object, "/status/updatedReplicas", wanted),
    ]
}

/// `OnDelete` updates nothing by itself and a partition holds the lower ordinals back: what is not to
/// be updated is not awaited.
fn stateful_set(object: &Value) -> Vec<Option<String>> {
    let wanted = replicas(object);
    let partition = int(object, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    let to_update =
        if on_delete(object) || revisions_agree(object) { 0 } else { wanted.saturating_sub(partition) };
    let available = int(object, "/status/availableReplicas")
        .map_or("/status/readyReplicas", |_| "/status/availableReplicas");
    vec![
        short(object, "/status/updatedReplicas", to_update, "updated"),
        short(object, available, wanted, "available"),
        surplus(object, "/status/replicas", wanted),
    ]
}

/// While nothing is rolled out `updatedReplicas` may be absent.
fn revisions_agree(object: &Value) -> bool {
    let current = text(object, "/status/currentRevision");
    !current.is_empty() && current == text(object, "/status/updateRevision")
}

fn daemon_set(object: &Value) -> Vec<Option<String>> {
    let wanted = count(object, "/status/desiredNumberScheduled");
    let to_update = if on_delete(object) { 0 } else { wanted };
    vec![
        short(object, "/status/updatedNumberScheduled", to_update, "updated"),
        short(object, "/status/numberAvailable", wanted, "available"),
    ]
}

fn on_delete(object: &Value) -> bool {
    text(object, "/spec/updateStrategy/type") == "OnDelete"
}

fn replicas(object: &Value) -> i64 {
    int(object, "/spec/replicas").unwrap_or(1)
}

/// `1 of 3 pods are available`, if fewer are than wanted.
fn short(object: &Value, pointer: &str, wanted: i64, what: &str) -> Option<String> {
    let have = count(object, pointer);
    (have < wanted).then(|| format!("{have} of {wanted} pods are {what}"))
}

/// What a scale-down has yet to remove.
fn surplus(object: &Value, pointer: &str, wanted: i64) -> Option<String> {
    let more = count(object, pointer) - wanted;
    (more > 0).then(|| format!("pods to be removed: {more}"))
}

fn job(object: &Value) -> Readiness {
    if condition(object, "Complete", "True").is_some() {
        return Readiness::Ready;
    }
    if let Some(failed) = condition(object, "Failed", "True") {
        return Readiness::Failed(describe(failed));
    }
    if let Some(suspended) = condition(object, "Suspended", "True") {
        return Readiness::Waiting(describe(suspended));
    }
    let [succeeded, active, failed] =
        ["/status/succeeded", "/status/active", "/status/failed"].map(|pointer| count(object, pointer));
    let wanted = int(object, "/spec/completions").map_or_else(String::new, |wanted| format!(" of {wanted}"));
    Readiness::Waiting(format!("{succeeded}{wanted} pods have succeeded, active: {active}, failed: {failed}"))
}

fn pod(object: &Value) -> Readiness {
    let troubles = container_troubles(object).join("; ");
    match text(object, "/status/phase") {
        "Succeeded" => Readiness::Ready,
        "Failed" => Readiness::Failed(pod_failure(object, troubles)),
        _ if condition(object, "Ready", "True").is_some() => Readiness::Ready,
        "Running" if troubles.contains("CrashLoopBackOff") => Readiness::Failed(troubles),
        phase => Readiness::Waiting(pod_wait(object, phase, troubles)),
    }
}

fn pod_failure(object: &Value, troubles: String) -> String {
    let reason = ["/status/reason", "/status/message"].map(|pointer| text(object, pointer).to_owned());
    let parts = reason.into_iter().chain([troubles]).filter(|part| !part.is_empty());
    let parts: Vec<_> = std::iter::once("the pod has failed".to_owned()).chain(parts).collect();
    parts.join(": ")
}

fn pod_wait(object: &Value, phase: &str, troubles: String) -> String {
    let why =
        ["PodScheduled", "Ready"].into_iter().find_map(|kind| condition(object, kind, "False")).map(describe);
    let phase = format!("phase {}", if phase.is_empty() { "Pending" } else { phase });
    let parts = [phase].into_iter().chain(why).chain([troubles]).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("; ")
}

/// `container web: CrashLoopBackOff: back-off 5m0s …` for each that waits for more than its start.
fn container_troubles(object: &Value) -> Vec<String> {
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"];
    statuses.into_iter().flat_map(|pointer| list(object, pointer)).filter_map(container_trouble).collect()
}

fn container_trouble(status: &Value) -> Option<String> {
    let state = ["waiting", "terminated"].into_iter().find_map(|state| status.get("state")?.get(state))?;
    let reason = text(state, "/reason");
    let normal = ["", "ContainerCreating", "PodInitializing", "Completed"].contains(&reason);
    (!normal)
        .then(|| join(&[&format!("container {}", text(status, "/name")), reason, text(state, "/message")]))
}

fn claim(object: &Value) -> Readiness {
    match text(object, "/status/phase") {
        "Lost" => Readiness::Failed("phase Lost: the volume that it was bound to is gone".to_owned()),
        _ => Readiness::Ready,
    }
}

fn service(object: &Value) -> Readiness {
    let balanced = text(object, "/spec/type") == "LoadBalancer";
    if balanced && list(object, "/status/loadBalancer/ingress").next().is_none() {
        return Readiness::Waiting("its load balancer has no address yet".to_owned());
    }
    Readiness::Ready
}

fn definition(object: &Value) -> Readiness {
    if condition(object, "Established", "True").is_some() {
        return Readiness::Ready;
    }
    match (condition(object, "NamesAccepted", "False"), condition(object, "Established", "False")) {
        (Some(refused), _) => Readiness::Failed(describe(refused)),
        (None, Some(not_yet)) => Readiness::Waiting(describe(not_yet)),
        (None, None) => Readiness::Waiting("it is not established yet".to_owned()),
    }
}

/// Kinds without a rule of their own. Crossplane's `Synced` is False where its provider refuses the
/// spec, whatever an older `Ready` says.
fn by_conditions(object: &Value) -> Readiness {
    if let Some(failed) = condition(object, "Failed", "True") {
        return Readiness::Failed(describe(failed));
    }
    if let Some(unsynced) = condition(object, "Synced", "False") {
        return Readiness::Waiting(describe(unsynced));
    }
    let Some(ready) = conditions(object).find(|it| text(it, "/type") == "Ready") else {
        return Readiness::Ready;
    };
    match (outdated(object, ready.get("observedGeneration"), "condition Ready"), text(ready, "/status")) {
        (Some(message), _) => Readiness::Waiting(message),
        (None, "True") => Readiness::Ready,
        (None, _) => Readiness::Waiting(describe(ready)),
    }
}

/// That `what` was written for another generation, if it says for which.
fn outdated(object: &Value, observed: Option<&Value>, what: &str) -> Option<String> {
    let (observed, generation) = (observed?.as_i64()?, int(object, "/metadata/generation")?);
    (observed != generation)
        .then(|| format!("{what} is for generation {observed}, and the object is at {generation}"))
}

fn conditions(object: &Value) -> impl Iterator<Item = &Value> {
    list(object, "/status/conditions")
}

fn condition<'v>(object: &'v Value, kind: &str, status: &str) -> Option<&'v Value> {
    conditions(object).find(|it| text(it, "/type") == kind && text(it, "/status") == status)
}

/// `condition Available is False: MinimumReplicasUnavailable: …`
fn describe(condition: &Value) -> String {
    let head = format!("condition {} is {}", text(condition, "/type"), text(condition, "/status"));
    join(&[&head, text(condition, "/reason"), text(condition, "/message").trim_end_matches('.')])
}

fn join(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(": ")
}

fn list<'v>(object: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn int(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer)?.as_i64()
}

fn count(object: &Value, pointer: &str) -> i64 {
    int(object, pointer).unwrap_or(0)
}

/// One line of at most [`LONGEST`] bytes, cut between characters.
fn tidy(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() <= LONGEST {
        return line;
    }
    format!("{}…", &line[..line.floor_char_boundary(LONGEST - '…'.len_utf8())])
}

#[cfg(test)]
mod tests;
