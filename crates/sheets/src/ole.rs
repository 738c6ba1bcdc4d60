//! The compound file of old workbooks, looked through before a library reads it: encryption is refused in words, and
//! the rectangle its cells span is measured, because the library takes memory for all of it.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;

use crate::error::{Claim, Error, Found};
use crate::limits::Limits;

const HEADER_BYTES: usize = 512;
const END_OF_CHAIN: u32 = 0xFFFF_FFFA;

/// Refuses what is encrypted, is no workbook, or would cost too much memory.
pub(crate) fn check(mut file: File, limits: &Limits) -> Result<(), Error> {
    if file
        .metadata()
        .is_ok_and(|metadata| metadata.len() > limits.resident_bytes)
    {
        return Err(Error::TooLarge {
            what: Claim::FileBytes,
            limit: limits.resident_bytes,
        });
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .map_err(|error| Error::from_io("OLE2", &error))?;
    let compound = Compound::of(&bytes).ok_or_else(|| Error::damaged("OLE2", "header"))?;
    let entries = compound.directory();
    let has = |name: &str| {
        entries
            .iter()
            .any(|entry| entry.name.eq_ignore_ascii_case(name))
    };
    if has("EncryptedPackage") {
        return Err(Error::Encrypted);
    }
    let Some(stream) = entries
        .iter()
        .find(|e| e.name.eq_ignore_ascii_case("Workbook"))
        .or_else(|| entries.iter().find(|e| e.name.eq_ignore_ascii_case("Book")))
    else {
        return Err(Error::NotATable {
            found: Found::CompoundFile,
        });
    };
    check_records(&compound.stream(stream), limits)
}

struct Compound<'a> {
    bytes: &'a [u8],
    sector_bytes: usize,
    table: Vec<u32>,
    mini_table: Vec<u32>,
    mini_stream: Vec<u8>,
    mini_cutoff: u64,
    directory_start: u32,
}

struct Entry {
    name: String,
    start: u32,
    size: u64,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

impl<'a> Compound<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let shift = u16_at(bytes, 30)?;
        if !(7..=16).contains(&shift) || bytes.len() < HEADER_BYTES {
            return None;
        }
        let mut compound = Self {
            bytes,
            sector_bytes: 1 << shift,
            table: Vec::new(),
            mini_table: Vec::new(),
            mini_stream: Vec::new(),
            mini_cutoff: u64::from(u32_at(bytes, 56)?),
            directory_start: u32_at(bytes, 48)?,
        };
        compound.table = compound.read_table();
        compound.mini_table = words(&compound.chain(u32_at(bytes, 60)?, u64::MAX));
        let root = compound.directory().into_iter().next()?;
        compound.mini_stream = compound.chain(root.start, root.size);
        Some(compound)
    }

    /// The allocation table: its sectors are listed in the header and in a chain behind it.
    fn read_table(&self) -> Vec<u32> {
        let mut sectors: Vec<u32> = (0..109)
            .filter_map(|i| u32_at(self.bytes, 76 + 4 * i))
            .collect();
        let mut next = u32_at(self.bytes, 68).unwrap_or(END_OF_CHAIN);
        let mut seen = HashSet::new();
        while let Some(list) = self.sector(next).filter(|_| seen.insert(next)) {
            let list = words(list);
            let Some((&last, list)) = list.split_last() else {
                break;
            };
            sectors.extend(list);
            next = last;
        }
        let mut table = Vec::new();
        let mut used = HashSet::new();
        for sector in sectors.into_iter().filter(|sector| used.insert(*sector)) {
            table.extend(self.sector(sector).map(words).unwrap_or_default());
        }
        table
    }

    fn sector(&self, number: u32) -> Option<&'a [u8]> {
        if number >= END_OF_CHAIN {
            return None;
        }
        let start = (number as usize + 1).checked_mul(self.sector_bytes)?;
        let end = (start + self.sector_bytes).min(self.bytes.len());
        self.bytes.get(start..end)
    }

    /// The bytes of a chain of sectors; a chain that bites its tail ends there.
    fn chain(&self, start: u32, size: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let mut next = start;
        let limit = self.bytes.len();
        while let Some(sector) = self.sector(next) {
            out.extend_from_slice(sector);
            if out.len() as u64 >= size || out.len() > limit {
                break;
            }
            next = self
                .table
                .get(next as usize)
                .copied()
                .unwrap_or(END_OF_CHAIN);
        }
        out.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        out
    }

    fn directory(&self) -> Vec<Entry> {
        self.chain(self.directory_start, u64::MAX)
            .chunks_exact(128)
            .filter_map(entry)
            .collect()
    }

    fn stream(&self, entry: &Entry) -> Vec<u8> {
        if entry.size >= self.mini_cutoff {
            return self.chain(entry.start, entry.size);
        }
        let mut out = Vec::new();
        let mut next = entry.start;
        while let Some(mini) = self
            .mini_stream
            .get(next as usize * 64..(next as usize + 1) * 64)
        {
            out.extend_from_slice(mini);
            if out.len() as u64 >= entry.size {
                break;
            }
            next = self
                .mini_table
                .get(next as usize)
                .copied()
                .unwrap_or(END_OF_CHAIN);
        }
        out
    }
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
        .collect()
}

fn entry(bytes: &[u8]) -> Option<Entry> {
    let length = usize::from(u16_at(bytes, 64)?).min(64);
    let name: Vec<u16> = bytes[..length]
        .chunks_exact(2)
        .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
        .take_while(|&unit| unit != 0)
        .collect();
    if bytes[66] == 0 {
        return None;
    }
    Some(Entry {
        name: String::from_utf16_lossy(&name),
        start: u32_at(bytes, 116)?,
        size: u64::from(u32_at(bytes, 120)?),
    })
}

const FILE_PASS: u16 = 0x002F;
const BEGIN: u16 = 0x0809;

/// Walks the records of a workbook stream: a password record refuses, cells are measured per sheet.
fn check_records(stream: &[u8], limits: &Limits) -> Result<(), Error> {
    let mut at = 0;
    let mut spans = Spans::default();
    while let (Some(kind), Some(length)) = (u16_at(stream, at), u16_at(stream, at + 2)) {
        let end = at + 4 + usize::from(length);
        let record = stream
            .get(at + 4..end.min(stream.len()))
            .unwrap_or_default();
        match kind {
            FILE_PASS => return Err(Error::Encrypted),
            BEGIN => spans.next_sheet(),
            _ => spans.add(kind, record),
        }
        if spans.cells() > limits.cells {
            return Err(Error::TooLarge {
                what: Claim::Cells,
                limit: limits.cells,
            });
        }
        at = end;
    }
    Ok(())
}

/// The rectangles spanned by the cells of all sheets.
#[derive(Default)]
struct Spans {
    before: u64,
    rows: Option<(u16, u16)>,
    columns: Option<(u16, u16)>,
}

impl Spans {
    fn next_sheet(&mut self) {
        self.before = self.cells();
        (self.rows, self.columns) = (None, None);
    }

    /// Every cell record begins with row and column; those of many cells end with the last column.
    fn add(&mut self, kind: u16, record: &[u8]) {
        let is_cell = matches!(
            kind,
            0x0006 | 0x00BD | 0x00D6 | 0x00FD | 0x0201
                ..=0x0205 | 0x027E | 0x0207 | 0x0406 | 0x0206 | 0x00BE
        );
        let (true, Some(row), Some(column)) = (is_cell, u16_at(record, 0), u16_at(record, 2))
        else {
            return;
        };
        let last = if kind == 0x00BD {
            u16_at(record, record.len().saturating_sub(2))
                .unwrap_or(column)
                .max(column)
        } else {
            column
        };
        self.rows = Some(
            self.rows
                .map_or((row, row), |(a, b)| (a.min(row), b.max(row))),
        );
        self.columns = Some(
            self.columns
                .map_or((column, last), |(a, b)| (a.min(column), b.max(last))),
        );
    }

    fn cells(&self) -> u64 {
        let length =
            |span: Option<(u16, u16)>| span.map_or(0, |(first, last)| u64::from(last - first) + 1);
        self.before + length(self.rows) * length(self.columns)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn record(kind: u16, body: &[u8]) -> Vec<u8> {
        [
            &kind.to_le_bytes()[..],
            &(body.len() as u16).to_le_bytes(),
            body,
        ]
        .concat()
    }

    fn cell(row: u16, column: u16) -> Vec<u8> {
        record(
            0x0203,
            &[&row.to_le_bytes()[..], &column.to_le_bytes(), &[0; 10]].concat(),
        )
    }

    #[test]
    fn two_cells_far_apart_are_refused_before_memory_is_taken() {
        let stream = [record(BEGIN, &[0; 16]), cell(0, 0), cell(65_535, 255)].concat();
        let limits = Limits::default();
        assert!(matches!(
            check_records(&stream, &limits),
            Err(Error::TooLarge {
                what: Claim::Cells,
                ..
            })
        ));
        let near = [record(BEGIN, &[0; 16]), cell(0, 0), cell(60_000, 30)].concat();
        assert!(check_records(&near, &limits).is_ok());
        let many_sheets = near.repeat(20);
        assert!(
            check_records(&many_sheets, &limits).is_err(),
            "sheets add up"
        );
    }

    #[test]
    fn both_kinds_of_password_records_refuse() {
        for kind in [0u8, 1] {
            assert!(matches!(
                check_records(&record(FILE_PASS, &[kind, 0, 0, 0]), &Limits::default()),
                Err(Error::Encrypted)
            ));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_look_through_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..2048), shift in 7u8..16) {
            let mut file = bytes;
            file.resize(file.len().max(512), 0);
            file[30] = shift;
            file[31] = 0;
            if let Some(compound) = Compound::of(&file) {
                compound.directory().iter().for_each(|entry| drop(compound.stream(entry)));
            }
            let _ = check_records(&file, &Limits::default());
        }
    }
}
