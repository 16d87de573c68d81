//! How large a rule may be: checked before anything is compiled, as a compiled expression takes a hundred times the
//! memory of its text.

use serde_json::Value;

use super::super::problem::Problem;
use crate::api::conditions::Reason;
use crate::api::rule::ProvisionerRuleSpec;
use crate::template::limits;

/// The values of a rule: maps, lists, texts, numbers, whatever their depth.
pub const VALUES: usize = 20_000;
/// The bytes of all texts and keys of a rule.
pub const BYTES: usize = 512 * 1024;
/// The locals of a rule.
pub const LOCALS: usize = 256;
/// The expressions of a rule.
pub const EXPRESSIONS: usize = 1_000;
/// The bytes of all expressions of a rule.
pub const EXPRESSION_BYTES: usize = 128 * 1024;
/// The problems of a rule that are told; the next edit shows the others.
pub const PROBLEMS: usize = 100;

/// What was counted.
#[derive(Default)]
struct Size {
    values: usize,
    bytes: usize,
    expressions: usize,
    expression_bytes: usize,
}

/// What is too large about a rule.
pub(super) fn check(spec: &ProvisionerRuleSpec) -> Vec<Problem> {
    let mut size = Size::default();
    let parts = [&spec.locals, &spec.manifests, &spec.shared, &spec.outputs];
    let patches = spec.patches.iter().flat_map(|patches| [&patches.pod_template, &patches.containers]);
    for (key, value) in parts.into_iter().chain(patches).flatten() {
        size.text(key);
        size.add(value);
    }
    spec.ready_when.iter().chain(&spec.deny_when).for_each(|text| size.text(text));
    let counted = [
        (spec.locals.len(), LOCALS, "locals"),
        (size.values, VALUES, "values"),
        (size.bytes, BYTES, "bytes of text"),
        (size.expressions, EXPRESSIONS, "expressions"),
        (size.expression_bytes, EXPRESSION_BYTES, "bytes of expressions"),
    ];
    let over = counted.into_iter().filter(|(found, most, _)| found > most);
    over.map(|(found, most, what)| {
        let message = format!(
            "the rule has {found} {what}, expected at most {most}: make several rules of it, or fewer objects"
        );
        Problem::new("", Reason::InvalidRule, message)
    })
    .collect()
}

impl Size {
    fn add(&mut self, value: &Value) {
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            self.values += 1;
            match value {
                Value::String(text) => self.text(text),
                Value::Array(items) => open.extend(items),
                Value::Object(map) => {
                    map.keys().for_each(|key| self.text(key));
                    open.extend(map.values());
                }
                _ => {}
            }
            // What is beyond need not be counted, nor kept.
            if self.values + open.len() > VALUES {
                self.values += open.len();
                return;
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.bytes += text.len();
        for part in text.split("{{").skip(1) {
            self.expressions += 1;
            self.expression_bytes += part.find("}}").unwrap_or(part.len()).min(limits::EXPRESSION_BYTES);
        }
    }
}
