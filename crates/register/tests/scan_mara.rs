//! A real reserve through the scanner, the blob reader and the zone index: the four zones of the Mara, and 500 events.
//!
//! `fixtures/mara-events.csv` holds the positions of `events-mara.parquet` (ecoscope, BSD-3-Clause) and the zone a
//! geographic information system finds for each in the projected plane.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;

use geo_types::{Geometry, MultiPolygon, Point};
use proj4rs::Proj;
use register::scan::{Feature, ScanError, load_layer};
use spatial::authalic::{PlaneArea, multi_polygon_area_m2};
use spatial::gpb::Blob;
use spatial::overlay::{Clip, Shape, areas_in_common};
use spatial::zoning::{Sliver, ZoneArea, ZoneIndex, legal_zone};

const NAMES: [&str; 4] = ["Mara Reserve", "Conservancies", "Loita Plains", "Siana"];
/// Areas stated in the file, in m² of the projected plane.
const STATED_M2: [f64; 4] = [
    1_611_747_582.58,
    2_000_011_000.0,
    3_144_544_000.0,
    1_299_124_830.44,
];

fn zone_file() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/reserve-mara/maec_4zones_UTM36S.gpkg"
    ))
}

/// The blobs of the zones by their number, in the order of the file.
fn zone_blobs() -> Vec<(i64, Vec<u8>)> {
    let layer = load_layer(zone_file(), None).unwrap();
    assert_eq!(
        (layer.table.as_str(), layer.srs_id),
        ("maec_4zones_UTM36S", 32736)
    );
    let key = layer.columns[0].clone();
    let mut blobs = Vec::new();
    for range in layer.ranges(3).unwrap() {
        let each = |feature: Feature<'_>| {
            blobs.push((feature.number.unwrap(), feature.blob.unwrap().to_vec()));
            Ok::<(), ScanError>(())
        };
        layer.scan(&key, &range, each).unwrap();
    }
    blobs
}

fn geographic(easting: f64, northing: f64) -> [f64; 2] {
    let plane =
        Proj::from_proj_string("+proj=utm +zone=36 +south +datum=WGS84 +units=m +no_defs").unwrap();
    let globe = Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs").unwrap();
    let mut point = (easting, northing, 0.0);
    proj4rs::transform::transform(&plane, &globe, &mut point).unwrap();
    [point.0.to_degrees(), point.1.to_degrees()]
}

/// The zones in geographic coordinates, the reserve itself strictest.
fn zones() -> Vec<ZoneArea> {
    let zone = |(id, (_, blob)): (u32, (i64, Vec<u8>))| {
        let mut geometry = match Blob::parse(&blob).unwrap().decode().unwrap() {
            Geometry::Polygon(polygon) => MultiPolygon(vec![polygon]),
            Geometry::MultiPolygon(polygons) => polygons,
            other => panic!("{other:?}"),
        };
        for polygon in &mut geometry.0 {
            assert!(polygon.interiors().is_empty());
            polygon.exterior_mut(|ring| {
                ring.0
                    .iter_mut()
                    .for_each(|c| [c.x, c.y] = geographic(c.x, c.y));
            });
        }
        ZoneArea {
            id,
            rank: 4 - id as u8,
            geometry,
        }
    };
    (0..).zip(zone_blobs()).map(zone).collect()
}

fn planar_shapes() -> Vec<Shape> {
    let shape = |(_, blob): (i64, Vec<u8>)| {
        let mut shape = Shape::default();
        assert!(shape.read_polygons(&Blob::parse(&blob).unwrap()).unwrap());
        shape
    };
    zone_blobs().into_iter().map(shape).collect()
}

#[test]
fn stated_areas_are_those_of_the_blobs() {
    for (shape, stated) in planar_shapes().iter().zip(STATED_M2) {
        let area = shape.total(&PlaneArea {
            origin: shape.bounds().min,
        });
        assert!(
            (area / stated - 1.0).abs() < 1e-6,
            "{area} instead of {stated}"
        );
    }
}

#[test]
fn no_two_zones_overlap_although_they_share_borders() {
    let shapes = planar_shapes();
    let measure = PlaneArea {
        origin: shapes[0].bounds().min,
    };
    for (i, a) in shapes.iter().enumerate() {
        for (j, b) in shapes.iter().enumerate().filter(|(j, _)| *j != i) {
            let common = areas_in_common(a, b, &measure, &mut Clip::default());
            assert!(
                common.abs() < 1e-3,
                "zones {i} and {j} have {common} m² in common"
            );
        }
    }
}

#[test]
fn areas_on_the_ellipsoid_differ_from_the_plane_by_its_scale_only() {
    for (zone, stated) in zones().iter().zip(STATED_M2) {
        let ratio = multi_polygon_area_m2(&zone.geometry) / stated;
        assert!((0.997..1.001).contains(&ratio), "{ratio}");
    }
}

#[test]
fn every_zone_laid_over_the_zones_lies_in_itself_only() {
    let zones = zones();
    let (index, diagnostics) = ZoneIndex::build(&zones, None).unwrap();
    assert_eq!(diagnostics, []);
    for zone in &zones {
        let found = index.overlay(&zone.geometry.clone().into());
        assert_eq!(
            legal_zone(
                &found,
                Sliver {
                    min_area_m2: 1.0,
                    min_share: 1e-6
                }
            ),
            Some(zone.id)
        );
        assert!((found.share_of(zone.id) - 1.0).abs() < 1e-9, "{found:?}");
    }
}

#[test]
fn events_fall_into_the_zones_a_geographic_information_system_finds() {
    let (index, _) = ZoneIndex::build(&zones(), None).unwrap();
    let mut counts = BTreeMap::new();
    for line in include_str!("fixtures/mara-events.csv").lines().skip(1) {
        let mut cells = line.split(',');
        let [lon, lat]: [f64; 2] = [(); 2].map(|()| cells.next().unwrap().parse().unwrap());
        let expected = cells.next().unwrap();
        let zone = legal_zone(
            &index.overlay(&Point::new(lon, lat).into()),
            Sliver::default(),
        );
        let name = zone.map_or("", |zone| NAMES[zone as usize]);
        assert_eq!(name, expected, "{lon} {lat}");
        *counts.entry(name).or_insert(0) += 1;
    }
    let expected = [
        ("", 307),
        ("Conservancies", 54),
        ("Loita Plains", 58),
        ("Mara Reserve", 48),
        ("Siana", 33),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}
