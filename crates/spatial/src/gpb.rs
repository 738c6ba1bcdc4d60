//! GeoPackage geometry blobs: header, well-known binary, and coordinates read in place.
//!
//! [`Blob::parse`] reads the header only; [`Blob::visit`] walks the parts and hands out [`Coordinates`] that still lie in
//! the bytes of the file, so a scan over millions of features allocates nothing per feature. [`Blob::decode`] and
//! [`encode`] convert from and to [`geo_types`]. Z and M values are skipped when reading and never written.
//! Counts are checked against the bytes that are there before anything is allocated.

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon,
    Point, Polygon,
};

/// How deep collections may nest inside each other.
const MAX_DEPTH: u8 = 16;

/// Why bytes are not a geometry blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GpbError {
    /// The first two bytes are not `GP`.
    #[error("not a GeoPackage geometry blob")]
    Magic,
    /// The blob carries an extended geometry type of another program.
    #[error("extended GeoPackage geometry")]
    Extended,
    /// A count or a coordinate points past the end.
    #[error("geometry blob ends early")]
    Truncated,
    /// A well-known binary type this program does not read (curves, surfaces).
    #[error("geometry type {0} is not read")]
    Type(u32),
    /// Collections nested deeper than anything real.
    #[error("geometry nested too deeply")]
    Depth,
}

/// A geometry blob whose header was understood; the well-known binary is still unread.
#[derive(Debug, Clone, Copy)]
pub struct Blob<'a> {
    /// Identifier of the reference system in the file (`gpkg_spatial_ref_sys`).
    pub srs_id: i32,
    /// The header says that there is nothing inside.
    pub is_empty: bool,
    /// `[min x, max x, min y, max y]` if the header carries it; unchecked.
    pub envelope: Option<[f64; 4]>,
    wkb: &'a [u8],
}

/// One part of a geometry, in the order of the bytes.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// A position.
    Point([f64; 2]),
    /// A line.
    Line(Coordinates<'a>),
    /// The exterior ring of the next polygon.
    Exterior(Coordinates<'a>),
    /// A hole of the polygon whose exterior came last.
    Interior(Coordinates<'a>),
}

/// Coordinates that still lie in the bytes of a blob.
#[derive(Debug, Clone, Copy)]
pub struct Coordinates<'a> {
    bytes: &'a [u8],
    stride: usize,
    order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

impl<'a> Blob<'a> {
    /// Reads the header of a geometry blob.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, GpbError> {
        let [b'G', b'P', _version, flags, srs @ ..] = bytes else {
            return Err(GpbError::Magic);
        };
        if flags & 0x20 != 0 {
            return Err(GpbError::Extended);
        }
        let order = if flags & 1 == 1 {
            Order::Little
        } else {
            Order::Big
        };
        let mut cursor = Cursor { bytes: srs, order };
        let srs_id = cursor.u32()?.cast_signed();
        let envelope_size = match (flags >> 1) & 7 {
            0 => 0,
            1 => 32,
            2 | 3 => 48,
            4 => 64,
            _ => return Err(GpbError::Magic),
        };
        let mut envelope = Cursor {
            bytes: cursor.take(envelope_size)?,
            order,
        };
        Ok(Self {
            srs_id,
            is_empty: flags & 0x10 != 0,
            envelope: match envelope_size {
                0 => None,
                _ => Some([
                    envelope.f64()?,
                    envelope.f64()?,
                    envelope.f64()?,
                    envelope.f64()?,
                ]),
            },
            wkb: cursor.bytes,
        })
    }

    /// The well-known binary behind the header.
    pub fn wkb(&self) -> &'a [u8] {
        self.wkb
    }

    /// Walks the parts in order without copying coordinates.
    pub fn visit(&self, mut each: impl FnMut(Part<'a>)) -> Result<(), GpbError> {
        visit_wkb(self.wkb, &mut each)
    }

    /// Decodes into [`geo_types`], dropping Z and M. An empty point becomes an empty multipoint.
    pub fn decode(&self) -> Result<Geometry, GpbError> {
        decode_wkb(self.wkb)
    }
}

/// Walks the parts of a well-known binary geometry without copying coordinates.
pub fn visit_wkb<'a>(wkb: &'a [u8], each: &mut impl FnMut(Part<'a>)) -> Result<(), GpbError> {
    visit_geometry(
        &mut Cursor {
            bytes: wkb,
            order: Order::Little,
        },
        each,
        0,
    )
}

/// Decodes a well-known binary geometry (ISO, or with the flags of EWKB).
pub fn decode_wkb(wkb: &[u8]) -> Result<Geometry, GpbError> {
    decode_geometry(
        &mut Cursor {
            bytes: wkb,
            order: Order::Little,
        },
        0,
    )
}

impl Coordinates<'_> {
    /// How many coordinates.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.stride
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The coordinates, first value first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = [f64; 2]> + '_ {
        let order = self.order;
        self.bytes
            .chunks_exact(self.stride)
            .map(move |chunk| [order.f64(&chunk[..8]), order.f64(&chunk[8..16])])
    }

    /// Appends the coordinates to `points`.
    pub fn append_to(&self, points: &mut Vec<[f64; 2]>) {
        if self.stride == 16 && self.order == Order::Little {
            let little = |bytes: &[u8]| Order::Little.f64(bytes);
            points.extend(
                self.bytes
                    .chunks_exact(16)
                    .map(|chunk| [little(&chunk[..8]), little(&chunk[8..])]),
            );
        } else {
            points.extend(self.iter());
        }
    }

    fn to_line(self) -> LineString {
        LineString(self.iter().map(|[x, y]| Coord { x, y }).collect())
    }
}

impl Order {
    fn f64(self, bytes: &[u8]) -> f64 {
        let bytes = bytes.try_into().expect("slices of eight bytes");
        match self {
            Self::Little => f64::from_le_bytes(bytes),
            Self::Big => f64::from_be_bytes(bytes),
        }
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    order: Order,
}

/// Kind and coordinate size of one geometry in the stream.
struct Heading {
    kind: u32,
    stride: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, size: usize) -> Result<&'a [u8], GpbError> {
        let (head, tail) = self
            .bytes
            .split_at_checked(size)
            .ok_or(GpbError::Truncated)?;
        self.bytes = tail;
        Ok(head)
    }

    fn u32(&mut self) -> Result<u32, GpbError> {
        let bytes = self.take(4)?.try_into().expect("four bytes were taken");
        Ok(match self.order {
            Order::Little => u32::from_le_bytes(bytes),
            Order::Big => u32::from_be_bytes(bytes),
        })
    }

    fn f64(&mut self) -> Result<f64, GpbError> {
        let order = self.order;
        self.take(8).map(|bytes| order.f64(bytes))
    }

    fn heading(&mut self) -> Result<Heading, GpbError> {
        self.order = if self.take(1)?[0] == 0 {
            Order::Big
        } else {
            Order::Little
        };
        let raw = self.u32()?;
        if raw & 0x2000_0000 != 0 {
            self.u32()?;
        }
        let iso = raw & 0x0fff_ffff;
        let dimensions = match iso / 1000 {
            0 => 2 + usize::from(raw & 0x8000_0000 != 0) + usize::from(raw & 0x4000_0000 != 0),
            1 | 2 => 3,
            3 => 4,
            _ => return Err(GpbError::Type(raw)),
        };
        Ok(Heading {
            kind: iso % 1000,
            stride: dimensions * 8,
        })
    }

    fn coordinates(&mut self, stride: usize) -> Result<Coordinates<'a>, GpbError> {
        let count = self.u32()? as usize;
        let size = count.checked_mul(stride).ok_or(GpbError::Truncated)?;
        Ok(Coordinates {
            bytes: self.take(size)?,
            stride,
            order: self.order,
        })
    }

    fn point(&mut self, stride: usize) -> Result<[f64; 2], GpbError> {
        let (bytes, order) = (self.take(stride)?, self.order);
        Ok([order.f64(&bytes[..8]), order.f64(&bytes[8..16])])
    }

    /// A count of parts, refused if the bytes left cannot hold that many (`least` bytes each).
    fn count(&mut self, least: usize) -> Result<usize, GpbError> {
        let count = self.u32()? as usize;
        if count > self.bytes.len() / least {
            Err(GpbError::Truncated)
        } else {
            Ok(count)
        }
    }
}

fn visit_geometry<'a>(
    cursor: &mut Cursor<'a>,
    each: &mut impl FnMut(Part<'a>),
    depth: u8,
) -> Result<(), GpbError> {
    if depth > MAX_DEPTH {
        return Err(GpbError::Depth);
    }
    let Heading { kind, stride } = cursor.heading()?;
    match kind {
        1 => each_point(cursor.point(stride)?, each),
        2 => each(Part::Line(cursor.coordinates(stride)?)),
        3 => visit_rings(cursor, stride, each)?,
        4..=7 => {
            for _ in 0..cursor.count(5)? {
                visit_geometry(cursor, each, depth + 1)?;
            }
        }
        other => return Err(GpbError::Type(other)),
    }
    Ok(())
}

/// An empty point is written as NaN and is no part.
fn each_point<'a>(point: [f64; 2], each: &mut impl FnMut(Part<'a>)) {
    if !point[0].is_nan() {
        each(Part::Point(point));
    }
}

fn visit_rings<'a>(
    cursor: &mut Cursor<'a>,
    stride: usize,
    each: &mut impl FnMut(Part<'a>),
) -> Result<(), GpbError> {
    for ring in 0..cursor.count(4)? {
        let coordinates = cursor.coordinates(stride)?;
        each(if ring == 0 {
            Part::Exterior(coordinates)
        } else {
            Part::Interior(coordinates)
        });
    }
    Ok(())
}

fn decode_geometry(cursor: &mut Cursor<'_>, depth: u8) -> Result<Geometry, GpbError> {
    if depth > MAX_DEPTH {
        return Err(GpbError::Depth);
    }
    let Heading { kind, stride } = cursor.heading()?;
    Ok(match kind {
        1 => decode_point(cursor.point(stride)?),
        2 => Geometry::LineString(cursor.coordinates(stride)?.to_line()),
        3 => Geometry::Polygon(decode_polygon(cursor, stride)?),
        4..=7 => {
            let count = cursor.count(5)?;
            let members: Vec<Geometry> = (0..count)
                .map(|_| decode_geometry(cursor, depth + 1))
                .collect::<Result<_, _>>()?;
            gather(kind, members)
        }
        other => return Err(GpbError::Type(other)),
    })
}

fn decode_point([x, y]: [f64; 2]) -> Geometry {
    if x.is_nan() {
        Geometry::MultiPoint(MultiPoint(Vec::new()))
    } else {
        Geometry::Point(Point::new(x, y))
    }
}

fn decode_polygon(cursor: &mut Cursor<'_>, stride: usize) -> Result<Polygon, GpbError> {
    let count = cursor.count(4)?;
    let mut rings = (0..count).map(|_| cursor.coordinates(stride).map(Coordinates::to_line));
    let exterior = rings
        .next()
        .transpose()?
        .unwrap_or_else(|| LineString(Vec::new()));
    Ok(Polygon::new(exterior, rings.collect::<Result<_, _>>()?))
}

/// Members of a multi geometry that are of another kind than it promises are left out.
fn gather(kind: u32, members: Vec<Geometry>) -> Geometry {
    let members = members.into_iter();
    match kind {
        4 => Geometry::MultiPoint(MultiPoint(
            members.filter_map(|g| Point::try_from(g).ok()).collect(),
        )),
        5 => Geometry::MultiLineString(MultiLineString(
            members
                .filter_map(|g| LineString::try_from(g).ok())
                .collect(),
        )),
        6 => Geometry::MultiPolygon(MultiPolygon(
            members.filter_map(|g| Polygon::try_from(g).ok()).collect(),
        )),
        _ => Geometry::GeometryCollection(GeometryCollection(members.collect())),
    }
}

/// Encodes a geometry as a blob with an envelope, little endian; lines, triangles and rectangles as OGC types.
pub fn encode(geometry: &Geometry, srs_id: i32) -> Vec<u8> {
    use geo::BoundingRect;
    let bounds = geometry.bounding_rect();
    let mut bytes = vec![b'G', b'P', 0, if bounds.is_some() { 0x03 } else { 0x11 }];
    bytes.extend(srs_id.to_le_bytes());
    if let Some(rect) = bounds {
        for value in [rect.min().x, rect.max().x, rect.min().y, rect.max().y] {
            bytes.extend(value.to_le_bytes());
        }
    }
    write_geometry(geometry, &mut bytes);
    bytes
}

/// Encodes a geometry as little-endian ISO well-known binary.
pub fn encode_wkb(geometry: &Geometry) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_geometry(geometry, &mut bytes);
    bytes
}

fn write_geometry(geometry: &Geometry, out: &mut Vec<u8>) {
    match geometry {
        Geometry::Point(point) => {
            write_heading(1, out);
            write_coord(point.0, out);
        }
        Geometry::Line(line) => write_line(&LineString(vec![line.start, line.end]), out),
        Geometry::LineString(line) => write_line(line, out),
        Geometry::Polygon(polygon) => write_polygon(polygon, out),
        Geometry::Rect(rect) => write_polygon(&rect.to_polygon(), out),
        Geometry::Triangle(triangle) => write_polygon(&triangle.to_polygon(), out),
        Geometry::MultiPoint(points) => write_members(4, &points.0, out, |p, out| {
            write_geometry(&(*p).into(), out)
        }),
        Geometry::MultiLineString(lines) => write_members(5, &lines.0, out, write_line),
        Geometry::MultiPolygon(polygons) => write_members(6, &polygons.0, out, write_polygon),
        Geometry::GeometryCollection(members) => write_members(7, &members.0, out, write_geometry),
    }
}

fn write_heading(kind: u32, out: &mut Vec<u8>) {
    out.push(1);
    out.extend(kind.to_le_bytes());
}

fn write_coord(coord: Coord, out: &mut Vec<u8>) {
    out.extend(coord.x.to_le_bytes());
    out.extend(coord.y.to_le_bytes());
}

fn write_count(count: usize, out: &mut Vec<u8>) {
    out.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn write_coords(line: &LineString, out: &mut Vec<u8>) {
    write_count(line.0.len(), out);
    line.0.iter().for_each(|coord| write_coord(*coord, out));
}

fn write_line(line: &LineString, out: &mut Vec<u8>) {
    write_heading(2, out);
    write_coords(line, out);
}

fn write_polygon(polygon: &Polygon, out: &mut Vec<u8>) {
    write_heading(3, out);
    let empty = polygon.exterior().0.is_empty();
    write_count(
        if empty {
            0
        } else {
            1 + polygon.interiors().len()
        },
        out,
    );
    if !empty {
        write_coords(polygon.exterior(), out);
        polygon
            .interiors()
            .iter()
            .for_each(|ring| write_coords(ring, out));
    }
}

fn write_members<T>(kind: u32, members: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    write_heading(kind, out);
    write_count(members.len(), out);
    members.iter().for_each(|member| write(member, out));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use geo_types::polygon;
    use proptest::prelude::*;

    fn holed() -> Geometry {
        polygon!(
            exterior: [(x: 106.0, y: 30.0), (x: 107.0, y: 30.0), (x: 107.0, y: 31.0)],
            interiors: [[(x: 106.7, y: 30.3), (x: 106.8, y: 30.3), (x: 106.8, y: 30.4)]],
        )
        .into()
    }

    fn samples() -> Vec<Geometry> {
        let line = LineString::from(vec![(1.0, 2.0), (3.0, 4.0)]);
        vec![
            Point::new(106.5, 30.25).into(),
            line.clone().into(),
            holed(),
            MultiPoint(vec![Point::new(1.0, 2.0), Point::new(3.0, 4.0)]).into(),
            MultiLineString(vec![line.clone(), line]).into(),
            MultiPolygon(vec![Polygon::try_from(holed()).unwrap()]).into(),
            Geometry::GeometryCollection(GeometryCollection(vec![
                holed(),
                Point::new(0.0, 0.0).into(),
            ])),
            MultiPolygon(vec![]).into(),
        ]
    }

    #[test]
    fn every_kind_of_geometry_survives_the_blob() {
        for geometry in samples() {
            let bytes = encode(&geometry, 4490);
            let blob = Blob::parse(&bytes).unwrap();
            assert_eq!((blob.srs_id, blob.decode().unwrap()), (4490, geometry));
        }
    }

    #[test]
    fn the_envelope_is_in_the_header() {
        let bytes = encode(&holed(), 4490);
        assert_eq!(
            Blob::parse(&bytes).unwrap().envelope,
            Some([106.0, 107.0, 30.0, 31.0])
        );
    }

    #[test]
    fn rings_are_visited_in_place_with_their_role() {
        let bytes = encode(&holed(), 4490);
        let mut seen = Vec::new();
        let visit = |part: Part<'_>| match part {
            Part::Exterior(ring) => {
                seen.push(("exterior", ring.len(), ring.iter().next().unwrap()))
            }
            Part::Interior(ring) => {
                seen.push(("interior", ring.len(), ring.iter().next().unwrap()))
            }
            _ => seen.push(("other", 0, [0.0; 2])),
        };
        Blob::parse(&bytes).unwrap().visit(visit).unwrap();
        assert_eq!(
            seen,
            [
                ("exterior", 4, [106.0, 30.0]),
                ("interior", 4, [106.7, 30.3])
            ]
        );
    }

    #[test]
    fn heights_and_measures_are_skipped_in_either_byte_order() {
        for (kind, flagged) in [(1001_u32, false), (0x8000_0001, false), (0xe000_0001, true)] {
            let mut wkb = vec![0_u8];
            wkb.extend(kind.to_be_bytes());
            if flagged {
                wkb.extend(4490_u32.to_be_bytes());
            }
            for value in [106.5_f64, 30.25, 812.0, 0.0] {
                wkb.extend(value.to_be_bytes());
            }
            assert_eq!(decode_wkb(&wkb), Ok(Point::new(106.5, 30.25).into()));
        }
    }

    #[test]
    fn a_count_larger_than_the_bytes_allocates_nothing_and_is_refused() {
        let mut wkb = vec![1_u8, 3, 0, 0, 0];
        wkb.extend(u32::MAX.to_le_bytes());
        assert_eq!(decode_wkb(&wkb), Err(GpbError::Truncated));
        assert_eq!(visit_wkb(&wkb, &mut |_| ()), Err(GpbError::Truncated));
    }

    #[test]
    fn collections_without_end_are_refused() {
        let nested: Vec<u8> = [1_u8, 7, 0, 0, 0, 1, 0, 0, 0].repeat(1000);
        assert_eq!(decode_wkb(&nested), Err(GpbError::Depth));
    }

    #[test]
    fn an_empty_point_is_no_position() {
        let bytes = encode_wkb(&Point::new(f64::NAN, f64::NAN).into());
        assert_eq!(decode_wkb(&bytes), Ok(MultiPoint(vec![]).into()));
        visit_wkb(&bytes, &mut |part| panic!("visited {part:?}")).unwrap();
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(blob) = Blob::parse(&bytes) {
                let _ = blob.decode();
                let _ = blob.visit(|_| ());
            }
            let _ = decode_wkb(&bytes);
        }

        #[test]
        fn a_damaged_blob_does_not_make_the_reader_panic(at in 0_usize..180, value in any::<u8>()) {
            let mut bytes = encode(&holed(), 4490);
            let at = at % bytes.len();
            bytes[at] = value;
            if let Ok(blob) = Blob::parse(&bytes) {
                let _ = blob.decode();
            }
        }
    }
}
