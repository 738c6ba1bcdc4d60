//! Adds up the border of an intersection, piece by piece.

use std::ops::Range;

use super::shape::{Bounds, Dimension, Shape};
use super::side::{
    outline_left_of_edge, outline_turn, point_left_of_outline, points_left_of_outline,
};
use crate::authalic::Measure;

/// Edges of a chain taken together.
const RUN: usize = 16;

/// The intersection of one shape with one outline, while it is added up; reusable.
///
/// Give it every run of outline edges that may meet the bounds of the shape, then [`Clip::finish`].
#[derive(Debug, Default)]
pub struct Clip {
    /// By how much the winding of the outline changes along each edge of the shape.
    turns: Vec<i32>,
    sum: f64,
    crossings: u32,
    /// Chunks of the shape that may meet the run.
    near: Vec<u32>,
}

/// One outline edge on its way through the edges of the shape.
struct OutlineEdge {
    from: [f64; 2],
    to: [f64; 2],
    /// Change of the winding of the shape along the edge.
    turn: i32,
}

impl Clip {
    /// Begins anew, for `shape`.
    pub fn start(&mut self, shape: &Shape) {
        self.turns.clear();
        self.turns.resize(shape.edges(), 0);
        self.sum = 0.0;
        self.crossings = 0;
    }

    /// Adds consecutive outline points within `run_bounds`, the inside of the outline to the left.
    ///
    /// `inside` is the winding of the shape round the first point if it is known (from the end of the run before).
    /// Returns the winding round the last point.
    pub fn run(
        &mut self,
        shape: &Shape,
        measure: &impl Measure,
        run: &[[f64; 2]],
        run_bounds: &Bounds,
        inside: Option<i32>,
    ) -> i32 {
        let Some(&first) = run.first() else {
            return 0;
        };
        let bounds = shape.bounds();
        let areal = shape.dimension() == Dimension::Area;
        let known = inside.unwrap_or_else(|| {
            if areal && bounds.holds(first) {
                shape.winding_round(first)
            } else {
                0
            }
        });
        let mut inside = if areal { known } else { 0 };
        self.near.clear();
        self.near.extend(shape.chunks_meeting(run_bounds));
        if self.near.is_empty() && inside == 0 {
            return 0;
        }
        let mut side = outside(&bounds, first);
        for edge in run.windows(2) {
            let next = outside(&bounds, edge[1]);
            if side & next == 0 && edge[0] != edge[1] {
                inside = self.edge(shape, measure, [edge[0], edge[1]], inside);
            }
            side = next;
        }
        inside
    }

    /// Adds a whole ring or line.
    pub(crate) fn chain(&mut self, shape: &Shape, measure: &impl Measure, chain: &[[f64; 2]]) {
        let mut inside = None;
        for first in (0..chain.len().saturating_sub(1)).step_by(RUN) {
            let run = &chain[first..chain.len().min(first + RUN + 1)];
            inside = Some(self.run(shape, measure, run, &Bounds::of(run), inside));
        }
    }

    /// Adds one outline edge; returns the winding of the shape round its end.
    fn edge(
        &mut self,
        shape: &Shape,
        measure: &impl Measure,
        [from, to]: [[f64; 2]; 2],
        inside: i32,
    ) -> i32 {
        let mut edge = OutlineEdge { from, to, turn: 0 };
        let bounds = Bounds::of(&[from, to]);
        for at in 0..self.near.len() {
            let chunk = self.near[at];
            if shape.chunk_bounds(chunk).meets(&bounds) {
                self.cross(shape, measure, &mut edge, shape.chunk_edges(chunk));
            }
        }
        if shape.dimension() != Dimension::Area {
            return 0;
        }
        if inside != 0 {
            self.sum += f64::from(inside) * measure.edge(from, to);
        }
        inside + edge.turn
    }

    /// Finds the crossings of an outline edge with some edges of the shape.
    fn cross(
        &mut self,
        shape: &Shape,
        measure: &impl Measure,
        edge: &mut OutlineEdge,
        edges: Range<usize>,
    ) {
        let points = &shape.points()[edges.start..=edges.end];
        let sides = points_left_of_outline(edge.from, edge.to, points);
        let mut changes = (sides ^ sides >> 1) & ((1 << edges.len()) - 1);
        while changes != 0 {
            let at = changes.trailing_zeros() as usize;
            changes &= changes - 1;
            if separated(edge, points[at], points[at + 1]) {
                let enters = sides >> (at + 1) & 1 == 1;
                self.crossing(shape, measure, edge, edges.start + at, enters);
            }
        }
    }

    /// Books the crossing with edge `i` of the shape, which there enters or leaves the outline.
    fn crossing(
        &mut self,
        shape: &Shape,
        measure: &impl Measure,
        edge: &mut OutlineEdge,
        i: usize,
        enters: bool,
    ) {
        let sign = if enters { 1 } else { -1 };
        self.turns[i] += sign;
        if shape.is_joint(i) {
            return;
        }
        let (a, b) = (shape.points()[i], shape.points()[i + 1]);
        let [det, next_det] = [a, b].map(|p| point_left_of_outline(edge.from, edge.to, p).1);
        let t = (det / (det - next_det)).clamp(0.0, 1.0);
        let at = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
        let mut rest = measure.edge(at, b);
        if shape.dimension() == Dimension::Area {
            rest -= measure.edge(at, edge.to);
            edge.turn -= sign;
        }
        self.sum += f64::from(sign) * rest;
        self.crossings += 1;
    }

    /// How often the borders cross so far.
    pub fn crossings(&self) -> u32 {
        self.crossings
    }

    /// The measure of the shape inside the outline, whose winding round the first point of the shape is `winding`.
    pub fn finish(&self, shape: &Shape, measure: &impl Measure, winding: i32) -> f64 {
        let (mut sum, mut winding) = (self.sum, winding);
        for (i, edge) in shape.points().windows(2).enumerate() {
            if winding != 0 && !shape.is_joint(i) {
                sum += f64::from(winding) * measure.edge(edge[0], edge[1]);
            }
            winding += self.turns[i];
        }
        sum
    }

    /// How many points of the shape lie inside the outline, if its winding round the first is `winding`.
    pub fn points_inside(&self, winding: i32) -> usize {
        let mut winding = winding;
        let mut inside = usize::from(winding != 0);
        for turn in &self.turns {
            winding += turn;
            inside += usize::from(winding != 0);
        }
        inside
    }
}

/// Whether the ends of the outline edge lie on different sides of the shape's edge.
#[inline]
fn separated(edge: &OutlineEdge, a: [f64; 2], b: [f64; 2]) -> bool {
    outline_left_of_edge(a, b, edge.from) != outline_left_of_edge(a, b, edge.to)
}

/// On which sides of the box a point lies outside; two points with a side in common have no edge through the box.
#[inline]
fn outside(bounds: &Bounds, p: [f64; 2]) -> u8 {
    u8::from(p[0] < bounds.min[0])
        | u8::from(p[0] > bounds.max[0]) << 1
        | u8::from(p[1] < bounds.min[1]) << 2
        | u8::from(p[1] > bounds.max[1]) << 3
}

/// By how much the winding of the outline changes from `a` to `b` along a straight way, for the edges of a run.
pub(super) fn turns_on_the_way(a: [f64; 2], b: [f64; 2], bounds: &Bounds, run: &[[f64; 2]]) -> i32 {
    let mut turn = 0;
    let mut side = outside(bounds, run[0]);
    for edge in run.windows(2) {
        let next = outside(bounds, edge[1]);
        if side & next == 0 && edge[0] != edge[1] {
            let (was_left, _) = point_left_of_outline(edge[0], edge[1], a);
            let (is_left, _) = point_left_of_outline(edge[0], edge[1], b);
            let edge = OutlineEdge {
                from: edge[0],
                to: edge[1],
                turn: 0,
            };
            if was_left != is_left && separated(&edge, a, b) {
                turn += if is_left { 1 } else { -1 };
            }
        }
        side = next;
    }
    turn
}

/// The measure of `shape` inside the area `other`: both borders are walked, no index is needed.
pub fn areas_in_common(
    shape: &Shape,
    other: &Shape,
    measure: &impl Measure,
    clip: &mut Clip,
) -> f64 {
    let Some(&first) = shape.points().first() else {
        return 0.0;
    };
    clip.start(shape);
    for chain in other.chains() {
        clip.chain(shape, measure, chain);
    }
    clip.finish(shape, measure, winding_of(other, first))
}

/// How often the rings of `outline` go round the geometry point `p`.
pub(crate) fn winding_of(outline: &Shape, p: [f64; 2]) -> i32 {
    if !outline.bounds().holds(p) {
        return 0;
    }
    let ray = Bounds {
        min: p,
        max: [f64::INFINITY, p[1]],
    };
    let mut winding = 0;
    for chunk in outline.chunks_meeting(&ray) {
        for i in outline.chunk_edges(chunk) {
            let turn = outline_turn(outline.points()[i], outline.points()[i + 1], p);
            if turn != 0 && !outline.is_joint(i) {
                winding += turn;
            }
        }
    }
    winding
}
