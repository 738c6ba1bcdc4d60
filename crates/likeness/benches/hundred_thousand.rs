//! 100,000 photos and 100,000 texts taken in, all searched against all, a few more added; prints seconds and memory.
//!
//! Run with `cargo bench -p likeness --bench hundred_thousand [-- PHOTOS [TEXTS]]`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement for people"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use common::prose::Prose;
use common::scenes::{Scene, draw};
use common::{Draw, alter};
use image::RgbImage;
use likeness::text::TextIndex;
use likeness::{Fingerprint, Limits, PictureIndex};
use testkit::{cpu_seconds, resident_mb};

fn measure<T>(what: &str, count: usize, run: impl FnOnce() -> T) -> T {
    let (began, cpu_before, before) = (Instant::now(), cpu_seconds(), resident_mb());
    let result = run();
    let (took, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu_before);
    println!(
        "{what:<42} {count:>7} in {took:>7.2} s, {cpu:>7.2} CPU s, {:>7.0} CPU µs each, memory {before:.0} → {:.0} MB",
        cpu * 1e6 / count as f64,
        resident_mb()
    );
    result
}

/// A small picture that no other resembles: five octaves of noise, and patches of light and shade.
fn picture(draw: &mut Draw) -> Vec<u8> {
    const WIDTH: usize = 256;
    const HEIGHT: usize = 192;
    let mut out = vec![110.0_f32; WIDTH * HEIGHT];
    for cell in [64, 32, 16, 8, 4] {
        let across = WIDTH / cell + 2;
        let grid: Vec<f32> = (0..across * (HEIGHT / cell + 2))
            .map(|_| draw.between(-1.0, 1.0) * (cell as f32).sqrt() * 7.0)
            .collect();
        for (y, row) in out.chunks_exact_mut(WIDTH).enumerate() {
            let (gy, fy) = (y / cell, (y % cell) as f32 / cell as f32);
            for (x, value) in row.iter_mut().enumerate() {
                let (at, fx) = (gy * across + x / cell, (x % cell) as f32 / cell as f32);
                let above = grid[at] * (1.0 - fx) + grid[at + 1] * fx;
                let below = grid[at + across] * (1.0 - fx) + grid[at + across + 1] * fx;
                *value += above * (1.0 - fy) + below * fy;
            }
        }
    }
    for _ in 0..25 {
        let (w, h) = (4 + draw.below(30), 4 + draw.below(24));
        let (left, top) = (draw.below(WIDTH - w), draw.below(HEIGHT - h));
        let shade = draw.between(-60.0, 60.0);
        for y in top..top + h {
            for value in &mut out[y * WIDTH + left..y * WIDTH + left + w] {
                *value += shade;
            }
        }
    }
    out.into_iter().map(|v| v.clamp(0.0, 255.0) as u8).collect()
}

/// A fingerprint whose marks come from as many different pictures: as a picture of its own, without the time to draw it.
/// Version 1 of the encoding: six bytes of head, fifteen bytes a mark.
fn mixed(pool: &[Fingerprint], draw: &mut Draw) -> Fingerprint {
    let mut bytes = draw.pick(pool).to_bytes();
    let marks = usize::from(bytes[5]);
    for nth in 0..marks {
        let other = draw.pick(pool).to_bytes();
        let from = 6 + 15 * draw.below(usize::from(other[5]));
        bytes[6 + 15 * nth..21 + 15 * nth].copy_from_slice(&other[from..from + 15]);
    }
    Fingerprint::from_bytes(&bytes).unwrap()
}

fn photos(count: usize) {
    let mut d = Draw::new(1);
    let file = alter::jpeg(&draw(Scene::of(1), 4000), 85);
    measure("fingerprint of a 12 megapixel JPEG", 5, || {
        for _ in 0..5 {
            Fingerprint::of_file(&file, &Limits::default()).unwrap();
        }
    });
    let pool = measure("fingerprints of small drawn pictures", count / 10, || {
        (0..count / 10)
            .map(|_| Fingerprint::of_grey(256, 192, &picture(&mut d)).unwrap())
            .collect::<Vec<_>>()
    });
    let mut prints: Vec<Fingerprint> = (0..count).map(|_| mixed(&pool, &mut d)).collect();
    // One in a hundred is used a second time, cropped.
    let reused = count / 100;
    for _ in 0..reused {
        let grey = picture(&mut d);
        let image = RgbImage::from_fn(256, 192, |x, y| {
            image::Rgb([grey[(y * 256 + x) as usize]; 3])
        });
        let crop = alter::grey(&alter::cropped(&image, 0.85, &mut d));
        prints.push(Fingerprint::of_grey(256, 192, &grey).unwrap());
        prints.push(Fingerprint::of_grey(crop.width(), crop.height(), crop.as_raw()).unwrap());
    }
    let mut index = PictureIndex::new();
    let n = prints.len();
    measure("photos: taken in", n, || {
        for (key, print) in prints.into_iter().enumerate() {
            index.insert(key as u64, print);
        }
    });
    let pairs = measure("photos: all against all, two threads", n, || index.pairs(2));
    let planted = pairs
        .iter()
        .filter(|(a, m)| *a as usize >= count && m.key == a + 1)
        .count();
    println!("  {} pairs, {planted} of {reused} planted", pairs.len());
    measure("photos: one more, searched and taken in", 200, || {
        for key in 0..200 {
            let print = index.fingerprint(key).unwrap().clone();
            index.find(&print);
            index.insert(1 << 40 | key, print);
        }
    });
    measure("photos: taken out", 200, || {
        for key in 0..200 {
            index.remove(1 << 40 | key);
        }
    });
}

fn texts(count: usize) {
    let mut d = Draw::new(1);
    let planted = count / 100;
    let mut all: Vec<String> = Vec::with_capacity(count);
    let mut last = Prose::wordy(&mut d);
    for n in 0..count {
        if n % 100 == 99 {
            all.push(last.without(1, &mut d).filled(&mut d));
            continue;
        }
        last = Prose::wordy(&mut d);
        all.push(last.filled(&mut d));
    }
    let mut index = TextIndex::new();
    measure("texts: taken in", count, || {
        for (key, text) in all.iter().enumerate() {
            index.insert(key as u64, text);
        }
    });
    let pairs = measure("texts: all against all, two threads", count, || {
        index.pairs(2)
    });
    let found = pairs
        .iter()
        .filter(|(a, m)| a % 100 == 98 && m.key == a + 1)
        .count();
    println!("  {} pairs, {found} of {planted} planted", pairs.len());
    measure("texts: one more, searched and taken in", 1000, || {
        for key in 0..1000 {
            let text = Prose::wordy(&mut d).filled(&mut d);
            index.find(&text);
            index.insert(1 << 40 | key, &text);
        }
    });
}

fn main() {
    let numbers: Vec<usize> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let count = numbers.first().copied().unwrap_or(100_000);
    if count > 0 {
        photos(count);
    }
    texts(numbers.get(1).copied().unwrap_or(count.max(1)));
}
