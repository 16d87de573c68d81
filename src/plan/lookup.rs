//! What a `${…}` stands for, and what to say where it stands for nothing (H05, H07, H11, P09).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::Plan;
use super::problem::{Awaited, Problem, did_you_mean, list};
use super::waits::{Ids, Waits};
use crate::api::conditions::Reason;
use crate::api::names;
use crate::template::{EvalError, FillError, LookupError, Reference, SecretRef, Value, short};

/// What another resource offers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Dependency {
    /// Its identity, for messages and for a placeholder without a key (H11).
    pub uid: String,
    /// Its outputs, once it was ready.
    pub outputs: Option<Map<String, Json>>,
    /// What it waits for itself, and where to look.
    pub message: String,
}

/// Why a placeholder has no value.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Absent {
    /// Not yet.
    #[error("{}", .0.message)]
    Yet(Awaited),
    /// Not unless the author edits something.
    #[error("{1}")]
    Never(Reason, String),
}

/// The value that a placeholder stands for.
///
/// # Errors
/// [`Absent::Yet`] while the resource has no outputs, [`Absent::Never`] where there is no such thing.
pub fn look_up(
    reference: &Reference,
    metadata: &Json,
    resources: &BTreeMap<String, Dependency>,
) -> Result<Value, Absent> {
    let unknown = |message: String| Absent::Never(Reason::UnknownPlaceholder, message);
    match reference.path.as_slice() {
        [root, rest @ ..] if root == "metadata" => {
            Value::from(metadata.clone()).lookup(rest).map_err(|error| unknown(error.to_string()))
        }
        [root, name, rest @ ..] if root == "resources" => match resources.get(name) {
            Some(resource) => output(name, rest, resource),
            None => {
                Err(Absent::Never(Reason::UnknownResource, format!("there is no resource `{}`", short(name))))
            }
        },
        _ => Err(unknown("expected `resources.<name>.<output>` or `metadata.<key>`".to_owned())),
    }
}

fn output(name: &str, path: &[String], resource: &Dependency) -> Result<Value, Absent> {
    if path.is_empty() {
        return Ok(Value::from(Json::from(resource.uid.as_str())));
    }
    let Some(outputs) = &resource.outputs else {
        return Err(Absent::Yet(Awaited::new(Reason::WaitingForResources, resource.message.clone())));
    };
    let never = |message: String| Absent::Never(Reason::UnknownOutput, message);
    let outputs: Value = serde_json::from_value(Json::Object(outputs.clone()))
        .map_err(|error| never(format!("the outputs of `{name}` cannot be read: {error}")))?;
    if let Some(any_other) = any_other(&outputs, path) {
        return Ok(any_other);
    }
    outputs.lookup(path).map_err(|error| match error {
        LookupError::Missing { key, .. } => never(missing_output(name, &key, path, &outputs)),
        other @ LookupError::NotAMap { .. } => never(format!("resource `{name}`: {other}")),
    })
}

/// The output of a rule that stands for all others: the keys of a Secret.
pub const ANY: &str = "*";

/// What is not among the outputs, where one of them stands for all others. A key of a Secret may hold dots.
fn any_other(outputs: &Value, path: &[String]) -> Option<Value> {
    let key = path.join(".");
    let is_key = names::is_secret_key(&key) && outputs.get(path.first()?).is_none();
    let Value::SecretRef(any) = outputs.get(ANY)? else { return None };
    is_key.then_some(Value::SecretRef(SecretRef { key, ..any }))
}

fn missing_output(name: &str, key: &str, path: &[String], outputs: &Value) -> String {
    let parent = path.iter().take_while(|part| *part != key).cloned().collect::<Vec<_>>();
    let there = outputs.lookup(&parent).unwrap_or_else(|_| outputs.clone());
    let hint = did_you_mean(key, there.keys());
    format!("resource `{name}` has no output `{}`{hint} (there: {})", short(key), list(there.keys()))
}

/// Trouble that is collected until all of it is known.
#[derive(Debug, Default)]
pub struct Trouble {
    /// What only an edit mends.
    pub problems: Vec<Problem>,
    /// What is awaited.
    pub awaited: Vec<Awaited>,
    /// What the live objects do not say yet.
    pub(super) waits: Waits,
    /// Those objects.
    pub(super) ids: Ids,
}

impl Trouble {
    /// None so far, of expressions that read these objects.
    pub(super) fn among(ids: Ids) -> Self {
        Self { ids, ..Self::default() }
    }

    /// Adds what went wrong with the text at `path`.
    pub fn add(&mut self, path: &str, error: FillError<Absent>) {
        match error {
            FillError::Lookup { error: Absent::Yet(awaited), .. } => self.awaited.push(awaited),
            FillError::Lookup { reference, error: Absent::Never(reason, message) } => {
                self.problems.push(Problem::new(path, reason, format!("`{reference}`: {message}")));
            }
            other => self.problems.push(Problem::new(path, Reason::UnknownPlaceholder, other.to_string())),
        }
    }

    /// Adds what went wrong with a rule's expression.
    pub fn add_eval(&mut self, error: EvalError) {
        match error {
            EvalError::Pending { path, name } => self.waits.absent(path, name),
            EvalError::Problem { path, message } => {
                self.problems.push(Problem::new(path, Reason::EvaluationFailed, message));
            }
        }
    }

    /// `value`, unless there was trouble; problems come before what is awaited.
    pub fn or<T>(self, value: T) -> Plan<T> {
        let is_none = self.problems.is_empty() && self.awaited.is_empty() && self.waits.is_empty();
        if is_none { Plan::Ready(value) } else { self.into_plan() }
    }

    /// The trouble, sorted, each once.
    #[must_use]
    pub fn into_plan<T>(mut self) -> Plan<T> {
        self.problems.sort();
        self.problems.dedup();
        self.awaited.extend(self.waits.said(&self.ids));
        self.awaited.sort();
        self.awaited.dedup();
        if self.problems.is_empty() { Plan::Pending(self.awaited) } else { Plan::Rejected(self.problems) }
    }
}
