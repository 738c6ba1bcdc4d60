//! Our validity against the conformance cases of JTS: every `isValid` case of the suite, divergences listed.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::BTreeSet;

use geo::MapCoords;
use geo_types::{Coord, Geometry};
use quick_xml::Reader;
use quick_xml::events::Event;
use spatial::validity::{is_valid, validate};
use wkt::TryFromWkt;

const SUITE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/overlay-jts/general"
);

/// Where we answer otherwise than JTS, or cannot ask: file, description of the case, why.
const DIVERGENCES: &[(&str, &str, &str)] = &[(
    "TestValid.xml",
    "L - linear-ring bowtie",
    "Simple Features has no free-standing LINEARRING; it is read as a line, and lines may cross themselves",
)];

/// Stands for NaN, which the WKT reader does not know.
const NOT_A_NUMBER: f64 = 1.25e300;

struct Case {
    description: String,
    geometry: String,
    expected: bool,
}

/// The `isValid` cases of a file.
fn cases(file: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(format!("{SUITE}/{file}")).unwrap();
    let mut reader = Reader::from_str(&text);
    let (mut cases, mut element, mut operation) = (Vec::new(), String::new(), String::new());
    let (mut description, mut geometry) = (String::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                element = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
                match element.as_str() {
                    "case" => (description, geometry) = (String::new(), String::new()),
                    "op" => {
                        let name = start.try_get_attribute("name").unwrap().unwrap();
                        operation = String::from_utf8(name.value.to_vec()).unwrap();
                    }
                    _ => {}
                }
            }
            Event::Text(text) => {
                let text = text.decode().unwrap().trim().to_owned();
                match element.as_str() {
                    "desc" => description += &text,
                    "a" => geometry += &text,
                    "op" if operation == "isValid" && !text.is_empty() => {
                        let (description, geometry) = (description.clone(), geometry.clone());
                        cases.push(Case {
                            description,
                            geometry,
                            expected: text == "true",
                        });
                    }
                    _ => {}
                }
            }
            Event::End(_) => element.clear(),
            Event::Eof => return cases,
            _ => {}
        }
    }
}

fn read(text: &str) -> Result<Geometry<f64>, String> {
    let text = text.replace("NaN", &NOT_A_NUMBER.to_string());
    let number = |value: f64| {
        if value == NOT_A_NUMBER {
            f64::NAN
        } else {
            value
        }
    };
    let geometry = Geometry::<f64>::try_from_wkt_str(&text).map_err(|error| error.to_string())?;
    Ok(geometry.map_coords(|at| Coord {
        x: number(at.x),
        y: number(at.y),
    }))
}

/// The cases where we differ: description and how.
fn differences(file: &str) -> Vec<(String, String)> {
    let mut differences = Vec::new();
    for case in cases(file) {
        let difference = match read(&case.geometry) {
            Err(error) => Some(format!("not read: {error}")),
            Ok(geometry) if is_valid(&geometry) != case.expected => Some(format!(
                "expected {}, found {:?}: {}",
                case.expected,
                validate(&geometry),
                case.geometry
            )),
            Ok(_) => None,
        };
        differences.extend(difference.map(|difference| (case.description, difference)));
    }
    differences
}

fn agrees(file: &str, count: usize) {
    assert_eq!(cases(file).len(), count);
    let listed: BTreeSet<&str> = DIVERGENCES
        .iter()
        .filter(|row| row.0 == file)
        .map(|row| row.1)
        .collect();
    let found = differences(file);
    let unlisted: Vec<_> = found
        .iter()
        .filter(|(case, _)| !listed.contains(case.as_str()))
        .collect();
    assert!(
        unlisted.is_empty(),
        "{} unlisted: {unlisted:#?}",
        unlisted.len()
    );
    let found: BTreeSet<&str> = found.iter().map(|(case, _)| case.as_str()).collect();
    let stale: Vec<_> = listed.difference(&found).collect();
    assert!(stale.is_empty(), "listed, but we agree: {stale:?}");
}

#[test]
fn the_named_cases_agree() {
    agrees("TestValid.xml", 78);
}

#[test]
fn the_long_series_agrees() {
    agrees("TestValid2.xml", 752);
}

#[test]
fn the_big_cases_agree() {
    agrees("TestValid2-big.xml", 2);
}
