#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use calamine::{Data, Range, Reader, open_workbook_auto};
use serde_json::Value;

use super::generate;

const SEED: u64 = 2019;

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

struct Made {
    folder: tempfile::TempDir,
    truth: Value,
}

impl Made {
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        generate(folder.path(), seed).unwrap();
        let truth = fs::read(folder.path().join("expected.json")).unwrap();
        Self {
            folder,
            truth: serde_json::from_slice(&truth).unwrap(),
        }
    }

    fn list(&self, name: &str) -> &[Value] {
        self.truth[name].as_array().unwrap()
    }

    fn keys(&self, day: &str, ledger: &str) -> BTreeSet<&str> {
        let keys = self.truth["ledgers"][day][ledger].as_array().unwrap();
        keys.iter().map(|key| key.as_str().unwrap()).collect()
    }

    fn sheet(&self, file: &str, sheet: &str) -> Range<Data> {
        let mut book = open_workbook_auto(self.folder.path().join(file)).unwrap();
        book.worksheet_range(sheet).unwrap()
    }
}

/// A cell as text; rows and columns as `expected.json` counts them.
fn cell(range: &Range<Data>, row: usize, column: usize) -> String {
    let at = ((row - 1) as u32, column as u32);
    range
        .get_value(at)
        .map(ToString::to_string)
        .unwrap_or_default()
}

#[test]
fn the_same_seed_makes_the_same_bytes() {
    let (one, other) = (Made::new(SEED), Made::new(SEED));
    let (one, other) = (files(one.folder.path()), files(other.folder.path()));
    assert_eq!(
        one.keys().collect::<Vec<_>>(),
        other.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in &one {
        assert!(bytes == &other[name], "{name} differs");
    }
}

#[test]
fn another_seed_makes_another_demonstration_of_the_same_reserve() {
    let (one, other) = (Made::new(1), Made::new(77));
    assert_eq!(one.truth["reserve"], other.truth["reserve"]);
    assert_ne!(one.truth["sites"], other.truth["sites"]);
}

#[test]
fn every_file_is_marked() {
    let made = Made::new(SEED);
    for name in files(made.folder.path()).keys() {
        let is_index = !name.contains('/');
        assert!(is_index || name.contains("演示数据"), "{name}");
    }
}

#[test]
fn the_description_of_the_reserve_is_sound_toml() {
    let made = Made::new(SEED);
    let text = fs::read_to_string(made.folder.path().join("reserve.toml")).unwrap();
    let reserve: toml::Table = toml::from_str(&text).unwrap();
    assert_eq!(reserve["stations"].as_array().unwrap().len(), 4);
    for file in reserve["files"].as_table().unwrap().values() {
        assert!(
            made.folder.path().join(file.as_str().unwrap()).exists(),
            "{file}"
        );
    }
}

#[test]
fn nothing_is_dated_after_the_day_it_was_received() {
    let made = Made::new(SEED);
    let patrol = made
        .folder
        .path()
        .join("06-巡护发现/演示数据-巡护发现问题记录.csv");
    for line in fs::read_to_string(patrol)
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("2019-"))
    {
        assert!(line < "2019-08-14", "{line}");
    }
}

#[test]
fn about_four_hundred_clues_overlap_and_point_at_known_sites() {
    let made = Made::new(SEED);
    let keys: BTreeSet<&str> = made
        .list("sites")
        .iter()
        .map(|s| s["key"].as_str().unwrap())
        .collect();
    let clues: Vec<&Value> = made
        .list("clues")
        .iter()
        .filter(|clue| clue["source_kind"] != "现地排查")
        .collect();
    assert!((380..=420).contains(&clues.len()), "{}", clues.len());
    let mut per_site: BTreeMap<&str, usize> = BTreeMap::new();
    for clue in &clues {
        if let Some(site) = clue["site"].as_str() {
            assert!(keys.contains(site));
            *per_site.entry(site).or_default() += 1;
        }
    }
    assert!(per_site.values().filter(|count| **count >= 3).count() >= 40);
    let sources: BTreeSet<&str> = clues
        .iter()
        .map(|c| c["source_kind"].as_str().unwrap())
        .collect();
    assert_eq!(sources.len(), 10, "{sources:?}");
}

#[test]
fn a_missed_site_has_a_clue_and_no_verification() {
    let made = Made::new(SEED);
    let missed: Vec<&Value> = made
        .list("sites")
        .iter()
        .filter(|s| s["is_missed"] == true)
        .collect();
    assert_eq!(missed.len(), 7);
    for site in missed {
        let clues = site["clues"].as_array().unwrap();
        assert!(!clues.is_empty());
        for clue in clues {
            let clue = &made.list("clues")[clue.as_u64().unwrap() as usize];
            assert_ne!(clue["source_kind"], "现地排查");
        }
        assert!(site["verified_on"].is_null());
    }
}

#[test]
fn the_three_ledgers_of_the_eighteenth_and_the_nineteenth_differ() {
    let made = Made::new(SEED);
    for ledger in ["sites", "focal", "verified"] {
        let (before, after) = (
            made.keys("2019-08-18", ledger),
            made.keys("2019-08-19", ledger),
        );
        assert!(
            before.is_subset(&after) && before.len() < after.len(),
            "{ledger}"
        );
    }
}

#[test]
fn what_is_unfinished_stands_in_all_three_ledgers_before_anybody_went_there() {
    let made = Made::new(SEED);
    let unfinished = made
        .list("sites")
        .iter()
        .filter(|site| site["is_unfinished"] == true);
    let keys: BTreeSet<&str> = unfinished
        .map(|site| site["key"].as_str().unwrap())
        .collect();
    assert!(keys.len() >= 20);
    for ledger in ["sites", "focal", "verified"] {
        assert!(keys.is_subset(&made.keys("2019-08-16", ledger)), "{ledger}");
    }
}

#[test]
fn every_kind_of_fault_is_planted() {
    let made = Made::new(SEED);
    let kinds: BTreeSet<&str> = made
        .list("dirt")
        .iter()
        .map(|d| d["kind"].as_str().unwrap())
        .collect();
    for kind in [
        "sheet.merged_title",
        "sheet.two_level_heading",
        "sheet.repeated_heading",
        "sheet.merged_body_cells",
        "import.group_row",
        "import.total_row",
        "sheet.note_below",
        "sheet.blank_row",
        "sheet.empty",
        "township.variant",
        "sheet.hidden",
        "area.unit_in_cell",
        "area.approximate",
        "area.full_width",
        "area.hectares",
        "area.square_kilometres",
        "area.range",
        "area.missing",
        "area.words",
        "area.wrong_unit",
        "date.dotted",
        "date.slashed",
        "date.chinese",
        "date.numerals",
        "date.compact",
        "date.year_only",
        "date.month_only",
        "date.vague",
        "yes_no.variant",
        "coordinate.missing",
        "coordinate.zero",
        "coordinate.rounded",
        "coordinate.swapped",
        "coordinate.gcj02",
        "coordinate.out_of_reserve",
        "coordinate.zone_missing",
        "coordinate.notation",
        "coordinate.full_width",
        "code.duplicate",
        "code.missing",
        "code.is_number",
        "code.full_width",
        "code.lower_case",
        "geometry.self_intersection",
        "geometry.unclosed_ring",
        "geometry.repeated_point",
        "patch.same_site_twice",
        "patch.without_site",
        "permit.without_site",
        "verification.team_too_small",
        "verification.no_photos",
    ] {
        assert!(kinds.contains(kind), "{kind}");
    }
}

#[test]
fn a_planted_text_stands_in_the_cell_the_truth_names() {
    let made = Made::new(SEED);
    let mut sheets: BTreeMap<(String, String), Range<Data>> = BTreeMap::new();
    let mut checked = 0;
    for fault in made.list("dirt") {
        let (Some(sheet), Some(column)) = (fault["sheet"].as_str(), fault["column"].as_str())
        else {
            continue;
        };
        let kind = fault["kind"].as_str().unwrap();
        if !(kind.starts_with("date.") || kind.starts_with("area.") || kind.starts_with("yes_no."))
        {
            continue;
        }
        let file = fault["file"].as_str().unwrap();
        let range = sheets
            .entry((file.to_owned(), sheet.to_owned()))
            .or_insert_with(|| made.sheet(file, sheet));
        let index = column
            .bytes()
            .fold(0, |sum, letter| sum * 26 + usize::from(letter - b'A') + 1)
            - 1;
        let row = fault["row"].as_u64().unwrap() as usize;
        assert_eq!(
            cell(range, row, index),
            fault["text"].as_str().unwrap(),
            "{fault}"
        );
        checked += 1;
    }
    assert!(checked > 500, "{checked}");
}

#[test]
fn the_row_of_a_clue_bears_its_official_number() {
    let made = Made::new(SEED);
    let mut checked = 0;
    for clue in made.list("clues") {
        let (Some(sheet), Some(code)) = (clue["sheet"].as_str(), clue["external_code"].as_str())
        else {
            continue;
        };
        if clue["source_kind"] == "省级督察" {
            continue;
        }
        let range = made.sheet(clue["file"].as_str().unwrap(), sheet);
        let row = clue["row"].as_u64().unwrap() as usize;
        assert!(
            (0..6).any(|column| cell(&range, row, column) == code),
            "{clue}"
        );
        checked += 1;
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn there_are_as_many_records_as_the_manifest_says() {
    let made = Made::new(SEED);
    let manifest: Value =
        serde_json::from_slice(&fs::read(made.folder.path().join("manifest.json")).unwrap())
            .unwrap();
    for input in manifest["inputs"].as_array().unwrap() {
        let file = input["file"].as_str().unwrap();
        let clues = made
            .list("clues")
            .iter()
            .filter(|clue| clue["file"] == file)
            .count();
        if input["kind"] != "permits" {
            assert_eq!(clues as u64, input["records"].as_u64().unwrap(), "{file}");
        }
    }
}
