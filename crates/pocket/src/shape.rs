//! Positions and shapes of the page: GeoJSON, longitude first, EPSG:4490.

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Error;

/// Longitude, latitude; what follows is not kept.
pub(crate) type Position = Vec<f64>;
type Ring = Vec<Position>;

/// 图形 — as it is written.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", content = "coordinates")]
pub enum Written {
    Point(Position),
    LineString(Ring),
    Polygon(Vec<Ring>),
    MultiPolygon(Vec<Vec<Ring>>),
}

impl Written {
    /// Its polygons; none of points and lines.
    pub(crate) fn polygons(&self) -> Result<MultiPolygon<f64>, Error> {
        let polygons: Result<Vec<_>, Error> = match self {
            Self::Polygon(rings) => Ok(vec![polygon(rings)?]),
            Self::MultiPolygon(parts) => parts.iter().map(|rings| polygon(rings)).collect(),
            Self::Point(_) | Self::LineString(_) => Ok(Vec::new()),
        };
        Ok(MultiPolygon(polygons?))
    }

    /// The outline of something that covers ground.
    pub(crate) fn outline(&self) -> Result<Geometry<f64>, Error> {
        match self {
            Self::Polygon(rings) => Ok(Geometry::Polygon(polygon(rings)?)),
            Self::MultiPolygon(_) => Ok(Geometry::MultiPolygon(self.polygons()?)),
            Self::Point(_) => Err(Error::NotAnOutline("Point")),
            Self::LineString(_) => Err(Error::NotAnOutline("LineString")),
        }
    }
}

/// A position in degrees; what lies off the globe is none.
pub(crate) fn position(written: &Position) -> Result<Coord<f64>, Error> {
    match *written.as_slice() {
        [lon, lat, ..] if lon.abs() <= 180.0 && lat.abs() <= 90.0 => Ok(Coord { x: lon, y: lat }),
        _ => Err(Error::NoPosition(format!("{written:?}"))),
    }
}

/// A way of positions.
pub(crate) fn line(written: &[Position]) -> Result<LineString<f64>, Error> {
    written.iter().map(position).collect()
}

fn polygon(rings: &[Ring]) -> Result<Polygon<f64>, Error> {
    let mut read = rings.iter().map(|ring| line(ring));
    let exterior = read.next().unwrap_or_else(|| Ok(LineString(Vec::new())))?;
    Ok(Polygon::new(exterior, read.collect::<Result<_, Error>>()?))
}

/// A tenth of a millimetre in degrees, which every reader of numbers reads exactly.
const STEPS_PER_DEGREE: f64 = 1e9;

/// A geometry that covers ground, as the page reads it.
pub(crate) fn told(geometry: &Geometry<f64>) -> Value {
    match geometry {
        Geometry::Polygon(polygon) => json!({ "type": "Polygon", "coordinates": rings(polygon) }),
        Geometry::MultiPolygon(parts) => {
            let parts: Vec<Value> = parts.iter().map(rings).collect();
            json!({ "type": "MultiPolygon", "coordinates": parts })
        }
        _ => Value::Null,
    }
}

fn rings(polygon: &Polygon<f64>) -> Value {
    let all = std::iter::once(polygon.exterior()).chain(polygon.interiors());
    all.map(|ring| ring.0.iter().map(degrees).collect::<Value>())
        .collect()
}

fn degrees(position: &Coord<f64>) -> Value {
    let short = |number: f64| (number * STEPS_PER_DEGREE).round() / STEPS_PER_DEGREE;
    json!([short(position.x), short(position.y)])
}
