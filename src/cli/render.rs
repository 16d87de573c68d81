//! `render`: what the operator would make of Score files, without a cluster.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::engine::EngineArgs;
use super::exit::{Failure, print};
use super::remarks;
use crate::offline::project::Projection;

/// Print the objects that the operator would make of Score files, without a cluster.
#[derive(Debug, clap::Args)]
pub struct RenderArgs {
    /// Score files, ScoreWorkloads, directories of them, or `-`. Several workloads see each other.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    engine: EngineArgs,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

/// How to print objects.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// One document per object.
    #[default]
    Yaml,
    /// One `List`.
    Json,
}

/// Runs it.
///
/// # Errors
/// Files that cannot be read; then, after everything that is known was printed, problems and what is
/// awaited.
pub(super) fn execute(args: &RenderArgs) -> Result<(), Failure> {
    let engine = args.engine.run(&args.files)?;
    match args.output {
        Format::Yaml => yaml(&engine.projection)?,
        Format::Json => print(&json_list(&engine.projection)?)?,
    }
    remarks::end(&engine.projection.problems, &engine.projection.awaited, engine.with_file)
}

fn yaml(projection: &Projection) -> Result<(), Failure> {
    let mut text = String::new();
    for manifest in projection.manifests() {
        text.push_str("---\n");
        let body = serde_saphyr::to_string(&manifest.body);
        text.push_str(&body.map_err(|error| Failure::error(format_args!("cannot write YAML: {error}")))?);
    }
    print(&text)
}

fn json_list(projection: &Projection) -> Result<String, Failure> {
    let items: Vec<&Value> = projection.manifests().map(|manifest| &manifest.body).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    let text = serde_json::to_string_pretty(&list);
    Ok(text.map_err(|error| Failure::error(format_args!("cannot write JSON: {error}")))? + "\n")
}
