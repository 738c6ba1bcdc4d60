//! Numbers, western and Chinese, and codes.

use std::borrow::Cow;

use super::{Reading, fold_width, is_blank_char};
use crate::row::ValueView;

/// A number at the start of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Leading<'a> {
    pub(crate) number: f64,
    /// What follows the number.
    pub(crate) rest: &'a str,
    /// Written with separators or Chinese numerals.
    pub(crate) is_plain: bool,
}

const POWERS: [f64; 16] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Digits with at most one dot. Up to fifteen digits the quotient of two exact numbers is the nearest one; longer
/// numbers go through the library.
#[inline]
pub(crate) fn unsigned(text: &[u8]) -> Option<f64> {
    let (mut whole, mut decimals, mut digits, mut is_fraction) = (0u64, 0usize, 0usize, false);
    for &byte in text {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                if digits > 15 {
                    return std::str::from_utf8(text).ok()?.parse().ok();
                }
                whole = whole * 10 + u64::from(byte - b'0');
                decimals += usize::from(is_fraction);
            }
            b'.' if !is_fraction => is_fraction = true,
            _ => return None,
        }
    }
    (digits > 0).then(|| whole as f64 / POWERS[decimals])
}

/// The number a text begins with: `1,234.5`, `三点二`, `二十五`; none if it begins otherwise.
pub(crate) fn leading(text: &str) -> Option<Leading<'_>> {
    western(text).or_else(|| chinese(text))
}

fn western(text: &str) -> Option<Leading<'_>> {
    let bytes = text.as_bytes();
    let is_negative = bytes.first() == Some(&b'-');
    let start = usize::from(is_negative);
    let mut end = start;
    let mut has_separator = false;
    while let Some(&byte) = bytes.get(end) {
        let is_separator = byte == b',' && is_group(&bytes[end + 1..]) && end > start;
        has_separator |= is_separator;
        if !(byte.is_ascii_digit() || byte == b'.' || is_separator) {
            break;
        }
        end += 1;
    }
    let written = &bytes[start..end];
    let number = if has_separator { unsigned(&without_commas(written))? } else { unsigned(written)? };
    let number = if is_negative { -number } else { number };
    Some(Leading { number, rest: &text[end..], is_plain: !has_separator })
}

/// Whether three digits and no fourth follow.
fn is_group(bytes: &[u8]) -> bool {
    bytes.len() >= 3 && bytes[..3].iter().all(u8::is_ascii_digit) && !bytes.get(3).is_some_and(u8::is_ascii_digit)
}

fn without_commas(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|&byte| byte != b',').collect()
}

/// The value of a Chinese digit.
pub(crate) fn chinese_digit(char: char) -> Option<u8> {
    Some(match char {
        '〇' | '○' | '零' | 'Ｏ' | '◯' => 0,
        '一' | '壹' => 1,
        '二' | '两' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

fn chinese_unit(char: char) -> Option<f64> {
    Some(match char {
        '十' | '拾' => 10.0,
        '百' | '佰' => 100.0,
        '千' | '仟' => 1000.0,
        '万' => 1e4,
        '亿' => 1e8,
        _ => return None,
    })
}

/// Chinese numerals: `一千二百三十`, `三点二`, `二〇一九`, `半`.
fn chinese(text: &str) -> Option<Leading<'_>> {
    let (mut total, mut section, mut digit, mut run) = (0.0, 0.0, None::<f64>, 0u32);
    let mut end = 0;
    for (at, char) in text.char_indices() {
        if let Some(value) = chinese_digit(char) {
            digit = Some(digit.filter(|_| run > 0).map_or(0.0, |digit| digit * 10.0) + f64::from(value));
            run += 1;
            if run > 15 {
                return None;
            }
        } else if let Some(unit) = chinese_unit(char) {
            if unit >= 1e4 {
                total = (total + section + digit.unwrap_or(0.0)) * unit;
                section = 0.0;
            } else {
                section += digit.unwrap_or(1.0) * unit;
            }
            (digit, run) = (None, 0);
        } else {
            break;
        }
        end = at + char.len_utf8();
    }
    if end == 0 || (total == 0.0 && section == 0.0 && digit.is_none()) {
        return None;
    }
    let whole = total + section + digit.unwrap_or(0.0);
    let (fraction, rest) = chinese_fraction(&text[end..]);
    Some(Leading { number: whole + fraction, rest, is_plain: false })
}

fn chinese_fraction(text: &str) -> (f64, &str) {
    let Some(after) = text.strip_prefix('点') else { return (0.0, text) };
    let digits: Vec<u8> = after.chars().map_while(chinese_digit).take(15).collect();
    if digits.is_empty() {
        return (0.0, text);
    }
    let bytes: usize = after.chars().take(digits.len()).map(char::len_utf8).sum();
    let whole = digits.iter().fold(0u64, |sum, &digit| sum * 10 + u64::from(digit));
    (whole as f64 / POWERS[digits.len()], &after[bytes..])
}

/// A text without the blanks around and in half-width forms.
pub(crate) fn trimmed<'a>(text: &'a str) -> Cow<'a, str> {
    match fold_width(text) {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(is_blank_char)),
        Cow::Owned(text) => Cow::Owned(text.trim_matches(is_blank_char).to_owned()),
    }
}

/// Marks by which people say that there is nothing to say.
pub(crate) fn is_dash(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| matches!(char, '/' | '\\' | '-' | '—' | '–' | '－' | '―' | '一') && char != '一')
}

/// A decimal number, with western separators, Chinese numerals, or 万 behind it.
pub fn decimal(value: &ValueView<'_>) -> Reading<f64> {
    match value {
        ValueView::Empty => Reading::absent(),
        ValueView::Number(number) => Reading::plain(*number),
        ValueView::Text(text) => decimal_text(text),
        ValueView::Error(_) => Reading::fault("value.error_cell"),
        ValueView::Bool(_) | ValueView::Date(_) => Reading::fault("value.not_a_number"),
    }
}

fn decimal_text(text: &str) -> Reading<f64> {
    let folded = trimmed(text);
    if folded.is_empty() {
        return Reading::absent();
    }
    if is_dash(&folded) {
        return Reading::absent().note("value.dash_as_empty");
    }
    let Some(leading) = leading(&folded) else { return Reading::fault("value.not_a_number") };
    let (factor, rest) = match leading.rest.strip_prefix('万') {
        Some(rest) => (1e4, rest),
        None => (1.0, leading.rest),
    };
    if !rest.is_empty() {
        return Reading::fault("value.not_a_number");
    }
    Reading::plain(leading.number * factor).note_if(!leading.is_plain || folded != text || factor > 1.0, "value.number_rewritten")
}

/// A whole number.
pub fn integer(value: &ValueView<'_>) -> Reading<i64> {
    let reading = decimal(value);
    let Some(number) = reading.value else { return Reading { value: None, findings: reading.findings } };
    if number.fract() != 0.0 || number.abs() > 9e15 {
        return Reading::fault("value.not_whole");
    }
    Reading { value: Some(number as i64), findings: reading.findings }
}

/// A code or number of a paper, as text: blanks dropped, full-width made half-width, a number written in digits.
pub fn code(value: &ValueView<'_>) -> Reading<String> {
    match value {
        ValueView::Empty => Reading::absent(),
        ValueView::Error(_) => Reading::fault("value.error_cell"),
        ValueView::Text(text) => {
            let code = super::compact(text);
            if code.is_empty() || is_dash(&code) {
                return Reading::absent().note_if(!code.is_empty(), "value.dash_as_empty");
            }
            let is_changed = code != *text;
            Reading::plain(code.into_owned()).note_if(is_changed, "value.tidied")
        }
        ValueView::Number(number) if number.abs() >= 1e15 => {
            Reading::plain(number.to_string()).warn("value.code_lost_digits")
        }
        other => Reading::plain(other.clone().into_value().text().into_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<f64> {
        decimal(&ValueView::Text(text.into())).value
    }

    #[test]
    fn numbers_are_read_in_every_writing() {
        let cases = [
            ("12", 12.0),
            ("-3.50", -3.5),
            ("1,234,567.8", 1_234_567.8),
            ("１，２３４．５", 1234.5),
            ("三点二", 3.2),
            ("二十五", 25.0),
            ("十二", 12.0),
            ("一千二百零三", 1203.0),
            ("三万五千", 35_000.0),
            ("1.2万", 12_000.0),
            ("二〇一九", 2019.0),
            (" 7 ", 7.0),
            ("0.1", 0.1),
            ("123456789012345678", 123_456_789_012_345_678.0),
        ];
        for (text, number) in cases {
            assert_eq!(read(text), Some(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_said() {
        for text in ["abc", "1.2.3", "12亩", "三人", "1,23", "--", "点五"] {
            let reading = decimal(&ValueView::Text(text.into()));
            assert_eq!(reading.value, None, "{text}");
            assert!(reading.findings.iter().count() == 1, "{text}");
        }
        assert_eq!(integer(&ValueView::Text("3.5".into())).value, None);
    }

    #[test]
    fn codes_keep_their_digits() {
        assert_eq!(code(&ValueView::Number(620_802_211.0)).value.unwrap(), "620802211");
        assert_eq!(code(&ValueView::Text("ＧＳ 2019 001".into())).value.unwrap(), "GS2019001");
        assert!(code(&ValueView::Number(6.208_021_980_010_1e17)).findings.contains("value.code_lost_digits"));
    }

    proptest::proptest! {
        #[test]
        fn a_written_number_is_read_back(number in -1e12f64..1e12) {
            proptest::prop_assert_eq!(read(&number.to_string()), Some(number));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,30}|[0-9一二三十百千万点.,，-]{0,20}") {
            let _ = decimal(&ValueView::Text(text.as_str().into()));
            let _ = code(&ValueView::Text(text.as_str().into()));
        }
    }
}
