//! ODK Central and Kobo: submissions as their servers hand them out, in JSON or as a table.

mod table;

use serde::Serialize;
use serde_json::{Map, Value as Json};
use spatial::bounds::Limits;
use spatial::diagnostic::Diagnostic;

use crate::error::Error;
use crate::record::{Found, Notes, Position, Record};
use crate::{geometry, json};

/// 附件 — a file that a submission names, and whether the server has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attachment {
    pub name: String,
    pub exists: bool,
}

/// Members that say nothing about what was seen.
const OWN: [&str; 8] = [
    "start",
    "end",
    "today",
    "meta",
    "instanceID",
    "deviceid",
    "formhub",
    "username",
];

/// Endings of files that phones make.
const MEDIA: [&str; 13] = [
    "jpg", "jpeg", "png", "heic", "webp", "m4a", "mp3", "wav", "amr", "mp4", "mov", "3gp", "pdf",
];

/// Reads all submissions.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Found<Vec<Record>>, Error> {
    let text = json::text(bytes, limits)?;
    let document = match table::is_table(text) {
        true => table::parse(text)?,
        false => json::parse(bytes, limits)?,
    };
    let Some(submissions) = submissions(&document) else {
        return Err(Error::not_this(
            "list of submissions",
            "nothing in it has `__id` (ODK Central) or `_uuid` (Kobo)",
        ));
    };
    let mut notes = Notes::new(limits);
    let numbered = (1_u64..).zip(submissions);
    let found = numbered.map(|(number, s)| submission(number, s, &mut notes));
    Ok(Found {
        found: found.collect(),
        diagnostics: notes.finish(),
    })
}

/// Reads the list of attachments of a submission.
pub fn read_attachments(bytes: &[u8], limits: &Limits) -> Result<Vec<Attachment>, Error> {
    let document = json::parse(bytes, limits)?;
    let attachment = |item: &Json| {
        Some(Attachment {
            name: json::word(item.get("name")?)?,
            exists: item.get("exists")?.as_bool()?,
        })
    };
    let all = document
        .as_array()
        .map(|items| items.iter().map(attachment));
    let all: Option<Vec<Attachment>> = all.and_then(|items| items.collect());
    all.ok_or_else(|| {
        Error::not_this(
            "list of attachments",
            "it is no list of `name` and `exists`",
        )
    })
}

/// Whether a text is the table of submissions that ODK Central exports.
pub(crate) fn is_table(text: &str) -> bool {
    table::is_table(text)
}

/// The submissions of a document, if it holds any.
pub(crate) fn submissions(document: &Json) -> Option<Vec<&Map<String, Json>>> {
    let list = match document {
        Json::Array(items) => items,
        Json::Object(members) => ["value", "results"]
            .iter()
            .find_map(|name| members.get(*name)?.as_array())?,
        _ => return None,
    };
    let is_one = |o: &&Map<String, Json>| o.contains_key("__id") || o.contains_key("_uuid");
    let all: Vec<_> = list
        .iter()
        .filter_map(Json::as_object)
        .filter(is_one)
        .collect();
    (!all.is_empty()).then_some(all)
}

fn submission(number: u64, row: &Map<String, Json>, notes: &mut Notes) -> Record {
    let null = Json::Null;
    let member = |name: &str| row.get(name).unwrap_or(&null);
    let system = &member("__system");
    let times = [
        member("end"),
        member("start"),
        member("today"),
        &system["submissionDate"],
    ];
    let times = times.into_iter().chain([member("_submission_time")]);
    let time = times.filter_map(Json::as_str).find(|t| !t.is_empty());
    let mut record = Record {
        number,
        id: json::word(member("__id")).or_else(|| json::word(member("_uuid"))),
        kind: json::word(member("_xform_id_string")),
        at: notes.when(number, "end", time),
        ..Record::default()
    };
    place(&mut record, row, notes);
    for (name, value) in row {
        let is_own =
            name.starts_with('_') || OWN.contains(&last(name)) || OWN.contains(&first(name));
        if !is_own && value.get("coordinates").is_none() {
            json::flatten(value, name, &mut record.values, notes.limits().attributes);
        }
    }
    let attached = member("_attachments").as_array().into_iter().flatten();
    let attached = attached.filter_map(|a| json::word(&a["filename"]));
    let mut files: Vec<String> = attached.map(|name| last(&name).to_owned()).collect();
    let (named, values) = record.values.into_iter().partition(|v| is_media(&v.text));
    record.values = values;
    let named: Vec<crate::record::Value> = named;
    files.extend(named.into_iter().map(|v| v.text));
    files.sort();
    files.dedup();
    record.files = files;
    record
}

/// Its first geometry, in whatever group; Kobo says latitude first and apart.
fn place(record: &mut Record, row: &Map<String, Json>, notes: &mut Notes) {
    if let Some((name, geometry)) = row.iter().find_map(|(n, v)| geometry_in(n, v, 8)) {
        geometry::place(record, geometry, name, notes);
        return;
    }
    let kobo = row.get("_geolocation").and_then(Json::as_array);
    let degrees = kobo.map(|g| {
        (
            g.first().and_then(json::number),
            g.get(1).and_then(json::number),
        )
    });
    match degrees {
        Some((Some(lat), Some(lon))) => {
            let given = Position {
                lon,
                lat,
                altitude_m: None,
                accuracy_m: None,
            };
            record.position = notes.position(record.number, given);
        }
        _ => {
            let none = Diagnostic::warning("foreign.no_position");
            notes.about(record.number, "position", none);
        }
    }
}

fn geometry_in<'j>(name: &'j str, value: &'j Json, depth: u32) -> Option<(&'j str, &'j Json)> {
    let members = value.as_object().filter(|_| depth > 0)?;
    if members.contains_key("coordinates") {
        return Some((name, value));
    }
    members
        .iter()
        .find_map(|(n, v)| geometry_in(n, v, depth - 1))
}

/// Whether an answer is the name of a file.
pub(crate) fn is_media(text: &str) -> bool {
    let ending = text
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    let is_name = !text.contains(['/', '\\', '\n']) && text.len() <= 255;
    is_name && ending.is_some_and(|ending| MEDIA.contains(&ending.as_str()))
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn first(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}
