//! `render`: what the operator would make of Score files, without a cluster.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::engine::{Engine, EngineArgs};
use super::exit::{Failure, print};
use crate::render::Manifest;

/// The arguments.
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
pub(super) fn execute(args: RenderArgs) -> Result<(), Failure> {
    let engine = match args.output {
        Format::Yaml => yaml(args)?,
        Format::Json => json_list(args)?,
    };
    engine.end()
}

/// How much text is collected before it is written.
const CHUNK: usize = 1 << 16;

fn yaml(args: RenderArgs) -> Result<Engine, Failure> {
    let (mut text, mut written) = (String::new(), Ok(()));
    let engine = args.engine.run(&args.files, &mut |manifest| {
        if written.is_ok() {
            written = document(manifest, &mut text);
        }
    })?;
    written?;
    print(&text)?;
    Ok(engine)
}

/// Adds a document, and writes what has been collected once it is much.
fn document(manifest: &Manifest, text: &mut String) -> Result<(), Failure> {
    let body = serde_saphyr::to_string(&manifest.body);
    let body = body.map_err(|error| Failure::error(format_args!("cannot write YAML: {error}")))?;
    text.push_str("---\n");
    text.push_str(&body);
    if text.len() > CHUNK {
        print(text)?;
        text.clear();
    }
    Ok(())
}

fn json_list(args: RenderArgs) -> Result<Engine, Failure> {
    let mut items: Vec<Value> = Vec::new();
    let engine = args.engine.run(&args.files, &mut |manifest| items.push(manifest.body.clone()))?;
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    let text = serde_json::to_string_pretty(&list);
    print(&(text.map_err(|error| Failure::error(format_args!("cannot write JSON: {error}")))? + "\n"))?;
    Ok(engine)
}
