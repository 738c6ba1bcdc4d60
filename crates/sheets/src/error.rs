//! What stops the reading of a table. Everything milder is a [`Diagnostic`].

use std::io;
use std::path::PathBuf;

use spatial::diagnostic::Diagnostic;

/// What a file turned out to be when it is no table we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A zip archive without a workbook inside (a Word document, a bundle of files).
    Archive,
    /// A compound file without a workbook stream (an old Word document, an installer).
    CompoundFile,
    /// A web page saved with the ending of a table.
    WebPage,
    /// An XML document that is no workbook.
    Xml,
    Pdf,
    Image,
    /// Bytes that are neither text nor a known table.
    Binary,
}

impl Found {
    /// The name of the kind, as sentences use it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Archive => "ZIP",
            Self::CompoundFile => "OLE2",
            Self::WebPage => "HTML",
            Self::Xml => "XML",
            Self::Pdf => "PDF",
            Self::Image => "JPEG/PNG/GIF/TIFF",
            Self::Binary => "?",
        }
    }
}

/// Which bound a file would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    FileBytes,
    ExpandedBytes,
    SharedStrings,
    RowBytes,
    Rows,
    Cells,
    Sheets,
}

impl Claim {
    /// The name of the bound, as sentences use it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FileBytes => "file bytes",
            Self::ExpandedBytes => "expanded bytes",
            Self::SharedStrings => "shared string bytes",
            Self::RowBytes => "bytes in one row",
            Self::Rows => "rows",
            Self::Cells => "cells",
            Self::Sheets => "sheets",
        }
    }
}

/// What stops the reading of a table.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("the file is empty")]
    Empty,
    #[error("the file is protected by a password")]
    Encrypted,
    #[error("not a table: {}", .found.name())]
    NotATable { found: Found },
    #[error("more {} than the limit of {limit}", .what.name())]
    TooLarge { what: Claim, limit: u64 },
    #[error("damaged part {part}: {reason}")]
    Damaged { part: String, reason: String },
    #[error("the workbook has no sheet {index}")]
    NoSheet { index: usize },
    #[error("cannot understand the vocabulary")]
    Vocabulary { source: toml::de::Error },
    #[error("cannot understand the saved mapping")]
    ReadMapping { source: toml::de::Error },
    #[error("cannot write the mapping")]
    WriteMapping { source: toml::ser::Error },
}

impl Error {
    /// The stable code under which the sentence for people is found.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "sheet.unreadable",
            Self::Empty => "sheet.empty_file",
            Self::Encrypted => "sheet.encrypted",
            Self::NotATable { .. } => "sheet.not_a_table",
            Self::TooLarge { .. } => "sheet.too_large",
            Self::Damaged { .. } => "sheet.damaged",
            Self::NoSheet { .. } => "sheet.missing",
            Self::Vocabulary { .. } => "sheet.bad_vocabulary",
            Self::ReadMapping { .. } | Self::WriteMapping { .. } => "sheet.bad_mapping",
        }
    }

    /// The error as a diagnostic, for a list that people read.
    pub fn diagnostic(&self) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.code());
        match self {
            Self::NotATable { found } => diagnostic.arg("found", found.name()),
            Self::TooLarge { what, limit } => diagnostic.arg("what", what.name()).arg("limit", limit),
            Self::Damaged { part, .. } => diagnostic.arg("part", part),
            Self::NoSheet { index } => diagnostic.arg("index", index + 1),
            Self::Vocabulary { source } | Self::ReadMapping { source } => diagnostic.arg("reason", source),
            _ => diagnostic,
        }
    }

    pub(crate) fn damaged(part: &str, reason: impl ToString) -> Self {
        Self::Damaged { part: part.to_owned(), reason: reason.to_string() }
    }

    /// An input error met while reading `part`: a broken bound, or damage.
    pub(crate) fn from_io(part: &str, error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Exceeded>()) {
            Some(exceeded) => Self::TooLarge { what: exceeded.what, limit: exceeded.limit },
            None => Self::damaged(part, error),
        }
    }
}

/// Carried inside an `io::Error` by readers that count what they hand out.
#[derive(Debug, thiserror::Error)]
#[error("more {} than the limit of {limit}", .what.name())]
pub(crate) struct Exceeded {
    pub(crate) what: Claim,
    pub(crate) limit: u64,
}

impl Exceeded {
    pub(crate) fn io(what: Claim, limit: u64) -> io::Error {
        io::Error::new(io::ErrorKind::FileTooLarge, Self { what, limit })
    }
}
