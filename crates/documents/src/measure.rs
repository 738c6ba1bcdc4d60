//! How much room a text takes. Office programs differ in whether they fit rows to wrapped text when they open a file,
//! so every row brings its height.

/// Height of a row, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Height {
    /// Stays when people edit the row.
    Fixed(f64),
    /// Fits the text as it is; grows and shrinks when people edit it.
    Fitted(f64),
}

const LINE_POINTS: f64 = 14.5;
const PADDING_POINTS: f64 = 6.0;
/// Part of a column its text cannot use, in characters.
const PADDING_CHARACTERS: f64 = 1.0;

/// Width of a text in characters of the body font: Chinese characters and full-width signs count two. Counted by
/// bytes, because it is done for every cell: the first byte of a character tells how many follow, and those of three
/// and four are the wide ones.
pub(crate) fn display_width(text: &str) -> usize {
    text.bytes()
        .map(|byte| {
            usize::from(byte < 0x80) + usize::from(byte >= 0xC0) + usize::from(byte >= 0xE0)
        })
        .sum()
}

/// Lines a text takes in a column of `width` characters.
pub(crate) fn lines(text: &str, width: f64) -> usize {
    let room = (width - PADDING_CHARACTERS).max(1.0) as usize;
    // No text is wider than its bytes are many: short ones need no counting.
    if text.len() <= room && !text.contains('\n') {
        return 1;
    }
    text.split('\n')
        .map(|paragraph| lines_of(display_width(paragraph), room))
        .sum()
}

/// A line that breaks is seldom full: a wide character, a bracket or a number moves to the next one whole.
fn lines_of(width: usize, room: usize) -> usize {
    match width <= room {
        true => 1,
        false => width.div_ceil(room.saturating_sub(1).max(1)),
    }
}

impl Height {
    /// Room for `lines` lines of body text.
    pub(crate) fn of_lines(lines: usize) -> Self {
        Self::Fitted(points_of(lines))
    }
}

/// Points `lines` lines take with some air around them.
pub(crate) fn points_of(lines: usize) -> f64 {
    lines.max(1) as f64 * LINE_POINTS + PADDING_POINTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_takes_twice_the_room() {
        assert_eq!(display_width("QS-1核心区（一）°"), 4 + 6 + 6 + 1);
        assert_eq!(display_width("𠮷"), 2);
    }

    #[test]
    fn a_text_takes_the_lines_its_column_forces() {
        assert_eq!(lines("", 10.0), 1);
        assert_eq!(lines("核心区", 7.0), 1);
        assert_eq!(lines("核心区", 6.0), 2);
        assert_eq!(lines("一\n二\n", 40.0), 3);
        assert_eq!(lines("abc", 0.0), 3);
    }
}
