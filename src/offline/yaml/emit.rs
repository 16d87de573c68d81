//! From a tree to text: block style, two spaces, keys in their order, comments in their places. The same tree
//! gives the same text, and reading that text and writing it again changes nothing.

use super::node::{Node, Style, Value};
use super::scalar::{is_printable, is_safe};

/// A list or map that was on one line is so again up to this width, whatever stands before it.
const FLOW_WIDTH: usize = 110;
/// Longer keys must be marked as such; readers stop looking for the end of a key at 1024 bytes.
const KEY_WIDTH: usize = 512;
/// How far each level is indented.
const STEP: usize = 2;

/// Writes a document.
#[must_use]
pub fn emit(document: &Node) -> String {
    let mut out = String::new();
    if is_block(document) {
        comments(&mut out, &document.notes.above, 0);
        block(&mut out, document, 0);
    } else {
        value(&mut out, document, 0);
        out = out.trim_start_matches(' ').to_owned();
    }
    out
}

/// A list or map on lines of its own, its tail included.
fn block(out: &mut String, node: &Node, indent: usize) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|node| item(out, node, indent)),
        Value::Map(entries) => entries.iter().for_each(|(key, node)| entry(out, &key.text, node, indent)),
        _ => {}
    }
    comments(out, &node.notes.tail, indent);
}

fn entry(out: &mut String, key: &str, node: &Node, indent: usize) {
    comments(out, &node.notes.above, indent);
    let key = scalar(key, Style::Plain, false);
    pad(out, indent);
    if key.len() > KEY_WIDTH {
        out.push_str("? ");
        out.push_str(&key);
        out.push('\n');
        pad(out, indent);
    } else {
        out.push_str(&key);
    }
    out.push(':');
    value(out, node, indent);
}

fn item(out: &mut String, node: &Node, indent: usize) {
    comments(out, &node.notes.above, indent);
    pad(out, indent);
    out.push('-');
    let begins_at_once = node.notes.right.is_none() && is_block(node) && !begins_with_comment(node);
    if begins_at_once {
        let mut inner = String::new();
        block(&mut inner, node, indent + STEP);
        out.push(' ');
        out.push_str(inner.trim_start_matches(' '));
    } else {
        value(out, node, indent);
    }
}

/// What follows `key:` or `-`, up to the end of its last line.
fn value(out: &mut String, node: &Node, indent: usize) {
    if is_block(node) {
        end_line(out, node);
        return block(out, node, indent + STEP);
    }
    out.push(' ');
    match &node.value {
        Value::Text(text) if is_literal(text, node.style) => literal(out, node, text, indent),
        Value::Text(text) => {
            out.push_str(&scalar(text, node.style, false));
            end_line(out, node);
        }
        _ => {
            out.push_str(&flow(node));
            end_line(out, node);
        }
    }
}

fn end_line(out: &mut String, node: &Node) {
    if let Some(comment) = &node.notes.right {
        out.push(' ');
        out.push_str(comment);
    }
    out.push('\n');
}

fn comments(out: &mut String, lines: &[String], indent: usize) {
    for line in lines {
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
        out.push('\n');
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Whether a node takes lines of its own.
fn is_block(node: &Node) -> bool {
    let has_entries = match &node.value {
        Value::List(items) => !items.is_empty(),
        Value::Map(entries) => !entries.is_empty(),
        _ => return false,
    };
    let is_short = || node.style == Style::Flow && is_plain_flow(node) && flow(node).len() <= FLOW_WIDTH;
    has_entries && !(is_short() && node.notes.tail.is_empty())
}

/// Whether no part of it needs a line of its own, for a comment or for its text.
fn is_plain_flow(node: &Node) -> bool {
    let is_plain = |node: &Node| node.notes == super::Notes::default() && is_plain_flow(node);
    match &node.value {
        Value::List(items) => items.iter().all(is_plain),
        Value::Map(entries) => entries.iter().all(|(_, node)| is_plain(node)),
        Value::Text(text) => !text.contains('\n'),
        _ => true,
    }
}

fn begins_with_comment(node: &Node) -> bool {
    let first = match &node.value {
        Value::List(items) => items.first(),
        Value::Map(entries) => entries.first().map(|(_, node)| node),
        _ => None,
    };
    first.is_none_or(|first| !first.notes.above.is_empty())
}

/// A node on one line.
fn flow(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => scalar(text, node.style, true),
        Value::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let entry = |(key, node): &(super::Key, Node)| {
                format!("{}: {}", scalar(&key.text, Style::Plain, true), flow(node))
            };
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A text on one line, in the quotes that it had where they will do.
fn scalar(text: &str, style: Style, in_flow: bool) -> String {
    let single = !text.contains(|c| !is_printable(c) || matches!(c, '\n' | '\t'));
    match style {
        Style::Single if single => format!("'{}'", text.replace('\'', "''")),
        Style::Plain | Style::Flow if is_safe(text, in_flow) => text.to_owned(),
        _ => quoted(text),
    }
}

/// A text in double quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            // What is not printable has at most four digits.
            c => out.push_str(&escaped(c)),
        }
    }
    out.push('"');
    out
}

fn escaped(c: char) -> String {
    format!("\\u{:04x}", u32::from(c))
}

/// Whether a text is written line by line. Its last line must not look empty: it could not be told from those
/// that follow.
fn is_literal(text: &str, style: Style) -> bool {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    style == Style::Plain
        && text.contains('\n')
        && !lines.rsplit('\n').next().unwrap_or_default().trim().is_empty()
        && text.chars().all(is_printable)
}

/// `|`, and the lines below it.
fn literal(out: &mut String, node: &Node, text: &str, indent: usize) {
    out.push('|');
    let first = text.split('\n').find(|line| !line.is_empty()).unwrap_or_default();
    if first.starts_with([' ', '\t']) {
        out.push_str(&STEP.to_string());
    }
    if !text.ends_with('\n') {
        out.push('-');
    }
    end_line(out, node);
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        if !line.is_empty() {
            pad(out, indent + STEP);
            out.push_str(line);
        }
        out.push('\n');
    }
}
