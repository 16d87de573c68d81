//! Floor 0: the kinds of the API group `k8s.score.dev`, and every string that reaches the cluster.
//! Knows nothing of clients, rules or files. The doc comments of the types are the descriptions that
//! `kubectl explain` prints.

pub mod conditions;
pub mod crds;
pub mod instructions;
pub mod labels;
pub mod names;
pub mod patches;
pub mod resource;
pub mod rule;
pub mod schema;
pub mod score;
pub mod workload;

/// The API group of our kinds.
pub const GROUP: &str = "k8s.score.dev";
/// The only version so far.
pub const VERSION: &str = "v1alpha1";
/// What stands in place of JSON that nests too deep to be read.
pub const TOO_DEEP: &str = "(nested too deep to be read)";
/// `apiVersion` of our kinds.
pub const API_VERSION: &str = "k8s.score.dev/v1alpha1";
