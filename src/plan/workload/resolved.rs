//! A workload with nothing left to resolve: what `render` makes objects of, without a chance to fail.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;

use crate::api::score::{Compute, Probe, Protocol};
use crate::plan::patch::{Patch, Read, reads};
use crate::plan::score::settings::{Kind, PodSecurity, ProbeHost};
use crate::template::{Filled, Part, SecretRef};

/// A workload with nothing left to resolve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Workload {
    /// The ScoreWorkload's name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its uid.
    pub uid: String,
    /// What it becomes.
    pub kind: Kind,
    /// The name of its Service.
    pub service_name: String,
    /// Annotations of its pods.
    pub annotations: BTreeMap<String, String>,
    /// How its pods run.
    pub pods: Pods,
    /// The containers that others wait for, in the order in which they start.
    pub init: Vec<(Gate, ResolvedContainer)>,
    /// The containers that nobody waits for, by name.
    pub containers: Vec<ResolvedContainer>,
    /// The volumes that they mount, by identity.
    pub volumes: BTreeMap<String, PodVolume>,
    /// The ports of its Service, by name.
    pub ports: Vec<Port>,
    /// What its resources set in its pods, by identity.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Patch>,
}

/// How pods run, beyond what their containers say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pods {
    /// How strict they are.
    pub security: PodSecurity,
    /// Whether they get a token of their ServiceAccount.
    pub service_account_token: bool,
    /// What a probe's host means.
    pub probe_host: ProbeHost,
}

/// What later containers wait for (B01–B03, B06).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Gate {
    /// It has started; it runs on.
    Started,
    /// Its probe succeeds; it runs on.
    Healthy,
    /// It has run to its end.
    Complete,
}

/// A container with nothing left to resolve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResolvedContainer {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Replaces the entrypoint.
    pub command: Option<Vec<String>>,
    /// Replaces the arguments.
    pub args: Option<Vec<String>>,
    /// Environment variables, by name: text in parts, some of them references.
    #[serde(skip)]
    pub variables: BTreeMap<String, Filled>,
    /// Its files, by their path in the Score file.
    #[serde(skip)]
    pub files: Vec<ResolvedFile>,
    /// Its volumes, by their path in the Score file.
    pub mounts: Vec<Mount>,
    /// Requests and limits.
    pub resources: Option<Compute>,
    /// Liveness.
    pub liveness: Option<Probe>,
    /// Readiness.
    pub readiness: Option<Probe>,
}

/// A file to put into a container.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedFile {
    /// Its path as the Score file writes it: what its names are made of.
    pub target: String,
    /// The same, cleaned: where it is mounted.
    pub path: String,
    /// The file mode.
    pub mode: Option<u32>,
    /// What it holds.
    pub content: FileContent,
}

/// What a file holds, and so what it becomes.
#[derive(Clone, Debug, PartialEq)]
pub enum FileContent {
    /// Bytes that everybody may see: a ConfigMap (F01).
    Bytes(Vec<u8>),
    /// One key of a Secret, whole (F09).
    Secret(SecretRef),
    /// Text with secrets in it: a Secret of our own (F10).
    Mixed(Filled),
}

impl ResolvedContainer {
    /// The container with each of its files.
    pub fn files_of(&self) -> impl Iterator<Item = (&Self, &ResolvedFile)> {
        self.files.iter().map(move |file| (self, file))
    }
}

/// Where a container mounts a volume.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mount {
    /// The identity of the volume's resource.
    pub volume: String,
    /// Where.
    pub path: String,
    /// The path inside the volume.
    pub sub_path: Option<String>,
    /// Whether it can only be read.
    pub read_only: bool,
}

/// A volume of the pods.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum PodVolume {
    /// Whatever a pod takes as a volume (L01).
    Source(Json),
    /// A claim that the resource keeps, by name (L02).
    Claim(String),
    /// A claim for each pod of a StatefulSet (L02).
    Template {
        /// Its spec.
        spec: Json,
        /// Whether it outlives the StatefulSet (decision 5).
        retained: bool,
    },
}

/// A port of the Service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// The port that others connect to.
    pub port: u16,
    /// The port that the container listens on.
    pub target_port: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
}

impl Workload {
    /// All containers, in the order in which they start.
    pub fn all_containers(&self) -> impl Iterator<Item = &ResolvedContainer> {
        self.init.iter().map(|(_, container)| container).chain(&self.containers)
    }

    /// The keys of Secrets that its pods read: in variables and files.
    #[must_use]
    pub fn secrets(&self) -> BTreeSet<&SecretRef> {
        let variables = self.all_containers().flat_map(|container| container.variables.values());
        let files = self.all_containers().flat_map(|container| &container.files);
        variables.flat_map(secrets_in).chain(files.flat_map(|file| file.content.secrets())).collect()
    }
}

impl Workload {
    /// What its pods read besides: by patches, and by volumes that its resources are.
    #[must_use]
    pub fn reads(&self) -> BTreeSet<Read> {
        let patches = self.patches.iter().map(|patch| serde_json::json!(patch.patches));
        let volumes = self.volumes.values().filter_map(|volume| match volume {
            PodVolume::Source(source) => Some(source.clone()),
            PodVolume::Claim(_) | PodVolume::Template { .. } => None,
        });
        patches.chain(volumes).flat_map(|fragment| reads(&fragment)).collect()
    }
}

impl FileContent {
    /// The keys of Secrets in it.
    #[must_use]
    pub fn secrets(&self) -> BTreeSet<&SecretRef> {
        match self {
            Self::Bytes(_) => BTreeSet::new(),
            Self::Secret(reference) => [reference].into(),
            Self::Mixed(text) => secrets_in(text).collect(),
        }
    }
}

fn secrets_in(text: &Filled) -> impl Iterator<Item = &SecretRef> {
    text.parts().iter().filter_map(|part| match part {
        Part::Secret(reference) => Some(reference),
        Part::Literal(_) | Part::Output(_) => None,
    })
}
