//! RFC 8785 (JSON Canonicalization Scheme) in one pass: serde_json writes the text with canonical numbers, then the
//! members of objects are put in order. Strings need nothing: serde_json escapes them as the RFC asks.
//!
//! `serde_jcs` does the same and is the oracle of the tests; it allocates per value and took half of an append.

use std::cmp::Ordering;
use std::io::{self, Write};
use std::ops::Range;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Deepest nesting that is written; serde_json reads no deeper.
const MAX_DEPTH: usize = 127;

/// Integers up to here are exact as the doubles that the RFC knows.
const MAX_EXACT: u64 = 1 << 53;

/// Canonical JSON of a value.
pub(crate) fn to_vec(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    to_vec_with_nulls(value).map(|(written, _)| written)
}

/// Canonical JSON of a value, and whether there is a `null` in it: serde_json writes numbers that are none so.
pub(super) fn to_vec_with_nulls(
    value: &impl Serialize,
) -> Result<(Vec<u8>, bool), serde_json::Error> {
    let (mut written, mut has_null) = (Vec::with_capacity(1024), false);
    value.serialize(&mut Serializer::with_formatter(
        &mut written,
        Canonical {
            has_null: &mut has_null,
        },
    ))?;
    let mut sorter = Sorter {
        text: &written,
        at: 0,
        out: Vec::with_capacity(written.len()),
    };
    sorter
        .value(0)
        .ok_or_else(|| serde::ser::Error::custom("nested too deeply"))?;
    Ok((sorter.out, has_null))
}

/// Writes numbers as ECMAScript does, and notices nulls.
struct Canonical<'a> {
    has_null: &'a mut bool,
}

impl Formatter for Canonical<'_> {
    fn write_null<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        *self.has_null = true;
        CompactFormatter.write_null(writer)
    }

    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(ryu_js::Buffer::new().format_finite(value).as_bytes())
    }

    fn write_f32<W: ?Sized + Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        self.write_f64(writer, f64::from(value))
    }

    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        match value {
            0..=MAX_EXACT => CompactFormatter.write_u64(writer, value),
            _ => self.write_f64(writer, value as f64),
        }
    }

    fn write_i64<W: ?Sized + Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        match value.unsigned_abs() {
            0..=MAX_EXACT => CompactFormatter.write_i64(writer, value),
            _ => self.write_f64(writer, value as f64),
        }
    }
}

/// Copies compact JSON, putting the members of every object in order.
struct Sorter<'a> {
    text: &'a [u8],
    at: usize,
    out: Vec<u8>,
}

/// A member of an object: its key in the text, without quotes, and all of it in the output.
struct Member {
    key: Range<usize>,
    out: Range<usize>,
}

impl Sorter<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn copy_to(&mut self, end: usize) -> Option<()> {
        self.out.extend_from_slice(self.text.get(self.at..end)?);
        self.at = end;
        Some(())
    }

    /// Copies one value; `None` if it is nested too deeply (the text itself is serde_json's and well-formed).
    fn value(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'{' if depth < MAX_DEPTH => self.object(depth + 1),
            b'[' if depth < MAX_DEPTH => self.array(depth + 1),
            b'{' | b'[' => None,
            b'"' => self.string().map(|_| ()),
            _ => self.scalar(),
        }
    }

    fn scalar(&mut self) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        let length = rest
            .iter()
            .position(|b| matches!(b, b',' | b']' | b'}'))
            .unwrap_or(rest.len());
        self.copy_to(self.at + length)
    }

    /// Copies a string and returns where its content lies in the text.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at + 1;
        let mut end = start;
        loop {
            match self.text.get(end)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        self.copy_to(end + 1)?;
        Some(start..end)
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.copy_to(self.at + 1)?;
        while self.peek()? != b']' {
            match self.peek()? {
                b',' => self.copy_to(self.at + 1)?,
                _ => self.value(depth)?,
            }
        }
        self.copy_to(self.at + 1)
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.copy_to(self.at + 1)?;
        let first = self.out.len();
        let mut members: Vec<Member> = Vec::with_capacity(16);
        while self.peek()? != b'}' {
            if self.peek()? == b',' {
                self.copy_to(self.at + 1)?;
            }
            let start = self.out.len();
            let key = self.string()?;
            self.copy_to(self.at + 1)?;
            self.value(depth)?;
            members.push(Member {
                key,
                out: start..self.out.len(),
            });
        }
        self.sort(first, members);
        self.copy_to(self.at + 1)
    }

    fn sort(&mut self, first: usize, mut members: Vec<Member>) {
        let text = self.text;
        let order = |a: &Member, b: &Member| key_order(&text[a.key.clone()], &text[b.key.clone()]);
        if members.is_sorted_by(|a, b| order(a, b) != Ordering::Greater) {
            return;
        }
        members.sort_by(order);
        let unsorted = self.out.split_off(first);
        for (n, member) in members.into_iter().enumerate() {
            if n > 0 {
                self.out.push(b',');
            }
            self.out
                .extend_from_slice(&unsorted[member.out.start - first..member.out.end - first]);
        }
    }
}

/// Keys are ordered by their UTF-16 code units, which for ASCII is the order of bytes.
fn key_order(a: &[u8], b: &[u8]) -> Ordering {
    let is_plain = |key: &[u8]| key.iter().all(|b| b.is_ascii() && *b != b'\\');
    if is_plain(a) && is_plain(b) {
        return a.cmp(b);
    }
    unescaped(a).encode_utf16().cmp(unescaped(b).encode_utf16())
}

fn unescaped(key: &[u8]) -> String {
    let quoted = [b"\"", key, b"\""].concat();
    // The key was written by serde_json a moment ago.
    serde_json::from_slice(&quoted).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn canonical(value: &Value) -> String {
        String::from_utf8(to_vec(value).unwrap()).unwrap()
    }

    #[test]
    fn the_example_of_the_rfc_comes_out_as_the_rfc_says() {
        let value: Value = serde_json::from_str(
            r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
                "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
        )
        .unwrap();
        let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
                        \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(canonical(&value), expected);
    }

    #[test]
    fn keys_are_ordered_by_utf_16_not_by_bytes() {
        // The RFC's own: U+FB33 comes after the surrogates of U+1F600.
        let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        let order: Vec<u64> = canonical(&value)
            .bytes()
            .filter(|b| (b'1'..=b'7').contains(b))
            .map(u64::from)
            .collect();
        assert!(
            canonical(&value).starts_with("{\"\\r\":2,\"1\":4,"),
            "{}",
            canonical(&value)
        );
        assert_eq!(
            &order[order.len() - 2..],
            [u64::from(b'5'), u64::from(b'3')]
        );
    }

    #[test]
    fn what_is_nested_beyond_reading_is_not_written() {
        let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(to_vec(&nested(127)).is_ok());
        assert!(to_vec(&nested(128)).is_err());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let number = any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(|n| json!(n));
        let integer = (-(1i64 << 53)..(1i64 << 53)).prop_map(|n| json!(n));
        let big = any::<u64>().prop_map(|n| json!(n));
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            number,
            integer,
            big,
            any::<String>().prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                proptest::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_writes_what_the_oracle_writes(value in any_json()) {
            prop_assert_eq!(canonical(&value), serde_jcs::to_string(&value).unwrap());
        }

        #[test]
        fn canonical_text_stays_as_it_is(value in any_json()) {
            let once = canonical(&value);
            let again: Value = serde_json::from_str(&once).unwrap();
            prop_assert_eq!(canonical(&again), once);
        }
    }
}
