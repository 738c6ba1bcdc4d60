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
        .map(|paragraph| lines_of(paragraph, room))
        .sum()
}

/// A line that breaks is seldom full: what belongs together moves to the next one whole. Only texts that do not fit on
/// one line are looked at sign by sign.
fn lines_of(paragraph: &str, room: usize) -> usize {
    if display_width(paragraph) <= room {
        return 1;
    }
    // Programs differ by a sign in what they get onto a line.
    let room = room.saturating_sub(1).max(1);
    let (mut lines, mut used, mut piece) = (1, 0, 0);
    let mut signs = paragraph.chars().peekable();
    while let Some(sign) = signs.next() {
        piece += if sign.len_utf8() >= 3 { 2 } else { 1 };
        let may_break = signs.peek().is_none_or(|next| breaks_between(sign, *next));
        if !may_break {
            continue;
        }
        if used > 0 && used + piece > room {
            lines += 1;
            used = 0;
        }
        // A piece wider than the column is broken anywhere.
        lines += (used + piece).div_ceil(room) - 1;
        used = match (used + piece) % room {
            0 => room,
            rest => rest,
        };
        piece = 0;
    }
    lines
}

/// Whether a line may end between two signs: after a hyphen or a blank, around wide ones, never before closing marks.
fn breaks_between(sign: char, next: char) -> bool {
    let is_closing = |c: char| "、，。；：？！）》”’〕】,.;:)".contains(c);
    let is_wide = |c: char| c.len_utf8() >= 3;
    !is_closing(next) && (is_wide(sign) || is_wide(next) || matches!(sign, '-' | ' '))
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

    #[test]
    fn what_belongs_together_moves_to_the_next_line_whole() {
        // Four numbers of nine signs with their comma: by width alone two lines of twenty, but only one fits on each.
        let numbers = ["ABCDEFGHI"; 4].join("、");
        assert_eq!(lines(&numbers, 21.0), 4);
        assert_eq!(lines("2019-620802-KT-0024、2019-620802-KT-0038", 21.0), 3);
        assert_eq!(lines("《自然保护区条例》第三十二条", 12.0), 3);
    }
}
