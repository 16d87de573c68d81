//! The volumes of a workload: what its resources offer as `source` or `claimSpec` (L01–L05).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PersistentVolumeClaimSpec, Volume};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};

use super::resolve::Filler;
use super::resolved::{Mount, PodVolume};
use super::{ResourceState, Valid, WorkloadInputs};
use crate::api::conditions::Reason;
use crate::api::names::{self, ResourceUid};
use crate::api::score::{Container, Score};
use crate::plan::demand;
use crate::plan::problem::{Problem, list, near_miss, quoted};
use crate::plan::schema::below;
use crate::plan::score::pod;
use crate::plan::score::settings::Kind;
use crate::plan::strict::lost;
use crate::template::{Value, parse};

/// The volumes that were found so far: one per resource, however often it is mounted (L01).
pub(super) struct Volumes<'a> {
    inputs: &'a WorkloadInputs,
    valid: &'a Valid,
    /// The workload's resources, by name.
    uids: BTreeMap<String, ResourceUid>,
    /// By the resource's identity.
    pub(super) found: BTreeMap<String, PodVolume>,
}

impl<'a> Volumes<'a> {
    pub(super) fn new(inputs: &'a WorkloadInputs, valid: &'a Valid) -> Self {
        Self { inputs, valid, uids: demand::uids(&inputs.name, &valid.score), found: BTreeMap::new() }
    }

    fn volume(
        &self,
        uid: &ResourceUid,
        state: &ResourceState,
        outputs: &Map<String, Json>,
    ) -> Result<PodVolume, String> {
        if let Some(extra) = outputs.keys().find(|key| !["source", "claimSpec"].contains(&key.as_str())) {
            return Err(format!(
                "offers `{extra}` too: a volume offers `source` or `claimSpec` and nothing else"
            ));
        }
        let given = |key: &str| outputs.get(key).filter(|it| !it.is_null()).cloned();
        let offered = |key: &str| given(key).and_then(|it| serde_json::from_value::<Value>(it).ok());
        match (offered("source"), offered("claimSpec")) {
            (Some(source), None) => source_of(source).map(PodVolume::Source),
            (None, Some(claim)) => {
                let spec = claim_of(claim)?;
                Ok(match self.valid.settings.kind {
                    Kind::StatefulSet => PodVolume::Template { spec, retained: state.retained },
                    _ => PodVolume::Claim(names::claim(uid)),
                })
            }
            (Some(_), Some(_)) => {
                Err("offers both `source` and `claimSpec`: a volume is one or the other".to_owned())
            }
            (None, None) => Err("offers neither `source` nor `claimSpec`, so it is no volume".to_owned()),
        }
    }
}

/// The resource of this workload that a `source` names, by its name in the Score file (L05).
fn named(uids: &BTreeMap<String, ResourceUid>, source: &str) -> Result<String, String> {
    if let Some((name, _)) = uids.iter().find(|(_, uid)| uid.to_string() == source) {
        return Ok(name.clone());
    }
    let names = || uids.keys().map(String::as_str);
    let near = names().find(|name| *name == source).or_else(|| near_miss(source, names()));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean `${{resources.{near}}}`?"));
    Err(format!(
        "is {}, which is no resource of this workload: name one as `${{resources.<name>}}`{hint} (there: {})",
        quoted(source),
        list(names())
    ))
}

/// Sources without a placeholder that name no resource: seen before any resource is.
pub(super) fn misnamed(workload: &str, score: &Score) -> Vec<Problem> {
    let uids = demand::uids(workload, score);
    let mut problems = Vec::new();
    for (name, container) in &score.containers {
        for (target, volume) in container.volumes.iter().flatten() {
            let path = format!("{}.source", below(&format!("containers.{name}.volumes"), target));
            let literal = parse(&volume.source).is_ok_and(|text| text.references().next().is_none());
            if let (true, Err(message)) = (literal, named(&uids, &volume.source)) {
                problems.push(Problem::new(path, Reason::UnknownResource, message));
            }
        }
    }
    problems
}

/// The mounts of a container, by path in the Score file.
pub(super) fn mounts(
    path: &str,
    container: &Container,
    filler: &mut Filler<'_>,
    volumes: &mut Volumes<'_>,
) -> Vec<Mount> {
    let mut found = Vec::new();
    for (target, volume) in container.volumes.iter().flatten() {
        let path = format!("{}.source", below(&format!("{path}.volumes"), target));
        let Some(source) = filler.fill(&path, &volume.source) else { continue };
        match mounted(source.plain_text().as_deref(), volumes) {
            Ok(uid) => found.push(Mount {
                volume: uid,
                path: pod::mount_path(target).unwrap_or_default(),
                sub_path: volume.path.as_deref().and_then(sub_path),
                read_only: volume.read_only == Some(true),
            }),
            Err((reason, message)) => filler.trouble.problems.push(Problem::new(path, reason, message)),
        }
    }
    found
}

/// The path inside a volume (L04). The specification's own sample begins it with `/`, which no pod takes.
fn sub_path(path: &str) -> Option<String> {
    let path = path.trim_start_matches('/');
    (!path.is_empty()).then(|| path.to_owned())
}

/// The identity of the resource that a source names, whose volume is known from then on.
fn mounted(source: Option<&str>, volumes: &mut Volumes<'_>) -> Result<String, (Reason, String)> {
    let Some(source) = source else {
        return Err((
            Reason::UnknownResource,
            "is a secret: name a resource as `${resources.<name>}`".to_owned(),
        ));
    };
    let name = named(&volumes.uids, source).map_err(|message| (Reason::UnknownResource, message))?;
    let uid = volumes.uids[&name].clone();
    let state = volumes.inputs.resources.get(&name);
    // A resource without outputs is awaited already.
    if let Some((state, outputs)) = state.and_then(|state| Some((state, state.outputs.as_ref()?))) {
        let wrong = |message| {
            format!(
                "resource `{}` ({}) {message}; its rule must be corrected: see `kubectl describe sres {}`",
                name, uid, state.object
            )
        };
        let volume = volumes
            .volume(&uid, state, outputs)
            .map_err(|message| (Reason::InvalidVolume, wrong(message)))?;
        volumes.found.insert(uid.to_string(), volume);
    }
    Ok(uid.to_string())
}

/// A volume source that Kubernetes would take (L03).
fn source_of(source: Value) -> Result<Json, String> {
    let Some(Json::Object(mut fields)) = source.into_plain() else {
        return Err("offers a `source` that is no map, or holds a reference to a Secret".to_owned());
    };
    if fields.is_empty() {
        return Err(
            "offers an empty `source`: expected one kind of volume, such as `emptyDir: {}`".to_owned()
        );
    }
    if fields.len() > 1 {
        return Err(format!(
            "offers a `source` of several kinds ({}): a volume has one",
            list(fields.keys().map(String::as_str))
        ));
    }
    // The type of a volume has its name among its fields; a source has none.
    fields.insert("name".to_owned(), json!("volume"));
    let mut volume = strict::<Volume>("source", Value::from(Json::Object(fields)))?;
    if let Some(fields) = volume.as_object_mut() {
        fields.remove("name");
    }
    Ok(volume)
}

/// The spec of a claim that Kubernetes would take (L03).
fn claim_of(claim: Value) -> Result<Json, String> {
    let spec = strict::<PersistentVolumeClaimSpec>("claimSpec", claim)?;
    let modes = spec["accessModes"].as_array().is_some_and(|modes| !modes.is_empty());
    if !modes || spec.pointer("/resources/requests/storage").is_none() {
        return Err(
            "offers a `claimSpec` without `accessModes` or without `resources.requests.storage`".to_owned()
        );
    }
    Ok(spec)
}

/// `value` if it is a `T`, with no field that `T` does not know (L03).
fn strict<T: DeserializeOwned + Serialize>(output: &str, value: Value) -> Result<Json, String> {
    let Some(json) = value.into_plain() else {
        return Err(format!("offers a `{output}` that holds a reference to a Secret"));
    };
    let read: T = serde_json::from_value(json.clone())
        .map_err(|error| format!("offers a `{output}` that cannot be read: {error}"))?;
    match lost(&json, &json!(read), output) {
        Some(path) => Err(format!("offers a `{output}` with an unknown field `{path}`")),
        None => Ok(json),
    }
}
