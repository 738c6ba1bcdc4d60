//! 标注副本 — a copy of an imported table to send back: everything as it was given, faults in color with comments, what
//! is wrong with each row in a last column, and a sheet that lists all of it.

use std::collections::HashSet;
use std::io::{Seek, Write};

use crate::cell::looks_like_formula;
use crate::grid::Grid;
use crate::measure::{self, Height};
use crate::sheet_xml::{Frame, Tail};
use crate::style::{Font, Ground, Horizontal, NumberFormat, Style};
use crate::{
    Align, CellValue, ColumnSpec, Error, Format, LedgerSheet, MAX_CELL_CHARS, MAX_COLUMNS, Shade,
    Workbook, xml,
};

/// One table of the input with its marks.
#[derive(Debug, Clone)]
pub struct MarkedTable<'a, S> {
    /// Name of the sheet or file; changed where a sheet cannot be called so.
    pub name: &'a str,
    /// All rows as given, from the first of the sheet on.
    pub rows: &'a [Vec<S>],
    /// Row of the column names, from 1.
    pub heading_row: Option<u32>,
    pub marks: &'a [Mark],
}

/// 标注 — one remark on a cell or a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// From 1, as people see it.
    pub row: u32,
    /// From 0; `None` for the row as a whole.
    pub column: Option<usize>,
    pub severity: Severity,
    pub message: String,
    pub hint: Option<String>,
}

/// 轻重 — how much a mark weighs; decides its color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Note,
    Warning,
    Error,
}

/// Words the copy needs, from the messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedWords {
    /// Header of the last column.
    pub remarks: String,
    /// Name and title of the list of all marks.
    pub list: String,
    /// Headers of the list: number, sheet, cell, severity, message, hint, value as given.
    pub list_headers: [String; 7],
    /// Note, warning, error.
    pub severities: [String; 3],
    /// A remark without and with a hint; holes `{severity}`, `{message}`, `{hint}`.
    pub remark: String,
    pub remark_with_hint: String,
}

/// Comments per sheet; more would make the file unusable, and the list has them all anyway.
const MAX_MARKED_COMMENTS: usize = 10_000;
/// Rows looked at for the widths of columns.
const SAMPLED_ROWS: usize = 300;
const REMARKS_WIDTH: f64 = 60.0;
/// Columns of a list are many, and the copy must still be legible on paper: long texts wrap.
const WIDEST: f64 = 22.0;
const NARROWEST: f64 = 5.0;

/// Writes a sheet per table and the list of all marks.
pub fn write<W: Write + Seek, S: AsRef<str>>(
    book: &mut Workbook<W>,
    tables: &[MarkedTable<'_, S>],
    words: &MarkedWords,
) -> Result<(), Error> {
    let mut taken = HashSet::from([words.list.to_lowercase()]);
    let names: Vec<String> = tables
        .iter()
        .map(|table| free_name(table.name, &mut taken))
        .collect();
    for (table, name) in tables.iter().zip(&names) {
        Copy::new(table, words).write(book, name)?;
    }
    write_list(book, tables, &names, words)
}

/// A sheet while it is copied.
struct Copy<'a, S> {
    table: &'a MarkedTable<'a, S>,
    words: &'a MarkedWords,
    /// By row and column.
    marks: Vec<&'a Mark>,
    /// Columns of the input; the remarks stand right of them.
    columns: usize,
    /// Of the input's columns, in characters.
    widths: Vec<f64>,
    comments_left: usize,
}

impl<'a, S: AsRef<str>> Copy<'a, S> {
    fn new(table: &'a MarkedTable<'a, S>, words: &'a MarkedWords) -> Self {
        let columns = table
            .rows
            .iter()
            .map(Vec::len)
            .max()
            .unwrap_or(0)
            .min(MAX_COLUMNS - 1);
        let mut marks: Vec<&Mark> = table.marks.iter().collect();
        // Remarks on the whole row stand behind those on its cells.
        marks.sort_by_key(|mark| (mark.row, mark.column.unwrap_or(usize::MAX)));
        Self {
            table,
            words,
            marks,
            columns,
            widths: sampled_widths(table, columns),
            comments_left: MAX_MARKED_COMMENTS,
        }
    }

    fn write<W: Write + Seek>(mut self, book: &mut Workbook<W>, name: &str) -> Result<(), Error> {
        let mut grid = book.grid(name, self.frame())?;
        for (row, n) in self.table.rows.iter().zip(1..) {
            self.row(&mut grid, row, n)?;
        }
        let (last, has_heading) = (grid.row(), self.table.heading_row.is_some());
        let range = |first: u32| format!("A{first}:{}", xml::cell_name(self.columns, last));
        let heading = self.table.heading_row.filter(|&row| row < last);
        grid.close(Tail {
            filter: heading.map(range),
            text_range: (last > 0).then(|| range(1)),
            repeated_rows: self
                .table
                .heading_row
                .filter(|_| has_heading)
                .map(|row| (row, row)),
            ..Tail::default()
        })
    }

    fn frame(&self) -> Frame {
        let widths = self.widths.iter().copied().chain([REMARKS_WIDTH]).collect();
        let frozen_rows = self.table.heading_row.unwrap_or(0).min(20);
        Frame {
            widths,
            frozen_rows,
            ..Frame::default()
        }
    }

    fn row<W: Write + Seek>(
        &mut self,
        grid: &mut Grid<'_, W>,
        cells: &[S],
        number: u32,
    ) -> Result<(), Error> {
        let marks = self.marks_of(number);
        let remarks = self.remarks_text(number, &marks);
        grid.begin_row(self.height(cells, number, &remarks))?;
        for column in 0..self.columns {
            let text = cells.get(column).map_or("", AsRef::as_ref);
            self.cell(grid, column, text, number, &marks)?;
        }
        self.remarks(grid, number, &marks, &remarks)?;
        grid.end_row();
        Ok(())
    }

    fn marks_of(&self, row: u32) -> Vec<&'a Mark> {
        let from = self.marks.partition_point(|mark| mark.row < row);
        let to = self.marks.partition_point(|mark| mark.row <= row);
        self.marks[from..to].to_vec()
    }

    fn cell<W: Write + Seek>(
        &mut self,
        grid: &mut Grid<'_, W>,
        column: usize,
        text: &str,
        row: u32,
        marks: &[&Mark],
    ) -> Result<(), Error> {
        let of_cell: Vec<&Mark> = marks
            .iter()
            .copied()
            .filter(|mark| mark.column == Some(column))
            .collect();
        if !of_cell.is_empty() && self.comments_left > 0 {
            self.comments_left -= 1;
            grid.comment(column, &self.remark_text(&of_cell))?;
        }
        let severity = of_cell.iter().map(|mark| mark.severity).max();
        let style = grid
            .core
            .styles
            .intern(self.style(row, severity, looks_like_formula(text)));
        if text.is_empty() {
            grid.blank(column, style);
            return Ok(());
        }
        grid.text(column, style, clip(text))
    }

    fn remarks<W: Write + Seek>(
        &self,
        grid: &mut Grid<'_, W>,
        row: u32,
        marks: &[&Mark],
        text: &str,
    ) -> Result<(), Error> {
        let severity = marks.iter().map(|mark| mark.severity).max();
        let style = grid.core.styles.intern(self.style(row, severity, false));
        if text.is_empty() {
            grid.blank(self.columns, style);
            return Ok(());
        }
        grid.text(self.columns, style, clip(text))
    }

    /// What the last column says; in the row of column names also its own name.
    fn remarks_text(&self, row: u32, marks: &[&Mark]) -> String {
        let text = self.remark_text(marks);
        match (self.table.heading_row == Some(row), text.is_empty()) {
            (true, true) => self.words.remarks.clone(),
            (true, false) => format!("{}\n{text}", self.words.remarks),
            (false, _) => text,
        }
    }

    fn height(&self, cells: &[S], row: u32, remarks: &str) -> Height {
        if row < self.table.heading_row.unwrap_or(0) {
            return Height::of_lines(1);
        }
        let lines = cells
            .iter()
            .zip(&self.widths)
            .map(|(cell, &width)| measure::lines(cell.as_ref(), width))
            .max();
        Height::of_lines(
            lines
                .unwrap_or(1)
                .max(measure::lines(remarks, REMARKS_WIDTH)),
        )
    }

    fn remark_text(&self, marks: &[&Mark]) -> String {
        let texts: Vec<String> = marks.iter().map(|mark| self.words.remark(mark)).collect();
        clip(&texts.join("\n")).to_owned()
    }

    fn style(&self, row: u32, severity: Option<Severity>, quote: bool) -> Style {
        let heading_row = self.table.heading_row.unwrap_or(0);
        let is_heading = heading_row == row;
        let ground = match severity {
            Some(severity) => Ground::Shade(severity.shade()),
            None if is_heading => Ground::Heading,
            None => Ground::None,
        };
        Style {
            font: if is_heading {
                Font::Heading
            } else {
                Font::Body
            },
            ground,
            // What stands above the column names is no part of the table.
            border: row >= heading_row || severity.is_some(),
            horizontal: if is_heading {
                Horizontal::Center
            } else {
                Horizontal::Left
            },
            wrap: row >= heading_row,
            number: NumberFormat::Text,
            quote,
        }
    }
}

impl Severity {
    fn shade(self) -> Shade {
        match self {
            Self::Note => Shade::Blue,
            Self::Warning => Shade::Amber,
            Self::Error => Shade::Red,
        }
    }
}

impl MarkedWords {
    fn remark(&self, mark: &Mark) -> String {
        let pattern = if mark.hint.is_some() {
            &self.remark_with_hint
        } else {
            &self.remark
        };
        // The hint last, and once each: what people wrote may itself contain braces.
        let mut out = String::new();
        let mut rest = pattern.as_str();
        while let Some(start) = rest.find('{') {
            out.push_str(&rest[..start]);
            let end = rest[start..]
                .find('}')
                .map_or(rest.len(), |end| start + end + 1);
            out.push_str(match &rest[start..end] {
                "{severity}" => self.severity(mark.severity),
                "{message}" => &mark.message,
                "{hint}" => mark.hint.as_deref().unwrap_or_default(),
                other => other,
            });
            rest = &rest[end..];
        }
        out + rest
    }

    fn severity(&self, severity: Severity) -> &str {
        &self.severities[severity as usize]
    }
}

fn write_list<W: Write + Seek, S: AsRef<str>>(
    book: &mut Workbook<W>,
    tables: &[MarkedTable<'_, S>],
    names: &[String],
    words: &MarkedWords,
) -> Result<(), Error> {
    let sheet = list_sheet(words);
    let mut writer = book.open_ledger(&sheet)?;
    let mut number = 0;
    for (table, name) in tables.iter().zip(names) {
        for mark in table.marks {
            number += 1;
            writer.row(&list_row(number, table, name, mark, words))?;
        }
    }
    writer.close()
}

fn list_sheet(words: &MarkedWords) -> LedgerSheet {
    let [number, sheet, cell, severity, message, hint, value] = &words.list_headers;
    LedgerSheet::new(&words.list, &words.list)
        .keys(3)
        .column(
            ColumnSpec::new("number", number)
                .width(8.0)
                .format(Format::Integer)
                .align(Align::Center),
        )
        .column(ColumnSpec::new("sheet", sheet).width(18.0))
        .column(
            ColumnSpec::new("cell", cell)
                .width(10.0)
                .align(Align::Center),
        )
        .column(
            ColumnSpec::new("severity", severity)
                .width(10.0)
                .align(Align::Center),
        )
        .column(ColumnSpec::new("message", message).width(56.0))
        .column(ColumnSpec::new("hint", hint).width(56.0))
        .column(ColumnSpec::new("value", value).width(36.0))
}

fn list_row<'a, S: AsRef<str>>(
    number: i64,
    table: &'a MarkedTable<'_, S>,
    name: &'a str,
    mark: &'a Mark,
    words: &'a MarkedWords,
) -> [CellValue<'a>; 7] {
    let place = match mark.column {
        Some(column) => xml::cell_name(column, mark.row),
        None => mark.row.to_string(),
    };
    [
        number.into(),
        name.into(),
        place.into(),
        CellValue::from(words.severity(mark.severity)).shaded(mark.severity.shade()),
        clip(&mark.message).into(),
        clip(mark.hint.as_deref().unwrap_or_default()).into(),
        clip(value_at(table, mark).unwrap_or_default()).into(),
    ]
}

fn value_at<'a, S: AsRef<str>>(table: &'a MarkedTable<'_, S>, mark: &Mark) -> Option<&'a str> {
    let row = table.rows.get((mark.row as usize).checked_sub(1)?)?;
    row.get(mark.column?).map(AsRef::as_ref)
}

/// The name as a sheet may be called, different from all taken ones.
fn free_name(name: &str, taken: &mut HashSet<String>) -> String {
    let is_bad =
        |c: char| matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'') || c.is_control();
    let clean: String = name
        .trim()
        .chars()
        .map(|c| if is_bad(c) { '_' } else { c })
        .collect();
    let clean = if clean.is_empty() || clean.eq_ignore_ascii_case("history") {
        format!("_{clean}")
    } else {
        clean
    };
    let mut free = clip_to(&clean, 31).to_owned();
    let mut n = 2;
    while !taken.insert(free.to_lowercase()) {
        let suffix = format!(" ({n})");
        free = format!("{}{suffix}", clip_to(&clean, 31 - suffix.len()));
        n += 1;
    }
    free
}

/// As much of the text as a cell holds.
fn clip(text: &str) -> &str {
    clip_to(text, MAX_CELL_CHARS)
}

fn clip_to(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > most
    });
    end.map_or(text, |(end, _)| &text[..end])
}

/// Widths of the columns by their names and first rows.
fn sampled_widths<S: AsRef<str>>(table: &MarkedTable<'_, S>, columns: usize) -> Vec<f64> {
    let mut widths = vec![NARROWEST; columns];
    let first = table
        .heading_row
        .map_or(0, |row| row.saturating_sub(1) as usize);
    for row in table.rows.iter().skip(first).take(SAMPLED_ROWS) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = width
                .max((measure::display_width(clip_to(cell.as_ref(), 64)) as f64 + 2.0).min(WIDEST));
        }
    }
    widths
}
