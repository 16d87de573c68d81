//! `diff`: what applying Score files would change in a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::changes::ChangeArgs;
use super::exit::{BAD, Failure, note, print_styled};
use super::{live, report, sources};
use crate::api::resource::ObjectId;
use crate::api::workload::{ScoreWorkload, ScoreWorkloadSpec};
use crate::cluster::review::Review;
use crate::offline::compare::{diff, with_live_digest};
use crate::offline::finding::Finding;
use crate::offline::live::Snapshot;
use crate::offline::project::{Inputs, Projection, Wait, Workload, project};
use crate::offline::source::Source;
use crate::plan::Plan;
use crate::render::{Manifest, SecretValues};

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// Score files, ScoreWorkloads, directories of them, or `-`.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    changes: ChangeArgs,
    /// The namespace [default: that of the ScoreWorkloads, else that of the kubeconfig].
    #[arg(long, short, value_name = "NS", value_parser = sources::namespace_name)]
    namespace: Option<String>,
}

/// Runs it.
///
/// # Errors
/// [`Failure::Differs`] where something would change; everything else has a status above 1, as `kubectl diff`
/// has it.
pub(super) fn execute(args: DiffArgs) -> Result<(), Failure> {
    live::block_on(run(args)).map_err(|failure| match failure {
        Failure::Error(text) => Failure::Refused(format!("{BAD}error:{BAD:#} {text}")),
        other => other,
    })
}

async fn run(args: DiffArgs) -> Result<(), Failure> {
    let sources::Found { items: files, mut findings, files: _ } =
        sources::workloads(&args.files, args.changes)?;
    let namespace = sources::namespace(args.namespace.as_deref(), &files)?;
    let review = live::connect(namespace.as_deref()).await?;
    let snapshot = live::snapshot(&review).await?;
    let comparison = Comparison::new(&review, &snapshot, files).await?;
    let changed = comparison.print().await?;
    for Wait { path, awaited, .. } in &comparison.projection.awaited {
        note(format_args!("{path} {}: {}", awaited.reason.as_str(), awaited.message));
    }
    findings.extend(comparison.problems());
    match (findings.is_empty(), changed) {
        (false, _) => Err(Failure::Refused(report::text(&findings))),
        (true, true) => Err(Failure::Differs),
        (true, false) => Ok(()),
    }
}

/// What is compared.
struct Comparison<'a> {
    review: &'a Review,
    live: BTreeMap<String, &'a ScoreWorkload>,
    files: Vec<Source>,
    projection: Projection,
    manifests: BTreeMap<ObjectId, Manifest>,
}

impl<'a> Comparison<'a> {
    /// Works out what the operator would make of the files, among all that is there.
    async fn new(review: &'a Review, snapshot: &'a Snapshot, files: Vec<Source>) -> Result<Self, Failure> {
        let live = snapshot.by_name();
        let mut inputs = snapshot.inputs();
        replace(&mut inputs, &files, &live);
        let (mut projection, mut manifests) = collect(&inputs);
        if manifests.keys().any(|id| id.kind == "Secret") {
            let values = review.secrets(&projection.secrets).await.map_err(Failure::error)?;
            // The key of digests is the operator's: what the live pods carry takes their place.
            inputs.secrets = SecretValues::new(values, Vec::new());
            (projection, manifests) = collect(&inputs);
        }
        Ok(Self { review, live, files, projection, manifests })
    }

    /// Prints every difference, and says whether there was one.
    async fn print(&self) -> Result<bool, Failure> {
        let mut changed = false;
        for file in &self.files {
            changed |= show(self.workload(file).await?)?;
            let Some(workload) = self.workload_of(file) else { continue };
            for id in self.objects(workload) {
                changed |= show(self.object(&id).await?)?;
            }
        }
        Ok(changed)
    }

    fn problems(&self) -> impl Iterator<Item = Finding> + '_ {
        // What is wrong with workloads that are there already stands in their status.
        let files: BTreeSet<_> = self.files.iter().map(|file| file.file.as_str()).collect();
        self.projection.problems.iter().filter(move |found| files.contains(found.file.as_str())).cloned()
    }

    fn workload_of(&self, file: &Source) -> Option<&Workload> {
        self.projection.workloads.iter().find(|workload| workload.name == file.name)
    }

    /// The ScoreWorkload itself.
    async fn workload(&self, file: &Source) -> Result<Option<String>, Failure> {
        let live = self.live.get(&file.name);
        let wanted = wanted(file, live.copied(), &self.review.namespace);
        let tried = self.review.workload(&wanted, live.is_some()).await.map_err(Failure::error)?;
        let name = format!("ScoreWorkload.{}.{}", self.review.namespace, file.name);
        Ok(diff(&name, live.map(|live| json!(live)).as_ref(), Some(&json!(tried))))
    }

    /// What the workload makes, and what it made and makes no more: nothing else is ever deleted. Nothing
    /// while its plan is not whole: then the operator changes nothing, either.
    fn objects(&self, workload: &Workload) -> BTreeSet<ObjectId> {
        let Plan::Ready(objects) = &workload.objects else { return BTreeSet::new() };
        let live = self.live.get(&workload.name).and_then(|live| live.status.as_ref());
        let before = live.iter().flat_map(|status| &status.inventory).map(|entry| entry.id.clone());
        objects.iter().cloned().chain(before).collect()
    }

    async fn object(&self, id: &ObjectId) -> Result<Option<String>, Failure> {
        let live = self.review.object(id).await.map_err(Failure::error)?;
        let name =
            format!("{}.{}.{}.{}", id.api_version.replace('/', "."), id.kind, self.review.namespace, id.name);
        let Some(manifest) = self.manifests.get(id) else { return Ok(diff(&name, live.as_ref(), None)) };
        let tried = self.review.apply(manifest, &body(manifest, live.as_ref()), live.as_ref()).await;
        Ok(diff(&name, live.as_ref(), Some(&tried.map_err(Failure::error)?)))
    }
}

/// What is applied: over an object that is there, that one and no other.
fn body(manifest: &Manifest, live: Option<&Value>) -> Value {
    let Some(live) = live else { return manifest.body.clone() };
    let mut body = with_live_digest(manifest.body.clone(), live);
    body["metadata"]["uid"] = live["metadata"]["uid"].clone();
    body
}

fn collect(inputs: &Inputs) -> (Projection, BTreeMap<ObjectId, Manifest>) {
    let mut manifests = BTreeMap::new();
    let projection = project(inputs, &mut |manifest| {
        manifests.insert(manifest.id.clone(), manifest.clone());
    });
    (projection, manifests)
}

/// The files in place of the workloads of the same names, under their uids.
fn replace(inputs: &mut Inputs, files: &[Source], live: &BTreeMap<String, &ScoreWorkload>) {
    let names: BTreeSet<_> = files.iter().map(|file| file.name.as_str()).collect();
    inputs.workloads.retain(|there| !names.contains(there.name.as_str()));
    let with_uid = |file: &Source| {
        let uid = live.get(&file.name).and_then(|live| live.metadata.uid.clone());
        Source { uid: uid.unwrap_or_default(), ..file.clone() }
    };
    inputs.workloads.extend(files.iter().map(with_uid));
}

/// The ScoreWorkload that a file would be.
fn wanted(file: &Source, live: Option<&ScoreWorkload>, namespace: &str) -> ScoreWorkload {
    let spec = ScoreWorkloadSpec(file.spec.clone());
    let mut wanted = ScoreWorkload::new(&file.name, spec);
    wanted.metadata.namespace = Some(namespace.to_owned());
    if let Some(live) = live {
        wanted.metadata = live.metadata.clone();
        wanted.metadata.managed_fields = None;
    }
    wanted.metadata.labels.get_or_insert_default().extend(file.labels.clone());
    wanted.metadata.annotations.get_or_insert_default().extend(file.annotations.clone());
    wanted
}

/// Prints a difference, and says whether there was one.
fn show(diff: Option<String>) -> Result<bool, Failure> {
    let Some(diff) = diff else { return Ok(false) };
    let text: String = diff.lines().map(|line| colored(line) + "\n").collect();
    print_styled(&text)?;
    Ok(true)
}

fn colored(line: &str) -> String {
    let style = match line.as_bytes().first() {
        Some(b'+') => AnsiColor::Green.on_default(),
        Some(b'-') => AnsiColor::Red.on_default(),
        Some(b'@') => AnsiColor::Cyan.on_default(),
        _ => Style::new(),
    };
    format!("{style}{line}{style:#}")
}
