//! Names made of any text.

use sha2::{Digest, Sha256};

/// The hexadecimal digits of a hash in a name.
const HASH: usize = 8;
/// The shortest text that [`truncated`] can make of any other.
pub const SHORTEST: usize = HASH + 2;
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
