//! One sheet while it is written: rows from top to bottom, cells from left to right, nothing kept but the current piece.

use std::io::{Seek, Write};

use crate::comment::Comments;
use crate::measure::Height;
use crate::sheet_xml::{Frame, Tail};
use crate::strings::{Interned, Repetition, push_t};
use crate::workbook::Core;
use crate::{Error, Limit, MAX_CELL_CHARS, MAX_COLUMNS, MAX_COMMENTS, MAX_ROWS, xml};

pub(crate) struct Grid<'b, W: Write + Seek> {
    pub(crate) core: &'b mut Core<W>,
    name: String,
    columns: Vec<ColumnState>,
    row: u32,
    /// Number of the current row, printed.
    row_digits: Vec<u8>,
    comments: Comments,
    start_of_row: Mark,
}

struct ColumnState {
    /// `<c r="AB`
    opening: Vec<u8>,
    repetition: Repetition,
}

/// Where to fall back to when a row fails.
#[derive(Default)]
struct Mark {
    bytes: usize,
    comments: usize,
}

impl<'b, W: Write + Seek> Grid<'b, W> {
    pub(crate) fn open(core: &'b mut Core<W>, name: &str, mut frame: Frame) -> Result<Self, Error> {
        let columns = frame.widths.len();
        check(name, Limit::Columns, columns, MAX_COLUMNS)?;
        frame.is_selected = core.begin_sheet(name)?;
        core.package
            .buffer
            .extend_from_slice(frame.xml().as_bytes());
        let columns = (0..columns).map(ColumnState::new).collect();
        let (row_digits, comments, start_of_row) =
            (Vec::new(), Comments::default(), Mark::default());
        Ok(Self {
            core,
            name: name.to_owned(),
            columns,
            row: 0,
            row_digits,
            comments,
            start_of_row,
        })
    }

    /// Rows written so far; also the number of the current row.
    pub(crate) fn row(&self) -> u32 {
        self.row
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns.len()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Begins the next row.
    pub(crate) fn begin_row(&mut self, height: Height) -> Result<(), Error> {
        check(
            &self.name,
            Limit::Rows,
            self.row as usize + 1,
            MAX_ROWS as usize,
        )?;
        self.core.package.spill()?;
        self.start_of_row = Mark {
            bytes: self.core.package.buffer.len(),
            comments: self.comments.len(),
        };
        self.row += 1;
        self.row_digits.clear();
        xml::push_integer(&mut self.row_digits, self.row.into());
        let out = &mut self.core.package.buffer;
        out.extend_from_slice(b"<row r=\"");
        out.extend_from_slice(&self.row_digits);
        push_height(out, height);
        Ok(())
    }

    pub(crate) fn end_row(&mut self) {
        self.core.package.buffer.extend_from_slice(b"</row>");
    }

    /// Forgets the current row, so that a failed row leaves no trace.
    pub(crate) fn abandon_row(&mut self) {
        self.core.package.buffer.truncate(self.start_of_row.bytes);
        self.comments.truncate(self.start_of_row.comments);
        self.row -= 1;
    }

    pub(crate) fn blank(&mut self, column: usize, style: usize) {
        self.open_cell(column, style);
        self.core.package.buffer.extend_from_slice(b"\"/>");
    }

    pub(crate) fn integer(&mut self, column: usize, style: usize, integer: i64) {
        self.open_cell(column, style);
        let out = &mut self.core.package.buffer;
        out.extend_from_slice(b"\"><v>");
        xml::push_integer(out, integer);
        out.extend_from_slice(b"</v></c>");
    }

    pub(crate) fn number(&mut self, column: usize, style: usize, number: f64) -> Result<(), Error> {
        if !number.is_finite() {
            return Err(Error::NotFinite {
                sheet: self.name.clone(),
                row: self.row,
                column,
            });
        }
        self.open_cell(column, style);
        let out = &mut self.core.package.buffer;
        out.extend_from_slice(b"\"><v>");
        xml::push_number(out, number);
        out.extend_from_slice(b"</v></c>");
        Ok(())
    }

    pub(crate) fn text(&mut self, column: usize, style: usize, text: &str) -> Result<(), Error> {
        self.check_text(column, text)?;
        self.open_cell(column, style);
        match self.intern(column, text) {
            Interned::Known(index) | Interned::New(index) => self.shared(index),
            Interned::Refused => self.inline(text),
        }
        Ok(())
    }

    pub(crate) fn comment(&mut self, column: usize, text: &str) -> Result<(), Error> {
        self.check_text(column, text)?;
        check(
            &self.name,
            Limit::Comments,
            self.comments.len() + 1,
            MAX_COMMENTS,
        )?;
        self.comments.push(column, self.row, text);
        Ok(())
    }

    /// Ends the sheet and enters it into the workbook.
    pub(crate) fn close(self, tail: Tail) -> Result<(), Error> {
        let has_comments = !self.comments.is_empty();
        let closing = tail.xml(&self.core.footer, has_comments);
        self.core
            .package
            .buffer
            .extend_from_slice(closing.as_bytes());
        let last = xml::absolute_name(self.columns.len().saturating_sub(1), self.row.max(1));
        self.core.end_sheet(self.name, &tail, &last, &self.comments)
    }

    fn open_cell(&mut self, column: usize, style: usize) {
        let out = &mut self.core.package.buffer;
        out.extend_from_slice(&self.columns[column].opening);
        out.extend_from_slice(&self.row_digits);
        out.extend_from_slice(b"\" s=\"");
        out.extend_from_slice(itoa::Buffer::new().format(style).as_bytes());
    }

    fn intern(&mut self, column: usize, text: &str) -> Interned {
        let repetition = &mut self.columns[column].repetition;
        if !repetition.is_worthwhile() {
            return Interned::Refused;
        }
        let interned = self.core.strings.intern(text);
        repetition.note(&interned);
        interned
    }

    fn shared(&mut self, index: usize) {
        let out = &mut self.core.package.buffer;
        out.extend_from_slice(b"\" t=\"s\"><v>");
        out.extend_from_slice(itoa::Buffer::new().format(index).as_bytes());
        out.extend_from_slice(b"</v></c>");
    }

    fn inline(&mut self, text: &str) {
        let out = &mut self.core.package.buffer;
        out.extend_from_slice(b"\" t=\"inlineStr\"><is>");
        push_t(out, text);
        out.extend_from_slice(b"</is></c>");
    }

    fn check_text(&self, column: usize, text: &str) -> Result<(), Error> {
        // A string never has more UTF-16 units than bytes: most texts need no counting.
        if text.len() <= MAX_CELL_CHARS {
            return Ok(());
        }
        let found = text.encode_utf16().count();
        if found <= MAX_CELL_CHARS {
            return Ok(());
        }
        Err(Error::TextTooLong {
            sheet: self.name.clone(),
            row: self.row,
            column,
            found,
        })
    }
}

impl ColumnState {
    fn new(column: usize) -> Self {
        let opening = format!("<c r=\"{}", xml::column_letters(column)).into_bytes();
        Self {
            opening,
            repetition: Repetition::default(),
        }
    }
}

/// The highest row office programs allow.
const MAX_POINTS: f64 = 409.0;

fn push_height(out: &mut Vec<u8>, height: Height) {
    let (Height::Fixed(points) | Height::Fitted(points)) = height;
    out.extend_from_slice(b"\" ht=\"");
    xml::push_number(out, (points.clamp(1.0, MAX_POINTS) * 10.0).round() / 10.0);
    let end: &[u8] = if matches!(height, Height::Fixed(_)) {
        b"\" customHeight=\"1\">"
    } else {
        b"\">"
    };
    out.extend_from_slice(end);
}

fn check(sheet: &str, limit: Limit, found: usize, most: usize) -> Result<(), Error> {
    if found <= most {
        Ok(())
    } else {
        Err(Error::Limit {
            sheet: sheet.to_owned(),
            limit,
            found,
            most,
        })
    }
}
