//! The sheet XML of XLSX, read row by row with bounded memory.
//!
//! A window slides over the inflated bytes; a row is cut out whole and its cells are found by byte search. Anything an
//! office program would not write (prefixed names, comments between cells, foreign elements) is reported as strange
//! *before* it is misread, and the general reader takes over from that row.

use std::io::{self, Read};
use std::ops::ControlFlow;

use memchr::memmem::Finder;
use memchr::{memchr, memchr2};

use crate::error::{Claim, Error};
use crate::limits::Limits;
use crate::row::{Merge, Raw, RowBuffer, RowView, SharedStrings};
use crate::serial::Shown;
use crate::xlsx::TextRuns;
use crate::xml::{PartReader, unescape, unescape_workbook};

/// Why the fast reader stopped before the end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The sheet is written in a way only the general reader understands; rows up to this number were visited.
    Strange { last_row: u64 },
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// What cells of the sheet refer to.
pub(crate) struct Context<'a> {
    pub(crate) styles: &'a [Shown],
    pub(crate) shared: &'a SharedStrings,
    pub(crate) is_1904: bool,
    pub(crate) part: &'a str,
}

/// What is known about a sheet after its rows.
#[derive(Debug, Default)]
pub(crate) struct SheetTail {
    pub(crate) merges: Vec<Merge>,
    pub(crate) hidden_rows: u64,
    /// False if the visitor broke off before the last row.
    pub(crate) is_complete: bool,
}

const CHUNK: usize = 64 << 10;
/// Bytes of views, columns and the like before the first row.
const MAX_HEAD_BYTES: usize = 16 << 20;
/// Merged ranges that are kept; a sheet with more has them on every row.
const MAX_MERGES: usize = 200_000;
const MAX_COLUMNS: u32 = 16_384;

/// Reads all rows of a sheet, then its merged ranges.
pub(crate) fn scan<R: Read>(
    input: R,
    context: &Context<'_>,
    limits: &Limits,
    visit: &mut dyn FnMut(&RowView<'_>) -> ControlFlow<()>,
) -> Result<SheetTail, Stop> {
    let mut rows = RowScanner::new(input, context, limits);
    let mut tail = SheetTail::default();
    if rows.skip_to_rows()? {
        while let Some(length) = rows.next_row()? {
            let view = RowView { buffer: &rows.buffer, slice: rows.window.slice(length.row), shared: context.shared, is_1904: context.is_1904 };
            tail.hidden_rows += u64::from(view.is_hidden());
            let flow = visit(&view);
            rows.window.consume(length.whole);
            if flow.is_break() {
                return Ok(tail);
            }
        }
    }
    tail.merges = rows.merges()?;
    tail.is_complete = true;
    Ok(tail)
}

/// Bytes of a row at the front of the window: without and with its end tag.
#[derive(Clone, Copy)]
struct RowLength {
    row: usize,
    whole: usize,
}

struct RowScanner<'a, R> {
    window: Window<R>,
    buffer: RowBuffer,
    context: &'a Context<'a>,
    limits: &'a Limits,
    row_end: Finder<'static>,
    rows: u64,
}

impl<'a, R: Read> RowScanner<'a, R> {
    fn new(input: R, context: &'a Context<'a>, limits: &'a Limits) -> Self {
        let window = Window { input, bytes: Vec::with_capacity(2 * CHUNK), start: 0, is_end: false };
        Self { window, buffer: RowBuffer::default(), context, limits, row_end: Finder::new(b"</row>"), rows: 0 }
    }

    /// Moves behind the start tag of the rows; false if the sheet has none.
    fn skip_to_rows(&mut self) -> Result<bool, Stop> {
        let Some(at) = self.find(&Finder::new(b"<sheetData"), 0, MAX_HEAD_BYTES)? else {
            return Err(self.strange());
        };
        let head = self.window.slice(at);
        if memchr::memmem::find(head, b"<!DOCTYPE").is_some() {
            return Err(Error::damaged(self.context.part, "document type declaration").into());
        }
        if memchr::memmem::find(head, b"<worksheet").is_none() {
            return Err(self.strange());
        }
        let Some(end) = self.find(&Finder::new(b">"), at, MAX_HEAD_BYTES)? else {
            return Err(self.strange());
        };
        let is_empty = self.window.unread()[end - 1] == b'/';
        self.window.consume(end + 1);
        Ok(!is_empty)
    }

    /// Reads the next row into the buffer; none at the end of the rows.
    fn next_row(&mut self) -> Result<Option<RowLength>, Stop> {
        let Some(kind) = self.skip_to_tag()? else {
            return Err(Error::damaged(self.context.part, "rows end too early").into());
        };
        match kind {
            Tag::Row => {}
            Tag::RowsEnd => return Ok(None),
            Tag::Other => return Err(self.strange()),
        }
        let length = self.row_length()?;
        let previous = self.buffer.number;
        self.buffer.clear();
        let row = self.window.slice(length.row);
        if parse_row(row, previous, self.context.styles, &mut self.buffer).is_none() {
            self.buffer.number = previous;
            return Err(self.strange());
        }
        self.rows += 1;
        if self.rows > self.limits.rows || self.buffer.number > self.limits.rows {
            return Err(Error::TooLarge { what: Claim::Rows, limit: self.limits.rows }.into());
        }
        Ok(Some(length))
    }

    /// Skips blanks up to the next tag.
    fn skip_to_tag(&mut self) -> Result<Option<Tag>, Stop> {
        loop {
            let blanks = self.window.unread().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.window.consume(blanks);
            let unread = self.window.unread();
            if unread.len() > 11 || self.window.is_end {
                return Ok(Tag::of(unread));
            }
            self.fill()?;
        }
    }

    fn row_length(&mut self) -> Result<RowLength, Stop> {
        let limit = self.limits.row_bytes as usize;
        let too_large = || Stop::Error(Error::TooLarge { what: Claim::RowBytes, limit: limit as u64 });
        let Some(tag_end) = self.find(&Finder::new(b">"), 0, limit)? else {
            return Err(too_large());
        };
        if self.window.unread()[tag_end - 1] == b'/' {
            return Ok(RowLength { row: tag_end + 1, whole: tag_end + 1 });
        }
        let finder = self.row_end.clone();
        match self.find(&finder, tag_end, limit)? {
            Some(at) => Ok(RowLength { row: at, whole: at + b"</row>".len() }),
            None if self.window.is_end => Err(Error::damaged(self.context.part, "row without end").into()),
            None => Err(too_large()),
        }
    }

    /// The merged ranges, which stand behind the rows.
    fn merges(&mut self) -> Result<Vec<Merge>, Stop> {
        let start = Finder::new(b"<mergeCell ");
        let mut merges = Vec::new();
        while merges.len() < MAX_MERGES && self.discard_to(&start)? {
            let Some(end) = self.find(&Finder::new(b">"), 0, CHUNK)? else { break };
            merges.extend(merge_of(self.window.slice(end)));
            self.window.consume(end);
        }
        Ok(merges)
    }

    /// Position of a needle in the unread bytes, filling the window up to `limit` bytes.
    fn find(&mut self, needle: &Finder<'_>, from: usize, limit: usize) -> Result<Option<usize>, Stop> {
        let mut from = from;
        loop {
            if let Some(at) = self.window.unread().get(from..).and_then(|bytes| needle.find(bytes)) {
                return Ok(Some(from + at));
            }
            from = from.max(self.window.unread().len().saturating_sub(needle.needle().len() - 1));
            if self.window.is_end || self.window.unread().len() > limit {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    /// Drops bytes up to and with a needle; false at the end.
    fn discard_to(&mut self, needle: &Finder<'_>) -> Result<bool, Stop> {
        loop {
            if let Some(at) = needle.find(self.window.unread()) {
                self.window.consume(at + needle.needle().len());
                return Ok(true);
            }
            if self.window.is_end {
                return Ok(false);
            }
            let keep = needle.needle().len() - 1;
            self.window.consume(self.window.unread().len().saturating_sub(keep));
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<(), Stop> {
        self.window.fill().map_err(|error| Stop::Error(Error::from_io(self.context.part, &error)))
    }

    fn strange(&self) -> Stop {
        Stop::Strange { last_row: self.buffer.number }
    }
}

enum Tag {
    Row,
    RowsEnd,
    Other,
}

impl Tag {
    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"<row") && bytes.get(4).is_some_and(|&b| ends_name(b)) {
            return Some(Self::Row);
        }
        if bytes.starts_with(b"</sheetData") {
            return Some(Self::RowsEnd);
        }
        (!bytes.is_empty()).then_some(Self::Other)
    }
}

fn ends_name(byte: u8) -> bool {
    matches!(byte, b' ' | b'>' | b'/' | b'\t' | b'\r' | b'\n')
}

/// Bytes read but not yet consumed.
struct Window<R> {
    input: R,
    bytes: Vec<u8>,
    start: usize,
    is_end: bool,
}

impl<R: Read> Window<R> {
    fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// The first `length` unread bytes.
    fn slice(&self, length: usize) -> &[u8] {
        &self.bytes[self.start..self.start + length]
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
    }

    fn fill(&mut self) -> io::Result<()> {
        self.bytes.copy_within(self.start.., 0);
        self.bytes.truncate(self.bytes.len() - self.start);
        self.start = 0;
        let filled = self.bytes.len();
        self.bytes.resize(filled + CHUNK.max(filled), 0);
        let mut end = filled;
        while end < self.bytes.len() {
            match self.input.read(&mut self.bytes[end..]) {
                Ok(0) => {
                    self.is_end = true;
                    break;
                }
                Ok(count) => end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes.truncate(end);
        Ok(())
    }
}

/// What follows in a start tag.
enum Attribute<'a> {
    Pair { name: &'a [u8], value: &'a [u8] },
    End { is_empty: bool },
}

/// The next attribute of a start tag, moving `at` behind it; none if the tag is broken.
#[inline]
fn next_attribute<'a>(bytes: &'a [u8], at: &mut usize) -> Option<Attribute<'a>> {
    while bytes.get(*at)?.is_ascii_whitespace() {
        *at += 1;
    }
    match bytes[*at] {
        b'>' => {
            *at += 1;
            return Some(Attribute::End { is_empty: false });
        }
        b'/' => {
            *at += 2;
            return (bytes.get(*at - 1) == Some(&b'>')).then_some(Attribute::End { is_empty: true });
        }
        _ => {}
    }
    let name_start = *at;
    while !matches!(bytes.get(*at)?, b'=' | b' ' | b'>' | b'/') {
        *at += 1;
    }
    let name = &bytes[name_start..*at];
    let quote = *bytes.get(*at + 1)?;
    if bytes[*at] != b'=' || !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let value_start = *at + 2;
    let rest = bytes.get(value_start..)?;
    let length = rest.iter().position(|&byte| byte == quote)?;
    *at = value_start + length + 1;
    Some(Attribute::Pair { name, value: &rest[..length] })
}

/// Reads the cells of `<row …>…`; none if something in it is strange.
fn parse_row(row: &[u8], previous: u64, styles: &[Shown], buffer: &mut RowBuffer) -> Option<()> {
    let mut at = b"<row".len();
    let mut number = None;
    loop {
        match next_attribute(row, &mut at)? {
            Attribute::Pair { name: b"r", value } => number = Some(digits(value)?),
            Attribute::Pair { name: b"hidden", value } => buffer.is_hidden = matches!(value, b"1" | b"true"),
            Attribute::Pair { .. } => {}
            Attribute::End { .. } => break,
        }
    }
    let mut cells = CellParser { row, at, styles, next_column: 0, number };
    while cells.next(buffer)? {}
    buffer.number = cells.number.unwrap_or(previous + 1);
    if buffer.number <= previous {
        return None;
    }
    if !buffer.cells.is_sorted_by(|a, b| a.column < b.column) {
        buffer.cells.sort_by_key(|cell| cell.column);
        buffer.cells.dedup_by_key(|cell| cell.column);
    }
    Some(())
}

struct CellParser<'a> {
    row: &'a [u8],
    at: usize,
    styles: &'a [Shown],
    next_column: u32,
    number: Option<u64>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Shared,
    Text,
    Bool,
    Error,
}

impl CellParser<'_> {
    /// Reads one cell into the buffer; false at the end of the row, none if it is strange.
    #[inline]
    fn next(&mut self, buffer: &mut RowBuffer) -> Option<bool> {
        let row = self.row;
        while row.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let Some(rest) = row.get(self.at..).filter(|rest| !rest.is_empty()) else { return Some(false) };
        if !rest.starts_with(b"<c") || !ends_name(*rest.get(2)?) {
            return self.skip_extension().map(|()| true);
        }
        self.at += 2;
        let mut column = self.next_column;
        let mut style = None;
        let mut kind = Kind::Number;
        let is_empty = loop {
            match next_attribute(row, &mut self.at)? {
                Attribute::Pair { name: b"r", value } => column = self.reference(value)?,
                Attribute::Pair { name: b"s", value } => style = digits(value),
                Attribute::Pair { name: b"t", value } => kind = kind_of(value)?,
                Attribute::Pair { .. } => {}
                Attribute::End { is_empty } => break is_empty,
            }
        };
        if column >= MAX_COLUMNS {
            return None;
        }
        self.next_column = column + 1;
        if !is_empty {
            let shown = style.and_then(|style| self.styles.get(style as usize)).copied().unwrap_or(Shown::Plain);
            self.content(column, kind, shown, buffer)?;
        }
        Some(true)
    }

    /// The column of a reference such as `AB12`; its row counts where the row itself has no number.
    #[inline]
    fn reference(&mut self, value: &[u8]) -> Option<u32> {
        let letters = value.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
        if letters == 0 || letters > 3 {
            return None;
        }
        if self.number.is_none() {
            self.number = Some(digits(&value[letters..])?);
        }
        let column = value[..letters].iter().fold(0, |sum, &byte| sum * 26 + u32::from(byte - b'A') + 1);
        Some(column - 1)
    }

    /// Reads what stands between `<c …>` and `</c>`.
    #[inline]
    fn content(&mut self, column: u32, kind: Kind, shown: Shown, buffer: &mut RowBuffer) -> Option<()> {
        let row = self.row;
        loop {
            self.at += memchr(b'<', row.get(self.at..)?)?;
            let rest = &row[self.at..];
            match (rest.get(1)?, rest.get(2)?) {
                (b'/', b'c') => {
                    self.at += b"</c>".len();
                    return rest.starts_with(b"</c>").then_some(());
                }
                (b'v', b'>') => {
                    let start = self.at + 3;
                    let end = start + memchr(b'<', &row[start..])?;
                    if !row[end..].starts_with(b"</v>") {
                        return None;
                    }
                    self.at = end + 4;
                    self.value(column, kind, shown, start, end, buffer)?;
                }
                (b'i', b's') => self.inline_text(column, buffer)?,
                (b'f', b'>' | b' ' | b'/') => self.skip(b"</f>")?,
                (b'v', b'/') => self.at += b"<v/>".len(),
                (b'v', b' ') => self.spaced_value(column, kind, shown, buffer)?,
                _ => self.skip_extension()?,
            }
        }
    }

    /// A value whose tag has attributes (`<v xml:space="preserve">`).
    fn spaced_value(&mut self, column: u32, kind: Kind, shown: Shown, buffer: &mut RowBuffer) -> Option<()> {
        let start = self.at + memchr(b'>', &self.row[self.at..])? + 1;
        if self.row[start - 2] == b'/' {
            self.at = start;
            return Some(());
        }
        let end = start + memchr(b'<', &self.row[start..])?;
        self.at = end + 4;
        self.row[end..].starts_with(b"</v>").then_some(())?;
        self.value(column, kind, shown, start, end, buffer)
    }

    #[inline]
    fn value(&mut self, column: u32, kind: Kind, shown: Shown, start: usize, end: usize, buffer: &mut RowBuffer) -> Option<()> {
        let bytes = &self.row[start..end];
        match kind {
            Kind::Number => match number(bytes) {
                Some(number) => buffer.push(column, raw_number(number, shown)),
                None => self.text(column, start, end, buffer),
            },
            Kind::Shared => buffer.push(column, Raw::Shared(u32::try_from(digits(bytes)?).ok()?)),
            Kind::Text => self.text(column, start, end, buffer),
            Kind::Bool => buffer.push(column, Raw::Bool(matches!(bytes, b"1" | b"true"))),
            Kind::Error => buffer.push_error(column, &unescape(&String::from_utf8_lossy(bytes))),
        }
        Some(())
    }

    /// Text as it lies in the row, or resolved into the scratch buffer if it has escapes.
    #[inline]
    fn text(&self, column: u32, start: usize, end: usize, buffer: &mut RowBuffer) {
        let bytes = &self.row[start..end];
        if bytes.is_empty() {
            return;
        }
        if memchr2(b'&', b'_', bytes).is_none() {
            buffer.push(column, Raw::Slice(start as u32, end as u32));
            return;
        }
        buffer.push_text(column, &unescape_workbook(&unescape(&String::from_utf8_lossy(bytes))));
    }

    /// `<is><t>…</t></is>`, or runs of rich text.
    #[inline]
    fn inline_text(&mut self, column: u32, buffer: &mut RowBuffer) -> Option<()> {
        let row = self.row;
        let rest = &row[self.at..];
        let tag = if rest.starts_with(b"<is><t>") { 7 } else { spaced_text_tag(rest) };
        if tag > 0 {
            let start = self.at + tag;
            let end = start + memchr(b'<', &row[start..])?;
            if row[end..].starts_with(b"</t></is>") {
                self.at = end + b"</t></is>".len();
                self.text(column, start, end, buffer);
                return Some(());
            }
        }
        let end = if rest.starts_with(b"<is/>") { 5 } else { memchr::memmem::find(rest, b"</is>")? + 5 };
        buffer.push_text(column, &runs(&rest[..end])?);
        self.at += end;
        Some(())
    }

    /// Skips an element, closed at once or by `end`.
    fn skip(&mut self, end: &[u8]) -> Option<()> {
        let rest = &self.row[self.at..];
        let tag_end = memchr(b'>', rest)?;
        self.at += if rest[tag_end - 1] == b'/' { tag_end + 1 } else { memchr::memmem::find(rest, end)? + end.len() };
        Some(())
    }

    fn skip_extension(&mut self) -> Option<()> {
        if self.row[self.at..].starts_with(b"<extLst") { self.skip(b"</extLst>") } else { None }
    }
}

fn spaced_text_tag(rest: &[u8]) -> usize {
    let tag = b"<is><t xml:space=\"preserve\">";
    if rest.starts_with(tag) { tag.len() } else { 0 }
}

fn runs(inline: &[u8]) -> Option<String> {
    let mut reader = PartReader::new(inline, "");
    let mut runs = TextRuns::default();
    loop {
        let event = reader.next().ok()?;
        if matches!(event, quick_xml::events::Event::Eof) {
            return Some(runs.finish());
        }
        runs.take(&event);
    }
}

fn kind_of(value: &[u8]) -> Option<Kind> {
    match value {
        b"n" => Some(Kind::Number),
        b"s" => Some(Kind::Shared),
        b"inlineStr" | b"str" | b"d" => Some(Kind::Text),
        b"b" => Some(Kind::Bool),
        b"e" => Some(Kind::Error),
        _ => None,
    }
}

fn raw_number(number: f64, shown: Shown) -> Raw {
    match shown {
        Shown::Plain => Raw::Number(number),
        Shown::Moment => Raw::Serial(number),
        Shown::Duration => Raw::Duration(number),
    }
}

/// A number as sheets write it; whole numbers, the most frequent, without the general parser.
#[inline]
fn number(bytes: &[u8]) -> Option<f64> {
    if !bytes.is_empty() && bytes.len() <= 15 && bytes.iter().all(u8::is_ascii_digit) {
        return digits(bytes).map(|whole| whole as f64);
    }
    let number: f64 = std::str::from_utf8(bytes).ok()?.trim().parse().ok()?;
    number.is_finite().then_some(number)
}

#[inline]
fn digits(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || bytes.len() > 18 {
        return None;
    }
    bytes.iter().try_fold(0, |sum: u64, &byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

/// The range of `… ref="A1:C2"`.
fn merge_of(tag: &[u8]) -> Option<Merge> {
    let at = memchr::memmem::find(tag, b"ref=")? + 5;
    let rest = tag.get(at..)?;
    let end = memchr2(b'"', b'\'', rest)?;
    let text = std::str::from_utf8(&rest[..end]).ok()?;
    let (first, last) = text.split_once(':')?;
    let ((first_row, first_column), (last_row, last_column)) = (position(first)?, position(last)?);
    (first_row <= last_row && first_column <= last_column).then_some(Merge { first_row, first_column, last_row, last_column })
}

/// Row from 1 and column from 0 of a reference such as `$AB$12`.
fn position(reference: &str) -> Option<(u64, u32)> {
    let plain = reference.replace('$', "");
    let letters = plain.bytes().take_while(u8::is_ascii_uppercase).count();
    if letters == 0 || letters > 3 {
        return None;
    }
    let column = plain.bytes().take(letters).fold(0, |sum, byte| sum * 26 + u32::from(byte - b'A') + 1);
    Some((digits(&plain.as_bytes()[letters..])?, column - 1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use crate::row::{Row, Value};

    /// Hands out one byte at a time, so that every border of the window is met.
    struct Dripping<'a>(&'a [u8]);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some((&first, rest)) = self.0.split_first() else { return Ok(0) };
            buffer[0] = first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn read(xml: &str, limits: &Limits) -> Result<(Vec<Row>, SheetTail), Stop> {
        let mut shared = SharedStrings::default();
        for text in ["甲", "乙"] {
            shared.text.push_str(text);
            shared.finish_one();
        }
        let styles = [Shown::Plain, Shown::Moment];
        let context = Context { styles: &styles, shared: &shared, is_1904: false, part: "sheet" };
        let mut rows = Vec::new();
        let tail = scan(Dripping(xml.as_bytes()), &context, limits, &mut |row| {
            rows.push(row.to_row());
            ControlFlow::Continue(())
        })?;
        Ok((rows, tail))
    }

    fn sheet(rows: &str) -> String {
        format!("<?xml version=\"1.0\"?><worksheet xmlns=\"x\"><sheetData>{rows}</sheetData></worksheet>")
    }

    fn texts(xml: &str) -> Vec<String> {
        let (rows, _) = read(&sheet(xml), &Limits::default()).unwrap();
        rows.iter().map(|row| format!("{}:{}", row.number, row.cells.iter().map(|c| c.value.text()).collect::<Vec<_>>().join("|"))).collect()
    }

    #[test]
    fn every_kind_of_cell_is_read() {
        let row = r#"<row r="3" spans="1:9"><c r="A3" t="s"><v>1</v></c><c r="B3"><v>-1.5E3</v></c><c r="C3" s="1"><v>43696</v></c>
            <c r="D3" t="b"><v>1</v></c><c r="E3" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="F3" t="str"><f t="shared" si="0"/><v>a&lt;b</v></c>
            <c r="G3" t="inlineStr"><is><t xml:space="preserve"> 后河 </t></is></c>
            <c r="H3" t="inlineStr"><is><r><rPr><b/></rPr><t>粗</t></r><r><t>细</t></r><rPh sb="0" eb="1"><t>ku</t></rPh></is></c><c r="I3" s="1"/></row>"#;
        assert_eq!(texts(row), ["3:乙|-1500|2019-08-19|TRUE|#DIV/0!|a<b| 后河 |粗细"]);
    }

    #[test]
    fn missing_references_are_counted_on() {
        assert_eq!(texts("<row><c><v>1</v></c><c r=\"C1\"><v>3</v></c><c><v>4</v></c></row><row/><row><c t=\"n\"><v>5</v></c></row>"), ["1:1||3|4", "2:", "3:5"]);
        assert_eq!(texts("<row><c r=\"B7\"><v>1</v></c></row>"), ["7:|1"]);
    }

    #[test]
    fn cells_out_of_order_are_sorted() {
        assert_eq!(texts("<row r=\"1\"><c r=\"C1\"><v>3</v></c><c r=\"A1\"><v>1</v></c></row>"), ["1:1||3"]);
    }

    #[test]
    fn a_number_that_is_none_stays_text() {
        assert_eq!(texts("<row r=\"1\"><c><v>1e999</v></c><c><v>abc</v></c><c><v>620802198001011234</v></c></row>"), ["1:1e999|abc|620802198001011200"]);
    }

    #[test]
    fn merged_ranges_are_found_behind_the_rows() {
        let xml = "<worksheet><sheetData/><mergeCells count=\"2\"><mergeCell ref=\"A1:C1\"/><mergeCell ref=\"B2:B4\" /></mergeCells></worksheet>";
        let (_, tail) = read(xml, &Limits::default()).unwrap();
        let merge = |first_row, first_column, last_row, last_column| Merge { first_row, first_column, last_row, last_column };
        assert_eq!(tail.merges, [merge(1, 0, 1, 2), merge(2, 1, 4, 1)]);
    }

    #[test]
    fn strange_writing_is_left_to_the_general_reader() {
        let cases = [
            "<x:worksheet><x:sheetData><x:row/></x:sheetData></x:worksheet>".to_owned(),
            sheet("<row r=\"1\"/><!-- comment --><row r=\"2\"/>"),
            sheet("<row r=\"1\"><c><v><![CDATA[1]]></v></c></row>"),
            sheet("<row r=\"1\"><c t=\"new\"><v>1</v></c></row>"),
            sheet("<row r=\"2\"/><row r=\"1\"/>"),
        ];
        for xml in cases {
            assert!(matches!(read(&xml, &Limits::default()), Err(Stop::Strange { .. })), "{xml}");
        }
    }

    #[test]
    fn a_sheet_cut_short_is_damaged_not_short() {
        for xml in ["<worksheet><sheetData><row r=\"1\"><c><v>1</v></c>", "<worksheet><sheetData><row r=\"1\"/>"] {
            assert!(matches!(read(xml, &Limits::default()), Err(Stop::Error(Error::Damaged { .. }))), "{xml}");
        }
    }

    #[test]
    fn a_document_type_is_refused() {
        let xml = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><worksheet><sheetData/></worksheet>";
        assert!(matches!(read(xml, &Limits::default()), Err(Stop::Error(Error::Damaged { .. }))));
    }

    #[test]
    fn a_row_longer_than_the_limit_is_refused() {
        let row = format!("<row r=\"1\"><c t=\"str\"><v>{}</v></c></row>", "长".repeat(200_000));
        let limits = Limits { row_bytes: 100_000, ..Limits::default() };
        assert!(matches!(read(&sheet(&row), &limits), Err(Stop::Error(Error::TooLarge { what: Claim::RowBytes, .. }))));
    }

    #[test]
    fn rows_beyond_the_limit_are_refused() {
        let far = sheet("<row r=\"4000000000\"><c><v>1</v></c></row>");
        assert!(matches!(read(&far, &Limits::default()), Err(Stop::Error(Error::TooLarge { what: Claim::Rows, .. }))));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_scanner_panic(rows in "[ -~<>/\"'=a-c0-9rstv甲&;]{0,200}") {
            let _ = read(&sheet(&rows), &Limits::default());
            let _ = read(&sheet(&format!("<row r=\"1\"><c r=\"A1\">{rows}</c></row>")), &Limits::default());
            let _ = Value::from(rows.as_str());
        }
    }
}
