//! Where something stands in a JSON document, as people write it: `spec.ports[0]`, `data["a.b"]`.

/// The path of the entry `key` of the map at `parent`; an empty parent is the document itself.
#[must_use]
pub fn of_key(parent: &str, key: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$');
    match (parent, !key.is_empty() && key.chars().all(simple)) {
        ("", true) => key.to_owned(),
        (_, true) => format!("{parent}.{key}"),
        (_, false) => format!("{parent}[{key:?}]"),
    }
}

/// The path of the item number `index` of the list at `parent`.
#[must_use]
pub fn of_index(parent: &str, index: usize) -> String {
    format!("{parent}[{index}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_as_people_write_them() {
        assert_eq!(of_key("", "spec"), "spec");
        assert_eq!(of_key("spec", "$each"), "spec.$each");
        assert_eq!(of_key("metadata.labels", "app.io/name"), "metadata.labels[\"app.io/name\"]");
        assert_eq!(of_index(&of_key("", "ports"), 2), "ports[2]");
    }
}
