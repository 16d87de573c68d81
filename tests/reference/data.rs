//! The reference answers as they were recorded: `tests/data/score-k8s`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A question and score-k8s's answer.
pub struct Case {
    pub name: String,
    /// The ids that it was written for; none for an official example.
    pub ids: BTreeSet<String>,
    /// The ids by which our answer differs on purpose.
    pub mask: BTreeSet<String>,
    /// Whether our answer is this one; `None` for an official example.
    pub follow: Option<bool>,
    /// The commands, one after the other in the same project.
    pub runs: Vec<Run>,
    pub expected: Answer,
    /// Whether score-k8s gave the ports of a Service in another order each time.
    pub port_order_varies: bool,
}

/// One `generate`.
#[derive(Clone, Default)]
pub struct Run {
    /// The Score files, as text, in the order of the command.
    pub scores: Vec<String>,
    /// The files beside them.
    pub files: BTreeMap<String, Vec<u8>>,
    pub options: Vec<String>,
    pub provisioners: Vec<Provisioner>,
}

/// A provisioner that is data: all that it makes are constants with tokens.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provisioner {
    #[serde(rename = "type")]
    pub type_: String,
    #[serde(default)]
    pub uri: Option<String>,
    #[serde(default)]
    pub outputs: Value,
    #[serde(default)]
    pub manifests: Vec<Value>,
}

/// What comes of Score files.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Objects.
    Manifests(Vec<Value>),
    /// Nothing, and why.
    Error(String),
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    #[serde(default)]
    also: Vec<String>,
    name: String,
    follow: bool,
    score: String,
    #[serde(default)]
    more: BTreeMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, Content>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    resources: Vec<Provisioner>,
    #[serde(default)]
    steps: Vec<Step>,
    expect: Answer,
    #[serde(default)]
    mask: BTreeSet<String>,
    #[serde(default)]
    port_orders: Map<String, Value>,
}

/// What a later run in the same project has anew.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    score: Option<String>,
    resources: Option<Vec<Provisioner>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text { text: String },
    Base64 { base64: String },
    Repeated { repeat: String, count: usize },
}

#[derive(Deserialize)]
struct Example {
    name: String,
    inputs: BTreeMap<String, PathBuf>,
    files: BTreeMap<String, PathBuf>,
    args: Vec<Vec<String>>,
    provisioners: Vec<Provisioner>,
    #[serde(flatten)]
    expect: Answer,
    #[serde(default)]
    mask: BTreeSet<String>,
}

/// All cases, the vectors first.
pub fn cases() -> Vec<Case> {
    let vectors: Vec<Vector> = read("vectors.json.gz");
    let examples: Vec<Example> = read("manifests.json.gz");
    vectors.into_iter().map(Case::from).chain(examples.into_iter().map(Case::from)).collect()
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    let file = std::fs::File::open(root().join("score-k8s").join(name)).expect(name);
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect(name);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

impl From<Vector> for Case {
    fn from(vector: Vector) -> Self {
        let first = Run {
            scores: std::iter::once(vector.score).chain(vector.more.into_values()).collect(),
            files: vector.files.into_iter().map(|(name, content)| (name, content.bytes())).collect(),
            options: vector.args,
            provisioners: vector.resources,
        };
        let mut runs = vec![first];
        for step in vector.steps {
            let mut run = runs[runs.len() - 1].clone();
            run.scores.splice(..1, step.score.or_else(|| run.scores.first().cloned()));
            run.provisioners = step.resources.unwrap_or(run.provisioners);
            runs.push(run);
        }
        Self {
            name: vector.name,
            ids: std::iter::once(vector.id).chain(vector.also).collect(),
            mask: vector.mask,
            follow: Some(vector.follow),
            runs,
            expected: vector.expect,
            port_order_varies: !vector.port_orders.is_empty(),
        }
    }
}

impl From<Example> for Case {
    fn from(example: Example) -> Self {
        let bytes = |path: &PathBuf| std::fs::read(root().join(path)).expect("a file of the examples");
        let files: BTreeMap<_, _> =
            example.files.iter().map(|(name, path)| (name.clone(), bytes(path))).collect();
        let text = |arg: &String| {
            let path = example.inputs.get(arg)?;
            Some(String::from_utf8(bytes(path)).expect("UTF-8"))
        };
        let run = |args: &Vec<String>| Run {
            scores: args.iter().filter_map(text).collect(),
            files: files.clone(),
            options: args
                .iter()
                .filter(|arg| *arg != "generate" && !example.inputs.contains_key(*arg))
                .cloned()
                .collect(),
            provisioners: example.provisioners.clone(),
        };
        Self {
            runs: example.args.iter().map(run).collect(),
            name: example.name,
            ids: BTreeSet::new(),
            mask: example.mask,
            follow: None,
            expected: example.expect,
            port_order_varies: false,
        }
    }
}

impl Content {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Text { text } => text.into_bytes(),
            Self::Base64 { base64 } => STANDARD.decode(base64).expect("base64"),
            Self::Repeated { repeat, count } => repeat.repeat(count).into_bytes(),
        }
    }
}
