//! CyberTracker: sightings as its JSON export lists them, each with records that hang below one another.

use serde_json::Value as Json;
use spatial::bounds::Limits;
use spatial::diagnostic::Diagnostic;

use crate::error::Error;
use crate::json;
use crate::record::{Found, Notes, Position, Record, Value};

/// What the program itself puts among the answers.
const OWN_FIELDS: &str = "cto_";

/// Reads all sightings.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Found<Vec<Record>>, Error> {
    let document = json::parse(bytes, limits)?;
    let sightings = document
        .as_array()
        .filter(|all| all.iter().all(is_sighting));
    let Some(sightings) = sightings.filter(|all| !all.is_empty()) else {
        return Err(Error::not_this(
            "CyberTracker export",
            "it is no list of sightings with `db` and `records`",
        ));
    };
    let mut notes = Notes::new(limits);
    let numbered = (1_u64..).zip(sightings);
    let found = numbered.map(|(number, s)| sighting(number, s, &mut notes));
    Ok(Found {
        found: found.collect(),
        diagnostics: notes.finish(),
    })
}

pub(crate) fn is_sighting(value: &Json) -> bool {
    value.get("db").is_some_and(Json::is_object) && value.get("records").is_some_and(Json::is_array)
}

fn sighting(number: u64, sighting: &Json, notes: &mut Notes) -> Record {
    let records = sighting["records"].as_array().into_iter().flatten();
    let answers: Vec<(&String, &Json)> = records
        .filter_map(|r| r["fieldValues"].as_object())
        .flatten()
        .collect();
    let fix = answers.iter().find_map(|(_, value)| location(value));
    let given = fix.or_else(|| location(&sighting["db"]));
    let position = match given {
        Some(given) => notes.position(number, given),
        None => {
            notes.about(
                number,
                "position",
                Diagnostic::warning("foreign.no_position"),
            );
            None
        }
    };
    let files = sighting["db"]["attachments"]
        .as_array()
        .into_iter()
        .flatten();
    let files: Vec<String> = files.filter_map(json::word).collect();
    let mut values: Vec<Value> = Vec::new();
    for (name, value) in answers {
        let is_answer = location(value).is_none() && !name.starts_with(OWN_FIELDS);
        // A list of the records below says nothing of its own.
        if is_answer && (!name.starts_with("repeat_") || name.contains('/')) {
            json::flatten(value, name, &mut values, notes.limits().attributes);
        }
    }
    values.retain(|value| !files.contains(&value.text));
    let is_track = sighting["trackOnly"] == Json::Bool(true);
    if is_track {
        notes.about(number, "track", Diagnostic::note("foreign.track_elsewhere"));
    }
    Record {
        number,
        id: json::word(&sighting["db"]["uid"]),
        kind: is_track.then(|| "track".to_owned()),
        text: json::word(&sighting["note"]),
        at: notes.when(number, "createTime", sighting["createTime"].as_str()),
        position,
        outline: None,
        values,
        files,
    }
}

fn location(value: &Json) -> Option<Position> {
    Some(Position {
        lon: json::number(value.get("x")?)?,
        lat: json::number(value.get("y")?)?,
        altitude_m: value.get("z").and_then(json::number),
        accuracy_m: value.get("a").and_then(json::number),
    })
}
