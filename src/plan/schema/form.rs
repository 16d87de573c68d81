//! `anyOf` and `oneOf`: which of their errors a person wants to read, and what to call their branches.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::super::problem::list;
use super::{View, is_type, words};

/// The errors that an error stands for: none where only the unknown text of a reference fails, those of
/// the one branch that has the right type, else the error itself.
pub(super) fn unfold<'e>(
    error: &'e ValidationError<'static>,
    view: &View,
) -> Vec<&'e ValidationError<'static>> {
    if is_excused(error, view) {
        return Vec::new();
    }
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) =
        error.kind()
    else {
        return vec![error];
    };
    let here = error.instance_path();
    let fits = |branch: &&Vec<ValidationError>| {
        !branch.iter().any(|inner| is_type(inner) && inner.instance_path() == here)
    };
    match context.iter().filter(fits).collect::<Vec<_>>().as_slice() {
        [only] if !only.is_empty() => only.iter().flat_map(|inner| unfold(inner, view)).collect(),
        _ => vec![error],
    }
}

/// Whether an error says no more than that the placeholder of a reference is not the text that the schema
/// wants: the real text is not known here.
fn is_excused(error: &ValidationError, view: &View) -> bool {
    use ValidationErrorKind as Kind;
    let excused = |branch: &Vec<ValidationError>| {
        !branch.is_empty() && branch.iter().all(|inner| is_excused(inner, view))
    };
    match error.kind() {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => context.iter().any(excused),
        Kind::Constant { .. }
        | Kind::ContentEncoding { .. }
        | Kind::ContentMediaType { .. }
        | Kind::Enum { .. }
        | Kind::Format { .. }
        | Kind::MaxLength { .. }
        | Kind::MinLength { .. }
        | Kind::Not { .. }
        | Kind::OneOfMultipleValid { .. }
        | Kind::Pattern { .. } => view.references.contains(error.instance_path().as_str()),
        _ => false,
    }
}

/// What an instance that fits no branch was expected to be.
pub(super) fn no_branch(branches: Option<&Value>, error: &ValidationError, exactly: bool) -> String {
    if let Some(keys) = alternatives(branches) {
        let how = if exactly { "exactly one" } else { "at least one" };
        return format!("expected {how} of {}: found none of them", list(keys));
    }
    if let Some(types) = branch_types(error) {
        return format!("is {}, expected {}", words::kind(error.instance()), words::either(&types));
    }
    format!("fits none of the allowed forms{}", described(branches))
}

/// What an instance that fits several branches was expected to be.
pub(super) fn several_branches(branches: Option<&Value>, error: &ValidationError) -> String {
    let Some(keys) = alternatives(branches) else {
        return format!(
            "fits more than one of the allowed forms, expected exactly one{}",
            described(branches)
        );
    };
    let found = keys.iter().copied().filter(|key| error.instance().get(key).is_some());
    format!("expected exactly one of {}: found {}", list(keys.iter().copied()), list(found))
}

/// The keys, where each branch does no more than require one key.
fn alternatives(branches: Option<&Value>) -> Option<Vec<&str>> {
    branches?.as_array()?.iter().map(only_required).collect()
}

fn only_required(branch: &Value) -> Option<&str> {
    let keywords = branch.as_object().filter(|branch| branch.len() == 1)?;
    match keywords.get("required")?.as_array()?.as_slice() {
        [only] => only.as_str(),
        _ => None,
    }
}

/// The types that the branches want, where each of them fails for the type.
fn branch_types(error: &ValidationError) -> Option<Vec<String>> {
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) =
        error.kind()
    else {
        return None;
    };
    let here = error.instance_path();
    let wanted = |branch: &Vec<ValidationError>| {
        branch.iter().filter(|inner| inner.instance_path() == here).find_map(|inner| match inner.kind() {
            ValidationErrorKind::Type { kind } => Some(words::expected(kind)),
            _ => None,
        })
    };
    context.iter().map(wanted).collect()
}

/// The branches in a few words each, where a few are enough.
fn described(branches: Option<&Value>) -> String {
    const MOST: usize = 5;
    let branches = branches.and_then(Value::as_array).filter(|branches| branches.len() <= MOST);
    let words: Option<Vec<_>> = branches.and_then(|branches| branches.iter().map(branch).collect());
    words.map_or_else(String::new, |words| format!(": {}", words.join(", or ")))
}

/// One branch: its title, else its type and the keys that it requires.
fn branch(branch: &Value) -> Option<String> {
    if let Some(title) = branch.get("title").and_then(Value::as_str) {
        return Some(title.to_owned());
    }
    let type_ = branch.get("type").and_then(Value::as_str).map(words::type_name);
    let required = branch.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match (type_, required.is_empty()) {
        (type_, true) => type_.map(str::to_owned),
        (type_, false) => {
            let keys = list(required.iter().filter_map(Value::as_str));
            Some(format!("{} with {keys}", type_.unwrap_or("a map")))
        }
    }
}

/// The types that a `type` keyword allows, as the schema names them.
pub(super) fn types(kind: &TypeKind) -> Vec<&'static str> {
    match kind {
        TypeKind::Single(one) => vec![one.as_str()],
        TypeKind::Multiple(several) => several.iter().map(jsonschema::JsonType::as_str).collect(),
    }
}
