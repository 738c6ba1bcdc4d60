//! Our tiles against the outside cases of mapbox/mvt-fixtures: an independent reader must find what was drawn.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::path::PathBuf;

use serde_json::Value as Json;
use spatial::tiles::{GeometryKind, LayerWriter, Path, TileWriter, Value, Values};

fn fixture(number: &str) -> (Vec<u8>, Json) {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/mvt-fixtures/fixtures"
    ))
    .join(number);
    let tile = std::fs::read(folder.join("tile.mvt")).unwrap();
    let told = std::fs::read_to_string(folder.join("tile.json")).unwrap();
    (tile, serde_json::from_str(&told).unwrap())
}

/// A message as fields with their contents; only what tiles use.
fn fields(mut bytes: &[u8]) -> Vec<(u64, u64, Vec<u8>)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let (number, content) = match key & 7 {
            0 => (varint(&mut bytes), Vec::new()),
            1 => (0, take(&mut bytes, 8)),
            5 => (0, take(&mut bytes, 4)),
            _ => {
                let length = varint(&mut bytes) as usize;
                (0, take(&mut bytes, length))
            }
        };
        found.push((key >> 3, number, content));
    }
    found
}

fn take(bytes: &mut &[u8], length: usize) -> Vec<u8> {
    let (head, rest) = bytes.split_at(length);
    *bytes = rest;
    head.to_vec()
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn numbers(mut bytes: &[u8]) -> Vec<u64> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        all.push(varint(&mut bytes));
    }
    all
}

/// Id, type, geometry, attributes by name with the bytes of their values.
type ReadFeature = (Option<u64>, u64, Vec<u64>, Vec<(String, Vec<u8>)>);

#[derive(Debug, PartialEq)]
struct Read {
    name: String,
    extent: u64,
    version: u64,
    features: Vec<ReadFeature>,
}

fn read(tile: &[u8]) -> Vec<Read> {
    let layers = fields(tile).into_iter().filter(|f| f.0 == 3);
    layers.map(|(_, _, layer)| read_layer(&layer)).collect()
}

fn read_layer(layer: &[u8]) -> Read {
    let all = fields(layer);
    let texts = |number: u64| {
        let of = all.iter().filter(move |f| f.0 == number);
        of.map(|f| f.2.clone()).collect::<Vec<_>>()
    };
    let number = |wanted: u64| all.iter().find(|f| f.0 == wanted).map(|f| f.1);
    let (keys, values) = (texts(3), texts(4));
    let features = texts(2).into_iter().map(|feature| {
        let parts = fields(&feature);
        let of = |wanted: u64| parts.iter().find(|f| f.0 == wanted);
        let tags = of(2).map(|f| numbers(&f.2)).unwrap_or_default();
        let attributes = tags
            .chunks(2)
            .map(|t| {
                let name = String::from_utf8(keys[t[0] as usize].clone()).unwrap();
                (name, values[t[1] as usize].clone())
            })
            .collect();
        let geometry = of(4).map(|f| numbers(&f.2)).unwrap_or_default();
        (
            of(1).map(|f| f.1),
            of(3).map_or(0, |f| f.1),
            geometry,
            attributes,
        )
    });
    Read {
        name: String::from_utf8(texts(1).remove(0)).unwrap(),
        extent: number(5).unwrap_or(4096),
        version: number(15).unwrap_or(1),
        features: features.collect(),
    }
}

/// Points, lines or rings of a geometry.
fn parts(geometry: &[u64]) -> Vec<Vec<[i32; 2]>> {
    let mut all: Vec<Vec<[i32; 2]>> = Vec::new();
    let mut cursor = [0_i32; 2];
    let mut rest = geometry.iter();
    while let Some(command) = rest.next() {
        for _ in 0..command >> 3 {
            if command & 7 == 7 {
                continue;
            }
            for c in &mut cursor {
                let n = *rest.next().unwrap() as u32;
                *c += (n >> 1) as i32 ^ -((n & 1) as i32);
            }
            if command & 7 == 1 {
                all.push(Vec::new());
            }
            all.last_mut().unwrap().push(cursor);
        }
    }
    all
}

fn twice_area(ring: &[[i32; 2]]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter()
        .zip(next)
        .map(|(a, b)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1]))
        .sum()
}

#[test]
fn what_the_fixtures_hold_is_drawn_word_for_word() {
    for number in ["017", "018", "019", "020", "021", "022", "053", "056"] {
        let (tile, told) = fixture(number);
        let theirs = read(&tile);
        let listed: Vec<u64> = told["layers"][0]["features"][0]["geometry"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Json::as_u64)
            .collect();
        assert_eq!(theirs[0].features[0].2, listed, "the reader reads {number}");
        // Every fixture of these says one text of its features.
        let (key, said) = &theirs[0].features[0].3[0];
        let text = std::str::from_utf8(&said[2..]).unwrap();
        let known = ["hello", "type"];
        let key = known.into_iter().find(|k| k == key).unwrap();
        let mut values = Values::new(&[key]);
        let mut writer = LayerWriter::new(&theirs[0].name);
        for (id, kind, geometry, attributes) in &theirs[0].features {
            let kind = match kind {
                1 => GeometryKind::Points,
                2 => GeometryKind::Lines,
                _ => GeometryKind::Polygons,
            };
            let mut path = Path::new(kind);
            match kind {
                GeometryKind::Points => {
                    let points: Vec<[i32; 2]> = parts(geometry).concat();
                    path.points(&points);
                }
                GeometryKind::Lines => parts(geometry).iter().for_each(|l| {
                    path.line(l);
                }),
                _ => parts(geometry).iter().for_each(|ring| {
                    path.ring(ring, twice_area(ring) < 0);
                }),
            }
            let tags: Vec<(usize, Value<'_>)> =
                attributes.iter().map(|_| (0, Value::Text(text))).collect();
            writer.feature(*id, &path, values.tags(tags));
        }
        let mut ours = TileWriter::default();
        ours.layer(&writer, &values);
        assert_eq!(read(&ours.finish()), theirs, "fixture {number}");
    }
}

#[test]
fn values_of_every_kind_are_told_once() {
    let mut values = Values::new(&["a", "b"]);
    let mut writer = LayerWriter::new("l");
    let mut path = Path::new(GeometryKind::Points);
    path.points(&[[1, 1]]);
    let all = [
        Value::Text("山"),
        Value::Real(0.5),
        Value::Integer(-3),
        Value::Bool(true),
    ];
    for value in all.into_iter().chain(all) {
        writer.feature(None, &path, values.tags([(0, value), (1, value)]));
    }
    let mut tile = TileWriter::default();
    tile.layer(&writer, &values);
    let bytes = tile.finish();
    let layer = &read(&bytes)[0];
    assert_eq!(
        (layer.version, layer.extent, layer.features.len()),
        (2, 4096, 8)
    );
    let values = fields(&fields(&bytes)[0].2);
    assert_eq!(values.iter().filter(|f| f.0 == 4).count(), 4);
    let (real, text) = (&layer.features[1].3[0].1, &layer.features[0].3[0].1);
    assert_eq!(fields(real)[0], (3, 0, 0.5_f64.to_le_bytes().to_vec()));
    assert_eq!(fields(text)[0], (1, 0, "山".as_bytes().to_vec()));
    assert_eq!(fields(&layer.features[2].3[0].1)[0], (6, 5, Vec::new()));
}

#[test]
fn layers_that_share_values_tell_each_feature_its_own() {
    let mut values = Values::new(&["a", "b"]);
    let (mut lines, mut points) = (LayerWriter::new("lines"), LayerWriter::new("points"));
    let mut line = Path::new(GeometryKind::Lines);
    line.line(&[[0, 0], [9, 9]]);
    let mut point = Path::new(GeometryKind::Points);
    point.points(&[[1, 1]]);
    let dictionary = [None, Some("林".to_owned())];
    for (id, name) in [(1, "山"), (2, "水")] {
        let tags = values.tags([(0, Value::Own(name)), (1, Value::Word(1, &dictionary))]);
        lines.feature(Some(id), &line, tags);
        if id == 2 {
            points.feature(Some(id), &point, tags);
        }
    }
    let mut tile = TileWriter::default();
    tile.layer(&lines, &values);
    tile.layer(&points, &values);
    let layers = read(&tile.finish());
    assert_eq!((layers[0].features.len(), layers[1].features.len()), (2, 1));
    let (shared, alone) = (&layers[0].features[1].3, &layers[1].features[0].3);
    assert_eq!(shared, alone);
    assert_ne!(&layers[0].features[0].3, shared);
    assert_eq!(fields(&alone[0].1)[0], (1, 0, "水".as_bytes().to_vec()));
}
