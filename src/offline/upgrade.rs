//! The deprecated forms of a Score file, in the form that Score has now and that a ScoreWorkload takes (S20).

use super::yaml::{Key, Node, Value};
use crate::api::conditions::Reason;
use crate::plan::problem::Problem;
use crate::plan::schema::below;

/// Turns lists of files and volumes into maps by `target`, a `content` of lines into text, and `read_only` into
/// `readOnly`. Of equal targets the last one wins, where the first one stood. What has no such form stays as it
/// is: the schema judges it.
///
/// Gives what cannot be upgraded: entries without a `target`, and lines that are no text.
pub fn upgrade(score: &mut Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let containers = score.get_mut("containers").and_then(Node::entries_mut);
    for (name, container) in containers.into_iter().flatten() {
        let path = below("containers", &name.text);
        for (key, change) in [("files", file as Change), ("volumes", volume)] {
            if let Some(node) = container.get_mut(key) {
                keyed(node, change, &below(&path, key), &mut problems);
            }
        }
    }
    problems
}

/// What is changed within an entry at a path.
type Change = fn(&mut Node, &str) -> Vec<Problem>;

/// A list as a map by `target`.
fn keyed(node: &mut Node, change: Change, path: &str, problems: &mut Vec<Problem>) {
    let Value::List(items) = &mut node.value else { return };
    let mut map = Node::map([]);
    for (index, mut item) in std::mem::take(items).into_iter().enumerate() {
        let path = format!("{path}[{index}]");
        problems.extend(change(&mut item, &path));
        match target(&mut item, &path) {
            Ok(target) => insert(&mut map, target, item),
            Err(problem) => problems.push(problem),
        }
    }
    node.value = map.value;
}

/// Takes the target out of an entry; comments about it go to the entry.
fn target(item: &mut Node, path: &str) -> Result<Key, Problem> {
    let found = item.remove("target");
    let Some(Value::Text(text)) = found.as_ref().map(|target| target.value.clone()) else {
        let what = match (&item.value, &found) {
            (Value::Map(_), None) => "is missing",
            (Value::Map(_), Some(_)) => "is no text",
            _ => return Err(problem(path, "is no map, expected one with a `target`".to_owned())),
        };
        let message = format!("{what}: write the path in the container, as in `target: /etc/app.conf`");
        return Err(problem(&below(path, "target"), message));
    };
    let notes = found.map(|target| target.notes).unwrap_or_default();
    item.notes.above.extend(notes.above.into_iter().chain(notes.right));
    Ok(Key { text, place: item.place })
}

fn insert(map: &mut Node, key: Key, item: Node) {
    let Some(entries) = map.entries_mut() else { return };
    match entries.iter_mut().find(|(found, _)| found.text == key.text) {
        Some(entry) => *entry = (key, item),
        None => entries.push((key, item)),
    }
}

fn file(file: &mut Node, path: &str) -> Vec<Problem> {
    let Some(content) = file.get_mut("content") else { return Vec::new() };
    let Value::List(items) = &content.value else { return Vec::new() };
    let lines: Vec<_> = items.iter().map(Node::text).collect();
    if let Some(index) = lines.iter().position(Option::is_none) {
        let path = format!("{}[{index}]", below(path, "content"));
        return vec![problem(&path, "is no text, expected a line of the file: put it in quotes".to_owned())];
    }
    let text = lines.into_iter().flatten().collect::<Vec<_>>().join("\n");
    content.replace(Value::Text(text).into());
    Vec::new()
}

fn volume(volume: &mut Node, _path: &str) -> Vec<Problem> {
    let is_new = volume.get("readOnly").is_some();
    let keys = volume.entries_mut().into_iter().flatten().map(|(key, _)| key);
    let old = keys.filter(|key| key.text == "read_only" && !is_new);
    old.for_each(|key| "readOnly".clone_into(&mut key.text));
    Vec::new()
}

fn problem(path: &str, message: String) -> Problem {
    Problem::new(path, Reason::InvalidScore, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::yaml;

    fn container(text: &str) -> Node {
        let text = format!("containers: {{web: {text}}}");
        yaml::read(&text).expect(&text).remove(0)
    }

    #[test]
    fn s20_lists_become_maps() {
        for (before, after) in [
            (
                "{files: [{target: /a, content: x, mode: '0600'}, {target: /b, content: y}]}",
                "{files: {/a: {content: x, mode: '0600'}, /b: {content: y}}}",
            ),
            (
                "{files: [{target: /a, content: [one, two, '']}]}",
                "{files: {/a: {content: \"one\\ntwo\\n\"}}}",
            ),
            ("{files: [{target: /a, content: []}]}", "{files: {/a: {content: ''}}}"),
            (
                "{files: [{target: /a, content: 1st}, {target: /b, content: b}, {target: /a, content: 2nd}]}",
                "{files: {/a: {content: 2nd}, /b: {content: b}}}",
            ),
            (
                "{volumes: [{target: /v, source: s, path: p, read_only: true}]}",
                "{volumes: {/v: {source: s, path: p, readOnly: true}}}",
            ),
            ("{files: [], volumes: []}", "{files: {}, volumes: {}}"),
            (
                "{files: {/a: {content: x}}, volumes: {/v: {source: s}}}",
                "{files: {/a: {content: x}}, volumes: {/v: {source: s}}}",
            ),
            // What only the lists had is not taken in maps.
            (
                "{files: {/a: {content: [x]}}, volumes: {/v: {source: s, read_only: true}}}",
                "{files: {/a: {content: [x]}}, volumes: {/v: {source: s, read_only: true}}}",
            ),
            (
                "{volumes: [{target: /v, source: s, read_only: true, readOnly: false}]}",
                "{volumes: {/v: {source: s, read_only: true, readOnly: false}}}",
            ),
            ("{files: x}", "{files: x}"),
            ("[]", "[]"),
        ] {
            let mut found = container(before);
            assert_eq!(upgrade(&mut found), [], "{before}");
            assert_eq!(found, container(after), "{before}");
        }
    }

    #[test]
    fn s20_what_cannot_be_upgraded_is_a_problem() {
        for (before, path, message) in [
            ("{files: [{content: x}]}", "containers.web.files[0].target", "is missing"),
            (
                "{files: [{target: /a, content: x}, {target: 5, content: x}]}",
                "containers.web.files[1].target",
                "is no text",
            ),
            ("{volumes: [{source: x}]}", "containers.web.volumes[0].target", "is missing"),
            ("{files: [text]}", "containers.web.files[0]", "is no map"),
            (
                "{files: [{target: /a, content: [x, 5]}]}",
                "containers.web.files[0].content[1]",
                "put it in quotes",
            ),
        ] {
            let found = upgrade(&mut container(before));
            assert_eq!(found.len(), 1, "{before}: {found:?}");
            assert_eq!(found[0].path, path, "{before}");
            assert!(found[0].message.contains(message), "{before}: {found:?}");
        }
        let all = upgrade(&mut container("{files: [{content: x}, 5], volumes: [{source: y}]}"));
        assert_eq!(all.len(), 3, "all at once: {all:?}");
    }
}
