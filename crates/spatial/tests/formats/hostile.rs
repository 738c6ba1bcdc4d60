//! Files that want to hurt: each is refused, or read for what it really holds.

use proptest::prelude::*;
use spatial::bounds::Limits;
use spatial::formats::{Reading, WkbError, decode_gpb, decode_wkb, read_bytes};

use crate::made::*;

const POINT: &str = r#"{"type":"Point","coordinates":[106.5,35.5]}"#;

fn refused_under(limits: &Limits, name: &str, content: &[u8]) -> &'static str {
    read_bytes(name, content, limits).expect_err(name).code()
}

#[test]
fn a_bomb_of_zeros_is_refused_by_its_ratio() {
    let zeros = vec![b' '; 64 << 20];
    assert_eq!(
        refusal(
            "a.zip",
            &zip(&[("a.geojson", &[b"{".as_slice(), &zeros].concat())])
        ),
        "archive.ratio"
    );
}

#[test]
fn a_small_size_in_the_header_does_not_hide_a_bomb() {
    let content = [b"{".as_slice(), &vec![b' '; 32 << 20]].concat();
    let claimed = (content.len() as u32).to_le_bytes();
    let lying = patched(
        zip(&[("a.geojson", &content)]),
        &claimed,
        &9_u32.to_le_bytes(),
    );
    let code = refusal("a.zip", &lying);
    assert!(matches!(code, "archive.ratio" | "archive.broken"), "{code}");
}

#[test]
fn bytes_of_all_entries_are_counted_together() {
    let limits = Limits {
        archive_bytes: 100,
        ..Limits::default()
    };
    let bytes = zip(&[
        ("a.geojson", POINT.as_bytes()),
        ("b.geojson", POINT.as_bytes()),
        ("c.geojson", POINT.as_bytes()),
    ]);
    assert_eq!(
        refused_under(&limits, "a.zip", &bytes),
        "archive.total_bytes"
    );
}

#[test]
fn too_many_entries_are_refused_before_the_directory_is_read() {
    let limits = Limits {
        archive_entries: 3,
        ..Limits::default()
    };
    let bytes = zip(&[("a", b"1"), ("b", b"1"), ("c", b"1"), ("d", b"1")]);
    assert_eq!(
        refused_under(&limits, "a.zip", &bytes),
        "archive.too_many_entries"
    );
}

#[test]
fn archives_in_archives_end_somewhere() {
    let inner = zip(&[("a.geojson", POINT.as_bytes())]);
    let middle = zip(&[("inner.zip", &inner)]);
    let (layers, _) = read("middle.zip", &middle).unwrap();
    assert_eq!(layers.len(), 1);
    assert_eq!(
        refusal("outer.zip", &zip(&[("middle.zip", &middle)])),
        "archive.too_deep"
    );
}

#[test]
fn names_that_leave_the_archive_are_refused() {
    for name in [
        "../a.geojson",
        "/etc/a.geojson",
        "x/../../a.geojson",
        "..\\a.geojson",
        "C:\\a.geojson",
        "C:a.json",
    ] {
        assert_eq!(
            refusal("a.zip", &zip(&[(name, POINT.as_bytes())])),
            "archive.unsafe_name",
            "{name}"
        );
    }
}

#[test]
fn an_encrypted_entry_is_named() {
    let mut bytes = zip(&[("a.geojson", POINT.as_bytes())]);
    let central = bytes
        .windows(4)
        .position(|window| window == b"PK\x01\x02")
        .unwrap();
    bytes[6] |= 1;
    bytes[central + 8] |= 1;
    assert_eq!(refusal("a.zip", &bytes), "archive.encrypted");
}

#[test]
fn an_archive_cut_off_is_broken() {
    let bytes = zip(&[("a.geojson", POINT.as_bytes())]);
    assert_eq!(
        refusal("a.zip", &bytes[..bytes.len() - 30]),
        "archive.broken"
    );
}

#[test]
fn entity_bombs_are_refused_with_their_document_type() {
    let bomb =
        r#"<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>"#;
    let kml = format!("{bomb}<kml><Placemark><name>&b;</name></Placemark></kml>");
    let gpx = format!("{bomb}<gpx><wpt lat='1' lon='1'><name>&b;</name></wpt></gpx>");
    assert_eq!(refusal("a.kml", kml.as_bytes()), "layer.dtd_refused");
    assert_eq!(refusal("a.gpx", gpx.as_bytes()), "layer.dtd_refused");
    assert_eq!(
        refusal("a.kmz", &zip(&[("doc.kml", kml.as_bytes())])),
        "layer.dtd_refused"
    );
}

#[test]
fn deep_xml_is_refused_in_containers_subtrees_and_what_is_skipped() {
    for element in ["Folder", "Style", "MultiGeometry"] {
        let deep = format!("<kml><Document>{}", format!("<{element}>").repeat(100_000));
        assert_eq!(
            refusal("a.kml", deep.as_bytes()),
            "layer.too_deep",
            "{element}"
        );
    }
}

#[test]
fn deep_json_is_read_without_recursion() {
    let brackets = "[".repeat(200_000) + &"]".repeat(200_000);
    let coordinates = geojson_feature(&format!(r#"{{"type":"Polygon","coordinates":{brackets}}}"#));
    let (layers, diagnostics) =
        read("a.geojson", feature_collection(&coordinates).as_bytes()).unwrap();
    assert!(layers[0].features[0].geometry.is_none());
    assert_eq!(codes(&diagnostics), ["layer.geometry_unreadable"]);

    let property =
        format!(r#"{{"type":"Feature","properties":{{"p":{brackets}}},"geometry":{POINT}}}"#);
    let (layers, _) = read("a.geojson", property.as_bytes()).unwrap();
    assert_eq!(
        layers[0].features[0].attributes["p"].as_text(),
        Some(brackets.as_str())
    );
    assert_eq!(
        refusal("a.geojson", brackets.as_bytes()),
        "layer.not_geojson"
    );
}

#[test]
fn deep_geometry_collections_are_refused() {
    let open = r#"{"type":"GeometryCollection","geometries":["#;
    let deep = format!("{}{POINT}{}", open.repeat(100), "]}".repeat(100));
    assert_eq!(refusal("a.geojson", deep.as_bytes()), "layer.too_deep");
}

#[test]
fn features_vertices_and_elements_are_bounded() {
    let two = feature_collection(&[geojson_feature(POINT), geojson_feature(POINT)].join(","));
    let few_features = Limits {
        features: 1,
        ..Limits::default()
    };
    assert_eq!(
        refused_under(&few_features, "a.geojson", two.as_bytes()),
        "layer.too_large"
    );
    let line = r#"{"type":"LineString","coordinates":[[1,1],[2,2],[3,3],[4,4]]}"#;
    let few_vertices = Limits {
        vertices: 3,
        ..Limits::default()
    };
    assert_eq!(
        refused_under(&few_vertices, "a.geojson", line.as_bytes()),
        "layer.too_large"
    );
    let kml = format!("<kml><Placemark>{}</Placemark></kml>", "<a/>".repeat(20));
    let few_elements = Limits {
        xml_elements: 10,
        ..Limits::default()
    };
    assert_eq!(
        refused_under(&few_elements, "a.kml", kml.as_bytes()),
        "layer.too_large"
    );
    let few_bytes = Limits {
        file_bytes: 10,
        ..Limits::default()
    };
    assert_eq!(
        refused_under(&few_bytes, "a.geojson", line.as_bytes()),
        "layer.too_large"
    );
}

#[test]
fn diagnostics_beyond_the_bound_are_counted_by_code() {
    let features = vec![geojson_feature("null"); 50].join(",");
    let limits = Limits {
        diagnostics: 10,
        ..Limits::default()
    };
    let (_, diagnostics) = read_bytes(
        "a.geojson",
        feature_collection(&features).as_bytes(),
        &limits,
    )
    .unwrap();
    assert_eq!(diagnostics.len(), 11);
    assert_eq!(diagnostics[10].code, "layer.more_diagnostics");
    assert_eq!(diagnostics[10].args["count"], "40");
}

#[test]
fn a_shape_that_claims_two_billion_points_costs_nothing() {
    let claims = [(1, i32::MAX), (i32::MAX, 4), (-1, 4), (1, -5)];
    for claimed in claims {
        let record = parts_record(
            5,
            claimed,
            &[0],
            &[(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)],
        );
        let (layers, diagnostics) =
            read("a.shp", &shp(5, &[record, point_record(1.0, 2.0)])).unwrap();
        assert!(layers[0].features[0].geometry.is_none());
        assert!(
            layers[0].features[1].geometry.is_some(),
            "the next record is still read"
        );
        assert!(
            codes(&diagnostics).contains(&"layer.record_broken"),
            "{claimed:?}"
        );
    }
}

#[test]
fn parts_that_run_backwards_are_broken() {
    let coords = [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)];
    for starts in [&[3, 0][..], &[0, 99], &[-1, 2]] {
        let record = parts_record(5, (2, 4), starts, &coords);
        let (_, diagnostics) = read("a.shp", &shp(5, &[record])).unwrap();
        assert!(
            codes(&diagnostics).contains(&"layer.record_broken"),
            "{starts:?}"
        );
    }
}

#[test]
fn an_index_that_points_outside_the_file_is_said_so() {
    let shapes = shp(1, &[point_record(1.0, 2.0)]);
    let mut index = shapes[..100].to_vec();
    for (offset, length) in [(50, 10), (i32::MAX, 10), (-4, 10), (50, i32::MAX)] {
        index.extend([offset.to_be_bytes(), length.to_be_bytes()].concat());
    }
    let (layers, diagnostics) =
        read("a.zip", &zip(&[("a.shp", &shapes), ("a.shx", &index)])).unwrap();
    let read: Vec<bool> = layers[0]
        .features
        .iter()
        .map(|feature| feature.geometry.is_some())
        .collect();
    assert_eq!(read, [true, false, false, true]);
    assert_eq!(
        codes(&diagnostics)
            .iter()
            .filter(|code| **code == "layer.record_outside_file")
            .count(),
        2
    );
}

#[test]
fn a_table_that_claims_four_billion_rows_has_those_it_has() {
    let mut table = dbf(b"NAME", 10, 0x4d, &[(b' ', b"one"), (b' ', b"two")]);
    table[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let (layers, diagnostics) = read("a.dbf", &table).unwrap();
    assert_eq!(layers[0].features.len(), 2);
    assert!(codes(&diagnostics).contains(&"layer.rows_missing"));
    table[8..10].copy_from_slice(&u16::MAX.to_le_bytes());
    assert_eq!(refusal("a.dbf", &table), "layer.broken_header");
}

#[test]
fn many_holes_in_many_shells_stay_cheap() {
    let square = |x: f64, size: f64| {
        [
            (x, 0.0),
            (x, size),
            (x + size, size),
            (x + size, 0.0),
            (x, 0.0),
        ]
    };
    let turned = |x: f64, size: f64| {
        let mut ring = square(x, size);
        ring.reverse();
        ring
    };
    let shells = (0..10_000).flat_map(|at| square(f64::from(at) / 1e6, 10.0));
    let holes = (0..10_000).flat_map(|at| turned(1.0 + f64::from(at) / 1e6, 1.0));
    let coords: Vec<_> = shells.chain(holes).collect();
    let starts: Vec<i32> = (0..20_000).map(|at| at * 5).collect();
    let record = parts_record(5, (20_000, 100_000), &starts, &coords);
    let (layers, diagnostics) = read("a.shp", &shp(5, &[record])).unwrap();
    assert_eq!(layers[0].features[0].geometry, None);
    assert!(codes(&diagnostics).contains(&"layer.rings_too_many"));
}

#[test]
fn wkb_that_claims_more_than_it_has_is_cut_off() {
    let limits = Limits::default();
    let mut reading = Reading::new("a", &limits);
    for kind in [2_u32, 3, 4, 5, 6, 7] {
        let bytes = [
            &[1_u8][..],
            &kind.to_le_bytes(),
            &u32::MAX.to_le_bytes(),
            &[0; 64],
        ]
        .concat();
        assert!(
            matches!(
                decode_wkb(&bytes, 1, &mut reading),
                Err(WkbError::Truncated)
            ),
            "{kind}"
        );
    }
    let nested = [&[1_u8][..], &7_u32.to_le_bytes(), &1_u32.to_le_bytes()]
        .concat()
        .repeat(10_000);
    assert!(matches!(
        decode_wkb(&nested, 1, &mut reading),
        Err(WkbError::TooDeep)
    ));
    let curve = [&[1_u8][..], &10_u32.to_le_bytes(), &0_u32.to_le_bytes()].concat();
    assert!(matches!(
        decode_wkb(&curve, 1, &mut reading),
        Err(WkbError::Curved(10))
    ));
    assert!(matches!(
        decode_gpb(b"GP\0\x0f\0\0\0\0", 1, &mut reading),
        Err(WkbError::NotGeoPackage)
    ));
}

/// Small files of each kind, to be damaged.
fn specimens() -> Vec<(&'static str, Vec<u8>)> {
    let ring = [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)];
    let shapes = shp(
        5,
        &[parts_record(5, (1, 4), &[0], &ring), point_record(1.0, 2.0)],
    );
    let table = dbf(b"NAME", 10, 0x4d, &[(b' ', b"one"), (b'*', b"two")]);
    let geojson = feature_collection(&geojson_feature(
        r#"{"type":"Polygon","coordinates":[[["1",1],[2,1],[2,2]]]}"#,
    ));
    let kml = r##"<kml><Document><Schema id="s"><SimpleField name="n" type="int"/></Schema><Folder><name>f</name>
        <Placemark><name>&lt;a&#65;</name><ExtendedData><SchemaData schemaUrl="#s"><SimpleData name="n">1</SimpleData>
        </SchemaData></ExtendedData><Polygon><outerBoundaryIs><LinearRing><coordinates>1,1 2,1 2,2 1,1</coordinates>
        </LinearRing></outerBoundaryIs></Polygon></Placemark></Folder></Document></kml>"##;
    let gpx = r#"<gpx><wpt lat="35.5" lon="106.5"><time>2024-01-01T00:00:00Z</time></wpt>
        <trk><trkseg><trkpt lat="1" lon="1"/><trkpt lat="2" lon="2"/></trkseg></trk></gpx>"#;
    vec![
        (
            "a.zip",
            zip(&[
                ("a.shp", &shapes),
                ("a.dbf", &table),
                ("b.geojson", geojson.as_bytes()),
            ]),
        ),
        ("a.shp", shapes),
        ("a.dbf", table),
        ("a.geojson", geojson.into_bytes()),
        ("a.kml", kml.as_bytes().to_vec()),
        ("a.gpx", gpx.as_bytes().to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_damage_makes_a_reader_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        for (name, mut bytes) in specimens() {
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            if is_cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            let _ = read(name, &bytes);
        }
    }

    #[test]
    fn no_bytes_make_the_geometry_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let limits = Limits::default();
        let mut reading = Reading::new("a", &limits);
        let _ = decode_wkb(&bytes, 1, &mut reading);
        let _ = decode_gpb(&[b"GP\0\x01".as_slice(), &bytes].concat(), 1, &mut reading);
    }
}
