//! 工作簿 — a file of tables, opened by what it contains and not by its name.

use std::fs::File;
use std::io::{Read, Seek};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use spatial::diagnostic::{Diagnostic, Place};

use crate::delimited;
use crate::error::{Claim, Error, Found};
use crate::limits::Limits;
use crate::office;
use crate::ods;
use crate::ole;
use crate::package::Package;
use crate::row::{Merge, Row, RowView};
use crate::scan::{SheetTail, Stop};
use crate::xlsx;

/// 格式 — what kind of table file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Office Open XML, also as WPS writes it under `.et`.
    Xlsx,
    /// Office Open XML with binary sheets.
    Xlsb,
    /// The older compound file, also `.et` of WPS.
    Xls,
    Ods,
    /// Open Document as one flat XML file.
    Fods,
    /// Separated values in text.
    Text,
}

/// 可见性 — whether a person sees the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    Visible,
    Hidden,
    /// Hidden so that the office program does not offer to show it.
    VeryHidden,
}

/// 工作表 — one sheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    pub index: usize,
    pub name: String,
    pub visibility: Visibility,
}

/// 表 — all rows of one sheet that are not empty, gathered, with the merged ranges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub sheet: Sheet,
    pub rows: Vec<Row>,
    pub merges: Vec<Merge>,
}

/// What is known after the rows of a sheet were visited.
#[derive(Debug, Default)]
pub struct SheetEnd {
    /// Empty if the visitor broke off.
    pub merges: Vec<Merge>,
    pub diagnostics: Vec<Diagnostic>,
}

/// 工作簿 — an opened file of tables.
pub struct Workbook {
    kind: Kind,
    file_name: String,
    path: PathBuf,
    limits: Limits,
    sheets: Vec<Sheet>,
    diagnostics: Vec<Diagnostic>,
    source: Source,
}

enum Source {
    Xlsx(Box<xlsx::Book>),
    Office(Box<office::Book>),
    Ods(ods::Book),
    Text(delimited::Book),
}

type Visit<'a> = &'a mut dyn FnMut(&RowView<'_>) -> ControlFlow<()>;

/// Opens a table file; its content decides what it is.
pub fn open(path: impl AsRef<Path>, limits: &Limits) -> Result<Workbook, Error> {
    let path = path.as_ref();
    let read = |source| Error::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(read)?;
    let size = file.metadata().map_err(read)?.len();
    if size > limits.file_bytes {
        return Err(Error::TooLarge { what: Claim::FileBytes, limit: limits.file_bytes });
    }
    let mut head = Vec::new();
    file.by_ref().take(4096).read_to_end(&mut head).map_err(read)?;
    file.rewind().map_err(read)?;
    let (kind, sheets, source) = match Content::of(&head)? {
        Content::Zip => open_zip(file, path, limits)?,
        Content::CompoundFile => open_compound(file, path, limits)?,
        Content::FlatOds => {
            let (book, sheets) = ods::Book::open_flat(path, limits)?;
            (Kind::Fods, sheets, Source::Ods(book))
        }
        Content::Text => {
            let (book, sheets) = delimited::Book::open(path)?;
            (Kind::Text, sheets, Source::Text(book))
        }
    };
    let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut workbook = Workbook { kind, file_name, path: path.to_owned(), limits: limits.clone(), sheets, diagnostics: Vec::new(), source };
    workbook.note_hidden_sheets();
    Ok(workbook)
}

fn open_zip(file: File, path: &Path, limits: &Limits) -> Result<(Kind, Vec<Sheet>, Source), Error> {
    let mut package = Package::open(file, limits.expanded_bytes)?;
    if let Some(workbook) = xlsx::workbook_path(&mut package) {
        let (book, sheets) = xlsx::Book::open(package, &workbook, limits)?;
        return Ok((Kind::Xlsx, sheets, Source::Xlsx(Box::new(book))));
    }
    if package.contains("xl/workbook.bin") {
        package.check_expanded(limits.resident_bytes)?;
        let (book, sheets) = office::Book::open_xlsb(path)?;
        return Ok((Kind::Xlsb, sheets, Source::Office(Box::new(book))));
    }
    if package.contains("content.xml") && is_ods(&mut package) {
        let (book, sheets) = ods::Book::open_package(package, limits)?;
        return Ok((Kind::Ods, sheets, Source::Ods(book)));
    }
    Err(Error::NotATable { found: Found::Archive })
}

fn is_ods(package: &mut Package) -> bool {
    package.bytes("mimetype", 256).is_ok_and(|kind| kind.starts_with(b"application/vnd.oasis.opendocument.spreadsheet"))
}

fn open_compound(file: File, path: &Path, limits: &Limits) -> Result<(Kind, Vec<Sheet>, Source), Error> {
    ole::check(file, limits)?;
    let (book, sheets) = office::Book::open_xls(path)?;
    if sheets.len() as u64 > limits.sheets {
        return Err(Error::TooLarge { what: Claim::Sheets, limit: limits.sheets });
    }
    Ok((Kind::Xls, sheets, Source::Office(Box::new(book))))
}

/// What the first bytes of a file say.
enum Content {
    Zip,
    CompoundFile,
    FlatOds,
    Text,
}

impl Content {
    fn of(head: &[u8]) -> Result<Self, Error> {
        let not_a_table = |found| Err(Error::NotATable { found });
        match head {
            [] => Err(Error::Empty),
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Ok(Self::Zip),
            [0xD0, 0xCF, 0x11, 0xE0, ..] => Ok(Self::CompoundFile),
            [b'%', b'P', b'D', b'F', ..] => not_a_table(Found::Pdf),
            [0xFF, 0xD8, 0xFF, ..] | [0x89, b'P', b'N', b'G', ..] | [b'G', b'I', b'F', b'8', ..] => not_a_table(Found::Image),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => not_a_table(Found::Image),
            _ if delimited::is_utf16(head) => Ok(Self::Text),
            _ if head.contains(&0) => not_a_table(Found::Binary),
            _ => Self::of_text(head),
        }
    }

    fn of_text(head: &[u8]) -> Result<Self, Error> {
        let text = String::from_utf8_lossy(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head)).trim_start().to_ascii_lowercase();
        if text.contains("opendocument.spreadsheet") && text.starts_with("<?xml") {
            return Ok(Self::FlatOds);
        }
        let is_page = ["<!doctype html", "<html", "<table", "<meta"].iter().any(|tag| text.starts_with(tag)) || text.contains("<html");
        if is_page {
            return Err(Error::NotATable { found: Found::WebPage });
        }
        if text.starts_with("<?xml") {
            return Err(Error::NotATable { found: Found::Xml });
        }
        Ok(Self::Text)
    }
}

impl Workbook {
    /// What kind of file it is, by content.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sheets in their order, hidden ones included.
    pub fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    /// What was noticed while opening.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The place of a sheet, for diagnostics about its rows.
    pub fn place(&self, sheet: usize) -> Place {
        let name = self.sheets.get(sheet).map(|sheet| sheet.name.clone());
        Place { file: Some(self.file_name.clone()), sheet: name.filter(|name| !name.is_empty()), ..Place::default() }
    }

    /// Visits the rows of a sheet in order, with bounded memory, until the visitor breaks off.
    pub fn scan(&mut self, sheet: usize, visit: Visit<'_>) -> Result<SheetEnd, Error> {
        if sheet >= self.sheets.len() {
            return Err(Error::NoSheet { index: sheet });
        }
        let mut end = SheetEnd::default();
        let tail = self.scan_source(sheet, visit, &mut end.diagnostics)?;
        if tail.hidden_rows > 0 {
            end.diagnostics.push(Diagnostic::note("sheet.hidden_rows").arg("count", tail.hidden_rows));
        }
        let place = self.place(sheet);
        for diagnostic in &mut end.diagnostics {
            diagnostic.place = std::mem::take(&mut diagnostic.place).within(&place);
        }
        end.merges = tail.merges;
        Ok(end)
    }

    fn scan_source(&mut self, sheet: usize, visit: Visit<'_>, diagnostics: &mut Vec<Diagnostic>) -> Result<SheetTail, Error> {
        match &mut self.source {
            Source::Xlsx(book) => match book.scan(sheet, &self.limits, visit) {
                Ok(tail) => Ok(tail),
                Err(Stop::Error(error)) => Err(error),
                Err(Stop::Strange { last_row }) => self.scan_generally(sheet, last_row, visit, diagnostics),
            },
            Source::Office(book) => book.scan(sheet, 0, &self.limits, visit),
            Source::Ods(book) => book.scan(sheet, &self.limits, visit),
            Source::Text(book) => book.scan(&self.limits, visit, diagnostics),
        }
    }

    /// Goes on after `last_row` with the general reader, which knows every way to write a sheet but is slower.
    fn scan_generally(&mut self, sheet: usize, last_row: u64, visit: Visit<'_>, diagnostics: &mut Vec<Diagnostic>) -> Result<SheetTail, Error> {
        let read = |source| Error::Read { path: self.path.clone(), source };
        Package::open(File::open(&self.path).map_err(read)?, self.limits.expanded_bytes)?.check_expanded(self.limits.resident_bytes)?;
        let mut book = office::Book::open_xlsx(&self.path)?;
        let name = &self.sheets[sheet].name;
        diagnostics.push(Diagnostic::note("sheet.unusual_writing"));
        book.scan_named(name, last_row, &self.limits, visit)
    }

    /// The first rows that are not empty, for a preview.
    pub fn head(&mut self, sheet: usize, count: usize) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        let mut gathered = Gathered::new(self.limits.cells);
        if count > 0 {
            self.scan(sheet, &mut |row| {
                if !gathered.push(row, &mut rows) || rows.len() >= count { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
        }
        Ok(rows)
    }

    /// The merged ranges of a sheet; rows are skipped over.
    pub fn merges(&mut self, sheet: usize) -> Result<Vec<Merge>, Error> {
        self.scan(sheet, &mut |_| ControlFlow::Continue(())).map(|end| end.merges)
    }

    /// All rows of a sheet that are not empty, with the merged ranges.
    pub fn table(&mut self, sheet: usize) -> Result<(Table, Vec<Diagnostic>), Error> {
        let mut rows = Vec::new();
        let mut gathered = Gathered::new(self.limits.cells);
        let end = self.scan(sheet, &mut |row| {
            if gathered.push(row, &mut rows) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if gathered.is_over() {
            return Err(Error::TooLarge { what: Claim::Cells, limit: self.limits.cells });
        }
        let table = Table { sheet: self.sheets[sheet].clone(), rows, merges: end.merges };
        Ok((table, end.diagnostics))
    }

    /// All visible sheets with something in them; hidden and empty ones are named in the diagnostics.
    pub fn tables(&mut self) -> Result<(Vec<Table>, Vec<Diagnostic>), Error> {
        let mut diagnostics = self.diagnostics.clone();
        let mut tables = Vec::new();
        let visible: Vec<usize> = self.sheets.iter().filter(|s| s.visibility == Visibility::Visible).map(|s| s.index).collect();
        for sheet in visible {
            let (table, more) = self.table(sheet)?;
            diagnostics.extend(more);
            if table.rows.is_empty() {
                diagnostics.push(Diagnostic::note("sheet.empty").at(self.place(sheet)));
            } else {
                tables.push(table);
            }
        }
        Ok((tables, diagnostics))
    }

    fn note_hidden_sheets(&mut self) {
        let hidden = self.sheets.iter().filter(|sheet| sheet.visibility != Visibility::Visible);
        let notes: Vec<_> = hidden.map(|sheet| Diagnostic::warning("sheet.hidden").at(self.place(sheet.index))).collect();
        self.diagnostics.extend(notes);
    }
}

/// Counts the rectangle that gathered rows span, so that one cell in a far column costs what it takes.
struct Gathered {
    left: Option<u64>,
}

impl Gathered {
    fn new(limit: u64) -> Self {
        Self { left: Some(limit) }
    }

    /// Adds a row if it is not empty and fits.
    fn push(&mut self, row: &RowView<'_>, rows: &mut Vec<Row>) -> bool {
        if row.width() == 0 {
            return true;
        }
        self.left = self.left.and_then(|left| left.checked_sub(u64::from(row.width())));
        if self.left.is_some() {
            rows.push(row.to_row());
        }
        self.left.is_some()
    }

    fn is_over(&self) -> bool {
        self.left.is_none()
    }
}
