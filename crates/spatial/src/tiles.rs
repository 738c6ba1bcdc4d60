//! Vector tiles — Mapbox Vector Tile 2.1: positions in web mercator as whole numbers, cut to a tile, written as protobuf.
//!
//! Positions are counted in 2^30 parts of the world, so that a tile's own units follow by shifting alone.

mod clip;
mod encode;
mod pen;
mod projection;

pub use clip::{clip_line, clip_ring};
pub use encode::{LayerWriter, Path, TileWriter, Value, Values};
pub use pen::Pen;
pub use projection::{degrees, mercator};

use geo_types::Geometry;

/// Parts of the world's width that positions are counted in.
pub const WORLD_BITS: u32 = 30;
/// Units of a tile's side.
pub const EXTENT: i32 = 4096;
const EXTENT_BITS: u32 = 12;
/// Units beyond the side that are drawn too, so that outlines do not end at the seam.
pub const BUFFER: i32 = 64;
/// Deepest zoom whose units are whole parts of the world.
pub const MAX_ZOOM: u8 = 18;

/// 瓦片 — one square of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileId {
    pub zoom: u8,
    pub column: u32,
    pub row: u32,
}

impl TileId {
    /// The tile, if there is such a one.
    pub fn new(zoom: u8, column: u32, row: u32) -> Option<Self> {
        let count = 1_u32.checked_shl(u32::from(zoom))?;
        (zoom <= MAX_ZOOM && column < count && row < count).then_some(Self { zoom, column, row })
    }

    fn shift(self) -> u32 {
        WORLD_BITS - u32::from(self.zoom) - EXTENT_BITS
    }

    /// West, north, east, south in parts of the world, `buffer` units wider on each side.
    pub fn bounds(self, buffer: i32) -> [i32; 4] {
        let side = 1_i64 << (WORLD_BITS - u32::from(self.zoom));
        let more = i64::from(buffer) << self.shift();
        let (x, y) = (i64::from(self.column) * side, i64::from(self.row) * side);
        let cut = |v: i64| v.clamp(0, (1 << WORLD_BITS) - 1) as i32;
        [
            cut(x - more),
            cut(y - more),
            cut(x + side - 1 + more),
            cut(y + side - 1 + more),
        ]
    }

    /// A position in the tile's own units.
    pub fn local(self, position: [i32; 2]) -> [i32; 2] {
        let side = WORLD_BITS - u32::from(self.zoom);
        let origin = [i64::from(self.column) << side, i64::from(self.row) << side];
        let unit = |v: i32, o: i64| ((i64::from(v) - o) >> self.shift()) as i32;
        [unit(position[0], origin[0]), unit(position[1], origin[1])]
    }

    /// The tile a position lies in.
    pub fn of(position: [i32; 2], zoom: u8) -> Self {
        let shift = WORLD_BITS - u32::from(zoom);
        Self {
            zoom,
            column: (position[0] >> shift) as u32,
            row: (position[1] >> shift) as u32,
        }
    }
}

/// A position's place in the order of tiles: all that lies in one tile, of whatever zoom, follows one another (Morton).
pub fn quad_order(position: [i32; 2]) -> u64 {
    let [x, y] = position.map(spread);
    x | y << 1
}

/// The bits of a number with room for another's between them.
fn spread(value: i32) -> u64 {
    let mut bits = u64::from(value.cast_unsigned());
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

/// What a geometry is made of, as tiles tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GeometryKind {
    Nothing,
    Points,
    Lines,
    Polygons,
}

/// One ring, line or set of points of a row.
#[derive(Debug, Clone, Copy)]
struct Part {
    start: u32,
    length: u32,
    is_hole: bool,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    kind: GeometryKind,
    first_part: u32,
    part_count: u32,
    extent: [i32; 4],
}

const NO_ROW: Row = Row {
    kind: GeometryKind::Nothing,
    first_part: 0,
    part_count: 0,
    extent: [0; 4],
};

/// 图形列 — geometries of many rows, projected, in flat lists.
#[derive(Debug, Clone, Default)]
pub struct Shapes {
    vertices: Vec<[i32; 2]>,
    parts: Vec<Part>,
    rows: Vec<Row>,
}

impl Shapes {
    /// Sets the geometry of a row; rows are set in order the first time.
    pub fn set(&mut self, row: usize, geometry: Option<&Geometry<f64>>) {
        let made = geometry.map_or(NO_ROW, |g| self.enter(g));
        if row < self.rows.len() {
            self.rows[row] = made;
        } else {
            self.rows.push(made);
        }
    }

    fn enter(&mut self, geometry: &Geometry<f64>) -> Row {
        let first_part = self.parts.len();
        let kind = self.add(geometry);
        let parts = &self.parts[first_part..];
        if parts.is_empty() {
            return NO_ROW;
        }
        let first_vertex = parts[0].start as usize;
        let start = [i32::MAX, i32::MAX, i32::MIN, i32::MIN];
        let extent = self.vertices[first_vertex..]
            .iter()
            .fold(start, |e, [x, y]| {
                [e[0].min(*x), e[1].min(*y), e[2].max(*x), e[3].max(*y)]
            });
        Row {
            kind,
            first_part: first_part as u32,
            part_count: parts.len() as u32,
            extent,
        }
    }

    fn add(&mut self, geometry: &Geometry<f64>) -> GeometryKind {
        match geometry {
            Geometry::Point(p) => self.part(&[p.0], false),
            Geometry::MultiPoint(points) => {
                let coords: Vec<_> = points.iter().map(|p| p.0).collect();
                self.part(&coords, false);
            }
            Geometry::LineString(line) => {
                self.part(&line.0, false);
                return GeometryKind::Lines;
            }
            Geometry::MultiLineString(lines) => {
                lines.iter().for_each(|l| self.part(&l.0, false));
                return GeometryKind::Lines;
            }
            Geometry::Polygon(polygon) => {
                self.polygon(polygon);
                return GeometryKind::Polygons;
            }
            Geometry::MultiPolygon(polygons) => {
                polygons.iter().for_each(|p| self.polygon(p));
                return GeometryKind::Polygons;
            }
            Geometry::GeometryCollection(all) => {
                let kinds = all.iter().map(|g| self.add(g));
                return kinds.max().unwrap_or(GeometryKind::Nothing);
            }
            _ => return GeometryKind::Nothing,
        }
        GeometryKind::Points
    }

    fn polygon(&mut self, polygon: &geo_types::Polygon<f64>) {
        // The tile format closes rings itself: the last vertex, which repeats the first, is left out.
        let open = |ring: &geo_types::LineString<f64>| ring.0.len().saturating_sub(1);
        let exterior = polygon.exterior();
        self.part(&exterior.0[..open(exterior)], false);
        for ring in polygon.interiors() {
            self.part(&ring.0[..open(ring)], true);
        }
    }

    fn part(&mut self, coords: &[geo_types::Coord<f64>], is_hole: bool) {
        if coords.is_empty() {
            return;
        }
        self.parts.push(Part {
            start: self.vertices.len() as u32,
            length: coords.len() as u32,
            is_hole,
        });
        self.vertices
            .extend(coords.iter().map(|c| mercator(c.x, c.y)));
    }

    /// What a row's geometry is made of.
    pub fn kind(&self, row: usize) -> GeometryKind {
        self.rows.get(row).map_or(GeometryKind::Nothing, |r| r.kind)
    }

    /// Smallest box around a row's geometry, if it has one.
    pub fn extent(&self, row: usize) -> Option<[i32; 4]> {
        let row = self.rows.get(row)?;
        (row.kind != GeometryKind::Nothing).then_some(row.extent)
    }

    /// Rings, lines or points of a row, and whether a ring is a hole.
    pub fn parts(&self, row: usize) -> impl Iterator<Item = (&[[i32; 2]], bool)> {
        let row = self.rows.get(row).unwrap_or(&NO_ROW);
        let first = row.first_part as usize;
        let parts = &self.parts[first..first + row.part_count as usize];
        parts.iter().map(|p| {
            let start = p.start as usize;
            (&self.vertices[start..start + p.length as usize], p.is_hole)
        })
    }

    /// A row's geometry as drawn in a tile: cut to it, thinned to its units; `None` where nothing is left.
    pub fn draw<'p>(&self, row: usize, pen: &'p mut Pen) -> Option<&'p Path> {
        pen.begin(self.kind(row));
        for (part, is_hole) in self.parts(row) {
            part.iter().for_each(|position| pen.vertex(*position));
            pen.end_part(is_hole);
        }
        pen.path()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_the_world_is_in_the_middle() {
        assert_eq!(mercator(0.0, 0.0), [1 << 29, 1 << 29]);
        let position = mercator(106.53, 35.55);
        let [lon, lat] = degrees(position);
        assert!((lon - 106.53).abs() < 1e-6 && (lat - 35.55).abs() < 1e-6);
        // The slippy-map tile of the place, as every map server numbers it.
        assert_eq!(TileId::of(position, 10), TileId::new(10, 815, 403).unwrap());
    }

    #[test]
    fn a_tile_knows_its_own_units() {
        let tile = TileId::new(14, 13_040, 6_460).unwrap();
        let [west, north, east, south] = tile.bounds(0);
        assert_eq!(tile.local([west, north]), [0, 0]);
        assert_eq!(tile.local([east, south]), [EXTENT - 1, EXTENT - 1]);
        assert!(TileId::new(3, 8, 0).is_none());
        assert!(TileId::new(19, 0, 0).is_none());
    }

    #[test]
    fn what_lies_in_a_tile_follows_one_another() {
        let inside = |tile: TileId| {
            let [west, north, east, south] = tile.bounds(0);
            quad_order([west, north])..=quad_order([east, south])
        };
        let position = mercator(106.53, 35.55);
        for zoom in 0..=MAX_ZOOM {
            let tile = TileId::of(position, zoom);
            let side = 1_u64 << (WORLD_BITS - u32::from(zoom));
            assert!(inside(tile).contains(&quad_order(position)));
            let [first, last] = [*inside(tile).start(), *inside(tile).end()];
            assert_eq!(last - first, side * side - 1, "and nothing else among it");
        }
    }
}
