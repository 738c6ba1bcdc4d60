//! 椭球面积 and lengths on the ellipsoid of CGCS2000 (Karney's geodesics), never on a plane.
//!
//! The ellipsoid is that of GB 22021 (a = 6 378 137 m, 1/f = 298.257222101), which is GRS 80. Areas do not depend on
//! the direction of rings: the exterior counts positive and every interior negative.

use std::sync::LazyLock;

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon};
use geographiclib_rs::{InverseGeodesic, PolygonArea, Winding};

/// Semi-major axis of the CGCS2000 ellipsoid, in metres.
pub const SEMI_MAJOR_AXIS_M: f64 = 6_378_137.0;
/// Inverse flattening of the CGCS2000 ellipsoid.
pub const INVERSE_FLATTENING: f64 = 298.257_222_101;

static ELLIPSOID: LazyLock<geographiclib_rs::Geodesic> =
    LazyLock::new(|| geographiclib_rs::Geodesic::new(SEMI_MAJOR_AXIS_M, 1.0 / INVERSE_FLATTENING));

/// Area in m² of a geometry in longitude/latitude degrees; 0 for points and lines.
pub fn area_m2(geometry: &Geometry<f64>) -> f64 {
    match geometry {
        Geometry::Polygon(polygon) => polygon_area_m2(polygon),
        Geometry::MultiPolygon(parts) => multi_polygon_area_m2(parts),
        Geometry::Rect(rect) => polygon_area_m2(&rect.to_polygon()),
        Geometry::Triangle(triangle) => polygon_area_m2(&triangle.to_polygon()),
        Geometry::GeometryCollection(members) => members.iter().map(area_m2).sum(),
        Geometry::Point(_)
        | Geometry::MultiPoint(_)
        | Geometry::Line(_)
        | Geometry::LineString(_)
        | Geometry::MultiLineString(_) => 0.0,
    }
}

/// Area in m² of a polygon: exterior less interiors, whatever their direction.
pub fn polygon_area_m2(polygon: &Polygon<f64>) -> f64 {
    let holes_m2: f64 = polygon.interiors().iter().map(ring_area_m2).sum();
    ring_area_m2(polygon.exterior()) - holes_m2
}

/// Area in m² of several polygons, each counted once (overlaps count twice).
pub fn multi_polygon_area_m2(parts: &MultiPolygon<f64>) -> f64 {
    parts.iter().map(polygon_area_m2).sum()
}

/// Area in m² enclosed by a ring, closed or not, in either direction; 0 with a non-finite coordinate.
pub fn ring_area_m2(ring: &LineString<f64>) -> f64 {
    signed_ring_area_m2(ring).abs()
}

/// Area in m² enclosed by a ring: positive counter-clockwise, negative clockwise.
pub fn signed_ring_area_m2(ring: &LineString<f64>) -> f64 {
    if ring.0.len() < 3 || ring.0.iter().any(|c| !c.x.is_finite() || !c.y.is_finite()) {
        return 0.0;
    }
    let mut sum = PolygonArea::new(&ELLIPSOID, Winding::CounterClockwise);
    // The area algorithm closes the ring itself; an explicit last vertex would add an edge of no length.
    let open = if ring.is_closed() {
        &ring.0[..ring.0.len() - 1]
    } else {
        &ring.0[..]
    };
    for vertex in open {
        sum.add_point(vertex.y, vertex.x);
    }
    sum.compute(true).1
}

/// Length in metres of the lines of a geometry; of areas, the length of all rings; 0 for points.
pub fn length_m(geometry: &Geometry<f64>) -> f64 {
    match geometry {
        Geometry::Line(line) => distance_m(line.start, line.end),
        Geometry::LineString(line) => line_length_m(line),
        Geometry::MultiLineString(lines) => lines.iter().map(line_length_m).sum(),
        Geometry::Polygon(polygon) => perimeter_m(polygon),
        Geometry::MultiPolygon(parts) => parts.iter().map(perimeter_m).sum(),
        Geometry::Rect(rect) => perimeter_m(&rect.to_polygon()),
        Geometry::Triangle(triangle) => perimeter_m(&triangle.to_polygon()),
        Geometry::GeometryCollection(members) => members.iter().map(length_m).sum(),
        Geometry::Point(_) | Geometry::MultiPoint(_) => 0.0,
    }
}

/// Length in metres of a line along the ellipsoid.
pub fn line_length_m(line: &LineString<f64>) -> f64 {
    line.0
        .windows(2)
        .map(|edge| distance_m(edge[0], edge[1]))
        .sum()
}

/// Length in metres of all rings of a polygon.
pub fn perimeter_m(polygon: &Polygon<f64>) -> f64 {
    let holes_m: f64 = polygon.interiors().iter().map(line_length_m).sum();
    line_length_m(polygon.exterior()) + holes_m
}

/// Distance in metres between two positions along the ellipsoid.
pub fn distance_m(from: Coord<f64>, to: Coord<f64>) -> f64 {
    ELLIPSOID.inverse(from.y, from.x, to.y, to.x)
}

/// Direction in degrees from north, clockwise, 0 ≤ bearing < 360, in which `to` is seen from `from`.
pub fn bearing_degrees(from: Coord<f64>, to: Coord<f64>) -> f64 {
    let (azimuth, _, _): (f64, f64, f64) = ELLIPSOID.inverse(from.y, from.x, to.y, to.x);
    (azimuth + 360.0) % 360.0
}

/// 亩 — an area in mu: 1 mu = 10 000/15 m² exactly (15 mu make a hectare).
pub fn area_mu(area_m2: f64) -> f64 {
    area_m2 * 15.0 / 10_000.0
}

/// 公顷 — an area in hectares: 1 ha = 10 000 m².
pub fn area_ha(area_m2: f64) -> f64 {
    area_m2 / 10_000.0
}

/// m² of an area given in 亩.
pub fn m2_from_mu(area_mu: f64) -> f64 {
    area_mu * 10_000.0 / 15.0
}

/// m² of an area given in 公顷.
pub fn m2_from_ha(area_ha: f64) -> f64 {
    area_ha * 10_000.0
}

/// Metres that one degree of longitude and one degree of latitude span at a latitude, for small differences only.
pub fn degree_lengths_m(latitude: f64) -> (f64, f64) {
    let flattening = 1.0 / INVERSE_FLATTENING;
    let eccentricity_squared = flattening * (2.0 - flattening);
    let phi = latitude.to_radians();
    let w_squared = 1.0 - eccentricity_squared * phi.sin().powi(2);
    let meridian_m =
        SEMI_MAJOR_AXIS_M * (1.0 - eccentricity_squared) / (w_squared * w_squared.sqrt());
    let parallel_m = SEMI_MAJOR_AXIS_M / w_squared.sqrt() * phi.cos();
    (parallel_m.to_radians(), meridian_m.to_radians())
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::{line_string, polygon};
    use proptest::prelude::*;

    fn extent() -> Polygon<f64> {
        polygon![(x: 106.4364, y: 35.3881), (x: 106.6206, y: 35.3881), (x: 106.6206, y: 35.6461), (x: 106.4364, y: 35.6461)]
    }

    fn assert_relative(ours: f64, reference: f64) {
        assert!(
            (ours / reference - 1.0).abs() < 1e-9,
            "{ours} against {reference}"
        );
    }

    // Reference values: pyproj 3.7.2, Geod(a=6378137, rf=298.257222101).

    #[test]
    fn areas_agree_with_the_reference_geodesic() {
        assert_relative(polygon_area_m2(&extent()), 478_291_300.323_806_76);
        let patch = polygon![(x: 106.53, y: 35.55), (x: 106.5311, y: 35.55), (x: 106.5311, y: 35.5509), (x: 106.53, y: 35.5509)];
        assert_relative(polygon_area_m2(&patch), 9_959.588_372_826_576);
        let province = polygon![(x: 100.0, y: 30.0), (x: 110.0, y: 32.0), (x: 104.0, y: 41.0)];
        assert_relative(polygon_area_m2(&province), 535_107_011_632.861_3);
    }

    #[test]
    fn a_hole_is_taken_away_whatever_its_direction() {
        let hole = line_string![(x: 106.5, y: 35.5), (x: 106.55, y: 35.5), (x: 106.55, y: 35.55), (x: 106.5, y: 35.55), (x: 106.5, y: 35.5)];
        let mut backwards = hole.clone();
        backwards.0.reverse();
        for ring in [hole, backwards] {
            let holed = Polygon::new(extent().exterior().clone(), vec![ring]);
            assert_relative(polygon_area_m2(&holed), 453_132_986.388_267_5);
        }
    }

    #[test]
    fn lengths_distances_and_bearings_agree_with_the_reference() {
        let line = line_string![(x: 106.4364, y: 35.3881), (x: 106.53, y: 35.55), (x: 106.6206, y: 35.6461)];
        assert_relative(line_length_m(&line), 33_327.452_690_057_806);
        let (from, to) = (
            Coord {
                x: 106.43,
                y: 35.38,
            },
            Coord {
                x: 106.62,
                y: 35.65,
            },
        );
        assert_relative(distance_m(from, to), 34_560.805_633_285_15);
        assert_relative(bearing_degrees(from, to), 29.858_686_005_543_554);
    }

    #[test]
    fn fifteen_mu_make_a_hectare() {
        assert_eq!(area_ha(10_000.0), 1.0);
        assert!((area_mu(10_000.0) - 15.0).abs() < 1e-12);
        assert!((m2_from_mu(15.0) - 10_000.0).abs() < 1e-9);
    }

    #[test]
    fn the_span_of_a_degree_agrees_with_the_geodesic() {
        let (lon_m, lat_m) = degree_lengths_m(35.55);
        let here = Coord {
            x: 106.53,
            y: 35.55,
        };
        assert!(
            (distance_m(
                here,
                Coord {
                    x: 106.531,
                    y: 35.55
                }
            ) - lon_m / 1000.0)
                .abs()
                < 1e-3
        );
        assert!(
            (distance_m(
                here,
                Coord {
                    x: 106.53,
                    y: 35.551
                }
            ) - lat_m / 1000.0)
                .abs()
                < 1e-3
        );
    }

    #[test]
    fn a_ring_with_a_non_finite_vertex_has_no_area() {
        assert_eq!(
            ring_area_m2(&line_string![(x: 0.0, y: 0.0), (x: f64::NAN, y: 1.0), (x: 1.0, y: 1.0)]),
            0.0
        );
    }

    proptest! {
        #[test]
        fn an_area_does_not_depend_on_direction_or_start(
            vertices in prop::collection::vec((106.0..107.0, 35.0..36.0), 3..12), turn in 0_usize..12,
        ) {
            let ring = LineString::from(vertices);
            let mut turned = ring.clone();
            let by = turn % turned.0.len();
            turned.0.rotate_left(by);
            turned.0.reverse();
            prop_assert!((ring_area_m2(&ring) - ring_area_m2(&turned)).abs() < 1e-3);
        }
    }
}
