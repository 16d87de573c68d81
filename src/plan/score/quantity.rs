//! Amounts of CPU and memory, compared exactly: Score's units of memory are decimal and binary.

use std::cmp::Ordering;

/// An amount as a decimal number, most significant digit first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Quantity {
    /// Digits before the point, without leading zeros.
    whole: Vec<u8>,
    /// Digits after the point, without trailing zeros.
    fraction: Vec<u8>,
}

/// Units: the power of ten and the power of 1024 that each stands for. Longer ones first.
const UNITS: &[(&str, i32, usize)] = &[
    ("Ki", 0, 1),
    ("Mi", 0, 2),
    ("Gi", 0, 3),
    ("Ti", 0, 4),
    ("Pi", 0, 5),
    ("Ei", 0, 6),
    ("m", -3, 0),
    ("K", 3, 0),
    ("M", 6, 0),
    ("G", 9, 0),
    ("T", 12, 0),
    ("P", 15, 0),
    ("E", 18, 0),
];

impl Quantity {
    /// Reads what Score's schema lets through (S15); `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let unit = UNITS.iter().find(|(unit, ..)| text.ends_with(unit));
        let (number, ten, binary) = match unit {
            Some((unit, ten, binary)) => (text.strip_suffix(unit)?, *ten, *binary),
            None => (text, 0, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let mut digits: Vec<u8> =
            [whole, fraction].concat().bytes().map(|byte| byte.wrapping_sub(b'0')).collect();
        if digits.is_empty() || digits.iter().any(|digit| *digit > 9) {
            return None;
        }
        let point = i32::try_from(fraction.len()).ok()?.checked_sub(ten)?;
        (0..binary).for_each(|_| times_1024(&mut digits));
        Some(Self::placed(digits, point))
    }

    /// The digits with `point` of them after the point; a negative `point` adds zeros.
    fn placed(mut digits: Vec<u8>, point: i32) -> Self {
        let after = usize::try_from(point).unwrap_or(0);
        digits.extend(std::iter::repeat_n(0, usize::try_from(-point).unwrap_or(0)));
        let missing = (after + 1).saturating_sub(digits.len());
        digits.splice(0..0, std::iter::repeat_n(0, missing));
        let mut fraction = digits.split_off(digits.len() - after);
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        let kept = fraction.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1);
        fraction.truncate(kept);
        Self { whole: digits.split_off(zeros), fraction }
    }
}

fn times_1024(digits: &mut Vec<u8>) {
    let mut carry = 0_u32;
    for digit in digits.iter_mut().rev() {
        carry += u32::from(*digit) * 1024;
        *digit = last_digit(carry);
        carry /= 10;
    }
    while carry > 0 {
        digits.insert(0, last_digit(carry));
        carry /= 10;
    }
}

fn last_digit(number: u32) -> u8 {
    u8::try_from(number % 10).unwrap_or_default()
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        let whole = self.whole.len().cmp(&other.whole.len()).then_with(|| self.whole.cmp(&other.whole));
        whole.then_with(|| self.fraction.cmp(&other.fraction))
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s15_amounts_are_compared_exactly() {
        let rows = [
            ("1000m", Ordering::Greater, "0.24"),
            ("240m", Ordering::Equal, "0.240"),
            ("007", Ordering::Equal, "7"),
            ("0", Ordering::Equal, "0m"),
            ("0.1", Ordering::Equal, "100m"),
            ("1Ki", Ordering::Equal, "1024"),
            ("1Ki", Ordering::Greater, "1K"),
            ("1.5Gi", Ordering::Equal, "1536Mi"),
            ("1E", Ordering::Less, "1Ei"),
            ("0.001K", Ordering::Equal, "1"),
            ("0.0001Ki", Ordering::Equal, "0.1024"),
            ("18446744073709551616Ei", Ordering::Greater, "18446744073709551615Ei"),
            ("0.30000000000000000001", Ordering::Greater, "0.3"),
        ];
        for (left, expected, right) in rows {
            let found = Quantity::parse(left).cmp(&Quantity::parse(right));
            assert_eq!(found, expected, "{left} against {right}");
        }
    }

    #[test]
    fn other_text_is_no_amount() {
        for text in ["", "m", "Ki", "-1", "1,5", "1.5.5", "1e3", "x"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }
}
