//! One source file as text: what it uses, and how long its functions are. Comments, strings and characters
//! are blanked first, so that counting braces is enough.

/// A source file.
pub struct Source {
    /// Its path from the root of the repository.
    pub path: String,
    pub text: String,
    /// The text with comments, strings and characters blanked; lines stay where they are.
    code: String,
    /// The whole file is test code.
    pub is_test: bool,
}

/// A use of another top-level module of the crate.
#[derive(Debug, PartialEq)]
pub struct Use {
    pub module: String,
    pub line: usize,
}

/// A function with a body.
#[derive(Debug)]
pub struct Function {
    pub name: String,
    /// File, line and name.
    pub place: String,
    /// From its signature to its closing brace.
    pub lines: usize,
    pub is_test: bool,
}

impl Source {
    pub fn new(path: String, text: String) -> Self {
        Self { code: blanked(&text), path, text, is_test: false }
    }

    /// The module that the file is: `src/plan/rule/mod.rs` is `plan::rule`; `main` belongs to `cli`.
    pub fn module(&self) -> Vec<String> {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path).trim_end_matches(".rs");
        match below {
            "lib" => Vec::new(),
            "main" => vec!["cli".into()],
            _ => below.trim_end_matches("/mod").split('/').map(str::to_owned).collect(),
        }
    }

    /// Every use of a top-level module by its path: through `crate::` and through `super::`.
    pub fn uses(&self) -> Vec<Use> {
        let mut found = Vec::new();
        for (at, tail) in self.after("crate") {
            found.extend(first_segments(tail).into_iter().map(|module| Use { module, line: self.line(at) }));
        }
        for (at, tail) in self.after("super") {
            if self.preceded_by_super(at) {
                continue;
            }
            let ups = 1 + tail.matches_prefix("::super");
            let rest = &tail[ups.saturating_sub(1) * "::super".len()..];
            if ups == self.depth(at) {
                found.extend(
                    first_segments(rest).into_iter().map(|module| Use { module, line: self.line(at) }),
                );
            }
        }
        found
    }

    /// The lines in which a path through `root` names `word`, also inside a group.
    pub fn named(&self, root: &str, word: &str) -> Vec<usize> {
        let names = |tail: &str| path(tail).split(|c| !is_word(c)).any(|segment| segment == word);
        self.after(root).into_iter().filter(|(_, tail)| names(tail)).map(|(at, _)| self.line(at)).collect()
    }

    /// The lines in which a field of this name is used.
    pub fn fields(&self, name: &str) -> Vec<usize> {
        let is_field = |at: &usize| self.code[..*at].ends_with('.');
        let places = self.after(name).into_iter().filter(|(_, tail)| !tail.starts_with('('));
        places.map(|(at, _)| at).filter(is_field).map(|at| self.line(at)).collect()
    }

    /// All functions with a body.
    pub fn functions(&self) -> Vec<Function> {
        let tests = self.test_blocks();
        let function = |(at, tail): (usize, &str)| {
            let name: String = tail.trim_start().chars().take_while(|c| is_word(*c)).collect();
            let body = body(tail)?;
            let lines = self.line(at + "fn".len() + body) - self.line(at) + 1;
            let is_test = self.is_test || tests.iter().any(|(start, end)| (*start..*end).contains(&at));
            let place = format!("{}:{} `{name}`", self.path, self.line(at));
            (!name.is_empty()).then_some(Function { name, place, lines, is_test })
        };
        self.after("fn").into_iter().filter_map(function).collect()
    }

    /// The modules that stand in files of their own and are for tests only, as paths without `.rs`.
    pub fn test_modules(&self) -> Vec<String> {
        let directory = self.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let own = self.path.trim_end_matches(".rs");
        let own = own.strip_suffix("/mod").or(own.strip_suffix("/lib")).unwrap_or(own);
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices("#[cfg(test)]") {
            let item = &self.text[at + "#[cfg(test)]".len()..];
            let Some((head, _)) = item.split_once(';') else { continue };
            let Some(name) = head.trim().rsplit_once("mod ").map(|(_, name)| name.trim()) else { continue };
            if head.contains('{') || !name.chars().all(is_word) {
                continue;
            }
            found.push(format!("{own}/{name}"));
            let path = head.split_once("path = \"").and_then(|(_, path)| path.split_once(".rs\""));
            found.extend(path.map(|(path, _)| format!("{directory}/{path}")));
        }
        found
    }

    /// Whether the file is the module at a path without `.rs`, or lies below it.
    pub fn is_below(&self, module: &str) -> bool {
        self.path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }

    /// Where a word stands in the code, each with what follows it.
    fn after(&self, word: &str) -> Vec<(usize, &str)> {
        let is_whole = |at: &usize| {
            let before = self.code[..*at].chars().next_back();
            let next = self.code[at + word.len()..].chars().next();
            !before.is_some_and(is_word) && !next.is_some_and(is_word)
        };
        let places = self.code.match_indices(word).map(|(at, _)| at).filter(is_whole);
        places.map(|at| (at, &self.code[at + word.len()..])).collect()
    }

    fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }

    fn preceded_by_super(&self, at: usize) -> bool {
        self.code[..at].trim_end().ends_with("super::")
    }

    /// How many times `super` leads from here to the root of the crate.
    fn depth(&self, at: usize) -> usize {
        let inside =
            self.inline_modules().into_iter().filter(|(start, end)| (*start..*end).contains(&at)).count();
        self.module().len() + inside
    }

    /// `mod name { … }`, from brace to brace.
    fn inline_modules(&self) -> Vec<(usize, usize)> {
        let block = |(at, tail): (usize, &str)| {
            let open = tail.find(['{', ';']).filter(|open| tail[*open..].starts_with('{'))?;
            let start = at + "mod".len() + open;
            Some((start, start + closing(&self.code[start..])?))
        };
        self.after("mod").into_iter().filter_map(block).collect()
    }

    /// What stands below `#[cfg(test)]` in braces.
    fn test_blocks(&self) -> Vec<(usize, usize)> {
        let block = |(at, _): (usize, &str)| {
            let open =
                self.code[at..].find(['{', ';']).filter(|open| self.code[at + open..].starts_with('{'))?;
            let start = at + open;
            Some((start, start + closing(&self.code[start..])?))
        };
        self.code.match_indices("#[cfg(test)]").filter_map(block).collect()
    }
}

trait Prefixes {
    /// How often a text begins with `prefix`, one after the other.
    fn matches_prefix(&self, prefix: &str) -> usize;
}

impl Prefixes for str {
    fn matches_prefix(&self, prefix: &str) -> usize {
        let mut rest = self;
        let mut count = 0;
        while let Some(next) = rest.strip_prefix(prefix) {
            rest = next;
            count += 1;
        }
        count
    }
}

/// The first names of a path or of each member of a group: `::{a::b, c}` is `a` and `c`.
fn first_segments(tail: &str) -> Vec<String> {
    let Some(path) = tail.trim_start().strip_prefix("::") else { return Vec::new() };
    let path = path.trim_start();
    if !path.starts_with('{') {
        return vec![segment(path)];
    }
    let end = closing(path).unwrap_or(path.len());
    let mut depth = 0;
    let members = path[1..end].split(|c| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    });
    members.map(str::trim).filter(|member| !member.is_empty()).map(segment).collect()
}

/// What follows the first name of a path: `::a::{b, c}`.
fn path(tail: &str) -> &str {
    let plain = tail.find(|c| !is_word(c) && c != ':').unwrap_or(tail.len());
    let group = tail[plain..].starts_with('{').then(|| closing(&tail[plain..])).flatten();
    &tail[..plain + group.unwrap_or(0)]
}

/// A name, or what stands in its place (`*`).
fn segment(path: &str) -> String {
    path.chars().take_while(|c| is_word(*c) || *c == '*').collect()
}

/// Where a function's body ends, counted from behind `fn`; nothing for one without a body.
fn body(tail: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in tail.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ';' if depth == 0 => return None,
            '{' if depth == 0 => return Some(at + closing(&tail[at..])?),
            _ => {}
        }
    }
    None
}

/// The place of the brace that closes the one at the beginning.
fn closing(block: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in block.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text with every comment, string and character replaced by blanks of the same length in bytes.
fn blanked(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let previous = code.chars().next_back();
        let length = skipped(rest, previous.is_some_and(is_word));
        if length == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.extend(rest[..length].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    code
}

/// How long the comment, string or character at the beginning is; 0 where there is none.
fn skipped(rest: &str, in_word: bool) -> usize {
    let to = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return string(rest);
    }
    let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')).filter(|_| !in_word);
    if let Some(raw) = raw {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let open = rest.len() - raw.len() + hashes + 1;
            return to(&format!("\"{}", "#".repeat(hashes)), open);
        }
    }
    if rest.starts_with('\'') { character(rest) } else { 0 }
}

/// Comments in blocks nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character in quotes; a lifetime is none.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_)) => rest[3..].find('\'').map_or(0, |at| at + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}
