//! Files made for a test.

use std::io::{Cursor, Write};

use spatial::bounds::Limits;
use spatial::diagnostic::Diagnostic;
use spatial::feature::Layer;
use spatial::formats::{Error, read_bytes};
use zip::write::SimpleFileOptions;

pub(crate) fn read(name: &str, content: &[u8]) -> Result<(Vec<Layer>, Vec<Diagnostic>), Error> {
    read_bytes(name, content, &Limits::default())
}

pub(crate) fn codes(diagnostics: &[Diagnostic]) -> Vec<&str> {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code.as_ref())
        .collect()
}

pub(crate) fn refusal(name: &str, content: &[u8]) -> &'static str {
    match read(name, content) {
        Err(error) => error.code(),
        Ok((layers, _)) => panic!("{name} was read: {} layers", layers.len()),
    }
}

pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Replaces every occurrence of `from` by `to`, which is as long.
pub(crate) fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut at = 0;
    while at + from.len() <= bytes.len() {
        if &bytes[at..at + from.len()] == from {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
        at += 1;
    }
    bytes
}

/// One text column; `rows` as raw bytes, an empty mark means kept and `*` deleted.
pub(crate) fn dbf(column: &[u8], width: u8, language: u8, rows: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0x03, 125, 1, 1];
    bytes.extend((rows.len() as u32).to_le_bytes());
    bytes.extend(65_u16.to_le_bytes());
    bytes.extend((u16::from(width) + 1).to_le_bytes());
    bytes.extend([0; 17]);
    bytes.extend([language, 0, 0]);
    let mut name = column.to_vec();
    name.resize(11, 0);
    bytes.extend(name);
    bytes.extend([b'C', 0, 0, 0, 0, width]);
    bytes.extend([0; 15]);
    bytes.push(0x0d);
    for (mark, text) in rows {
        bytes.push(*mark);
        let mut cell = text.to_vec();
        cell.resize(usize::from(width), b' ');
        bytes.extend(cell);
    }
    bytes.push(0x1a);
    bytes
}

/// A `.shp` out of the contents of its records.
pub(crate) fn shp(kind: i32, records: &[Vec<u8>]) -> Vec<u8> {
    let length = 100 + records.iter().map(|record| record.len() + 8).sum::<usize>();
    let mut bytes = 9994_i32.to_be_bytes().to_vec();
    bytes.extend([0; 20]);
    bytes.extend((length as i32 / 2).to_be_bytes());
    bytes.extend(1000_i32.to_le_bytes());
    bytes.extend(kind.to_le_bytes());
    bytes.extend([0; 64]);
    for (at, record) in records.iter().enumerate() {
        bytes.extend((at as i32 + 1).to_be_bytes());
        bytes.extend((record.len() as i32 / 2).to_be_bytes());
        bytes.extend(record);
    }
    bytes
}

pub(crate) fn point_record(x: f64, y: f64) -> Vec<u8> {
    [
        1_i32.to_le_bytes().as_slice(),
        &x.to_le_bytes(),
        &y.to_le_bytes(),
    ]
    .concat()
}

/// Lines (3) or polygons (5), with the counts given and not those that are true.
pub(crate) fn parts_record(
    kind: i32,
    claimed: (i32, i32),
    starts: &[i32],
    coords: &[(f64, f64)],
) -> Vec<u8> {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend([0; 32]);
    bytes.extend(claimed.0.to_le_bytes());
    bytes.extend(claimed.1.to_le_bytes());
    starts
        .iter()
        .for_each(|start| bytes.extend(start.to_le_bytes()));
    coords
        .iter()
        .for_each(|(x, y)| bytes.extend([x.to_le_bytes(), y.to_le_bytes()].concat()));
    bytes
}

pub(crate) fn feature_collection(features: &str) -> String {
    format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#)
}

pub(crate) fn geojson_feature(geometry: &str) -> String {
    format!(r#"{{"type":"Feature","properties":{{}},"geometry":{geometry}}}"#)
}
