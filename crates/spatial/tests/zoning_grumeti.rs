//! Eleven real reserves and land-use areas round Grumeti: neighbors that share borders and do not overlap.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Cursor, Read};

use geo::MapCoords;
use geo_types::{Coord, Geometry, MultiPolygon};
use proj4rs::Proj;
use spatial::authalic::{PlaneArea, multi_polygon_area_m2};
use spatial::overlay::{Clip, Shape, areas_in_common};
use spatial::zoning::{Sliver, ZoneArea, ZoneIndex, legal_zone};

const ARC_1960_UTM_36S: &str =
    "+proj=utm +zone=36 +south +ellps=clrk80 +towgs84=-160,-6,-302,0,0,0,0 +units=m +no_defs";

fn entry(extension: &str) -> Cursor<Vec<u8>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/reserve-grumeti/Grbnd_New.zip"
    );
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut bytes = Vec::new();
    archive
        .by_name(&format!("Grbnd_New/Grbnd_New.{extension}"))
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    Cursor::new(bytes)
}

fn planar() -> Vec<MultiPolygon> {
    let shapes = shapefile::ShapeReader::new(entry("SHP"))
        .unwrap()
        .read()
        .unwrap();
    let polygons = shapes.into_iter().map(|shape| match shape {
        shapefile::Shape::Polygon(polygon) => of_rings(polygon.rings().iter().map(|r| {
            (
                matches!(r, shapefile::PolygonRing::Outer(_)),
                r.points().iter().map(|p| (p.x, p.y)).collect(),
            )
        })),
        shapefile::Shape::PolygonZ(polygon) => of_rings(polygon.rings().iter().map(|r| {
            (
                matches!(r, shapefile::PolygonRing::Outer(_)),
                r.points().iter().map(|p| (p.x, p.y)).collect(),
            )
        })),
        other => panic!("{other}"),
    });
    polygons.collect()
}

fn of_rings(rings: impl Iterator<Item = (bool, Vec<(f64, f64)>)>) -> MultiPolygon {
    let mut polygons: Vec<geo_types::Polygon> = Vec::new();
    for (outer, points) in rings {
        match polygons.last_mut() {
            Some(polygon) if !outer => polygon.interiors_push(points),
            _ => polygons.push(geo_types::Polygon::new(points.into(), vec![])),
        }
    }
    MultiPolygon(polygons)
}

fn geographic(polygons: &MultiPolygon) -> MultiPolygon {
    let plane = Proj::from_proj_string(ARC_1960_UTM_36S).unwrap();
    let globe = Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs").unwrap();
    polygons.map_coords(|c| {
        let mut point = (c.x, c.y, 0.0);
        proj4rs::transform::transform(&plane, &globe, &mut point).unwrap();
        Coord {
            x: point.0.to_degrees(),
            y: point.1.to_degrees(),
        }
    })
}

#[test]
fn no_two_areas_overlap() {
    let shapes: Vec<Shape> = planar()
        .into_iter()
        .map(|p| Shape::from_geometry(&Geometry::MultiPolygon(p)).unwrap())
        .collect();
    assert_eq!(shapes.len(), 11);
    let measure = PlaneArea {
        origin: shapes[0].bounds().min,
    };
    for (i, a) in shapes.iter().enumerate() {
        for b in &shapes[..i] {
            assert!(areas_in_common(a, b, &measure, &mut Clip::default()).abs() < 1.0);
        }
    }
}

#[test]
fn computed_areas_are_the_known_ones() {
    let mut areas: Vec<f64> = planar()
        .into_iter()
        .map(|p| Shape::from_geometry(&Geometry::MultiPolygon(p)).unwrap())
        .map(|shape| {
            shape.total(&PlaneArea {
                origin: shape.bounds().min,
            }) / 1e6
        })
        .collect();
    areas.sort_by(f64::total_cmp);
    for known in [97.31, 418.62, 554.65] {
        assert!(
            areas.iter().any(|area| (area - known).abs() < 0.005),
            "{known} not among {areas:?}"
        );
    }
}

#[test]
fn laid_over_each_other_every_area_lies_in_itself() {
    let zones: Vec<ZoneArea> = (0..)
        .zip(planar())
        .map(|(id, p)| ZoneArea {
            id,
            rank: 1,
            geometry: geographic(&p),
        })
        .collect();
    let boundary = MultiPolygon(
        zones
            .iter()
            .flat_map(|zone| zone.geometry.0.clone())
            .collect(),
    );
    let (index, diagnostics) = ZoneIndex::build(&zones, Some(&boundary)).unwrap();
    assert_eq!(diagnostics, []);
    for zone in &zones {
        let found = index.overlay(&Geometry::MultiPolygon(zone.geometry.clone()));
        assert!((found.measure / multi_polygon_area_m2(&zone.geometry) - 1.0).abs() < 1e-9);
        assert!((found.share_of(zone.id) - 1.0).abs() < 1e-9, "{found:?}");
        assert_eq!(
            legal_zone(
                &found,
                Sliver {
                    min_area_m2: 100.0,
                    min_share: 1e-3
                }
            ),
            Some(zone.id)
        );
        assert!(!found.flags.partly_outside, "{found:?}");
    }
}
