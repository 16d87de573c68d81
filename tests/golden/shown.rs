//! What comes of a case, as YAML.

use std::fmt::Write;

use score_operator::plan::Plan;
use score_operator::plan::workload::Workload;
use score_operator::render::Manifests;
use score_operator::template;
use serde_json::{Map, Value, json};

pub fn to_yaml(value: &Value) -> String {
    serde_saphyr::to_string(value).expect("YAML")
}

pub fn documents(manifests: &Manifests) -> String {
    manifests.iter().fold(String::new(), |mut text, manifest| {
        write!(text, "---\n{}", to_yaml(&manifest.redacted())).expect("a text grows");
        text
    })
}

/// A plan with the variables of its containers, part by part.
pub fn shown_plan(plan: &Plan<Workload>) -> Value {
    let mut shown = json!(plan);
    if let Plan::Ready(workload) = plan {
        for (index, container) in workload.containers.iter().enumerate() {
            let parts = |text: &template::Filled| text.parts().iter().map(part).collect::<Value>();
            let variables: Map<_, _> =
                container.variables.iter().map(|(name, text)| (name.clone(), parts(text))).collect();
            shown["Ready"]["containers"][index]["variables"] = Value::Object(variables);
        }
    }
    shown
}

fn part(part: &template::Part) -> Value {
    match part {
        template::Part::Literal(text) => json!({ "literal": text }),
        template::Part::Output(text) => json!({ "output": text }),
        template::Part::Secret(secret) => json!({ "secret": secret }),
    }
}
