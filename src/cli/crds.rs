//! `crds`: the definitions as YAML.

use std::path::Path;

use kube::ResourceExt;

use super::Error;
use crate::api::crds;

const HEADER: &str = "# Generated from src/api by `cargo xtask codegen`; edit the types there.\n";

pub(super) fn execute(dir: Option<&Path>) -> Result<(), Error> {
    for (file, text) in files()? {
        match dir {
            None => println!("---\n{text}"),
            Some(dir) => {
                let path = dir.join(file);
                std::fs::write(&path, text).map_err(|source| Error::Write { path, source })?;
            }
        }
    }
    Ok(())
}

/// File name and content of each definition.
fn files() -> Result<Vec<(String, String)>, Error> {
    let file = |crd: k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition| {
        let yaml = serde_saphyr::to_string(&crd).map_err(|error| Error::Yaml(error.to_string()))?;
        let plural = crd.name_any().split('.').next().unwrap_or_default().to_owned();
        Ok((format!("{plural}.yaml"), format!("{HEADER}{yaml}")))
    };
    crds::all().into_iter().map(file).collect()
}
