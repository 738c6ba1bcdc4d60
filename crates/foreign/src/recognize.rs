//! Which program a file comes from, found in its content.

use serde::Serialize;
use spatial::bounds::Limits;

use crate::error::Error;
use crate::{central, comapeo, cybertracker, earthranger, inaturalist, json, xml};

/// 来源程序 — what wrote the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    SmartPatrol,
    SmartDataModel,
    CyberTracker,
    EarthRanger,
    /// ODK Central or Kobo.
    Submissions,
    CoMapeo,
    INaturalist,
    /// One filled form as ODK Collect sends it.
    OpenRosaSubmission,
}

/// The program a file comes from; nothing where it is none of those, an error where it is broken.
pub fn recognize(bytes: &[u8], limits: &Limits) -> Result<Option<Source>, Error> {
    let text = json::text(bytes, limits)?.trim_start();
    if text.starts_with('<') {
        return Ok(of_root(&xml::parse(bytes, limits)?));
    }
    if !text.starts_with(['{', '[']) {
        return Ok(central::is_table(text).then_some(Source::Submissions));
    }
    let document = json::parse(bytes, limits)?;
    let is_sightings = document
        .as_array()
        .is_some_and(|all| !all.is_empty() && all.iter().all(cybertracker::is_sighting));
    Ok(if is_sightings {
        Some(Source::CyberTracker)
    } else if central::submissions(&document).is_some() {
        Some(Source::Submissions)
    } else if comapeo::features(&document).is_some() {
        Some(Source::CoMapeo)
    } else if inaturalist::observations(&document).is_some() {
        Some(Source::INaturalist)
    } else if earthranger::is_content(&document) {
        Some(Source::EarthRanger)
    } else {
        None
    })
}

fn of_root(root: &xml::Element) -> Option<Source> {
    match root.name.as_str() {
        "patrol" if root.child("legs").is_some() => Some(Source::SmartPatrol),
        "DataModel" => Some(Source::SmartDataModel),
        "html" | "gpx" | "kml" => None,
        _ => {
            let meta = root.child("meta")?;
            meta.child("instanceID").map(|_| Source::OpenRosaSubmission)
        }
    }
}
