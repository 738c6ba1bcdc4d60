//! A tiny reserve: three zones side by side, two stations, one route.

use domain::entries::{
    BackgroundAdopted, BackgroundWithdrawn, BoundaryAdopted, ReserveRegistered, Route,
    RoutesAdopted, Station, StationsAdopted, Zone,
};
use domain::ids::StreamId;
use domain::shape::Shape;
use geo_types::{Geometry, LineString, Polygon};

/// Code of the tiny reserve.
pub const RESERVE_CODE: &str = "CESHI-001";

/// A square with its south-west corner at a place, sides in degrees.
pub fn square(lon: f64, lat: f64, side: f64) -> Shape {
    let ring = vec![
        (lon, lat),
        (lon + side, lat),
        (lon + side, lat + side),
        (lon, lat + side),
        (lon, lat),
    ];
    Shape(Geometry::Polygon(Polygon::new(
        LineString::from(ring),
        vec![],
    )))
}

fn zone(zone_id: &str, zone_kind: &str, lon: f64) -> Zone {
    Zone {
        zone_id: zone_id.to_owned(),
        zone_kind: zone_kind.to_owned(),
        name: None,
        area_m2: 1.0e8,
        stated_area_ha: None,
        shape: square(lon, 35.5, 0.1),
    }
}

/// 保护地登记.
pub fn a_reserve() -> ReserveRegistered {
    ReserveRegistered {
        reserve_code: RESERVE_CODE.to_owned(),
        name: "测试自然保护区".to_owned(),
        short_name: None,
        kind: "nature_reserve".to_owned(),
        level: "provincial".to_owned(),
        established_on: None,
        upgraded_on: None,
        stated_area_ha: None,
        management_body: Some("测试自然保护区管理局".to_owned()),
        competent_authority: None,
        division_code: None,
    }
}

/// A boundary with core, buffer and experimental zone from west to east, each 0.1° wide, from 106.0°E 35.5°N.
pub fn a_boundary(boundary_version: &str) -> BoundaryAdopted {
    let ring = vec![
        (106.0, 35.5),
        (106.3, 35.5),
        (106.3, 35.6),
        (106.0, 35.6),
        (106.0, 35.5),
    ];
    BoundaryAdopted {
        reserve_code: RESERVE_CODE.to_owned(),
        boundary_version: boundary_version.to_owned(),
        zoning_scheme: "three_zone".to_owned(),
        approval_document: None,
        valid_from_on: None,
        valid_to_on: None,
        source_sha256: "0".repeat(64),
        crs_used: "EPSG:4490".to_owned(),
        area_m2: 3.0e8,
        boundary: Shape(Geometry::Polygon(Polygon::new(
            LineString::from(ring),
            vec![],
        ))),
        zones: vec![
            zone("HX-1", "core", 106.0),
            zone("HC-1", "buffer", 106.1),
            zone("SY-1", "experimental", 106.2),
        ],
    }
}

fn station(station_id: &str, name: &str, lon: f64) -> Station {
    Station {
        station_id: station_id.to_owned(),
        name: name.to_owned(),
        area_m2: 1.0e8,
        shape: square(lon, 35.5, 0.1),
    }
}

/// Two stations, west and east.
pub fn stations(version: &str) -> StationsAdopted {
    StationsAdopted {
        reserve_code: RESERVE_CODE.to_owned(),
        version: version.to_owned(),
        source_sha256: "0".repeat(64),
        crs_used: "EPSG:4490".to_owned(),
        stations: vec![
            station("houhe", "后河保护站", 106.0),
            station("qianhe", "前河保护站", 106.1),
        ],
    }
}

/// One route across the reserve.
pub fn a_route(version: &str) -> RoutesAdopted {
    let line = LineString::from(vec![(106.0, 35.55), (106.3, 35.55)]);
    RoutesAdopted {
        reserve_code: RESERVE_CODE.to_owned(),
        version: version.to_owned(),
        source_sha256: "0".repeat(64),
        crs_used: "EPSG:4490".to_owned(),
        routes: vec![Route {
            route_id: "R1".to_owned(),
            name: "一号线".to_owned(),
            station_id: Some("houhe".to_owned()),
            length_m: 27_000.0,
            shape: Shape(Geometry::LineString(line)),
        }],
    }
}

/// The stream of a background layer.
pub fn background_stream(code: &str) -> StreamId {
    StreamId::background(RESERVE_CODE, code)
}

/// A background layer of roads.
pub fn a_background(code: &str) -> BackgroundAdopted {
    BackgroundAdopted {
        reserve_code: RESERVE_CODE.to_owned(),
        background_code: code.to_owned(),
        name: "县乡道路".to_owned(),
        background_kind: "roads".to_owned(),
        data_source: "县交通局".to_owned(),
        review_number: None,
        dated_on: None,
        file_name: "道路.geojson".to_owned(),
        source_sha256: "0".repeat(64),
        drawn_sha256: "1".repeat(64),
        crs_used: "EPSG:4490".to_owned(),
        bbox: [106.0, 35.5, 106.3, 35.6],
        features_read: 3,
        features_drawn: 2,
        label_field: Some("名称".to_owned()),
        cells: None,
    }
}

/// The same layer taken down.
pub fn background_withdrawn(code: &str) -> BackgroundWithdrawn {
    BackgroundWithdrawn {
        reserve_code: RESERVE_CODE.to_owned(),
        background_code: code.to_owned(),
        reason: "资料过时".to_owned(),
    }
}
