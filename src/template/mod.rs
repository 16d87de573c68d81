//! Templates over JSON values: the expressions of provisioner rules, and the `${…}` placeholders of Score files.
//!
//! The lowest floor. It knows neither Kubernetes nor Score, does no I/O, reads no clock, and depends on no other module of ours.
//!
//! # Rules
//!
//! A [`Node`] is a JSON tree whose strings may hold expressions of [minijinja](https://docs.rs/minijinja), compiled when a rule is
//! admitted and evaluated for each resource:
//!
//! ```
//! use score_operator::template::{Budget, Node, Scope};
//! use serde_json::json;
//!
//! let rule = json!({"name": "{{ id | dns_label }}-conn", "size": "{{ params.storageGi }}"});
//! let node = Node::compile(&rule, "spec.manifests.db").expect("the rule is valid");
//! let scope = Scope::new().with("id", json!("shop")).with("params", json!({"storageGi": 20}));
//! let value = node.evaluate(&scope, &mut Budget::new()).expect("all names are there");
//! assert_eq!(value.as_plain(), Some(&json!({"name": "shop-conn", "size": 20})));
//! ```
//!
//! What an expression can do:
//!
//! | | |
//! |---|---|
//! | look up | `params.size`, `locals['a-b']`, `sizes[params.size]`, `list[0]`, `guid[:8]` |
//! | compute | `~` (text), `+ - / // %`, `== != < <= > >=`, `in`, `and`, `or`, `not`, `a if c else b` |
//! | build | `[a, b]`, `{'key': a}`, `'text'`, `1`, `0.5`, `true`, `none` |
//! | filters | all of [`signature::FILTERS`] |
//! | tests | all of [`signature::TESTS`], with `is` or `is not` |
//! | besides | [`signature::FUNCTIONS`], and `omit`, which leaves out the key or item whose value it is |
//!
//! * **Not there.** What is not there is an [`EvalError::Problem`] that names it, except below `objects`, where it is
//!   [`EvalError::Pending`] and look-ups chain (decision 11). `is defined` and `default` may be asked in both cases. `key in
//!   map` waits for the key below `objects`: ask `map.key is defined` there.
//! * **Secrets.** A [`SecretRef`] is a value of its own. It can be passed on, alone or in a list or map, asked `is defined`, and be
//!   a part of a `secret_template`. Any other use is a problem (decision 12).
//! * **Bounds.** All of [`limits`], and no `*`, no `**`, no statements, no methods, no keyword arguments, no slices with a
//!   step. What an expression names is measured before it runs, so that one evaluation stays below 50 ms and 32 MiB.
//! * **Messages** quote the template and the names of keys, never a value.
//!
//! One trap is minijinja's: inside an expression, `~` prints a bool as `True`. In a text around expressions it is `true`.
//!
//! # Placeholders
//!
//! [`parse`] reads a text of a Score file, [`Text::substitute`] fills it in, [`substitute_json`] does it for params.

mod chain;
mod check;
mod compile;
mod compose;
mod convert;
mod error;
mod expression;
mod filters;
mod hint;
mod ledger;
pub mod limits;
mod node;
mod object;
pub mod path;
mod placeholder;
pub mod quantity;
mod scope;
pub mod signature;
mod text;
mod token;
mod value;
mod walk;

pub use compose::{Composed, SecretPart};
pub use error::{EvalError, TemplateError};
pub use expression::Expression;
pub use filters::name::{label as dns_label, truncated as truncate_hash};
pub use hint::{near_miss, short};
pub use node::{Leaf, Node, Outline};
pub use placeholder::{FillError, Filled, Part, PlaceholderError, Reference, Segment, Text, parse};
pub use scope::{Budget, Scope};
pub use value::{LookupError, SecretRef, Value};
pub use walk::{FillErrorAt, references_in_json, substitute_json};

#[cfg(test)]
mod tests;
