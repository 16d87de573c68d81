//! `crds`: the definitions as YAML.

use std::path::Path;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;

use super::exit::{Failure, print};
use crate::api::crds;

const HEADER: &str = "# Generated from src/api by `cargo xtask codegen`; edit the types there.\n";

pub(super) fn execute(dir: Option<&Path>) -> Result<(), Failure> {
    for (file, text) in files()? {
        match dir {
            None => print(&format!("---\n{text}\n"))?,
            Some(dir) => {
                let path = dir.join(file);
                std::fs::write(&path, text).map_err(|error| Failure::write(&path, &error))?;
            }
        }
    }
    Ok(())
}

/// File name and content of each definition.
fn files() -> Result<Vec<(String, String)>, Failure> {
    let file = |crd: CustomResourceDefinition| {
        let yaml = serde_saphyr::to_string(&crd)
            .map_err(|error| Failure::error(format_args!("cannot write YAML: {error}")))?;
        let plural = crd.name_any().split('.').next().unwrap_or_default().to_owned();
        Ok((format!("{plural}.yaml"), format!("{HEADER}{yaml}")))
    };
    crds::all().into_iter().map(file).collect()
}
