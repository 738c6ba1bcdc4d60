//! What each format's oddities become.

use geo_types::{Coord, Geometry};
use rstest::rstest;
use shapefile::{NO_DATA, PointM, PointZ, Polygon, PolygonM, PolygonRing, Polyline, PolylineZ};
use spatial::diagnostic::{Diagnostic, Severity};
use spatial::feature::{Attributes, DeclaredCrs, Feature, Format, Layer, Value};
use spatial::formats::{CsvGeometry, Error, FileKind, detect, write_csv, write_geojson, write_kml};

use crate::made::*;

fn only(name: &str, content: &[u8]) -> (Layer, Vec<Diagnostic>) {
    let (mut layers, diagnostics) =
        read(name, content).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(layers.len(), 1, "{name}");
    (layers.remove(0), diagnostics)
}

fn geometry(layer: &Layer, at: usize) -> &Geometry<f64> {
    layer.features[at].geometry.as_ref().unwrap()
}

mod kinds {
    use super::*;

    #[rstest]
    #[case("a.txt", b"{\"type\":1}", FileKind::Json)]
    #[case(
        "a.kml",
        b"\xef\xbb\xbf<?xml version='1.0'?><!-- <gpx> --><kml:kml>",
        FileKind::Kml
    )]
    #[case("a.xml", b"<gpx version='1.1'>", FileKind::Gpx)]
    #[case("a.xml", b"<metadata/>", FileKind::Xml)]
    #[case("a.gpkg", b"SQLite format 3\0", FileKind::GeoPackage)]
    #[case("a.mbtiles", b"SQLite format 3\0", FileKind::Sqlite)]
    #[case("a.rar", b"Rar!\x1a\x07\x01\0", FileKind::Rar)]
    #[case("a.dwg", b"AC1032\0\0", FileKind::Drawing)]
    #[case("a.csv", b"name,lon,lat\r\n", FileKind::Text)]
    #[case("a.shp", b"\0\0\x27\x0a\0\0", FileKind::Shapefile)]
    #[case("A.SHX", b"\0\0\x27\x0a\0\0", FileKind::ShapefileIndex)]
    #[case("a.geojson", b"\0\x01\x02", FileKind::Binary)]
    fn content_decides_over_the_name(
        #[case] name: &str,
        #[case] head: &[u8],
        #[case] kind: FileKind,
    ) {
        assert_eq!(detect(name, head), kind);
    }

    #[test]
    fn a_wrong_extension_is_remarked_and_read_all_the_same() {
        let (layer, diagnostics) = only("zones.shp", br#"{"type":"Point","coordinates":[1,2]}"#);
        assert_eq!(layer.format, Format::GeoJson);
        assert_eq!(codes(&diagnostics), ["layer.extension_mismatch"]);
    }

    #[rstest]
    #[case("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "layer.is_table")]
    #[case("a.csv", b"name,lon\n", "layer.is_table")]
    #[case("a.db", b"SQLite format 3\0", "layer.is_database")]
    #[case("a.rar", b"Rar!\x1a\x07\x01\0", "layer.unsupported")]
    #[case("a.sbn", b"\0\0\x27\x0a\xff\xff\xfe\x70", "layer.part_only")]
    #[case("a.prj", b"GEOGCS[]", "layer.part_only")]
    #[case("a.txt", b"hello", "layer.unrecognized")]
    #[case("a.geojson", b"", "layer.empty_file")]
    fn what_others_read_or_nobody_does_is_told_apart(
        #[case] name: &str,
        #[case] content: &[u8],
        #[case] code: &str,
    ) {
        assert_eq!(refusal(name, content), code);
    }
}

mod geojson {
    use super::*;

    #[test]
    fn coordinates_as_text_are_read_and_reported_once_a_feature() {
        let line = r#"{"type":"LineString","coordinates":[["106.5","35.5"],["106.6"," 35.6 "]]}"#;
        let (layer, diagnostics) = only(
            "a.geojson",
            feature_collection(&geojson_feature(line)).as_bytes(),
        );
        assert_eq!(
            geometry(&layer, 0),
            &Geometry::LineString(vec![(106.5, 35.5), (106.6, 35.6)].into())
        );
        assert_eq!(codes(&diagnostics), ["layer.coordinates_as_text"]);
        assert_eq!(diagnostics[0].place.feature, Some(1));
    }

    #[rstest]
    #[case(
        r#"{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4490"}}"#,
        DeclaredCrs::Epsg(4490)
    )]
    #[case(
        r#"{"type":"name","properties":{"name":"EPSG:4545"}}"#,
        DeclaredCrs::Epsg(4545)
    )]
    #[case(
        r#"{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}"#,
        DeclaredCrs::Epsg(4326)
    )]
    #[case(
        r#"{"type":"EPSG","properties":{"code":4490}}"#,
        DeclaredCrs::Epsg(4490)
    )]
    #[case(r#"{"type":"name","properties":{"name":"local grid 7"}}"#, DeclaredCrs::Name("local grid 7".into()))]
    #[case("null", DeclaredCrs::None)]
    fn the_crs_member_is_carried_as_given(#[case] member: &str, #[case] crs: DeclaredCrs) {
        let text = format!(r#"{{"type":"FeatureCollection","crs":{member},"features":[]}}"#);
        assert_eq!(only("a.geojson", text.as_bytes()).0.crs, crs);
    }

    #[test]
    fn a_file_without_a_crs_member_declares_none() {
        assert_eq!(
            only("a.geojson", br#"{"type":"Point","coordinates":[1,2]}"#)
                .0
                .crs,
            DeclaredCrs::None
        );
    }

    #[test]
    fn text_in_gbk_with_or_without_a_byte_order_mark_for_utf8_is_read() {
        let text = r#"{"type":"Feature","properties":{"名称":"崆峒山采石场"},"geometry":null}"#;
        let gbk = encoding_rs::GBK.encode(text).0;
        let (layer, diagnostics) = only("a.geojson", &gbk);
        assert_eq!(
            layer.features[0].attributes["名称"],
            Value::Text("崆峒山采石场".into())
        );
        assert!(codes(&diagnostics).contains(&"layer.text_encoding"));
        let (layer, diagnostics) = only("a.geojson", format!("\u{feff}{text}").as_bytes());
        assert_eq!(layer.features[0].attributes.len(), 1);
        assert_eq!(codes(&diagnostics), ["layer.no_geometry"]);
    }

    #[rstest]
    #[case("\n")]
    #[case("\r\n\r\n")]
    #[case("\n\u{1e}")]
    fn features_one_a_line_are_one_layer(#[case] between: &str) {
        let feature = geojson_feature(r#"{"type":"Point","coordinates":[1,2]}"#);
        let text = [feature.as_str(), &feature, &feature].join(between);
        let (layer, _) = only("a.geojsonl", text.as_bytes());
        assert_eq!(
            layer
                .features
                .iter()
                .map(|feature| feature.number)
                .collect::<Vec<_>>(),
            [1, 2, 3]
        );
    }

    #[test]
    fn what_is_no_feature_is_left_out_and_keeps_its_number() {
        let good = geojson_feature(r#"{"type":"Point","coordinates":[1,2]}"#);
        let text = feature_collection(&format!(r#"7,{{"type":"Bad"}},{good}"#));
        let (layer, diagnostics) = only("a.geojson", text.as_bytes());
        assert_eq!(layer.features[0].number, 3);
        assert_eq!(codes(&diagnostics), ["layer.not_a_feature"; 2]);
        assert_eq!(diagnostics[1].place.feature, Some(2));
    }

    #[rstest]
    #[case(
        r#"{"type":"Polygon","coordinates":[[1,2],[3,4]]}"#,
        "layer.geometry_unreadable"
    )]
    #[case(r#"{"type":"Point","coordinates":[1]}"#, "layer.geometry_unreadable")]
    #[case(
        r#"{"type":"Point","coordinates":[1e999,2]}"#,
        "layer.geometry_unreadable"
    )]
    #[case(
        r#"{"type":"Point","coordinates":[null,2]}"#,
        "layer.geometry_unreadable"
    )]
    #[case(
        r#"{"type":"Point","coordinates":["east",2]}"#,
        "layer.geometry_unreadable"
    )]
    #[case(r#"{"type":"Circle","coordinates":[1,2]}"#, "layer.geometry_type")]
    #[case(
        r#"{"type":"Point","coordinates":[1e300,2]}"#,
        "layer.coordinate_unusable"
    )]
    #[case(
        r#"{"type":"Polygon","coordinates":[[[1,2],[3,4],[1,2]]]}"#,
        "layer.ring_too_short"
    )]
    fn a_geometry_that_cannot_stand_is_an_error_at_its_feature(
        #[case] geometry: &str,
        #[case] code: &str,
    ) {
        let (layer, diagnostics) = only(
            "a.geojson",
            feature_collection(&geojson_feature(geometry)).as_bytes(),
        );
        assert_eq!(layer.features[0].geometry, None);
        assert_eq!(codes(&diagnostics), [code]);
        assert_eq!(
            (diagnostics[0].severity, diagnostics[0].place.feature),
            (Severity::Error, Some(1))
        );
    }

    #[test]
    fn an_open_ring_is_closed_and_said_so() {
        let polygon =
            r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]],[[0.5,0.1],[0.6,0.1]]]}"#;
        let (layer, diagnostics) = only("a.geojson", polygon.as_bytes());
        let Geometry::Polygon(polygon) = geometry(&layer, 0) else {
            panic!("no polygon")
        };
        assert_eq!(
            (polygon.exterior().0.len(), polygon.interiors().len()),
            (4, 0)
        );
        assert_eq!(
            codes(&diagnostics),
            ["layer.ring_not_closed", "layer.ring_too_short"]
        );
        assert_eq!(diagnostics[1].place.ring, Some(2));
    }

    #[test]
    fn attributes_keep_their_type_and_order_and_large_numbers_their_digits() {
        let text = r#"{"type":"Feature","id":7,"geometry":null,
            "properties":{"b":true,"a":-3,"r":2.0,"big":62082119990101123456,"list":[1, {"x":2}],"t":"\u5e73"}}"#;
        let (layer, _) = only("a.geojson", text.as_bytes());
        let feature = &layer.features[0];
        assert_eq!(feature.id.as_deref(), Some("7"));
        let values: Vec<_> = feature
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        assert_eq!(
            values,
            [
                ("b", Value::Bool(true)),
                ("a", Value::Integer(-3)),
                ("r", Value::Real(2.0)),
                ("big", Value::Text("62082119990101123456".into())),
                ("list", Value::Text(r#"[1, {"x":2}]"#.into())),
                ("t", Value::Text("平".into())),
            ]
        );
    }

    #[test]
    fn broken_json_is_refused_whole_with_line_and_column() {
        let text = "{\"type\":\"FeatureCollection\",\n\"features\":[{\"type\":\"Feature\",";
        let Err(Error::BrokenJson { line, .. }) = read("a.geojson", text.as_bytes()) else {
            panic!("was read")
        };
        assert_eq!(line, 2);
    }
}

mod shapefiles {
    use super::*;

    fn written<S: shapefile::record::EsriShape>(shape: &S) -> Vec<u8> {
        let mut shp = std::io::Cursor::new(Vec::new());
        shapefile::ShapeWriter::new(&mut shp)
            .write_shapes(std::iter::once(shape))
            .unwrap();
        shp.into_inner()
    }

    #[test]
    fn heights_and_measures_are_passed_over() {
        let corner = |x, y| PointZ {
            x,
            y,
            z: 1800.0,
            m: NO_DATA,
        };
        let (layer, _) = only(
            "a.shp",
            &written(&PolylineZ::new(vec![corner(1.0, 2.0), corner(3.0, 4.0)])),
        );
        assert_eq!(
            geometry(&layer, 0),
            &Geometry::LineString(vec![(1.0, 2.0), (3.0, 4.0)].into())
        );
        let (layer, _) = only(
            "a.shp",
            &written(&PointZ {
                x: 5.0,
                y: 6.0,
                z: 7.0,
                m: 8.0,
            }),
        );
        assert_eq!(geometry(&layer, 0), &Geometry::Point((5.0, 6.0).into()));
    }

    fn square<P>(x: f64, y: f64, size: f64, corner: fn(f64, f64) -> P) -> Vec<P> {
        let corners = [
            (x, y),
            (x, y + size),
            (x + size, y + size),
            (x + size, y),
            (x, y),
        ];
        corners.into_iter().map(|(x, y)| corner(x, y)).collect()
    }

    #[test]
    fn holes_find_their_shell_in_any_order() {
        let corner = |x, y| PointM { x, y, m: 0.0 };
        let polygon = PolygonM::with_rings(vec![
            PolygonRing::Inner(square(21.0, 1.0, 2.0, corner)),
            PolygonRing::Outer(square(0.0, 0.0, 10.0, corner)),
            PolygonRing::Outer(square(20.0, 0.0, 10.0, corner)),
            PolygonRing::Inner(square(1.0, 1.0, 2.0, corner)),
            PolygonRing::Outer(square(1.5, 1.5, 1.0, corner)),
        ]);
        let (layer, diagnostics) = only("a.shp", &written(&polygon));
        let Geometry::MultiPolygon(polygons) = geometry(&layer, 0) else {
            panic!("no multipolygon")
        };
        let holes: Vec<_> = polygons
            .iter()
            .map(|polygon| polygon.interiors().len())
            .collect();
        assert_eq!(holes, [1, 1, 0]);
        assert!(!codes(&diagnostics).contains(&"layer.hole_without_shell"));
    }

    #[test]
    fn rings_that_run_the_wrong_way_are_still_shells_and_holes() {
        let turned = |mut ring: Vec<(f64, f64)>| {
            ring.reverse();
            ring
        };
        let pair = |x, y| (x, y);
        let mut coords = turned(square(2.0, 2.0, 1.0, pair));
        coords.extend(turned(square(0.0, 0.0, 10.0, pair)));
        let (layer, diagnostics) = only(
            "a.shp",
            &shp(5, &[parts_record(5, (2, 10), &[0, 5], &coords)]),
        );
        let Geometry::Polygon(polygon) = geometry(&layer, 0) else {
            panic!("no polygon")
        };
        assert_eq!(polygon.exterior().0[0], Coord { x: 0.0, y: 0.0 });
        assert_eq!(polygon.interiors().len(), 1);
        assert!(codes(&diagnostics).contains(&"layer.ring_orientation"));
    }

    #[test]
    fn lines_of_several_parts_are_one_feature() {
        let part = |x| {
            vec![
                shapefile::Point { x, y: 0.0 },
                shapefile::Point { x, y: 1.0 },
            ]
        };
        let (layer, _) = only(
            "a.shp",
            &written(&Polyline::with_parts(vec![part(0.0), part(1.0)])),
        );
        assert!(
            matches!(geometry(&layer, 0), Geometry::MultiLineString(lines) if lines.0.len() == 2)
        );
        let ring = PolygonRing::Outer(square(0.0, 0.0, 1.0, |x, y| shapefile::Point { x, y }));
        assert!(matches!(
            geometry(&only("a.shp", &written(&Polygon::new(ring))).0, 0),
            Geometry::Polygon(_)
        ));
    }

    #[test]
    fn a_zip_with_folders_capitals_gbk_names_and_several_layers_is_read_whole() {
        let points = shp(1, &[point_record(106.5, 35.5)]);
        let table = dbf(
            b"NAME",
            10,
            0x4d,
            &[(b' ', &encoding_rs::GBK.encode("缓冲区").0)],
        );
        let mut bytes = zip(&[
            ("AAAA/BBBBBB.SHP", &points),
            ("AAAA/BBBBBB.DBF", &table),
            ("AAAA/BBBBBB.PRJ", b"GEOGCS[\"China_2000\"]"),
            ("AAAA/other.shp", &points),
            ("AAAA/readme.txt", b"hello"),
            ("__MACOSX/._other.shp", b"\0\0\x27\x0a"),
        ]);
        bytes = patched(
            bytes,
            b"AAAA/",
            &[&encoding_rs::GBK.encode("崆峒").0[..], b"/"].concat(),
        );
        bytes = patched(bytes, b"BBBBBB", &encoding_rs::GBK.encode("功能区").0);
        let (layers, diagnostics) = read("zones.zip", &bytes).unwrap();
        assert_eq!(
            layers
                .iter()
                .map(|layer| layer.name.as_str())
                .collect::<Vec<_>>(),
            ["功能区", "other"]
        );
        assert_eq!(
            layers[0].crs,
            DeclaredCrs::Wkt("GEOGCS[\"China_2000\"]".into())
        );
        assert_eq!(
            layers[0].features[0].attributes["NAME"],
            Value::Text("缓冲区".into())
        );
        let missing: Vec<_> = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.code == "layer.part_missing")
            .collect();
        assert_eq!(missing.len(), 4);
        assert_eq!(missing[0].place.file.as_deref(), Some("崆峒/功能区.SHP"));
        assert!(codes(&diagnostics).contains(&"archive.entries_skipped"));
    }

    #[test]
    fn a_broken_layer_in_a_zip_does_not_take_the_others_along() {
        let points = shp(1, &[point_record(106.5, 35.5)]);
        let (layers, diagnostics) = read(
            "a.zip",
            &zip(&[("a.geojson", b"{\"type\":"), ("b.shp", &points)]),
        )
        .unwrap();
        assert_eq!(layers.len(), 1);
        let broken = diagnostics
            .iter()
            .find(|diagnostic| diagnostic.code == "layer.broken_json")
            .unwrap();
        assert_eq!(
            (broken.severity, broken.place.file.as_deref()),
            (Severity::Error, Some("a.geojson"))
        );
    }

    #[test]
    fn the_one_database_or_table_of_a_zip_is_handed_on() {
        let database = b"SQLite format 3\0 and more";
        let Err(Error::NeedsRegister { file, content }) =
            read("a.zip", &zip(&[("x/a.gpkg", database)]))
        else {
            panic!("no database")
        };
        assert_eq!(
            (file.as_str(), content.as_deref()),
            ("x/a.gpkg", Some(&database[..]))
        );
        let Err(Error::NeedsSheets { content, .. }) =
            read("a.zip", &zip(&[("a.csv", b"a,b\n1,2\n")]))
        else {
            panic!("no table")
        };
        assert_eq!(content.as_deref(), Some(&b"a,b\n1,2\n"[..]));
        assert_eq!(
            refusal("a.xlsx", &zip(&[("[Content_Types].xml", b"<Types/>")])),
            "layer.is_table"
        );
        assert_eq!(
            refusal("a.zip", &zip(&[("a.txt", b"hello")])),
            "archive.nothing_inside"
        );
    }

    #[test]
    fn deleted_rows_and_their_shapes_are_left_out() {
        let points = shp(
            1,
            &[
                point_record(1.0, 1.0),
                point_record(2.0, 2.0),
                0_i32.to_le_bytes().to_vec(),
            ],
        );
        let table = dbf(
            b"NAME",
            4,
            0x4d,
            &[(b'*', b"one"), (b' ', b"two"), (b' ', b"")],
        );
        let (layer, diagnostics) = only("a.zip", &zip(&[("a.shp", &points), ("a.dbf", &table)]));
        let kept: Vec<_> = layer
            .features
            .iter()
            .map(|feature| (feature.number, &feature.attributes["NAME"]))
            .collect();
        assert_eq!(kept, [(2, &Value::Text("two".into())), (3, &Value::Null)]);
        let codes = codes(&diagnostics);
        assert!(codes.contains(&"layer.deleted_rows") && codes.contains(&"layer.no_geometry"));
    }

    fn table_text(language: u8, cpg: Option<&[u8]>, raw: &[u8]) -> (String, Vec<String>) {
        let points = shp(1, &[point_record(1.0, 1.0)]);
        let table = dbf(b"NAME", 12, language, &[(b' ', raw)]);
        let mut entries: Vec<(&str, &[u8])> = vec![("a.shp", &points), ("a.dbf", &table)];
        entries.extend(cpg.map(|cpg| ("a.cpg", cpg)));
        let (layer, diagnostics) = only("a.zip", &zip(&entries));
        let about = codes(&diagnostics)
            .into_iter()
            .filter(|code| code.starts_with("layer.encoding"));
        (
            layer.features[0].attributes["NAME"].to_string(),
            about.map(str::to_owned).collect(),
        )
    }

    #[test]
    fn the_encoding_is_declared_contradicted_or_guessed() {
        let gbk = encoding_rs::GBK.encode("核心区").0.into_owned();
        let utf8 = "核心区".as_bytes();
        let big5 = encoding_rs::BIG5.encode("核心區").0.into_owned();
        let text = |text: &str| text.to_owned();
        assert_eq!(table_text(0x4d, None, &gbk), (text("核心区"), vec![]));
        assert_eq!(
            table_text(0, Some(b"GBK\r\n"), &gbk),
            (text("核心区"), vec![])
        );
        assert_eq!(
            table_text(0, Some(b"ANSI 936"), &gbk),
            (text("核心区"), vec![])
        );
        assert_eq!(
            table_text(0, Some(b"UTF-8"), utf8),
            (text("核心区"), vec![])
        );
        assert_eq!(
            table_text(0, Some(b"Big-5"), &big5),
            (text("核心區"), vec![])
        );
        assert_eq!(
            table_text(0, None, &gbk),
            (text("核心区"), vec![text("layer.encoding_guessed")])
        );
        assert_eq!(
            table_text(0x57, None, utf8),
            (text("核心区"), vec![text("layer.encoding_guessed")])
        );
        assert_eq!(
            table_text(0, Some(b"UTF-8"), &gbk),
            (text("核心区"), vec![text("layer.encoding_contradicted")])
        );
        assert_eq!(table_text(0, None, b"Caf\xe9 M\xfcller").0, "Café Müller");
    }

    #[test]
    fn a_character_cut_off_by_the_field_is_dropped() {
        let gbk = encoding_rs::GBK.encode("一二三四五六七").0.into_owned();
        assert_eq!(table_text(0x4d, None, &gbk[..11]).0, "一二三四五");
        let utf8 = "一二三四五".as_bytes();
        assert_eq!(table_text(0, Some(b"UTF-8"), &utf8[..11]).0, "一二三");
    }
}

mod kml {
    use super::*;

    #[test]
    fn folders_schemas_and_plain_data_become_attributes() {
        let text = r##"<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>
            <Schema id="s"><SimpleField name="n" type="int"/><SimpleField name="a" type="double"/></Schema>
            <Folder><name>核心区</name><Folder><name>一区</name><Placemark id="p1"><name>点&amp;1&nbsp;</name>
            <ExtendedData><SchemaData schemaUrl="#s"><SimpleData name="n">7</SimpleData>
            <SimpleData name="a">oops</SimpleData></SchemaData><Data name="k"><value>v</value></Data></ExtendedData>
            <Point><coordinates>106.5, 35.5, 1800</coordinates></Point></Placemark></Folder></Folder></Document></kml>"##;
        let (layer, diagnostics) = only("a.kml", text.as_bytes());
        let feature = &layer.features[0];
        assert_eq!(layer.crs, DeclaredCrs::Epsg(4326));
        assert_eq!(feature.id.as_deref(), Some("p1"));
        assert_eq!(
            feature.geometry,
            Some(Geometry::Point((106.5, 35.5).into()))
        );
        assert_eq!(
            feature.attributes["folder"],
            Value::Text("核心区/一区".into())
        );
        assert_eq!(feature.attributes["name"], Value::Text("点&1".into()));
        assert_eq!(feature.attributes["n"], Value::Integer(7));
        assert_eq!(feature.attributes["a"], Value::Text("oops".into()));
        assert_eq!(feature.attributes["k"], Value::Text("v".into()));
        assert_eq!(codes(&diagnostics), ["layer.number_unreadable"]);
    }

    #[test]
    fn geometries_of_one_kind_are_gathered_and_tracks_keep_their_times() {
        let placemark = |inner: &str| format!("<kml><Placemark>{inner}</Placemark></kml>");
        let point = "<Point><coordinates>1,2</coordinates></Point>";
        let line = "<LineString><coordinates>1,2 3,4</coordinates></LineString>";
        let (layer, _) = only(
            "a.kml",
            placemark(&format!("<MultiGeometry>{point}{point}</MultiGeometry>")).as_bytes(),
        );
        assert!(matches!(geometry(&layer, 0), Geometry::MultiPoint(points) if points.0.len() == 2));
        let (layer, _) = only(
            "a.kml",
            placemark(&format!("<MultiGeometry>{point}{line}</MultiGeometry>")).as_bytes(),
        );
        assert!(
            matches!(geometry(&layer, 0), Geometry::GeometryCollection(parts) if parts.len() == 2)
        );
        let track = "<gx:Track><when>2024-01-01T00:00:00Z</when><when>2024-01-01T01:00:00Z</when>\
                     <gx:coord>1 2 0</gx:coord><gx:coord>3 4 0</gx:coord></gx:Track>";
        let (layer, _) = only("a.kml", placemark(track).as_bytes());
        assert!(matches!(geometry(&layer, 0), Geometry::LineString(line) if line.0.len() == 2));
        assert_eq!(
            layer.features[0].attributes["end_time"],
            Value::DateTime("2024-01-01T01:00:00Z".into())
        );
    }

    #[test]
    fn the_main_file_of_a_kmz_is_named_after_its_archive() {
        let placemark =
            b"<kml><Placemark><Point><coordinates>1,2</coordinates></Point></Placemark></kml>";
        let (layer, diagnostics) = only(
            "巡护点.kmz",
            &zip(&[("doc.kml", placemark), ("files/icon.png", b"\x89PNG\r\n")]),
        );
        assert_eq!(layer.name, "巡护点");
        assert_eq!(codes(&diagnostics), ["archive.entries_skipped"]);
    }

    #[test]
    fn text_in_the_declared_encoding_is_read() {
        let text = r#"<?xml version="1.0" encoding="GB2312"?><kml><Placemark><name>实验区</name></Placemark></kml>"#;
        let (layer, diagnostics) = only("a.kml", &encoding_rs::GBK.encode(text).0);
        assert_eq!(
            layer.features[0].attributes["name"],
            Value::Text("实验区".into())
        );
        assert_eq!(codes(&diagnostics), ["layer.no_geometry"]);
    }

    #[test]
    fn degrees_out_of_range_and_linked_files_are_reported() {
        let text = "<kml><Document><NetworkLink/><Placemark><Point><coordinates>106.5,135.5</coordinates></Point>\
                    </Placemark></Document></kml>";
        let (layer, diagnostics) = only("a.kml", text.as_bytes());
        assert_eq!(layer.features[0].geometry, None);
        assert_eq!(
            codes(&diagnostics),
            ["layer.element_skipped", "layer.coordinate_unusable"]
        );
    }

    #[rstest]
    #[case("<kml><Placemark>")]
    #[case("<kml><Placemark></kml>")]
    #[case("<kml><Placemark a=></Placemark></kml>")]
    fn broken_xml_is_refused_whole(#[case] text: &str) {
        assert_eq!(refusal("a.kml", text.as_bytes()), "layer.broken_xml");
    }
}

mod gpx {
    use super::*;

    const TRACK: &str = r#"<gpx version="1.1"><wpt lat="35.5" lon="106.5"><ele>1800.5</ele>
        <time>2024-05-01T08:00:00</time><name>采石场</name><link href="https://example.org/1"/>
        <extensions><x:speed_kmh>3.5</x:speed_kmh></extensions></wpt>
        <trk><name>巡护</name><trkseg><trkpt lat="1" lon="1"><time>2024-05-01T00:00:00Z</time></trkpt>
        <trkpt lat="95" lon="1"/><trkpt lat="2" lon="2"><time>2024-05-01T01:00:00.5+08:00</time></trkpt></trkseg>
        <trkseg/><trkseg><trkpt lat="3" lon="3"/></trkseg></trk></gpx>"#;

    #[test]
    fn waypoints_tracks_and_their_points_are_layers() {
        let (layers, diagnostics) = read("a.gpx", TRACK.as_bytes()).unwrap();
        let sizes: Vec<_> = layers
            .iter()
            .map(|layer| (layer.name.as_str(), layer.features.len()))
            .collect();
        assert_eq!(
            sizes,
            [("waypoints", 1), ("tracks", 1), ("track_points", 3)]
        );
        let waypoint = &layers[0].features[0].attributes;
        assert_eq!(waypoint["ele"], Value::Real(1800.5));
        assert_eq!(
            waypoint["time"],
            Value::DateTime("2024-05-01T08:00:00".into())
        );
        assert_eq!(
            waypoint["link"],
            Value::Text("https://example.org/1".into())
        );
        assert_eq!(waypoint["speed_kmh"], Value::Text("3.5".into()));
        let track = &layers[1].features[0];
        assert_eq!(
            track.geometry,
            Some(Geometry::LineString(vec![(1.0, 1.0), (2.0, 2.0)].into()))
        );
        assert_eq!(
            track.attributes["start_time"],
            Value::DateTime("2024-05-01T00:00:00Z".into())
        );
        assert_eq!(
            layers[2].features[2].attributes["segment"],
            Value::Integer(3)
        );
        let expected = [
            "layer.time_without_zone",
            "layer.coordinate_unusable",
            "layer.segment_too_short",
            "layer.segment_too_short",
        ];
        assert_eq!(codes(&diagnostics), expected);
    }
}

mod writing {
    use super::*;

    fn layer(geometries: Vec<Geometry<f64>>) -> Layer {
        let mut layer = Layer::new("点位", DeclaredCrs::Epsg(4490), Format::GeoJson);
        for (at, geometry) in geometries.into_iter().enumerate() {
            let attributes = Attributes::from_iter([
                ("name".to_owned(), Value::Text("一号 <点> & \"甲\"".into())),
                ("n".to_owned(), Value::Integer(at as i64)),
                ("risk".to_owned(), Value::Text("=1+1".into())),
            ]);
            layer.features.push(Feature {
                geometry: Some(geometry),
                attributes,
                ..Feature::new(at as u64 + 1)
            });
        }
        layer
    }

    fn clockwise_square() -> Geometry<f64> {
        let ring = vec![
            (106.123456789, 35.0),
            (106.0, 36.0),
            (107.0, 36.0),
            (107.0, 35.0),
            (106.123456789, 35.0),
        ];
        Geometry::Polygon(geo_types::Polygon::new(ring.into(), vec![]))
    }

    #[test]
    fn another_reader_takes_our_geojson_and_finds_the_ring_counter_clockwise() {
        let mut text = Vec::new();
        write_geojson(&layer(vec![clockwise_square()]), &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(
            text.contains("106.123456789") && !text.contains("crs"),
            "{text}"
        );
        let collection: ::geojson::FeatureCollection = text
            .parse::<::geojson::GeoJson>()
            .unwrap()
            .try_into()
            .unwrap();
        let geometry = collection.features[0].geometry.as_ref().unwrap();
        let ::geojson::Value::Polygon(rings) = &geometry.value else {
            panic!("no polygon")
        };
        assert_eq!(rings[0][1], [107.0, 35.0]);
    }

    #[test]
    fn another_reader_takes_our_kml() {
        let mut text = Vec::new();
        let point = Geometry::Point((106.5, 35.5).into());
        write_kml(&layer(vec![clockwise_square(), point]), &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let ::kml::Kml::KmlDocument(document) = text.parse::<::kml::Kml>().unwrap() else {
            panic!("no document")
        };
        let collection: geo_types::GeometryCollection<f64> =
            ::kml::Kml::KmlDocument(document).try_into().unwrap();
        assert_eq!(collection.len(), 2);
    }

    #[test]
    fn a_table_has_its_mark_its_geometry_and_no_formula() {
        let mut bytes = Vec::new();
        let layer = layer(vec![Geometry::Point((106.5, 35.25).into())]);
        write_csv(&layer, CsvGeometry::LonLat, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            text,
            "\u{feff}name,n,risk,lon,lat\r\n\"一号 <点> & \"\"甲\"\"\",0,'=1+1,106.5,35.25\r\n"
        );
        let mut bytes = Vec::new();
        write_csv(&layer, CsvGeometry::Wkt, &mut bytes).unwrap();
        assert!(
            String::from_utf8(bytes)
                .unwrap()
                .ends_with("POINT(106.5 35.25)\r\n")
        );
    }

    #[test]
    fn projected_coordinates_do_not_go_where_degrees_are_meant() {
        let mut layer = layer(vec![Geometry::Point((36_500_000.0, 3_900_000.0).into())]);
        layer.crs = DeclaredCrs::Epsg(4524);
        let mut sink = Vec::new();
        for outcome in [
            write_geojson(&layer, &mut sink),
            write_kml(&layer, &mut sink),
        ] {
            assert_eq!(outcome.unwrap_err().code(), "layer.not_geographic");
        }
    }
}
