//! 规范化.
/// Whether a character shows nothing: blanks of all widths, marks without width, control characters.
pub fn is_blank_char(char: char) -> bool {
    char.is_whitespace() || char.is_control() || matches!(char, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}')
}
