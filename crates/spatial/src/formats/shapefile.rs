//! Shapefiles. The index decides where records are, as in other readers; without it the records are walked one after
//! another. Every count is checked against the bytes of its record before anything is allocated.

use geo_types::{Coord, Geometry, MultiPoint};

use super::dbf::{Row, Table, report_deleted};
use super::rings::{Assembly, gather};
use super::{Error, Reading, text};
use crate::diagnostic::Diagnostic;
use crate::feature::{Attributes, DeclaredCrs, Feature, Format, Layer};

const HEADER_BYTES: usize = 100;

/// The files that make one shapefile.
pub(super) struct Parts {
    pub(super) shp: Vec<u8>,
    pub(super) shx: Option<Vec<u8>>,
    pub(super) dbf: Option<Vec<u8>>,
    pub(super) prj: Option<Vec<u8>>,
    pub(super) cpg: Option<Vec<u8>>,
}

impl Parts {
    pub(super) fn alone(shp: Vec<u8>) -> Self {
        Self {
            shp,
            shx: None,
            dbf: None,
            prj: None,
            cpg: None,
        }
    }
}

/// Reads a shapefile; missing parts are reported, not fatal.
pub(super) fn read(name: &str, parts: Parts, reading: &mut Reading) -> Result<Layer, Error> {
    if parts.shp.len() < HEADER_BYTES {
        return Err(Error::BrokenHeader {
            file: name.to_owned(),
            why: "shp_too_short",
        });
    }
    let layer_name = super::layer_name(name);
    reading.enter_layer(&layer_name);
    report_missing(&parts, reading);
    let mut layer = Layer::new(
        layer_name,
        declared_crs(parts.prj.as_deref(), reading),
        Format::Shapefile,
    );
    let records = locate_records(&parts, reading);
    let table = match &parts.dbf {
        Some(bytes) => open_table(bytes, parts.cpg.as_deref(), reading)?,
        None => None,
    };
    read_features(&parts.shp, &records, table.as_ref(), &mut layer, reading)?;
    Ok(layer)
}

fn report_missing(parts: &Parts, reading: &mut Reading) {
    let missing = [
        ("shx", parts.shx.is_none()),
        ("dbf", parts.dbf.is_none()),
        ("prj", parts.prj.is_none()),
    ];
    for (part, _) in missing.into_iter().filter(|(_, is_missing)| *is_missing) {
        reading.report(Diagnostic::warning("layer.part_missing").arg("part", part));
    }
}

/// A broken table costs the attributes, not the geometry.
fn open_table<'b>(
    bytes: &'b [u8],
    cpg: Option<&[u8]>,
    reading: &mut Reading,
) -> Result<Option<Table<'b>>, Error> {
    match Table::open(bytes, cpg, reading) {
        Ok(table) => Ok(Some(table)),
        Err(Error::BrokenHeader { why, .. }) => {
            reading.report(Diagnostic::error("layer.table_unreadable").arg("why", why));
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

fn declared_crs(prj: Option<&[u8]>, reading: &mut Reading) -> DeclaredCrs {
    let Some(prj) = prj else {
        return DeclaredCrs::None;
    };
    let wkt = text::decode(prj.get(..64 << 10).unwrap_or(prj), None, reading)
        .trim()
        .to_owned();
    if wkt.is_empty() {
        DeclaredCrs::None
    } else {
        DeclaredCrs::Wkt(wkt)
    }
}

/// Where the content of a record lies; nothing if the index points outside the file.
type Extent = Option<(usize, usize)>;

fn locate_records(parts: &Parts, reading: &mut Reading) -> Vec<Extent> {
    let index = parts
        .shx
        .as_deref()
        .and_then(|shx| shx.get(HEADER_BYTES..))
        .filter(|index| index.len() >= 8);
    match index {
        Some(index) => index
            .chunks_exact(8)
            .map(|entry| indexed_extent(&parts.shp, entry))
            .collect(),
        None => walk_records(&parts.shp, reading),
    }
}

/// The length of the record itself wins over that of the index if it fits the file.
fn indexed_extent(shp: &[u8], entry: &[u8]) -> Extent {
    let start = words(entry, 0)?.checked_add(8)?;
    let indexed = words(entry, 4)?;
    let own = words(shp, start - 4);
    [own, Some(indexed)]
        .into_iter()
        .flatten()
        .map(|length| (start, start.saturating_add(length)))
        .find(|extent| extent.1 <= shp.len())
}

fn walk_records(shp: &[u8], reading: &mut Reading) -> Vec<Extent> {
    let mut records = Vec::new();
    let mut at = HEADER_BYTES;
    while at + 12 <= shp.len() {
        let Some(end) = words(shp, at + 4)
            .map(|length| at + 8 + length)
            .filter(|end| *end <= shp.len() && *end > at + 8)
        else {
            reading.report(Diagnostic::error("layer.records_cut_off").arg("count", records.len()));
            break;
        };
        records.push(Some((at + 8, end)));
        at = end;
    }
    records
}

/// A big-endian count of 16-bit words as bytes.
fn words(bytes: &[u8], at: usize) -> Option<usize> {
    let raw: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(i32::from_be_bytes(raw))
        .ok()
        .map(|words| words * 2)
}

fn read_features(
    shp: &[u8],
    records: &[Extent],
    table: Option<&Table>,
    layer: &mut Layer,
    reading: &mut Reading,
) -> Result<(), Error> {
    let rows = table.map_or(records.len(), Table::len);
    if rows != records.len() {
        reading.report(
            Diagnostic::warning("layer.rows_mismatch")
                .arg("rows", rows)
                .arg("shapes", records.len()),
        );
    }
    let mut deleted = 0;
    for (at, extent) in records.iter().enumerate() {
        let number = at as u64 + 1;
        let attributes = match table.and_then(|table| table.row(at, reading)) {
            Some(Row::Deleted) => {
                deleted += 1;
                continue;
            }
            Some(Row::Kept(attributes)) => attributes,
            None => Attributes::new(),
        };
        reading.count_feature()?;
        let geometry = read_shape(shp, *extent, number, reading)?;
        layer.features.push(Feature {
            geometry,
            attributes,
            ..Feature::new(number)
        });
    }
    report_deleted(deleted, reading);
    Ok(())
}

fn read_shape(
    shp: &[u8],
    extent: Extent,
    feature: u64,
    reading: &mut Reading,
) -> Result<Option<Geometry<f64>>, Error> {
    let Some((start, end)) = extent else {
        reading.report_feature(feature, Diagnostic::error("layer.record_outside_file"));
        return Ok(None);
    };
    let shape = Shape {
        content: &shp[start..end],
    };
    match shape.kind() {
        Some(0) => reading.report_feature(feature, Diagnostic::warning("layer.no_geometry")),
        Some(kind) => return shape.geometry(kind, feature, reading),
        None => reading.report_feature(feature, record_broken()),
    }
    Ok(None)
}

fn record_broken() -> Diagnostic {
    Diagnostic::error("layer.record_broken")
}

/// The content of one record.
struct Shape<'b> {
    content: &'b [u8],
}

impl Shape<'_> {
    fn kind(&self) -> Option<i32> {
        self.content
            .first_chunk()
            .map(|raw| i32::from_le_bytes(*raw))
    }

    /// M and Z stand behind the plane coordinates and are passed over.
    fn geometry(
        &self,
        kind: i32,
        feature: u64,
        reading: &mut Reading,
    ) -> Result<Option<Geometry<f64>>, Error> {
        let shape = match kind {
            1 | 11 | 21 => self.coords(4, 1).map(RawShape::Point),
            8 | 18 | 28 => self
                .count(36)
                .and_then(|count| self.coords(40, count))
                .map(RawShape::Points),
            3 | 13 | 23 => self.parts().map(RawShape::Lines),
            5 | 15 | 25 => self.parts().map(RawShape::Rings),
            other => {
                reading.report_feature(
                    feature,
                    Diagnostic::error("layer.shape_type").arg("type", other),
                );
                return Ok(None);
            }
        };
        let Some(shape) = shape else {
            reading.report_feature(feature, record_broken());
            return Ok(None);
        };
        reading.count_vertices(shape.vertices())?;
        Ok(shape.assemble(Assembly::new(reading, feature)))
    }

    fn count(&self, at: usize) -> Option<usize> {
        let raw: [u8; 4] = self.content.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(i32::from_le_bytes(raw)).ok()
    }

    fn coords(&self, at: usize, count: usize) -> Option<Vec<Coord<f64>>> {
        let end = count.checked_mul(16)?.checked_add(at)?;
        Some(
            self.content
                .get(at..end)?
                .chunks_exact(16)
                .map(coord)
                .collect(),
        )
    }

    fn parts(&self) -> Option<Vec<Vec<Coord<f64>>>> {
        let (part_count, point_count) = (self.count(36)?, self.count(40)?);
        let index = self
            .content
            .get(44..part_count.checked_mul(4)?.checked_add(44)?)?;
        let coords = self.coords(44 + index.len(), point_count)?;
        let starts = index
            .chunks_exact(4)
            .map(|raw| u32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]) as usize);
        let mut starts: Vec<usize> = starts.collect();
        let ascending = starts.is_sorted() && starts.first().is_none_or(|first| *first == 0);
        starts.push(coords.len());
        let ranges = starts
            .windows(2)
            .map(|pair| coords.get(pair[0]..pair[1]).map(<[_]>::to_vec));
        if ascending { ranges.collect() } else { None }
    }
}

fn coord(raw: &[u8]) -> Coord<f64> {
    let number = |half: &[u8]| half.try_into().map_or(f64::NAN, f64::from_le_bytes);
    Coord {
        x: number(&raw[..8]),
        y: number(&raw[8..]),
    }
}

enum RawShape {
    Point(Vec<Coord<f64>>),
    Points(Vec<Coord<f64>>),
    Lines(Vec<Vec<Coord<f64>>>),
    Rings(Vec<Vec<Coord<f64>>>),
}

impl RawShape {
    fn vertices(&self) -> u64 {
        match self {
            RawShape::Point(coords) | RawShape::Points(coords) => coords.len() as u64,
            RawShape::Lines(parts) | RawShape::Rings(parts) => {
                parts.iter().map(|part| part.len() as u64 + 1).sum()
            }
        }
    }

    fn assemble(self, mut assembly: Assembly) -> Option<Geometry<f64>> {
        let parts = match self {
            RawShape::Point(coords) => {
                return coords
                    .into_iter()
                    .find_map(|coord| assembly.point(coord))
                    .map(Geometry::Point);
            }
            RawShape::Points(coords) => {
                let points: Vec<_> = coords
                    .into_iter()
                    .filter_map(|coord| assembly.point(coord))
                    .collect();
                return (!points.is_empty()).then(|| MultiPoint(points).into());
            }
            RawShape::Lines(lines) => lines
                .into_iter()
                .filter_map(|line| assembly.line(line))
                .map(Geometry::LineString)
                .collect(),
            RawShape::Rings(rings) => assembly
                .polygons_of_loose_rings(rings)
                .into_iter()
                .map(Geometry::Polygon)
                .collect(),
        };
        gather(parts)
    }
}
