//! CoMapeo (once Mapeo): observations as GeoJSON features with members that begin with `$`.

use serde_json::Value as Json;
use spatial::bounds::Limits;

use crate::error::Error;
use crate::record::{Found, Notes, Record};
use crate::{geometry, json};

/// Reads all observations.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Found<Vec<Record>>, Error> {
    let document = json::parse(bytes, limits)?;
    let Some(features) = features(&document) else {
        return Err(Error::not_this(
            "CoMapeo export",
            "no feature in it has `$version` or `$created`",
        ));
    };
    let mut notes = Notes::new(limits);
    let numbered = (1_u64..).zip(features);
    let found = numbered.map(|(number, f)| observation(number, f, &mut notes));
    Ok(Found {
        found: found.collect(),
        diagnostics: notes.finish(),
    })
}

/// Features of a document, if they are CoMapeo's.
pub(crate) fn features(document: &Json) -> Option<&Vec<Json>> {
    let features = document.get("features")?.as_array()?;
    let own = |f: &Json| {
        let properties = &f["properties"];
        properties.get("$version").is_some() || properties.get("$created").is_some()
    };
    features.iter().any(own).then_some(features)
}

fn observation(number: u64, feature: &Json, notes: &mut Notes) -> Record {
    let properties = &feature["properties"];
    let photos = properties["$photos"].as_array().into_iter().flatten();
    let mut record = Record {
        number,
        id: json::word(&feature["id"]).or_else(|| json::word(&properties["$id"])),
        kind: json::word(&properties["categoryId"]),
        text: json::word(&properties["notes"]),
        at: notes.when(number, "$created", properties["$created"].as_str()),
        files: photos.filter_map(json::word).collect(),
        ..Record::default()
    };
    geometry::place(&mut record, feature, "geometry", notes);
    for (name, value) in properties.as_object().into_iter().flatten() {
        if !name.starts_with('$') && !matches!(name.as_str(), "categoryId" | "notes") {
            json::flatten(value, name, &mut record.values, notes.limits().attributes);
        }
    }
    record
}
