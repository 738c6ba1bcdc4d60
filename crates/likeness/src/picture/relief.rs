//! The relief: light and dark relative to the surroundings, on a coarse grid. What two pictures are laid upon each other by.

use super::orientation::Orientation;
use super::plane::Plane;

/// Points of the grid.
pub(super) const AREA: f32 = 96.0 * 72.0;
/// Steps of a point.
const STEPS: f32 = 15.0;
/// What is relative to the surroundings, beyond this many of their standard deviations, is cut off.
const CUT: f32 = 2.0;
/// Radius of the surroundings, in points.
const SURROUNDINGS: f32 = 5.0;
/// Side of a block, in points.
pub(crate) const BLOCK: usize = 8;
/// A block whose values scatter less than this shows nothing.
pub(crate) const FLAT: f32 = 0.3;

/// Two points to a byte, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relief {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) packed: Vec<u8>,
}

impl Relief {
    pub(super) fn of(small: &Plane) -> Self {
        let mean = small.blurred(SURROUNDINGS);
        let mut squares = small.clone();
        squares.values.iter_mut().for_each(|v| *v *= *v);
        let squares = squares.blurred(SURROUNDINGS);
        let count = small.values.len() as f32;
        let overall = small.values.iter().sum::<f32>() / count;
        let scatter = small
            .values
            .iter()
            .map(|v| (v - overall).powi(2))
            .sum::<f32>()
            / count;
        // What keeps the noise of a clear sky from being taken for a surface.
        let floor = 1.0 + 0.08 * scatter.sqrt();
        let steps: Vec<u8> = small
            .values
            .iter()
            .zip(mean.values.iter().zip(&squares.values))
            .map(|(v, (m, s))| {
                let deviation = (s - m * m).max(0.0).sqrt();
                let value = ((v - m) / (deviation + floor)).clamp(-CUT, CUT);
                ((value + CUT) / (2.0 * CUT) * STEPS).round() as u8
            })
            .collect();
        Self {
            width: small.width as u16,
            height: small.height as u16,
            packed: steps
                .chunks(2)
                .map(|pair| pair[0] | pair.get(1).unwrap_or(&0) << 4)
                .collect(),
        }
    }

    /// The values again, as numbers from −2 to 2.
    pub(crate) fn plane(&self) -> Plane {
        let (width, height) = (usize::from(self.width), usize::from(self.height));
        let values = (0..width * height)
            .map(|i| {
                let step = (self.packed[i / 2] >> (4 * (i % 2))) & 15;
                f32::from(step) / STEPS * 2.0 * CUT - CUT
            })
            .collect();
        Plane {
            width,
            height,
            values,
        }
    }

    /// The share of blocks that show something, 0 to 1.
    pub(super) fn texture(&self) -> f32 {
        let plane = self.plane();
        let (mut all, mut textured) = (0, 0);
        for y in (0..plane.height.saturating_sub(BLOCK - 1)).step_by(BLOCK) {
            for x in (0..plane.width.saturating_sub(BLOCK - 1)).step_by(BLOCK) {
                let mut sums = Sums::default();
                for row in 0..BLOCK {
                    for column in 0..BLOCK {
                        let value = plane.at(x + column, y + row);
                        sums.add(value, value);
                    }
                }
                all += 1;
                textured += i32::from(sums.scatter().0 >= FLAT);
            }
        }
        textured as f32 / all.max(1) as f32
    }
}

/// Sums over pairs of values.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sums {
    pub(crate) n: f32,
    a: f32,
    b: f32,
    aa: f32,
    bb: f32,
    ab: f32,
}

impl Sums {
    #[inline]
    pub(crate) fn add(&mut self, a: f32, b: f32) {
        self.n += 1.0;
        self.a += a;
        self.b += b;
        self.aa += a * a;
        self.bb += b * b;
        self.ab += a * b;
    }

    /// Standard deviations of both sides.
    pub(crate) fn scatter(&self) -> (f32, f32) {
        let n = self.n.max(1.0);
        let of = |sum: f32, squares: f32| (squares / n - (sum / n).powi(2)).max(0.0).sqrt();
        (of(self.a, self.aa), of(self.b, self.bb))
    }

    /// Correlation, −1 to 1; what scatters less than the floor counts as if it did.
    pub(crate) fn correlation(&self, floor: f32) -> f32 {
        let n = self.n.max(1.0);
        let (a, b) = self.scatter();
        let together = self.ab / n - self.a / n * (self.b / n);
        together / (a.max(floor) * b.max(floor))
    }
}

/// How the points of one relief lie on another: turned, scaled, shifted, all from the middles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lay {
    pub(crate) turn: Orientation,
    pub(crate) scale: f32,
    pub(crate) shift: (f32, f32),
}

impl Lay {
    /// Neither turned nor scaled nor shifted.
    pub(crate) fn still() -> Self {
        Self {
            turn: Orientation::Upright,
            scale: 1.0,
            shift: (0.0, 0.0),
        }
    }
}

/// What came of laying one relief upon the other.
#[derive(Debug, Clone)]
pub(crate) struct Laid {
    /// Each block that lies on the other picture: its column and row in the first, and its sums.
    pub(crate) blocks: Vec<(usize, usize, Sums)>,
    /// The share of the first picture that does, 0 to 1.
    pub(crate) covered: f32,
}

impl Laid {
    /// The mean over blocks with something to see, each judged by itself: what was printed over a part does not pull.
    pub(crate) fn fit(&self) -> f32 {
        let (mut seen, mut sum) = (0.0_f32, 0.0);
        for (_, _, block) in &self.blocks {
            let (a, b) = block.scatter();
            if a.max(b) >= FLAT {
                seen += 1.0;
                sum += block.correlation(FLAT).max(0.0);
            }
        }
        sum / seen.max(1.0)
    }
}

/// Lays `a` upon `b`; `stride` takes every n-th point only.
pub(crate) fn lay(a: &Plane, b: &Plane, on: Lay, stride: usize) -> Laid {
    let (across, down) = (a.width.div_ceil(BLOCK), a.height.div_ceil(BLOCK));
    let mut blocks = vec![Sums::default(); across * down];
    let middle = |n: usize| (n as f32 - 1.0) / 2.0;
    let (ax, ay, bx, by) = (
        middle(a.width),
        middle(a.height),
        middle(b.width),
        middle(b.height),
    );
    let (right, bottom) = ((b.width - 1) as f32, (b.height - 1) as f32);
    let (mut inside, mut all) = (0_u32, 0_u32);
    for y in (0..a.height).step_by(stride) {
        for x in (0..a.width).step_by(stride) {
            let (tx, ty) = on.turn.turn((x as f32 - ax, y as f32 - ay));
            let (px, py) = (
                tx * on.scale + on.shift.0 + bx,
                ty * on.scale + on.shift.1 + by,
            );
            all += 1;
            if px < 0.0 || py < 0.0 || px > right || py > bottom {
                continue;
            }
            inside += 1;
            blocks[y / BLOCK * across + x / BLOCK].add(a.at(x, y), b.between(px, py));
        }
    }
    let least = (BLOCK * BLOCK) as f32 / (stride * stride) as f32 * 0.6;
    let blocks = (blocks.into_iter().enumerate())
        .filter(|(_, sums)| sums.n >= least)
        .map(|(at, sums)| (at % across, at / across, sums))
        .collect();
    Laid {
        blocks,
        covered: inside as f32 / all.max(1) as f32,
    }
}

/// The correlation over everything that lies on the other, by every third point and no reading between points; 0 if less
/// than half does.
pub(crate) fn lay_coarsely(a: &Plane, b: &Plane, on: Lay) -> f32 {
    let middle = |n: usize| (n as f32 - 1.0) / 2.0;
    let to = |at: usize, from: f32, shift: f32, onto: f32| {
        ((at as f32 - from) * on.scale + shift + onto).round()
    };
    let (mut sums, mut all) = (Sums::default(), 0.0);
    for y in (0..a.height).step_by(3) {
        let py = to(y, middle(a.height), on.shift.1, middle(b.height));
        for x in (0..a.width).step_by(3) {
            let px = to(x, middle(a.width), on.shift.0, middle(b.width));
            all += 1.0;
            if px >= 0.0 && py >= 0.0 && (px as usize) < b.width && (py as usize) < b.height {
                sums.add(a.at(x, y), b.at(px as usize, py as usize));
            }
        }
    }
    if sums.n < all / 2.0 {
        return 0.0;
    }
    sums.correlation(FLAT)
}
