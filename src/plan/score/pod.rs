//! What the schema cannot say of containers: images that are missing, files and volumes that cannot be
//! mounted, and an order that cannot be kept (F02–F04, F12, L04, L06, B01–B03, W08).

use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::super::problem::{Problem, did_you_mean, list, quoted};
use super::super::schema::below;
use super::checks::{Input, annotation_path, annotations, problem};
use crate::api::conditions::Reason;
use crate::api::instructions as key;
use crate::api::score::{BeforeReady, Container, File, Score};

/// The image of a container that is given from outside the file (W08).
pub const GIVEN: &str = ".";

/// The most that a ConfigMap or Secret holds, in bytes.
pub const FILE_MAX: usize = 1024 * 1024;

/// Base64 as Go's standard library reads it: bits of the last character that stand for nothing are not looked at.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The longest name of a file or directory, in bytes.
const SEGMENT_MAX: usize = 255;

/// The longest name of a container that an annotation of its own can hold: a key has 63 characters.
const IMAGE_OF_MAX: usize = 57;

/// The image of a container; `None` where it is `.` and no annotation gives it (W08).
#[must_use]
pub fn image<'a>(score: &'a Score, name: &str, container: &'a Container) -> Option<&'a str> {
    if container.image != GIVEN {
        return Some(&container.image);
    }
    let annotations = score.metadata.as_ref()?.annotations.as_ref()?;
    let own = annotations.get(&format!("{}{name}", key::IMAGE_OF));
    own.or_else(|| annotations.get(key::IMAGE)).map(String::as_str).filter(|image| is_image(image))
}

fn is_image(text: &str) -> bool {
    !text.is_empty() && text != GIVEN && !text.contains(char::is_whitespace)
}

/// The bytes of a file whose content is base64, as the reference CLI reads it: line breaks are skipped (F02).
///
/// # Errors
/// What is wrong with the text.
pub fn decode(text: &str) -> Result<Vec<u8>, String> {
    let lines: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    BASE64
        .decode(lines)
        .map_err(|error| format!("is not base64 with padding: {error}; `base64 -w0 FILE` writes it"))
}

/// A path in a container, cleaned: no empty segments and no `/` at the end.
///
/// # Errors
/// What a path must be that something can be mounted at.
pub fn mount_path(target: &str) -> Result<String, &'static str> {
    if !target.starts_with('/') {
        return Err("is no absolute path: write it from `/` on");
    }
    if target.contains([':', '\0']) {
        return Err("holds a `:` or a NUL, which no mount path may");
    }
    let segments: Vec<_> = target.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    if segments.contains(&"..") {
        return Err("holds `..`: write the path without it");
    }
    if segments.iter().any(|segment| segment.len() > SEGMENT_MAX) {
        return Err("has a part of more than 255 bytes, which no file system takes: shorten it");
    }
    if segments.is_empty() {
        return Err("is the root directory, which would hide the whole image: name a path below it");
    }
    Ok(format!("/{}", segments.join("/")))
}

/// W08: an image `.` without one, and images for containers that need none.
pub(super) fn images(input: &Input) -> Vec<Problem> {
    let containers = &input.score.containers;
    let missing = containers.iter().filter(|(name, container)| image(input.score, name, container).is_none());
    let missing = missing.map(|(name, _)| {
        let own = if name.len() > IMAGE_OF_MAX { String::new() } else { format!(" (or `{}{name}`)", key::IMAGE_OF) };
        let message = format!(
            "is `.`, an image given from outside the file, and none is given: set the annotation `{}`{own}, or use `score-operator wrap --image {name}=IMAGE`",
            key::IMAGE
        );
        Problem::new(format!("containers.{name}.image"), Reason::ImageMissing, message)
    });
    missing.chain(annotations(input).filter_map(|(key, text)| surplus_image(input, key, text))).collect()
}

/// An annotation that gives an image to nobody.
fn surplus_image(input: &Input, key: &str, text: &str) -> Option<Problem> {
    let containers = &input.score.containers;
    let named = key.strip_prefix(key::IMAGE_OF);
    if key != key::IMAGE && named.is_none() {
        return None;
    }
    let message = match named.map(|name| (name, containers.get(name))) {
        _ if !is_image(text) => format!("is {}, expected the name of an image", quoted(text)),
        Some((name, None)) => {
            let known = || containers.keys().map(String::as_str);
            let hint = did_you_mean(name, known());
            format!("there is no container `{name}`{hint} (containers: {})", list(known()))
        }
        Some((_, Some(container))) if container.image != GIVEN => {
            format!(
                "gives an image to a container that has one, {}: write `.` there, or remove this",
                quoted(&container.image)
            )
        }
        None if containers.values().all(|container| container.image != GIVEN) => {
            "gives an image, and no container's image is `.`: write `.` there, or remove this".to_owned()
        }
        _ => return None,
    };
    Some(problem(annotation_path(key), message))
}

/// Files and volumes whose path cannot be mounted, or twice in one container, or inside a file (L06).
pub(super) fn mounts(input: &Input) -> Vec<Problem> {
    input.score.containers.iter().flat_map(|(name, container)| mounts_of(name, container)).collect()
}

/// What is mounted at a path.
struct Target<'a> {
    /// Where it stands in the Score file.
    at: String,
    /// The path, as it is written.
    path: &'a str,
    is_file: bool,
}

fn mounts_of(name: &str, container: &Container) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut mounted: BTreeMap<String, Target> = BTreeMap::new();
    for target in targets(name, container) {
        match mount_path(target.path) {
            Err(wrong) => problems.push(problem(target.at, format!("the path {wrong}"))),
            Ok(clean) if target.is_file && hidden_name(&clean) => {
                problems.push(problem(target.at, "the name of a file may not begin with `..`".to_owned()));
            }
            Ok(clean) => match mounted.get(&clean) {
                Some(first) => {
                    let message = format!("is the same place as {}: only one can stand there", first.at);
                    problems.push(problem(target.at, message));
                }
                None => drop(mounted.insert(clean, target)),
            },
        }
    }
    problems.extend(inside_files(&mounted));
    problems
}

/// What would need a directory where a file stands: the container would never start.
fn inside_files(mounted: &BTreeMap<String, Target>) -> Vec<Problem> {
    let above = |path: &str| {
        let mut parents = path.match_indices('/').filter_map(|(end, _)| mounted.get(&path[..end]));
        parents.find(|target| target.is_file).map(|file| file.at.clone())
    };
    let inside = mounted.iter().filter_map(|(path, target)| Some((target, above(path)?)));
    let message =
        |file: &str| format!("stands below {file}, which is a file: only a directory has something below it");
    inside.map(|(target, file)| problem(target.at.clone(), message(&file))).collect()
}

/// Kubernetes keeps names that begin with two dots to itself.
fn hidden_name(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with(".."))
}

/// Every path that something is mounted at: files first.
fn targets<'a>(name: &str, container: &'a Container) -> Vec<Target<'a>> {
    let at = |key: &str, path: &str| below(&format!("containers.{name}.{key}"), path);
    let files = container.files.iter().flat_map(BTreeMap::keys);
    let volumes = container.volumes.iter().flat_map(BTreeMap::keys);
    let files = files.map(|path| Target { at: at("files", path), path, is_file: true });
    files.chain(volumes.map(|path| Target { at: at("volumes", path), path, is_file: false })).collect()
}

/// The path inside a volume that is mounted, as a pod takes it (L04).
pub(super) fn sub_paths(input: &Input) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, container) in &input.score.containers {
        for (target, volume) in container.volumes.iter().flatten() {
            let Some(path) = &volume.path else { continue };
            if path.split('/').any(|segment| segment == "..") {
                let at = below(&format!("containers.{name}.volumes"), target);
                let message = format!("is {}, expected a path inside the volume, without `..`", quoted(path));
                problems.push(problem(format!("{at}.path"), message));
            }
        }
    }
    problems
}

/// Files that cannot be read, or hold too much (F02, F03, F12).
pub(super) fn files(input: &Input) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, container) in &input.score.containers {
        for (target, file) in container.files.iter().flatten() {
            problems.extend(unreadable(&below(&format!("containers.{name}.files"), target), file));
        }
    }
    problems
}

fn unreadable(path: &str, file: &File) -> Option<Problem> {
    if file.source.is_some() {
        let message = "names a file beside the Score file, which a cluster does not have: `score-operator wrap` puts its content here";
        return Some(Problem::new(format!("{path}.source"), Reason::FileSourceUnsupported, message));
    }
    if let Some(text) = &file.binary_content {
        let path = format!("{path}.binaryContent");
        return match decode(text) {
            Err(wrong) => Some(problem(path, wrong)),
            Ok(bytes) => too_large(&path, bytes.len()),
        };
    }
    too_large(&format!("{path}.content"), file.content.as_ref().map_or(0, String::len))
}

/// F12: beyond what a ConfigMap holds.
pub(in crate::plan) fn too_large(path: &str, bytes: usize) -> Option<Problem> {
    let message = || {
        format!(
            "has {bytes} bytes, and a ConfigMap or Secret holds at most {FILE_MAX}: put it into the image or onto a volume"
        )
    };
    (bytes > FILE_MAX).then(|| Problem::new(path, Reason::FileTooLarge, message()))
}

/// What a container that others wait for must have, or may not (B01, B03).
pub(super) fn gates(input: &Input) -> Vec<Problem> {
    input.score.containers.iter().flat_map(|(name, container)| gate(name, container)).collect()
}

fn gate(name: &str, container: &Container) -> Vec<Problem> {
    let readies: Vec<_> = container.before.iter().flatten().map(|(_, before)| before.ready).collect();
    let probes =
        [("livenessProbe", &container.liveness_probe), ("readinessProbe", &container.readiness_probe)];
    let given: Vec<_> = probes.iter().filter(|(_, probe)| probe.is_some()).map(|(key, _)| *key).collect();
    if readies.contains(&BeforeReady::Complete) {
        let message = "others wait for this container to be complete, and Kubernetes asks no probe of a container that runs to its end: remove the probe";
        return given
            .into_iter()
            .map(|key| problem(format!("containers.{name}.{key}"), message.to_owned()))
            .collect();
    }
    if readies.contains(&BeforeReady::Healthy) && given.is_empty() {
        let message = "others wait for this container to be healthy, and it has no probe that says so: give it a `readinessProbe` or a `livenessProbe`, or wait for `started`";
        return vec![problem(format!("containers.{name}.before"), message.to_owned())];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f01_paths_are_cleaned_as_the_reference_does() {
        for (target, clean) in [("/etc/dir/", "/etc/dir"), ("/a//b/./c", "/a/b/c"), ("/x", "/x")] {
            assert_eq!(mount_path(target).as_deref(), Ok(clean));
        }
        for bad in ["", "/", "//", "etc/x", "/a/../b", "/a:b", ".", "/a\0", &format!("/{}", "ä".repeat(128))]
        {
            assert!(mount_path(bad).is_err(), "{bad}");
        }
        assert!(mount_path(&format!("/{}/x", "n".repeat(255))).is_ok());
    }

    #[test]
    fn f02_base64_may_be_broken_into_lines() {
        assert_eq!(decode("aGVs\r\nbG8=\n").as_deref(), Ok(b"hello".as_slice()));
        assert_eq!(decode("YR==").as_deref(), Ok(b"a".as_slice()), "bits that stand for nothing");
        for bad in ["aGVsbG8", "a GVsbG8=", "$$$", "Y===", "YQ"] {
            assert!(decode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn f12_a_file_fits_into_a_config_map() {
        assert_eq!(too_large("x", FILE_MAX), None);
        assert_eq!(too_large("x", FILE_MAX + 1).map(|problem| problem.reason), Some(Reason::FileTooLarge));
        let content = |text: String| File {
            content: Some(text),
            mode: None,
            source: None,
            binary_content: None,
            no_expand: None,
        };
        assert!(unreadable("x", &content("a".repeat(FILE_MAX))).is_none());
        assert!(
            unreadable("x", &content("ä".repeat(FILE_MAX / 2 + 1))).is_some(),
            "bytes count, not letters"
        );
    }
}
