//! Why a rule was chosen for a resource, and why the others were not, as data (decision 16). The choice
//! itself is made in `select`; this says it in the same terms.

use std::sync::Arc;

use serde::Serialize;

use super::Rule;
use super::select::{Subject, matching, misfits, specificity};
use crate::api::names::ResourceUid;
use crate::plan::problem::{list, near_miss};

/// What became of one rule of the resource's type.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The rule.
    pub rule: String,
    /// Its priority.
    pub priority: i32,
    /// Whether it was chosen, and why or why not.
    #[serde(flatten)]
    pub standing: Standing,
}

/// Whether a rule was chosen.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "standing")]
pub enum Standing {
    /// It provides the resource.
    Chosen {
        /// What it has over the next best.
        by: Lead,
    },
    /// It matches too, and another is better.
    Beaten {
        /// What the chosen one has over it.
        by: Lead,
    },
    /// It does not match.
    Unfit {
        /// Every field of `match` that does not fit.
        fields: Vec<Misfit>,
    },
}

/// What one rule has over another.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Lead {
    /// Nothing to compare with: no other matches.
    Alone,
    /// The higher priority.
    Priority,
    /// It names the id.
    Id,
    /// It names the class.
    Class,
    /// It selects workloads.
    WorkloadSelector,
    /// It selects namespaces.
    NamespaceSelector,
    /// All else is equal, and its name comes first.
    Name,
    /// The resource was bound to it before: a better rule does not move a live resource (P04).
    Binding,
}

/// A field of `match` that does not fit.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Misfit {
    /// `class`, `id`, `namespaceSelector` or `workloadSelector`.
    pub field: &'static str,
    /// What the rule asks for.
    pub wanted: String,
    /// What there is; empty for no labels at all.
    pub found: String,
}

/// Every rule of the resource's type: the chosen one, those that match too, best first, and those that do
/// not match, by name.
///
/// `bound` is the rule that the resource is bound to already, if any: it stays chosen, whatever is better.
#[must_use]
pub fn candidates(rules: &[Arc<Rule>], subject: Subject<'_>, bound: Option<&str>) -> Vec<Candidate> {
    let mut fit = matching(rules, subject);
    let best = fit.first().map(|rule| rule.name.as_str());
    let sticks = bound.is_some() && bound != best;
    let mut all = Vec::new();
    if sticks && let Some(bound) = bound {
        fit.retain(|rule| rule.name != bound);
        let priority = rules.iter().find(|rule| rule.name == bound).map_or(0, |rule| rule.priority);
        let standing = Standing::Chosen { by: Lead::Binding };
        all.push(Candidate { rule: bound.to_owned(), priority, standing });
    }
    all.extend(fit.iter().enumerate().map(|(place, rule)| fitting(place, rule, &fit, sticks)));
    let mut rest: Vec<_> = rules.iter().filter_map(|rule| unfit(rule, subject)).collect();
    rest.retain(|candidate| Some(candidate.rule.as_str()) != bound);
    rest.sort_by(|a, b| a.rule.cmp(&b.rule));
    all.extend(rest);
    all
}

fn fitting(place: usize, rule: &Arc<Rule>, fit: &[&Arc<Rule>], sticks: bool) -> Candidate {
    let standing = match (place, fit.first()) {
        _ if sticks => Standing::Beaten { by: Lead::Binding },
        (0, _) | (_, None) => {
            Standing::Chosen { by: fit.get(1).map_or(Lead::Alone, |next| lead(rule, next)) }
        }
        (_, Some(first)) => Standing::Beaten { by: lead(first, rule) },
    };
    Candidate { rule: rule.name.clone(), priority: rule.priority, standing }
}

fn unfit(rule: &Arc<Rule>, subject: Subject<'_>) -> Option<Candidate> {
    let fields = misfits(rule, subject);
    let same_type = rule.type_ == subject.uid.type_ && rule.deny.is_none();
    (same_type && !fields.is_empty()).then(|| Candidate {
        rule: rule.name.clone(),
        priority: rule.priority,
        standing: Standing::Unfit { fields },
    })
}

/// What `better` has over `worse`, in the order in which `select` compares.
fn lead(better: &Rule, worse: &Rule) -> Lead {
    if better.priority != worse.priority {
        return Lead::Priority;
    }
    let (a, b) = (specificity(better), specificity(worse));
    let order = [
        (a.0, b.0, Lead::Id),
        (a.1, b.1, Lead::Class),
        (a.2, b.2, Lead::WorkloadSelector),
        (a.3, b.3, Lead::NamespaceSelector),
    ];
    order.into_iter().find(|(a, b, _)| a != b).map_or(Lead::Name, |(.., lead)| lead)
}

impl std::fmt::Display for Candidate {
    /// In words: `chosen: no other rule matches`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.standing {
            Standing::Chosen { by } => write!(f, "chosen: {}", by.of_chosen()),
            Standing::Beaten { by } => write!(f, "lost: {}", by.of_beaten()),
            Standing::Unfit { fields } => {
                let texts: Vec<_> = fields.iter().map(ToString::to_string).collect();
                write!(f, "does not match: {}", texts.join("; "))
            }
        }
    }
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let found = if self.found.is_empty() { "none".to_owned() } else { format!("`{}`", self.found) };
        write!(f, "{} asks for `{}`, found {found}", self.field, self.wanted)
    }
}

impl Lead {
    fn of_chosen(self) -> &'static str {
        match self {
            Self::Alone => "no other rule matches",
            Self::Priority => "its priority is the highest",
            Self::Id => "it names the id",
            Self::Class => "it names the class",
            Self::WorkloadSelector => "it selects workloads",
            Self::NamespaceSelector => "it selects namespaces",
            Self::Name => "as specific as the others, and its name comes first",
            Self::Binding => "the resource is bound to it already",
        }
    }

    fn of_beaten(self) -> &'static str {
        match self {
            Self::Alone => "nothing was chosen",
            Self::Priority => "its priority is lower",
            Self::Id => "the chosen rule names the id",
            Self::Class => "the chosen rule names the class",
            Self::WorkloadSelector => "the chosen rule selects workloads",
            Self::NamespaceSelector => "the chosen rule selects namespaces",
            Self::Name => "as specific as the chosen rule, and its name comes later",
            Self::Binding => "the resource is bound to the chosen rule already, and a live one is not moved",
        }
    }
}

/// What to say of a resource that no rule matches: perhaps a typing error, perhaps the platform team has
/// yet to install one (E08). `types` are those that some rule provides.
#[must_use]
pub fn no_rule<'a>(uid: &ResourceUid, types: impl Iterator<Item = &'a str> + Clone) -> String {
    let hint = match near_miss(&uid.type_, types.clone()) {
        Some(near) if near == uid.type_ => {
            "; there are rules for the type, for other classes, ids or namespaces".to_owned()
        }
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    };
    format!(
        "resource `{uid}` is not supported by any rule: none provides type `{}` with class `{}` here{hint} (types: {})",
        uid.type_,
        uid.class,
        list(types)
    )
}

#[cfg(test)]
mod tests {
    use super::super::select::Labels;
    use super::*;
    use crate::plan::rule::compile;
    use serde_json::{Value, json};

    fn rule(name: &str, match_: &Value, priority: i32) -> Arc<Rule> {
        let spec = serde_json::from_value(json!({"match": match_, "priority": priority})).expect("a rule");
        Arc::new(compile(name, &spec).expect("a good rule"))
    }

    fn rules() -> Vec<Arc<Rule>> {
        let of_env = |env: &str| json!({"type": "db", "namespaceSelector": {"matchLabels": {"env": env}}});
        vec![
            rule("b", &json!({"type": "db"}), 0),
            rule("a", &json!({"type": "db"}), 0),
            rule("prod", &of_env("prod"), 0),
            rule("dev", &of_env("dev"), 9),
            rule("big", &json!({"type": "db", "class": "big"}), 9),
            rule("other", &json!({"type": "cache"}), 9),
        ]
    }

    fn said(rules: &[Arc<Rule>], bound: Option<&str>) -> Vec<String> {
        let uid = ResourceUid { type_: "db".into(), class: "default".into(), id: "x".into() };
        let labels = Labels::from([("env".into(), "prod".into())]);
        let subject = Subject { uid: &uid, namespace_labels: &labels, workload_labels: &Labels::new() };
        let all = candidates(rules, subject, bound);
        all.iter().map(|candidate| format!("{} {candidate}", candidate.rule)).collect()
    }

    #[test]
    fn each_rule_of_the_type_says_why() {
        let expected = [
            "prod chosen: it selects namespaces",
            "a lost: the chosen rule selects namespaces",
            "b lost: the chosen rule selects namespaces",
            "big does not match: class asks for `big`, found `default`",
            "dev does not match: namespaceSelector asks for `env=dev`, found `env=prod`",
        ];
        assert_eq!(said(&rules(), None), expected);
        assert_eq!(said(&rules()[..1], None), ["b chosen: no other rule matches"]);
        assert_eq!(
            said(&rules()[..2], None),
            [
                "a chosen: as specific as the others, and its name comes first",
                "b lost: as specific as the chosen rule, and its name comes later"
            ]
        );
    }

    #[test]
    fn p04_a_bound_rule_stays_chosen() {
        let said = said(&rules()[..3], Some("b"));
        assert_eq!(said[0], "b chosen: the resource is bound to it already");
        assert!(said[1].starts_with("prod lost: the resource is bound"), "{said:?}");
        assert_eq!(said.len(), 3);
    }

    #[test]
    fn p04_so_does_one_that_no_longer_matches_or_is_gone() {
        for bound in ["big", "gone"] {
            let said = said(&rules()[..5], Some(bound));
            assert_eq!(said[0], format!("{bound} chosen: the resource is bound to it already"));
            assert_eq!(said.iter().filter(|line| line.contains("chosen:")).count(), 1, "{said:?}");
        }
    }

    #[test]
    fn e08_an_unknown_type_has_a_near_miss() {
        let uid = ResourceUid { type_: "postgers".into(), class: "default".into(), id: "x".into() };
        let message = no_rule(&uid, ["dns", "postgres"].into_iter());
        assert!(message.contains("did you mean `postgres`?"), "{message}");
    }
}
