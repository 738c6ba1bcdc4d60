//! 火星坐标 GCJ-02 and 百度坐标 BD-09 — the public shift formula, and its inverse by iteration.
//!
//! The one-shot inverse found in most code is off by 1–2 m; here the inverse is iterated until the forward formula
//! gives the input back. The published formula itself is a reconstruction: against the true shift it is good to
//! about 1 m, so positions that came this way are flagged (`coordinate.offset_removed`).
//! Outside the rectangle of the formula (72.004–137.8347 E, 0.8293–55.8271 N) the datums coincide.

use geo_types::Coord;

/// Semi-major axis of the Krasovsky 1940 ellipsoid, in metres, as the formula uses it.
const KRASOVSKY_A_M: f64 = 6_378_245.0;
/// Square of the eccentricity the formula uses.
const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;
/// Two passes of the fixed point already reach a micrometre; the limit only bounds hostile input.
const MAX_ITERATIONS: usize = 30;
/// When the correction falls below this many degrees (a nanometre), the inverse has converged.
const CONVERGED_DEGREES: f64 = 1e-14;

/// Whether the shift applies at all: inside the rectangle of the formula.
pub fn is_shifted_area(position: Coord<f64>) -> bool {
    (72.004..=137.8347).contains(&position.x) && (0.8293..=55.8271).contains(&position.y)
}

/// GCJ-02 position of a WGS 84 (≈ CGCS2000) position; the same position outside the shifted area.
pub fn wgs84_to_gcj02(wgs84: Coord<f64>) -> Coord<f64> {
    if is_shifted_area(wgs84) {
        wgs84 + shift(wgs84)
    } else {
        wgs84
    }
}

/// WGS 84 (≈ CGCS2000) position of a GCJ-02 position; the inverse of [`wgs84_to_gcj02`] to better than 1e-9°.
///
/// On the rim of the rectangle, where the shift begins with a step, the nearer side is taken.
pub fn gcj02_to_wgs84(gcj02: Coord<f64>) -> Coord<f64> {
    if !is_shifted_area(gcj02) {
        return gcj02;
    }
    invert(gcj02, gcj02 - shift(gcj02), |position| {
        position + shift(position)
    })
}

/// BD-09 position of a GCJ-02 position.
pub fn gcj02_to_bd09(gcj02: Coord<f64>) -> Coord<f64> {
    let wave = std::f64::consts::PI * 3000.0 / 180.0;
    let radius = gcj02.x.hypot(gcj02.y) + 0.00002 * (gcj02.y * wave).sin();
    let angle = gcj02.y.atan2(gcj02.x) + 0.000003 * (gcj02.x * wave).cos();
    Coord {
        x: radius * angle.cos() + 0.0065,
        y: radius * angle.sin() + 0.006,
    }
}

/// GCJ-02 position of a BD-09 position; the inverse of [`gcj02_to_bd09`] to better than 1e-9°.
pub fn bd09_to_gcj02(bd09: Coord<f64>) -> Coord<f64> {
    invert(
        bd09,
        bd09 - Coord {
            x: 0.0065,
            y: 0.006,
        },
        gcj02_to_bd09,
    )
}

/// BD-09 position of a WGS 84 position.
pub fn wgs84_to_bd09(wgs84: Coord<f64>) -> Coord<f64> {
    gcj02_to_bd09(wgs84_to_gcj02(wgs84))
}

/// WGS 84 position of a BD-09 position.
pub fn bd09_to_wgs84(bd09: Coord<f64>) -> Coord<f64> {
    gcj02_to_wgs84(bd09_to_gcj02(bd09))
}

/// The position `forward` sends to `target`, by fixed-point iteration from `start`.
/// Both shifts are small and smooth (their derivative is under 0.01), so every pass gains two digits or more.
fn invert(
    target: Coord<f64>,
    start: Coord<f64>,
    forward: impl Fn(Coord<f64>) -> Coord<f64>,
) -> Coord<f64> {
    let mut position = start;
    for _ in 0..MAX_ITERATIONS {
        let miss = forward(position) - target;
        position = position - miss;
        if miss.x.abs() < CONVERGED_DEGREES && miss.y.abs() < CONVERGED_DEGREES {
            break;
        }
    }
    position
}

/// The shift in degrees at a WGS 84 position.
fn shift(wgs84: Coord<f64>) -> Coord<f64> {
    let (east, north) = raw_shift(wgs84.x - 105.0, wgs84.y - 35.0);
    let latitude = wgs84.y.to_radians();
    let w_squared = 1.0 - ECCENTRICITY_SQUARED * latitude.sin().powi(2);
    let w = w_squared.sqrt();
    let meridian_radius_m = KRASOVSKY_A_M * (1.0 - ECCENTRICITY_SQUARED) / (w_squared * w);
    let parallel_radius_m = KRASOVSKY_A_M / w * latitude.cos();
    Coord {
        x: (east / parallel_radius_m).to_degrees(),
        y: (north / meridian_radius_m).to_degrees(),
    }
}

/// The polynomial with waves of the public formula: metres east and north.
fn raw_shift(x: f64, y: f64) -> (f64, f64) {
    use std::f64::consts::PI;
    let root = x.abs().sqrt();
    let common = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + common
        + (20.0 * (y * PI).sin() + 40.0 * (y / 3.0 * PI).sin()) * 2.0 / 3.0
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + common
        + (20.0 * (x * PI).sin() + 40.0 * (x / 3.0 * PI).sin()) * 2.0 / 3.0
        + (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    (east, north)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn at_kongtong_mountain_the_shift_is_378_m_east_and_49_m_south() {
        let wgs84 = Coord {
            x: 106.53,
            y: 35.55,
        };
        let gcj02 = wgs84_to_gcj02(wgs84);
        let metres_east = (gcj02.x - wgs84.x) * 111_320.0 * 35.55_f64.to_radians().cos();
        let metres_south = (wgs84.y - gcj02.y) * 110_950.0;
        assert!((metres_east - 378.0).abs() < 1.5, "{metres_east}");
        assert!((metres_south - 49.0).abs() < 1.5, "{metres_south}");
    }

    #[test]
    fn outside_the_rectangle_nothing_moves() {
        let mara = Coord { x: 34.9, y: -1.4 };
        assert_eq!(wgs84_to_gcj02(mara), mara);
        assert_eq!(gcj02_to_wgs84(mara), mara);
    }

    #[test]
    fn a_non_finite_position_ends_and_stays_non_finite() {
        let nowhere = Coord {
            x: f64::NAN,
            y: 35.0,
        };
        assert!(gcj02_to_wgs84(nowhere).x.is_nan());
        assert!(bd09_to_gcj02(nowhere).x.is_nan());
    }

    proptest! {
        #[test]
        fn removing_the_gcj02_shift_restores_the_position(x in 73.0..136.0, y in 3.0..54.0) {
            let there_and_back = gcj02_to_wgs84(wgs84_to_gcj02(Coord { x, y }));
            prop_assert!((there_and_back.x - x).abs() < 1e-9 && (there_and_back.y - y).abs() < 1e-9);
        }

        #[test]
        fn removing_the_bd09_shift_restores_the_position(x in 73.0..136.0, y in 3.0..54.0) {
            let there_and_back = bd09_to_wgs84(wgs84_to_bd09(Coord { x, y }));
            prop_assert!((there_and_back.x - x).abs() < 1e-9 && (there_and_back.y - y).abs() < 1e-9);
        }
    }
}
