//! Builds ProvisionerRules.

use serde_json::{Value, json};

use super::score::slot;

/// A rule for a type. In a test it holds in the test's namespace only: see `Namespace::rule`.
pub fn rule(type_: &str) -> Rule {
    let body = json!({
        "apiVersion": "k8s.score.dev/v1alpha1",
        "kind": "ProvisionerRule",
        "metadata": {"name": type_.to_lowercase()},
        "spec": {"match": {"type": type_}},
    });
    Rule { body }
}

/// A rule to apply.
#[derive(Clone, Debug)]
pub struct Rule {
    /// All of it.
    pub body: Value,
}

impl Rule {
    /// The rule in a text.
    pub fn from_yaml(text: &str) -> Self {
        Self { body: super::yaml(text) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.body["metadata"]["name"].as_str().unwrap()
    }

    /// Another name than the type: for two rules of one type.
    pub fn called(mut self, name: &str) -> Self {
        self.body["metadata"]["name"] = json!(name);
        self
    }

    /// Sets anything, by JSON pointer below `spec`: `/match/class`. Maps on the way are made.
    pub fn set(mut self, pointer: &str, value: Value) -> Self {
        *slot(&mut self.body["spec"], pointer) = value;
        self
    }

    /// Adds an object to create.
    pub fn makes(self, key: &str, manifest: Value) -> Self {
        self.set(&format!("/manifests/{key}"), manifest)
    }

    /// Adds a ConfigMap `<type>-<id>`, and outputs its name as `name`.
    pub fn makes_config_map(self) -> Self {
        let data = json!({"uid": "{{ uid }}", "guid": "{{ guid }}"});
        let name = "{{ type }}-{{ id }}";
        self.makes("config", config_map(name, data)).offers("name", json!(name))
    }

    /// Adds an object that all resources of this rule in a namespace share.
    pub fn shares(self, key: &str, manifest: Value) -> Self {
        self.set(&format!("/shared/{key}"), manifest)
    }

    /// Adds a condition of readiness.
    pub fn ready_when(mut self, expression: &str) -> Self {
        let all = &mut self.body["spec"]["readyWhen"];
        let mut list = all.as_array().cloned().unwrap_or_default();
        list.push(json!(expression));
        *all = json!(list);
        self
    }

    /// Adds an output.
    pub fn offers(self, name: &str, value: Value) -> Self {
        self.set(&format!("/outputs/{name}"), value)
    }

    /// Adds a param, with its JSON schema.
    pub fn takes(self, name: &str, schema: Value) -> Self {
        self.set("/params/type", json!("object")).set(&format!("/params/properties/{name}"), schema)
    }

    /// Adds a secret that is rolled once.
    pub fn generates(self, name: &str) -> Self {
        self.set(&format!("/generate/{name}"), json!({"alphanumeric": 16}))
    }

    /// Makes it win over rules of a lower priority.
    pub fn with_priority(self, priority: i32) -> Self {
        self.set("/priority", json!(priority))
    }

    /// Narrows it to namespaces with a label, besides those that it selects already.
    pub fn only_where(mut self, (key, value): (&str, &str)) -> Self {
        self.body["spec"]["match"]["namespaceSelector"]["matchLabels"][key] = json!(value);
        self
    }
}

/// A ConfigMap.
pub fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

/// A Deployment with one container.
pub fn deployment(name: &str, image: &str) -> Value {
    let labels = json!({"app": name});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": image}]},
            },
        },
    })
}
