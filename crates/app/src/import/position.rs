//! 位置 — from what a row or feature gives to a geometry in CGCS2000, with everything that was done on the way.

use geo_types::{Geometry, Point};
use spatial::crs::{self, Crs};
use spatial::diagnostic::{Diagnostic, Severity};
use spatial::feature::DeclaredCrs;
use spatial::notation::{self, Expectation};

use super::record::{Fields, Record};
use crate::geography::degrees;

/// 位置 — geometry and how it was come by.
#[derive(Debug, Clone)]
pub struct Placed {
    pub geometry: Geometry<f64>,
    /// How exactly the position is known, metres; `None` for outlines.
    pub precision_m: Option<f64>,
    pub original: Option<String>,
    pub crs_used: String,
}

/// 位置约定 — what is known beforehand about positions of a batch.
#[derive(Debug, Clone, Default)]
pub struct Convention {
    /// System that the person declares for files that do not say.
    pub declared: Option<Crs>,
    /// Box in which positions are expected: west, south, east, north.
    pub envelope: Option<[f64; 4]>,
    pub max_distance_m: f64,
}

/// The position of a record, or `None` with the reason among the diagnostics (or no position given at all).
pub(super) fn place(fields: &mut Fields<'_>, convention: &Convention) -> Option<Placed> {
    let record = fields.record;
    match &record.geometry {
        Some(geometry) => from_geometry(fields, geometry, record, convention),
        None => from_columns(fields, convention),
    }
}

fn from_geometry(
    fields: &mut Fields<'_>,
    geometry: &Geometry<f64>,
    record: &Record,
    convention: &Convention,
) -> Option<Placed> {
    let crs = match system_of(&record.crs, convention) {
        Ok((crs, found)) => {
            fields
                .diagnostics
                .extend(found.into_iter().map(|d| d.at(record.whole())));
            crs
        }
        Err(diagnostic) => {
            fields.diagnostics.push(diagnostic.at(record.whole()));
            return None;
        }
    };
    let mut geometry = geometry.clone();
    if let Err(error) = crs::convert(&mut geometry, &crs) {
        fields.note(
            "geom",
            Diagnostic::error("import.not_convertible").arg("cause", error),
        );
        return None;
    }
    let geometry = unswapped(fields, geometry, convention);
    let geometry = repaired(fields, geometry);
    Some(Placed {
        geometry: rounded(geometry),
        precision_m: None,
        original: None,
        crs_used: crs.definition(),
    })
}

/// System of a layer: what the file says, else what the person declares; neither is never taken for WGS 84 silently.
pub fn system_of(
    declared: &DeclaredCrs,
    convention: &Convention,
) -> Result<(Crs, Vec<Diagnostic>), Box<Diagnostic>> {
    let from_file = match declared {
        DeclaredCrs::Epsg(code) => Crs::from_epsg(*code).ok(),
        DeclaredCrs::Wkt(text) => Crs::from_prj_wkt(text).ok(),
        DeclaredCrs::None | DeclaredCrs::Name(_) => None,
    };
    let crs = match (from_file, &convention.declared) {
        // GeoJSON and KML are WGS 84 by their standards, yet files in GCJ-02 say so too; the person's word goes first.
        (Some(file), Some(person)) if file.is_geographic() => {
            let mut found = vec![Diagnostic::note("import.declared_crs_used").arg("crs", person)];
            found.extend(person.doubt());
            return Ok((person.clone(), found));
        }
        (Some(file), _) => file,
        (None, Some(person)) => person.clone(),
        (None, None) => {
            return Err(Box::new(unplaced(declared)));
        }
    };
    let found = crs.doubt().into_iter().collect();
    Ok((crs, found))
}

/// What is wrong with a layer whose system nobody says.
fn unplaced(declared: &DeclaredCrs) -> Diagnostic {
    let text = match declared {
        DeclaredCrs::None => return Diagnostic::error("import.crs_missing"),
        DeclaredCrs::Epsg(code) => format!("EPSG:{code}"),
        DeclaredCrs::Name(name) => name.clone(),
        DeclaredCrs::Wkt(text) => text.chars().take(60).collect(),
    };
    Diagnostic::error("import.crs_unknown").arg("declared", text)
}

/// Whether a fault is of a layer as a whole: none of its positions can be read before it is mended.
pub(super) fn is_of_layer(diagnostic: &Diagnostic) -> bool {
    ["import.crs_missing", "import.crs_unknown"].contains(&diagnostic.code.as_ref())
}

fn from_columns(fields: &mut Fields<'_>, convention: &Convention) -> Option<Placed> {
    let (lon, lat) = (fields.raw("lon"), fields.raw("lat"));
    let pair = fields.raw("position");
    let expectation = Expectation {
        envelope: convention.envelope,
        crs: zone_of_row(fields).or_else(|| convention.declared.clone()),
        max_distance_m: convention.max_distance_m,
        ..Expectation::default()
    };
    let (field, original, (position, found)) = match (lon, lat, pair) {
        (Some(lon), Some(lat), _) => (
            "lon",
            format!("{lon}, {lat}"),
            notation::parse_position(&lon, &lat, &expectation),
        ),
        (_, _, Some(pair)) => (
            "position",
            pair.clone(),
            notation::parse_pair(&pair, &expectation),
        ),
        (None, None, None) => return None,
        _ => {
            fields.note("lon", Diagnostic::warning("import.half_a_position"));
            return None;
        }
    };
    let place = fields.record.at(field);
    // A clue with an unusable position is still a clue: it is kept and waits for a position, so this is a doubt, not a fault.
    let softened = found.into_iter().map(|mut d| {
        d.severity = d.severity.min(Severity::Warning);
        d.at(place.clone())
    });
    fields.diagnostics.extend(softened);
    let position = position?;
    Some(Placed {
        geometry: Geometry::Point(Point::new(degrees(position.lon), degrees(position.lat))),
        precision_m: Some(position.precision_m),
        original: Some(original),
        crs_used: position.crs.definition(),
    })
}

/// The Gauss–Krüger zone that the row's own column of central meridians names, for eastings without a zone prefix.
fn zone_of_row(fields: &Fields<'_>) -> Option<Crs> {
    let easting: f64 = fields.raw("lon")?.replace(',', "").parse().ok()?;
    let text = fields.raw("central_meridian")?;
    let degrees: f64 = text
        .trim_end_matches(['°', '度', 'E', '带'])
        .trim()
        .parse()
        .ok()?;
    let zone = degrees / 3.0;
    let is_meridian = zone.fract() == 0.0 && (25.0..=45.0).contains(&zone);
    (is_meridian && easting < 1_000_000.0)
        .then(|| Crs::gauss_kruger(zone as u8, false))
        .flatten()
}

/// A geometry whose axes are swapped lies in the expected box only when they are swapped back.
fn unswapped(
    fields: &mut Fields<'_>,
    geometry: Geometry<f64>,
    convention: &Convention,
) -> Geometry<f64> {
    use geo::{BoundingRect, MapCoords};
    let Some([west, south, east, north]) = convention.envelope else {
        return geometry;
    };
    let near = |g: &Geometry<f64>| {
        g.bounding_rect().is_some_and(|b| {
            b.max().x >= west - 1.0
                && b.min().x <= east + 1.0
                && b.max().y >= south - 1.0
                && b.min().y <= north + 1.0
        })
    };
    if near(&geometry) {
        return geometry;
    }
    let swapped = geometry.map_coords(|c| geo_types::Coord { x: c.y, y: c.x });
    if !near(&swapped) {
        return geometry;
    }
    fields.note("geom", Diagnostic::warning("import.axes_swapped"));
    swapped
}

fn repaired(fields: &mut Fields<'_>, geometry: Geometry<f64>) -> Geometry<f64> {
    if !crate::geography::is_areal(&geometry) {
        return geometry;
    }
    let outcome = spatial::repair::repair(&geometry);
    let place = fields.record.whole();
    fields
        .diagnostics
        .extend(outcome.changes.into_iter().map(|d| {
            let at = d.place.clone().within(&place);
            d.at(at)
        }));
    outcome.geometry
}

fn rounded(geometry: Geometry<f64>) -> Geometry<f64> {
    use geo::MapCoords;
    geometry.map_coords(|c| geo_types::Coord {
        x: degrees(c.x),
        y: degrees(c.y),
    })
}
