//! Tracks of real receivers, and what must hold of any.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use geo_types::{Coord, MultiPolygon, Polygon};
use proptest::prelude::*;
use rstest::rstest;
use spatial::bounds::Limits;
use spatial::cells::{CellGrid, CellId};
use spatial::geodesic::{distance_m, line_length_m};
use spatial::track::{
    Fix, GapWhy, RawTrack, Tidied, TidyRules, fastest_mps, fingerprint, instant_of, likeness, read,
    simplify, standing_share, tidy, write_fixes,
};

fn folder() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/tracks"
    ))
}

fn tracks_of(file: &str) -> Vec<RawTrack> {
    let bytes = std::fs::read(folder().join(file)).unwrap();
    read(file, &bytes, &Limits::default()).unwrap().tracks
}

fn tidied(track: &RawTrack) -> Tidied {
    let rules = TidyRules::default();
    tidy(&track.fixes, track.in_sequence, &track.breaks, &rules)
}

fn only(file: &str) -> Tidied {
    let tracks = tracks_of(file);
    assert_eq!(tracks.len(), 1, "{file}");
    tidied(&tracks[0])
}

#[test]
fn every_track_of_the_collection_is_read_and_measured() {
    let mut lines = Vec::new();
    for set in ["gpx-crate", "gpxpy"] {
        let files = std::fs::read_dir(folder().join(set)).unwrap();
        let mut names: Vec<String> = files
            .map(|f| f.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|n| n.ends_with(".gpx"))
            .collect();
        names.sort();
        for name in names {
            for track in tracks_of(&format!("{set}/{name}")) {
                let t = tidied(&track);
                lines.push(format!(
                    "{name} #{}: read {} distinct {} refused {} drifts {} segments {} gaps {} timed {} {:.0} m, moving {:.0} s of {:.0} s, fastest {:.1} m/s, standing {:.0} %",
                    track.number,
                    t.read,
                    t.distinct,
                    t.refused,
                    t.drifts.len(),
                    t.segments.len(),
                    t.gaps.len(),
                    t.is_timed,
                    t.length_m,
                    t.moving_s,
                    t.duration_s(),
                    fastest_mps(&t, 60.0, 600.0),
                    standing_share(&t, 25.0) * 100.0,
                ));
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[rstest]
#[case("gpxpy/cerknicko-jezero-no-creator.gpx")]
#[case("gpxpy/cerknicko-jezero-with-elevations-zero.gpx")]
fn the_same_walk_under_another_name_has_the_same_fingerprint(#[case] copy: &str) {
    let (walk, copy) = (tracks_of("gpxpy/cerknicko-jezero.gpx"), tracks_of(copy));
    assert_eq!(walk.len(), copy.len());
    for (walk, copy) in walk.iter().zip(&copy) {
        assert_eq!(fingerprint(&tidied(walk)), fingerprint(&tidied(copy)));
    }
    let other = only("gpx-crate/garmin-activity.gpx");
    assert_ne!(fingerprint(&tidied(&walk[0])), fingerprint(&other));
}

#[test]
fn a_copy_that_lost_a_time_is_still_like() {
    let walk = tracks_of("gpxpy/cerknicko-jezero.gpx");
    let copy = tracks_of("gpxpy/cerknicko-jezero-without-elevations.gpx");
    for (walk, copy) in walk.iter().zip(&copy) {
        let share = likeness(&tidied(walk), &tidied(copy), 10.0, 5.0).share;
        assert!(share > 0.9, "{share}");
    }
}

#[test]
fn a_copy_shifted_by_a_little_is_like_and_another_walk_is_not() {
    let walk = only("gpx-crate/garmin-activity.gpx");
    let mut copy = walk.clone();
    for fix in &mut copy.fixes {
        fix.at.x += 0.00005;
        fix.t = fix.t.map(|t| t + 2_000);
    }
    assert!(likeness(&walk, &copy, 10.0, 5.0).share > 0.99);
    let mut later = walk.clone();
    for fix in &mut later.fixes {
        fix.t = fix.t.map(|t| t + 86_400_000);
    }
    assert_eq!(
        likeness(&walk, &later, 10.0, 5.0).share,
        0.0,
        "the same way on another day"
    );
    let mut untimed = walk.clone();
    untimed.is_timed = false;
    untimed.fixes.retain(|f| f.t.is_some_and(|t| t % 3 != 0));
    assert!(
        likeness(&walk, &untimed, 10.0, 5.0).share > 0.99,
        "times taken out of the copy"
    );
}

/// A fix of a walk along a parallel: `second` and metres east of the start.
fn fix(second: i64, metres: f64) -> Fix {
    let (lon_m, _) = spatial::geodesic::degree_lengths_m(35.5);
    Fix::new(
        Some(1_700_000_000_000 + second * 1000),
        106.5 + metres / lon_m,
        35.5,
    )
}

fn walked(fixes: &[Fix]) -> Tidied {
    tidy(fixes, true, &[], &TidyRules::default())
}

#[test]
fn a_gap_is_neither_walked_nor_summed() {
    let mut fixes: Vec<Fix> = (0..10).map(|n| fix(n * 10, n as f64 * 10.0)).collect();
    fixes.extend((0..10).map(|n| fix(1_000 + n * 10, 5_000.0 + n as f64 * 10.0)));
    let t = walked(&fixes);
    assert_eq!((t.segments.len(), t.gaps.len()), (2, 1));
    assert!((t.length_m - 180.0).abs() < 0.01, "{}", t.length_m);
    assert_eq!((t.gap_s, t.moving_s), (910.0, 180.0));
    assert!((t.gaps[0].distance_m() - 4_910.0).abs() < 0.1);
}

#[test]
fn a_rest_without_moving_is_no_gap_until_half_an_hour() {
    let rest = |seconds: i64| {
        walked(&[
            fix(0, 0.0),
            fix(10, 10.0),
            fix(10 + seconds, 20.0),
            fix(20 + seconds, 30.0),
        ])
    };
    assert_eq!(rest(1_500).gaps.len(), 0);
    assert_eq!(rest(1_900).gaps.len(), 1);
}

#[test]
fn a_break_the_phone_noted_is_a_gap_however_short() {
    let fixes = [fix(0, 0.0), fix(15, 20.0), fix(45, 40.0), fix(60, 60.0)];
    let from = fixes[1].t.unwrap();
    let breaks = [(GapWhy::Hidden, from + 1, from + 29_000)];
    let t = tidy(&fixes, true, &breaks, &TidyRules::default());
    assert_eq!(t.gaps.len(), 1);
    assert_eq!((t.gaps[0].why, t.gap_s), (GapWhy::Hidden, 30.0));
    assert!((t.length_m - 40.0).abs() < 0.01);
}

#[rstest]
#[case::amid(5)]
#[case::first(0)]
#[case::last(9)]
fn a_single_leap_is_left_out_of_the_length(#[case] at: usize) {
    let mut fixes: Vec<Fix> = (0..10).map(|n| fix(n * 10, n as f64 * 10.0)).collect();
    fixes[at].at.y += 0.02;
    let t = walked(&fixes);
    assert_eq!(t.drifts.len(), 1);
    assert!(t.length_m <= 90.01, "{}", t.length_m);
    assert_eq!(t.distinct, 10, "it is counted among what was read");
}

#[test]
fn what_cannot_be_a_position_is_refused_and_counted() {
    let mut fixes: Vec<Fix> = (0..4).map(|n| fix(n * 10, n as f64 * 10.0)).collect();
    fixes.push(Fix::new(fixes[0].t, 0.0, 0.0));
    fixes.push(Fix::new(fixes[1].t, 106.5, 152.0));
    fixes.push(Fix {
        accuracy_m: Some(900.0),
        ..fix(50, 50.0)
    });
    let t = walked(&fixes);
    assert_eq!((t.read, t.distinct, t.refused, t.fixes.len()), (7, 7, 3, 4));
}

#[test]
fn times_of_1901_are_not_used() {
    let mut fixes: Vec<Fix> = (0..30).map(|n| fix(n * 10, n as f64 * 10.0)).collect();
    assert!(walked(&fixes).is_timed);
    for fix in &mut fixes {
        fix.t = fix.t.map(|t| t - 4_000_000_000_000);
    }
    assert!(!walked(&fixes).is_timed);
}

#[test]
fn standing_and_speed_are_those_of_the_way() {
    let still: Vec<Fix> = (0..200).map(|n| fix(n * 15, (n % 3) as f64)).collect();
    assert!(standing_share(&walked(&still), 25.0) > 0.99);
    let ride: Vec<Fix> = (0..100).map(|n| fix(n * 5, n as f64 * 100.0)).collect();
    let t = walked(&ride);
    assert!((fastest_mps(&t, 60.0, 600.0) - 20.0).abs() < 0.01);
    assert!(standing_share(&t, 25.0) < 0.02);
}

#[rstest]
#[case("2024-01-01T05:50:21.571Z", Some((1_704_088_221_571, false)))]
#[case("2024-01-01 13:50:21.571", Some((1_704_088_221_571, true)))]
#[case("2024/01/01 13:50", Some((1_704_088_200_000, true)))]
#[case("2024-01-01 05:50:21.571000+00:00", Some((1_704_088_221_571, false)))]
#[case("2024-01-01", None)]
#[case("yesterday", None)]
fn instants_are_read_as_tables_write_them(
    #[case] text: &str,
    #[case] expected: Option<(i64, bool)>,
) {
    let stamped = instant_of(text).map(|s| (s.t, s.is_zone_supposed));
    assert_eq!(stamped, expected);
}

#[test]
fn a_file_of_more_fixes_than_anybody_walks_is_refused_and_a_line_without_end_passed_over() {
    let few = Limits {
        vertices: 2,
        ..Limits::default()
    };
    let head = "{\"v\":1}\n";
    let line = "[1546300800000,106.5,35.5]\n";
    let bytes = format!("{head}{}", line.repeat(2));
    assert!(read("track", bytes.as_bytes(), &few).is_ok());
    let bytes = format!("{head}{}", line.repeat(3));
    assert!(read("track", bytes.as_bytes(), &few).is_err());
    let endless = format!("{head}[{}0]\n{line}", "0,".repeat(100_000));
    let reading = read("track", endless.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(reading.tracks[0].fixes.len(), 1);
    assert_eq!(reading.diagnostics[0].code, "track.lines_unread");
}

#[test]
fn lines_a_phone_could_not_finish_are_told() {
    let text = b"{\"v\":1,\"device_id\":\"d\"}\n[1700000000000,106.5,35.5,1800,6,null,null]\n{\"gap\":\"killed\",\"from\":1700000001000,\"to\":1700000031000}\n[1700000060000,106.501,35.5,null,8,1.2,90]\n[17000000";
    let reading = read("t.jsonl", text, &Limits::default()).unwrap();
    assert_eq!(reading.format, "fixes");
    let track = &reading.tracks[0];
    assert_eq!((track.fixes.len(), track.breaks.len()), (2, 1));
    assert_eq!(track.fixes[0].altitude_m, Some(1800.0));
    assert_eq!(reading.diagnostics[0].code, "track.lines_unread");
}

fn fixes() -> impl Strategy<Value = Vec<Fix>> {
    let one = (0..400_i64, 0..300_i32, 0..300_i32);
    prop::collection::vec(one, 2..60).prop_map(|steps| {
        let mut t = 1_700_000_000_000;
        let all = steps.into_iter().map(|(dt, x, y)| {
            t += 1000 + dt * 1000;
            Fix::new(
                Some(t),
                106.5 + f64::from(x) * 1e-4,
                35.5 + f64::from(y) * 1e-4,
            )
        });
        all.collect()
    })
}

proptest! {
    #[test]
    fn telling_a_fix_twice_changes_nothing(fixes in fixes(), again in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let once = walked(&fixes);
        let mut twice = fixes.clone();
        twice.extend(again.iter().map(|i| *i.get(&fixes)));
        let twice = tidy(&twice, false, &[], &TidyRules::default());
        prop_assert_eq!(twice.read - twice.distinct, again.len());
        prop_assert_eq!(fingerprint(&once), fingerprint(&twice));
        prop_assert_eq!(once.length_m, twice.length_m);
    }

    #[test]
    fn parts_make_up_the_whole(fixes in fixes()) {
        let t = walked(&fixes);
        prop_assert_eq!(t.fixes.len() + t.drifts.len() + t.refused, t.distinct);
        let held: usize = t.segments.iter().map(|s| s.range.len()).sum();
        prop_assert_eq!(held, t.fixes.len());
        let in_segments: f64 = t.segments.iter().map(|s| {
            let of = t.of(s);
            (of[of.len() - 1].t.unwrap() - of[0].t.unwrap()) as f64 / 1000.0
        }).sum();
        prop_assert!((in_segments + t.gap_s - t.duration_s()).abs() < 1e-6);
        prop_assert!(t.moving_s <= in_segments + 1e-6);
    }

    #[test]
    fn a_simplified_line_stays_near_and_keeps_its_ends(fixes in fixes()) {
        let line = simplify(&fixes, 2.0);
        prop_assert_eq!(line.0.first(), Some(&fixes[0].at));
        prop_assert_eq!(line.0.last(), Some(&fixes[fixes.len() - 1].at));
        for fix in &fixes {
            let off = spatial::ways::distance_to_m(fix.at, std::slice::from_ref(&line)).unwrap();
            prop_assert!(off < 2.01, "{}", off);
        }
    }

    #[test]
    fn fixes_are_written_and_read_alike(fixes in fixes()) {
        let track = RawTrack { number: 1, in_sequence: true, fixes, ..RawTrack::default() };
        let bytes = write_fixes(&track, &serde_json::json!({ "subject": "x" }));
        let reading = read("a.jsonl", &bytes, &Limits::default()).unwrap();
        prop_assert_eq!(&reading.tracks[0].fixes, &track.fixes);
    }

    #[test]
    fn cells_share_out_territory_and_way(
        corners in prop::collection::vec((0.0..0.05_f64, 0.0..0.05_f64), 3..8), way in fixes(),
    ) {
        let ring: Vec<Coord<f64>> = convex(&corners);
        prop_assume!(ring.len() > 2);
        let territory = MultiPolygon(vec![Polygon::new(ring.into(), vec![])]);
        let grid = CellGrid::over(&territory, 500.0).unwrap();
        let shares: f64 = grid.cells_of(&territory, 0.0).values().sum();
        let area = spatial::geodesic::multi_polygon_area_m2(&territory);
        // Edges are straight in the grid and the shortest on the ellipsoid: they part by decimetres.
        let slack = area * 1e-3 + spatial::geodesic::perimeter_m(&territory.0[0]) * 0.3;
        prop_assert!((shares * 250_000.0 - area).abs() < slack, "{} {}", shares * 250_000.0, area);
        let line = geo_types::LineString(way.iter().map(|f| f.at).collect());
        let passed: f64 = grid.traces(&line).values().map(|t| t.length_m).sum();
        let length = line_length_m(&line);
        prop_assert!((passed - length).abs() < length * 1e-2 + 0.1, "{} {}", passed, length);
    }

    #[test]
    fn a_position_lies_in_the_square_of_its_cell(x in -0.2..0.2_f64, y in -0.2..0.2_f64) {
        use geo::BoundingRect;
        let square = Polygon::new(vec![(106.4, 35.4), (106.7, 35.4), (106.7, 35.7), (106.4, 35.7)].into(), vec![]);
        let grid = CellGrid::over(&MultiPolygon(vec![square]), 500.0).unwrap();
        let at = Coord { x: 106.5 + x, y: 35.5 + y };
        let cell = grid.cell_at(at);
        let bounds = grid.square(cell).bounding_rect().unwrap();
        prop_assert!(bounds.min().x <= at.x + 1e-9 && at.x <= bounds.max().x + 1e-9);
        prop_assert!(bounds.min().y <= at.y + 1e-9 && at.y <= bounds.max().y + 1e-9);
        prop_assert_eq!(cell.to_string().parse::<CellId>(), Ok(cell));
    }
}

/// A ring around points: their hull.
fn convex(corners: &[(f64, f64)]) -> Vec<Coord<f64>> {
    use geo::ConvexHull;
    let points: geo_types::MultiPoint<f64> = corners
        .iter()
        .map(|(x, y)| (106.4 + x, 35.4 + y))
        .collect::<Vec<_>>()
        .into();
    points.convex_hull().exterior().0.clone()
}

#[test]
fn a_hole_is_no_territory() {
    let grid_over = |polygon: Polygon<f64>| {
        let territory = MultiPolygon(vec![polygon]);
        let grid = CellGrid::over(&territory, 500.0).unwrap();
        grid.cells_of(&territory, 0.05).len()
    };
    let outer = vec![
        (106.40, 35.40),
        (106.50, 35.40),
        (106.50, 35.50),
        (106.40, 35.50),
    ];
    let hole = vec![
        (106.42, 35.42),
        (106.48, 35.42),
        (106.48, 35.48),
        (106.42, 35.48),
    ];
    let whole = grid_over(Polygon::new(outer.clone().into(), vec![]));
    let holed = grid_over(Polygon::new(outer.into(), vec![hole.into()]));
    let away = distance_m(
        Coord {
            x: 106.42,
            y: 35.45,
        },
        Coord {
            x: 106.48,
            y: 35.45,
        },
    ) / 500.0;
    assert!(
        whole - holed > ((away - 2.0) * (away - 2.0)) as usize,
        "{whole} {holed}"
    );
}
