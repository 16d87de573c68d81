//! The tokens of an expression.
//!
//! minijinja's parser is recursive, so what it is given is measured first, and measured by tokens: this scanner reads a
//! subset of what minijinja's own reads, and refuses the rest (numbers other than plain decimals, characters outside of
//! strings that no expression needs). What it accepts, minijinja splits in the same way.

use super::limits::EXPRESSION_BYTES;

/// One token; texts are slices of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name or a keyword.
    Name(&'a str),
    /// A string literal without its quotes; `None` where it has escapes, so that its text is not its value.
    Text(Option<&'a str>),
    /// A whole or decimal number.
    Number(&'a str),
    /// An operator, a bracket or a separator.
    Symbol(&'a str),
}

/// Operators of two characters; they win over those of one.
const PAIRS: [&str; 6] = ["//", "**", "==", "!=", ">=", "<="];
/// Operators, brackets and separators of one character.
const SINGLES: &str = "+-*/%.,:~|=><()[]{}";

/// An expression and its tokens.
pub(super) struct Scanned<'a> {
    pub(super) source: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
    /// What follows the closing `}}`.
    pub(super) rest: &'a str,
}

/// Reads an expression up to the `}}` that closes it. `text` begins after the `{{`.
pub(super) fn scan_braced(text: &str) -> Result<Scanned<'_>, String> {
    let mut scanner = Scanner { text, at: 0, tokens: Vec::new(), open: Vec::new() };
    if text.starts_with('-') || text.starts_with('+') {
        return Err(format!("`{{{{{}` is not supported: put a space after `{{{{`", &text[..1]));
    }
    while !scanner.closes() {
        if !scanner.step()? {
            return Err(
                "`{{` is never closed: expected `}}`; write `{{ '{{' }}` for the text itself".to_owned()
            );
        }
    }
    let (source, rest) = (&text[..scanner.at], &text[scanner.at + 2..]);
    Ok(Scanned { source: source.trim_ascii(), tokens: scanner.tokens, rest })
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token<'a>>,
    open: Vec<char>,
}

impl<'a> Scanner<'a> {
    /// Whether the expression ends here.
    fn closes(&self) -> bool {
        self.open.is_empty() && self.rest().starts_with("}}")
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Reads white space or one token; false at the end of the text.
    fn step(&mut self) -> Result<bool, String> {
        if self.at > EXPRESSION_BYTES + 2 {
            return Err(format!(
                "the expression is longer than {EXPRESSION_BYTES} bytes: split it up, through `locals`"
            ));
        }
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(false);
        };
        match first {
            c if c.is_ascii_whitespace() => self.at += 1,
            '\'' | '"' => self.string(first)?,
            c if c.is_ascii_digit() => self.number()?,
            c if c.is_ascii_alphabetic() || c == '_' => self.name(),
            _ => self.symbol(first)?,
        }
        Ok(true)
    }

    fn take(&mut self, length: usize) -> &'a str {
        let taken = &self.rest()[..length];
        self.at += length;
        taken
    }

    fn string(&mut self, quote: char) -> Result<(), String> {
        let mut escaped = false;
        let mut raw = true;
        for (offset, c) in self.rest().char_indices().skip(1) {
            if !escaped && c == quote {
                let literal = &self.take(offset + 1)[1..offset];
                self.tokens.push(Token::Text(raw.then_some(literal)));
                return Ok(());
            }
            escaped = !escaped && c == '\\';
            raw &= !escaped;
        }
        Err(format!("a string is never closed: expected another {quote}"))
    }

    fn number(&mut self) -> Result<(), String> {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let mut length = digits(self.rest());
        let after_dot = self.tokens.last() == Some(&Token::Symbol("."));
        let fraction = self.rest()[length..].strip_prefix('.').map_or(0, digits);
        if fraction > 0 && !after_dot {
            length += 1 + fraction;
        }
        let number = self.take(length);
        if self.rest().starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!(
                "`{number}` is followed by a letter: numbers are written as `10` or `0.5`, names begin with a letter"
            ));
        }
        self.tokens.push(Token::Number(number));
        Ok(())
    }

    fn name(&mut self) {
        let length = self.rest().bytes().take_while(|c| c.is_ascii_alphanumeric() || *c == b'_').count();
        let name = self.take(length);
        self.tokens.push(Token::Name(name));
    }

    fn symbol(&mut self, first: char) -> Result<(), String> {
        if let Some(pair) = PAIRS.iter().find(|pair| self.rest().starts_with(**pair)) {
            self.at += pair.len();
            self.tokens.push(Token::Symbol(pair));
            return Ok(());
        }
        if !SINGLES.contains(first) {
            return Err(format!("unexpected `{}` outside of a string", first.escape_default()));
        }
        self.bracket(first)?;
        let symbol = self.take(1);
        self.tokens.push(Token::Symbol(symbol));
        Ok(())
    }

    fn bracket(&mut self, symbol: char) -> Result<(), String> {
        match symbol {
            '(' => self.open.push(')'),
            '[' => self.open.push(']'),
            '{' => self.open.push('}'),
            ')' | ']' | '}' if self.open.pop() != Some(symbol) => {
                return Err(format!("`{symbol}` closes nothing that is open: brackets must match"));
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token<'_>> {
        scan_braced(text).unwrap_or_else(|error| panic!("{text}: {error}")).tokens
    }

    #[test]
    fn an_expression_ends_at_its_own_braces() {
        for (text, source, rest) in [
            (" a }} tail", "a", " tail"),
            (" '}}' }}", "'}}'", ""),
            (" {'a': {'b': 1}} }}x", "{'a': {'b': 1}}", "x"),
            ("{'a': {'b': 1}}}}x", "{'a': {'b': 1}}", "x"),
            (r" 'it\'s }}' }}", r"'it\'s }}'", ""),
            ("\t\na\n}}", "a", ""),
        ] {
            let scanned = scan_braced(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((scanned.source, scanned.rest), (source, rest));
        }
    }

    #[test]
    fn tokens_are_minijinjas() {
        use Token::{Name, Number, Symbol, Text};
        assert_eq!(
            tokens("a.b[0]//1.5}}"),
            [
                Name("a"),
                Symbol("."),
                Name("b"),
                Symbol("["),
                Number("0"),
                Symbol("]"),
                Symbol("//"),
                Number("1.5")
            ]
        );
        assert_eq!(tokens("a.1.2}}"), [Name("a"), Symbol("."), Number("1"), Symbol("."), Number("2")]);
        assert_eq!(tokens(r#"'x'"y\n"}}"#), [Text(Some("x")), Text(None)]);
    }

    #[test]
    fn what_is_not_an_expression_is_refused() {
        for (text, message) in [
            (" a", "never closed"),
            (" 'a }}", "a string is never closed"),
            (" 0x1f }}", "followed by a letter"),
            (" 1_000 }}", "followed by a letter"),
            (" 1or 2 }}", "followed by a letter"),
            (" 1e5 }}", "followed by a letter"),
            (" a; b }}", "unexpected `;`"),
            (" ä }}", "unexpected `\\u{e4}`"),
            (" (a] }}", "`]` closes nothing"),
            (" a) }}", "`)` closes nothing"),
            ("- a }}", "`{{-` is not supported"),
            (" a } }}", "`}` closes nothing"),
        ] {
            let error = scan_braced(text).map(|scanned| scanned.source.to_owned()).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
