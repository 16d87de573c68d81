//! What can be said of an expression without running it: its bounds, its names, its filters, tests and functions.
//!
//! minijinja parses recursively and finds unknown filters only when it runs. So its input is walked here first, token by
//! token and without recursion: [`NESTING`] bounds how deep its parser can go, and every filter, test and function must be one of ours.

use super::chain::Name;
use super::hint;
use super::limits::NESTING;
use super::signature::{CONSTANTS, FILTERS, FUNCTIONS, SECRET_TEMPLATE, Signature, TESTS};
use super::token::Token;

/// What a check finds in an expression that passes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) names: Vec<Name>,
    pub(super) functions: Vec<String>,
    /// All names, texts and numbers that are written in it.
    pub(super) words: Vec<String>,
    /// The filter that makes the value of the whole expression, if one does.
    pub(super) outer_filter: Option<String>,
}

/// Words that are operators.
const OPERATORS: [&str; 7] = ["and", "or", "not", "in", "if", "else", "is"];

/// Checks the tokens of one expression.
pub(super) fn check(tokens: &[Token]) -> Result<Facts, String> {
    let mut check = Check { tokens, at: 0, levels: vec![Level::default()], facts: Facts::default() };
    while check.at < tokens.len() {
        check.token()?;
        check.at += 1;
    }
    check.element_ends()?;
    check.facts.outer_filter =
        check.levels.pop().filter(|level| level.operators == 0).and_then(|level| level.last_filter);
    check.facts.words = tokens.iter().filter_map(word).collect();
    Ok(check.facts)
}

fn word(token: &Token) -> Option<String> {
    match token {
        Token::Name(word) | Token::Text(Some(word)) | Token::Number(word) => Some((*word).to_owned()),
        Token::Text(None) | Token::Symbol(_) => None,
    }
}

/// What is open: the whole expression, or one bracket.
#[derive(Default)]
struct Level<'a> {
    kind: Kind<'a>,
    /// Operators and prefixes of the current element.
    operators: usize,
    /// Look-ups, filters and tests of the current operand.
    postfixes: usize,
    ifs: usize,
    elses: usize,
    commas: usize,
    /// Whether the current element has any token yet.
    started: bool,
    last_filter: Option<String>,
}

#[derive(Clone, Copy, Default)]
enum Kind<'a> {
    #[default]
    Group,
    /// The arguments of a filter or function.
    Call(&'a Signature),
    Subscript {
        colons: usize,
    },
}

struct Check<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    /// Never empty: the scanner has matched all brackets.
    levels: Vec<Level<'a>>,
    facts: Facts,
}

impl<'a> Check<'a> {
    fn token(&mut self) -> Result<(), String> {
        match self.tokens[self.at] {
            Token::Name(name) => self.name(name)?,
            Token::Symbol(symbol) => self.symbol(symbol)?,
            Token::Text(_) | Token::Number(_) => self.operand(),
        }
        self.depth()
    }

    fn level(&mut self) -> &mut Level<'a> {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    fn peek(&self, offset: isize) -> Option<Token<'a>> {
        self.at.checked_add_signed(offset).and_then(|at| self.tokens.get(at)).copied()
    }

    /// The name at `offset`, unless it is an attribute: `a.is` is no operator.
    fn keyword(&self, offset: isize) -> Option<&'a str> {
        match (self.peek(offset - 1), self.peek(offset)) {
            (Some(Token::Symbol(".")), _) => None,
            (_, Some(Token::Name(name))) => Some(name),
            _ => None,
        }
    }

    /// Whether an operand ends just before the current token.
    fn after_operand(&self) -> bool {
        self.is_operand_end(-1)
    }

    fn is_operand_end(&self, offset: isize) -> bool {
        match self.peek(offset) {
            Some(Token::Name(_)) => self.keyword(offset).is_none_or(|word| !OPERATORS.contains(&word)),
            Some(Token::Text(_) | Token::Number(_)) => true,
            Some(Token::Symbol(symbol)) => matches!(symbol, ")" | "]" | "}"),
            None => false,
        }
    }

    /// Bounds the depth that minijinja's parser will reach: brackets, and operators of what is open.
    fn depth(&self) -> Result<(), String> {
        let operators: usize = self.levels.iter().map(|level| level.operators).sum();
        let postfixes = self.levels.iter().map(|level| level.postfixes).max().unwrap_or(0);
        if operators + self.levels.len() - 1 > NESTING || postfixes > NESTING {
            return Err(format!(
                "the expression nests deeper than {NESTING} brackets and operators: split it up, through `locals`"
            ));
        }
        Ok(())
    }

    /// Whether a `not` may stand here: nothing that binds tighter is before it.
    fn begins_condition(&self) -> bool {
        match self.peek(-1) {
            None => true,
            Some(Token::Name(word)) => matches!(word, "and" | "or" | "not" | "if" | "else" | "is"),
            Some(Token::Symbol(symbol)) => matches!(symbol, "(" | "[" | "{" | "," | ":"),
            Some(_) => false,
        }
    }

    fn operand(&mut self) {
        let level = self.level();
        level.started = true;
        level.postfixes = 0;
        level.last_filter = None;
    }

    fn operator(&mut self) {
        let level = self.level();
        level.started = true;
        level.operators += 1;
    }

    fn postfix(&mut self) {
        self.level().postfixes += 1;
    }

    fn name(&mut self, name: &'a str) -> Result<(), String> {
        match (self.peek(-1), self.keyword(-1)) {
            (Some(Token::Symbol(".")), _) => self.attribute(name),
            (Some(Token::Symbol("|")), _) => self.filter(name),
            (_, Some("is")) if name != "not" => self.test(name),
            (_, Some("not")) if self.keyword(-2) == Some("is") => self.test(name),
            _ if OPERATORS.contains(&name) => self.word(name),
            _ => self.variable(name),
        }
    }

    fn attribute(&self, name: &str) -> Result<(), String> {
        match self.peek(1) {
            Some(Token::Symbol("(")) => Err(format!(
                "`.{name}(…)` is a method, and values have none: there are filters such as `| b64encode`"
            )),
            _ => Ok(()),
        }
    }

    fn filter(&mut self, name: &str) -> Result<(), String> {
        let signature = known("filter", name, FILTERS)?;
        let call = self.peek(1) == Some(Token::Symbol("("));
        if signature.arguments.1 == 0 && call || !call && !signature.takes(0) {
            return Err(signature.usage());
        }
        self.no_dot("filter", name)?;
        self.level().last_filter = Some(name.to_owned());
        Ok(())
    }

    /// Tests of ours take no arguments; minijinja would take the next operand for one.
    fn test(&mut self, name: &str) -> Result<(), String> {
        known("test", name, TESTS)?;
        self.no_dot("test", name)?;
        let ends = match self.peek(1) {
            None => true,
            Some(Token::Name(next)) => matches!(next, "and" | "or" | "else" | "is" | "if"),
            Some(Token::Symbol(next)) => !matches!(next, "(" | "[" | "{" | "+" | "-"),
            Some(_) => false,
        };
        if ends {
            Ok(())
        } else {
            Err(format!(
                "test `{name}` takes no argument: put brackets around `… is {name}` to go on with its answer"
            ))
        }
    }

    fn no_dot(&self, kind: &str, name: &str) -> Result<(), String> {
        match self.peek(1) {
            Some(Token::Symbol(".")) => Err(format!(
                "{kind} `{name}` cannot be followed by `.`: put brackets around what is before it"
            )),
            _ => Ok(()),
        }
    }

    /// An operator that is a word. minijinja takes such a word for a variable where a value is expected: a name that
    /// nobody would see.
    fn word(&mut self, word: &str) -> Result<(), String> {
        let fits = match word {
            "not" => self.after_operand() || self.begins_condition(),
            "in" if self.keyword(-1) == Some("not") => self.is_operand_end(-2),
            _ => self.after_operand(),
        };
        if !fits {
            return Err(format!("`{word}` stands where a value is expected"));
        }
        let negated_test = word == "not" && self.keyword(-1) == Some("is");
        match word {
            "is" => self.postfix(),
            _ if negated_test => {}
            _ => self.operator(),
        }
        let level = self.level();
        level.ifs += usize::from(word == "if");
        level.elses += usize::from(word == "else");
        if word == "is" {
            // Makes the whole expression the test's answer, not a filter's.
            level.last_filter = None;
        }
        Ok(())
    }

    fn variable(&mut self, name: &str) -> Result<(), String> {
        self.operand();
        let called = self.peek(1) == Some(Token::Symbol("("));
        if called {
            known("function", name, FUNCTIONS)?;
            self.facts.functions.push(name.to_owned());
            return Ok(());
        }
        if let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) {
            return Err(function.usage());
        }
        if !CONSTANTS.contains(&name) {
            let is_cover = |level: &Level| matches!(level.kind, Kind::Call(function) if function.name == SECRET_TEMPLATE);
            let covered = self.levels.iter().any(is_cover);
            self.facts.names.push(Name { covered, ..Name::at(&self.tokens[self.at..]) });
        }
        Ok(())
    }

    fn symbol(&mut self, symbol: &str) -> Result<(), String> {
        match symbol {
            "*" | "**" => {
                return Err(format!("`{symbol}` is not allowed in rules, as it can make values of any size"));
            }
            "=" => return Err("`=` assigns, and expressions only have values: compare with `==`".to_owned()),
            "(" => self.opens_call()?,
            "[" => self.opens_square(),
            "{" => self.opens(Kind::Group),
            ")" | "]" | "}" => self.closes()?,
            "," => self.comma()?,
            ":" => self.colon()?,
            "." | "|" => self.postfix(),
            _ => self.operator(),
        }
        Ok(())
    }

    fn opens(&mut self, kind: Kind<'a>) {
        if matches!(kind, Kind::Group) {
            self.operand();
        }
        self.levels.push(Level { kind, ..Level::default() });
    }

    fn opens_call(&mut self) -> Result<(), String> {
        let callee = match (self.peek(-2), self.peek(-1)) {
            (Some(Token::Symbol("|")), Some(Token::Name(name))) => {
                FILTERS.iter().find(|filter| filter.name == name)
            }
            (_, Some(Token::Name(name))) => FUNCTIONS.iter().find(|function| function.name == name),
            _ => None,
        };
        match callee {
            Some(signature) => self.opens(Kind::Call(signature)),
            None if self.after_operand() => {
                return Err("only functions can be called, by their name".to_owned());
            }
            None => self.opens(Kind::Group),
        }
        Ok(())
    }

    fn opens_square(&mut self) {
        if self.after_operand() {
            self.postfix();
            self.opens(Kind::Subscript { colons: 0 });
        } else {
            self.opens(Kind::Group);
        }
    }

    fn closes(&mut self) -> Result<(), String> {
        self.element_ends()?;
        let Some(level) = self.levels.pop() else {
            return Ok(());
        };
        match level.kind {
            Kind::Call(signature) => {
                let given = level.commas + usize::from(level.started);
                // Empty brackets are for functions only.
                if given > 0 && signature.takes(given) { Ok(()) } else { Err(signature.usage()) }
            }
            _ => Ok(()),
        }
    }

    fn comma(&mut self) -> Result<(), String> {
        self.element_ends()?;
        let level = self.level();
        level.commas += 1;
        level.restart();
        Ok(())
    }

    fn colon(&mut self) -> Result<(), String> {
        self.element_ends()?;
        let level = self.level();
        if let Kind::Subscript { colons } = &mut level.kind {
            *colons += 1;
            if *colons > 1 {
                return Err("slices have no step: write `[start:end]`".to_owned());
            }
        }
        level.restart();
        Ok(())
    }

    /// Checks what must hold for each element of a list, each argument, and the whole.
    fn element_ends(&mut self) -> Result<(), String> {
        let level = self.level();
        if level.ifs == level.elses {
            Ok(())
        } else {
            Err("an `if` needs an `else`: write `a if condition else omit` to leave something out".to_owned())
        }
    }
}

impl Level<'_> {
    fn restart(&mut self) {
        self.operators = 0;
        self.postfixes = 0;
        self.ifs = 0;
        self.elses = 0;
        self.started = false;
    }
}

fn known<'a>(kind: &str, name: &str, all: &'a [Signature]) -> Result<&'a Signature, String> {
    all.iter().find(|signature| signature.name == name).ok_or_else(|| {
        let hint = hint::suggest(name, all.iter().map(|signature| signature.name));
        format!("{kind} `{name}` is unknown{hint}")
    })
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
