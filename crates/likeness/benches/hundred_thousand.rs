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

fn measure<T>(what: &str, count: usize, run: impl FnOnce() -> T) -> T {
    let (began, before) = (Instant::now(), resident_mb());
    let result = run();
    let (took, after) = (began.elapsed().as_secs_f64(), resident_mb());
    println!(
        "{what:<44} {count:>8} in {took:>7.2} s, {:>8.0} µs each, memory {before:.0} → {after:.0} MB",
        took * 1e6 / count as f64
    );
    result
}

/// What this process holds. Zero where Linux is not.
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
        .unwrap_or_default()
        / 1024.0
}

/// A picture that no other resembles: a quilt of windows into drawn landscapes, each somewhere else, turned or mirrored.
fn quilt(pool: &[RgbImage], draw: &mut Draw) -> Vec<u8> {
    const WIDTH: usize = 256;
    const HEIGHT: usize = 192;
    let mut out = vec![0; WIDTH * HEIGHT];
    for top in (0..HEIGHT).step_by(64) {
        for left in (0..WIDTH).step_by(64) {
            let from = draw.pick(pool);
            let (x0, y0) = (
                draw.below(from.width() as usize - 64),
                draw.below(from.height() as usize - 64),
            );
            let (mirrored, turned) = (draw.share() < 0.5, draw.share() < 0.5);
            for y in 0..64 {
                for x in 0..64 {
                    let (u, v) = if turned { (y, x) } else { (x, y) };
                    let u = if mirrored { 63 - u } else { u };
                    let p = from.get_pixel((x0 + u) as u32, (y0 + v) as u32);
                    out[(top + y) * WIDTH + left + x] = p.0[1];
                }
            }
        }
    }
    out
}

fn photos(count: usize) {
    let mut d = Draw::new(1);
    let file = alter::jpeg(&draw(Scene::of(1), 4000), 85);
    measure("fingerprint of a 12 megapixel JPEG", 5, || {
        for _ in 0..5 {
            Fingerprint::of_file(&file, &Limits::default()).unwrap();
        }
    });
    let pool: Vec<RgbImage> = (0..48).map(|place| draw(Scene::of(place), 400)).collect();
    let mut prints = measure("fingerprints of small drawn pictures", count, || {
        let half = |seed: u64| {
            let mut d = Draw::new(seed);
            (0..count / 2)
                .map(|_| Fingerprint::of_grey(256, 192, &quilt(&pool, &mut d)).unwrap())
                .collect::<Vec<_>>()
        };
        std::thread::scope(|scope| {
            let second = scope.spawn(|| half(2));
            let mut all = half(3);
            all.extend(second.join().unwrap());
            all
        })
    });
    // One in a hundred is used a second time, cropped.
    let reused = count / 100;
    for _ in 0..reused {
        let grey = quilt(&pool, &mut d);
        let picture = RgbImage::from_fn(256, 192, |x, y| image::Rgb([grey[(y * 256 + x) as usize]; 3]));
        let crop = alter::grey(&alter::cropped(&picture, 0.85, &mut d));
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
    let planted = pairs.iter().filter(|(a, m)| *a as usize >= count / 2 * 2 && m.key == a + 1).count();
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
    let mut last = Prose::honest(&mut d);
    for n in 0..count {
        if n % 100 == 99 {
            all.push(last.without(1, &mut d).filled(&mut d));
            continue;
        }
        last = Prose::honest(&mut d);
        all.push(last.filled(&mut d));
    }
    let mut index = TextIndex::new();
    measure("texts: taken in", count, || {
        for (key, text) in all.iter().enumerate() {
            index.insert(key as u64, text);
        }
    });
    let pairs = measure("texts: all against all, two threads", count, || index.pairs(2));
    let found = pairs.iter().filter(|(a, m)| a % 100 == 98 && m.key == a + 1).count();
    println!("  {} pairs, {found} of {planted} planted", pairs.len());
    measure("texts: one more, searched and taken in", 1000, || {
        for key in 0..1000 {
            let text = Prose::honest(&mut d).filled(&mut d);
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
