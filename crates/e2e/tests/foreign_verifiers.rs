//! What others' programs say about what we write.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::path::Path;
use std::process::Command;

use e2e::{Demonstration, Register, import_args, script};
use serde_json::{Value, json};

fn verifier_key(register: &Register) -> String {
    let held = script("entries.py", &[register.home().join("register.gpkg")]);
    held["verifier_key"].as_str().unwrap().to_owned()
}

#[test]
fn a_foreign_c2sp_verifier_accepts_the_log() {
    let register = Demonstration::shared().register();
    let (size, root) = register.verified_head();
    let log = register.home().join("log").to_string_lossy().into_owned();
    let seen = script("tlog.py", &[&log, &verifier_key(&register)]);
    assert_eq!(
        (seen["size"].as_u64(), seen["root"].as_str()),
        (Some(size), Some(&*root)),
        "{seen}"
    );
    assert_eq!(seen["tiles_root"], seen["root"]);
    assert_eq!(seen["proven"], seen["asked"]);
    assert_eq!(seen["bundles"].as_u64(), Some(size.div_ceil(256)));
}

#[test]
fn the_foreign_verifiers_own_command_accepts_the_checkpoint_and_the_growth() {
    let demonstration = Demonstration::shared();
    let register = demonstration.empty_register();
    let early = Register::copy_of(&register.home());
    for input in &demonstration.manifest()[..4] {
        let _ = register.run(&import_args(&demonstration, input)).success();
    }
    let key = register.path("log.vkey");
    std::fs::write(&key, verifier_key(&register) + "\n").unwrap();
    let aics = e2e::python().with_file_name("aics-tlog");
    let log = register.home().join("log");
    let old = early.home().join("log/checkpoint");
    let tasks: [&[&std::ffi::OsStr]; 2] = [
        &["verify-checkpoint".as_ref()],
        &[
            "verify-consistency".as_ref(),
            "--old-checkpoint".as_ref(),
            old.as_os_str(),
        ],
    ];
    for task in tasks {
        let out = Command::new(&aics)
            .args(task)
            .arg("--vkey-file")
            .arg(&key)
            .arg("--tiles")
            .arg(&log)
            .output()
            .unwrap();
        let said: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{out:?}"));
        assert_eq!(said["ok"], true, "{said}");
    }
}

fn ogrinfo(args: &[&str]) -> String {
    let out = Command::new("ogrinfo")
        .args(args)
        .output()
        .expect("ogrinfo (Debian package gdal-bin) starts");
    assert!(
        out.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8_lossy(&out.stdout).into_owned()
}

fn gpkg(register: &Register) -> String {
    register
        .home()
        .join("register.gpkg")
        .to_string_lossy()
        .into_owned()
}

fn feature_count(text: &str) -> u64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Feature Count: "));
    line.and_then(|n| n.trim().parse().ok())
        .unwrap_or_else(|| panic!("no count in {text}"))
}

#[test]
fn gdal_lists_the_layers_with_their_geometry() {
    let register = Demonstration::shared().register();
    for (layer, least) in [
        ("sites", 150),
        ("clues", 300),
        ("zones", 3),
        ("stations", 4),
        ("routes", 12),
    ] {
        let text = ogrinfo(&["-ro", "-so", &gpkg(&register), layer]);
        assert!(feature_count(&text) >= least, "{layer}: {text}");
        assert!(text.contains("Geometry Column = geom"), "{layer}: {text}");
        assert!(
            text.contains("China Geodetic Coordinate System 2000"),
            "{layer}: {text}"
        );
        assert!(text.contains("Extent: (106."), "{layer}: {text}");
    }
}

#[test]
fn gdal_filters_by_place_while_the_program_writes() {
    let demonstration = Demonstration::shared();
    let register = demonstration.empty_register();
    let file = gpkg(&register);
    let mut asked_while_writing = 0;
    for input in demonstration.manifest() {
        let mut importing = register.command("office", &import_args(&demonstration, &input));
        let mut importing = importing
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while importing.try_wait().unwrap().is_none() {
            let filter = [
                "-ro", "-so", "-spat", "106.43", "35.38", "106.63", "35.65", &file,
            ];
            assert_eq!(
                feature_count(&ogrinfo(&[&filter[..], &["zones"]].concat())),
                3
            );
            let _ = feature_count(&ogrinfo(&[&filter[..], &["sites"]].concat()));
            asked_while_writing += 1;
        }
        assert!(importing.wait().unwrap().success(), "{}", input["file"]);
    }
    assert!(asked_while_writing > 0);
    let _ = register.verified_head();
}

#[test]
fn the_spatial_index_and_the_table_agree() {
    let register = Demonstration::shared().register();
    let file = gpkg(&register);
    for layer in ["sites", "clues"] {
        let bound = ["106.48", "35.45", "106.54", "35.55"];
        let by_index = ogrinfo(&[&["-ro", "-so", "-spat"], &bound[..], &[&file, layer]].concat());
        let slowly = script("inside.py", &[&[file.as_str(), layer], &bound[..]].concat());
        let (found, expected) = (feature_count(&by_index), slowly["inside"].as_u64().unwrap());
        // GDAL compares shapes, the script envelopes: an envelope can reach in where its shape does not.
        assert!(
            found <= expected && found * 10 >= expected * 9,
            "{layer}: {found} and {expected}"
        );
        assert!(expected > 10, "{layer}");
    }
}

#[test]
fn a_foreign_validator_finds_no_error_in_the_register_or_a_ledger() {
    let register = Demonstration::shared().register();
    assert_eq!(script("validate_gpkg.py", &[gpkg(&register)]), json!([]));
    for view in ["sites", "focal", "verified"] {
        let out = register.path("ledger.gpkg").to_string_lossy().into_owned();
        let _ = register
            .run(&[
                "ledger",
                view,
                "--all",
                "--as-of",
                "2019-08-19",
                "--out",
                &out,
            ])
            .success();
        assert_eq!(script("validate_gpkg.py", &[&out]), json!([]), "{view}");
        assert!(
            ogrinfo(&["-ro", "-al", "-so", &out]).contains("Feature Count"),
            "{view}"
        );
        std::fs::remove_file(&out).unwrap();
    }
}

#[test]
fn the_foreign_validator_does_find_errors() {
    let register = Demonstration::shared().register();
    let _ = script("spoil_gpkg.py", &[gpkg(&register)]);
    assert_ne!(script("validate_gpkg.py", &[gpkg(&register)]), json!([]));
}

#[test]
fn areas_of_zones_and_stations_agree_with_proj_to_a_millionth() {
    let register = Demonstration::shared().register();
    for layer in ["zones", "stations"] {
        let compared = script("areas.py", &[&gpkg(&register), layer]);
        let rows = compared.as_array().unwrap();
        assert!(rows.len() >= 3, "{layer}");
        for row in rows {
            let (ours, theirs) = (
                row["area_m2"].as_f64().unwrap(),
                row["geodesic_m2"].as_f64().unwrap(),
            );
            assert!(((ours - theirs) / theirs).abs() < 1e-6, "{layer}: {row}");
        }
    }
}

#[test]
fn gauss_kruger_agrees_with_proj_within_a_millimetre() {
    let register = Register::new();
    for epsg in ["4523", "4546", "4542", "4498", "4509"] {
        let input = register.path(&format!("{epsg}.geojson"));
        let output = register.path(&format!("{epsg}-out.geojson"));
        let made = script(
            "plane.py",
            &[&"make".into(), &epsg.to_owned(), &text(&input)],
        );
        let convert = [
            "convert",
            &text(&input),
            &text(&output),
            "--crs",
            &format!("EPSG:{epsg}"),
        ];
        let _ = register.run(&convert).success();
        let compared = script(
            "plane.py",
            &[
                &"compare".into(),
                &epsg.to_owned(),
                &text(&input),
                &text(&output),
            ],
        );
        assert_eq!(compared["points"], made["points"], "EPSG:{epsg}");
        assert!(
            compared["worst_m"].as_f64().unwrap() < 0.001,
            "EPSG:{epsg}: {compared}"
        );
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
