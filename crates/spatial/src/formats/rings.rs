//! Builds geometries out of vertex lists of unknown quality; what cannot stand is left out with a diagnostic at the ring.

use geo::coordinate_position::{CoordPos, coord_pos_relative_to_ring};
use geo_types::{
    Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, Rect,
};

use super::Reading;
use crate::diagnostic::{Diagnostic, Place};

/// No system of coordinates on Earth needs more; broken files hold values up to 1e308.
const LARGEST_COORDINATE: f64 = 1e12;

/// Vertex and box tests that one feature may cost when its holes are matched to their shells.
const NESTING_TESTS: u64 = 50_000_000;

/// Assembles the geometry of one feature and numbers its rings.
pub(crate) struct Assembly<'r, 'l> {
    pub(crate) reading: &'r mut Reading<'l>,
    feature: u64,
    ring: u32,
}

impl<'r, 'l> Assembly<'r, 'l> {
    pub(crate) fn new(reading: &'r mut Reading<'l>, feature: u64) -> Self {
        Self {
            reading,
            feature,
            ring: 0,
        }
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.reading.report_feature(self.feature, diagnostic);
    }

    fn report_ring(&mut self, diagnostic: Diagnostic) {
        let ring = Some(self.ring);
        let place = Place {
            ring,
            ..diagnostic.place.clone()
        };
        self.report(diagnostic.at(place));
    }

    pub(crate) fn point(&mut self, coord: Coord<f64>) -> Option<Point<f64>> {
        if !is_usable(coord) {
            self.report(unusable(coord, 1));
            return None;
        }
        if coord == (Coord { x: 0.0, y: 0.0 }) {
            // What many devices write when they had no fix.
            self.report(Diagnostic::warning("layer.point_at_zero"));
        }
        Some(Point(coord))
    }

    pub(crate) fn line(&mut self, coords: Vec<Coord<f64>>) -> Option<LineString<f64>> {
        self.ring += 1;
        if self.has_unusable(&coords) {
            return None;
        }
        if coords.len() < 2 {
            self.report_ring(
                Diagnostic::warning("layer.line_too_short").arg("count", coords.len()),
            );
            return None;
        }
        Some(LineString::new(coords))
    }

    /// The first ring is the exterior. Without a usable exterior there is no polygon.
    pub(crate) fn polygon(&mut self, rings: Vec<Vec<Coord<f64>>>) -> Option<Polygon<f64>> {
        let mut rings = rings.into_iter();
        let exterior = rings.next().and_then(|coords| self.ring(coords, true));
        let interiors: Vec<_> = rings
            .filter_map(|coords| self.ring(coords, false))
            .collect();
        Some(Polygon::new(exterior?, interiors))
    }

    fn ring(&mut self, mut coords: Vec<Coord<f64>>, is_exterior: bool) -> Option<LineString<f64>> {
        self.ring += 1;
        if self.has_unusable(&coords) {
            return None;
        }
        if open_length(&coords) < 3 {
            let severity = if is_exterior {
                Diagnostic::error
            } else {
                Diagnostic::warning
            };
            self.report_ring(severity("layer.ring_too_short").arg("count", coords.len()));
            return None;
        }
        if let (Some(first), Some(last)) = (coords.first().copied(), coords.last())
            && first != *last
        {
            self.report_ring(
                Diagnostic::note("layer.ring_not_closed")
                    .repair(format!("{},{}", first.x, first.y)),
            );
            coords.push(first);
        }
        Some(LineString::new(coords))
    }

    fn has_unusable(&mut self, coords: &[Coord<f64>]) -> bool {
        let found = coords.iter().position(|coord| !is_usable(*coord));
        if let Some(at) = found {
            let diagnostic = unusable(coords[at], at + 1);
            self.report_ring(diagnostic);
        }
        found.is_some()
    }

    /// Sorts loose rings into polygons, as a shapefile gives them: shells clockwise, holes the other way round, in any
    /// order.
    pub(crate) fn polygons_of_loose_rings(
        &mut self,
        rings: Vec<Vec<Coord<f64>>>,
    ) -> Vec<Polygon<f64>> {
        let rings: Vec<_> = rings
            .into_iter()
            .filter_map(|coords| self.ring(coords, true))
            .collect();
        let (shells, holes): (Vec<_>, Vec<_>) = rings
            .into_iter()
            .partition(|ring| doubled_area(ring) <= 0.0);
        if shells.is_empty() {
            return self.polygons_of_turned_rings(holes);
        }
        let mut nest = Nest::new(shells);
        for hole in holes {
            if let Some(lonely) = nest.place(hole) {
                self.report(Diagnostic::warning("layer.hole_without_shell"));
                nest.add_shell(lonely);
            }
        }
        self.polygons_of(nest)
    }

    /// A hole taken for a shell would be an area that is not there, so an unfinished sorting gives nothing.
    fn polygons_of(&mut self, nest: Nest) -> Vec<Polygon<f64>> {
        if nest.tests_left == 0 {
            self.report(Diagnostic::error("layer.rings_too_many"));
            return Vec::new();
        }
        nest.into_polygons()
    }

    /// All rings run the wrong way: the largest are shells, and what lies inside one is its hole.
    fn polygons_of_turned_rings(&mut self, mut rings: Vec<LineString<f64>>) -> Vec<Polygon<f64>> {
        if rings.is_empty() {
            return Vec::new();
        }
        self.report(Diagnostic::note("layer.ring_orientation"));
        rings.sort_by(|a, b| doubled_area(b).total_cmp(&doubled_area(a)));
        let mut nest = Nest::new(Vec::new());
        for ring in rings {
            if let Some(shell) = nest.place(ring) {
                nest.add_shell(shell);
            }
        }
        self.polygons_of(nest)
    }
}

struct Shell {
    envelope: Rect<f64>,
    ring: LineString<f64>,
    holes: Vec<LineString<f64>>,
}

/// Shells and the holes found for them so far.
struct Nest {
    shells: Vec<Shell>,
    tests_left: u64,
}

impl Nest {
    fn new(shells: Vec<LineString<f64>>) -> Self {
        let mut nest = Self {
            shells: Vec::new(),
            tests_left: NESTING_TESTS,
        };
        shells.into_iter().for_each(|shell| nest.add_shell(shell));
        nest
    }

    fn add_shell(&mut self, ring: LineString<f64>) {
        self.shells.push(Shell {
            envelope: envelope(&ring),
            ring,
            holes: Vec::new(),
        });
    }

    /// Gives the hole to the smallest shell around it, or back if there is none.
    fn place(&mut self, hole: LineString<f64>) -> Option<LineString<f64>> {
        if self.tests_left == 0 {
            return None;
        }
        let inner = envelope(&hole);
        let mut best: Option<(usize, f64)> = None;
        for (index, shell) in self.shells.iter().enumerate() {
            self.tests_left = self.tests_left.saturating_sub(1);
            let size = shell.envelope.width() * shell.envelope.height();
            let is_better = best.is_none_or(|(_, smallest)| size < smallest);
            if !is_better || !covers(&shell.envelope, &inner) {
                continue;
            }
            self.tests_left = self.tests_left.saturating_sub(shell.ring.0.len() as u64);
            if lies_inside(&hole, &shell.ring) {
                best = Some((index, size));
            }
        }
        let Some((index, _)) = best else {
            return Some(hole);
        };
        self.shells[index].holes.push(hole);
        None
    }

    fn into_polygons(self) -> Vec<Polygon<f64>> {
        self.shells
            .into_iter()
            .map(|shell| Polygon::new(shell.ring, shell.holes))
            .collect()
    }
}

/// Judged by the first vertex that is not on the shell itself, since holes may touch it.
fn lies_inside(hole: &LineString<f64>, shell: &LineString<f64>) -> bool {
    let mut positions = hole
        .0
        .iter()
        .take(8)
        .map(|coord| coord_pos_relative_to_ring(*coord, shell));
    let decided = positions.find(|position| *position != CoordPos::OnBoundary);
    decided.is_none_or(|position| position == CoordPos::Inside)
}

fn covers(outer: &Rect<f64>, inner: &Rect<f64>) -> bool {
    outer.min().x <= inner.min().x
        && outer.min().y <= inner.min().y
        && outer.max().x >= inner.max().x
        && outer.max().y >= inner.max().y
}

fn envelope(ring: &LineString<f64>) -> Rect<f64> {
    let first = ring.0.first().copied().unwrap_or_default();
    let (mut low, mut high) = (first, first);
    for coord in &ring.0 {
        low = Coord {
            x: low.x.min(coord.x),
            y: low.y.min(coord.y),
        };
        high = Coord {
            x: high.x.max(coord.x),
            y: high.y.max(coord.y),
        };
    }
    Rect::new(low, high)
}

/// Twice the planar area, positive if counter-clockwise. Relative to the first vertex, to keep the digits of large
/// eastings.
pub(super) fn doubled_area(ring: &LineString<f64>) -> f64 {
    let origin = ring.0.first().copied().unwrap_or_default();
    ring.lines()
        .map(|line| (line.start - origin, line.end - origin))
        .map(|(a, b)| a.x * b.y - b.x * a.y)
        .sum()
}

/// Vertices without the repeated last one.
fn open_length(coords: &[Coord<f64>]) -> usize {
    match coords {
        [first, .., last] if first == last => coords.len() - 1,
        _ => coords.len(),
    }
}

fn is_usable(coord: Coord<f64>) -> bool {
    coord.x.abs() <= LARGEST_COORDINATE && coord.y.abs() <= LARGEST_COORDINATE
}

fn unusable(coord: Coord<f64>, vertex: usize) -> Diagnostic {
    let place = Place {
        vertex: u32::try_from(vertex).ok(),
        ..Place::default()
    };
    Diagnostic::error("layer.coordinate_unusable")
        .arg("text", format!("{}, {}", coord.x, coord.y))
        .at(place)
}

/// One geometry out of several: the thing itself, a multi-geometry of its kind, or a collection.
pub(crate) fn gather(mut parts: Vec<Geometry<f64>>) -> Option<Geometry<f64>> {
    if parts.len() <= 1 {
        return parts.pop();
    }
    let all = |is: fn(&Geometry<f64>) -> bool| parts.iter().all(is);
    if all(|part| matches!(part, Geometry::Point(_))) {
        Some(
            MultiPoint(
                parts
                    .into_iter()
                    .filter_map(|part| part.try_into().ok())
                    .collect(),
            )
            .into(),
        )
    } else if all(|part| matches!(part, Geometry::LineString(_))) {
        Some(
            MultiLineString(
                parts
                    .into_iter()
                    .filter_map(|part| part.try_into().ok())
                    .collect(),
            )
            .into(),
        )
    } else if all(|part| matches!(part, Geometry::Polygon(_))) {
        Some(
            MultiPolygon(
                parts
                    .into_iter()
                    .filter_map(|part| part.try_into().ok())
                    .collect(),
            )
            .into(),
        )
    } else {
        Some(Geometry::GeometryCollection(parts.into()))
    }
}
