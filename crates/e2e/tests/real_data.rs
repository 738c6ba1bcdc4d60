//! Real files of others run through the same commands, with the results their pages state.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::BTreeMap;
use std::path::Path;

use e2e::{Demonstration, Register, real_data, script};
use serde_json::Value;

/// Converts a real file to GeoJSON and reads the shapes.
fn converted(file: &str, crs: Option<&str>) -> Vec<Value> {
    let register = Register::new();
    let (input, output) = (real_data(file), register.path("out.geojson"));
    let mut args = vec![
        "convert".into(),
        input.into_os_string(),
        output.clone().into_os_string(),
    ];
    args.extend(crs.into_iter().flat_map(|crs| ["--crs".into(), crs.into()]));
    let _ = register.run(&args).success();
    script("shapes.py", &[output]).as_array().unwrap().clone()
}

fn km2(shape: &Value) -> f64 {
    shape["km2"].as_f64().unwrap()
}

#[test]
fn grumeti_has_the_areas_its_page_states() {
    let shapes = converted("reserve-grumeti/Grbnd_New.zip", None);
    assert_eq!(shapes.len(), 11);
    let positions: u64 = shapes
        .iter()
        .map(|s| s["positions"].as_u64().unwrap())
        .sum();
    assert_eq!(positions, 4746);
    // Areas on the plane of UTM; on the ellipsoid they differ by the scale of the plane.
    for expected in [418.62, 97.31, 554.65] {
        let found = shapes
            .iter()
            .any(|s| (km2(s) - expected).abs() / expected < 0.001);
        assert!(found, "{expected}: {shapes:?}");
    }
    for shape in &shapes {
        let corner = shape["box"][0].as_f64().unwrap();
        assert!((33.5..35.5).contains(&corner), "{shape}");
    }
}

#[test]
fn grumeti_states_three_areas_that_its_outlines_do_not_have() {
    let register = Demonstration::shared().register();
    let file = text(&real_data("reserve-grumeti/Grbnd_New.zip"));
    let preview = register.json(&["import", "boundary", &file, "--dry-run"]);
    let named: Vec<u64> = preview["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|d| d["code"] == "import.stated_area_differs")
        .map(|d| d["place"]["feature"].as_u64().unwrap())
        .collect();
    // Grumeti 415.35 for 418.62 km², Makunduzi 104.11 for 97.31, Ikorongo 0.00 for 554.65.
    assert_eq!(named, [3, 9, 11]);
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A register over the zones of Mara, whose names stand for kinds of zones of our own.
fn mara() -> Register {
    let register = Register::new();
    let particulars = register.path("reserve.toml");
    let lines = "reserve_code = \"KE-MARA\"\nname = \"Maasai Mara\"\nkind = \"自然保护区\"\nlevel = \"国家级\"\n";
    std::fs::write(&particulars, lines).unwrap();
    let init = [
        "init",
        "--campaign",
        "lvdun-2019",
        "--reserve",
        &text(&particulars),
    ];
    let _ = register.run_as("operator", &init).success();
    let [plain, zones] = ["plain.geojson", "zones.geojson"].map(|n| text(&register.path(n)));
    let source = text(&real_data("reserve-mara/maec_4zones_UTM36S.gpkg"));
    let _ = register.run(&["convert", &source, &plain]).success();
    assert_eq!(script("mara.py", &["zones", &plain, &zones]), 4);
    let _ = register
        .run(&e2e::boundary_args("boundary", Path::new(&zones)))
        .success();
    register
}

/// Rows of a dry run by the zone they lie in, each place and time counted once.
fn by_zone(preview: &Value) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for row in preview["rows"].as_array().unwrap() {
        if row["action"] != "same" {
            let zone = row["zone_kind"].as_str().unwrap_or("outside");
            *counts.entry(zone).or_insert(0) += 1;
        }
    }
    counts
}

#[test]
fn mara_has_its_500_events_in_the_zones_its_page_states() {
    let register = mara();
    let events = text(&register.path("events.geojson"));
    let source = text(&real_data("reserve-mara/events-mara.parquet"));
    assert_eq!(script("mara.py", &["events", &source, &events]), 500);
    let preview = register.json(&["import", "patrol", &events, "--crs", "WGS84", "--dry-run"]);
    // Mara Reserve, Conservancies, Siana, Loita Plains, and those that lie in none.
    let expected = [
        ("buffer", 54),
        ("core", 48),
        ("experimental", 33),
        ("outside", 307),
        ("outer_belt", 58),
    ];
    assert_eq!(by_zone(&preview), BTreeMap::from(expected));
}

#[test]
fn mara_has_its_32145_track_points_in_the_zones_its_page_states_and_repeats_count_once() {
    let register = mara();
    let before = register.verified_head();
    let points = text(&register.path("points.gpx"));
    let source = text(&real_data(
        "reserve-mara/patrol-observations-from-smart.parquet",
    ));
    assert_eq!(script("mara.py", &["points", &source, &points]), 32_145);
    let preview = register.json(&["import", "patrol", &points, "--dry-run"]);
    assert_eq!(preview["records"], 32_145);
    assert_eq!(preview["counts"]["same"], 21_998);
    let expected = [("buffer", 375), ("core", 7657), ("outside", 2115)];
    assert_eq!(by_zone(&preview), BTreeMap::from(expected));
    assert_eq!(register.verified_head(), before);
}

#[test]
fn a_geopackage_or_a_workbook_in_a_zip_is_read_like_the_file_itself() {
    let demonstration = Demonstration::shared();
    let register = demonstration.register();
    let workbook = demonstration.input("04-督察清单/演示数据-省级督察发现问题清单.xlsx");
    let zones = real_data("reserve-mara/maec_4zones_UTM36S.gpkg");
    for (kind, file, records) in [("inspection", &workbook, 30), ("patches", &zones, 4)] {
        let packed = register.path(&format!("{kind}.zip"));
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&packed).unwrap());
        let name = file.file_name().unwrap().to_string_lossy();
        let inside = format!("2019年/{name}");
        zip.start_file(inside, zip::write::SimpleFileOptions::default())
            .unwrap();
        std::io::Write::write_all(&mut zip, &std::fs::read(file).unwrap()).unwrap();
        zip.finish().unwrap();
        let preview = register.json(&["import", kind, &text(&packed), "--dry-run"]);
        assert_eq!(preview["records"], records, "{kind}");
    }
}

#[test]
fn neighbouring_counties_still_meet_after_the_offset_is_removed() {
    let shared = |crs: &str| {
        let files = ["620802", "640424"].map(|code| {
            let register = Register::new();
            let (input, output) = (
                real_data(&format!("boundaries-pingliang/{code}.geojson")),
                register.path("out.geojson"),
            );
            let _ = register
                .run(&["convert", &text(&input), &text(&output), "--crs", crs])
                .success();
            (register, output)
        });
        let common = script("common.py", &[&files[0].1, &files[1].1]);
        common.as_u64().unwrap()
    };
    let before = shared("WGS84");
    assert!(before > 100, "{before}");
    assert_eq!(shared("GCJ-02"), before);
}

#[test]
fn alerts_of_another_country_are_read_and_told_to_lie_outside() {
    let register = Demonstration::shared().register();
    let read = |folder: &str| {
        let file = text(&real_data(&format!("clues/{folder}/response.csv")));
        register.json(&["import", "inspection", &file, "--dry-run"])
    };
    // Without positions nobody can say where they belong; a blank before a latitude is none of its digits.
    for folder in ["inpe-deter-sample", "inpe-prodes-sample"] {
        let preview = read(folder);
        assert_eq!(
            (&preview["records"], &preview["counts"]["doubtful"]),
            (&15.into(), &15.into())
        );
    }
    let fires = read("inpe-fire-focos-sample");
    assert_eq!(fires["counts"]["screened"], 10);
}

#[test]
fn mara_has_the_areas_its_attributes_state() {
    let shapes = converted("reserve-mara/maec_4zones_UTM36S.gpkg", None);
    assert_eq!(shapes.len(), 4);
    for shape in &shapes {
        let stated = shape["properties"]["area"].as_f64().unwrap() / 1e6;
        assert!((km2(shape) - stated).abs() / stated < 0.002, "{shape}");
    }
}

#[test]
fn a_point_at_kongtong_moves_by_the_offset_its_page_states() {
    let register = Register::new();
    let (input, output) = (register.path("in.geojson"), register.path("out.geojson"));
    // Kongtong mountain, 106.53 E, 35.55 N, as a map of Amap shows it.
    let point = r#"{"type":"Point","coordinates":[106.534165537,35.549556012]}"#;
    let feature = format!(r#"{{"type":"Feature","properties":{{}},"geometry":{point}}}"#);
    std::fs::write(
        &input,
        format!(r#"{{"type":"FeatureCollection","features":[{feature}]}}"#),
    )
    .unwrap();
    let files = [input, output].map(std::path::PathBuf::into_os_string);
    let convert = [
        "convert".into(),
        files[0].clone(),
        files[1].clone(),
        "--crs".into(),
        "GCJ-02".into(),
    ];
    let _ = register.run(&convert).success();
    let moved = script("shift.py", &files);
    let (east, north) = (
        moved["east_m"].as_f64().unwrap(),
        moved["north_m"].as_f64().unwrap(),
    );
    assert!(
        (east - 378.0).abs() < 1.0 && (north + 49.0).abs() < 1.0,
        "{moved}"
    );
}

#[test]
fn the_county_of_kongtong_keeps_its_shape_when_the_offset_is_removed() {
    let [as_gcj, as_wgs] = ["GCJ-02", "WGS84"].map(|crs| {
        let mut shapes = converted("boundaries-pingliang/620802.geojson", Some(crs));
        assert_eq!(shapes.len(), 1);
        shapes.remove(0)
    });
    assert_eq!(as_gcj["positions"], as_wgs["positions"]);
    assert_eq!(as_gcj["positions"], 2127);
    assert!(
        (km2(&as_gcj) / km2(&as_wgs) - 1.0).abs() < 0.002,
        "{} {}",
        km2(&as_gcj),
        km2(&as_wgs)
    );
    for side in [0, 2] {
        let west = as_wgs["box"][side].as_f64().unwrap() - as_gcj["box"][side].as_f64().unwrap();
        assert!((0.003..0.006).contains(&west), "{west}");
    }
}

#[test]
fn a_geojson_without_a_system_is_not_taken_for_wgs_84() {
    let register = Register::new();
    let (input, output) = (
        real_data("boundaries-pingliang/620802.geojson"),
        register.path("out.geojson"),
    );
    let args = [
        "--json".into(),
        "convert".into(),
        input.into_os_string(),
        output.clone().into_os_string(),
    ];
    let _ = register.run(&args).exits(1);
    assert!(!output.exists());
}

#[test]
fn mines_have_the_areas_their_attributes_state() {
    let shapes = converted("clues/maus-mining-polygons-idn.geojson", Some("WGS84"));
    assert_eq!(shapes.len(), 957);
    for shape in &shapes {
        let stated = shape["properties"]["AREA"].as_f64().unwrap();
        assert!((km2(shape) - stated).abs() <= stated * 0.01, "{shape}");
    }
}

#[test]
fn power_plants_of_the_whole_country_are_screened() {
    let register = Demonstration::shared().register();
    let before = register.verified_head();
    let file = real_data("clues/wri-china-power-plants.csv")
        .to_string_lossy()
        .into_owned();
    let outcome = register.run(&["--json", "import", "inspection", &file, "--dry-run"]);
    assert!(matches!(outcome.code, Some(0 | 1)), "{outcome:?}");
    let preview = outcome.json();
    assert_eq!(preview["records"], 3137);
    let count = |fate: &str| preview["counts"][fate].as_u64().unwrap();
    assert!(
        count("screened") > 3000 && count("doubtful") >= 11,
        "{}",
        preview["counts"]
    );
    assert_eq!(register.verified_head(), before);
}

/// Two areas of JTS, each pair set down in a corner of its own: what `bench overlay` cuts is what JTS says.
#[test]
fn overlays_of_jts_come_out_as_jts_says() {
    let register = Register::new();
    let folder = text(&register.path(""));
    let cases = ["TestOverlayAA.xml", "TestNGOverlayA.xml"]
        .map(|file| text(&real_data(&format!("overlay-jts/general/{file}"))));
    let expected = script("jts.py", &[&[folder][..], &cases[..]].concat());
    let expected = expected.as_object().unwrap();
    assert!(expected.len() >= 7, "{expected:?}");
    for layer in ["patches", "zones"] {
        let made = std::process::Command::new("ogr2ogr")
            .args(["-f", "GPKG", "-a_srs", "EPSG:4490", "-nln", layer])
            .arg(register.path(&format!("{layer}.gpkg")))
            .arg(register.path(&format!("{layer}.geojson")))
            .status()
            .unwrap();
        assert!(made.success(), "{layer}");
    }
    let file = |name: &str| text(&register.path(name));
    let (patches, zones, out) = (file("patches.gpkg"), file("zones.gpkg"), file("overlay"));
    std::fs::create_dir(&out).unwrap();
    let _ = register
        .run(&["bench", "overlay", &patches, &zones, "--out", &out])
        .success();
    let table = std::fs::read_to_string(Path::new(&out).join("best.csv")).unwrap();
    let found: Vec<Vec<&str>> = table
        .lines()
        .skip(1)
        .map(|l| l.split(',').collect())
        .collect();
    let positive = expected.values().filter(|share| share.as_f64() > Some(0.0));
    assert_eq!(found.len(), positive.count(), "{table}");
    for row in found {
        let share: f64 = row[3].parse().unwrap();
        let said = expected[row[0]].as_f64().unwrap();
        assert!(
            (share - said).abs() < 1e-5,
            "case {}: {share} for {said}",
            row[0]
        );
    }
}
