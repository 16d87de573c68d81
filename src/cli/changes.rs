//! What is given for a Score file from outside of it, by every command that reads one.

use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::{files, report};
use crate::offline::document::nodes;
use crate::offline::image::Image;
use crate::offline::overrides::Property;
use crate::offline::workload::Changes;
use crate::offline::yaml::{Node, Value};

/// The options.
#[derive(Debug, Default, clap::Args)]
pub struct ChangeArgs {
    /// An image in the place of `.`: for one container, or for all whose image is `.`.
    #[arg(long, value_name = "[CONTAINER=]IMAGE")]
    image: Vec<Image>,
    /// A YAML file that is merged into the Score file: maps are merged, all else is replaced.
    #[arg(long, value_name = "FILE")]
    overrides_file: Option<PathBuf>,
    /// A property to set to a value in YAML, after the overrides file. No value takes it out, `-1` appends to a list.
    #[arg(long, value_name = "PATH=VALUE")]
    override_property: Vec<Property>,
}

impl ChangeArgs {
    /// Whether nothing is given.
    pub(super) fn is_empty(&self) -> bool {
        self.image.is_empty() && self.overrides_file.is_none() && self.override_property.is_empty()
    }

    /// Reads what the options name.
    ///
    /// # Errors
    /// An overrides file that cannot be read, or that is no YAML map.
    pub(super) fn read(self) -> Result<Changes, Failure> {
        let Self { image: images, overrides_file, override_property: properties } = self;
        let overrides = overrides_file.as_deref().map(overrides).transpose()?;
        Ok(Changes { overrides, properties, images, ..Changes::default() })
    }
}

fn overrides(path: &Path) -> Result<Node, Failure> {
    let input = files::one(path)?;
    let mut documents = nodes(&input.file()).map_err(|findings| Failure::Refused(report::text(&findings)))?;
    let several = documents.len() > 1;
    match documents.pop() {
        None => Ok(Node::map([])),
        Some(node) if !several && matches!(node.value, Value::Map(_)) => Ok(node),
        Some(_) => {
            Err(Failure::error(format_args!("{}: expected one YAML map of what to override", input.name)))
        }
    }
}
