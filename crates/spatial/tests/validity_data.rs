//! Validity and repair on real boundaries.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon};
use serde_json::Value;
use spatial::diagnostic::Severity;
use spatial::repair::repair;
use spatial::validity::{Fault, is_valid, validate};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .or_else(|| value.as_str()?.parse().ok())
        .unwrap()
}

fn rings(value: &Value) -> Vec<LineString<f64>> {
    let vertex = |at: &Value| Coord {
        x: number(&at[0]),
        y: number(&at[1]),
    };
    let ring = |ring: &Value| ring.as_array().unwrap().iter().map(vertex).collect();
    value.as_array().unwrap().iter().map(ring).collect()
}

fn multi_polygon(geometry: &Value) -> Geometry<f64> {
    let polygon = |part: &Value| {
        let mut rings = rings(part).into_iter();
        Polygon::new(rings.next().unwrap(), rings.collect())
    };
    Geometry::MultiPolygon(MultiPolygon(
        geometry["coordinates"]
            .as_array()
            .unwrap()
            .iter()
            .map(polygon)
            .collect(),
    ))
}

fn read(path: &str) -> Geometry<f64> {
    let file: Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{DATA}/{path}")).unwrap()).unwrap();
    multi_polygon(if file["features"].is_array() {
        &file["features"][0]["geometry"]
    } else {
        &file
    })
}

#[test]
fn the_boundaries_of_the_region_are_valid() {
    let codes = [
        "620000", "620800", "620802", "620821", "620822", "620823", "620825", "620826", "620881",
        "640400", "640422", "640423", "640424", "640425",
    ];
    for code in codes {
        let boundary = read(&format!("boundaries-pingliang/{code}.geojson"));
        let faults = validate(&boundary);
        assert!(
            faults
                .iter()
                .all(|fault| fault.severity() < Severity::Error),
            "{code}: {faults:?}"
        );
        let mended = repair(&boundary);
        assert!(
            (mended.area_after_m2 / mended.area_before_m2 - 1.0).abs() < 1e-12,
            "{code}"
        );
    }
}

#[test]
fn rings_of_two_points_are_named_and_the_rest_survives() {
    for (datum, degenerate) in [("gcj02", 24), ("wgs84", 24)] {
        let outline = read(&format!("coords-gcj02/country.{datum}.sparse.1.geo.json"));
        let faults = validate(&outline);
        let too_few = faults
            .iter()
            .filter(|fault| matches!(fault, Fault::TooFewPoints { .. }))
            .count();
        assert_eq!(too_few, degenerate, "{datum}");
        let mended = repair(&outline);
        assert!(
            is_valid(&mended.geometry),
            "{:?}",
            validate(&mended.geometry)
        );
        let dropped = mended
            .changes
            .iter()
            .filter(|change| change.code == "geometry.ring_dropped")
            .count();
        assert!(dropped >= degenerate, "{datum}: {dropped}");
        assert!(mended.area_after_m2 > 9e12, "{}", mended.area_after_m2);
    }
}
