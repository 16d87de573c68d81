//! Kinds whose objects live in no namespace: which a rule may make, and what is said where it may not. A rule says so by
//! `allowClusterScoped`; whether it is right, a cluster tells when the rule is admitted.

use super::super::problem::{Problem, did_you_mean, list};
use super::{ManifestTemplate, Rule};
use crate::api::conditions::Reason;
use crate::api::names::is_of_kubernetes;
use crate::api::resource::ObjectScope;

/// Kinds of Kubernetes itself that the rule lists: each is either in a namespace or belongs to everybody.
pub(super) fn refused(rule: &Rule) -> Vec<Problem> {
    let own = |manifest: &&ManifestTemplate| {
        manifest.scope == ObjectScope::Cluster && is_of_kubernetes(&manifest.api_version)
    };
    let problem = |manifest: &ManifestTemplate| {
        let message = format!(
            "{} {} is a kind of Kubernetes itself: such a kind is in a namespace, or belongs to the whole cluster and is never a rule's; take it out",
            manifest.api_version, manifest.kind
        );
        Problem::new(path(rule, &manifest.kind), Reason::ForbiddenKind, message)
    };
    rule.manifests.iter().chain(&rule.shared).filter(own).map(problem).collect()
}

/// Kinds that the rule lists and never makes: mostly a slip.
pub(super) fn unused(rule: &Rule) -> Vec<Problem> {
    let made: Vec<_> = rule.kinds().into_iter().map(|(_, kind)| kind).collect();
    let made = || made.iter().map(String::as_str);
    let unused = rule.allow_cluster_scoped.iter().filter(|kind| made().all(|found| found != kind.as_str()));
    let problem = |kind: &String| {
        let hint = did_you_mean(kind, made());
        let message = format!("no manifest makes a `{kind}`{hint} (kinds: {})", list(made()));
        Problem::new(path(rule, kind), Reason::InvalidRule, message)
    };
    unused.map(problem).collect()
}

/// What is wrong where a cluster serves a kind otherwise than the rule says; nothing where both agree.
///
/// `manifest` is the path of the manifest that makes it.
#[must_use]
pub fn disputed(
    rule: &Rule,
    (api_version, kind): (&str, &str),
    served: ObjectScope,
    manifest: &str,
) -> Option<Problem> {
    let said = rule.allow_cluster_scoped.iter().any(|found| found == kind);
    match (served, said) {
        (ObjectScope::Namespaced, false) | (ObjectScope::Cluster, true) => None,
        (ObjectScope::Cluster, false) => Some(Problem::new(
            format!("{manifest}.kind"),
            Reason::ForbiddenKind,
            not_allowed(api_version, kind),
        )),
        (ObjectScope::Namespaced, true) => {
            let message = format!("{api_version} {kind} lives in a namespace on this cluster: take it out");
            Some(Problem::new(path(rule, kind), Reason::InvalidRule, message))
        }
    }
}

/// That a kind is in no namespace and the rule does not say so, with the cure if there is one.
#[must_use]
pub fn not_allowed(api_version: &str, kind: &str) -> String {
    if is_of_kubernetes(api_version) {
        return of_the_cluster(kind);
    }
    format!(
        "{kind} is cluster-scoped: all namespaces share its names; if that is meant, add `allowClusterScoped: [{kind}]` to the rule, and put `namespace` and `uid`, or a hash of them, into the name"
    )
}

/// That a kind is never made by a rule.
pub(super) fn of_the_cluster(kind: &str) -> String {
    format!("{kind} belongs to the whole cluster, and no rule makes it: install it beside the rule")
}

fn path(rule: &Rule, kind: &str) -> String {
    let place = rule.allow_cluster_scoped.iter().position(|found| found == kind).unwrap_or_default();
    format!("allowClusterScoped[{place}]")
}

#[cfg(test)]
mod tests {
    use super::super::compile;
    use super::*;
    use serde_json::{Value, json};

    const RDS: &str = "rds.example.org/v1";

    fn made(api_version: &str, kind: &str, allowed: &[&str], metadata: &Value) -> Result<Rule, Vec<String>> {
        let it = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata});
        let spec = json!({"match": {"type": "db"}, "manifests": {"it": it}, "allowClusterScoped": allowed});
        let compiled = compile("db", &serde_json::from_value(spec).expect("a rule"));
        compiled.map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    fn good(kind: &str, allowed: &[&str]) -> Rule {
        made(RDS, kind, allowed, &json!({"name": "a"})).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    #[test]
    fn sec01_a_kind_of_kubernetes_is_not_allowed_whatever_the_rule_lists() {
        let kinds = [
            ("v1", "Namespace"),
            ("v1", "PersistentVolume"),
            ("scheduling.k8s.io/v1", "PriorityClass"),
            ("storage.k8s.io/v1", "StorageClass"),
            ("rbac.authorization.k8s.io/v1", "ClusterRole"),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ];
        for (api_version, kind) in kinds {
            let problems = made(api_version, kind, &[kind], &json!({"name": "a"})).err().unwrap_or_default();
            let refused = |text: &String| text.starts_with("allowClusterScoped[0]: ") && text.contains(kind);
            assert!(problems.iter().any(refused), "{kind}: {problems:?}");
        }
    }

    #[test]
    fn sec02_what_lives_in_no_namespace_names_none() {
        let metadata = json!({"name": "a", "namespace": "{{ namespace }}"});
        let problems = made(RDS, "Instance", &["Instance"], &metadata).err().unwrap_or_default();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("manifests.it.metadata.namespace: "), "{problems:?}");
        assert!(made(RDS, "Instance", &[], &metadata).is_ok(), "in a namespace it may name its own");
    }

    #[test]
    fn a_kind_that_is_listed_and_not_made_is_a_warning_with_a_near_miss() {
        assert_eq!(good("Instance", &["Instance"]).unused, []);
        let unused = good("Instance", &["Instance", "Instanc"]).unused;
        let said: Vec<_> = unused.iter().map(ToString::to_string).collect();
        let expected = "allowClusterScoped[1]: no manifest makes a `Instanc`; did you mean `Instance`? (kinds: `Instance`)";
        assert_eq!(said, [expected]);
    }

    #[test]
    fn the_rule_and_the_cluster_must_agree() {
        use ObjectScope::{Cluster, Namespaced};
        let said = |allowed: &[&str], served| {
            let found = disputed(&good("Instance", allowed), (RDS, "Instance"), served, "manifests.it")?;
            Some((found.path, found.reason, found.message))
        };
        assert_eq!(said(&[], Namespaced), None);
        assert_eq!(said(&["Instance"], Cluster), None);
        let (path, reason, message) = said(&[], Cluster).expect("a problem");
        assert_eq!((path.as_str(), reason), ("manifests.it.kind", Reason::ForbiddenKind));
        assert!(message.contains("add `allowClusterScoped: [Instance]` to the rule"), "{message}");
        let (path, reason, _) = said(&["Instance"], Namespaced).expect("a problem");
        assert_eq!((path.as_str(), reason), ("allowClusterScoped[0]", Reason::InvalidRule));
        assert!(!not_allowed("scheduling.k8s.io/v1", "PriorityClass").contains("allowClusterScoped"));
    }
}
