//! What the engine answers natively to every case of the tables and to 2,000 random outlines, written down for the test
//! of the built file (`web/src/offline/pocket.test.ts`), which must answer the same.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;

use pocket::Pocket;
use rules::case_sheets;
use serde_json::{Value, json};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// Beside the sources and not in the target folder, which the web tests could not find.
const WRITTEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cases.json");

fn files() -> BTreeMap<String, String> {
    fn read(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
        for item in std::fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
            if path.is_dir() {
                read(&path, &format!("{name}/"), found);
            } else if name.ends_with(".toml") {
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    read(&Path::new(ROOT).join("rulesets"), "", &mut found);
    found
}

/// Numbers that look random and are the same everywhere (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// At least `from`, less than `to`.
    fn whole(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from)
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (self.next() >> 11) as f64 / (1u64 << 53) as f64 * (to - from)
    }
}

/// Seven decimals, as a phone gives them.
fn degrees(value: f64) -> f64 {
    (value * 1e7).round() / 1e7
}

/// A ring round a place: star-shaped where `is_sorted`, else its corners in any order, as a finger may draw them.
fn ring(
    dice: &mut Dice,
    (lon, lat): (f64, f64),
    radius: f64,
    corners: u64,
    is_sorted: bool,
) -> Value {
    let turn = std::f64::consts::TAU;
    let mut angles: Vec<f64> = (0..corners).map(|_| dice.between(0.0, turn)).collect();
    if is_sorted {
        angles.sort_by(f64::total_cmp);
    }
    let corner = |angle: &f64, dice: &mut Dice| {
        let r = radius * dice.between(0.4, 1.0);
        json!([
            degrees(lon + r * angle.cos()),
            degrees(lat + r * angle.sin() * 0.8)
        ])
    };
    let mut points: Vec<Value> = angles.iter().map(|a| corner(a, dice)).collect();
    // Standing still while walking round.
    if dice.whole(0, 5) == 0 {
        points.insert(1, points[0].clone());
    }
    points.push(points[0].clone());
    Value::from(points)
}

/// Zones one in another, one beside them, two stations, forty sites with and without outlines.
fn ground(dice: &mut Dice) -> Value {
    let centre = (106.53, 35.55);
    let wide = ring(dice, centre, 0.08, 240, true);
    let middle = ring(dice, centre, 0.03, 180, true);
    let core = ring(dice, centre, 0.011, 120, true);
    let beside = ring(dice, (106.66, 35.56), 0.05, 90, true);
    let polygon = |rings: Vec<Value>| json!({ "type": "Polygon", "coordinates": rings });
    let site = |n: u64, dice: &mut Dice| {
        let place = (dice.between(106.45, 106.62), dice.between(35.49, 35.61));
        let shape = (n % 4 > 0).then(|| polygon(vec![ring(dice, place, 0.0015, 12, true)]));
        json!({ "site_id": format!("s{n}"), "lon": degrees(place.0), "lat": degrees(place.1), "shape": shape })
    };
    json!({
        "op": "load_ground",
        "zones": [
            { "zone_kind": "experimental", "name": "实验区", "shape": polygon(vec![wide, middle.clone()]) },
            { "zone_kind": "buffer", "name": "缓冲区", "shape": polygon(vec![middle, core.clone()]) },
            { "zone_kind": "core", "name": "核心区", "shape": { "type": "MultiPolygon", "coordinates": [[core]] } },
            { "zone_kind": "outer_belt", "name": "外围", "shape": polygon(vec![beside]) },
        ],
        "stations": [
            { "station_id": "houhe", "name": "后河", "shape": square(106.4, 35.45, 106.53, 35.65) },
            { "station_id": "mawu", "name": "麻武", "shape": square(106.53, 35.45, 106.7, 35.65) },
        ],
        "sites": (0..40).map(|n| site(n, dice)).collect::<Vec<_>>(),
        "sliver_m2": 10.0,
        "sliver_share": 0.01,
    })
}

fn square(west: f64, south: f64, east: f64, north: f64) -> Value {
    let ring = [
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south],
    ];
    json!({ "type": "Polygon", "coordinates": [ring] })
}

fn outline(dice: &mut Dice) -> Value {
    let place = (dice.between(106.44, 106.7), dice.between(35.47, 35.63));
    let radius = [0.0004, 0.002, 0.01, 0.04][dice.whole(0, 4) as usize];
    let corners = dice.whole(3, 40);
    let is_sorted = dice.whole(0, 4) > 0;
    let mut rings = vec![ring(dice, place, radius, corners, is_sorted)];
    if dice.whole(0, 6) == 0 {
        rings.push(ring(dice, place, radius * 0.3, 7, true));
    }
    let shape = match dice.whole(0, 10) {
        0 => {
            let other = (place.0 + radius, place.1);
            let second = vec![ring(dice, other, radius, 9, true)];
            json!({ "type": "MultiPolygon", "coordinates": [rings, second] })
        }
        _ => json!({ "type": "Polygon", "coordinates": rings }),
    };
    json!({ "op": "outline", "shape": shape })
}

fn walk(dice: &mut Dice) -> Vec<[f64; 2]> {
    let mut at = (106.53, 35.55);
    let steps = dice.whole(2, 60);
    let mut step = |dice: &mut Dice| {
        at = (
            at.0 + dice.between(-0.001, 0.001),
            at.1 + dice.between(-0.001, 0.001),
        );
        [degrees(at.0), degrees(at.1)]
    };
    std::iter::repeat_with(|| step(dice))
        .take(steps as usize)
        .collect()
}

fn questions() -> Vec<Value> {
    let mut dice = Dice(20_191_126);
    let files = files();
    let ruleset = rules::Ruleset::from_files(&files).unwrap().0;
    let sheets: Vec<_> = case_sheets(&ruleset).map(|sheet| sheet.0).collect();
    assert_eq!(sheets.len(), 416, "cases of all tables");
    let mut asked = vec![
        json!({ "op": "judge", "sheet": {} }),
        json!({ "op": "load_rules", "files": files }),
        ground(&mut dice),
    ];
    for sheet in sheets {
        asked.push(json!({ "op": "judge", "sheet": sheet }));
        asked.push(json!({ "op": "questions", "sheet": sheet }));
    }
    asked.extend((0..2_000).map(|_| outline(&mut dice)));
    for _ in 0..400 {
        let (lon, lat) = (dice.between(106.44, 106.7), dice.between(35.47, 35.63));
        asked.push(json!({ "op": "place", "lon": degrees(lon), "lat": degrees(lat), "accuracy_m": dice.whole(3, 60) }));
    }
    for _ in 0..100 {
        let way = walk(&mut dice);
        asked.push(json!({ "op": "to", "from": way[0], "to": way[way.len() - 1] }));
        asked.push(json!({ "op": "measure", "points": way }));
    }
    asked.push(json!({ "op": "judge", "sheet": { "table": "hydro", "zone": "moon", "as_of": "2019-08-18" } }));
    asked.push(
        json!({ "op": "outline", "shape": { "type": "Point", "coordinates": [106.5, 35.5] } }),
    );
    asked.push(json!({ "op": "place", "lon": 200.0, "lat": 35.5 }));
    asked.push(json!({ "op": "fly" }));
    asked
}

/// The answers as they are; that they are good is what the other tests and those of the rooms below say.
#[test]
fn the_answers_to_all_cases_are_written_down_for_the_built_file() {
    let mut pocket = Pocket::new();
    let answered = |asked: Value| {
        let answer: Value = serde_json::from_str(&pocket.call(&asked.to_string())).unwrap();
        json!({ "asked": asked, "answer": answer })
    };
    let all: Vec<Value> = questions().into_iter().map(answered).collect();
    let errors = |code: &str| {
        all.iter()
            .filter(|c| c["answer"]["error"]["code"] == code)
            .count()
    };
    let refused = [
        "pocket.no_rules",
        "judge.value_not_allowed",
        "pocket.not_an_outline",
        "pocket.no_position",
        "pocket.unreadable",
    ];
    assert_eq!(refused.map(errors), [1; 5]);
    let is_good = |c: &&Value| !c["answer"]["ok"].is_null();
    assert_eq!(all.iter().filter(is_good).count(), all.len() - 5);
    let broken = all
        .iter()
        .filter(|c| !c["answer"]["ok"]["repaired"].is_null());
    assert!(broken.count() > 300, "outlines that cross themselves");
    std::fs::write(WRITTEN, serde_json::to_string(&all).unwrap()).unwrap();
}
