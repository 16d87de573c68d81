//! A problem with its place in a file.

use std::collections::HashMap;

use super::yaml::{Key, Node, Place, Trouble, Value};
use crate::api::conditions::{Reason, cut};
use crate::plan::problem::Problem;
use crate::plan::schema::below;

/// How much of a path is looked at, in bytes.
const PATH_MAX: usize = 4096;

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
    /// Whether the file holds other documents, too, so that its name alone does not say which of them is meant.
    pub is_among: bool,
}

impl Finding {
    /// A problem with a document of a file.
    #[must_use]
    pub fn new(file: &str, places: &Places, problem: Problem) -> Self {
        let place = places.at(&problem.path);
        Self { file: file.to_owned(), place, problem, excerpt: String::new(), is_among: places.is_among }
    }

    /// A problem of which nobody knows the line.
    #[must_use]
    pub fn unplaced(file: &str, problem: Problem) -> Self {
        Self { file: file.to_owned(), place: None, problem, excerpt: String::new(), is_among: false }
    }

    /// What keeps a file from being YAML.
    #[must_use]
    pub fn broken(file: &str, trouble: Trouble) -> Self {
        let problem = Problem::new("", Reason::InvalidScore, format!("not valid YAML: {trouble}"));
        // What is wrong tells the line.
        let (place, excerpt) = (Some(trouble.place), trouble.excerpt);
        Self { file: file.to_owned(), place, problem, excerpt, is_among: false }
    }

    /// The same of a file that holds rules or their tests, and no Score file.
    #[must_use]
    pub fn of_rules(mut self) -> Self {
        self.problem.reason = Reason::InvalidRule;
        self
    }
}

/// Where the parts of a document stand, by the paths of problems. Made once, as a file may have as many problems as
/// lines.
#[derive(Debug, Default)]
pub struct Places {
    place: Option<Place>,
    /// From the rest of a path to one of `children`: some paths have a dot even where the key is no plain word.
    forms: HashMap<String, usize>,
    children: Vec<Places>,
    is_among: bool,
}

impl Places {
    /// The places in a document.
    #[must_use]
    pub fn of(document: &Node) -> Self {
        let mut places = Self { place: document.place, ..Self::default() };
        match &document.value {
            Value::Map(entries) => entries.iter().for_each(|(key, child)| places.entry(key, child)),
            Value::List(items) => items.iter().enumerate().for_each(|(index, item)| {
                places.child([format!("[{index}]")], Self::of(item));
            }),
            _ => {}
        }
        places
    }

    /// The same, of a file that holds that many documents.
    #[must_use]
    pub fn in_file_of(self, documents: usize) -> Self {
        Self { is_among: documents > 1, ..self }
    }

    fn entry(&mut self, key: &Key, child: &Node) {
        let mut below_it = Self::of(child);
        below_it.place = key.place.or(below_it.place);
        // Below a parent, so that the dot before a plain word is there.
        let form = below("x", &key.text).split_off(1);
        self.child([form, format!(".{}", key.text)], below_it);
    }

    fn child<const N: usize>(&mut self, forms: [String; N], child: Self) {
        self.forms.extend(forms.map(|form| (form, self.children.len())));
        self.children.push(child);
    }

    /// Where a path leads: to the key or item, or to the nearest one above that is there.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<Place> {
        // Each dot in it is a place where a key may end.
        let path = &cut(path.to_owned(), PATH_MAX);
        if path.is_empty() || path.starts_with(['.', '[']) {
            return self.below(path);
        }
        self.below(&format!(".{path}"))
    }

    fn below(&self, path: &str) -> Option<Place> {
        let ends = path.char_indices().skip(1).filter(|(_, c)| matches!(c, '.' | '[')).map(|(at, _)| at);
        let ends: Vec<_> = ends.chain([path.len()]).collect();
        let longest = ends.into_iter().rev().find_map(|end| Some((end, *self.forms.get(path.get(..end)?)?)));
        let Some((end, index)) = longest else { return self.place };
        self.children.get(index).and_then(|child| child.below(path.get(end..)?)).or(self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::yaml::read;

    #[test]
    fn a_path_leads_to_its_line() {
        let text = "containers:\n  web:\n    variables:\n      A: x\n      A.B: y\n    files:\n      /x:\n        mode: 5\n    args:\n    - one\n    - two\n";
        let places = Places::of(&read(text).expect("YAML").remove(0));
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
            assert_eq!(places.at(path).map(|place| place.line), Some(line), "{path}");
        }
    }

    #[test]
    fn as_many_problems_as_lines_are_placed_at_once() {
        let lines: Vec<_> = (0..50_000).map(|number| format!("  K{number}: {number}\n")).collect();
        let lines = lines.concat();
        let places = Places::of(&read(&format!("variables:\n{lines}")).expect("YAML").remove(0));
        for number in 0..50_000 {
            let found = places.at(&format!("variables.K{number}"));
            assert_eq!(found.map(|place| place.line), Some(number + 2));
        }
    }
}
