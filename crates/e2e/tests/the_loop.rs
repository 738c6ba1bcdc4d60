//! From inputs to ledgers: repeatable, reproducible, rebuildable, tamper-evident.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]
#![allow(
    clippy::print_stdout,
    reason = "the counts beside the truth are for the reader of the test's output"
)]

use std::io::Read as _;
use std::path::Path;

use e2e::{Demonstration, Person, Register, Server, boundary_args, import_args, script};
use serde_json::Value;

fn dump(register: &Register) -> Value {
    script("dump.py", &[register.home().join("register.gpkg")])
}

#[test]
fn importing_every_file_twice_changes_nothing() {
    let demonstration = Demonstration::shared();
    let register = demonstration.register();
    let before = (register.verified_head(), dump(&register));
    for (kind, file) in [
        ("boundary", "功能区.geojson"),
        ("stations", "保护站.geojson"),
        ("routes", "巡护路线.kml"),
    ] {
        let file = demonstration.input(&format!("01-保护区/演示数据-{file}"));
        let _ = register.run(&boundary_args(kind, &file)).success();
    }
    for input in demonstration.manifest() {
        let again = register
            .run(&import_args(&demonstration, &input))
            .success()
            .json();
        assert_eq!(again["appended"], 0, "{}", input["file"]);
        // A file whose rows were partly refused may be tried again; it adds nothing while nothing new is known.
        let is_whole = again["counts"]["refused"] == 0;
        assert_eq!(again["is_repeated"], is_whole, "{}", input["file"]);
    }
    assert_eq!(register.verified_head(), before.0);
    assert_eq!(dump(&register), before.1);
}

#[test]
fn two_registers_from_the_same_inputs_hold_the_same_entries_and_dossiers() {
    let demonstration = Demonstration::shared();
    let (first, second) = (demonstration.register(), demonstration.empty_register());
    for input in demonstration.manifest() {
        let _ = second.run(&import_args(&demonstration, &input)).success();
    }
    let _ = second.run(&["clues", "match"]).success();
    assert_eq!(content(&first), content(&second));
}

/// Everything but what each register has of its own: its key and the ids made from its opening.
fn content(register: &Register) -> Value {
    let mut all = script("entries.py", &[register.home().join("register.gpkg")]);
    all.as_object_mut().unwrap().remove("verifier_key");
    all
}

fn ledger(register: &Register, view: &str, day: &str) -> Value {
    register.json(&["ledger", view, "--all", "--as-of", day])
}

#[test]
fn the_ledgers_of_two_days_differ() {
    let register = Demonstration::shared().register();
    for view in ["sites", "focal", "verified"] {
        let [eighteenth, nineteenth] =
            ["2019-08-18", "2019-08-19"].map(|day| ledger(&register, view, day));
        assert_ne!(
            eighteenth["rows_sha256"], nineteenth["rows_sha256"],
            "{view}"
        );
        let change = register.json(&["diff", view, "--from", "2019-08-18", "--to", "2019-08-19"]);
        let count = |key: &str| change[key].as_array().map_or(0, Vec::len);
        let (before, after) = (rows(&eighteenth), rows(&nineteenth));
        assert_eq!(
            before + count("added") - count("removed"),
            after,
            "{view}: {change}"
        );
        assert!(count("added") + count("changed") > 0, "{view}");
    }
}

fn rows(ledger: &Value) -> usize {
    ledger["rows"].as_array().unwrap().len()
}

#[test]
fn drawing_a_day_again_gives_the_same_rows() {
    let register = Demonstration::shared().register();
    for view in ["sites", "focal", "verified"] {
        let first = ledger(&register, view, "2019-08-18");
        assert_eq!(first, ledger(&register, view, "2019-08-18"), "{view}");
    }
}

#[test]
fn drawing_a_day_again_gives_the_same_bytes() {
    let register = Demonstration::shared().register();
    for extension in ["csv", "geojson", "xlsx"] {
        let [first, second] = ["first", "second"].map(|name| {
            let out = register.path(&format!("{name}.{extension}"));
            let file = out.to_string_lossy().into_owned();
            let _ = register
                .run(&[
                    "ledger",
                    "sites",
                    "--all",
                    "--as-of",
                    "2019-08-18",
                    "--out",
                    &file,
                ])
                .success();
            std::fs::read(out).unwrap()
        });
        assert!(first == second, "the {extension} of the same day changed");
    }
}

#[test]
fn papers_of_now_name_the_day() {
    let register = Demonstration::shared().register();
    for (command, own_code) in [("stats", 0), ("check", 1)] {
        let out = register.path(&format!("{command}.xlsx"));
        let done = register.run(&[command, "--out", &out.to_string_lossy()]);
        assert_eq!(done.code, Some(own_code), "{command}");
        let mut book = zip::ZipArchive::new(std::fs::File::open(&out).unwrap()).unwrap();
        let mut text = String::new();
        let mut texts = book.by_name("xl/sharedStrings.xml").unwrap();
        texts.read_to_string(&mut text).unwrap();
        let (_, day) = text.split_once("截至 ").unwrap();
        let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
        let told: String = day.chars().take(10).map(shape).collect();
        assert_eq!(told, "0000-00-00", "{command}");
    }
}

#[test]
fn a_ledger_by_log_position_is_untouched_by_later_imports() {
    let demonstration = Demonstration::shared();
    let register = demonstration.empty_register();
    let inputs = demonstration.manifest();
    let (early, late) = inputs.split_at(inputs.len() / 2);
    let import = |inputs: &[Value]| {
        for input in inputs {
            let _ = register.run(&import_args(&demonstration, input)).success();
        }
    };
    import(early);
    let (size, root) = register.verified_head();
    let position = format!("@{size}");
    let then = ledger(&register, "sites", &position);
    assert_eq!(then["root_hash"], root);
    import(late);
    assert_eq!(ledger(&register, "sites", &position), then);
    assert_ne!(
        ledger(&register, "sites", "now")["rows_sha256"],
        then["rows_sha256"]
    );
}

#[test]
fn the_ledgers_hold_at_least_85_of_100_sites_that_belong_in_them() {
    let demonstration = Demonstration::shared();
    let register = demonstration.register();
    let truth = demonstration.truth();
    for day in ["2019-08-18", "2019-08-19"] {
        let known = register.json(&["sites", "--all", "--as-of", day]);
        for view in ["sites", "focal", "verified"] {
            let drawn = ledger(&register, view, day);
            let (found, expected) = recall(&truth, &known, &drawn, day, view);
            println!(
                "{day} {view}: {found} of {expected} true sites found, {} rows drawn",
                rows(&drawn)
            );
            assert!(
                found * 100 >= expected * 85,
                "{day} {view}: {found} of {expected}"
            );
        }
    }
}

#[test]
fn a_ledger_is_no_longer_than_the_truth_by_a_quarter() {
    let demonstration = Demonstration::shared();
    let (register, truth) = (demonstration.register(), demonstration.truth());
    for day in ["2019-08-18", "2019-08-19"] {
        for view in ["sites", "focal", "verified"] {
            let expected = truth["ledgers"][day][view].as_array().unwrap().len();
            let drawn = rows(&ledger(&register, view, day));
            println!("{day} {view}: {drawn} rows, {expected} true");
            assert!(
                drawn * 4 <= expected * 5,
                "{day} {view}: {drawn} rows for {expected} sites"
            );
        }
    }
}

/// How many sites that belong in the ledger have a row of their name or of one of their clues' codes.
fn recall(truth: &Value, known: &Value, drawn: &Value, day: &str, view: &str) -> (usize, usize) {
    let texts: Vec<String> = dossiers_of(drawn, known);
    let keys = truth["ledgers"][day][view].as_array().unwrap();
    let found = keys.iter().filter(|key| {
        let marks = marks(truth, key.as_str().unwrap());
        texts
            .iter()
            .any(|text| marks.iter().any(|mark| text.contains(mark)))
    });
    (found.count(), keys.len())
}

fn dossiers_of(drawn: &Value, known: &Value) -> Vec<String> {
    let ids: Vec<&Value> = drawn["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["site_id"])
        .collect();
    let known = known.as_array().unwrap().iter();
    known
        .filter(|site| ids.contains(&&site["site_id"]))
        .map(Value::to_string)
        .collect()
}

/// Name and external codes, quoted, so that 一号 does not find 一号甲.
fn marks(truth: &Value, key: &str) -> Vec<String> {
    let site = truth["sites"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["key"] == key)
        .unwrap();
    let clues = truth["clues"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["site"] == key);
    let codes = clues.map(|c| &c["external_code"]);
    codes
        .chain([&site["name"]])
        .filter_map(Value::as_str)
        .map(|mark| format!("\"{mark}\""))
        .collect()
}

#[test]
fn rebuilding_gives_identical_projections() {
    let register = Demonstration::shared().register();
    let before = (register.verified_head(), dump(&register));
    let _ = register
        .run_as("operator", &["register", "rebuild"])
        .success();
    assert_eq!(dump(&register), before.1);
    assert_eq!(register.verified_head(), before.0);
}

#[test]
fn a_backup_verifies_and_holds_the_same_log() {
    let register = Demonstration::shared().register();
    let head = register.verified_head();
    let server = Server::start(&register);
    let person = Person::new(&register, &server, "bangongshi", "office");
    let to = register.path("backup");
    let told = register
        .run_as(
            "operator",
            &["--json", "register", "backup", &to.to_string_lossy()],
        )
        .success()
        .json();
    assert_eq!(told["people"], 1);
    server.stop();
    let copy = Register::copy_of(&to);
    assert_eq!(copy.verified_head(), head);
    // Whoever could log in to the register can log in to its copy.
    let restored = Server::start(&copy);
    let _ = person.get(&restored, "/api/v1/session").status(200);
}

#[test]
fn a_flipped_byte_in_any_entry_is_found() {
    let demonstration = Demonstration::shared();
    let (size, _) = demonstration.register().verified_head();
    for seq in [1, 2, size / 3, size / 2, size - 1] {
        let report = flipped(&demonstration, seq)
            .run(&["--json", "log", "verify"])
            .exits(1)
            .json();
        let faults = report["faults"].as_array().unwrap();
        assert!(
            faults.iter().any(|fault| fault["seq"] == seq),
            "entry {seq}: {report}"
        );
        assert!(
            faults
                .iter()
                .all(|fault| fault["code"] != "register.verify.schema_differs"),
            "{report}"
        );
    }
}

#[test]
fn a_flipped_byte_in_the_opening_entry_is_a_fault_like_any_other() {
    let report = flipped(&Demonstration::shared(), 0)
        .run(&["--json", "log", "verify"])
        .exits(1)
        .json();
    assert!(
        report["faults"]
            .as_array()
            .unwrap()
            .iter()
            .any(|fault| fault["seq"] == 0),
        "{report}"
    );
}

#[test]
fn a_flipped_byte_never_goes_unnoticed_wherever_it_is() {
    let outcome = flipped(&Demonstration::shared(), 0).run(&["--json", "log", "verify"]);
    assert!(matches!(outcome.code, Some(1 | 2)), "{outcome:?}");
}

fn flipped(demonstration: &Demonstration, seq: u64) -> Register {
    let register = demonstration.register();
    let file = register
        .home()
        .join("register.gpkg")
        .to_string_lossy()
        .into_owned();
    let _ = script("flip.py", &[&file, &seq.to_string()]);
    register
}

#[test]
fn a_flipped_byte_in_any_blob_is_found() {
    let register = Demonstration::shared().register();
    let blobs = files_under(&register.home().join("blobs"));
    assert!(blobs.len() > 10, "{} blobs", blobs.len());
    for blob in [&blobs[0], &blobs[blobs.len() / 2]] {
        let sound = std::fs::read(blob).unwrap();
        let mut flipped = sound.clone();
        flipped[sound.len() / 2] ^= 1;
        overwrite(blob, &flipped);
        let report = register.run(&["--json", "log", "verify"]).exits(1).json();
        let name = blob.file_name().unwrap().to_string_lossy();
        assert!(
            report["faults"].to_string().contains(&*name),
            "{name}: {report}"
        );
        overwrite(blob, &sound);
    }
    let _ = register.verified_head();
}

#[test]
fn a_missing_blob_is_found() {
    let register = Demonstration::shared().register();
    std::fs::remove_file(&files_under(&register.home().join("blobs"))[0]).unwrap();
    let _ = register.run(&["--json", "log", "verify"]).exits(1);
}

fn overwrite(file: &Path, bytes: &[u8]) {
    std::fs::remove_file(file).unwrap();
    std::fs::write(file, bytes).unwrap();
}

fn files_under(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_under(&path))
        } else {
            files.push(path)
        }
    }
    files.sort();
    files
}
