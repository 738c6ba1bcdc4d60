//! A GeoJSON geometry among other members, read by the house's own reader.

use geo_types::Geometry;
use serde_json::Value as Json;
use spatial::diagnostic::Diagnostic;

use crate::record::{Notes, Position, Record};

/// Fills position or outline of a record from a geometry, a feature, or something broken.
pub(crate) fn place(record: &mut Record, given: &Json, field: &str, notes: &mut Notes) {
    let geometry = match given.get("type").and_then(Json::as_str) {
        Some("Feature") => given.get("geometry").unwrap_or(&Json::Null),
        _ => given,
    };
    let number = record.number;
    if geometry.is_null() || geometry.as_object().is_some_and(|o| o.is_empty()) {
        notes.about(number, field, Diagnostic::warning("foreign.no_geometry"));
        return;
    }
    if let Some(position) = point(geometry) {
        record.position = notes.position(number, position);
        return;
    }
    match read(geometry, number, field, notes) {
        Some(Geometry::Point(point)) => {
            let position = Position {
                lon: point.x(),
                lat: point.y(),
                altitude_m: None,
                accuracy_m: None,
            };
            record.position = notes.position(number, position);
        }
        Some(outline) if is_on_earth(&outline) => record.outline = Some(outline),
        Some(_) => {
            let fault = Diagnostic::warning("foreign.outline_out_of_range");
            notes.about(number, field, fault);
        }
        None => {}
    }
}

/// A point with what ODK says beside it: height as third ordinate, accuracy as a property.
fn point(geometry: &Json) -> Option<Position> {
    if geometry.get("type")?.as_str()? != "Point" {
        return None;
    }
    let numbers = geometry.get("coordinates")?.as_array()?;
    let ordinate = |at: usize| numbers.get(at).and_then(crate::json::number);
    let accuracy = geometry.pointer("/properties/accuracy");
    Some(Position {
        lon: ordinate(0)?,
        lat: ordinate(1)?,
        altitude_m: ordinate(2),
        accuracy_m: accuracy.and_then(crate::json::number),
    })
}

fn read(geometry: &Json, number: u64, field: &str, notes: &mut Notes) -> Option<Geometry<f64>> {
    let bytes = geometry.to_string();
    let read = spatial::formats::read_bytes("event.geojson", bytes.as_bytes(), notes.limits());
    let (mut layers, diagnostics) = match read {
        Ok(read) => read,
        Err(error) => {
            let why = error.to_string();
            let fault = Diagnostic::warning("foreign.bad_geometry").arg("why", why);
            notes.about(number, field, fault);
            return None;
        }
    };
    for mut diagnostic in diagnostics {
        diagnostic.place.file = None;
        diagnostic.place.layer = None;
        diagnostic.place.feature = None;
        notes.about(number, field, diagnostic);
    }
    let feature = layers.pop()?.features.into_iter().next()?;
    if feature.geometry.is_none() {
        notes.about(number, field, Diagnostic::warning("foreign.no_geometry"));
    }
    feature.geometry
}

fn is_on_earth(geometry: &Geometry<f64>) -> bool {
    spatial::formats::extent(geometry).is_some_and(|[west, east, south, north]| {
        west >= -180.0 && east <= 180.0 && south >= -90.0 && north <= 90.0
    })
}
