//! Every real file goes through the readers; what comes out is a snapshot read by hand.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use spatial::bounds::Limits;
use spatial::diagnostic::Diagnostic;
use spatial::feature::{DeclaredCrs, Layer};
use spatial::formats::read;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

fn files_under(folder: &Path, into: &mut Vec<PathBuf>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries.map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files_under(&entry, into)
        } else {
            into.push(entry)
        }
    }
}

/// One line a file: its layers, or the code of the refusal.
fn outcomes(folder: &str) -> String {
    let mut files = Vec::new();
    files_under(&Path::new(SHARED).join(folder), &mut files);
    files.sort();
    let mut text = String::new();
    for file in files {
        let name = file
            .strip_prefix(SHARED)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        let outcome = catch_unwind(|| read(&file, &Limits::default()))
            .unwrap_or_else(|_| panic!("{name} panicked"));
        match outcome {
            Ok((layers, diagnostics)) => {
                writeln!(text, "{name}\n{}", described(&layers, &diagnostics))
            }
            Err(error) => writeln!(text, "{name}\n  refused {}: {error}", error.code()),
        }
        .unwrap();
    }
    text
}

fn described(layers: &[Layer], diagnostics: &[Diagnostic]) -> String {
    let mut lines: Vec<String> = layers.iter().map(describe).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    diagnostics
        .iter()
        .for_each(|diagnostic| *counts.entry(&diagnostic.code).or_default() += 1);
    lines.extend(
        counts
            .iter()
            .map(|(code, count)| format!("  - {code} ×{count}")),
    );
    lines.join("\n")
}

fn describe(layer: &Layer) -> String {
    let bare = layer
        .features
        .iter()
        .filter(|feature| feature.geometry.is_none())
        .count();
    let without = if bare > 0 {
        format!(", {bare} without geometry")
    } else {
        String::new()
    };
    let crs = match &layer.crs {
        DeclaredCrs::None => "no CRS".to_owned(),
        DeclaredCrs::Epsg(code) => format!("EPSG:{code}"),
        DeclaredCrs::Wkt(wkt) => format!("WKT {}", wkt.split('"').nth(1).unwrap_or("?")),
        DeclaredCrs::Name(name) => format!("CRS {name}"),
    };
    let format = layer.format.name();
    let columns = layer.attribute_names().len();
    format!(
        "  {format} {:?}: {} features{without}, {columns} attributes, {crs}",
        layer.name,
        layer.features.len()
    )
}

macro_rules! corpus {
    ($($name:ident: $folder:literal),* $(,)?) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), outcomes($folder));
        }
    )*};
}

corpus! {
    files_of_mapshaper: "vector-formats/mapshaper",
    files_of_pyshp: "vector-formats/pyshp",
    files_of_the_geojson_crate: "vector-formats/geojson-crate",
    files_of_the_dbase_crate: "vector-formats/dbase-crate",
    files_of_the_kml_crate: "vector-formats/kml-crate",
    files_of_odk: "vector-formats/odk-bad-geojson",
    files_of_ngageoint: "vector-formats/ngageoint-gpkg",
    outlines_in_three_datums: "coords-gcj02",
    boundaries_around_pingliang: "boundaries-pingliang",
    clues: "clues",
    reserve_of_grumeti: "reserve-grumeti",
    reserve_of_mara: "reserve-mara",
    tracks: "tracks",
    field_collection: "field-collection/gpx-kml",
}
