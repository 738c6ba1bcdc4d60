//! Text: full-width letters and digits, stray blanks, control characters.

use std::borrow::Cow;

use super::Reading;
use crate::row::ValueView;

/// Whether a character shows nothing: blanks of all widths, marks without width, control characters.
pub fn is_blank_char(char: char) -> bool {
    char == ' ' || char.is_whitespace() || char.is_control() || matches!(char, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}')
}

/// The half-width form of a full-width character.
fn half_width(char: char) -> Option<char> {
    match char {
        '！'..='～' => char::from_u32(char as u32 - 0xFEE0),
        '\u{3000}' => Some(' '),
        _ => None,
    }
}

/// Text with all full-width forms made half-width: for numbers, codes and comparisons.
pub fn fold_width(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.chars().any(|char| half_width(char).is_some()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|char| half_width(char).unwrap_or(char)).collect())
}

/// Text without any blank and in half-width forms: how words of a list are compared.
pub fn compact(text: &str) -> Cow<'_, str> {
    let is_plain = |char: char| !is_blank_char(char) && half_width(char).is_none();
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|&char| !is_blank_char(char)).map(|char| half_width(char).unwrap_or(char)).filter(|&char| char != ' ').collect())
}

/// A text for reading: trimmed, line breaks kept, runs of blanks made one, blanks between Chinese characters dropped,
/// full-width letters and digits made half-width (punctuation stays as the language writes it).
pub fn text(value: &ValueView<'_>) -> Reading<String> {
    let original = match value {
        ValueView::Empty => return Reading::absent(),
        ValueView::Error(_) => return Reading::fault("value.error_cell"),
        ValueView::Text(text) => Cow::Borrowed(text.as_ref()),
        other => Cow::Owned(other.clone().into_value().text().into_owned()),
    };
    let tidied = tidy(&original);
    if tidied.is_empty() {
        return Reading::absent();
    }
    let is_changed = tidied != original;
    Reading::plain(tidied).note_if(is_changed, "value.tidied")
}

fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = None;
    for char in text.chars() {
        if is_blank_char(char) {
            gap = Some(if char == '\n' || gap == Some('\n') { '\n' } else { ' ' });
            continue;
        }
        let char = if char.is_alphanumeric() { half_width(char).unwrap_or(char) } else { char };
        if let (Some(gap), Some(last)) = (gap.take(), out.chars().next_back())
            && (gap == '\n' || !(is_han(last) && is_han(char)))
        {
            out.push(gap);
        }
        out.push(char);
    }
    out
}

fn is_han(char: char) -> bool {
    matches!(char, '\u{3007}' | '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_tidied_without_touching_what_is_right() {
        let cases = [
            ("核心 区", "核心区"),
            ("　后河保护站　", "后河保护站"),
            ("Ａ１区（试）", "A1区（试）"),
            ("a  b\u{200B}", "a b"),
            ("第一行\r\n\r\n 第二行", "第一行\n第二行"),
            ("砂 场 No. 3", "砂场 No. 3"),
        ];
        for (input, expected) in cases {
            assert_eq!(tidy(input), expected, "{input:?}");
        }
    }

    #[test]
    fn plain_text_leaves_no_finding_and_blanks_are_absent() {
        assert_eq!(text(&ValueView::Text("砂石料厂（东）".into())).findings.iter().count(), 0);
        assert_eq!(text(&ValueView::Text(" \u{3000}\t".into())), Reading::absent());
        assert!(text(&ValueView::Text("核心 区".into())).findings.contains("value.tidied"));
    }

    proptest::proptest! {
        #[test]
        fn tidying_twice_changes_nothing_more(input in "\\PC{0,40}") {
            let once = tidy(&input);
            proptest::prop_assert_eq!(tidy(&once), once);
        }
    }
}
