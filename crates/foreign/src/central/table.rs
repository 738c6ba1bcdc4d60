//! The table of submissions that ODK Central exports, turned into the document its interface gives.

use csv::StringRecord;
use serde_json::{Map, Value as Json, json};

use crate::error::Error;

/// Cells of one table.
const MOST_CELLS: u64 = 4_000_000;

/// Columns about the submission, and what they are called in JSON; the others of the server's own say nothing.
const OF_SERVER: [(&str, Option<&str>); 11] = [
    ("KEY", Some("__id")),
    ("SubmissionDate", Some("_submission_time")),
    ("SubmitterID", None),
    ("SubmitterName", None),
    ("AttachmentsPresent", None),
    ("AttachmentsExpected", None),
    ("Status", None),
    ("ReviewState", None),
    ("DeviceID", None),
    ("Edits", None),
    ("FormVersion", None),
];

/// Endings of the four columns that a question for a place makes.
const PLACE: [&str; 4] = ["-Longitude", "-Latitude", "-Altitude", "-Accuracy"];

/// Whether the first line names what every such table has.
pub(super) fn is_table(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let names: Vec<&str> = first.split(',').map(|n| n.trim_matches('"')).collect();
    ["SubmissionDate", "KEY"].iter().all(|n| names.contains(n))
}

/// The submissions as a list of objects, groups as `/` in the names.
pub(super) fn parse(text: &str) -> Result<Json, Error> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let heads = reader.headers().map_err(|e| broken(&e))?.clone();
    let mut left = MOST_CELLS;
    let mut rows = Vec::new();
    for row in reader.into_records() {
        let row = row.map_err(|e| broken(&e))?;
        left = left.checked_sub(row.len() as u64).ok_or(Error::TooLarge {
            what: "cells",
            limit: MOST_CELLS,
        })?;
        rows.push(Json::Object(submission(&heads, &row)));
    }
    Ok(Json::Array(rows))
}

fn broken(error: &csv::Error) -> Error {
    Error::BrokenTable {
        line: error.position().map_or(1, csv::Position::line),
        why: error.to_string(),
    }
}

fn submission(heads: &StringRecord, row: &StringRecord) -> Map<String, Json> {
    let mut members = Map::new();
    for (head, cell) in heads.iter().zip(row) {
        if cell.is_empty() || PLACE.iter().any(|ending| place_of(heads, head, ending)) {
            continue;
        }
        let name = match OF_SERVER.iter().find(|(column, _)| *column == head) {
            Some((_, None)) => continue,
            Some((_, Some(name))) => (*name).to_owned(),
            None => head.replace('-', "/"),
        };
        members.insert(name, Json::from(cell));
    }
    for question in heads.iter().filter_map(|h| h.strip_suffix(PLACE[0])) {
        if let Some(place) = place(heads, row, question) {
            members.insert(question.replace('-', "/"), place);
        }
    }
    members
}

/// Whether a column is one of the four of a place.
fn place_of(heads: &StringRecord, head: &str, ending: &str) -> bool {
    let question = head.strip_suffix(ending);
    question.is_some_and(|q| heads.iter().any(|h| h.strip_suffix(PLACE[0]) == Some(q)))
}

/// The place as ODK's JSON says it; nothing where no place was had.
fn place(heads: &StringRecord, row: &StringRecord, question: &str) -> Option<Json> {
    let cell = |ending: &str| {
        let at = heads
            .iter()
            .position(|h| h.strip_suffix(ending) == Some(question))?;
        row.get(at).filter(|cell| !cell.is_empty())
    };
    let [lon, lat, altitude, accuracy] = PLACE.map(cell);
    let ordinates: Vec<&str> = [lon?, lat?].into_iter().chain(altitude).collect();
    Some(
        json!({ "type": "Point", "coordinates": ordinates, "properties": { "accuracy": accuracy } }),
    )
}
