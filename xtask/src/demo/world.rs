//! The objects of one namespace as they are, and what is worth telling when one changes.

use std::collections::BTreeMap;

use kube::api::DynamicObject;
use serde_json::Value;

use crate::cluster::{
    kinds,
    manifests::{kind, title},
};

/// Kinds that other objects drag along: no news, but in the tree.
const QUIET: [&str; 5] = ["ControllerRevision", "EndpointSlice", "Endpoints", "ReplicaSet", "ServiceAccount"];

/// The most characters of a message that are shown while things change.
const LINE_MAX: usize = 120;

/// All objects of the namespace, but those that every namespace has.
#[derive(Default)]
pub struct World {
    objects: BTreeMap<String, DynamicObject>,
}

impl World {
    /// Takes an object in, new or changed, and returns what there is to tell.
    pub fn put(&mut self, object: DynamicObject) -> Option<String> {
        let uid = object.metadata.uid.clone()?;
        if comes_with_namespace(&object) {
            return None;
        }
        let news = news(self.objects.get(&uid), &object);
        self.objects.insert(uid, object);
        news
    }

    /// Forgets an object, and returns what there is to tell.
    pub fn remove(&mut self, object: &DynamicObject) -> Option<String> {
        self.objects.remove(object.metadata.uid.as_ref()?)?;
        told(object).then(|| format!("{}: deleted", title(object)))
    }

    /// All objects.
    pub fn objects(&self) -> impl Iterator<Item = &DynamicObject> {
        self.objects.values()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The workload of this name, once it is as its spec says and works.
    pub fn ready_workload(&self, name: &str) -> Option<&DynamicObject> {
        let workload = self.objects().find(|object| title(object) == format!("ScoreWorkload {name}"))?;
        let is_current =
            workload.data["status"]["observedGeneration"].as_i64() == workload.metadata.generation;
        Some(workload).filter(|_| is_current && condition(workload, "Ready")["status"] == "True")
    }

    /// The objects that name this one as an owner.
    pub fn owned_by(&self, owner: &DynamicObject) -> impl Iterator<Item = &DynamicObject> {
        let uid = owner.metadata.uid.clone();
        self.objects().filter(move |object| owners(object).any(|owner| Some(owner) == uid.as_ref()))
    }

    /// The workload's own pods, not those of its resources.
    pub fn pods_of(&self, workload: &DynamicObject) -> Vec<&DynamicObject> {
        let controllers =
            self.owned_by(workload).filter(|child| ["Deployment", "StatefulSet"].contains(&kind(child)));
        let mut found: Vec<_> = controllers.collect();
        let mut next = 0;
        while let Some(object) = found.get(next).copied() {
            found.extend(self.owned_by(object));
            next += 1;
        }
        found.retain(|object| kind(object) == "Pod");
        found
    }

    /// All conditions of our kinds, for when something does not come about.
    pub fn conditions(&self) -> String {
        let of = |object: &DynamicObject| {
            let all = conditions(object).iter().map(|condition| format!("\n    {}", full(condition)));
            title(object)
                + if conditions(object).is_empty() { ": no conditions yet" } else { ":" }
                + &all.collect::<String>()
        };
        let mut texts: Vec<_> = self.objects().filter(|object| is_ours(object)).map(of).collect();
        // The workload first.
        texts.sort_by(|one, other| other.cmp(one));
        texts.join("\n  ")
    }
}

/// The uids of an object's owners.
pub fn owners(object: &DynamicObject) -> impl Iterator<Item = &String> {
    object.metadata.owner_references.iter().flatten().map(|owner| &owner.uid)
}

/// What Kubernetes puts into every namespace.
pub fn comes_with_namespace(object: &DynamicObject) -> bool {
    ["ConfigMap kube-root-ca.crt", "ServiceAccount default"].contains(&title(object).as_str())
}

/// The images of a pod's containers.
pub fn images(pod: &DynamicObject) -> impl Iterator<Item = &str> {
    let containers = pod.data["spec"]["containers"].as_array();
    containers.into_iter().flatten().filter_map(|container| container["image"].as_str())
}

fn is_ours(object: &DynamicObject) -> bool {
    object.types.as_ref().is_some_and(|types| types.api_version.starts_with(kinds::OURS))
}

fn told(object: &DynamicObject) -> bool {
    !QUIET.contains(&kind(object))
}

fn news(before: Option<&DynamicObject>, now: &DynamicObject) -> Option<String> {
    let text = if is_ours(now) { changed_conditions(before, now) } else { changed_state(before, now) };
    let words: Vec<_> = before.is_none().then(|| "created".to_owned()).into_iter().chain(text).collect();
    (told(now) && !words.is_empty()).then(|| format!("{}: {}", title(now), words.join(", ")))
}

/// Conditions whose status changed, and what is shown of `Ready` if that did.
fn changed_conditions(before: Option<&DynamicObject>, now: &DynamicObject) -> Option<String> {
    let old = |type_: &str| before.map_or(&Value::Null, |before| condition(before, type_));
    // `Reconciling` repeats `Ready`, and is absent when it does not hold.
    let steps = conditions(now).iter().filter(|new| new["type"] != "Ready" && new["type"] != "Reconciling");
    let steps = steps.filter(|new| old(text(new, "type"))["status"] != new["status"]).map(short);
    let ready = first_line(condition(now, "Ready"));
    let ready = ready.filter(|ready| first_line(old("Ready")).as_ref() != Some(ready));
    let words: Vec<_> = steps.chain(ready).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// How far an object of Kubernetes' own is, in two words.
fn changed_state(before: Option<&DynamicObject>, now: &DynamicObject) -> Option<String> {
    let state = state(now)?;
    (before.and_then(self::state).as_ref() != Some(&state)).then_some(state)
}

fn state(object: &DynamicObject) -> Option<String> {
    let status = &object.data["status"];
    if object.metadata.deletion_timestamp.is_some() {
        return Some("ends".to_owned());
    }
    match kind(object) {
        "Deployment" | "StatefulSet" => {
            let (wanted, ready) = (object.data["spec"]["replicas"].as_i64()?, &status["readyReplicas"]);
            Some(format!("{} of {wanted} pods ready", ready.as_i64().unwrap_or(0)))
        }
        "Pod" if condition(object, "Ready")["status"] == "True" => Some("Ready".to_owned()),
        "Pod" => Some(waiting(status).or(status["phase"].as_str()).unwrap_or("created").to_owned()),
        "Job" => (condition(object, "Complete")["status"] == "True").then(|| "Complete".to_owned()),
        _ => status["phase"].as_str().map(str::to_owned),
    }
}

/// Why a container does not start, as in `ImagePullBackOff`.
fn waiting(status: &Value) -> Option<&str> {
    let containers = status["containerStatuses"].as_array()?;
    containers.iter().find_map(|container| container["state"]["waiting"]["reason"].as_str())
}

fn conditions(object: &DynamicObject) -> &[Value] {
    object.data["status"]["conditions"].as_array().map_or(&[], Vec::as_slice)
}

fn condition<'a>(object: &'a DynamicObject, type_: &str) -> &'a Value {
    conditions(object).iter().find(|condition| condition["type"] == type_).unwrap_or(&Value::Null)
}

fn text<'a>(condition: &'a Value, field: &str) -> &'a str {
    condition[field].as_str().unwrap_or_default()
}

fn short(condition: &Value) -> String {
    format!("{}={}", text(condition, "type"), text(condition, "status"))
}

fn full(condition: &Value) -> String {
    let message = text(condition, "message").replace('\n', "\n      ");
    let since = text(condition, "lastTransitionTime");
    format!("{} {}: {message} (since {since})", short(condition), text(condition, "reason"))
}

/// As much as fits a line of a log.
fn first_line(condition: &Value) -> Option<String> {
    condition.as_object()?;
    if text(condition, "status") == "True" {
        return Some(short(condition));
    }
    let mut lines = text(condition, "message").lines();
    let first = lines.next().unwrap_or_default();
    let (message, cut) = match first.char_indices().nth(LINE_MAX) {
        Some((end, _)) => (&first[..end], "…"),
        None => (first, ""),
    };
    let more = match lines.count() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    Some(format!("{} {}: {message}{cut}{more}", short(condition), text(condition, "reason")))
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;

    use super::*;

    /// An object with its name as its uid.
    pub fn object(api_version: &str, kind: &str, name: &str, owners: &[&str], rest: &Value) -> DynamicObject {
        let owners: Vec<_> = owners
            .iter()
            .map(|owner| json!({ "apiVersion": "v1", "kind": "Owner", "name": owner, "uid": owner }))
            .collect();
        let mut object = json!({
            "apiVersion": api_version, "kind": kind,
            "metadata": { "name": name, "uid": name, "generation": 1, "ownerReferences": owners },
        });
        object.as_object_mut().unwrap().extend(rest.as_object().cloned().unwrap_or_default());
        serde_json::from_value(object).unwrap()
    }

    fn workload(generation: i64, conditions: &Value) -> DynamicObject {
        let status = json!({ "observedGeneration": generation, "conditions": conditions });
        object("k8s.score.dev/v1alpha1", "ScoreWorkload", "api", &[], &json!({ "status": status }))
    }

    fn waits(message: &str) -> Value {
        json!([
            { "type": "Ready", "status": "False", "reason": "Waiting", "message": message },
            { "type": "Reconciling", "status": "True", "reason": "Waiting", "message": message },
            { "type": "InputsValid", "status": "True", "reason": "Valid", "message": "fine" },
        ])
    }

    fn pod(name: &str, owner: &str, status: &Value) -> DynamicObject {
        object("v1", "Pod", name, &[owner], &json!({ "status": status }))
    }

    #[test]
    fn each_change_of_a_condition_is_told_once() {
        let mut world = World::default();
        let mut put = |conditions: Value| world.put(workload(1, &conditions));
        assert_eq!(put(json!([])).unwrap(), "ScoreWorkload api: created");
        let first = put(waits("for db\nfor queue")).unwrap();
        assert_eq!(first, "ScoreWorkload api: InputsValid=True Ready=False Waiting: for db (and 1 more)");
        assert_eq!(put(waits("for db\nfor queue")), None);
        assert_eq!(put(waits("for queue")).unwrap(), "ScoreWorkload api: Ready=False Waiting: for queue");
        let ready = json!([{ "type": "Ready", "status": "True", "reason": "Ready", "message": "fine" }]);
        assert_eq!(put(ready).unwrap(), "ScoreWorkload api: Ready=True");
    }

    #[test]
    fn a_long_message_is_cut_and_not_told_again_for_its_end() {
        let mut world = World::default();
        let mut put = |end: &str| world.put(workload(1, &waits(&format!("{}{end}", "ä".repeat(LINE_MAX)))));
        assert!(put("1").unwrap().ends_with("ä…"));
        assert_eq!(put("2"), None);
    }

    #[test]
    fn a_pod_says_why_it_does_not_start() {
        let mut world = World::default();
        let mut put = |status: Value| world.put(pod("p", "rs", &status));
        assert_eq!(put(json!({ "phase": "Pending" })).unwrap(), "Pod p: created, Pending");
        let waiting = json!([{ "state": { "waiting": { "reason": "ImagePullBackOff" } } }]);
        let stuck = json!({ "phase": "Pending", "containerStatuses": waiting });
        assert_eq!(put(stuck.clone()).unwrap(), "Pod p: ImagePullBackOff");
        assert_eq!(put(stuck), None);
        let ready = json!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] });
        assert_eq!(put(ready).unwrap(), "Pod p: Ready");
    }

    #[test]
    fn what_every_namespace_has_is_not_there() {
        let mut world = World::default();
        assert_eq!(world.put(object("v1", "ConfigMap", "kube-root-ca.crt", &[], &json!({}))), None);
        assert!(world.is_empty());
        assert_eq!(world.put(object("apps/v1", "ReplicaSet", "quiet", &[], &json!({}))), None);
        assert!(!world.is_empty());
    }

    #[test]
    fn a_workload_is_ready_for_its_own_generation_only() {
        let mut world = World::default();
        let ready = json!([{ "type": "Ready", "status": "True" }]);
        world.put(workload(0, &ready));
        assert!(world.ready_workload("api").is_none());
        world.put(workload(1, &ready));
        assert!(world.ready_workload("api").is_some());
    }

    #[test]
    fn the_pods_of_resources_are_not_the_workloads() {
        let mut world = World::default();
        let empty = &json!({});
        for object in [
            object("apps/v1", "Deployment", "d", &["api"], empty),
            object("apps/v1", "ReplicaSet", "rs", &["d"], empty),
            pod("p", "rs", empty),
            object("k8s.score.dev/v1alpha1", "ScoreResource", "r", &["api"], empty),
            object("apps/v1", "StatefulSet", "s", &["r"], empty),
            pod("other", "s", empty),
        ] {
            world.put(object);
        }
        let pods: Vec<_> = world.pods_of(&workload(1, &json!([]))).into_iter().map(title).collect();
        assert_eq!(pods, ["Pod p"]);
    }

    #[test]
    fn a_failure_shows_every_condition_in_full() {
        let mut world = World::default();
        world.put(workload(1, &waits("for db\nfor queue")));
        world.put(object("k8s.score.dev/v1alpha1", "ScoreResource", "db", &["api"], &json!({})));
        let text = world.conditions();
        assert!(
            text.starts_with("ScoreWorkload api:\n    Ready=False Waiting: for db\n      for queue (since"),
            "{text}"
        );
        assert!(text.ends_with("\n  ScoreResource db: no conditions yet"), "{text}");
    }
}
