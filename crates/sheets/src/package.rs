//! The zip container of XLSX, XLSB and ODS: parts by name, read through a counter.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use crate::error::{Claim, Error, Exceeded};

/// A reader that refuses to hand out more bytes than its budget.
pub(crate) struct Counted<R> {
    inner: R,
    left: u64,
    limit: u64,
    what: Claim,
}

impl<R: Read> Counted<R> {
    pub(crate) fn new(inner: R, what: Claim, limit: u64) -> Self {
        Self { inner, left: limit, limit, what }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return Err(Exceeded::io(self.what, self.limit)),
        }
        Ok(count)
    }
}

pub(crate) type Part<'a> = Counted<ZipFile<'a, BufReader<File>>>;

/// A zip file whose parts are found by name regardless of case and slashes.
pub(crate) struct Package {
    archive: ZipArchive<BufReader<File>>,
    names: HashMap<String, usize>,
    expanded_bytes: u64,
}

/// Parts of one workbook; no office program writes nearly as many.
const MAX_PARTS: usize = 65_536;

impl Package {
    pub(crate) fn open(file: File, expanded_bytes: u64) -> Result<Self, Error> {
        let archive = ZipArchive::new(BufReader::with_capacity(64 << 10, file)).map_err(|error| zip_error("zip", error))?;
        let mut names = HashMap::new();
        for index in 0..archive.len().min(MAX_PARTS) {
            if let Some(Ok(name)) = archive.name_for_index(index) {
                names.entry(normal_name(&name)).or_insert(index);
            }
        }
        Ok(Self { archive, names, expanded_bytes })
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.names.contains_key(&normal_name(name))
    }

    /// A part as a stream of bytes, no more than the limit of the package.
    pub(crate) fn part(&mut self, name: &str) -> Result<Part<'_>, Error> {
        let Some(&index) = self.names.get(&normal_name(name)) else {
            return Err(Error::damaged(name, "missing"));
        };
        let limit = self.expanded_bytes;
        let part = self.archive.by_index(index).map_err(|error| zip_error(name, error))?;
        Ok(Counted::new(part, Claim::ExpandedBytes, limit))
    }

    /// A small part as a whole, at most `limit` bytes.
    pub(crate) fn bytes(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        Counted::new(self.part(name)?, Claim::ExpandedBytes, limit)
            .read_to_end(&mut bytes)
            .map_err(|error| Error::from_io(name, &error))?;
        Ok(bytes)
    }

    /// Inflates every part once and counts, because declared sizes may lie; for libraries that trust them.
    pub(crate) fn check_expanded(&mut self, limit: u64) -> Result<(), Error> {
        let mut left = limit;
        for index in 0..self.archive.len().min(MAX_PARTS) {
            let part = self.archive.by_index(index).map_err(|error| zip_error("zip", error))?;
            let mut part = Counted::new(part, Claim::ExpandedBytes, left);
            left -= io::copy(&mut part, &mut io::sink()).map_err(|error| Error::from_io("zip", &error))?;
        }
        Ok(())
    }
}

fn normal_name(name: &str) -> String {
    name.trim_start_matches(['/', '\\']).replace('\\', "/").to_lowercase()
}

fn zip_error(part: &str, error: ZipError) -> Error {
    match error {
        ZipError::Io(error) => Error::from_io(part, &error),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Error::Encrypted,
        other => Error::damaged(part, other),
    }
}
