//! Drawing geometries vertex by vertex: projected positions come in, commands of a tile go out.

use super::projection::NearProjection;
use super::{BUFFER, EXTENT, GeometryKind, Path, TileId, clip_line, clip_ring};

/// 笔 — draws one geometry after the other in a tile: cut to it, thinned to its units. What it writes on is used again.
pub struct Pen {
    tile: TileId,
    near: NearProjection,
    kind: GeometryKind,
    path: Path,
    /// The part under way in the tile's units, without vertices that fall on the one before: so many of these.
    part: Vec<[i32; 2]>,
    used: usize,
    /// Whether anything of the last ring that is no hole is drawn.
    is_shown: bool,
}

impl Pen {
    /// A pen for a tile.
    pub fn new(tile: TileId) -> Self {
        Self {
            tile,
            near: NearProjection::of(tile),
            kind: GeometryKind::Nothing,
            path: Path::new(GeometryKind::Nothing),
            part: Vec::new(),
            used: 0,
            is_shown: true,
        }
    }

    /// Begins another geometry.
    pub fn begin(&mut self, kind: GeometryKind) {
        self.kind = kind;
        self.path.restart(kind);
        self.used = 0;
        self.is_shown = true;
    }

    /// Goes on to a position of the part under way. The tile format closes rings itself: their first one is not repeated.
    pub fn vertex(&mut self, position: [i32; 2]) {
        self.go(self.tile.local(position));
    }

    /// The same for a longitude and a latitude.
    #[inline]
    pub fn vertex_at(&mut self, lon: f64, lat: f64) {
        self.go(self.near.local(lon, lat));
    }

    #[inline]
    fn go(&mut self, local: [i32; 2]) {
        if self.used == self.part.len() {
            self.make_room();
        }
        // Whether it falls on the one before is a toss-up that no processor foresees: it is written in any case, and
        // counted by arithmetic.
        let is_on_last = (self.used > 0) & (self.part[self.used.saturating_sub(1)] == local);
        let is_new = (self.kind == GeometryKind::Points) | !is_on_last;
        self.part[self.used] = local;
        self.used += usize::from(is_new);
    }

    #[cold]
    fn make_room(&mut self) {
        self.part.resize(2 * self.used + 16, [0; 2]);
    }

    /// Ends a ring, a line or a set of points.
    pub fn end_part(&mut self, is_hole: bool) {
        // Holes of a ring that vanished vanish with it.
        if self.used > 0 && (self.is_shown || !is_hole) {
            self.is_shown = self.draw_part(is_hole);
        }
        self.used = 0;
    }

    fn draw_part(&mut self, is_hole: bool) -> bool {
        let path = &mut self.path;
        let part = &self.part[..self.used];
        match self.kind {
            GeometryKind::Points => path.points(part),
            GeometryKind::Lines => {
                let mut is_any = false;
                for line in clip_line(part, -BUFFER, EXTENT + BUFFER) {
                    is_any |= path.line(&line);
                }
                is_any
            }
            GeometryKind::Polygons => {
                let cut = clip_ring(part, -BUFFER, EXTENT + BUFFER);
                path.ring(&cut, is_hole) || is_hole
            }
            GeometryKind::Nothing => false,
        }
    }

    /// What was drawn; `None` where nothing is left.
    pub fn path(&self) -> Option<&Path> {
        (!self.path.is_empty()).then_some(&self.path)
    }
}
