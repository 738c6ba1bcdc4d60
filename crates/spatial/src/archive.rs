//! 压缩包 — reads ZIP archives of unknown origin: names decoded, paths refused if they leave the archive, and every byte
//! counted while it is unpacked, since no size in a header can be trusted.

use std::io::{Cursor, Read};

use encoding_rs::GB18030;
use zip::CompressionMethod;
use zip::result::ZipError;

use crate::bounds::Limits;
use crate::diagnostic::Diagnostic;

/// Entries below this size are not judged by their ratio: a short run of blanks packs a hundredfold and harms nobody.
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// An archive held in memory, opened under [`Limits`].
pub struct Archive<'b> {
    file: String,
    zip: zip::ZipArchive<Cursor<&'b [u8]>>,
    entries: Vec<Entry>,
}

/// One file inside an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Decoded, with `/` between folders; never absolute and never with `..`.
    pub name: String,
    pub(crate) index: usize,
    packed_bytes: u64,
}

/// Why an archive, or one entry of it, is not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{file} is no readable archive: {why}")]
    Broken { file: String, why: String },
    #[error("{file} has more than {limit} entries")]
    TooManyEntries { file: String, limit: usize },
    #[error("{file} names {name}, which lies outside the archive")]
    UnsafeName { file: String, name: String },
    #[error("{file}: {name} unpacks to more than {limit} times its size")]
    Ratio {
        file: String,
        name: String,
        limit: u64,
    },
    #[error("{file} unpacks to more than {limit} bytes")]
    TotalBytes { file: String, limit: u64 },
    #[error("{file}: {name} is encrypted")]
    Encrypted { file: String, name: String },
    #[error("{file}: {name} is packed by a method that is not read ({method})")]
    Method {
        file: String,
        name: String,
        method: String,
    },
    #[error("{file} holds archives within archives beyond depth {limit}")]
    TooDeep { file: String, limit: u32 },
    #[error("{file} holds nothing that is a map layer")]
    NothingInside { file: String },
}

impl Error {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Broken { .. } => "archive.broken",
            Error::TooManyEntries { .. } => "archive.too_many_entries",
            Error::UnsafeName { .. } => "archive.unsafe_name",
            Error::Ratio { .. } => "archive.ratio",
            Error::TotalBytes { .. } => "archive.total_bytes",
            Error::Encrypted { .. } => "archive.encrypted",
            Error::Method { .. } => "archive.method",
            Error::TooDeep { .. } => "archive.too_deep",
            Error::NothingInside { .. } => "archive.nothing_inside",
        }
    }

    pub(crate) fn file(&self) -> &str {
        match self {
            Error::Broken { file, .. }
            | Error::TooManyEntries { file, .. }
            | Error::UnsafeName { file, .. }
            | Error::Ratio { file, .. }
            | Error::TotalBytes { file, .. }
            | Error::Encrypted { file, .. }
            | Error::Method { file, .. }
            | Error::TooDeep { file, .. }
            | Error::NothingInside { file } => file,
        }
    }

    pub(crate) fn described(&self, diagnostic: Diagnostic) -> Diagnostic {
        match self {
            Error::Broken { why, .. } => diagnostic.arg("why", why),
            Error::TooManyEntries { limit, .. } => diagnostic.arg("limit", limit),
            Error::UnsafeName { name, .. } | Error::Encrypted { name, .. } => {
                diagnostic.arg("name", name)
            }
            Error::Ratio { name, limit, .. } => diagnostic.arg("name", name).arg("limit", limit),
            Error::TotalBytes { limit, .. } => diagnostic.arg("limit", limit),
            Error::Method { name, method, .. } => {
                diagnostic.arg("name", name).arg("method", method)
            }
            Error::TooDeep { limit, .. } => diagnostic.arg("limit", limit),
            Error::NothingInside { .. } => diagnostic,
        }
    }

    pub(crate) fn is_hostile(&self) -> bool {
        matches!(
            self,
            Error::TooManyEntries { .. }
                | Error::UnsafeName { .. }
                | Error::Ratio { .. }
                | Error::TotalBytes { .. }
                | Error::TooDeep { .. }
        )
    }
}

impl<'b> Archive<'b> {
    /// Reads the list of entries; nothing is unpacked yet.
    pub fn open(file: &str, bytes: &'b [u8], limits: &Limits) -> Result<Self, Error> {
        refuse_crowds(file, bytes, limits)?;
        let mut zip =
            zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(file, &error))?;
        let mut entries = Vec::with_capacity(zip.len().min(limits.archive_entries));
        for index in 0..zip.len() {
            entries.extend(list_entry(file, &mut zip, index)?);
        }
        Ok(Self {
            file: file.to_owned(),
            zip,
            entries,
        })
    }

    /// Files of the archive, without folders and without what macOS and Windows leave beside them.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The first bytes of an entry, at most `count`; enough to know its kind.
    pub fn head(&mut self, entry: &Entry, count: u64) -> Result<Vec<u8>, Error> {
        let mut head = Vec::new();
        let unpacked = self.unpack(entry)?.take(count).read_to_end(&mut head);
        unpacked.map_err(|error| self.unreadable(entry, &error))?;
        Ok(head)
    }

    /// Unpacks an entry and takes its size off `remaining_bytes`.
    pub fn read(
        &mut self,
        entry: &Entry,
        remaining_bytes: &mut u64,
        limits: &Limits,
    ) -> Result<Vec<u8>, Error> {
        let by_ratio = entry
            .packed_bytes
            .saturating_mul(limits.archive_ratio)
            .max(RATIO_FREE_BYTES);
        let most = by_ratio.min(*remaining_bytes);
        let mut content = Vec::new();
        // One byte more than allowed is asked for, so that exactly full and overfull differ.
        let unpacked = self
            .unpack(entry)?
            .take(most.saturating_add(1))
            .read_to_end(&mut content);
        let count = unpacked.map_err(|error| self.unreadable(entry, &error))? as u64;
        if count > most {
            return Err(self.overfull(entry, by_ratio <= *remaining_bytes, limits));
        }
        *remaining_bytes -= count;
        Ok(content)
    }

    fn unpack(&mut self, entry: &Entry) -> Result<zip::read::ZipFile<'_, Cursor<&'b [u8]>>, Error> {
        let (file, name) = (self.file.clone(), entry.name.clone());
        self.zip.by_index(entry.index).map_err(|error| match error {
            ZipError::CompressionMethodNotSupported(method) => Error::Method {
                file,
                name,
                method: method.to_string(),
            },
            ZipError::InvalidPassword => Error::Encrypted { file, name },
            other => broken(&file, &other),
        })
    }

    fn unreadable(&self, entry: &Entry, error: &std::io::Error) -> Error {
        Error::Broken {
            file: self.file.clone(),
            why: format!("{}: {error}", entry.name),
        }
    }

    fn overfull(&self, entry: &Entry, by_ratio: bool, limits: &Limits) -> Error {
        let (file, name) = (self.file.clone(), entry.name.clone());
        match by_ratio {
            true => Error::Ratio {
                file,
                name,
                limit: limits.archive_ratio,
            },
            false => Error::TotalBytes {
                file,
                limit: limits.archive_bytes,
            },
        }
    }
}

impl Entry {
    /// The folder part, `""` at the top.
    pub fn folder(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The name without its folder.
    pub fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
}

/// Counts the signatures of directory entries before the directory is parsed: every parsed entry needs one, so no claim
/// in the end record can cost more than this.
fn refuse_crowds(file: &str, bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    let crowd = bytes
        .windows(4)
        .filter(|window| *window == b"PK\x01\x02")
        .nth(limits.archive_entries);
    match crowd {
        Some(_) => Err(Error::TooManyEntries {
            file: file.to_owned(),
            limit: limits.archive_entries,
        }),
        None => Ok(()),
    }
}

fn list_entry(
    file: &str,
    zip: &mut zip::ZipArchive<Cursor<&[u8]>>,
    index: usize,
) -> Result<Option<Entry>, Error> {
    let raw = zip
        .by_index_raw(index)
        .map_err(|error| broken(file, &error))?;
    let name = decode_name(raw.name_raw());
    if is_unsafe(&name) {
        return Err(Error::UnsafeName {
            file: file.to_owned(),
            name,
        });
    }
    if name.ends_with('/') || is_litter(&name) {
        return Ok(None);
    }
    if raw.encrypted() {
        return Err(Error::Encrypted {
            file: file.to_owned(),
            name,
        });
    }
    let packed_bytes = raw.compressed_size();
    match raw.compression() {
        CompressionMethod::Stored | CompressionMethod::Deflated => Ok(Some(Entry {
            name,
            index,
            packed_bytes,
        })),
        method => Err(Error::Method {
            file: file.to_owned(),
            name,
            method: method.to_string(),
        }),
    }
}

/// Chinese tools write GBK names without saying so; those bytes are hardly ever valid UTF-8.
fn decode_name(raw: &[u8]) -> String {
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.into(),
        Err(_) => GB18030.decode_without_bom_handling(raw).0,
    };
    name.replace('\\', "/")
}

fn is_unsafe(name: &str) -> bool {
    let drive = name.as_bytes().get(1) == Some(&b':');
    name.is_empty()
        || name.starts_with('/')
        || drive
        || name.contains('\0')
        || name.split('/').any(|part| part == "..")
}

fn is_litter(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    name.starts_with("__MACOSX/")
        || last.starts_with("._")
        || matches!(last, ".DS_Store" | "Thumbs.db" | "desktop.ini")
}

fn broken(file: &str, error: &ZipError) -> Error {
    Error::Broken {
        file: file.to_owned(),
        why: error.to_string(),
    }
}
