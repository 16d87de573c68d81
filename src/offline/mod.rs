//! Floor 5: Score files as text, with no cluster and no rules: read, overridden, upgraded, made whole, wrapped
//! into a ScoreWorkload and unwrapped, validated. Pure: reading files is a function that is passed in.
//!
//! It stands beside `controller` and must never see it, nor `cluster`.

pub mod document;
pub mod finding;
pub mod image;
pub mod inline;
pub mod overrides;
pub mod upgrade;
pub mod workload;
pub mod yaml;
