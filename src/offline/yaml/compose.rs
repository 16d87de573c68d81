//! From a text to its documents: the events of the parser as a tree.

use std::collections::HashMap;

use granit_parser::{Event, Marker, Parser, Placement, ScalarStyle, Span, StructureStyle, Tag};

use super::error::{Trouble, lines};
use super::node::{Key, Node, Notes, Place, Style, Value};
use super::scalar;

/// How deep lists and maps may nest: the operator reads 100 levels of an object, and a ScoreWorkload adds some.
pub const DEEPEST: usize = 90;
/// How much aliases may add to a document, in bytes of text and 64 for each node.
const ALIASED_MAX: usize = 4 << 20;

/// Reads all documents of a text. One that holds nothing, such as that after a last `---`, is left out.
///
/// # Errors
/// All that is wrong, in the order of the text; the first thing only, where the text is no YAML.
pub fn read(text: &str) -> Result<Vec<Node>, Vec<Trouble>> {
    let options = granit_parser::options! {
        // The parser's own bounds come later than ours, and comments are bounded by the text.
        max_buffered_comment_events: usize::MAX,
    };
    let mut events = Vec::new();
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok(event) => events.push(event),
            Err(error) => {
                let place = place(error.marker());
                let line = lines(text).nth(place.line.saturating_sub(1)).unwrap_or_default();
                return Err(vec![Trouble::new(line, place, error.info())]);
            }
        }
    }
    let mut composer = Composer::new(text, events);
    let documents = composer.documents();
    match (documents, composer.troubles.is_empty()) {
        (Ok(documents), true) => Ok(documents),
        (_, _) => Err(composer.troubles),
    }
}

/// What ends the reading; it has been noted in `troubles`.
struct Stop;

/// The events of a text, and what has been made of them.
struct Composer<'a> {
    lines: Vec<&'a str>,
    events: std::iter::Peekable<std::vec::IntoIter<(Event<'a>, Span)>>,
    /// Comments that belong to what comes next, each with its column.
    pending: Vec<(usize, String)>,
    anchors: HashMap<usize, (Node, usize)>,
    aliased: usize,
    depth: usize,
    troubles: Vec<Trouble>,
}

impl<'a> Composer<'a> {
    fn new(text: &'a str, events: Vec<(Event<'a>, Span)>) -> Self {
        Self {
            lines: lines(text).collect(),
            events: events.into_iter().peekable(),
            pending: Vec::new(),
            anchors: HashMap::new(),
            aliased: 0,
            depth: 0,
            troubles: Vec::new(),
        }
    }

    fn documents(&mut self) -> Result<Vec<Node>, Stop> {
        let mut documents = Vec::new();
        while let Some((event, span)) = self.next() {
            match event {
                Event::DocumentStart(_, version) => {
                    if version.is_some_and(|version| (version.major, version.minor) != (1, 2)) {
                        self.note(&span, "files are read as YAML 1.2: take the `%YAML` line out");
                    }
                }
                Event::StreamStart | Event::StreamEnd => {}
                Event::DocumentEnd => self.end_document(&mut documents),
                event => documents.push(self.node(event, &span)?),
            }
        }
        self.end_document(&mut documents);
        documents.retain(|document| !document.is_null());
        Ok(documents)
    }

    /// What is said after all entries belongs to the document.
    fn end_document(&mut self, documents: &mut [Node]) {
        if let Some(document) = documents.last_mut() {
            document.notes.tail.extend(self.pending.drain(..).map(|(_, text)| text));
        }
    }

    /// The next event that is no comment; comments above it are kept.
    fn next(&mut self) -> Option<(Event<'a>, Span)> {
        loop {
            match self.events.next()? {
                (Event::Comment(text, _), span) => self.comment(&text, &span),
                found => return Some(found),
            }
        }
    }

    fn comment(&mut self, text: &str, span: &Span) {
        let column = span.start.col();
        if self.is_after_empty_line(&span.start) {
            self.pending.push((column, String::new()));
        }
        self.pending.push((column, format!("#{text}")));
    }

    /// Whether what begins here is the first on its line, and the line before is empty.
    fn is_after_empty_line(&self, marker: &Marker) -> bool {
        let line = |back: usize| marker.line().checked_sub(back).and_then(|index| self.lines.get(index));
        let is_first = |line: &&str| line.chars().take(marker.col()).all(|c| c == ' ' || c == '-');
        line(1).is_some_and(is_first)
            && line(2).is_some_and(|line| line.chars().all(|c| c == ' ' || c == '\t'))
    }

    /// A comment to the right of what has just been read.
    fn right(&mut self) -> Option<String> {
        let is_right = |event: &(Event, Span)| matches!(event.0, Event::Comment(_, Placement::Right));
        match self.events.next_if(is_right)? {
            (Event::Comment(text, _), _) => Some(format!("#{text}")),
            _ => None,
        }
    }

    /// What stands above the entry or item that an event begins.
    fn above(&mut self, (event, span): (&Event, &Span), is_first: bool) -> Vec<String> {
        let mut above: Vec<_> = self.pending.drain(..).map(|(_, text)| text).collect();
        // The parser gives a block of text the place of its first line, not that of its `|`.
        let is_block = matches!(event, Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..));
        if !is_block && self.is_after_empty_line(&span.start) {
            above.push(String::new());
        }
        if is_first {
            let texts = above.iter().position(|line| !line.is_empty()).unwrap_or(above.len());
            above.drain(..texts);
        }
        above
    }

    /// The comments at the end of a collection that stands at `column`.
    fn tail(&mut self, column: usize) -> Vec<String> {
        let own = self.pending.iter().take_while(|(found, _)| *found >= column && column > 0).count();
        self.pending.drain(..own).map(|(_, text)| text).collect()
    }

    fn node(&mut self, event: Event<'a>, span: &Span) -> Result<Node, Stop> {
        let node = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, tag.as_deref(), span);
                self.anchored(anchor, node)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.expect_tag(tag.as_deref(), "seq", span);
                let node = self.nested(span, |composer| composer.list(style, span))?;
                self.anchored(anchor, node)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.expect_tag(tag.as_deref(), "map", span);
                let node = self.nested(span, |composer| composer.map(style, span))?;
                self.anchored(anchor, node)
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
            _ => Node::default(),
        };
        Ok(Node { place: Some(place(&span.start)), ..node })
    }

    fn nested(
        &mut self,
        span: &Span,
        read: impl FnOnce(&mut Self) -> Result<Node, Stop>,
    ) -> Result<Node, Stop> {
        self.depth += 1;
        if self.depth > DEEPEST {
            self.note(
                span,
                format!("is nested too deep, expected at most {DEEPEST} lists and maps in each other"),
            );
            return Err(Stop);
        }
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn list(&mut self, style: StructureStyle, start: &Span) -> Result<Node, Stop> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next().filter(|(event, _)| *event != Event::SequenceEnd) {
            let above = self.above((&event, &span), items.is_empty());
            let mut item = self.node(event, &span)?;
            item.notes.above = above;
            item.notes.right = item.notes.right.take().or_else(|| self.right());
            items.push(item);
        }
        Ok(self.collection(Value::List(items), style, start))
    }

    fn map(&mut self, style: StructureStyle, start: &Span) -> Result<Node, Stop> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut merged = Vec::new();
        let mut seen = HashMap::new();
        while let Some((event, span)) = self.next().filter(|(event, _)| *event != Event::MappingEnd) {
            let above = self.above((&event, &span), entries.is_empty());
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.key(event, &span)?;
            let mut right = self.right();
            let Some((event, value_span)) = self.next() else { break };
            let mut value = self.node(event, &value_span)?;
            right = right.or_else(|| self.right());
            value.notes = Notes { above, right, ..value.notes };
            if is_merge {
                merged.push((value, value_span));
            } else if let Some(first) = seen.insert(key.text.clone(), span.start.line()) {
                self.note(&span, twice(&key.text, first));
            } else {
                entries.push((key, value));
            }
        }
        for (value, span) in merged {
            self.merge(&mut entries, value, &span);
        }
        Ok(self.collection(Value::Map(entries), style, start))
    }

    fn collection(&mut self, value: Value, style: StructureStyle, start: &Span) -> Node {
        let has_notes = |node: &Node| node.notes != Notes::default();
        let is_noted = match &value {
            Value::List(items) => items.iter().any(has_notes),
            Value::Map(entries) => entries.iter().any(|(_, node)| has_notes(node)),
            _ => false,
        };
        let style = if style == StructureStyle::Flow && !is_noted { Style::Flow } else { Style::Plain };
        let notes = Notes { tail: self.tail(start.start.col()), ..Notes::default() };
        Node { value, style, notes, place: None }
    }

    fn key(&mut self, event: Event<'a>, span: &Span) -> Result<Key, Stop> {
        let node = self.node(event, span)?;
        let found = match &node.value {
            Value::Text(text) => return Ok(Key { text: text.clone(), place: node.place }),
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        };
        self.note(span, format!("the key is {found}, expected text: put it in quotes"));
        // Its own spelling keeps it apart from other keys, so that nothing more is said of it.
        Ok(Key { text: node.to_json().to_string(), place: node.place })
    }

    /// `<<`: the entries of other maps, where the map has none of its own; the first of several wins.
    fn merge(&mut self, entries: &mut Vec<(Key, Node)>, value: Node, span: &Span) {
        let maps = match value.value {
            Value::List(items) => items,
            value => vec![Node::from(value)],
        };
        for map in maps {
            let Value::Map(others) = map.value else {
                self.note(span, "`<<` takes a map or a list of maps: refer to one, as in `<<: *name`");
                return;
            };
            for (key, node) in others {
                if !entries.iter().any(|(own, _)| own.text == key.text) {
                    entries.push((key, node));
                }
            }
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Node {
        let value = match (tag, style) {
            (Some(tag), _) => self.tagged(text, tag, span),
            (None, ScalarStyle::Plain) => scalar::resolve(text),
            (None, _) => Ok(Value::Text(text.to_owned())),
        };
        let style = match style {
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            _ => Style::Plain,
        };
        let value = value.unwrap_or_else(|message| {
            self.note(span, message);
            Value::Null
        });
        Node { value, style, ..Node::default() }
    }

    /// A scalar whose type is written beside it: `!!str 5`.
    fn tagged(&mut self, text: &str, tag: &Tag, span: &Span) -> Result<Value, String> {
        let resolved = scalar::resolve(text);
        match (tag.core_suffix(), &resolved) {
            (Some("str"), _) => Ok(Value::Text(text.to_owned())),
            (Some("int" | "float"), Ok(Value::Number(_)))
            | (Some("bool"), Ok(Value::Bool(_)))
            | (Some("null"), Ok(Value::Null)) => resolved,
            (Some(name @ ("int" | "float" | "bool" | "null")), _) => {
                Err(format!("is not what its tag `!!{name}` says"))
            }
            _ => {
                self.expect_tag(Some(tag), "str", span);
                resolved
            }
        }
    }

    fn expect_tag(&mut self, tag: Option<&Tag>, name: &str, span: &Span) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema_tag(name)) {
            let message = format!("the tag `{}` means nothing here: take it out", tag.original());
            self.note(span, message);
        }
    }

    fn anchored(&mut self, anchor: usize, node: Node) -> Node {
        if anchor != 0 {
            let size = size(&node);
            self.anchors.insert(anchor, (node.clone(), size));
        }
        node
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<Node, Stop> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            self.note(span, "an alias within what it names: write the value out");
            return Err(Stop);
        };
        self.aliased = self.aliased.saturating_add(*size);
        if self.aliased > ALIASED_MAX {
            self.note(span, "aliases make this document too large (more than 4 MiB): write the values out");
            return Err(Stop);
        }
        let node = node.clone();
        Ok(Node { notes: Notes::default(), ..node })
    }

    fn note(&mut self, span: &Span, message: impl Into<String>) {
        let place = place(&span.start);
        let line = self.lines.get(place.line.saturating_sub(1)).copied().unwrap_or_default();
        self.troubles.push(Trouble::new(line, place, message));
    }
}

fn twice(key: &str, first: usize) -> String {
    format!("the key {key:?} is there already, on line {first}: remove one of them")
}

/// What a node costs where an alias repeats it.
fn size(node: &Node) -> usize {
    64 + match &node.value {
        Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|(key, node)| key.text.len() + size(node)).sum(),
        _ => 0,
    }
}

fn place(marker: &Marker) -> Place {
    Place { line: marker.line(), column: marker.col() + 1 }
}
