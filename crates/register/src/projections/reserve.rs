//! Rows that follow from a reserve's stream: versions of boundary, zones, stations and routes; all are kept, the
//! newest are marked current.

use domain::entries::{BoundaryAdopted, RoutesAdopted, StationsAdopted};
use domain::entry::RecordedEntry;
use geo_types::{Geometry, MultiLineString, MultiPolygon};

use super::{Cell, Table, Writer};
use crate::error::Error;

/// 保护地边界 — one row a version.
pub(crate) static BOUNDARIES: Table = Table {
    name: "boundaries",
    title: "保护地边界",
    columns: &[
        "fid",
        "geom",
        "reserve_code",
        "boundary_version",
        "is_current",
        "zoning_scheme",
        "approval_document",
        "valid_from_on",
        "valid_to_on",
        "area_m2",
        "crs_used",
        "source_sha256",
        "entry_seq",
    ],
    geometry_type: Some("MULTIPOLYGON"),
};

/// 功能区 — one row a zone of a boundary version.
pub(crate) static ZONES: Table = Table {
    name: "zones",
    title: "功能区",
    columns: &[
        "fid",
        "geom",
        "reserve_code",
        "boundary_version",
        "is_current",
        "zone_id",
        "zone_kind",
        "name",
        "area_m2",
        "stated_area_ha",
        "entry_seq",
    ],
    geometry_type: Some("MULTIPOLYGON"),
};

/// 保护站责任区 — one row a station of a version.
pub(crate) static STATIONS: Table = Table {
    name: "stations",
    title: "保护站责任区",
    columns: &[
        "fid",
        "geom",
        "reserve_code",
        "stations_version",
        "is_current",
        "station_id",
        "name",
        "area_m2",
        "entry_seq",
    ],
    geometry_type: Some("MULTIPOLYGON"),
};

/// 巡护路线 — one row a route of a version.
pub(crate) static ROUTES: Table = Table {
    name: "routes",
    title: "巡护路线",
    columns: &[
        "fid",
        "geom",
        "reserve_code",
        "routes_version",
        "is_current",
        "route_id",
        "name",
        "station_id",
        "length_m",
        "entry_seq",
    ],
    geometry_type: Some("MULTILINESTRING"),
};

const RETIRE_BOUNDARIES: &str =
    "UPDATE boundaries SET is_current = FALSE WHERE reserve_code = ?1 AND is_current";
const RETIRE_ZONES: &str =
    "UPDATE zones SET is_current = FALSE WHERE reserve_code = ?1 AND is_current";
const RETIRE_STATIONS: &str =
    "UPDATE stations SET is_current = FALSE WHERE reserve_code = ?1 AND is_current";
const RETIRE_ROUTES: &str =
    "UPDATE routes SET is_current = FALSE WHERE reserve_code = ?1 AND is_current";

pub(super) fn adopt_boundary(
    writer: &mut impl Writer,
    entry: &RecordedEntry,
    body: &BoundaryAdopted,
) -> Result<(), Error> {
    retire(
        writer,
        &BOUNDARIES,
        RETIRE_BOUNDARIES,
        entry,
        &body.reserve_code,
    )?;
    let row = vec![
        Cell::Integer(writer.next_fid(&BOUNDARIES)?),
        Cell::shape_of(areal(&body.boundary.0)),
        Cell::text(&body.reserve_code),
        Cell::text(&body.boundary_version),
        Cell::Bool(true),
        Cell::text(&body.zoning_scheme),
        Cell::text_of(body.approval_document.as_ref()),
        Cell::text_of(body.valid_from_on.as_ref()),
        Cell::text_of(body.valid_to_on.as_ref()),
        Cell::Real(body.area_m2),
        Cell::text(&body.crs_used),
        Cell::text(&body.source_sha256),
        Cell::count(entry.seq),
    ];
    writer.insert(&BOUNDARIES, row)?;
    adopt_zones(writer, entry, body)
}

fn adopt_zones(
    writer: &mut impl Writer,
    entry: &RecordedEntry,
    body: &BoundaryAdopted,
) -> Result<(), Error> {
    retire(writer, &ZONES, RETIRE_ZONES, entry, &body.reserve_code)?;
    for zone in &body.zones {
        let row = vec![
            Cell::Integer(writer.next_fid(&ZONES)?),
            Cell::shape_of(areal(&zone.shape.0)),
            Cell::text(&body.reserve_code),
            Cell::text(&body.boundary_version),
            Cell::Bool(true),
            Cell::text(&zone.zone_id),
            Cell::text(&zone.zone_kind),
            Cell::text_of(zone.name.as_ref()),
            Cell::Real(zone.area_m2),
            Cell::real_of(zone.stated_area_ha),
            Cell::count(entry.seq),
        ];
        writer.insert(&ZONES, row)?;
    }
    Ok(())
}

pub(super) fn adopt_stations(
    writer: &mut impl Writer,
    entry: &RecordedEntry,
    body: &StationsAdopted,
) -> Result<(), Error> {
    retire(
        writer,
        &STATIONS,
        RETIRE_STATIONS,
        entry,
        &body.reserve_code,
    )?;
    for station in &body.stations {
        let row = vec![
            Cell::Integer(writer.next_fid(&STATIONS)?),
            Cell::shape_of(areal(&station.shape.0)),
            Cell::text(&body.reserve_code),
            Cell::text(&body.version),
            Cell::Bool(true),
            Cell::text(&station.station_id),
            Cell::text(&station.name),
            Cell::Real(station.area_m2),
            Cell::count(entry.seq),
        ];
        writer.insert(&STATIONS, row)?;
    }
    Ok(())
}

pub(super) fn adopt_routes(
    writer: &mut impl Writer,
    entry: &RecordedEntry,
    body: &RoutesAdopted,
) -> Result<(), Error> {
    retire(writer, &ROUTES, RETIRE_ROUTES, entry, &body.reserve_code)?;
    for route in &body.routes {
        let row = vec![
            Cell::Integer(writer.next_fid(&ROUTES)?),
            Cell::shape_of(linear(&route.shape.0)),
            Cell::text(&body.reserve_code),
            Cell::text(&body.version),
            Cell::Bool(true),
            Cell::text(&route.route_id),
            Cell::text(&route.name),
            Cell::text_of(route.station_id.as_ref()),
            Cell::Real(route.length_m),
            Cell::count(entry.seq),
        ];
        writer.insert(&ROUTES, row)?;
    }
    Ok(())
}

fn retire(
    writer: &mut impl Writer,
    table: &'static Table,
    sql: &'static str,
    entry: &RecordedEntry,
    reserve_code: &str,
) -> Result<(), Error> {
    writer.touch(table, entry.recorded_at);
    writer.run(table, sql, vec![Cell::text(reserve_code)])
}

/// The shape as a layer of areas holds it; what is no area has no place there.
fn areal(shape: &Geometry<f64>) -> Option<Geometry<f64>> {
    match shape {
        Geometry::Polygon(p) => Some(Geometry::MultiPolygon(MultiPolygon(vec![p.clone()]))),
        Geometry::MultiPolygon(_) => Some(shape.clone()),
        _ => None,
    }
}

/// The shape as a layer of lines holds it.
fn linear(shape: &Geometry<f64>) -> Option<Geometry<f64>> {
    match shape {
        Geometry::LineString(l) => {
            Some(Geometry::MultiLineString(MultiLineString(vec![l.clone()])))
        }
        Geometry::MultiLineString(_) => Some(shape.clone()),
        _ => None,
    }
}
