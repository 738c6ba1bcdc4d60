//! Outlines of all rows, exact and small: whole billionths of a degree, each told by its step from the one before.

use std::ops::Range;

use geo::{BoundingRect, CoordsIter};
use geo_types::{Coord, Geometry, LineString, Polygon};
use spatial::tiles::{GeometryKind, Path, Pen, mercator};

use super::laying::lay;

/// Parts of a degree. What is imported is rounded to nine decimals or fewer; what is not stands as it is.
const PARTS: f64 = 1e9;

/// How the coordinates of an outline are written.
const IN_STEPS: u8 = 0;
const AS_THEY_ARE: u8 = 1;

/// Kinds of geometries, as well-known binary numbers them.
pub(super) const POINT: u8 = 1;
pub(super) const LINE: u8 = 2;
pub(super) const POLYGON: u8 = 3;
pub(super) const POINTS: u8 = 4;
pub(super) const LINES: u8 = 5;
pub(super) const POLYGONS: u8 = 6;
const COLLECTION: u8 = 7;

/// 外形列 — outlines by row.
#[derive(Debug, Default)]
pub(super) struct Outlines {
    bytes: Vec<u8>,
    spans: Vec<Span>,
    extents: Vec<[i32; 4]>,
}

/// Where an outline is written and how long it is, in nine bytes: a byte of the start stands apart, so that a million
/// outlines take no fillers.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, packed)]
struct Span {
    start: u32,
    start_above: u8,
    length: u32,
}

impl Span {
    fn new(start: usize, length: usize) -> Self {
        let length = u32::try_from(length).unwrap_or(0);
        Self {
            start: start as u32,
            start_above: (start as u64 >> 32) as u8,
            length,
        }
    }

    fn range(self) -> Range<usize> {
        let start = u64::from(self.start_above) << 32 | u64::from(self.start);
        let start = start as usize;
        start..start + self.length as usize
    }
}

impl Outlines {
    /// Sets the outline of a row; rows are set in order the first time.
    pub(super) fn set(&mut self, row: usize, outline: Option<&Geometry<f64>>) {
        let start = self.bytes.len();
        let rect = outline.and_then(BoundingRect::bounding_rect);
        let mut extent = [0; 4];
        if let (Some(outline), Some(rect)) = (outline, rect) {
            encode(outline, &mut self.bytes);
            let [west, north] = mercator(rect.min().x, rect.max().y);
            let [east, south] = mercator(rect.max().x, rect.min().y);
            extent = [west, north, east, south];
        }
        let span = Span::new(start, self.bytes.len() - start);
        if self.holds(row, start) {
            self.bytes.truncate(start);
            return;
        }
        super::site_table::set(&mut self.spans, row, span);
        super::site_table::set(&mut self.extents, row, extent);
    }

    /// The same outlines in another order of rows.
    pub(super) fn lay(&mut self, order: &[u32]) {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut spans = Vec::with_capacity(order.len());
        for row in order {
            let written = self.written(*row as usize).unwrap_or_default();
            spans.push(Span::new(bytes.len(), written.len()));
            bytes.extend_from_slice(written);
        }
        (self.bytes, self.spans) = (bytes, spans);
        lay(&mut self.extents, order);
    }

    /// Whether a row has the very outline that was written from `start` on: most entries of a site leave it as it is.
    fn holds(&self, row: usize, start: usize) -> bool {
        let written = self.written(row);
        written.is_some_and(|written| *written == self.bytes[start..])
    }

    /// Smallest box around the outline of a row, in mercator parts.
    pub(super) fn extent(&self, row: usize) -> Option<[i32; 4]> {
        let span = self.spans.get(row)?;
        (span.length > 0).then(|| self.extents[row])
    }

    /// What the outline of a row is made of.
    pub(super) fn kind(&self, row: usize) -> GeometryKind {
        let kind = match self.written(row) {
            Some([_, COLLECTION, greatest, ..]) => *greatest,
            Some([_, kind, ..]) => *kind,
            _ => 0,
        };
        match kind {
            POINT | POINTS => GeometryKind::Points,
            LINE | LINES => GeometryKind::Lines,
            POLYGON | POLYGONS => GeometryKind::Polygons,
            _ => GeometryKind::Nothing,
        }
    }

    /// The outline of a row drawn in a tile; `None` where nothing of it is left.
    pub(super) fn draw<'p>(&self, row: usize, pen: &'p mut Pen) -> Option<&'p Path> {
        pen.begin(self.kind(row));
        Decoder::of(self.written(row)?)?.draw(pen)?;
        pen.path()
    }

    /// Writes the outline of a row as a GeoJSON object; whether it has one.
    pub(super) fn tell(&self, row: usize, is_latitude_first: bool, out: &mut Vec<u8>) -> bool {
        let decoder = self.written(row).and_then(Decoder::of);
        let told = decoder.and_then(|mut d| d.tell(is_latitude_first, out));
        told.is_some()
    }

    fn written(&self, row: usize) -> Option<&[u8]> {
        Some(&self.bytes[self.spans.get(row)?.range()])
    }
}

/// What is greatest in a geometry: points, lines or polygons.
fn greatest(geometry: &Geometry<f64>) -> u8 {
    match geometry {
        Geometry::Point(_) | Geometry::MultiPoint(_) => POINT,
        Geometry::Line(_) | Geometry::LineString(_) | Geometry::MultiLineString(_) => LINE,
        Geometry::GeometryCollection(m) => m.0.iter().map(greatest).max().unwrap_or(0),
        _ => POLYGON,
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
    // Both are exact numbers, so that dividing again rounds to the very value that nine decimals read as; and of fifteen
    // digits no two are the same value.
    (parts.abs() < 1e15 && parts / PARTS == value).then_some(parts as i64)
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
                self.out.push(COLLECTION);
                self.several(greatest(geometry), m.0.len());
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
        self.ring(polygon.exterior());
        polygon.interiors().iter().for_each(|ring| self.ring(ring));
    }

    /// A ring ends where it begins: that position is written once, also where it is the only one.
    fn ring(&mut self, ring: &LineString<f64>) {
        let open = match ring.0.as_slice() {
            [open @ .., _] if !open.is_empty() => open,
            all => all,
        };
        self.number(open.len() as u64);
        open.iter().for_each(|c| self.coord(*c));
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

/// Reads what `encode` wrote.
pub(super) struct Decoder<'a> {
    bytes: &'a [u8],
    how: u8,
    before: [i64; 2],
}

impl<'a> Decoder<'a> {
    /// Nothing of nothing.
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let (how, bytes) = bytes.split_first()?;
        Some(Self {
            bytes,
            how: *how,
            before: [0; 2],
        })
    }

    fn draw(&mut self, pen: &mut Pen) -> Option<()> {
        match self.byte()? {
            POINT => self.part(1, false, pen),
            LINE => self.line_part(pen),
            POLYGON => self.rings(pen),
            POINTS => {
                let count = self.number()?;
                self.part(count, false, pen)
            }
            LINES => self.each(pen, Self::line_part),
            POLYGONS => self.each(pen, Self::rings),
            _ => {
                self.byte()?;
                self.each(pen, Self::draw)
            }
        }
    }

    fn each(
        &mut self,
        pen: &mut Pen,
        one: impl Fn(&mut Self, &mut Pen) -> Option<()>,
    ) -> Option<()> {
        let count = self.number()?;
        (0..count).try_for_each(|_| one(self, pen))
    }

    fn rings(&mut self, pen: &mut Pen) -> Option<()> {
        let holes = self.number()?;
        for ring in 0..=holes {
            let count = self.number()?;
            if count > 0 {
                self.part(count, ring > 0, pen)?;
            }
        }
        Some(())
    }

    fn line_part(&mut self, pen: &mut Pen) -> Option<()> {
        let count = self.number()?;
        self.part(count, false, pen)
    }

    fn part(&mut self, count: u64, is_hole: bool, pen: &mut Pen) -> Option<()> {
        for _ in 0..count {
            let (lon, lat) = self.position()?;
            pen.vertex_at(lon, lat);
        }
        pen.end_part(is_hole);
        Some(())
    }

    fn position(&mut self) -> Option<(f64, f64)> {
        if self.is_in_steps() {
            // By a product, which takes a third of a division: for drawing the last digit may be another.
            let degrees = |parts: i64| parts as f64 * (1.0 / PARTS);
            return Some((degrees(self.parts(0)?), degrees(self.parts(1)?)));
        }
        Some((self.degrees()?, self.degrees()?))
    }

    /// Whether coordinates are read as whole parts of a degree.
    pub(super) fn is_in_steps(&self) -> bool {
        self.how == IN_STEPS
    }

    /// The next coordinate in parts of a degree.
    pub(super) fn parts(&mut self, axis: usize) -> Option<i64> {
        let step = self.number()?;
        self.before[axis] += (step >> 1).cast_signed() ^ -(step & 1).cast_signed();
        Some(self.before[axis])
    }

    /// The next coordinate of those that are no whole parts.
    pub(super) fn degrees(&mut self) -> Option<f64> {
        let (value, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(f64::from_le_bytes(*value))
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        if let Some(eight) = self.bytes.first_chunk() {
            let (number, length) = number_of(u64::from_le_bytes(*eight));
            if length > 0 {
                self.bytes = &self.bytes[length..];
                return Some(number);
            }
        }
        self.number_by_bytes()
    }

    fn number_by_bytes(&mut self) -> Option<u64> {
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

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*byte)
    }
}

/// The number that eight bytes begin with, and how many of them it takes; none where it goes on beyond them. How long a
/// step is nobody foresees: no branch depends on it.
fn number_of(eight: u64) -> (u64, usize) {
    let ends = !eight & 0x8080_8080_8080_8080;
    if ends == 0 {
        return (0, 0);
    }
    // Ones up to the highest bit of the first byte without a sequel; seven of each byte count.
    let sevens = eight & (ends ^ (ends - 1)) & 0x7f7f_7f7f_7f7f_7f7f;
    let pairs = (sevens & 0x007f_007f_007f_007f) | (sevens & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    let number = (fours & 0x0fff_ffff) | (fours & 0x0fff_ffff_0000_0000) >> 4;
    (number, (ends.trailing_zeros() / 8 + 1) as usize)
}

#[cfg(test)]
pub(super) mod tests {
    use geo_types::GeometryCollection;
    use proptest::prelude::*;
    use spatial::formats::Told;
    use spatial::tiles::{Shapes, TileId};

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
        let hole = prop_oneof![9 => line(3), 1 => Just(LineString::new(Vec::new()))];
        let rings = (line(3), prop::collection::vec(hole, 0..3));
        rings.prop_map(|(exterior, holes)| Polygon::new(exterior, holes))
    }

    pub(in super::super) fn geometry() -> impl Strategy<Value = Geometry<f64>> {
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

    fn told(outlines: &Outlines, row: usize) -> Option<String> {
        let mut out = Vec::new();
        let has_any = outlines.tell(row, false, &mut out);
        String::from_utf8(out).ok().filter(|_| has_any)
    }

    fn whole(geometry: &Geometry<f64>) -> Option<String> {
        let is_latitude_first = false;
        serde_json::to_string(&Told {
            geometry,
            is_latitude_first,
        })
        .ok()
    }

    proptest! {
        #[test]
        fn a_number_is_read_the_same_by_eight_bytes_as_by_each(bytes: [u8; 12], cut in 0_usize..=12) {
            let read = |how: &dyn Fn(&mut Decoder<'_>) -> Option<u64>| {
                let mut decoder = Decoder { bytes: &bytes[..cut], how: IN_STEPS, before: [0; 2] };
                (how(&mut decoder), decoder.bytes)
            };
            let by_bytes = read(&|decoder| decoder.number_by_bytes());
            // What is no number at all is none either way; where it stops then does not matter.
            prop_assert_eq!(read(&|decoder| decoder.number()).0, by_bytes.0);
            if by_bytes.0.is_some() {
                prop_assert_eq!(read(&|decoder| decoder.number()), by_bytes);
            }
        }

        #[test]
        fn outlines_come_back_to_the_last_digit(first in geometry(), second in geometry()) {
            let mut outlines = Outlines::default();
            outlines.set(0, Some(&first));
            outlines.set(1, None);
            outlines.set(2, Some(&second));
            prop_assert_eq!(told(&outlines, 0), whole(&first));
            outlines.set(0, Some(&second));
            prop_assert_eq!(told(&outlines, 0), whole(&second));
            prop_assert_eq!((told(&outlines, 1), outlines.extent(1)), (None, None));
            prop_assert_eq!(told(&outlines, 2), whole(&second));
        }

        #[test]
        fn outlines_are_drawn_as_their_geometries_are(outline in geometry(), zoom in 0_u8..17) {
            let mut outlines = Outlines::default();
            outlines.set(0, Some(&outline));
            let mut shapes = Shapes::default();
            shapes.set(0, Some(&outline));
            prop_assert_eq!(outlines.kind(0), shapes.kind(0));
            let Some([west, north, ..]) = shapes.extent(0) else { return Ok(()) };
            let tile = TileId::of([west, north], zoom);
            let (mut one, mut other) = (Pen::new(tile), Pen::new(tile));
            let commands = |path: Option<&Path>| path.map(|p| p.commands().to_vec());
            prop_assert_eq!(commands(outlines.draw(0, &mut one)), commands(shapes.draw(0, &mut other)));
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
