//! Candidates for a match against boolean operations, against distances of a library, and against each other.
#![allow(clippy::unwrap_used, reason = "tests")]

use geo::{Area, BooleanOps, Distance, Euclidean};
use geo_types::{Geometry, LineString, MultiPolygon, Polygon};
use proptest::prelude::*;
use spatial::matching::{Candidate, MatchIndex};

/// At the equator a degree is about as long both ways, so a plane serves for comparison.
const REACH_M: f64 = 3000.0;

fn star(center: (f64, f64), radii: &[f64]) -> Polygon {
    let step = std::f64::consts::TAU / radii.len() as f64;
    let point = |(i, r): (usize, &f64)| {
        let (s, c) = (step * i as f64).sin_cos();
        (center.0 + r * c, center.1 + r * s)
    };
    Polygon::new(
        LineString::from(radii.iter().enumerate().map(point).collect::<Vec<_>>()),
        vec![],
    )
}

fn stars() -> impl Strategy<Value = Polygon> {
    let center = (105.0_f64..105.05, -0.02_f64..0.02);
    (center, proptest::collection::vec(0.002_f64..0.01, 3..40))
        .prop_map(|(center, radii)| star(center, &radii))
}

fn candidates(known: &[Polygon], new: &Polygon) -> Vec<Candidate<usize>> {
    let items = known.iter().cloned().map(Geometry::Polygon).enumerate();
    MatchIndex::build(items).candidates(&new.clone().into(), REACH_M)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn likeness_agrees_with_boolean_operations(known in proptest::collection::vec(stars(), 1..8), new in stars()) {
        let found = candidates(&known, &new);
        for (id, polygon) in known.iter().enumerate() {
            let common = polygon.intersection(&new).unsigned_area();
            let union = MultiPolygon(vec![polygon.clone()]).unsigned_area() + new.unsigned_area() - common;
            let ours = found.iter().find(|c| c.id == id);
            let iou = ours.map_or(0.0, |c| c.iou);
            // the width of a degree changes by 10⁻⁷ over these latitudes
            prop_assert!((iou - common / union).abs() < 1e-5, "{} instead of {}", iou, common / union);
        }
    }

    #[test]
    fn distances_agree_with_a_library(known in proptest::collection::vec(stars(), 1..8), new in stars()) {
        let found = candidates(&known, &new);
        for (id, polygon) in known.iter().enumerate() {
            let degrees = Euclidean.distance(polygon, &new);
            match found.iter().find(|c| c.id == id) {
                // a degree is 111,319 m along the equator and 110,574 m along the meridian
                Some(c) => prop_assert!(
                    c.distance_m <= degrees * 111_320.0 + 1e-6 && c.distance_m >= degrees * 110_570.0 - 1e-6,
                    "{} m for {} degrees", c.distance_m, degrees
                ),
                None => prop_assert!(degrees * 111_320.0 > REACH_M * 0.99),
            }
        }
    }

    #[test]
    fn what_a_is_to_b_that_b_is_to_a(a in stars(), b in stars()) {
        let there = candidates(std::slice::from_ref(&a), &b);
        let back = candidates(std::slice::from_ref(&b), &a);
        prop_assert_eq!(there.len(), back.len());
        for (there, back) in there.iter().zip(&back) {
            prop_assert!((there.iou - back.iou).abs() < 1e-9);
            prop_assert!((there.distance_m - back.distance_m).abs() < 0.01);
            prop_assert!((there.share_of_new - back.share_of_known).abs() < 1e-9);
        }
    }
}
