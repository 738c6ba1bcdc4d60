//! The parcel text of the land authorities, read and written.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon};
use proptest::prelude::*;
use spatial::crs::Crs;
use spatial::diagnostic::{Diagnostic, Severity};
use spatial::geodesic;
use spatial::notation::Expectation;
use spatial::parcel::{
    MAX_BYTES, Parcel, ParcelError, ParcelShape, ParcelText, TextEncoding, read, write,
};

const RESERVE: [f64; 4] = [106.4364, 35.3881, 106.6206, 35.6461];

/// A quarry of 200 m by 150 m with a hole, in zone 36 with the zone number in front.
const QUARRY: &str = "\
[属性描述]
格式版本号=1.01版本
数据产生单位=保护站
数据产生日期=2019-08-18
坐标系=2000国家大地坐标系
几度分带=3
投影类型=高斯克吕格
计量单位=米
带号=36
精度=0.001
转换参数=,,,,,,
[地块坐标]
10,2.9500,1,砂石料场,面,I48G0001,采矿用地,0602,@
J1,1,3936800.000,36367400.000
J2,1,3936800.000,36367600.000
J3,1,3936950.000,36367600.000
J4,1,3936950.000,36367400.000
J1,1,3936800.000,36367400.000
J1,2,3936850.000,36367450.000
J2,2,3936850.000,36367470.000
J3,2,3936875.000,36367470.000
J4,2,3936875.000,36367450.000
J1,2,3936850.000,36367450.000
";

fn nowhere() -> Expectation {
    Expectation::default()
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<&str> {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code.as_ref())
        .collect()
}

fn read_text(text: &str) -> (ParcelText, Vec<Diagnostic>) {
    read(text.as_bytes(), &nowhere()).unwrap()
}

#[test]
fn a_parcel_with_an_inner_ring_is_read_in_its_place() {
    let (text, diagnostics) = read_text(QUARRY);
    assert_eq!(diagnostics, []);
    assert_eq!(text.crs, Crs::gauss_kruger(36, true));
    assert_eq!(text.header["数据产生单位"], "保护站");
    let parcel = &text.parcels[0];
    assert_eq!(
        (
            parcel.number.as_str(),
            parcel.name.as_str(),
            parcel.shape,
            parcel.line
        ),
        ("1", "砂石料场", ParcelShape::Area, 13)
    );
    assert_eq!(parcel.attributes()["地类编码"], "0602");
    let Some(Geometry::Polygon(polygon)) = &parcel.geometry else {
        panic!("{parcel:?}")
    };
    assert_eq!(polygon.interiors().len(), 1);
    let corner = polygon.exterior().0[0];
    assert!(
        (106.53..106.54).contains(&corner.x) && (35.55..35.56).contains(&corner.y),
        "{corner:?}"
    );
    let area_ha = geodesic::area_ha(geodesic::polygon_area_m2(polygon));
    assert!((area_ha - 2.95).abs() < 0.01, "{area_ha}");
}

#[test]
fn gbk_and_windows_line_ends_read_alike() {
    let gbk = encoding_rs::GBK
        .encode(&QUARRY.replace('\n', "\r\n"))
        .0
        .into_owned();
    let (text, diagnostics) = read(&gbk, &nowhere()).unwrap();
    assert_eq!(
        (text.encoding, diagnostics.as_slice()),
        (TextEncoding::Gbk, &[][..])
    );
    assert_eq!(text.parcels, read_text(QUARRY).0.parcels);
}

#[test]
fn eastings_without_zone_number_take_the_zone_of_the_header() {
    let bare = QUARRY.replace(",36367", ",367");
    let (text, diagnostics) = read_text(&bare);
    assert_eq!(diagnostics, []);
    assert_eq!(text.crs, Crs::gauss_kruger(36, false));
    let (a, b) = (
        text.parcels[0].geometry.as_ref().unwrap(),
        read_text(QUARRY).0.parcels[0].geometry.clone().unwrap(),
    );
    assert!((geodesic::area_m2(a) - geodesic::area_m2(&b)).abs() < 1e-3);
}

#[test]
fn without_zone_anywhere_the_envelope_decides_or_the_text_is_refused() {
    let bare = QUARRY.replace(",36367", ",367").replace("带号=36", "带号=");
    let (text, diagnostics) = read_text(&bare);
    assert_eq!(text.parcels[0].geometry, None);
    assert_eq!(
        codes(&diagnostics),
        ["coordinate.zone_ambiguous", "parcel.crs_unknown"]
    );
    assert_eq!(diagnostics[0].place.row, Some(14));
    let (text, diagnostics) =
        read(bare.as_bytes(), &Expectation::within(RESERVE, 2_000.0)).unwrap();
    assert!(text.parcels[0].geometry.is_some());
    assert_eq!(codes(&diagnostics), ["coordinate.zone_guessed"]);
}

#[test]
fn a_zone_in_front_that_contradicts_the_header_is_told() {
    let (text, diagnostics) = read_text(&QUARRY.replace("带号=36", "带号=35"));
    assert_eq!(codes(&diagnostics), ["coordinate.zone_differs"]);
    assert_eq!(text.crs, Crs::gauss_kruger(36, true));
}

#[test]
fn an_old_datum_is_flagged_once() {
    let (text, diagnostics) = read_text(&QUARRY.replace("2000国家大地坐标系", "80国家大地坐标系"));
    assert_eq!(codes(&diagnostics), ["coordinate.approximate_datum"]);
    assert_eq!(text.crs.unwrap().epsg(), Some(2360));
}

#[test]
fn a_file_with_east_first_is_noticed() {
    let swapped: String = QUARRY
        .lines()
        .map(|line| match line.split(',').collect::<Vec<_>>()[..] {
            [label, ring, x, y] if label.starts_with('J') => format!("{label},{ring},{y},{x}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let (text, diagnostics) = read_text(&swapped);
    assert_eq!(codes(&diagnostics), ["parcel.axes_exchanged"]);
    assert_eq!(text.parcels, read_text(QUARRY).0.parcels);
}

#[test]
fn an_open_ring_is_closed_with_a_remark() {
    let open = QUARRY
        .strip_suffix("J1,2,3936850.000,36367450.000\n")
        .unwrap()
        .replace("10,2.95", "9,2.95");
    let (text, diagnostics) = read_text(&open);
    assert_eq!(codes(&diagnostics), ["geometry.ring_closed"]);
    assert_eq!(
        (diagnostics[0].place.row, diagnostics[0].place.ring),
        (Some(13), Some(2))
    );
    assert!(text.parcels[0].geometry.is_some());
}

#[test]
fn a_broken_row_keeps_the_whole_parcel_out_and_names_its_line() {
    let (text, diagnostics) =
        read_text(&QUARRY.replace("J3,1,3936950.000,36367600.000", "J3,1,39369五0,36367600"));
    assert_eq!(text.parcels[0].geometry, None);
    assert_eq!(
        codes(&diagnostics),
        ["parcel.row_unreadable", "parcel.incomplete"]
    );
    assert_eq!(
        (diagnostics[0].place.row, diagnostics[0].severity),
        (Some(16), Severity::Error)
    );
}

#[test]
fn wrong_counts_and_areas_are_told() {
    let (_, diagnostics) = read_text(&QUARRY.replace("10,2.9500", "9,29.5000"));
    assert_eq!(
        codes(&diagnostics),
        ["parcel.point_count", "parcel.area_differs"]
    );
    // The count without the closing rows is as good.
    assert_eq!(read_text(&QUARRY.replace("10,2.9500", "8,2.9500")).1, []);
}

#[test]
fn a_second_ring_outside_is_a_part_and_told() {
    let (text, diagnostics) = read_text(&QUARRY.replace(",2,39368", ",2,39378"));
    assert!(
        codes(&diagnostics).contains(&"parcel.ring_is_part"),
        "{diagnostics:?}"
    );
    assert!(
        matches!(&text.parcels[0].geometry, Some(Geometry::MultiPolygon(parts)) if parts.0.len() == 2)
    );
}

#[test]
fn lines_and_points_keep_their_kind() {
    let body = "[地块坐标]\n2,0,1,便道,线,,,,@\nJ1,1,3936800,36367400\nJ2,1,3936900,36367400\n1,0,2,排污口,点,,,,@\nJ1,1,3936800,36367400\n";
    let (text, _) = read_text(body);
    assert!(matches!(
        text.parcels[0].geometry,
        Some(Geometry::LineString(_))
    ));
    assert!(matches!(text.parcels[1].geometry, Some(Geometry::Point(_))));
}

#[test]
fn what_is_no_parcel_text_is_refused() {
    for text in ["", "经度,纬度\n106.5,35.5\n", "[属性描述]\n坐标系=x\n"] {
        assert_eq!(
            read(text.as_bytes(), &nowhere()).unwrap_err(),
            ParcelError::NotParcelText
        );
    }
    let long = vec![b' '; MAX_BYTES + 1];
    assert!(matches!(
        read(&long, &nowhere()),
        Err(ParcelError::TooLong { .. })
    ));
}

fn ring(corners: &[(f64, f64)]) -> LineString<f64> {
    LineString::from(corners.to_vec())
}

#[test]
fn what_is_written_is_read_back() {
    let shell = ring(&[
        (106.53, 35.55),
        (106.54, 35.55),
        (106.54, 35.56),
        (106.53, 35.56),
        (106.53, 35.55),
    ]);
    let hole = ring(&[
        (106.532, 35.552),
        (106.532, 35.554),
        (106.534, 35.554),
        (106.532, 35.552),
    ]);
    let island = ring(&[
        (106.55, 35.55),
        (106.56, 35.55),
        (106.56, 35.56),
        (106.55, 35.55),
    ]);
    let shape = MultiPolygon(vec![
        Polygon::new(shell, vec![hole]),
        Polygon::new(island, vec![]),
    ]);
    let mut parcel = Parcel::new("7", "弃渣场, 一号@", Geometry::MultiPolygon(shape.clone()));
    parcel.land_use_code = "0602".to_owned();
    for (crs, encoding) in [
        (Crs::gauss_kruger(36, true), TextEncoding::Gbk),
        (Crs::gauss_kruger(18, false), TextEncoding::Utf8),
    ] {
        let bytes = write(
            std::slice::from_ref(&parcel),
            &crs.clone().unwrap(),
            "保护站",
            "2019-08-18",
            encoding,
        )
        .unwrap();
        let (text, diagnostics) = read(&bytes, &nowhere()).unwrap();
        assert_eq!((text.encoding, &text.crs), (encoding, &crs));
        assert_eq!(codes(&diagnostics), ["parcel.ring_is_part"]);
        assert_eq!(text.parcels[0].name, "弃渣场， 一号＠");
        let Some(Geometry::MultiPolygon(back)) = &text.parcels[0].geometry else {
            panic!("{text:?}")
        };
        let vertices = |shape: &MultiPolygon<f64>| -> Vec<Coord<f64>> {
            shape
                .iter()
                .flat_map(|part| {
                    std::iter::once(part.exterior())
                        .chain(part.interiors())
                        .flat_map(|ring| ring.0.clone())
                        .collect::<Vec<_>>()
                })
                .collect()
        };
        for (ours, theirs) in vertices(back).into_iter().zip(vertices(&shape)) {
            assert!(
                geodesic::distance_m(ours, theirs) < 1e-3,
                "{ours:?} {theirs:?}"
            );
        }
    }
    let refused = write(&[parcel], &Crs::Cgcs2000, "", "", TextEncoding::Utf8).unwrap_err();
    assert_eq!(refused, ParcelError::UnsuitableCrs("EPSG:4490".to_owned()));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_fall(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes, &nowhere());
    }

    #[test]
    fn no_rows_make_the_reader_fall(rows in "(J[0-9]{1,2},[0-9]{1,2},-?[0-9.]{0,12},-?[0-9.e]{0,12}\n|[0-9.]{0,3},[0-9.]{0,6},a,b,[面线点],,@\n|[带号坐标系=365480\n]{0,12}){0,20}") {
        let _ = read(format!("[属性描述]\n带号=36\n[地块坐标]\n{rows}").as_bytes(), &Expectation::within(RESERVE, 2_000.0));
    }
}
