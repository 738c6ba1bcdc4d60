//! Splitting and joining rings on an integer grid whose every point is an exact f64.
//!
//! A finer grid would not survive the way back to f64: the rounded crossings could cross again.

use std::collections::BTreeMap;

use geo_types::{Coord, LineString, Polygon};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;

use crate::validity::nest;

/// Bits of a grid coordinate: below the 53 of f64, so that grid points and f64 are the same numbers. In degrees this
/// is a step of 2⁻⁴² (25 nm on the ground).
const GRID_BITS: i32 = 50;

type Contours = Vec<Vec<IntPoint<i64>>>;

/// What splitting gave: with the vertices of the input put back, and exactly on the grid.
pub(super) struct Split {
    /// Every vertex that was in the input is there unchanged. Almost always valid.
    pub(super) restored: Vec<Polygon<f64>>,
    /// Vertices moved to the grid, valid without exception.
    pub(super) on_grid: Vec<Polygon<f64>>,
}

/// Covers what the rings of each polygon enclose an odd number of times, and joins the polygons.
pub(super) fn split(polygons: &[Polygon<f64>]) -> Split {
    let mut grid = Grid::around(polygons);
    let mut areas: Vec<Contours> = Vec::new();
    for polygon in polygons {
        let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
        let contours: Contours = rings.map(|ring| grid.contour(ring)).collect();
        areas.extend(overlay(&contours, FillRule::EvenOdd));
    }
    let joined = overlay(&areas.concat(), FillRule::NonZero);
    let restored = polygons_of(&joined, |point| grid.restored(point));
    let on_grid = polygons_of(&joined, |point| grid.exact(point));
    Split { restored, on_grid }
}

fn overlay(contours: &Contours, rule: FillRule) -> Vec<Contours> {
    // Vertices on straight edges stay: a neighbor may share them.
    let options = IntOverlayOptions {
        preserve_input_collinear: true,
        preserve_output_collinear: true,
        ..IntOverlayOptions::ogc()
    };
    Overlay::<i64>::from_subj_custom(contours, options, Default::default())
        .overlay(OverlayRule::Subject, rule)
}

struct Grid {
    scale: f64,
    /// The input vertex of a grid point.
    origins: BTreeMap<(i64, i64), Coord<f64>>,
}

impl Grid {
    fn around(polygons: &[Polygon<f64>]) -> Grid {
        let rings = polygons
            .iter()
            .flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()));
        let reach = rings
            .flat_map(|ring| &ring.0)
            .fold(1.0_f64, |reach, at| reach.max(at.x.abs()).max(at.y.abs()));
        // Powers of two scale without rounding.
        let exponent = GRID_BITS - (reach.log2().floor() as i32 + 1);
        Grid {
            scale: 2.0_f64.powi(exponent),
            origins: BTreeMap::new(),
        }
    }

    fn contour(&mut self, ring: &LineString<f64>) -> Vec<IntPoint<i64>> {
        let open = ring.0.iter().take(ring.0.len().saturating_sub(1));
        let points = open.map(|at| {
            let point = IntPoint::new(
                (at.x * self.scale).round() as i64,
                (at.y * self.scale).round() as i64,
            );
            self.origins.insert((point.x, point.y), *at);
            point
        });
        points.collect()
    }

    fn exact(&self, point: IntPoint<i64>) -> Coord<f64> {
        Coord {
            x: point.x as f64 / self.scale,
            y: point.y as f64 / self.scale,
        }
    }

    fn restored(&self, point: IntPoint<i64>) -> Coord<f64> {
        self.origins
            .get(&(point.x, point.y))
            .copied()
            .unwrap_or_else(|| self.exact(point))
    }
}

/// The polygons of an overlay. Its rings are right but it may give a hole to a neighboring part, so they are nested
/// anew.
fn polygons_of(
    shapes: &[Contours],
    place: impl Fn(IntPoint<i64>) -> Coord<f64>,
) -> Vec<Polygon<f64>> {
    let ring = |contour: &Vec<IntPoint<i64>>| -> LineString<f64> {
        contour.iter().map(|point| place(*point)).collect()
    };
    let shells = shapes
        .iter()
        .filter_map(|shape| shape.first())
        .map(ring)
        .collect();
    let holes = shapes
        .iter()
        .flat_map(|shape| shape.iter().skip(1))
        .map(ring)
        .collect();
    nest(shells, holes)
}
