//! 保护地底数 — boundary, zones, stations and routes adopted from layers.

use domain::codes::{ZoneKind, ZoningScheme};
use domain::entries::{BoundaryAdopted, Route, RoutesAdopted, Station, StationsAdopted, Zone};
use domain::ids::StreamId;
use domain::shape::Shape;
use geo::BooleanOps;
use geo_types::{Geometry, MultiPolygon};
use jiff::civil::Date;
use spatial::diagnostic::Diagnostic;

use super::coding::zone_of;
use super::position::{self, Placed};
use super::preview::Action;
use super::record::{Fields, Record};
use super::staging::Staging;
use crate::error::Error;
use crate::geography::is_areal;

/// Stages a boundary version: a layer of zones, or of the outline alone where the reserve has no zones.
pub(super) fn boundary(staging: &mut Staging<'_>) -> Result<(), Error> {
    let mut zones = Vec::new();
    let mut crs_used = String::new();
    let loaded = staging.loaded;
    for record in &loaded.records {
        let mut fields = Fields::of(record);
        let placed = areal(&mut fields, staging);
        let (kind, text) = zone_of(staging.session, &mut fields);
        let measured_ha = placed
            .as_ref()
            .map(|p| spatial::geodesic::area_m2(&p.geometry) / 10_000.0);
        let stated_area_ha = stated_area_ha(&mut fields, measured_ha);
        let name = fields.text("facility_name");
        staging.diagnostics.extend(fields.diagnostics);
        let Some(placed) = placed else { continue };
        crs_used = placed.crs_used.clone();
        let zone = zone(zones.len(), kind, text.or(name), placed, stated_area_ha);
        report_area(staging, record, &zone);
        staging.outcome(
            record,
            zone.name.as_deref(),
            Action::Adopted {
                name: zone.zone_kind.clone(),
            },
        );
        zones.push(zone);
    }
    refuse_if_faulty(staging, zones.is_empty())?;
    let body = boundary_body(staging, zones, crs_used)?;
    let on = staging.request.valid_from.unwrap_or(staging.received_on);
    let seed = staging.loaded.sha256.clone();
    let stream = StreamId::reserve(&staging.session.reserve.reserve_code);
    staging.say(stream, body, on, &[seed.as_bytes()])?;
    Ok(())
}

fn zone(
    index: usize,
    kind: Option<String>,
    name: Option<String>,
    placed: Placed,
    stated_area_ha: Option<f64>,
) -> Zone {
    Zone {
        zone_id: format!("Z{:02}", index + 1),
        zone_kind: kind.unwrap_or_else(|| ZoneKind::Unzoned.code().to_owned()),
        name,
        area_m2: centi(spatial::geodesic::area_m2(&placed.geometry)),
        stated_area_ha,
        shape: Shape(placed.geometry),
    }
}

fn boundary_body(
    staging: &Staging<'_>,
    zones: Vec<Zone>,
    crs_used: String,
) -> Result<BoundaryAdopted, Error> {
    let parts = zones.iter().map(|z| polygons(&z.shape.0));
    let boundary = parts
        .reduce(|a, b| a.union(&b))
        .unwrap_or_else(|| MultiPolygon::new(Vec::new()));
    let geometry = Geometry::MultiPolygon(boundary);
    let on: Date = staging.request.valid_from.unwrap_or(staging.received_on);
    Ok(BoundaryAdopted {
        reserve_code: staging.session.reserve.reserve_code.clone(),
        boundary_version: staging
            .request
            .version_name
            .clone()
            .unwrap_or_else(|| on.to_string()),
        zoning_scheme: scheme(&zones)?.code().to_owned(),
        approval_document: staging.request.approval.clone(),
        valid_from_on: staging.request.valid_from,
        valid_to_on: None,
        source_sha256: staging.loaded.sha256.clone(),
        crs_used,
        // The zones tile the reserve; their sum is free of what a union rounds away.
        area_m2: centi(zones.iter().map(|z| z.area_m2).sum()),
        boundary: Shape(geometry),
        zones,
    })
}

/// Three-zone and two-zone kinds are never mixed in one version.
fn scheme(zones: &[Zone]) -> Result<ZoningScheme, Error> {
    let kinds = zones
        .iter()
        .filter_map(|z| ZoneKind::from_code(&z.zone_kind))
        .map(ZoneKind::scheme);
    let mut schemes: Vec<ZoningScheme> = kinds.collect();
    schemes.dedup();
    match schemes[..] {
        [one] => Ok(one),
        _ if schemes.iter().all(|s| *s == schemes[0]) => Ok(schemes[0]),
        _ => Err(Error::rejected(Diagnostic::error("import.zoning_mixed"))),
    }
}

/// Stages station territories.
pub(super) fn stations(staging: &mut Staging<'_>) -> Result<(), Error> {
    let mut stations = Vec::new();
    let mut crs_used = String::new();
    let loaded = staging.loaded;
    for record in &loaded.records {
        let mut fields = Fields::of(record);
        let placed = areal(&mut fields, staging);
        let name = fields
            .text("station")
            .or_else(|| fields.text("facility_name"))
            .unwrap_or_default();
        let known = staging.session.campaign.find_station_by_text(&name);
        if known.is_none() {
            fields.note(
                "station",
                Diagnostic::error("import.unknown_station").arg("text", &name),
            );
        }
        staging.diagnostics.extend(fields.diagnostics);
        let (Some(placed), Some(known)) = (placed, known) else {
            continue;
        };
        crs_used = placed.crs_used.clone();
        let area_m2 = centi(spatial::geodesic::area_m2(&placed.geometry));
        staging.outcome(
            record,
            Some(&name),
            Action::Adopted {
                name: known.name.clone(),
            },
        );
        stations.push(Station {
            station_id: known.id.clone(),
            name: known.name.clone(),
            area_m2,
            shape: Shape(placed.geometry),
        });
    }
    refuse_if_faulty(staging, stations.is_empty())?;
    let on = staging.request.valid_from.unwrap_or(staging.received_on);
    let body = StationsAdopted {
        reserve_code: staging.session.reserve.reserve_code.clone(),
        version: staging
            .request
            .version_name
            .clone()
            .unwrap_or_else(|| on.to_string()),
        source_sha256: staging.loaded.sha256.clone(),
        crs_used,
        stations,
    };
    say_layer(staging, body, on)
}

/// Stages patrol routes.
pub(super) fn routes(staging: &mut Staging<'_>) -> Result<(), Error> {
    let mut routes = Vec::new();
    let mut crs_used = String::new();
    let loaded = staging.loaded;
    for record in &loaded.records {
        let mut fields = Fields::of(record);
        let placed = position::place(&mut fields, &staging.convention);
        let name = fields
            .text("route_name")
            .or_else(|| fields.text("facility_name"))
            .unwrap_or_default();
        let station = fields.text("station");
        staging.diagnostics.extend(fields.diagnostics);
        let Some(placed) = placed.filter(|p| is_line(&p.geometry)) else {
            staging
                .diagnostics
                .push(Diagnostic::error("import.line_needed").at(record.whole()));
            continue;
        };
        crs_used = placed.crs_used.clone();
        let found = station
            .as_deref()
            .and_then(|s| staging.session.campaign.find_station_by_text(s));
        staging.outcome(record, Some(&name), Action::Adopted { name: name.clone() });
        routes.push(Route {
            route_id: format!("R{:02}", routes.len() + 1),
            name,
            station_id: found.map(|s| s.id.clone()),
            length_m: centi(spatial::geodesic::length_m(&placed.geometry)),
            shape: Shape(placed.geometry),
        });
    }
    refuse_if_faulty(staging, routes.is_empty())?;
    let on = staging.request.valid_from.unwrap_or(staging.received_on);
    let body = RoutesAdopted {
        reserve_code: staging.session.reserve.reserve_code.clone(),
        version: staging
            .request
            .version_name
            .clone()
            .unwrap_or_else(|| on.to_string()),
        source_sha256: staging.loaded.sha256.clone(),
        crs_used,
        routes,
    };
    say_layer(staging, body, on)
}

fn say_layer(
    staging: &mut Staging<'_>,
    body: impl Into<domain::entry::EntryBody>,
    on: Date,
) -> Result<(), Error> {
    let seed = staging.loaded.sha256.clone();
    let stream = StreamId::reserve(&staging.session.reserve.reserve_code);
    staging.say(stream, body, on, &[seed.as_bytes()])?;
    Ok(())
}

fn areal(fields: &mut Fields<'_>, staging: &Staging<'_>) -> Option<Placed> {
    let placed = position::place(fields, &staging.convention)?;
    if !is_areal(&placed.geometry) {
        fields.note("geom", Diagnostic::error("import.polygon_needed"));
        return None;
    }
    Some(placed)
}

/// The area the layer states, hectares. A number without a unit is taken in the unit in which it comes within a tenth
/// of the measured area, and that is told; in no unit, it is taken for hectares, the unit of approvals.
fn stated_area_ha(fields: &mut Fields<'_>, measured_ha: Option<f64>) -> Option<f64> {
    if let Some(ha) = written_area_ha(fields.record) {
        return Some(ha);
    }
    let given = fields.record.values.get("area_m2")?;
    let has_unit = given.unit.is_some() || fields.number("area_m2").is_none();
    if has_unit {
        return fields.area_m2("area_m2").map(|a| a / 10_000.0);
    }
    let number = fields.number("area_m2")?;
    let units = [
        ("公顷", 1.0),
        ("km²", 100.0),
        ("亩", 1.0 / 15.0),
        ("㎡", 1e-4),
    ];
    let fits = |factor: f64| measured_ha.is_some_and(|m| (number * factor - m).abs() <= 0.1 * m);
    let (unit, factor) = units
        .into_iter()
        .find(|(_, factor)| fits(*factor))
        .unwrap_or(units[0]);
    fields.note(
        "area_m2",
        Diagnostic::note("import.area_unit_fitted")
            .arg("text", number)
            .arg("unit", unit),
    );
    Some(number * factor)
}

/// An area in an attribute that names its unit (`AREA_KM_SQ`): filled by people, while a bare `AREA` beside it is filled
/// by the program that drew the layer and says nothing of its own.
fn written_area_ha(record: &Record) -> Option<f64> {
    let hectares = |title: &str| {
        let title = title.to_lowercase();
        let mut words = title.split(|c: char| !c.is_alphanumeric());
        let factor = words.clone().find_map(|w| match w {
            "ha" => Some(1.0),
            "km" | "km2" | "sqkm" => Some(100.0),
            "mu" => Some(1.0 / 15.0),
            _ => None,
        });
        words.any(|w| w == "area").then_some(factor).flatten()
    };
    record
        .other
        .iter()
        .find_map(|(title, text)| Some(text.trim().parse::<f64>().ok()? * hectares(title)?))
}

/// Areas measured on a plane differ from those of the ellipsoid by no more than this share; Grumeti's 415 for 418 km² do.
const PLANE_SHARE: f64 = 0.005;

/// The stated area against the measured one; Grumeti's published table shows why.
fn report_area(staging: &mut Staging<'_>, record: &Record, zone: &Zone) {
    let Some(stated) = zone.stated_area_ha else {
        return;
    };
    let measured = zone.area_m2 / 10_000.0;
    let share = staging
        .session
        .campaign
        .thresholds
        .area_difference_share
        .min(PLANE_SHARE);
    if (stated - measured).abs() > share * measured {
        let diagnostic = Diagnostic::warning("import.stated_area_differs")
            .at(record.whole())
            .arg("stated", format!("{stated:.2}"))
            .arg("measured", format!("{measured:.2}"));
        staging.diagnostics.push(diagnostic);
    }
}

/// A boundary with a hole in it is worse than none: any fault refuses the whole layer.
fn refuse_if_faulty(staging: &Staging<'_>, is_empty: bool) -> Result<(), Error> {
    let fault = staging
        .diagnostics
        .iter()
        .find(|d| d.severity == spatial::diagnostic::Severity::Error);
    match (fault, is_empty) {
        (Some(fault), _) => Err(Error::rejected(fault.clone())),
        (None, true) => Err(Error::rejected(Diagnostic::error("import.nothing_usable"))),
        (None, false) => Ok(()),
    }
}

fn polygons(geometry: &Geometry<f64>) -> MultiPolygon<f64> {
    match geometry {
        Geometry::Polygon(p) => MultiPolygon::new(vec![p.clone()]),
        Geometry::MultiPolygon(m) => m.clone(),
        _ => MultiPolygon::new(Vec::new()),
    }
}

fn is_line(geometry: &Geometry<f64>) -> bool {
    matches!(
        geometry,
        Geometry::LineString(_) | Geometry::MultiLineString(_)
    )
}

fn centi(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
