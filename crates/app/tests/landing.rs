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
        name: Some(name_key(name)),
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
