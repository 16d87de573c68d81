//! Floor 2: from inputs to a plan, pure. Nothing here does I/O, reads the clock or rolls a die.

pub mod problem;
