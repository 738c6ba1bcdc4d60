//! No bytes make a reader panic, run away or take what is broken for whole.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod common;

use foreign::{
    central, comapeo, cybertracker, earthranger, inaturalist, recognize, smart, submission,
};
use proptest::prelude::*;
use spatial::bounds::Limits;

/// Every reader over the same bytes; how many of them took them.
fn read_all(bytes: &[u8]) -> usize {
    let limits = Limits::default();
    [
        smart::read_patrol(bytes, &limits).is_ok(),
        smart::read_labels(bytes, "en", &limits).is_ok(),
        cybertracker::read(bytes, &limits).is_ok(),
        earthranger::read(bytes, &limits).is_ok(),
        central::read(bytes, &limits).is_ok(),
        central::read_attachments(bytes, &limits).is_ok(),
        comapeo::read(bytes, &limits).is_ok(),
        inaturalist::read(bytes, &limits).is_ok(),
        submission::read(bytes, &limits).is_ok(),
        recognize(bytes, &limits).is_ok_and(|found| found.is_some()),
    ]
    .into_iter()
    .filter(|took| *took)
    .count()
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    for path in common::FILES {
        let whole = common::shared(path);
        // Behind the last bracket stands nothing but white space.
        let end = whole.trim_ascii_end().len();
        let step = (end / 800).max(1);
        for length in (0..end).step_by(step).chain(end.saturating_sub(40)..end) {
            assert_eq!(read_all(&whole[..length]), 0, "{path}, cut at {length}");
        }
    }
}

#[test]
fn a_track_cut_short_anywhere_is_told_and_the_waypoints_stay() {
    let path = common::FILES[0];
    let whole = String::from_utf8(common::shared(path)).unwrap();
    let (before, after) = whole.split_once("geom=\"").unwrap();
    let (geom, behind) = after.split_once('"').unwrap();
    for length in 1..geom.len() {
        let cut = format!("{before}geom=\"{}\"{behind}", &geom[..length]);
        let read = smart::read_patrol(cut.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(read.found.fix_count(), 0, "cut at {length}");
        assert_eq!(read.found.waypoints().count(), 2);
        assert!(
            read.diagnostics
                .iter()
                .any(|d| d.code == "foreign.bad_track")
        );
    }
}

#[test]
fn what_would_eat_the_machine_is_refused() {
    let code = |bytes: &[u8], limits: &Limits| recognize(bytes, limits).unwrap_err().code();
    let limits = Limits::default();
    let laughs = br#"<!DOCTYPE x [<!ENTITY a "ha">]><patrol><legs/>&a;</patrol>"#;
    assert_eq!(code(laughs, &limits), "foreign.dtd_refused");
    let deep = "<a>".repeat(100_000);
    assert_eq!(code(deep.as_bytes(), &limits), "foreign.too_deep");
    let deep = "[".repeat(100_000);
    assert_eq!(code(deep.as_bytes(), &limits), "foreign.broken_json");
    let wide = format!("[0{}]", ",0".repeat(4_000_001));
    assert_eq!(code(wide.as_bytes(), &limits), "foreign.too_large");
    let many = format!("<a>{}</a>", "<b/>".repeat(1_000_001));
    assert_eq!(code(many.as_bytes(), &limits), "foreign.too_large");
    let many = format!("<a {}/>", "b='' ".repeat(2_000_001));
    assert_eq!(code(many.as_bytes(), &limits), "foreign.too_large");
    let small = Limits {
        file_bytes: 10,
        ..Limits::default()
    };
    assert_eq!(code(b"<patrol></patrol>", &small), "foreign.too_large");
    assert_eq!(code(b"{\"a\": \"\xb9\xe3\"}", &limits), "foreign.not_utf8");
    assert_eq!(code(b"<a>&nbsp;</a>", &limits), "foreign.broken_xml");
    // What is repeated with everything below it is short.
    let long = "k".repeat(1_000_000);
    let patrol = format!(
        r#"<patrol id="{long}"><legs><days date="2026-01-01"><waypoints id="{long}"><groups><observations categoryKey="{long}."/></groups></waypoints></days></legs></patrol>"#
    );
    let read = smart::read_patrol(patrol.as_bytes(), &limits).unwrap();
    let waypoint = read.found.waypoints().next().unwrap();
    let category = waypoint.observations[0].category.as_ref();
    let repeated = [read.found.id.as_ref(), waypoint.id.as_ref(), category];
    assert!(repeated.iter().all(|id| id.unwrap().len() <= 400));
    // A track that claims four billion lines.
    let track = r#"<patrol><legs><days date="2026-01-01"><track geom="0000000005ffffffff"/></days></legs></patrol>"#;
    let read = smart::read_patrol(track.as_bytes(), &limits).unwrap();
    assert_eq!(read.diagnostics[0].code, "foreign.bad_track");
}

#[test]
fn diagnostics_are_bounded() {
    let few = Limits {
        diagnostics: 3,
        ..Limits::default()
    };
    let event = r#"{"event_type": "x", "id": 1, "location": {"latitude": 152, "longitude": 1}}"#;
    let list = format!("[{}]", [event; 10].join(","));
    let read = earthranger::read(list.as_bytes(), &few).unwrap();
    assert_eq!(read.found.events.len(), 10);
    assert_eq!(read.diagnostics.len(), 4);
    assert_eq!(read.diagnostics[3].code, "foreign.more_diagnostics");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
    }

    #[test]
    fn any_flipped_bytes_of_a_real_file(
        file in 0..common::FILES.len(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = common::shared(common::FILES[file]);
        bytes.truncate(20_000);
        let whole = common::shared(common::FILES[file]);
        if whole.len() <= 20_000 {
            bytes = whole;
        }
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        read_all(&bytes);
    }

    #[test]
    fn any_answer_that_looks_like_places(text in "[-0-9. ;eENaif]{0,60}") {
        let position = submission::geopoint(&text);
        prop_assert!(position.is_none_or(|p| p.lon.abs() <= 180.0 && p.lat.abs() <= 90.0));
        let _ = submission::geotrace(&text);
    }
}
