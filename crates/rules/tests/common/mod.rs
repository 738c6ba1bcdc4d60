#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "tests; not every test file uses all of it"
)]

use std::collections::BTreeMap;
use std::path::Path;

use rules::{Explain, FactSheet, Judged, Ruleset, judge};
use serde_json::{Map, Value};

pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

pub(crate) fn files() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    read(&Path::new(ROOT).join("rulesets"), "", &mut found);
    found
}

fn read(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for item in std::fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            read(&path, &format!("{name}/"), found);
        } else if name.ends_with(".toml") || name.ends_with(".jsonl") {
            found.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

pub(crate) fn ruleset() -> Ruleset {
    match Ruleset::from_files(&files()) {
        Ok((ruleset, doubts)) => {
            assert!(doubts.is_empty(), "{doubts:?}");
            ruleset
        }
        Err(faults) => panic!("{faults}"),
    }
}

pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) sheet: Map<String, Value>,
    pub(crate) expect: Map<String, Value>,
}

/// Cases in the form of the shared worked cases: facts, as_of, expect.
pub(crate) fn cases(text: &str) -> Vec<Case> {
    text.lines()
        .filter(|l| !l.trim().is_empty())
        .map(case)
        .collect()
}

fn case(line: &str) -> Case {
    let mut value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    let mut sheet = value["facts"].as_object_mut().map(std::mem::take).unwrap();
    let id = value["id"].as_str().unwrap().to_owned();
    sheet.insert("id".into(), Value::from(id.clone()));
    if let Some(as_of) = value.get("as_of") {
        sheet.insert("as_of".into(), as_of.clone());
    }
    Case {
        id,
        sheet,
        expect: value["expect"].as_object_mut().map(std::mem::take).unwrap(),
    }
}

pub(crate) fn judged(ruleset: &Ruleset, sheet: &Map<String, Value>) -> Value {
    match judge(ruleset, &FactSheet(sheet.clone()), None, Explain::Row) {
        Ok(Judged::Judgement(j)) => serde_json::to_value(j).unwrap(),
        Ok(Judged::Fine(f)) => serde_json::to_value(f).unwrap(),
        Err(e) => serde_json::json!({ "error": e.code() }),
    }
}

/// What a result says otherwise than expected; the lists of measures and open conditions are sets.
pub(crate) fn differences(result: &Value, expect: &Map<String, Value>) -> Vec<String> {
    let sorted = |v: &Value| {
        let mut list: Vec<String> = v
            .as_array()
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        list.sort();
        list
    };
    let differs = |(name, want): (&String, &Value)| {
        let got = &result[name];
        let is_same = if want.is_array() {
            sorted(got) == sorted(want)
        } else {
            got == want
        };
        (!is_same).then(|| format!("{name}: {got} instead of {want}"))
    };
    expect.iter().filter_map(differs).collect()
}
