//! What a cell holds, independent of the file it ends up in.

use std::borrow::Cow;

use jiff::civil;

/// 单元格的值 — one typed value of a ledger row, borrowed where it can be.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum CellValue<'a> {
    #[default]
    Empty,
    /// Always text, also when it looks like a formula or a number.
    Text(Cow<'a, str>),
    Integer(i64),
    /// Finite; anything else is refused when written.
    Number(f64),
    Date(civil::Date),
    YesNo(bool),
    /// A value that calls for attention.
    Marked(Box<MarkedCell<'a>>),
}

/// 标记 — a value with a colored ground and, where something is to be said, a comment.
#[derive(Debug, Clone, PartialEq)]
pub struct MarkedCell<'a> {
    /// Never itself marked.
    value: CellValue<'a>,
    shade: Shade,
    comment: Option<Cow<'a, str>>,
}

/// 底色 — the grounds a cell can have; the few that officials read without a legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shade {
    /// Fault, overdue.
    Red,
    /// Doubt, soon due.
    Amber,
    /// Remark.
    Blue,
    /// Done.
    Green,
    /// Not counted.
    Gray,
}

impl<'a> CellValue<'a> {
    /// Text, or [`CellValue::Empty`] for the empty string.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::Empty
        } else {
            Self::Text(text)
        }
    }

    /// The value on a colored ground; a mark it already bore keeps its comment.
    #[must_use]
    pub fn shaded(self, shade: Shade) -> Self {
        match self {
            Self::Marked(mut marked) => {
                marked.shade = shade;
                Self::Marked(marked)
            }
            value => Self::Marked(Box::new(MarkedCell {
                value,
                shade,
                comment: None,
            })),
        }
    }

    /// The value on a colored ground with a comment.
    #[must_use]
    pub fn remarked(self, shade: Shade, comment: impl Into<Cow<'a, str>>) -> Self {
        let value = match self {
            Self::Marked(marked) => marked.value,
            value => value,
        };
        Self::Marked(Box::new(MarkedCell {
            value,
            shade,
            comment: Some(comment.into()),
        }))
    }

    /// The value without its mark.
    pub fn bare(&self) -> &CellValue<'a> {
        match self {
            Self::Marked(marked) => &marked.value,
            value => value,
        }
    }

    /// Ground of the cell, if it is marked.
    pub fn shade(&self) -> Option<Shade> {
        match self {
            Self::Marked(marked) => Some(marked.shade),
            _ => None,
        }
    }

    /// Comment of the cell, if it has one.
    pub fn comment(&self) -> Option<&str> {
        match self {
            Self::Marked(marked) => marked.comment.as_deref(),
            _ => None,
        }
    }
}

impl<'a> From<&'a str> for CellValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::text(text)
    }
}

impl From<String> for CellValue<'_> {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<f64> for CellValue<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<i64> for CellValue<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<bool> for CellValue<'_> {
    fn from(answer: bool) -> Self {
        Self::YesNo(answer)
    }
}

impl From<civil::Date> for CellValue<'_> {
    fn from(date: civil::Date) -> Self {
        Self::Date(date)
    }
}

impl<'a, T: Into<CellValue<'a>>> From<Option<T>> for CellValue<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// Words of the data for an answer, as ledgers write them.
pub(crate) fn yes_no(answer: bool) -> &'static str {
    if answer { "是" } else { "否" }
}

/// Whether an office program could take the text for a formula (also the full-width signs, which East Asian
/// editions accept).
pub(crate) fn looks_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_never_nests() {
        let cell = CellValue::from("核心区")
            .remarked(Shade::Amber, "疑似")
            .shaded(Shade::Red);
        assert_eq!(cell.bare(), &CellValue::from("核心区"));
        assert_eq!(cell.shade(), Some(Shade::Red));
        assert_eq!(cell.comment(), Some("疑似"));
        let again = cell.remarked(Shade::Blue, "已核对");
        assert_eq!(
            (again.bare(), again.comment()),
            (&CellValue::from("核心区"), Some("已核对"))
        );
    }

    #[test]
    fn nothing_and_the_empty_text_are_the_same_cell() {
        assert_eq!(CellValue::from(""), CellValue::Empty);
        assert_eq!(CellValue::from(None::<f64>), CellValue::Empty);
    }

    #[test]
    fn signs_that_start_formulas_are_known_in_both_widths() {
        for text in ["=1+1", "+86 137", "-5", "@SUM(A1)", "＝1", "\tx"] {
            assert!(looks_like_formula(text), "{text}");
        }
        for text in ["", "1=1", "核心区", "'=1"] {
            assert!(!looks_like_formula(text), "{text}");
        }
    }
}
