//! GeoPackage geometry: the header with its envelope, and the five functions that R-tree triggers ask for.

use geo_types::{Coord, Geometry, LineString, Polygon};
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use crate::error::Error;

/// CGCS2000 geographic.
pub(crate) const SRS_ID: i32 = 4490;

/// Rectangle around a geometry: least and greatest longitude and latitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Envelope {
    pub(crate) min: [f64; 2],
    pub(crate) max: [f64; 2],
}

impl Envelope {
    const NOTHING: Self = Self {
        min: [f64::INFINITY; 2],
        max: [f64::NEG_INFINITY; 2],
    };

    fn take(&mut self, c: Coord<f64>) {
        self.min = [self.min[0].min(c.x), self.min[1].min(c.y)];
        self.max = [self.max[0].max(c.x), self.max[1].max(c.y)];
    }

    /// The rectangle around both.
    pub(crate) fn union(self, other: Self) -> Self {
        let (mut min, mut max) = (self.min, self.max);
        for axis in 0..2 {
            min[axis] = min[axis].min(other.min[axis]);
            max[axis] = max[axis].max(other.max[axis]);
        }
        Self { min, max }
    }

    /// Whether some side of `self` is a side of `whole`.
    pub(crate) fn holds_a_side_of(&self, whole: &Self) -> bool {
        (0..2).any(|axis| self.min[axis] <= whole.min[axis] || self.max[axis] >= whole.max[axis])
    }
}

/// The geometry as a GeoPackage stores it: header, envelope, little-endian WKB.
pub(crate) fn encode(geometry: &Geometry<f64>) -> Vec<u8> {
    let mut wkb = Vec::with_capacity(64);
    let mut envelope = Envelope::NOTHING;
    write_geometry(&mut wkb, geometry, &mut envelope);
    let is_empty = envelope.min[0] > envelope.max[0];
    let mut blob = Vec::with_capacity(40 + wkb.len());
    blob.extend_from_slice(b"GP\0");
    // Bit 0: little-endian; bits 1–3: envelope [minx, maxx, miny, maxy]; bit 4: empty.
    blob.push(if is_empty { 0b1_0001 } else { 0b0_0011 });
    blob.extend_from_slice(&SRS_ID.to_le_bytes());
    if !is_empty {
        for side in [
            envelope.min[0],
            envelope.max[0],
            envelope.min[1],
            envelope.max[1],
        ] {
            blob.extend_from_slice(&side.to_le_bytes());
        }
    }
    blob.extend_from_slice(&wkb);
    blob
}

fn write_geometry(wkb: &mut Vec<u8>, geometry: &Geometry<f64>, envelope: &mut Envelope) {
    match geometry {
        Geometry::Point(p) => {
            start(wkb, 1);
            write_coord(wkb, p.0, envelope);
        }
        Geometry::Line(l) => {
            start(wkb, 2);
            write_coords(wkb, &[l.start, l.end], envelope);
        }
        Geometry::LineString(l) => {
            start(wkb, 2);
            write_coords(wkb, &l.0, envelope);
        }
        Geometry::Polygon(p) => write_polygon(wkb, p, envelope),
        Geometry::MultiPoint(m) => {
            write_parts(wkb, 4, m.0.iter().map(|p| Geometry::Point(*p)), envelope);
        }
        Geometry::MultiLineString(m) => {
            write_parts(
                wkb,
                5,
                m.0.iter().map(|l| Geometry::LineString(l.clone())),
                envelope,
            );
        }
        Geometry::MultiPolygon(m) => {
            start(wkb, 6);
            write_count(wkb, m.0.len());
            for polygon in &m.0 {
                write_polygon(wkb, polygon, envelope);
            }
        }
        Geometry::GeometryCollection(c) => write_parts(wkb, 7, c.0.iter().cloned(), envelope),
        Geometry::Rect(r) => write_polygon(wkb, &r.to_polygon(), envelope),
        Geometry::Triangle(t) => write_polygon(wkb, &t.to_polygon(), envelope),
    }
}

fn write_parts(
    wkb: &mut Vec<u8>,
    kind: u32,
    parts: impl ExactSizeIterator<Item = Geometry<f64>>,
    envelope: &mut Envelope,
) {
    start(wkb, kind);
    write_count(wkb, parts.len());
    for part in parts {
        write_geometry(wkb, &part, envelope);
    }
}

fn start(wkb: &mut Vec<u8>, kind: u32) {
    wkb.push(1);
    wkb.extend_from_slice(&kind.to_le_bytes());
}

fn write_count(wkb: &mut Vec<u8>, count: usize) {
    // An entry with 2³² vertices would not fit in memory.
    wkb.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn write_polygon(wkb: &mut Vec<u8>, polygon: &Polygon<f64>, envelope: &mut Envelope) {
    start(wkb, 3);
    let is_empty = polygon.exterior().0.is_empty();
    let rings: Vec<&LineString<f64>> = std::iter::once(polygon.exterior())
        .chain(polygon.interiors())
        .collect();
    let rings = if is_empty { &[][..] } else { &rings[..] };
    write_count(wkb, rings.len());
    for ring in rings {
        write_coords(wkb, &ring.0, envelope);
    }
}

fn write_coords(wkb: &mut Vec<u8>, coords: &[Coord<f64>], envelope: &mut Envelope) {
    write_count(wkb, coords.len());
    for coord in coords {
        write_coord(wkb, *coord, envelope);
    }
}

fn write_coord(wkb: &mut Vec<u8>, coord: Coord<f64>, envelope: &mut Envelope) {
    // Canonical JSON knows no negative zero; adding zero keeps the row the same before and after a rebuild.
    let coord = Coord {
        x: coord.x + 0.0,
        y: coord.y + 0.0,
    };
    envelope.take(coord);
    wkb.extend_from_slice(&coord.x.to_le_bytes());
    wkb.extend_from_slice(&coord.y.to_le_bytes());
}

/// The envelope in the header of a geometry written by [`encode`]; `None` where it is empty or has none.
///
/// Only envelopes of our own layers are asked for; other programs write them for every geometry but points, whose
/// coordinates are read instead.
pub(crate) fn envelope(blob: &[u8]) -> Option<Envelope> {
    let flags = *blob.get(3)?;
    if !blob.starts_with(b"GP") || flags & 0b1_0000 != 0 {
        return None;
    }
    let is_little = flags & 1 == 1;
    match (flags >> 1) & 7 {
        0 => point_of(blob.get(8..)?),
        1..=4 => {
            let side = |n: usize| number_at(blob, 8 + 8 * n, is_little);
            Some(Envelope {
                min: [side(0)?, side(2)?],
                max: [side(1)?, side(3)?],
            })
        }
        _ => None,
    }
}

fn point_of(wkb: &[u8]) -> Option<Envelope> {
    let is_little = *wkb.first()? == 1;
    let kind: [u8; 4] = wkb.get(1..5)?.try_into().ok()?;
    let kind = if is_little {
        u32::from_le_bytes(kind)
    } else {
        u32::from_be_bytes(kind)
    };
    let place = [
        number_at(wkb, 5, is_little)?,
        number_at(wkb, 13, is_little)?,
    ];
    (kind % 1000 == 1 && place.iter().all(|n| n.is_finite())).then_some(Envelope {
        min: place,
        max: place,
    })
}

fn number_at(bytes: &[u8], at: usize, is_little: bool) -> Option<f64> {
    let bytes: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
    Some(if is_little {
        f64::from_le_bytes(bytes)
    } else {
        f64::from_be_bytes(bytes)
    })
}

/// Gives a connection the functions that the R-tree triggers of a GeoPackage call.
pub(crate) fn register_functions(db: &Connection) -> Result<(), Error> {
    type Side = fn(&Envelope) -> f64;
    let sides: [(&str, Side); 4] = [
        ("ST_MinX", |e| e.min[0]),
        ("ST_MaxX", |e| e.max[0]),
        ("ST_MinY", |e| e.min[1]),
        ("ST_MaxY", |e| e.max[1]),
    ];
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    let refused = |source| Error::Database {
        attempt: "take the spatial functions",
        source,
    };
    for (name, side) in sides {
        db.create_scalar_function(name, 1, flags, move |ctx| {
            Ok(of_argument(ctx).as_ref().map(side))
        })
        .map_err(refused)?;
    }
    db.create_scalar_function("ST_IsEmpty", 1, flags, |ctx| Ok(of_argument(ctx).is_none()))
        .map_err(refused)
}

fn of_argument(ctx: &Context<'_>) -> Option<Envelope> {
    envelope(ctx.get_raw(0).as_blob().ok()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use geo_types::{MultiPolygon, Point, line_string, polygon};

    #[test]
    fn the_header_holds_the_envelope() {
        let shape =
            Geometry::Polygon(polygon![(x: 106., y: 35.), (x: 107., y: 35.), (x: 107., y: 36.5)]);
        let blob = encode(&shape);
        assert_eq!(&blob[..8], b"GP\0\x03\x8a\x11\0\0");
        assert_eq!(
            envelope(&blob),
            Some(Envelope {
                min: [106., 35.],
                max: [107., 36.5]
            })
        );
        assert_eq!(blob.len(), 8 + 32 + 1 + 4 + 4 + 4 + 4 * 16);
    }

    #[test]
    fn nothing_is_empty() {
        for shape in [
            Geometry::MultiPolygon(MultiPolygon(vec![])),
            Geometry::LineString(line_string![]),
        ] {
            assert_eq!(envelope(&encode(&shape)), None);
        }
    }

    #[test]
    fn a_point_without_envelope_is_read_from_its_place() {
        let with = encode(&Geometry::Point(Point::new(106.5, 35.5)));
        let mut without = with[..8].to_vec();
        without[3] = 1;
        without.extend_from_slice(&with[40..]);
        assert_eq!(envelope(&without), envelope(&with));
    }

    #[test]
    fn no_cut_or_changed_blob_breaks_the_reader() {
        let blob = encode(&Geometry::Point(Point::new(1., 2.)));
        for end in 0..blob.len() {
            envelope(&blob[..end]);
            let mut changed = blob.clone();
            changed[end] ^= 0xff;
            envelope(&changed);
        }
    }
}
