//! `docs/rules.md`: prose of a template, and a part for each default rule, made from the rule itself.

use serde_json::Value;

use super::markdown::{code, table};
use crate::offline::rules::{DEFAULTS, RuleFile, read_all};
use crate::plan::rule::{ManifestTemplate, Rule, compile};
use crate::template::signature::{SECRET_REF, SECRET_TEMPLATE};

const TEMPLATE: &str = include_str!("rules.md");

/// Rules that are not installed by default.
const VARIANTS: &[(&str, &str)] =
    &[("config/variants/route-ingress.yaml", include_str!("../../../config/variants/route-ingress.yaml"))];

/// The page.
pub(super) fn page() -> String {
    let (rules, variants) = (parts("##", DEFAULTS), parts("###", VARIANTS));
    TEMPLATE.replace("{{rules}}", rules.trim_end()).replace("{{variants}}", variants.trim_end())
}

/// A part for each rule that can be used: a test holds that all of them can.
fn parts(level: &str, files: &[(&str, &str)]) -> String {
    let files = read_all(files).unwrap_or_default();
    let compiled = |file: &RuleFile| Some(part(level, file, &compile(&file.name, &file.spec).ok()?));
    files.iter().filter_map(compiled).collect::<Vec<_>>().join("\n")
}

fn part(level: &str, file: &RuleFile, rule: &Rule) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let image = file.spec.locals.get("image").and_then(Value::as_str);
    let image = image.map_or_else(String::new, |image| format!(" Image: {}.", code(image)));
    let head = format!(
        "{level} {}\n\nType {}: [{}](../{}).{image}\n\n{}\n",
        file.name,
        code(&rule.type_),
        file.file,
        file.file,
        text(&file.spec.description)
    );
    let parts = [params(rule), outputs(rule), objects(rule)];
    parts.into_iter().filter(|part| !part.is_empty()).fold(head, |all, part| all + "\n" + &part)
}

fn params(rule: &Rule) -> String {
    let schema = rule.params.as_ref();
    let required = schema.and_then(|schema| schema.get("required")?.as_array()).cloned().unwrap_or_default();
    let properties = schema.and_then(|schema| schema.get("properties")?.as_object());
    let Some(properties) = properties else { return "It takes no params.\n".to_owned() };
    let row = |(name, about): (&String, &Value)| {
        let default = match about.get("default") {
            Some(default) => code(&default.to_string()),
            None if required.iter().any(|it| it == name) => "required".to_owned(),
            None => String::new(),
        };
        let description = about["description"].as_str().unwrap_or_default().to_owned();
        [code(name), kind(about), default, description]
    };
    table(["Param", "Type", "Default", "Description"], properties.iter().map(row))
}

/// The type, and the bounds of a number or the words that a text may be.
fn kind(about: &Value) -> String {
    let types = match &about["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        Value::String(one) if one == "array" => format!("list of {}", kind(&about["items"])),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    let bounds = match (&about["minimum"], &about["maximum"]) {
        (Value::Number(least), Value::Number(most)) => format!(", {least} to {most}"),
        _ => String::new(),
    };
    let words = about["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(code);
    let words = words.collect::<Vec<_>>().join(", ");
    if words.is_empty() { types + &bounds } else { words }
}

fn outputs(rule: &Rule) -> String {
    let row = |(name, node): (&String, &crate::template::Node)| {
        let refers = |function: &String| [SECRET_REF, SECRET_TEMPLATE].contains(&function.as_str());
        let is_secret = node.leaves().flat_map(|leaf| &leaf.functions).any(refers);
        [code(name), if is_secret { "yes" } else { "" }.to_owned()]
    };
    table(["Output", "Secret"], rule.outputs.iter().map(row))
}

fn objects(rule: &Rule) -> String {
    let row = |(whose, manifest): (&str, &ManifestTemplate)| {
        let when = manifest.when.as_ref().map_or_else(String::new, |_| "where it is asked for".to_owned());
        [manifest.kind.clone(), code(&manifest.api_version), whose.to_owned(), when]
    };
    let own = rule.manifests.iter().map(|manifest| ("each resource", manifest));
    let shared = rule.shared.iter().map(|manifest| ("the namespace", manifest));
    let rows: Vec<_> = own.chain(shared).map(row).collect();
    let rolled = if rule.generate.is_empty() { "" } else { "\nBesides, a Secret of what it generates.\n" };
    if rows.is_empty() {
        return "It makes no objects.\n".to_owned();
    }
    table(["Object", "API", "One for", "When"], rows) + rolled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_part_and_no_slot_is_left() {
        let page = page();
        for (file, _) in DEFAULTS.iter().chain(VARIANTS) {
            assert!(page.contains(&format!("[{file}](../{file})")), "{file}");
        }
        assert!(!page.contains("{{"), "{page}");
    }

    #[test]
    fn a_part_says_what_is_required_bounded_and_secret() {
        let page = page();
        for line in [
            "| `port` | integer or string, 1 to 65535 | required |",
            "| `accessModes` | list of `ReadWriteOnce`, ",
            "| `memoryMi` | integer, 64 to 65536 | `256` |",
            "| `url` | yes |",
            "| `host` |  |",
            "| NetworkPolicy | `networking.k8s.io/v1` | the namespace | where it is asked for |",
        ] {
            assert!(page.contains(line), "{line}\n{page}");
        }
    }
}
