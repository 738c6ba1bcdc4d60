//! Outlines of all rows, exact and small: whole billionths of a degree, each told by its step from the one before.

use geo::{BoundingRect, CoordsIter};
use geo_types::{Coord, Geometry, GeometryCollection, LineString, Point, Polygon};

/// Parts of a degree. What is imported is rounded to nine decimals or fewer; what is not stands as it is.
const PARTS: f64 = 1e9;

/// How the coordinates of an outline are written.
const IN_STEPS: u8 = 0;
const AS_THEY_ARE: u8 = 1;

/// Kinds of geometries, as well-known binary numbers them.
const POINT: u8 = 1;
const LINE: u8 = 2;
const POLYGON: u8 = 3;
const POINTS: u8 = 4;
const LINES: u8 = 5;
const POLYGONS: u8 = 6;
const COLLECTION: u8 = 7;

/// 外形列 — outlines by row.
#[derive(Debug, Default)]
pub(super) struct Outlines {
    bytes: Vec<u8>,
    starts: Vec<u64>,
    lengths: Vec<u32>,
    extents: Vec<[i32; 4]>,
}

impl Outlines {
    /// Sets the outline of a row; rows are set in order the first time.
    pub(super) fn set(&mut self, row: usize, outline: Option<&Geometry<f64>>) {
        let start = self.bytes.len();
        let rect = outline.and_then(BoundingRect::bounding_rect);
        let mut extent = [0; 4];
        if let (Some(outline), Some(rect)) = (outline, rect) {
            encode(outline, &mut self.bytes);
            let [west, north] = spatial::tiles::mercator(rect.min().x, rect.max().y);
            let [east, south] = spatial::tiles::mercator(rect.max().x, rect.min().y);
            extent = [west, north, east, south];
        }
        let length = u32::try_from(self.bytes.len() - start).unwrap_or(0);
        if self.holds(row, start) {
            self.bytes.truncate(start);
            return;
        }
        super::site_table::set(&mut self.starts, row, start as u64);
        super::site_table::set(&mut self.lengths, row, length);
        super::site_table::set(&mut self.extents, row, extent);
    }

    /// Whether a row has the very outline that was written from `start` on: most entries of a site leave it as it is.
    fn holds(&self, row: usize, start: usize) -> bool {
        let (Some(&from), Some(&length)) = (self.starts.get(row), self.lengths.get(row)) else {
            return false;
        };
        self.bytes[from as usize..][..length as usize] == self.bytes[start..]
    }

    /// Smallest box around the outline of a row, in mercator parts.
    pub(super) fn extent(&self, row: usize) -> Option<[i32; 4]> {
        (*self.lengths.get(row)? > 0).then(|| self.extents[row])
    }

    /// The outline of a row.
    pub(super) fn get(&self, row: usize) -> Option<Geometry<f64>> {
        let start = usize::try_from(*self.starts.get(row)?).ok()?;
        decode(&self.bytes[start..start + self.lengths[row] as usize])
    }
}

fn encode(outline: &Geometry<f64>, out: &mut Vec<u8>) {
    let is_whole = outline
        .coords_iter()
        .all(|c| whole(c.x).is_some() && whole(c.y).is_some());
    let how = if is_whole { IN_STEPS } else { AS_THEY_ARE };
    out.push(how);
    let before = [0; 2];
    Coder { out, how, before }.geometry(outline);
}

/// The number of parts that a value is, if it is a whole number of them.
fn whole(value: f64) -> Option<i64> {
    let parts = (value * PARTS).round();
    // Both are exact numbers, so that dividing again rounds to the very value that nine decimals read as.
    (parts.abs() < 9e15 && parts / PARTS == value).then_some(parts as i64)
}

struct Coder<'a> {
    out: &'a mut Vec<u8>,
    how: u8,
    before: [i64; 2],
}

impl Coder<'_> {
    fn geometry(&mut self, geometry: &Geometry<f64>) {
        match geometry {
            Geometry::Point(p) => {
                self.out.push(POINT);
                self.coord(p.0);
            }
            Geometry::Line(l) => self.geometry(&LineString::new(vec![l.start, l.end]).into()),
            Geometry::Rect(r) => self.geometry(&r.to_polygon().into()),
            Geometry::Triangle(t) => self.geometry(&t.to_polygon().into()),
            Geometry::LineString(l) => {
                self.out.push(LINE);
                self.line(l);
            }
            Geometry::Polygon(p) => {
                self.out.push(POLYGON);
                self.polygon(p);
            }
            Geometry::MultiPoint(m) => {
                self.several(POINTS, m.0.len());
                m.0.iter().for_each(|p| self.coord(p.0));
            }
            Geometry::MultiLineString(m) => {
                self.several(LINES, m.0.len());
                m.0.iter().for_each(|l| self.line(l));
            }
            Geometry::MultiPolygon(m) => {
                self.several(POLYGONS, m.0.len());
                m.0.iter().for_each(|p| self.polygon(p));
            }
            Geometry::GeometryCollection(m) => {
                self.several(COLLECTION, m.0.len());
                m.0.iter().for_each(|g| self.geometry(g));
            }
        }
    }

    fn several(&mut self, kind: u8, count: usize) {
        self.out.push(kind);
        self.number(count as u64);
    }

    fn polygon(&mut self, polygon: &Polygon<f64>) {
        self.number(polygon.interiors().len() as u64);
        self.line(polygon.exterior());
        polygon.interiors().iter().for_each(|ring| self.line(ring));
    }

    fn line(&mut self, line: &LineString<f64>) {
        self.number(line.0.len() as u64);
        line.0.iter().for_each(|c| self.coord(*c));
    }

    fn coord(&mut self, coord: Coord<f64>) {
        for (axis, value) in [coord.x, coord.y].into_iter().enumerate() {
            match whole(value).filter(|_| self.how == IN_STEPS) {
                Some(parts) => {
                    let step = parts - self.before[axis];
                    self.before[axis] = parts;
                    self.number(((step << 1) ^ (step >> 63)).cast_unsigned());
                }
                None => self.out.extend_from_slice(&value.to_le_bytes()),
            }
        }
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }
}

/// What `encode` wrote; nothing of nothing.
fn decode(bytes: &[u8]) -> Option<Geometry<f64>> {
    let (how, bytes) = bytes.split_first()?;
    let mut decoder = Decoder {
        bytes,
        how: *how,
        before: [0; 2],
    };
    decoder.geometry()
}

struct Decoder<'a> {
    bytes: &'a [u8],
    how: u8,
    before: [i64; 2],
}

impl Decoder<'_> {
    fn geometry(&mut self) -> Option<Geometry<f64>> {
        Some(match self.byte()? {
            POINT => Point(self.coord()?).into(),
            LINE => self.line()?.into(),
            POLYGON => self.polygon()?.into(),
            POINTS => Geometry::MultiPoint(self.all(|d| d.coord().map(Point))?.into()),
            LINES => Geometry::MultiLineString(geo_types::MultiLineString(self.all(Self::line)?)),
            POLYGONS => Geometry::MultiPolygon(self.all(Self::polygon)?.into()),
            _ => Geometry::GeometryCollection(GeometryCollection(self.all(Self::geometry)?)),
        })
    }

    fn all<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = usize::try_from(self.number()?).ok()?;
        let mut all = Vec::with_capacity(count.min(self.bytes.len()));
        for _ in 0..count {
            all.push(one(self)?);
        }
        Some(all)
    }

    fn polygon(&mut self) -> Option<Polygon<f64>> {
        let holes = self.number()?;
        let exterior = self.line()?;
        let holes: Option<Vec<LineString<f64>>> = (0..holes).map(|_| self.line()).collect();
        Some(Polygon::new(exterior, holes?))
    }

    fn line(&mut self) -> Option<LineString<f64>> {
        self.all(Self::coord).map(LineString)
    }

    fn coord(&mut self) -> Option<Coord<f64>> {
        let (x, y) = (self.value(0)?, self.value(1)?);
        Some(Coord { x, y })
    }

    fn value(&mut self, axis: usize) -> Option<f64> {
        if self.how == AS_THEY_ARE {
            let (value, rest) = self.bytes.split_first_chunk()?;
            self.bytes = rest;
            return Some(f64::from_le_bytes(*value));
        }
        let step = self.number()?;
        self.before[axis] += (step >> 1).cast_signed() ^ -(step & 1).cast_signed();
        Some(self.before[axis] as f64 / PARTS)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*byte)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = f64> {
        let read = |n: i64| format!("{}e-9", n).parse().unwrap_or(0.0);
        prop_oneof![
            9 => (-180_000_000_000..180_000_000_000_i64).prop_map(read),
            1 => -180.0..180.0_f64,
        ]
    }

    fn line(least: usize) -> impl Strategy<Value = LineString<f64>> {
        prop::collection::vec((number(), number()), least..9).prop_map(LineString::from)
    }

    fn polygon() -> impl Strategy<Value = Polygon<f64>> {
        let rings = (line(3), prop::collection::vec(line(3), 0..3));
        rings.prop_map(|(exterior, holes)| Polygon::new(exterior, holes))
    }

    fn geometry() -> impl Strategy<Value = Geometry<f64>> {
        let one = prop_oneof![
            (number(), number()).prop_map(|p| Geometry::Point(p.into())),
            line(1).prop_map(Geometry::from),
            polygon().prop_map(Geometry::from),
            prop::collection::vec((number(), number()), 1..4)
                .prop_map(|m| Geometry::MultiPoint(m.into())),
            prop::collection::vec(line(1), 1..4)
                .prop_map(|m| Geometry::MultiLineString(geo_types::MultiLineString(m))),
            prop::collection::vec(polygon(), 1..4).prop_map(|m| Geometry::MultiPolygon(m.into())),
        ];
        one.prop_recursive(2, 6, 3, |inner| {
            let parts = prop::collection::vec(inner, 1..3);
            parts.prop_map(|m| Geometry::GeometryCollection(GeometryCollection(m)))
        })
    }

    proptest! {
        #[test]
        fn outlines_come_back_to_the_last_digit(first in geometry(), second in geometry()) {
            let mut outlines = Outlines::default();
            outlines.set(0, Some(&first));
            outlines.set(1, None);
            outlines.set(2, Some(&second));
            outlines.set(0, Some(&second));
            prop_assert_eq!(outlines.get(0), Some(second.clone()));
            prop_assert_eq!((outlines.get(1), outlines.extent(1)), (None, None));
            prop_assert_eq!(outlines.get(2), Some(second));
        }
    }

    #[test]
    fn nine_decimals_take_a_step_and_more_take_sixteen_bytes() {
        let size = |x: f64| {
            let mut outlines = Outlines::default();
            let line = LineString::from(vec![(106.123_456_789, 35.5), (x, 35.500_1)]);
            outlines.set(0, Some(&line.into()));
            outlines.bytes.len()
        };
        assert!(size(106.123_5) < 24 && size(106.123_456_789_01) == 3 + 32);
    }
}
