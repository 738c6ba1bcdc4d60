//! Reading members of JSON that may be anything.

use serde_json::Value as Json;
use spatial::bounds::Limits;

use crate::error::Error;
use crate::record::{Value, When};

/// A whole document is held in memory, many times larger than its bytes.
const MOST_BYTES: u64 = 64 << 20;

/// Values of one document.
const MOST_VALUES: u64 = 4_000_000;

/// Path of one answer; names that are longer are nobody's.
const MOST_PATH: usize = 400;

/// The bytes as text, without a byte order mark.
pub(crate) fn text<'b>(bytes: &'b [u8], limits: &Limits) -> Result<&'b str, Error> {
    let limit = limits.file_bytes.min(MOST_BYTES);
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge {
            what: "bytes",
            limit,
        });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => Err(Error::NotUtf8 {
            valid: error.valid_up_to(),
        }),
    }
}

/// The document; nesting is bounded by the parser.
pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<Json, Error> {
    let text = text(bytes, limits)?;
    let separators = text.bytes().filter(|byte| matches!(byte, b',' | b'['));
    if separators.count() as u64 > MOST_VALUES {
        return Err(Error::TooLarge {
            what: "values",
            limit: MOST_VALUES,
        });
    }
    serde_json::from_str(text).map_err(|source| Error::BrokenJson {
        line: source.line(),
        column: source.column(),
        source,
    })
}

/// A text or number, as text; nothing for what is empty.
pub(crate) fn word(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A finite number, also where it was written as text.
pub(crate) fn number(value: &Json) -> Option<f64> {
    let number = match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|n: &f64| n.is_finite())
}

/// Milliseconds since 1970 are how tables of others write times.
pub(crate) fn epoch_ms(value: &Json) -> Option<When> {
    let ms = value.as_f64().filter(|ms| ms.abs() > 1e11)?;
    let ms = ms as i64;
    jiff::Timestamp::from_millisecond(ms)
        .ok()
        .map(When::Instant)
}

/// Every answer inside, by its path; lists of words become words with spaces between, as ODK writes them.
pub(crate) fn flatten(value: &Json, path: &str, values: &mut Vec<Value>, most: usize) {
    if values.len() >= most || path.len() > MOST_PATH {
        return;
    }
    let below = |name: &str| match path {
        "" => name.to_owned(),
        outer => format!("{outer}/{name}"),
    };
    match value {
        Json::Object(members) => {
            for (name, member) in members {
                flatten(member, &below(name), values, most);
            }
        }
        Json::Array(items) if items.iter().all(|i| word(i).is_some()) => {
            let words: Vec<String> = items.iter().filter_map(word).collect();
            if !words.is_empty() {
                values.push(Value {
                    path: path.to_owned(),
                    text: words.join(" "),
                });
            }
        }
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                flatten(item, &format!("{path}[{}]", at + 1), values, most);
            }
        }
        other => values.extend(word(other).map(|text| Value {
            path: path.to_owned(),
            text,
        })),
    }
}
