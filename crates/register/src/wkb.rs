//! Geometries as both databases take them: little-endian WKB, which a GeoPackage puts behind a header of its own and
//! PostGIS reads with the reference system inside (EWKB).

use geo_types::{Coord, Geometry, LineString, Polygon};

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

/// The geometry as WKB, and the rectangle around it; none around nothing.
pub(crate) fn encode(geometry: &Geometry<f64>) -> (Vec<u8>, Option<Envelope>) {
    let mut wkb = Vec::with_capacity(64);
    let mut envelope = Envelope::NOTHING;
    write_geometry(&mut wkb, geometry, &mut envelope);
    let is_empty = envelope.min[0] > envelope.max[0];
    (wkb, (!is_empty).then_some(envelope))
}

/// Says in the type of an EWKB that the reference system follows.
const HAS_SRID: u32 = 0x2000_0000;

/// The geometry as PostGIS takes it; `None` for what PostGIS calls no geometry: lines of one point, rings of three.
pub(crate) fn encode_extended(geometry: &Geometry<f64>) -> Option<Vec<u8>> {
    if !is_whole(geometry) {
        return None;
    }
    let (wkb, _) = encode(geometry);
    let kind: [u8; 4] = wkb.get(1..5)?.try_into().ok()?;
    let mut extended = Vec::with_capacity(wkb.len() + 4);
    extended.push(1);
    extended.extend_from_slice(&(u32::from_le_bytes(kind) | HAS_SRID).to_le_bytes());
    extended.extend_from_slice(&SRS_ID.to_le_bytes());
    extended.extend_from_slice(wkb.get(5..)?);
    Some(extended)
}

fn is_whole(geometry: &Geometry<f64>) -> bool {
    let is_line = |line: &LineString<f64>| line.0.len() != 1;
    let is_ring = |ring: &LineString<f64>| ring.0.len() >= 4 && ring.is_closed();
    let is_area = |polygon: &Polygon<f64>| {
        polygon.exterior().0.is_empty()
            || (is_ring(polygon.exterior()) && polygon.interiors().iter().all(is_ring))
    };
    match geometry {
        Geometry::LineString(line) => is_line(line),
        Geometry::MultiLineString(lines) => lines.0.iter().all(is_line),
        Geometry::Polygon(polygon) => is_area(polygon),
        Geometry::MultiPolygon(polygons) => polygons.0.iter().all(is_area),
        Geometry::GeometryCollection(parts) => parts.0.iter().all(is_whole),
        _ => true,
    }
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use geo_types::{Point, line_string, polygon};

    #[test]
    fn the_reference_system_stands_behind_the_type() {
        let extended = encode_extended(&Geometry::Point(Point::new(106.5, 35.5))).unwrap();
        assert_eq!(&extended[..9], b"\x01\x01\0\0\x20\x8a\x11\0\0");
        assert_eq!(extended.len(), 9 + 16);
    }

    #[test]
    fn what_postgis_refuses_is_no_geometry_there() {
        let flat = Geometry::Polygon(polygon![(x: 1., y: 1.), (x: 2., y: 2.)]);
        let dot = Geometry::LineString(line_string![(x: 1., y: 1.)]);
        let nothing = Geometry::LineString(line_string![]);
        assert_eq!(
            (encode_extended(&flat), encode_extended(&dot)),
            (None, None)
        );
        assert!(encode_extended(&nothing).is_some());
    }
}
