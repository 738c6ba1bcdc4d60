//! Workbooks read by calamine: the old compound format, binary sheets, and XLSX written in a way the fast reader
//! does not know.

use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use calamine::{Data, DataRef, Dimensions, Reader, SheetType, SheetVisible, Xls, Xlsb, Xlsx, open_workbook};

use crate::error::{Claim, Error};
use crate::limits::Limits;
use crate::row::{Merge, Raw, RowBuffer, RowView, SharedStrings};
use crate::scan::SheetTail;
use crate::workbook::{Sheet, Visibility};

type Input = BufReader<File>;

pub(crate) struct Book {
    source: Source,
    names: Vec<String>,
}

enum Source {
    Xls(Box<Xls<Input>>),
    Xlsb(Box<Xlsb<Input>>),
    Xlsx(Box<Xlsx<Input>>),
}

/// Runs the library so that a panic on a damaged file is damage and not the end of the program.
fn guarded<T>(part: &str, read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Error::damaged(part, "the reader gave up")))
}

impl Book {
    pub(crate) fn open_xls(path: &Path) -> Result<(Self, Vec<Sheet>), Error> {
        let book: Xls<Input> = guarded("XLS", || open_workbook(path).map_err(xls_error))?;
        Ok(Self::with_sheets(book.sheets_metadata().to_vec(), Source::Xls(Box::new(book))))
    }

    pub(crate) fn open_xlsb(path: &Path) -> Result<(Self, Vec<Sheet>), Error> {
        let book: Xlsb<Input> = guarded("XLSB", || open_workbook(path).map_err(|error| Error::damaged("XLSB", error)))?;
        Ok(Self::with_sheets(book.sheets_metadata().to_vec(), Source::Xlsb(Box::new(book))))
    }

    pub(crate) fn open_xlsx(path: &Path) -> Result<Self, Error> {
        let book: Xlsx<Input> = guarded("XLSX", || open_workbook(path).map_err(|error| Error::damaged("XLSX", error)))?;
        Ok(Self::with_sheets(book.sheets_metadata().to_vec(), Source::Xlsx(Box::new(book))).0)
    }

    fn with_sheets(list: Vec<calamine::Sheet>, source: Source) -> (Self, Vec<Sheet>) {
        let tables = list.into_iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
        let sheets: Vec<Sheet> = tables.enumerate().map(|(index, sheet)| Sheet { index, visibility: visibility(sheet.visible), name: sheet.name }).collect();
        (Self { source, names: sheets.iter().map(|sheet| sheet.name.clone()).collect() }, sheets)
    }

    pub(crate) fn scan(
        &mut self,
        sheet: usize,
        after_row: u64,
        limits: &Limits,
        visit: &mut dyn FnMut(&RowView<'_>) -> ControlFlow<()>,
    ) -> Result<SheetTail, Error> {
        let name = self.names.get(sheet).cloned().ok_or(Error::NoSheet { index: sheet })?;
        self.scan_named(&name, after_row, limits, visit)
    }

    /// Visits the rows of a sheet that come after `after_row`.
    pub(crate) fn scan_named(
        &mut self,
        name: &str,
        after_row: u64,
        limits: &Limits,
        visit: &mut dyn FnMut(&RowView<'_>) -> ControlFlow<()>,
    ) -> Result<SheetTail, Error> {
        let mut rows = Rows { buffer: RowBuffer { number: after_row, ..RowBuffer::default() }, limits, visit, is_open: false, is_stopped: false };
        let after_row = u32::try_from(after_row).unwrap_or(u32::MAX);
        guarded(name, || match &mut self.source {
            Source::Xls(book) => scan_xls(book, name, &mut rows),
            Source::Xlsb(book) => scan_xlsb(book, name, &mut rows),
            Source::Xlsx(book) => scan_xlsx(book, name, after_row, &mut rows),
        })
    }
}

fn scan_xls(book: &mut Xls<Input>, name: &str, rows: &mut Rows<'_, '_>) -> Result<SheetTail, Error> {
    let is_1904 = book.has_1904_epoch();
    let range = book.worksheet_range(name).map_err(xls_error)?;
    let (first_row, first_column) = range.start().unwrap_or_default();
    for (row, column, value) in range.used_cells() {
        let at = (row as u32 + first_row, column as u32 + first_column);
        if rows.add(at, value.into(), is_1904)?.is_break() {
            break;
        }
    }
    let mut tail = rows.finish(is_1904);
    tail.merges = book.merge_cells_by_sheet_name(name).unwrap_or_default().iter().map(merge).collect();
    Ok(tail)
}

fn scan_xlsb(book: &mut Xlsb<Input>, name: &str, rows: &mut Rows<'_, '_>) -> Result<SheetTail, Error> {
    let is_1904 = book.has_1904_epoch();
    let damaged = |error| Error::damaged(name, error);
    let mut cells = book.worksheet_cells_reader(name).map_err(damaged)?;
    while let Some(cell) = cells.next_cell().map_err(damaged)? {
        if rows.add(cell.get_position(), cell.get_value().into(), is_1904)?.is_break() {
            break;
        }
    }
    Ok(rows.finish(is_1904))
}

fn scan_xlsx(book: &mut Xlsx<Input>, name: &str, after_row: u32, rows: &mut Rows<'_, '_>) -> Result<SheetTail, Error> {
    let is_1904 = book.has_1904_epoch();
    let damaged = |error| Error::damaged(name, error);
    let merges = book.merge_cells_by_sheet_name(name).unwrap_or_default();
    let mut cells = book.worksheet_cells_reader(name).map_err(damaged)?;
    while let Some(cell) = cells.next_cell().map_err(damaged)? {
        let at = cell.get_position();
        if at.0 >= after_row && rows.add(at, cell.get_value().into(), is_1904)?.is_break() {
            break;
        }
    }
    let mut tail = rows.finish(is_1904);
    tail.merges = merges.iter().map(merge).collect();
    Ok(tail)
}

fn merge(range: &Dimensions) -> Merge {
    Merge {
        first_row: u64::from(range.start.0) + 1,
        first_column: range.start.1,
        last_row: u64::from(range.end.0.max(range.start.0)) + 1,
        last_column: range.end.1.max(range.start.1),
    }
}

fn visibility(visible: SheetVisible) -> Visibility {
    match visible {
        SheetVisible::Visible => Visibility::Visible,
        SheetVisible::Hidden => Visibility::Hidden,
        SheetVisible::VeryHidden => Visibility::VeryHidden,
    }
}

fn xls_error(error: calamine::XlsError) -> Error {
    match error {
        calamine::XlsError::Password => Error::Encrypted,
        other => Error::damaged("XLS", other),
    }
}

/// A cell as the library gives it.
enum Given<'a> {
    Empty,
    Text(&'a str),
    Error(String),
    Raw(Raw),
}

fn serial(at: &calamine::ExcelDateTime) -> Raw {
    if at.is_duration() { Raw::Duration(at.as_f64()) } else { Raw::Serial(at.as_f64()) }
}

impl<'a> From<&'a Data> for Given<'a> {
    fn from(value: &'a Data) -> Self {
        match value {
            Data::Empty => Self::Empty,
            Data::Int(whole) => Self::Raw(Raw::Number(*whole as f64)),
            Data::Float(number) => Self::Raw(Raw::Number(*number)),
            Data::Bool(is) => Self::Raw(Raw::Bool(*is)),
            Data::DateTime(at) => Self::Raw(serial(at)),
            Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => Self::Text(text),
            Data::Error(error) => Self::Error(error.to_string()),
        }
    }
}

impl<'a> From<&'a DataRef<'_>> for Given<'a> {
    fn from(value: &'a DataRef<'_>) -> Self {
        match value {
            DataRef::Empty => Self::Empty,
            DataRef::Int(whole) => Self::Raw(Raw::Number(*whole as f64)),
            DataRef::Float(number) => Self::Raw(Raw::Number(*number)),
            DataRef::Bool(is) => Self::Raw(Raw::Bool(*is)),
            DataRef::DateTime(at) => Self::Raw(serial(at)),
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Self::Text(text),
            DataRef::SharedString(text) => Self::Text(text),
            DataRef::Error(error) => Self::Error(error.to_string()),
        }
    }
}

/// Gathers cells in order into rows and shows each finished row to the visitor.
struct Rows<'a, 'v> {
    buffer: RowBuffer,
    limits: &'a Limits,
    visit: &'a mut (dyn FnMut(&RowView<'_>) -> ControlFlow<()> + 'v),
    is_open: bool,
    is_stopped: bool,
}

impl Rows<'_, '_> {
    fn add(&mut self, (row, column): (u32, u32), value: Given<'_>, is_1904: bool) -> Result<ControlFlow<()>, Error> {
        let number = u64::from(row) + 1;
        if number > self.limits.rows {
            return Err(Error::TooLarge { what: Claim::Rows, limit: self.limits.rows });
        }
        if number != self.buffer.number || !self.is_open {
            if self.show(is_1904).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            self.buffer.clear();
            self.buffer.number = number;
            self.is_open = true;
        }
        match value {
            Given::Empty => {}
            Given::Text(text) => self.buffer.push_text(column, text),
            Given::Error(text) => self.buffer.push_error(column, &text),
            Given::Raw(raw) => self.buffer.push(column, raw),
        }
        if self.buffer.scratch.len() as u64 > self.limits.row_bytes {
            return Err(Error::TooLarge { what: Claim::RowBytes, limit: self.limits.row_bytes });
        }
        Ok(ControlFlow::Continue(()))
    }

    fn show(&mut self, is_1904: bool) -> ControlFlow<()> {
        if !self.is_open {
            return ControlFlow::Continue(());
        }
        self.buffer.cells.sort_by_key(|cell| cell.column);
        let view = RowView { buffer: &self.buffer, slice: &[], shared: &SharedStrings::default(), is_1904 };
        let flow = (self.visit)(&view);
        self.is_stopped = flow.is_break();
        flow
    }

    fn finish(&mut self, is_1904: bool) -> SheetTail {
        if !self.is_stopped {
            let _ = self.show(is_1904);
        }
        SheetTail { is_complete: !self.is_stopped, ..SheetTail::default() }
    }
}
