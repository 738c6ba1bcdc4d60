//! A geometry flattened for clipping: one list of points, the joints between its chains, chunks of edges with bounds.

use std::ops::Range;

use geo_types::{Geometry, LineString, Polygon};

use super::side::edge_turn;
use crate::authalic::Measure;
use crate::gpb::{Blob, GpbError, Part};

/// Edges per chunk.
const CHUNK: usize = 8;

/// An axis-parallel box: least x, least y, greatest x, greatest y.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Least x and y.
    pub min: [f64; 2],
    /// Greatest x and y.
    pub max: [f64; 2],
}

/// What is counted of a geometry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Positions are counted.
    Point,
    /// Lengths are added.
    Line,
    /// Areas are added.
    Area,
}

/// A geometry flattened for clipping; reusable, so that a scan allocates nothing per feature.
///
/// Exterior rings run counter-clockwise and holes clockwise, whatever the input. Two consecutive points are an edge;
/// where one chain ends and the next begins the edge is a *joint*, which carries the winding across and has no measure.
#[derive(Debug, Clone)]
pub struct Shape {
    dimension: Dimension,
    points: Vec<[f64; 2]>,
    /// Indices of joints, ascending.
    joints: Vec<u32>,
    bounds: Bounds,
    chunks: Vec<Bounds>,
}

impl Bounds {
    /// Holds nothing.
    pub const EMPTY: Self = Self {
        min: [f64::INFINITY; 2],
        max: [f64::NEG_INFINITY; 2],
    };

    /// The least box round the points.
    pub fn of(points: &[[f64; 2]]) -> Self {
        let mut bounds = Self::EMPTY;
        for p in points {
            bounds.min = [least(p[0], bounds.min[0]), least(p[1], bounds.min[1])];
            bounds.max = [most(p[0], bounds.max[0]), most(p[1], bounds.max[1])];
        }
        bounds
    }

    /// The least box round both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            min: [self.min[0].min(other.min[0]), self.min[1].min(other.min[1])],
            max: [self.max[0].max(other.max[0]), self.max[1].max(other.max[1])],
        }
    }

    /// Whether the closed boxes share a point.
    pub fn meets(&self, other: &Self) -> bool {
        self.min[0] <= other.max[0]
            && self.max[0] >= other.min[0]
            && self.min[1] <= other.max[1]
            && self.max[1] >= other.min[1]
    }

    /// Whether the closed box holds the point.
    pub fn holds(&self, p: [f64; 2]) -> bool {
        self.min[0] <= p[0] && p[0] <= self.max[0] && self.min[1] <= p[1] && p[1] <= self.max[1]
    }

    /// The box grown by `x` and `y` on every side.
    #[must_use]
    pub fn grown(self, x: f64, y: f64) -> Self {
        Self {
            min: [self.min[0] - x, self.min[1] - y],
            max: [self.max[0] + x, self.max[1] + y],
        }
    }
}

impl Default for Shape {
    fn default() -> Self {
        Self::new(Dimension::Area)
    }
}

impl Shape {
    /// A shape without points.
    pub fn new(dimension: Dimension) -> Self {
        Self {
            dimension,
            points: Vec::new(),
            joints: Vec::new(),
            bounds: Bounds::EMPTY,
            chunks: Vec::new(),
        }
    }

    /// The parts of the highest dimension in a geometry; `None` if it has no points or an unusable one.
    pub fn from_geometry(geometry: &Geometry) -> Option<Self> {
        let mut shape = Self::new(dimension_of(geometry)?);
        shape.append(geometry);
        shape.finish().then_some(shape)
    }

    /// Fills the shape anew with the polygons of a blob; `false` if there is none, or a coordinate is unusable.
    pub fn read_polygons(&mut self, blob: &Blob<'_>) -> Result<bool, GpbError> {
        self.clear(Dimension::Area);
        let mut start = 0;
        blob.visit(|part| match part {
            Part::Exterior(ring) | Part::Interior(ring) => {
                start = self.points.len();
                ring.append_to(&mut self.points);
                self.close_ring(start, matches!(part, Part::Exterior(_)));
            }
            Part::Point(_) | Part::Line(_) => {}
        })?;
        Ok(self.finish())
    }

    /// Forgets all points.
    pub fn clear(&mut self, dimension: Dimension) {
        self.dimension = dimension;
        self.points.clear();
        self.joints.clear();
    }

    /// What is counted.
    pub fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// All points, chain after chain; rings end with their first point.
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }

    /// The least box round the points.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// How many edges, joints included.
    pub(super) fn edges(&self) -> usize {
        self.points.len().saturating_sub(1)
    }

    #[inline]
    pub(super) fn is_joint(&self, edge: usize) -> bool {
        !self.joints.is_empty() && self.joints.binary_search(&(edge as u32)).is_ok()
    }

    /// Numbers of the chunks that may meet `bounds`.
    pub(super) fn chunks_meeting(&self, bounds: &Bounds) -> impl Iterator<Item = u32> + '_ {
        let bounds = *bounds;
        (0..)
            .zip(&self.chunks)
            .filter(move |(_, chunk)| chunk.meets(&bounds))
            .map(|(number, _)| number)
    }

    #[inline]
    pub(super) fn chunk_bounds(&self, chunk: u32) -> &Bounds {
        &self.chunks[chunk as usize]
    }

    /// The edges of a chunk.
    #[inline]
    pub(super) fn chunk_edges(&self, chunk: u32) -> Range<usize> {
        let first = chunk as usize * CHUNK;
        first..self.edges().min(first + CHUNK)
    }

    /// The sum over all edges.
    pub fn total(&self, measure: &impl Measure) -> f64 {
        let mut total = 0.0;
        for (i, edge) in self.points.windows(2).enumerate() {
            if !self.is_joint(i) {
                total += measure.edge(edge[0], edge[1]);
            }
        }
        total
    }

    /// The centre of gravity of an area in the plane of its coordinates; `None` without area.
    pub fn area_centroid(&self) -> Option<[f64; 2]> {
        let origin = *self.points.first()?;
        let (mut doubled, mut sum) = (0.0, [0.0; 2]);
        for [a, b] in self.segments() {
            let (ax, ay, bx, by) = (
                a[0] - origin[0],
                a[1] - origin[1],
                b[0] - origin[0],
                b[1] - origin[1],
            );
            let cross = ax * by - bx * ay;
            doubled += cross;
            sum = [sum[0] + cross * (ax + bx), sum[1] + cross * (ay + by)];
        }
        let centroid = [
            origin[0] + sum[0] / (3.0 * doubled),
            origin[1] + sum[1] / (3.0 * doubled),
        ];
        (doubled > 0.0 && is_sound(centroid)).then_some(centroid)
    }

    /// How often the rings go round the outline point `c`.
    pub(super) fn winding_round(&self, c: [f64; 2]) -> i32 {
        let ray = Bounds {
            min: c,
            max: [f64::INFINITY, c[1]],
        };
        let mut winding = 0;
        for chunk in self.chunks_meeting(&ray) {
            for i in self.chunk_edges(chunk) {
                let turn = edge_turn(self.points[i], self.points[i + 1], c);
                if turn != 0 && !self.is_joint(i) {
                    winding += turn;
                }
            }
        }
        winding
    }

    /// Whether the area of the shape holds the point, its border half counted in.
    pub fn surrounds(&self, point: [f64; 2]) -> bool {
        self.dimension == Dimension::Area
            && self.bounds.holds(point)
            && self.winding_round(point) != 0
    }

    /// Calls `each` with the edges whose chunk meets `bounds`; a lone point is an edge to itself.
    pub(crate) fn each_segment_near(&self, bounds: &Bounds, mut each: impl FnMut([[f64; 2]; 2])) {
        if self.edges() == 0 || self.dimension == Dimension::Point {
            self.points.iter().for_each(|p| each([*p, *p]));
            return;
        }
        for chunk in self.chunks_meeting(bounds) {
            self.chunk_edges(chunk)
                .filter(|i| !self.is_joint(*i))
                .for_each(|i| each([self.points[i], self.points[i + 1]]));
        }
    }

    /// The edges that are no joints.
    pub fn segments(&self) -> impl Iterator<Item = [[f64; 2]; 2]> + '_ {
        let edges = self.points.windows(2).enumerate();
        edges
            .filter(|(i, _)| !self.is_joint(*i))
            .map(|(_, edge)| [edge[0], edge[1]])
    }

    /// The chains one by one: rings, lines, or single points.
    pub fn chains(&self) -> impl Iterator<Item = &[[f64; 2]]> + '_ {
        let starts = std::iter::once(0).chain(self.joints.iter().map(|joint| *joint as usize + 1));
        let ends = self
            .joints
            .iter()
            .map(|joint| *joint as usize + 1)
            .chain([self.points.len()]);
        starts
            .zip(ends)
            .map(|(start, end)| &self.points[start..end])
            .filter(|chain| !chain.is_empty())
    }

    /// Appends a position.
    pub fn push_point(&mut self, point: [f64; 2]) {
        self.begin_chain();
        self.points.push(point);
    }

    /// Appends a line.
    pub fn push_line(&mut self, line: impl Iterator<Item = [f64; 2]>) {
        let start = self.points.len();
        self.points.extend(line);
        self.join(start);
    }

    /// Appends a ring, closed or not, running either way.
    pub fn push_ring(&mut self, ring: impl Iterator<Item = [f64; 2]>, exterior: bool) {
        let start = self.points.len();
        self.points.extend(ring);
        self.close_ring(start, exterior);
    }

    fn begin_chain(&mut self) {
        let start = self.points.len();
        self.join(start);
    }

    /// Marks the edge before the chain that begins at `start` as a joint.
    fn join(&mut self, start: usize) {
        if start > 0 {
            self.joints.push(start as u32 - 1);
        }
    }

    fn close_ring(&mut self, start: usize, exterior: bool) {
        if orient_ring(&mut self.points, start, exterior) {
            self.join(start);
        }
    }

    /// Works out bounds and chunks; `false` if there are no points or one is unusable.
    pub fn finish(&mut self) -> bool {
        let chunk = |first: usize| {
            Bounds::of(&self.points[first..self.points.len().min(first + CHUNK + 1)])
        };
        self.chunks.clear();
        self.chunks
            .extend((0..self.edges()).step_by(CHUNK).map(chunk));
        self.bounds = match self.chunks.as_slice() {
            [] => Bounds::of(&self.points),
            chunks => chunks
                .iter()
                .fold(Bounds::EMPTY, |all, own| all.union(*own)),
        };
        !self.points.is_empty() && all_sound(&self.points)
    }

    fn append(&mut self, geometry: &Geometry) {
        match (self.dimension, geometry) {
            (_, Geometry::GeometryCollection(members)) => {
                members.iter().for_each(|member| self.append(member))
            }
            (Dimension::Point, Geometry::Point(p)) => self.push_point(p.0.into()),
            (Dimension::Point, Geometry::MultiPoint(ps)) => {
                ps.iter().for_each(|p| self.push_point(p.0.into()))
            }
            (Dimension::Line, Geometry::Line(l)) => {
                self.push_line([l.start.into(), l.end.into()].into_iter())
            }
            (Dimension::Line, Geometry::LineString(line)) => self.append_line(line),
            (Dimension::Line, Geometry::MultiLineString(lines)) => {
                lines.iter().for_each(|l| self.append_line(l))
            }
            (Dimension::Area, Geometry::Polygon(polygon)) => self.append_polygon(polygon),
            (Dimension::Area, Geometry::MultiPolygon(ps)) => {
                ps.iter().for_each(|p| self.append_polygon(p))
            }
            (Dimension::Area, Geometry::Rect(rect)) => self.append_polygon(&rect.to_polygon()),
            (Dimension::Area, Geometry::Triangle(t)) => self.append_polygon(&t.to_polygon()),
            _ => {}
        }
    }

    fn append_line(&mut self, line: &LineString) {
        if !line.0.is_empty() {
            self.push_line(line.0.iter().map(|c| (*c).into()));
        }
    }

    fn append_polygon(&mut self, polygon: &Polygon) {
        self.push_ring(polygon.exterior().0.iter().map(|c| (*c).into()), true);
        for hole in polygon.interiors() {
            self.push_ring(hole.0.iter().map(|c| (*c).into()), false);
        }
    }
}

/// The lesser, or `known` if `value` is no number; one machine instruction.
#[inline]
fn least(value: f64, known: f64) -> f64 {
    if value < known { value } else { known }
}

/// The greater, or `known` if `value` is no number.
#[inline]
fn most(value: f64, known: f64) -> f64 {
    if value > known { value } else { known }
}

/// Closes the ring that begins at `start` and lets its inside lie left; a ring without points is `false`.
pub(super) fn orient_ring(points: &mut Vec<[f64; 2]>, start: usize, exterior: bool) -> bool {
    let Some(first) = points.get(start).copied() else {
        return false;
    };
    if points[points.len() - 1] != first {
        points.push(first);
    }
    let ring = &mut points[start..];
    let doubled: f64 = ring
        .windows(2)
        .map(|e| {
            (e[0][0] - first[0]) * (e[1][1] - first[1])
                - (e[1][0] - first[0]) * (e[0][1] - first[1])
        })
        .sum();
    if (doubled > 0.0) != exterior {
        ring.reverse();
    }
    true
}

/// Whether all positions can be reckoned with; looks at every one, which is faster than stopping early.
pub(super) fn all_sound(points: &[[f64; 2]]) -> bool {
    points.iter().fold(true, |sound, p| sound & is_sound(*p))
}

/// Whether a position can be reckoned with: numbers, and small enough for their products.
pub(super) fn is_sound(p: [f64; 2]) -> bool {
    (p[0].abs() < 1e12) & (p[1].abs() < 1e12)
}

fn dimension_of(geometry: &Geometry) -> Option<Dimension> {
    match geometry {
        Geometry::Point(_) => Some(Dimension::Point),
        Geometry::MultiPoint(points) => (!points.0.is_empty()).then_some(Dimension::Point),
        Geometry::Line(_) => Some(Dimension::Line),
        Geometry::LineString(line) => (!line.0.is_empty()).then_some(Dimension::Line),
        Geometry::MultiLineString(lines) => lines
            .iter()
            .any(|l| !l.0.is_empty())
            .then_some(Dimension::Line),
        Geometry::Polygon(polygon) => (!polygon.exterior().0.is_empty()).then_some(Dimension::Area),
        Geometry::MultiPolygon(ps) => ps
            .iter()
            .any(|p| !p.exterior().0.is_empty())
            .then_some(Dimension::Area),
        Geometry::Rect(_) | Geometry::Triangle(_) => Some(Dimension::Area),
        Geometry::GeometryCollection(members) => members.iter().filter_map(dimension_of).max(),
    }
}

/// Square of the distance from `p` to the segment, in a plane whose axes are scaled by `scale`.
pub(crate) fn segment_distance_squared(p: [f64; 2], [a, b]: [[f64; 2]; 2], scale: [f64; 2]) -> f64 {
    let [px, py] = [(p[0] - a[0]) * scale[0], (p[1] - a[1]) * scale[1]];
    let [dx, dy] = [(b[0] - a[0]) * scale[0], (b[1] - a[1]) * scale[1]];
    let square = dx * dx + dy * dy;
    let t = if square > 0.0 {
        ((px * dx + py * dy) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (px - t * dx).powi(2) + (py - t * dy).powi(2)
}
