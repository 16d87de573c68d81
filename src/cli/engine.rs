//! The arguments that `render` and `explain` share, and what they read from them.

use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::sources;
use crate::offline::Remark;
use crate::offline::input::{self, Source};
use crate::offline::project::{Inputs, Projection, Sink, project};
use crate::offline::rules::{self, RuleFile, Rules};
use crate::offline::supplied::Supplied;
use crate::plan::rule::select::Labels;

/// What the operator would have found in a cluster.
#[derive(Debug, clap::Args)]
pub struct EngineArgs {
    /// Rules: a file, or a directory of them. One that is called like a default rule replaces it.
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// Do without the default rules.
    #[arg(long)]
    no_default_rules: bool,
    /// The namespace [default: that of the ScoreWorkloads, else `default`].
    #[arg(long, short, value_name = "NS")]
    namespace: Option<String>,
    /// The namespace's labels, by which rules may select.
    #[arg(long, value_name = "K=V,…", value_delimiter = ',', value_parser = label)]
    namespace_labels: Vec<(String, String)>,
    /// The image of the containers whose image is `.`, or of one container; for one workload only.
    #[arg(long, value_name = "[CONTAINER=]IMAGE")]
    image: Vec<String>,
    /// Outputs of resources that only a cluster could tell: a YAML map from `type.class#id`, or from
    /// `workload.resource`, to outputs. `{secretKeyRef: {name, key}}` is a reference to a Secret.
    #[arg(long, value_name = "FILE")]
    outputs: Option<PathBuf>,
    /// Take objects for ready as they are rendered.
    #[arg(long)]
    assume_ready: bool,
}

fn label(text: &str) -> Result<(String, String), String> {
    let split = text.split_once('=').ok_or_else(|| format!("expected key=value, found {text:?}"))?;
    Ok((split.0.to_owned(), split.1.to_owned()))
}

/// What came of the arguments.
pub(super) struct Engine {
    /// The projection, with the problems of files and rules.
    pub(super) projection: Projection,
    /// Whether problems name their file.
    pub(super) with_file: bool,
}

impl EngineArgs {
    /// Reads the files and works everything out; `sink` gets the objects.
    ///
    /// # Errors
    /// Files that cannot be read, arguments that do not fit.
    pub(super) fn run(&self, paths: &[PathBuf], sink: Sink<'_>) -> Result<Engine, Failure> {
        let sources::Found { items: mut workloads, mut remarks, files } = sources::workloads(paths)?;
        let (rules, of_rules) = self.rules()?;
        remarks.extend(of_rules);
        let namespace = sources::namespace(self.namespace.as_deref(), &workloads)?;
        self.images(&mut workloads)?;
        let inputs = Inputs {
            namespace: namespace.unwrap_or_else(|| "default".to_owned()),
            namespace_labels: self.namespace_labels.iter().cloned().collect::<Labels>(),
            workloads,
            rules,
            supplied: self.outputs.as_deref().map(supplied).transpose()?.unwrap_or_default(),
            assume_ready: self.assume_ready,
            ..Inputs::default()
        };
        let mut projection = project(&inputs, sink);
        projection.problems.extend(remarks);
        projection.problems.sort();
        let only = paths.first().map(|path| path.display().to_string());
        let is_elsewhere = |found: &Remark| Some(&found.file) != only.as_ref();
        let with_file = files > 1 || projection.problems.iter().any(is_elsewhere);
        Ok(Engine { projection, with_file })
    }

    /// The namespace of a cluster, if that is all that was said.
    ///
    /// # Errors
    /// Where something was said that a cluster knows better.
    pub(super) fn only_namespace(&self) -> Result<Option<&str>, Failure> {
        let Self { rules, no_default_rules, namespace, namespace_labels, image, outputs, assume_ready } =
            self;
        let offline = !rules.is_empty()
            || *no_default_rules
            || !namespace_labels.is_empty()
            || !image.is_empty()
            || outputs.is_some()
            || *assume_ready;
        if offline {
            return Err(Failure::error(
                "a cluster knows its rules, labels and outputs: give -n only, or a file",
            ));
        }
        Ok(namespace.as_deref())
    }

    fn rules(&self) -> Result<(Rules, Vec<Remark>), Failure> {
        let mut all = if self.no_default_rules { Vec::new() } else { defaults()? };
        let own = sources::rules(&self.rules)?;
        let mut remarks = own.remarks;
        remarks.extend(rules::twice(&own.items));
        all.extend(own.items);
        let (rules, more) = Rules::admit(all);
        remarks.extend(more);
        Ok((rules, remarks))
    }

    fn images(&self, workloads: &mut [Source]) -> Result<(), Failure> {
        match (self.image.is_empty(), workloads) {
            (true, _) => Ok(()),
            (false, [one]) => {
                self.image.iter().try_for_each(|image| input::set_image(one, image).map_err(Failure::error))
            }
            (false, several) => Err(Failure::error(format_args!(
                "--image is for one workload, found {}: use the annotation `k8s.score.dev/image`",
                several.len()
            ))),
        }
    }
}

fn defaults() -> Result<Vec<RuleFile>, Failure> {
    rules::defaults().map_err(|remark| Failure::error(format_args!("{}: {}", remark.file, remark.message)))
}

fn supplied(path: &Path) -> Result<Supplied, Failure> {
    let document = sources::document(path)?;
    let supplied = Supplied::read(&path.display().to_string(), &document);
    supplied.map_err(|remarks| Failure::Refused(super::remarks::lines(&remarks, true)))
}
