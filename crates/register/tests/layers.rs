//! Foreign GeoPackages in, fresh ones out.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Point, Polygon};
use jiff::Timestamp;
use proptest::prelude::*;
use register::layers::{Error, list, read, write};
use rusqlite::Connection;
use spatial::bounds::Limits;
use spatial::diagnostic::Diagnostic;
use spatial::feature::{Attributes, DeclaredCrs, Feature, Format, Layer, Value};
use tempfile::TempDir;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

fn written_at() -> Timestamp {
    "2024-05-01T08:00:00Z".parse().unwrap()
}

fn packages_under(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if entry.is_dir() {
            packages_under(&entry, into);
        } else if entry
            .extension()
            .is_some_and(|extension| extension == "gpkg")
        {
            into.push(entry);
        }
    }
}

fn described(layers: &[Layer], diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for layer in layers {
        let bare = layer
            .features
            .iter()
            .filter(|feature| feature.geometry.is_none())
            .count();
        let crs = match &layer.crs {
            DeclaredCrs::Wkt(wkt) => format!("WKT {}", wkt.split('"').nth(1).unwrap_or("?")),
            other => format!("{other:?}"),
        };
        let (count, columns) = (layer.features.len(), layer.attribute_names().len());
        writeln!(
            text,
            "  {:?}: {count} features, {bare} without geometry, {columns} attributes, {crs}",
            layer.name
        )
        .unwrap();
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    diagnostics
        .iter()
        .for_each(|diagnostic| *counts.entry(&diagnostic.code).or_default() += 1);
    counts
        .iter()
        .for_each(|(code, count)| writeln!(text, "  - {code} ×{count}").unwrap());
    text
}

#[test]
fn every_real_geopackage_is_read_or_refused_in_words() {
    let mut files = Vec::new();
    packages_under(Path::new(SHARED), &mut files);
    files.sort();
    assert!(files.len() > 15, "the shared data is not there");
    let mut text = String::new();
    for file in files {
        let name = file
            .strip_prefix(SHARED)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        writeln!(text, "{name}").unwrap();
        match catch_unwind(|| read(&file, &Limits::default()))
            .unwrap_or_else(|_| panic!("{name} panicked"))
        {
            Ok((layers, diagnostics)) => text.push_str(&described(&layers, &diagnostics)),
            Err(error) => writeln!(text, "  refused {}", error.code()).unwrap(),
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_list_has_sizes_without_content() {
    let summaries = list(
        &Path::new(SHARED).join("reserve-mara/maec_4zones_UTM36S.gpkg"),
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(summaries.len(), 1);
    let zones = &summaries[0];
    assert_eq!(
        (zones.rows, zones.has_geometry, &zones.crs),
        (4, true, &DeclaredCrs::Epsg(32736))
    );
}

fn square(x: f64, y: f64) -> Polygon<f64> {
    Polygon::new(
        vec![
            (x, y),
            (x + 0.1, y),
            (x + 0.1, y + 0.1),
            (x, y + 0.1),
            (x, y),
        ]
        .into(),
        vec![],
    )
}

fn ledger() -> Layer {
    let mut layer = Layer::new("问题点位", DeclaredCrs::Epsg(4490), Format::GeoPackage);
    for number in 1..=3_u64 {
        let at = number as f64 / 10.0;
        let attributes = Attributes::from_iter([
            ("名称".to_owned(), Value::Text(format!("点位 \"{number}\""))),
            ("FID".to_owned(), Value::Integer(number as i64 * 100)),
            (
                "area_m2".to_owned(),
                if number == 1 {
                    Value::Integer(5)
                } else {
                    Value::Real(2.5)
                },
            ),
            ("is_open".to_owned(), Value::Bool(number == 1)),
            ("found_on".to_owned(), Value::Date("2024-05-01".into())),
            (
                "seen_at".to_owned(),
                Value::DateTime("2024-05-01T08:00:00Z".into()),
            ),
            (
                "mixed".to_owned(),
                if number == 1 {
                    Value::Text("无".into())
                } else {
                    Value::Integer(7)
                },
            ),
        ]);
        let geometry = if number == 3 {
            None
        } else {
            Some(Geometry::Polygon(square(106.0 + at, 35.0)))
        };
        layer.features.push(Feature {
            number,
            id: None,
            geometry,
            attributes,
        });
    }
    layer
}

fn fresh(layers: &[Layer]) -> (TempDir, PathBuf, Vec<Diagnostic>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("台账 导出#1?.gpkg");
    let diagnostics = write(&path, layers, written_at()).unwrap();
    (folder, path, diagnostics)
}

#[test]
fn a_ledger_comes_back_as_it_went() {
    let (_folder, path, diagnostics) = fresh(&[ledger()]);
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(
        (
            diagnostics[0].code.as_ref(),
            diagnostics[0].repair.as_deref()
        ),
        ("layer.field_renamed", Some("FID_2"))
    );
    let (layers, read_diagnostics) = read(&path, &Limits::default()).unwrap();
    assert_eq!(
        (layers[0].name.as_str(), &layers[0].crs),
        ("问题点位", &DeclaredCrs::Epsg(4490))
    );
    let first = &layers[0].features[0];
    assert_eq!(first.id.as_deref(), Some("1"));
    assert_eq!(first.geometry, ledger().features[0].geometry);
    let values: Vec<_> = first
        .attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    assert_eq!(
        values,
        [
            ("名称", Value::Text("点位 \"1\"".into())),
            ("FID_2", Value::Integer(100)),
            ("area_m2", Value::Real(5.0)),
            ("is_open", Value::Bool(true)),
            ("found_on", Value::Date("2024-05-01".into())),
            (
                "seen_at",
                Value::DateTime("2024-05-01T08:00:00.000Z".into())
            ),
            ("mixed", Value::Text("无".into())),
        ]
    );
    assert_eq!(
        layers[0].features[1].attributes["mixed"],
        Value::Text("7".into())
    );
    let codes: Vec<_> = read_diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code.as_ref())
        .collect();
    assert_eq!(codes, ["layer.no_geometry"]);
}

#[test]
fn the_file_carries_what_other_programs_look_for() {
    let mut table = ledger();
    table.name = "gpkg_x".to_owned();
    table
        .features
        .iter_mut()
        .for_each(|feature| feature.geometry = None);
    let (_folder, path, diagnostics) = fresh(&[ledger(), table, ledger()]);
    let renamed: Vec<_> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code == "layer.renamed")
        .collect();
    assert_eq!(renamed.len(), 2);
    let connection = Connection::open(&path).unwrap();
    let one = |sql: &str| -> String {
        connection
            .query_row(sql, [], |row| {
                row.get::<_, rusqlite::types::Value>(0)
                    .map(|value| format!("{value:?}"))
            })
            .unwrap()
    };
    assert_eq!(one("PRAGMA application_id"), "Integer(1196444487)");
    assert_eq!(one("PRAGMA integrity_check"), "Text(\"ok\")");
    assert_eq!(
        one("SELECT count(*) FROM pragma_foreign_key_check"),
        "Integer(0)"
    );
    assert_eq!(
        one("SELECT last_change FROM gpkg_contents"),
        "Text(\"2024-05-01T08:00:00.000Z\")"
    );
    let contents = "SELECT group_concat(table_name || ':' || data_type) FROM gpkg_contents";
    assert_eq!(
        one(contents),
        "Text(\"问题点位:features,layer_gpkg_x:attributes,问题点位_2:features\")"
    );
    let extent =
        "SELECT printf('%.2f %.2f %.2f %.2f', min_x, max_x, min_y, max_y) FROM gpkg_contents";
    assert_eq!(one(extent), "Text(\"106.10 106.30 35.00 35.10\")");
    assert_eq!(
        one("SELECT geometry_type_name || srs_id FROM gpkg_geometry_columns"),
        "Text(\"POLYGON4490\")"
    );
    let found = "SELECT group_concat(id) FROM \"rtree_问题点位_geom\" WHERE minx > 106.15";
    assert_eq!(one(found), "Text(\"2\")");
    assert_eq!(
        one("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"),
        "Integer(12)"
    );
    assert_eq!(
        one("SELECT count(*) FROM gpkg_spatial_ref_sys WHERE srs_id IN (-1, 0, 4326)"),
        "Integer(3)"
    );
}

#[test]
fn a_file_that_is_there_is_not_overwritten() {
    let (_folder, path, _) = fresh(&[ledger()]);
    let before = fs::read(&path).unwrap();
    assert!(matches!(
        write(&path, &[], written_at()),
        Err(Error::Exists { .. })
    ));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn systems_without_a_code_come_back_by_definition() {
    let mut custom = ledger();
    custom.crs = DeclaredCrs::Wkt("PROJCS[\"local\",GEOGCS[\"x\"]]".to_owned());
    let mut unknown = ledger();
    unknown.crs = DeclaredCrs::None;
    let mut zone = ledger();
    zone.crs = DeclaredCrs::Epsg(4524);
    let (_folder, path, _) = fresh(&[
        custom.clone(),
        unknown.clone(),
        zone.clone(),
        custom.clone(),
    ]);
    let (layers, _) = read(&path, &Limits::default()).unwrap();
    let systems: Vec<_> = layers.into_iter().map(|layer| layer.crs).collect();
    assert_eq!(
        systems,
        [custom.crs.clone(), unknown.crs, zone.crs, custom.crs]
    );
}

fn made(sql: &str) -> (TempDir, PathBuf) {
    let (folder, path, _) = fresh(&[ledger()]);
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    (folder, path)
}

fn codes(path: &Path) -> Vec<String> {
    let (_, diagnostics) = read(path, &Limits::default()).unwrap();
    diagnostics
        .into_iter()
        .map(|diagnostic| diagnostic.code.into_owned())
        .collect()
}

/// The triggers of a fresh file need functions that only other programs have.
fn without_triggers() -> String {
    let drop = |number| format!("DROP TRIGGER \"rtree_问题点位_geom_update{number}\";");
    (1..=4).map(drop).collect()
}

#[test]
fn geometry_that_claims_too_much_or_is_curved_is_an_error_at_its_feature() {
    let set =
        |hex: &str, fid: u8| format!("UPDATE 问题点位 SET geom = x'{hex}' WHERE fid = {fid};");
    let claims = set(
        "4750000100000000 01 02000000 FFFFFFFF"
            .replace(' ', "")
            .as_str(),
        1,
    );
    let curve = set(
        "4750000100000000 01 08000000 00000000"
            .replace(' ', "")
            .as_str(),
        2,
    );
    let garbage = set("00", 3);
    let (_folder, path) = made(&format!(
        "{}{}",
        without_triggers(),
        [claims, curve, garbage].concat()
    ));
    let found: Vec<_> = codes(&path)
        .into_iter()
        .filter(|code| code != "layer.srs_mismatch")
        .collect();
    assert_eq!(
        found,
        [
            "layer.geometry_unreadable",
            "layer.curved_geometry",
            "layer.geometry_unreadable"
        ]
    );
}

#[test]
fn a_view_that_never_ends_is_stopped() {
    let endless = "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                   SELECT i AS fid FROM n WHERE i < 0; \
                   INSERT INTO gpkg_contents (table_name, data_type) VALUES ('endless', 'attributes');";
    let (_folder, path) = made(endless);
    let limits = Limits {
        sql_kilosteps: 1_000,
        ..Limits::default()
    };
    assert_eq!(read(&path, &limits).unwrap_err().code(), "layer.too_large");
    assert_eq!(list(&path, &limits).unwrap_err().code(), "layer.too_large");
}

#[test]
fn tables_that_are_missing_or_hold_tiles_are_reported() {
    let (_folder, path) = made(
        "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('gone', 'features'), ('t', 'tiles'); \
         INSERT INTO gpkg_geometry_columns VALUES ('gone', 'geom', 'POINT', 4490, 0, 0);",
    );
    assert_eq!(
        codes(&path),
        [
            "layer.no_geometry",
            "layer.table_missing",
            "layer.tiles_skipped"
        ]
    );
}

#[test]
fn names_that_try_to_be_sql_are_only_names() {
    let mut layer = ledger();
    layer.name = "x\"; DROP TABLE gpkg_contents; --".to_owned();
    for feature in &mut layer.features {
        feature.attributes.insert(
            "a\" TEXT); DROP TABLE x; --{t}".to_owned(),
            Value::Integer(1),
        );
    }
    let (_folder, path, _) = fresh(std::slice::from_ref(&layer));
    let (layers, _) = read(&path, &Limits::default()).unwrap();
    assert_eq!(layers[0].name, layer.name);
    assert_eq!(
        layers[0].features[0].attributes["a\" TEXT); DROP TABLE x; --{t}"],
        Value::Integer(1)
    );
}

#[test]
fn other_databases_and_damaged_ones_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE a (b)")
        .unwrap();
    assert!(matches!(
        read(&path, &Limits::default()),
        Err(Error::NotGeoPackage { .. })
    ));
    fs::write(&path, b"SQLite format 3\0 but then nothing").unwrap();
    assert!(matches!(
        read(&path, &Limits::default()),
        Err(Error::Unreadable { .. })
    ));
    assert!(matches!(
        read(&folder.path().join("none.gpkg"), &Limits::default()),
        Err(Error::Unreadable { .. })
    ));
}

#[test]
fn reading_leaves_no_trace_beside_the_file() {
    let (folder, path, _) = fresh(&[ledger()]);
    let before = fs::read(&path).unwrap();
    read(&path, &Limits::default()).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(fs::read(&path).unwrap(), before);
}

fn geometry() -> impl Strategy<Value = Option<Geometry<f64>>> {
    let coord = || (-180.0..180.0_f64, -90.0..90.0_f64).prop_map(|(x, y)| Coord { x, y });
    prop_oneof![
        Just(None),
        coord().prop_map(|coord| Some(Point(coord).into())),
        prop::collection::vec(coord(), 2..6).prop_map(|line| Some(LineString::new(line).into())),
        (-170.0..170.0_f64, -80.0..80.0_f64).prop_map(|(x, y)| Some(square(x, y).into())),
        (-170.0..170.0_f64, -80.0..80.0_f64)
            .prop_map(|(x, y)| Some(MultiPolygon(vec![square(x, y)]).into())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_layer_comes_back(
        name in "[a-z青山\"'{} ]{1,10}",
        rows in prop::collection::vec((geometry(), "[^\0]{0,20}", any::<i64>(), -1e9..1e9_f64), 1..8),
    ) {
        let mut layer = Layer::new(name, DeclaredCrs::Epsg(4490), Format::GeoPackage);
        for (at, (geometry, text, number, real)) in rows.into_iter().enumerate() {
            let attributes = Attributes::from_iter([
                ("文".to_owned(), Value::Text(text)),
                ("number".to_owned(), Value::Integer(number)),
                ("real".to_owned(), Value::Real(real)),
            ]);
            let number = at as u64 + 1;
            layer.features.push(Feature { number, id: Some(number.to_string()), geometry, attributes });
        }
        prop_assume!(!layer.name.trim().is_empty());
        let (_folder, path, _) = fresh(std::slice::from_ref(&layer));
        let (layers, _) = read(&path, &Limits::default()).unwrap();
        if layer.features.iter().all(|feature| feature.geometry.is_none()) {
            // A table without geometry has no system either.
            layer.crs = DeclaredCrs::None;
        }
        prop_assert_eq!(&layers[0], &layer);
    }

    #[test]
    fn no_damage_makes_the_reader_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in 0..20_usize,
    ) {
        let (_folder, path, _) = fresh(&[ledger()]);
        let mut bytes = fs::read(&path).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - cut * 1024);
        fs::write(&path, bytes).unwrap();
        let _ = read(&path, &Limits::default());
        let _ = list(&path, &Limits::default());
    }
}
