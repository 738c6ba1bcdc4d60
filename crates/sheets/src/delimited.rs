//! Separated text: encoding by content (UTF-8, UTF-16, GB 18030), delimiter by consistency, rows of any width.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder};
use encoding_rs::{Decoder, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use spatial::diagnostic::{Diagnostic, Place};

use crate::error::{Claim, Error, Exceeded};
use crate::limits::Limits;
use crate::row::{RowBuffer, RowView, SharedStrings};
use crate::scan::SheetTail;
use crate::workbook::{Sheet, Visibility};

pub(crate) struct Book {
    path: PathBuf,
    encoding: &'static Encoding,
    delimiter: u8,
    /// Lines that only say how to read the others (`sep=;`).
    directive_lines: u64,
}

/// Bytes looked at to find the delimiter.
const SAMPLE_BYTES: u64 = 64 << 10;
/// Line breaks inside one field that make a forgotten quotation mark likely.
const UNLIKELY_BREAKS: usize = 50;
/// A row of more fields than any office program has columns.
const MAX_COLUMNS: usize = 16_384;

impl Book {
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Sheet>), Error> {
        let read = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(read)?;
        let encoding = encoding_of(&mut file).map_err(read)?;
        file.rewind().map_err(read)?;
        let mut sample = Vec::new();
        Decoded::new(file, encoding)
            .take(SAMPLE_BYTES)
            .read_to_end(&mut sample)
            .map_err(read)?;
        let (delimiter, directive_lines) = match directive(&sample) {
            Some(delimiter) => (delimiter, 1),
            None => (delimiter_of(&sample), 0),
        };
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let sheet = Sheet {
            index: 0,
            name,
            visibility: Visibility::Visible,
        };
        Ok((
            Self {
                path: path.to_owned(),
                encoding,
                delimiter,
                directive_lines,
            },
            vec![sheet],
        ))
    }

    pub(crate) fn scan(
        &mut self,
        limits: &Limits,
        visit: &mut dyn FnMut(&RowView<'_>) -> ControlFlow<()>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<SheetTail, Error> {
        let file = File::open(&self.path).map_err(|source| Error::Read {
            path: self.path.clone(),
            source,
        })?;
        let budget = Rc::new(Cell::new(0));
        let input = PerRow {
            inner: Decoded::new(file, self.encoding),
            read: Rc::clone(&budget),
            limit: limits.row_bytes,
        };
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .from_reader(input);
        let mut notes = Notes::default();
        let mut record = ByteRecord::new();
        let mut buffer = RowBuffer::default();
        let mut rows = 0;
        while reader.read_byte_record(&mut record).map_err(csv_error)? {
            budget.set(0);
            let line = first_line(&reader, &record);
            if line <= self.directive_lines {
                continue;
            }
            rows += 1;
            if rows > limits.rows {
                return Err(Error::TooLarge {
                    what: Claim::Rows,
                    limit: limits.rows,
                });
            }
            fill(&mut buffer, line, &record);
            notes.look_at(&record, line);
            let view = RowView {
                buffer: &buffer,
                slice: &[],
                shared: &SharedStrings::default(),
                is_1904: false,
            };
            if visit(&view).is_break() {
                return Ok(SheetTail::default());
            }
        }
        diagnostics.extend(notes.diagnostics(self.encoding));
        Ok(SheetTail {
            is_complete: true,
            ..SheetTail::default()
        })
    }
}

/// The line a record begins in: every line the reader has passed ends in one line feed (see [`Decoded`]), and those
/// inside the record are its own.
fn first_line<R: Read>(reader: &csv::Reader<R>, record: &ByteRecord) -> u64 {
    let inside = memchr::memchr_iter(b'\n', record.as_slice()).count() as u64;
    reader.position().line().saturating_sub(1 + inside)
}

fn fill(buffer: &mut RowBuffer, line: u64, record: &ByteRecord) {
    buffer.clear();
    buffer.number = line;
    for (column, field) in record.iter().take(MAX_COLUMNS).enumerate() {
        match std::str::from_utf8(field) {
            Ok(text) => buffer.push_text(column as u32, text),
            Err(_) => buffer.push_text(column as u32, &String::from_utf8_lossy(field)),
        }
    }
}

fn csv_error(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Error::from_io("CSV", &error),
        _ => Error::damaged("CSV", "record"),
    }
}

/// What is odd about the rows, counted so that one sentence says it.
#[derive(Default)]
struct Notes {
    width: Option<usize>,
    wider: Option<(u64, u64)>,
    undecodable: Option<(u64, u64)>,
    unclosed: Option<u64>,
}

impl Notes {
    fn look_at(&mut self, record: &ByteRecord, line: u64) {
        let width = record
            .iter()
            .rposition(|field| !field.is_empty())
            .map_or(0, |last| last + 1);
        match self.width {
            Some(known) if width > known => count(&mut self.wider, line),
            None if width > 1 => self.width = Some(record.len()),
            _ => {}
        }
        if memchr::memmem::find(record.as_slice(), "\u{FFFD}".as_bytes()).is_some() {
            count(&mut self.undecodable, line);
        }
        let breaks = |field: &[u8]| {
            memchr::memchr_iter(b'\n', field)
                .take(UNLIKELY_BREAKS)
                .count()
        };
        if self.unclosed.is_none()
            && record.as_slice().len() > UNLIKELY_BREAKS
            && record.iter().any(|field| breaks(field) == UNLIKELY_BREAKS)
        {
            self.unclosed = Some(line);
        }
    }

    fn diagnostics(&self, encoding: &'static Encoding) -> Vec<Diagnostic> {
        let at = |line| Place {
            row: Some(line),
            ..Place::default()
        };
        let mut list = Vec::new();
        if encoding != UTF_8 {
            list.push(Diagnostic::note("sheet.text_encoding").arg("encoding", encoding.name()));
        }
        if let Some((line, count)) = self.wider {
            list.push(
                Diagnostic::warning("sheet.ragged_rows")
                    .at(at(line))
                    .arg("count", count),
            );
        }
        if let Some((line, count)) = self.undecodable {
            list.push(
                Diagnostic::warning("sheet.undecodable_text")
                    .at(at(line))
                    .arg("count", count),
            );
        }
        if let Some(line) = self.unclosed {
            list.push(Diagnostic::warning("sheet.unclosed_quote").at(at(line)));
        }
        list
    }
}

fn count(first_and_count: &mut Option<(u64, u64)>, line: u64) {
    match first_and_count {
        Some((_, count)) => *count += 1,
        None => *first_and_count = Some((line, 1)),
    }
}

/// Whether the first bytes of a file are UTF-16, by its mark or by the zero bytes of plain letters and digits.
pub(crate) fn is_utf16(head: &[u8]) -> bool {
    utf16_of(head).is_some()
}

fn utf16_of(head: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(head).filter(|(encoding, _)| *encoding != UTF_8)
    {
        return Some(encoding);
    }
    let zeros = |first: usize| {
        head.iter()
            .skip(first)
            .step_by(2)
            .filter(|&&byte| byte == 0)
            .count()
    };
    let pairs = head.len() / 2;
    let (even, odd) = (zeros(0), zeros(1));
    match () {
        () if pairs < 4 => None,
        () if even == 0 && odd * 5 > pairs => Some(UTF_16LE),
        () if odd == 0 && even * 5 > pairs => Some(UTF_16BE),
        () => None,
    }
}

/// UTF-8 if the whole file is, otherwise GB 18030, of which every older Chinese encoding is a part.
fn encoding_of(file: &mut File) -> io::Result<&'static Encoding> {
    let mut chunk = vec![0; 64 << 10];
    let mut kept = 0;
    let mut is_first = true;
    loop {
        let count = file.read(&mut chunk[kept..])?;
        let bytes = &chunk[..kept + count];
        if is_first && let Some(encoding) = utf16_of(bytes) {
            return Ok(encoding);
        }
        is_first = false;
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(error) if error.error_len().is_some() || count == 0 => return Ok(GB18030),
            Err(error) => error.valid_up_to(),
        };
        if count == 0 {
            return Ok(UTF_8);
        }
        let end = bytes.len();
        chunk.copy_within(valid..end, 0);
        kept = end - valid;
    }
}

/// The delimiter of a first line such as `sep=;`, which some office programs write.
fn directive(sample: &[u8]) -> Option<u8> {
    let line = sample.split(|&byte| byte == b'\n').next()?;
    match line.strip_suffix(b"\r").unwrap_or(line) {
        [
            b's',
            b'e',
            b'p',
            b'=',
            delimiter @ (b',' | b';' | b'\t' | b'|'),
        ] => Some(*delimiter),
        _ => None,
    }
}

/// The delimiter that gives the most rows of the same width, and wide ones.
fn delimiter_of(sample: &[u8]) -> u8 {
    let mut best = (b',', 0);
    for delimiter in [b',', b'\t', b';', b'|'] {
        let score = consistency(sample, delimiter);
        if score > best.1 {
            best = (delimiter, score);
        }
    }
    best.0
}

fn consistency(sample: &[u8], delimiter: u8) -> usize {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(sample);
    let mut widths: Vec<usize> = reader
        .byte_records()
        .take(50)
        .flatten()
        .map(|record| record.len())
        .filter(|&width| width > 1)
        .collect();
    widths.sort_unstable();
    let groups = widths.chunk_by(|a, b| a == b);
    groups
        .map(|group| group.len() * group.len() * group[0].min(40))
        .max()
        .unwrap_or(0)
}

/// Decodes a file to UTF-8 while it is read; what cannot be decoded becomes U+FFFD. A mark at the start is dropped,
/// and every line, the last one too, ends in one line feed.
struct Decoded {
    input: BufReader<File>,
    decoder: Decoder,
    out: Vec<u8>,
    at: usize,
    is_end: bool,
    last: Option<u8>,
}

impl Decoded {
    fn new(file: File, encoding: &'static Encoding) -> Self {
        let input = BufReader::with_capacity(64 << 10, file);
        Self {
            input,
            decoder: encoding.new_decoder_with_bom_removal(),
            out: Vec::new(),
            at: 0,
            is_end: false,
            last: None,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        use std::io::BufRead;
        while self.at == self.out.len() && !self.is_end {
            let bytes = self.input.fill_buf()?;
            self.is_end = bytes.is_empty();
            let need = self
                .decoder
                .max_utf8_buffer_length(bytes.len())
                .unwrap_or(256 << 10);
            self.out.resize(need, 0);
            let (_, read, written, _) =
                self.decoder
                    .decode_to_utf8(bytes, &mut self.out, self.is_end);
            self.input.consume(read);
            self.out.truncate(written);
            self.at = 0;
            self.end_lines_alike();
        }
        Ok(())
    }

    /// Carriage returns, alone or before a line feed, become line feeds; a last line without end gets one.
    fn end_lines_alike(&mut self) {
        let mut last = self.last;
        if last == Some(b'\r') || memchr::memchr(b'\r', &self.out).is_some() {
            self.out.retain_mut(|byte| {
                let is_second_half = *byte == b'\n' && last == Some(b'\r');
                last = Some(*byte);
                if *byte == b'\r' {
                    *byte = b'\n';
                }
                !is_second_half
            });
        } else {
            last = self.out.last().copied().or(last);
        }
        self.last = last;
        if self.is_end && last.is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) {
            self.out.push(b'\n');
        }
    }
}

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.refill()?;
        let count = buffer.len().min(self.out.len() - self.at);
        buffer[..count].copy_from_slice(&self.out[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Refuses to read on when one row takes too much; the owner sets the count back after every row.
struct PerRow<R> {
    inner: R,
    read: Rc<Cell<u64>>,
    limit: u64,
}

impl<R: Read> Read for PerRow<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read.get() > self.limit {
            return Err(Exceeded::io(Claim::RowBytes, self.limit));
        }
        let count = self.inner.read(buffer)?;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}
