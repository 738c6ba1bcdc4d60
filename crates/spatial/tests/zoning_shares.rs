//! Whatever is laid over zones, the shares, what is unzoned and what is outside sum to the whole.
#![allow(clippy::unwrap_used, reason = "tests")]

use geo_types::{Geometry, LineString, MultiPoint, MultiPolygon, Point, Polygon, Rect};
use proptest::prelude::*;
use spatial::zoning::{Sliver, ZoneArea, ZoneIndex, ZoneShares, legal_zone};

/// Three nested zones whose rings are holes of the next, between a least and a greatest radius.
fn nested(radii: &[f64]) -> Vec<ZoneArea> {
    let ring = |size: f64| {
        let step = std::f64::consts::TAU / radii.len() as f64;
        let point = |(i, r): (usize, &f64)| {
            let (s, c) = (step * i as f64).sin_cos();
            (106.5 + 0.02 * size * r * c, 31.2 + 0.02 * size * r * s)
        };
        LineString::from(radii.iter().enumerate().map(point).collect::<Vec<_>>())
    };
    let zone = |id: u32, holes| ZoneArea {
        id,
        rank: 3 - id as u8,
        geometry: MultiPolygon(vec![Polygon::new(ring(f64::from(id) + 1.0), holes)]),
    };
    vec![
        zone(0, vec![]),
        zone(1, vec![ring(1.0)]),
        zone(2, vec![ring(2.0)]),
    ]
}

fn position() -> impl Strategy<Value = (f64, f64)> {
    (106.42_f64..106.58, 31.12_f64..31.28)
}

fn geometry() -> impl Strategy<Value = Geometry> {
    let many = || proptest::collection::vec(position(), 2..8);
    let rect = (position(), 0.0001_f64..0.05, 0.0001_f64..0.05)
        .prop_map(|((x, y), w, h)| Rect::new([x, y], [x + w, y + h]).to_polygon());
    let holed = (position(), 0.001_f64..0.05).prop_map(|((x, y), size)| {
        let hole = Rect::new(
            [x + size / 4.0, y + size / 4.0],
            [x + size / 2.0, y + size / 2.0],
        )
        .to_polygon();
        let outer = Rect::new([x, y], [x + size, y + size]).to_polygon();
        let apart = Rect::new([x + size * 1.5, y], [x + size * 2.0, y + size]).to_polygon();
        let holed = Polygon::new(outer.exterior().clone(), vec![hole.exterior().clone()]);
        Geometry::MultiPolygon(MultiPolygon(vec![holed, apart]))
    });
    prop_oneof![
        rect.prop_map(Geometry::Polygon),
        holed,
        many().prop_map(|points| Geometry::LineString(LineString::from(points))),
        many().prop_map(|points| Geometry::MultiPoint(MultiPoint(
            points.into_iter().map(Point::from).collect()
        ))),
        position().prop_map(|(x, y)| Geometry::Point(Point::new(x, y))),
    ]
}

fn sum(found: &ZoneShares) -> f64 {
    found.shares.iter().map(|share| share.measure).sum::<f64>() + found.outside + found.unzoned
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn shares_sum_to_the_whole(
        radii in proptest::collection::vec(0.7_f64..1.0, 12..200), geometry in geometry(), bounded in any::<bool>(),
    ) {
        let boundary = MultiPolygon(vec![Rect::new([106.4, 31.15], [106.6, 31.3]).to_polygon()]);
        let zones = nested(&radii);
        let (index, diagnostics) = ZoneIndex::build(&zones, bounded.then_some(&boundary)).unwrap();
        prop_assert!(diagnostics.is_empty());
        let found = index.overlay(&geometry);
        prop_assert!(found.measure > 0.0);
        if bounded {
            // zones reach south of this boundary; what lies in a zone counts as inside
            prop_assert!(sum(&found) <= found.measure * (1.0 + 1e-6));
        } else {
            prop_assert!((sum(&found) - found.measure).abs() <= 1e-6 * found.measure, "{:?}", found);
            prop_assert!(!found.flags.overlapping && !found.flags.unzoned);
        }
        prop_assert_eq!(found.flags.straddling, found.shares.len() > 1);
        let strictest = found.shares.iter().max_by_key(|share| share.rank).map(|share| share.zone);
        prop_assert_eq!(legal_zone(&found, Sliver { min_area_m2: 0.0, min_share: 0.0 }), strictest);
        prop_assert_eq!(&index.overlay(&geometry), &found);
    }
}
