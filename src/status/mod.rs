//! Floor 3: from how far a pass came to the status that people and tools read; pure. Problems, what is
//! awaited and errors meet here and nowhere else.

pub mod outcome;
pub mod ready;
pub mod resource;
pub mod rule;
pub mod suspended;
pub mod workload;

pub use outcome::{Outcome, Refusal};
