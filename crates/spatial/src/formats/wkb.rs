//! Well-known binary and its GeoPackage envelope, read with every count checked against the bytes that are left.

use geo::BoundingRect;
use geo_types::{Coord, Geometry, LineString, Point, Polygon};

use super::rings::{Assembly, gather};
use super::{Error, Reading};
use crate::diagnostic::Diagnostic;

/// A geometry as a GeoPackage keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    pub srs_id: i32,
    pub geometry: Option<Geometry<f64>>,
}

/// Why bytes are no geometry we read.
#[derive(Debug, thiserror::Error)]
pub enum WkbError {
    #[error("the bytes end early")]
    Truncated,
    #[error("no GeoPackage geometry")]
    NotGeoPackage,
    #[error("byte order {0} is unknown")]
    ByteOrder(u8),
    #[error("geometry type {0} is unknown")]
    Unknown(u32),
    #[error("curves and surfaces (type {0}) are not read")]
    Curved(u32),
    #[error("a part of type {0} does not belong there")]
    Misplaced(u32),
    #[error("nested too deeply")]
    TooDeep,
    #[error(transparent)]
    Stopped(#[from] Error),
}

impl WkbError {
    /// What to say at the feature, or the error that stops the whole reading.
    pub fn into_diagnostic(self) -> Result<Diagnostic, Error> {
        match self {
            WkbError::Stopped(error) => Err(error),
            WkbError::Curved(kind) => {
                Ok(Diagnostic::error("layer.curved_geometry").arg("type", kind))
            }
            other => Ok(Diagnostic::error("layer.geometry_unreadable").arg("why", other)),
        }
    }
}

/// Reads a GeoPackage geometry blob. Repairs and losses are reported at `feature`.
pub fn decode_gpb(blob: &[u8], feature: u64, reading: &mut Reading) -> Result<Container, WkbError> {
    let header = blob.first_chunk::<8>().ok_or(WkbError::Truncated)?;
    if &header[..2] != b"GP" || header[2] != 0 {
        return Err(WkbError::NotGeoPackage);
    }
    let flags = header[3];
    let raw = [header[4], header[5], header[6], header[7]];
    let srs_id = if flags & 1 == 1 {
        i32::from_le_bytes(raw)
    } else {
        i32::from_be_bytes(raw)
    };
    let envelope_bytes = match flags >> 1 & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return Err(WkbError::NotGeoPackage),
    };
    // Bit 5 marks geometries of an extension, which are not WKB.
    if flags & 0x20 != 0 {
        return Err(WkbError::NotGeoPackage);
    }
    let body = blob.get(8 + envelope_bytes..).ok_or(WkbError::Truncated)?;
    Ok(Container {
        srs_id,
        geometry: decode_wkb(body, feature, reading)?,
    })
}

/// Reads well-known binary, ISO or extended, with Z and M passed over. An empty geometry is none.
pub fn decode_wkb(
    bytes: &[u8],
    feature: u64,
    reading: &mut Reading,
) -> Result<Option<Geometry<f64>>, WkbError> {
    let mut decoder = Decoder {
        rest: bytes,
        assembly: Assembly::new(reading, feature),
    };
    decoder.geometry(0, None)
}

struct Decoder<'b, 'r, 'l> {
    rest: &'b [u8],
    assembly: Assembly<'r, 'l>,
}

/// Byte order, type and coordinate width of one geometry.
#[derive(Clone, Copy)]
struct Head {
    is_little: bool,
    kind: u32,
    dimensions: usize,
}

impl Decoder<'_, '_, '_> {
    fn geometry(
        &mut self,
        depth: u32,
        wanted: Option<u32>,
    ) -> Result<Option<Geometry<f64>>, WkbError> {
        if depth > self.assembly.reading.limits().depth {
            return Err(WkbError::TooDeep);
        }
        let head = self.head()?;
        if wanted.is_some_and(|wanted| wanted != head.kind) {
            return Err(WkbError::Misplaced(head.kind));
        }
        match head.kind {
            1 => self.point(head),
            2 => Ok(self.line(head)?.map(Geometry::LineString)),
            3 => Ok(self.polygon(head)?.map(Geometry::Polygon)),
            4..=6 => self.collection(head, depth, Some(head.kind - 3)),
            7 => self.collection(head, depth, None),
            8..=17 => Err(WkbError::Curved(head.kind)),
            other => Err(WkbError::Unknown(other)),
        }
    }

    /// ISO adds thousands for Z and M, the extended form sets high bits and may carry an SRID.
    fn head(&mut self) -> Result<Head, WkbError> {
        let is_little = match self.take::<1>()?[0] {
            0 => false,
            1 => true,
            other => return Err(WkbError::ByteOrder(other)),
        };
        let code = self.number(is_little)?;
        if code & 0x2000_0000 != 0 {
            self.take::<4>()?;
        }
        let plain = code & 0x0fff_ffff;
        let (kind, iso) = (plain % 1000, plain / 1000);
        if iso > 3 {
            return Err(WkbError::Unknown(plain));
        }
        let extra = (code >> 31 & 1) + (code >> 30 & 1) + [0, 1, 1, 2][iso as usize];
        Ok(Head {
            is_little,
            kind,
            dimensions: 2 + (extra as usize).min(2),
        })
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], WkbError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(WkbError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn number(&mut self, is_little: bool) -> Result<u32, WkbError> {
        let raw = self.take::<4>()?;
        Ok(if is_little {
            u32::from_le_bytes(raw)
        } else {
            u32::from_be_bytes(raw)
        })
    }

    /// A count of things that need at least `least` bytes each.
    fn count(&mut self, head: Head, least: usize) -> Result<usize, WkbError> {
        let count = self.number(head.is_little)? as usize;
        let needed = count.checked_mul(least).ok_or(WkbError::Truncated)?;
        if needed > self.rest.len() {
            return Err(WkbError::Truncated);
        }
        self.assembly.reading.count_vertices(count as u64)?;
        Ok(count)
    }

    fn coord(&mut self, head: Head) -> Result<Coord<f64>, WkbError> {
        let mut numbers = [0.0; 4];
        for number in numbers.iter_mut().take(head.dimensions) {
            let raw = self.take::<8>()?;
            *number = if head.is_little {
                f64::from_le_bytes(raw)
            } else {
                f64::from_be_bytes(raw)
            };
        }
        Ok(Coord {
            x: numbers[0],
            y: numbers[1],
        })
    }

    fn coords(&mut self, head: Head) -> Result<Vec<Coord<f64>>, WkbError> {
        let count = self.count(head, head.dimensions * 8)?;
        (0..count).map(|_| self.coord(head)).collect()
    }

    /// An empty point is one of NaN.
    fn point(&mut self, head: Head) -> Result<Option<Geometry<f64>>, WkbError> {
        self.assembly.reading.count_vertices(1)?;
        let coord = self.coord(head)?;
        if coord.x.is_nan() && coord.y.is_nan() {
            return Ok(None);
        }
        Ok(self.assembly.point(coord).map(Geometry::Point))
    }

    fn line(&mut self, head: Head) -> Result<Option<LineString<f64>>, WkbError> {
        let coords = self.coords(head)?;
        Ok(if coords.is_empty() {
            None
        } else {
            self.assembly.line(coords)
        })
    }

    fn polygon(&mut self, head: Head) -> Result<Option<Polygon<f64>>, WkbError> {
        let count = self.count(head, 4)?;
        let rings: Vec<_> = (0..count)
            .map(|_| self.coords(head))
            .collect::<Result<_, _>>()?;
        Ok(if rings.is_empty() {
            None
        } else {
            self.assembly.polygon(rings)
        })
    }

    fn collection(
        &mut self,
        head: Head,
        depth: u32,
        wanted: Option<u32>,
    ) -> Result<Option<Geometry<f64>>, WkbError> {
        let count = self.count(head, 5)?;
        let mut parts = Vec::new();
        for _ in 0..count {
            parts.extend(self.geometry(depth + 1, wanted)?);
        }
        Ok(match (wanted, parts.len()) {
            (_, 0) => None,
            (None, _) => Some(Geometry::GeometryCollection(parts.into())),
            // A multi-geometry of one part keeps its kind.
            (Some(_), 1) => parts.pop().map(as_multi),
            (Some(_), _) => gather(parts),
        })
    }
}

fn as_multi(part: Geometry<f64>) -> Geometry<f64> {
    match part {
        Geometry::Point(point) => Geometry::MultiPoint(vec![point].into()),
        Geometry::LineString(line) => {
            Geometry::MultiLineString(geo_types::MultiLineString(vec![line]))
        }
        Geometry::Polygon(polygon) => {
            Geometry::MultiPolygon(geo_types::MultiPolygon(vec![polygon]))
        }
        other => other,
    }
}

/// Writes a GeoPackage geometry blob, little-endian, with its envelope.
pub fn encode_gpb(geometry: &Geometry<f64>, srs_id: i32) -> Vec<u8> {
    let mut body = Vec::new();
    let mut envelope = [
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    put_geometry(geometry, &mut body, &mut envelope);
    let is_empty = envelope[0] > envelope[1];
    let mut blob = vec![b'G', b'P', 0, if is_empty { 0b1_0001 } else { 0b0_0011 }];
    blob.extend(srs_id.to_le_bytes());
    if !is_empty {
        blob.extend(envelope.iter().flat_map(|number| number.to_le_bytes()));
    }
    blob.append(&mut body);
    blob
}

/// Least and greatest `x`, then `y`; nothing for an empty geometry.
pub fn extent(geometry: &Geometry<f64>) -> Option<[f64; 4]> {
    let rect = geometry.bounding_rect()?;
    Some([rect.min().x, rect.max().x, rect.min().y, rect.max().y])
}

type Envelope = [f64; 4];

fn put_geometry(geometry: &Geometry<f64>, out: &mut Vec<u8>, envelope: &mut Envelope) {
    match geometry {
        Geometry::Point(Point(coord)) => {
            put_head(1, out);
            put_coord(*coord, out, envelope);
        }
        Geometry::LineString(line) => {
            put_head(2, out);
            put_coords(line, out, envelope);
        }
        Geometry::Line(line) => put_geometry(&LineString::from(*line).into(), out, envelope),
        Geometry::Polygon(polygon) => put_polygon(polygon, out, envelope),
        Geometry::Rect(rect) => put_polygon(&rect.to_polygon(), out, envelope),
        Geometry::Triangle(triangle) => put_polygon(&triangle.to_polygon(), out, envelope),
        Geometry::MultiPoint(points) => put_parts(
            4,
            points.0.iter().map(|point| (*point).into()),
            out,
            envelope,
        ),
        Geometry::MultiLineString(lines) => {
            put_parts(5, lines.0.iter().cloned().map(Into::into), out, envelope)
        }
        Geometry::MultiPolygon(polygons) => {
            put_parts(6, polygons.0.iter().cloned().map(Into::into), out, envelope)
        }
        Geometry::GeometryCollection(parts) => put_parts(7, parts.0.iter().cloned(), out, envelope),
    }
}

fn put_head(kind: u32, out: &mut Vec<u8>) {
    out.push(1);
    out.extend(kind.to_le_bytes());
}

fn put_count(count: usize, out: &mut Vec<u8>) {
    // Four billion vertices do not fit the memory they would come from.
    out.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_coord(coord: Coord<f64>, out: &mut Vec<u8>, envelope: &mut Envelope) {
    out.extend(coord.x.to_le_bytes());
    out.extend(coord.y.to_le_bytes());
    *envelope = [
        envelope[0].min(coord.x),
        envelope[1].max(coord.x),
        envelope[2].min(coord.y),
        envelope[3].max(coord.y),
    ];
}

fn put_coords(line: &LineString<f64>, out: &mut Vec<u8>, envelope: &mut Envelope) {
    put_count(line.0.len(), out);
    line.coords()
        .for_each(|coord| put_coord(*coord, out, envelope));
}

fn put_polygon(polygon: &Polygon<f64>, out: &mut Vec<u8>, envelope: &mut Envelope) {
    put_head(3, out);
    if polygon.exterior().0.is_empty() {
        return put_count(0, out);
    }
    put_count(1 + polygon.interiors().len(), out);
    put_coords(polygon.exterior(), out, envelope);
    polygon
        .interiors()
        .iter()
        .for_each(|ring| put_coords(ring, out, envelope));
}

fn put_parts(
    kind: u32,
    parts: impl ExactSizeIterator<Item = Geometry<f64>>,
    out: &mut Vec<u8>,
    envelope: &mut Envelope,
) {
    put_head(kind, out);
    put_count(parts.len(), out);
    parts.for_each(|part| put_geometry(&part, out, envelope));
}
