//! The overlay engine against cell counting, against a boolean-operations library, and against itself.
#![allow(clippy::unwrap_used, reason = "tests")]

use geo::{Area, BooleanOps};
use geo_types::{Geometry, LineString, MultiPolygon, Polygon, Rect};
use proptest::prelude::*;
use spatial::authalic::{EllipsoidArea, EllipsoidLength, Measure, PlaneArea};
use spatial::overlay::{
    Clip, Dimension, OutlineIndex, OutlinePart, Scratch, Shape, areas_in_common,
};

const PLANE: PlaneArea = PlaneArea { origin: [0.0, 0.0] };
const SIDE: u32 = 5;

/// The union of the cells whose bit is set, on a lattice: borders coincide, corners touch, holes occur.
fn of_cells(mask: u32) -> MultiPolygon {
    let cell = |i: u32| {
        let (x, y) = (f64::from(i % SIDE), f64::from(i / SIDE));
        MultiPolygon(vec![Rect::new([x, y], [x + 1.0, y + 1.0]).to_polygon()])
    };
    let cells = (0..SIDE * SIDE).filter(|i| mask >> i & 1 == 1).map(cell);
    cells.fold(MultiPolygon(vec![]), |all, cell| all.union(&cell))
}

fn shape(polygons: &MultiPolygon) -> Option<Shape> {
    Shape::from_geometry(&Geometry::MultiPolygon(polygons.clone()))
}

fn in_common(a: &MultiPolygon, b: &MultiPolygon) -> f64 {
    match (shape(a), shape(b)) {
        (Some(a), Some(b)) => areas_in_common(&a, &b, &PLANE, &mut Clip::default()),
        _ => 0.0,
    }
}

/// A star-shaped polygon with random radii, valid whatever they are.
fn star(center: [f64; 2], radii: &[f64]) -> Polygon {
    let step = std::f64::consts::TAU / radii.len() as f64;
    let at = |(i, r): (usize, &f64)| {
        [
            center[0] + r * (step * i as f64).cos(),
            center[1] + r * (step * i as f64).sin(),
        ]
    };
    Polygon::new(
        LineString::from(radii.iter().enumerate().map(at).collect::<Vec<_>>()),
        vec![],
    )
}

fn stars(reach: f64) -> impl Strategy<Value = Polygon> {
    let center = (-reach..reach, -reach..reach).prop_map(|(x, y)| [x, y]);
    (
        center,
        proptest::collection::vec(0.05 * reach..reach, 3..40),
    )
        .prop_map(|(center, radii)| star(center, &radii))
}

/// A partition of a square into `side`² quadrangles with jittered corners, shared exactly.
fn jittered_partition(origin: [f64; 2], step: f64, side: usize, jitter: &[f64]) -> Vec<Polygon> {
    let corner = |i: usize, j: usize| {
        let k = 2 * (i * (side + 1) + j);
        let inner = i > 0 && j > 0 && i < side && j < side;
        let [dx, dy] = if inner {
            [jitter[k % jitter.len()], jitter[(k + 1) % jitter.len()]]
        } else {
            [0.0; 2]
        };
        [
            origin[0] + step * (i as f64 + dx),
            origin[1] + step * (j as f64 + dy),
        ]
    };
    let quadrangle = |i, j| {
        vec![
            corner(i, j),
            corner(i + 1, j),
            corner(i + 1, j + 1),
            corner(i, j + 1),
        ]
    };
    let all = (0..side * side).map(|k| quadrangle(k / side, k % side));
    all.map(|ring| Polygon::new(LineString::from(ring), vec![]))
        .collect()
}

fn index_of(outlines: &[Polygon]) -> OutlineIndex {
    let (mut first, mut second) = (OutlinePart::default(), OutlinePart::default());
    let half = outlines.len() / 2;
    for (i, outline) in outlines.iter().enumerate() {
        let part = if i < half { &mut first } else { &mut second };
        assert!(part.add_shape(&Shape::from_geometry(&outline.clone().into()).unwrap()));
    }
    OutlineIndex::build(vec![first, second]).unwrap()
}

fn shares(index: &OutlineIndex, shape: &Shape, measure: &impl Measure) -> (f64, Vec<(u32, f64)>) {
    let mut found = Vec::new();
    let total = match shape.dimension() {
        Dimension::Point => shape.points().len() as f64,
        _ => shape.total(measure),
    };
    index.overlay(shape, measure, total, &mut Scratch::default(), &mut found);
    (
        total,
        found
            .iter()
            .map(|share| (share.outline, share.measure))
            .collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn coinciding_borders_count_every_cell_once(a in 0_u32..1 << 25, b in 0_u32..1 << 25) {
        let expected = f64::from((a & b).count_ones());
        prop_assert!((in_common(&of_cells(a), &of_cells(b)) - expected).abs() < 1e-9);
    }

    #[test]
    fn an_area_has_all_of_itself_and_nothing_of_its_complement(a in 1_u32..1 << 25) {
        let (own, rest) = (of_cells(a), of_cells(!a & ((1 << 25) - 1)));
        prop_assert_eq!(in_common(&own, &own), f64::from(a.count_ones()));
        prop_assert!(in_common(&own, &rest).abs() < 1e-12);
    }

    #[test]
    fn random_stars_agree_with_boolean_operations(a in stars(1.0), b in stars(1.5)) {
        let expected = a.intersection(&b).unsigned_area();
        let (a, b) = (MultiPolygon(vec![a]), MultiPolygon(vec![b]));
        let ours = in_common(&a, &b);
        prop_assert!((ours - expected).abs() < 1e-6, "{} instead of {}", ours, expected);
        prop_assert!((ours - in_common(&b, &a)).abs() < 1e-12);
    }

    #[test]
    fn shares_of_a_partition_sum_to_the_whole(
        patch in stars(1.0), side in 1_usize..9, jitter in proptest::collection::vec(-0.3..0.3, 50),
    ) {
        let zones = jittered_partition([-2.0, -2.0], 4.0 / side as f64, side, &jitter);
        let index = index_of(&zones);
        let patch_shape = Shape::from_geometry(&patch.clone().into()).unwrap();
        let (total, shares) = shares(&index, &patch_shape, &PLANE);
        prop_assert!((shares.iter().map(|s| s.1).sum::<f64>() - total).abs() < 1e-9 * total);
        for (zone, area) in shares {
            let expected = patch.intersection(&zones[zone as usize]).unsigned_area();
            prop_assert!((area - expected).abs() < 1e-6, "zone {}: {} instead of {}", zone, area, expected);
        }
    }

    #[test]
    fn geographic_shares_sum_to_the_whole(
        patch in stars(0.002), side in 1_usize..9, jitter in proptest::collection::vec(-0.3..0.3, 50),
    ) {
        let moved = |p: &Polygon| -> Geometry {
            use geo::MapCoords;
            p.map_coords(|c| geo_types::coord! { x: c.x + 106.5, y: c.y + 31.2 }).into()
        };
        let zones = jittered_partition([106.495, 31.195], 0.01 / side as f64, side, &jitter);
        let index = index_of(&zones);
        let patch = Shape::from_geometry(&moved(&patch)).unwrap();
        let measure = EllipsoidArea::between(patch.bounds().min[1], patch.bounds().max[1]);
        let (total, shares) = shares(&index, &patch, &measure);
        prop_assert!((shares.iter().map(|s| s.1).sum::<f64>() / total - 1.0).abs() < 1e-9);
    }

    #[test]
    fn lengths_of_a_line_in_a_partition_sum_to_the_whole(
        ends in proptest::collection::vec((106.2_f64..106.8, 31.0_f64..31.6), 2..12),
        side in 1_usize..7, jitter in proptest::collection::vec(-0.3..0.3, 50),
    ) {
        let index = index_of(&jittered_partition([106.0, 30.9], 1.0 / side as f64, side, &jitter));
        let line = Shape::from_geometry(&Geometry::LineString(LineString::from(ends))).unwrap();
        let (total, shares) = shares(&index, &line, &EllipsoidLength);
        prop_assert!((shares.iter().map(|s| s.1).sum::<f64>() - total).abs() < 1e-6 * total);
    }

    #[test]
    fn every_lattice_point_lies_in_exactly_one_zone_of_a_partition(
        cells in proptest::collection::vec(0_u32..4, 25), x in 0_u8..=10, y in 0_u8..=10,
    ) {
        let zones: Vec<MultiPolygon> = (0..4)
            .map(|zone| of_cells((0..25).filter(|i| cells[*i as usize] == zone).fold(0, |mask, i| mask | 1 << i)))
            .collect();
        let mut part = OutlinePart::default();
        zones.iter().filter_map(shape).for_each(|zone| assert!(part.add_shape(&zone)));
        let index = OutlineIndex::build(vec![part]).unwrap();
        let p = [f64::from(x) / 2.0, f64::from(y) / 2.0];
        let inside = p[0] < f64::from(SIDE) && p[1] < f64::from(SIDE);
        prop_assert_eq!(index.outlines_at(p).len(), usize::from(inside));
    }

    #[test]
    fn overlapping_outlines_are_each_counted(a in stars(1.0), b in stars(1.0), patch in stars(0.5)) {
        let index = index_of(&[a.clone(), b.clone(), a.clone()]);
        let (_, shares) = shares(&index, &Shape::from_geometry(&patch.clone().into()).unwrap(), &PLANE);
        for (outline, polygon) in [&a, &b, &a].into_iter().enumerate() {
            let expected = patch.intersection(polygon).unsigned_area();
            let ours = shares.iter().find(|s| s.0 as usize == outline).map_or(0.0, |s| s.1);
            prop_assert!((ours - expected).abs() < 1e-6, "{}: {} instead of {}", outline, ours, expected);
        }
    }

    #[test]
    fn wild_rings_neither_panic_nor_hang(
        ring in proptest::collection::vec((-3_i8..3, -3_i8..3), 0..12), scale in prop_oneof![Just(1.0), Just(1e-300), Just(1e11)],
    ) {
        let ring: Vec<[f64; 2]> = ring.into_iter().map(|(x, y)| [f64::from(x) * scale, f64::from(y) * scale]).collect();
        let polygon = Polygon::new(LineString::from(ring), vec![]);
        if let Some(wild) = Shape::from_geometry(&polygon.into()) {
            let mut part = OutlinePart::default();
            part.add_shape(&wild);
            let index = OutlineIndex::build(vec![part]).unwrap();
            shares(&index, &wild, &PLANE);
        }
    }
}

#[test]
fn large_shapes_are_clipped_in_chunks_with_the_same_result() {
    let ring = |n: usize, phase: f64| {
        let radii: Vec<f64> = (0..n)
            .map(|i| 1.0 + 0.3 * (i as f64 * 0.37 + phase).sin())
            .collect();
        star([0.1, 0.2], &radii)
    };
    let (a, b) = (ring(4000, 0.0), ring(3000, 1.0));
    let expected = a.intersection(&b).unsigned_area();
    let ours = in_common(
        &MultiPolygon(vec![a.clone()]),
        &MultiPolygon(vec![b.clone()]),
    );
    assert!(
        (ours - expected).abs() < 1e-6,
        "{ours} instead of {expected}"
    );
    let (_, indexed) = shares(
        &index_of(&[b]),
        &Shape::from_geometry(&a.into()).unwrap(),
        &PLANE,
    );
    assert!((indexed[0].1 - ours).abs() < 1e-12);
}

#[test]
fn coordinates_that_are_no_numbers_are_refused() {
    let polygon = Polygon::new(
        LineString::from(vec![(0.0, 0.0), (f64::NAN, 1.0), (1.0, 1.0)]),
        vec![],
    );
    assert!(Shape::from_geometry(&polygon.into()).is_none());
    assert!(Shape::from_geometry(&MultiPolygon(vec![]).into()).is_none());
}

#[test]
fn an_index_without_outlines_answers_with_nothing() {
    let index = OutlineIndex::build(vec![]).unwrap();
    let patch = Shape::from_geometry(&star([106.0, 30.0], &[1.0; 5]).into()).unwrap();
    assert_eq!(shares(&index, &patch, &PLANE).1, []);
    assert!(index.outlines_at([106.0, 30.0]).is_empty());
}
