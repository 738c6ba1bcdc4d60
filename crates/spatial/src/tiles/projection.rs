//! Web mercator, by a table: tiles project every vertex they draw, and a sine and a logarithm were a ninth of their work.

use std::f64::consts::PI;
use std::sync::LazyLock;

use super::WORLD_BITS;

/// Latitudes are told by the table up to here; the projection grows too steep beyond.
const TABLED: f64 = 80.0;
/// Strips of the table in a degree. An eighth of a degree with four derivatives is exact to a thousandth of a part.
const STRIPS_PER_DEGREE: f64 = 8.0;

/// 投影表 — of each strip how far down its middle lies, and the next four terms of the series there, by degrees.
static STRIPS: LazyLock<Vec<[f64; 5]>> = LazyLock::new(|| {
    let count = (2.0 * TABLED * STRIPS_PER_DEGREE) as u32;
    (0..count).map(|at| series(middle(f64::from(at)))).collect()
});

/// Middle of a strip in degrees.
fn middle(strip: f64) -> f64 {
    (strip + 0.5) / STRIPS_PER_DEGREE - TABLED
}

/// Taylor's series of the projection, whose derivative is the secant.
fn series(lat: f64) -> [f64; 5] {
    let (sec, tan) = (lat.to_radians().cos().recip(), lat.to_radians().tan());
    let square = sec * sec;
    let derivatives = [
        sec,
        sec * tan,
        sec * (2.0 * square - 1.0),
        sec * tan * (6.0 * square - 1.0),
    ];
    let mut told = [down_exactly(lat), 0.0, 0.0, 0.0, 0.0];
    let mut factor = -1.0 / (2.0 * PI);
    for (n, derivative) in (1_u32..).zip(derivatives) {
        factor *= PI / 180.0 / f64::from(n);
        told[n as usize] = factor * derivative;
    }
    told
}

/// How far down a latitude lies, as a share of the world's height.
fn down_exactly(lat: f64) -> f64 {
    let sin = lat.to_radians().sin().clamp(-0.9999, 0.9999);
    0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * PI)
}

fn down(lat: f64) -> f64 {
    if lat.abs() < TABLED {
        // Never negative: the whole part is the strip.
        let strip = ((lat + TABLED) * STRIPS_PER_DEGREE) as u32;
        if let Some([a, b, c, d, e]) = STRIPS.get(strip as usize) {
            let off = lat - middle(f64::from(strip));
            return a + off * (b + off * (c + off * (d + off * e)));
        }
    }
    down_exactly(lat)
}

/// A position in parts of the world; beyond the poles of the projection it is held at the edge.
pub fn mercator(lon: f64, lat: f64) -> [i32; 2] {
    let world = f64::from(1_u32 << WORLD_BITS);
    let part = |v: f64| (v * world).clamp(0.0, world - 1.0) as i32;
    [part((lon + 180.0) / 360.0), part(down(lat))]
}

/// Longitude and latitude of a position.
pub fn degrees(position: [i32; 2]) -> [f64; 2] {
    let world = f64::from(1_u32 << WORLD_BITS);
    let lon = f64::from(position[0]) / world * 360.0 - 180.0;
    let n = PI * (1.0 - 2.0 * f64::from(position[1]) / world);
    [lon, n.sinh().atan().to_degrees()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_formula() {
        let world = f64::from(1_u32 << WORLD_BITS);
        for at in -900_000..=900_000 {
            let lat = f64::from(at) / 10_000.0 + 0.000_031;
            let off = (down(lat) - down_exactly(lat)) * world;
            assert!(off.abs() < 2e-3, "{lat}: {off} parts off");
        }
        assert!(down(f64::NAN).is_nan());
    }
}
