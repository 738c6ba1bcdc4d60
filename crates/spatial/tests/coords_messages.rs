//! Every diagnostic of coordinates, geometries and parcels has its sentence in both languages, with the same holes.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const ROOM: &str = env!("CARGO_MANIFEST_DIR");
const TOPICS: [&str; 3] = ["coordinate", "geometry", "parcel"];
const FILES: [&str; 13] = [
    "crs.rs",
    "crs/wkt.rs",
    "notation.rs",
    "notation/grid.rs",
    "notation/lexer.rs",
    "notation/scalar.rs",
    "parcel.rs",
    "parcel/read.rs",
    "parcel/write.rs",
    "repair.rs",
    "repair/split.rs",
    "validity.rs",
    "validity/rings.rs",
];

/// Codes in quotes in our source: `"topic.snake_case"`.
fn codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for file in FILES {
        let text = std::fs::read_to_string(Path::new(ROOM).join("src").join(file)).unwrap();
        for word in text.split('"') {
            let (topic, name) = word.split_once('.').unwrap_or((word, ""));
            let is_snake =
                !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            if TOPICS.contains(&topic) && is_snake {
                codes.insert(word.to_owned());
            }
        }
    }
    codes
}

/// Sentences of a language by code; the format is that of a table for each code.
fn sentences(language: &str) -> BTreeMap<String, String> {
    let mut sentences = BTreeMap::new();
    for topic in TOPICS {
        let path = Path::new(ROOM).join(format!("../../messages/{language}/{topic}.toml"));
        let mut code = String::new();
        for line in std::fs::read_to_string(path).unwrap().lines() {
            if let Some(name) = line
                .strip_prefix("[\"")
                .and_then(|line| line.strip_suffix("\"]"))
            {
                code = name.to_owned();
            } else if let Some((_, text)) = line.split_once(" = ") {
                *sentences.entry(code.clone()).or_default() += text;
            }
        }
    }
    sentences
}

fn holes(text: &str) -> BTreeSet<&str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .collect()
}

#[test]
fn every_code_has_its_sentence_in_both_languages() {
    let (codes, chinese, english) = (codes(), sentences("zh-CN"), sentences("en"));
    assert!(codes.len() > 50, "{}", codes.len());
    assert_eq!(codes, chinese.keys().cloned().collect());
    assert_eq!(codes, english.keys().cloned().collect());
    for code in &codes {
        assert_eq!(holes(&chinese[code]), holes(&english[code]), "{code}");
    }
}
