//! JSON read as a type of Kubernetes, with nothing left over: an API server that is asked politely drops what it does
//! not know, and what was meant is then missing.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::schema::below;

/// What is wrong, and where.
pub(super) struct Wrong {
    /// The field.
    pub(super) path: String,
    /// What was found and expected.
    pub(super) message: String,
}

/// Whether `value`, which stands at `path`, is a `T`, with no field that `T` does not know.
pub(super) fn strict<T: DeserializeOwned + Serialize>(path: &str, value: &Value) -> Result<(), Wrong> {
    let read: T = serde_path_to_error::deserialize(value).map_err(|error| {
        let at = error.path().to_string();
        let path = if at == "." { path.to_owned() } else { format!("{path}.{at}") };
        Wrong { path, message: error.inner().to_string() }
    })?;
    match lost(value, &json!(read), path) {
        Some(path) => Err(Wrong { path, message: "is an unknown field".to_owned() }),
        None => Ok(()),
    }
}

/// The first field of `given` that `read` does not have.
pub(super) fn lost(given: &Value, read: &Value, path: &str) -> Option<String> {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => given.iter().find_map(|(key, value)| {
            let path = below(path, key);
            match read.get(key) {
                Some(read) => lost(value, read, &path),
                None if value.is_null() => None,
                None => Some(path),
            }
        }),
        (Value::Array(given), Value::Array(read)) => {
            let pairs = given.iter().zip(read).enumerate();
            pairs.into_iter().find_map(|(at, (given, read))| lost(given, read, &format!("{path}[{at}]")))
        }
        _ => None,
    }
}
