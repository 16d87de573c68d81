//! Bounds how deep the JSON of an answer may nest, before anything parses it. The API server stores
//! objects that nest deeper than our parser goes; one such object, in anybody's namespace, would make
//! every list of its kind unreadable, and so stop the operator for all.

use crate::api::TOO_DEEP;

/// `serde_json` stops at 128, and a list or a watch event wraps an object three times.
const LIMIT: usize = 100;

/// Replaces what nests too deep by the text [`TOO_DEEP`]. Works byte by byte, whatever the chunks: a list
/// and a watch alike.
#[derive(Clone, Debug, Default)]
pub struct Shallow {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Shallow {
    /// The same bytes, less what is too deep.
    pub fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut kept = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            let before = self.depth;
            self.step(byte);
            match (before > LIMIT, self.depth > LIMIT) {
                (false, false) => kept.push(byte),
                (false, true) => kept.extend_from_slice(format!("{TOO_DEEP:?}").as_bytes()),
                (true, _) => {}
            }
        }
        kept
    }

    fn step(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_text => self.escaped = true,
            b'"' => self.in_text = !self.in_text,
            _ if self.in_text => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn nested(levels: usize) -> String {
        format!("{{\"a\": [\"}}{{\\\"\", {}1{}], \"b\": 2}}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn what_is_shallow_passes_unchanged_in_chunks_of_any_size() {
        let text = nested(LIMIT - 2);
        for size in [1, 7, text.len()] {
            let mut filter = Shallow::default();
            let kept: Vec<u8> = text.as_bytes().chunks(size).flat_map(|chunk| filter.pass(chunk)).collect();
            assert_eq!(String::from_utf8(kept).expect("text"), text);
        }
    }

    #[test]
    fn what_is_too_deep_is_cut_out_and_the_rest_can_be_read() {
        for levels in [LIMIT, 300, 10_000] {
            let lines = format!("{}\n{}\n", nested(levels), nested(1));
            let mut filter = Shallow::default();
            let kept = String::from_utf8(filter.pass(lines.as_bytes())).expect("text");
            let parsed: Vec<Value> =
                kept.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            assert_eq!((&parsed[0]["b"], &parsed[1]["b"]), (&Value::from(2), &Value::from(2)));
            assert!(kept.contains(TOO_DEEP));
        }
    }
}
