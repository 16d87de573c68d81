//! A problem with its place in a file.

use super::yaml::{Key, Node, Place, Trouble, Value};
use crate::api::conditions::Reason;
use crate::plan::problem::Problem;
use crate::plan::schema::below;

/// Something that is wrong with a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The file, as the user named it.
    pub file: String,
    /// Where in it, as far as that is known.
    pub place: Option<Place>,
    /// What.
    pub problem: Problem,
    /// The line with a caret below it, where the file is not valid YAML; else empty.
    pub excerpt: String,
}

impl Finding {
    /// A problem with a document of a file.
    #[must_use]
    pub fn new(file: &str, document: &Node, problem: Problem) -> Self {
        let place = locate(document, &problem.path);
        Self { file: file.to_owned(), place, problem, excerpt: String::new() }
    }

    /// A problem of which nobody knows the line.
    #[must_use]
    pub fn unplaced(file: &str, problem: Problem) -> Self {
        Self { file: file.to_owned(), place: None, problem, excerpt: String::new() }
    }

    /// What keeps a file from being YAML.
    #[must_use]
    pub fn broken(file: &str, trouble: Trouble) -> Self {
        let problem = Problem::new("", Reason::InvalidScore, format!("not valid YAML: {trouble}"));
        Self { file: file.to_owned(), place: Some(trouble.place), problem, excerpt: trouble.excerpt }
    }
}

/// Where a path of a problem leads in a document: to the key or item, or to the nearest one above that is there.
#[must_use]
pub fn locate(document: &Node, path: &str) -> Option<Place> {
    walk(document, "", path).or(document.place)
}

fn walk(node: &Node, here: &str, path: &str) -> Option<Place> {
    match &node.value {
        Value::Map(entries) => {
            let forms = |(key, child)| forms(here, key).map(|form| (form, key, child));
            let through = entries.iter().flat_map(|(key, child)| forms((key, child)));
            let through = through.filter(|(form, ..)| leads(form, path));
            let (next, key, child) = through.max_by_key(|(form, ..)| form.len())?;
            walk(child, &next, path).or(key.place).or(child.place)
        }
        Value::List(items) => items.iter().enumerate().find_map(|(index, child)| {
            let next = format!("{here}[{index}]");
            leads(&next, path).then(|| walk(child, &next, path).or(child.place)).flatten()
        }),
        _ => None,
    }
}

/// How a path to an entry may be written: some have a dot even where the key is no plain word.
fn forms(here: &str, key: &Key) -> [String; 2] {
    [below(here, &key.text), format!("{here}.{}", key.text)]
}

/// Whether a path goes through a place.
fn leads(place: &str, path: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::yaml::read;

    #[test]
    fn a_path_leads_to_its_line() {
        let text = "containers:\n  web:\n    variables:\n      A: x\n      A.B: y\n    files:\n      /x:\n        mode: 5\n    args:\n    - one\n    - two\n";
        let document = read(text).expect("YAML").remove(0);
        for (path, line) in [
            ("containers", 1),
            ("containers.web", 2),
            ("containers.web.image", 2),
            ("containers.web.variables.A", 4),
            ("containers.web.variables.A.B", 5),
            ("containers.web.variables[\"A.B\"]", 5),
            ("containers.web.files[\"/x\"].mode", 8),
            ("containers.web.files[\"/x\"].source", 7),
            ("containers.web.args[1]", 11),
            ("containers.web.args[7]", 9),
            ("containers.webs", 1),
            ("service.ports", 1),
            ("", 1),
        ] {
            assert_eq!(locate(&document, path).map(|place| place.line), Some(line), "{path}");
        }
    }
}
