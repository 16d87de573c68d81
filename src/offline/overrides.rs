//! What is changed in a Score file from outside: another file that is merged into it, or single properties
//! (E10). Applied to the file as it was written: before the upgrade of old forms and before validation.

use super::yaml::{self, Node, Value};

/// One property to change: `containers.web.variables.PORT="80"`.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// As it was given, for messages.
    given: String,
    path: Vec<String>,
    /// `None` takes the property out.
    value: Option<Node>,
}

impl std::str::FromStr for Property {
    type Err = String;

    /// Reads `PATH=VALUE`: a path of keys with dots between them (`\.` is a dot in a key, `\\` a backslash), and a
    /// value in YAML. No value, or `null`, takes the property out.
    ///
    /// # Errors
    /// What is wrong with it and how to write it.
    fn from_str(given: &str) -> Result<Self, String> {
        let Some((path, value)) = given.split_once('=') else {
            return Err(
                "expected PATH=VALUE, such as metadata.name=shop; `PATH=` takes the property out".to_owned()
            );
        };
        let path = segments(path);
        if path.iter().any(String::is_empty) {
            return Err("the path has an empty part, expected keys with single dots between them".to_owned());
        }
        Ok(Self { given: given.to_owned(), path, value: parse(value)? })
    }
}

impl Property {
    /// Changes the property in a document.
    ///
    /// # Errors
    /// Where the path leads through what is neither map nor list, or to an item that a list does not have.
    pub fn apply(&self, document: &mut Node) -> Result<(), String> {
        let result = write(document, &self.path, self.value.as_ref(), &mut Vec::new());
        result.map_err(|message| format!("--override-property '{}': {message}", self.given))
    }
}

/// Merges a file of overrides into a document: maps are merged, all else is replaced. An empty map changes
/// nothing of another map; a null is a value, and does not take anything out.
pub fn merge(document: &mut Node, overrides: Node) {
    let Value::Map(entries) = overrides.value else { return };
    for (key, value) in entries {
        match document.get_mut(&key.text) {
            Some(old) if is_map(old) && is_map(&value) => merge(old, value),
            _ => document.set(&key.text, value),
        }
    }
}

fn is_map(node: &Node) -> bool {
    matches!(node.value, Value::Map(_))
}

/// The keys of a path.
fn segments(path: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut chars = path.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = (c == '\\').then(|| chars.next_if(|next| matches!(next, '.' | '\\'))).flatten();
        match (c, segments.last_mut()) {
            ('.', _) => segments.push(String::new()),
            (c, Some(last)) => last.push(escaped.unwrap_or(c)),
            (_, None) => {}
        }
    }
    segments
}

/// A value in YAML; `None` where there is none.
fn parse(text: &str) -> Result<Option<Node>, String> {
    if text.trim_start().starts_with('#') {
        return Err(format!(
            "the value {text:?} is a comment in YAML: put it in quotes, as in PATH='{text:?}'"
        ));
    }
    match yaml::read(text) {
        Ok(documents) if documents.len() > 1 => {
            Err("the value holds several YAML documents, expected one".to_owned())
        }
        Ok(mut documents) => Ok(documents.pop()),
        Err(troubles) => {
            let lines: Vec<_> =
                troubles.iter().map(|trouble| format!("{trouble}\n{}", trouble.excerpt)).collect();
            Err(format!("the value is not valid YAML: {}", lines.join("\n")))
        }
    }
}

/// Writes `value` at `path` below `node`; `walked` is the path to `node`.
fn write<'a>(
    node: &mut Node,
    path: &'a [String],
    value: Option<&Node>,
    walked: &mut Vec<&'a str>,
) -> Result<(), String> {
    let Some((key, rest)) = path.split_first() else { return Ok(()) };
    let here = walked.join(".");
    walked.push(key);
    match &mut node.value {
        Value::Map(_) if rest.is_empty() => {
            write_key(node, key, value);
            Ok(())
        }
        Value::Map(_) => {
            if node.get(key).is_none() {
                node.set(key, Node::map([]));
            }
            node.get_mut(key).map_or(Ok(()), |next| write(next, rest, value, walked))
        }
        Value::List(items) if rest.is_empty() => write_item(items, key, value, &here),
        Value::List(items) => {
            let index = index(items, key, &here)?;
            items.get_mut(index).map_or(Ok(()), |next| write(next, rest, value, walked))
        }
        _ => Err(format!("`{here}` is neither a map nor a list, so that it has no `{key}`")),
    }
}

fn write_key(map: &mut Node, key: &str, value: Option<&Node>) {
    match value {
        Some(value) => map.set(key, value.clone()),
        None => drop(map.remove(key)),
    }
}

fn write_item(items: &mut Vec<Node>, key: &str, value: Option<&Node>, here: &str) -> Result<(), String> {
    match value {
        Some(value) if key == "-1" => items.push(value.clone()),
        Some(value) => {
            let index = index(items, key, here)?;
            items[index].replace(value.clone());
        }
        None => {
            items.remove(index(items, key, here)?);
        }
    }
    Ok(())
}

/// The index of an item that is there.
fn index(items: &[Node], key: &str, here: &str) -> Result<usize, String> {
    let expected = match items.len() {
        0 => "it is empty".to_owned(),
        length => format!("it has the items 0 to {}", length - 1),
    };
    let found = key.parse::<usize>().ok().filter(|index| *index < items.len());
    found.ok_or_else(|| {
        format!("the list `{here}` has no item `{key}`: {expected}; -1 at the end of a path appends")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Node {
        yaml::read(text).expect(text).pop().unwrap_or_else(|| Node::map([]))
    }

    fn property(given: &str, before: &str) -> Result<Node, String> {
        let mut node = document(before);
        given.parse::<Property>()?.apply(&mut node)?;
        Ok(node)
    }

    #[test]
    fn e10_a_property_is_set_taken_out_or_appended() {
        for (given, before, after) in [
            ("a.b=hello", "{}", "{a: {b: hello}}"),
            ("a.b=1", "{a: {b: x, c: y}}", "{a: {b: 1, c: y}}"),
            ("a=\"1\"", "{a: 2}", "{a: '1'}"),
            ("a=[x, {y: 1}]", "{a: 2}", "{a: [x, {y: 1}]}"),
            ("a=b=c", "{}", "{a: b=c}"),
            ("a=yes", "{}", "{a: 'yes'}"),
            ("a.b=", "{a: {b: 1, c: 2}}", "{a: {c: 2}}"),
            ("a.b=null", "{a: {b: 1, c: 2}}", "{a: {c: 2}}"),
            ("a.b=", "{a: {c: 2}}", "{a: {c: 2}}"),
            ("a.b=", "{}", "{a: {}}"),
            ("a.1=z", "{a: [x, y]}", "{a: [x, z]}"),
            ("a.1=", "{a: [x, y, z]}", "{a: [x, z]}"),
            ("a.-1=z", "{a: [x]}", "{a: [x, z]}"),
            ("a.-1=z", "{a: []}", "{a: [z]}"),
            ("a.0.c=hello", "{a: [{}]}", "{a: [{c: hello}]}"),
            ("a.0.-1=x", "{a: [[0]]}", "{a: [[0, x]]}"),
            ("a.0=x", "{a: {}}", "{a: {'0': x}}"),
            (r"a.x\.y/z=1", "{}", "{a: {x.y/z: 1}}"),
            (r"a.b\\.c=1", "{}", r"{a: {'b\': {c: 1}}}"),
            (r"a.b\c=1", "{}", r"{a: {'b\c': 1}}"),
        ] {
            assert_eq!(property(given, before), Ok(document(after)), "{given} on {before}");
        }
    }

    #[test]
    fn e10_a_property_that_cannot_be_set_says_why() {
        for (given, before, message) in [
            ("a", "{}", "expected PATH=VALUE"),
            ("=x", "{}", "empty part"),
            ("a..b=x", "{}", "empty part"),
            ("a.5=x", "{a: [0, 1]}", "the list `a` has no item `5`: it has the items 0 to 1; -1"),
            ("a.b=x", "{a: []}", "the list `a` has no item `b`: it is empty"),
            ("a.-1=", "{a: [0]}", "has no item `-1`"),
            ("a.-1.b=x", "{a: [{}]}", "has no item `-1`"),
            ("a.b.c=x", "{a: {b: 1}}", "`a.b` is neither a map nor a list"),
            ("a=[x", "{}", "not valid YAML: line 1"),
            ("a=#fff", "{}", "is a comment"),
            ("a=1\n---\n2", "{}", "several YAML documents"),
        ] {
            let found = property(given, before).expect_err(given);
            assert!(found.contains(message), "{given}: {found}");
        }
    }

    #[test]
    fn e10_a_file_is_merged_map_by_map() {
        for (before, overrides, after) in [
            ("{a: 1, b: 2}", "{b: 3, c: 4}", "{a: 1, b: 3, c: 4}"),
            ("{a: {b: [1, 2], c: 3}}", "{a: {b: [9]}}", "{a: {b: [9], c: 3}}"),
            ("{a: {b: x}, l: [1], t: x}", "{a: {}, l: [], t: ''}", "{a: {b: x}, l: [], t: ''}"),
            ("{a: {b: x}}", "{a: null}", "{a: null}"),
            ("{a: {b: x}}", "{a: {b: null}}", "{a: {b: null}}"),
            ("{a: x}", "{a: {b: 1}}", "{a: {b: 1}}"),
            ("{a: {b: 1}}", "{a: x}", "{a: x}"),
            ("{a: [1]}", "{a: {}}", "{a: {}}"),
            ("{}", "{a: {}}", "{a: {}}"),
            ("{a: 1}", "", "{a: 1}"),
        ] {
            let mut node = document(before);
            merge(&mut node, document(overrides));
            assert_eq!(node, document(after), "{overrides} on {before}");
        }
    }
}
