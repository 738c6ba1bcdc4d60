//! Whatever file is given, the program says what is wrong with it, in bounded time and memory.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use e2e::{Demonstration, Outcome, Register, real_data};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Address space of one import: the program, its threads and 1.5 GB.
const LIMIT_KIB: u64 = 1_572_864;

fn import(register: &Register, kind: &str, file: &Path) -> Outcome {
    let file = file.to_string_lossy();
    register.run_bounded(LIMIT_KIB, &["--json", "import", kind, &file, "--dry-run"])
}

fn files_under(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_under(&path, files)
        } else {
            files.push(path)
        }
    }
}

/// Imports every file of the real data with this kind; returns the ones that ended otherwise than with 0 or 1.
fn misbehaved(kind: &str) -> Vec<String> {
    let register = Demonstration::shared().register();
    let mut files = Vec::new();
    for folder in ["vector-formats", "spreadsheets", "coords-gcj02", "photos"] {
        files_under(&real_data(folder), &mut files);
    }
    assert!(files.len() > 380, "{} files", files.len());
    files.sort();
    files
        .iter()
        .filter_map(|file| complaint(&import(&register, kind, file), file))
        .collect()
}

fn complaint(outcome: &Outcome, file: &Path) -> Option<String> {
    let says_why = outcome.code == Some(0) || !outcome.codes().is_empty();
    let is_well = matches!(outcome.code, Some(0 | 1)) && says_why;
    (!is_well).then(|| format!("{}: {:?} {}", file.display(), outcome.code, outcome.stderr))
}

#[test]
fn every_real_file_is_read_or_refused_as_an_inspection_list() {
    let misbehaved = misbehaved("inspection");
    assert!(misbehaved.is_empty(), "{misbehaved:#?}");
}

#[test]
fn every_real_file_is_read_or_refused_as_patches() {
    let misbehaved = misbehaved("patches");
    assert!(misbehaved.is_empty(), "{misbehaved:#?}");
}

#[test]
fn every_real_file_is_read_or_refused_as_a_boundary() {
    let misbehaved = misbehaved("boundary");
    assert!(misbehaved.is_empty(), "{misbehaved:#?}");
}

fn refused(kind: &str, register: &Register, file: &Path) -> Vec<String> {
    let outcome = import(register, kind, file).exits(1);
    let codes = outcome.codes();
    assert!(!codes.is_empty(), "{outcome:?}");
    codes
}

fn archive(file: &Path, members: &[(&str, &[u8])]) -> ZipWriter<File> {
    let mut zip = ZipWriter::new(File::create(file).unwrap());
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip
}

#[test]
fn a_zip_bomb_of_a_workbook_is_refused() {
    let register = Demonstration::shared().register();
    let file = register.path("bomb.xlsx");
    let mut zip = archive(&file, &WORKBOOK);
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    zip.start_file("xl/worksheets/sheet1.xml", packed).unwrap();
    zip.write_all(b"<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>")
        .unwrap();
    for _ in 0..2048 {
        zip.write_all(&[b' '; 1 << 20]).unwrap();
    }
    zip.finish().unwrap();
    assert!(std::fs::metadata(&file).unwrap().len() < 20 << 20);
    let _ = refused("inspection", &register, &file);
}

const WORKBOOK: [(&str, &[u8]); 4] = [
    ("[Content_Types].xml", br#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"#),
    ("_rels/.rels", br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#),
    ("xl/workbook.xml", br#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>"#),
    ("xl/_rels/workbook.xml.rels", br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#),
];

#[test]
fn an_archive_that_climbs_out_of_its_folder_is_refused() {
    let register = Demonstration::shared().register();
    let part = |extension: &str| {
        let name = format!("vector-formats/mapshaper/issues/193/three_points.{extension}");
        std::fs::read(real_data(&name)).unwrap()
    };
    let (shp, shx, dbf) = (part("shp"), part("shx"), part("dbf"));
    let packed = |name: &str, folder: &str| {
        let file = register.path(name);
        let names = ["shp", "shx", "dbf"].map(|extension| format!("{folder}evil.{extension}"));
        let members = [
            (&*names[0], &*shp),
            (&*names[1], &*shx),
            (&*names[2], &*dbf),
        ];
        archive(&file, &members).finish().unwrap();
        file
    };
    let tame = packed("tame.zip", "inner/").to_string_lossy().into_owned();
    let read = [
        "--json",
        "import",
        "patches",
        &tame,
        "--crs",
        "WGS84",
        "--dry-run",
    ];
    let _ = register.run(&read).success();
    let _ = refused("patches", &register, &packed("climbs.zip", "../../"));
    let above = [
        register.path("evil.shp"),
        register.path("../evil.shp"),
        register.path("../../evil.shp"),
    ];
    assert!(above.iter().all(|path| !path.exists()));
}

/// A shapefile whose header claims this many bytes.
fn shapefile(claimed: u32, records: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 100];
    bytes[..4].copy_from_slice(&9994_i32.to_be_bytes());
    bytes[24..28].copy_from_slice(&(claimed / 2).to_be_bytes());
    bytes[28..32].copy_from_slice(&1000_i32.to_le_bytes());
    bytes[32..36].copy_from_slice(&5_i32.to_le_bytes());
    bytes.extend(records);
    bytes
}

#[test]
fn a_shapefile_that_claims_gigabytes_is_refused() {
    let register = Demonstration::shared().register();
    let file = register.path("claims.shp");
    // One polygon of 2 147 483 647 points, in a record of 4 GB, in a file of 172 bytes.
    let mut record = [
        1_i32.to_be_bytes(),
        i32::MAX.to_be_bytes(),
        5_i32.to_le_bytes(),
    ]
    .concat();
    record.extend([0; 32]);
    record.extend([1_i32.to_le_bytes(), i32::MAX.to_le_bytes(), [0; 4]].concat());
    std::fs::write(&file, shapefile(u32::MAX - 1, &record)).unwrap();
    std::fs::write(
        register.path("claims.shx"),
        shapefile(108, &[[0, 0, 0, 50], [0x7f; 4]].concat()),
    )
    .unwrap();
    // And a table of four thousand million rows of 65 535 bytes each.
    let mut table = vec![3, 119, 1, 1];
    table.extend(u32::MAX.to_le_bytes());
    table.extend([65, 0, 255, 255]);
    table.resize(64, 0);
    table.push(13);
    std::fs::write(register.path("claims.dbf"), table).unwrap();
    let _ = refused("patches", &register, &file);
}

#[test]
fn a_bomb_of_xml_entities_is_refused() {
    let register = Demonstration::shared().register();
    let file = register.path("bomb.kml");
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10)))
        .collect();
    let text = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE kml [<!ENTITY a0 \"ha\">{laughs}]><kml xmlns=\"http://www.opengis.net/kml/2.2\">\
         <Document><Placemark><name>&a9;</name><Point><coordinates>106.5,35.5</coordinates></Point></Placemark></Document></kml>"
    );
    std::fs::write(&file, text).unwrap();
    let _ = refused("patches", &register, &file);
    let tame = "<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document><Placemark><name>a</name>\
                <Point><coordinates>106.5,35.5</coordinates></Point></Placemark></Document></kml>";
    std::fs::write(&file, tame).unwrap();
    let _ = import(&register, "patches", &file).success();
}

#[test]
fn a_deeply_nested_geojson_is_refused() {
    let register = Demonstration::shared().register();
    let file = register.path("deep.geojson");
    std::fs::write(&file, "[".repeat(2_000_000)).unwrap();
    let _ = refused("patches", &register, &file);
}

#[test]
fn nothing_is_written_by_a_refused_file() {
    let register = Demonstration::shared().register();
    let before = register.verified_head();
    let file = real_data("photos/README.md").to_string_lossy().into_owned();
    let _ = register
        .run(&["import", "inspection", &file, "--yes"])
        .exits(1);
    assert_eq!(register.verified_head(), before);
}

/// A layer that names no system is one fault, not one a feature; without a word on it nothing of it is taken in.
#[test]
fn a_layer_without_a_system_is_told_once_and_taken_in_by_nobody() {
    let register = Demonstration::shared().register();
    let before = register.verified_head();
    let file = real_data("clues").join("maus-mining-polygons-idn.geojson");
    let file = file.to_string_lossy();
    let faults = |more: &[&str]| {
        let args = ["--json", "import", "patches", &file, "--dry-run"];
        let told = register.run(&[&args, more].concat()).codes();
        told.iter()
            .filter(|c| c.starts_with("import.crs_missing"))
            .count()
    };
    assert_eq!(faults(&[]), 1);
    assert_eq!(faults(&["--crs", "WGS84"]), 0);
    let args = [
        "--json",
        "import",
        "patches",
        &file,
        "--yes",
        "--leave-out-faulty",
    ];
    let refused = register.run(&args).exits(1);
    assert!(refused.stderr.contains("坐标系"), "{refused:?}");
    assert_eq!(register.verified_head(), before);
}
