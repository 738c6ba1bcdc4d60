use std::sync::LazyLock;

use geo_types::{Geometry, Rect};
use rstest::rstest;

use super::*;
use crate::entries::{
    Basis, EvidenceRecorded, LookBackRecorded, MeasureDone, PhotoPair, PlanDrafted,
    ProgressReported, Quantity, RectificationReported, SiteAmended, SiteFacts, SuspicionJudged,
};
use crate::entry::EntryBody;
use crate::issue::tests::{Story, quantities};
use crate::shape::Shape;
use crate::shipped;

fn rules() -> &'static Suspicions {
    static RULES: LazyLock<Suspicions> =
        LazyLock::new(|| shipped::campaign("lvdun-2019").0.suspicions.unwrap());
    &RULES
}

/// A hundred metres square at 106.5° east, 35.5° north.
fn outline() -> Geometry<f64> {
    let (x, y) = (106.5, 35.5);
    Rect::new((x, y), (x + 0.0011, y + 0.0009))
        .to_polygon()
        .into()
}

fn site() -> Story {
    let mut story = Story::site("S1");
    let facts = SiteFacts {
        shape: Some(Shape(outline())),
        lon: Some(106.5005),
        lat: Some(35.5004),
        ..SiteFacts::default()
    };
    let basis = Basis::Person {
        reason: "测量".into(),
    };
    story.add("站长", "2019-08-17", SiteAmended { basis, facts });
    story
}

/// Metres east of the outline's western border, halfway up.
fn east(metres: f64) -> (f64, f64) {
    (106.5 + metres / 90_700.0, 35.50045)
}

fn photo(
    name: &str,
    taken: &str,
    at: Option<(f64, f64)>,
    azimuth: Option<f64>,
) -> EvidenceRecorded {
    EvidenceRecorded {
        sha256: name.into(),
        size_bytes: 1,
        file_name: format!("{name}.jpg"),
        media_type: "image/jpeg".into(),
        note: None,
        taken_at: Some(format!("{taken}T10:00:00")),
        lon: at.map(|p| p.0),
        lat: at.map(|p| p.1),
        azimuth_deg: azimuth,
        device: None,
        ..EvidenceRecorded::default()
    }
}

fn progress(story: &Story, day: &str, files: &[&str]) -> ProgressReported {
    ProgressReported {
        issue: story.issue,
        to_on: day.parse().unwrap(),
        text: "推进".into(),
        evidence: files.iter().map(|f| (*f).to_owned()).collect(),
        ..ProgressReported::default()
    }
}

/// A story at work whose progress names one picture of it.
fn with_photo(photo: EvidenceRecorded) -> Story {
    let mut story = site().open("A").plan().start();
    let body = progress(&story, "2019-09-01", &[&photo.sha256]);
    story.add("责任单位", "2019-08-24", photo);
    story.add("责任单位", "2019-09-02", body);
    story
}

fn found(story: &Story) -> Vec<Finding> {
    let dossier = story.dossier();
    let issue = dossier.find_issue(story.issue).unwrap();
    of_issue(rules(), &dossier, issue, &given(story))
}

fn given(story: &Story) -> Given {
    let taken = story.entries.iter().map(|e| (e.entry.id, e.recorded_at));
    Given {
        recorded_at: taken.collect(),
        ..Given::default()
    }
}

fn codes(found: &[Finding]) -> Vec<(&str, Grade)> {
    found.iter().map(|f| (f.code, f.grade)).collect()
}

#[test]
fn an_honest_story_shows_nothing() {
    let story = site().closed("A");
    assert_eq!(codes(&found(&story)), []);
    let honest = with_photo(photo("p", "2019-08-30", Some(east(-80.0)), Some(90.0)));
    assert_eq!(codes(&found(&honest)), []);
}

#[rstest]
#[case(50.0, None)]
#[case(-380.0, None)]
#[case(-450.0, Some(Grade::Low))]
#[case(-1_200.0, Some(Grade::Medium))]
#[case(-3_500.0, Some(Grade::High))]
#[case(-500_000.0, Some(Grade::High))]
fn a_picture_from_elsewhere(#[case] metres: f64, #[case] grade: Option<Grade>) {
    let story = with_photo(photo("p", "2019-08-30", Some(east(metres)), None));
    let expected: Vec<_> = grade
        .map(|g| ("suspicion.photo_far", g))
        .into_iter()
        .collect();
    assert_eq!(codes(&found(&story)), expected);
}

#[test]
fn a_camera_that_knows_no_place_is_no_contradiction() {
    let story = with_photo(photo("p", "2019-08-30", Some((0.0, 0.0)), None));
    assert_eq!(codes(&found(&story)), []);
}

#[test]
fn a_picture_with_the_back_to_the_site() {
    let away = with_photo(photo("p", "2019-08-30", Some(east(-100.0)), Some(270.0)));
    assert_eq!(
        codes(&found(&away)),
        [("suspicion.azimuth_off", Grade::Low)]
    );
    let towards = with_photo(photo("p", "2019-08-30", Some(east(-100.0)), Some(45.0)));
    assert_eq!(codes(&found(&towards)), []);
    let within = with_photo(photo("p", "2019-08-30", Some(east(50.0)), Some(270.0)));
    assert_eq!(codes(&found(&within)), []);
}

/// Work began on 23 August and the progress claims 1 September.
#[rstest]
#[case("2019-08-21", Some(("suspicion.before_work", Grade::High)))]
#[case("2019-08-22", None)]
#[case("2019-09-02", None)]
#[case("2019-09-04", Some(("suspicion.after_claim", Grade::Medium)))]
fn a_picture_of_another_day(#[case] taken: &str, #[case] expected: Option<(&str, Grade)>) {
    let story = with_photo(photo("p", taken, None, None));
    let expected: Vec<_> = expected.into_iter().collect();
    assert_eq!(codes(&found(&story)), expected);
}

#[test]
fn a_look_back_with_pictures_from_before_the_close_out() {
    for (taken, expected) in [
        (
            "2019-10-01",
            vec![("suspicion.before_close_out", Grade::High)],
        ),
        ("2020-05-01", vec![]),
    ] {
        let mut story = site().closed("A");
        story.add("站长", "2020-05-02", photo("p", taken, None, None));
        let body = LookBackRecorded {
            issue: story.issue,
            looked_on: "2020-05-01".parse().unwrap(),
            level: "bureau".into(),
            result: "consolidated".into(),
            text: "巩固".into(),
            members: vec![
                crate::entries::Signature {
                    post: "甲岗".into(),
                    ..Default::default()
                },
                crate::entries::Signature {
                    post: "乙岗".into(),
                    ..Default::default()
                },
            ],
            evidence: vec!["p".into()],
            ..LookBackRecorded::default()
        };
        story.add("纪委", "2020-05-02", body);
        assert_eq!(codes(&found(&story)), expected, "{taken}");
    }
}

fn with_pair(before: EvidenceRecorded, after: EvidenceRecorded, stated: (f64, f64)) -> Story {
    let mut story = site().open("A").plan().start();
    let body = ProgressReported {
        photo_pairs: vec![PhotoPair {
            before: before.sha256.clone(),
            after: after.sha256.clone(),
            before_azimuth_deg: Some(stated.0),
            after_azimuth_deg: Some(stated.1),
        }],
        ..progress(&story, "2019-09-01", &[])
    };
    story.add("责任单位", "2019-08-24", before);
    story.add("责任单位", "2019-08-24", after);
    story.add("责任单位", "2019-09-02", body);
    story
}

#[rstest]
#[case::alike((-50.0, 350.0), (-40.0, 5.0), (352.0, 3.0), &[])]
#[case::turned((-50.0, 10.0), (-40.0, 80.0), (10.0, 80.0), &["suspicion.azimuths_differ"])]
#[case::stated_otherwise((-50.0, 80.0), (-40.0, 80.0), (80.0, 130.0), &["suspicion.azimuth_stated_otherwise"])]
#[case::apart((-50.0, 80.0), (-150.0, 80.0), (80.0, 80.0), &["suspicion.viewpoints_apart"])]
fn before_and_after_are_taken_from_one_spot(
    #[case] before: (f64, f64),
    #[case] after: (f64, f64),
    #[case] stated: (f64, f64),
    #[case] expected: &[&str],
) {
    let story = with_pair(
        photo("前", "2019-08-20", Some(east(before.0)), Some(before.1)),
        photo("后", "2019-09-01", Some(east(after.0)), Some(after.1)),
        stated,
    );
    let found = found(&story);
    let of_view = found.iter().filter(|f| f.suspicion == "photo_viewpoint");
    assert_eq!(of_view.map(|f| f.code).collect::<Vec<_>>(), expected);
}

#[test]
fn before_and_after_that_look_different_are_told_as_the_pictures_say() {
    let story = with_pair(
        photo("前", "2019-08-20", None, None),
        photo("后", "2019-09-01", None, None),
        (0.0, 0.0),
    );
    let dossier = story.dossier();
    let issue = dossier.find_issue(story.issue).unwrap();
    let mut known = given(&story);
    assert_eq!(of_issue(rules(), &dossier, issue, &known), []);
    known.elsewhere.insert(("前".into(), "后".into()));
    let found = of_issue(rules(), &dossier, issue, &known);
    assert_eq!(
        codes(&found),
        [("suspicion.viewpoint_differs", Grade::Medium)]
    );
}

#[test]
fn a_picture_from_before_taken_after_work_began() {
    let story = with_pair(
        photo("前", "2019-08-30", None, None),
        photo("后", "2019-09-01", None, None),
        (0.0, 0.0),
    );
    assert_eq!(
        codes(&found(&story)),
        [("suspicion.before_after_start", Grade::Medium)]
    );
}

/// The site has 10 000 m², 15 mu.
#[rstest]
#[case(&[("restored_mu", 17.0)], None)]
#[case(&[("restored_mu", 20.0)], Some(Grade::Medium))]
#[case(&[("restored_mu", 50.0)], Some(Grade::High))]
#[case(&[("demolished_m2", 30_000.0)], None)]
#[case(&[("demolished_m2", 50_000.0)], Some(Grade::Medium))]
#[case(&[("planted_trees", 40_000.0)], None)]
#[case(&[("planted_trees", 50_000.0)], Some(Grade::Medium))]
#[case(&[("debris_m3", 1e9)], None)]
fn more_than_the_site_holds(#[case] given: &[(&str, f64)], #[case] grade: Option<Grade>) {
    let story = site()
        .open("A")
        .plan()
        .start()
        .progress("2019-09-01", given);
    let expected: Vec<_> = grade
        .map(|g| ("suspicion.quantity_exceeds", g))
        .into_iter()
        .collect();
    assert_eq!(codes(&found(&story)), expected);
}

#[test]
fn quantities_of_several_reports_add_up_and_are_told_where_they_go_beyond() {
    let story = site().open("A").plan().start();
    let story = story
        .progress("2019-08-25", &[("sown_mu", 10.0)])
        .progress("2019-09-01", &[("sown_mu", 10.0)])
        .progress("2019-09-05", &[("sown_mu", 1.0)]);
    let found = found(&story);
    assert_eq!(
        codes(&found),
        [("suspicion.quantity_exceeds", Grade::Medium)]
    );
    let issue = story.folded();
    assert_eq!(found[0].about, issue.progress[1].entry_id.to_string());
    assert_eq!(found[0].args["times"], "1.4");
}

#[test]
fn a_restored_area_beyond_the_site() {
    let mut story = site().reported("A");
    for entry in &mut story.entries {
        if let EntryBody::RectificationReported(b) = &mut entry.entry.body {
            b.restored_area_m2 = Some(40_000.0);
        }
    }
    assert_eq!(
        codes(&found(&story)),
        [("suspicion.restored_too_much", Grade::High)]
    );
}

#[test]
fn steps_entered_within_minutes() {
    let mut story = site().closed("A");
    assert_eq!(codes(&found(&story)), []);
    let at: Timestamp = "2019-10-15T04:00:00Z".parse().unwrap();
    for (n, entry) in story.entries.iter_mut().enumerate() {
        entry.recorded_at = at + jiff::SignedDuration::from_secs(i64::try_from(n).unwrap());
    }
    let told = found(&story);
    assert_eq!(codes(&told), [("suspicion.steps_at_once", Grade::Medium)]);
    assert_eq!(told[0].args["minutes"], "1");
    // Two at a time are nothing.
    for (n, entry) in story.entries.iter_mut().enumerate() {
        let hours = i64::try_from(n / 2).unwrap();
        entry.recorded_at = at + jiff::SignedDuration::from_hours(hours);
    }
    assert_eq!(codes(&found(&story)), []);
}

#[rstest]
#[case("2019-12-20", "2020-01-10", true)]
#[case("2019-11-20", "2019-12-10", false)]
#[case("2019-10-01", "2019-10-20", false)]
fn planting_in_winter(#[case] from: &str, #[case] to: &str, #[case] is_told: bool) {
    let mut story = site().open("A").plan().start();
    let body = ProgressReported {
        from_on: Some(from.parse().unwrap()),
        quantities: quantities(&[("planted_trees", 200.0)]),
        ..progress(&story, to, &[])
    };
    story.add("责任单位", to, body);
    let found = found(&story);
    let told: Vec<&str> = found.iter().map(|f| f.code).collect();
    let expected: &[&str] = if is_told {
        &["suspicion.planted_in_winter"]
    } else {
        &[]
    };
    assert_eq!(told, expected);
}

#[test]
fn a_measure_of_planting_finished_in_winter() {
    let mut story = site().reported("A");
    for entry in &mut story.entries {
        match &mut entry.entry.body {
            EntryBody::PlanDrafted(b) => plan_trees(b),
            EntryBody::RectificationReported(b) => {
                b.measures[1].done_on = Some("2019-01-15".parse().unwrap());
            }
            _ => {}
        }
    }
    let found = found(&story);
    assert_eq!(
        codes(&found),
        [("suspicion.planted_in_winter", Grade::Medium)]
    );
    assert_eq!(found[0].args["measure"], "planted_trees");
}

fn plan_trees(plan: &mut PlanDrafted) {
    plan.measures[1].quantities = vec![Quantity {
        measure: "planted_trees".into(),
        value: 100.0,
        stated: None,
    }];
}

#[test]
fn winter_is_a_matter_of_place() {
    let season = &rules().season;
    assert!(season.is_winter(35.5, 12) && !season.is_winter(35.5, 11));
    assert!(season.is_winter(46.0, 11) && !season.is_winter(23.0, 1));
}

fn other(site: &str, likeness: Likeness) -> OtherPhoto {
    OtherPhoto {
        sha256: "旧".into(),
        site_code: site.into(),
        is_same_site: site == "S1",
        is_same_issue: site == "S1",
        role: None,
        is_of_verification: false,
        distance_m: None,
        likeness,
        share: 0.9,
    }
}

fn reuse(role: PhotoRole, other: OtherPhoto) -> Option<(&'static str, Grade)> {
    let entry = (EntryId::default(), 7);
    let found = reused_photo(rules(), "新", &[role], &[entry], &[other])?;
    assert_eq!(found.evidence, ["新", "旧"]);
    Some((found.code, found.grade))
}

#[test]
fn a_picture_of_another_site_is_judged_by_what_it_is_for() {
    let of = |role, likeness| reuse(role, other("S2", likeness)).unwrap().1;
    assert_eq!(of(PhotoRole::After, Likeness::Same), Grade::High);
    assert_eq!(of(PhotoRole::After, Likeness::Probable), Grade::Medium);
    assert_eq!(of(PhotoRole::Evidence, Likeness::Same), Grade::Medium);
    assert_eq!(of(PhotoRole::Before, Likeness::Same), Grade::Medium);
    let near = OtherPhoto {
        distance_m: Some(120.0),
        ..other("S2", Likeness::Same)
    };
    assert_eq!(
        reuse(PhotoRole::After, near),
        Some(("suspicion.photo_of_other_site", Grade::Medium))
    );
}

#[test]
fn a_site_s_own_pictures_are_judged_differently() {
    let own = other("S1", Likeness::Same);
    let before = OtherPhoto {
        role: Some(PhotoRole::Before),
        ..own.clone()
    };
    let verified = OtherPhoto {
        is_of_verification: true,
        ..own.clone()
    };
    let after = OtherPhoto {
        role: Some(PhotoRole::After),
        ..own.clone()
    };
    let earlier = OtherPhoto {
        is_same_issue: false,
        ..after.clone()
    };
    let fake = Some(("suspicion.before_as_after", Grade::High));
    assert_eq!(reuse(PhotoRole::After, before.clone()), fake);
    assert_eq!(reuse(PhotoRole::After, verified), fake);
    assert_eq!(reuse(PhotoRole::Before, before.clone()), None);
    assert_eq!(reuse(PhotoRole::Evidence, before), None);
    assert_eq!(reuse(PhotoRole::LookBack, own.clone()), None);
    assert_eq!(reuse(PhotoRole::After, own), None, "uploaded, then named");
    assert_eq!(reuse(PhotoRole::Evidence, after.clone()), None);
    assert_eq!(
        reuse(PhotoRole::LookBack, after),
        Some(("suspicion.look_back_again", Grade::High))
    );
    assert_eq!(
        reuse(PhotoRole::Effect, earlier),
        Some(("suspicion.photo_of_earlier_issue", Grade::Medium))
    );
}

#[rstest]
#[case(true, TextLikeness::Copied, Grade::High)]
#[case(true, TextLikeness::Similar, Grade::Medium)]
#[case(false, TextLikeness::Identical, Grade::Medium)]
#[case(false, TextLikeness::Similar, Grade::Low)]
fn a_copied_text_is_judged_by_what_it_is_for(
    #[case] is_main: bool,
    #[case] likeness: TextLikeness,
    #[case] grade: Grade,
) {
    let other = OtherText {
        reference: "e#opinion".into(),
        site_code: "S2".into(),
        is_same_site: false,
        likeness,
        share: 0.83,
    };
    let entry = (EntryId::default(), 7);
    let found = reused_text(rules(), "f#opinion", is_main, entry, &[other]).unwrap();
    assert_eq!((found.grade, found.args["percent"].as_str()), (grade, "83"));
    assert_eq!(reused_text(rules(), "f#opinion", is_main, entry, &[]), None);
}

/// Notes what is fresh, as the job does; says how many entries that were.
fn note(story: &mut Story, day: &str) -> Vec<EntryId> {
    let issue = story.folded();
    let fresh = fresh(&issue, found(story));
    let bodies: Vec<SuspicionFound> = fresh
        .iter()
        .map(|f| f.body(issue.id, "测试", "测试".into()))
        .collect();
    bodies
        .into_iter()
        .map(|b| story.add("系统", day, b))
        .collect()
}

#[test]
fn a_thing_is_noted_once_and_again_only_where_a_fake_is_handed_in_anew() {
    let mut story = with_photo(photo("p", "2019-08-30", Some(east(-3_500.0)), None));
    let first = note(&mut story, "2019-09-03");
    assert_eq!(first.len(), 1);
    assert_eq!(note(&mut story, "2019-09-04"), []);
    // Another picture from far away is another finding.
    story.add(
        "责任单位",
        "2019-09-05",
        photo("q", "2019-09-01", Some(east(-3_600.0)), None),
    );
    let body = progress(&story, "2019-09-05", &["q"]);
    story.add("责任单位", "2019-09-05", body);
    assert_eq!(note(&mut story, "2019-09-05").len(), 1);
    let judge = |verdict: &str, story: &mut Story| {
        let body = SuspicionJudged {
            issue: story.issue,
            suspicion: first[0],
            verdict: verdict.into(),
            reason: "实地看过".into(),
        };
        story.add("纪委", "2019-09-06", body);
    };
    let mut slip = story.clone();
    judge("slip", &mut slip);
    let again = progress(&slip, "2019-09-07", &["p"]);
    slip.add("责任单位", "2019-09-07", again);
    assert_eq!(note(&mut slip, "2019-09-08"), []);
    judge("fake", &mut story);
    assert_eq!(note(&mut story, "2019-09-06"), []);
    let again = progress(&story, "2019-09-07", &["p"]);
    story.add("责任单位", "2019-09-07", again);
    assert_eq!(note(&mut story, "2019-09-08").len(), 1);
    assert_eq!(note(&mut story, "2019-09-09"), []);
}

#[test]
fn many_pictures_of_one_kind_are_told_in_one() {
    let mut story = with_photo(photo("p", "2019-08-30", Some(east(-3_500.0)), None));
    story.add(
        "责任单位",
        "2019-09-01",
        photo("q", "2019-08-30", Some(east(-9_000.0)), None),
    );
    let body = progress(&story, "2019-09-01", &["q"]);
    story.add("责任单位", "2019-09-01", body);
    let issue = story.folded();
    let told = fresh(&issue, found(&story));
    assert_eq!(told.len(), 1);
    let args = told[0].told_args();
    assert_eq!((args["count"].as_str(), told[0].evidence.len()), ("2", 2));
    let farthest: f64 = args["distance"].parse().unwrap();
    assert!((farthest - 9_000.0).abs() < 20.0, "{args:?}");
    let body = told[0].body(issue.id, "测试", String::new());
    assert_eq!(body.entries.len(), 2);
}

#[test]
fn the_rules_as_shipped_have_no_fault_and_others_are_told() {
    let text = include_str!("../../../../campaigns/lvdun-2019/suspicions.toml");
    let (_, clean) = Suspicions::from_toml("suspicions.toml", text).unwrap();
    assert_eq!(clean, []);
    let broken = text
        .replace("low_m = 400.0", "low_m = 4000.0")
        .replace("months = [1]", "months = [13]");
    let (_, faults) = Suspicions::from_toml("suspicions.toml", &broken).unwrap();
    assert_eq!(faults.len(), 2, "{faults:?}");
}

#[test]
fn reports_and_measures_name_pictures() {
    let report = RectificationReported {
        completed_on: "2019-09-10".parse().unwrap(),
        measures: vec![MeasureDone {
            sequence: 1,
            evidence: vec!["m".into()],
            ..MeasureDone::default()
        }],
        photo_pairs: vec![PhotoPair {
            before: "b".into(),
            after: "a".into(),
            ..PhotoPair::default()
        }],
        ..RectificationReported::default()
    };
    let roles: Vec<_> = photos_of(&report.into())
        .into_iter()
        .map(|p| (p.sha256, p.role))
        .collect();
    let expected = [
        ("b", PhotoRole::Before),
        ("a", PhotoRole::After),
        ("m", PhotoRole::Effect),
    ];
    assert_eq!(roles, expected.map(|(s, r)| (s.to_owned(), r)));
}
