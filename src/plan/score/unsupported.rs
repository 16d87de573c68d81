//! What Score allows and this version does not render yet: refused with a name, never ignored.

use std::collections::BTreeMap;

use super::super::problem::Problem;
use super::super::schema::below;
use super::checks::annotation_path;
use crate::api::conditions::Reason;
use crate::api::labels;
use crate::api::score::{Container, Score};

/// The kind of workload that is rendered.
const KIND: &str = "Deployment";

/// What a container asks for and does not get yet: the key, whether it is used, and what to do meanwhile.
type Missing = (&'static str, fn(&Container) -> bool, &'static str);

/// The missing parts of a container. Empty maps ask for nothing.
const MISSING: &[Missing] = &[
    // F01–F12
    (
        "files",
        |container| is_used(container.files.as_ref()),
        "this version does not render `files` yet: put them into the image, or their values into `variables`",
    ),
    // L01–L06
    (
        "volumes",
        |container| is_used(container.volumes.as_ref()),
        "this version does not render `volumes` yet: remove them",
    ),
    // B01–B04
    (
        "before",
        |container| is_used(container.before.as_ref()),
        "this version does not render `before` yet: all containers start together; remove it",
    ),
    // W08
    (
        "image",
        |container| container.image == ".",
        "`.` means an image that is given from outside the file, which this version does not take yet: write the image's name",
    ),
];

/// What `score` asks for and this version does not render yet, sorted by path.
#[must_use]
pub fn unsupported(score: &Score) -> Vec<Problem> {
    let containers = score.containers.iter().flat_map(|(name, container)| missing(name, container));
    let mut problems: Vec<_> = containers.chain(kind(score)).collect();
    problems.sort();
    problems
}

fn missing(name: &str, container: &Container) -> Vec<Problem> {
    let path = below("containers", name);
    let used = MISSING.iter().filter(|(_, is_used, _)| is_used(container));
    used.map(|(key, _, message)| Problem::new(below(&path, key), Reason::Unsupported, *message)).collect()
}

fn is_used<T>(map: Option<&BTreeMap<String, T>>) -> bool {
    map.is_some_and(|map| !map.is_empty())
}

/// W02, W03
fn kind(score: &Score) -> Option<Problem> {
    let kind = score.metadata.as_ref()?.annotations.as_ref()?.get(labels::KIND)?;
    if kind == KIND {
        return None;
    }
    let message = format!(
        "is {kind:?}: this version renders only `{KIND}` yet; leave the annotation out, or write `{KIND}`"
    );
    Some(Problem::new(annotation_path(labels::KIND), Reason::Unsupported, message))
}
