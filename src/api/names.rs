//! Names derived from other names: always valid, never colliding, stable for ever (W12).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The longest DNS label and label value.
pub const LABEL_MAX: usize = 63;

/// The first eight hexadecimal digits of the SHA-256 of a text.
#[must_use]
pub fn short_hash(text: &str) -> String {
    hash(text, 4)
}

/// The first `bytes` bytes of the SHA-256 of a text, as hexadecimal digits.
fn hash(text: &str, bytes: usize) -> String {
    hex(&Sha256::digest(text.as_bytes()), bytes)
}

/// The first `count` of some bytes, as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8], count: usize) -> String {
    bytes.iter().take(count).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// `text` if it has at most `max` characters, else its beginning, a dash and a hash of all of it.
///
/// In: ASCII text, `max` ≥ 10. Different texts give different results.
#[must_use]
pub fn truncate_hash(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let head: String = text.chars().take(max - 9).collect();
    format!("{}-{}", head.trim_end_matches(['-', '.']), short_hash(text))
}

/// A resource's identity within its namespace: `type.class#id` (E01).
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceUid {
    /// The Score type, as written.
    pub type_: String,
    /// The class, `default` where none is given.
    pub class: String,
    /// The id, `<workload>.<resource>` where none is given.
    pub id: String,
}

impl ResourceUid {
    /// The name of the ScoreResource: readable, a DNS label, and different for different uids although a
    /// type may hold capitals and an id dots. The hash has 64 bits: nobody finds two by trying.
    #[must_use]
    pub fn object_name(&self) -> String {
        let id: String = self.id.replace('.', "-");
        let readable = format!("{}-{id}", self.type_.to_lowercase());
        let head: String = readable.chars().take(LABEL_MAX - 17).collect();
        let hash = hash(&self.to_string(), 8);
        format!("{}-{hash}", head.trim_end_matches('-'))
    }
}

impl ResourceUid {
    /// Reads `type.class#id`, as the annotation on a resource's objects has it. A type holds no dot.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (type_, rest) = text.split_once('.')?;
        let (class, id) = rest.split_once('#')?;
        Some(Self { type_: type_.to_owned(), class: class.to_owned(), id: id.to_owned() })
    }
}

impl TryFrom<String> for ResourceUid {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("expected `type.class#id`, found {text:?}"))
    }
}

impl From<ResourceUid> for String {
    fn from(uid: ResourceUid) -> Self {
        uid.to_string()
    }
}

impl std::fmt::Display for ResourceUid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}#{}", self.type_, self.class, self.id)
    }
}

/// Whether a text is a DNS label (RFC 1123), as names of namespaces are.
#[must_use]
pub fn is_label(text: &str) -> bool {
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let inner = |c: char| outer(c) || c == '-';
    text.len() <= LABEL_MAX && text.chars().all(inner) && text.starts_with(outer) && text.ends_with(outer)
}

/// Whether a text can be the name of an object (RFC 1123 subdomain). Anything else must not get near a URL.
#[must_use]
pub fn is_object_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 253 && text.chars().all(inner) && text.starts_with(outer) && text.ends_with(outer)
}

/// Whether an API group belongs to Kubernetes itself: what is below `k8s.io` counts as such.
#[must_use]
pub fn is_of_kubernetes(api_version: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    !group.contains('.') || group.ends_with(".k8s.io")
}

/// Whether `text` can be a key of a Secret's data.
#[must_use]
pub fn is_secret_key(text: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=253).contains(&text.len()) && text.chars().all(is_inner) && ![".", ".."].contains(&text)
}

/// The Secret that keeps what a rule generates for a resource, from the ScoreResource's name.
#[must_use]
pub fn generated_secret(resource: &str) -> String {
    truncate_hash(&format!("{resource}-generated"), LABEL_MAX)
}

/// The Service that names the pods of a StatefulSet, from the workload's name (W02). A Service begins with a
/// letter, a workload may begin with a digit (S03).
#[must_use]
pub fn headless_service(workload: &str) -> String {
    let letter = workload.starts_with(|c: char| c.is_ascii_lowercase());
    truncate_hash(&format!("{}{workload}-headless-svc", if letter { "" } else { "svc-" }), LABEL_MAX)
}

/// The Secret that holds the texts with secret parts that a resource offers, from the ScoreResource's name.
#[must_use]
pub fn composed_secret(resource: &str) -> String {
    truncate_hash(&format!("{resource}-composed"), LABEL_MAX)
}

/// The claim that a resource keeps for its consumers that are no StatefulSet (L02).
#[must_use]
pub fn claim(resource: &ResourceUid) -> String {
    resource.object_name()
}

/// The first ten hexadecimal digits of the SHA-256 of a text, as score-k8s names files and volumes (F01).
#[must_use]
pub fn file_hash(text: &str) -> String {
    hash(text, 5)
}

/// The first sixteen hexadecimal digits of the SHA-256 of texts, which is another where a border between
/// two of them moves.
#[must_use]
pub fn digest(parts: &[Vec<u8>]) -> String {
    let mut all = Sha256::new();
    for part in parts {
        all.update((part.len() as u64).to_be_bytes());
        all.update(part);
    }
    hex(&all.finalize(), 8)
}

/// The identity of the shared part of a rule: one instance per rule and namespace.
#[must_use]
pub fn shared_uid(type_: &str, rule: &str) -> ResourceUid {
    ResourceUid { type_: type_.to_owned(), class: SHARED_CLASS.to_owned(), id: rule.to_owned() }
}

/// Class of the shared part of a rule. No Score file can name it: a class has two characters or more
/// and none of them is a dot.
pub const SHARED_CLASS: &str = ".shared";

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(type_: &str, id: &str) -> ResourceUid {
        ResourceUid { type_: type_.into(), class: "default".into(), id: id.into() }
    }

    #[test]
    fn a_long_name_is_cut_with_a_hash_and_a_short_one_kept() {
        assert_eq!(truncate_hash("short", 63), "short");
        let (a, b) = ("a".repeat(64), "a".repeat(65));
        assert_eq!(truncate_hash(&a, 63).len(), 63);
        assert_ne!(truncate_hash(&a, 63), truncate_hash(&b, 63));
    }

    #[test]
    fn names_of_objects_stay_out_of_the_path_of_a_url() {
        for good in ["a", "a-b.c", "0"] {
            assert!(is_object_name(good), "{good}");
        }
        for bad in ["", "a/b", "a%2Fb", "x?force=true", "has space", "A", "-a", "a.", &"a".repeat(254)] {
            assert!(!is_object_name(bad), "{bad}");
        }
    }

    #[test]
    fn w02_s03_a_headless_service_begins_with_a_letter_and_fits() {
        assert_eq!(headless_service("web"), "web-headless-svc");
        assert_eq!(headless_service("1a"), "svc-1a-headless-svc");
        assert_eq!(headless_service(&"9".repeat(63)).len(), LABEL_MAX);
    }

    #[test]
    fn w12_secrets_of_a_resource_have_names_of_their_own() {
        let name = uid("postgres", &"x".repeat(63)).object_name();
        let names = [name.clone(), generated_secret(&name), composed_secret(&name), composed_secret("a")];
        assert!(names.iter().all(|name| name.len() <= LABEL_MAX && is_object_name(name)), "{names:?}");
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        assert_eq!(composed_secret("a"), "a-composed");
    }

    #[test]
    fn a_uid_is_read_as_it_is_written() {
        for uid in [uid("postgres", "a.b"), shared_uid("sqs", "sqs"), uid("A-b", "x")] {
            assert_eq!(ResourceUid::parse(&uid.to_string()), Some(uid));
        }
        assert_eq!(ResourceUid::parse("nonsense"), None);
    }

    #[test]
    fn object_names_are_labels_and_differ_where_uids_differ() {
        let names = [
            uid("postgres", "a.b"),
            uid("postgres", "a-b"),
            uid("Postgres", "a.b"),
            uid("postgres", &"x".repeat(63)),
        ]
        .map(|uid| uid.object_name());
        for name in &names {
            assert!(name.len() <= LABEL_MAX, "{name}");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        }
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
    }
}
