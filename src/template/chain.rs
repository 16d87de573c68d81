//! The variables of an expression, with the attributes that are known without running it.

use super::token::Token;

/// A variable of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The variable and its attributes, as far as they are constants.
    pub(super) path: Vec<String>,
    pub(super) rest: Rest,
    /// Whether it stands among the arguments of `secret_template`, where a secret value may.
    pub(super) covered: bool,
}

/// How an expression goes on after a [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// The value itself is used.
    Whole,
    /// One entry of it is looked up, by a key that is computed.
    Entry,
}

impl Name {
    /// The variable at the start of `tokens`, with the constant attributes and subscripts that follow it.
    pub(super) fn at(tokens: &[Token]) -> Self {
        let mut path = Vec::new();
        let mut rest = tokens;
        if let [Token::Name(root), after @ ..] = tokens {
            path.push((*root).to_owned());
            rest = after;
        }
        loop {
            match rest {
                [Token::Symbol("."), Token::Name(key) | Token::Number(key), after @ ..]
                | [
                    Token::Symbol("["),
                    Token::Text(Some(key)) | Token::Number(key),
                    Token::Symbol("]"),
                    after @ ..,
                ] => {
                    path.push((*key).to_owned());
                    rest = after;
                }
                [Token::Symbol("["), inside @ ..] if !is_slice(inside) => {
                    return Self { path, rest: Rest::Entry, covered: false };
                }
                _ => return Self { path, rest: Rest::Whole, covered: false },
            }
        }
    }
}

/// Whether the bracket that `inside` begins after holds a `:` of its own.
fn is_slice(inside: &[Token]) -> bool {
    let mut depth = 0;
    for token in inside {
        match token {
            Token::Symbol("(" | "[" | "{") => depth += 1,
            Token::Symbol(")" | "]" | "}") if depth == 0 => return false,
            Token::Symbol(")" | "]" | "}") => depth -= 1,
            Token::Symbol(":") if depth == 0 => return true,
            _ => {}
        }
    }
    false
}
