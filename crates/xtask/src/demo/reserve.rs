//! The reserve of the demonstration: the true extent and the true areas of the zones, everything
//! between them invented. The zones are the places where a made-up relief rises above three heights,
//! so they nest, share their borders vertex by vertex, and look grown.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

use super::plane::{
    Point, Polygon, Ring, contains, distance_m, envelope, polygon_area_m2, rounded, segments_meet,
    signed_area_m2,
};
use super::random::Random;

/// West, south, east, north of the true reserve.
pub(crate) const EXTENT: [f64; 4] = [106.4364, 35.3881, 106.6206, 35.6461];
/// True areas of the zones in hectares, strictest first.
pub(crate) const ZONES: [(&str, &str, f64); 3] = [
    ("core", "核心区", 6_680.0),
    ("buffer", "缓冲区", 4_645.0),
    ("experimental", "实验区", 4_958.0),
];
/// The four protection stations.
pub(crate) const STATIONS: [&str; 4] = ["后河", "麻武", "太统", "崆峒山"];
/// The place is the same whatever is made to happen in it.
const PLACE_SEED: u64 = 29;

/// A functional zone.
pub(crate) struct Zone {
    /// `core`, `buffer`, `experimental`.
    pub(crate) kind: &'static str,
    /// 核心区, 缓冲区, 实验区.
    pub(crate) label: &'static str,
    /// Parts with their holes.
    pub(crate) polygons: Vec<Polygon>,
}

impl Zone {
    /// Area on the ellipsoid.
    pub(crate) fn area_m2(&self) -> f64 {
        self.polygons.iter().map(polygon_area_m2).sum()
    }
}

/// A protection station and its territory.
pub(crate) struct Station {
    /// Short name, such as 麻武.
    pub(crate) name: &'static str,
    /// Border of the territory.
    pub(crate) ring: Ring,
}

/// Reserve, zones, stations.
pub(crate) struct Reserve {
    /// Border of the reserve.
    pub(crate) boundary: Ring,
    /// Core, buffer, experimental.
    pub(crate) zones: Vec<Zone>,
    /// In the order of [`STATIONS`].
    pub(crate) stations: Vec<Station>,
}

impl Reserve {
    /// Draws the reserve.
    pub(crate) fn draw() -> anyhow::Result<Self> {
        let relief = Relief::raised();
        let [core, buffer, experimental] = ZONES.map(|zone| zone.2 * 1e4);
        let boundary = relief.boundary(core + buffer + experimental)?;
        let outer = relief.rings(&boundary, core + buffer)?;
        let inner = relief.rings(&boundary, core)?;
        let stations = territories(&boundary.ring)?;
        Ok(Self {
            zones: nested(&boundary.ring, &outer, &inner),
            boundary: boundary.ring,
            stations,
        })
    }

    /// Index of the zone a point lies in, strictest first; nothing outside.
    pub(crate) fn zone_at(&self, point: Point) -> Option<usize> {
        self.zones.iter().position(|zone| {
            zone.polygons.iter().any(|polygon| {
                contains(&polygon.exterior, point)
                    && !polygon.interiors.iter().any(|hole| contains(hole, point))
            })
        })
    }

    /// Index of the station a point belongs to.
    pub(crate) fn station_at(&self, point: Point) -> Option<usize> {
        self.stations
            .iter()
            .position(|station| contains(&station.ring, point))
    }
}

fn nested(boundary: &Ring, outer: &[Ring], inner: &[Ring]) -> Vec<Zone> {
    let polygon = |ring: &Ring, rings: &[Ring]| Polygon {
        exterior: ring.clone(),
        interiors: rings
            .iter()
            .filter(|hole| contains(ring, hole[0]))
            .map(|hole| hole.iter().rev().copied().collect())
            .collect(),
    };
    let parts = [
        inner.iter().map(|ring| polygon(ring, &[])).collect(),
        outer.iter().map(|ring| polygon(ring, inner)).collect(),
        vec![polygon(boundary, outer)],
    ];
    let zone = |((kind, label, _), polygons)| Zone {
        kind,
        label,
        polygons,
    };
    ZONES.into_iter().zip(parts).map(zone).collect()
}

const COLUMNS: usize = 306;
const ROWS: usize = 477;
const STEP_KM: f64 = 0.07;
const MARGIN_KM: f64 = 2.5;
const SMALLEST_PART_M2: f64 = 600_000.0;

/// Ridge of the relief: east and north in kilometres, half width.
const RIDGE: [[f64; 3]; 7] = [
    [3.4, 25.6, 2.6],
    [6.9, 22.9, 3.4],
    [9.3, 18.6, 3.1],
    [7.9, 14.4, 2.5],
    [8.6, 10.2, 3.2],
    [11.0, 6.6, 3.4],
    [13.6, 3.2, 2.4],
];

/// Heights on a grid; the reserve is where they are above a level.
struct Relief {
    heights: Vec<f64>,
}

/// The border and how the grid is laid upon the earth.
struct Boundary {
    ring: Ring,
    level: f64,
    frame: [f64; 4],
}

impl Relief {
    fn raised() -> Self {
        let noise = Noise::new();
        let heights = (0..COLUMNS * ROWS)
            .map(|node| {
                let x = (node % COLUMNS) as f64 * STEP_KM - MARGIN_KM;
                let y = (node / COLUMNS) as f64 * STEP_KM - MARGIN_KM;
                ridge_height(x, y) + noise.at(x, y)
            })
            .collect();
        Self { heights }
    }

    /// The level whose largest ring, laid into the true extent, has the wanted area.
    fn boundary(&self, area_m2: f64) -> anyhow::Result<Boundary> {
        let at = |level| -> Option<Boundary> {
            let largest = self
                .contours(level)
                .into_iter()
                .max_by(|a, b| planar(a).total_cmp(&planar(b)))?;
            let frame = envelope(&largest);
            let ring = laid(&largest, frame);
            Some(Boundary { ring, level, frame })
        };
        let area = |level| at(level).map_or(0.0, |b| signed_area_m2(&b.ring));
        let level = solved(-1.5, 1.5, area_m2, area);
        let boundary = at(level).context("the relief has no boundary")?;
        ensure!(
            (signed_area_m2(&boundary.ring) / area_m2 - 1.0).abs() < 5e-5,
            "no level gives the reserve its area"
        );
        Ok(boundary)
    }

    /// Rings inside the boundary that together have the wanted area.
    fn rings(&self, boundary: &Boundary, area_m2: f64) -> anyhow::Result<Vec<Ring>> {
        let at = |level| -> Vec<Ring> {
            self.contours(level)
                .iter()
                .map(|ring| laid(ring, boundary.frame))
                .filter(|ring| signed_area_m2(ring) > SMALLEST_PART_M2)
                .filter(|ring| contains(&boundary.ring, ring[0]))
                .collect()
        };
        let area = |level| at(level).iter().map(|ring| signed_area_m2(ring)).sum();
        let level = solved(boundary.level, 4.0, area_m2, area);
        let rings = at(level);
        let total: f64 = rings.iter().map(|ring| signed_area_m2(ring)).sum();
        ensure!(
            (total / area_m2 - 1.0).abs() < 5e-5,
            "no level gives a zone its area: {total} for {area_m2}"
        );
        Ok(rings)
    }

    fn contours(&self, level: f64) -> Vec<Ring> {
        let mut next = BTreeMap::new();
        for row in 0..ROWS - 1 {
            for column in 0..COLUMNS - 1 {
                self.cross_cell(level, column, row, &mut next);
            }
        }
        let mut rings = Vec::new();
        while let Some((start, first)) = next.pop_first() {
            let mut ring = vec![self.crossing(level, start)];
            let mut edge = first;
            while edge != start {
                ring.push(self.crossing(level, edge));
                let Some(following) = next.remove(&edge) else {
                    break;
                };
                edge = following;
            }
            rings.push(thinned(&ring));
        }
        rings.retain(|ring| ring.len() > 8);
        rings
    }

    /// Marching squares with the high ground on the left.
    fn cross_cell(&self, level: f64, column: usize, row: usize, next: &mut BTreeMap<Edge, Edge>) {
        let node = row * COLUMNS + column;
        let corners = [node, node + 1, node + COLUMNS + 1, node + COLUMNS];
        let high = corners.map(|corner| self.heights[corner] > level);
        let middle = corners.iter().map(|&c| self.heights[c]).sum::<f64>() / 4.0 > level;
        let edges = [
            (node, false),
            (node + 1, true),
            (node + COLUMNS, false),
            (node, true),
        ];
        for corner in (0..4).filter(|&corner| high[corner] && !high[(corner + 1) % 4]) {
            next.insert(edges[corner], edges[exit(corner, high, middle)]);
        }
    }

    fn crossing(&self, level: f64, (node, upright): Edge) -> Point {
        let other = if upright { node + COLUMNS } else { node + 1 };
        let (a, b) = (self.heights[node], self.heights[other]);
        let share = ((level - a) / (b - a)).clamp(0.0, 1.0);
        let (column, row) = ((node % COLUMNS) as f64, (node / COLUMNS) as f64);
        if upright {
            [column, row + share]
        } else {
            [column + share, row]
        }
    }
}

/// The edge through which a border that came in behind a high corner leaves the cell.
fn exit(corner: usize, high: [bool; 4], middle: bool) -> usize {
    let is_saddle = high[(corner + 2) % 4] && !high[(corner + 3) % 4];
    if is_saddle && middle {
        return (corner + 1) % 4;
    }
    let mut first = corner;
    while high[(first + 3) % 4] {
        first = (first + 3) % 4;
    }
    (first + 3) % 4
}

/// A grid node and whether the edge goes up from it or to the right.
type Edge = (usize, bool);

/// Nodes of a contour nearer than this (in grid steps) to the one before say nothing.
const NEAREST: f64 = 0.3;

fn thinned(ring: &[Point]) -> Ring {
    let mut kept: Ring = Vec::with_capacity(ring.len());
    for &point in ring {
        let far = |last: &Point| (point[0] - last[0]).hypot(point[1] - last[1]) > NEAREST;
        if kept.last().is_none_or(far) {
            kept.push(point);
        }
    }
    kept.extend(kept.first().copied());
    kept
}

fn planar(ring: &[Point]) -> f64 {
    ring.windows(2)
        .map(|edge| edge[0][0] * edge[1][1] - edge[1][0] * edge[0][1])
        .sum()
}

fn laid(ring: &[Point], frame: [f64; 4]) -> Ring {
    let onto = |value: f64, axis: usize| {
        let share = (value - frame[axis]) / (frame[axis + 2] - frame[axis]);
        EXTENT[axis] + share * (EXTENT[axis + 2] - EXTENT[axis])
    };
    ring.iter()
        .map(|p| rounded([onto(p[0], 0), onto(p[1], 1)]))
        .collect()
}

/// The level at which a falling function takes the wanted value.
fn solved(mut low: f64, mut high: f64, wanted: f64, value: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..32 {
        let middle = f64::midpoint(low, high);
        if value(middle) > wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

fn ridge_height(x: f64, y: f64) -> f64 {
    let along = |a: [f64; 3], b: [f64; 3]| {
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let share = (((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
        let distance = (x - a[0] - share * dx).hypot(y - a[1] - share * dy);
        a[2] + share * (b[2] - a[2]) - distance
    };
    RIDGE
        .windows(2)
        .map(|pair| along(pair[0], pair[1]))
        .fold(f64::NEG_INFINITY, f64::max)
}

/// Hills of five sizes.
struct Noise {
    lattice: Vec<f64>,
}

impl Noise {
    const SIDE: usize = 64;

    fn new() -> Self {
        let mut random = Random::new(PLACE_SEED, "relief");
        let lattice = (0..Self::SIDE * Self::SIDE)
            .map(|_| random.between(-1.0, 1.0))
            .collect();
        Self { lattice }
    }

    fn at(&self, x: f64, y: f64) -> f64 {
        [
            (5.1, 1.15),
            (2.3, 0.72),
            (1.07, 0.36),
            (0.49, 0.17),
            (0.23, 0.08),
        ]
        .iter()
        .map(|(length, height)| height * self.smooth(x / length + 20.0, y / length + 20.0))
        .sum()
    }

    fn smooth(&self, x: f64, y: f64) -> f64 {
        let ease = |t: f64| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
        let (column, row) = (x.floor(), y.floor());
        let (u, v) = (ease(x - column), ease(y - row));
        let node = |dx: f64, dy: f64| {
            let wrap = |value: f64| (value as usize) % Self::SIDE;
            self.lattice[wrap(row + dy) * Self::SIDE + wrap(column + dx)]
        };
        let low = node(0.0, 0.0) * (1.0 - u) + node(1.0, 0.0) * u;
        let high = node(0.0, 1.0) * (1.0 - u) + node(1.0, 1.0) * u;
        low * (1.0 - v) + high * v
    }
}

/// Cuts the reserve along three winding lines: the north to 崆峒山, the south to 麻武, the middle
/// west to 后河 and east to 太统.
fn territories(boundary: &Ring) -> anyhow::Result<Vec<Station>> {
    let mut random = Random::new(PLACE_SEED, "territories");
    let (south, north, upper) = cut_across(boundary, 35.565, &mut random)?;
    let (lowest, middle, lower) = cut_across(&south, 35.462, &mut random)?;
    let [start, end] = [upper[upper.len() / 2], lower[lower.len() / 2]];
    let seam = winding(&middle, start, end, &mut random).context("no line parts the middle")?;
    let (one, other) = parted(&middle, &seam).context("the seam leaves the middle")?;
    let west_of = |a: &Ring, b: &Ring| center(a)[0] < center(b)[0];
    let (west, east) = if west_of(&one, &other) {
        (one, other)
    } else {
        (other, one)
    };
    let rings = [west, lowest, east, north];
    let station = |(name, ring)| Station { name, ring };
    Ok(STATIONS.into_iter().zip(rings).map(station).collect())
}

fn center(ring: &[Point]) -> Point {
    let sum = ring
        .iter()
        .fold([0.0, 0.0], |sum, p| [sum[0] + p[0], sum[1] + p[1]]);
    sum.map(|total| total / ring.len() as f64)
}

/// South part, north part, and the line between them.
fn cut_across(ring: &Ring, lat: f64, random: &mut Random) -> anyhow::Result<(Ring, Ring, Ring)> {
    let [start, end] = widest_chord(ring, lat).context("the ring does not reach the latitude")?;
    let line = winding(ring, start, end, random).context("no line crosses the reserve")?;
    let (one, other) = parted(ring, &line).context("the line leaves the reserve")?;
    if center(&one)[1] < center(&other)[1] {
        Ok((one, other, line))
    } else {
        Ok((other, one, line))
    }
}

/// The two vertices nearest to the ends of the longest stretch of a parallel inside the ring.
fn widest_chord(ring: &Ring, lat: f64) -> Option<[Point; 2]> {
    let mut crossings: Vec<Point> = ring
        .windows(2)
        .filter(|edge| (edge[0][1] > lat) != (edge[1][1] > lat))
        .map(|edge| edge[0])
        .collect();
    crossings.sort_by(|a, b| a[0].total_cmp(&b[0]));
    crossings
        .chunks_exact(2)
        .max_by(|a, b| (a[1][0] - a[0][0]).total_cmp(&(b[1][0] - b[0][0])))
        .map(|pair| [pair[0], pair[1]])
}

/// A winding line between two vertices of the ring that stays inside it.
fn winding(ring: &Ring, start: Point, end: Point, random: &mut Random) -> Option<Ring> {
    (0..400)
        .map(|attempt| {
            let sway = 0.16 * (1.0 - f64::from(attempt) / 400.0);
            displaced(start, end, sway, random)
        })
        .find(|line| stays_inside(ring, line))
}

fn displaced(start: Point, end: Point, sway: f64, random: &mut Random) -> Ring {
    let mut line = vec![start, end];
    for _ in 0..5 {
        let mut finer = vec![line[0]];
        for pair in line.windows(2) {
            let shift = sway * random.between(-0.7, 0.7);
            let [dx, dy] = [pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]];
            let middle = [
                f64::midpoint(pair[0][0], pair[1][0]) - dy * shift,
                f64::midpoint(pair[0][1], pair[1][1]) + dx * shift,
            ];
            finer.extend([rounded(middle), pair[1]]);
        }
        line = finer;
    }
    line
}

fn stays_inside(ring: &Ring, line: &Ring) -> bool {
    let inner = &line[1..line.len() - 1];
    let ends = [line[0], line[line.len() - 1]];
    let touches = |pair: &[Point]| {
        ring.windows(2)
            .filter(|edge| !edge.iter().any(|vertex| ends.contains(vertex)))
            .any(|edge| segments_meet([edge[0], edge[1]], [pair[0], pair[1]]))
    };
    inner.iter().all(|&point| {
        contains(ring, point) && ends.iter().all(|&end| distance_m(point, end) > 20.0)
    }) && !line.windows(2).any(touches)
}

/// The two rings on both sides of a line between two vertices of a ring.
fn parted(ring: &Ring, line: &Ring) -> Option<(Ring, Ring)> {
    let open = &ring[..ring.len() - 1];
    let find = |point: &Point| open.iter().position(|vertex| vertex == point);
    let (from, to) = (find(line.first()?)?, find(line.last()?)?);
    let walk = |from: usize, to: usize| -> Ring {
        let steps = (to + open.len() - from) % open.len();
        (0..=steps)
            .map(|step| open[(from + step) % open.len()])
            .collect()
    };
    let inner = &line[1..line.len() - 1];
    let mut one = walk(from, to);
    one.extend(inner.iter().rev());
    one.extend(one.first().copied());
    let mut other = walk(to, from);
    other.extend(inner);
    other.extend(other.first().copied());
    Some((one, other))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_zones_have_the_true_areas() {
        let reserve = Reserve::draw().unwrap();
        let mut total = 0.0;
        for (zone, (_, label, hectares)) in reserve.zones.iter().zip(ZONES) {
            let area = zone.area_m2() / 1e4;
            total += area;
            assert!((area / hectares - 1.0).abs() < 1e-4, "{label}: {area} ha");
        }
        let whole = signed_area_m2(&reserve.boundary) / 1e4;
        assert!((whole / 16_283.0 - 1.0).abs() < 1e-4, "{whole} ha");
        assert!((total - whole).abs() < 1e-3, "zones leave no gap");
    }

    #[test]
    fn the_reserve_fills_the_true_extent() {
        let found = envelope(&Reserve::draw().unwrap().boundary);
        assert_eq!(found, EXTENT);
    }

    #[test]
    fn the_stations_tile_the_reserve() {
        let reserve = Reserve::draw().unwrap();
        let sum: f64 = reserve
            .stations
            .iter()
            .map(|station| signed_area_m2(&station.ring))
            .sum();
        assert!((sum - signed_area_m2(&reserve.boundary)).abs() < 0.01);
        for station in &reserve.stations {
            assert!(signed_area_m2(&station.ring) > 1.5e7, "{}", station.name);
        }
    }

    #[test]
    fn zones_share_their_borders_vertex_by_vertex() {
        let reserve = Reserve::draw().unwrap();
        for zone in &reserve.zones[1..] {
            for hole in zone.polygons.iter().flat_map(|p| &p.interiors) {
                let shared = reserve.zones.iter().flat_map(|z| &z.polygons).any(|p| {
                    let mut border = p.exterior.clone();
                    border.reverse();
                    &border == hole
                });
                assert!(shared);
            }
        }
    }

    #[test]
    fn several_thousand_vertices_draw_it() {
        let reserve = Reserve::draw().unwrap();
        let count: usize = reserve
            .zones
            .iter()
            .flat_map(|zone| &zone.polygons)
            .map(|p| p.exterior.len() + p.interiors.iter().map(Vec::len).sum::<usize>())
            .sum();
        assert!(count > 3_000, "{count}");
    }
}
