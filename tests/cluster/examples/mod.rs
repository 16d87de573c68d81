//! The worked examples in `examples/`, each run from its own files on a real control plane. Other projects'
//! controllers are played by the test, which has them be late, say things twice, and say wrong things.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::EnvVar;
use kube::ResourceExt;
use score_operator::api::conditions::{ConditionStatus, Reason};

use crate::support::look::{reference, secret};
use crate::support::{Example, Namespace, cluster_of_examples};

mod crossplane;
mod dapr;
mod delegates;
mod environments;
mod jobs;
mod operators;

/// What a namespace says that lets only pods in that ask for nothing special: those of the examples are such.
const RESTRICTED: (&str, &str) = ("pod-security.kubernetes.io/enforce", "restricted");

/// A namespace of a test, which is strict.
async fn namespace(name: &str) -> Namespace {
    cluster_of_examples().await.namespace_with_labels(name, &[RESTRICTED]).await
}

/// A namespace with the one rule of an example.
async fn installed(name: &str) -> (Namespace, Example) {
    let ns = namespace(&format!("ex-{name}")).await;
    let example = Example::new(name);
    let rule = example.rule("rule.yaml");
    ns.rule(rule.clone()).await;
    ns.rule_says(rule.name(), ConditionStatus::True, Reason::Ready).await;
    (ns, example)
}

/// The variables of a workload's one container, by name.
struct Variables(Vec<EnvVar>);

impl Variables {
    async fn of(ns: &Namespace, workload: &str) -> Self {
        let made = ns.get::<Deployment>(workload).await;
        let pod = made.spec.unwrap().template.spec.unwrap();
        assert_eq!(pod.containers.len(), 1, "of {workload}");
        Self(pod.containers.into_iter().next().unwrap().env.unwrap_or_default())
    }

    fn get(&self, name: &str) -> &EnvVar {
        let names: Vec<_> = self.0.iter().map(|variable| &variable.name).collect();
        let found = self.0.iter().find(|variable| variable.name == name);
        found.unwrap_or_else(|| panic!("there is no variable {name}, but {names:?}"))
    }

    /// The text of one that is not secret.
    fn text(&self, name: &str) -> &str {
        self.get(name).value.as_deref().unwrap_or_else(|| panic!("{name} is no plain text"))
    }

    /// The name and key of the Secret of one that is.
    fn secret(&self, name: &str) -> (&str, &str) {
        reference(self.get(name))
    }

    /// What the program will read.
    async fn value(&self, ns: &Namespace, name: &str) -> String {
        secret(ns, self.secret(name)).await
    }
}

/// The workload's pods are not there, nor what would make them.
async fn has_no_pods(ns: &Namespace, workload: &str) {
    let made = ns.find::<Deployment>(workload).await.map(|found| found.name_any());
    assert_eq!(made, None, "the pods wait");
}
