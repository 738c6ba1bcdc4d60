//! Answers that a person can check.
#![allow(clippy::unwrap_used, reason = "tests")]

use domain::codes::ZoneKind;
use pocket::{Pocket, strictness};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn asked(pocket: &mut Pocket, question: &Value) -> Value {
    serde_json::from_str(&pocket.call(&question.to_string())).unwrap()
}

/// A square kilometre of core zone in the west, one of experimental zone in the east; a patch across their border.
fn on_the_ground() -> Pocket {
    let mut pocket = Pocket::new();
    let square = |west: f64, south: f64, east: f64, north: f64| json!({ "type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]] });
    let question = json!({
        "op": "load_ground", "sliver_m2": 10.0, "sliver_share": 0.01,
        "zones": [
            { "zone_kind": "experimental", "name": "实验区", "shape": square(106.51, 35.5, 106.52, 35.51) },
            { "zone_kind": "core", "name": "核心区", "shape": square(106.5, 35.5, 106.51, 35.51) },
        ],
        "stations": [{ "station_id": "houhe", "name": "后河保护站", "shape": square(106.4, 35.4, 106.6, 35.6) }],
        "sites": [
            { "site_id": "patch", "lon": 106.5102, "lat": 35.5052, "shape": square(106.5099, 35.505, 106.5105, 35.5054) },
            { "site_id": "point", "lon": 106.5, "lat": 35.5 },
        ],
    });
    assert_eq!(
        asked(&mut pocket, &question),
        json!({ "ok": { "unusable": [] } })
    );
    pocket
}

#[test]
fn one_is_told_zone_station_and_patch_at_once() {
    let mut pocket = on_the_ground();
    let inside = asked(
        &mut pocket,
        &json!({ "op": "place", "lon": 106.5102, "lat": 35.5052, "accuracy_m": 6 }),
    );
    let told = &inside["ok"];
    assert_eq!(
        told["zones"],
        json!([{ "zone_kind": "experimental", "name": "实验区" }])
    );
    assert_eq!(told["station_id"], "houhe");
    assert_eq!(told["in_sites"], json!(["patch"]));
    assert_eq!(
        told["nearest"][0],
        json!({ "site_id": "patch", "distance_m": 0.0, "bearing_deg": null, "is_inside": true, "border_m": 22.19 })
    );
    assert_eq!(
        (told["border_m"].as_f64(), told["is_near_border"].as_bool()),
        (Some(18.14), Some(false))
    );
    let poor = asked(
        &mut pocket,
        &json!({ "op": "place", "lon": 106.5102, "lat": 35.5052, "accuracy_m": 25 }),
    );
    assert_eq!(poor["ok"]["is_near_border"], true);
}

#[test]
fn outside_the_way_leads_to_the_nearest_edge() {
    let mut pocket = on_the_ground();
    let south = asked(
        &mut pocket,
        &json!({ "op": "place", "lon": 106.5102, "lat": 35.504 }),
    );
    assert_eq!(
        south["ok"]["nearest"][0],
        json!({ "site_id": "patch", "distance_m": 110.95, "bearing_deg": 0.0, "is_inside": false, "border_m": 110.95 })
    );
    assert_eq!(south["ok"]["in_sites"], json!([]));
    let far = asked(
        &mut pocket,
        &json!({ "op": "place", "lon": 107.0, "lat": 35.5 }),
    );
    assert_eq!(
        (&far["ok"]["zones"], &far["ok"]["station_id"]),
        (&json!([]), &Value::Null)
    );
}

#[test]
fn an_outline_has_its_area_and_its_shares_and_the_strictest_zone_counts() {
    let mut pocket = on_the_ground();
    let shape = json!({ "type": "Polygon", "coordinates": [[[106.5099, 35.505], [106.5105, 35.505], [106.5105, 35.5054], [106.5099, 35.5054], [106.5099, 35.505]]] });
    let told = asked(&mut pocket, &json!({ "op": "outline", "shape": shape }));
    let told = &told["ok"];
    let whole = told["area_m2"].as_f64().unwrap();
    assert!((whole - 2_415.0).abs() < 2.0, "{whole} m²");
    assert_eq!(
        told["area_mu"].as_f64().unwrap(),
        (whole * 15.0).round() / 1e4
    );
    assert_eq!(
        (&told["legal_zone"], &told["faults"]),
        (&json!("core"), &json!([]))
    );
    let shares = told["zone_shares"].as_array().unwrap();
    let parts: Vec<_> = shares
        .iter()
        .map(|s| {
            (
                s["zone_kind"].as_str().unwrap(),
                s["share"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(parts, [("core", 0.166_667), ("experimental", 0.833_333)]);
    let sum: f64 = shares.iter().map(|s| s["area_m2"].as_f64().unwrap()).sum();
    assert!((sum - whole).abs() < 0.02, "{sum} of {whole}");
}

#[test]
fn a_crossed_outline_is_named_and_mended() {
    let mut pocket = on_the_ground();
    let crossed = json!({ "type": "Polygon", "coordinates": [[[106.511, 35.505], [106.512, 35.506], [106.512, 35.505], [106.511, 35.506], [106.511, 35.505]]] });
    let told = asked(&mut pocket, &json!({ "op": "outline", "shape": crossed }));
    assert_eq!(told["ok"]["faults"], json!(["geometry.bow_tie"]));
    assert_eq!(told["ok"]["repaired"]["type"], "MultiPolygon");
    let area = told["ok"]["area_m2"].as_f64().unwrap();
    assert!((area - 5_030.0).abs() < 10.0, "two triangles: {area} m²");
}

/// How strict a zone is stands with the codes of the register; the engine of phones is built without that room.
#[test]
fn zones_rank_as_in_the_register() {
    for kind in ZoneKind::ALL {
        assert_eq!(strictness(kind.code()), kind.rank(), "{}", kind.code());
    }
    assert_eq!(strictness("moon"), 0);
}

#[test]
fn a_file_in_pieces_has_the_hash_of_the_whole() {
    let mut pocket = Pocket::new();
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    let (first, other) = (pocket.begin_hash(), pocket.begin_hash());
    for piece in bytes.chunks(4_099) {
        pocket.add_to_hash(first, piece);
    }
    let whole: String = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(pocket.end_hash(first), whole);
    assert_eq!(&pocket.end_hash(other)[..8], "e3b0c442");
    assert_eq!(pocket.end_hash(first), "");
}

#[test]
fn what_was_not_loaded_is_said_so() {
    let mut pocket = Pocket::new();
    let code = |answer: Value| answer["error"]["code"].as_str().unwrap().to_owned();
    let place = json!({ "op": "place", "lon": 1.0, "lat": 1.0 });
    assert_eq!(code(asked(&mut pocket, &place)), "pocket.no_ground");
    let rules = json!({ "op": "load_rules", "files": { "tables/gate.toml": "[" } });
    assert_eq!(code(asked(&mut pocket, &rules)), "pocket.faulty_rules");
    let questions = json!({ "op": "questions", "sheet": {} });
    assert_eq!(code(asked(&mut pocket, &questions)), "pocket.no_rules");
}
