//! `explain`: which rule was chosen for each resource, why, and what hangs below it.

use std::path::{Path, PathBuf};

use super::engine::EngineArgs;
use super::exit::{Failure, print};
use super::live;
use crate::offline::explain::{Live, graph};
use crate::offline::graph::{Graph, workload_id};
use crate::offline::print as printers;
use crate::offline::project::project;
use crate::plan::problem::{did_you_mean, list};

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// The name of a ScoreWorkload in the cluster; or a Score file, a directory of them, or `-`.
    #[arg(value_name = "NAME|FILE")]
    what: String,
    #[command(flatten)]
    engine: EngineArgs,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

/// How to print a graph.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Tree,
    /// For Graphviz.
    Dot,
    /// For Mermaid, as in Markdown.
    Mermaid,
    /// For programs.
    Json,
}

/// Runs it.
///
/// # Errors
/// Files that cannot be read or a cluster that cannot be asked; after the graph was printed, problems.
pub(super) fn execute(args: ExplainArgs) -> Result<(), Failure> {
    if !is_file(&args.what) {
        return live::block_on(of_cluster(&args));
    }
    let engine = args.engine.run(&[PathBuf::from(args.what)], &mut |_| {})?;
    show(&graph(&engine.projection, &Live::default()), args.output)?;
    // What is awaited is in the graph.
    engine.end_with_problems()
}

/// The graph of a ScoreWorkload in a cluster.
async fn of_cluster(args: &ExplainArgs) -> Result<(), Failure> {
    let review = live::connect(args.engine.only_namespace()?).await?;
    let snapshot = live::snapshot(&review).await?;
    let names = snapshot.by_name();
    if !names.contains_key(&args.what) {
        let names = || names.keys().map(String::as_str);
        let hint = did_you_mean(&args.what, names());
        return Err(Failure::error(format_args!(
            "there is no ScoreWorkload `{}` in namespace {}{hint} (there: {})",
            args.what,
            review.namespace,
            list(names())
        )));
    }
    let projection = project(&snapshot.inputs(), &mut |_| {});
    show(&graph(&projection, &snapshot.live()).below(&workload_id(&args.what)), args.output)
}

fn show(graph: &Graph, format: Format) -> Result<(), Failure> {
    let text = match format {
        Format::Tree => printers::tree(graph),
        Format::Dot => printers::dot(graph),
        Format::Mermaid => printers::mermaid(graph),
        Format::Json => json(graph)?,
    };
    print(&text)
}

fn json(graph: &Graph) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(graph);
    Ok(text.map_err(|error| Failure::error(format_args!("cannot write JSON: {error}")))? + "\n")
}

/// Whether the argument means a file: it exists, or looks like the path of one.
fn is_file(what: &str) -> bool {
    let yaml = [".yaml", ".yml", ".json"].iter().any(|end| what.ends_with(end));
    what == "-" || what.contains('/') || yaml || Path::new(what).exists()
}
