//! The bounds of one rule. They, not minijinja's fuel, keep an expression from taking the operator's memory or stack
//! (`provisioning.md`, "Bounds").

/// The longest text between `{{` and `}}`, in bytes.
pub const EXPRESSION_BYTES: usize = 2 * 1024;
/// How deep an expression may nest: open brackets plus the operators and prefixes of what stands in them.
pub const NESTING: usize = 32;
/// The longest string that a template may hold or make, in bytes.
pub const STRING_BYTES: usize = 256 * 1024;
/// What all evaluations of one rule may make together, in bytes of JSON.
pub const OUTPUT_BYTES: usize = 1024 * 1024;
/// How many values, lists, maps and their keys all evaluations of one rule may make together: small ones take far more memory
/// than their JSON has bytes.
pub const OUTPUT_VALUES: usize = 20_000;
/// The longest list (or map) that one `$each` runs over.
pub const EACH_ITEMS: usize = 256;
/// How deep the JSON of a node, and of a value that an expression makes, may nest.
pub const JSON_DEPTH: usize = 64;
/// The size of all values that one expression names, in bytes: it is checked before the expression runs.
pub const REACH_BYTES: usize = 4 * 1024 * 1024;
/// What the filters of one expression may make, in bytes, results that only go into other filters included.
pub const MADE_BYTES: usize = 2 * 1024 * 1024;
/// The longest list or map that a filter makes.
pub const ITEMS: usize = 1024;
/// The size of all values that the expressions of one rule name, in bytes, and 2 KiB for each evaluation.
pub const WORK_BYTES: usize = 32 * 1024 * 1024;
/// What starting one expression costs of [`WORK_BYTES`].
pub(super) const EVALUATION_COST: usize = 2 * 1024;
/// The steps of minijinja's machine for one expression: more than 2 KiB of text can need.
pub(super) const FUEL: u64 = 20_000;
