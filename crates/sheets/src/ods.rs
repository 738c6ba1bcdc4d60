//! Open Document spreadsheets, zipped or flat: rows stream, and repetition counts cost nothing while they repeat nothing.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::civil::{Date, DateTime, Time};
use quick_xml::events::{BytesStart, Event};

use crate::error::{Claim, Error};
use crate::limits::Limits;
use crate::package::{Counted, Package};
use crate::row::{Merge, Raw, RowBuffer, RowView, SharedStrings};
use crate::scan::SheetTail;
use crate::workbook::{Sheet, Visibility};
use crate::xml::{PartReader, attribute, push_reference};

const CONTENT: &str = "content.xml";
const MAX_COLUMNS: u64 = 16_384;
const MAX_MERGES: usize = 200_000;

pub(crate) enum Book {
    Zipped(Box<Package>),
    Flat(PathBuf),
}

impl Book {
    pub(crate) fn open_package(package: Package, limits: &Limits) -> Result<(Self, Vec<Sheet>), Error> {
        Self::Zipped(Box::new(package)).with_sheets(limits)
    }

    pub(crate) fn open_flat(path: &Path, limits: &Limits) -> Result<(Self, Vec<Sheet>), Error> {
        Self::Flat(path.to_owned()).with_sheets(limits)
    }

    fn with_sheets(mut self, limits: &Limits) -> Result<(Self, Vec<Sheet>), Error> {
        let sheets = sheet_list(self.reader(limits)?)?;
        if sheets.len() as u64 > limits.sheets {
            return Err(Error::TooLarge { what: Claim::Sheets, limit: limits.sheets });
        }
        Ok((self, sheets))
    }

    fn reader(&mut self, limits: &Limits) -> Result<PartReader<Box<dyn BufRead + '_>>, Error> {
        let input: Box<dyn Read + '_> = match self {
            Self::Zipped(package) => Box::new(package.part(CONTENT)?),
            Self::Flat(path) => Box::new(File::open(&*path).map_err(|source| Error::Read { path: path.clone(), source })?),
        };
        let counted = Counted::new(input, Claim::ExpandedBytes, limits.expanded_bytes);
        Ok(PartReader::new(Box::new(BufReader::with_capacity(64 << 10, counted)), CONTENT))
    }

    pub(crate) fn scan(
        &mut self,
        sheet: usize,
        limits: &Limits,
        visit: &mut dyn FnMut(&RowView<'_>) -> ControlFlow<()>,
    ) -> Result<SheetTail, Error> {
        let mut reader = self.reader(limits)?;
        skip_to_table(&mut reader, sheet)?;
        let mut rows = Rows { limits, visit, buffer: RowBuffer::default(), number: 1, cell: None, row_repeat: 1, column: 0, tail: SheetTail::default() };
        loop {
            let event = reader.next()?;
            if matches!(&event, Event::Eof) || matches!(&event, Event::End(e) if e.name().as_ref() == b"table:table") {
                rows.tail.is_complete = true;
                return Ok(rows.tail);
            }
            if rows.take(&event)?.is_break() {
                return Ok(rows.tail);
            }
        }
    }
}

fn sheet_list(mut reader: PartReader<Box<dyn BufRead + '_>>) -> Result<Vec<Sheet>, Error> {
    let mut sheets = Vec::new();
    let mut hidden_styles = HashSet::new();
    let mut style = String::new();
    loop {
        match reader.next()? {
            Event::Start(element) | Event::Empty(element) => match element.name().as_ref() {
                b"style:style" => style = attribute(&element, "name").unwrap_or_default(),
                b"style:table-properties" if attribute(&element, "display").as_deref() == Some("false") => {
                    hidden_styles.insert(style.clone());
                }
                b"table:table" => sheets.push(sheet(sheets.len(), &element, &hidden_styles)),
                _ => {}
            },
            Event::Eof => return Ok(sheets),
            _ => {}
        }
    }
}

fn sheet(index: usize, element: &BytesStart<'_>, hidden_styles: &HashSet<String>) -> Sheet {
    let is_hidden = attribute(element, "style-name").is_some_and(|style| hidden_styles.contains(&style));
    let visibility = if is_hidden { Visibility::Hidden } else { Visibility::Visible };
    Sheet { index, name: attribute(element, "name").unwrap_or_default(), visibility }
}

fn skip_to_table(reader: &mut PartReader<Box<dyn BufRead + '_>>, sheet: usize) -> Result<(), Error> {
    let mut seen = 0;
    loop {
        match reader.next()? {
            Event::Start(element) if element.name().as_ref() == b"table:table" => {
                if seen == sheet {
                    return Ok(());
                }
                seen += 1;
            }
            Event::Eof => return Err(Error::NoSheet { index: sheet }),
            _ => {}
        }
    }
}

/// A cell being read.
#[derive(Default)]
struct OpenCell {
    repeat: u64,
    kind: String,
    value: Option<String>,
    is_error: bool,
    text: String,
    paragraphs: u32,
    is_in_paragraph: bool,
    note_depth: u32,
}

struct Rows<'a, 'v> {
    limits: &'a Limits,
    visit: &'a mut (dyn FnMut(&RowView<'_>) -> ControlFlow<()> + 'v),
    buffer: RowBuffer,
    number: u64,
    cell: Option<OpenCell>,
    row_repeat: u64,
    column: u64,
    tail: SheetTail,
}

impl Rows<'_, '_> {
    fn take(&mut self, event: &Event<'_>) -> Result<ControlFlow<()>, Error> {
        match event {
            Event::Start(element) => self.start(element),
            Event::Empty(element) => {
                self.start(element);
                return self.end(element.name().as_ref());
            }
            Event::End(element) => return self.end(element.name().as_ref()),
            Event::Text(text) => self.text(&String::from_utf8_lossy(text)),
            Event::CData(text) => self.text(&String::from_utf8_lossy(text)),
            Event::GeneralRef(reference) => {
                let mut text = String::new();
                push_reference(reference, &mut text);
                self.text(&text);
            }
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    fn start(&mut self, element: &BytesStart<'_>) {
        match element.name().as_ref() {
            b"table:table-row" => {
                self.buffer.clear();
                self.row_repeat = count(element, "number-rows-repeated");
                self.column = 0;
                self.buffer.is_hidden = attribute(element, "visibility").is_some_and(|v| v != "visible");
            }
            b"table:table-cell" | b"table:covered-table-cell" => self.start_cell(element),
            name => {
                if let Some(cell) = &mut self.cell {
                    cell.start_inside(name, element);
                }
            }
        }
    }

    fn start_cell(&mut self, element: &BytesStart<'_>) {
        let kind = attribute(element, "value-type").unwrap_or_default();
        let value = ["value", "date-value", "boolean-value", "string-value"].iter().find_map(|name| attribute(element, name));
        let is_error = element.attributes().with_checks(false).flatten().any(|a| a.key.as_ref() == b"calcext:value-type" && a.value.as_ref() == b"error");
        let repeat = count(element, "number-columns-repeated");
        self.push_merge(count(element, "number-rows-spanned"), count(element, "number-columns-spanned"));
        self.cell = Some(OpenCell { repeat, kind, value, is_error, ..OpenCell::default() });
    }

    fn push_merge(&mut self, rows: u64, columns: u64) {
        if (rows > 1 || columns > 1) && self.tail.merges.len() < MAX_MERGES && self.column + columns <= MAX_COLUMNS {
            let last_row = self.number.saturating_add(rows - 1).min(self.limits.rows);
            self.tail.merges.push(Merge {
                first_row: self.number,
                first_column: self.column as u32,
                last_row: last_row.max(self.number),
                last_column: (self.column + columns - 1) as u32,
            });
        }
    }

    fn end(&mut self, name: &[u8]) -> Result<ControlFlow<()>, Error> {
        match name {
            b"table:table-row" => return self.end_row(),
            b"table:table-cell" | b"table:covered-table-cell" => self.end_cell()?,
            _ => {
                if let Some(cell) = &mut self.cell {
                    cell.end_inside(name);
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end_cell(&mut self) -> Result<(), Error> {
        let Some(cell) = self.cell.take() else { return Ok(()) };
        let last = self.column.saturating_add(cell.repeat).min(MAX_COLUMNS);
        let before = self.buffer.cells.len();
        if self.column < MAX_COLUMNS {
            cell.push_into(self.column as u32, &mut self.buffer);
        }
        if let Some(first) = self.buffer.cells.get(before).copied() {
            (self.column + 1..last).for_each(|column| self.buffer.push(column as u32, first.raw));
        }
        self.column = last;
        if self.buffer.scratch.len() as u64 > self.limits.row_bytes {
            return Err(Error::TooLarge { what: Claim::RowBytes, limit: self.limits.row_bytes });
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<ControlFlow<()>, Error> {
        let end = self.number.saturating_add(self.row_repeat);
        if self.buffer.cells.is_empty() {
            self.number = end;
            return Ok(ControlFlow::Continue(()));
        }
        if end > self.limits.rows + 1 {
            return Err(Error::TooLarge { what: Claim::Rows, limit: self.limits.rows });
        }
        self.tail.hidden_rows += if self.buffer.is_hidden { self.row_repeat } else { 0 };
        for number in self.number..end {
            self.buffer.number = number;
            let view = RowView { buffer: &self.buffer, slice: &[], shared: &SharedStrings::default(), is_1904: false };
            if (self.visit)(&view).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        self.number = end;
        Ok(ControlFlow::Continue(()))
    }

    fn text(&mut self, text: &str) {
        if let Some(cell) = &mut self.cell {
            cell.push(text);
        }
    }
}

impl OpenCell {
    fn start_inside(&mut self, name: &[u8], element: &BytesStart<'_>) {
        match name {
            b"office:annotation" => self.note_depth += 1,
            b"text:p" if self.note_depth == 0 => {
                if self.paragraphs > 0 {
                    self.text.push('\n');
                }
                self.paragraphs += 1;
                self.is_in_paragraph = true;
            }
            b"text:s" => self.push(&" ".repeat(count(element, "c").min(1000) as usize)),
            b"text:tab" => self.push("\t"),
            b"text:line-break" => self.push("\n"),
            _ => {}
        }
    }

    fn end_inside(&mut self, name: &[u8]) {
        match name {
            b"office:annotation" => self.note_depth = self.note_depth.saturating_sub(1),
            b"text:p" => self.is_in_paragraph = false,
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        if self.note_depth == 0 && self.is_in_paragraph {
            self.text.push_str(text);
        }
    }

    fn push_into(self, column: u32, buffer: &mut RowBuffer) {
        if self.is_error {
            return buffer.push_error(column, &self.text);
        }
        let value = self.value.as_deref();
        match (self.kind.as_str(), value) {
            ("float" | "percentage" | "currency", Some(number)) => match number.parse() {
                Ok(number) => buffer.push(column, Raw::Number(number)),
                Err(_) => buffer.push_text(column, &self.text),
            },
            ("date", Some(date)) => match moment(date) {
                Some(at) => buffer.push(column, Raw::Date(at)),
                None => buffer.push_text(column, date),
            },
            ("boolean", Some(is)) => buffer.push(column, Raw::Bool(is == "true")),
            ("string", Some(text)) if self.paragraphs == 0 => buffer.push_text(column, text),
            _ => buffer.push_text(column, &self.text),
        }
    }
}

fn moment(text: &str) -> Option<DateTime> {
    text.parse().ok().or_else(|| Some(text.parse::<Date>().ok()?.to_datetime(Time::midnight())))
}

fn count(element: &BytesStart<'_>, name: &str) -> u64 {
    attribute(element, name).and_then(|text| text.parse().ok()).unwrap_or(1).max(1)
}
