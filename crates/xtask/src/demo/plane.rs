//! Small geometry of the generator: rings in longitude and latitude, their area on the CGCS2000
//! ellipsoid, and the shapes a site has on the ground.

use std::f64::consts::TAU;

use super::random::Random;

/// Longitude and latitude in degrees.
pub(crate) type Point = [f64; 2];
/// A closed ring: the last vertex repeats the first.
pub(crate) type Ring = Vec<Point>;

/// A polygon with its holes.
#[derive(Clone, Debug)]
pub(crate) struct Polygon {
    /// The exterior ring, counter-clockwise.
    pub(crate) exterior: Ring,
    /// The interior rings, clockwise.
    pub(crate) interiors: Vec<Ring>,
}

pub(crate) const SEMI_MAJOR_AXIS_M: f64 = 6_378_137.0;
pub(crate) const FLATTENING: f64 = 1.0 / 298.257_222_101;
const SQUARE_M_PER_MU: f64 = 10_000.0 / 15.0;

/// 亩 of an area in square metres.
pub(crate) fn area_mu(area_m2: f64) -> f64 {
    area_m2 / SQUARE_M_PER_MU
}

/// Rounded to 1e-7 degrees (a centimetre), as every file states it.
pub(crate) fn rounded(point: Point) -> Point {
    point.map(|degrees| (degrees * 1e7).round() / 1e7)
}

/// The point moved on the ground.
pub(crate) fn moved(point: Point, east_m: f64, north_m: f64) -> Point {
    let [east, north] = metres_per_degree(point[1]);
    [point[0] + east_m / east, point[1] + north_m / north]
}

/// Distance between near points.
pub(crate) fn distance_m(a: Point, b: Point) -> f64 {
    let [east, north] = metres_per_degree((a[1] + b[1]) / 2.0);
    ((a[0] - b[0]) * east).hypot((a[1] - b[1]) * north)
}

fn metres_per_degree(lat: f64) -> [f64; 2] {
    let squared = FLATTENING * (2.0 - FLATTENING);
    let sine = lat.to_radians().sin();
    let w = (1.0 - squared * sine * sine).sqrt();
    let east = SEMI_MAJOR_AXIS_M / w * lat.to_radians().cos();
    let north = SEMI_MAJOR_AXIS_M * (1.0 - squared) / (w * w * w);
    [east.to_radians(), north.to_radians()]
}

/// Signed area on the ellipsoid, positive for a counter-clockwise ring. The shoelace formula in the
/// equal-area cylindrical projection: with edges of some hundred metres it agrees with the geodesic
/// area to 1e-7.
pub(crate) fn signed_area_m2(ring: &[Point]) -> f64 {
    let Some(&origin) = ring.first() else {
        return 0.0;
    };
    let height = equal_area_height(origin[1]);
    let plane: Vec<Point> = ring
        .iter()
        .map(|&[lon, lat]| {
            [
                SEMI_MAJOR_AXIS_M * (lon - origin[0]).to_radians(),
                equal_area_height(lat) - height,
            ]
        })
        .collect();
    plane
        .windows(2)
        .map(|edge| edge[0][0] * edge[1][1] - edge[1][0] * edge[0][1])
        .sum::<f64>()
        / 2.0
}

fn equal_area_height(lat: f64) -> f64 {
    let squared = FLATTENING * (2.0 - FLATTENING);
    let e = squared.sqrt();
    let sine = lat.to_radians().sin();
    let q = (1.0 - squared)
        * (sine / (1.0 - squared * sine * sine)
            - ((1.0 - e * sine) / (1.0 + e * sine)).ln() / (2.0 * e));
    SEMI_MAJOR_AXIS_M * q / 2.0
}

/// Area of a polygon without its holes.
pub(crate) fn polygon_area_m2(polygon: &Polygon) -> f64 {
    let holes: f64 = polygon
        .interiors
        .iter()
        .map(|ring| signed_area_m2(ring).abs())
        .sum();
    signed_area_m2(&polygon.exterior).abs() - holes
}

/// Is the point inside the ring (even-odd)?
pub(crate) fn contains(ring: &[Point], point: Point) -> bool {
    let [x, y] = point;
    ring.windows(2)
        .filter(|edge| (edge[0][1] > y) != (edge[1][1] > y))
        .filter(|edge| {
            let [a, b] = [edge[0], edge[1]];
            x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
        })
        .count()
        % 2
        == 1
}

/// Do two segments cross or touch?
pub(crate) fn segments_meet(a: [Point; 2], b: [Point; 2]) -> bool {
    let turn = |p: Point, q: Point, r: Point| {
        (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    };
    turn(a[0], a[1], b[0]) * turn(a[0], a[1], b[1]) <= 0.0
        && turn(b[0], b[1], a[0]) * turn(b[0], b[1], a[1]) <= 0.0
}

/// West, south, east, north.
pub(crate) fn envelope(ring: &[Point]) -> [f64; 4] {
    ring.iter().fold(
        [
            f64::INFINITY,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NEG_INFINITY,
        ],
        |[west, south, east, north], &[lon, lat]| {
            [west.min(lon), south.min(lat), east.max(lon), north.max(lat)]
        },
    )
}

/// The ring scaled about a point by a factor, then moved.
pub(crate) fn scaled(ring: &[Point], about: Point, factor: f64, shift_m: [f64; 2]) -> Ring {
    ring.iter()
        .map(|point| {
            let near = [
                about[0] + (point[0] - about[0]) * factor,
                about[1] + (point[1] - about[1]) * factor,
            ];
            rounded(moved(near, shift_m[0], shift_m[1]))
        })
        .collect()
}

/// An irregular patch of ground of the given area.
pub(crate) fn blob(random: &mut Random, center: Point, area_m2: f64) -> Ring {
    let count = 11 + random.below(16);
    let phases: Vec<f64> = (0..4).map(|_| random.between(0.0, TAU)).collect();
    let stretch = random.between(0.65, 1.0);
    let bearing = random.between(0.0, TAU);
    let outline = (0..count).map(|step| {
        let angle = TAU * (step as f64 + random.between(-0.25, 0.25)) / count as f64;
        let radius: f64 = 1.0
            + phases
                .iter()
                .enumerate()
                .map(|(order, phase)| {
                    0.24 / (order + 2) as f64 * ((order + 2) as f64 * angle + phase).sin()
                })
                .sum::<f64>();
        turned(
            [radius * angle.cos(), radius * stretch * angle.sin()],
            bearing,
        )
    });
    let outline: Vec<Point> = outline.collect();
    sized(center, &outline, area_m2)
}

/// A yard or a house: a turned rectangle of the given area.
pub(crate) fn rectangle(random: &mut Random, center: Point, area_m2: f64) -> Ring {
    let bearing = random.between(0.0, TAU);
    let ratio = random.between(0.45, 0.95);
    let corners = [[-1.0, -ratio], [1.0, -ratio], [1.0, ratio], [-1.0, ratio]];
    let outline: Vec<Point> = corners.iter().map(|&c| turned(c, bearing)).collect();
    sized(center, &outline, area_m2)
}

/// A road or a path: a winding strip of the given width.
pub(crate) fn strip(random: &mut Random, center: Point, area_m2: f64, width_m: f64) -> Ring {
    let steps = 10;
    let length = area_m2 / width_m / f64::from(steps);
    let mut heading = random.between(0.0, TAU);
    let mut at = [0.0, 0.0];
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for _ in 0..=steps {
        let side = [
            -heading.sin() * width_m / 2.0,
            heading.cos() * width_m / 2.0,
        ];
        left.push([at[0] + side[0], at[1] + side[1]]);
        right.push([at[0] - side[0], at[1] - side[1]]);
        at = [
            at[0] + length * heading.cos(),
            at[1] + length * heading.sin(),
        ];
        heading += random.between(-0.28, 0.28);
    }
    right.extend(left.into_iter().rev());
    let middle = [at[0] / 2.0, at[1] / 2.0];
    let outline: Vec<Point> = right
        .iter()
        .map(|p| [p[0] - middle[0], p[1] - middle[1]])
        .collect();
    sized(center, &outline, area_m2)
}

fn turned(point: Point, bearing: f64) -> Point {
    let (sine, cosine) = bearing.sin_cos();
    [
        point[0] * cosine - point[1] * sine,
        point[0] * sine + point[1] * cosine,
    ]
}

fn sized(center: Point, outline_m: &[Point], area_m2: f64) -> Ring {
    let mut ring: Ring = outline_m
        .iter()
        .map(|p| moved(center, p[0], p[1]))
        .collect();
    ring.extend(ring.first().copied());
    let area = signed_area_m2(&ring);
    if area < 0.0 {
        ring.reverse();
    }
    let factor = (area_m2 / area.abs()).sqrt();
    scaled(&ring, center, factor, [0.0, 0.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_the_ellipsoid_has_the_area_of_its_meridian_strip() {
        // One minute by one minute at 35°30′: 1,509.6 m by 1,849.3 m (from the radii of curvature).
        let ring = [
            [106.0, 35.5],
            [106.0 + 1.0 / 60.0, 35.5],
            [106.0 + 1.0 / 60.0, 35.5 + 1.0 / 60.0],
            [106.0, 35.5 + 1.0 / 60.0],
            [106.0, 35.5],
        ];
        let [east, north] = metres_per_degree(35.5 + 0.5 / 60.0);
        let expected = east * north / 3600.0;
        assert!((signed_area_m2(&ring) / expected - 1.0).abs() < 1e-7);
    }

    #[test]
    fn a_shape_has_the_area_it_was_asked_for() {
        let mut random = Random::new(3, "shapes");
        for area in [80.0, 4_000.0, 120_000.0] {
            let center = [106.5, 35.5];
            for ring in [
                blob(&mut random, center, area),
                rectangle(&mut random, center, area),
                strip(&mut random, center, area, 5.0),
            ] {
                let error = (signed_area_m2(&ring) - area).abs();
                assert!(error < 0.001 * area + 0.5, "{area} differs by {error}");
                assert_eq!(ring.first(), ring.last());
            }
        }
    }

    #[test]
    fn inside_and_outside_are_told_apart() {
        let ring = [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0], [0.0, 0.0]];
        assert!(contains(&ring, [1.0, 1.0]));
        assert!(!contains(&ring, [3.0, 1.0]));
        assert!(segments_meet(
            [[0.0, 0.0], [2.0, 2.0]],
            [[0.0, 2.0], [2.0, 0.0]]
        ));
        assert!(!segments_meet(
            [[0.0, 0.0], [1.0, 0.0]],
            [[0.0, 1.0], [1.0, 1.0]]
        ));
    }
}
