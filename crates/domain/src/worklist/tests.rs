use super::*;
use crate::deadlines::Light;
use crate::entries::{AcceptanceRecorded, ExtensionRequested, LookBackPlanned, ObjectionReceived};
use crate::issue::tests::Story;

fn d(text: &str) -> Date {
    text.parse().unwrap()
}

fn kinds(story: &Story) -> Vec<&'static str> {
    let waits = waiting(&story.folded(), &[]);
    waits.into_iter().map(|w| w.kind.code()).collect()
}

#[test]
fn each_stage_waits_for_its_own_step() {
    let opened = Story::site("甲").open("A");
    assert_eq!(kinds(&opened), ["draft_plan"]);
    let planned = opened.plan();
    assert_eq!(kinds(&planned), ["start"]);
    let started = planned.start();
    assert_eq!(kinds(&started), ["rectify"]);
    let worked = started.progress("2019-09-01", &[("demolished_m2", 500.0)]);
    let reported = worked.report();
    assert_eq!(kinds(&reported), ["accept_self"]);
    let checked = reported.evidence(None).accept("self", "2019-09-11");
    assert_eq!(kinds(&checked), ["accept_county"]);
    let county = checked.accept("county", "2019-09-12");
    assert_eq!(kinds(&county), ["determine"]);
    let city = county.accept("city", "2019-09-16");
    assert_eq!(kinds(&city), ["publish_notice"]);
    let noticed = city.notice();
    assert_eq!(kinds(&noticed), ["file_province"]);
    let filed = noticed.accept("province", "2019-10-14");
    assert_eq!(kinds(&filed), ["close_out"]);
    assert!(kinds(&filed.close()).is_empty());
}

#[test]
fn the_close_out_waits_until_the_day_after_the_notice() {
    let filed = Story::site("甲").determined("A").notice();
    let filed = filed.accept("province", "2019-10-14");
    let waits = waiting(&filed.folded(), &[]);
    assert_eq!(waits[0].from_on, Some(d("2019-10-13")));
}

#[test]
fn an_objection_goes_before_the_close_out_and_an_extension_beside_the_work() {
    let mut noticed = Story::site("甲").determined("A").notice();
    let body = ObjectionReceived {
        issue: noticed.issue,
        received_on: d("2019-09-26"),
        text: "仍在生产".into(),
        ..ObjectionReceived::default()
    };
    noticed.add("接收人", "2019-09-26", body);
    assert_eq!(kinds(&noticed), ["answer_objection"]);

    let mut started = Story::site("乙").open("A").plan().start();
    let body = ExtensionRequested {
        issue: started.issue,
        reason: "冬季停工".into(),
        new_due_on: d("2019-12-20"),
        evidence: vec![],
    };
    started.add("责任单位", "2019-09-01", body);
    assert_eq!(kinds(&started), ["rectify", "decide_extension"]);
}

#[test]
fn a_supplement_waits_with_those_who_did_the_work() {
    let mut story = Story::site("甲").reported("A").evidence(None);
    let body = AcceptanceRecorded {
        result: "supplement".into(),
        ..story.acceptance("self", "2019-09-11")
    };
    story.add("self甲", "2019-09-11", body);
    assert_eq!(kinds(&story), ["supplement"]);
    assert_eq!(kinds(&story.evidence(None)), ["accept_self"]);
}

#[test]
fn a_planned_look_back_waits_until_it_was_done() {
    let mut closed = Story::site("甲").closed("A");
    let body = LookBackPlanned {
        issue: closed.issue,
        planned_on: d("2020-05-01"),
        level: "city".into(),
        is_secret: true,
        sampling: None,
    };
    closed.add("纪委", "2020-04-01", body);
    assert_eq!(kinds(&closed), ["look_back"]);
}

#[test]
fn the_nearest_deadline_of_its_kind_is_the_day() {
    let deadline = |timer: &str, due: &str| Deadline {
        timer: timer.into(),
        began_on: d("2019-08-20"),
        count: None,
        unit: None,
        due_on: d(due),
        days_left: 0,
        light: Light::Green,
    };
    let running = [
        deadline("objection_answer", "2019-08-21"),
        deadline("plan", "2019-09-17"),
        deadline("plan_after_interview", "2019-09-10"),
    ];
    let waits = waiting(&Story::site("甲").open("A").folded(), &running);
    assert_eq!(waits[0].due_on, Some(d("2019-09-10")));
}

#[test]
fn a_site_has_an_issue_from_the_plan_to_the_notice_and_none_once_it_is_closed_out() {
    use crate::ledger::has_issue;
    let noticed = Story::site("甲").determined("A").notice();
    assert_eq!(has_issue(&noticed.dossier()), "yes");
    let closed = noticed.accept("province", "2019-10-14").close();
    assert_eq!(has_issue(&closed.dossier()), "no");
}
