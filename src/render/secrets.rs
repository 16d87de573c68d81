//! The values of the Secrets that a workload uses: what files are composed of, and what a change of them is
//! seen by. They reach the data of a Secret and nothing else; there is no way to print them.

use std::collections::{BTreeMap, BTreeSet};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::api::names::hex;
use crate::plan::patch::Read;
use crate::template::SecretRef;

/// The values by reference, and the key of the digest.
#[derive(Clone, Default)]
pub struct SecretValues {
    values: BTreeMap<SecretRef, Vec<u8>>,
    /// What pods read besides, by patches: all of a Secret, or of a ConfigMap. Nothing where it is optional and not
    /// there.
    others: BTreeMap<Read, Option<Vec<u8>>>,
    key: Option<Vec<u8>>,
}

impl SecretValues {
    /// Values that were read, and the key that their digest is made with (decision 14).
    #[must_use]
    pub fn new(values: BTreeMap<SecretRef, Vec<u8>>, key: Vec<u8>) -> Self {
        Self { values, others: BTreeMap::new(), key: Some(key) }
    }

    /// The same, and what pods read besides.
    #[must_use]
    pub fn with_others(self, others: BTreeMap<Read, Option<Vec<u8>>>) -> Self {
        Self { others, ..self }
    }

    /// The value of a reference; where nobody has read it, a text that says which one it is.
    pub(super) fn get(&self, reference: &SecretRef) -> Vec<u8> {
        let unknown = || format!("<{}/{} of the cluster>", reference.name, reference.key).into_bytes();
        self.values.get(reference).cloned().unwrap_or_else(unknown)
    }

    /// What is different for different values, and says nothing of them to whoever has no key: a plain hash
    /// would let people try passwords. `None` where nothing is referred to, or nothing was read.
    pub(super) fn digest(
        &self,
        references: &BTreeSet<&SecretRef>,
        others: &BTreeSet<Read>,
    ) -> Option<String> {
        let nothing = references.is_empty() && others.is_empty();
        let key = self.key.as_ref().filter(|_| !nothing)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        let mut add = |part: &[u8]| {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        };
        for reference in references {
            [reference.name.as_bytes(), reference.key.as_bytes(), &self.get(reference)]
                .into_iter()
                .for_each(&mut add);
        }
        for read in others {
            let value = self.others.get(read).and_then(Option::as_deref);
            let key = read.key.as_deref().unwrap_or_default();
            let there = if value.is_some() { "there" } else { "absent" };
            [read.holder.kind(), &read.name, key, there].iter().for_each(|text| add(text.as_bytes()));
            add(value.unwrap_or_default());
        }
        Some(hex(&mac.finalize().into_bytes(), 8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(name: &str, key: &str) -> SecretRef {
        SecretRef { name: name.into(), key: key.into() }
    }

    #[test]
    fn p10_a_digest_changes_with_value_key_and_reference_and_with_nothing_else() {
        let (one, two) = (reference("db", "1x"), reference("db1", "x"));
        let digest = |values: &[(&SecretRef, &str)], key: &str| {
            let known =
                values.iter().map(|(found, text)| ((*found).clone(), text.as_bytes().to_vec())).collect();
            SecretValues::new(known, key.into())
                .digest(&values.iter().map(|(found, _)| *found).collect(), &BTreeSet::new())
        };
        let first = digest(&[(&one, "a"), (&two, "b")], "k");
        assert_eq!(first, digest(&[(&two, "b"), (&one, "a")], "k"));
        for other in [
            digest(&[(&one, "a"), (&two, "c")], "k"),
            digest(&[(&one, "ab"), (&two, "")], "k"),
            digest(&[(&one, "a"), (&two, "b")], "l"),
            digest(&[(&one, "a")], "k"),
        ] {
            assert_ne!(first, other);
        }
        assert_eq!(digest(&[], "k"), None);
        assert_eq!(SecretValues::default().digest(&[&one].into(), &BTreeSet::new()), None);
    }
}
