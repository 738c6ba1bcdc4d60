//! Datum shift of Chinese web maps against real outlines: one national outline in three datums, and county boundaries
//! that look like WGS 84 and are GCJ-02.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use geo_types::Coord;
use rstar::RTree;
use serde_json::Value;
use spatial::crs::{Crs, convert};
use spatial::gcj02::{bd09_to_gcj02, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02};
use spatial::geodesic;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

fn json(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(format!("{DATA}/{path}")).unwrap()).unwrap()
}

/// Every coordinate of a GeoJSON value; some files write numbers as strings.
fn vertices(value: &Value, found: &mut Vec<Coord<f64>>) {
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    match value {
        Value::Array(items) => match (
            items.len(),
            items.first().and_then(number),
            items.get(1).and_then(number),
        ) {
            (2, Some(x), Some(y)) => found.push(Coord { x, y }),
            _ => items.iter().for_each(|item| vertices(item, found)),
        },
        Value::Object(members) => {
            members
                .iter()
                .filter(|(name, _)| *name != "properties")
                .for_each(|(_, member)| vertices(member, found));
        }
        _ => {}
    }
}

fn outline(path: &str) -> Vec<Coord<f64>> {
    let mut found = Vec::new();
    vertices(&json(path), &mut found);
    found
}

/// Share of `points` that hit a point of `targets` to four decimals.
fn hit_share(points: &[Coord<f64>], targets: &[Coord<f64>]) -> f64 {
    let tree = RTree::bulk_load(targets.iter().map(|at| [at.x, at.y]).collect());
    let hits = points.iter().filter(|at| {
        let nearest = tree.nearest_neighbor(&[at.x, at.y]).unwrap();
        (nearest[0] - at.x).abs() < 1e-4 && (nearest[1] - at.y).abs() < 1e-4
    });
    hits.count() as f64 / points.len() as f64
}

#[test]
fn the_shifted_national_outline_meets_the_published_one() {
    let [gcj02, wgs84, bd09] = ["gcj02", "wgs84", "bd09"]
        .map(|datum| outline(&format!("coords-gcj02/country.{datum}.sparse.1.geo.json")));
    assert!(wgs84.len() > 4_600, "{}", wgs84.len());
    let shifted: Vec<_> = wgs84.iter().map(|at| wgs84_to_gcj02(*at)).collect();
    // The files were thinned one by one: about 86 of 100 vertices have a partner at all.
    assert!(
        hit_share(&shifted, &gcj02) > 0.85,
        "{}",
        hit_share(&shifted, &gcj02)
    );
    let unshifted: Vec<_> = gcj02.iter().map(|at| gcj02_to_wgs84(*at)).collect();
    assert!(
        hit_share(&unshifted, &wgs84) > 0.85,
        "{}",
        hit_share(&unshifted, &wgs84)
    );
    assert!(hit_share(&wgs84, &gcj02) < 0.1, "the datums differ");
    let to_baidu: Vec<_> = wgs84.iter().map(|at| wgs84_to_bd09(*at)).collect();
    let from_baidu: Vec<_> = bd09.iter().map(|at| bd09_to_gcj02(*at)).collect();
    let (forth, back) = (hit_share(&to_baidu, &bd09), hit_share(&from_baidu, &gcj02));
    assert!(forth > 0.5 && back > 0.5, "{forth} {back}");
}

#[test]
fn county_boundaries_come_back_to_a_millimetre_after_removing_and_adding_the_shift() {
    let boundary = outline("boundaries-pingliang/620802.geojson");
    assert_eq!(boundary.len(), 2_127);
    for shown in boundary {
        let stored = gcj02_to_wgs84(shown);
        let moved_m = geodesic::distance_m(shown, stored);
        assert!(
            (300.0..600.0).contains(&moved_m),
            "{shown:?} moved {moved_m} m"
        );
        assert!(
            geodesic::distance_m(shown, wgs84_to_gcj02(stored)) < 1e-3,
            "{shown:?}"
        );
    }
}

#[test]
fn neighbors_still_meet_exactly_after_the_shift_is_removed() {
    let [kongtong, jingyuan] =
        ["620802", "640424"].map(|code| outline(&format!("boundaries-pingliang/{code}.geojson")));
    let key = |at: &Coord<f64>| (at.x.to_bits(), at.y.to_bits());
    let common: std::collections::BTreeSet<_> = jingyuan.iter().map(key).collect();
    let shared: Vec<_> = kongtong
        .iter()
        .filter(|at| common.contains(&key(at)))
        .copied()
        .collect();
    assert!(shared.len() > 100, "{}", shared.len());
    let moved: std::collections::BTreeSet<_> = jingyuan
        .iter()
        .map(|at| key(&gcj02_to_wgs84(*at)))
        .collect();
    assert!(
        shared
            .iter()
            .all(|at| moved.contains(&key(&gcj02_to_wgs84(*at))))
    );
}

#[test]
fn a_county_keeps_its_area_and_agrees_with_the_reference_geodesic() {
    let geometry: geojson::Geometry = serde_json::from_value({
        let file = json("boundaries-pingliang/620802.geojson");
        serde_json::json!({ "type": file["type"], "coordinates": file["coordinates"] })
    })
    .unwrap();
    let mut county: geo_types::Geometry<f64> = geometry.try_into().unwrap();
    let shown_m2 = geodesic::area_m2(&county);
    // pyproj 3.7.2, Geod(a=6378137, rf=298.257222101).
    assert!(
        (shown_m2 / 1_938_131_681.227_242 - 1.0).abs() < 1e-9,
        "{shown_m2}"
    );
    convert(&mut county, &Crs::Gcj02).unwrap();
    let stored_m2 = geodesic::area_m2(&county);
    assert!(
        (stored_m2 / shown_m2 - 1.0).abs() < 2e-3,
        "{stored_m2} {shown_m2}"
    );
}
