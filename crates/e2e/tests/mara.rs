//! Eighteen real patrols of the Mara: imported to the yardstick of their page, judged, and laid over the reserve.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::BTreeMap;
use std::path::Path;

use e2e::{Register, real_data, script};
use serde_json::Value;

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A register over the zones of Mara, and the table of its fixes.
fn mara() -> (Register, String) {
    let register = Register::new();
    let particulars = register.path("reserve.toml");
    let lines = "reserve_code = \"KE-MARA\"\nname = \"Maasai Mara\"\nkind = \"自然保护区\"\nlevel = \"国家级\"\n";
    std::fs::write(&particulars, lines).unwrap();
    let init = ["init", "--campaign", "lvdun-2019", "--reserve"];
    let particulars = text(&particulars);
    let init = [&init[..], &[&particulars]].concat();
    let _ = register.run_as("operator", &init).success();
    let [plain, zones, fixes] =
        ["plain.geojson", "zones.geojson", "fixes.csv"].map(|n| text(&register.path(n)));
    let source = text(&real_data("reserve-mara/maec_4zones_UTM36S.gpkg"));
    let _ = register.run(&["convert", &source, &plain]).success();
    assert_eq!(script("mara.py", &["zones", &plain, &zones]), 4);
    let boundary = e2e::boundary_args("boundary", Path::new(&zones));
    let _ = register.run(&boundary).success();
    let source = text(&real_data(
        "reserve-mara/patrol-observations-from-smart.parquet",
    ));
    assert_eq!(script("mara.py", &["tracks", &source, &fixes]), 32_145);
    (register, fixes)
}

fn sum(patrols: &[Value], member: &str) -> u64 {
    let of = |p: &Value| p["tracks"][0][member].as_u64().unwrap();
    patrols.iter().map(of).sum()
}

#[test]
fn the_patrols_of_mara_come_to_the_counts_of_their_page() {
    let (register, fixes) = mara();
    let import = ["import", "tracks", &fixes, "--station", "houhe", "--yes"];
    let done = register.json(&import);
    assert_eq!(done["records"], 32_145);
    assert_eq!(done["counts"]["patrolled"], 18);
    let zones: BTreeMap<&str, (&str, &str)> = done["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|d| d["code"] == "track.fixes_in_zone")
        .map(|d| {
            let arg = |name: &str| d["args"][name].as_str().unwrap();
            (arg("zone"), (arg("read"), arg("distinct")))
        })
        .collect();
    let expected = [
        ("各功能区以外", ("8876", "2115")),
        ("核心区", ("22661", "7657")),
        ("缓冲区", ("608", "375")),
    ];
    assert_eq!(zones, BTreeMap::from(expected));

    let head = register.verified_head();
    let again = register.json(&import);
    assert_eq!(again["appended"], 0, "the same file adds nothing");
    assert_eq!(register.verified_head(), head);

    let list = register.json(&["patrols", "list", "--limit", "100"]);
    assert_eq!(list["total"], 18);
    let ids = list["items"].as_array().unwrap().iter();
    let pages: Vec<Value> = ids
        .map(|row| register.json(&["patrols", "show", row["patrol_id"].as_str().unwrap()]))
        .collect();
    let (read, distinct) = (sum(&pages, "fixes_read"), sum(&pages, "fixes_distinct"));
    assert_eq!((read, read - distinct, distinct), (32_145, 21_998, 10_147));

    let mut lines: Vec<String> = pages.iter().map(line).collect();
    lines.sort();
    insta::assert_snapshot!(lines.join("\n"));

    let covered = [
        "patrols",
        "coverage",
        "--from",
        "2024-01-01",
        "--to",
        "2024-01-05",
    ];
    let coverage = register.json(&covered);
    assert_eq!(coverage["patrols"], 18);
    let visited = coverage["cells"]["visited"].as_f64().unwrap();
    let told = coverage["cell_list"].as_array().unwrap();
    let passed = told.iter().filter(|c| c["passes"].as_u64() > Some(0));
    assert_eq!(passed.count() as f64, visited);
    assert!(
        visited > 100.0 && told.len() > 5_000,
        "{visited} of {}",
        told.len()
    );
}

/// What a person reads of a patrol.
fn line(page: &Value) -> String {
    let row = &page["row"];
    let track = &page["tracks"][0];
    let doubts: Vec<String> = page["plausibility"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| {
            format!(
                "{} {}",
                d["grade"].as_str().unwrap(),
                d["code"].as_str().unwrap()
            )
        })
        .collect();
    let told = format!(
        "{} {} fixes, {} segments, {} gaps, {:.1} km: {} {}",
        row["summary"].as_str().unwrap(),
        track["fixes_distinct"],
        track["segments"].as_array().unwrap().len(),
        track["gaps"].as_array().unwrap().len(),
        row["length_m"].as_f64().unwrap() / 1000.0,
        row["plausibility"].as_str().unwrap(),
        doubts.join(", "),
    );
    told.trim_end().to_owned()
}

#[test]
fn one_track_under_two_names_is_found_on_both() {
    let (register, _) = mara();
    for name in ["cerknicko-jezero.gpx", "cerknicko-jezero-no-creator.gpx"] {
        let file = text(&real_data(&format!("tracks/gpxpy/{name}")));
        let done = register.json(&["import", "tracks", &file, "--station", "houhe", "--yes"]);
        assert_eq!(done["counts"]["patrolled"], 7, "{name}");
    }
    let doubted = register.json(&["patrols", "list", "--plausibility", "high"]);
    // Of each file's seven tracks three have fixes enough to judge by.
    assert!(doubted["total"].as_u64() >= Some(6), "{doubted}");
    let first = doubted["items"][0]["patrol_id"].as_str().unwrap();
    let page = register.json(&["patrols", "show", first]);
    assert_eq!(page["plausibility"][0]["code"], "same_track");
}

#[test]
fn a_track_without_times_asks_for_its_day() {
    let (register, _) = mara();
    let file = text(&real_data("tracks/gpxpy/korita-zbevnica.gpx"));
    let look = ["import", "tracks", &file, "--station", "houhe", "--dry-run"];
    let unsaid = register.run(&[&["--json"], &look[..]].concat());
    let told = format!("{}{}", unsaid.stdout, unsaid.stderr);
    assert!(told.contains("track.day_unknown"), "{told}");
    let said = register.json(&[&look[..], &["--received-on", "2012-05-19"]].concat());
    assert_eq!(said["counts"]["patrolled"], 3, "{said}");
}

#[test]
fn real_tracks_of_handhelds_and_watches_are_not_doubted() {
    let (register, _) = mara();
    let files = [
        ("gpxpy", "korita-zbevnica.gpx", 3),
        ("gpxpy", "around-visnjan-with-car.gpx", 1),
        ("gpxpy", "cerknicko-jezero.gpx", 7),
    ];
    for (folder, name, tracks) in files {
        let file = text(&real_data(&format!("tracks/{folder}/{name}")));
        let day = ["--received-on", "2019-08-18"];
        let import = ["import", "tracks", &file, "--station", "houhe", "--yes"];
        let done = register.json(&[&import[..], &day].concat());
        assert_eq!(done["counts"]["patrolled"], tracks, "{name}");
    }
    let all = register.json(&["patrols", "list", "--limit", "100"]);
    assert_eq!(all["total"], 11);
    let judged = all["items"].as_array().unwrap().iter();
    let judged = judged.filter(|row| row["plausibility"] != "unjudged");
    assert!(
        judged.count() >= 4,
        "some have fixes enough to judge by: {all}"
    );
    let doubted = register.json(&["patrols", "list", "--plausibility", "doubtful"]);
    assert_eq!(doubted["total"], 0, "{doubted}");
}

#[test]
fn patrols_of_smart_and_earthranger_are_patrols_with_their_findings() {
    let (register, _) = mara();
    let import = |path: &str| {
        let file = text(&real_data(path));
        register.json(&["import", "tracks", &file, "--station", "houhe", "--yes"])
    };
    let smart = import("field-collection/smart/SMART_000006_001.xml");
    assert_eq!(smart["counts"]["patrolled"], 1, "{smart}");
    let ranger = import("reserve-mara/sample_patrol.json");
    assert_eq!(ranger["counts"]["patrolled"], 1, "{ranger}");
    let head = register.verified_head();
    let again = import("field-collection/smart/SMART_000006_001.xml");
    assert_eq!(again["appended"], 0, "{again}");
    assert_eq!(register.verified_head(), head);

    let list = register.json(&["patrols", "list", "--limit", "100"]);
    let of = |basis: &str| {
        let all = list["items"].as_array().unwrap();
        let row = all.iter().find(|row| row["basis"] == basis).unwrap();
        register.json(&["patrols", "show", row["patrol_id"].as_str().unwrap()])
    };
    let smart = of("smart");
    assert_eq!(smart["row"]["head_count"], 5);
    assert_eq!(smart["row"]["modes"][0], "vehicle");
    assert_eq!(smart["tracks"][0]["fixes_read"], 7);
    // The wall clock of the file says 20:48:25 to 20:51:55; without a zone it is Beijing's.
    assert_eq!(smart["row"]["started_at"], "2025-12-17T12:48:25Z");
    assert_eq!(smart["row"]["ended_at"], "2025-12-17T12:51:55Z");
    assert_eq!(smart["findings"][0]["kind"], "human_activity");
    let said = smart.to_string();
    assert!(
        said.contains("firewood") && !said.contains("Tony"),
        "{said}"
    );
    let ranger = of("earthranger");
    assert_eq!(ranger["row"]["started_at"], "2017-01-10T22:30:00Z");
    assert_eq!(ranger["tracks"].as_array().unwrap().len(), 0);
    assert!(
        ranger["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["lon"].is_number())
    );
}
