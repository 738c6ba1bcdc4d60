use rstest::rstest;

use super::*;
use crate::entries::{ExtensionDecided, ExtensionRequested, UrgingIssued};
use crate::issue::tests::Story;
use crate::shipped;

fn ladder() -> UrgingLadder {
    shipped::campaign("lvdun-2019").0.ladder.unwrap()
}

fn d(text: &str) -> Date {
    text.parse().unwrap()
}

/// An issue in work, by a granted extension due on Tuesday 2019-11-05.
fn story() -> Story {
    let mut story = Story::site("S1").open("A").plan().start();
    extend(&mut story, "2019-11-05", "2019-09-01");
    story
}

fn extend(story: &mut Story, to: &str, day: &str) {
    let asked = ExtensionRequested {
        issue: story.issue,
        reason: "雨季".into(),
        new_due_on: d(to),
        evidence: vec![],
    };
    let request = story.add("责任单位", day, asked);
    let granted = ExtensionDecided {
        issue: story.issue,
        request,
        result: "granted".into(),
        new_due_on: None,
        approver: "组长".into(),
        opinion: None,
    };
    story.add("组长", day, granted);
}

fn urge(story: &mut Story, rung: &str, day: &str) {
    let body = UrgingIssued {
        issue: story.issue,
        rung: rung.into(),
        issued_by: "office".into(),
        to_unit: "某责任单位".into(),
        issued_on: d(day),
        text: "请抓紧整改".into(),
        ..UrgingIssued::default()
    };
    story.add("办公室", day, body);
}

#[test]
fn the_ladder_has_the_rungs_of_the_plan_and_climbs() {
    let kinds: Vec<String> = ladder().rungs.into_iter().map(|r| r.kind).collect();
    let expected = [
        "phone",
        "on_site",
        "letter",
        "circular",
        "interview",
        "listed",
        "referral",
    ];
    assert_eq!(kinds, expected);
}

/// Days around National Day 2019: off 10-01 to 10-07, work on Sunday 09-29 and Saturday 10-12.
#[rstest]
#[case("phone", "2019-09-30", "2019-09-27")]
#[case("on_site", "2019-09-30", "2019-10-08")]
#[case("letter", "2019-09-30", "2019-10-10")]
#[case("circular", "2019-09-30", "2019-10-16")]
#[case("letter", "2020-01-22", "2020-02-04")]
fn a_rung_becomes_due_to_the_day(#[case] kind: &str, #[case] due_on: &str, #[case] expected: &str) {
    let calendar = shipped::calendar().0;
    let ladder = ladder();
    let day = ladder
        .find_rung(kind)
        .unwrap()
        .becomes_due(d(due_on), &calendar);
    assert_eq!(day, Ok(d(expected)));
}

#[test]
fn a_letter_carries_the_day_missed_and_the_day_to_answer_by() {
    let calendar = shipped::calendar().0;
    let dates = ladder()
        .find_rung("letter")
        .unwrap()
        .dates(d("2019-09-20"), d("2019-09-27"), &calendar)
        .unwrap();
    assert_eq!(
        dates.answer_due_on,
        d("2019-10-10"),
        "five working days over National Day"
    );
    assert_eq!(dates.overdue_days, 7);
}

#[test]
fn rung_follows_rung_and_none_is_taken_twice() {
    let calendar = shipped::calendar().0;
    let ladder = ladder();
    let mut story = story();
    let next = |story: &Story, today: &str| {
        let next = ladder
            .next_rung(&story.folded(), &calendar, d(today))
            .unwrap();
        next.map(|n| (n.rung.kind, n.is_due, n.becomes_due_on.to_string()))
    };
    let expected = |kind: &str, is_due, day: &str| Some((kind.to_owned(), is_due, day.to_owned()));
    assert_eq!(
        next(&story, "2019-10-01"),
        expected("phone", false, "2019-11-02")
    );
    assert_eq!(
        next(&story, "2019-11-02"),
        expected("phone", true, "2019-11-02")
    );
    urge(&mut story, "phone", "2019-11-02");
    assert_eq!(
        next(&story, "2019-11-06"),
        expected("on_site", true, "2019-11-06")
    );
    urge(&mut story, "letter", "2019-11-08");
    assert_eq!(
        next(&story, "2019-11-08"),
        expected("circular", false, "2019-11-15")
    );
    urge(&mut story, "referral", "2020-01-10");
    assert_eq!(
        next(&story, "2020-01-10"),
        None,
        "above the top there is nothing"
    );
}

#[test]
fn a_granted_extension_begins_the_ladder_anew() {
    let calendar = shipped::calendar().0;
    let mut story = Story::site("S1").open("A").plan().start();
    urge(&mut story, "phone", "2019-10-29");
    extend(&mut story, "2019-12-31", "2019-10-30");
    let next = ladder()
        .next_rung(&story.folded(), &calendar, d("2019-10-31"))
        .unwrap();
    assert_eq!(next.unwrap().rung.kind, "phone");
}

#[test]
fn reminders_come_on_their_days_and_reported_work_is_not_urged() {
    let calendar = shipped::calendar().0;
    let ladder = ladder();
    let issue = story().folded();
    let due = |today: &str| ladder.reminders_due(&issue, d(today)).len();
    assert_eq!(
        (due("2019-10-21"), due("2019-10-22"), due("2019-10-29")),
        (1, 0, 1)
    );
    let reported = Story::site("S1").reported("A").folded();
    assert_eq!(
        ladder.next_rung(&reported, &calendar, d("2020-01-31")),
        Ok(None)
    );
    assert_eq!(ladder.reminders_due(&reported, d("2019-10-30")), []);
}

#[test]
fn a_ladder_that_falls_is_reported() {
    let text =
        shipped::campaign_files("lvdun-2019")["urging.toml"].replace("days = 30", "days = 2");
    let found = UrgingLadder::from_toml("urging.toml", &text).unwrap().1;
    let codes: Vec<&str> = found.iter().map(|d| d.code.as_ref()).collect();
    assert_eq!(codes, ["rectify.ladder_falls"]);
}
