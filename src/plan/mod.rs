//! Floor 2: from inputs to a plan, pure: validate → normalise → demand resources → order →
//! substitute. Nothing here does I/O, reads the clock or rolls a die; what cannot be decided comes
//! back as a value.

pub mod binding;
pub mod demand;
pub mod graph;
pub mod guard;
pub mod index;
pub mod lookup;
pub mod params;
pub mod patch;
pub mod problem;
pub mod resource;
pub mod rollout;
pub mod rule;
pub mod schema;
pub mod score;
mod strict;
mod waits;
pub mod workload;

use serde::{Deserialize, Serialize};

use problem::{Awaited, Problem};

/// What can be done now.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum Plan<T> {
    /// All is known: render and apply it.
    Ready(T),
    /// The world has yet to bring something: a watch starts the next pass. Nothing is pruned.
    Pending(Vec<Awaited>),
    /// Only an edit by the author helps. What ran before runs on.
    Rejected(Vec<Problem>),
}

impl<T> Plan<T> {
    /// The same trouble, or what `change` makes of what is ready.
    pub fn and_then<U>(self, change: impl FnOnce(T) -> Plan<U>) -> Plan<U> {
        match self {
            Self::Ready(value) => change(value),
            Self::Pending(awaited) => Plan::Pending(awaited),
            Self::Rejected(problems) => Plan::Rejected(problems),
        }
    }
}
