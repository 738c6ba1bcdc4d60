//! 转换 — positions between notations, and vector files between formats, always into CGCS2000 longitude and latitude, with everything told that was done.

use std::io::BufWriter;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use spatial::bounds::Limits;
use spatial::crs::{self, Crs};
use spatial::diagnostic::Diagnostic;
use spatial::feature::{DeclaredCrs, Layer};
use spatial::formats::{self, CsvGeometry, FileKind};
use spatial::notation::Expectation;
use utoipa::ToSchema;

use crate::error::Error;
use crate::import::{Convention, system_of};
use crate::session::Session;
use crate::unpacked::Unpacked;

/// Reads every layer of a vector file, whatever its format.
pub fn read_layers(path: &Path) -> Result<(Vec<Layer>, Vec<Diagnostic>), Error> {
    let read = |source| Error::Read {
        path: path.display().to_string(),
        source,
    };
    let mut head = vec![0u8; 4096];
    let mut file = std::fs::File::open(path).map_err(read)?;
    let n = std::io::Read::read(&mut file, &mut head).map_err(read)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let limits = Limits::default();
    match formats::detect(&name, &head[..n]) {
        FileKind::GeoPackage => read_geopackage(path, &limits),
        _ => match formats::read(path, &limits) {
            Err(formats::Error::NeedsRegister {
                file,
                content: Some(content),
            }) => read_geopackage(Unpacked::of(&file, &content)?.path(), &limits),
            read => read.map_err(|e| Error::rejected(e.to_diagnostic())),
        },
    }
}

fn read_geopackage(path: &Path, limits: &Limits) -> Result<(Vec<Layer>, Vec<Diagnostic>), Error> {
    register::layers::read(path, limits).map_err(|e| Error::rejected(e.to_diagnostic()))
}

/// Writes layers by the extension of the file's name; their coordinates must be geographic.
pub fn write_layers(path: &Path, layers: &[Layer], now: Timestamp) -> Result<(), Error> {
    let extension = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let create = || {
        let write = |source| Error::Read {
            path: path.display().to_string(),
            source,
        };
        std::fs::File::create(path)
            .map(BufWriter::new)
            .map_err(write)
    };
    let first = || {
        layers
            .first()
            .ok_or_else(|| Error::rejected(Diagnostic::error("import.nothing_usable")))
    };
    match extension.as_str() {
        "gpkg" => write_geopackage(path, layers, now),
        "geojson" | "json" => formats::write_geojson(first()?, &mut create()?)
            .map_err(|e| Error::rejected(e.to_diagnostic())),
        "kml" => formats::write_kml(first()?, &mut create()?)
            .map_err(|e| Error::rejected(e.to_diagnostic())),
        "csv" => formats::write_csv(first()?, CsvGeometry::LonLat, &mut create()?)
            .map_err(|e| Error::rejected(e.to_diagnostic())),
        other => Err(Error::rejected(
            Diagnostic::error("convert.unknown_format").arg("extension", other),
        )),
    }
}

/// A file that was written before is replaced whole, so that drawing a ledger twice gives one file.
fn write_geopackage(path: &Path, layers: &[Layer], now: Timestamp) -> Result<(), Error> {
    let write = |source| Error::Read {
        path: path.display().to_string(),
        source,
    };
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let temporary = tempfile::Builder::new()
        .prefix(".qingshan-")
        .tempdir_in(folder)
        .map_err(write)?;
    let fresh = temporary.path().join("layers.gpkg");
    register::layers::write(&fresh, layers, now).map_err(|e| Error::rejected(e.to_diagnostic()))?;
    std::fs::rename(&fresh, path).map_err(write)
}

/// 坐标读数 — a position as written, and what it comes to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PositionView {
    /// CGCS2000, degrees; none where the text is no position.
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    /// One unit of the last digit written, metres on the ground.
    pub precision_m: Option<f64>,
    /// How it was written.
    pub notation: Option<String>,
    /// The system it was written in.
    pub crs: Option<String>,
    pub diagnostics: Vec<SaidView>,
}

/// 提示 — a diagnostic in words.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SaidView {
    pub code: String,
    /// `note`, `warning`, `error`.
    pub severity: String,
    pub message: String,
    pub hint: Option<String>,
}

impl Session {
    /// Reads one position in any notation, held against where the reserve lies.
    pub fn read_position(&self, text: &str, crs: Option<&str>) -> Result<PositionView, Error> {
        let geography = self.geography(domain::as_of::AsOf::Now).ok();
        let expectation = Expectation {
            envelope: geography.and_then(|g| g.envelope()),
            crs: crs.map(crate::import::parse_crs).transpose()?,
            ..Expectation::default()
        };
        let (position, found) = spatial::notation::parse_pair(text, &expectation);
        let said = |d: &Diagnostic| {
            let (message, hint) = self.messages.diagnostic(d);
            SaidView {
                code: d.code.to_string(),
                severity: crate::figure_pages::severity_code(d.severity).to_owned(),
                message,
                hint,
            }
        };
        Ok(PositionView {
            lon: position.as_ref().map(|p| p.lon),
            lat: position.as_ref().map(|p| p.lat),
            precision_m: position.as_ref().map(|p| p.precision_m),
            notation: position.as_ref().map(|p| p.notation.name().to_owned()),
            crs: position.as_ref().map(|p| p.crs.to_string()),
            diagnostics: found.iter().map(said).collect(),
        })
    }
}

/// Converts a file; `declared` says what system it is in where the file does not.
pub fn convert(
    input: &Path,
    output: &Path,
    declared: Option<Crs>,
    only: Option<&str>,
    now: Timestamp,
) -> Result<Vec<Diagnostic>, Error> {
    let (layers, mut diagnostics) = read_layers(input)?;
    let convention = Convention {
        declared,
        ..Convention::default()
    };
    let mut converted = Vec::new();
    for mut layer in layers
        .into_iter()
        .filter(|l| only.is_none_or(|name| name == l.name))
    {
        let (crs, found) = system_of(&layer.crs, &convention).map_err(Error::Rejected)?;
        diagnostics.extend(found);
        for feature in &mut layer.features {
            let Some(geometry) = &mut feature.geometry else {
                continue;
            };
            crs::convert(geometry, &crs).map_err(|e| {
                Error::rejected(Diagnostic::error("import.not_convertible").arg("cause", e))
            })?;
        }
        layer.crs = DeclaredCrs::Epsg(4490);
        converted.push(layer);
    }
    write_layers(output, &converted, now)?;
    Ok(diagnostics)
}
