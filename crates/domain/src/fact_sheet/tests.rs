#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use jiff::civil::date;
use rstest::rstest;

use super::*;
use crate::dossier::fold;
use crate::entries::{
    Basis, PermitRecorded, SiteFacts, SiteRegistered, TeamMember, VerificationRecorded,
};
use crate::entry::{Author, Entry, EntryBody, RecordedEntry};
use crate::ids::{SiteId, StreamId};

fn filling() -> Filling {
    let text =
        std::fs::read_to_string(crate::shipped::root().join("rulesets/filling.toml")).unwrap();
    let (filling, found) = Filling::from_toml("filling.toml", &text).unwrap();
    assert!(found.is_empty(), "{found:?}");
    filling
}

fn reserve() -> ReserveRegistered {
    serde_json::from_value(serde_json::json!({
        "reserve_code": "N1", "name": "测试保护区", "kind": "nature_reserve", "level": "national",
        "established_on": "1982-10"
    }))
    .unwrap()
}

fn recorded(seq: u64, body: impl Into<EntryBody>) -> RecordedEntry {
    let at: Timestamp = "2019-08-18T00:00:00Z".parse().unwrap();
    let stream = StreamId::site(site_id());
    RecordedEntry {
        seq,
        version: seq + 1,
        recorded_at: at,
        origin: "测试".into(),
        entry: Entry {
            id: EntryId::derived(at, &[&seq.to_be_bytes()]),
            stream,
            based_on: None,
            body: body.into(),
            author: Author {
                actor: "站长".into(),
                role: "station_head".into(),
                unit: "后河".into(),
            },
            occurred_at: at,
            clocks: None,
            stamp: None,
        },
    }
}

fn site_id() -> SiteId {
    serde_json::from_value(serde_json::json!("01912345-0000-7000-8000-000000000001")).unwrap()
}

fn by_hand() -> Basis {
    Basis::Person {
        reason: "测试".into(),
    }
}

fn registered(activity: &str, built: Option<&str>) -> RecordedEntry {
    recorded(
        0,
        SiteRegistered {
            site_id: site_id(),
            site_code: "S1".into(),
            reserve_code: "N1".into(),
            campaign_id: "C".into(),
            basis: by_hand(),
            facts: SiteFacts {
                activity_type_code: Some(activity.into()),
                built_on: built.map(|b| b.parse().unwrap()),
                area_m2: Some(1000.0),
                ..SiteFacts::default()
            },
        },
    )
}

fn permit(
    seq: u64,
    kind: &str,
    issued: Option<&str>,
    area: Option<f64>,
    absent: bool,
) -> RecordedEntry {
    recorded(
        seq,
        PermitRecorded {
            permit_kind: kind.into(),
            document_number: None,
            issuer: None,
            issued_on: issued.map(|d| d.parse().unwrap()),
            valid_to_on: None,
            holder: None,
            area_m2: area,
            is_absent: absent,
            note: None,
            basis: by_hand(),
        },
    )
}

fn verified(seq: u64, conclusion: &str, facts: &[(&str, &str)]) -> RecordedEntry {
    recorded(
        seq,
        VerificationRecorded {
            round: "first".into(),
            method: "field".into(),
            verified_on: date(2019, 8, 18),
            team: vec![TeamMember {
                post: "站长".into(),
                unit: None,
            }],
            lon: None,
            lat: None,
            is_in_reserve: None,
            clue_truth: None,
            condition_text: None,
            ecological_effect: None,
            conclusion: conclusion.into(),
            suggestion_text: None,
            suggested_disposal: None,
            photo_count: None,
            evidence: vec![],
            judged_facts: facts
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            facts: SiteFacts::default(),
            basis: by_hand(),
            ..VerificationRecorded::default()
        },
    )
}

fn zone(version: &str, from: Option<Date>, kind: Option<&str>) -> ZoneAt {
    ZoneAt {
        boundary_version: version.into(),
        valid_from_on: from,
        valid_to_on: None,
        zone_kind: kind.map(str::to_owned),
        is_partly_outside: false,
        source: None,
    }
}

fn sheet(entries: &[RecordedEntry], zones: &[ZoneAt], as_of: Date) -> FilledSheet {
    let dossier = fold(entries).unwrap();
    fill(&Site {
        dossier: &dossier,
        as_of,
        reserve: &reserve(),
        zones,
        patches: &[],
        filling: &filling(),
        area_tolerance: 0.2,
    })
}

fn value<'a>(sheet: &'a FilledSheet, fact: &str) -> Option<&'a str> {
    sheet.find(fact).map(|f| f.value.as_str())
}

const LATER: Date = date(2019, 8, 19);

#[rstest]
// The first boundary on file stands for the reserve from its founding.
#[case("1982", None)]
#[case("1982-09", Some("pre"))]
#[case("1982-11", Some("post"))]
#[case("1998", Some("post"))]
fn before_or_after_the_founding(#[case] built: &str, #[case] set: Option<&str>) {
    let zones = [zone("v1", Some(date(2005, 7, 1)), Some("core"))];
    let filled = sheet(&[registered("A06", Some(built))], &zones, LATER);
    assert_eq!(value(&filled, "set"), set);
}

#[rstest]
// A spot that a later version took in came under the reserve then, whatever the reserve's own age.
#[case("2008", Some("pre"))]
#[case("2012", None)]
#[case("2012-06", Some("pre"))]
#[case("2012-07", Some("post"))]
#[case("2015", Some("post"))]
fn before_or_after_the_spot_came_under(#[case] built: &str, #[case] set: Option<&str>) {
    let zones = [
        zone("v1", Some(date(2005, 7, 1)), None),
        zone("v2", Some(date(2012, 7, 1)), Some("experimental")),
    ];
    let filled = sheet(&[registered("A06", Some(built))], &zones, LATER);
    assert_eq!(value(&filled, "set"), set);
    assert_eq!(value(&filled, "zone"), Some("experimental"));
}

#[test]
fn a_version_that_is_not_in_force_yet_decides_nothing() {
    let zones = [
        zone("v1", Some(date(2005, 7, 1)), Some("core")),
        zone("v2", Some(date(2022, 1, 1)), None),
    ];
    let entries = [registered("A06", Some("2010"))];
    assert_eq!(value(&sheet(&entries, &zones, LATER), "zone"), Some("core"));
    let after = sheet(&entries, &zones, date(2026, 11, 1));
    assert_eq!(value(&after, "zone"), Some("outside"));
    assert_eq!(after.zone_when_built.as_deref(), Some("core"));
}

#[test]
fn papers_nobody_looked_for_are_unknown_and_an_explicit_none_is_none() {
    let registered = registered("A06", Some("2010"));
    let silent = sheet(std::slice::from_ref(&registered), &[], LATER);
    assert_eq!(value(&silent, "approvals"), None);
    assert!(
        silent
            .papers
            .iter()
            .all(|p| p.state == PaperState::NotLookedFor)
    );
    let none = sheet(
        &[registered.clone(), permit(1, "none", None, None, true)],
        &[],
        LATER,
    );
    assert_eq!(value(&none, "approvals"), Some("none"));
    let one = [
        registered,
        permit(1, "none", None, None, true),
        permit(2, "eia", Some("2009"), None, false),
    ];
    let filled = sheet(&one, &[], LATER);
    assert_eq!(value(&filled, "approvals"), Some("partial"));
    assert_eq!(filled.find("approvals").unwrap().sources.len(), 2);
}

#[test]
fn a_paper_counts_if_it_came_before_building_and_covers_the_ground() {
    let states = |issued, area| {
        let entries = [
            registered("A06", Some("2010-05")),
            permit(1, "land_use", issued, area, false),
        ];
        let filled = sheet(&entries, &[], LATER);
        let paper = filled.papers.iter().find(|p| p.kind == "land_use").unwrap();
        paper.state
    };
    assert_eq!(states(Some("2009"), Some(900.0)), PaperState::Good);
    assert_eq!(states(Some("2009"), Some(300.0)), PaperState::DoesNotCover);
    assert_eq!(states(Some("2011"), Some(900.0)), PaperState::AfterBuilding);
    assert_eq!(states(Some("2010"), Some(900.0)), PaperState::DateUnknown);
    assert_eq!(states(None, Some(900.0)), PaperState::DateUnknown);
    assert_eq!(states(Some("2009"), None), PaperState::AreaUnknown);
}

#[test]
fn a_later_statement_wins_and_nobody_states_what_is_computed() {
    let zones = [zone("v1", Some(date(2005, 7, 1)), Some("core"))];
    let entries = [
        registered("A06", Some("2010")),
        verified(
            1,
            "issue_violation",
            &[("adverse", "n"), ("zone", "outside")],
        ),
        verified(2, "issue_violation", &[("adverse", "y")]),
    ];
    let filled = sheet(&entries, &zones, LATER);
    assert_eq!(value(&filled, "adverse"), Some("y"));
    assert_eq!(filled.find("adverse").unwrap().sources[0].seq, 2);
    assert_eq!(value(&filled, "zone"), Some("core"));
    assert_eq!(value(&filled, "false_alarm"), Some("n"));
}

#[test]
fn without_a_subtype_no_table_is_guessed() {
    let filled = sheet(&[registered("A03", None)], &[], LATER);
    assert_eq!(filled.table, None);
    let quarry = sheet(&[registered("A04", None)], &[], LATER);
    assert_eq!(quarry.table.as_deref(), Some("quarry"));
}

#[test]
fn what_was_built_or_grew_since_2017_is_new_and_what_is_not_known_is_left_out() {
    let new = |built| {
        let filled = sheet(&[registered("A06", built)], &[], LATER);
        value(&filled, "new_since_2017").map(str::to_owned)
    };
    assert_eq!(new(Some("2018")).as_deref(), Some("y"));
    assert_eq!(new(Some("2010")).as_deref(), Some("n"));
    assert_eq!(new(Some("2017")), None, "the day falls inside the year");
    assert_eq!(new(None), None);
}

#[test]
fn facts_that_contradict_each_other_are_told() {
    let entries = [
        registered("A06", Some("2020")),
        permit(1, "reserve_consent", Some("1980"), None, false),
    ];
    let filled = sheet(&entries, &[], LATER);
    let codes: Vec<&str> = filled.doubts.iter().map(|d| d.code.as_ref()).collect();
    assert_eq!(
        codes,
        ["judge.built_after_judged", "judge.consent_before_reserve"]
    );
}
