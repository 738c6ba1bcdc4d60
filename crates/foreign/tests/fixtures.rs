//! What is read from each file of the real data.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod common;

use common::shared;
use foreign::{Source, central, comapeo, cybertracker, earthranger, inaturalist, recognize, smart};
use insta::assert_json_snapshot;
use spatial::bounds::Limits;

fn limits() -> Limits {
    Limits::default()
}

#[test]
fn a_smart_patrol_of_five_with_a_timed_track() {
    let bytes = shared("field-collection/smart/SMART_000006_001.xml");
    let read = smart::read_patrol(&bytes, &limits()).unwrap();
    let leg = &read.found.legs[0];
    assert_eq!(leg.members.len(), 5);
    let leader = leg.members.iter().find(|m| m.is_leader).unwrap();
    assert_eq!(leader.given_name.as_deref(), Some("Tony"));
    let fixes: Vec<_> = leg.days[0].track.iter().flatten().collect();
    assert_eq!(fixes.len(), 7);
    // The wall clock of the file says 20:48:25; its track counts milliseconds as if that were UTC.
    let first = fixes[0].at.unwrap().to_string();
    assert!(first.starts_with("2025-12-17T20:48:25"), "{first}");
    assert!(fixes.is_sorted_by_key(|fix| fix.at));
    assert_json_snapshot!(read);
}

#[test]
fn a_smart_patrol_written_by_hand_without_a_track() {
    let bytes = shared("field-collection/smart/smart_patrol_sample.xml");
    let read = smart::read_patrol(&bytes, &limits()).unwrap();
    assert_eq!(read.found.waypoints().count(), 2);
    assert_eq!(read.found.fix_count(), 0);
    assert_json_snapshot!(read);
}

#[test]
fn the_data_model_says_what_the_keys_of_a_patrol_mean() {
    let bytes = shared("field-collection/smart/datamodel.xml");
    let labels = smart::read_labels(&bytes, "en", &limits()).unwrap();
    let spanish = smart::read_labels(&bytes, "es_MX", &limits()).unwrap();
    assert_eq!(labels.languages, ["es_MX", "en"]);
    assert_eq!(
        labels.category("humanactivity.humansign"),
        "Human Activity / Human Spoor"
    );
    assert_eq!(labels.category("nobody.knows"), "nobody / knows");
    let patrol = shared("field-collection/smart/SMART_000006_001.xml");
    let patrol = smart::read_patrol(&patrol, &limits()).unwrap().found;
    let observations = patrol.waypoints().flat_map(|w| &w.observations);
    let words: Vec<String> = observations
        .map(|o| labels.category(o.category.as_deref().unwrap()))
        .collect();
    let cause = labels.value("causeofdeath", "natural.accident.drowned");
    assert_json_snapshot!(serde_json::json!({
        "categories": labels.categories.len(),
        "attributes": labels.attributes.len(),
        "values": labels.values.values().map(|v| v.len()).sum::<usize>(),
        "categories in Spanish": spanish.categories.len(),
        "cause of death": [cause.0, cause.1],
        "of the patrol": words,
    }));
}

#[test]
fn cybertracker_sightings_one_of_them_without_a_fix() {
    let read = cybertracker::read(&shared("field-collection/cybertracker/0.json"), &limits());
    let read = read.unwrap();
    assert_eq!(read.found.len(), 4);
    let without: Vec<u64> = read
        .found
        .iter()
        .filter(|r| r.position.is_none())
        .map(|r| r.number)
        .collect();
    assert_eq!(without, [1]);
    assert_json_snapshot!(read);
}

#[test]
fn odk_central_submissions_one_without_place_one_off_the_earth() {
    let bytes = shared("field-collection/odk-central/submissions.json");
    let read = central::read(&bytes, &limits()).unwrap();
    assert_eq!(read.found.len(), 3);
    let codes: Vec<&str> = read.diagnostics.iter().map(|d| &*d.code).collect();
    assert_eq!(codes, ["foreign.no_position", "foreign.out_of_range"]);
    assert_eq!(read.found[1].files, ["1739327186781.m4a"]);
    assert_json_snapshot!(read);
    let files = shared("field-collection/odk-central/attachments.json");
    let files = central::read_attachments(&files, &limits()).unwrap();
    assert_eq!((files.len(), &*files[0].name), (1, "1739327186781.m4a"));
    assert!(files[0].exists);
}

#[test]
fn odk_centrals_table_says_what_its_json_says() {
    let bytes = shared("field-collection/odk-central/submissions.csv");
    assert_eq!(
        recognize(&bytes, &limits()).unwrap(),
        Some(Source::Submissions)
    );
    let read = central::read(&bytes, &limits()).unwrap();
    assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
    let first = &read.found[0];
    let position = first.position.unwrap();
    assert_eq!((position.lon, position.lat), (-73.964718, 40.786261));
    assert_eq!(first.files, ["download-9_30_30.jpeg"]);
    assert!(first.values.iter().all(|v| !v.text.contains('@')));
    assert_json_snapshot!(read);
}

#[test]
fn a_table_cut_in_a_row_is_refused_with_its_line() {
    let bytes = shared("field-collection/odk-central/submissions.csv");
    let cut = bytes.len() - 40;
    let fault = central::read(&bytes[..cut], &limits()).unwrap_err();
    assert_eq!(fault.code(), "foreign.broken_table");
    assert_eq!(fault.to_diagnostic().place.row, Some(3));
}

#[test]
fn kobo_says_latitude_first() {
    let bytes = r#"{"count": 1, "results": [{"_id": 7, "_uuid": "1d5850bb-8e07-4944-8017-ed52413e9dca",
        "_xform_id_string": "survey", "formhub/uuid": "x", "end": "2025-07-29T09:30:31.866-04:00",
        "group/threats": "mining logging", "photo": "download-9_30_30.jpeg", "_geolocation": [40.786261, -73.964718],
        "_attachments": [{"filename": "user/attachments/1/download-9_30_30.jpeg"}]}]}"#;
    let read = central::read(bytes.as_bytes(), &limits()).unwrap();
    let record = &read.found[0];
    let position = record.position.unwrap();
    assert_eq!((position.lon, position.lat), (-73.964718, 40.786261));
    assert_eq!(record.files, ["download-9_30_30.jpeg"]);
    assert_eq!(record.values.len(), 1, "{:?}", record.values);
    assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
}

#[test]
fn comapeo_observations() {
    let bytes = shared("field-collection/comapeo/mapeo_observations.geojson");
    let read = comapeo::read(&bytes, &limits()).unwrap();
    assert_eq!(read.found.len(), 3);
    assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
    assert_json_snapshot!(read);
}

#[test]
fn inaturalist_observations_are_one_page_of_many() {
    let bytes = shared("field-collection/inaturalist/observations_fixture.json");
    let read = inaturalist::read(&bytes, &limits()).unwrap();
    assert_eq!(&*read.diagnostics[0].code, "foreign.one_page");
    assert_json_snapshot!(read);
}

#[test]
fn an_earthranger_patrol_as_the_api_returns_it() {
    let read = earthranger::read(&shared("reserve-mara/sample_patrol.json"), &limits()).unwrap();
    assert_eq!(read.found.patrols.len(), 1);
    assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
    assert_json_snapshot!(read);
}

#[test]
fn earthranger_events_with_polygons_turned_on_their_side_by_pandas() {
    let bytes = shared("reserve-mara/patrol_events_with_poly_geojson.json");
    let read = earthranger::read(&bytes, &limits()).unwrap();
    let events = read.found.patrols.iter().flat_map(|p| &p.segments);
    let outlined = events
        .flat_map(|s| &s.events)
        .filter(|e| e.outline.is_some());
    assert!(outlined.count() > 0);
    assert_json_snapshot!(read);
}

#[test]
fn broken_geojson_is_told_event_by_event_and_the_rest_is_taken() {
    let bytes = shared("reserve-mara/patrol_events_bad_geojson.json");
    let read = earthranger::read(&bytes, &limits()).unwrap();
    let events: Vec<_> = read.found.patrols[0].segments[0].events.iter().collect();
    let placed = events.iter().filter(|e| e.position.is_some()).count();
    let told = read
        .diagnostics
        .iter()
        .filter(|d| d.place.field.as_deref() != Some("time"));
    assert!(placed >= 3 && placed < events.len());
    assert_eq!(told.count(), events.len() - placed);
    assert_json_snapshot!(read);
}

#[test]
fn events_in_a_list_in_a_page_and_as_features() {
    let event = r#"{"id": "a", "event_type": "snare_rep", "time": "2024-01-02T03:04:05Z",
        "location": {"latitude": -1.36, "longitude": 35.47}, "event_details": {"snares": 3}}"#;
    let feature = r#"{"type": "FeatureCollection", "features": [{"type": "Feature",
        "geometry": {"type": "Point", "coordinates": [35.47, -1.36]},
        "properties": {"id": "a", "event_type": "snare_rep", "time": 1704164645000}}]}"#;
    let page =
        format!(r#"{{"data": {{"count": 1, "results": [{event}]}}, "status": {{"code": 200}}}}"#);
    for text in [
        format!("[{event}]"),
        page,
        feature.to_owned(),
        event.to_owned(),
    ] {
        let read = earthranger::read(text.as_bytes(), &limits()).unwrap();
        let [only] = read.found.events.as_slice() else {
            panic!("{text}: {:?}", read.found);
        };
        let position = only.position.unwrap();
        assert_eq!((position.lon, position.lat), (35.47, -1.36), "{text}");
        let at = serde_json::to_value(only.at).unwrap();
        assert_eq!(at["value"], "2024-01-02T03:04:05Z", "{text}");
    }
}

#[test]
fn each_file_is_known_by_its_content() {
    let source = |path: &str| recognize(&shared(path), &limits()).unwrap();
    let known: Vec<_> = common::FILES.iter().map(|path| source(path)).collect();
    let central = Some(Source::Submissions);
    let ranger = Some(Source::EarthRanger);
    assert_eq!(
        known,
        [
            Some(Source::SmartPatrol),
            Some(Source::SmartPatrol),
            Some(Source::SmartDataModel),
            Some(Source::CyberTracker),
            central,
            None,
            Some(Source::CoMapeo),
            Some(Source::INaturalist),
            ranger,
            ranger,
            ranger,
            None,
        ]
    );
    let layers = [
        "field-collection/gpx-kml/garmin_sample.gpx",
        "field-collection/gpx-kml/gc_alerts.kml",
        "field-collection/gpx-kml/osm_overpass.geojson",
    ];
    assert!(layers.iter().all(|path| source(path).is_none()));
    let refused = earthranger::read(&shared(common::FILES[3]), &limits()).unwrap_err();
    assert_eq!(refused.to_diagnostic().code, "foreign.not_this");
}
