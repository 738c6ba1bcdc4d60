use std::io;
use std::path::PathBuf;

use super::FileKind;
use crate::archive;
use crate::bounds::Limits;
use crate::diagnostic::{Diagnostic, Place};

/// Why a file gives no layers at all. What is wrong with single features is a [`Diagnostic`] instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot open {}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("{file} is empty")]
    Empty { file: String },
    #[error("{file} holds more than {limit} {what}")]
    TooLarge {
        file: String,
        what: Excess,
        limit: u64,
    },
    /// SQLite content: only `register` opens such files. `content` is set if it came out of an archive.
    #[error("{file} is a database, to be read by the register")]
    NeedsRegister {
        file: String,
        content: Option<Vec<u8>>,
    },
    /// A table: `sheets` reads it. `content` is set if it came out of an archive.
    #[error("{file} is a table, to be read as a sheet")]
    NeedsSheets {
        file: String,
        content: Option<Vec<u8>>,
    },
    #[error("{file} is of a kind that is not read: {}", kind.name())]
    Unsupported { file: String, kind: FileKind },
    /// An index, a projection or an encoding: something that belongs to a shapefile and says nothing alone.
    #[error("{file} is only a part of a shapefile")]
    PartOnly { file: String },
    #[error("the kind of {file} is not recognized")]
    Unrecognized { file: String },
    #[error("{file} is broken JSON at line {line}, column {column}")]
    BrokenJson {
        file: String,
        line: usize,
        column: usize,
        source: serde_json::Error,
    },
    #[error("{file} is JSON but no GeoJSON: {why}")]
    NotGeoJson { file: String, why: String },
    #[error("{file} is broken XML at line {line}: {why}")]
    BrokenXml {
        file: String,
        line: u64,
        why: String,
    },
    #[error("{file} brings its own document type definition, which is refused")]
    DtdRefused { file: String },
    #[error("{file} is nested too deeply")]
    TooDeep { file: String },
    #[error("{file} has a broken header: {why}")]
    BrokenHeader { file: String, why: &'static str },
    #[error("{file}: the coordinates are not geographic, so {format} cannot hold them")]
    NotGeographic { file: String, format: &'static str },
    #[error("cannot write")]
    Write(#[from] io::Error),
    #[error(transparent)]
    Archive(#[from] archive::Error),
}

/// What there was too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    Bytes,
    Features,
    Vertices,
    Elements,
    Attributes,
    Steps,
}

impl Excess {
    /// The bound that belongs to it.
    pub fn limit(self, limits: &Limits) -> u64 {
        match self {
            Excess::Bytes => limits.file_bytes,
            Excess::Features => limits.features,
            Excess::Vertices => limits.vertices,
            Excess::Elements => limits.xml_elements,
            Excess::Attributes => limits.attributes as u64,
            Excess::Steps => limits.sql_kilosteps,
        }
    }
}

impl std::fmt::Display for Excess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Excess::Bytes => "bytes",
            Excess::Features => "features",
            Excess::Vertices => "vertices",
            Excess::Elements => "elements",
            Excess::Attributes => "attributes",
            Excess::Steps => "thousand steps",
        })
    }
}

impl Error {
    /// Stable code; the sentence is looked up by it.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Open { .. } => "layer.cannot_open",
            Error::Empty { .. } => "layer.empty_file",
            Error::TooLarge { .. } => "layer.too_large",
            Error::NeedsRegister { .. } => "layer.is_database",
            Error::NeedsSheets { .. } => "layer.is_table",
            Error::Unsupported { .. } => "layer.unsupported",
            Error::PartOnly { .. } => "layer.part_only",
            Error::Unrecognized { .. } => "layer.unrecognized",
            Error::BrokenJson { .. } => "layer.broken_json",
            Error::NotGeoJson { .. } => "layer.not_geojson",
            Error::BrokenXml { .. } => "layer.broken_xml",
            Error::DtdRefused { .. } => "layer.dtd_refused",
            Error::TooDeep { .. } => "layer.too_deep",
            Error::BrokenHeader { .. } => "layer.broken_header",
            Error::NotGeographic { .. } => "layer.not_geographic",
            Error::Write(_) => "layer.cannot_write",
            Error::Archive(error) => error.code(),
        }
    }

    /// The same as a diagnostic, for one file among several of a batch.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let diagnostic = self.described(Diagnostic::error(self.code()));
        diagnostic.at(Place {
            file: self.file().map(str::to_owned),
            ..Place::default()
        })
    }

    fn described(&self, diagnostic: Diagnostic) -> Diagnostic {
        match self {
            Error::Open { source, .. } => diagnostic.arg("why", source),
            Error::TooLarge { what, limit, .. } => diagnostic.arg("what", what).arg("limit", limit),
            Error::Unsupported { kind, .. } => diagnostic.arg("kind", kind.name()),
            Error::BrokenJson {
                line,
                column,
                source,
                ..
            } => diagnostic
                .arg("line", line)
                .arg("column", column)
                .arg("why", source),
            Error::NotGeoJson { why, .. } => diagnostic.arg("why", why),
            Error::BrokenXml { line, why, .. } => diagnostic.arg("line", line).arg("why", why),
            Error::BrokenHeader { why, .. } => diagnostic.arg("why", why),
            Error::NotGeographic { format, .. } => diagnostic.arg("format", format),
            Error::Write(source) => diagnostic.arg("why", source),
            Error::Archive(error) => error.described(diagnostic),
            _ => diagnostic,
        }
    }

    /// The file it is about.
    pub fn file(&self) -> Option<&str> {
        match self {
            Error::Open { path, .. } => path.file_name().and_then(|name| name.to_str()),
            Error::Empty { file }
            | Error::TooLarge { file, .. }
            | Error::NeedsRegister { file, .. }
            | Error::NeedsSheets { file, .. }
            | Error::Unsupported { file, .. }
            | Error::PartOnly { file }
            | Error::Unrecognized { file }
            | Error::BrokenJson { file, .. }
            | Error::NotGeoJson { file, .. }
            | Error::BrokenXml { file, .. }
            | Error::DtdRefused { file }
            | Error::TooDeep { file }
            | Error::BrokenHeader { file, .. }
            | Error::NotGeographic { file, .. } => Some(file),
            Error::Write(_) => None,
            Error::Archive(error) => Some(error.file()),
        }
    }

    /// Whether the whole input must be given up, not only the part of an archive it concerns.
    pub(crate) fn stops_the_archive(&self) -> bool {
        match self {
            Error::TooLarge { .. } => true,
            Error::Archive(error) => error.is_hostile(),
            _ => false,
        }
    }
}
