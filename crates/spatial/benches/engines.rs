//! Overlay and matching at three sizes, on generated fixtures: CPU time per item and peak memory.
//!
//! `cargo bench -p spatial` prints one line per engine and size. It asserts nothing: machines differ.
#![allow(clippy::print_stdout, reason = "a program that prints its findings")]
#![allow(clippy::unwrap_used, reason = "a benchmark may stop")]

use std::hint::black_box;

use geo_types::{Geometry, LineString, MultiPolygon, Polygon};
use spatial::authalic::EllipsoidArea;
use spatial::gpb::{Blob, encode};
use spatial::matching::{MatchIndex, PositionIndex};
use spatial::overlay::{OutlineIndex, OutlinePart, Scratch, Shape};
use spatial::zoning::{ZoneArea, ZoneIndex};
use testkit::{cpu_seconds, peak_mb};

/// Patches of the three sizes.
const SIZES: [usize; 3] = [300, 30_000, 1_000_000];
/// Sites of the product's own comparison, which looks at whole geometries.
const MOST_SITES: usize = 30_000;

/// A small generator of even numbers between 0 and 1, the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A ragged ring of `vertices` round a centre, `radius` in degrees.
fn ragged(dice: &mut Dice, center: [f64; 2], radius: f64, vertices: usize) -> LineString {
    let step = std::f64::consts::TAU / vertices as f64;
    let points = (0..vertices).map(|i| {
        let (s, c) = (step * i as f64).sin_cos();
        let r = radius * (0.8 + 0.2 * dice.roll());
        [center[0] + r * c, center[1] + r * s]
    });
    LineString::from(points.collect::<Vec<_>>())
}

/// Core and buffer zones of reserves on a lattice, the hole of each buffer being the ring of its core.
fn zones(dice: &mut Dice, reserves: usize) -> Vec<Polygon> {
    let side = (reserves as f64).sqrt().ceil() as usize;
    let reserve = |i: usize| {
        let center = [
            100.0 + 0.5 * (i % side) as f64,
            25.0 + 0.5 * (i / side) as f64,
        ];
        let core = ragged(dice, center, 0.1, 3000);
        let buffer = ragged(dice, center, 0.2, 3000);
        [
            Polygon::new(core.clone(), vec![]),
            Polygon::new(buffer, vec![core]),
        ]
    };
    (0..reserves).flat_map(reserve).collect()
}

fn patches(dice: &mut Dice, count: usize, extent: f64) -> Vec<Vec<u8>> {
    let patch = |_| {
        let center = [100.0 + extent * dice.roll(), 25.0 + extent * dice.roll()];
        encode(
            &Polygon::new(ragged(dice, center, 0.0005, 20), vec![]).into(),
            4490,
        )
    };
    (0..count).map(patch).collect()
}

fn report(what: &str, items: usize, since: f64) {
    let spent = cpu_seconds() - since;
    let each = spent * 1e6 / items as f64;
    println!(
        "{what:32} {items:>9} items {spent:>8.2} CPU s {each:>8.2} µs each, peak {:.0} MB",
        peak_mb()
    );
}

fn overlay(zones: &[Polygon], patches: &[Vec<u8>]) {
    let start = cpu_seconds();
    let mut part = OutlinePart::default();
    for zone in zones {
        part.add_shape(&Shape::from_geometry(&zone.clone().into()).unwrap());
    }
    let index = OutlineIndex::build(vec![part]).unwrap();
    report("overlay: index zone vertices", zones.len() * 4500, start);
    let start = cpu_seconds();
    let (mut shape, mut scratch, mut shares) = (Shape::default(), Scratch::default(), Vec::new());
    for patch in patches {
        shape.read_polygons(&Blob::parse(patch).unwrap()).unwrap();
        let measure = EllipsoidArea::between(shape.bounds().min[1], shape.bounds().max[1]);
        index.overlay(
            &shape,
            &measure,
            shape.total(&measure),
            &mut scratch,
            &mut shares,
        );
        black_box(&shares);
    }
    report("overlay: patches over zones", patches.len(), start);
}

fn zoning(zones: &[Polygon], patches: &[Vec<u8>]) {
    let area = |(id, zone): (u32, &Polygon)| ZoneArea {
        id,
        rank: 1,
        geometry: MultiPolygon(vec![zone.clone()]),
    };
    let areas: Vec<ZoneArea> = (0..).zip(zones).map(area).collect();
    let (index, _) = ZoneIndex::build(&areas, None).unwrap();
    let geometries: Vec<Geometry> = patches
        .iter()
        .map(|blob| Blob::parse(blob).unwrap().decode().unwrap())
        .collect();
    let start = cpu_seconds();
    for geometry in &geometries {
        black_box(index.overlay(geometry));
    }
    report("zoning: sites over zones", geometries.len(), start);
}

fn matching(patches: &[Vec<u8>]) {
    let centers: Vec<[f64; 2]> = patches
        .iter()
        .map(|blob| Shape::from_geometry(&Blob::parse(blob).unwrap().decode().unwrap()).unwrap())
        .map(|shape| shape.area_centroid().unwrap().map(|degrees| degrees * 1e5))
        .collect();
    let start = cpu_seconds();
    let index = PositionIndex::build(&centers);
    for center in &centers {
        black_box(index.nearest([center[0] + 30.0, center[1]], 100.0));
    }
    report("matching: nearest centre", centers.len(), start);
    let sites = patches
        .iter()
        .take(MOST_SITES)
        .map(|blob| Blob::parse(blob).unwrap().decode().unwrap());
    let sites: Vec<Geometry> = sites.collect();
    let start = cpu_seconds();
    let index = MatchIndex::build((0_u32..).zip(sites.iter().cloned()));
    for site in &sites {
        black_box(index.candidates(site, 100.0));
    }
    report("matching: candidates", sites.len(), start);
}

fn main() {
    let dice = &mut Dice(20_190_815);
    for size in SIZES {
        let reserves = (size / 1000).clamp(4, 400);
        let zones = zones(dice, reserves);
        let patches = patches(dice, size, 0.5 * (reserves as f64).sqrt());
        println!("{} zones, {size} patches", zones.len());
        overlay(&zones, &patches);
        zoning(&zones, &patches[..size.min(MOST_SITES)]);
        matching(&patches);
    }
}
