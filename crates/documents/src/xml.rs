//! Text, numbers and cell names as spreadsheet XML writes them.

use jiff::civil;

pub(crate) const DECLARATION: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// Namespace of spreadsheet parts.
pub(crate) const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
/// Namespace of references between parts; also the stem of relationship types.
pub(crate) const RELATIONS: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
/// Namespace of relationship files.
pub(crate) const PACKAGE_RELATIONS: &str =
    "http://schemas.openxmlformats.org/package/2006/relationships";

/// What a byte asks for inside element text.
const PLAIN: u8 = 0;
const ENTITY: u8 = 1;
const CONTROL: u8 = 2;
const UNDERSCORE: u8 = 3;
/// First byte of U+F000 to U+FFFF, among them the two that XML forbids.
const HIGH: u8 = 4;

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut class = [PLAIN; 256];
    let mut byte = 0;
    while byte < 0x20 {
        class[byte] = CONTROL;
        byte += 1;
    }
    class[b'\t' as usize] = PLAIN;
    class[b'\n' as usize] = PLAIN;
    class[b'<' as usize] = ENTITY;
    class[b'>' as usize] = ENTITY;
    class[b'&' as usize] = ENTITY;
    class[b'"' as usize] = ENTITY;
    class[b'_' as usize] = UNDERSCORE;
    class[0xEF] = HIGH;
    class
}

/// Appends `text` for use in an element or a quoted attribute. What XML cannot carry (control characters, a carriage
/// return, U+FFFE, U+FFFF) becomes `_xHHHH_`, and text that looks like such an escape is itself escaped, so that every
/// string survives the way there and back.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let class = CLASS[usize::from(bytes[at])];
        if class != PLAIN
            && let Some((escape, length)) = escape_at(bytes, at, class)
        {
            out.extend_from_slice(&bytes[copied..at]);
            out.extend_from_slice(escape.as_slice());
            copied = at + length;
            at = copied;
        } else {
            at += 1;
        }
    }
    out.extend_from_slice(&bytes[copied..]);
}

/// The same text as a new string.
pub(crate) fn text(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    push_text(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

enum Escape {
    Fixed(&'static [u8]),
    Control([u8; 7]),
}

impl Escape {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Fixed(bytes) => bytes,
            Self::Control(bytes) => bytes,
        }
    }
}

fn escape_at(bytes: &[u8], at: usize, class: u8) -> Option<(Escape, usize)> {
    match class {
        ENTITY => Some((Escape::Fixed(entity(bytes[at])), 1)),
        CONTROL => Some((Escape::Control(control_escape(bytes[at])), 1)),
        UNDERSCORE => is_escape_like(&bytes[at..]).then_some((Escape::Fixed(b"_x005F_"), 1)),
        _ => match bytes.get(at + 1..at + 3) {
            Some([0xBF, 0xBE]) => Some((Escape::Fixed(b"_xFFFE_"), 3)),
            Some([0xBF, 0xBF]) => Some((Escape::Fixed(b"_xFFFF_"), 3)),
            _ => None,
        },
    }
}

fn entity(byte: u8) -> &'static [u8] {
    match byte {
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'"' => b"&quot;",
        _ => b"&amp;",
    }
}

fn control_escape(byte: u8) -> [u8; 7] {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let [high, low] = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
    [b'_', b'x', b'0', b'0', high, low, b'_']
}

/// `_x` + four hexadecimal digits + `_`.
fn is_escape_like(bytes: &[u8]) -> bool {
    matches!(bytes.get(..7), Some([b'_', b'x' | b'X', digits @ .., b'_']) if digits.iter().all(u8::is_ascii_hexdigit))
}

/// Whether a reader would trim the text unless told to keep its blanks.
pub(crate) fn needs_space(text: &str) -> bool {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t' | b'\n'));
    blank(text.as_bytes().first()) || blank(text.as_bytes().last())
}

/// Appends a whole number.
pub(crate) fn push_integer(out: &mut Vec<u8>, integer: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes());
}

/// Appends the shortest text that reads back as the same number; the caller has checked that it is finite.
pub(crate) fn push_number(out: &mut Vec<u8>, number: f64) {
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(number);
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
}

/// `A` for 0, `AB` for 27.
pub(crate) fn column_letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(rest - 1) % 26]);
        rest = (rest - 1) / 26;
    }
    letters
        .iter()
        .rev()
        .map(|&letter| char::from(letter))
        .collect()
}

/// `B7` for column 1, row 7 (rows count from 1).
pub(crate) fn cell_name(column: usize, row: u32) -> String {
    format!("{}{row}", column_letters(column))
}

/// `$B$7` for column 1, row 7.
pub(crate) fn absolute_name(column: usize, row: u32) -> String {
    format!("${}${row}", column_letters(column))
}

/// A sheet name as it stands in a reference.
pub(crate) fn quoted_sheet(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

/// Day number of office programs; `None` before 1900, which they do not know.
pub(crate) fn serial_day(date: civil::Date) -> Option<i64> {
    const UNIX_EPOCH: i64 = 25_569;
    let days = (date
        .to_datetime(civil::Time::midnight())
        .duration_since(civil::date(1970, 1, 1).into()))
    .as_hours()
        / 24;
    let serial = days + UNIX_EPOCH;
    // They take 1900 for a leap year: before its March every day counts one less.
    let serial = if serial <= 60 { serial - 1 } else { serial };
    (serial >= 1).then_some(serial)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use jiff::civil::date;

    #[test]
    fn what_xml_cannot_carry_is_escaped_the_office_way() {
        assert_eq!(text("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
        assert_eq!(text("\u{1}\r\u{0}"), "_x0001__x000D__x0000_");
        assert_eq!(text("_x0001_"), "_x005F_x0001_");
        assert_eq!(text("_x001_ _y0001_"), "_x001_ _y0001_");
        assert_eq!(text("\u{FFFE}，\u{FFFF}"), "_xFFFE_，_xFFFF_");
        assert_eq!(text("核心区\t（一）\n"), "核心区\t（一）\n");
    }

    #[test]
    fn columns_are_lettered_like_in_the_office_program() {
        let names = [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (701, "ZZ"),
            (702, "AAA"),
            (16_383, "XFD"),
        ];
        for (column, letters) in names {
            assert_eq!(column_letters(column), letters);
        }
    }

    #[test]
    fn dates_count_from_1900_with_its_false_leap_day() {
        assert_eq!(serial_day(date(1900, 1, 1)), Some(1));
        assert_eq!(serial_day(date(1900, 2, 28)), Some(59));
        assert_eq!(serial_day(date(1900, 3, 1)), Some(61));
        assert_eq!(serial_day(date(2019, 8, 18)), Some(43_695));
        assert_eq!(serial_day(date(1899, 12, 31)), None);
    }

    #[test]
    fn numbers_are_short_and_exact() {
        let print = |number| {
            let mut out = Vec::new();
            push_number(&mut out, number);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            (print(104.0), print(106.512345), print(-0.1)),
            ("104".into(), "106.512345".into(), "-0.1".into())
        );
        assert_eq!(print(1e300), "1e300");
    }
}
