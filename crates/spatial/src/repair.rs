//! 几何修复 — the nearest valid geometry, with every change told.
//!
//! Repeated points and wrong ring directions are mended silently in effect but never in words; spikes are cut; rings
//! that cross themselves or each other are split by the even-odd rule (a bow tie becomes two triangles), and parts that
//! overlap are joined. What vanishes is reported with its size, and both areas are given, so that a person can judge.

use geo_types::{
    Coord, Geometry, GeometryCollection, Line, LineString, MultiLineString, MultiPoint,
    MultiPolygon, Polygon,
};

use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::geodesic;
use crate::validity::{self, Fault, position_text};

mod split;

/// 修复结果 — a mended geometry and what was done to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    /// The mended geometry; of the same type, except that a polygon may have become several.
    pub geometry: Geometry<f64>,
    /// Every change, in the order it was made; empty when the geometry was valid and well oriented.
    pub changes: Vec<Diagnostic>,
    /// Geodesic area as given: exterior less interiors as they stand, lobes of a crossing ring cancelling out.
    pub area_before_m2: f64,
    /// Geodesic area after mending.
    pub area_after_m2: f64,
}

impl Repaired {
    /// Whether anything had to be changed.
    pub fn is_changed(&self) -> bool {
        !self.changes.is_empty()
    }
}

/// Mends a geometry. Never fails: what cannot be mended is taken out and reported as an error among the changes.
pub fn repair(geometry: &Geometry<f64>) -> Repaired {
    let mut mender = Mender::default();
    let mended = mender.geometry(geometry);
    let (area_before_m2, area_after_m2) = (geodesic::area_m2(geometry), geodesic::area_m2(&mended));
    mender.report_area(area_before_m2, area_after_m2);
    Repaired {
        geometry: mended,
        changes: mender.changes,
        area_before_m2,
        area_after_m2,
    }
}

/// Closes a ring as it stands in a file: the change, if one was needed.
pub fn close_ring(vertices: &mut Vec<Coord<f64>>, ring: u32) -> Option<Diagnostic> {
    let fault = validity::check_ring_closed(vertices, ring)?;
    vertices.push(*vertices.first()?);
    let gap_m = match fault {
        Fault::UnclosedRing { first, last, .. } => geodesic::distance_m(last, first),
        _ => 0.0,
    };
    let place = Place {
        ring: Some(ring),
        ..Place::default()
    };
    Some(
        Diagnostic::note("geometry.ring_closed")
            .at(place)
            .arg("ring", ring)
            .arg("gap_m", format!("{gap_m:.2}")),
    )
}

#[derive(Default)]
struct Mender {
    changes: Vec<Diagnostic>,
    /// Rings and lines met so far, as [`Place`] counts them.
    ring: u32,
}

impl Mender {
    fn geometry(&mut self, geometry: &Geometry<f64>) -> Geometry<f64> {
        match geometry {
            Geometry::Point(point) => self
                .points(&[point.0])
                .first()
                .map_or_else(empty, |at| Geometry::Point((*at).into())),
            Geometry::MultiPoint(points) => {
                let finite = points.iter().flat_map(|point| self.points(&[point.0]));
                Geometry::MultiPoint(MultiPoint::from_iter(finite))
            }
            Geometry::Line(Line { start, end }) => {
                self.lines(&[LineString::from(vec![*start, *end])])
            }
            Geometry::LineString(line) => self.lines(std::slice::from_ref(line)),
            Geometry::MultiLineString(lines) => match self.lines(&lines.0) {
                Geometry::LineString(line) => {
                    Geometry::MultiLineString(MultiLineString(vec![line]))
                }
                other => other,
            },
            Geometry::Polygon(polygon) => self.areas(std::slice::from_ref(polygon)),
            Geometry::MultiPolygon(parts) => match self.areas(&parts.0) {
                Geometry::Polygon(part) => Geometry::MultiPolygon(MultiPolygon(vec![part])),
                other => other,
            },
            Geometry::Rect(rect) => self.areas(&[rect.to_polygon()]),
            Geometry::Triangle(triangle) => self.areas(&[triangle.to_polygon()]),
            Geometry::GeometryCollection(members) => {
                let mended = members.iter().map(|member| self.geometry(member)).collect();
                Geometry::GeometryCollection(GeometryCollection(mended))
            }
        }
    }

    fn points(&mut self, vertices: &[Coord<f64>]) -> Vec<Coord<f64>> {
        self.ring += 1;
        self.finite(vertices)
    }

    /// Vertices without the non-finite ones.
    fn finite(&mut self, vertices: &[Coord<f64>]) -> Vec<Coord<f64>> {
        let is_finite = |at: &&Coord<f64>| at.x.is_finite() && at.y.is_finite();
        let kept: Vec<Coord<f64>> = vertices.iter().filter(is_finite).copied().collect();
        self.tell(
            Severity::Warning,
            "geometry.vertices_dropped",
            vertices.len() - kept.len(),
            None,
        );
        kept
    }

    fn lines(&mut self, lines: &[LineString<f64>]) -> Geometry<f64> {
        let mut mended: Vec<LineString<f64>> =
            lines.iter().filter_map(|line| self.line(line)).collect();
        match (mended.len(), mended.pop()) {
            (1, Some(line)) => Geometry::LineString(line),
            (_, last) => Geometry::MultiLineString(mended.into_iter().chain(last).collect()),
        }
    }

    fn line(&mut self, line: &LineString<f64>) -> Option<LineString<f64>> {
        self.ring += 1;
        let finite = self.finite(&line.0);
        let distinct = self.distinct(finite);
        if distinct.len() < 2 && !line.0.is_empty() {
            self.tell(
                Severity::Warning,
                "geometry.line_dropped",
                1,
                distinct.first().copied(),
            );
        }
        (distinct.len() >= 2).then(|| LineString::from(distinct))
    }

    /// Vertices without repeats of the one before.
    fn distinct(&mut self, mut vertices: Vec<Coord<f64>>) -> Vec<Coord<f64>> {
        let before = vertices.len();
        vertices.dedup();
        self.tell(
            Severity::Note,
            "geometry.repeats_removed",
            before - vertices.len(),
            None,
        );
        vertices
    }

    fn areas(&mut self, parts: &[Polygon<f64>]) -> Geometry<f64> {
        let first_ring = self.ring + 1;
        let cleaned: Vec<Polygon<f64>> = parts
            .iter()
            .filter_map(|polygon| self.cleaned(polygon))
            .collect();
        let split = self.split(cleaned, first_ring);
        let oriented = self.oriented(split);
        match <[Polygon<f64>; 1]>::try_from(oriented) {
            Ok([polygon]) => Geometry::Polygon(polygon),
            Err(polygons) => {
                let is_lost =
                    polygons.is_empty() && parts.iter().any(|part| !part.exterior().0.is_empty());
                if is_lost {
                    self.changes.push(Diagnostic::error("geometry.collapsed"));
                }
                Geometry::MultiPolygon(MultiPolygon(polygons))
            }
        }
    }

    /// The polygon with each ring cleaned by itself; none when its exterior is no ring.
    fn cleaned(&mut self, polygon: &Polygon<f64>) -> Option<Polygon<f64>> {
        let exterior = self.ring(polygon.exterior());
        let interiors: Vec<LineString<f64>> = polygon
            .interiors()
            .iter()
            .filter_map(|ring| self.ring(ring))
            .collect();
        // Interiors left without their exterior would turn into land by the even-odd rule.
        if exterior.is_none() && !interiors.is_empty() {
            self.tell(
                Severity::Warning,
                "geometry.ring_dropped",
                interiors.len(),
                None,
            );
        }
        exterior.map(|exterior| Polygon::new(exterior, interiors))
    }

    fn ring(&mut self, ring: &LineString<f64>) -> Option<LineString<f64>> {
        self.ring += 1;
        let finite = self.finite(&ring.0);
        let distinct = self.distinct(finite);
        let mended = self.without_spikes(distinct);
        if mended.is_none() && !ring.0.is_empty() {
            self.tell(
                Severity::Warning,
                "geometry.ring_dropped",
                1,
                ring.0.first().copied(),
            );
        }
        mended
    }

    /// The ring without the parts that run out and back; none when nothing with an area is left.
    fn without_spikes(&mut self, mut vertices: Vec<Coord<f64>>) -> Option<LineString<f64>> {
        if vertices.len() > 1 && vertices.first() == vertices.last() {
            vertices.pop();
        }
        let before = vertices.len();
        let mut tip = None;
        let mut kept: Vec<Coord<f64>> = Vec::with_capacity(before);
        for vertex in vertices {
            kept.push(vertex);
            tip = cut_tail(&mut kept).or(tip);
        }
        tip = cut_seam(&mut kept).or(tip);
        self.tell(
            Severity::Warning,
            "geometry.spikes_removed",
            before - kept.len(),
            tip,
        );
        (kept.len() >= 3).then(|| {
            kept.push(kept[0]);
            LineString::from(kept)
        })
    }

    /// Splits and joins polygons that are not valid together.
    fn split(&mut self, polygons: Vec<Polygon<f64>>, first_ring: u32) -> Vec<Polygon<f64>> {
        let whole = Geometry::MultiPolygon(MultiPolygon(polygons));
        let faults = validity::validate(&whole);
        let Geometry::MultiPolygon(MultiPolygon(polygons)) = whole else {
            return Vec::new();
        };
        if faults
            .iter()
            .all(|fault| fault.severity() < Severity::Error)
        {
            return polygons;
        }
        if let Some(complex) = faults
            .iter()
            .find(|fault| matches!(fault, Fault::TooComplex { .. }))
        {
            self.changes.push(complex.into());
            return Vec::new();
        }
        self.tell_split(&faults, first_ring);
        let split::Split { restored, on_grid } = split::split(&polygons);
        let valid = [restored, on_grid].into_iter().find(|polygons| {
            validity::is_valid(&Geometry::MultiPolygon(MultiPolygon(polygons.clone())))
        });
        valid.unwrap_or_else(|| {
            self.changes
                .push(Diagnostic::error("geometry.not_repaired"));
            Vec::new()
        })
    }

    /// Exteriors counter-clockwise and interiors clockwise, as RFC 7946 and GeoPackage have it.
    fn oriented(&mut self, polygons: Vec<Polygon<f64>>) -> Vec<Polygon<f64>> {
        let mut reversed = 0;
        let mut turn = |mut ring: LineString<f64>, is_hole: bool| {
            if (geodesic::signed_ring_area_m2(&ring) < 0.0) != is_hole {
                ring.0.reverse();
                reversed += 1;
            }
            ring
        };
        let oriented = polygons.into_iter().map(|polygon| {
            let (exterior, interiors) = polygon.into_inner();
            let exterior = turn(exterior, false);
            Polygon::new(
                exterior,
                interiors.into_iter().map(|ring| turn(ring, true)).collect(),
            )
        });
        let oriented = oriented.collect();
        self.tell(Severity::Note, "geometry.reoriented", reversed, None);
        oriented
    }

    fn tell_split(&mut self, faults: &[Fault], first_ring: u32) {
        for fault in faults
            .iter()
            .filter(|fault| fault.severity() == Severity::Error)
        {
            let mut found = Diagnostic::from(fault);
            found.severity = Severity::Warning;
            // Ring numbers of this geometry alone; inside a collection they go on counting.
            if let Some(ring) = found.place.ring.map(|ring| ring + first_ring - 1) {
                found.place.ring = Some(ring);
                found = found.arg("ring", ring);
            }
            self.changes.push(found);
        }
        self.changes
            .push(Diagnostic::warning("geometry.split").arg("count", faults.len()));
    }

    fn tell(
        &mut self,
        severity: Severity,
        code: &'static str,
        count: usize,
        at: Option<Coord<f64>>,
    ) {
        if count == 0 {
            return;
        }
        let place = Place {
            ring: (self.ring > 0).then_some(self.ring),
            ..Place::default()
        };
        let blank = if severity == Severity::Note {
            Diagnostic::note(code)
        } else {
            Diagnostic::warning(code)
        };
        let told = blank.at(place).arg("ring", self.ring).arg("count", count);
        self.changes.push(match at {
            Some(at) => told.arg("at", position_text(at)),
            None => told.arg("at", "-"),
        });
    }

    /// A change of area beyond a square metre and a millionth is worth a look.
    fn report_area(&mut self, before_m2: f64, after_m2: f64) {
        let change_m2 = after_m2 - before_m2;
        if change_m2.abs() > 1.0_f64.max(before_m2.abs() * 1e-6) {
            let told = Diagnostic::warning("geometry.area_changed");
            let told = told
                .arg("before_m2", format!("{before_m2:.1}"))
                .arg("after_m2", format!("{after_m2:.1}"));
            self.changes
                .push(told.arg("change_m2", format!("{change_m2:+.1}")));
        }
    }
}

fn empty() -> Geometry<f64> {
    Geometry::GeometryCollection(GeometryCollection(Vec::new()))
}

/// Takes spikes and repeats off the end of an open ring; the tip of the last one.
fn cut_tail(vertices: &mut Vec<Coord<f64>>) -> Option<Coord<f64>> {
    let mut tip = None;
    while let [.., before, at, after] = vertices[..] {
        if !validity::is_spike(before, at, after) {
            break;
        }
        tip = Some(at);
        vertices.truncate(vertices.len() - 2);
        if before != after {
            vertices.push(after);
        }
    }
    tip
}

/// Takes spikes off the seam of a ring, where its end meets its start; the tip of the last one.
fn cut_seam(vertices: &mut Vec<Coord<f64>>) -> Option<Coord<f64>> {
    let mut tip = None;
    let mut start = 0;
    while vertices.len() - start >= 3 {
        let (last, first) = (vertices.len() - 1, start);
        if validity::is_spike(vertices[last - 1], vertices[last], vertices[first]) {
            tip = vertices.pop();
        } else if validity::is_spike(vertices[last], vertices[first], vertices[first + 1]) {
            tip = Some(vertices[first]);
            start += 1;
        } else if vertices[last] == vertices[first] {
            vertices.pop();
        } else {
            break;
        }
    }
    vertices.drain(..start);
    if vertices.len() < 3 {
        vertices.clear();
    }
    tip
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use geo_types::line_string;
    use proptest::prelude::*;
    use wkt::{ToWkt, TryFromWkt};

    fn mend(text: &str) -> Repaired {
        repair(&Geometry::try_from_wkt_str(text).unwrap())
    }

    fn codes(repaired: &Repaired) -> Vec<&str> {
        repaired
            .changes
            .iter()
            .map(|change| change.code.as_ref())
            .collect()
    }

    #[test]
    fn a_bow_tie_becomes_two_triangles_and_says_so() {
        let mended = mend("POLYGON((106 35, 107 36, 107 35, 106 36, 106 35))");
        let Geometry::MultiPolygon(parts) = &mended.geometry else {
            panic!("{}", mended.geometry.wkt_string())
        };
        assert_eq!(parts.0.len(), 2);
        assert_eq!(
            codes(&mended),
            [
                "geometry.bow_tie",
                "geometry.split",
                "geometry.area_changed"
            ]
        );
        assert!(mended.area_after_m2 > 5e9, "{}", mended.area_after_m2);
    }

    #[test]
    fn a_valid_polygon_passes_untouched() {
        let text = "POLYGON((106 35,107 35,107 36,106 36,106 35),(106.2 35.2,106.2 35.4,106.4 35.4,106.2 35.2))";
        let mended = mend(text);
        assert_eq!(mended.geometry.wkt_string(), text);
        assert!(!mended.is_changed(), "{:?}", mended.changes);
        assert_eq!(mended.area_before_m2, mended.area_after_m2);
    }

    #[test]
    fn repeats_and_directions_are_mended_with_a_remark_only() {
        let mended = mend("POLYGON((106 35, 106 36, 106 36, 107 36, 107 35, 106 35))");
        assert_eq!(
            mended.geometry.wkt_string(),
            "POLYGON((106 35,107 35,107 36,106 36,106 35))"
        );
        assert_eq!(
            codes(&mended),
            ["geometry.repeats_removed", "geometry.reoriented"]
        );
        assert!(
            mended
                .changes
                .iter()
                .all(|change| change.severity == Severity::Note)
        );
    }

    #[test]
    fn a_spike_is_cut_with_its_tip_named() {
        let mended = mend("POLYGON((0 0, 10 0, 15 0, 10 0, 10 10, 0 10, 0 0))");
        assert_eq!(
            mended.geometry.wkt_string(),
            "POLYGON((0 0,10 0,10 10,0 10,0 0))"
        );
        assert_eq!(codes(&mended), ["geometry.spikes_removed"]);
        assert_eq!(mended.changes[0].args["at"], "15.0000000, 0.0000000");
        let at_the_seam = mend("POLYGON((-5 0, 10 0, 10 10, 0 10, 0 0, -5 0))");
        assert_eq!(at_the_seam.area_after_m2, mended.area_after_m2);
    }

    #[test]
    fn overlapping_parts_are_joined() {
        let mended =
            mend("MULTIPOLYGON(((0 0, 10 0, 10 10, 0 10, 0 0)), ((5 5, 15 5, 15 8, 5 8, 5 5)))");
        let Geometry::MultiPolygon(parts) = &mended.geometry else {
            panic!("{}", mended.geometry.wkt_string())
        };
        assert_eq!(parts.0.len(), 1);
        assert!(codes(&mended).contains(&"geometry.overlapping_parts"));
    }

    #[test]
    fn what_has_no_area_is_taken_out_loudly() {
        let mended = mend("POLYGON((0 0, 10 0, 20 0, 0 0))");
        assert_eq!(mended.geometry.wkt_string(), "MULTIPOLYGON EMPTY");
        assert!(
            codes(&mended).contains(&"geometry.collapsed"),
            "{:?}",
            codes(&mended)
        );
        let mended = mend("MULTILINESTRING((1 1, 1 1), (0 0, 1 1))");
        assert_eq!(mended.geometry.wkt_string(), "MULTILINESTRING((0 0,1 1))");
        assert!(codes(&mended).contains(&"geometry.line_dropped"));
    }

    #[test]
    fn non_finite_vertices_are_dropped_and_counted() {
        let line = line_string![(x: 0.0, y: 0.0), (x: f64::NAN, y: 1.0), (x: 2.0, y: 2.0), (x: 3.0, y: f64::INFINITY)];
        let mended = repair(&Geometry::LineString(line));
        assert_eq!(mended.geometry.wkt_string(), "LINESTRING(0 0,2 2)");
        assert_eq!(mended.changes[0].args["count"], "2");
    }

    #[test]
    fn an_open_ring_is_closed_and_the_gap_told() {
        let mut ring = vec![
            Coord { x: 106.0, y: 35.0 },
            Coord { x: 106.1, y: 35.0 },
            Coord {
                x: 106.0,
                y: 35.001,
            },
        ];
        let change = close_ring(&mut ring, 1).unwrap();
        assert_eq!(
            (change.code.as_ref(), change.args["gap_m"].as_str()),
            ("geometry.ring_closed", "110.94")
        );
        assert_eq!(close_ring(&mut ring, 1), None);
    }

    #[test]
    fn holes_go_to_the_part_that_encloses_them() {
        // Two stars of one geometry whose union has parts that touch, each with holes of its own.
        let mended = mend(
            "MULTIPOLYGON(((10 11,6 0,0 0,0 6,11 3,1 1,7 10,11 0,0 0,10 11)),\
             ((5 11,10 0,4 11,9 4,1 1,3 11,9 2,4 9,5 11),(9 1,8 6,8 11,9 1)))",
        );
        assert!(validity::is_valid(&mended.geometry));
        assert!(!codes(&mended).contains(&"geometry.not_repaired"));
    }

    fn polygon() -> impl Strategy<Value = Polygon<f64>> {
        let ring = prop::collection::vec((0_i8..12, 0_i8..12), 0..14);
        prop::collection::vec(ring, 1..4).prop_map(|rings| {
            let line = |ring: Vec<(i8, i8)>| {
                ring.into_iter()
                    .map(|(x, y)| (f64::from(x), f64::from(y)))
                    .collect()
            };
            let mut rings = rings.into_iter().map(line);
            Polygon::new(rings.next().unwrap(), rings.collect())
        })
    }

    proptest! {
        #[test]
        fn whatever_goes_in_something_valid_comes_out(parts in prop::collection::vec(polygon(), 1..4)) {
            let whole = Geometry::MultiPolygon(MultiPolygon(parts));
            let mended = repair(&whole);
            prop_assert!(validity::is_valid(&mended.geometry), "{:?}", validity::validate(&mended.geometry));
            prop_assert!(mended.is_changed() || validity::is_valid(&whole));
            prop_assert!(!codes(&mended).contains(&"geometry.not_repaired"));
        }

        #[test]
        fn mending_twice_changes_nothing_more(polygon in polygon()) {
            let once = repair(&Geometry::Polygon(polygon));
            let twice = repair(&once.geometry);
            prop_assert!(!twice.is_changed(), "{:?}", twice.changes);
            prop_assert_eq!(twice.geometry, once.geometry);
        }
    }
}
