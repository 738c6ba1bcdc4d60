//! Web mercator by series: a sine and a logarithm for each vertex were a ninth of the work of a tile.

use std::f64::consts::PI;
use std::sync::LazyLock;

use super::{EXTENT, TileId, WORLD_BITS};

/// Latitudes are told by series up to here; the projection grows too steep beyond.
const TABLED: f64 = 80.0;
/// Strips of the table in a degree. An eighth of a degree with five derivatives is exact to a hundred-thousandth of a part.
const STRIPS_PER_DEGREE: f64 = 8.0;
/// Degrees from the middle of a series up to which it is exact.
const REACH: f64 = 0.5 / STRIPS_PER_DEGREE;

/// How far down a latitude lies, and the next terms of the series there, by degrees.
type Series = [f64; 6];

/// 投影表 — the series in the middle of each strip.
static STRIPS: LazyLock<Vec<Series>> = LazyLock::new(|| {
    let count = (2.0 * TABLED * STRIPS_PER_DEGREE) as u32;
    (0..count).map(|at| series(middle(f64::from(at)))).collect()
});

/// Middle of a strip in degrees.
fn middle(strip: f64) -> f64 {
    (strip + 0.5) / STRIPS_PER_DEGREE - TABLED
}

/// Taylor's series of the projection, whose derivative is the secant.
fn series(lat: f64) -> Series {
    let (sec, tan) = (lat.to_radians().cos().recip(), lat.to_radians().tan());
    let square = sec * sec;
    let derivatives = [
        sec,
        sec * tan,
        sec * (2.0 * square - 1.0),
        sec * tan * (6.0 * square - 1.0),
        sec * (square * (24.0 * square - 20.0) + 1.0),
    ];
    let mut told = [down_exactly(lat), 0.0, 0.0, 0.0, 0.0, 0.0];
    let mut factor = -1.0 / (2.0 * PI);
    for (n, derivative) in (1_u32..).zip(derivatives) {
        factor *= PI / 180.0 / f64::from(n);
        told[n as usize] = factor * derivative;
    }
    told
}

/// The sum of a series, so many degrees from its middle.
fn sum([a, b, c, d, e, f]: Series, off: f64) -> f64 {
    a + off * (b + off * (c + off * (d + off * (e + off * f))))
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
        if let Some(series) = STRIPS.get(strip as usize) {
            return sum(*series, lat - middle(f64::from(strip)));
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

/// 近处投影 — degrees straight to the units of one tile: one series around its middle, no table and no position of the world
/// in between. What lies farther off goes the usual way.
#[derive(Debug, Clone, Copy)]
pub(super) struct NearProjection {
    tile: TileId,
    /// Longitude and latitude that the series are of.
    middle: [f64; 2],
    across: [f64; 2],
    down: Series,
    reach: f64,
}

/// Units added before a number is cut to a whole one, so that it is never negative: more than the reach has of them.
const LIFT: i32 = 1 << 22;

impl NearProjection {
    pub(super) fn of(tile: TileId) -> Self {
        let [west, north, east, south] = tile.bounds(0);
        let [lon, lat] = degrees([west.midpoint(east), north.midpoint(south)]);
        let units = f64::from(1_u32 << (WORLD_BITS - tile.shift()));
        let corner = [tile.column, tile.row].map(|at| f64::from(at) * f64::from(EXTENT));
        let lifted = |share: f64, axis: usize| share * units - corner[axis] + f64::from(LIFT);
        let mut down = series(lat);
        down[1..].iter_mut().for_each(|term| *term *= units);
        down[0] = lifted(down[0], 1);
        let is_tabled = lat.abs() + REACH < TABLED;
        Self {
            tile,
            middle: [lon, lat],
            across: [lifted((lon + 180.0) / 360.0, 0), units / 360.0],
            down,
            reach: if is_tabled { REACH } else { 0.0 },
        }
    }

    /// A position in the tile's own units.
    #[inline]
    pub(super) fn local(&self, lon: f64, lat: f64) -> [i32; 2] {
        let (east, north) = (lon - self.middle[0], lat - self.middle[1]);
        if east.abs() < self.reach && north.abs() < self.reach {
            let across = self.across[0] + east * self.across[1];
            return [across, sum(self.down, north)].map(|lifted| lifted as i32 - LIFT);
        }
        self.tile.local(mercator(lon, lat))
    }
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
    use proptest::prelude::*;

    use super::super::MAX_ZOOM;
    use super::*;

    #[test]
    fn the_table_is_the_formula() {
        let world = f64::from(1_u32 << WORLD_BITS);
        for at in -900_000..=900_000 {
            let lat = f64::from(at) / 10_000.0 + 0.000_031;
            let off = (down(lat) - down_exactly(lat)) * world;
            assert!(off.abs() < 1e-5, "{lat}: {off} parts off");
        }
        assert!(down(f64::NAN).is_nan());
    }

    proptest! {
        #[test]
        fn near_a_tile_the_units_are_those_of_the_world(
            zoom in 0_u8..=MAX_ZOOM,
            at in (-180.0..180.0_f64, -84.0..84.0_f64),
            off in (-0.1..0.1_f64, -0.1..0.1_f64),
        ) {
            let tile = TileId::of(mercator(at.0, at.1), zoom);
            let (lon, lat) = ((at.0 + off.0).clamp(-180.0, 179.9), at.1 + off.1);
            let near = NearProjection::of(tile).local(lon, lat);
            let exact = tile.local(mercator(lon, lat));
            // On the seam between two units a rounding of the last digit may tell.
            let is_same = near.iter().zip(exact).all(|(n, e)| n.abs_diff(e) <= 1);
            prop_assert!(is_same, "{near:?} {exact:?}");
        }
    }

    #[test]
    fn near_a_tile_hardly_a_unit_is_another() {
        let tile = TileId::of(mercator(106.65, 35.55), 14);
        let near = NearProjection::of(tile);
        let others = (0..1_000_000_u32).filter(|n| {
            let off = [n % 1000, n / 1000].map(|v| (f64::from(v) - 500.0) * 0.000_123_4);
            let (lon, lat) = (106.65 + off[0], 35.55 + off[1]);
            near.local(lon, lat) != tile.local(mercator(lon, lat))
        });
        assert!(others.count() < 3);
    }
}
