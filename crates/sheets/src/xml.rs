//! The little XML of workbooks: attributes, and texts with their escapes. No entity beyond the five of XML is known,
//! and a document type declaration refuses the part, so nothing can expand.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::error::Error;

/// A pull reader over one part that never expands entities and refuses a document type.
pub(crate) struct PartReader<R> {
    reader: Reader<R>,
    buffer: Vec<u8>,
    part: String,
}

impl<R: BufRead> PartReader<R> {
    pub(crate) fn new(input: R, part: &str) -> Self {
        let mut reader = Reader::from_reader(input);
        reader.config_mut().check_end_names = false;
        Self { reader, buffer: Vec::new(), part: part.to_owned() }
    }

    pub(crate) fn next(&mut self) -> Result<Event<'_>, Error> {
        self.buffer.clear();
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(Event::DocType(_)) => Err(Error::damaged(&self.part, "document type declaration")),
            Ok(event) => Ok(event),
            Err(quick_xml::Error::Io(error)) => Err(Error::from_io(&self.part, &error)),
            Err(error) => Err(Error::damaged(&self.part, error)),
        }
    }
}

/// The value of the attribute with this local name.
pub(crate) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().with_checks(false).flatten().find(|a| a.key.local_name().as_ref() == name.as_bytes())?;
    Some(unescape(&String::from_utf8_lossy(&found.value)))
}

/// Whether a boolean attribute is set.
pub(crate) fn flag(element: &BytesStart<'_>, name: &str) -> bool {
    matches!(attribute(element, name).as_deref(), Some("1" | "true" | "on"))
}

/// The character or characters a reference between `&` and `;` stands for; unknown ones stay as written.
pub(crate) fn push_reference(reference: &BytesRef<'_>, text: &mut String) {
    let name = String::from_utf8_lossy(reference);
    push_entity(&name, text);
}

fn push_entity(name: &str, text: &mut String) {
    match entity(name) {
        Some(char) => text.push(char),
        None => {
            text.push('&');
            text.push_str(name);
            text.push(';');
        }
    }
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// Text with the escapes of XML resolved.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match rest.as_bytes().iter().take(12).position(|&byte| byte == b';') {
            Some(end) => {
                push_entity(&rest[1..end], &mut out);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Text with the `_x000D_` escapes of workbooks resolved: how they keep characters that XML cannot carry.
pub(crate) fn unescape_workbook(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        match escaped_char(&rest[at..]) {
            Some(char) => {
                out.push(char);
                rest = &rest[at + 7..];
            }
            None => {
                out.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn escaped_char(text: &str) -> Option<char> {
    let hex = text.get(2..6)?;
    let is_escape = text.as_bytes().get(6) == Some(&b'_') && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_escape { char::from_u32(u32::from_str_radix(hex, 16).ok()?) } else { None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved_and_strangers_kept() {
        assert_eq!(unescape("a&lt;b&#38;&#x4E2D;&amp;amp;"), "a<b&中&amp;");
        assert_eq!(unescape("&bomb; & &#xFFFFFFFF;"), "&bomb; & &#xFFFFFFFF;");
        assert_eq!(unescape("&一二三四五六七"), "&一二三四五六七");
    }

    #[test]
    fn workbook_escapes_are_resolved() {
        assert_eq!(unescape_workbook("a_x000D_b"), "a\rb");
        assert_eq!(unescape_workbook("_x005F_x000D_"), "_x000D_");
        assert_eq!(unescape_workbook("file_x1.csv_x00"), "file_x1.csv_x00");
        assert_eq!(unescape_workbook("_x中文字符_"), "_x中文字符_");
    }
}
