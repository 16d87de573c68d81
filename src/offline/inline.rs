//! Files that a Score file names become part of it: a cluster has no directory to look into (F03).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::yaml::{Node, Value};
use crate::api::conditions::Reason;
use crate::plan::problem::Problem;
use crate::plan::schema::below;

/// Reads a file that a Score file names, relative to it. The error says which file, and why it cannot be read.
pub type ReadSource<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// Puts `content` (text) or, under `noExpand`, `binaryContent` (all else) in the place of every `source` in the
/// map form; other keys stay. Placeholders in a text are filled in as in any content, unless `noExpand` is set (H08).
///
/// Gives the sources that cannot be read, and those that are no text and should be expanded (F04).
pub fn inline(score: &mut Node, read: ReadSource) -> Vec<Problem> {
    let mut problems = Vec::new();
    let containers = score.get_mut("containers").and_then(Node::entries_mut);
    for (name, container) in containers.into_iter().flatten() {
        let path = below(&below("containers", &name.text), "files");
        let files = container.get_mut("files").and_then(Node::entries_mut);
        for (target, file) in files.into_iter().flatten() {
            problems.extend(inline_file(file, &below(&path, &target.text), read).err());
        }
    }
    problems
}

fn inline_file(file: &mut Node, path: &str, read: ReadSource) -> Result<(), Problem> {
    // Two contents are refused by the schema, an empty name too.
    let has_content = file.get("content").is_some() || file.get("binaryContent").is_some();
    let source = file.get("source").and_then(Node::text).filter(|source| !source.is_empty() && !has_content);
    let Some(source) = source else { return Ok(()) };
    let problem = |message| Problem::new(below(path, "source"), Reason::InvalidScore, message);
    let bytes = read(source).map_err(problem)?;
    let is_raw = matches!(file.get("noExpand").map(|raw| &raw.value), Some(Value::Bool(true)));
    let (key, text) = match String::from_utf8(bytes) {
        Ok(text) => ("content", text),
        Err(error) if is_raw => ("binaryContent", STANDARD.encode(error.as_bytes())),
        Err(_) => return Err(problem(not_text(source))),
    };
    let entries = file.entries_mut().into_iter().flatten();
    for (found, node) in entries.filter(|(found, _)| found.text == "source") {
        key.clone_into(&mut found.text);
        node.replace(Value::Text(text.clone()).into());
    }
    Ok(())
}

fn not_text(source: &str) -> String {
    format!(
        "`{source}` is no UTF-8 text, in which placeholders could be filled in: `noExpand: true` takes its bytes as they are"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::yaml::{emit, read};

    fn source(name: &str) -> Result<Vec<u8>, String> {
        match name {
            "a.txt" => Ok(b"name=${metadata.name}\n".to_vec()),
            "empty" => Ok(Vec::new()),
            "bin" => Ok(vec![0xff, 0x00]),
            _ => Err(format!("cannot read {name}: there is no such file")),
        }
    }

    fn inlined(file: &str) -> (String, Vec<Problem>) {
        let mut score =
            read(&format!("containers: {{web: {{files: {{/x: {file}}}}}}}")).expect(file).remove(0);
        let problems = inline(&mut score, &source);
        let path = ["containers", "web", "files", "/x"];
        let file = path.iter().try_fold(&score, |node, key| node.get(key)).expect("the file");
        (emit(file), problems)
    }

    #[test]
    fn f03_a_source_becomes_content() {
        for (before, after) in [
            ("{source: a.txt}", "content: |\n  name=${metadata.name}\n"),
            (
                "{mode: '0600', source: a.txt, noExpand: true}",
                "mode: '0600'\ncontent: |\n  name=${metadata.name}\nnoExpand: true\n",
            ),
            ("{source: empty}", "{content: \"\"}\n"),
            ("{source: bin, noExpand: true}", "{binaryContent: /wA=, noExpand: true}\n"),
            ("{content: x}", "{content: x}\n"),
            // The schema refuses these.
            ("{source: ''}", "{source: ''}\n"),
            ("{source: 5}", "{source: 5}\n"),
            ("{source: a.txt, content: x}", "{source: a.txt, content: x}\n"),
        ] {
            assert_eq!(inlined(before), (after.to_owned(), Vec::new()), "{before}");
        }
    }

    #[test]
    fn f04_a_source_that_is_no_text_is_taken_only_as_it_is() {
        for file in ["{source: bin}", "{source: bin, noExpand: false}", "{source: bin, noExpand: 'true'}"] {
            let (text, problems) = inlined(file);
            assert_eq!(text, format!("{file}\n"), "{file}");
            assert_eq!(problems[0].path, "containers.web.files[\"/x\"].source");
            assert!(problems[0].message.contains("`noExpand: true`"), "{file}: {problems:?}");
        }
    }

    #[test]
    fn f03_a_source_that_is_not_there_is_a_problem_with_its_path() {
        let (text, problems) = inlined("{source: gone}");
        assert_eq!(text, "{source: gone}\n");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].path, "containers.web.files[\"/x\"].source");
        assert_eq!(problems[0].message, "cannot read gone: there is no such file");
    }
}
