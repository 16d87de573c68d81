//! A JSON value as the text that a container reads.
//!
//! The rules are those of score-k8s (H03, H06), less Go's HTML escaping: a string stands as it is, all else is compact
//! JSON with sorted keys, and a whole number has no fraction (`8080`, never `8080.0`).

use serde_json::{Map, Number, Value as Json};

/// The text of `json` inside other text.
pub(super) fn of(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => self::json(other),
    }
}

/// Compact JSON with sorted keys.
pub(super) fn json(json: &Json) -> String {
    let mut out = String::new();
    write(&mut out, json);
    out
}

/// The entries of a map in the order of their keys, which depends on features of other crates otherwise.
pub(super) fn sorted(map: &Map<String, Json>) -> Vec<(&String, &Json)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

/// Appends compact JSON.
fn write(out: &mut String, json: &Json) {
    match json {
        Json::Number(number) => out.push_str(&number_text(number)),
        Json::Array(items) => {
            write_all(out, ('[', ']'), items.iter(), write);
        }
        Json::Object(map) => {
            write_all(out, ('{', '}'), sorted(map).into_iter(), |out, (key, value)| {
                out.push_str(&Json::from(key.as_str()).to_string());
                out.push(':');
                write(out, value);
            });
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn write_all<T>(
    out: &mut String,
    (open, close): (char, char),
    items: impl Iterator<Item = T>,
    mut each: impl FnMut(&mut String, T),
) {
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(out, item);
    }
    out.push(close);
}

/// A number as Go's `encoding/json` prints it.
fn number_text(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string();
    };
    let size = float.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return float.to_string();
    }
    let text = format!("{float:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn h03_maps_and_lists_are_compact_json() {
        for (value, text) in [
            (
                json!({"z": 1, "a": "x", "b": {"y": [1, "two", true, null], "x": 1.5}}),
                r#"{"a":"x","b":{"x":1.5,"y":[1,"two",true,null]},"z":1}"#,
            ),
            (json!(["web", 3]), r#"["web",3]"#),
            (json!({"html": "<a href=\"x\">&</a>"}), r#"{"html":"<a href=\"x\">&</a>"}"#),
            (json!({}), "{}"),
            (json!([]), "[]"),
        ] {
            assert_eq!(super::of(&value), text);
        }
    }

    #[test]
    fn h06_scalars_have_no_surplus() {
        for (value, text) in [
            (json!("as <it> is\n"), "as <it> is\n"),
            (json!(8080), "8080"),
            (json!(8080.0), "8080"),
            (json!(-1), "-1"),
            (json!(1.5), "1.5"),
            (json!(0.5), "0.5"),
            (json!(-0.0), "-0"),
            (json!(1e20), "100000000000000000000"),
            (json!(1e21), "1e+21"),
            (json!(1.5e-7), "1.5e-7"),
            (json!(u64::MAX), "18446744073709551615"),
            (json!(true), "true"),
            (json!(null), "null"),
            (json!([8080.0]), "[8080]"),
        ] {
            assert_eq!(super::of(&value), text);
        }
    }
}
