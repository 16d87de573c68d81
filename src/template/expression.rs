//! One expression: compiled once, evaluated often.

use std::error::Error as _;
use std::sync::Arc;

use minijinja::{ErrorKind, Value as Jinja};
use serde_json::Value as Json;

use super::chain::Name;
use super::check::{self, Facts};
use super::convert;
use super::error::{EvalError, Fault, TemplateError};
use super::filters::{ENVIRONMENT, Refusal};
use super::ledger::Ledger;
use super::limits::{EXPRESSION_BYTES, REACH_BYTES};
use super::object::Root;
use super::scope::{Budget, Entry, Scope};
use super::token::{Scanned, scan_braced};
use super::value::Value;

/// A whole leaf `{{ … }}` that stands alone, such as one of `readyWhen`. Owned, and shareable between threads.
pub struct Expression {
    path: String,
    compiled: Compiled,
}

impl Expression {
    /// Compiles a text that is exactly one `{{ … }}`. For messages, `path` is where it stands, and `example` what could
    /// stand there.
    ///
    /// Fails on anything else, on syntax, on an unknown filter, test or function, and beyond the bounds of [`super::limits`].
    pub fn compile(text: &str, path: &str, example: &str) -> Result<Self, TemplateError> {
        let alone =
            || TemplateError::new(path, format!("expected exactly one expression, such as `{example}`"));
        let inner = text.strip_prefix("{{").ok_or_else(alone)?;
        let scanned = scan_braced(inner).map_err(|message| TemplateError::new(path, message))?;
        if !scanned.rest.is_empty() {
            return Err(alone());
        }
        let compiled = Compiled::new(&scanned).map_err(|message| TemplateError::new(path, message))?;
        Ok(Self { path: path.to_owned(), compiled })
    }

    /// The variables with their constant attributes, such as `["objects", "db", "status"]`.
    #[must_use]
    pub fn names(&self) -> Vec<Vec<String>> {
        self.compiled.names()
    }

    /// The functions that are called.
    #[must_use]
    pub fn functions(&self) -> &[String] {
        &self.compiled.facts().functions
    }

    /// Where the expression stands.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The expression's value. `omit` is a [`EvalError::Problem`], as there is nothing to leave out.
    pub fn evaluate(&self, scope: &Scope, budget: &mut Budget) -> Result<Value, EvalError> {
        let value = self.compiled.value(scope, budget).and_then(|value| {
            value.ok_or_else(|| Fault::problem("there is nothing here that `omit` could leave out"))
        });
        value.map_err(|fault| fault.at(&self.path))
    }

    /// The expression's value, which must be a bool: numbers, texts and lists are not taken for one.
    pub fn evaluate_bool(&self, scope: &Scope, budget: &mut Budget) -> Result<bool, EvalError> {
        match self.evaluate(scope, budget)? {
            Value::Plain(Json::Bool(answer)) => Ok(answer),
            _ => Err(Fault::problem("expected true or false: compare, or ask `… is defined`").at(&self.path)),
        }
    }
}

/// An expression without its place.
pub(super) struct Compiled {
    program: minijinja::Expression<'static, 'static>,
    facts: Arc<Facts>,
}

impl Compiled {
    /// Compiles what was scanned. The bounds are checked before minijinja's parser sees the text.
    pub(super) fn new(scanned: &Scanned) -> Result<Self, String> {
        if scanned.source.len() > EXPRESSION_BYTES {
            return Err(format!(
                "the expression is longer than {EXPRESSION_BYTES} bytes: split it up, through `locals`"
            ));
        }
        if scanned.tokens.is_empty() {
            return Err(
                "`{{ }}` is empty: expected an expression, or `{{ '{{ }}' }}` for the text itself".to_owned()
            );
        }
        let facts = check::check(&scanned.tokens)?;
        let program = ENVIRONMENT.compile_expression_owned(scanned.source.to_owned());
        let program = program.map_err(|error| {
            format!(
                "`{{{{ {} }}}}` cannot be read: {}",
                scanned.source,
                error.detail().unwrap_or("syntax error")
            )
        })?;
        Ok(Self { program, facts: Arc::new(facts) })
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(super) fn names(&self) -> Vec<Vec<String>> {
        self.facts.names.iter().map(|name| name.path.clone()).collect()
    }

    /// The value; none for `omit`.
    pub(super) fn value(&self, scope: &Scope, budget: &mut Budget) -> Result<Option<Value>, Fault> {
        self.run(scope, budget, |result, budget| convert::value(result, budget, 0))
    }

    /// What an `$each` runs over.
    pub(super) fn items(&self, scope: &Scope, budget: &mut Budget) -> Result<Vec<Entry>, Fault> {
        self.run(scope, budget, convert::items)
    }

    fn run<T>(
        &self,
        scope: &Scope,
        budget: &mut Budget,
        convert: impl FnOnce(&Jinja, &mut Budget) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.reach(scope, budget)?;
        let ledger = Arc::new(Ledger::new(self.facts.clone()));
        let root = Root { scope: scope.clone(), ledger: ledger.clone() };
        let result = self.program.eval(Jinja::from_object(root)).map_err(|error| explain(&error));
        let result = budget.work_done(ledger.made()).and(result);
        match result.and_then(|result| convert(&result, budget)) {
            Ok(value) => ledger.settle().map(|()| value),
            Err(fault) => {
                ledger.settle_failed()?;
                Err(if fault == Fault::NotThere { self.not_there(scope, &ledger) } else { fault })
            }
        }
    }

    /// Bounds what the expression can touch, and so its time and memory, before it runs.
    fn reach(&self, scope: &Scope, budget: &mut Budget) -> Result<(), Fault> {
        let reach: usize = self.facts.names.iter().map(|name| scope.reach(name)).sum();
        if reach > REACH_BYTES {
            return Err(Fault::problem(format!(
                "the values that the expression names are larger than {} MiB in all: name the part that is wanted",
                REACH_BYTES / 1024 / 1024
            )));
        }
        budget.work(reach)
    }

    /// Names what was looked up in vain. Below `objects` that is awaited even where something else stands in its place
    /// yet, such as a null where a map will be.
    fn not_there(&self, scope: &Scope, ledger: &Ledger) -> Fault {
        if let Some(message) = ledger.last_undefined() {
            return Fault::Problem(message);
        }
        let awaited = self.facts.names.iter().find(|name| scope.awaits(name));
        awaited.map_or_else(|| self.in_vain(), |name| Fault::Pending(name.path.join(".")))
    }

    fn in_vain(&self) -> Fault {
        let name = |name: &Name| format!("`{}`", name.path.join("."));
        let names: Vec<String> = self.facts.names.iter().map(name).collect();
        match names.as_slice() {
            [] => Fault::problem("the expression looks up what is not there"),
            names => Fault::Problem(format!(
                "the expression looks up what is not there, in {}",
                names.join(" or ")
            )),
        }
    }
}

/// Puts an error into words. minijinja's own texts may show values, so only ours are passed on.
fn explain(error: &minijinja::Error) -> Fault {
    if let Some(Refusal(message)) = error.source().and_then(|source| source.downcast_ref()) {
        return Fault::problem(message);
    }
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::UndefinedError => Fault::NotThere,
        ErrorKind::OutOfFuel => {
            Fault::problem("the expression takes too many steps: split it up, through `locals`")
        }
        // These name types, not values.
        _ if detail.starts_with("tried to use ") && detail.contains("undefined") => Fault::NotThere,
        _ if detail.starts_with("tried to use ") => {
            Fault::Problem(detail.replace("plain object", "a secret reference or omit"))
        }
        _ if detail.starts_with("unable to calculate ") => {
            Fault::problem("the calculation has no result: it divides by zero, or is too large")
        }
        _ => Fault::problem("an operation does not fit the values that it gets"),
    }
}
