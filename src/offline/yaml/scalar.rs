//! What a text without quotes means: by the core schema of YAML 1.2, which we read, and by YAML 1.1, which
//! kubectl and many others read. What we write means the same to both.

use serde_json::Number;

use super::node::Value;

/// What a scalar without quotes is (YAML 1.2.2, 10.3.2). A date, `yes` and `1_000` are texts; `012` is twelve.
///
/// # Errors
/// What is wrong with a number that JSON cannot hold.
pub(super) fn resolve(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    if let Some(word) = special(text) {
        return Err(format!(
            "`{text}` is {word}, which JSON and so Kubernetes cannot hold: put it in quotes"
        ));
    }
    match number(text) {
        Some(number) => number.map(Value::Number),
        None => Ok(Value::Text(text.to_owned())),
    }
}

/// `.inf` and `.nan`, as words.
fn special(text: &str) -> Option<&'static str> {
    match text.strip_prefix(['+', '-']).unwrap_or(text) {
        ".inf" | ".Inf" | ".INF" => Some("infinity"),
        ".nan" | ".NaN" | ".NAN" if !text.starts_with(['+', '-']) => Some("not a number"),
        _ => None,
    }
}

/// The number that a text is, if it is one; why JSON cannot hold it, if it cannot.
fn number(text: &str) -> Option<Result<Number, String>> {
    let digits = |text: &str, of: fn(&char) -> bool| !text.is_empty() && text.chars().all(|c| of(&c));
    let whole = match (text.strip_prefix("0o"), text.strip_prefix("0x")) {
        (Some(octal), _) if digits(octal, |c| ('0'..='7').contains(c)) => i128::from_str_radix(octal, 8),
        (_, Some(hex)) if digits(hex, char::is_ascii_hexdigit) => i128::from_str_radix(hex, 16),
        _ if digits(text.strip_prefix(['+', '-']).unwrap_or(text), char::is_ascii_digit) => text.parse(),
        _ => return float(text),
    };
    let whole = whole.ok().and_then(Number::from_i128);
    Some(whole.ok_or_else(|| format!("`{}` is a number of more than 64 bits: put it in quotes", cut(text))))
}

fn float(text: &str) -> Option<Result<Number, String>> {
    if !is_float(text) {
        return None;
    }
    let number = text.parse().ok().and_then(Number::from_f64);
    Some(number.ok_or_else(|| format!("`{}` is too large for a number: put it in quotes", cut(text))))
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    digits(before)
        && digits(after)
        && !(before.is_empty() && after.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

fn cut(text: &str) -> String {
    crate::api::conditions::cut(text.to_owned(), 40)
}

/// Whether a text without quotes is the same text to everybody: neither YAML 1.1 nor 1.2 reads it as anything
/// else, and it cannot be taken for a part of the document.
pub(super) fn is_safe(text: &str, in_flow: bool) -> bool {
    let forbidden =
        |c: char| !is_printable(c) || matches!(c, '\n' | '\t') || (in_flow && "[]{},?:".contains(c));
    !text.is_empty()
        && (!text.starts_with('-') || is_option(text))
        && !text.starts_with([' ', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!'])
        && !text.starts_with(['|', '>', '\'', '"', '%', '@', '`', '='])
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(forbidden)
        && !text.starts_with("...")
        && !means_something(text)
}

/// `-c`, `--port`: an argument of a program, not an item, a number or the end of a document.
fn is_option(text: &str) -> bool {
    let name = text.strip_prefix("--").or_else(|| text.strip_prefix('-'));
    name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Whether YAML 1.1 or 1.2 reads a text as a boolean, null, number, date or merge key. Rather too often.
fn means_something(text: &str) -> bool {
    const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "<<"];
    let in_numbers = |c: char| c.is_ascii_hexdigit() || "_+-.:xobOXBtTzZ ".contains(c);
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        || special(&text.to_ascii_lowercase()).is_some()
        || (text.starts_with(|c: char| c.is_ascii_digit() || "+.".contains(c))
            && text.chars().all(in_numbers))
}

/// What YAML 1.1 and 1.2 both let stand in a text as it is, but for line breaks of 1.1.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}')
        || matches!(c, '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::offline::yaml::node::Node;

    #[test]
    fn s11_h06_scalars_are_those_of_yaml_1_2() {
        for (text, expected) in [
            ("yes", json!("yes")),
            ("No", json!("No")),
            ("on", json!("on")),
            ("y", json!("y")),
            ("true", json!(true)),
            ("TRUE", json!(true)),
            ("tRUE", json!("tRUE")),
            ("null", json!(null)),
            ("~", json!(null)),
            ("", json!(null)),
            ("nULL", json!("nULL")),
            ("012", json!(12)),
            ("0644", json!(644)),
            ("0o14", json!(12)),
            ("0O14", json!("0O14")),
            ("0o8", json!("0o8")),
            ("-0o7", json!("-0o7")),
            ("0x1F", json!(31)),
            ("0x", json!("0x")),
            ("0b11", json!("0b11")),
            ("1_000", json!("1_000")),
            ("+7", json!(7)),
            ("-7", json!(-7)),
            ("-0", json!(0)),
            ("8080.0", json!(8080.0)),
            (".5", json!(0.5)),
            ("5.", json!(5.0)),
            ("1e3", json!(1000.0)),
            ("1e", json!("1e")),
            ("-", json!("-")),
            (".", json!(".")),
            ("+", json!("+")),
            ("e3", json!("e3")),
            ("1:30", json!("1:30")),
            ("1.2.3", json!("1.2.3")),
            ("2024-01-02", json!("2024-01-02")),
            ("2024-01-02T03:04:05Z", json!("2024-01-02T03:04:05Z")),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
        ] {
            assert_eq!(Node::from(resolve(text).expect(text)).to_json(), expected, "{text}");
        }
    }

    #[test]
    fn h06_numbers_that_json_cannot_hold_are_refused() {
        for text in
            [".inf", "-.INF", "+.Inf", ".nan", ".NaN", "1e999", "18446744073709551616", "0xFFFFFFFFFFFFFFFFF"]
        {
            let message = resolve(text).expect_err(text);
            assert!(message.contains("quotes"), "{message}");
        }
        assert!(resolve("-.nan").is_ok(), "a text in YAML 1.2");
    }

    #[test]
    fn s11_what_somebody_reads_as_something_else_is_no_safe_text() {
        for text in [
            "yes",
            "NO",
            "on",
            "Off",
            "y",
            "N",
            "true",
            "null",
            "~",
            "",
            "0",
            "012",
            "0o14",
            "0b1",
            "1_000",
            "1:30",
            "-1",
            "+1",
            ".5",
            "1e3",
            ".inf",
            "-.INF",
            ".NaN",
            "2024-01-02",
            "2001-12-14t21:59:43.10-05:00",
            "<<",
            "=",
            "- a",
            "-",
            "a: b",
            "a:",
            "a #b",
            "#a",
            " a",
            "a ",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "'a'",
            "\"a\"",
            "%a",
            "@a",
            "`a`",
            "[a",
            "{a",
            "? a",
            "---",
            "...",
            "a\nb",
            "a\tb",
            "a\u{7f}",
            "a\u{85}b",
            "a\u{2028}b",
            "\u{feff}a",
        ] {
            assert!(!is_safe(text, false), "{text:?}");
        }
        for text in [
            "nginx:1.27",
            "${resources.db.host}",
            "128Mi",
            "100m",
            "score.dev/v1b1",
            "a b",
            "ä",
            "/etc/x",
            "a#b",
            "-c",
            "--x=1",
        ] {
            assert!(is_safe(text, false), "{text:?}");
        }
        for text in ["a,b", "a?", "a:b", "a]"] {
            assert!(is_safe(text, false) && !is_safe(text, true), "{text}");
        }
    }
}
