//! Stand-ins for kinds that other operators serve.

/// A CRD for a kind in namespaces that takes anything, has a status, and may be written by the operator.
pub fn kind(group: &str, version: &str, kind: &str) -> String {
    let singular = kind.to_lowercase();
    let plural = format!("{singular}s");
    format!(
        "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: {kind}, plural: {plural}, singular: {singular}}}
  versions:
  - name: {version}
    served: true
    storage: true
    subresources: {{status: {{}}}}
    schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: score-operator-{plural}.{group}
  labels: {{k8s.score.dev/aggregate-to-operator: 'true'}}
rules:
- apiGroups: [{group}]
  resources: [{plural}]
  verbs: [get, list, watch, create, patch, delete]
"
    )
}
