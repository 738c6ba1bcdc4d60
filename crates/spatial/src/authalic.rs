//! Areas and lengths on the CGCS2000 ellipsoid, edge by edge.
//!
//! An edge is straight in longitude and latitude, as Simple Features and GeoJSON read it. The area under an edge is then
//! an integral in closed form, so the area of a region is a sum over its edges, in any order and of any cut: what is
//! split adds up again. Near the middle latitude of a geometry the area function is a polynomial; its coefficients cost
//! one sine per geometry and nothing per vertex. Geometries taller than [`NARROW_DEG`] take Gauss quadrature instead.
//!
//! Against the geodesic reading of the same vertices an edge differs by the area between both lines, about
//! `length³ · tan(latitude) / 12 R`; opposite sides of a shape take most of that back. For patches with edges of a
//! hundred metres some 10⁻⁶ of the area remain at worst. Zone edges of kilometres count only with the piece inside a
//! patch, where they too are straight in longitude and latitude: as drawn, not as the geodesic between their ends.

use geo::{Distance, Geodesic};
use geo_types::{LineString, MultiPolygon, Polygon};

/// Semi-major axis of CGCS2000, in metres.
pub const SEMI_MAJOR_M: f64 = 6_378_137.0;
/// Flattening of CGCS2000.
pub const FLATTENING: f64 = 1.0 / 298.257_222_101;
const E2: f64 = FLATTENING * (2.0 - FLATTENING);
/// Half height in degrees up to which the polynomial is exact to 10⁻⁹ of the area.
pub const NARROW_DEG: f64 = 0.5;
/// Edges of a tall geometry are integrated in pieces of at most this many degrees.
const PIECE_DEG: f64 = 0.5;
/// Edges longer than this in either axis are measured by the inverse geodesic problem.
const SHORT_DEG: f64 = 0.05;

/// A sum over edges: what an overlay adds up along the outlines it cuts.
pub trait Measure {
    /// What the straight edge from `from` to `to` adds. Reversed edges must add the negative if the sum is an area.
    fn edge(&self, from: [f64; 2], to: [f64; 2]) -> f64;
}

/// Area in the plane, for projected coordinates.
#[derive(Debug, Clone, Copy)]
pub struct PlaneArea {
    /// Coordinates are taken relative to this point, for precision.
    pub origin: [f64; 2],
}

/// Area on the ellipsoid, for geographic coordinates near one latitude.
#[derive(Debug, Clone, Copy)]
pub struct EllipsoidArea {
    lat: f64,
    /// Half the first, a third of half the second, … derivative of the area function, per degree and metre².
    terms: [f64; 4],
    tall: bool,
}

/// Length on the ellipsoid.
#[derive(Debug, Clone, Copy)]
pub struct EllipsoidLength;

impl Measure for PlaneArea {
    fn edge(&self, from: [f64; 2], to: [f64; 2]) -> f64 {
        (from[0] - to[0]) * ((from[1] - self.origin[1]) + (to[1] - self.origin[1])) / 2.0
    }
}

impl EllipsoidArea {
    /// For geometries between two latitudes.
    pub fn between(lat_min: f64, lat_max: f64) -> Self {
        let lat = (lat_min + lat_max) / 2.0;
        let rad = 1_f64.to_radians();
        let (s, c) = lat.to_radians().sin_cos();
        let w = 1.0 / (1.0 - E2 * s * s);
        let k = SEMI_MAJOR_M * SEMI_MAJOR_M * (1.0 - E2) * w * w;
        let first = k * c;
        let second = k * (4.0 * E2 * s * c * c * w - s);
        let third =
            k * (4.0 * E2 * (c * c - 3.0 * s * s) * w - 1.0 + 24.0 * (E2 * s * c * w).powi(2)) * c;
        let fourth = k * s;
        Self {
            lat,
            terms: [
                first * rad * rad / 2.0,
                second * rad.powi(3) / 6.0,
                third * rad.powi(4) / 24.0,
                fourth * rad.powi(5) / 120.0,
            ],
            tall: lat_max - lat_min > 2.0 * NARROW_DEG,
        }
    }

    /// For an edge of a geometry too tall for the polynomial: Gauss quadrature of the closed form, piece by piece.
    #[cold]
    fn tall_edge(&self, from: [f64; 2], to: [f64; 2]) -> f64 {
        const NODES: [(f64, f64); 3] = [
            (0.112_701_665_379_258_3, 5.0 / 18.0),
            (0.5, 8.0 / 18.0),
            (0.887_298_334_620_741_7, 5.0 / 18.0),
        ];
        let rise = to[1] - from[1];
        let pieces = (rise.abs() / PIECE_DEG).ceil().clamp(1.0, 1000.0);
        let base = area_to_latitude(self.lat);
        let mut mean = 0.0;
        for piece in 0..pieces as u32 {
            for (node, weight) in NODES {
                let lat = from[1] + rise * (f64::from(piece) + node) / pieces;
                mean += weight / pieces * (area_to_latitude(lat) - base);
            }
        }
        (from[0] - to[0]).to_radians() * mean
    }
}

impl Measure for EllipsoidArea {
    #[inline]
    fn edge(&self, from: [f64; 2], to: [f64; 2]) -> f64 {
        if self.tall {
            return self.tall_edge(from, to);
        }
        let [a, b] = [from[1] - self.lat, to[1] - self.lat];
        let (sum, product) = (a + b, a * b);
        let squares = sum * sum - 2.0 * product;
        let [t1, t2, t3, t4] = self.terms;
        let quartic = squares * squares - product * product + product * squares;
        (from[0] - to[0]) * (sum * (t1 + t3 * squares) + t2 * (squares + product) + t4 * quartic)
    }
}

impl Measure for EllipsoidLength {
    fn edge(&self, from: [f64; 2], to: [f64; 2]) -> f64 {
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        if dx.abs() > SHORT_DEG || dy.abs() > SHORT_DEG {
            return Geodesic.distance(from.into(), to.into());
        }
        let [east, north] = metres_per_degree((from[1] + to[1]) / 2.0);
        (dx * east).hypot(dy * north)
    }
}

/// Metres per degree of longitude and of latitude at a latitude.
pub fn metres_per_degree(lat: f64) -> [f64; 2] {
    let (s, c) = lat.to_radians().sin_cos();
    let w2 = 1.0 - E2 * s * s;
    let prime_vertical = SEMI_MAJOR_M / w2.sqrt();
    [
        prime_vertical * c.to_radians(),
        (prime_vertical * (1.0 - E2) / w2).to_radians(),
    ]
}

/// Area in m² between the equator and a latitude, per radian of longitude.
fn area_to_latitude(lat: f64) -> f64 {
    let s = lat.to_radians().sin();
    let e = E2.sqrt();
    SEMI_MAJOR_M * SEMI_MAJOR_M * (1.0 - E2) / 2.0 * (s / (1.0 - E2 * s * s) + (e * s).atanh() / e)
}

/// Area of a polygon in m², whichever way its rings run.
pub fn polygon_area_m2(polygon: &Polygon) -> f64 {
    let lats = || polygon.exterior().0.iter().map(|c| c.y);
    let measure = EllipsoidArea::between(
        lats().fold(f64::INFINITY, f64::min),
        lats().fold(f64::NEG_INFINITY, f64::max),
    );
    let ring = |ring: &LineString| {
        ring.lines()
            .map(|l| measure.edge(l.start.into(), l.end.into()))
            .sum::<f64>()
            .abs()
    };
    let area = ring(polygon.exterior()) - polygon.interiors().iter().map(ring).sum::<f64>();
    if area.is_finite() { area.max(0.0) } else { 0.0 }
}

/// Area of a multipolygon in m².
pub fn multi_polygon_area_m2(polygons: &MultiPolygon) -> f64 {
    polygons.iter().map(polygon_area_m2).sum()
}

/// An ellipsoidal Albers equal-area projection of CGCS2000, forward only.
#[derive(Debug, Clone, Copy)]
pub struct Albers {
    lon: f64,
    n: f64,
    c: f64,
    rho: f64,
}

impl Albers {
    /// The one customary for maps of China: standard parallels 25° and 47°, meridian 105°, origin at the equator.
    pub fn china() -> Self {
        Self::new(105.0, 0.0, [25.0, 47.0])
    }

    /// With a central meridian, an origin and two standard parallels that do not lie opposite each other.
    pub fn new(lon: f64, lat: f64, parallels: [f64; 2]) -> Self {
        let m2 = |lat: f64| {
            let (s, c) = lat.to_radians().sin_cos();
            c * c / (1.0 - E2 * s * s)
        };
        let [p1, p2] = parallels;
        let n = (m2(p1) - m2(p2)) / (authalic_q(p2) - authalic_q(p1));
        let c = m2(p1) + n * authalic_q(p1);
        Self {
            lon,
            n,
            c,
            rho: SEMI_MAJOR_M * (c - n * authalic_q(lat)).sqrt() / n,
        }
    }

    /// Easting and northing of a position, in metres.
    pub fn forward(&self, [lon, lat]: [f64; 2]) -> [f64; 2] {
        let rho = SEMI_MAJOR_M * (self.c - self.n * authalic_q(lat)).sqrt() / self.n;
        let (s, c) = (self.n * (lon - self.lon).to_radians()).sin_cos();
        [rho * s, self.rho - rho * c]
    }
}

fn authalic_q(lat: f64) -> f64 {
    2.0 * area_to_latitude(lat) / (SEMI_MAJOR_M * SEMI_MAJOR_M)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use geo::{Densify, GeodesicArea};
    use geo_types::{Rect, polygon};

    fn relative(a: f64, b: f64) -> f64 {
        (a - b).abs() / b.abs()
    }

    #[test]
    fn dense_edges_agree_with_the_geodesic_area() {
        for (lon, lat, size) in [
            (106.5, 29.5, 0.001),
            (87.0, 47.3, 0.02),
            (109.0, 19.0, 0.4),
            (121.0, 52.9, 0.9),
        ] {
            let shape = polygon![
                (x: lon, y: lat), (x: lon + size, y: lat + size * 0.1), (x: lon + size * 0.8, y: lat + size),
                (x: lon + size * 0.3, y: lat + size * 0.4),
            ];
            let dense = geo::Euclidean.densify(&shape, size / 400.0);
            let expected = dense.geodesic_area_unsigned();
            assert!(
                relative(polygon_area_m2(&shape), expected) < 2e-7,
                "at {lat}, size {size}"
            );
        }
    }

    #[test]
    fn edges_of_patch_size_agree_with_the_geodesic_area_as_they_are() {
        let shape = polygon![(x: 106.0, y: 32.0), (x: 106.0011, y: 32.0002), (x: 106.0009, y: 32.0010), (x: 105.9999, y: 32.0008)];
        assert!(relative(polygon_area_m2(&shape), shape.geodesic_area_unsigned()) < 1e-6);
    }

    #[test]
    fn a_tall_polygon_and_its_bands_have_the_same_area() {
        let tall = Rect::new([100.0, 20.0], [101.0, 50.0]).to_polygon();
        let bands: f64 = (0..60)
            .map(|band| 20.0 + f64::from(band) / 2.0)
            .map(|lat| polygon_area_m2(&Rect::new([100.0, lat], [101.0, lat + 0.5]).to_polygon()))
            .sum();
        assert!(relative(polygon_area_m2(&tall), bands) < 1e-10);
    }

    #[test]
    fn a_leaning_tall_triangle_has_the_area_of_its_slices() {
        let tall = polygon![(x: 100.0, y: 20.0), (x: 104.0, y: 20.0), (x: 102.0, y: 44.0)];
        let at = |t: f64| [100.0 + 2.0 * t, 104.0 - 2.0 * t, 20.0 + 24.0 * t];
        let slices: f64 = (0..100)
            .map(|i| (at(f64::from(i) / 100.0), at(f64::from(i + 1) / 100.0)))
            .map(|(a, b)| polygon![(x: a[0], y: a[2]), (x: a[1], y: a[2]), (x: b[1], y: b[2]), (x: b[0], y: b[2])])
            .map(|slice| polygon_area_m2(&slice))
            .sum();
        assert!(relative(polygon_area_m2(&tall), slices) < 1e-9);
    }

    #[test]
    fn holes_count_off_whichever_way_rings_run() {
        let outer = Rect::new([106.0, 30.0], [106.01, 30.01]).to_polygon();
        let hole = Rect::new([106.002, 30.002], [106.004, 30.004]).to_polygon();
        let expected = polygon_area_m2(&outer) - polygon_area_m2(&hole);
        let mut ring = hole.exterior().clone();
        for _ in 0..2 {
            ring.0.reverse();
            let holed = Polygon::new(outer.exterior().clone(), vec![ring.clone()]);
            assert!(relative(polygon_area_m2(&holed), expected) < 1e-12);
        }
    }

    #[test]
    fn short_and_long_lengths_agree_with_the_geodesic() {
        for step in [1e-5, 1e-3, 0.0499, 0.0501, 2.0] {
            let (a, b) = ([103.2, 38.9], [103.2 + step, 38.9 + step * 0.7]);
            let expected = Geodesic.distance(a.into(), b.into());
            assert!(
                relative(EllipsoidLength.edge(a, b), expected) < 1e-6,
                "step {step}"
            );
        }
    }

    #[test]
    fn albers_keeps_areas_and_matches_known_coordinates() {
        let albers = Albers::china();
        let shape = polygon![(x: 96.0, y: 39.0), (x: 96.001, y: 39.0), (x: 96.001, y: 39.001), (x: 96.0, y: 39.001)];
        let corners: Vec<_> = shape
            .exterior()
            .0
            .iter()
            .map(|c| albers.forward([c.x, c.y]))
            .collect();
        let plane = PlaneArea { origin: corners[0] };
        let area: f64 = corners.windows(2).map(|w| plane.edge(w[0], w[1])).sum();
        assert!(relative(area, polygon_area_m2(&shape)) < 1e-7);
        assert_eq!(albers.forward([105.0, 0.0]), [0.0, 0.0]);
    }
}
