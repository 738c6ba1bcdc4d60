//! 文件格式 — vector files of unknown origin to layers, and layers to files.
//!
//! The format is found in the content; the extension is only a hint. A file that can be read in part is read in part,
//! with a [`Diagnostic`] for everything left out; a file that cannot be trusted to be whole gives an [`Error`] and
//! nothing else. Time and memory stay within [`Limits`].

mod csv;
mod dbf;
mod detect;
mod error;
mod geojson;
mod gpx;
mod kml;
mod open;
mod reading;
mod rings;
mod shapefile;
mod text;
mod wkb;
mod xml;

pub use csv::{CsvGeometry, write_csv};
pub use detect::{FileKind, detect};
pub use error::{Error, Excess};
pub use geojson::{Told, write_geojson};
pub use kml::write_kml;
pub use open::{read, read_bytes};
pub use reading::Reading;
pub use wkb::{Container, WkbError, decode_gpb, decode_wkb, encode_gpb, extent};

/// The name of a file without folder and extension, which names its layer if nothing else does.
fn layer_name(file: &str) -> String {
    let last = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    if stem.is_empty() {
        last.to_owned()
    } else {
        stem.to_owned()
    }
}

#[cfg(doc)]
use crate::{bounds::Limits, diagnostic::Diagnostic};

/// A coordinate with nine decimals, a tenth of a millimetre in degrees, without idle zeros.
fn decimal(number: f64) -> String {
    let text = format!("{number:.9}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" {
        "0".to_owned()
    } else {
        short.to_owned()
    }
}
