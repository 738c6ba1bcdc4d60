//! Filled forms as ODK Collect sends them.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod common;

use foreign::submission::{Submission, geopoint, geotrace, read};
use insta::assert_json_snapshot;
use spatial::bounds::Limits;

fn submission(xml: &str) -> Submission {
    read(xml.as_bytes(), &Limits::default()).unwrap()
}

/// A submission of ODK Central's JSON as Collect had sent it before.
fn as_sent() -> String {
    let bytes = common::shared("field-collection/odk-central/submissions.json");
    let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let of = &document["value"][1];
    let answers = of.as_object().unwrap().iter();
    let answers = answers.filter(|(name, _)| !name.starts_with("__") && *name != "meta");
    let answer = |(name, value): (&String, &serde_json::Value)| {
        let text = match value {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            place => {
                let [lon, lat, height] = [0, 1, 2].map(|at| &place["coordinates"][at]);
                format!("{lat} {lon} {height} {}", place["properties"]["accuracy"])
            }
        };
        format!("<{name}>{text}</{name}>")
    };
    format!(
        r#"<?xml version='1.0' ?><data id="threat_survey" version="1" xmlns:orx="http://openrosa.org/xforms">{}<orx:meta><orx:instanceID>{}</orx:instanceID></orx:meta></data>"#,
        answers.map(answer).collect::<String>(),
        of["meta"]["instanceID"].as_str().unwrap(),
    )
}

#[test]
fn a_real_submission_of_a_form_nobody_here_knows() {
    let read = submission(&as_sent());
    assert_eq!(
        read.instance_id,
        "uuid:24951a9e-db46-4e22-9bce-910377c9dd22"
    );
    assert_eq!(
        read.files().collect::<Vec<_>>(),
        [("audio", "1739327186781.m4a")]
    );
    let threats: Vec<&str> = read.chosen("threats").collect();
    assert_eq!(threats, ["logging", "climate_change", "other"]);
    // Its latitude is 152, so it is no place.
    assert_eq!(geopoint(read.one("location").unwrap()), None);
    assert_json_snapshot!(read);
}

#[test]
fn repeats_are_kept_apart_and_in_order() {
    let read = submission(
        r#"<data id="f" version="2026112601"><team><post>护林员甲</post><phone/></team><team><post>护林员乙</post>
        <photo>a.jpg</photo><photo>b.jpg</photo></team><note>  水 &amp; 土 &#x4e00; <![CDATA[<b>]]> </note>
        <meta><instanceID>uuid:1</instanceID><deprecatedID>uuid:0</deprecatedID><instanceName>后河</instanceName></meta></data>"#,
    );
    assert_eq!(
        read.all("team/post").collect::<Vec<_>>(),
        ["护林员甲", "护林员乙"]
    );
    assert_eq!(read.one("note"), Some("水 & 土 一 <b>"));
    let photos: Vec<&[u32]> = read
        .answers
        .iter()
        .filter(|a| a.path == "team/photo")
        .map(|a| a.steps.as_slice())
        .collect();
    assert_eq!(photos, [[2, 1], [2, 2]]);
    assert_eq!(read.deprecated_id.as_deref(), Some("uuid:0"));
    assert_json_snapshot!(read);
}

#[test]
fn every_form_of_the_real_data_is_read_as_an_empty_submission() {
    let forms = [
        "repeats/10-repeat-with-multiple-children.xml",
        "repeats/12-NestedRepeat.xml",
        "geolocation/geopoint.xml",
        "preview-service/xforms/all-question-types-v2024091201-3.xml",
        "preview-service/xforms/ifrc-distribution-site-assessment-v1.xml",
    ];
    for form in forms {
        let xml = common::shared(&format!("field-collection/odk-xforms/{form}"));
        let xml = String::from_utf8(xml).unwrap();
        // The primary instance of a form is a submission without answers and without its number.
        let (_, from) = xml.split_once("<instance>").unwrap();
        let (instance, _) = from.split_once("</instance>").unwrap();
        let numbered = ["instanceID/>", "instanceID />"]
            .iter()
            .fold(instance.to_owned(), |text, end| {
                text.replace(end, "instanceID>uuid:7</instanceID>")
            });
        let numbered = numbered.replace("<orx:instanceID>uuid:7</", "<orx:instanceID>uuid:7</orx:");
        let read = submission(numbered.trim());
        assert_eq!(read.instance_id, "uuid:7", "{form}");
        assert!(!read.form_id.is_empty(), "{form}");
    }
}

#[test]
fn what_is_no_submission_is_refused_in_words() {
    let why = |xml: &str| {
        read(xml.as_bytes(), &Limits::default())
            .unwrap_err()
            .to_string()
    };
    assert!(why("<data id='f'><a/></data>").contains("no instanceID"));
    let without = "<data><meta><instanceID>uuid:1</instanceID></meta></data>";
    assert!(why(without).contains("no id of a form"));
    let sealed = "<data id='f' encrypted='yes'><meta><instanceID>uuid:1</instanceID></meta></data>";
    assert!(why(sealed).contains("encrypted"));
}

#[test]
fn places_are_latitude_first() {
    let place = geopoint("35.5512 106.5307 1802.5 4.5").unwrap();
    assert_eq!((place.lat, place.lon), (35.5512, 106.5307));
    assert_eq!(
        (place.altitude_m, place.accuracy_m),
        (Some(1802.5), Some(4.5))
    );
    assert_eq!(geopoint("35.5 106.5 0.0 0.0").unwrap().accuracy_m, None);
    for wrong in [
        "",
        "35.5",
        "152.0 -73.8 0 0",
        "0 0 0 0",
        "a b",
        "1 2 3 4 5",
        "NaN 1",
    ] {
        assert_eq!(geopoint(wrong), None, "{wrong}");
    }
    let shape = "35.1 106.1 0 0; 35.2 106.1 0 0;35.2 106.2 0 0; 35.1 106.1 0 0;";
    assert_eq!(geotrace(shape).unwrap().len(), 4);
    assert_eq!(geotrace("35.1 106.1 0 0; x"), None);
}
