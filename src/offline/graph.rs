//! Workloads, resources and objects as a graph: data first, for printers and for whoever draws it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;

use crate::api::conditions::Reason;
use crate::api::resource::ObjectId;
use crate::plan::rule::choice::Candidate;

/// What there is in one namespace, and how it hangs together.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Graph {
    /// The namespace.
    pub namespace: String,
    /// Workloads by name, then resources in the order of their dependencies, each before its objects.
    pub nodes: Vec<Node>,
    /// By the order of the nodes that they come from.
    pub edges: Vec<Edge>,
}

/// One of the things.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its id in this graph.
    pub id: String,
    /// What it is.
    #[serde(flatten)]
    pub content: Content,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Content {
    /// A workload.
    Workload {
        /// Its name.
        name: String,
        /// How far it is.
        state: State,
    },
    /// A resource, or what a rule shares.
    Resource(Box<Resource>),
    /// An object of the cluster.
    Object {
        /// Which.
        #[serde(flatten)]
        id: Object,
    },
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// `type.class#id`.
    pub uid: String,
    /// The rule that provides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Every rule of its type, the chosen one first, and why.
    pub candidates: Vec<Candidate>,
    /// Its params after defaults; absent while they are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Json>,
    /// What it offers, secrets as `<secret NAME/KEY>`; absent while that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Json>,
    /// What it sets in the pods of its consumers, by field; absent where it sets nothing, or nothing known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub patches: BTreeMap<String, Json>,
    /// How far it is.
    pub state: State,
}

/// Which object: as [`ObjectId`], with a name for its kind that does not clash with the node's.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub object_kind: String,
    /// Its name.
    pub name: String,
}

/// How far a thing is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// Whether it works; without a cluster, whether all of it is known.
    pub ready: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Why not, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// How two nodes hang together.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Edge {
    /// From the one that needs or makes.
    pub from: String,
    /// To the one that is needed or made.
    pub to: String,
    /// How.
    pub relation: Relation,
    /// What the one calls the other, if it has a name for it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// How two nodes hang together.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Relation {
    /// A workload uses a resource.
    Uses,
    /// A resource's params name another resource.
    DependsOn,
    /// A resource's rule shares something in the namespace.
    Shares,
    /// A workload or resource makes an object.
    Makes,
}

impl Relation {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uses => "uses",
            Self::DependsOn => "depends on",
            Self::Shares => "shares",
            Self::Makes => "makes",
        }
    }
}

/// The id of a workload's node.
#[must_use]
pub fn workload_id(name: &str) -> String {
    format!("workload/{name}")
}

/// The id of a resource's node.
#[must_use]
pub fn resource_id(uid: &impl std::fmt::Display) -> String {
    format!("resource/{uid}")
}

impl Graph {
    /// Adds the objects that `owner` makes.
    pub fn add_objects(&mut self, owner: &str, objects: &[ObjectId]) {
        for object in objects {
            let ObjectId { api_version, kind, name } = object.clone();
            let id = format!("object/{api_version}/{kind}/{name}");
            self.link(owner, &id, Relation::Makes, "");
            let object = Object { api_version, object_kind: kind, name };
            self.nodes.push(Node { id, content: Content::Object { id: object } });
        }
    }

    /// Adds an edge.
    pub fn link(&mut self, from: &str, to: &str, relation: Relation, name: &str) {
        let edge = Edge { from: from.to_owned(), to: to.to_owned(), relation, name: name.to_owned() };
        self.edges.push(edge);
    }

    /// The nodes by id.
    #[must_use]
    pub fn by_id(&self) -> BTreeMap<&str, &Node> {
        self.nodes.iter().map(|node| (node.id.as_str(), node)).collect()
    }

    /// The edges by the node that they come from.
    #[must_use]
    pub fn by_origin(&self) -> BTreeMap<&str, Vec<&Edge>> {
        let mut found: BTreeMap<&str, Vec<&Edge>> = BTreeMap::new();
        for edge in &self.edges {
            found.entry(&edge.from).or_default().push(edge);
        }
        found
    }

    /// Only what can be reached from one node.
    #[must_use]
    pub fn below(self, root: &str) -> Self {
        let reached: BTreeSet<String> = self.reached(root);
        let Self { namespace, mut nodes, mut edges } = self;
        nodes.retain(|node| reached.contains(&node.id));
        edges.retain(|edge| reached.contains(&edge.from));
        Self { namespace, nodes, edges }
    }

    fn reached(&self, root: &str) -> BTreeSet<String> {
        let edges = self.by_origin();
        let (mut reached, mut next) = (BTreeSet::new(), vec![root]);
        while let Some(id) = next.pop() {
            if reached.insert(id.to_owned()) {
                next.extend(edges.get(id).into_iter().flatten().map(|edge| edge.to.as_str()));
            }
        }
        reached
    }
}
