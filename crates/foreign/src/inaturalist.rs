//! iNaturalist: observations as its API lists them. Its photos lie on the network and are only named.

use serde_json::Value as Json;
use spatial::bounds::Limits;
use spatial::diagnostic::Diagnostic;

use crate::error::Error;
use crate::record::{Found, Notes, Record, Value};
use crate::{geometry, json};

/// Reads the observations of one page.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Found<Vec<Record>>, Error> {
    let document = json::parse(bytes, limits)?;
    let Some(results) = observations(&document) else {
        return Err(Error::not_this(
            "iNaturalist list",
            "nothing in its `results` has `observed_on` or `taxon`",
        ));
    };
    let mut notes = Notes::new(limits);
    let total = document["total_results"].as_u64().unwrap_or_default();
    if total > results.len() as u64 {
        let part = Diagnostic::warning("foreign.one_page")
            .arg("count", results.len())
            .arg("total", total);
        notes.report(part);
    }
    let numbered = (1_u64..).zip(results);
    let found = numbered.map(|(number, o)| observation(number, o, &mut notes));
    Ok(Found {
        found: found.collect(),
        diagnostics: notes.finish(),
    })
}

/// Observations of a document, if they are iNaturalist's.
pub(crate) fn observations(document: &Json) -> Option<&Vec<Json>> {
    let results = document.get("results")?.as_array()?;
    let own = |o: &Json| o.get("observed_on").is_some() && o.get("taxon").is_some();
    results.iter().any(own).then_some(results)
}

fn observation(number: u64, observation: &Json, notes: &mut Notes) -> Record {
    let mut on = ["time_observed_at", "observed_on"].iter();
    let on = on.find_map(|name| observation[*name].as_str());
    let mut record = Record {
        number,
        id: json::word(&observation["id"]),
        kind: json::word(&observation["taxon"]["name"]),
        text: json::word(&observation["description"])
            .or_else(|| json::word(&observation["species_guess"])),
        at: notes.when(number, "observed_on", on),
        ..Record::default()
    };
    geometry::place(&mut record, &observation["geojson"], "geojson", notes);
    if let Some(position) = &mut record.position {
        position.accuracy_m = json::number(&observation["positional_accuracy"]);
    }
    // Places of rare species are moved on purpose, by kilometres.
    if observation["obscured"] == Json::Bool(true) {
        notes.about(number, "position", Diagnostic::warning("foreign.obscured"));
    }
    let named = ["species_guess", "quality_grade", "uri", "license_code"];
    let value = |name: &str| {
        Some(Value {
            path: name.to_owned(),
            text: json::word(&observation[name])?,
        })
    };
    record.values = named.into_iter().filter_map(value).collect();
    record
}
