//! What a guardrail may consist of: it forbids, and makes nothing.

use super::super::problem::Problem;
use crate::api::conditions::Reason;
use crate::api::rule::ProvisionerRuleSpec;

/// A developer would read the expression itself.
const PLAIN: &str = "is plain text, in which no `{{ … }}` is evaluated: say it in words, such as `at most 100 GiB here`; the message already names the resource";

/// Every field that does not go with `deny`, `denyWhen` where there is none, and a message that is no plain text.
pub(super) fn misplaced(spec: &ProvisionerRuleSpec) -> Vec<Problem> {
    let problem = |path: &str, message: &str| Problem::new(path, Reason::InvalidRule, message);
    let Some(said) = &spec.deny else {
        let alone = !spec.deny_when.is_empty();
        let message =
            "there is no `deny`: say what the developer should read, such as `deny: at most 100 GiB here`";
        return if alone { vec![problem("denyWhen", message)] } else { Vec::new() };
    };
    let fields = [
        ("generate", spec.generate.is_empty()),
        ("locals", spec.locals.is_empty()),
        ("manifests", spec.manifests.is_empty()),
        ("shared", spec.shared.is_empty()),
        ("allowClusterScoped", spec.allow_cluster_scoped.is_empty()),
        ("readyWhen", spec.ready_when.is_empty()),
        ("outputs", spec.outputs.is_empty()),
        ("patches", spec.patches.is_none()),
        ("deletionPolicy", spec.deletion_policy.is_none()),
        ("priority", spec.priority.is_none()),
        ("maxUnavailable", spec.max_unavailable.is_none()),
    ];
    let message = "a rule with `deny` makes nothing: leave this out, or make two rules of it";
    let misplaced = fields.into_iter().filter(|(_, empty)| !empty).map(|(path, _)| problem(path, message));
    misplaced.chain(said.contains("{{").then(|| problem("deny", PLAIN))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::plan::rule::{compile, matcher};

    /// A guardrail, with `change` merged over its fields.
    fn guardrail(change: &Value) -> ProvisionerRuleSpec {
        let mut spec = json!({"match": {"type": "thing"}, "deny": "ask first"});
        for (key, value) in change.as_object().expect("fields") {
            spec[key] = value.clone();
        }
        serde_json::from_value(spec).expect("the form of a rule")
    }

    #[test]
    fn a_guardrail_says_and_makes_nothing() {
        let made = compile("guard", &guardrail(&json!({"denyWhen": ["{{ params.size > 3 }}"]})))
            .expect("a guardrail");
        let deny = made.deny.expect("what it says");
        assert_eq!((deny.message.as_str(), deny.when.len()), ("ask first", 1));
    }

    #[test]
    fn a_guardrail_that_makes_something_is_refused() {
        let manifest = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
        let fields = [
            ("generate", json!({"a": {"alphanumeric": 4}})),
            ("locals", json!({"a": "b"})),
            ("manifests", json!({ "a": manifest })),
            ("shared", json!({ "a": manifest })),
            ("readyWhen", json!(["{{ true }}"])),
            ("outputs", json!({"a": "b"})),
            ("deletionPolicy", json!("Retain")),
            ("priority", json!(1)),
        ];
        for (field, value) in fields {
            let problems = compile("guard", &guardrail(&json!({ field: value }))).err().expect("a problem");
            assert!(
                problems[0].to_string().starts_with(&format!("{field}: a rule with `deny`")),
                "{problems:?}"
            );
        }
    }

    #[test]
    fn conditions_of_a_guardrail_are_checked() {
        let said = |change: Value| {
            let problems = compile("guard", &guardrail(&change)).err().expect("a problem");
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        assert!(said(json!({"denyWhen": ["big"]})).contains("denyWhen[0]: expected exactly one expression"));
        assert!(said(json!({"denyWhen": ["{{ parms.size > 3 }}"]})).contains("did you mean `params`?"));
        assert!(said(json!({"denyWhen": ["{{ objects.x is defined }}"]})).contains("not in scope"));
        let schema = json!({"type": "object", "additionalProperties": false, "properties": {"size": {}}});
        let typo = json!({"params": schema, "denyWhen": ["{{ params.sise > 3 }}"]});
        assert!(said(typo).contains("did you mean `params.size`?"));
        assert!(said(json!({"deny": null, "denyWhen": ["{{ true }}"]})).contains("there is no `deny`"));
    }

    #[test]
    fn conditions_of_a_guardrail_have_hints_of_their_own() {
        let said = |condition: &str| {
            let problems = compile("guard", &guardrail(&json!({"denyWhen": [condition]}))).err();
            problems.expect("a problem").iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(
            said("params.size > 5"),
            "denyWhen[0]: expected exactly one expression, such as `{{ params.size > 100 }}`"
        );
        for call in ["secret_ref('a', 'b')", "secret_template('a')"] {
            assert!(
                said(&format!("{{{{ {call} }}}}")).contains("no value that a condition could ask"),
                "{call}"
            );
        }
        for makes in ["locals", "generated", "objects"] {
            let told = said(&format!("{{{{ {makes}.x is defined }}}}"));
            let scope = told.split_once("(in scope: ").expect("what is in scope").1;
            assert!(told.contains("is not in scope here") && scope.contains("`params`"), "{told}");
            assert!(
                !["locals", "generated", "objects", "omit"].iter().any(|name| scope.contains(name)),
                "{told}"
            );
        }
    }

    #[test]
    fn a_guardrail_that_is_refused_still_guards() {
        let unreadable = json!({"matchExpressions": [{"key": "env", "operator": "in", "values": ["prod"]}]});
        let by_labels = json!({"type": "thing", "class": "big", "namespaceSelector": unreadable});
        for change in [
            json!({"priority": 10}),
            json!({"match": by_labels}),
            json!({"denyWhen": ["{{ nothing }}"]}),
            json!({"deny": null, "denyWhen": ["{{ params.size > 3 }}"]}),
            json!({"deny": "no {{ type }}"}),
        ] {
            let spec = guardrail(&change);
            assert!(compile("guard", &spec).is_err(), "{change}");
            let guard = matcher("guard", &spec).unwrap_or_else(|| panic!("{change}: it guards nothing"));
            assert!(guard.deny.is_some() && guard.type_ == "thing", "{change}");
            assert!(guard.namespaces.is_none(), "{change}: whom it selects is not known, so it selects all");
        }
        let class = matcher("guard", &guardrail(&json!({"match": by_labels}))).expect("a guard").class;
        assert_eq!(class.as_deref(), Some("big"), "what can be read of it still counts");
    }

    #[test]
    fn a_rule_that_provides_and_whose_selector_cannot_be_read_matches_nothing() {
        let unreadable = json!({"matchExpressions": [{"key": "env", "operator": "in"}]});
        let spec = json!({"match": {"type": "thing", "workloadSelector": unreadable}, "priority": 10});
        let spec: ProvisionerRuleSpec = serde_json::from_value(spec).expect("the form of a rule");
        assert!(matcher("rule", &spec).is_none());
    }

    #[test]
    fn the_message_of_a_guardrail_is_plain_text() {
        let problems = compile("guard", &guardrail(&json!({"deny": "at most {{ params.size }}"}))).err();
        let told = problems.expect("a problem")[0].to_string();
        assert!(told.starts_with("deny: is plain text, in which no `{{ … }}` is evaluated"), "{told}");
    }
}
