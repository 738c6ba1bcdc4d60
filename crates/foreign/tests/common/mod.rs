//! Where the real data lies.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a failing test may panic, and each test file uses a part"
)]

use std::path::PathBuf;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

/// A file of the real data.
pub(crate) fn shared(path: &str) -> Vec<u8> {
    let file = PathBuf::from(SHARED).join(path);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Every file of the real data that one of the readers is for.
pub(crate) const FILES: [&str; 12] = [
    "field-collection/smart/SMART_000006_001.xml",
    "field-collection/smart/smart_patrol_sample.xml",
    "field-collection/smart/datamodel.xml",
    "field-collection/cybertracker/0.json",
    "field-collection/odk-central/submissions.json",
    "field-collection/odk-central/attachments.json",
    "field-collection/comapeo/mapeo_observations.geojson",
    "field-collection/inaturalist/observations_fixture.json",
    "reserve-mara/sample_patrol.json",
    "reserve-mara/patrol_events_with_poly_geojson.json",
    "reserve-mara/patrol_events_bad_geojson.json",
    "field-collection/odk-xforms/repeats/08-complex-repeats.xml",
];
