//! What cluster tests have in common: a control plane with the operator on it, a namespace per test,
//! builders for Score files and rules, waiting on watches, and the API server's audit log.
//!
//! ```ignore
//! let ns = cluster().await.namespace("p02").await;
//! ns.rule(rule("thing").makes_config_map()).await;
//! let one = ns.apply(score("one").needs("db", "thing")).await;
//! one.becomes_ready().await;
//! ```

#![allow(dead_code, unused_imports, reason = "each test program uses its part of this")]

pub mod audit;
pub mod cluster;
pub mod confined;
pub mod directory;
pub mod example;
pub mod kinds;
pub mod look;
pub mod namespace;
pub mod objects;
pub mod operator;
pub mod rule;
pub mod score;
pub mod snapshot;
pub mod stand_in;
pub mod wait;
pub mod workload;

pub use cluster::{Cluster, cluster, cluster_without_operator};
pub use confined::Confined;
pub use example::{Example, cluster_of_examples};
pub use namespace::Namespace;
pub use rule::{Rule, rule};
pub use score::{Score, score};
pub use stand_in::StandIn;
pub use workload::Workload;

use serde_json::Value;

/// YAML as JSON.
pub fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("not YAML: {error}\n{text}"))
}

/// A file of this repository.
pub fn file(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
}
