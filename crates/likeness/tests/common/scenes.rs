//! Landscapes drawn by rule: sky, clouds, ridges, a slope with bushes, houses, a road.
//!
//! What lasts (ridges, houses, road, standpoint) follows from `place`; what a season changes (clouds, light, leaves, ground)
//! from `season`. Two seasons of one place are what an honest before/after pair looks like.

use image::{Rgb, RgbImage};

use super::Draw;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene {
    pub(crate) place: u64,
    pub(crate) season: u64,
    /// The standpoint moved, in shares of the width; nobody hits the same spot twice.
    pub(crate) moved: (f32, f32),
    /// Houses stand, or were pulled down.
    pub(crate) houses: bool,
    /// Only weeks went by: clouds and light are others, ground and bushes are not.
    pub(crate) weeks_only: bool,
}

impl Scene {
    pub(crate) fn of(place: u64) -> Self {
        Self {
            place,
            season: 0,
            moved: (0.0, 0.0),
            houses: true,
            weeks_only: false,
        }
    }
}

fn lattice(seed: u64, x: i32, y: i32) -> f32 {
    let mut h = seed ^ u64::from(x as u32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    h = (h ^ (h >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
        ^ u64::from(y as u32).wrapping_mul(0x94D0_49BB_1331_11EB);
    h = (h ^ (h >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    h ^= h >> 32;
    (h & 0xFFFF) as f32 / 65535.0
}

fn noise(seed: u64, x: f32, y: f32) -> f32 {
    let (x0, y0) = (x.floor(), y.floor());
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (fx, fy) = (smooth(x - x0), smooth(y - y0));
    let (xi, yi) = (x0 as i32, y0 as i32);
    let above = lattice(seed, xi, yi) * (1.0 - fx) + lattice(seed, xi + 1, yi) * fx;
    let below = lattice(seed, xi, yi + 1) * (1.0 - fx) + lattice(seed, xi + 1, yi + 1) * fx;
    above * (1.0 - fy) + below * fy
}

fn fractal(seed: u64, x: f32, y: f32, octaves: u32) -> f32 {
    let (mut sum, mut weight, mut scale) = (0.0, 0.5, 1.0);
    for octave in 0..octaves {
        sum += weight
            * noise(
                seed.wrapping_add(u64::from(octave) * 77),
                x * scale,
                y * scale,
            );
        weight *= 0.55;
        scale *= 2.0;
    }
    sum
}

struct House {
    x: f32,
    y: f32,
    w: f32,
    h: f32,
    wall: f32,
}

/// Draws it, `width` × ¾ `width`.
pub(crate) fn draw(scene: Scene, width: u32) -> RgbImage {
    let height = width * 3 / 4;
    let mut lasting = Draw::new(scene.place * 31 + 7);
    let mut passing = Draw::new(scene.place * 1009 + scene.season * 101 + 3);
    let ridges: Vec<(f32, f32, u64)> = (0..2 + lasting.below(3))
        .map(|n| {
            let base = 0.25 + 0.1 * n as f32 + lasting.between(-0.05, 0.05);
            (base, lasting.between(0.08, 0.3), lasting.next())
        })
        .collect();
    let slope = lasting.between(0.6, 0.72);
    let houses: Vec<House> = (0..3 + lasting.below(5))
        .map(|_| House {
            x: lasting.between(0.05, 0.85),
            y: lasting.between(slope - 0.05, 0.85),
            w: lasting.between(0.05, 0.14),
            h: lasting.between(0.04, 0.1),
            wall: lasting.between(120.0, 240.0),
        })
        .collect();
    let road = (
        lasting.between(0.2, 0.8),
        lasting.between(-0.5, 0.5),
        lasting.between(0.01, 0.04),
    );
    let (sky, light, green) = (
        passing.between(140.0, 230.0),
        passing.between(0.75, 1.15),
        passing.between(0.4, 1.3),
    );
    let clouds = passing.next();
    if scene.weeks_only {
        passing = Draw::new(scene.place * 1009 + 3);
    }
    let (leaves, ground) = (passing.next(), passing.next());
    let bushes: Vec<(f32, f32, f32)> = (0..60)
        .map(|_| {
            (
                passing.share(),
                passing.between(slope, 1.0),
                passing.between(0.008, 0.035),
            )
        })
        .collect();
    let shadow = passing.between(-1.0, 1.0);
    RgbImage::from_fn(width, height, |px, py| {
        let x = px as f32 / width as f32 + scene.moved.0;
        let y = py as f32 / height as f32 + scene.moved.1;
        let mut v =
            sky - 40.0 * y + 70.0 * (fractal(clouds, x * 4.0, y * 9.0, 4) - 0.45).max(0.0) * 2.0;
        let mut tint = [0.95, 1.0, 1.08];
        for (n, (base, tall, seed)) in ridges.iter().enumerate() {
            let line = base - tall * (fractal(*seed, x * 3.0, 0.5, 5) - 0.45);
            if y > line {
                let depth = fractal(seed ^ leaves, x * 30.0, y * 40.0, 4);
                let relief = fractal(*seed, x * 9.0 + shadow, y * 9.0, 3);
                v = light
                    * (60.0 + 25.0 * (ridges.len() - n) as f32)
                    * (0.5 + 0.5 * depth + 0.4 * relief);
                tint = [0.85, 0.8 + 0.2 * green, 0.8];
            }
        }
        if y > slope + 0.05 * (fractal(scene.place, x * 4.0, 2.0, 3) - 0.5) {
            v = light * (70.0 + 110.0 * fractal(ground, x * 25.0, y * 45.0, 5));
            tint = [1.0, 0.7 + 0.25 * green, 0.6];
            let middle = road.0 + road.1 * (y - slope);
            if (x - middle).abs() < road.2 * (1.0 + 4.0 * (y - slope)) {
                v = light * (170.0 + 30.0 * noise(ground, x * 200.0, y * 200.0));
                tint = [1.0, 0.98, 0.92];
            }
        }
        for (bx, by, r) in &bushes {
            let d = ((x - bx).powi(2) + ((y - by) * 0.9).powi(2)).sqrt() / r;
            if d < 1.25 && d < 0.75 + 0.5 * noise(leaves, x * 120.0, y * 120.0) {
                v = light * (35.0 + 60.0 * fractal(leaves, x * 90.0, y * 90.0, 3));
                tint = [0.7, 0.6 + 0.5 * green, 0.55];
            }
        }
        if scene.houses {
            for house in &houses {
                let (u, w) = ((x - house.x) / house.w, (y - house.y) / house.h);
                if (0.0..1.0).contains(&u) && (-0.4..1.0).contains(&w) {
                    let window = w > 0.0 && (u * 5.0).fract() > 0.6 && (w * 3.0).fract() > 0.5;
                    v = match () {
                        () if w < 0.0 => 80.0 * light,
                        () if window => 50.0,
                        () => house.wall * light,
                    };
                    tint = [1.0, 0.95, 0.9];
                }
            }
        }
        v += 8.0 * (lattice(clouds ^ 5, px as i32, py as i32) - 0.5);
        Rgb(tint.map(|t: f32| (v * t).clamp(0.0, 255.0) as u8))
    })
}
