//! Tests of rules, beside the rules: what a resource becomes under them, and what the author expects of that.

mod expect;
mod format;
mod run;

pub use expect::{Verdict, updated, verdict};
pub use format::{Case, Document, is_test, read, schema};
pub use run::{Seen, run};
