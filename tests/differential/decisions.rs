//! Where the operator's verdict is not the schema's: each decision as a predicate on a document that
//! the schema accepts, written without a look at the operator's code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::documents::NAME;
use super::placeholders;

/// A decision.
pub struct Decision {
    pub name: &'static str,
    /// Whether it refuses what the schema accepts; else it accepts what the schema refuses.
    pub refuses: bool,
    /// Whether a document falls under it.
    pub holds: fn(&Value) -> bool,
}

const fn refuse(name: &'static str, holds: fn(&Value) -> bool) -> Decision {
    Decision { name, refuses: true, holds }
}

/// All of them.
pub const DECISIONS: &[Decision] = &[
    Decision { name: "Optional", refuses: false, holds: |_| false },
    refuse("ArrayForm", |file| {
        containers(file).any(|(_, it)| it["files"].is_array() || it["volumes"].is_array())
    }),
    refuse("Bounded", bounded),
    refuse("ServiceName", service_name),
    refuse("SecondService", second_service),
    refuse("PortTwice", port_twice),
    refuse("VariableName", |file| {
        containers(file).any(|(_, it)| entries(&it["variables"]).any(|(name, _)| !is_printable(name)))
    }),
    refuse("BeforeUnknown", before_unknown),
    refuse("BeforeCycle", before_cycle),
    refuse("AboveLimit", above_limit),
    refuse("Instruction", |file| annotations(file).any(|(key, _)| is_unknown(key))),
    refuse("InstructionValue", instruction_value),
    refuse("ForeignAnnotation", |file| {
        annotations(file).any(|(key, _)| FOREIGN.iter().any(|prefix| key.starts_with(prefix)))
    }),
    refuse("Image", image),
    refuse("Target", target),
    refuse("TargetTwice", target_twice),
    refuse("TargetBelow", target_below),
    refuse("VolumePath", volume_path),
    refuse("VolumeSource", volume_source),
    refuse("FileSource", |file| files(file).any(|(_, it)| it["source"].is_string())),
    refuse("FileContent", |file| {
        files(file).any(|(_, it)| it["binaryContent"].as_str().is_some_and(|text| !is_base64(text)))
    }),
    refuse("FileTooLarge", |file| {
        files(file).any(|(_, it)| it["content"].as_str().is_some_and(|text| text.len() > 1024 * 1024))
    }),
    refuse("Gate", gate),
    refuse("Placeholder", placeholders::unknown),
    refuse("ResourceCycle", placeholders::circular),
];

/// Decisions by which the operator's own schema refuses: what comes after it is not looked at then.
pub const BY_SHAPE: &[&str] = &["ArrayForm", "Bounded"];

const FOREIGN: &[&str] = &[
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "meta.helm.sh/",
    "helm.sh/",
    "applyset.kubernetes.io/",
    "velero.io/",
    "app.kubernetes.io/",
    "kubectl.kubernetes.io/",
];
const OURS: &str = "k8s.score.dev/";

/// The entries of a map; none of anything else.
pub fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

pub fn containers(file: &Value) -> impl Iterator<Item = (&String, &Value)> {
    entries(&file["containers"])
}

fn files(file: &Value) -> impl Iterator<Item = (&String, &Value)> {
    containers(file).flat_map(|(_, container)| entries(&container["files"]))
}

fn annotations(file: &Value) -> impl Iterator<Item = (&String, &str)> {
    entries(&file["metadata"]["annotations"]).map(|(key, value)| (key, value.as_str().unwrap_or_default()))
}

fn annotation<'a>(file: &'a Value, name: &str) -> Option<&'a str> {
    file["metadata"]["annotations"][format!("{OURS}{name}")].as_str()
}

fn bounded(file: &Value) -> bool {
    let over = |value: &Value, most: usize| entries(value).count() > most;
    let container = |it: &Value| {
        over(&it["variables"], 1000)
            || over(&it["files"], 256)
            || over(&it["volumes"], 256)
            || over(&it["before"], 16)
    };
    over(&file["metadata"]["annotations"], 100)
        || over(&file["service"]["ports"], 256)
        || over(&file["containers"], 16)
        || over(&file["resources"], 256)
        || containers(file).any(|(_, it)| container(it))
        || entries(&file["resources"]).any(|(_, it)| over(&it["metadata"]["annotations"], 100))
}

/// RFC 1035.
fn is_service(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= 63
        && name.chars().all(inner)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
}

fn service_name(file: &Value) -> bool {
    let name = file["metadata"]["name"].as_str().unwrap_or(NAME);
    match annotation(file, "service-name") {
        Some(given) => !is_service(given),
        None => entries(&file["service"]["ports"]).count() > 0 && !is_service(name),
    }
}

fn second_service(file: &Value) -> bool {
    let name = file["metadata"]["name"].as_str().unwrap_or(NAME);
    // A name so long that the second one is cut is not made here.
    entries(&file["service"]["ports"]).count() > 0
        && annotation(file, "kind") == Some("StatefulSet")
        && annotation(file, "service-name") == Some(&format!("{name}-headless-svc"))
}

fn port_twice(file: &Value) -> bool {
    let ports = entries(&file["service"]["ports"]);
    let mut seen = BTreeSet::new();
    let mut ids = ports.map(|(_, port)| {
        format!("{:?} {}", port["port"].as_f64(), port["protocol"].as_str().unwrap_or("TCP"))
    });
    ids.any(|id| !seen.insert(id))
}

fn is_printable(name: &str) -> bool {
    name.chars().all(|c| (' '..='~').contains(&c))
}

fn befores(file: &Value) -> impl Iterator<Item = (&String, &String)> {
    containers(file).flat_map(|(name, it)| entries(&it["before"]).map(move |(after, _)| (name, after)))
}

fn before_unknown(file: &Value) -> bool {
    befores(file).any(|(name, after)| name == after || file["containers"].get(after).is_none())
}

fn before_cycle(file: &Value) -> bool {
    let mut edges: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (name, after) in befores(file).filter(|(name, after)| name != after) {
        edges.entry(name.clone()).or_default().insert(after.clone());
    }
    placeholders::has_cycle(&edges)
}

fn amount(text: &str) -> f64 {
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let number: f64 = text[..unit].parse().expect("a number");
    let power = |base: f64, letter: &str| {
        base.powi(1 + i32::try_from("KMGTPE".find(letter).expect("a unit")).expect("small"))
    };
    match &text[unit..] {
        "" => number,
        "m" => number / 1000.0,
        unit if unit.ends_with('i') => number * power(1024.0, &unit[..1]),
        unit => number * power(1000.0, unit),
    }
}

fn above_limit(file: &Value) -> bool {
    let above = |it: &Value, key: &str| {
        let of = |side: &str| it["resources"][side][key].as_str().map(amount);
        matches!((of("requests"), of("limits")), (Some(request), Some(limit)) if request > limit)
    };
    containers(file).any(|(_, it)| above(it, "cpu") || above(it, "memory"))
}

/// Instructions, and the values that each takes, if they are a closed set.
const INSTRUCTIONS: &[(&str, &[&str])] = &[
    ("kind", &["Deployment", "StatefulSet", "Job", "CronJob"]),
    ("restart-policy", &["Never", "OnFailure"]),
    ("concurrency-policy", &["Allow", "Forbid", "Replace"]),
    ("pod-security", &["privileged", "baseline", "restricted"]),
    ("service-account-token", &["true", "false"]),
    ("probe-host", &["header", "connect"]),
    ("service-name", &[]),
    ("image", &[]),
    ("schedule", &[]),
    ("time-zone", &[]),
    ("backoff-limit", &[]),
];

fn is_unknown(key: &str) -> bool {
    let Some(name) = key.strip_prefix(OURS) else { return false };
    let of_container = name.strip_prefix("image.").is_some_and(|container| !container.is_empty());
    !of_container && !INSTRUCTIONS.iter().any(|(known, _)| *known == name)
}

fn instruction_value(file: &Value) -> bool {
    let kind = annotation(file, "kind").unwrap_or("Deployment");
    let given = |names: &[&str]| names.iter().any(|name| annotation(file, name).is_some());
    let is_run = ["Job", "CronJob"].contains(&kind);
    let is_known = INSTRUCTIONS[0].1.contains(&kind);
    let outside = |(name, values): &(&str, &[&str])| {
        let applies = match *name {
            "restart-policy" => is_run,
            "concurrency-policy" => kind == "CronJob",
            _ => true,
        };
        applies && !values.is_empty() && annotation(file, name).is_some_and(|value| !values.contains(&value))
    };
    let limit = |text: &str| text.parse::<u32>().is_ok_and(|limit| limit <= 1000);
    let surplus = (!is_run && given(&["restart-policy", "backoff-limit"]))
        || (kind != "CronJob" && given(&["schedule", "time-zone", "concurrency-policy"]));
    INSTRUCTIONS.iter().any(outside)
        // What goes with a kind that is none is not judged by another.
        || (is_known && surplus)
        || (is_run && annotation(file, "backoff-limit").is_some_and(|text| !limit(text)))
        || (kind == "CronJob" && !is_schedule(annotation(file, "schedule").unwrap_or_default()))
        || (kind == "CronJob" && annotation(file, "time-zone").is_some_and(|zone| !is_zone(zone)))
}

fn is_zone(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || ['/', '_', '+', '-'].contains(&c);
    !text.is_empty() && text.chars().all(good) && text.to_lowercase() != "local"
}

fn is_schedule(text: &str) -> bool {
    let names = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    let fields: Vec<_> = text.split_whitespace().collect();
    let good = |c: char| c.is_ascii_alphanumeric() || ['*', '/', ',', '-', '?'].contains(&c);
    names.contains(&text)
        || text.strip_prefix("@every ").is_some_and(|every| every.starts_with(|c: char| c.is_ascii_digit()))
        || (fields.len() == 5 && fields.iter().all(|field| field.chars().all(good)))
}

fn image(file: &Value) -> bool {
    let is_image = |text: &str| !text.is_empty() && text != "." && !text.contains(char::is_whitespace);
    let given = |name: &str| {
        let own = annotation(file, &format!("image.{name}")).or(annotation(file, "image"));
        own.is_some_and(is_image)
    };
    let lacks = |it: &Value| it["image"] == ".";
    let surplus = |(key, text): (&String, &str)| match key.strip_prefix(OURS) {
        Some("image") => !is_image(text) || !containers(file).any(|(_, it)| lacks(it)),
        Some(key) if key.starts_with("image.") => !is_image(text) || !lacks(&file["containers"][&key[6..]]),
        _ => false,
    };
    containers(file).any(|(name, it)| lacks(it) && !given(name)) || annotations(file).any(surplus)
}

/// Whether something can be mounted at a path.
fn is_sound(path: &str, is_file: bool) -> bool {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let hidden = parts.last().is_some_and(|last| last.starts_with(".."));
    path.starts_with('/')
        && !path.contains([':', '\0'])
        && !parts.is_empty()
        && parts.iter().all(|part| *part != ".." && part.len() <= 255)
        && !(is_file && hidden)
}

/// What a container mounts: path, and whether it is a file.
fn mounts(container: &Value) -> impl Iterator<Item = (&String, bool)> {
    let files = entries(&container["files"]).map(|(path, _)| (path, true));
    files.chain(entries(&container["volumes"]).map(|(path, _)| (path, false)))
}

fn target(file: &Value) -> bool {
    containers(file).any(|(_, it)| mounts(it).any(|(path, is_file)| !is_sound(path, is_file)))
}

fn clean(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.fold(String::new(), |path, part| path + "/" + part)
}

/// The sound paths of a container, cleaned; a file wins over a volume at the same place.
fn sound(container: &Value) -> Vec<(String, bool)> {
    let sound = mounts(container).filter(|(path, is_file)| is_sound(path, *is_file));
    sound.map(|(path, is_file)| (clean(path), is_file)).collect()
}

fn target_twice(file: &Value) -> bool {
    let twice = |it: &Value| {
        let mut seen = BTreeSet::new();
        sound(it).into_iter().any(|(path, _)| !seen.insert(path))
    };
    containers(file).any(|(_, it)| twice(it))
}

fn target_below(file: &Value) -> bool {
    let below = |it: &Value| {
        let all = sound(it);
        let mut files = all.iter().filter(|(_, is_file)| *is_file);
        files.any(|(file, _)| all.iter().any(|(path, _)| path.starts_with(&format!("{file}/"))))
    };
    containers(file).any(|(_, it)| below(it))
}

fn volume_path(file: &Value) -> bool {
    let wrong = |path: &str| path.split('/').any(|part| part == "..");
    let volumes = containers(file).flat_map(|(_, it)| entries(&it["volumes"]));
    volumes.into_iter().any(|(_, it)| it["path"].as_str().is_some_and(wrong))
}

/// A source without a placeholder is the identity of a resource of the same file.
fn volume_source(file: &Value) -> bool {
    let text = |value: &Value, or: &str| value.as_str().unwrap_or(or).to_owned();
    let identity = |(name, it): (&String, &Value)| {
        let id = text(&it["id"], &format!("{NAME}.{name}"));
        format!("{}.{}#{id}", text(&it["type"], ""), text(&it["class"], "default"))
    };
    let known: BTreeSet<_> = entries(&file["resources"]).map(identity).collect();
    let sources = containers(file).flat_map(|(_, it)| entries(&it["volumes"])).collect::<Vec<_>>();
    let mut sources = sources.into_iter().filter_map(|(_, it)| it["source"].as_str());
    sources.any(|source| placeholders::is_literal(source) && !known.contains(source))
}

/// With padding; bits of the last character that stand for nothing may be anything.
fn is_base64(text: &str) -> bool {
    let text = text.replace(['\n', '\r'], "");
    let digits = text.trim_end_matches('=');
    let good = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    text.len().is_multiple_of(4) && text.len() - digits.len() <= 2 && digits.chars().all(good)
}

fn gate(file: &Value) -> bool {
    let probes = |it: &Value| ["livenessProbe", "readinessProbe"].iter().any(|key| it.get(key).is_some());
    let waits = |it: &Value, state: &str| entries(&it["before"]).any(|(_, before)| before["ready"] == state);
    containers(file).any(|(_, it)| {
        (waits(it, "complete") && probes(it))
            || (!waits(it, "complete") && waits(it, "healthy") && !probes(it))
    })
}
