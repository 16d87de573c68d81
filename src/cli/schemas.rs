//! `schemas`: the JSON Schemas for editors, made of the same types as the CRDs.

use std::path::Path;

use serde_json::Value;

use super::exit::Failure;
use crate::api::schema::{rule_json_schema, workload_json_schema};
use crate::offline::ruletest;

pub(super) fn execute(dir: &Path) -> Result<(), Failure> {
    for (file, schema) in files() {
        let text = serde_json::to_string_pretty(&schema).map_err(Failure::error)? + "\n";
        let path = dir.join(file);
        std::fs::write(&path, text).map_err(|error| Failure::write(&path, &error))?;
    }
    Ok(())
}

/// File name and content of each schema.
fn files() -> [(&'static str, Value); 3] {
    [
        ("provisionerrule.json", rule_json_schema()),
        ("ruletest.json", ruletest::schema()),
        ("scoreworkload.json", workload_json_schema()),
    ]
}
