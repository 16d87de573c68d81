//! YAML as people write it: read as YAML 1.2 core with places and comments, and written so that every reader,
//! also one of YAML 1.1 as kubectl is, reads the same.
//!
//! `serde-saphyr` reads into types and forgets what a file looked like; here its parser is used directly.
//!
//! What is refused although YAML allows it: keys that are no text, a key twice, `.inf` and `.nan`, numbers
//! beyond 64 bits, tags other than those of the core schema, directives of YAML 1.1, aliases that make a
//! document much larger than its text, and nesting deeper than [`DEEPEST`].

mod compose;
mod emit;
mod error;
mod node;
mod scalar;

#[cfg(test)]
mod tests;

pub use compose::{DEEPEST, read};
pub use emit::emit;
pub use error::{Trouble, is_obeyed, not_text};
pub use node::{Key, Node, Notes, Place, Style, Value};
