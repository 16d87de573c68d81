//! Placeholders in every string of a JSON value: the params of a resource (H08).

use serde_json::Value as Json;

use super::path;
use super::placeholder::{self, FillError, Reference};
use super::value::Value;

/// An error at a place in a JSON value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{path}: {error}")]
pub struct FillErrorAt<E> {
    /// Where the string stands, such as `list[2].k`; empty for the value itself.
    pub path: String,
    /// What is wrong with it.
    pub error: FillError<E>,
}

/// Fills in the placeholders in all strings of `json`, however deep; keys stay as they are.
///
/// A string stays a string, even where it is exactly one placeholder of a number: that is what score-k8s does. The
/// exception is a string that is exactly one secret, which becomes the reference. All errors are returned, in the order of the keys.
pub fn substitute_json<E>(
    json: &Json,
    mut lookup: impl FnMut(&Reference) -> Result<Value, E>,
) -> Result<Value, Vec<FillErrorAt<E>>> {
    let mut walk = Walk { lookup: &mut lookup, errors: Vec::new() };
    let value = walk.value(json, "");
    if walk.errors.is_empty() { Ok(value) } else { Err(walk.errors) }
}

/// All references in the strings of `json`, in the order of [`substitute_json`], with repetitions. Texts that cannot be
/// parsed have none.
#[must_use]
pub fn references_in_json(json: &Json) -> Vec<Reference> {
    match json {
        Json::String(text) => {
            placeholder::parse(text).map(|text| text.references().cloned().collect()).unwrap_or_default()
        }
        Json::Array(items) => items.iter().flat_map(references_in_json).collect(),
        Json::Object(map) => map.values().flat_map(references_in_json).collect(),
        _ => Vec::new(),
    }
}

struct Walk<'a, E, L> {
    lookup: &'a mut L,
    errors: Vec<FillErrorAt<E>>,
}

impl<E, L: FnMut(&Reference) -> Result<Value, E>> Walk<'_, E, L> {
    /// The filled value; what is wrong goes to `errors`, and stands as null meanwhile.
    fn value(&mut self, json: &Json, at: &str) -> Value {
        match json {
            Json::String(text) => self.text(text).unwrap_or_else(|errors| {
                let located = errors.into_iter().map(|error| FillErrorAt { path: at.to_owned(), error });
                self.errors.extend(located);
                Json::Null.into()
            }),
            Json::Array(items) => {
                let filled = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.value(item, &path::of_index(at, index)));
                Value::list(filled.collect::<Vec<_>>())
            }
            Json::Object(map) => {
                let filled =
                    map.iter().map(|(key, value)| (key.clone(), self.value(value, &path::of_key(at, key))));
                Value::map(filled.collect::<Vec<_>>())
            }
            scalar => scalar.clone().into(),
        }
    }

    fn text(&mut self, text: &str) -> Result<Value, Vec<FillError<E>>> {
        let parsed = placeholder::parse(text).map_err(|error| vec![error.into()])?;
        let filled = parsed.substitute(&mut *self.lookup)?;
        match (filled.as_secret(), filled.plain_text()) {
            (Some(secret), _) => Ok(Value::SecretRef(secret.clone())),
            (None, Some(text)) => Ok(Json::String(text).into()),
            (None, None) => Err(vec![FillError::MixedSecret]),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::template::value::SecretRef;

    fn lookup(reference: &Reference) -> Result<Value, String> {
        match reference.source.as_str() {
            "name" => Ok(json!("params").into()),
            "port" => Ok(json!(5432).into()),
            "secret" => Ok(Value::SecretRef(secret())),
            other => Err(format!("no `{other}`")),
        }
    }

    fn secret() -> SecretRef {
        SecretRef { name: "s".into(), key: "k".into() }
    }

    #[test]
    fn h08_strings_are_filled_however_deep_and_keys_are_not() {
        let params = json!({
            "plain": "text", "name": "${name}", "list": ["a", "${name}", {"k": "${name}:${port}"}],
            "number": 3, "flag": true, "nothing": null, "${name}": "key stays", "escaped": "$${x}", "port": "${port}",
        });
        let expected = json!({
            "plain": "text", "name": "params", "list": ["a", "params", {"k": "params:5432"}],
            "number": 3, "flag": true, "nothing": null, "${name}": "key stays", "escaped": "${x}", "port": "5432",
        });
        assert_eq!(substitute_json(&params, lookup), Ok(Value::Plain(expected)));
        assert_eq!(references_in_json(&params).len(), 5);
    }

    #[test]
    fn v06_a_whole_secret_becomes_a_reference() {
        let filled = substitute_json(&json!({"a": ["${secret}"]}), lookup).unwrap();
        assert_eq!(filled.secrets(), [&secret()]);
        assert!(matches!(filled, Value::Map(_)));
    }

    #[test]
    fn h07_every_error_is_found_with_its_path() {
        let errors =
            substitute_json(&json!({"a": "${x} ${y}", "b": [1, {"c d": "${}"}], "d": "x${secret}"}), lookup)
                .unwrap_err();
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts[0], "a: `${x}`: no `x`");
        assert_eq!(texts[1], "a: `${y}`: no `y`");
        assert!(texts[2].starts_with("b[1][\"c d\"]: `${}` names nothing"), "{}", texts[2]);
        assert!(texts[3].starts_with("d: a secret reference cannot be mixed"), "{}", texts[3]);
    }
}
