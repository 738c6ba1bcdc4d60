//! Features as a CSV table that office programs open with the right characters and without surprises.

use std::io::Write;

use geo_types::Geometry;
use wkt::ToWkt;

use super::Error;
use crate::feature::{Feature, Layer, Value};

/// 几何列 — how geometry goes into a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsvGeometry {
    /// Columns `lon` and `lat`; only points fill them.
    LonLat,
    /// One column `wkt`.
    Wkt,
}

/// Writes a layer as CSV with a byte order mark and line ends as office programs expect them. Text that such a program
/// would run as a formula gets an apostrophe before it.
pub fn write_csv(layer: &Layer, geometry: CsvGeometry, out: &mut dyn Write) -> Result<(), Error> {
    if geometry == CsvGeometry::LonLat && !layer.crs.is_geographic() {
        return Err(Error::NotGeographic {
            file: layer.name.clone(),
            format: "CSV",
        });
    }
    out.write_all("\u{feff}".as_bytes())?;
    let mut table = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer(out);
    let names = layer.attribute_names();
    let header = names
        .iter()
        .map(|name| harmless(name))
        .chain(geometry.columns().iter().map(|name| (*name).to_owned()));
    table.write_record(header).map_err(unwritten)?;
    for feature in &layer.features {
        let values = names.iter().map(|name| cell(feature.attributes.get(*name)));
        table
            .write_record(values.chain(geometry.cells(feature)))
            .map_err(unwritten)?;
    }
    Ok(table.flush()?)
}

fn unwritten(error: ::csv::Error) -> Error {
    Error::Write(error.into())
}

impl CsvGeometry {
    fn columns(self) -> &'static [&'static str] {
        match self {
            CsvGeometry::LonLat => &["lon", "lat"],
            CsvGeometry::Wkt => &["wkt"],
        }
    }

    fn cells(self, feature: &Feature) -> Vec<String> {
        match (self, &feature.geometry) {
            (CsvGeometry::LonLat, Some(Geometry::Point(point))) => {
                vec![super::decimal(point.x()), super::decimal(point.y())]
            }
            (CsvGeometry::LonLat, _) => vec![String::new(), String::new()],
            (CsvGeometry::Wkt, Some(geometry)) => vec![geometry.wkt_string()],
            (CsvGeometry::Wkt, None) => vec![String::new()],
        }
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        Some(Value::Text(text)) => harmless(text),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

/// Signs alone are no danger: `-5` and `+86 10` stay as they are, `-cmd` does not.
fn harmless(text: &str) -> String {
    let is_formula = match text.as_bytes() {
        [b'=' | b'@' | b'\t' | b'\r', ..] => true,
        [b'+' | b'-', next, ..] => !next.is_ascii_digit() && !matches!(next, b'.' | b' '),
        _ => false,
    };
    if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
