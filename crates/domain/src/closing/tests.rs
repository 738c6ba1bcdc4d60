#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use jiff::civil::date;
use rstest::rstest;

use super::*;
use crate::entries::CloseOutRecorded;
use crate::issue::tests::{CASES, Story, requirements};
use crate::shipped;

fn closing() -> Closing {
    shipped::campaign("lvdun-2019").0.closing.unwrap()
}

#[test]
fn exits_need_the_two_cuts_and_three_clearings_and_a_lasting_restoration() {
    for case in ["A", "B1", "B2.1"] {
        let lines = requirements(case).lines;
        for line in [
            "water_cut",
            "power_cut",
            "materials_cleared",
            "products_cleared",
            "equipment_cleared",
            "structures",
            "restoration_standard",
            "restoration_trend",
            "penalties",
        ] {
            assert!(lines.iter().any(|l| l == line), "{case} {line}");
        }
    }
}

#[test]
fn what_the_source_does_not_tell_is_marked_as_to_be_checked() {
    let closing = closing();
    for case in CASES {
        let unconfirmed = closing.lines_of(case).filter(|r| r.is_unconfirmed).count();
        assert_eq!(unconfirmed > 0, matches!(case, "B2.2" | "C"), "{case}");
    }
}

#[test]
fn the_chain_is_the_place_s() {
    let closing = closing();
    let levels = |place: &str| {
        let chain = closing.find_chain(place).unwrap();
        chain
            .links
            .iter()
            .map(|l| l.level.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(levels("620802"), ["self", "county", "city", "province"]);
    assert_eq!(levels("330122"), ["self", "county", "city"]);
    assert_eq!(
        closing
            .requirements("A", "620802")
            .unwrap()
            .notice_working_days,
        10
    );
    assert_eq!(closing.requirements("Z", "620802"), None);
}

#[rstest]
#[case::quarry("A04", None, "experimental", None, "A")]
#[case::mine("A03", Some("mine"), "experimental", None, "A")]
#[case::factory_in_core("A03", Some("factory"), "core", None, "B1")]
#[case::slide_in_buffer("A06", Some("slide"), "buffer", None, "B1")]
#[case::unapproved("A05", None, "experimental", Some("unapproved"), "B1")]
#[case::harmful("A05", None, "experimental", Some("legacy"), "B2.1")]
#[case::houses("A02", None, "core", None, "C")]
fn a_site_falls_into_its_case_with_a_reason(
    #[case] activity: &str,
    #[case] subtype: Option<&str>,
    #[case] zone: &str,
    #[case] character: Option<&str>,
    #[case] expected: &str,
) {
    let mut dossier = Story::site("S1").dossier();
    dossier.facts.activity_type_code = Some(activity.into());
    dossier.facts.activity_subtype = subtype.map(str::to_owned);
    dossier.facts.zone_kind = Some(zone.into());
    if let (Some(character), Some(decided)) = (character, &mut dossier.characterization) {
        decided.body.character = character.into();
    }
    let found = closing().case_of(&dossier).unwrap();
    assert_eq!(found.case, expected, "{}", found.reason);
    assert!(!found.reason.is_empty());
}

#[test]
fn a_lawful_old_item_without_harm_is_kept() {
    let mut dossier = Story::site("S1").dossier();
    dossier.facts.activity_type_code = Some("A05".into());
    dossier.characterization.as_mut().unwrap().body.character = "legacy".into();
    dossier.verifications[0].body.ecological_effect = Some("none".into());
    assert_eq!(closing().case_of(&dossier).unwrap().case, "B2.2");
}

#[test]
fn unknown_cases_levels_and_items_are_reported() {
    let text = &shipped::campaign_files("lvdun-2019")["closing.toml"];
    let broken = text
        .replace(
            "level = \"city\", signatures = 2",
            "level = \"world\", signatures = 2",
        )
        .replace("code = \"look_back\"", "code = \"looks\"");
    let found = Closing::from_toml("closing.toml", &broken).unwrap().1;
    assert!(found.len() >= 3, "{found:?}");
    assert!(found.iter().all(|d| d.code == "rectify.unknown_code"));
}

fn lacking(story: &Story, step: IssueStep, day: (i16, i8, i8)) -> Vec<(Fact, Option<String>)> {
    let dossier = story.dossier();
    let issue = story.folded();
    let today = date(day.0, day.1, day.2);
    let attempt = Attempt::today("销号人", today, None);
    let calendar = shipped::calendar().0;
    let missing = missing_for(step, &issue, &dossier, &attempt, Some(&calendar));
    missing.into_iter().map(|m| (m.fact, m.line)).collect()
}

#[test]
fn what_lacks_is_told_line_by_line_before_anybody_tries() {
    let story = Story::site("S1")
        .reported("B2.2")
        .evidence(Some("formalities"));
    let found = lacking(&story, IssueStep::CloseOut, (2019, 9, 12));
    let line = |fact, line: &str| (fact, Some(line.to_owned()));
    let expected = [
        line(Fact::LinesEvidenced, "formalities"),
        line(Fact::EarlierLevels, "self"),
        line(Fact::EarlierLevels, "county"),
        line(Fact::EarlierLevels, "city"),
        line(Fact::EarlierLevels, "province"),
        (Fact::NoticeEnded, None),
        line(Fact::DossierComplete, "acceptances"),
        line(Fact::DossierComplete, "notice"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn with_a_calendar_the_notice_is_counted_in_working_days() {
    let ready = Story::site("S1").determined("A").notice();
    let ready = ready.accept("province", "2019-10-14");
    assert_eq!(lacking(&ready, IssueStep::CloseOut, (2019, 10, 13)), []);
    let ended = lacking(&ready, IssueStep::CloseOut, (2019, 10, 12));
    assert_eq!(ended, [(Fact::NoticeEnded, None)]);
    let mut short = ready.clone();
    for entry in &mut short.entries {
        if let EntryBody::NoticePublished(b) = &mut entry.entry.body {
            // Ten calendar days, but only four of them worked.
            b.ended_on = date(2019, 10, 4);
        }
    }
    let found = lacking(&short, IssueStep::CloseOut, (2019, 10, 14));
    assert_eq!(found, [(Fact::NoticeEnded, None)]);
}

#[test]
fn the_index_names_fifteen_items_and_what_is_needed() {
    let story = Story::site("S1").closed("B2.1");
    let (dossier, issue) = (story.dossier(), story.folded());
    let attempt = Attempt::today("某人", date(2019, 10, 20), None);
    let items = dossier_index(&dossier, &issue, &attempt);
    assert_eq!(items.len(), 15);
    let absent: Vec<&str> = items
        .iter()
        .filter(|i| !i.is_there)
        .map(|i| i.code.as_str())
        .collect();
    assert_eq!(absent, ["look_back"]);
    assert_eq!(items.iter().filter(|i| i.is_needed).count(), 14);
}

#[test]
fn the_form_is_not_there_before_the_close_out_and_does_not_bar_the_step() {
    let story = Story::site("S1").determined("A").notice();
    let (dossier, issue) = (story.dossier(), story.folded());
    let attempt = Attempt::today("某人", date(2019, 10, 14), None);
    let items = dossier_index(&dossier, &issue, &attempt);
    let form = items.iter().find(|i| i.code == index::REGISTRATION);
    assert!(form.is_some_and(|i| i.is_needed && !i.is_there));
}

#[test]
fn the_shipped_rows_name_every_item_once_in_order() {
    let rows = closing().index;
    let codes: Vec<&str> = rows.iter().map(|r| r.code.as_str()).collect();
    assert_eq!(codes, index::ITEMS);
    assert!((1..).zip(&rows).all(|(n, r)| n == r.number));
}

#[test]
fn a_close_out_without_a_number_leaves_the_form_open() {
    let story = Story::site("S1")
        .determined("A")
        .notice()
        .accept("province", "2019-10-14");
    let body: EntryBody = CloseOutRecorded {
        issue: story.issue,
        number: " ".into(),
        reason: "rectified".into(),
        reason_text: String::new(),
        closed_on: date(2019, 10, 15),
        document_number: None,
        summary_period: None,
        is_filed_in_national_system: None,
        signatures: vec![],
    }
    .into();
    let attempt = Attempt::today("销号人", date(2019, 10, 15), Some(&body));
    let missing = missing_for(
        IssueStep::CloseOut,
        &story.folded(),
        &story.dossier(),
        &attempt,
        None,
    );
    let facts: Vec<Fact> = missing.iter().map(|m| m.fact).collect();
    assert_eq!(
        facts,
        [Fact::DossierComplete, Fact::Number, Fact::DocumentNumber]
    );
}

#[test]
fn the_steps_that_may_be_taken_stand_with_what_they_lack() {
    let story = Story::site("S1").reported("A");
    let (dossier, issue) = (story.dossier(), story.folded());
    let attempt = Attempt::today("责任单位", date(2019, 9, 11), None);
    let flow = crate::issue::built_in_flow();
    let open = open_steps(flow, &issue, &dossier, &attempt, None);
    let steps: Vec<IssueStep> = open.iter().map(|o| o.step).collect();
    let expected = [
        IssueStep::Evidence,
        IssueStep::AcceptSelf,
        IssueStep::AcceptCounty,
        IssueStep::Determine,
        IssueStep::CloseUnfixed,
    ];
    assert_eq!(steps, expected);
    assert_eq!(open[0].missing, []);
    assert!(
        open[1]
            .missing
            .iter()
            .any(|m| m.fact == Fact::DifferentPerson)
    );
}
