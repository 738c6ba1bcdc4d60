//! Tracks of real receivers are believed, scripted ones are not; coverage counts what was passed.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use domain::patrol::PatrolRules;
use domain::patrol::coverage::{Passage, of_cells, of_places, of_routes};
use domain::patrol::plausible::{Outing, Plausibility, Walked, at_once, judge};
use domain::suspicion::Grade;
use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon, line_string};
use jiff::civil::date;
use proptest::prelude::*;
use rstest::rstest;
use spatial::bounds::Limits;
use spatial::cells::CellGrid;
use spatial::track::{Fix, Tidied, read, tidy};

fn rules() -> PatrolRules {
    let text = include_str!("../../../campaigns/lvdun-2019/patrols.toml");
    let (rules, found) = PatrolRules::from_toml("patrols.toml", text).unwrap();
    assert_eq!(found, [], "the shipped table is whole");
    rules
}

fn judged(track: &Tidied, modes: &[&str], is_phone: bool) -> Plausibility {
    let modes: Vec<String> = modes.iter().map(|m| (*m).to_owned()).collect();
    let walked = Walked {
        modes: &modes,
        is_phone,
    };
    judge(track, &walked, &rules().plausible)
}

fn file(name: &str) -> Tidied {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/tracks");
    let bytes = std::fs::read(PathBuf::from(folder).join(name)).unwrap();
    let reading = read(name, &bytes, &Limits::default()).unwrap();
    let track = &reading.tracks[0];
    let rules = rules().tidy();
    tidy(&track.fixes, track.in_sequence, &track.breaks, &rules)
}

fn of(fixes: &[Fix]) -> Tidied {
    tidy(fixes, true, &[], &rules().tidy())
}

#[rstest]
#[case("gpx-crate/garmin-activity.gpx", &[])]
#[case("gpx-crate/garmin_with_extensions.gpx", &[])]
#[case("gpxpy/cerknicko-jezero.gpx", &[])]
#[case("gpxpy/korita-zbevnica.gpx", &[])]
#[case("gpxpy/around-visnjan-with-car.gpx", &["vehicle"])]
#[case("gpx-crate/gpsies_example.gpx", &[])]
#[case("gpx-crate/strava_route_example.gpx", &[])]
fn real_tracks_are_believed(#[case] name: &str, #[case] modes: &[&str]) {
    let judged = judged(&file(name), modes, false);
    assert!(judged.grade() < Some(Grade::Medium), "{name}: {judged:?}");
}

const START: i64 = 1_700_000_000_000;
/// Metres of a degree of longitude and of latitude at 35.5° north.
const LON_M: f64 = 90_620.0;
const LAT_M: f64 = 110_960.0;

/// What looks like chance and is the same every time: from 0 to 1.
fn wobble(n: i64) -> f64 {
    ((n * 7919) % 13) as f64 / 13.0
}

/// Fixes about every 15 s, as receivers have them, at metres east and north of a start.
fn steps(count: i64, place: impl Fn(i64) -> (f64, f64)) -> Vec<Fix> {
    let fixes = (0..count).map(|n| {
        let (east, north) = place(n);
        Fix {
            accuracy_m: Some(4.0 + 6.0 * wobble(n)),
            ..Fix::new(
                Some(START + n * 15_000 + n * 31 % 5 * 400),
                106.5 + east / LON_M,
                35.5 + north / LAT_M,
            )
        }
    });
    fixes.collect()
}

/// A person's uneven steps.
fn walk(count: i64) -> Vec<Fix> {
    steps(count, |n| {
        let east: f64 = (0..n).map(|i| 8.0 + 9.0 * wobble(i)).sum();
        (east, 40.0 * wobble(n * 3))
    })
}

fn drive(metres_a_step: f64) -> Vec<Fix> {
    steps(200, |n| (n as f64 * metres_a_step, 20.0 * wobble(n)))
}

fn still() -> Vec<Fix> {
    steps(400, |n| (wobble(n), 0.0))
}

fn drawn() -> Vec<Fix> {
    steps(60, |n| (n as f64 * 30.0 + 13.0 * wobble(n), 0.0))
}

fn generated() -> Vec<Fix> {
    let mut fixes = steps(100, |n| {
        let turn = n as f64 * 0.05;
        (300.0 * turn.cos(), 300.0 * turn.sin())
    });
    for (fix, n) in fixes.iter_mut().zip(0..) {
        fix.t = Some(START + n * 15_000);
    }
    fixes
}

fn silent() -> Vec<Fix> {
    let mut fixes = walk(30);
    let length = fixes[29].t.unwrap() - fixes[0].t.unwrap();
    for fix in &mut fixes[15..] {
        fix.t = fix.t.map(|t| t + 9 * length);
        fix.at.y += 0.01;
    }
    fixes
}

fn mocked() -> Vec<Fix> {
    let exact = |fix| Fix {
        accuracy_m: Some(0.0),
        ..fix
    };
    walk(60).into_iter().map(exact).collect()
}

#[test]
fn an_honest_walk_is_believed() {
    assert_eq!(judged(&of(&walk(200)), &["foot"], true).word(), "none");
    assert_eq!(judged(&of(&walk(12)), &["foot"], true).word(), "unjudged");
}

#[rstest]
#[case::driven(drive(150.0), "speed", Grade::High)]
#[case::cycled(drive(80.0), "speed", Grade::Medium)]
#[case::left_on_a_desk(still(), "standing", Grade::Medium)]
#[case::drawn(drawn(), "too_straight", Grade::High)]
#[case::generated(generated(), "even_steps", Grade::High)]
#[case::silent(silent(), "gaps", Grade::Medium)]
#[case::mocked(mocked(), "no_accuracy", Grade::Medium)]
fn scripted_tracks_are_doubted(#[case] fixes: Vec<Fix>, #[case] code: &str, #[case] grade: Grade) {
    let judged = judged(&of(&fixes), &["foot"], true);
    let found = judged.doubts.iter().find(|d| d.code == code);
    assert_eq!(found.map(|d| d.grade), Some(grade), "{judged:?}");
}

#[test]
fn a_drive_is_no_doubt_by_car_and_a_stand_none_by_drone() {
    let by_car = judged(&of(&drive(150.0)), &["foot", "vehicle"], true);
    assert_eq!(by_car.word(), "none");
    assert_eq!(judged(&of(&still()), &["drone"], true).word(), "none");
}

fn outing(patrol: &str, actor: &str, device: &str, from_ms: i64, lon: f64) -> Outing {
    Outing {
        patrol: patrol.to_owned(),
        leader: "后河保护站护林员".to_owned(),
        actor: actor.to_owned(),
        device: Some(device.to_owned()),
        from_ms,
        to_ms: from_ms + 3_600_000,
        at: Some(Coord { x: lon, y: 35.5 }),
    }
}

#[rstest]
#[case::one_phone(outing("b", "p-2", "d-1", 1_800_000, 106.5), Some("same_device"))]
#[case::two_places(outing("b", "p-1", "d-2", 1_800_000, 106.6), Some("overlap_person"))]
#[case::others(outing("b", "p-2", "d-2", 1_800_000, 106.6), None)]
#[case::one_after_the_other(outing("b", "p-1", "d-1", 3_600_000, 106.6), None)]
#[case::itself(outing("a", "p-1", "d-1", 0, 106.5), None)]
fn two_patrols_at_once_are_held_against_each_other(
    #[case] other: Outing,
    #[case] code: Option<&str>,
) {
    let one = outing("a", "p-1", "d-1", 0, 106.5);
    let found = at_once(&one, &other, &rules().plausible);
    assert_eq!(found.first().map(|d| d.code.as_str()), code);
    assert!(found.len() <= 1, "{found:?}");
}

fn territory() -> MultiPolygon<f64> {
    let ring = vec![
        (106.50, 35.50),
        (106.55, 35.50),
        (106.55, 35.54),
        (106.50, 35.54),
    ];
    MultiPolygon(vec![Polygon::new(ring.into(), vec![])])
}

fn passage<'t>(patrol: &'t str, day: i8, line: &'t LineString<f64>) -> Passage<'t> {
    Passage {
        patrol,
        day: date(2026, 11, day),
        line,
        seconds: 3_600.0,
    }
}

#[test]
fn cells_sites_and_routes_are_covered_by_what_passed_them() {
    let rules = rules().coverage;
    let grid = CellGrid::over(&territory(), rules.cell_m).unwrap();
    let along = line_string![(x: 106.501, y: 35.501), (x: 106.549, y: 35.501)];
    let back = line_string![(x: 106.549, y: 35.501), (x: 106.501, y: 35.501)];
    let passages = [passage("p1", 3, &along), passage("p2", 9, &back)];
    let cells = of_cells(grid, &territory(), &passages, &rules);
    assert_eq!(cells.cells.len(), 90, "nine rows of ten");
    assert_eq!(cells.visited(), 9, "the south row without its last cell");
    let seconds: f64 = cells.cells.values().map(|v| v.seconds).sum();
    assert!((seconds - 7_200.0).abs() < 1.0, "{seconds}");
    let by_both = cells.cells.values().filter(|v| v.patrols.len() == 2);
    assert_eq!(by_both.count(), 9);
    let last = cells.cells.values().filter_map(|v| v.last).max();
    assert_eq!(last, Some(date(2026, 11, 9)));

    let at = |lon: f64, lat: f64| Geometry::Point((lon, lat).into());
    let places = [("near", at(106.52, 35.5013)), ("far", at(106.52, 35.51))];
    let seen = of_places(&places, &passages, rules.near_site_m);
    assert!(seen["near"].is_visited() && !seen["far"].is_visited());
    assert_eq!(seen["near"].last, Some(date(2026, 11, 9)));

    let route = line_string![(x: 106.51, y: 35.501), (x: 106.52, y: 35.501), (x: 106.52, y: 35.52)];
    let routes = of_routes(&[("R1", vec![route])], &passages, &rules);
    let r = &routes["R1"];
    assert!((r.length_m - 3_015.0).abs() < 10.0, "{}", r.length_m);
    assert!((900.0..1_000.0).contains(&r.walked_m), "{}", r.walked_m);
    assert_eq!((r.unwalked.len(), r.patrols.len()), (1, 2));
}

#[test]
fn a_corner_cut_is_no_visit() {
    let rules = rules().coverage;
    let grid = CellGrid::over(&territory(), rules.cell_m).unwrap();
    // A cell is 0.005518° wide and 0.004506° high here: the middle of this line passes 30 m through a third cell.
    let cut = line_string![(x: 106.50532, y: 35.5044), (x: 106.5057, y: 35.5047)];
    let cells = of_cells(grid, &territory(), &[passage("p", 1, &cut)], &rules);
    let traces = grid.traces(&cut);
    assert_eq!(traces.len(), 3, "{traces:?}");
    assert_eq!(cells.visited(), 2, "only where a fix lies");
}

proptest! {
    #[test]
    fn more_tracks_never_cover_less(
        steps in prop::collection::vec((0.0..0.05_f64, 0.0..0.04_f64), 2..12), cut in 1_usize..11,
    ) {
        let rules = rules().coverage;
        let grid = CellGrid::over(&territory(), rules.cell_m).unwrap();
        let place = |(x, y): &(f64, f64)| Coord { x: 106.5 + x, y: 35.5 + y };
        let points: Vec<Coord<f64>> = steps.iter().map(place).collect();
        let cut = cut.min(points.len() - 1);
        let first = LineString(points[..=cut].to_vec());
        let second = LineString(points[cut..].to_vec());
        let passages = [passage("a", 1, &first), passage("b", 2, &second)];
        let one = of_cells(grid, &territory(), &passages[..1], &rules);
        let both = of_cells(grid, &territory(), &passages, &rules);
        prop_assert!(both.visited() >= one.visited());
        for (cell, visits) in &one.cells {
            prop_assert!(both.cells[cell].patrols.is_superset(&visits.patrols));
        }
    }
}

#[test]
fn a_table_with_a_cell_of_no_size_is_reported() {
    let text = include_str!("../../../campaigns/lvdun-2019/patrols.toml");
    let text = text.replace("cell_m = 500.0", "cell_m = 0.0");
    let (_, found) = PatrolRules::from_toml("patrols.toml", &text).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].code, "campaign.patrol_figure");
}
