//! 走过的路 — many lines, asked which of them pass near something.

use std::collections::BTreeSet;

use geo::{Distance, Euclidean, Intersects, MapCoords};
use geo_types::{Coord, Geometry, Line, LineString, Point};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::geodesic::{distance_m, line_length_m};
use crate::track::Plane;

type Edge = GeomWithData<Rectangle<[f64; 2]>, (u32, [Coord<f64>; 2])>;

/// 路网 — the edges of all lines, in a tree.
pub struct Ways {
    edges: RTree<Edge>,
}

impl Ways {
    /// The edges of lines; a line of one point is an edge of no length.
    pub fn of(lines: &[&LineString<f64>]) -> Self {
        let mut edges = Vec::new();
        for (number, line) in (0_u32..).zip(lines) {
            let single = [line.0.first(), line.0.first()];
            let pairs = line.0.windows(2).map(|w| [w[0], w[1]]);
            let pairs: Vec<[Coord<f64>; 2]> = match (line.0.len(), single) {
                (1, [Some(a), Some(b)]) => vec![[*a, *b]],
                _ => pairs.collect(),
            };
            edges.extend(pairs.into_iter().map(|pair| {
                let [a, b] = pair;
                let around = Rectangle::from_corners([a.x, a.y], [b.x, b.y]);
                Edge::new(around, (number, pair))
            }));
        }
        Self {
            edges: RTree::bulk_load(edges),
        }
    }

    /// Numbers of the lines that pass a shape as near as `near_m`.
    pub fn near(&self, shape: &Geometry<f64>, near_m: f64) -> BTreeSet<usize> {
        use geo::BoundingRect;
        let Some(bounds) = shape.bounding_rect() else {
            return BTreeSet::new();
        };
        let plane = Plane::at(bounds.center());
        let local = shape.map_coords(|c| plane.to(c));
        let (dx, dy) = (near_m / plane.lon_m, near_m / plane.lat_m);
        let around = AABB::from_corners(
            [bounds.min().x - dx, bounds.min().y - dy],
            [bounds.max().x + dx, bounds.max().y + dy],
        );
        let mut met = BTreeSet::new();
        for edge in self.edges.locate_in_envelope_intersecting(&around) {
            let (number, [a, b]) = edge.data;
            if met.contains(&(number as usize)) {
                continue;
            }
            let line = Line::new(plane.to(a), plane.to(b));
            if is_near(&local, line, near_m) {
                met.insert(number as usize);
            }
        }
        met
    }

    /// Numbers of the lines that pass a position as near as `near_m`.
    pub fn near_position(&self, at: Coord<f64>, near_m: f64) -> BTreeSet<usize> {
        self.near(&Point(at).into(), near_m)
    }
}

fn is_near(shape: &Geometry<f64>, line: Line<f64>, near_m: f64) -> bool {
    let line = LineString::from(vec![line.start, line.end]);
    let line = Geometry::LineString(line);
    shape.intersects(&line) || Euclidean.distance(shape, &line) <= near_m
}

/// 路段 — a piece of a line, as long as asked or shorter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    pub from: Coord<f64>,
    pub to: Coord<f64>,
    pub middle: Coord<f64>,
    pub length_m: f64,
}

/// Cuts every edge of a line into equal pieces no longer than `most_m`.
pub fn pieces(line: &LineString<f64>, most_m: f64) -> Vec<Piece> {
    let mut all = Vec::with_capacity((line_length_m(line) / most_m) as usize + line.0.len());
    for edge in line.0.windows(2) {
        let length_m = distance_m(edge[0], edge[1]);
        let count = (length_m / most_m).ceil().max(1.0);
        let at = |share: f64| Coord {
            x: edge[0].x + (edge[1].x - edge[0].x) * share,
            y: edge[0].y + (edge[1].y - edge[0].y) * share,
        };
        for n in 0..count as u32 {
            let n = f64::from(n);
            all.push(Piece {
                from: at(n / count),
                to: at((n + 1.0) / count),
                middle: at((n + 0.5) / count),
                length_m: length_m / count,
            });
        }
    }
    all
}

/// Metres from a position to the nearest of several lines; nothing where there is none.
pub fn distance_to_m(at: Coord<f64>, lines: &[LineString<f64>]) -> Option<f64> {
    let plane = Plane::at(at);
    let here = Point::new(0.0, 0.0);
    let to = |line: &LineString<f64>| {
        let local = line.map_coords(|c| plane.to(c));
        Euclidean.distance(&here, &local)
    };
    lines
        .iter()
        .filter(|l| !l.0.is_empty())
        .map(to)
        .min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::{line_string, polygon};

    #[test]
    fn only_lines_that_pass_near_are_met() {
        let past = line_string![(x: 106.50, y: 35.5000), (x: 106.52, y: 35.5000)];
        let away = line_string![(x: 106.50, y: 35.5100), (x: 106.52, y: 35.5100)];
        let stop = line_string![(x: 106.5102, y: 35.5002)];
        let ways = Ways::of(&[&past, &away, &stop]);
        // 33 m north of the first, a kilometre south of the second.
        let site = polygon![(x: 106.510, y: 35.5003), (x: 106.511, y: 35.5003), (x: 106.511, y: 35.5006), (x: 106.510, y: 35.5006)];
        let met = ways.near(&site.into(), 50.0);
        assert_eq!(met.into_iter().collect::<Vec<_>>(), [0, 2]);
        let inside = polygon![(x: 106.40, y: 35.4), (x: 106.6, y: 35.4), (x: 106.6, y: 35.6), (x: 106.4, y: 35.6)];
        assert_eq!(
            ways.near(&inside.into(), 1.0).len(),
            3,
            "what is passed through is near"
        );
    }

    #[test]
    fn pieces_make_up_the_line() {
        let line = line_string![(x: 106.50, y: 35.50), (x: 106.51, y: 35.50), (x: 106.51, y: 35.50), (x: 106.51, y: 35.501)];
        let pieces = pieces(&line, 50.0);
        let sum: f64 = pieces.iter().map(|p| p.length_m).sum();
        assert!((sum - line_length_m(&line)).abs() < 0.01, "{sum}");
        assert!(pieces.iter().all(|p| p.length_m <= 50.0));
    }

    #[test]
    fn a_position_is_as_far_as_from_the_nearest_point_of_a_line() {
        let line = line_string![(x: 106.50, y: 35.50), (x: 106.52, y: 35.50)];
        let at = Coord {
            x: 106.51,
            y: 35.501,
        };
        let metres = distance_to_m(at, &[line]).unwrap_or_default();
        assert!((metres - 110.95).abs() < 0.1, "{metres}");
        assert_eq!(distance_to_m(at, &[]), None);
    }
}
