//! What expressions can name, and what is known of it before any resource is: a name that can never have a value is
//! refused when the rule is.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::problem::{list, near_miss};
use super::{ManifestTemplate, Rule};
use crate::api::rule::Generate;
use crate::template::{Node, Outline};

/// A name that expressions can use.
pub struct Name {
    /// The name.
    pub name: &'static str,
    /// Where it can be used.
    pub place: Place,
    /// What it holds.
    pub holds: &'static str,
}

/// Where a name can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// Everywhere.
    All,
    /// Everywhere but in `shared`, which belongs to no one resource.
    Resource,
    /// In `readyWhen`, `outputs` and `patches`, which are evaluated once the objects are there.
    Live,
}

/// All names.
pub const NAMES: &[Name] = &[
    name("params", Place::Resource, "The params, after placeholders, defaults and schema."),
    name(
        "locals",
        Place::All,
        "The rule's own named expressions, by name; in `shared` those that are made of what is in scope there.",
    ),
    name(
        "generated",
        Place::All,
        "What `generate` rolled, by name; in `shared` what it rolled with `shared: true`, elsewhere the rest. Secret unless the rule says otherwise.",
    ),
    name(
        "metadata",
        Place::Resource,
        "The resource's metadata, as in the Score file, its annotations among it (E09).",
    ),
    name("id", Place::Resource, "The resource's id."),
    name("uid", Place::Resource, "The resource's identity in its namespace: `type.class#id`."),
    name("guid", Place::Resource, "A random text that is the resource's own and stays."),
    name("type", Place::All, "The resource's type."),
    name("class", Place::Resource, "The resource's class."),
    name("namespace", Place::All, "The namespace."),
    name(
        "workload",
        Place::Resource,
        "The workload that first defined the resource: its `name`, `metadata` and `service`, as in its Score file, and the `serviceName` of its Service.",
    ),
    name(
        "workloads",
        Place::Resource,
        "All workloads of the namespace by name, each with its `service` and the `serviceName` of that.",
    ),
    name(
        "consumers",
        Place::All,
        "The names of the workloads that use the resource, or in `shared` any of the rule's resources in the namespace, sorted. For what an object holds: a name made of them would change as they come and go.",
    ),
    name(
        "namespaceLabels",
        Place::All,
        "The labels of the namespace. A change of them is looked at at once.",
    ),
    name(
        "objects",
        Place::Live,
        "The live objects by their key in `manifests` and `shared`. A Secret shows its metadata only.",
    ),
    name("omit", Place::All, "Leaves out the key or item whose value it is."),
];

const fn name(name: &'static str, place: Place, holds: &'static str) -> Name {
    Name { name, place, holds }
}

/// The part of a rule that an expression stands in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Resource,
    Shared,
    /// `readyWhen`, `outputs` and `patches`.
    Live,
    /// `denyWhen`, which sees the resource and nothing of the rule that provides it.
    Guard,
}

/// What a rule has for the objects that it makes: a guardrail makes none.
const MAKES: &[&str] = &["generated", "locals", "omit"];

impl Part {
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        let is_there = move |name: &&Name| match self {
            Self::Resource => name.place != Place::Live,
            Self::Shared => name.place == Place::All,
            Self::Live => true,
            Self::Guard => name.place != Place::Live && !MAKES.contains(&name.name),
        };
        NAMES.iter().filter(is_there).map(|name| name.name)
    }
}

/// What is wrong with a name, if it can never have a value.
pub(super) fn unknown(rule: &Rule, part: Part, name: &[String]) -> Option<String> {
    let (root, keys) = name.split_first()?;
    let scope: Vec<&str> = part.names().collect();
    if !scope.contains(&root.as_str()) {
        let hint = did_you_mean("", root, &scope);
        return Some(format!("`{root}` is not in scope here{hint} (in scope: {})", list(scope)));
    }
    if let Some(elsewhere) = keys.first().and_then(|key| elsewhere(rule, part, root, key)) {
        return Some(elsewhere);
    }
    let mut shape = Shape::of(rule, part, root);
    for (index, key) in keys.iter().enumerate() {
        let parent = name[..=index].join(".");
        shape = match shape.entry(key) {
            Ok(shape) => shape,
            Err(nothing) => return Some(nothing.message(&parent, key)),
        };
    }
    None
}

/// What is there, but not where it is named.
fn elsewhere(rule: &Rule, part: Part, root: &str, key: &str) -> Option<String> {
    let in_shared = part == Part::Shared;
    match root {
        "locals" if in_shared && !is_local(rule, part, key) && is_local(rule, Part::Resource, key) => {
            Some(format!(
                "`locals.{key}` is not in scope here: it is made of what belongs to one resource, and `shared` belongs to none"
            ))
        }
        "generated" if rule.generate.get(key).is_some_and(|how| how.is_shared() != in_shared) => {
            let (whose, cure) = if in_shared {
                ("of each resource", "with `shared: true` it belongs to what is shared")
            } else {
                ("of what is shared", "let an object in `shared` keep it, and refer to that")
            };
            Some(format!("`generated.{key}` is not in scope here: it is {whose}; {cure}"))
        }
        _ => None,
    }
}

fn is_local(rule: &Rule, part: Part, name: &str) -> bool {
    let known = part != Part::Shared || rule.shared_locals.contains(name);
    known && rule.locals.iter().any(|(local, _)| local == name)
}

/// The locals that are made of nothing that belongs to one resource. Each stands after those that it uses.
pub(super) fn shared_locals(rule: &Rule) -> BTreeSet<String> {
    let scope: Vec<&str> = Part::Shared.names().collect();
    let mut shared = BTreeSet::new();
    for (local, node) in &rule.locals {
        let belongs_to_all = |name: &Vec<String>| match name.as_slice() {
            [root, key, ..] if root == "locals" => shared.contains(key),
            [root, key, ..] if root == "generated" => rule.generate.get(key).is_some_and(Generate::is_shared),
            [root] if root == "locals" || root == "generated" => false,
            [root, ..] => scope.contains(&root.as_str()),
            [] => true,
        };
        if node.leaves().flat_map(|leaf| &leaf.names).all(belongs_to_all) {
            shared.insert(local.clone());
        }
    }
    shared
}

fn did_you_mean(prefix: &str, name: &str, known: &[&str]) -> String {
    let near = near_miss(name, known.iter().copied());
    near.map_or(String::new(), |near| format!("; did you mean `{prefix}{near}`?"))
}

/// What is known of a value.
enum Shape<'a> {
    /// Nothing: anything may be in it.
    Open,
    /// A text, number or bool.
    Scalar,
    /// A map with these entries and no others.
    Map(Vec<(&'a str, Shape<'a>)>),
    /// The live Secret of a manifest.
    Secret,
    /// The params, which have a schema.
    Params(&'a Map<String, Value>),
    /// What a JSON Schema describes.
    Schema(&'a Value),
    /// What a part of the rule makes.
    Made(&'a Node, Vec<String>),
}

/// Why there is no entry.
enum Nothing<'a> {
    Among(Vec<&'a str>),
    Scalar,
    Secret,
}

impl Nothing<'_> {
    fn message(&self, parent: &str, key: &str) -> String {
        match self {
            Self::Among(known) => {
                let hint = did_you_mean(&format!("{parent}."), key, known);
                format!("there is no `{parent}.{key}`{hint} (there: {})", list(known.iter().copied()))
            }
            Self::Scalar => {
                format!(
                    "there is no `{parent}.{key}`: `{parent}` is a text, number or bool, and has no entries"
                )
            }
            Self::Secret => format!(
                "there is no `{parent}.{key}`: a Secret shows its apiVersion, kind and metadata only; refer to a key of its data with `secret_ref(name, key)`"
            ),
        }
    }
}

impl<'a> Shape<'a> {
    fn of(rule: &'a Rule, part: Part, root: &str) -> Self {
        let scalars = |names: &[&'a str]| Self::Map(names.iter().map(|name| (*name, Self::Scalar)).collect());
        match root {
            // A guardrail sees the params of whichever rule provides the resource.
            "params" if rule.deny.is_some() && rule.params.is_none() => Self::Open,
            "params" => rule.params.as_ref().map_or_else(|| scalars(&[]), Self::Params),
            "locals" => Self::Map(
                rule.locals
                    .iter()
                    .filter(|(name, _)| is_local(rule, part, name))
                    .map(|(name, node)| (name.as_str(), Self::Made(node, Vec::new())))
                    .collect(),
            ),
            "generated" => {
                scalars(&rule.rolls(part == Part::Shared).map(|(name, _)| name.as_str()).collect::<Vec<_>>())
            }
            "objects" => Self::Map(rule.manifests.iter().chain(&rule.shared).map(Self::live).collect()),
            "workload" => Self::Map(vec![
                ("name", Self::Scalar),
                ("metadata", Self::Open),
                ("service", Self::service()),
                ("serviceName", Self::Scalar),
            ]),
            "id" | "uid" | "guid" | "type" | "class" | "namespace" => Self::Scalar,
            _ => Self::Open,
        }
    }

    /// A Score file's service.
    fn service() -> Self {
        Self::Map(vec![("ports", Self::Open)])
    }

    fn live(manifest: &'a ManifestTemplate) -> (&'a str, Self) {
        let shape = if manifest.is_secret() { Self::Secret } else { Self::Open };
        (manifest.key.as_str(), shape)
    }

    fn entry(self, key: &str) -> Result<Self, Nothing<'a>> {
        match self {
            Self::Open => Ok(Self::Open),
            Self::Scalar => Err(Nothing::Scalar),
            Self::Map(mut entries) => match entries.iter().position(|(name, _)| *name == key) {
                Some(at) => Ok(entries.swap_remove(at).1),
                None => Err(Nothing::Among(entries.into_iter().map(|(name, _)| name).collect())),
            },
            Self::Secret => match key {
                "metadata" => Ok(Self::Open),
                "apiVersion" | "kind" => Ok(Self::Scalar),
                _ => Err(Nothing::Secret),
            },
            Self::Params(schema) => described(|keyword| schema.get(keyword), key),
            Self::Schema(schema) => described(|keyword| schema.get(keyword), key),
            Self::Made(node, mut keys) => {
                let outline = node.outline(&keys);
                keys.push(key.to_owned());
                match outline {
                    Outline::Open => Ok(Self::Open),
                    Outline::Scalar => Err(Nothing::Scalar),
                    Outline::Map(known) if known.contains(&key) => Ok(Self::Made(node, keys)),
                    Outline::Map(known) => Err(Nothing::Among(known)),
                }
            }
        }
    }
}

/// Keywords by which a schema says more than its own `properties` do.
const MORE: &[&str] =
    &["$ref", "allOf", "anyOf", "oneOf", "if", "patternProperties", "dependentSchemas", "dependencies"];
/// Types that have no entries.
const SCALARS: &[&str] = &["string", "integer", "number", "boolean", "null"];

/// The entry of a value that a schema describes: unknown keys are known where the schema closes the set of them.
fn described<'a>(keyword: impl Fn(&str) -> Option<&'a Value>, key: &str) -> Result<Shape<'a>, Nothing<'a>> {
    if MORE.iter().any(|more| keyword(more).is_some()) {
        return Ok(Shape::Open);
    }
    if keyword("type").and_then(Value::as_str).is_some_and(|kind| SCALARS.contains(&kind)) {
        return Err(Nothing::Scalar);
    }
    let properties = keyword("properties").and_then(Value::as_object);
    match properties.and_then(|properties| properties.get(key)) {
        Some(found) => Ok(Shape::Schema(found)),
        None if keyword("additionalProperties") == Some(&Value::Bool(false)) => {
            Err(Nothing::Among(properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect()))
        }
        None => Ok(Shape::Open),
    }
}
