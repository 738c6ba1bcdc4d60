//! 外来图层 — GeoPackage files of others in, GeoPackage files for others out.
//!
//! A foreign file is opened read-only, with its triggers switched off, its schema untrusted, and a bound on the steps
//! its views may cost. A fresh file has all the tables other programs look for, and a spatial index that they keep up.

mod read;
mod write;

use std::path::PathBuf;

use spatial::diagnostic::{Diagnostic, Place};
use spatial::feature::DeclaredCrs;

pub use read::{list, read};
pub use write::write;

/// One layer of a GeoPackage, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub name: String,
    pub crs: DeclaredCrs,
    /// Whether it has a geometry column.
    pub has_geometry: bool,
    pub rows: u64,
}

/// Why a GeoPackage is not read or not written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} cannot be read as a database", path.display())]
    Unreadable {
        path: PathBuf,
        source: rusqlite::Error,
    },
    #[error("{} is a database but no GeoPackage", path.display())]
    NotGeoPackage { path: PathBuf },
    #[error("{} is there already", path.display())]
    Exists { path: PathBuf },
    #[error("{} cannot be written", path.display())]
    Unwritable {
        path: PathBuf,
        source: rusqlite::Error,
    },
    #[error(transparent)]
    Stopped(#[from] spatial::formats::Error),
}

impl Error {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Unreadable { .. } => "layer.database_unreadable",
            Error::NotGeoPackage { .. } => "layer.not_geopackage",
            Error::Exists { .. } => "layer.file_exists",
            Error::Unwritable { .. } => "layer.cannot_write",
            Error::Stopped(error) => error.code(),
        }
    }

    /// The same as a diagnostic, for one file among several of a batch.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let (path, why) = match self {
            Error::Stopped(error) => return error.to_diagnostic(),
            Error::Unreadable { path, source } | Error::Unwritable { path, source } => {
                (path, source.to_string())
            }
            Error::NotGeoPackage { path } | Error::Exists { path } => (path, String::new()),
        };
        let file = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        Diagnostic::error(self.code()).arg("why", why).at(Place {
            file,
            ..Place::default()
        })
    }
}

/// A name as SQL takes it, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
