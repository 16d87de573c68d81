//! From a JSON tree to a [`Node`], with all its errors at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::chain::Name;
use super::error::TemplateError;
use super::expression::Compiled;
use super::limits::{JSON_DEPTH, STRING_BYTES};
use super::node::{Branch, Leaf, Node, Piece};
use super::path;
use super::token::scan_braced;

const EACH: &str = "$each";
const DO: &str = "$do";
/// The variables of a loop.
const LOOP_NAMES: [&str; 2] = ["item", "index"];

/// The state of one compilation.
#[derive(Default)]
pub(super) struct Compiler {
    errors: Vec<TemplateError>,
    leaves: Vec<Leaf>,
    /// The same expression is compiled once for the whole tree.
    compiled: BTreeMap<String, Arc<Compiled>>,
    /// The keys from the root to here.
    keys: Vec<String>,
    /// For each open `$each`, what its list is made of.
    loops: Vec<Vec<Vec<String>>>,
}

impl Compiler {
    pub(super) fn compile(json: &Json, path: &str) -> Result<Node, Vec<TemplateError>> {
        let mut compiler = Self::default();
        let tree = compiler.branch(json, path);
        if compiler.errors.is_empty() {
            Ok(Node { path: path.to_owned(), tree, leaves: compiler.leaves })
        } else {
            Err(compiler.errors)
        }
    }

    /// Notes an error, and stands a null in for what is wrong.
    fn error(&mut self, path: &str, message: impl Into<String>) -> Branch {
        self.errors.push(TemplateError::new(path, message));
        Branch::Constant(Json::Null)
    }

    fn branch(&mut self, json: &Json, at: &str) -> Branch {
        if self.keys.len() > JSON_DEPTH {
            return self.error(at, format!("nests deeper than {JSON_DEPTH}"));
        }
        match json {
            Json::String(text) => self.leaf(text, at),
            Json::Array(items) => self.list(items, at),
            Json::Object(map) if map.contains_key(EACH) || map.contains_key(DO) => self.each(map, at),
            Json::Object(map) => self.map(map, at),
            scalar => Branch::Constant(scalar.clone()),
        }
    }

    /// The branch of a child.
    fn child(&mut self, key: &str, json: &Json, at: &str) -> Branch {
        self.keys.push(key.to_owned());
        let branch = self.branch(json, at);
        self.keys.pop();
        branch
    }

    fn list(&mut self, items: &[Json], at: &str) -> Branch {
        let branches: Vec<Branch> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.child(&index.to_string(), item, &path::of_index(at, index)))
            .collect();
        if branches.iter().all(|branch| matches!(branch, Branch::Constant(_))) {
            return Branch::Constant(Json::Array(items.to_vec()));
        }
        Branch::List { items: branches }
    }

    fn map(&mut self, map: &Map<String, Json>, at: &str) -> Branch {
        let mut entries = Vec::new();
        for (key, value) in map {
            let here = path::of_key(at, key);
            if key.contains("{{") {
                self.error(
                    &here,
                    "keys are not evaluated: write a constant key, or make the map by one expression",
                );
            }
            entries.push((key.clone(), self.child(key, value, &here)));
        }
        if entries.iter().all(|(_, branch)| matches!(branch, Branch::Constant(_))) {
            return Branch::Constant(Json::Object(map.clone()));
        }
        Branch::Map { path: at.to_owned(), entries }
    }

    fn each(&mut self, map: &Map<String, Json>, at: &str) -> Branch {
        let (Some(list), Some(body), 2) = (map.get(EACH), map.get(DO), map.len()) else {
            return self.error(at, "a loop is a map of `$each` and `$do`, and nothing else");
        };
        let list_at = path::of_key(at, EACH);
        self.keys.push(EACH.to_owned());
        let list = self.each_list(list, &list_at);
        self.keys.pop();
        let names = self.leaves.last().filter(|leaf| leaf.path == list_at).map(|leaf| leaf.names.clone());
        self.loops.push(names.unwrap_or_default());
        let body = self.child(DO, body, &path::of_key(at, DO));
        self.loops.pop();
        match list {
            Some(list) => Branch::Each { path: list_at, list, body: Box::new(body) },
            None => Branch::Constant(Json::Null),
        }
    }

    fn each_list(&mut self, list: &Json, at: &str) -> Option<Arc<Compiled>> {
        if let Some(Branch::Expression { expression, .. }) = list.as_str().map(|text| self.leaf(text, at)) {
            return Some(expression);
        }
        // An error of the text itself says more.
        if self.errors.last().is_none_or(|error| error.path != at) {
            self.error(at, "expected exactly one expression, such as `{{ params.queues }}`");
        }
        None
    }

    fn leaf(&mut self, text: &str, at: &str) -> Branch {
        if text.len() > STRING_BYTES {
            return self.error(at, format!("the text is longer than {} KiB", STRING_BYTES / 1024));
        }
        match self.pieces(text) {
            Err(message) => self.error(at, message),
            Ok(pieces) => self.assemble(text, pieces, at),
        }
    }

    fn assemble(&mut self, text: &str, mut pieces: Vec<Piece>, at: &str) -> Branch {
        if !pieces.iter().any(|piece| matches!(piece, Piece::Expression(_))) {
            return Branch::Constant(text.into());
        }
        self.note(&pieces, at);
        let path = at.to_owned();
        match (pieces.len(), pieces.pop()) {
            (1, Some(Piece::Expression(expression))) => Branch::Expression { path, expression },
            (_, last) => {
                pieces.extend(last);
                Branch::Text { path, pieces }
            }
        }
    }

    /// Splits a leaf into its texts and expressions.
    fn pieces(&mut self, text: &str) -> Result<Vec<Piece>, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        let mut braces = Braces::default();
        while let Some(open) = rest.find("{{") {
            literal(&mut pieces, &mut braces, &rest[..open])?;
            let scanned = scan_braced(&rest[open + 2..])?;
            pieces.push(Piece::Expression(self.intern(&scanned)?));
            rest = scanned.rest;
        }
        if pieces.is_empty() {
            no_statements(rest)?;
            return Ok(pieces);
        }
        literal(&mut pieces, &mut braces, rest)?;
        Ok(pieces)
    }

    fn intern(&mut self, scanned: &super::token::Scanned) -> Result<Arc<Compiled>, String> {
        if let Some(compiled) = self.compiled.get(scanned.source) {
            return Ok(compiled.clone());
        }
        let compiled = Arc::new(Compiled::new(scanned)?);
        self.compiled.insert(scanned.source.to_owned(), compiled.clone());
        Ok(compiled)
    }

    /// Keeps what the floors above ask about a leaf.
    fn note(&mut self, pieces: &[Piece], at: &str) {
        let expressions = || {
            pieces.iter().filter_map(|piece| match piece {
                Piece::Expression(expression) => Some(expression.facts()),
                Piece::Literal(_) => None,
            })
        };
        let names = |with: fn(&Name) -> bool| -> Vec<Vec<String>> {
            let named = expressions().flat_map(|facts| &facts.names).filter(|name| with(name));
            let found: BTreeSet<_> = named.flat_map(|name| self.free(&name.path)).collect();
            found.into_iter().collect()
        };
        let (all, exposed) = (names(|_| true), names(|name| !name.covered));
        let native = pieces.len() == 1;
        self.leaves.push(Leaf {
            path: at.to_owned(),
            keys: self.keys.clone(),
            names: all,
            exposed,
            functions: expressions().flat_map(|facts| facts.functions.clone()).collect(),
            outer_filter: expressions()
                .next()
                .filter(|_| native)
                .and_then(|facts| facts.outer_filter.clone()),
            native,
        });
    }

    /// The name itself, or for a loop's variable the names that the loop runs over. `item` is the innermost loop's, and may
    /// itself come from an outer one: that one's names are part of the inner's.
    fn free(&self, path: &[String]) -> Vec<Vec<String>> {
        match self.loops.last() {
            Some(names) if path.first().is_some_and(|root| LOOP_NAMES.contains(&root.as_str())) => {
                names.clone()
            }
            _ => vec![path.to_vec()],
        }
    }
}

/// Adds the text between expressions, where there is any.
fn literal(pieces: &mut Vec<Piece>, braces: &mut Braces, text: &str) -> Result<(), String> {
    no_statements(text)?;
    braces.read(text)?;
    if !text.is_empty() {
        pieces.push(Piece::Literal(text.to_owned()));
    }
    Ok(())
}

/// Refuses `{% … %}` and `{# … #}`.
fn no_statements(text: &str) -> Result<(), String> {
    for (open, close, what) in [("{%", "%}", "statements"), ("{#", "#}", "comments")] {
        if text.find(open).is_some_and(|at| text[at + 2..].contains(close)) {
            return Err(format!(
                "`{open} {close}`: rules have no {what}; write `{{{{ '{open}' }}}}` for the text itself, and loops as `$each` and `$do`"
            ));
        }
    }
    Ok(())
}

/// Finds a `}}` in text that closes nothing: with an expression around, it is a slip; in JSON that is written as text it is not.
#[derive(Default)]
struct Braces {
    open: usize,
}

impl Braces {
    fn read(&mut self, text: &str) -> Result<(), String> {
        let mut before = ' ';
        for c in text.chars() {
            match c {
                '{' => self.open += 1,
                '}' if self.open == 0 && before == '}' => {
                    return Err("`}}` closes nothing: remove it, or write `{{ '}}' }}` for the text itself"
                        .to_owned());
                }
                '}' => self.open = self.open.saturating_sub(1),
                _ => {}
            }
            before = c;
        }
        Ok(())
    }
}
