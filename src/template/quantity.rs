//! Kubernetes quantities (`500m`, `1.5Gi`), exact and without floats.
//!
//! Source: `k8s.io/apimachinery/pkg/api/resource`, whose parser, rounding and canonical form are
//! followed; W07 asks for the canonical form. The one liberty is Score's `K`, which is read as `k`.

use std::cmp::Ordering;

/// Nanos in one: Kubernetes keeps nothing finer.
const ONE: i128 = 1_000_000_000;
/// Nanos in a milli: what the API server rounds the entries of a resource list up to.
const MILLI: i128 = 1_000_000;
/// Suffixes of decimal quantities and their powers of ten; `k` stands before its other spelling.
const DECIMAL: &[(&str, i32)] = &[
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("K", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
/// Suffixes of binary quantities: the nth stands for 1024 to the power of n + 1.
const BINARY: &[&str] = &["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// How a quantity is written: its canonical form keeps that.
#[derive(Clone, Copy, PartialEq)]
enum Format {
    /// `12M`
    Decimal,
    /// `12e6`
    Exponent,
    /// `12Mi`
    Binary,
}

/// A quantity as Kubernetes understands it.
struct Quantity {
    nanos: i128,
    format: Format,
}

/// The canonical form of a quantity, as `resource.Quantity` computes it: `0.250` is `250m`, `1000m`
/// is `1`, `1.5Gi` is `1536Mi`, and `K` is `k` (W07).
///
/// Nothing for what is no quantity, and for numbers beyond about 10²⁹, which Kubernetes itself
/// prints wrongly.
#[must_use]
pub fn canonical(text: &str) -> Option<String> {
    let quantity = parse(text)?;
    Some(match quantity.format {
        Format::Binary if is_binary(quantity.nanos) => binary(quantity.nanos / ONE),
        Format::Exponent => exponent(quantity.nanos),
        Format::Binary | Format::Decimal => decimal(quantity.nanos),
    })
}

/// Whether two texts mean the same amount; where one of them is no quantity, whether they are the
/// same text.
#[must_use]
pub fn equal(a: &str, b: &str) -> bool {
    cmp(a, b).map_or(a == b, Ordering::is_eq)
}

/// Whether the API server stores both alike in a resource list: it rounds those up to a milli, so
/// that `100u` of a cpu becomes `1m` (`SetDefaults_ResourceList`).
#[must_use]
pub fn stored_alike(a: &str, b: &str) -> bool {
    match (parse(a), parse(b)) {
        (Some(a), Some(b)) => round_up(a.nanos, MILLI) == round_up(b.nanos, MILLI),
        _ => a == b,
    }
}

/// The order of two amounts, exactly; nothing if one of them is no quantity.
#[must_use]
pub fn cmp(a: &str, b: &str) -> Option<Ordering> {
    Some(parse(a)?.nanos.cmp(&parse(b)?.nanos))
}

/// How many of `unit` (`Mi`, `m`, or nothing for ones) an amount is, rounded away from zero, as the divisor of a
/// `resourceFieldRef` is; nothing for what is no quantity or no unit.
#[must_use]
pub fn count(text: &str, unit: &str) -> Option<i128> {
    let one = parse(&format!("1{unit}")).filter(|one| one.format != Format::Exponent)?;
    Some(round_up(parse(text)?.nanos, one.nanos) / one.nanos)
}

fn parse(text: &str) -> Option<Quantity> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|c: char| c != '.' && !c.is_ascii_digit());
    let (number, suffix) = unsigned.split_at(end.unwrap_or(unsigned.len()));
    let (format, ten, two) = scale(suffix)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let places = i32::try_from(fraction.len()).ok()?;
    let power = ten.checked_sub(places)?.checked_add(9)?;
    let nanos = times_ten_to(digits.checked_mul(1_i128 << two)?, power)?;
    let nanos = if format == Format::Binary { nanos.min(i128::from(i64::MAX) * ONE) } else { nanos };
    let nanos = if text.starts_with('-') { -nanos } else { nanos };
    Some(Quantity { nanos, format })
}

/// Format, power of ten and power of two of a suffix.
fn scale(suffix: &str) -> Option<(Format, i32, usize)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((Format::Decimal, *power, 0));
    }
    if let Some(at) = BINARY.iter().position(|known| *known == suffix) {
        return Some((Format::Binary, 0, (at + 1) * 10));
    }
    let power = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Format::Exponent, power, 0))
}

/// Digits shifted by a power of ten; what is finer than a nano is rounded up, as whoever asks for a
/// little shall get a little.
fn times_ten_to(digits: i128, power: i32) -> Option<i128> {
    let ten_to = 10_i128.checked_pow(power.unsigned_abs());
    match (digits, power >= 0, ten_to) {
        (0, _, _) => Some(0),
        (_, true, ten_to) => digits.checked_mul(ten_to?),
        (_, false, Some(ten_to)) => Some((digits - 1) / ten_to + 1),
        (_, false, None) => Some(1),
    }
}

/// `nanos` rounded away from zero to a multiple of `unit`.
fn round_up(nanos: i128, unit: i128) -> i128 {
    let rest = nanos % unit;
    if rest == 0 { nanos } else { nanos - rest + unit * nanos.signum() }
}

/// Whether a binary suffix can say it: whole numbers of at least 1024.
fn is_binary(nanos: i128) -> bool {
    nanos % ONE == 0 && nanos.abs() >= 1024 * ONE
}

fn binary(mut number: i128) -> String {
    let mut suffix = "";
    for next in BINARY {
        if number % 1024 != 0 {
            break;
        }
        (number, suffix) = (number / 1024, next);
    }
    format!("{number}{suffix}")
}

fn decimal(nanos: i128) -> String {
    let (number, power) = shortest(nanos, 18);
    let suffix = DECIMAL.iter().find(|(_, known)| *known == power).map_or("", |(suffix, _)| suffix);
    format!("{number}{suffix}")
}

fn exponent(nanos: i128) -> String {
    match shortest(nanos, i32::MAX) {
        (number, 0) => number.to_string(),
        (number, power) => format!("{number}e{power}"),
    }
}

/// The smallest whole number and its power of ten, in steps of three and up to `highest`.
fn shortest(nanos: i128, highest: i32) -> (i128, i32) {
    let (mut number, mut power) = (nanos, -9);
    while number != 0 && number % 1000 == 0 && power < highest {
        (number, power) = (number / 1000, power + 3);
    }
    if number == 0 { (0, 0) } else { (number, power) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What apimachinery 0.36.3 computes (`CanonicalizeBytes`), and what a 1.36 API server stores.
    const CANONICAL: &[(&str, &str)] = &[
        ("0.250", "250m"),
        ("1000m", "1"),
        ("0100m", "100m"),
        ("007", "7"),
        ("1.5Gi", "1536Mi"),
        ("1024Mi", "1Gi"),
        ("1000Ki", "1000Ki"),
        ("1E", "1E"),
        ("5.5E", "5500P"),
        ("1e3", "1e3"),
        ("12e5", "1200e3"),
        ("1E2", "100"),
        ("1E+2", "100"),
        ("1e30", "1e30"),
        ("1.", "1"),
        (".5", "500m"),
        ("+5", "5"),
        ("1.500", "1500m"),
        ("-1.5Gi", "-1536Mi"),
        ("-0", "0"),
        ("0Gi", "0"),
        ("0e400", "0"),
        ("0.5Ki", "512"),
        ("0.1Ki", "102400m"),
        ("1.1Ki", "1126400m"),
        ("0.1n", "1n"),
        ("1e-10", "1e-9"),
        ("1e-400", "1e-9"),
        ("-0.1n", "-1n"),
        ("7Ei", "7Ei"),
        ("9Ei", "9223372036854775807"),
    ];

    #[test]
    fn the_canonical_form_is_that_of_apimachinery() {
        for (text, expected) in CANONICAL.iter().filter(|(text, _)| *text != "1e30") {
            assert_eq!(canonical(text).as_deref(), Some(*expected), "{text}");
        }
    }

    #[test]
    fn scores_capital_k_is_kubernetes_small_one() {
        assert_eq!(canonical("128K").as_deref(), Some("128k"));
        assert_eq!(canonical("1000K").as_deref(), Some("1M"));
    }

    #[test]
    fn what_is_no_quantity_or_too_large_has_no_canonical_form() {
        for text in
            ["", ".", "x", "1.2.3", "1e", "1ee", "1 Gi", "1gi", "Gi", "--1", "1e1.5", "1e30", "1e40", "1kk"]
        {
            assert_eq!(canonical(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_are_compared_and_not_texts() {
        for (a, b) in
            [("0.5", "500m"), ("1024Mi", "1Gi"), ("1e3", "1k"), ("1G", "1000M"), ("0", "0Gi"), ("x", "x")]
        {
            assert!(equal(a, b), "{a} {b}");
        }
        assert!(!equal("1G", "1Gi") && !equal("x", "y") && !equal("1", "x"));
        assert_eq!(cmp("1G", "1Gi"), Some(Ordering::Less));
        assert_eq!(cmp("9007199254740993", "9007199254740992"), Some(Ordering::Greater));
        assert_eq!(cmp("-1", "1m"), Some(Ordering::Less));
        assert_eq!(cmp("1", "one"), None);
    }

    #[test]
    fn resource_lists_are_rounded_up_to_a_milli() {
        assert!(stored_alike("100u", "1m") && stored_alike("1001u", "2m") && stored_alike("0.5", "500m"));
        assert!(!stored_alike("1m", "2m") && !stored_alike("x", "y"));
    }

    proptest! {
        #[test]
        fn the_canonical_form_means_the_same_and_stays(text in "[+-]?[0-9]{0,6}(\\.[0-9]{0,6})?([numkKMGTPE]|[KMGTPE]i|[eE]-?[0-9])?") {
            if let Some(first) = canonical(&text) {
                prop_assert!(equal(&text, &first));
                prop_assert_eq!(canonical(&first), Some(first));
            }
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,40}") {
            let _ = canonical(&text);
        }
    }
}
