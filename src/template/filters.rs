//! The filters and tests of rules, and the environment that holds them. There is nothing else in it (decision 26).

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value as Jinja};
use sha2::{Digest, Sha256};

use super::limits::{FUEL, STRING_BYTES};
use super::object::{Missing, Omit, Secret};

/// A filter, test or function, and how it is written.
pub(super) struct Signature {
    pub(super) name: &'static str,
    /// How many arguments it takes in its brackets; without any, it has no brackets.
    pub(super) arguments: usize,
    written: &'static str,
}

impl Signature {
    const fn new(name: &'static str, arguments: usize, written: &'static str) -> Self {
        Self { name, arguments, written }
    }

    /// How to write it.
    pub(super) fn usage(&self) -> String {
        format!("`{}` is written `{}`", self.name, self.written)
    }
}

/// All filters.
pub(super) const FILTERS: &[Signature] = &[
    Signature::new("b64encode", 0, "text | b64encode"),
    Signature::new("default", 1, "value | default(other)"),
    Signature::new("dns_label", 0, "text | dns_label"),
    Signature::new("truncate_hash", 1, "text | truncate_hash(40)"),
];

/// All tests.
pub(super) const TESTS: &[Signature] = &[
    Signature::new("boolean", 0, "value is boolean"),
    Signature::new("defined", 0, "value is defined"),
    Signature::new("integer", 0, "value is integer"),
    Signature::new("mapping", 0, "value is mapping"),
    Signature::new("none", 0, "value is none"),
    Signature::new("number", 0, "value is number"),
    Signature::new("sequence", 0, "value is sequence"),
    Signature::new("string", 0, "value is string"),
    Signature::new("undefined", 0, "value is undefined"),
];

/// All functions.
pub(super) const FUNCTIONS: &[Signature] = &[Signature::new("secret_ref", 2, "secret_ref(name, key)")];

/// Names that are no variables.
pub(super) const CONSTANTS: &[&str] = &["true", "false", "none", "True", "False", "None", "omit"];

/// The one environment of all expressions. Empty but for ours; strict; without minijinja's debug mode, which would put values
/// into errors (the feature is not compiled in).
pub(super) static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.add_filter("b64encode", b64encode);
    environment.add_filter("default", default);
    environment.add_filter("dns_label", dns_label);
    environment.add_filter("truncate_hash", truncate_hash);
    environment.add_test("defined", |value: &Jinja| is_defined(value));
    environment.add_test("undefined", |value: &Jinja| !is_defined(value));
    environment.add_test("boolean", |value: &Jinja| is_kind(value, |value| value.kind() == ValueKind::Bool));
    environment.add_test("integer", |value: &Jinja| is_kind(value, Jinja::is_integer));
    environment.add_test("mapping", |value: &Jinja| is_kind(value, |value| value.kind() == ValueKind::Map));
    environment.add_test("none", |value: &Jinja| is_kind(value, Jinja::is_none));
    environment.add_test("number", |value: &Jinja| is_kind(value, Jinja::is_number));
    environment.add_test("sequence", |value: &Jinja| {
        is_kind(value, |value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable))
    });
    environment.add_test("string", |value: &Jinja| is_kind(value, |value| value.kind() == ValueKind::String));
    environment
});

/// An error of ours: its text is made for people, and shows no value.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(pub(super) String);

/// Wraps a message of ours, so that it can be told from minijinja's, which may show values.
pub(super) fn refuse(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, "refused").with_source(Refusal(message))
}

/// The text of an argument; `what` names it in the message.
pub(super) fn text<'a>(what: &str, value: &'a Jinja) -> Result<&'a str, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    value.as_str().ok_or_else(|| refuse(format!("{what} must be a string, and is {}", kind(value))))
}

/// What a value is, for messages.
pub(super) fn kind(value: &Jinja) -> &'static str {
    if value.downcast_object_ref::<Secret>().is_some() {
        return "a secret reference";
    }
    if value.downcast_object_ref::<Omit>().is_some() {
        return "`omit`";
    }
    match value.kind() {
        ValueKind::None => "null",
        ValueKind::Bool => "a bool",
        ValueKind::Number => "a number",
        ValueKind::String => "a string",
        ValueKind::Map => "a map",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        _ => "not there",
    }
}

/// `text | b64encode`: standard base64 with padding, as a Secret's `data` wants it.
fn b64encode(value: &Jinja) -> Result<Jinja, Error> {
    let text = text("what `b64encode` gets", value)?;
    if text.len() / 3 * 4 > STRING_BYTES {
        return Err(refuse(format!("`b64encode` makes more than {} KiB", STRING_BYTES / 1024)));
    }
    Ok(STANDARD.encode(text).into())
}

/// `value | default(other)`: the other one where the value is not there. Null is there.
fn default(value: &Jinja, other: &Jinja) -> Jinja {
    let (kept, dropped) = if is_there(value) { (value, other) } else { (other, value) };
    is_defined(dropped);
    kept.clone()
}

/// `text | dns_label`: a name of RFC 1035 of at most 63 characters.
fn dns_label(value: &Jinja) -> Result<Jinja, Error> {
    text("what `dns_label` gets", value).map(|text| label(text).into())
}

/// `text | truncate_hash(n)`: at most `n` characters.
fn truncate_hash(value: &Jinja, most: &Jinja) -> Result<Jinja, Error> {
    let text = text("what `truncate_hash` gets", value)?;
    if most.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    match most.as_usize() {
        Some(most) if most > HASH + 1 => Ok(truncated(text, most).into()),
        _ => Err(refuse(format!("`truncate_hash(n)` needs a number of at least {}", HASH + 2))),
    }
}

/// The hexadecimal digits of a hash in a name.
const HASH: usize = 8;
/// The longest label of DNS.
const LABEL: usize = 63;

/// A name of RFC 1035 (what Services and most names of Kubernetes need): lower-case letters, digits and single hyphens,
/// beginning with a letter, at most 63 characters.
///
/// A text that is such a name stays as it is. Any other ends in a hash of the whole text, so that texts that differ make
/// names that differ: `shop.db` → `shop-db-` and 8 digits.
#[must_use]
pub fn label(text: &str) -> String {
    let mut clean = String::new();
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        match c {
            'a'..='z' | '0'..='9' => clean.push(c),
            _ if clean.is_empty() || clean.ends_with('-') => {}
            _ => clean.push('-'),
        }
        if clean.len() > LABEL {
            break;
        }
    }
    let mut clean = clean.trim_end_matches('-').to_owned();
    if !clean.starts_with(|c: char| c.is_ascii_lowercase()) {
        clean.insert(0, 'x');
    }
    if clean == text && clean.len() <= LABEL {
        return clean;
    }
    clean.truncate(LABEL - HASH - 1);
    format!("{}-{}", clean.trim_end_matches('-'), hash(text))
}

/// At most `most` characters (at least 10): a longer text is cut and ends in a hash of the whole.
#[must_use]
pub fn truncated(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let head: String = text.chars().take(most.saturating_sub(HASH + 1)).collect();
    format!("{}-{}", head.trim_end_matches(['-', '.', '_']), hash(text))
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text);
    let first = digest.iter().take(HASH / 2).fold(0_u32, |hash, byte| hash << 8 | u32::from(*byte));
    format!("{first:08x}")
}

/// Whether a value is there, without answering for it.
fn is_there(value: &Jinja) -> bool {
    !value.is_undefined() && value.downcast_object_ref::<Missing>().is_none()
}

/// Whether a value is there. Whoever asks may ask: the value has done its work.
fn is_defined(value: &Jinja) -> bool {
    if let Some(missing) = value.downcast_object_ref::<Missing>() {
        missing.answer();
    }
    if let Some(secret) = value.downcast_object_ref::<Secret>() {
        secret.deliver();
    }
    is_there(value)
}

/// The other tests ask about a value that must be there.
fn is_kind(value: &Jinja, test: impl Fn(&Jinja) -> bool) -> Result<bool, Error> {
    if !is_there(value) {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    Ok(is_defined(value) && test(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_rfc_1035_names_and_differ_where_their_texts_differ() {
        for (text, expected) in [
            ("shop", "shop"),
            ("shop-db1", "shop-db1"),
            ("shop.db", "shop-db-1b4c2b0d"),
            ("Shop", "shop-"),
            ("1st", "x1st-"),
            ("--a--b--", "a-b-"),
            ("a--b", "a-b-"),
            ("", "x-"),
            ("ä😀", "x-"),
        ] {
            let label = label(text);
            let prefix = if expected.contains("1b4c") { "shop-db-" } else { expected };
            assert!(label.starts_with(prefix), "{text}: {label}");
            assert_eq!(label == text, !expected.ends_with('-') && !text.contains('.'), "{text}: {label}");
        }
        let (long, longer) = ("a".repeat(64), "a".repeat(65));
        assert_eq!(label(&"a".repeat(63)), "a".repeat(63));
        assert_eq!(label(&long).len(), 63);
        assert_ne!(label(&long), label(&longer));
        assert_ne!(label("a.b"), label("a-b"));
    }

    #[test]
    fn texts_are_cut_only_where_they_are_too_long() {
        assert_eq!(truncated("abcdefghij", 10), "abcdefghij");
        let cut = truncated("abcdefghijk", 10);
        assert!(cut.starts_with("a-") && cut.len() == 10, "{cut}");
        assert!(truncated("ab.cdefghijkl", 12).starts_with("ab-"));
        assert_eq!(truncated(&"é".repeat(40), 20).chars().count(), 20);
    }
}
