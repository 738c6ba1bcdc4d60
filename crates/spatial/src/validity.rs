//! 拓扑检查 — which rules of the Simple Features standard a geometry breaks, and where.
//!
//! One spatial join of all edges finds every crossing, overlap and touch; containment of rings is decided by one ray
//! per ring through the same index. Both are near-linear on real shapes, and their work is capped on hostile ones
//! ([`Fault::TooComplex`]).

use std::collections::BTreeMap;

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon};

use crate::diagnostic::{Diagnostic, Place, Severity};

mod rings;

pub(crate) use rings::{is_spike, nest};

/// Faults of one kind listed per geometry; the rest are counted in [`Fault::Suppressed`].
const MAX_OF_A_KIND: usize = 50;

/// 拓扑错误 — one broken rule. Rings count from 1 over all parts (1 is the exterior of the first polygon), vertices
/// from 1 in the ring or line, as in [`Place`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// A coordinate is not a finite number.
    NonFiniteCoordinate { ring: u32, vertex: u32 },
    /// A ring has fewer than three distinct vertices, a line fewer than two.
    TooFewPoints { ring: u32, distinct: u32 },
    /// The last vertex of a ring differs from the first.
    UnclosedRing {
        ring: u32,
        first: Coord<f64>,
        last: Coord<f64>,
    },
    /// A vertex equals the one before it. Harmless, and mended without doubt.
    RepeatedPoint {
        ring: u32,
        vertex: u32,
        at: Coord<f64>,
    },
    /// The boundary runs to a tip and back along itself.
    Spike {
        ring: u32,
        vertex: u32,
        at: Coord<f64>,
    },
    /// The ring crosses itself once, and its two lobes run in opposite directions: two vertices were exchanged.
    BowTie {
        ring: u32,
        vertex: u32,
        at: Coord<f64>,
    },
    /// The ring crosses or runs along itself; `vertex` begins the edge.
    SelfIntersection {
        ring: u32,
        vertex: u32,
        at: Coord<f64>,
    },
    /// The ring touches itself at a point, without crossing.
    SelfTouch {
        ring: u32,
        vertex: u32,
        at: Coord<f64>,
    },
    /// Two rings of one polygon cross.
    RingsCross {
        ring: u32,
        other: u32,
        at: Coord<f64>,
    },
    /// Two rings of one polygon run along each other.
    RingsOverlap {
        ring: u32,
        other: u32,
        at: Coord<f64>,
    },
    /// Two parts of a multi-polygon overlap: their rings cross.
    OverlappingParts {
        ring: u32,
        other: u32,
        at: Coord<f64>,
    },
    /// Two parts of a multi-polygon share an edge.
    SharedEdge {
        ring: u32,
        other: u32,
        at: Coord<f64>,
    },
    /// An interior ring lies outside its exterior ring.
    HoleOutsideShell {
        ring: u32,
        shell: u32,
        at: Coord<f64>,
    },
    /// An interior ring lies within another of the same polygon.
    NestedHoles {
        ring: u32,
        inside: u32,
        at: Coord<f64>,
    },
    /// A part lies within another part.
    NestedShells {
        ring: u32,
        inside: u32,
        at: Coord<f64>,
    },
    /// Rings touch so that the interior falls into several pieces.
    DisconnectedInterior { ring: u32, at: Coord<f64> },
    /// More edges lie across each other than the check will look at; the geometry is not taken.
    TooComplex { pairs: u64 },
    /// Further faults of kinds already listed.
    Suppressed { count: u64 },
}

impl Fault {
    /// The stable code of the diagnostic.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::NonFiniteCoordinate { .. } => "geometry.non_finite_coordinate",
            Fault::TooFewPoints { .. } => "geometry.too_few_points",
            Fault::UnclosedRing { .. } => "geometry.unclosed_ring",
            Fault::RepeatedPoint { .. } => "geometry.repeated_point",
            Fault::Spike { .. } => "geometry.spike",
            Fault::BowTie { .. } => "geometry.bow_tie",
            Fault::SelfIntersection { .. } => "geometry.self_intersection",
            Fault::SelfTouch { .. } => "geometry.self_touch",
            Fault::RingsCross { .. } => "geometry.rings_cross",
            Fault::RingsOverlap { .. } => "geometry.rings_overlap",
            Fault::OverlappingParts { .. } => "geometry.overlapping_parts",
            Fault::SharedEdge { .. } => "geometry.shared_edge",
            Fault::HoleOutsideShell { .. } => "geometry.hole_outside_shell",
            Fault::NestedHoles { .. } => "geometry.nested_holes",
            Fault::NestedShells { .. } => "geometry.nested_shells",
            Fault::DisconnectedInterior { .. } => "geometry.disconnected_interior",
            Fault::TooComplex { .. } => "geometry.too_complex",
            Fault::Suppressed { .. } => "geometry.more_faults",
        }
    }

    /// How much the fault weighs: a repeated point is a remark, everything else breaks the standard.
    pub fn severity(&self) -> Severity {
        match self {
            Fault::RepeatedPoint { .. } | Fault::Suppressed { .. } => Severity::Note,
            _ => Severity::Error,
        }
    }

    /// Ring and vertex the fault points at, from 1.
    pub fn place(&self) -> Place {
        let (ring, vertex) = match *self {
            Fault::NonFiniteCoordinate { ring, vertex }
            | Fault::RepeatedPoint { ring, vertex, .. }
            | Fault::Spike { ring, vertex, .. }
            | Fault::BowTie { ring, vertex, .. }
            | Fault::SelfIntersection { ring, vertex, .. }
            | Fault::SelfTouch { ring, vertex, .. } => (Some(ring), Some(vertex)),
            Fault::TooFewPoints { ring, .. }
            | Fault::UnclosedRing { ring, .. }
            | Fault::RingsCross { ring, .. }
            | Fault::RingsOverlap { ring, .. }
            | Fault::OverlappingParts { ring, .. }
            | Fault::SharedEdge { ring, .. }
            | Fault::HoleOutsideShell { ring, .. }
            | Fault::NestedHoles { ring, .. }
            | Fault::NestedShells { ring, .. }
            | Fault::DisconnectedInterior { ring, .. } => (Some(ring), None),
            Fault::TooComplex { .. } | Fault::Suppressed { .. } => (None, None),
        };
        Place {
            ring,
            vertex,
            ..Place::default()
        }
    }

    /// Where on the ground the fault is.
    pub fn at(&self) -> Option<Coord<f64>> {
        match *self {
            Fault::RepeatedPoint { at, .. }
            | Fault::Spike { at, .. }
            | Fault::BowTie { at, .. }
            | Fault::SelfIntersection { at, .. }
            | Fault::SelfTouch { at, .. }
            | Fault::RingsCross { at, .. }
            | Fault::RingsOverlap { at, .. }
            | Fault::OverlappingParts { at, .. }
            | Fault::SharedEdge { at, .. }
            | Fault::HoleOutsideShell { at, .. }
            | Fault::NestedHoles { at, .. }
            | Fault::NestedShells { at, .. }
            | Fault::DisconnectedInterior { at, .. } => Some(at),
            Fault::UnclosedRing { last, .. } => Some(last),
            _ => None,
        }
    }

    /// The other ring involved.
    pub fn other_ring(&self) -> Option<u32> {
        match *self {
            Fault::RingsCross { other, .. }
            | Fault::RingsOverlap { other, .. }
            | Fault::OverlappingParts { other, .. }
            | Fault::SharedEdge { other, .. } => Some(other),
            Fault::HoleOutsideShell { shell, .. } => Some(shell),
            Fault::NestedHoles { inside, .. } | Fault::NestedShells { inside, .. } => Some(inside),
            _ => None,
        }
    }

    /// The number the sentence speaks of: distinct points, edge pairs, further faults.
    fn count(&self) -> Option<u64> {
        match *self {
            Fault::TooFewPoints { distinct, .. } => Some(u64::from(distinct)),
            Fault::TooComplex { pairs } => Some(pairs),
            Fault::Suppressed { count } => Some(count),
            _ => None,
        }
    }
}

impl From<&Fault> for Diagnostic {
    fn from(fault: &Fault) -> Diagnostic {
        let place = fault.place();
        let ring = place.ring;
        let vertex = place.vertex;
        let blank = match fault.severity() {
            Severity::Note => Diagnostic::note(fault.code()),
            Severity::Warning => Diagnostic::warning(fault.code()),
            Severity::Error => Diagnostic::error(fault.code()),
        };
        let args = [
            ("ring", ring.map(|value| value.to_string())),
            ("vertex", vertex.map(|value| value.to_string())),
            ("other", fault.other_ring().map(|value| value.to_string())),
            ("count", fault.count().map(|value| value.to_string())),
            ("at", fault.at().map(position_text)),
        ];
        let filled = args
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        filled.fold(blank.at(place), |diagnostic, (name, value)| {
            diagnostic.arg(name, value)
        })
    }
}

/// A position as people read it: longitude and latitude to a centimetre.
pub(crate) fn position_text(at: Coord<f64>) -> String {
    format!("{:.7}, {:.7}", at.x, at.y)
}

/// Every rule the geometry breaks, in the order of rings; empty when it is valid.
pub fn validate(geometry: &Geometry<f64>) -> Vec<Fault> {
    let mut faults = Faults::default();
    visit(geometry, &mut 0, &mut faults);
    faults.finish()
}

/// Whether nothing but remarks is found.
pub fn is_valid(geometry: &Geometry<f64>) -> bool {
    validate(geometry)
        .iter()
        .all(|fault| fault.severity() < Severity::Error)
}

/// What is wrong with a ring as it stands in a file, before it becomes part of a polygon (which closes it).
pub fn check_ring_closed(vertices: &[Coord<f64>], ring: u32) -> Option<Fault> {
    let (first, last) = (*vertices.first()?, *vertices.last()?);
    (first != last).then_some(Fault::UnclosedRing { ring, first, last })
}

/// The faults found so far, with a limit for each kind.
#[derive(Default)]
struct Faults {
    listed: Vec<Fault>,
    counts: BTreeMap<&'static str, usize>,
    suppressed: u64,
}

impl Faults {
    fn push(&mut self, fault: Fault) {
        let count = self.counts.entry(fault.code()).or_default();
        *count += 1;
        if *count <= MAX_OF_A_KIND {
            self.listed.push(fault);
        } else {
            self.suppressed += 1;
        }
    }

    fn finish(mut self) -> Vec<Fault> {
        self.listed.sort_by_key(|fault| {
            let place = fault.place();
            (place.ring.unwrap_or(u32::MAX), place.vertex.unwrap_or(0))
        });
        if self.suppressed > 0 {
            self.listed.push(Fault::Suppressed {
                count: self.suppressed,
            });
        }
        self.listed
    }
}

/// Checks one geometry; `ring` counts the rings and lines already seen.
fn visit(geometry: &Geometry<f64>, ring: &mut u32, faults: &mut Faults) {
    match geometry {
        Geometry::Point(point) => check_points(&[point.0], ring, faults),
        Geometry::MultiPoint(points) => points
            .iter()
            .for_each(|point| check_points(&[point.0], ring, faults)),
        Geometry::Line(line) => check_line(&LineString::from(*line), ring, faults),
        Geometry::LineString(line) => check_line(line, ring, faults),
        Geometry::MultiLineString(lines) => {
            lines.iter().for_each(|line| check_line(line, ring, faults))
        }
        Geometry::Polygon(polygon) => check_areas(std::slice::from_ref(polygon), ring, faults),
        Geometry::MultiPolygon(MultiPolygon(parts)) => check_areas(parts, ring, faults),
        Geometry::Rect(rect) => check_areas(&[rect.to_polygon()], ring, faults),
        Geometry::Triangle(triangle) => check_areas(&[triangle.to_polygon()], ring, faults),
        Geometry::GeometryCollection(members) => members
            .iter()
            .for_each(|member| visit(member, ring, faults)),
    }
}

/// Non-finite coordinates of a point, line or ring; true when all are finite.
fn check_points(vertices: &[Coord<f64>], ring: &mut u32, faults: &mut Faults) {
    *ring += 1;
    check_finite(vertices, *ring, faults);
}

fn check_finite(vertices: &[Coord<f64>], ring: u32, faults: &mut Faults) -> bool {
    let mut is_finite = true;
    for (vertex, coordinate) in (1..).zip(vertices) {
        if !coordinate.x.is_finite() || !coordinate.y.is_finite() {
            is_finite = false;
            faults.push(Fault::NonFiniteCoordinate { ring, vertex });
        }
    }
    is_finite
}

/// A line may cross itself; it needs two distinct points.
fn check_line(line: &LineString<f64>, ring: &mut u32, faults: &mut Faults) {
    *ring += 1;
    if line.0.is_empty() || !check_finite(&line.0, *ring, faults) {
        return;
    }
    check_repeats(&line.0, *ring, faults);
    if line.0.iter().all(|vertex| *vertex == line.0[0]) {
        faults.push(Fault::TooFewPoints {
            ring: *ring,
            distinct: 1,
        });
    }
}

fn check_repeats(vertices: &[Coord<f64>], ring: u32, faults: &mut Faults) {
    for (vertex, pair) in (2..).zip(vertices.windows(2)) {
        if pair[0] == pair[1] {
            faults.push(Fault::RepeatedPoint {
                ring,
                vertex,
                at: pair[1],
            });
        }
    }
}

/// Checks polygons that form one geometry.
fn check_areas(parts: &[Polygon<f64>], ring: &mut u32, faults: &mut Faults) {
    let mut boundary = rings::Boundary::default();
    for (part, polygon) in (0..).zip(parts) {
        for (index, line) in std::iter::once(polygon.exterior())
            .chain(polygon.interiors())
            .enumerate()
        {
            *ring += 1;
            if let Some(vertices) = usable_ring(line, *ring, faults) {
                boundary.add(rings::Ring {
                    number: *ring,
                    part,
                    is_hole: index > 0,
                    vertices,
                });
            }
        }
    }
    boundary.check(faults);
}

/// The distinct consecutive vertices of a ring without its closing one, with their numbers; none if it is no ring.
fn usable_ring(
    line: &LineString<f64>,
    ring: u32,
    faults: &mut Faults,
) -> Option<Vec<(Coord<f64>, u32)>> {
    if line.0.is_empty() || !check_finite(&line.0, ring, faults) {
        return None;
    }
    check_repeats(&line.0, ring, faults);
    let mut vertices: Vec<(Coord<f64>, u32)> = line.0.iter().copied().zip(1..).collect();
    vertices.dedup_by(|next, kept| next.0 == kept.0);
    if vertices.len() > 1 && vertices.first().map(|v| v.0) == vertices.last().map(|v| v.0) {
        vertices.pop();
    }
    if vertices.len() < 3 {
        let distinct = u32::try_from(vertices.len()).unwrap_or(u32::MAX);
        faults.push(Fault::TooFewPoints { ring, distinct });
        return None;
    }
    Some(vertices)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use rstest::rstest;
    use wkt::TryFromWkt;

    fn faults(text: &str) -> Vec<Fault> {
        validate(&Geometry::try_from_wkt_str(text).unwrap())
    }

    fn codes(text: &str) -> Vec<&'static str> {
        faults(text).iter().map(Fault::code).collect()
    }

    #[test]
    fn a_bow_tie_is_reported_with_its_crossing() {
        let found = faults("POLYGON((0 0, 10 10, 10 0, 0 10, 0 0))");
        assert_eq!(
            found,
            [Fault::BowTie {
                ring: 1,
                vertex: 1,
                at: Coord { x: 5.0, y: 5.0 }
            }]
        );
        let diagnostic = Diagnostic::from(&found[0]);
        assert_eq!(
            (diagnostic.code.as_ref(), diagnostic.severity),
            ("geometry.bow_tie", Severity::Error)
        );
        assert_eq!(diagnostic.args["at"], "5.0000000, 5.0000000");
        assert_eq!(diagnostic.place.ring, Some(1));
    }

    #[rstest]
    #[case::a_loop_in_one_direction(
        "POLYGON((0 0, 6 0, 6 3, 4 3, 4 -1, 10 -1, 10 10, 0 10, 0 0))",
        "geometry.self_intersection"
    )]
    #[case::a_spike("POLYGON((0 0, 10 0, 15 0, 10 0, 10 10, 0 10, 0 0))", "geometry.spike")]
    #[case::a_spike_at_the_start("POLYGON((-5 0, 10 0, 10 10, 0 10, 0 0, -5 0))", "geometry.spike")]
    #[case::a_self_touch("POLYGON((0 0, 10 0, 10 10, 5 0, 0 10, 0 0))", "geometry.self_touch")]
    #[case::a_hole_outside(
        "POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (20 20, 21 20, 21 21, 20 20))",
        "geometry.hole_outside_shell"
    )]
    #[case::a_hole_across(
        "POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (8 2, 12 2, 12 4, 8 4, 8 2))",
        "geometry.rings_cross"
    )]
    #[case::a_hole_along_the_edge(
        "POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (2 0, 4 0, 4 4, 2 0))",
        "geometry.rings_overlap"
    )]
    #[case::a_hole_in_a_hole(
        "POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (1 1, 9 1, 9 9, 1 9, 1 1), (3 3, 4 3, 4 4, 3 3))",
        "geometry.nested_holes"
    )]
    #[case::a_part_in_a_part(
        "MULTIPOLYGON(((0 0, 10 0, 10 10, 0 10, 0 0)), ((2 2, 3 2, 3 3, 2 2)))",
        "geometry.nested_shells"
    )]
    #[case::overlapping_parts(
        "MULTIPOLYGON(((0 0, 10 0, 10 10, 0 10, 0 0)), ((5 5, 15 5, 15 8, 5 8, 5 5)))",
        "geometry.overlapping_parts"
    )]
    #[case::parts_side_by_side(
        "MULTIPOLYGON(((0 0, 10 0, 10 10, 0 10, 0 0)), ((10 0, 20 0, 20 10, 10 10, 10 0)))",
        "geometry.shared_edge"
    )]
    #[case::a_hole_that_cuts_the_interior(
        "POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (0 0, 5 4, 10 10, 4 5, 0 0))",
        "geometry.disconnected_interior"
    )]
    #[case::two_points("POLYGON((0 0, 10 0, 0 0, 0 0))", "geometry.too_few_points")]
    #[case::a_line_of_one_place("LINESTRING(1 1, 1 1)", "geometry.too_few_points")]
    fn each_broken_rule_has_its_name(#[case] text: &str, #[case] code: &str) {
        let found = codes(text);
        assert!(found.contains(&code), "{found:?}");
        assert!(
            found
                .iter()
                .all(|found| *found == code || *found == "geometry.repeated_point"),
            "{found:?}"
        );
    }

    #[rstest]
    #[case("POLYGON((0 0, 10 0, 10 10, 0 10, 0 0))")]
    #[case("POLYGON EMPTY")]
    #[case("POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (0 5, 5 4, 5 6, 0 5))")]
    #[case("MULTIPOLYGON(((0 0, 10 0, 10 10, 0 10, 0 0)), ((10 10, 20 10, 20 20, 10 10)))")]
    #[case(
        "MULTIPOLYGON(((0 0, 10 0, 10 10, 0 10, 0 0), (1 1, 9 1, 9 9, 1 9, 1 1)), ((3 3, 4 3, 4 4, 3 3)))"
    )]
    #[case("LINESTRING(0 0, 10 10, 10 0, 0 10)")]
    #[case(
        "POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (2 2, 5 3, 5 5, 2 2), (5 5, 8 5, 8 8, 5 5), (5 5, 2 8, 3 6, 5 5))"
    )]
    fn what_the_standard_allows_is_not_reported(#[case] text: &str) {
        assert_eq!(faults(text), []);
    }

    #[test]
    fn a_coordinate_that_is_no_number_is_named_by_ring_and_vertex() {
        let line = LineString::from(vec![(1.0, 1.0), (f64::NAN, 1.0)]);
        assert_eq!(
            validate(&Geometry::LineString(line)),
            [Fault::NonFiniteCoordinate { ring: 1, vertex: 2 }]
        );
        let ring = LineString::from(vec![(0.0, 0.0), (1.0, 0.0), (f64::INFINITY, 1.0)]);
        let polygon = Geometry::Polygon(Polygon::new(ring, vec![]));
        assert_eq!(
            validate(&polygon),
            [Fault::NonFiniteCoordinate { ring: 1, vertex: 3 }]
        );
    }

    #[test]
    fn a_ring_of_a_hundred_thousand_vertices_is_checked_within_the_budget() {
        let wave = |step: u32| {
            let angle = f64::from(step) / 100_000.0 * std::f64::consts::TAU;
            let radius = 1.0 + 0.3 * (angle * 40.0).sin() + 0.001 * (angle * 9_000.0).sin();
            (106.5 + radius * angle.cos(), 35.5 + radius * angle.sin())
        };
        let ring = LineString::from_iter((0..100_000).map(wave));
        assert_eq!(validate(&Geometry::Polygon(Polygon::new(ring, vec![]))), []);
    }

    #[test]
    fn a_hostile_comb_ends_with_a_refusal_instead_of_hours() {
        // Long diagonals side by side: every bounding box meets every other.
        let tooth = |step: u32| {
            let offset = f64::from(step) * 1e-6;
            if step.is_multiple_of(2) {
                (offset, 0.0)
            } else {
                (offset + 10.0, 10.0)
            }
        };
        let ring = LineString::from_iter((0..40_000).map(tooth));
        let found = validate(&Geometry::Polygon(Polygon::new(ring, vec![])));
        assert!(
            found
                .iter()
                .any(|fault| matches!(fault, Fault::TooComplex { .. })),
            "{found:?}"
        );
    }

    #[test]
    fn a_repeated_point_is_a_remark_and_the_geometry_stays_valid() {
        let text = "POLYGON((0 0, 10 0, 10 0, 10 10, 0 10, 0 0))";
        assert_eq!(
            faults(text),
            [Fault::RepeatedPoint {
                ring: 1,
                vertex: 3,
                at: Coord { x: 10.0, y: 0.0 }
            }]
        );
        assert!(is_valid(&Geometry::try_from_wkt_str(text).unwrap()));
    }

    #[test]
    fn an_open_ring_is_seen_before_it_is_closed() {
        let open = [
            Coord { x: 0.0, y: 0.0 },
            Coord { x: 1.0, y: 0.0 },
            Coord { x: 1.0, y: 1.0 },
        ];
        assert_eq!(
            check_ring_closed(&open, 2),
            Some(Fault::UnclosedRing {
                ring: 2,
                first: open[0],
                last: open[2]
            })
        );
        assert_eq!(check_ring_closed(&[open[0], open[1], open[0]], 2), None);
        assert_eq!(check_ring_closed(&[], 2), None);
    }

    #[test]
    fn many_faults_of_a_kind_are_counted_rather_than_listed() {
        let line = LineString::from(vec![(1.0, 1.0); 500]);
        let found = validate(&Geometry::LineString(line));
        assert_eq!(
            found
                .iter()
                .filter(|fault| matches!(fault, Fault::RepeatedPoint { .. }))
                .count(),
            MAX_OF_A_KIND
        );
        assert_eq!(found.last(), Some(&Fault::Suppressed { count: 499 - 50 }));
    }

    #[test]
    fn rings_are_numbered_through_all_parts() {
        let found = faults(
            "MULTIPOLYGON(((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1)), ((20 0, 30 10, 30 0, 20 10, 20 0)))",
        );
        assert_eq!(
            found,
            [Fault::BowTie {
                ring: 3,
                vertex: 1,
                at: Coord { x: 25.0, y: 5.0 }
            }]
        );
    }
}
