#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use super::*;
use proptest::prelude::*;
use rstest::rstest;

const RESERVE: [f64; 4] = [106.4364, 35.3881, 106.6206, 35.6461];

fn here() -> Expectation {
    Expectation::within(RESERVE, 2_000.0)
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<&str> {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code.as_ref())
        .collect()
}

#[track_caller]
fn assert_at(position: Option<Position>, lon: f64, lat: f64) -> Position {
    let position = position.expect("a position");
    let is_near = (position.lon - lon).abs() < 2e-7 && (position.lat - lat).abs() < 2e-7;
    assert!(is_near, "{position:?} instead of {lon}, {lat}");
    position
}

#[rstest]
#[case("106°32′15.2″", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("106°32'15.2\"", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("106º32’15.2”", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("106˚32′15.2′′", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("106°32'15.2''", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("106°32'15.2'", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("106°32′15.2", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("东经106度32分15.2秒", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("E106°32′15.2″", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("106°32′15.2″E", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("106 32 15.2", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("106:32:15.2", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("106-32-15.2", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("106d32m15.2s", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case(
    "１０６°３２′１５．２″",
    106.537_555_56,
    Notation::DegreesMinutesSeconds
)]
#[case("经度：106°32′15.2″", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case(" 106°32′15.20″ \n", 106.537_555_56, Notation::DegreesMinutesSeconds)]
#[case("106。32.15.2", 106.537_555_56, Notation::DottedSexagesimal)]
#[case("106.32.15.2", 106.537_555_56, Notation::DottedSexagesimal)]
#[case("106.32.15", 106.537_5, Notation::DottedSexagesimal)]
#[case("106°32.2533′", 106.537_555, Notation::DegreesMinutes)]
#[case("106 32.2533", 106.537_555, Notation::DegreesMinutes)]
#[case("10632.2533", 106.537_555, Notation::PackedDegreesMinutes)]
#[case("1063215.2", 106.537_555_56, Notation::PackedDegreesMinutesSeconds)]
#[case("E106.5376", 106.5376, Notation::DecimalDegrees)]
#[case("106.5376°", 106.5376, Notation::DecimalDegrees)]
#[case("106.5376E", 106.5376, Notation::DecimalDegrees)]
#[case("106。5376", 106.5376, Notation::DecimalDegrees)]
#[case("东经106.5376度", 106.5376, Notation::DecimalDegrees)]
#[case("W106.5376", -106.5376, Notation::DecimalDegrees)]
#[case("-106.5376", -106.5376, Notation::DecimalDegrees)]
#[case("南纬1度24分", -1.4, Notation::DegreesMinutes)]
fn an_angle_is_read_and_its_notation_told(
    #[case] text: &str,
    #[case] degrees: f64,
    #[case] notation: Notation,
) {
    let (angle, diagnostics) = parse_angle(text);
    let angle = angle.unwrap_or_else(|| panic!("{text}: {diagnostics:?}"));
    assert!((angle.degrees - degrees).abs() < 2e-6, "{text}: {angle:?}");
    assert_eq!(angle.notation, notation, "{text}");
    assert_eq!(diagnostics.len(), 1, "{text}: {diagnostics:?}");
    assert_eq!(diagnostics[0].severity, Severity::Note);
}

#[rstest]
#[case("", "coordinate.missing")]
#[case(" / ", "coordinate.missing")]
#[case("不详", "coordinate.missing")]
#[case("崆峒山东侧", "coordinate.unreadable")]
#[case("106°32′60″", "coordinate.sixty")]
#[case("106°75′", "coordinate.sixty")]
#[case("106.5°32′", "coordinate.unreadable")]
#[case("106′32″", "coordinate.unreadable")]
#[case("1 2 3 4", "coordinate.unreadable")]
#[case("E106.5W", "coordinate.contradictory")]
#[case("-106.5W", "coordinate.contradictory")]
#[case("106。53", "coordinate.ambiguous_notation")]
#[case("36453210.5", "coordinate.out_of_range")]
#[case("1.2.3.4.5", "coordinate.unreadable")]
#[case("inf", "coordinate.unreadable")]
#[case("NaN", "coordinate.unreadable")]
#[case("999999999999999999999999", "coordinate.unreadable")]
fn what_is_no_angle_is_refused_with_the_reason(#[case] text: &str, #[case] code: &str) {
    let (angle, diagnostics) = parse_angle(text);
    assert_eq!(angle, None, "{text}");
    assert_eq!(codes(&diagnostics), [code], "{text}");
    assert_eq!(diagnostics[0].severity, Severity::Error);
}

#[test]
fn sixty_seconds_are_refused_and_the_carry_proposed() {
    let (_, diagnostics) = parse_angle("106°32′60.0″");
    assert_eq!(diagnostics[0].repair.as_deref(), Some("106.5500000"));
}

#[test]
fn plain_decimal_degrees_pass_without_a_word() {
    let (position, diagnostics) = parse_position("106.5376", " 35.5512 ", &here());
    let position = assert_at(position, 106.5376, 35.5512);
    assert_eq!(diagnostics, []);
    assert_eq!(
        (position.original.as_str(), &position.crs),
        ("106.5376, 35.5512", &Crs::Cgcs2000)
    );
    assert!(
        (10.0..12.0).contains(&position.precision_m),
        "{}",
        position.precision_m
    );
}

#[test]
fn swapped_columns_are_exchanged_with_a_warning() {
    for (first, second) in [
        ("35.5512", "106.5376"),
        ("N35.5512", "E106.5376"),
        ("35°33′4.32″", "106°32′15.36″"),
    ] {
        let (position, diagnostics) = parse_position(first, second, &here());
        assert_at(position, 106.5376, 35.5512);
        assert!(
            codes(&diagnostics).contains(&"coordinate.swapped"),
            "{diagnostics:?}"
        );
    }
    // Without an envelope the range of China decides.
    let (position, diagnostics) = parse_position("35.5512", "106.5376", &Expectation::default());
    assert_at(position, 106.5376, 35.5512);
    assert_eq!(codes(&diagnostics), ["coordinate.swapped"]);
}

#[test]
fn what_makes_sense_abroad_is_not_exchanged() {
    let mara = Expectation::within([34.5, -2.0, 35.6, -1.0], 2_000.0);
    let (position, diagnostics) = parse_position("34.9012", "-1.4023", &mara);
    assert_at(position, 34.9012, -1.4023);
    assert!(
        !codes(&diagnostics).contains(&"coordinate.outside_china"),
        "{diagnostics:?}"
    );
}

#[rstest]
#[case("106.5376,35.5512")]
#[case("106.5376，35.5512")]
#[case("106.5376；35.5512")]
#[case("106.5376 35.5512")]
#[case("106.5376、35.5512；")]
#[case("35.5512, 106.5376")]
#[case("E106.5376 N35.5512")]
#[case("N35.5512,E106.5376")]
#[case("106.5376E,35.5512N")]
#[case("35.5512N 106.5376E")]
#[case("东经106.5376°，北纬35.5512°")]
#[case("经度:106.5376 纬度:35.5512")]
#[case("(106.5376, 35.5512)")]
#[case("106°32′15.36″,35°33′4.32″")]
#[case("106°32′15.36″E35°33′4.32″N")]
#[case("东经106度32分15.36秒北纬35度33分4.32秒")]
#[case("106 32 15.36 35 33 4.32")]
#[case("106°32′15.36″35°33′4.32″")]
#[case("106°32′15.36″/35°33′4.32″")]
#[case("lat=35.5512, lon=106.5376")]
fn a_pair_in_one_text_is_parted(#[case] text: &str) {
    let (position, diagnostics) = parse_pair(text, &here());
    assert!(position.is_some(), "{text}: {diagnostics:?}");
    assert_at(position, 106.5376, 35.5512);
    assert!(
        diagnostics
            .iter()
            .all(|diagnostic| diagnostic.severity == Severity::Note),
        "{text}: {diagnostics:?}"
    );
}

#[test]
fn grid_metres_with_a_zone_number_are_converted() {
    let (easting, northing) = grid_of(36, true);
    let (position, diagnostics) = parse_position(&easting, &northing, &here());
    let position = assert_at(position, 106.5376, 35.5512);
    assert_eq!(
        (position.notation, position.crs.epsg()),
        (Notation::GridMetres, Some(4524))
    );
    assert_eq!(codes(&diagnostics), ["coordinate.projected"]);
}

fn grid_of(zone: u8, prefixed: bool) -> (String, String) {
    let crs = Crs::gauss_kruger(zone, prefixed).unwrap();
    let grid = crs
        .from_cgcs2000(Coord {
            x: 106.5376,
            y: 35.5512,
        })
        .unwrap();
    (format!("{:.3}", grid.x), format!("{:.3}", grid.y))
}

#[test]
fn north_first_as_surveyors_write_it_is_noticed() {
    let (easting, northing) = grid_of(36, true);
    let (position, diagnostics) = parse_position(&northing, &easting, &here());
    assert_at(position, 106.5376, 35.5512);
    assert_eq!(
        codes(&diagnostics),
        ["coordinate.axes_exchanged", "coordinate.projected"]
    );
    let (position, diagnostics) = parse_pair(&format!("X={northing},Y={easting}"), &here());
    assert_at(position, 106.5376, 35.5512);
    assert_eq!(codes(&diagnostics), ["coordinate.projected"]);
}

#[test]
fn an_easting_without_zone_number_takes_the_only_zone_that_fits() {
    for zone in [35, 36] {
        let (easting, northing) = grid_of(zone, false);
        let (position, diagnostics) = parse_position(&easting, &northing, &here());
        assert_at(position, 106.5376, 35.5512);
        assert_eq!(
            codes(&diagnostics),
            ["coordinate.zone_guessed", "coordinate.projected"]
        );
    }
}

#[test]
fn an_easting_that_fits_no_zone_or_any_zone_is_refused() {
    let (easting, northing) = grid_of(36, false);
    let (position, diagnostics) = parse_position(&easting, &northing, &Expectation::default());
    assert_eq!(
        (position, codes(&diagnostics)),
        (None, vec!["coordinate.zone_ambiguous"])
    );
    let (position, diagnostics) = parse_position("500000", "4500000", &here());
    assert_eq!(
        (position, codes(&diagnostics)),
        (None, vec!["coordinate.zone_ambiguous"])
    );
    // An envelope wide enough for two zones.
    let wide = Expectation::within([104.0, 35.0, 110.0, 36.0], 0.0);
    let (position, diagnostics) = parse_position("560000", "3936817", &wide);
    assert_eq!(
        (position, codes(&diagnostics)),
        (None, vec!["coordinate.zone_ambiguous"])
    );
}

#[test]
fn a_declared_zone_settles_the_easting() {
    let (easting, northing) = grid_of(35, false);
    let declared = Expectation {
        crs: Crs::gauss_kruger(35, true),
        ..Expectation::default()
    };
    let (position, diagnostics) = parse_position(&easting, &northing, &declared);
    assert_at(position, 106.5376, 35.5512);
    assert_eq!(codes(&diagnostics), ["coordinate.projected"]);
    let (prefixed, northing) = grid_of(36, true);
    let (position, diagnostics) = parse_position(&prefixed, &northing, &declared);
    assert_at(position, 106.5376, 35.5512);
    assert_eq!(
        codes(&diagnostics),
        ["coordinate.zone_differs", "coordinate.projected"]
    );
}

#[test]
fn an_old_datum_is_flagged() {
    let declared = Expectation {
        crs: Some(Crs::Xian80 { grid: None }),
        ..here()
    };
    let (easting, northing) = grid_of(36, true);
    let (position, diagnostics) = parse_position(&easting, &northing, &declared);
    assert_eq!(position.unwrap().crs.epsg(), Some(2360));
    assert_eq!(
        codes(&diagnostics),
        ["coordinate.projected", "coordinate.approximate_datum"]
    );
}

#[test]
fn a_declared_utm_zone_is_used_in_either_order() {
    let crs = Crs::from_epsg(32736).unwrap();
    let grid = crs
        .from_cgcs2000(Coord {
            x: 34.9012,
            y: -1.4023,
        })
        .unwrap();
    let mara = Expectation {
        crs: Some(crs),
        ..Expectation::within([34.5, -2.0, 35.6, -1.0], 2_000.0)
    };
    let (easting, northing) = (format!("{:.3}", grid.x), format!("{:.3}", grid.y));
    assert_at(
        parse_position(&easting, &northing, &mara).0,
        34.9012,
        -1.4023,
    );
    let (position, diagnostics) = parse_position(&northing, &easting, &mara);
    assert_at(position, 34.9012, -1.4023);
    assert_eq!(
        codes(&diagnostics),
        ["coordinate.axes_exchanged", "coordinate.projected"]
    );
}

#[test]
fn packed_pairs_are_read_where_they_make_sense() {
    for (first, second) in [("10632.256", "3533.072"), ("1063215.36", "353304.32")] {
        let (position, diagnostics) = parse_position(first, second, &here());
        assert_at(position, 106.5376, 35.5512);
        assert_eq!(codes(&diagnostics), ["coordinate.notation"]);
    }
}

#[test]
fn the_shifted_datum_is_shifted_back() {
    let declared = Expectation {
        crs: Some(Crs::Gcj02),
        ..here()
    };
    let shown = Crs::Gcj02
        .from_cgcs2000(Coord {
            x: 106.5376,
            y: 35.5512,
        })
        .unwrap();
    let (position, _) = parse_position(
        &format!("{:.8}", shown.x),
        &format!("{:.8}", shown.y),
        &declared,
    );
    assert_eq!(assert_at(position, 106.5376, 35.5512).crs, Crs::Gcj02);
}

#[test]
fn a_rounded_position_is_told_its_coarseness() {
    let (position, diagnostics) = parse_position("106.53", "35.55", &here());
    assert!(position.unwrap().precision_m > 1_000.0);
    assert_eq!(codes(&diagnostics), ["coordinate.rounded"]);
    assert_eq!(diagnostics[0].args["precision_m"], "1110");
    // One short number is only a lost zero.
    assert_eq!(parse_position("106.5300", "35.55", &here()).1, []);
    assert_eq!(
        codes(&parse_position("106°32′", "35°33′", &here()).1),
        ["coordinate.rounded", "coordinate.notation"]
    );
}

#[test]
fn positions_elsewhere_are_told_or_refused_as_expected() {
    let (position, diagnostics) = parse_position("107.5376", "35.5512", &here());
    assert!(position.is_some());
    assert_eq!(codes(&diagnostics), ["coordinate.outside_reserve"]);
    assert_eq!(diagnostics[0].args["distance_km"], "83.1");
    let strict = Expectation {
        outside: Severity::Error,
        ..here()
    };
    assert_eq!(parse_position("107.5376", "35.5512", &strict).0, None);
    let (_, diagnostics) = parse_position("-106.5376", "35.5512", &here());
    assert!(
        codes(&diagnostics).contains(&"coordinate.outside_china"),
        "{diagnostics:?}"
    );
}

#[rstest]
#[case("0", "0", "coordinate.zero")]
#[case("206.5", "35.5", "coordinate.out_of_range")]
#[case("106.5", "96.5", "coordinate.out_of_range")]
#[case("E106.5", "E35.5", "coordinate.contradictory")]
#[case("106.5376", "", "coordinate.missing")]
#[case("36367435", "106.5", "coordinate.out_of_range")]
fn impossible_pairs_are_refused(#[case] first: &str, #[case] second: &str, #[case] code: &str) {
    let (position, diagnostics) = parse_position(first, second, &here());
    assert_eq!((position, codes(&diagnostics)), (None, vec![code]));
}

#[test]
fn a_missing_half_names_its_column() {
    let (_, diagnostics) = parse_position("106.5376", " ", &here());
    assert_eq!(diagnostics[0].place.field.as_deref(), Some("lat"));
}

/// The eight notations of the benchmark ledger.
fn ledger_notation(value: f64, style: u8) -> String {
    let degrees = value.floor();
    let minutes = ((value - degrees) * 60.0).floor();
    let seconds = ((value - degrees) * 60.0 - minutes) * 60.0;
    let letter = if value > 70.0 { 'E' } else { 'N' };
    match style {
        0 => format!("{degrees}°{minutes}′{seconds:.2}″"),
        1 => format!("{degrees}度{minutes}分{seconds:.1}秒"),
        2 => format!("{value:.6}"),
        3 => format!("{degrees}°{minutes}'{seconds:.3}\""),
        4 => format!("{degrees} {minutes} {seconds:.2}"),
        5 => format!("{letter}{degrees}°{minutes}'{seconds:.1}\""),
        6 => format!("{degrees}。{minutes}.{seconds:.1}"),
        _ => format!(" {degrees}°{minutes}′{seconds:.2}″ \n"),
    }
}

proptest! {
    #[test]
    fn every_notation_of_a_ledger_gives_the_same_place(
        lon in 100.0..109.0, lat in 32.5..42.0, lon_style in 0_u8..8, lat_style in 0_u8..8, is_swapped: bool,
    ) {
        let (lon_text, lat_text) = (ledger_notation(lon, lon_style), ledger_notation(lat, lat_style));
        let (first, second) = if is_swapped { (&lat_text, &lon_text) } else { (&lon_text, &lat_text) };
        let (position, diagnostics) = parse_position(first, second, &Expectation::default());
        match position {
            Some(position) => {
                prop_assert!((position.lon - lon).abs() < 2e-5 && (position.lat - lat).abs() < 2e-5, "{position:?}");
                prop_assert_eq!(codes(&diagnostics).contains(&"coordinate.swapped"), is_swapped);
            }
            // The rounding of seconds may write sixty.
            None => prop_assert!(codes(&diagnostics).contains(&"coordinate.sixty"), "{diagnostics:?}"),
        }
    }

    #[test]
    fn no_text_makes_the_reader_fall(first in "\\PC{0,40}", second in "[0-9.。°′″'\"度分秒EWNS东经 ,:+-]{0,30}") {
        let _ = parse_position(&first, &second, &here());
        let _ = parse_position(&second, &first, &here());
        let _ = parse_pair(&second, &here());
        let _ = parse_pair(&[first, second].concat(), &here());
    }

    #[test]
    fn a_position_is_never_read_without_a_word_unless_it_is_plain(text in "[0-9.。°′″'度分EN东北 ,-]{3,24}") {
        let (position, diagnostics) = parse_pair(&text, &Expectation::default());
        let is_plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ' '));
        prop_assert!(position.is_none() || is_plain || !diagnostics.is_empty(), "{text}");
    }
}
