//! A stand-in for the Gateway API and a Gateway: `HTTPRoute` with the defaults that a server fills in, and
//! whoever accepts routes.

use kube::ResourceExt;
use kube::api::DynamicObject;
use score_operator::api::names::ResourceUid;
use score_operator::api::resource::ScoreResource;
use serde_json::{Value, json};

use crate::support::{Cluster, Namespace};

/// As far as the default rule goes.
const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: httproutes.gateway.networking.k8s.io, annotations: {api-approved.kubernetes.io: unapproved}}
spec:
  group: gateway.networking.k8s.io
  scope: Namespaced
  names: {kind: HTTPRoute, plural: httproutes, singular: httproute}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
          spec:
            type: object
            properties:
              hostnames: {type: array, items: {type: string}}
              parentRefs:
                type: array
                items:
                  type: object
                  properties:
                    group: {type: string, default: gateway.networking.k8s.io}
                    kind: {type: string, default: Gateway}
                    name: {type: string}
                    namespace: {type: string}
              rules:
                type: array
                items:
                  type: object
                  properties:
                    matches:
                      type: array
                      default: [{path: {type: PathPrefix, value: /}}]
                      items:
                        type: object
                        properties:
                          path:
                            type: object
                            default: {type: PathPrefix, value: /}
                            properties:
                              type: {type: string, default: PathPrefix}
                              value: {type: string, default: /}
                    backendRefs:
                      type: array
                      items:
                        type: object
                        properties:
                          group: {type: string, default: ''}
                          kind: {type: string, default: Service}
                          name: {type: string}
                          port: {type: integer}
                          weight: {type: integer, default: 1}
";

/// Lets the cluster serve `HTTPRoute`. Nobody else's tests are about a cluster that does not.
pub fn install(cluster: &Cluster) {
    cluster.kubectl(&["apply", "--server-side", "-f", "-"], DEFINITION).unwrap();
}

/// Waits for the route of a resource with this host name, and accepts it as a Gateway does.
pub async fn accept(ns: &Namespace, id: &str, host: impl Fn(&str) -> bool) {
    let uid = ResourceUid { type_: "route".into(), class: "default".into(), id: id.into() };
    let name = |resource: &ScoreResource| {
        let inventory =
            resource.status.as_ref().map(|status| status.inventory.as_slice()).unwrap_or_default();
        inventory.iter().find(|entry| entry.id.kind == "HTTPRoute").map(|entry| entry.id.name.clone())
    };
    let resource = ns.sees(&uid.object_name(), "makes a route", |found| name(found).is_some()).await;
    let id = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": name(&resource)},
    });
    let of_host = |route: &DynamicObject| route.data["spec"]["hostnames"][0].as_str().is_some_and(&host);
    let route = ns.sees_of(&id, "has the host name", of_host).await;
    assert_eq!(route.owner_references().len(), 1);
    ns.edit_status_of(&id, accepted(route.metadata.generation.unwrap())).await;
}

fn accepted(generation: i64) -> Value {
    let condition = json!({"type": "Accepted", "status": "True", "reason": "Accepted", "message": "",
        "observedGeneration": generation, "lastTransitionTime": "2026-01-01T00:00:00Z"});
    json!({"parents": [{"parentRef": {"name": "default"}, "controllerName": "example.com/gateway", "conditions": [condition]}]})
}
