//! Builds ScoreWorkloads.

use score_operator::offline::document::{File, contents};
use score_operator::offline::workload::{Changes, prepare, wrap};
use serde_json::{Value, json};

/// A ScoreWorkload with one container `main`, which runs.
pub fn score(name: &str) -> Score {
    let body = json!({
        "apiVersion": "k8s.score.dev/v1alpha1",
        "kind": "ScoreWorkload",
        "metadata": {"name": name},
        "spec": {"containers": {}},
    });
    Score { body, container: String::new(), resource: String::new() }.container("main")
}

/// A ScoreWorkload to apply. What is said of a container or resource is said of the last one named.
#[derive(Clone, Debug)]
pub struct Score {
    /// All of it.
    pub body: Value,
    container: String,
    resource: String,
}

impl Score {
    /// The ScoreWorkload in a file of this repository.
    pub fn from_file(path: &str) -> Self {
        Self::from_yaml(&super::file(path))
    }

    /// The ScoreWorkload in a text.
    pub fn from_yaml(text: &str) -> Self {
        let body = super::yaml(text);
        let first = |map: &Value| map.as_object().and_then(|map| map.keys().next().cloned());
        let container = first(&body["spec"]["containers"]).unwrap_or_default();
        let resource = first(&body["spec"]["resources"]).unwrap_or_default();
        Self { body, container, resource }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.body["metadata"]["name"].as_str().unwrap()
    }

    /// What `wrap` makes of a score.yaml, also of one that it would refuse: a ScoreWorkload of the file's name, with
    /// the files beside it put in and the deprecated array forms as maps (F03, S20).
    pub fn wrapped(path: &str) -> Self {
        let (dir, name) = path.rsplit_once('/').unwrap_or((".", path));
        let text = super::file(path);
        let file = File { name, bytes: text.as_bytes(), is_named: true };
        let mut document = contents(&file).documents.remove(0);
        let dir = format!("{}/{dir}", env!("CARGO_MANIFEST_DIR"));
        let read = |name: &str| std::fs::read(format!("{dir}/{name}")).map_err(|error| error.to_string());
        drop(prepare(&mut document, &Changes::default(), &read).unwrap());
        Self::from_yaml(&wrap(&document, None))
    }

    /// The container that was named last.
    pub fn container_name(&self) -> &str {
        &self.container
    }

    /// Sets anything, by JSON pointer below `spec`: `/service/ports`. Maps on the way are made.
    pub fn set(mut self, pointer: &str, value: Value) -> Self {
        *slot(&mut self.body["spec"], pointer) = value;
        self
    }

    /// Removes anything, by JSON pointer below `spec`.
    pub fn without(mut self, pointer: &str) -> Self {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = slot(&mut self.body["spec"], parent).as_object_mut().unwrap();
        assert!(parent.remove(&key.replace("~1", "/")).is_some(), "there is no {pointer}");
        self
    }

    /// Sets an annotation in the Score file.
    pub fn annotation(self, key: &str, value: &str) -> Self {
        self.set(&format!("/metadata/annotations/{}", key.replace('/', "~1")), json!(value))
    }

    /// Adds a container, or speaks of one that is there.
    pub fn container(mut self, name: &str) -> Self {
        name.clone_into(&mut self.container);
        let container = &mut self.body["spec"]["containers"][name];
        if container.is_null() {
            *container = json!({"image": "registry.example/main:1"});
        }
        self
    }

    /// Sets the container's image.
    pub fn image(self, image: &str) -> Self {
        let pointer = format!("/containers/{}/image", self.container);
        self.set(&pointer, json!(image))
    }

    /// Sets a variable of the container.
    pub fn variable(self, name: &str, value: &str) -> Self {
        let pointer = format!("/containers/{}/variables/{name}", self.container);
        self.set(&pointer, json!(value))
    }

    /// Adds a port of the service.
    pub fn port(self, name: &str, port: u16, target: u16) -> Self {
        self.set(&format!("/service/ports/{name}"), json!({"port": port, "targetPort": target}))
    }

    /// Adds a resource.
    pub fn needs(mut self, name: &str, type_: &str) -> Self {
        name.clone_into(&mut self.resource);
        self.set(&format!("/resources/{name}"), json!({"type": type_}))
    }

    /// The resource's id: workloads that name it share the resource.
    pub fn with_id(self, id: &str) -> Self {
        self.resource("id", json!(id))
    }

    /// The resource's class.
    pub fn with_class(self, class: &str) -> Self {
        self.resource("class", json!(class))
    }

    /// The resource's params.
    pub fn with_params(self, params: Value) -> Self {
        self.resource("params", params)
    }

    fn resource(self, key: &str, value: Value) -> Self {
        let pointer = format!("/resources/{}/{key}", self.resource);
        self.set(&pointer, value)
    }
}

/// The place that a JSON pointer means; maps on the way are made.
pub fn slot<'v>(value: &'v mut Value, pointer: &str) -> &'v mut Value {
    let steps = pointer.split('/').skip(1);
    steps.fold(value, |value, step| &mut value[step.replace("~1", "/")])
}
