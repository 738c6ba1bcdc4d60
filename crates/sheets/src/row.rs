//! 行 — rows, cells and values, borrowed while streaming and owned when gathered.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::serial;

/// 单元格的值 — what a cell holds, as the file says it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    #[default]
    Empty,
    Text(String),
    Number(f64),
    Bool(bool),
    /// A number the cell's style shows as a date.
    Date(DateTime),
    /// An error value such as `#N/A`.
    Error(String),
}

impl Value {
    /// The value as plain text: numbers without exponent, dates in ISO form; empty for an empty cell.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) | Self::Error(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Bool(true) => Cow::Borrowed("TRUE"),
            Self::Bool(false) => Cow::Borrowed("FALSE"),
            Self::Date(at) => Cow::Owned(date_text(*at)),
        }
    }

    /// Whether nothing can be read here: an empty cell, or blanks only.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.chars().all(crate::normalise::is_blank_char),
            _ => false,
        }
    }

    /// The value as a borrowed view.
    pub fn view(&self) -> ValueView<'_> {
        match self {
            Self::Empty => ValueView::Empty,
            Self::Text(text) => ValueView::Text(Cow::Borrowed(text)),
            Self::Number(number) => ValueView::Number(*number),
            Self::Bool(is) => ValueView::Bool(*is),
            Self::Date(at) => ValueView::Date(*at),
            Self::Error(text) => ValueView::Error(Cow::Borrowed(text)),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        if text.is_empty() {
            Self::Empty
        } else {
            Self::Text(text.to_owned())
        }
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

fn date_text(at: DateTime) -> String {
    if at.time() == jiff::civil::Time::midnight() {
        at.date().to_string()
    } else {
        at.to_string()
    }
}

/// 单元格 — one cell of a gathered row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub value: Value,
    /// The value was copied here from the first cell of a merged range.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_filled: bool,
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Self {
            value,
            is_filled: false,
        }
    }
}

/// 行 — one row, from column A to its last cell that is not empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Number of the row as a person sees it, from 1 (line of a text file).
    pub number: u64,
    pub cells: Vec<Cell>,
}

static EMPTY: Value = Value::Empty;

impl Row {
    /// The value in a column counted from 0; empty beyond the last cell.
    pub fn value(&self, column: usize) -> &Value {
        self.cells.get(column).map_or(&EMPTY, |cell| &cell.value)
    }

    /// Whether nothing can be read in the row.
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.value.is_blank())
    }

    /// Columns and values of the cells in which something can be read.
    pub fn filled(&self) -> impl Iterator<Item = (usize, &Value)> {
        self.cells
            .iter()
            .enumerate()
            .map(|(column, cell)| (column, &cell.value))
            .filter(|(_, value)| !value.is_blank())
    }
}

/// 合并区域 — a merged range; rows from 1, columns from 0, all inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Merge {
    pub first_row: u64,
    pub first_column: u32,
    pub last_row: u64,
    pub last_column: u32,
}

impl Merge {
    /// Whether a cell lies in the range.
    pub fn contains(&self, row: u64, column: u32) -> bool {
        (self.first_row..=self.last_row).contains(&row)
            && (self.first_column..=self.last_column).contains(&column)
    }

    /// Number of columns the range spans.
    pub fn width(&self) -> u32 {
        self.last_column - self.first_column + 1
    }

    /// Number of rows the range spans.
    pub fn height(&self) -> u64 {
        self.last_row - self.first_row + 1
    }
}

/// The letters an office program shows above a column counted from 0.
pub fn column_letter(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = u64::from(column) + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(b'A' + (rest % 26) as u8);
        rest /= 26;
    }
    letters.reverse();
    String::from_utf8(letters).unwrap_or_default()
}

/// A value borrowed from the buffer of a reader.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueView<'a> {
    Empty,
    Text(Cow<'a, str>),
    Number(f64),
    Bool(bool),
    Date(DateTime),
    Error(Cow<'a, str>),
}

impl ValueView<'_> {
    /// The same value, owned.
    pub fn into_value(self) -> Value {
        match self {
            Self::Empty => Value::Empty,
            Self::Text(text) => Value::Text(text.into_owned()),
            Self::Number(number) => Value::Number(number),
            Self::Bool(is) => Value::Bool(is),
            Self::Date(at) => Value::Date(at),
            Self::Error(text) => Value::Error(text.into_owned()),
        }
    }
}

/// A value before its text is looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Raw {
    /// Bytes of the row as it lies in the file.
    Slice(u32, u32),
    /// Bytes of the scratch buffer, where escapes are resolved.
    Scratch(u32, u32),
    Shared(u32),
    Number(f64),
    /// A serial number that the style shows as a date or a time of day.
    Serial(f64),
    /// A serial number that the style shows as hours that run on past a day.
    Duration(f64),
    Bool(bool),
    Date(DateTime),
    Error(u32, u32),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct RawCell {
    pub(crate) column: u32,
    pub(crate) raw: Raw,
}

/// Texts that cells refer to by number, in one block of memory.
#[derive(Debug, Default)]
pub(crate) struct SharedStrings {
    pub(crate) text: String,
    pub(crate) ends: Vec<u32>,
}

impl SharedStrings {
    pub(crate) fn finish_one(&mut self) {
        self.ends.push(self.text.len() as u32);
    }

    pub(crate) fn find(&self, index: u32) -> Option<&str> {
        let index = index as usize;
        let end = *self.ends.get(index)? as usize;
        let start = if index == 0 {
            0
        } else {
            *self.ends.get(index - 1)? as usize
        };
        self.text.get(start..end)
    }
}

/// The cells of one row while it is being read; reused from row to row.
#[derive(Debug, Default)]
pub(crate) struct RowBuffer {
    pub(crate) number: u64,
    pub(crate) cells: Vec<RawCell>,
    pub(crate) scratch: Vec<u8>,
    pub(crate) is_hidden: bool,
}

impl RowBuffer {
    pub(crate) fn clear(&mut self) {
        self.cells.clear();
        self.scratch.clear();
        self.is_hidden = false;
    }

    /// Adds text that is kept in the scratch buffer; empty text is an empty cell.
    pub(crate) fn push_text(&mut self, column: u32, text: &str) {
        if !text.is_empty() {
            let start = self.scratch.len() as u32;
            self.scratch.extend_from_slice(text.as_bytes());
            self.cells.push(RawCell {
                column,
                raw: Raw::Scratch(start, self.scratch.len() as u32),
            });
        }
    }

    pub(crate) fn push_error(&mut self, column: u32, text: &str) {
        let start = self.scratch.len() as u32;
        self.scratch.extend_from_slice(text.as_bytes());
        self.cells.push(RawCell {
            column,
            raw: Raw::Error(start, self.scratch.len() as u32),
        });
    }

    pub(crate) fn push(&mut self, column: u32, raw: Raw) {
        self.cells.push(RawCell { column, raw });
    }
}

/// 行(流式) — one row borrowed from the reader's buffer; values are decoded when asked for.
#[derive(Clone, Copy)]
pub struct RowView<'a> {
    pub(crate) buffer: &'a RowBuffer,
    pub(crate) slice: &'a [u8],
    pub(crate) shared: &'a SharedStrings,
    pub(crate) is_1904: bool,
}

impl<'a> RowView<'a> {
    /// Number of the row as a person sees it, from 1.
    pub fn number(&self) -> u64 {
        self.buffer.number
    }

    /// Whether the sheet hides the row (filtered or hidden by hand).
    pub fn is_hidden(&self) -> bool {
        self.buffer.is_hidden
    }

    /// The value in a column counted from 0.
    pub fn value(&self, column: u32) -> ValueView<'a> {
        let cells = &self.buffer.cells;
        match cells.get(column as usize) {
            Some(cell) if cell.column == column => self.decode(cell.raw),
            _ => match cells.binary_search_by_key(&column, |cell| cell.column) {
                Ok(at) => self.decode(cells[at].raw),
                Err(_) => ValueView::Empty,
            },
        }
    }

    /// Columns and values of the cells that are not empty, in order.
    pub fn values(&self) -> impl Iterator<Item = (u32, ValueView<'a>)> {
        let view = *self;
        self.buffer
            .cells
            .iter()
            .map(move |cell| (cell.column, view.decode(cell.raw)))
    }

    /// Number of columns from A to the last cell that is not empty.
    pub fn width(&self) -> u32 {
        self.buffer.cells.last().map_or(0, |cell| cell.column + 1)
    }

    /// The row, owned.
    pub fn to_row(&self) -> Row {
        let mut cells = vec![Cell::default(); self.width() as usize];
        for (column, value) in self.values() {
            cells[column as usize] = value.into_value().into();
        }
        Row {
            number: self.number(),
            cells,
        }
    }

    fn decode(&self, raw: Raw) -> ValueView<'a> {
        match raw {
            Raw::Slice(start, end) => ValueView::Text(text_of(self.slice, start, end)),
            Raw::Scratch(start, end) => ValueView::Text(text_of(&self.buffer.scratch, start, end)),
            Raw::Error(start, end) => ValueView::Error(text_of(&self.buffer.scratch, start, end)),
            Raw::Shared(index) => match self.shared.find(index) {
                Some("") | None => ValueView::Empty,
                Some(text) => ValueView::Text(Cow::Borrowed(text)),
            },
            Raw::Number(number) => ValueView::Number(number),
            Raw::Bool(is) => ValueView::Bool(is),
            Raw::Date(at) => ValueView::Date(at),
            Raw::Serial(number) => serial::date_or_time(number, self.is_1904),
            Raw::Duration(number) => ValueView::Text(Cow::Owned(serial::duration_text(number))),
        }
    }
}

/// Valid text is borrowed; the check of the whole is faster than that of its pieces, which is kept for damaged text.
fn text_of(bytes: &[u8], start: u32, end: u32) -> Cow<'_, str> {
    let bytes = bytes.get(start as usize..end as usize).unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn columns_are_lettered_as_office_programs_do() {
        let letters: Vec<_> = [0, 25, 26, 51, 52, 701, 702, 16383]
            .into_iter()
            .map(column_letter)
            .collect();
        assert_eq!(letters, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD"]);
    }

    #[test]
    fn a_code_kept_as_a_number_reads_as_its_digits() {
        assert_eq!(Value::Number(620_802_211.0).text(), "620802211");
        assert_eq!(
            Value::Number(6.208_022_112_019_1e17).text(),
            "620802211201910000"
        );
        assert_eq!(Value::Number(106.5123).text(), "106.5123");
    }
}
