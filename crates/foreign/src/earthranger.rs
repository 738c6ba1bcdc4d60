//! EarthRanger: patrols and events as its API returns them, alone, in lists, in pages, or turned on their side by pandas.

use serde::Serialize;
use serde_json::{Map, Value as Json};
use spatial::bounds::Limits;
use spatial::diagnostic::Diagnostic;

use crate::error::Error;
use crate::record::{Found, Notes, Position, Record, When};
use crate::{geometry, json};

/// EarthRanger 内容 — the patrols of a file, and events that belong to none.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Content {
    pub patrols: Vec<Patrol>,
    pub events: Vec<Record>,
}

/// 巡护 — planned or done in segments.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Patrol {
    pub id: Option<String>,
    pub serial_number: Option<String>,
    pub title: Option<String>,
    pub objective: Option<String>,
    /// `open`, `done`, `cancelled`.
    pub state: Option<String>,
    pub segments: Vec<Segment>,
}

/// 巡护段 — one leader, one span of time, what was reported on the way.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Segment {
    pub id: Option<String>,
    pub kind: Option<String>,
    /// Name of the tracked subject; not for the register.
    pub leader: Option<String>,
    pub started_at: Option<When>,
    pub ended_at: Option<When>,
    pub start: Option<Position>,
    pub end: Option<Position>,
    pub events: Vec<Record>,
}

/// Reads patrols and events.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Found<Content>, Error> {
    let document = json::parse(bytes, limits)?;
    let rows = rows(&document);
    let mut reading = Reading {
        notes: Notes::new(limits),
        events: 0,
    };
    let mut content = Content::default();
    for row in &rows {
        if row.contains_key("patrol_segments") {
            content.patrols.push(reading.patrol(row));
        } else if row.contains_key("event_type") {
            content.events.push(reading.event(row));
        }
    }
    if content == Content::default() {
        return Err(Error::not_this(
            "EarthRanger export",
            "neither `patrol_segments` nor `event_type` is in it",
        ));
    }
    let others = rows.len() - content.patrols.len() - content.events.len();
    if others > 0 {
        let fault = Diagnostic::warning("foreign.other_rows").arg("count", others);
        reading.notes.report(fault);
    }
    Ok(Found {
        found: content,
        diagnostics: reading.notes.finish(),
    })
}

pub(crate) fn is_content(document: &Json) -> bool {
    rows(document)
        .iter()
        .any(|row| row.contains_key("patrol_segments") || row.contains_key("event_type"))
}

/// The objects of the document, whatever is wrapped around them.
fn rows(document: &Json) -> Vec<Map<String, Json>> {
    match document {
        Json::Array(items) => items.iter().filter_map(Json::as_object).cloned().collect(),
        Json::Object(members) => {
            let wrapped = ["data", "results"]
                .iter()
                .find_map(|name| members.get(*name));
            if let Some(features) = members.get("features").and_then(Json::as_array) {
                return features.iter().filter_map(of_feature).collect();
            }
            match wrapped {
                // Wrapped no more than once in each: a page in an answer.
                Some(Json::Object(page)) if page.get("results").is_some_and(Json::is_array) => {
                    rows(&page["results"])
                }
                Some(list @ Json::Array(_)) => rows(list),
                Some(Json::Object(one)) => vec![one.clone()],
                _ => of_columns(members).unwrap_or_else(|| vec![members.clone()]),
            }
        }
        _ => Vec::new(),
    }
}

/// An event as a GeoJSON feature: its members are the properties.
fn of_feature(feature: &Json) -> Option<Map<String, Json>> {
    let mut row = feature.get("properties")?.as_object()?.clone();
    if !row.contains_key("geojson") {
        row.insert("geojson".to_owned(), feature.clone());
    }
    Some(row)
}

/// Bytes of the name of a column, which every one of its rows repeats.
const LONGEST_COLUMN: usize = 120;

/// A table as pandas writes it: column, then row, then value.
fn of_columns(members: &Map<String, Json>) -> Option<Vec<Map<String, Json>>> {
    let columns: Option<Vec<(&String, &Map<String, Json>)>> = members
        .iter()
        .map(|(name, column)| Some((name, column.as_object()?)))
        .collect();
    let columns = columns.filter(|columns| !columns.is_empty())?;
    let (_, first) = columns.first()?;
    let is_table = columns
        .iter()
        .all(|(name, column)| column.len() == first.len() && name.len() <= LONGEST_COLUMN)
        && first
            .keys()
            .all(|row| row.bytes().all(|b| b.is_ascii_digit()));
    if !is_table {
        return None;
    }
    let row = |name: &String| -> Map<String, Json> {
        let cells = columns.iter();
        let cell = |(column, cells): &(&String, &Map<String, Json>)| {
            Some(((*column).clone(), cells.get(name)?.clone()))
        };
        cells.filter_map(cell).collect()
    };
    Some(first.keys().map(row).collect())
}

struct Reading<'l> {
    notes: Notes<'l>,
    events: u64,
}

impl Reading<'_> {
    fn patrol(&mut self, row: &Map<String, Json>) -> Patrol {
        let text = |name: &str| row.get(name).and_then(json::word);
        let segments = row["patrol_segments"].as_array().into_iter().flatten();
        let segments: Vec<Segment> = segments.map(|s| self.segment(s)).collect();
        if segments.is_empty() {
            self.notes.report(Diagnostic::warning("foreign.no_legs"));
        }
        Patrol {
            id: text("id"),
            serial_number: text("serial_number"),
            title: text("title"),
            objective: text("objective"),
            state: text("state"),
            segments,
        }
    }

    fn segment(&mut self, segment: &Json) -> Segment {
        let range = &segment["time_range"];
        let events = segment["events"].as_array().into_iter().flatten();
        let events = events.filter_map(Json::as_object);
        let events: Vec<Record> = events.map(|e| self.event(e)).collect();
        let number = self.events;
        let mut end = |name: &str| {
            let given = of_degrees(&segment[name])?;
            self.notes.position(number, given)
        };
        let (start_location, end_location) = (end("start_location"), end("end_location"));
        Segment {
            id: json::word(&segment["id"]),
            kind: json::word(&segment["patrol_type"]),
            leader: json::word(&segment["leader"]["name"]),
            started_at: self.time(number, "start_time", &range["start_time"]),
            ended_at: self.time(number, "end_time", &range["end_time"]),
            start: start_location,
            end: end_location,
            events,
        }
    }

    fn event(&mut self, row: &Map<String, Json>) -> Record {
        self.events += 1;
        let number = self.events;
        let null = Json::Null;
        let member = |name: &str| row.get(name).unwrap_or(&null);
        let geojson = member("geojson");
        let datetime = geojson.pointer("/properties/datetime").unwrap_or(&null);
        let time = match member("time") {
            Json::Null => datetime,
            given => given,
        };
        let at = self.time(number, "time", time);
        if at.is_none() {
            self.notes
                .about(number, "time", Diagnostic::note("foreign.no_time"));
        }
        let mut record = Record {
            number,
            id: json::word(member("id")),
            kind: json::word(member("event_type")),
            text: json::word(member("title")),
            at,
            ..Record::default()
        };
        self.place(&mut record, row);
        let most = self.notes.limits().attributes;
        json::flatten(member("event_details"), "", &mut record.values, most);
        record.values.extend(
            [
                ("category", member("event_category")),
                ("serial_number", member("serial_number")),
            ]
            .into_iter()
            .filter_map(|(name, value)| {
                Some(crate::record::Value {
                    path: name.to_owned(),
                    text: json::word(value)?,
                })
            }),
        );
        let message = geojson.pointer("/properties/message").and_then(json::word);
        record.text = record.text.or(message);
        let files = member("files").as_array().into_iter().flatten();
        record.files = files.filter_map(|f| json::word(&f["filename"])).collect();
        record
    }

    /// By its geometry; by its stated degrees where there is none.
    fn place(&mut self, record: &mut Record, row: &Map<String, Json>) {
        let has = |name: &str| row.get(name).is_some_and(|v| !v.is_null());
        let stated = row
            .get("location")
            .and_then(of_degrees)
            .or_else(|| of_degrees(&Json::Object(row.clone())));
        if has("geojson") {
            let (number, before) = (record.number, stated.is_some());
            if before && row["geojson"].get("geometry").is_none_or(Json::is_null) {
                record.position = stated.and_then(|s| self.notes.position(number, s));
                return;
            }
            geometry::place(record, &row["geojson"], "geojson", &mut self.notes);
            if record.position.is_some() || record.outline.is_some() {
                return;
            }
        }
        match stated {
            Some(stated) => record.position = self.notes.position(record.number, stated),
            None if !has("geojson") => {
                let none = Diagnostic::warning("foreign.no_position");
                self.notes.about(record.number, "position", none);
            }
            None => {}
        }
    }

    fn time(&mut self, number: u64, field: &str, value: &Json) -> Option<When> {
        json::epoch_ms(value).or_else(|| self.notes.when(number, field, value.as_str()))
    }
}

fn of_degrees(value: &Json) -> Option<Position> {
    Some(Position {
        lon: json::number(value.get("longitude")?)?,
        lat: json::number(value.get("latitude")?)?,
        altitude_m: None,
        accuracy_m: None,
    })
}
