//! 方格 — a grid of squares over a territory: which of them belong to it, and which a way passes through.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use geo::{Area, BoundingRect};
use geo_types::{Coord, LineString, MultiPolygon, Polygon};

use crate::track::Plane;

/// 方格号 — row from the south edge, column from the west edge, from 0; written `r12c07`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId {
    pub row: i32,
    pub column: i32,
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{:02}c{:02}", self.row, self.column)
    }
}

impl FromStr for CellId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (row, column) = text
            .strip_prefix('r')
            .and_then(|t| t.split_once('c'))
            .ok_or(())?;
        let number = |t: &str| t.parse().ok();
        match (number(row), number(column)) {
            (Some(row), Some(column)) => Ok(Self { row, column }),
            _ => Err(()),
        }
    }
}

/// 方格网 — squares of one size, fixed to the south-west corner of a boundary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellGrid {
    plane: Plane,
    pub cell_m: f64,
}

/// What a way leaves in one cell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Trace {
    pub length_m: f64,
    /// Points of the line that lie in it.
    pub points: u32,
}

impl CellGrid {
    /// The grid over a boundary: rows by metres from its south edge, columns by metres at its middle latitude.
    pub fn over(boundary: &MultiPolygon<f64>, cell_m: f64) -> Option<Self> {
        let bounds = boundary.bounding_rect()?;
        let middle = Coord {
            x: bounds.min().x,
            y: f64::midpoint(bounds.min().y, bounds.max().y),
        };
        let plane = Plane {
            origin: bounds.min(),
            ..Plane::at(middle)
        };
        (cell_m > 0.0).then_some(Self { plane, cell_m })
    }

    fn to(self, at: Coord<f64>) -> Coord<f64> {
        let metres = self.plane.to(at);
        Coord {
            x: metres.x / self.cell_m,
            y: metres.y / self.cell_m,
        }
    }

    /// The cell a position lies in.
    pub fn cell_at(self, at: Coord<f64>) -> CellId {
        cell_of(self.to(at))
    }

    /// The square of a cell, in degrees.
    pub fn square(self, cell: CellId) -> Polygon<f64> {
        let corner = |column: i32, row: i32| {
            self.plane.back(Coord {
                x: f64::from(column) * self.cell_m,
                y: f64::from(row) * self.cell_m,
            })
        };
        let (row, column) = (cell.row, cell.column);
        let ring = [
            corner(column, row),
            corner(column + 1, row),
            corner(column + 1, row + 1),
            corner(column, row + 1),
            corner(column, row),
        ];
        Polygon::new(LineString(ring.to_vec()), Vec::new())
    }

    /// The cells of which a territory takes at least `least_share`, with the share.
    pub fn cells_of(
        self,
        territory: &MultiPolygon<f64>,
        least_share: f64,
    ) -> BTreeMap<CellId, f64> {
        let mut shares: BTreeMap<CellId, f64> = BTreeMap::new();
        for polygon in &territory.0 {
            let outer = self.ring(polygon.exterior());
            self.add_ring(&outer, 1.0, &mut shares);
            for hole in polygon.interiors() {
                self.add_ring(&self.ring(hole), -1.0, &mut shares);
            }
        }
        shares.retain(|_, share| *share >= least_share);
        shares
    }

    fn ring(self, ring: &LineString<f64>) -> Vec<Coord<f64>> {
        let mut points: Vec<Coord<f64>> = ring.0.iter().map(|c| self.to(*c)).collect();
        if points.first() == points.last() {
            points.pop();
        }
        points
    }

    /// Areas of a ring by cell: cut into rows, each row into cells. Edges of no width that cutting leaves have no area.
    fn add_ring(self, ring: &[Coord<f64>], sign: f64, shares: &mut BTreeMap<CellId, f64>) {
        let (Some(low), Some(high)) = (least(ring, |c| c.y), most(ring, |c| c.y)) else {
            return;
        };
        for row in low.floor() as i32..=high.floor() as i32 {
            let strip = between(ring, f64::from(row), |c| c.y, |x, y| Coord { x, y });
            let (Some(west), Some(east)) = (least(&strip, |c| c.x), most(&strip, |c| c.x)) else {
                continue;
            };
            for column in west.floor() as i32..=east.floor() as i32 {
                let cell = between(&strip, f64::from(column), |c| c.x, |y, x| Coord { x, y });
                let area = Polygon::new(LineString(cell), Vec::new()).unsigned_area();
                if area > 0.0 {
                    *shares.entry(CellId { row, column }).or_default() += sign * area;
                }
            }
        }
    }

    /// What a line leaves in each cell it passes.
    pub fn traces(self, line: &LineString<f64>) -> BTreeMap<CellId, Trace> {
        let mut traces: BTreeMap<CellId, Trace> = BTreeMap::new();
        let points: Vec<Coord<f64>> = line.0.iter().map(|c| self.to(*c)).collect();
        for point in &points {
            traces.entry(cell_of(*point)).or_default().points += 1;
        }
        for edge in points.windows(2) {
            let length_m = (edge[1].x - edge[0].x).hypot(edge[1].y - edge[0].y) * self.cell_m;
            for (from, to) in pieces(edge[0], edge[1]) {
                let middle = at(edge[0], edge[1], f64::midpoint(from, to));
                traces.entry(cell_of(middle)).or_default().length_m += length_m * (to - from);
            }
        }
        traces
    }
}

fn cell_of(at: Coord<f64>) -> CellId {
    CellId {
        row: at.y.floor() as i32,
        column: at.x.floor() as i32,
    }
}

fn at(from: Coord<f64>, to: Coord<f64>, share: f64) -> Coord<f64> {
    Coord {
        x: from.x + (to.x - from.x) * share,
        y: from.y + (to.y - from.y) * share,
    }
}

/// The parts of an edge between lines of the grid, as shares of it.
fn pieces(from: Coord<f64>, to: Coord<f64>) -> Vec<(f64, f64)> {
    let mut cuts = vec![0.0, 1.0];
    for (a, b) in [(from.x, to.x), (from.y, to.y)] {
        let (low, high) = (a.min(b), a.max(b));
        let mut line = low.floor() + 1.0;
        // An edge across the world would never end; none of a track is that long.
        while line < high && cuts.len() < 10_000 {
            cuts.push((line - a) / (b - a));
            line += 1.0;
        }
    }
    cuts.sort_by(f64::total_cmp);
    cuts.windows(2)
        .map(|w| (w[0], w[1]))
        .filter(|(a, b)| b > a)
        .collect()
}

fn least(ring: &[Coord<f64>], of: impl Fn(&Coord<f64>) -> f64) -> Option<f64> {
    ring.iter().map(of).min_by(f64::total_cmp)
}

fn most(ring: &[Coord<f64>], of: impl Fn(&Coord<f64>) -> f64) -> Option<f64> {
    ring.iter().map(of).max_by(f64::total_cmp)
}

/// The part of a ring between `from` and `from + 1` along one axis (Sutherland and Hodgman).
fn between(
    ring: &[Coord<f64>],
    from: f64,
    along: impl Fn(&Coord<f64>) -> f64,
    place: impl Fn(f64, f64) -> Coord<f64>,
) -> Vec<Coord<f64>> {
    let above = cut(ring, |c| along(c) - from, from, &along, &place);
    cut(
        &above,
        |c| from + 1.0 - along(c),
        from + 1.0,
        &along,
        &place,
    )
}

fn cut(
    ring: &[Coord<f64>],
    inside: impl Fn(&Coord<f64>) -> f64,
    line: f64,
    along: &impl Fn(&Coord<f64>) -> f64,
    place: &impl Fn(f64, f64) -> Coord<f64>,
) -> Vec<Coord<f64>> {
    let mut kept = Vec::new();
    for (i, here) in ring.iter().enumerate() {
        let before = &ring[(i + ring.len() - 1) % ring.len()];
        let (d0, d1) = (inside(before), inside(here));
        if (d0 >= 0.0) != (d1 >= 0.0) {
            let share = d0 / (d0 - d1);
            let met = at(*before, *here, share);
            // Exactly on the line, so that the neighbour's part ends where this one begins.
            let across = match along(&Coord { x: 1.0, y: 0.0 }) == 1.0 {
                true => met.y,
                false => met.x,
            };
            kept.push(place(across, line));
        }
        if d1 >= 0.0 {
            kept.push(*here);
        }
    }
    kept
}
