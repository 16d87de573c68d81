//! `docs/api.md`: the fields of our kinds, one table per object, from the same schemas as the CRDs.

use std::collections::BTreeMap;

use schemars::schema_for;
use serde_json::{Value, json};

use super::markdown::{code, table};
use crate::api::conditions::Reason;
use crate::api::crds;

const INTRO: &str = "# API\n
The kinds of the group `k8s.score.dev`, version `v1alpha1`. `kubectl explain` says the same. In paths `*` stands for
every name of a map and `[]` for every item of a list. What an object is made of that stands in two places is
listed once.\n";

/// The page.
pub(super) fn page() -> String {
    let crds: Vec<Value> = crds::all().iter().map(|crd| json!(crd)).collect();
    let mut page = Page::default();
    crds.iter().flat_map(parts).for_each(|part| page.list(&part));
    let text = |crd: &Value| head(crd) + &page.tables(word(&crd["spec"]["names"]["kind"]));
    crds.iter().fold(INTRO.to_owned(), |all, crd| all + &text(crd))
}

/// The objects that are listed, in order.
#[derive(Default)]
struct Page<'a> {
    levels: Vec<Level<'a>>,
    /// Their anchors, by what they are made of.
    anchors: BTreeMap<String, String>,
}

/// An object within a kind.
#[derive(Clone)]
struct Level<'a> {
    kind: &'a str,
    path: String,
    schema: &'a Value,
}

/// What people write of a kind, and what the operator does.
fn parts(crd: &Value) -> impl Iterator<Item = Level<'_>> {
    let schema = &schema(crd)["properties"];
    let kind = word(&crd["spec"]["names"]["kind"]);
    ["spec", "status"].into_iter().map(move |part| Level {
        kind,
        path: part.to_owned(),
        schema: &schema[part],
    })
}

fn schema(crd: &Value) -> &Value {
    &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
}

fn head(crd: &Value) -> String {
    let (spec, names) = (&crd["spec"], &crd["spec"]["names"]);
    let rules: Vec<_> = rules(schema(crd)).collect();
    let checked = if rules.is_empty() { String::new() } else { format!(" Checked: {}.", rules.join("; ")) };
    format!(
        "\n## {}\n\n{}\n\n{}, short name `{}`.{checked}\n",
        word(&names["kind"]),
        word(&schema(crd)["description"]),
        if word(&spec["scope"]) == "Namespaced" { "In a namespace" } else { "In no namespace" },
        word(&names["shortNames"][0]),
    )
}

impl<'a> Page<'a> {
    /// Takes in an object, then those in it; one that is made like another is that other.
    fn list(&mut self, level: &Level<'a>) {
        let made_of = made_of(level.schema);
        if self.anchors.contains_key(&made_of) {
            return;
        }
        self.anchors.insert(made_of, level.anchor());
        self.levels.push(level.clone());
        level.fields().filter_map(|(_, field)| field.object()).for_each(|object| self.list(&object));
    }

    fn tables(&self, kind: &str) -> String {
        self.levels.iter().filter(|level| level.kind == kind).map(|level| self.table(level)).collect()
    }

    fn table(&self, level: &Level) -> String {
        let description = word(&level.schema["description"]).to_owned();
        let told: Vec<_> = [description].into_iter().chain(alternatives(level.schema)).collect();
        let rows = level.fields().map(|(name, field)| self.row(level, name, &field));
        format!(
            "\n### <a id=\"{}\"></a>{} `{}`\n\n{}\n\n{}",
            level.anchor(),
            level.kind,
            level.path,
            told.join(" "),
            table(["Field", "Type", "Constraints", "Description"], rows)
        )
    }

    fn row(&self, level: &Level, name: &str, field: &Level) -> [String; 4] {
        let anchor = field.object().and_then(|object| self.anchors.get(&made_of(object.schema)).cloned());
        let is_required =
            level.schema["required"].as_array().is_some_and(|names| names.iter().any(|it| it == name));
        let required = is_required.then(|| "required".to_owned());
        let constraints: Vec<_> = required.into_iter().chain(constraints(field.schema)).collect();
        let description = word(&field.schema["description"]).to_owned();
        [code(name), type_of(field.schema, anchor.as_deref()), constraints.join("; "), description]
    }
}

impl<'a> Level<'a> {
    fn anchor(&self) -> String {
        format!("{}.{}", self.kind, self.path).to_lowercase().replace(['.', '*', '[', ']'], "-")
    }

    fn at(&self, path: String, schema: &'a Value) -> Self {
        Self { kind: self.kind, path, schema }
    }

    fn fields(&self) -> impl Iterator<Item = (&'a str, Level<'a>)> {
        let fields = self.schema["properties"].as_object().into_iter().flatten();
        fields.map(|(name, schema)| (name.as_str(), self.at(format!("{}.{name}", self.path), schema)))
    }

    /// The object with fields of its own that this is, or is a map or list of.
    fn object(&self) -> Option<Self> {
        let (entry, item) = (&self.schema["additionalProperties"], &self.schema["items"]);
        [self.clone(), self.at(format!("{}.*", self.path), entry), self.at(format!("{}[]", self.path), item)]
            .into_iter()
            .find(|level| level.schema["properties"].is_object())
    }
}

fn type_of(schema: &Value, anchor: Option<&str>) -> String {
    let link = |text: &str| anchor.map_or_else(|| text.to_owned(), |anchor| format!("[{text}](#{anchor})"));
    let (entry, item) = (&schema["additionalProperties"], &schema["items"]);
    if entry.is_object() {
        return format!("map of {}", link(&format!("{}s", word(&entry["type"]))));
    }
    if item.is_object() {
        return format!("list of {}", link(&format!("{}s", word(&item["type"]))));
    }
    let is_open = schema["x-kubernetes-preserve-unknown-fields"] == true;
    match (anchor, is_open) {
        (Some(_), true) => format!("{}, and keys of your own", link("object")),
        (None, true) => "any keys".to_owned(),
        _ => link(word(&schema["type"])),
    }
}

/// All that a schema asks of a value, besides its type.
fn constraints(schema: &Value) -> Vec<String> {
    let ranges = [
        range(schema, "minLength", "maxLength", "character"),
        range(schema, "minimum", "maximum", ""),
        range(schema, "minProperties", "maxProperties", "entry"),
        range(schema, "minItems", "maxItems", "item"),
    ];
    let pattern = schema["pattern"].as_str().map(code);
    let key = schema["x-kubernetes-list-map-keys"][0].as_str().map(|key| format!("one per `{key}`"));
    let all = words(schema).into_iter().chain(ranges.into_iter().flatten()).chain(pattern).chain(key);
    all.chain(rules(schema)).collect()
}

fn words(schema: &Value) -> Option<String> {
    let words = schema["enum"].as_array()?;
    if schema["enum"] == schema_for!(Reason).to_value()["enum"] {
        return Some("one of [these reasons](reasons.md)".to_owned());
    }
    Some(words.iter().map(|it| code(word(it))).collect::<Vec<_>>().join(", "))
}

fn range(schema: &Value, least: &str, most: &str, unit: &str) -> Option<String> {
    // A CRD holds bounds of numbers as floats.
    let number = |key: &str| schema[key].as_f64();
    let (text, last) = match (number(least), number(most)) {
        (Some(least), Some(most)) => (format!("{least} to {most}"), most),
        (Some(least), None) => (format!("at least {least}"), least),
        (None, Some(most)) => (format!("at most {most}"), most),
        (None, None) => return None,
    };
    let units = match (unit, last > 1.0) {
        ("", _) => return Some(text),
        (unit, false) => unit.to_owned(),
        ("entry", true) => "entries".to_owned(),
        (unit, true) => format!("{unit}s"),
    };
    Some(format!("{text} {units}"))
}

/// What CEL rules say.
fn rules(schema: &Value) -> impl Iterator<Item = String> {
    let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    rules.filter_map(|rule| rule["message"].as_str()).map(str::to_owned)
}

/// Which of its fields an object must have, where that is a choice.
fn alternatives(schema: &Value) -> Option<String> {
    let choices = [("oneOf", "Exactly one of"), ("anyOf", "At least one of")];
    let (options, how) = choices.iter().find_map(|(key, how)| Some((schema[key].as_array()?, how)))?;
    let fields: Vec<_> = options.iter().filter_map(|it| it["required"][0].as_str()).map(code).collect();
    Some(format!("{how} {} must be there.", fields.join(", ")))
}

/// What tells one object from another: all but what its own place says of it.
fn made_of(schema: &Value) -> String {
    let keys = ["properties", "required", "oneOf", "anyOf", "x-kubernetes-preserve-unknown-fields"];
    keys.map(|key| schema[key].to_string()).join("\n")
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_has_its_place_and_every_place_is_one() {
        let page = page();
        let mut anchors: Vec<_> =
            page.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let links: Vec<_> = page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(links.len() > 15, "{links:?}");
        assert!(links.iter().all(|link| anchors.contains(link)), "{links:?}\n{anchors:?}");
        let all = anchors.len();
        anchors.sort_unstable();
        anchors.dedup();
        assert_eq!(anchors.len(), all);
    }

    #[test]
    fn no_field_is_left_out() {
        let (page, mut missing) = (page(), Vec::new());
        for crd in crds::all() {
            names(&json!(crd)["spec"]["versions"][0]["schema"]["openAPIV3Schema"], &mut |name| {
                if !page.contains(&format!("| `{name}` |")) && !["spec", "status"].contains(&name) {
                    missing.push(name.to_owned());
                }
            });
        }
        assert!(missing.is_empty(), "{missing:?}");
    }

    /// Calls `see` for the name of every field within a schema.
    fn names(schema: &Value, see: &mut impl FnMut(&str)) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            see(name);
            names(field, see);
        }
        let inner = [&schema["items"], &schema["additionalProperties"]].into_iter();
        inner.filter(|inner| inner.is_object()).for_each(|inner| names(inner, see));
    }

    #[test]
    fn constraints_are_told() {
        let schema = json!({"type": "integer", "minimum": 1.0, "maximum": 65535.0});
        assert_eq!(constraints(&schema), ["1 to 65535"]);
        let schema = json!({"enum": ["TCP", "UDP"], "maxLength": 3});
        assert_eq!(constraints(&schema), ["`TCP`, `UDP`", "at most 3 characters"]);
        let schema = json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]});
        assert_eq!(alternatives(&schema).as_deref(), Some("Exactly one of `a`, `b` must be there."));
    }
}
