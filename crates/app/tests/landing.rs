//! Which site a clue belongs to: the stated rules, one by one.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use app::landing::{Decision, Known, SiteBook, Sought, name_key};
use domain::campaign::Thresholds;
use domain::ids::SiteId;
use geo_types::{Geometry, Point, Rect};
use jiff::Timestamp;

fn site(n: u8, name: &str, activity: &str, geometry: Option<Geometry<f64>>, code: &str) -> Known {
    Known {
        site_id: SiteId::derived(Timestamp::UNIX_EPOCH, &[&[n]]),
        site_code: format!("2019-620802-HH-{n:04}"),
        names: [name_key(name)].into(),
        activity_type_code: Some(activity.to_owned()),
        township: None,
        geometry,
        codes: [app::landing::code_key(code)].into(),
    }
}

/// A square of about `metres` at a distance of `east` metres from the first site.
fn square(east: f64, metres: f64) -> Geometry<f64> {
    let degree = 1.0 / 90_700.0;
    let (x, y) = (106.5 + east * degree, 35.5);
    Rect::new((x, y), (x + metres * degree, y + metres / 110_950.0))
        .to_polygon()
        .into()
}

fn book() -> SiteBook {
    let sites = vec![
        site(
            1,
            "演示采石场一号",
            "A04",
            Some(square(0.0, 100.0)),
            "201901-62-N1-013-MD-0001",
        ),
        site(2, "演示农家乐（二号）", "A06", None, "LD2017-7"),
    ];
    SiteBook::new(sites, Thresholds::default())
}

fn rule(decision: &Decision) -> String {
    match decision {
        Decision::Same(p) => format!("{} {}", p.rule, p.site_code),
        Decision::New => "new".to_owned(),
        Decision::Doubtful { reason, proposals } => format!("{reason} {}", proposals.len()),
    }
}

fn check(sought: &Sought<'_>, expected: &str) {
    assert_eq!(rule(&book().decide(sought)), expected);
}

#[test]
fn the_same_number_in_any_writing_is_the_same_site() {
    let codes = vec!["２０１９０１－62－n1－013－MD－0001"];
    check(
        &Sought {
            codes,
            ..Sought::default()
        },
        "same_code 2019-620802-HH-0001",
    );
}

#[test]
fn the_same_number_far_away_is_a_doubt() {
    let far = square(5_000.0, 50.0);
    let codes = vec!["201901-62-N1-013-MD-0001"];
    check(
        &Sought {
            codes,
            geometry: Some(&far),
            ..Sought::default()
        },
        "same_code_far_apart 1",
    );
}

#[test]
fn an_outline_over_most_of_a_known_one_is_the_same_site() {
    let moved = square(20.0, 100.0);
    check(
        &Sought {
            geometry: Some(&moved),
            ..Sought::default()
        },
        "overlap 2019-620802-HH-0001",
    );
}

#[test]
fn a_point_near_and_of_the_same_kind_is_the_same_site() {
    let point = Geometry::Point(Point::new(106.5 - 30.0 / 90_700.0, 35.5));
    let alike = Sought {
        geometry: Some(&point),
        activity_type_code: Some("A04"),
        ..Sought::default()
    };
    check(&alike, "near_and_alike 2019-620802-HH-0001");
}

#[test]
fn a_point_near_but_of_another_kind_is_a_site_of_its_own() {
    let point = Geometry::Point(Point::new(106.5 - 30.0 / 90_700.0, 35.5));
    check(
        &Sought {
            geometry: Some(&point),
            activity_type_code: Some("A02"),
            ..Sought::default()
        },
        "new",
    );
}

#[test]
fn a_point_near_of_unknown_kind_waits_for_a_person() {
    let point = Geometry::Point(Point::new(106.5 - 30.0 / 90_700.0, 35.5));
    check(
        &Sought {
            geometry: Some(&point),
            ..Sought::default()
        },
        "near_but_not_surely_same 1",
    );
}

#[test]
fn without_a_position_the_whole_name_decides_or_nobody() {
    check(
        &Sought {
            name: Some("演示农家乐(二号)"),
            ..Sought::default()
        },
        "same_name 2019-620802-HH-0002",
    );
    check(
        &Sought {
            name: Some("演示农家乐"),
            ..Sought::default()
        },
        "no_position 0",
    );
}

#[test]
fn a_site_registered_a_moment_ago_is_found_like_an_old_one() {
    let mut book = book();
    book.add(site(
        3,
        "演示砖厂",
        "A03",
        Some(square(2_000.0, 80.0)),
        "X-3",
    ));
    let again = square(2_010.0, 80.0);
    let decision = book.decide(&Sought {
        geometry: Some(&again),
        ..Sought::default()
    });
    assert_eq!(rule(&decision), "overlap 2019-620802-HH-0003");
}

fn named_in(text: &str, township: &str) -> String {
    let sites = vec![
        Known {
            township: Some("麻武乡".to_owned()),
            ..site(1, "演示采石场二号", "A04", None, "X-1")
        },
        Known {
            township: Some("峡门乡".to_owned()),
            ..site(2, "演示采石场十二号", "A04", None, "X-2")
        },
    ];
    let book = SiteBook::new(sites, Thresholds::default());
    rule(&book.decide(&Sought {
        texts: vec![text],
        township: Some(township).filter(|t| !t.is_empty()),
        ..Sought::default()
    }))
}

#[test]
fn a_sentence_that_names_one_site_means_it() {
    assert_eq!(
        named_in("麻武乡某村，演示采石场2号（原址）附近", ""),
        "named_in_text 2019-620802-HH-0001"
    );
    assert_eq!(
        named_in("演示采石场十二号夜间开采", "峡门乡"),
        "named_in_text 2019-620802-HH-0002"
    );
}

#[test]
fn a_sentence_that_names_several_or_one_of_another_township_waits_for_a_person() {
    assert_eq!(
        named_in("演示采石场二号与演示采石场十二号之间", ""),
        "several_named_in_text 2"
    );
    assert_eq!(
        named_in("演示采石场二号", "峡门乡"),
        "named_in_another_township 1"
    );
    assert_eq!(named_in("村口的采石场", ""), "no_position 0");
}

#[test]
fn an_unknown_name_is_not_the_site_its_description_mentions() {
    let decision = book().decide(&Sought {
        name: Some("演示弃渣场"),
        texts: vec!["位于演示采石场一号东侧"],
        ..Sought::default()
    });
    assert_eq!(rule(&decision), "no_position 1");
}

#[test]
fn of_two_near_sites_of_one_kind_the_one_that_bears_the_name_is_meant() {
    let sites = vec![
        site(1, "演示采石场一号", "A04", Some(square(0.0, 20.0)), "X-1"),
        site(2, "演示采石场二号", "A04", Some(square(60.0, 20.0)), "X-2"),
    ];
    let book = SiteBook::new(sites, Thresholds::default());
    let between = Geometry::Point(Point::new(106.5 + 40.0 / 90_700.0, 35.5));
    let mut sought = Sought {
        activity_type_code: Some("A04"),
        geometry: Some(&between),
        ..Sought::default()
    };
    assert_eq!(rule(&book.decide(&sought)), "several_alike 2");
    sought.texts = vec!["反映演示采石场2号扬尘"];
    assert_eq!(
        rule(&book.decide(&sought)),
        "near_and_alike 2019-620802-HH-0002"
    );
    sought.texts.clear();
    sought.name = Some("峡门乡演示采石场一号");
    assert_eq!(
        rule(&book.decide(&sought)),
        "near_and_alike 2019-620802-HH-0001"
    );
}

#[test]
fn a_coarse_position_does_not_speak_against_the_name() {
    let rounded = square(600.0, 1.0);
    let mut sought = Sought {
        name: Some("演示采石场一号"),
        geometry: Some(&rounded),
        precision_m: Some(1_000.0),
        ..Sought::default()
    };
    check(&sought, "same_name 2019-620802-HH-0001");
    sought.precision_m = Some(10.0);
    check(&sought, "same_name_far_apart 1");
}

#[test]
fn a_name_learned_from_a_later_source_finds_the_site() {
    let mut book = book();
    let first = book.find_by_code("LD2017-7").unwrap().site_id;
    book.learn_name(first, "山里人家");
    let decision = book.decide(&Sought {
        name: Some("山里人家"),
        ..Sought::default()
    });
    assert_eq!(rule(&decision), "same_name 2019-620802-HH-0002");
}

#[test]
fn a_verification_explains_the_only_unexplained_patch_nearby() {
    let patch = Known {
        names: std::collections::BTreeSet::new(),
        activity_type_code: None,
        ..site(
            1,
            "",
            "",
            Some(square(0.0, 20.0)),
            "201901-62-N1-013-MD-0001",
        )
    };
    let book = SiteBook::new(vec![patch], Thresholds::default());
    let near = Geometry::Point(Point::new(106.5 - 30.0 / 90_700.0, 35.5));
    let mut sought = Sought {
        name: Some("演示弃渣堆放点三号"),
        activity_type_code: Some("A11"),
        geometry: Some(&near),
        ..Sought::default()
    };
    assert_eq!(rule(&book.decide(&sought)), "near_but_not_surely_same 1");
    sought.is_on_the_spot = true;
    assert_eq!(
        rule(&book.decide(&sought)),
        "near_unexplained 2019-620802-HH-0001"
    );
}

#[test]
fn one_number_given_to_two_names_at_two_places_is_a_doubt() {
    let apart = square(900.0, 20.0);
    let mut sought = Sought {
        codes: vec!["201901-62-N1-013-MD-0001"],
        name: Some("演示登山步道二号"),
        geometry: Some(&apart),
        ..Sought::default()
    };
    check(&sought, "same_code_other_name 1");
    sought.name = Some("演示采石场1号");
    check(&sought, "same_code 2019-620802-HH-0001");
}

#[test]
fn words_that_stand_for_no_name_make_no_two_places_one() {
    let sites = vec![Known {
        names: std::collections::BTreeSet::new(),
        ..site(1, "", "A04", Some(square(0.0, 20.0)), "X-1")
    }];
    let mut book = SiteBook::new(sites, Thresholds::default());
    let only = book.find_by_code("X-1").unwrap().site_id;
    book.learn_name(only, "疑似变化区域");
    let elsewhere = square(5_000.0, 20.0);
    let decision = book.decide(&Sought {
        name: Some("疑似变化区域"),
        geometry: Some(&elsewhere),
        ..Sought::default()
    });
    assert_eq!(rule(&decision), "new");
}
